"""A part of a study: some districts, their cells and candidates, with the stations and roads around them.

Stations and roads across the border are included as far as any worker may travel, so the coverage of a part equals that
of its districts in the whole study. Workers and candidates belong to one district each, so nobody is counted twice.
"""

from __future__ import annotations

import difflib
from dataclasses import fields, replace
from typing import Any

import numpy as np
import shapely

from stationplan.access import roads_within
from stationplan.domain import (
    BoolArray,
    Cells,
    Demand,
    IntArray,
    LocalText,
    Sites,
    StudyArea,
    Surface,
)
from stationplan.errors import FaultList, say
from stationplan.planning.prepare import Prepared, prepare
from stationplan.planning.progress import StepClock
from stationplan.scenario import PlanInput, Scenario
from stationplan.scenario.fields import Name

_WORLD_M = 1e8
"""Metres that exceed any projected coordinate."""

_LISTS = ("required", "forbidden", "preferred", "closable", "explain")
"""Keys of [plan] that list ids of sites."""


def ready_for(scenario: Scenario, clock: StepClock) -> Prepared:
    """Return the prepared study of a scenario: its whole area, or only the districts listed in ``[area] only``.

    Raises
    ------
    InputError
        An input is missing or invalid; a listed district does not exist; a site named in [plan] is not in the part.
    """
    ready = prepare(scenario, clock)
    only = scenario.file.area.only
    if not only:
        return ready
    codes = ready.area.districts["district_id"].astype(str).tolist()
    faults = FaultList(ready.file_name)
    for code in only:
        if code not in codes:
            near = ", ".join(difflib.get_close_matches(code, codes, n=3, cutoff=0.0))
            faults.add(
                say("There is no district {district}.", district=code),
                say("Most similar ids: {near}.", near=near),
                key="area.only",
            )
    faults.raise_any()
    part = part_of(ready, np.array(sorted({codes.index(code) for code in only}), dtype=np.int64))
    study = replace(
        part.study,
        inputs=ready.study.inputs,
        quality=ready.study.quality,
        notes=(*ready.study.notes, *part.study.notes),
    )
    part = replace(part, study=study)
    for key in _LISTS:
        for site in getattr(scenario.file.plan, key):
            if site not in part.sites.site_id:
                faults.add(
                    say("The site {site} is not in the districts of the plan.", site=site),
                    say("Remove it, or add its district to `only` under [area]."),
                    key=f"plan.{key}",
                )
    faults.raise_any()
    return part


def part_of(
    ready: Prepared, districts: IntArray, name: LocalText | None = None, *, plan: PlanInput | None = None
) -> Prepared:
    """Return the part of a study that consists of some districts (ascending rows), with its own question.

    ``name`` is appended to the name of the study; ``plan`` is the question, by default that of the whole study.

    Data quality is reported for the whole study; a part uses its share of the inputs only. Ids of sites outside the
    part are dropped from the lists of the question, and the number of new sites is limited to the number of candidates.
    """
    border_m, plan = ready.reach_m, ready.file.plan if plan is None else plan
    rows = ready.area.districts
    shape = shapely.union_all(rows.geometry.to_numpy()[districts])
    around = shapely.box(*(-_WORLD_M, -_WORLD_M, _WORLD_M, _WORLD_M))
    if border_m < _WORLD_M:
        around = shapely.buffer(shape, border_m + ready.file.roads.max_snap_m)
    shapely.prepare(around)
    number = np.full(len(rows) + 1, -1, dtype=np.int64)  # the last entry is for -1: outside the study area
    number[districts] = np.arange(len(districts))
    sites, demand = ready.sites, ready.demand
    mine = number[demand.district] >= 0
    near = shapely.contains_xy(around, sites.x, sites.y)
    kept = np.where(sites.existing, near | (number[sites.district] >= 0), number[sites.district] >= 0)
    kept &= kept[sites.place]
    roads, _ = roads_within(ready.roads, around)
    sites = _sites(sites, kept, number)
    text = ready.file.name
    if name is not None:
        text = Name(zh=f"{text.zh} · {name.zh}", en=f"{text.en} · {name.en}")
    note = say(
        "Part of {study}: stations and roads up to {km} km around it are included.",
        study=ready.file.name.zh,
        km=f"{border_m / 1000:.1f}",
    )
    study = replace(
        ready.study,
        name=LocalText(text.zh, text.en),
        area=StudyArea(rows.iloc[districts].reset_index(drop=True)),
        part=tuple(rows["district_id"].astype(str).iloc[districts]),
        notes=(note,),
        inputs=(
            replace(ready.study.inputs[0], sha256=ready.study.scenario_fingerprint),
        ),  # the scenario, identified by its content
        quality=(),
        timings_s={},  # a part is the same whenever it is cut out
    )
    return replace(
        ready,
        study=study,
        file=ready.file.model_copy(update={"name": text, "plan": _question(plan, sites)}),
        surface=_surface(ready.surface, mine, districts, number),
        demand=_demand(demand, mine, number),
        sites=sites,
        roads=roads,
        access=ready.access.part(around, cells=mine, sites=kept, districts=districts),
        outside=0,
    )


def _question(plan: PlanInput, sites: Sites) -> PlanInput:
    """Return a question limited to the given sites."""
    known = set(sites.site_id)
    usable = int((sites.counted & ~sites.forbidden).sum())
    left, phases = usable, []
    for phase in plan.phases:
        new = None if phase.new is None else min(phase.new, left)
        left -= new or 0
        phases.append(phase.model_copy(update={"new": new}))
    return plan.model_copy(
        update={
            **{key: [site for site in getattr(plan, key) if site in known] for key in _LISTS},
            "new": None if plan.new is None else min(plan.new, usable),
            "phases": phases,
            "close": min(plan.close, int(sites.closable.sum())),
            "frontier": [number for number in plan.frontier if number <= usable],
        }
    )


def _demand(demand: Demand, mine: BoolArray, number: IntArray) -> Demand:
    return replace(
        demand,
        cell_id=_picked(demand.cell_id, mine),
        x=demand.x[mine],
        y=demand.y[mine],
        district=number[demand.district[mine]],
        workers=demand.workers[mine],
        draws=None if demand.draws is None else demand.draws[:, mine],
        exposure=None if demand.exposure is None else demand.exposure[mine],
    )


def _surface(surface: Surface, mine: BoolArray, districts: IntArray, number: IntArray) -> Surface:
    """Return the surface of some cells; learned models are dropped, as they describe the whole study."""
    cells, totals = surface.cells, surface.totals
    return replace(
        surface,
        cells=Cells(
            cell_id=_picked(cells.cell_id, mine),
            x=cells.x[mine],
            y=cells.y[mine],
            district=number[cells.district[mine]],
            outline=cells.outline[mine],
            counts={key: replace(count, values=count.values[mine]) for key, count in cells.counts.items()},
        ),
        features=replace(surface.features, values=surface.features.values[mine]),
        totals=None if totals is None else replace(totals, workers=totals.workers[districts]),
        observed=tuple(replace(seen, heads=seen.heads[mine]) for seen in surface.observed),
        groups=tuple(
            replace(
                group,
                learned=None,
                even=tuple(int(number[district]) for district in group.even if number[district] >= 0),
            )
            for group in surface.groups
        ),
        heads=surface.heads[mine],
        draws=None if surface.draws is None else surface.draws[:, mine],
    )


def _sites(sites: Sites, kept: BoolArray, number: IntArray) -> Sites:
    place = np.cumsum(kept) - 1
    columns: dict[str, Any] = {
        item.name: _picked(values, kept) if isinstance(values := getattr(sites, item.name), tuple) else values[kept]
        for item in fields(sites)
    }
    district = number[sites.district[kept]]
    # Stations across the border belong to another part and cannot be closed here.
    closable = sites.closable[kept] & (district >= 0)
    return Sites(**{**columns, "place": place[sites.place[kept]], "district": district, "closable": closable})


def _picked(values: tuple[str, ...], kept: BoolArray) -> tuple[str, ...]:
    return tuple(value for value, stays in zip(values, kept, strict=True) if stays)
