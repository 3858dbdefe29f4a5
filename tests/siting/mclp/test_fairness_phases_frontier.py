"""Equity, phases and frontier against brute force over every choice."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.oracles import best, choices, covered_rows, covered_weight
from support.strategies import equity_cases

from stationplan.siting import fair_coverage, frontier, max_coverage, phased_coverage


@settings(max_examples=150, deadline=None, derandomize=True)
@given(equity_cases(), st.integers(0, 3))
def test_the_worst_districts_are_raised_in_turn(case, p):
    cover, weights, existing, district = (case[key] for key in ("cover", "weights", "existing", "district"))
    totals = np.bincount(district, weights, minlength=3)
    p = min(p, cover.shape[1] - len(existing))
    if not totals.any():
        with pytest.raises(ValueError, match="a district with weight"):
            fair_coverage(cover, weights, district=district, totals=totals, p=p, existing=existing)
        return

    def rank(chosen):
        reached = np.where(covered_rows(cover, [*existing, *chosen]), weights, 0.0)
        shares = np.bincount(district, reached, minlength=3)[totals > 0] / totals[totals > 0]
        return (*np.round(np.sort(shares), 9).tolist(), reached.sum())

    first = best(rank, cover.shape[1], p=p, existing=existing)
    solution = fair_coverage(cover, weights, district=district, totals=totals, p=p, existing=existing)
    assert rank(solution.sites) == pytest.approx(first, abs=1e-6)
    assert solution.objective == pytest.approx(first[0], abs=1e-9)
    assert solution.bound == pytest.approx(first[0], abs=1e-5)
    assert solution.bound >= solution.objective


def test_the_second_worst_district_counts_once_the_worst_is_settled():
    # District 0 can have half at most, whoever gets the second site; district 1 is then worse off than district 2.
    cover = [[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]
    weights, district = [5, 5, 6, 50, 50], [0, 0, 1, 2, 2]
    most = max_coverage(cover, weights, p=2)
    fair = fair_coverage(cover, weights, district=district, p=3)
    assert sorted(most.sites.tolist()) == [1, 2]
    assert sorted(fair.sites.tolist()) == [0, 1, 2]
    assert fair.objective == 0.5
    # With two sites one district stays at nothing, and the sum of the two smallest shares decides which.
    assert sorted(fair_coverage(cover, weights, district=district, p=2).sites.tolist()) == [1, 2]


@settings(max_examples=120, deadline=None, derandomize=True)
@given(equity_cases(), st.lists(st.integers(0, 2), min_size=1, max_size=3))
def test_phases_end_best_and_order_the_end_as_well_as_can_be(case, p):
    cover, weights, existing = (case[key] for key in ("cover", "weights", "existing"))
    usable = cover.shape[1] - len(existing)
    p = [min(number, max(usable - sum(p[:phase]), 0)) for phase, number in enumerate(p)]
    solution = phased_coverage(cover, weights, p=p, existing=existing)

    def reach(chosen):
        return covered_weight(cover, weights, [*existing, *chosen])

    best_at = [best(reach, cover.shape[1], p=most, existing=existing) for most in np.cumsum(p)]
    assert solution.objective == pytest.approx(best_at[-1])
    assert [phase.bound for phase in solution.phases] == pytest.approx(best_at, abs=1e-5)
    new = [phase.new for phase in solution.phases]
    assert sum(new) == len(solution.sites) == len(set(solution.sites.tolist()))
    assert (np.cumsum(new) <= np.cumsum(p)).all()
    built = [solution.sites[:stop].tolist() for stop in np.cumsum(new)]
    reached = [reach(sites) for sites in built]
    assert [phase.objective for phase in solution.phases] == pytest.approx(reached)
    sums = []
    for phase_of in product(range(len(p)), repeat=len(solution.sites)):
        stands = [solution.sites[[phase <= now for phase in phase_of]] for now in range(len(p))]
        if all(len(sites) <= most for sites, most in zip(stands, np.cumsum(p), strict=True)):
            sums.append(sum(map(reach, stands)))
    assert sum(reached) == pytest.approx(max(sums, default=sum(reached)))


def test_money_that_a_phase_leaves_is_there_for_the_next():
    solution = phased_coverage(np.eye(3), [9, 4, 3], budget=[2, 2], costs=[3, 1, 1])
    assert solution.sites.tolist() == [1, 0]
    assert [(phase.new, phase.objective, phase.bound) for phase in solution.phases] == [(1, 4, 7), (1, 13, 13)]


def test_phases_without_sense_are_refused():
    with pytest.raises(ValueError, match="as many phases: 2 and 1"):
        phased_coverage(np.eye(2), [1, 1], p=[1, 1], budget=[3], costs=[1, 1])
    with pytest.raises(ValueError, match="p of a phase is a whole number >= 0, not -1"):
        phased_coverage(np.eye(2), [1, 1], p=[2, -1])
    with pytest.raises(ValueError, match="give p, budget or both"):
        phased_coverage(np.eye(2), [1, 1])
    with pytest.raises(ValueError, match="at least one phase"):
        phased_coverage(np.eye(2), [1, 1], p=[])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(equity_cases())
def test_every_point_of_the_frontier_is_the_best_for_its_number(case):
    cover, weights, existing = (case[key] for key in ("cover", "weights", "existing"))
    numbers = list(range(cover.shape[1] - len(existing) + 1))
    curve = frontier(cover, weights, p=numbers, existing=existing)
    for number, point in zip(numbers, curve, strict=True):
        worths = [
            covered_weight(cover, weights, [*existing, *c])
            for c in choices(cover.shape[1], p=number, existing=existing)
        ]
        assert point.objective == pytest.approx(max(worths))
        assert point.termination == "optimal"
        assert len(point.sites) <= number
    assert (np.diff([point.objective for point in curve]) >= 0).all()


def test_the_frontier_of_money_rises_with_bounds_when_time_is_out():
    rng = np.random.default_rng(3)
    cover, weights, costs = rng.random((300, 200)) < 0.05, rng.random(300), rng.random(200) + 0.5
    curve = frontier(cover, weights, budget=[2, 5, 9], costs=costs, time_limit_s=1e-6)
    for name in ("objective", "bound"):
        assert (np.diff([getattr(point, name) for point in curve]) >= 0).all()
    assert all(point.bound >= point.objective for point in curve)


def test_points_without_sense_are_refused():
    with pytest.raises(ValueError, match="points rise"):
        frontier(np.eye(2), [1, 1], p=[2, 1])
    with pytest.raises(ValueError, match="either p or budget"):
        frontier(np.eye(2), [1, 1])
