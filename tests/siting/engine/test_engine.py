"""The covering problem of all coverage models, and each step of its solution, against every choice of options."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from support.strategies import odd_cover, row_of

from stationplan.siting.base.answer import PROVEN, Clock
from stationplan.siting.engine import solver
from stationplan.siting.engine.branch import branch
from stationplan.siting.engine.clusters import cluster_bound, groups_of
from stationplan.siting.engine.core import Core
from stationplan.siting.engine.finish import finish
from stationplan.siting.engine.greedy import build_order, greedy
from stationplan.siting.engine.lagrangian import Prices, bound, bounds_by_count, prices
from stationplan.siting.engine.presolve import chained, presolve
from stationplan.siting.engine.recreate import search
from stationplan.siting.engine.solver import search_support, solve_core, start


def core_of(cover, first, *, second=None, value=None, limits=None, most=None, required=()):
    """A core from lists; without limits one on the number of options."""
    cover = np.asarray(cover, dtype=bool)
    rows, count = cover.shape
    return Core(
        sparse.csr_array(cover),
        np.asarray(first, dtype=float),
        np.zeros(rows) if second is None else np.asarray(second, dtype=float),
        np.zeros(count) if value is None else np.asarray(value, dtype=float),
        sparse.csr_array(np.ones((1, count)) if limits is None else np.asarray(limits, dtype=float)),
        np.asarray([1.0] if most is None else most, dtype=float),
        np.asarray(required, dtype=np.int64),
    )


def worth(core, choice):
    """The objective, by hand."""
    times = core.cover.toarray()[:, list(choice)].sum(axis=1)
    return (
        sum(core.first[i] * (times[i] >= 1) + core.second[i] * (times[i] >= 2) for i in range(len(times)))
        + core.value[list(choice)].sum()
    )


def choices(core):
    """Every choice within the limits that holds what is required."""
    count = core.cover.shape[1]
    limits = core.limits.toarray()
    for number in range(count + 1):
        for choice in combinations(range(count), number):
            if set(core.required) <= set(choice) and (limits[:, list(choice)].sum(axis=1) <= core.most + 1e-9).all():
                yield choice


def best_of(core):
    """The largest worth, and all choices that reach it."""
    found = [(worth(core, choice), choice) for choice in choices(core)]
    most = max(value for value, _ in found)
    return most, [choice for value, choice in found if value >= most - 1e-9]


@st.composite
def cores(draw):
    """A small core with odd rows and options, second weights, values, several limits and required options."""
    count, rows = draw(st.integers(1, 7)), draw(st.integers(0, 10))
    cover = odd_cover(draw, rows, count)
    first = row_of(draw, [0.0, 1.0, 2.0, 3.5, 0.01, 40.0], rows)
    second = first * row_of(draw, [0.0, 0.0, 0.5, 1.0], rows) if draw(st.booleans()) else np.zeros(rows)
    value = np.zeros(count)
    if draw(st.booleans()):
        value = row_of(draw, [0.0, 0.0, 0.5, 3.0], count)
    limits, most = [], []
    if draw(st.booleans()):
        limits.append(np.ones(count))
        most.append(draw(st.integers(0, count)))
    for _ in range(draw(st.integers(0, 2))):
        limits.append(row_of(draw, [0.0, 0.1, 1.0, 2.0], count))
        most.append(draw(st.sampled_from([0.0, 0.1, 1.0, 2.2, 4.0])))
    limits = np.array(limits, dtype=float).reshape(-1, count)
    required = draw(st.lists(st.integers(0, count - 1), max_size=2, unique=True))
    if most:
        most = np.maximum(most, limits[:, required].sum(axis=1))
    return core_of(cover, first, second=second, value=value, limits=limits, most=most, required=required)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(cores(), st.sampled_from([0.0, 0.1]))
def test_the_answer_is_the_best_of_all_choices(core, gap):
    most, _ = best_of(core)
    found = solve_core(core, Clock(60), gap=gap)
    assert core.allows(found.options)
    assert found.worth == pytest.approx(worth(core, found.options), abs=1e-9)
    assert found.bound >= most - 1e-9
    assert found.worth >= most - (gap + PROVEN) * abs(found.worth) - 1e-9
    assert found.bound <= found.worth * (1 + gap + PROVEN) + 1e-9


@settings(max_examples=150, deadline=None, derandomize=True)
@given(cores())
def test_presolving_keeps_a_best_choice(core):
    most, _ = best_of(core)
    small = presolve(core)
    assert small.core.worth([]) == 0.0
    assert len(small.core.required) == 0
    left, chosen = best_of(small.core)
    assert small.secured + left == pytest.approx(most, abs=1e-9)
    for choice in chosen[:3]:
        restored = small.restore(choice)
        assert core.allows(restored)
        assert worth(core, restored) == pytest.approx(most, abs=1e-9)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(cores())
def test_every_choice_is_represented_by_one_worth_no_less(core):
    small = presolve(core)
    for choice in list(choices(core))[:40]:
        instead = small.represent(choice)
        assert small.core.allows(instead)
        assert small.secured + worth(small.core, instead) >= worth(core, choice) - 1e-9


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cores(), st.randoms(use_true_random=False))
def test_presolving_twice_is_presolving_once_with_both_demands(core, random):
    count = core.cover.shape[1]
    small = presolve(core)
    keep = np.array([random.random() < 0.7 for _ in small.options], dtype=bool)
    two = chained(small, presolve(small.core, keep=keep))
    dropped = np.zeros(count, dtype=bool)
    dropped[small.options[~keep]] = True
    allowed = [choice for choice in choices(core) if not dropped[list(choice)].any()]
    kept = np.isin(np.arange(count), np.concatenate([small.options[keep], small.taken]))
    inside = [choice for choice in allowed if kept[list(choice)].all()]
    expected = max(worth(core, choice) for choice in inside)
    left, chosen = best_of(two.core)
    assert two.secured + left == pytest.approx(expected, abs=1e-9)
    assert worth(core, two.restore(chosen[0])) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cores(), st.integers(1, 3))
def test_rows_of_different_labels_stay_apart(core, labels):
    label = np.arange(len(core.first)) % labels
    small = presolve(core, label=label)
    for row in range(small.core.cover.shape[0]):
        assert len(set(label[small.group == row])) == 1
    for choice in list(choices(small.core))[:20]:
        times = core.cover.toarray()[:, small.restore(choice)].sum(axis=1)
        within = small.core.cover.toarray()[:, list(choice)].sum(axis=1)
        of = np.full(small.core.cover.shape[0], -1)
        of[small.group[small.group >= 0]] = label[small.group >= 0]
        for this in range(labels):
            there = sum((core.first * (times >= 1) + core.second * (times >= 2))[label == this])
            mine = of == this
            counted = sum((small.core.first * (within >= 1) + small.core.second * (within >= 2))[mine])
            none = core.cover.toarray()[:, small.taken].sum(axis=1)
            taken = sum((core.first * (none >= 1) + core.second * (none >= 2))[label == this])
            assert taken + counted == pytest.approx(there, abs=1e-9)


def test_presolving_merges_and_drops_what_does_not_decide():
    # Rows 0 and 1 are alike, row 2 weighs nothing, row 3 is seen by option 2 alone; option 0 is within option 1.
    cover = [[1, 1, 0], [1, 1, 0], [1, 0, 1], [0, 0, 1], [0, 1, 1]]
    small = presolve(core_of(cover, [1, 2, 0, 4, 8]))
    assert small.options.tolist() == [1, 2]
    assert small.core.cover.toarray().tolist() == [[True, True]]
    assert small.core.first.tolist() == [8.0]
    assert small.core.value.tolist() == [3.0, 4.0]
    assert small.group.tolist() == [-1, -1, -1, -1, 0]
    assert small.stand_in.tolist() == [0, 0, 1]


def test_of_two_options_alike_the_first_stays():
    small = presolve(core_of([[1, 1, 0], [1, 1, 1]], [1, 1]))
    assert small.options.tolist() == [0]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(cores(), st.booleans())
def test_greedy_keeps_the_limits_and_adds_less_each_time(core, by_cost):
    options, gains = greedy(core, by_cost=by_cost)
    assert core.allows(options)
    assert len(set(options)) == len(options)
    for place in range(len(options)):
        step = worth(core, options[: place + 1]) - worth(core, options[:place])
        assert gains[place] == pytest.approx(step, abs=1e-9)
    # What greedy takes next is the best of those that fit, the lower index where two are alike.
    if not by_cost:
        begun = len(set(core.required))
        assert sorted(options[:begun]) == sorted(set(core.required))
        for place in range(begun, len(options)):
            before = list(options[:place])
            fitting = [j for j in range(core.cover.shape[1]) if j not in before and core.allows([*before, j])]
            gain = {j: worth(core, [*before, j]) - worth(core, before) for j in fitting}
            assert gain[options[place]] >= max(gain.values()) - 1e-9


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cores())
def test_the_order_of_building_is_by_gain(core):
    chosen = best_of(core)[1][0]
    order, gains = build_order(core, chosen)
    assert sorted(order) == sorted(chosen)
    assert (np.diff(gains) <= 1e-9).all()
    assert gains.sum() == pytest.approx(worth(core, chosen), abs=1e-9)


def some_prices(core, random):
    """Prices of no merit at all."""
    rows = core.first * np.array([random.random() for _ in core.first])
    return Prices(rows, np.array([random.choice([0.0, 0.1, 3.0]) for _ in core.most]), np.zeros(len(core.value)))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(cores(), st.randoms(use_true_random=False), st.booleans())
def test_bounds_hold_for_any_prices(core, random, good):
    small = presolve(core).core
    tariff = some_prices(small, random)
    if good:
        tariff = prices(small, clock=Clock(60), target=best_of(small)[0], steps=60, start=tariff)
        assert ((tariff.rows >= 0) & (tariff.rows <= small.first)).all()
    limit = bound(small, tariff)
    for choice in choices(small):
        reached = worth(small, choice)
        assert limit.value >= reached
        for option in range(len(small.value)):
            assert (limit.chosen if option in choice else limit.left)[option] >= reached


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cores(), st.randoms(use_true_random=False))
def test_one_set_of_prices_bounds_every_number_of_options(core, random):
    core = replace(core, required=np.empty(0, dtype=np.int64))
    limits = bounds_by_count(core, some_prices(core, random))
    assert len(limits) == core.cover.shape[1] + 1
    for choice in choices(core):
        assert limits[len(choice)] >= worth(core, choice)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cores(), st.randoms(use_true_random=False))
def test_groups_bound_what_is_looked_for_and_rule_out_nothing_of_it(core, random):
    small = presolve(core).core
    if not len(small.value):
        return
    most, chosen = best_of(small)
    limit = bound(small, prices(small, clock=Clock(60), target=0.0, steps=10))
    label = np.unique([random.randrange(3) for _ in small.value], return_inverse=True)[1]
    target = most * random.choice([0.5, 1.0])
    begin = np.array(next(iter(choices(small))), dtype=np.int64)
    found = cluster_bound(small, limit, label, begin, target=target, clock=Clock(60), nodes=random.choice([1, 50]))
    assert found.value >= most
    for choice in chosen:
        assert found.keep[list(choice)].all()
        assert set(np.flatnonzero(found.must)) <= set(choice)


def test_groups_that_share_nothing_are_solved_exactly():
    # Two towns; in each the prices alone leave a gap: three rows in a triangle, any one option covers two of them.
    triangle = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1]], dtype=bool)
    cover = np.kron(np.eye(2, dtype=bool), triangle)
    core = core_of(cover, np.ones(6), most=[2])
    tariff = prices(core, clock=Clock(60), target=4.0, steps=500)
    limit = bound(core, tariff)
    label = groups_of(core, tariff.rows, np.array([0, 3]), largest=100)
    assert label.tolist() == [0, 0, 0, 1, 1, 1]
    found = cluster_bound(core, limit, label, np.array([0, 3]), target=3.0, clock=Clock(60), nodes=50)
    assert 4.0 <= found.value <= limit.value


def test_a_large_part_is_split_around_chosen_options():
    chain = np.eye(8, dtype=bool) | np.eye(8, k=1, dtype=bool)
    core = core_of(chain, np.ones(8), most=[4])
    label = groups_of(core, core.first, np.array([1, 6]), largest=9)
    assert label.max() == 1
    assert label[1] != label[6]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cores(), st.integers(0, 3))
def test_searching_never_makes_a_choice_worse(core, seed):
    small = presolve(core).core
    begin = start(small)
    found = search(small, begin, clock=Clock(60), rounds=50, seed=seed)
    assert small.allows(found)
    assert worth(small, found) >= worth(small, begin) - 1e-9
    assert found.tolist() == search(small, begin, clock=Clock(60), rounds=50, seed=seed).tolist()
    if len(small.value):
        limit = bound(small, prices(small, clock=Clock(60), target=0.0, steps=10))
        among = search_support(small, begin, limit, clock=Clock(60), effort=1.0)
        assert worth(small, among) >= worth(small, begin) - 1e-9


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cores(), st.sampled_from([1, 3, 1000]), st.sampled_from([0.0, 0.7]))
def test_branching_bounds_what_is_left_and_ends_at_the_best(core, nodes, paid):
    small = presolve(core).core
    price = np.full(len(small.most), paid)
    objective = replace(small, value=small.value - small.limits.T @ price)
    most, _ = best_of(objective)
    choice, limit = branch(small, np.empty(0, dtype=np.int64), clock=Clock(60), nodes=nodes, step=1e-6, price=price)
    assert small.allows(choice)
    assert limit >= most
    if nodes == 1000:
        assert worth(objective, choice) == pytest.approx(most, abs=2e-6)
        assert limit <= most + 2e-6


@settings(max_examples=40, deadline=None, derandomize=True)
@given(cores(), st.sampled_from([0.0, 0.7]))
def test_the_integer_program_says_the_same(core, paid):
    small = presolve(core).core
    price = np.full(len(small.most), paid)
    objective = replace(small, value=small.value - small.limits.T @ price)
    most, _ = best_of(objective)
    choice, limit = finish(small, np.empty(0, dtype=np.int64), seconds=60, prices=price)
    assert worth(objective, choice) == pytest.approx(most, abs=1e-6)
    assert most <= limit <= most + 1e-4


def test_out_of_time_there_is_an_answer_and_a_bound():
    rng = np.random.default_rng(3)
    core = core_of(rng.random((300, 80)) < 0.05, rng.integers(1, 100, 300), most=[8])
    whole = solve_core(core, Clock(60))
    assert whole.bound == whole.worth
    for seconds in (0.0, 1e-3, 0.05):
        found = solve_core(core, Clock(seconds))
        assert core.allows(found.options)
        assert found.worth == core.worth(found.options)
        assert found.worth <= whole.worth <= found.bound


def test_a_bound_holds_where_choices_within_the_gap_were_ruled_out(monkeypatch):
    rng = np.random.default_rng(26)
    cover = np.hypot(*(rng.random((2, 150, 1)) - rng.random((2, 1, 60)))) < 0.18
    core = core_of(cover, rng.integers(1, 100, 150), most=[5])
    best = solve_core(core, Clock(60))
    assert best.bound == best.worth
    # Little effort a round makes many rounds.
    little = {"FIRST_STEPS": 60, "STEPS": 60, "NODES": 1, "LARGEST": 60, "ROUNDS": 0, "EFFORT": 0}
    for name, value in little.items():
        monkeypatch.setattr(solver, name, value)
    for gap in (0.003, 0.01, 0.05):
        found = solve_core(core, Clock(60), gap=gap)
        assert found.worth <= best.worth <= found.bound <= found.worth * (1 + gap) + 1e-9


def test_the_same_question_has_the_same_answer():
    rng = np.random.default_rng(4)
    core = core_of(rng.random((200, 60)) < 0.08, rng.random(200), most=[6])
    one, two = solve_core(core, Clock(60)), solve_core(core, Clock(60))
    assert one.options.tolist() == two.options.tolist()
    assert (one.worth, one.bound) == (two.worth, two.bound)
    assert one.bound <= one.worth * (1 + 2 * PROVEN)


def test_the_sjc_instances_have_their_published_optima(shared_data):
    folder = shared_data / "oracles/mclp-sjc"
    optima = np.genfromtxt(folder / "optima_radius800.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    for row in optima[::3]:
        x, y, demand = np.loadtxt(folder / f"{row['instance']}.txt", skiprows=1, usecols=(0, 1, 2)).T
        near = np.hypot(x[:, None] - x, y[:, None] - y) <= 800
        found = solve_core(core_of(near, demand, most=[row["p"]]), Clock(60))
        assert found.worth == found.bound == row["optimum_milp"]
