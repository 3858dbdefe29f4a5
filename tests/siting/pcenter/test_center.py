"""The p-center against brute force over every choice of sites, and published answers."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import shortest_path
from support.oracles import best, build_gains, covered_rows, farthest_minutes
from support.strategies import distance_cases

from stationplan.siting import p_center
from stationplan.siting.base.answer import Clock
from stationplan.siting.pcenter import decision as cover_decision

OR_LIBRARY = [127, 98, 93, 74, 48, 84, 64, 55, 37, 20, 59, 51, 36, 26, 18, 47, 39, 28, 18, 13]
"""Optimal radii of pmed1-pmed20 as p-centers (Daskin 1995; Elloumi, Labbe and Pochet 2004)."""

SAN_FRANCISCO_M = [11577.279, 9130.7587, 7529.986, 7403.0638, 5985.5001, 5903.6672]
"""Metres of the tract that is worst off, p = 1..6."""


CASES = distance_cases(weight=[0.0, 1.0, 1.0, 0.01], reached=3)


def _asked(case):
    minutes = case["minutes"]
    if case["dense"]:
        return minutes
    row, column = np.nonzero(~np.isnan(minutes))
    return sparse.csr_array((minutes[row, column], (row, column)), shape=minutes.shape)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(CASES)
def test_the_answer_is_the_best_of_all_choices(case):
    limits, minutes, weights = case["limits"], case["minutes"], case["weights"]

    def farthest(chosen):
        return farthest_minutes(minutes, weights, [*chosen, *limits["existing"]])

    least = best(farthest, minutes.shape[1], least=True, **limits)
    roles = {name: sites for name, sites in limits.items() if name != "p"}
    solution = p_center(_asked(case), limits["p"], weights=weights, **roles)
    if least is None or np.isinf(least):
        assert solution.termination == "infeasible"
        assert len(solution.sites) == 0
        return
    chosen = solution.sites.tolist()
    assert (solution.termination, solution.objective, solution.bound) == ("optimal", least, least)
    assert solution.objective == farthest(chosen)
    assert len(set(chosen)) == len(chosen) <= limits["p"]
    assert not set(chosen) & {*limits["existing"], *limits["forbidden"]}
    assert set(limits["required"]) <= set(chosen)
    # In build order each site brings no more rows near than the one before it, and only a required one brings none.
    near = (np.where(np.isnan(minutes), np.inf, minutes) <= least)[weights > 0]
    gains = build_gains(lambda standing: int(covered_rows(near, standing).sum()), chosen, limits["existing"])
    assert (np.diff(gains) <= 0).all()
    assert all(gain > 0 or site in limits["required"] for gain, site in zip(gains, chosen, strict=True))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(CASES)
def test_one_more_site_never_takes_anyone_farther(case):
    sites = case["minutes"].shape[1]
    answers = [p_center(_asked(case), p, weights=case["weights"]) for p in range(sites + 1)]
    reached = [np.inf if answer.termination == "infeasible" else answer.objective for answer in answers]
    assert all(after <= before for before, after in pairwise(reached))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 2**31), st.integers(1, 12), st.integers(1, 8), st.floats(0.1, 0.7), st.integers(0, 4))
def test_a_cover_is_found_where_there_is_one_and_refuted_where_not(seed, rows, count, share, p):
    cover = np.random.default_rng(seed).random((rows, count)) < share
    possible = any(
        cover[:, list(chosen)].any(axis=1).all() for k in range(p + 1) for chosen in combinations(range(count), k)
    )
    columns, refuted = cover_decision.covering(sparse.csr_array(cover), p, Clock(60))
    assert refuted != possible
    if possible:
        assert len(columns) <= p
        assert cover[:, columns].any(axis=1).all()


def test_a_stored_zero_is_a_distance_and_an_absent_entry_is_out_of_reach():
    minutes = sparse.csr_array(([0.0, 3.0], ([0, 1], [0, 1])), shape=(2, 2))
    assert p_center(minutes, 1).termination == "infeasible"
    assert p_center(minutes, 2).objective == 3.0
    alone = p_center(minutes, 1, weights=[1, 0])
    assert (alone.sites.tolist(), alone.objective, alone.gap) == ([0], 0.0, 0.0)


def test_what_needs_no_site_gets_none():
    assert p_center([[4, 2]], 1, existing=[1]).sites.tolist() == []
    assert p_center([[4, 2]], 1, weights=[0]).sites.tolist() == []
    assert p_center([[4, 2]], 0, weights=[0]).objective == 0.0
    assert p_center(np.empty((0, 2)), 1, required=[1]).sites.tolist() == [1]


def test_infeasible_is_only_what_no_choice_can_do():
    assert p_center([[4, 2]], 1, required=[0, 1]).termination == "infeasible"
    assert p_center([[4, 2]], 0).termination == "infeasible"
    assert p_center([[4, 2]], 0, existing=[0]).objective == 4.0
    assert p_center(sparse.csr_array((1, 2)), 2).termination == "infeasible"


def _points(rows, sites, seed):
    random = np.random.default_rng(seed)
    row, site = random.random((rows, 2)), random.random((sites, 2))
    return np.hypot(*(row[:, None] - site).transpose(2, 0, 1)) * 60


@pytest.mark.parametrize("time_limit_s", [1e-9, 0.02, 0.2])
def test_out_of_time_the_bound_holds_and_the_answer_is_what_it_says(time_limit_s):
    minutes = _points(400, 200, seed=1)
    exact = p_center(minutes, 12)
    short = p_center(minutes, 12, time_limit_s=time_limit_s)
    assert exact.termination == "optimal"
    assert short.bound <= exact.objective <= short.objective
    assert short.objective == minutes[:, short.sites].min(axis=1).max()


def test_out_of_time_without_an_answer_the_bound_still_holds(monkeypatch):
    monkeypatch.setattr("stationplan.siting.pcenter.center.covering", lambda *_: (None, False))
    answer = p_center([[1, 4, 9], [9, 3, 5]], 1)
    assert (answer.termination, answer.bound, answer.gap) == ("time_limit", 3.0, np.inf)
    assert np.isnan(answer.objective)


def test_faults_of_the_arguments_are_told_at_once():
    with pytest.raises(ValueError, match="weights") as error:
        p_center([[1, np.nan]], 3, weights=[-1], required=[0], forbidden=[0], existing=[2])
    told = str(error.value).splitlines()
    assert "minutes has no NaN and no infinity" in told
    assert "weights are finite and >= 0" in told
    assert "existing holds site indices from 0 to 1" in told
    assert "a site is both required and forbidden" in told
    assert "p is a whole number from 0 to 1 (the sites that may be chosen), not 3" in told


@pytest.mark.parametrize("number", range(1, 21))
def test_the_or_library_has_its_published_radii(shared_data, number):
    text = (shared_data / f"oracles/pmedian/pmed{number}.txt").read_text("ascii")
    numbers = np.array(text.split(), dtype=int)
    nodes, _, p = numbers[:3]
    length = np.zeros((nodes, nodes))
    for tail, head, cost in numbers[3:].reshape(-1, 3) - [1, 1, 0]:
        length[tail, head] = length[head, tail] = cost  # the last of two equal edges counts
    minutes = shortest_path(sparse.csr_array(length), directed=False)
    solution = p_center(minutes, int(p))
    assert (solution.objective, solution.bound) == (OR_LIBRARY[number - 1], OR_LIBRARY[number - 1])
    assert minutes[:, solution.sites].min(axis=1).max() == solution.objective


@pytest.mark.parametrize("p", range(1, 7))
def test_san_francisco_has_its_published_farthest_tract(shared_data, p):
    folder = shared_data / "oracles/sf"
    pairs = pd.read_csv(folder / "SF_network_distance_candidateStore_16_censusTract_205_new.csv")
    metres = pairs.pivot_table(index="DestinationName", columns="name", values="distance").to_numpy()
    assert metres.shape == (205, 16)
    solution = p_center(metres, p)
    assert solution.termination == "optimal"
    assert round(solution.objective, 4) == SAN_FRANCISCO_M[p - 1]
