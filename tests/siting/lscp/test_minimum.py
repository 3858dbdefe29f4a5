"""The cheapest covers against brute force, published answers, and plain code for the parts."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from support.oracles import best, build_gains, covered_weight, is_enough
from support.strategies import set_cover_cases

from stationplan.siting import min_stations, most_coverable
from stationplan.siting.base import highs
from stationplan.siting.base.answer import Clock
from stationplan.siting.lscp import regions
from stationplan.siting.lscp.dominance import shrink
from stationplan.siting.lscp.duals import price_bound, prices
from stationplan.siting.lscp.regions import split_bound
from stationplan.siting.lscp.share import cover_share
from stationplan.siting.lscp.share_prices import Share, share_prices
from stationplan.siting.lscp.share_search import search_share
from stationplan.siting.lscp.swaps import swap
from stationplan.siting.lscp.whole import cover_all


def _check(case, target, floor=()):
    ends = {"district": case["district"], "floor": floor} if len(floor) else {}
    limits = case["limits"]
    answer = min_stations(case["cover"], case["weights"], target=target, **limits, **ends)
    prices = np.ones(case["cover"].shape[1]) if limits["costs"] is None else np.asarray(limits["costs"])

    def cost(chosen):
        enough = is_enough(case, {*chosen, *limits["existing"]}, target, floor)
        return prices[list(chosen)].sum() if enough else None

    least = best(cost, len(prices), least=True, **limits)
    if least is None:
        assert answer.termination == "infeasible"
        assert len(answer.sites) == 0
        assert np.isnan([answer.objective, answer.bound, answer.gap]).all()
        return
    chosen = answer.sites.tolist()
    assert answer.objective == pytest.approx(least, abs=1e-9)
    assert answer.bound == pytest.approx(least, rel=1e-5, abs=1e-9)
    assert answer.termination == "optimal"
    assert len(set(chosen)) == len(chosen)
    assert not set(chosen) & {*limits["existing"], *limits["forbidden"]}
    assert set(limits["required"]) <= set(chosen)
    assert is_enough(case, {*chosen, *limits["existing"]}, target, floor)
    # In build order each site adds no more than the one before it.
    gains = build_gains(partial(covered_weight, case["cover"], case["weights"]), chosen, limits["existing"])
    assert (np.diff(gains) <= 1e-9).all()


def _plane(rows, sites, seed):
    """Rows and sites in a square; a site covers what is near; sites nearby were taken from rows."""
    rng = np.random.default_rng(seed)
    at = rng.random((rows, 2))
    places = at[rng.choice(rows, sites, replace=False)]
    cover = np.abs(at[:, None, :] - places[None, :, :]).sum(axis=2) < 1.5 / np.sqrt(sites)
    cover[np.arange(rows), np.abs(at[:, None, :] - places[None, :, :]).sum(axis=2).argmin(axis=1)] = True
    return sparse.csr_array(cover), rng.choice([1.0, 1.5, 2.0], sites)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(set_cover_cases())
def test_everyone_is_covered_at_the_least_cost_of_all_choices(case):
    _check(case, 1.0)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(set_cover_cases(), st.sampled_from([0.0, 0.1, 0.5, 0.8, 0.95, 0.999]))
def test_a_share_is_covered_at_the_least_cost_of_all_choices(case, target):
    _check(case, target)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    set_cover_cases(),
    st.sampled_from([0.0, 0.3, 0.7, 1.0]),
    st.lists(st.sampled_from([0.0, 0.2, 0.5, 1.0, 1.1]), min_size=3, max_size=3),
)
def test_floors_of_districts_are_kept_at_the_least_cost_of_all_choices(case, target, shares):
    totals = np.bincount(case["district"], case["weights"], minlength=3)
    _check(case, target, totals * shares)


def test_without_weights_every_row_counts():
    assert min_stations(np.eye(3)).objective == 3.0
    assert min_stations(np.eye(3), [1, 0, 1]).sites.tolist() == [0, 2]


def test_a_row_that_nothing_covers_cannot_be_left_out():
    cover = [[1, 0], [0, 0]]
    assert min_stations(cover).termination == "infeasible"
    assert min_stations(cover, [1, 0]).objective == 1.0
    assert min_stations(cover, target=0.5).objective == 1.0
    assert min_stations(cover, target=0.6).termination == "infeasible"
    assert most_coverable(cover) == 0.5


def test_the_most_coverable_share_counts_weights_and_heeds_forbidden_sites():
    assert most_coverable([[1, 0], [0, 1], [0, 0]], [5, 3, 2]) == 0.8
    assert most_coverable([[1, 0], [0, 1], [0, 0]], [5, 3, 2], forbidden=[0]) == 0.3
    assert most_coverable(np.zeros((0, 2))) == 1.0


def test_sites_stand_in_build_order():
    cover = np.eye(4, dtype=int)
    assert min_stations(cover, [2, 5, 5, 3]).sites.tolist() == [1, 2, 3, 0]


def test_the_bound_of_whole_costs_is_whole():
    rng = np.random.default_rng(3)
    cover = rng.random((60, 30)) < 0.15
    cover[np.arange(60), rng.integers(0, 30, 60)] = True
    answer = min_stations(cover, time_limit_s=0.0)
    assert answer.bound == np.rint(answer.bound)
    assert min_stations(cover).objective >= answer.bound


@pytest.mark.parametrize("target", [1.0, 0.9])
def test_time_that_is_up_leaves_an_answer_and_a_bound(target):
    cover, costs = _plane(400, 150, 5)
    answer = min_stations(cover, costs=costs, target=target, time_limit_s=0.0)
    best = min_stations(cover, costs=costs, target=target)
    assert answer.bound <= best.objective * (1 + 1e-9)
    assert best.bound <= answer.objective * (1 + 1e-9)
    assert answer.objective >= best.objective


@pytest.mark.parametrize("target", [1.0, 0.9])
def test_the_same_question_has_the_same_answer(target):
    cover, costs = _plane(400, 150, 6)
    first, second = (min_stations(cover, costs=costs, target=target) for _ in range(2))
    assert first.sites.tolist() == second.sites.tolist()
    assert first.bound == second.bound


def test_all_faults_are_told_at_once():
    with pytest.raises(ValueError, match=r"target is a number from 0 to 1.*\n(.*\n)*.*weights") as raised:
        min_stations([[1, 0]], [-1], target=1.5, costs=[1], required=[0], forbidden=[0])
    text = str(raised.value)
    assert "costs has one value a site" in text
    assert "both required and forbidden" in text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"target": float("nan")}, "target"),
        ({"weights": [1]}, "weights has one value a row"),
        ({"costs": [1, -1]}, "costs are finite and >= 0"),
        ({"existing": [2]}, "existing holds site indices"),
        ({"district": [0, 0]}, "district and floor come together"),
        ({"district": [0, 1], "floor": [1]}, "district has one index"),
    ],
)
def test_a_fault_is_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        min_stations([[1, 0], [0, 1]], **wrong)


# ---- the parts, on problems of a few hundred rows -------------------------------------------------------------------


def _least(cover, costs):
    """The least cost of covering every row, by HiGHS without any of our reductions."""
    rows, columns = cover.shape
    program = highs.Program(
        cost=costs,
        lower=np.zeros(columns),
        upper=np.ones(columns),
        integer=np.ones(columns, dtype=bool),
        matrix=cover.astype(float),
        row_lower=np.ones(rows),
        row_upper=np.full(rows, np.inf),
        maximise=False,
    )
    return highs.solve(program, seconds=60).objective


@pytest.mark.parametrize("seed", range(3))
def test_what_shrinking_leaves_has_the_best_answer_of_the_whole(seed):
    cover, costs = _plane(300, 100, seed)
    rest = shrink(cover, costs)
    left = cover[:, rest.columns].toarray()
    assert rest.cover.nnz < cover.nnz
    for row in rest.cover.toarray():
        assert (left == row).all(axis=1).any()
    given = costs[rest.chosen].sum()
    assert given + _least(rest.cover, rest.costs) == pytest.approx(_least(cover, costs))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(set_cover_cases())
def test_what_shrinking_keeps_is_what_no_other_row_or_column_stands_for(case):
    cover = case["cover"][case["cover"].any(axis=1)]
    costs = np.ones(cover.shape[1])
    rest = shrink(sparse.csr_array(cover), costs).cover.toarray()
    assert not any((rest[i] <= rest[k]).all() for i in range(len(rest)) for k in range(len(rest)) if i != k)
    assert not any(
        (rest[:, i] <= rest[:, k]).all() for i in range(rest.shape[1]) for k in range(rest.shape[1]) if i != k
    )


@pytest.mark.parametrize("seed", range(3))
def test_swaps_and_prices_enclose_the_least_cost(seed):
    cover, costs = _plane(400, 150, seed)
    least = _least(cover, costs)
    found = swap(cover, costs, steps=300, enough=0.0, clock=Clock(60))
    assert (cover[:, found].sum(axis=1) > 0).all()
    assert least - 1e-6 <= costs[found].sum() <= 1.03 * least
    bound, price = prices(cover, costs, goal=float(costs[found].sum()), clock=Clock(60))
    assert (price >= 0).all()
    left = np.array([costs[j] - price[cover[:, [j]].toarray()[:, 0]].sum() for j in range(len(costs))])
    assert bound == pytest.approx(price.sum() + np.minimum(left, 0).sum())
    assert 0.9 * least <= bound <= least + 1e-6


def test_swaps_do_not_lose_a_row_with_one_column():
    cover, _ = _plane(400, 150, 0)
    cover = sparse.csr_array(sparse.block_diag([np.eye(20), cover])) != 0
    costs = np.ones(cover.shape[1])
    found = swap(sparse.csr_array(cover), costs, steps=300, enough=0.0, clock=Clock(60))
    assert len(found) <= 1.02 * _least(sparse.csr_array(cover), costs)


def test_swaps_end_at_a_cost_that_is_enough():
    cover, costs = _plane(400, 150, 4)
    found = swap(cover, costs, steps=300, enough=np.inf, clock=Clock(60))
    assert (cover[:, found].sum(axis=1) > 0).all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pricing", ["good", "none"])
def test_regions_prove_more_than_prices_and_no_more_than_the_least_cost(seed, pricing):
    cover, costs = _plane(700, 260, seed)
    rest = shrink(cover, costs)
    start = np.arange(len(rest.costs))
    least = _least(rest.cover, rest.costs)
    price = np.zeros(rest.cover.shape[0])
    if pricing == "good":
        _, price = prices(rest.cover, rest.costs, goal=least, clock=Clock(60))
    bound, answer = split_bound(rest.cover, rest.costs, price, start, clock=Clock(60))
    assert price_bound(rest.cover, rest.costs, price) <= bound + 1e-5 * least
    assert bound <= least + 1e-6
    assert bound == pytest.approx(least, rel=1e-5)  # it ends with the whole
    assert rest.costs[answer].sum() == pytest.approx(least)
    assert (rest.cover[:, answer].sum(axis=1) > 0).all()


def test_regions_smaller_than_the_whole_bound_it(monkeypatch):
    cover, costs = _plane(700, 260, 3)
    rest = shrink(cover, costs)
    least = _least(rest.cover, rest.costs)
    monkeypatch.setattr(regions, "SMALLEST", 3.0)
    monkeypatch.setattr(regions, "LARGEST_WHOLE", 6.0)
    first, price = prices(rest.cover, rest.costs, goal=least, clock=Clock(60))
    bound, answer = split_bound(rest.cover, rest.costs, price, np.arange(len(rest.costs)), clock=Clock(60))
    assert first < bound < least
    assert (rest.cover[:, answer].sum(axis=1) > 0).all()


def _share(seed, floors):
    cover, costs = _plane(500, 120, seed)
    rng = np.random.default_rng(seed)
    weights, district = rng.integers(1, 50, 500).astype(float), rng.integers(0, 3, 500)
    totals = np.bincount(district, weights)
    floor = 0.9 * totals if floors else np.zeros(0)
    return Share(cover, weights, district if floors else np.zeros(500, dtype=int), costs, 0.8 * weights.sum(), floor)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("floors", [False, True])
def test_search_and_prices_enclose_the_least_cost_of_a_share(seed, floors):
    share = _share(seed, floors)
    answer, proven = cover_share(share, clock=Clock(60))
    least = share.costs[answer].sum()
    assert proven == pytest.approx(least, rel=1e-5)
    found = search_share(share, clock=Clock(60))
    assert share.met(found)
    assert least - 1e-6 <= share.costs[found].sum() <= 1.03 * least
    priced = share_prices(share, goal=float(share.costs[found].sum()), clock=Clock(60))
    assert 0.95 * least <= priced.bound <= least + 1e-6
    split, _ = split_bound(
        share.cover, share.costs, priced.price, found, clock=Clock(60), fine=np.maximum(priced.fine, 1e-12)
    )
    assert priced.bound - 1e-4 <= priced.given + split <= least + 1e-6


def test_free_columns_are_taken_first():
    cover = sparse.csr_array([[1, 0, 1], [0, 1, 1]]) != 0
    columns, bound = cover_all(sparse.csr_array(cover), np.array([0.0, 0.0, 1.0]), clock=Clock(60))
    assert sorted(columns.tolist()) == [0, 1]
    assert bound == 0.0
