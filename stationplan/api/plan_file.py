"""The plan file in an output folder, from which all outputs can be recreated in any language, without the inputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import sparse

from stationplan.domain import Coverage, Features, Plan, Sites, Surface
from stationplan.errors import FaultList, say
from stationplan.storage.records import packed, unpacked

PLAN_NAME = "plan.record"

VERSION = 3
"""Version of the records in the file; increase it when a field that the outputs need is added, removed or changed."""

_KIND = "a stationplan plan"


def plan_bytes(plan: Plan) -> bytes:
    """Return the bytes of a file with everything that the outputs need; the same plan gives the same bytes."""
    return packed(_for_outputs(plan), kind=_KIND, version=VERSION)


def read_plan(folder: Path) -> Plan:
    """Return the plan of an output folder.

    It contains no draws of the demand, features, models or travel times.

    Raises
    ------
    InputError
        The folder does not exist, contains no plan, or contains a plan of another version.
    """
    path = folder / PLAN_NAME
    faults = FaultList(str(folder))
    if folder.is_file():
        faults.add(say("This is a file, not a folder."), say("Give the folder in which it is."))
    elif not folder.is_dir():
        faults.add(say("The folder does not exist."), say("Use a folder that was written by `stationplan run`."))
    elif not path.is_file() and (folder / "plan.json").is_file():
        faults.add(
            say("This folder was written by an older version, without {name}.", name=PLAN_NAME),
            say("Create it again with this version: `stationplan run` on its scenario."),
        )
    elif not path.is_file():
        faults.add(say("The folder contains no plan."), say("Use a folder that was written by `stationplan run`."))
    faults.raise_any()
    plan = unpacked(path, Plan, name=_KIND, version=VERSION)
    rows = plan.coverage
    weight = plan.demand.weight[rows.cell, rows.group, rows.slot]
    return replace(plan, coverage=replace(rows, weight=weight))


def _for_outputs(plan: Plan) -> Plan:
    """Return a plan without what no output needs; seconds are left out, so that two runs give the same bytes."""
    density = plan.density
    return replace(
        plan,
        density=replace(
            density,
            study=replace(density.study, timings_s={}),
            surface=_surface(density.surface),
            demand=replace(density.demand, draws=None),
        ),
        sites=_sites(plan),
        coverage=_coverage(plan.coverage),
        solution=replace(plan.solution, time_s=0.0),
    )


def _sites(plan: Plan) -> Sites:
    """Return the sites with the passed columns of those only that outputs list: stations and proposed sites."""
    shown = {*np.flatnonzero(plan.sites.existing).tolist(), *plan.chosen.tolist()}
    return replace(
        plan.sites, passed=tuple(pairs if site in shown else () for site, pairs in enumerate(plan.sites.passed))
    )


def _surface(surface: Surface) -> Surface:
    none = Features((), (), (), np.empty((len(surface.cells.cell_id), 0)), ())
    groups = tuple(replace(group, learned=None) for group in surface.groups)
    return replace(surface, features=none, groups=groups, draws=None)


def _coverage(coverage: Coverage) -> Coverage:
    journeys = coverage.journeys
    if journeys is not None:
        journeys = replace(journeys, minutes=sparse.csr_array((0, 0)), origin=np.empty(0, dtype=np.int64))
    return replace(coverage, weight=np.empty(0), share=None, journeys=journeys)
