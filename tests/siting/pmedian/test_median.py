"""The p-median against brute force over every choice of sites, plain formulas, and published optima."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import shortest_path
from support.oracles import best, weighted_minutes
from support.strategies import HEAVY_AND_LIGHT, distance_cases

from stationplan.siting import p_median
from stationplan.siting.pmedian import interchange as kernel
from stationplan.siting.pmedian.relaxation import lagrangian

SAN_FRANCISCO_MEAN_M = [6000.5037, 4197.5127, 3544.6752, 2982.1269, 2674.1583, 2457.3586]
"""Mean metres of a person to the nearest store, p = 1..6."""


CASES = distance_cases(weight=HEAVY_AND_LIGHT, reached=2)


def _asked(case):
    """The minutes as the model takes them: dense, or sparse with a stored 0 for a distance of 0."""
    minutes = case["minutes"]
    if case["far"] is None:
        return minutes
    row, column = np.nonzero(~np.isnan(minutes))
    return sparse.csr_array((minutes[row, column], (row, column)), shape=minutes.shape)


def _solve(case, **changes):
    given = {"far": case["far"], **case["limits"], **changes}
    return p_median(_asked(case), case["weights"], given.pop("p"), **given)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(CASES)
def test_the_answer_is_the_best_of_all_choices(case):
    limits = case["limits"]

    def total(standing):
        return weighted_minutes(case["minutes"], case["weights"], standing, case["far"])

    solution = _solve(case)
    least = best(lambda chosen: total([*chosen, *limits["existing"]]), case["minutes"].shape[1], least=True, **limits)
    if least is None:
        assert solution.termination == "infeasible"
        assert len(solution.sites) == 0
        return
    chosen = solution.sites.tolist()
    assert solution.termination == "optimal"
    assert solution.objective == pytest.approx(least, rel=1e-9, abs=1e-12)
    assert solution.objective == pytest.approx(total([*chosen, *limits["existing"]]), abs=1e-9)
    assert least * (1 - 1e-6) <= solution.bound <= solution.objective
    assert len(set(chosen)) == len(chosen) <= limits["p"]
    assert not set(chosen) & {*limits["existing"], *limits["forbidden"]}
    assert set(limits["required"]) <= set(chosen)
    # In build order each site saves no more than the one before it, and only a required one saves nothing.
    steps = [total([*limits["existing"], *chosen[:k]]) for k in range(len(chosen) + 1)]
    saved = -np.diff([step for step in steps if step is not None])
    assert (np.diff(saved) <= 1e-9).all()
    assert all(gain > 0 or site in limits["required"] for gain, site in zip(saved[::-1], chosen[::-1], strict=False))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(CASES)
def test_one_more_site_never_adds_minutes(case):
    roles = {"existing": case["limits"]["existing"], "required": [], "forbidden": []}
    most = case["minutes"].shape[1] - len(roles["existing"])
    totals = [_solve(case, p=p, **roles).objective for p in range(most + 1)]
    totals = [total for total in totals if not np.isnan(total)]
    assert (np.diff(totals) <= 1e-9).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(CASES, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_sites_does_not_change_the_minutes(case, random):
    minutes, weights = case["minutes"], case["weights"]
    rows = random.sample(range(len(minutes)), len(minutes))
    sites = random.sample(range(minutes.shape[1]), minutes.shape[1])
    moved = {"existing": np.isin(sites, case["limits"]["existing"]), "required": [], "forbidden": []}
    other = {
        **case,
        "minutes": minutes[rows][:, sites],
        "weights": weights[rows],
        "limits": {**moved, "p": case["limits"]["p"]},
    }
    usual = {**moved, "existing": case["limits"]["existing"]}
    assert np.array_equal(
        np.round(_solve(other).objective, 9), np.round(_solve(case, **usual).objective, 9), equal_nan=True
    )


def test_a_stored_zero_is_a_distance_and_an_absent_entry_is_far():
    minutes = sparse.csr_array(([0.0, 3.0], ([0, 1], [0, 1])), shape=(2, 2))
    here = p_median(minutes, [1, 1], 1, far=10)
    assert (here.sites.tolist(), here.objective) == ([0], 10.0)
    assert p_median(minutes, [1, 1], 2, far=10).objective == 3.0
    assert p_median(minutes, [1, 1], 0, far=10).objective == 20.0


@pytest.mark.parametrize("layout", ["csr", "csc", "coo", "lil", "dok"])
def test_every_sparse_layout_says_the_same(layout):
    dense = np.array([[4.0, 2.0, 0.5], [1.0, 6.0, 2.0], [3.0, 3.0, 8.0]])
    answer = p_median(sparse.coo_array(dense).asformat(layout), [1, 2, 3], 1, far=9)
    assert (answer.sites.tolist(), answer.objective) == (p_median(dense, [1, 2, 3], 1).sites.tolist(), 15.0)


def test_where_all_sites_are_equally_far_one_is_built_all_the_same():
    answer = p_median(np.full((3, 2), 4.0), [1, 1, 0], 2)
    assert (answer.sites.tolist(), answer.objective, answer.bound) == ([0], 8.0, 8.0)


def test_sites_that_save_nothing_are_left_out_unless_required():
    minutes = [[1, 5, 1], [5, 1, 5]]
    assert sorted(p_median(minutes, [1, 1], 3).sites.tolist()) == [0, 1]
    assert sorted(p_median(minutes, [1, 1], 3, required=[0, 2]).sites.tolist()) == [0, 1, 2]
    assert p_median(minutes, [1, 1], 1, existing=[0, 1]).sites.tolist() == []


def test_infeasible_is_only_what_no_choice_can_do():
    assert p_median([[1, 1]], [3], 1, required=[0, 1]).termination == "infeasible"
    assert p_median([[1, 1]], [3], 0).termination == "infeasible"
    assert p_median([[1, 1]], [0], 0).objective == 0.0
    assert p_median([[1, 1]], [3], 0, existing=[1]).objective == 3.0
    assert p_median(sparse.csr_array((1, 2)), [3], 0, far=5).objective == 15.0


def test_interchange_is_beaten_where_it_must_be():
    # Greedy takes the middle first and every single exchange costs more; the two outer sites are best.
    minutes = np.array([[0, 2, 9], [1, 2, 9], [9, 2, 0], [9, 2, 1]])
    answer = p_median(minutes, np.ones(4), 2)
    assert (sorted(answer.sites.tolist()), answer.objective) == ([0, 2], 2.0)


def _instance(rows, sites, reach, seed):
    """Points in a square and the minutes between those within reach."""
    random = np.random.default_rng(seed)
    row, site = random.random((rows, 2)), random.random((sites, 2))
    minutes = np.hypot(*(row[:, None] - site).transpose(2, 0, 1)) * 60
    near = np.nonzero(minutes <= reach)
    return sparse.csr_array((minutes[near], near), shape=minutes.shape), random.gamma(0.5, 20, rows)


@pytest.mark.parametrize("time_limit_s", [1e-9, 0.05, 0.3])
def test_out_of_time_the_bound_holds_and_the_answer_is_what_it_says(time_limit_s):
    minutes, weights = _instance(1500, 300, 20, seed=3)
    good = p_median(minutes, weights, 25, far=40, time_limit_s=20)
    short = p_median(minutes, weights, 25, far=40, time_limit_s=time_limit_s)
    assert short.termination in {"time_limit", "optimal"}
    dense = np.full(minutes.shape, 40.0)
    row = np.repeat(np.arange(1500), np.diff(minutes.indptr))
    dense[row, minutes.indices] = minutes.data
    assert short.objective == pytest.approx(weights @ dense[:, short.sites].min(axis=1), rel=1e-12)
    assert short.bound <= good.objective
    assert good.bound <= short.objective
    assert good.gap < 0.01


def test_the_same_question_has_the_same_answer():
    minutes, weights = _instance(400, 80, 15, seed=5)
    answers = [p_median(minutes, weights, 9, far=30) for _ in range(2)]
    assert answers[0].sites.tolist() == answers[1].sites.tolist()
    assert answers[0].bound == answers[1].bound
    assert answers[0].termination == "optimal"


def test_a_large_problem_is_relaxed_with_some_columns_at_a_time_and_its_bound_holds(monkeypatch):
    minutes, weights = _instance(300, 60, 20, seed=8)
    exact = p_median(minutes, weights, 8, far=40)
    monkeypatch.setattr("stationplan.siting.pmedian.branching.LARGE", 0)
    in_parts = p_median(minutes, weights, 8, far=40)
    assert exact.termination == in_parts.termination == "optimal"
    assert in_parts.objective == pytest.approx(exact.objective, rel=1e-9)


# ---- compiled parts against plain ones ------------------------------------------------------------------------------


@st.composite
def _problems(draw):
    """Dense costs that may reach the tops, as sorted lists by row and by column."""
    rows, count = draw(st.integers(1, 12)), draw(st.integers(2, 7))
    cost = np.array(draw(st.lists(st.integers(0, 9), min_size=rows * count, max_size=rows * count)), dtype=float)
    cost = cost.reshape(rows, count)
    top = np.array(draw(st.lists(st.integers(1, 9), min_size=rows, max_size=rows)), dtype=float)
    start = np.arange(rows + 1) * count
    columns = np.tile(np.arange(count, dtype=np.int32), rows)
    kept, *lists = kernel.sorted_lists(start, columns, cost.ravel(), np.ones(rows), top, np.arange(count))
    return cost[kept], top[kept], tuple(lists)


def _cost(cost, top, chosen):
    return float(np.minimum(top, cost[:, chosen].min(axis=1, initial=np.inf)).sum())


@settings(max_examples=100, deadline=None, derandomize=True)
@given(_problems(), st.integers(0, 2**31))
def test_the_compiled_parts_do_as_plain_code_does(problem, seed):
    cost, top, lists = problem
    count = cost.shape[1]
    random = np.random.default_rng(seed)
    p = int(random.integers(1, count))
    chosen = np.isin(np.arange(count), random.choice(count, p, replace=False))
    by_column = kernel.transposed(*lists, count)
    assert kernel.value(*lists, top, chosen) == _cost(cost, top, chosen)
    # Greedy: every step takes the largest saving.
    order, saved = kernel.greedy(*by_column, top, count)
    now = [_cost(cost, top, order[:k]) for k in range(len(order) + 1)]
    assert saved.tolist() == (-np.diff(now)).tolist()
    for k in range(len(order)):
        assert now[k + 1] == min(_cost(cost, top, [*order[:k], j]) for j in range(count))
    # Interchange ends where no single exchange saves anything; local changes never end worse.
    swapped = chosen.copy()
    assert kernel.interchange(lists, by_column, top, swapped, np.arange(count), 1e-9, 50)
    assert swapped.sum() == p
    reached = _cost(cost, top, swapped)
    assert reached <= _cost(cost, top, chosen)
    for out in np.flatnonzero(swapped):
        for into in np.flatnonzero(~swapped):
            assert _cost(cost, top, [*np.flatnonzero(swapped)[np.flatnonzero(swapped) != out], into]) >= reached
    shaken = chosen.copy()
    draws = random.integers(1 << 30, size=(5, kernel.DRAWS))
    saved = kernel.shaken(lists, by_column, top, shaken, np.arange(count), 1e-9, draws)
    assert shaken.sum() == p
    assert _cost(cost, top, shaken) == _cost(cost, top, chosen) - saved
    # The relaxation's bound is below every choice, and tells the reduced costs that its prices give.
    at = random.uniform(0, 1, len(top)) * top
    pull, price = np.zeros(len(top)), at.copy()
    reduced, met, share = np.zeros(count), np.zeros(count, dtype=bool), np.zeros(count)
    track = np.array([-np.inf, np.inf, 1.0, 0.0])
    ones = np.ones(len(top))
    lagrangian(*lists, by_column, top, p, ones, at, pull, price, reduced, met, share, track, reached, np.inf, 30)
    least = min(_cost(cost, top, list(picked)) for picked in combinations(range(count), p))
    assert track[0] <= least
    assert track[1] == _cost(cost, top, met)
    plain = np.minimum(np.where(cost < top[:, None], cost, np.inf) - price[:, None], 0).sum(axis=0)
    assert reduced == pytest.approx(plain, abs=1e-9)
    assert track[0] == pytest.approx(price.sum() + np.sort(plain)[:p].sum(), abs=1e-9)


# ---- published answers ----------------------------------------------------------------------------------------------


def _or_library(path):
    """Distances between all nodes of an instance (the last of two equal edges counts), and p."""
    numbers = np.array(path.read_text("ascii").split(), dtype=int)
    nodes, _, p = numbers[:3]
    length = np.zeros((nodes, nodes))
    for tail, head, cost in numbers[3:].reshape(-1, 3) - [1, 1, 0]:
        length[tail, head] = length[head, tail] = cost
    return shortest_path(sparse.csr_array(length), directed=False), int(p)


@pytest.mark.parametrize("number", range(1, 21))
def test_the_or_library_has_its_published_optima(shared_data, number):
    folder = shared_data / "oracles/pmedian"
    optima = dict(line.split() for line in (folder / "pmedopt.txt").read_text("ascii").splitlines()[1:] if line)
    minutes, p = _or_library(folder / f"pmed{number}.txt")
    solution = p_median(minutes, np.ones(len(minutes)), p)
    assert solution.objective == solution.bound == int(optima[f"pmed{number}"])
    assert len(solution.sites) == p
    assert minutes[:, solution.sites].min(axis=1).sum() == solution.objective


@pytest.mark.parametrize("p", range(1, 7))
def test_san_francisco_has_its_published_mean(shared_data, p):
    folder = shared_data / "oracles/sf"
    pairs = pd.read_csv(folder / "SF_network_distance_candidateStore_16_censusTract_205_new.csv")
    tracts = pd.read_csv(folder / "SF_demand_205_centroid_uniform_weight.csv").set_index("NAME")
    metres = pairs.pivot_table(index="DestinationName", columns="name", values="distance")
    people = tracts["POP2000"].loc[metres.index].to_numpy(dtype=float)
    solution = p_median(metres.to_numpy(), people, p)
    assert solution.termination == "optimal"
    assert round(solution.objective / people.sum(), 4) == SAN_FRANCISCO_MEAN_M[p - 1]


# ---- arguments ------------------------------------------------------------------------------------------------------


def test_all_faults_of_the_arguments_are_told_at_once():
    with pytest.raises(ValueError, match="weights") as error:
        p_median([[1, 0], [0, 1]], [1, -2], 3, existing=[5], required=[0], forbidden=[0], far=9)
    told = str(error.value).splitlines()
    assert "weights are finite and >= 0" in told
    assert "existing holds site indices from 0 to 1" in told
    assert "a site is both required and forbidden" in told
    assert "p is a whole number from 0 to 1 (the sites that may be chosen), not 3" in told
    assert "far is for sparse minutes, where a pair may be out of reach" in told


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"minutes": [[1, np.nan], [0, 1]]}, "minutes has no NaN"),
        ({"minutes": [[1, np.inf], [0, 1]]}, "minutes has no NaN and no infinity"),
        ({"minutes": [[1, -1], [0, 1]]}, "minutes has nothing below 0"),
        ({"minutes": [[1], [0, 1]]}, "minutes is a matrix of numbers"),
        ({"minutes": [1, 2]}, "minutes is a matrix of numbers"),
        ({"minutes": [["a", "b"]]}, "minutes is a matrix of numbers"),
        ({"minutes": sparse.coo_array(([1, 2], ([0, 0], [1, 1])), (2, 2)), "far": 9}, "one entry for a row and a site"),
        ({"minutes": sparse.csr_array(np.eye(2))}, "sparse minutes need far"),
        ({"minutes": sparse.csr_array(np.eye(2) * 4), "far": 3.9}, "far is a number from 4 to 1e[+]09"),
        ({"minutes": sparse.csr_array(np.eye(2)), "far": np.inf}, "far is a number"),
        ({"minutes": sparse.csr_array(np.eye(2)), "far": np.nan}, "far is a number"),
        ({"weights": [1]}, "one value a row"),
        ({"weights": [1, np.inf]}, "finite"),
        ({"p": 1.5}, "p is a whole number"),
        ({"p": -1}, "p is a whole number"),
        ({"existing": [0], "required": [0]}, "an existing site is neither required nor forbidden"),
        ({"forbidden": [-1]}, "forbidden holds site indices"),
    ],
)
def test_arguments_without_sense_are_refused(change, complaint):
    asked = {"minutes": [[1, 0], [0, 1]], "weights": [1, 2], "p": 1} | change
    with pytest.raises(ValueError, match=complaint):
        p_median(asked.pop("minutes"), asked.pop("weights"), asked.pop("p"), **asked)
