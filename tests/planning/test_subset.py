"""A plan of some districts of a study, the same as the unit of a batch."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.demo import DEMO, demo_scenario

import stationplan as sp
from stationplan.errors import InputError
from stationplan.planning.prepare import prepare
from stationplan.planning.progress import StepClock
from stationplan.report import document


def only(folder, plan, *districts):
    scenario = demo_scenario(folder, plan)
    text = scenario.path.read_text("utf-8").replace("[area]\n", f"[area]\nonly = {list(districts)}\n")
    scenario.path.write_text(text.replace("'", '"'), encoding="utf-8")
    return sp.load_scenario(scenario.path, data=DEMO.parent)


def test_a_plan_may_be_about_some_districts_only(county_batch, tmp_path):
    _, out, _ = county_batch
    plan = sp.run(only(tmp_path, "new = 20", "990102"))
    unit = json.loads((out / "units/990102/plan.json").read_text("utf-8"))
    told = document(plan)
    assert told["coverage"] == unit["coverage"]
    assert told["solution"]["objective"] == unit["solution"]["objective"]
    assert plan.study.part == ("990102",)


def test_the_choice_of_a_units_map_can_be_planned_again(tmp_path):
    plan = sp.run(only(tmp_path, "new = 3", "990102"))
    block = json.dumps(list(plan.study.part))
    sites = [plan.sites.site_id[site] for site in plan.chosen]
    fragment = (
        f'extends = "scenario.toml"\n[area]\nonly = {block}\n[plan]\nnew = 2\nrequired = {json.dumps(sites[:2])}\n'
    )
    (tmp_path / "choice.toml").write_text(fragment, encoding="utf-8")
    again = sp.run(sp.load_scenario(tmp_path / "choice.toml", data=DEMO.parent))
    assert sorted(again.sites.site_id[site] for site in again.chosen) == sorted(sites[:2])
    assert document(again)["coverage"]["before"] == document(plan)["coverage"]["before"]


def test_districts_and_sites_that_are_not_in_the_part_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"There is no district 990109\. Most similar ids: 99010"):
        sp.run(only(tmp_path, "new = 3", "990109"))
    ready = prepare(demo_scenario(tmp_path / "whole"), StepClock(None))
    elsewhere = ready.sites.site_id[int(np.flatnonzero(~ready.sites.existing & (ready.sites.district != 1))[0])]
    with pytest.raises(InputError, match=f"The site {elsewhere} is not in the districts of the plan"):
        sp.run(only(tmp_path, f'new = 3\nforbidden = ["{elsewhere}"]', "990102"))
