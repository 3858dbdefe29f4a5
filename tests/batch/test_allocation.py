"""One number of stations or one budget for all units: how it is spread."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pytest
from support.batches import batch, halves, planned
from support.demo import demo_scenario
from support.village import CANDIDATES, TOTAL, names, served, village

import stationplan as sp
from stationplan.batch import units_of
from stationplan.batch.allocation import allotted, apportioned
from stationplan.errors import InputError
from stationplan.planning.pipeline import plan_of
from stationplan.planning.progress import StepClock
from stationplan.planning.subset import part_of
from stationplan.report import document


@pytest.mark.parametrize("number", [0, 1, 7, 20, 183])
def test_parts_of_a_number_add_up_and_are_next_to_fair(number):
    share = np.random.default_rng(number).dirichlet(np.ones(9))
    parts = apportioned(number, share)
    assert parts.sum() == number
    assert (np.abs(parts - number * share) < 1).all()


def test_equal_and_per_worker_parts(ready):
    units = units_of(ready.area, "county")
    equal, _ = allotted(ready, units, "equal", workers=1)
    assert [plan.new for plan in equal] == [4] * 5
    fair, _ = allotted(ready, units, "per-worker", workers=1)
    workers = [float(ready.demand.workers[np.isin(ready.demand.district, unit.districts)].sum()) for unit in units]
    assert [plan.new for plan in fair] == apportioned(20, np.array(workers) / sum(workers)).tolist()


def test_the_best_spreading_is_the_joint_optimum(tmp_path, dask):
    new = 2
    path = village(tmp_path, f"robustness_draws = 0\nnew = {new}")
    made = batch(sp.load_scenario(path), tmp_path / "out", allocate="optimal", scheduler=dask)
    best = max(served("S", *choice) for choice in itertools.combinations(CANDIDATES, new))
    assert made.league.most_share == pytest.approx(best / TOTAL)
    assert made.league.total.new_sites == new
    joint = sp.run(sp.load_scenario(path))
    assert {site["site_id"] for site in document(joint)["sites"]} == {
        site["site_id"]
        for unit in ("West", "East")
        for site in json.loads((tmp_path / f"out/units/{unit}/plan.json").read_text("utf-8"))["sites"]
    }


def test_the_best_spreading_beats_the_others_and_keeps_floors(ready):
    units = units_of(ready.area, "county")

    def shares(ready, how):
        """The share of each unit, planned with its part, and what all cover together."""
        questions, joint = allotted(ready, units, how, workers=1)
        covered = []
        for unit, plan in zip(units, questions, strict=True):
            file = ready.file.model_copy(update={"plan": plan})
            part = plan_of(part_of(dataclasses.replace(ready, file=file), unit.districts), StepClock(None))
            covered.append(document(part)["coverage"]["after"])
        return [one["share"] for one in covered], sum(one["workers"] for one in covered), joint

    _, fair, _ = shares(ready, "per-worker")
    _, best, joint = shares(ready, "optimal")
    assert fair < best <= joint + 1e-6
    plan = ready.file.plan.model_copy(update={"floor_share": 0.8})
    held, _, _ = shares(dataclasses.replace(ready, file=ready.file.model_copy(update={"plan": plan})), "optimal")
    assert min(held) >= 0.8


def test_nothing_to_spread_is_refused(tmp_path):
    scenario = demo_scenario(tmp_path / "phases", 'phases = [{ name = "a", new = 1 }]')
    with pytest.raises(InputError, match="A plan with phases cannot be allocated"):
        batch(scenario, tmp_path / "out", allocate="equal")
    with pytest.raises(InputError, match="There is nothing to allocate"):
        batch(demo_scenario(tmp_path / "cost", 'aim = "cost"\ntarget_share = 0.8'), tmp_path / "out", allocate="equal")


@pytest.mark.parametrize("how", ["optimal", "per-worker"])
def test_money_that_buys_nothing_in_a_unit_leaves_it_as_it_is(tmp_path, how):
    ready, units = halves(tmp_path, "budget = 60")
    questions, _ = allotted(ready, units, how, workers=1)
    plans = planned(ready, units, questions)
    assert sum(plan.sites.cost[plan.chosen].sum() for plan in plans) <= 60
    assert len(plans[1].chosen) == 0
    assert document(plans[1])["coverage"]["after"] == document(plans[1])["coverage"]["before"]


def test_what_the_whole_has_to_reach_is_not_asked_of_each_unit(tmp_path):
    ready, units = halves(tmp_path, "new = 2\ntarget_share = 0.5")
    questions, most = allotted(ready, units, "optimal", workers=1)
    plans = planned(ready, units, questions)
    # C2 serves both halves: what it covers across the border is of the whole, and of no unit.
    assert served("S", *(site for plan in plans for site in names(plan))) == most
    ready, units = halves(tmp_path / "floor", "new = 3\nfloor_share = 0.8")
    questions, _ = allotted(ready, units, "optimal", workers=1)
    shares = [document(plan)["coverage"]["after"]["share"] for plan in planned(ready, units, questions)]
    assert min(shares) >= 0.8


def test_closures_are_not_spread(tmp_path):
    ready, units = halves(tmp_path, "new = 2\nclose = 1")
    with pytest.raises(InputError, match="Closures cannot be allocated"):
        allotted(ready, units, "equal", workers=1)
