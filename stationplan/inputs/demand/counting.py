"""Observed workers of cells: counts at places and in columns, by slot or day, converted to workers of a group's day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from stationplan.domain import FloatArray, IntArray, Observed
from stationplan.errors import FaultList, Message, say
from stationplan.inputs.demand.observed import ObservedTable
from stationplan.scenario import GroupInput


def observed_workers(
    table: ObservedTable, groups: Mapping[str, GroupInput], cell: IntArray, *, x: FloatArray, y: FloatArray, cells: int
) -> tuple[list[Observed], list[Message]]:
    """Return the observations of each group in a table, and notes.

    ``cell``, ``x`` and ``y`` (m) are the cell and the coordinates of its rows; -1 is outside every cell. Counts at one
    place in one slot are averaged. A count in a slot represents the share of the group's day in that slot, by its
    profile: workers of a place = sum of counts / sum of the slots' shares. The workers of all places in a cell are
    added.

    Raises
    ------
    InputError
        A row names no group where there are several, or a slot in which its group does not work; or no row of a group
        is in a cell.
    """
    faults = FaultList(table.quality.file, sheet=table.quality.sheet)
    only = next(iter(groups)) if len(groups) == 1 else ""
    group = [name or only for name in table.group]
    for i, name in enumerate(group):
        if not name:
            faults.add(
                say("The row contains no group."),
                say("Add a group column: {known}.", known=", ".join(groups)),
                row=table.row[i],
                code="no_group",
            )
        elif table.slot[i] and groups[name].profile[table.slot[i]] == 0 and table.count[i] != 0:
            faults.add(
                say("{group} were observed in {slot}, where their profile is 0.", group=name, slot=table.slot[i]),
                say("Set a share of the slot in `profile` of the group."),
                row=table.row[i],
                code="no_work",
            )
    faults.raise_any()
    notes = []
    outside = int((cell < 0).sum())
    if outside:
        notes.append(say("Rows of observed workers outside every cell, not used: {count}.", count=outside))
    found = []
    for name in dict.fromkeys(group):
        rows = np.array([i for i, of in enumerate(group) if of == name and cell[i] >= 0], dtype=np.int64)
        counted = rows[~np.isnan(table.count[rows])]
        seen = rows[np.isnan(table.count[rows])]
        if len(rows) == 0:
            faults.add(
                say("No row of {group} lies in a cell.", group=name),
                say(
                    "Check the datum and the order of the coordinates, and that cells and districts cover the same "
                    "area."
                ),
                code="outside_area",
            )
        heads = _heads(table, counted, groups[name].profile, cell, cells)
        found.append(Observed(name, heads, x[seen], y[seen], table.quality.file))
    faults.raise_any()
    return found, notes


def _heads(
    table: ObservedTable, rows: IntArray, profile: Mapping[str, float], cell: IntArray, cells: int
) -> FloatArray:
    places: dict[tuple[int, float, float], dict[str, list[float]]] = {}
    for i in rows.tolist():
        place = places.setdefault((int(cell[i]), table.lon[i], table.lat[i]), {})
        place.setdefault(table.slot[i], []).append(float(table.count[i]))
    heads = np.full(cells, np.nan)
    for (c, _, _), slots in places.items():
        share = sum(profile[slot] if slot else 1.0 for slot in slots)
        counted = sum(sum(counts) / len(counts) for counts in slots.values())
        heads[c] = np.nan_to_num(heads[c]) + (counted / share if share > 0 else 0.0)
    return heads


def in_columns(
    counts: Mapping[str, FloatArray], groups: Mapping[str, GroupInput], source: str, taken: Sequence[str]
) -> list[Observed]:
    """Return the observed workers in columns of the cells' table; ``counts`` are NaN where workers were not counted.

    Raises
    ------
    InputError
        A group is counted both in a column and in a table of its own.
    """
    faults = FaultList(source)
    found = []
    for key, group in groups.items():
        if group.observed is None:
            continue
        if key in taken:
            faults.add(
                say("{group} are given both in a column and in `[demand.observed]`.", group=key),
                say("Keep only one of the two."),
                key=f"groups.{key}.observed",
            )
        found.append(Observed(key, counts[group.observed], np.empty(0), np.empty(0), source))
    faults.raise_any()
    return found
