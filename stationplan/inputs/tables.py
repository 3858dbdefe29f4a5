"""CSV tables as people send them: encoding and separator told apart, rows numbered as in the file."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stationplan.domain import FloatArray
from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.columns import FIELD_NAMES, normalise

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$", re.ASCII)

MAX_BYTES = 500_000_000
"""A file larger than this is refused before it is read."""


@dataclass(frozen=True)
class Table:
    """A table as text: ``header``, ``rows`` of equal width, and each row's own number in the file (header = 1)."""

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    row_number: tuple[int, ...]

    def column(self, index: int) -> list[str]:
        """The stripped text of one column."""
        return [row[index].strip() for row in self.rows]


def decode(data: bytes, file: str) -> str:
    """Return the text of a file in UTF-8 (with or without BOM) or GB18030.

    UTF-8 is tried first: text of another encoding that happens to be valid UTF-8 does not occur in practice.

    Raises
    ------
    InputError
        The bytes are neither.
    """
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    faults = FaultList(file)
    faults.add(say("The text is neither UTF-8 nor GB18030."), say("Save the file as CSV UTF-8."))
    raise InputError(faults.faults)


def read_text(path: Path) -> str:
    """Return the text of an input file.

    Raises
    ------
    InputError
        The file is too large, or neither UTF-8 nor GB18030, or holds NUL characters.
    """
    faults = FaultList(path.name)
    size = path.stat().st_size
    if size > MAX_BYTES:
        faults.add(
            say("The file has {size} bytes; files are read up to {limit}.", size=size, limit=MAX_BYTES),
            say("Cut it to the study area."),
        )
        faults.raise_any()
    data = path.read_bytes()
    if data.startswith(b"PK\x03\x04"):
        faults.add(say("This is an Excel workbook or another zip file."), say("Save the sheet as CSV UTF-8."))
        faults.raise_any()
    text = decode(data, path.name)
    if "\0" in text:
        faults.add(say("The file holds NUL characters; it is not text."), say("Export it again as CSV or GeoJSON."))
        faults.raise_any()
    return text


def read_table(path: Path) -> Table:
    """Return a CSV file as a :class:`Table`.

    The separator (comma, semicolon or tab) is the one that occurs most in the header. Empty lines are skipped and
    still counted in the row numbers.

    Raises
    ------
    InputError
        The file is too large, empty, not text, has a repeated header, or has rows of another width; all at once.
    """
    faults = FaultList(path.name)
    text = read_text(path)
    first = next((line for line in io.StringIO(text) if line.strip()), "")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    start = 1
    try:
        for fields in reader:
            row_number, start = start, reader.line_num + 1
            if not any(field.strip() for field in fields):
                continue
            if not header:
                header = tuple(field.strip() for field in fields)
                continue
            if len(fields) != len(header):
                faults.add(
                    say("The row has {found} fields, the header {expected}.", found=len(fields), expected=len(header)),
                    say("Check separators and quotes in the row."),
                    row=row_number,
                )
                continue
            rows.append(tuple(fields))
            numbers.append(row_number)
    except csv.Error as error:
        faults.add(
            say("The row is not valid CSV: {error}.", error=error),
            say("Check separators and quotes in the row."),
            row=start,
        )
    if not header:
        faults.add(say("The table is empty."), say("Give a header and at least one row."))
    elif not rows and not faults:
        faults.add(say("The table has a header but no rows."), say("Give at least one row."))
    for name in sorted({name for name in header if name and header.count(name) > 1}):
        faults.add(
            say("The column {column} stands twice in the header.", column=name), say("Rename one of them."), row=1
        )
    faults.raise_any()
    return Table(path.name, header, tuple(rows), tuple(numbers))


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
