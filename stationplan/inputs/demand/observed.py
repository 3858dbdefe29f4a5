"""Tables of observed counts: workers at a place, of a group and in a time slot if the row states them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from stationplan.domain import FloatArray, Quality
from stationplan.errors import FaultList, say
from stationplan.inputs.datums.decisions import declared_datum
from stationplan.inputs.sites.rows import TableRules, usable_rows
from stationplan.inputs.tables.columns import normalise
from stationplan.inputs.tables.points import coordinates
from stationplan.inputs.tables.source import Located, quality_of, read_fields
from stationplan.inputs.tables.table import Table, Wanted
from stationplan.inputs.tables.values import numbers
from stationplan.scenario import GroupInput, SlotInput, TableSource


@dataclass(frozen=True, eq=False)
class ObservedTable:
    """Counts at longitudes and latitudes of ``datum`` (degrees); ids of group and slot, empty where not stated.

    A table without a column of counts lists sightings: their counts are NaN.
    """

    lon: FloatArray
    lat: FloatArray
    count: FloatArray
    group: tuple[str, ...]
    slot: tuple[str, ...]
    row: tuple[int | None, ...]
    datum: str
    quality: Quality


def read_observed(
    located: Located, rules: TableRules, groups: Mapping[str, GroupInput], slots: Mapping[str, SlotInput]
) -> ObservedTable:
    """Return the counts of a table, and the faults of its other rows.

    Raises
    ------
    InputError
        The table cannot be used, or has unusable rows that may not be excluded; all faults together.
    """
    given = cast("TableSource", located.source)
    wanted = Wanted(
        ("name", "lon", "lat", "lonlat", "latlon", "count", "group", "slot"),
        ("lon", "lat"),
        rules.names,
        given.columns,
        geometry="points",
    )
    table, columns, faults = read_fields(located, wanted, rules.limits, role="demand.observed")
    faults.raise_any("refused")
    lon, lat = coordinates(table, columns, faults, crs=given.crs, inside=True, named="lon" in given.columns)
    count = np.full(len(table.rows), np.nan)
    if "count" in columns:
        count = numbers(table, columns["count"], faults, unit="people", low=0)
    group = _known(table, columns.get("group"), {key: item.name.zh for key, item in groups.items()}, faults)
    slot = _known(table, columns.get("slot"), {key: item.name.zh for key, item in slots.items()}, faults)
    kept = np.flatnonzero(usable_rows(table, faults, refuse=given.bad_rows == "refuse" and not rules.lenient)).tolist()
    return ObservedTable(
        lon[kept],
        lat[kept],
        count[kept],
        tuple(group[i] for i in kept),
        tuple(slot[i] for i in kept),
        tuple(table.row_number[i] for i in kept),
        declared_datum(given, given.crs or table.crs),
        quality_of("demand.observed", table, len(kept), faults, columns=columns, given=given.columns),
    )


def _known(table: Table, column: int | None, names: Mapping[str, str], faults: FaultList) -> list[str]:
    """Return the ids for the words of a column; a row with an unknown word is excluded."""
    if column is None:
        return [""] * len(table.rows)
    ids = {normalise(word): key for key, name in names.items() for word in (key, name)}
    words = table.column(column)
    for word, row in zip(words, table.row_number, strict=True):
        if word and normalise(word) not in ids:
            faults.add(
                say("{column} is {found}, which is not recognised.", column=table.header[column], found=repr(word)),
                say("Use one of {known}.", known=", ".join(names.values())),
                row=row,
                code="unknown_word",
                action="set_aside",
            )
    return [ids.get(normalise(word), "") for word in words]
