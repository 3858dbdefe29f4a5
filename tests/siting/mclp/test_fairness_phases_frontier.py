"""Equity, phases and frontier against brute force over every choice."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationplan.siting import fair_coverage, frontier, max_coverage, phased_coverage


@st.composite
def _cases(draw, most_sites=6):
    """A small cover with twins, empty rows and columns, weights with zeros, and some standing sites."""
    sites, rows = draw(st.integers(1, most_sites)), draw(st.integers(1, 9))
    cover = np.array(draw(st.lists(st.booleans(), min_size=rows * sites, max_size=rows * sites)))
    weights = draw(st.lists(st.sampled_from([0.0, 1.0, 2.0, 5.0]), min_size=rows, max_size=rows))
    existing = [site for site in range(sites) if draw(st.integers(0, 4)) == 0]
    district = draw(st.lists(st.integers(0, 2), min_size=rows, max_size=rows))
    return cover.reshape(rows, sites), np.array(weights), existing, np.array(district)


def _covered(cover, weights, standing):
    return np.where(cover[:, list(standing)].any(axis=1), weights, 0.0)


def _choices(cover, existing, most):
    free = [site for site in range(cover.shape[1]) if site not in existing]
    return [chosen for count in range(min(most, len(free)) + 1) for chosen in combinations(free, count)]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(_cases(), st.integers(0, 3))
def test_the_worst_districts_are_raised_in_turn(case, p):
    cover, weights, existing, district = case
    totals = np.bincount(district, weights, minlength=3)
    p = min(p, cover.shape[1] - len(existing))
    if not totals.any():
        with pytest.raises(ValueError, match="a district with weight"):
            fair_coverage(cover, weights, district=district, totals=totals, p=p, existing=existing)
        return

    def rank(chosen):
        reached = _covered(cover, weights, [*existing, *chosen])
        shares = np.bincount(district, reached, minlength=3)[totals > 0] / totals[totals > 0]
        return (*np.round(np.sort(shares), 9).tolist(), reached.sum())

    best = max(rank(chosen) for chosen in _choices(cover, existing, p))
    solution = fair_coverage(cover, weights, district=district, totals=totals, p=p, existing=existing)
    assert rank(solution.sites) == pytest.approx(best, abs=1e-6)
    assert solution.objective == pytest.approx(best[0], abs=1e-9)
    assert solution.bound == pytest.approx(best[0], abs=1e-5)
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
@given(_cases(), st.lists(st.integers(0, 2), min_size=1, max_size=3))
def test_phases_end_best_and_order_the_end_as_well_as_can_be(case, p):
    cover, weights, existing, _ = case
    usable = cover.shape[1] - len(existing)
    p = [min(number, max(usable - sum(p[:phase]), 0)) for phase, number in enumerate(p)]
    solution = phased_coverage(cover, weights, p=p, existing=existing)
    total = _covered(cover, weights, existing).sum()
    best_at = [
        max((_covered(cover, weights, [*existing, *chosen]).sum() for chosen in _choices(cover, existing, most)),
            default=total)
        for most in np.cumsum(p)
    ]  # fmt: skip
    assert solution.objective == pytest.approx(best_at[-1])
    assert [phase.bound for phase in solution.phases] == pytest.approx(best_at, abs=1e-5)
    new = [phase.new for phase in solution.phases]
    assert sum(new) == len(solution.sites) == len(set(solution.sites.tolist()))
    assert (np.cumsum(new) <= np.cumsum(p)).all()
    built = [solution.sites[:stop].tolist() for stop in np.cumsum(new)]
    reached = [_covered(cover, weights, [*existing, *sites]).sum() for sites in built]
    assert [phase.objective for phase in solution.phases] == pytest.approx(reached)
    sums = []
    for phase_of in product(range(len(p)), repeat=len(solution.sites)):
        stands = [solution.sites[[phase <= now for phase in phase_of]] for now in range(len(p))]
        if all(len(sites) <= most for sites, most in zip(stands, np.cumsum(p), strict=True)):
            sums.append(sum(_covered(cover, weights, [*existing, *sites]).sum() for sites in stands))
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
@given(_cases())
def test_every_point_of_the_frontier_is_the_best_for_its_number(case):
    cover, weights, existing, _ = case
    numbers = list(range(cover.shape[1] - len(existing) + 1))
    curve = frontier(cover, weights, p=numbers, existing=existing)
    for number, point in zip(numbers, curve, strict=True):
        best = max(_covered(cover, weights, [*existing, *c]).sum() for c in _choices(cover, existing, number))
        assert point.objective == pytest.approx(best)
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
