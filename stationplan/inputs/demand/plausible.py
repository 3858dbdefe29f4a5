"""Doubts about counts of people and workers that no place has, such as after a unit was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely

from stationplan.domain import Cells, Count, FloatArray, IntArray, StudyArea
from stationplan.errors import Fault, FaultList, Message, say
from stationplan.scenario import ScenarioFile

IMPLAUSIBLE = "implausible"
"""Code of the finding that counts exceed what is plausible."""

_PEOPLE = frozenset({"people", "persons", "inhabitants", "residents", "人"})
_KM2 = 1e6
_SMALLEST_KM2 = 1e-9
"""A square millimetre; smaller cells count as this size."""
_ROUNDING = 1e-9
_SHOWN = 5
"""Districts that a message names."""


def people_doubts(cells: Cells, area: StudyArea, file: ScenarioFile, name: str) -> tuple[Fault, ...]:
    """Return a finding for each implausible count of people: too dense, too few in a district, or all of them workers.

    ``cells`` have all their counts; those whose unit is people are examined. ``name`` is the file of the cells.
    """
    faults = FaultList(name or None)
    for key, values in _people(cells.counts).items():
        _note_dense(key, values, cells, file.demand.plausible.people_per_km2, faults)
        _note_few(key, values, cells, area, file.demand.plausible.district_people, faults)
        if file.demand.totals is None:  # with totals, rates are weights
            _note_rates(key, file, faults)
    return tuple(faults.faults)


def _note_dense(key: str, values: FloatArray, cells: Cells, limit: float, faults: FaultList) -> None:
    km2 = np.asarray(shapely.area(cells.outline), dtype=np.float64) / _KM2
    dense = np.flatnonzero(values > limit * km2)
    if len(dense) == 0:
        return
    most = dense[np.argmax(values[dense] / np.maximum(km2[dense], _SMALLEST_KM2))]
    faults.add(
        say(
            "{name}: {count} cells have more than {limit} people per km2; the cell {id} has {people} people on {km2} "
            "km2.",
            name=key,
            count=len(dense),
            limit=f"{limit:,.0f}",
            id=cells.cell_id[most],
            people=f"{values[most]:,.0f}",
            km2=f"{km2[most]:.4g}",
        ),
        say("Check the unit of the count and the size of the cells."),
        code=IMPLAUSIBLE,
        action="kept",
    )


def _note_few(key: str, values: FloatArray, cells: Cells, area: StudyArea, limit: float, faults: FaultList) -> None:
    rows = len(area.districts)
    total = np.bincount(cells.district, values, minlength=rows)
    has_cells = np.bincount(cells.district, minlength=rows) > 0
    few = np.flatnonzero(has_cells & (total < limit))
    if len(few) == 0:
        return
    faults.add(
        say(
            "{name}: fewer than {limit} people in each of {count} districts: {districts}.",
            name=key,
            limit=f"{limit:,.0f}",
            count=len(few),
            districts=_listed([str(area.districts["name"].iloc[d]) for d in few.tolist()]),
        ),
        say("Check the unit of the count (such as 万人), and whether the cells cover these districts."),
        code=IMPLAUSIBLE,
        action="kept",
    )


def _note_rates(key: str, file: ScenarioFile, faults: FaultList) -> None:
    rate = sum(group.workers.get(key, 0.0) for group in file.groups.values())
    if rate < file.demand.plausible.workers_per_person:
        return
    faults.add(
        say(
            "The rates of all groups make {rate} outdoor workers of each person counted in {name}.",
            rate=f"{rate:.4g}",
            name=key,
        ),
        say("Enter rates as shares: 2 percent is 0.02."),
        code=IMPLAUSIBLE,
        action="kept",
    )


def worker_doubts(
    counts: Mapping[str, Count], heads: FloatArray, district: IntArray, names: Sequence[str], limit: float
) -> tuple[Message, ...]:
    """Return a note on the districts that have more outdoor workers than people; none where no count is of people.

    ``heads[cell, group]`` are the workers, ``district[cell]`` are indices into ``names``, and ``limit`` is the number
    of workers per person that is doubted. Of several counts of people, the largest is taken.
    """
    people = _people(counts)
    if not people:
        return ()
    rows = len(names)
    workers = np.bincount(district, heads.sum(axis=1), minlength=rows)
    residents = np.max([np.bincount(district, values, minlength=rows) for values in people.values()], axis=0)
    above = np.flatnonzero((workers > limit * residents * (1 + _ROUNDING)) & (workers > 0))
    if len(above) == 0:
        return ()
    return (
        say(
            "Implausible: {workers} outdoor workers among {people} people in {count} districts: {districts}. Check "
            "units, rates and totals.",
            workers=f"{workers[above].sum():,.0f}",
            people=f"{residents[above].sum():,.0f}",
            count=len(above),
            districts=_listed([names[d] for d in above.tolist()]),
        ),
    )


def _people(counts: Mapping[str, Count]) -> dict[str, FloatArray]:
    """Return the counts of people by name, missing ones as 0."""
    return {
        name: np.nan_to_num(count.values) for name, count in counts.items() if count.unit.strip().lower() in _PEOPLE
    }


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
