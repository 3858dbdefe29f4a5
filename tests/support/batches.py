"""The batch of a small scenario, and comparison of output folders."""

from __future__ import annotations

import dataclasses
import filecmp
import subprocess

import stationplan as sp
from stationplan.batch import run_batch, units_of
from stationplan.planning.pipeline import plan_of
from stationplan.planning.prepare import prepare
from stationplan.planning.progress import StepClock
from stationplan.planning.subset import part_of
from support.village import village

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def batch(scenario, out, **more):
    return run_batch(scenario, out, **{"by": "county", "workers": 2, **more})


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def same(one, other):
    """Whether two folders hold the same files with the same bytes."""
    names = files(one)
    return names == files(other) and filecmp.cmpfiles(one, other, names, shallow=False)[1:] == ([], [])


def halves(folder, plan, *, extra=""):
    """The village made ready, and its halves as units."""
    path = village(folder, f"robustness_draws = 0\n{plan}")
    path.write_text(path.read_text("utf-8") + extra, encoding="utf-8")
    made = prepare(sp.load_scenario(path), StepClock(None))
    return made, units_of(made.area, "county")


def planned(ready, units, questions=None):
    """The plan of each unit, with questions of its own."""
    plans = []
    for number, unit in enumerate(units):
        asked = ready.file.plan if questions is None else questions[number]
        whole = dataclasses.replace(ready, file=ready.file.model_copy(update={"plan": asked}))
        plans.append(plan_of(part_of(whole, unit.districts, unit.name), StepClock(None), lenient=True))
    return plans
