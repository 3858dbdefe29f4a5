"""Siting on plain matrices against brute force over every choice of sites."""

from __future__ import annotations

from functools import partial
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from support.oracles import best, build_gains, choices, covered_rows, covered_weight, meets_floors
from support.strategies import coverage_cases

from stationplan.siting import best_floor, max_coverage
from stationplan.siting.engine.core import plain_core
from stationplan.siting.engine.greedy import greedy


def most_coverable(case, floors=None):
    """The largest coverable weight, ``None`` when no choice meets the floors, by trying everything."""

    def worth(chosen):
        standing = [*chosen, *case["limits"]["existing"]]
        if floors is not None and not meets_floors(case["cover"], case["weights"], standing, **floors):
            return None
        return covered_weight(case["cover"], case["weights"], standing)

    return best(worth, case["cover"].shape[1], **case["limits"])


def _check(solution, case, floors=None):
    most = most_coverable(case, floors)
    cover, weights, limits = case["cover"], case["weights"], case["limits"]
    if most is None:
        assert solution.termination == "infeasible"
        assert len(solution.sites) == 0
        assert np.isnan([solution.objective, solution.bound, solution.gap]).all()
        return
    chosen = solution.sites.tolist()
    assert solution.termination == "optimal"
    assert solution.objective == pytest.approx(most, abs=1e-9)
    assert solution.objective == pytest.approx(covered_weight(cover, weights, [*chosen, *limits["existing"]]), abs=1e-9)
    assert solution.bound >= solution.objective
    expected_gap = (solution.bound - solution.objective) / solution.objective if solution.objective else 0.0
    assert solution.gap == pytest.approx(expected_gap, abs=1e-12)
    assert len(set(chosen)) == len(chosen) <= (limits["p"] if "p" in limits else len(cover.T))
    assert not set(chosen) & {*limits["existing"], *limits["forbidden"]}
    assert set(limits["required"]) <= set(chosen)
    if "budget" in limits:
        assert np.asarray(limits["costs"])[chosen].sum() <= limits["budget"] + 1e-9
    if floors is not None:
        covered = covered_rows(cover, [*chosen, *limits["existing"]])
        reached = np.bincount(floors["district"][covered], weights[covered], minlength=len(floors["floor"]))
        assert (reached >= np.asarray(floors["floor"]) - 1e-6).all()
    # In build order each site adds no more than the one before it, and only a required one adds nothing.
    gains = build_gains(partial(covered_weight, cover, weights), chosen, limits["existing"])
    assert (np.diff(gains) <= 1e-9).all()
    assert all(gain > 0 or site in limits["required"] for gain, site in zip(gains, chosen, strict=True))


@settings(max_examples=120, deadline=None, derandomize=True)
@given(coverage_cases())
def test_the_answer_is_the_best_of_all_choices(case):
    solution = max_coverage(case["cover"], case["weights"], **case["limits"])
    _check(solution, case)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(coverage_cases(), st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]), min_size=3, max_size=3))
def test_with_floors_the_answer_is_the_best_of_the_choices_that_meet_them(case, shares):
    totals = case["totals"]
    floors = {"district": case["district"], "floor": totals * shares[: len(totals)]}
    solution = max_coverage(case["cover"], case["weights"], **case["limits"], **floors)
    _check(solution, case, floors)


@pytest.mark.parametrize("role", ["existing", "forbidden"])
def test_a_floor_that_no_site_is_left_to_meet_is_infeasible(role):
    solution = max_coverage([[1], [0]], [4, 2], p=0, **{role: [0]}, district=[0, 1], floor=[0, 1])
    assert solution.termination == "infeasible"


@settings(max_examples=80, deadline=None, derandomize=True)
@given(coverage_cases())
def test_the_highest_floor_is_that_of_brute_force(case):
    cover, weights, district, totals = (case[key] for key in ("cover", "weights", "district", "totals"))
    totals = np.maximum(totals, 0.5)  # a district without weight has no share
    shares = []
    for chosen in choices(cover.shape[1], **case["limits"]):
        covered = covered_rows(cover, [*chosen, *case["limits"]["existing"]])
        shares.append((np.bincount(district[covered], weights[covered], minlength=len(totals)) / totals).min())
    found = best_floor(cover, weights, district=district, totals=totals, **case["limits"])
    assert found == pytest.approx(max(shares, default=0.0), abs=1e-5)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(coverage_cases())
def test_greedy_is_never_better(case):
    cover, weights = sparse.csr_array(case["cover"]), case["weights"]
    count = cover.shape[1]
    for p in range(count + 1):
        core = plain_core(sparse.csr_array(case["cover"]), weights, p)
        assert core.worth(greedy(core)[0]) <= max_coverage(cover, weights, p=p).objective + 1e-9


def test_greedy_is_beaten_where_it_must_be():
    # Greedy takes the site with 4 + 4 first and then lacks one row; the other two cover everything.
    cover = [[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1], [0, 1, 0], [0, 0, 1]]
    solution = max_coverage(cover, [2, 2, 2, 2, 1, 1], p=2)
    assert sorted(solution.sites.tolist()) == [1, 2]
    assert (solution.objective, solution.bound, solution.gap) == (10.0, 10.0, 0.0)


def test_build_order_is_by_gain_and_ties_go_to_the_lower_index():
    cover = np.eye(4, dtype=int)
    assert max_coverage(cover, [2, 5, 5, 3], p=4).sites.tolist() == [1, 2, 3, 0]


def test_sites_that_add_nothing_are_left_out_unless_required():
    cover = [[1, 1, 0], [1, 0, 0]]
    assert max_coverage(cover, [3, 1], p=3).sites.tolist() == [0]
    assert max_coverage(cover, [3, 1], p=3, required=[2]).sites.tolist() == [0, 2]
    assert max_coverage(cover, [3, 1], p=1, existing=[0]).sites.tolist() == []
    assert max_coverage(cover, [3, 1], p=1, existing=[0]).objective == 4.0


def test_required_sites_beyond_the_limits_are_infeasible():
    assert max_coverage([[1, 1]], [3], p=1, required=[0, 1]).termination == "infeasible"
    assert max_coverage([[1, 1]], [3], budget=5, costs=[3, 3], required=[0, 1]).termination == "infeasible"
    assert max_coverage([[1, 1]], [3], budget=6, costs=[3, 3], required=[0, 1]).termination == "optimal"


def test_masks_and_indices_say_the_same():
    cover, weights = [[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]], [4, 3, 2]
    by_index = max_coverage(cover, weights, p=1, existing=[0], forbidden=[3], required=[2])
    mask = np.eye(4, dtype=bool)
    by_mask = max_coverage(cover, weights, p=1, existing=mask[0], forbidden=mask[3], required=mask[2])
    assert by_index.sites.tolist() == by_mask.sites.tolist() == [2]
    assert by_index.objective == by_mask.objective == 6.0


@settings(max_examples=40, deadline=None, derandomize=True)
@given(coverage_cases())
def test_dense_and_sparse_matrices_give_the_same_answer(case):
    cover, weights, limits = case["cover"], case["weights"], case["limits"]
    row, column = np.nonzero(cover)
    entries = np.full(2 * len(row), 0.5)
    twice = sparse.coo_array((entries, (np.tile(row, 2), np.tile(column, 2))), shape=cover.shape)
    explicit = sparse.csr_array(
        (cover.ravel().astype(float), np.indices(cover.shape).reshape(2, -1)), shape=cover.shape
    )
    forms = [cover, sparse.csr_array(cover), sparse.csc_array(cover), sparse.coo_array(cover), twice, explicit]
    if cover.size:
        forms.append(cover.astype(int).tolist())
    answers = [max_coverage(form, weights, **limits) for form in forms]
    for answer in answers[1:]:
        assert answer.sites.tolist() == answers[0].sites.tolist()
        assert np.array_equal(
            [answer.objective, answer.bound], [answers[0].objective, answers[0].bound], equal_nan=True
        )


@settings(max_examples=30, deadline=None, derandomize=True)
@given(coverage_cases(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_sites_does_not_change_the_weight(case, random):
    cover, weights = case["cover"], case["weights"]
    rows = random.sample(range(len(cover)), len(cover))
    sites = random.sample(range(cover.shape[1]), cover.shape[1])
    p = (cover.shape[1] + 1) // 2
    moved = max_coverage(cover[rows][:, sites], weights[rows], p=p)
    assert moved.objective == pytest.approx(max_coverage(cover, weights, p=p).objective, abs=1e-9)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(coverage_cases())
def test_one_more_site_or_a_floor_less_never_lowers_the_weight(case):
    cover, weights = case["cover"], case["weights"]
    reached = [max_coverage(cover, weights, p=p).objective for p in range(cover.shape[1] + 1)]
    assert (np.diff(reached) >= -1e-9).all()
    assert reached[-1] == pytest.approx(covered_weight(cover, weights, range(cover.shape[1])), abs=1e-9)


@pytest.mark.parametrize("factor", [1e-9, 1e-4, 1e6])
def test_the_unit_of_the_weights_does_not_change_the_sites(factor):
    cover = [[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1], [0, 1, 0], [0, 0, 1]]
    solution = max_coverage(cover, np.array([2, 2, 2, 2, 1, 1]) * factor, p=2)
    assert sorted(solution.sites.tolist()) == [1, 2]
    assert solution.objective == pytest.approx(10 * factor, rel=1e-9)
    assert solution.bound >= solution.objective


def _random_instance(rows=200, sites=2000):
    rng = np.random.default_rng(7)
    return rng.random((rows, sites)) < 0.03, rng.random(rows) * 10


@pytest.mark.parametrize("time_limit_s", [1e-9, 1e-3, 0.1])
def test_out_of_time_the_answer_is_not_worse_than_greedy_and_the_bound_holds(time_limit_s):
    cover, weights = _random_instance()
    solution = max_coverage(cover, weights, p=12, time_limit_s=time_limit_s)
    start, _ = greedy(plain_core(sparse.csr_array(cover), weights, 12))
    assert len(solution.sites) <= 12
    assert solution.termination == "time_limit"
    assert solution.objective >= covered_weight(cover, weights, start) - 1e-9
    assert solution.objective == pytest.approx(covered_weight(cover, weights, solution.sites), abs=1e-9)
    assert solution.bound >= solution.objective
    assert solution.gap == pytest.approx((solution.bound - solution.objective) / solution.objective, rel=1e-12)
    # The best plan that twelve sites can hold is no less than any other plan, here one by local exchange.
    assert solution.bound >= _improved(cover, weights, solution.sites.tolist()) - 1e-6


def _improved(cover, weights, sites):
    """Weight after exchanging single sites while that helps; never above the optimum."""
    best = covered_weight(cover, weights, sites)
    for place in range(len(sites)):
        others = cover[:, sites[:place] + sites[place + 1 :]].any(axis=1)
        gains = np.where(others, 0.0, weights) @ cover
        sites[place] = int(gains.argmax())
        best = max(best, covered_weight(cover, weights, sites))
    return best


def test_a_small_time_limit_on_an_easy_problem_is_no_excuse_for_a_false_proof():
    cover, weights = _random_instance(rows=40, sites=12)
    best = max(covered_weight(cover, weights, chosen) for chosen in combinations(range(12), 4))
    for limit in (1e-9, 1e-6, 1e-3, 60.0):
        solution = max_coverage(cover, weights, p=4, time_limit_s=limit)
        assert solution.bound >= best - 1e-9
        if solution.termination == "optimal":
            assert solution.objective == pytest.approx(best, abs=1e-6)


def test_all_faults_of_the_arguments_are_told_at_once():
    with pytest.raises(ValueError, match="weights") as error:
        max_coverage(
            [[1, 0], [0, 1]],
            [1, -2],
            budget=-1,
            costs=[1, np.nan],
            existing=[5],
            required=[0],
            forbidden=[0],
            district=[0, 3],
            floor=[1],
        )
    told = str(error.value).splitlines()
    for fault in (
        "weights are finite and >= 0",
        "costs are finite and >= 0",
        "existing holds site indices from 0 to 1",
        "a site is both required and forbidden",
        "budget is a number >= 0, not -1",
        "district has one index into floor a row",
    ):
        assert fault in told


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"weights": [1]}, "one value a row"),
        ({"weights": [1, np.nan]}, "finite"),
        ({"weights": [1, np.inf]}, "finite"),
        ({"p": None}, "give p, budget or both"),
        ({"p": 3}, "from 0 to 2"),
        ({"p": 2, "existing": [0]}, "from 0 to 1 .the sites that may be chosen., not 2"),
        ({"p": -1}, "p is a whole number"),
        ({"p": 1.5}, "p is a whole number"),
        ({"p": float("nan")}, "p is a whole number"),
        ({"p": float("inf")}, "p is a whole number"),
        ({"budget": 3}, "a budget needs costs"),
        ({"budget": np.nan, "costs": [1, 1]}, "budget is a number"),
        ({"costs": [1]}, "one value a site"),
        ({"costs": [1, -1]}, "costs are finite and >= 0"),
        ({"existing": [0], "required": [0]}, "an existing site is neither required nor forbidden"),
        ({"existing": [True]}, "mask of 2 sites"),
        ({"forbidden": [-1]}, "forbidden holds site indices"),
        ({"required": [0.5]}, "required holds site indices"),
        ({"district": [0, 0]}, "come together"),
        ({"floor": [1]}, "come together"),
        ({"district": [0, 1], "floor": [1]}, "one index into floor a row"),
        ({"district": [0], "floor": [1]}, "one index into floor a row"),
        ({"district": [0.5, 0], "floor": [1]}, "one index into floor a row"),
        ({"district": [0, 0], "floor": [-1]}, "floor is finite"),
        ({"cover": [[1, np.nan], [0, 1]]}, "cover has no NaN"),
    ],
)
def test_arguments_without_sense_are_refused(change, complaint):
    asked = {"cover": [[1, 0], [0, 1]], "weights": [1, 2], "p": 1} | change
    with pytest.raises(ValueError, match=complaint):
        max_coverage(asked.pop("cover"), asked.pop("weights"), **asked)


def test_a_fault_of_the_matrix_is_told_with_the_others():
    with pytest.raises(ValueError, match="weights are finite") as error:
        max_coverage([[np.nan]], [-4], p=1)
    assert "cover has no NaN and no infinity" in str(error.value)
