"""A table as text, whatever file or database it came from, and its columns as fields, numbers and coordinates."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stationplan.domain import FloatArray, ObjectArray
from stationplan.errors import Fault, FaultList, say
from stationplan.inputs.columns import FIELD_NAMES, normalise

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$", re.ASCII)


@dataclass(frozen=True)
class Table:
    """A table as text: ``header``, ``rows`` of equal width, and each row's own number in the file (header = 1).

    Things without a header row, such as features of a GeoJSON file or rows of a query, are numbered from 2 in their
    order. ``shapes`` holds a shapely geometry (or ``None``) a row where the source has geometry, in ``crs``
    (``None``: undeclared). ``faults`` tells rows that could not be read, ``set_aside`` counts them; they are not in
    ``rows``.
    """

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    row_number: tuple[int, ...]
    sheet: str | None = None
    header_row: int = 1
    shapes: ObjectArray | None = None
    crs: str | None = None
    faults: tuple[Fault, ...] = ()
    set_aside: int = 0

    def column(self, index: int) -> list[str]:
        """The stripped text of one column."""
        return [row[index].strip() for row in self.rows]

    def with_faults(self, faults: Sequence[Fault]) -> Table:
        """Return the table with other faults."""
        return replace(self, faults=tuple(faults))


def header_faults(table: Table) -> list[Fault]:
    """Return what is wrong with a table as a whole: no header, no rows, a column that stands twice."""
    faults = FaultList(table.file, sheet=table.sheet)
    if not table.header:
        faults.add(say("The table is empty."), say("Give a header and at least one row."), code="empty")
    elif not table.rows and not table.set_aside:
        faults.add(say("The table has a header but no rows."), say("Give at least one row."), code="empty")
    for name in sorted({name for name in table.header if name and table.header.count(name) > 1}):
        faults.add(
            say("The column {column} stands twice in the header.", column=name),
            say("Rename one of them."),
            row=table.header_row,
            code="repeated_column",
        )
    return faults.faults


def find_columns(
    table: Table,
    fields: Sequence[str],
    *,
    required: Sequence[str],
    given: Mapping[str, str],
    faults: FaultList,
) -> dict[str, int]:
    """Return the column index of each field that the table has.

    ``given`` maps a field to a header and goes before the recognised names. Notes a fault for a required field
    without a column, for a field with several columns, and for a given header that is not there.
    """
    by_name: dict[str, list[int]] = {}
    for index, name in enumerate(table.header):
        by_name.setdefault(normalise(name), []).append(index)
    found: dict[str, int] = {}
    columns = ", ".join(table.header)
    for field in given:
        if field not in fields:
            faults.add(
                say("Unknown field {field} in `columns`.", field=field),
                say("Fields of this table: {fields}.", fields=", ".join(fields)),
            )
    for field in fields:
        if field in given:
            matches = by_name.get(normalise(given[field]), [])
            if not matches:
                faults.add(
                    say("There is no column {column}; the table has: {columns}.", column=given[field], columns=columns),
                    say("Correct the name under `columns`."),
                    row=1,
                )
        else:
            matches = sorted({i for name in FIELD_NAMES[field] for i in by_name.get(normalise(name), [])})
            if not matches and field in required:
                faults.add(
                    say("No column for {field}; the table has: {columns}.", field=field, columns=columns),
                    say(
                        'Name it one of {names}, or say `columns = {{ {field} = "..." }}` in the scenario.',
                        names=", ".join(FIELD_NAMES[field][:6]),
                        field=field,
                    ),
                    row=1,
                )
        if len(matches) > 1:
            faults.add(
                say(
                    "Several columns may be {field}: {columns}.",
                    field=field,
                    columns=", ".join(table.header[i] for i in matches),
                ),
                say('Choose one with `columns = {{ {field} = "..." }}` in the scenario.', field=field),
                row=1,
            )
        elif matches:
            found[field] = matches[0]
    return found


def numbers(
    table: Table,
    index: int,
    faults: FaultList,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    empty: float | None = None,
    may_fill: str | None = None,
) -> FloatArray:
    """Return a column as finite floats in ``[low, high]``; an empty cell becomes ``empty`` where that is given.

    ``may_fill`` names the scenario key that would say what an empty cell stands for. Notes a fault for each
    cell that is not such a number and puts NaN in its place.
    """
    values = np.full(len(table.rows), np.nan)
    name = table.header[index]
    for i, text in enumerate(table.column(index)):
        if not text and empty is not None:
            values[i] = empty
            continue
        if not text and may_fill is not None:
            faults.add(
                say("{column} is empty.", column=name),
                say("Fill it in, or say what an empty cell stands for with `{key}`.", key=may_fill),
                row=table.row_number[i],
            )
            continue
        value = float(text) if _NUMBER.match(text) else math.nan
        if not math.isfinite(value):
            faults.add(
                say("{column} is {found}, not a finite number.", column=name, found=repr(text)),
                say("Give a number in every row."),
                row=table.row_number[i],
            )
        elif not low <= value <= high:
            what = say("{column} is {found}, outside {low} to {high}.", column=name, found=text, low=low, high=high)
            if high == math.inf:
                what = say("{column} is {found}, less than {low}.", column=name, found=text, low=low)
            faults.add(what, say("Correct the value."), row=table.row_number[i])
        else:
            values[i] = value
    return values


def coordinates(table: Table, columns: Mapping[str, int], faults: FaultList) -> tuple[FloatArray, FloatArray]:
    """Return longitudes and latitudes in degrees, noting a fault for every cell that cannot be one."""
    empty = np.full(len(table.rows), np.nan)
    if {"lon", "lat"} <= columns.keys() and _look_swapped(table, columns):
        faults.add(
            say("{lon} and {lat} look swapped.", lon=table.header[columns["lon"]], lat=table.header[columns["lat"]]),
            say("Rename the two columns, or name them under `columns`."),
            row=1,
        )
        return empty, empty
    lon = numbers(table, columns["lon"], faults, low=-180, high=180) if "lon" in columns else empty
    lat = numbers(table, columns["lat"], faults, low=-90, high=90) if "lat" in columns else empty
    return lon, lat


def _look_swapped(table: Table, columns: Mapping[str, int]) -> bool:
    """Return whether every latitude could only be a longitude, and every longitude could be a latitude."""
    unchecked = FaultList(table.file)
    lon, lat = (numbers(table, columns[field], unchecked) for field in ("lon", "lat"))
    with np.errstate(invalid="ignore"):
        return bool(((np.abs(lat) > 90) & (np.abs(lat) <= 180) & (np.abs(lon) <= 90)).all())


def unique_ids(table: Table, index: int, faults: FaultList) -> list[str]:
    """Return a column of ids, noting a fault for an empty or repeated one."""
    first: dict[str, int] = {}
    ids = table.column(index)
    for text, row in zip(ids, table.row_number, strict=True):
        if not text:
            faults.add(say("The id is empty."), say("Give every row an id of its own."), row=row)
        elif text in first:
            faults.add(
                say("The id {id} stands in row {first} already.", id=text, first=first[text]),
                say("Give every row an id of its own."),
                row=row,
            )
        else:
            first[text] = row
    return ids
