"""Coverage with capacities against every choice of sites, each worth what a linear program or a least cut says."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from support.oracles import build_gains, can_serve_floors, choices, served_workers
from support.strategies import capacity_cases

from stationplan.siting import assign, capacitated_coverage, max_coverage
from stationplan.siting.base.answer import Clock
from stationplan.siting.base.problem import checked
from stationplan.siting.capacitated.flow import Flow
from stationplan.siting.capacitated.prices import bound, prices
from stationplan.siting.capacitated.reduced import reduce


def _choices(case):
    """Every choice of new sites within the limits of a case, together with the existing ones."""
    for chosen in choices(case["cover"].shape[1], **case["limits"]):
        yield [*chosen, *case["limits"]["existing"]]


def _ask(case, **more):
    return capacitated_coverage(
        case["cover"], case["weights"], case["capacity"], slot=case["slot"], **case["limits"], **more
    )


def _check(solution, case, best):
    if best is None:
        assert solution.termination == "infeasible"
        assert len(solution.sites) == 0
        assert np.isnan([solution.objective, solution.bound, solution.gap]).all()
        return
    chosen, limits = solution.sites.tolist(), case["limits"]
    assert solution.termination == "optimal"
    assert solution.objective == pytest.approx(best, rel=2e-6, abs=1e-9)
    assert solution.objective == pytest.approx(served_workers(case, [*chosen, *limits["existing"]]), abs=1e-9)
    assert solution.bound >= max(solution.objective, best - 1e-9)
    assert sorted([*chosen, *limits["existing"]]) in [sorted(sites) for sites in _choices(case)]
    assert len(set(chosen)) == len(chosen)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(capacity_cases())
def test_the_answer_is_the_best_of_all_choices(case):
    solution = _ask(case)
    _check(solution, case, max((served_workers(case, sites) for sites in _choices(case)), default=None))
    # In build order each site adds no more than the one before it, and only a required one adds nothing.
    chosen, limits = solution.sites.tolist(), case["limits"]
    gains = build_gains(partial(served_workers, case), chosen, limits["existing"])
    assert (np.diff(gains) <= 1e-9).all()
    assert all(gain > 0 or site in limits["required"] for gain, site in zip(gains, chosen, strict=True))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(capacity_cases(), st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.9]), min_size=2, max_size=2))
def test_with_floors_the_answer_is_the_best_of_the_choices_that_can_meet_them(case, shares):
    floor = case["totals"] * shares[: len(case["totals"])]
    can = [sites for sites in _choices(case) if can_serve_floors(case, sites, floor)]
    solution = _ask(case, district=case["district"], floor=floor)
    _check(solution, case, max((served_workers(case, sites) for sites in can), default=None))
    if not can:
        return
    sites = [*solution.sites, *case["limits"]["existing"]]
    assert can_serve_floors(case, sites, floor)
    asked = {"slot": case["slot"], "district": case["district"], "floor": floor}
    served = assign(case["cover"], case["weights"], case["capacity"], sites, **asked)
    assert served.sum() == pytest.approx(solution.objective, rel=1e-6)
    reached = np.bincount(case["district"], served.sum(axis=1), minlength=len(floor))
    assert (reached >= floor * (1 - 1e-6)).all()
    assert (served.sum(axis=1) <= case["weights"] * (1 + 1e-12)).all()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(capacity_cases(), st.randoms(use_true_random=False))
def test_an_assignment_serves_as_many_as_the_least_cut_and_keeps_all_limits(case, random):
    cover, weights, capacity, slot = (case[key] for key in ("cover", "weights", "capacity", "slot"))
    sites = random.sample(range(cover.shape[1]), random.randint(0, cover.shape[1]))
    served = assign(cover, weights, capacity, sites, slot=slot)
    assert served.shape == cover.shape
    served = served.toarray()
    assert (served >= 0).all()
    assert not served[~cover].any()
    assert not np.delete(served, sites, axis=1).any()
    assert (served.sum(axis=1) <= weights * (1 + 1e-12)).all()
    for now in range(capacity.shape[1]):
        assert (served[slot == now].sum(axis=0) <= capacity[:, now] * (1 + 1e-12)).all()
    assert served.sum() == pytest.approx(served_workers(case, sites), abs=1e-9)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(capacity_cases(), st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_a_flow_is_greatest_after_sites_open_and_close(case, moves):
    cover, weights, capacity, slot = (case[key] for key in ("cover", "weights", "capacity", "slot"))
    problem = checked(
        cover,
        weights,
        **dict.fromkeys(("budget", "costs", "existing", "required", "forbidden")),
        p=0,
        district=None,
        floor=None,
    )
    flow = Flow(reduce(problem, capacity, slot).places)
    opened = []
    for move in moves:
        site = move % cover.shape[1]
        worth = served_workers(case, opened)
        if site in opened:
            opened.remove(site)
            assert flow.close(site) == pytest.approx(worth - served_workers(case, opened), abs=1e-9)
        else:
            before = flow.flow.copy()
            opened.append(site)
            added = served_workers(case, opened) - worth
            assert flow.gain(site) == pytest.approx(added, abs=1e-9)
            assert (flow.flow == before).all()
            assert flow.open([site]) == pytest.approx(added, abs=1e-9)
        assert flow.flow.sum() == pytest.approx(served_workers(case, opened), abs=1e-9)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(capacity_cases(), st.integers(0, 40), st.randoms(use_true_random=False))
def test_any_prices_give_bounds_that_no_choice_exceeds(case, steps, random):
    limits = {**dict.fromkeys(("p", "budget", "costs")), **case["limits"]}
    problem = checked(case["cover"], case["weights"], district=None, floor=None, **limits)
    choices = list(_choices(case))
    if not choices:
        return
    reduced = reduce(problem, case["capacity"], case["slot"])
    start = np.array([random.random() for _ in reduced.places.weights])
    price, _ = prices(reduced.places, reduced.limits, clock=Clock(60), target=0.0, steps=steps, start=start)
    limit = bound(reduced.places, reduced.limits, price)
    for sites in choices:
        worth = served_workers(case, sites) - reduced.secured
        assert limit.value >= worth - 1e-9
        new = [j for j in sites if reduced.allowed[j]]
        assert all(limit.chosen[j] >= worth - 1e-9 for j in new)
        absent = [j for j in np.flatnonzero(reduced.allowed) if j not in sites]
        assert all(limit.left[j] >= worth - 1e-9 for j in absent)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(capacity_cases())
def test_without_limits_of_capacity_it_is_maximal_coverage(case):
    free = _ask({**case, "capacity": np.full(case["capacity"].shape, np.inf)})
    plain = max_coverage(case["cover"], case["weights"], **case["limits"])
    assert free.termination == plain.termination
    assert free.objective == pytest.approx(plain.objective, abs=1e-6, nan_ok=True)


def test_equal_rows_of_a_slot_are_served_in_equal_parts():
    served = assign([[1, 0], [1, 0], [1, 1]], [4, 2, 5], [3, 2], [0, 1]).toarray()
    assert served.tolist() == [[2, 0], [1, 0], [0, 2]]


def test_a_capacity_holds_in_each_slot_by_itself():
    answer = capacitated_coverage([[1], [1], [1]], [4, 4, 4], [5], slot=[0, 1, 1], p=1)
    assert answer.objective == 9.0
    answer = capacitated_coverage([[1], [1], [1]], [4, 4, 4], [[5, 1]], slot=[0, 1, 1], p=1)
    assert answer.objective == 5.0


def test_an_existing_station_that_is_full_leaves_work_for_a_new_one():
    cover, weights = [[1, 1], [1, 1]], [6, 4]
    assert max_coverage(cover, weights, p=1, existing=[0]).sites.tolist() == []
    answer = capacitated_coverage(cover, weights, [7, 2], p=1, existing=[0])
    assert (answer.sites.tolist(), answer.objective) == ([1], 9.0)


def test_a_floor_may_cost_nothing_to_others_but_the_site():
    # Site 0 serves 9 of district 0, site 1 serves 3 of district 1.
    asked = {"p": 1, "district": [0, 1], "floor": [0, 2]}
    assert capacitated_coverage([[1, 0], [0, 1]], [9, 3], [9, 9], **asked).sites.tolist() == [1]
    asked["floor"] = [0, 4]
    assert capacitated_coverage([[1, 0], [0, 1]], [9, 3], [9, 9], **asked).termination == "infeasible"


def _made_up(rows=200, sites=40, slots=2, seed=3):
    rng = np.random.default_rng(seed)
    people, places = rng.random((rows, 2)), rng.random((sites, 2))
    cover = ((people[:, None] - places) ** 2).sum(axis=2) < 0.03
    return cover, rng.integers(1, 9, rows), rng.integers(5, 60, (sites, slots)), rng.integers(0, slots, rows)


def test_a_larger_case_is_proven_and_the_same_twice():
    cover, weights, capacity, slot = _made_up()
    answers = [capacitated_coverage(cover, weights, capacity, slot=slot, p=8, existing=[3, 9]) for _ in range(2)]
    assert answers[0].sites.tolist() == answers[1].sites.tolist()
    assert (answers[0].objective, answers[0].bound) == (answers[1].objective, answers[1].bound)
    assert answers[0].termination == "optimal"
    assert answers[0].objective <= max_coverage(cover, weights, p=8, existing=[3, 9]).objective


@pytest.mark.parametrize("time_limit_s", [1e-9, 0.05, 0.5])
def test_out_of_time_the_bound_holds(time_limit_s):
    cover, weights, capacity, slot = _made_up()
    best = capacitated_coverage(cover, weights, capacity, slot=slot, p=8)
    short = capacitated_coverage(cover, weights, capacity, slot=slot, p=8, time_limit_s=time_limit_s)
    assert short.bound >= best.objective - 1e-6
    assert short.objective <= best.objective + 1e-6
    assert short.gap == pytest.approx((short.bound - short.objective) / short.objective if short.objective else np.inf)


@pytest.mark.parametrize("factor", [1e-9, 1e6])
def test_the_unit_of_workers_does_not_change_the_sites(factor):
    cover, weights, capacity, slot = _made_up(rows=60, sites=15)
    asked = {"slot": slot, "p": 4}
    plain = capacitated_coverage(cover, weights, capacity, **asked)
    scaled = capacitated_coverage(cover, weights * factor, capacity * factor, **asked)
    assert scaled.objective == pytest.approx(plain.objective * factor, rel=1e-6)
    assert scaled.termination == plain.termination == "optimal"


def test_dense_and_sparse_matrices_give_the_same_answer():
    cover, weights, capacity, slot = _made_up(rows=60, sites=15)
    answers = [
        capacitated_coverage(form, weights, capacity, slot=slot, p=4).sites.tolist()
        for form in (cover, sparse.csr_array(cover), sparse.csc_array(cover), sparse.coo_array(cover * 0.5))
    ]
    assert answers[1:] == answers[:-1]


def test_all_faults_of_the_arguments_are_told_at_once():
    with pytest.raises(ValueError, match="weights") as error:
        capacitated_coverage([[1, 0], [0, 1]], [1, -2], [1, -1], slot=[0, 0.5], budget=1, existing=[5])
    told = str(error.value).splitlines()
    assert len(told) == len(set(told)) == 5


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"capacity": [1]}, "capacity has one value a site"),
        ({"capacity": [[1, 1, 1]]}, "capacity has one value a site"),
        ({"capacity": "many"}, "capacity has one value a site"),
        ({"capacity": [1, np.nan]}, "capacity is >= 0"),
        ({"capacity": [1, -1]}, "capacity is >= 0"),
        ({"capacity": [[1], [1]], "slot": [0, 1]}, "slot is below the 1 columns"),
        ({"slot": [0]}, "slot has one whole number"),
        ({"slot": [0, -1]}, "slot has one whole number"),
        ({"slot": [0, np.nan]}, "slot has one whole number"),
        ({"weights": [1]}, "one value a row"),
        ({"p": None}, "give p, budget or both"),
        ({"cover": [[1, np.nan], [0, 1]]}, "cover has no NaN"),
    ],
)
def test_arguments_without_sense_are_refused(change, complaint):
    asked = {"cover": [[1, 0], [0, 1]], "weights": [1, 2], "capacity": [3, 3], "p": 1} | change
    with pytest.raises(ValueError, match=complaint):
        capacitated_coverage(asked.pop("cover"), asked.pop("weights"), asked.pop("capacity"), **asked)


def test_sites_that_cannot_meet_a_floor_have_no_assignment():
    with pytest.raises(ValueError, match="cannot meet the floors"):
        assign([[1], [1]], [4, 3], [5], [0], district=[0, 1], floor=[3, 3])


def test_slots_may_have_any_numbers_where_capacity_is_the_same_in_all():
    answer = capacitated_coverage([[1], [1]], [4, 4], [3], slot=[0, 10**12], p=1)
    assert answer.objective == 6.0


def test_an_assignment_refuses_arguments_without_sense():
    with pytest.raises(ValueError, match="sites holds site indices") as error:
        assign([[1, 0]], [1, 2], [3], [7])
    assert len(str(error.value).splitlines()) == 3
