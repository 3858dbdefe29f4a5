"""Random problems with every rule and at every scale, judged by trying all choices; ``make trial`` runs many more."""

from __future__ import annotations

import os
from functools import partial

import numpy as np
import pytest
from support.siting_models import (
    capacity_faults,
    capacity_problem,
    center_faults,
    covering_faults,
    covering_problem,
    curve_faults,
    curve_problem,
    median_faults,
    minutes_problem,
)
from support.siting_trial import coverage_faults, coverage_problem, objectives, robust_faults, robust_problem

from stationplan.siting import (
    best_floor,
    capacitated_coverage,
    fair_coverage,
    frontier,
    max_coverage,
    min_stations,
    most_backed,
    p_center,
    p_median,
    robust_coverage,
)

PROBLEMS = int(os.environ.get("STATIONPLAN_TRIAL", "300"))
SEED = int(os.environ.get("STATIONPLAN_TRIAL_SEED", "0"))


def faults_of(make, solve, judge):
    """The numbers of the problems that are answered wrongly, with what is wrong."""
    wrong = {}
    for number in range(PROBLEMS):
        problem = make(np.random.default_rng([SEED, number]))
        found = judge(problem, solve(**problem))
        if found:
            wrong[number] = found
    return wrong


def test_no_coverage_problem_is_answered_wrongly():
    assert faults_of(coverage_problem, max_coverage, coverage_faults) == {}


def test_no_robust_problem_is_answered_wrongly():
    assert faults_of(robust_problem, robust_coverage, robust_faults) == {}


def test_no_covering_problem_is_answered_wrongly():
    assert faults_of(covering_problem, min_stations, covering_faults) == {}


def test_no_median_problem_is_answered_wrongly():
    assert faults_of(partial(minutes_problem, center=False), p_median, median_faults) == {}


def test_no_center_problem_is_answered_wrongly():
    assert faults_of(partial(minutes_problem, center=True), p_center, center_faults) == {}


def test_no_problem_with_capacities_is_answered_wrongly():
    assert faults_of(capacity_problem, capacitated_coverage, capacity_faults) == {}


def test_no_frontier_is_answered_wrongly():
    assert faults_of(curve_problem, frontier, curve_faults) == {}


def test_a_wrong_answer_would_be_noticed():
    problem = coverage_problem(np.random.default_rng([SEED, 5]))
    worth, used = objectives(problem)
    right = max_coverage(**problem)
    assert coverage_faults(problem, right) == []
    assert len(worth) == len(used) > 1
    worse = {**problem, "forbidden": np.union1d(problem["forbidden"], right.sites[:1])}
    assert len(right.sites)
    assert coverage_faults(problem, max_coverage(**worse)) != []


def test_options_that_exceed_a_budget_together_prove_the_best():
    answer = max_coverage([[1, 0], [0, 1]], [900, 1500], p=2, costs=[7, 5], budget=7)
    assert (answer.sites.tolist(), answer.termination, answer.bound) == ([1], "optimal", 1500)


def test_a_budget_that_is_the_exact_sum_of_large_costs_is_enough():
    costs = np.array([123456789.1, 987654321.3, 555555555.7])
    answer = max_coverage(np.eye(3), [1, 1, 1], costs=costs, budget=float(costs.sum()))
    assert (len(answer.sites), answer.termination) == (3, "optimal")


def test_the_smallest_numbers_are_answered():
    assert max_coverage([[1, 0], [0, 1]], [1, 1], costs=[1, 1], budget=1e-310).objective == 0
    assert max_coverage([[1.0]], [1e-310], p=1).objective == 1e-310
    assert robust_coverage([[1, 0], [0, 1]], [[1e-310, 0], [0, 1e-310]], measure="worst", p=1).objective == 0


def test_a_small_floor_beside_large_weights_is_kept():
    # Site 0 alone covers most; the floor of district 1 needs site 1.
    cover, weights = [[1, 0], [0, 1]], [1e4, 4e-6]
    answer = max_coverage(cover, weights, p=1, district=[0, 1], floor=[0.0, 4e-6])
    assert (answer.sites.tolist(), answer.termination) == ([1], "optimal")


def test_the_largest_share_of_all_districts_is_found_at_any_scale():
    least = best_floor([[1, 0], [0, 1]], [4e-6, 2e4], district=[0, 1], totals=np.array([2e4, 2e4]), p=2)
    assert least == pytest.approx(2e-10)


def test_existing_stations_back_each_other_where_nothing_can_be_built():
    assert most_backed([[1, 1], [1, 0], [1, 1]], [3, 4, 5], existing=[0, 1], p=0) == (8.0, 8.0)


def test_a_closable_station_near_a_candidate_stays_where_none_closes():
    cover = [[1, 0], [1, 1]]
    answer = max_coverage(cover, [1, 2], p=1, existing=[0], closable=[0], close=0, apart=[[0, 1]])
    assert (answer.sites.tolist(), answer.objective, answer.termination) == ([], 3, "optimal")


def test_no_site_is_built_that_the_others_make_superfluous():
    # The middle site covers most and is built first; the outer two cover all that it covers.
    cover = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1], [0, 1, 0], [0, 0, 1]])
    answer = max_coverage(cover, [1, 1, 1, 1, 1, 1], p=3)
    assert (sorted(answer.sites), answer.objective) == ([1, 2], 6)
    robust = robust_coverage(cover, np.ones((2, 6)), measure="worst", p=3)
    assert (sorted(robust.sites), robust.objective) == ([1, 2], 6)


def test_a_fair_answer_is_optimal_only_when_every_stage_is_proven():
    rng = np.random.default_rng(1)
    cover, weights, district = rng.random((60, 12)) < 0.2, rng.integers(1, 9, 60), np.arange(60) % 6
    whole = fair_coverage(cover, weights, district=district, p=4)
    assert whole.termination == "optimal"
    assert len(whole.stages) == 7  # six sums of shares, then the covered weight
    assert all(stage.bound == pytest.approx(stage.objective, rel=1e-6) for stage in whole.stages)
    large, many = rng.random((3000, 120)) < 0.02, np.arange(3000) % 60
    short = fair_coverage(large, rng.integers(1, 50, 3000), district=many, p=25, time_limit_s=1.0)
    assert short.termination == "time_limit"
    assert len(short.stages) < 61
