"""The table of cells: where people live and work."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from stationplan.domain import FloatArray, ObjectArray, Quality
from stationplan.errors import FaultList, Message, say
from stationplan.inputs.datums.decisions import declared_datum
from stationplan.inputs.demand.layers import note_flat_polygons, polygons_in
from stationplan.inputs.demand.overlaps import note_overlaps
from stationplan.inputs.sites.rows import TableRules, row_ids, usable_rows
from stationplan.inputs.tables.columns import FIELD_NAMES, normalise
from stationplan.inputs.tables.points import coordinates
from stationplan.inputs.tables.quantities import FAMILIES
from stationplan.inputs.tables.source import Located, note_look_alikes, quality_of, read_fields
from stationplan.inputs.tables.table import Table, Wanted
from stationplan.inputs.tables.values import numbers
from stationplan.scenario import DemandInput


@dataclass(frozen=True, eq=False)
class CellTable:
    """Cells as read: their counts by column name, at longitudes and latitudes of ``datum`` (degrees).

    ``outline``: their polygons in the same degrees, ``None`` where the table has centres only.
    """

    cell_id: tuple[str, ...]
    lon: FloatArray
    lat: FloatArray
    outline: ObjectArray | None
    row: tuple[int | None, ...]
    counts: Mapping[str, FloatArray]
    observed: Mapping[str, FloatArray]
    datum: str
    quality: Quality
    notes: tuple[Message, ...] = ()


def read_cells(
    located: Located, counts: Collection[str], rules: TableRules, *, observed: Collection[str] = ()
) -> CellTable:
    """Return the cells of a demand table with the requested counts: recognised fields, or columns by their own name.

    Empty counts become ``empty_count`` where the source states one, with a note of how many. ``observed`` are columns
    of observed workers, in which an empty cell becomes NaN, for not counted. A polygon is located at its centroid.

    Raises
    ------
    InputError
        The table cannot be used, or has unusable rows that may not be excluded; all faults together.
    """
    given = cast("DemandInput", located.source)
    known = [name for name in counts if name in FIELD_NAMES]
    required = ("lon", "lat", *known) if rules.complete else ("lon", "lat")
    wanted = Wanted(("id", "lon", "lat", "lonlat", "latlon", *known), required, rules.names, given.columns)
    table, columns, faults = read_fields(located, wanted, rules.limits, role="demand")
    own = [name for name in (*counts, *observed) if name not in known]
    columns |= _own_columns(table, list(dict.fromkeys(own)), faults)
    faults.raise_any("refused")
    ids = row_ids(table, columns, "cell", faults)
    lon, lat = coordinates(table, columns, faults, crs=given.crs, inside=False, named="lon" in given.columns)
    note_flat_polygons(table, faults)
    values_of = {
        name: numbers(
            table,
            columns[name],
            faults,
            unit=FAMILIES.get(name, "any"),
            low=0,
            empty=given.empty_count,
            may_fill="[demand] empty_count",
        )
        for name in counts
        if name in columns
    }
    seen = {
        name: numbers(table, columns[name], faults, unit="people", low=0, empty=np.nan)
        for name in observed
        if name in columns
    }
    good = usable_rows(table, faults, refuse=given.bad_rows == "refuse" and not rules.lenient)
    kept = np.flatnonzero(good).tolist()
    notes = []
    for name in values_of:
        texts = table.column(columns[name])
        blank = sum(not texts[i] for i in kept)
        if blank and given.empty_count is not None:
            notes.append(
                say(
                    "{count} empty values of {column} were read as {value}.",
                    count=blank,
                    column=name,
                    value=given.empty_count,
                )
            )
    outline = polygons_in(table, kept)
    rows = tuple(table.row_number[i] for i in kept)
    kept_ids = tuple(ids[i] for i in kept)
    read = {name: values[kept] for name, values in values_of.items()}
    notes += note_overlaps(outline, lon[kept], lat[kept], ids=kept_ids, rows=rows, counts=read, faults=faults)
    note_look_alikes(table, columns, wanted, faults)
    quality = quality_of("demand", table, len(kept), faults, columns=columns, given={*given.columns, *own})
    return CellTable(
        kept_ids,
        lon[kept],
        lat[kept],
        outline,
        rows,
        read,
        {name: values[kept] for name, values in seen.items()},
        declared_datum(given, given.crs or table.crs),
        quality,
        tuple(notes),
    )


def _own_columns(table: Table, names: Collection[str], faults: FaultList) -> dict[str, int]:
    """Return the columns of counts that are not known fields, found by their own name."""
    by_name: dict[str, list[int]] = {}
    for i, header in enumerate(table.header):
        by_name.setdefault(normalise(header), []).append(i)
    columns = ", ".join(table.header)
    found = {}
    for name in names:
        matches = by_name.get(normalise(name), [])
        if not matches:
            faults.add(
                say("There is no column {column}; the table has: {columns}.", column=name, columns=columns),
                say("Correct the name: `workers` and `observed` of the groups, `features` of [demand.learning]."),
                row=table.header_row,
                code="missing_column",
            )
        elif len(matches) > 1:
            several = ", ".join(table.header[i] for i in matches)
            faults.add(
                say("Several columns could be {field}: {columns}.", field=name, columns=several),
                say("Rename one of them."),
                row=table.header_row,
                code="ambiguous_column",
            )
        else:
            found[name] = matches[0]
    return found
