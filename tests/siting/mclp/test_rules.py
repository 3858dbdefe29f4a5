"""Every rule of the coverage models, alone and together, against brute force over every choice."""

from __future__ import annotations

import re
from functools import partial
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from support.oracles import best, worth_under_rules
from support.strategies import rule_cases

from stationplan.siting import (
    CoverageRequirements,
    CoverageRules,
    best_floor,
    fair_coverage,
    frontier,
    max_coverage,
    most_backed,
    phased_coverage,
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(rule_cases())
def test_any_mix_of_rules_is_answered_as_by_brute_force(case):
    solution = max_coverage(**case)
    limits = {name: case[name] for name in ("existing", "required", "forbidden")}
    worths = [
        best(partial(worth_under_rules, case, closed=closed), case["cover"].shape[1], **limits)
        for closed in combinations(case["closable"], case["close"])
    ]
    most = max((worth for worth in worths if worth is not None), default=None)
    if most is None:
        assert solution.termination == "infeasible"
        assert len(solution.sites) == 0
        return
    chosen, closed = solution.sites.tolist(), solution.closed.tolist()
    assert solution.termination == "optimal"
    assert solution.objective == pytest.approx(most, abs=1e-6)
    assert solution.bound >= solution.objective
    assert len(closed) == case["close"]
    assert worth_under_rules(case, chosen, closed) == pytest.approx(solution.objective, abs=1e-9)


def test_a_second_station_counts_its_share():
    # Row 0 (4) is within reach of sites 0 and 1, row 1 (3) of site 2.
    cover = [[1, 1, 0], [0, 0, 1]]
    assert max_coverage(cover, [4, 3], p=2).objective == 7
    assert max_coverage(cover, [4, 3], p=2, backup=0.5).objective == 7  # 4 + 3 beats 4 + 2
    assert max_coverage(cover, [4, 3], p=2, backup=1.0).objective == 8  # 4 + 4 beats 4 + 3
    # With one station there already, the second one is what a new site can add.
    assert max_coverage(cover, [4, 3], p=1, existing=[0], backup=1.0).sites.tolist() == [1]


def test_a_target_of_cross_coverage_is_kept_at_the_least_loss():
    cover = [[1, 1, 0], [0, 0, 1]]
    solution = max_coverage(cover, [4, 3], p=2, backup_target=4)
    assert sorted(solution.sites.tolist()) == [0, 1]
    assert solution.objective == 4
    assert max_coverage(cover, [4, 3], p=2, backup_target=4.1).termination == "infeasible"


def test_the_largest_share_counts_where_coverage_falls_off():
    shares = [[1.0, 0.5], [0.0, 0.5]]
    assert max_coverage(shares, [10, 6], p=1, gradual=True).objective == 10
    assert max_coverage(shares, [10, 12], p=1, gradual=True).objective == 11
    assert max_coverage(shares, [10, 12], p=2, gradual=True).objective == 16


def test_a_station_moves_to_where_it_serves_more():
    # Stations 0 and 1 exist; site 2 serves five more. One of them has to go, and 0 has fewer of its own.
    solution = max_coverage(
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]], [2, 4, 5], p=1, existing=[0, 1], closable=[0, 1], close=1
    )
    assert (solution.sites.tolist(), solution.closed.tolist(), solution.objective) == ([2], [0], 9)


def test_new_sites_near_stations_close_no_more_than_asked():
    # Each new site lies near one of the two stations and both are worth building, but only one station closes.
    near = {"apart": [(0, 2), (1, 3)], "existing": [0, 1], "closable": [0, 1]}
    one = max_coverage(np.eye(4), [1, 1, 5, 4], p=2, close=1, **near)
    assert (one.termination, one.sites.tolist(), one.closed.tolist(), one.objective) == ("optimal", [2], [0], 6)
    two = max_coverage(np.eye(4), [1, 1, 5, 4], p=2, close=2, **near)
    assert (two.sites.tolist(), two.closed.tolist(), two.objective) == ([2, 3], [0, 1], 9)
    fair = fair_coverage(np.eye(4), [1, 1, 5, 4], district=[0, 0, 1, 1], p=2, close=1, **near)
    assert (fair.sites.tolist(), fair.closed.tolist(), fair.objective) == ([2], [0], 0.5)
    found = best_floor(
        np.eye(4), [1, 1, 5, 4], district=[0, 0, 1, 1], totals=np.array([2.0, 9.0]), p=2, close=1, **near
    )
    assert found == 0.5


def test_only_one_option_of_a_place_is_chosen():
    # A large and a small station at one place: the small one leaves money for another place.
    cover = [[1, 1, 0], [1, 0, 0], [0, 0, 1]]
    choice = {"costs": [3, 1, 1], "budget": 4, "place": [0, 0, 1]}
    assert max_coverage(cover, [5, 1, 2], **choice).sites.tolist() == [0, 2]
    assert max_coverage(cover, [5, 1, 2], **choice | {"budget": 3}).sites.tolist() == [1, 2]


def test_sites_keep_their_distance_from_each_other_and_from_what_stands():
    cover = np.eye(3)
    assert max_coverage(cover, [5, 4, 3], p=2, apart=[[0, 1]]).sites.tolist() == [0, 2]
    assert max_coverage(cover, [5, 4, 3], p=2, existing=[0], apart=[[0, 1]]).sites.tolist() == [2]
    required = max_coverage(cover, [5, 4, 3], p=2, required=[1], existing=[0], apart=[[0, 1]])
    assert required.termination == "infeasible"


def test_a_preferred_site_wins_a_near_tie():
    assert max_coverage(np.eye(2), [5, 4], p=1, bonus=[0, 0.5]).sites.tolist() == [0]
    assert max_coverage(np.eye(2), [5, 4], p=1, bonus=[0, 1.5]).sites.tolist() == [1]


def test_faults_of_rules_are_named_together():
    with pytest.raises(ValueError, match="shares from 0 to 1") as caught:
        max_coverage(
            [[2.0, 1.0]],
            [1],
            p=1,
            gradual=True,
            closable=[0],
            close=2,
            place=[0],
            apart=[[0, 0]],
            bonus=[-1, 0],
            backup=1.5,
            target=-1,
        )
    faults = str(caught.value).splitlines()
    assert [fault.split()[0] for fault in faults] == [
        *("cover", "bonus", "closable", "close", "backup", "target", "place", "apart")
    ]


def test_a_search_may_stop_at_a_gap():
    rng = np.random.default_rng(5)
    cover, weights = rng.random((150, 40)) < 0.06, rng.random(150)
    best = max_coverage(cover, weights, p=6)
    near = max_coverage(cover, weights, p=6, gap=0.2)
    assert best.termination == "optimal"
    assert best.objective >= near.objective >= 0.8 * best.objective
    assert near.gap <= 0.2
    assert near.bound >= best.objective - 1e-6
    with pytest.raises(ValueError, match="gap is a share"):
        max_coverage(cover, weights, p=6, gap=1.0)


_TINY = {"cover": [[1, 0], [0, 1]], "weights": [3, 4]}


@pytest.mark.parametrize(
    "ask",
    [
        lambda **rules: max_coverage(**_TINY, p=1, **rules),
        lambda **rules: fair_coverage(**_TINY, district=[0, 1], p=1, **rules),
        lambda **rules: phased_coverage(**_TINY, p=[1], **rules),
        lambda **rules: frontier(**_TINY, p=[1], **rules),
        lambda **rules: best_floor(**_TINY, district=[0, 1], totals=np.array([3.0, 4.0]), p=1, **rules),
        lambda **rules: most_backed(**_TINY, p=1, **rules),
    ],
)
def test_a_keyword_that_is_no_rule_is_refused_and_a_near_one_is_named(ask):
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'exising': did you mean 'existing'\?"):
        ask(exising=[0])
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'colour': the rules are apart, .*required"):
        ask(colour="red")
    ask(existing=[0])  # and a rule is none


def test_models_that_set_their_own_floors_refuse_what_has_to_be_reached():
    with pytest.raises(TypeError, match="unexpected keyword argument 'target'"):
        fair_coverage(**_TINY, district=[0, 1], p=1, target=3.0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'floor'"):
        best_floor(**_TINY, district=[0, 1], totals=np.array([3.0, 4.0]), p=1, floor=[1, 1])
    assert max_coverage(**_TINY, p=1, target=4.0).sites.tolist() == [1]


def test_every_rule_is_explained_where_the_models_point_to():
    for kind in (CoverageRules, CoverageRequirements):
        own = kind.__optional_keys__ - (CoverageRules.__optional_keys__ if kind is CoverageRequirements else set())
        names = {name for line in re.findall(r"^ {4}(\w+(?:, \w+)*)$", kind.__doc__, re.M) for name in line.split(", ")}
        assert names - {"Attributes"} == own
    for name in CoverageRequirements.__optional_keys__:
        assert f"``{name}``" in max_coverage.__doc__
