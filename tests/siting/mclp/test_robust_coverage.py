"""Coverage under several scenarios against brute force over every choice of sites."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from support.oracles import choices, covered_weight
from support.strategies import scenario_cases

from stationplan.siting import max_coverage, robust_coverage
from stationplan.siting.mclp import robust
from stationplan.siting.mclp.robust import Measure


def _covered(case):
    """Covered weight of each scenario by every choice of new sites within the limits of a case."""
    cover, weights, limits = case["cover"], case["weights"], case["limits"]
    return {
        chosen: covered_weight(cover, weights, [*chosen, *limits["existing"]])
        for chosen in choices(cover.shape[1], **limits)
    }


def _check(solution, case, values, *, minimise=False):
    """Compare with the value of every choice; ``values`` maps sorted choices to what the measure says of them."""
    if not values:
        assert solution.termination == "infeasible"
        assert len(solution.sites) == 0
        return
    best = min(values.values()) if minimise else max(values.values())
    scale = 1e-6 * float(case["weights"].sum(axis=1).max(initial=0.0)) + 1e-9
    assert solution.objective == pytest.approx(best, abs=scale)
    assert solution.objective == pytest.approx(values[tuple(sorted(solution.sites.tolist()))], abs=1e-9)
    assert solution.bound <= best + 1e-9 if minimise else solution.bound >= best - 1e-9
    assert abs(solution.bound - best) <= 2 * scale
    assert set(case["limits"]["required"]) <= set(solution.sites.tolist())


@settings(max_examples=100, deadline=None, derandomize=True)
@given(scenario_cases())
def test_the_worst_scenario_is_covered_as_well_as_any_choice_can(case):
    solution = robust_coverage(case["cover"], case["weights"], measure="worst", **case["limits"])
    _check(solution, case, {chosen: float(reached.min()) for chosen, reached in _covered(case).items()})


@settings(max_examples=100, deadline=None, derandomize=True)
@given(scenario_cases())
def test_the_largest_regret_is_as_small_as_any_choice_makes_it(case):
    solution = robust_coverage(case["cover"], case["weights"], measure="regret", **case["limits"])
    covered = _covered(case)
    best = np.max(list(covered.values()), axis=0) if covered else 0.0
    values = {chosen: float((best - reached).max()) for chosen, reached in covered.items()}
    _check(solution, case, values, minimise=True)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(scenario_cases(), st.lists(st.integers(0, 5), min_size=4, max_size=4))
def test_the_expected_coverage_is_the_best_of_all_choices(case, parts):
    chance = np.array(parts[: len(case["weights"])], dtype=float)
    if chance.sum() == 0:
        chance[:] = 1
    chance /= chance.sum()
    solution = robust_coverage(case["cover"], case["weights"], probability=chance, **case["limits"])
    _check(solution, case, {chosen: float(chance @ reached) for chosen, reached in _covered(case).items()})


@settings(max_examples=40, deadline=None, derandomize=True)
@given(scenario_cases())
def test_one_scenario_is_maximal_coverage_and_no_regret(case):
    alone = case["weights"][:1]
    plain = max_coverage(case["cover"], alone[0], **case["limits"])
    for measure in ("expected", "worst"):
        found = robust_coverage(case["cover"], alone, measure=measure, **case["limits"])
        assert found.objective == pytest.approx(plain.objective, rel=1e-6, nan_ok=True)
    if plain.termination == "optimal":
        regret = robust_coverage(case["cover"], alone, measure="regret", **case["limits"])
        assert regret.objective == pytest.approx(0.0, abs=1e-6 * plain.objective)


def test_a_scenario_without_demand_settles_the_worst():
    found = robust_coverage(np.eye(3), [[1, 2, 3], [0, 0, 0]], measure="worst", p=2)
    assert (found.objective, found.termination) == (0.0, "optimal")


def _made_up(rows=200, sites=40, scenarios=4):
    rng = np.random.default_rng(11)
    people, places = rng.random((rows, 2)), rng.random((sites, 2))
    cover = ((people[:, None] - places) ** 2).sum(axis=2) < 0.02
    east = np.linspace(0, 1, scenarios)[:, None]
    return cover, rng.integers(1, 9, rows) * np.exp(-4 * (people[:, 0] - east) ** 2)


@pytest.mark.parametrize("measure", ["expected", "worst", "regret"])
def test_a_larger_case_is_proven_the_same_twice_and_in_a_sensible_order(measure):
    cover, weights = _made_up()
    answers = [robust_coverage(cover, weights, measure=measure, p=6) for _ in range(2)]
    assert answers[0].sites.tolist() == answers[1].sites.tolist()
    assert answers[0].termination == "optimal"
    covered = weights[:, cover[:, answers[0].sites].any(axis=1)].sum(axis=1)
    bests = np.array([max_coverage(cover, weight, p=6).objective for weight in weights])
    told = {"expected": covered.mean(), "worst": covered.min(), "regret": (bests - covered).max()}
    assert answers[0].objective == pytest.approx(told[measure], rel=1e-9)


def test_measures_disagree_as_they_should():
    # Site 0 is best on average, 1 for the worst scenario, 2 has the least regret.
    cover = np.eye(3)
    weights = [[20, 10, 15], [0, 6, 4]]
    chosen = [robust_coverage(cover, weights, measure=measure, p=1).sites.tolist() for measure in get_args(Measure)]
    assert chosen == [[0], [1], [2]]


@pytest.mark.parametrize("measure", ["worst", "regret"])
@pytest.mark.parametrize("time_limit_s", [1e-9, 0.02, 0.2])
def test_out_of_time_the_bound_holds(measure, time_limit_s):
    cover, weights = _made_up()
    best = robust_coverage(cover, weights, measure=measure, p=6)
    short = robust_coverage(cover, weights, measure=measure, p=6, time_limit_s=time_limit_s)
    if measure == "worst":
        assert short.bound >= best.objective - 1e-6
        assert short.objective <= best.objective + 1e-6
    else:
        assert 0 <= short.bound <= best.objective + 1e-6
        assert short.objective >= best.objective - 1e-6


def test_where_a_best_is_not_proven_the_regret_is_told_no_smaller_than_it_is(monkeypatch):
    cover, weights = _made_up()
    exact = robust_coverage(cover, weights, measure="regret", p=6)

    def unsure(*given, **more):
        found = max_coverage(*given, **more)
        fields = {**vars(found), "bound": found.bound * 1.1, "termination": "feasible"}
        return type(found)(**fields)

    monkeypatch.setattr(robust, "max_coverage", unsure)
    doubtful = robust_coverage(cover, weights, measure="regret", p=6)
    assert doubtful.objective >= exact.objective
    assert doubtful.bound <= exact.objective + 1e-6
    assert doubtful.termination == "feasible"


def test_masks_sparse_matrices_and_lists_say_the_same():
    cover, weights = [[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[5, 3, 1], [1, 3, 5]]
    asked = {"measure": "worst", "p": 1, "existing": [0]}
    plain = robust_coverage(cover, weights, **asked)
    asked["existing"] = np.array([True, False, False])
    other = robust_coverage(sparse.csc_array(np.array(cover)), np.array(weights), **asked)
    assert plain.sites.tolist() == other.sites.tolist() == [2]
    assert plain.objective == other.objective == 6.0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"weights": [1, 2]}, "one row a scenario"),
        ({"weights": [[1]]}, "one row a scenario"),
        ({"weights": np.zeros((0, 2))}, "one row a scenario"),
        ({"weights": "heavy"}, "one row a scenario"),
        ({"weights": [[1, -1]]}, "weights are finite and >= 0"),
        ({"weights": [[1, np.nan]]}, "weights are finite and >= 0"),
        ({"measure": "median"}, "measure is one of expected, worst, regret"),
        ({"probability": [0.5]}, "one value a scenario"),
        ({"probability": [0.5, 0.4]}, "adds up to 1"),
        ({"probability": [0.5, 0.5], "measure": "worst"}, "no meaning for worst"),
        ({"p": None}, "give p, budget or both"),
        ({"existing": [9]}, "existing holds site indices"),
        ({"cover": [[np.nan, 1], [0, 1]]}, "cover has no NaN"),
    ],
)
def test_arguments_without_sense_are_refused(change, complaint):
    asked = {"cover": [[1, 0], [0, 1]], "weights": [[1, 2], [2, 1]], "p": 1} | change
    with pytest.raises(ValueError, match=complaint):
        robust_coverage(asked.pop("cover"), asked.pop("weights"), **asked)


def test_all_faults_of_the_arguments_are_told_at_once():
    with pytest.raises(ValueError, match="measure") as error:
        robust_coverage([[1, 0]], [[-1]], measure="best", budget=-1, forbidden=[4])
    assert len(str(error.value).splitlines()) == 5
