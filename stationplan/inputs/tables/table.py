"""A table as text from any file or database, and its columns as fields and numbers."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from stationplan.domain import ObjectArray
from stationplan.errors import Fault, FaultList, InputError, located_row, say
from stationplan.inputs.tables.cleaning import clean, clean_rows
from stationplan.inputs.tables.columns import FIELD_NAMES, normalise
from stationplan.inputs.tables.merges import Row, Unmerged
from stationplan.inputs.tables.quantities import (
    FAMILIES,
    as_number,
    header_unit,
)

_FOOTER = re.compile(
    r"((本页|本区|本市|全区|全市|全县|全省)?(合\s*计|总\s*计|小\s*计|共\s*计|累\s*计)\s*([:：（(\d].*)?"
    r"|(填表人|制表人|填报人|审核人|填表日期|备注|注)\s*([:：].*)?|\S{1,12}(合计|小计|总计))$"
)
_FOOTER_WORDS = 3

_COUNTED = (
    r"[（(【\[]?\s*(共|计|合计)?\s*[\d一二三四五六七八九十百]+\s*(个|座|处|家|所|站|项|条)[^\s]{0,6}?\s*[)）】\]]?"
)
_HEADING = re.compile(
    r"([（(]?[一二三四五六七八九十百]{1,4}[)）]?\s*[、.．:：]?|第[一二三四五六七八九十百\d]{1,4}[部片组批章类节分]+[、.．:：\s]*)"
    rf"(?<![一二三四五六七八九十百])\s*[^\d]+({_COUNTED})?|[^\d,，]{{1,30}}[:：]?\s*({_COUNTED})"
)
"""Numbered headings of sections, and names followed by a count."""

_DATUM = re.compile(r"gcj|bd-?_?09|百度|高德|火星", re.IGNORECASE)
"""Datums in headers: beside coordinates without such a label, those with one are the same places once more."""

_HEADER_SEARCHED = 30
"""Number of rows at the top in which the header is searched, below titles and remarks of office tables."""


@dataclass(frozen=True)
class Table:
    """A table as text: ``header``, ``rows`` of equal width, and each row's number in the file (header = 1).

    Records without a header row, such as features of a GeoJSON file or rows of a query, are numbered from 2 in their
    order. ``shapes`` holds one shapely geometry (or ``None``) per row where the source has geometry, in ``crs``
    (``None``: undeclared). ``faults`` reports rows that could not be read, and ``set_aside`` is their number; they are
    not in ``rows``. ``sha256`` is the hash of the whole content, for sources without a file.
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
    sha256: str = ""

    def column(self, index: int) -> list[str]:
        """The stripped text of one column."""
        return [row[index].strip() for row in self.rows]

    def row_name(self, index: int) -> int | str:
        """The number of a row as it is shown; with the sheet before it in a table of several sheets."""
        sheet, row = located_row(self.row_number[index], self.sheet)
        return self.row_number[index] if row == self.row_number[index] else f"{sheet}/{row}"


PAIRS = ("lonlat", "latlon")
"""Fields of both coordinates in one column: longitude first, and latitude first."""


@dataclass(frozen=True)
class Wanted:
    """What a reader looks for: fields, required fields, their names, headers named by the user, the kind of shapes.

    Fields in ``several`` may have more than one column.
    """

    fields: tuple[str, ...]
    required: tuple[str, ...] = ()
    names: Mapping[str, Sequence[str]] = field(default_factory=lambda: FIELD_NAMES)
    given: Mapping[str, str] = field(default_factory=dict)
    several: tuple[str, ...] = ()
    geometry: Literal["points", "lines", "polygons"] | None = None

    def matches(self, header: Sequence[str], name: str) -> list[int]:
        """Return the columns of a header that may be a field."""
        names = [self.given[name]] if name in self.given else self.names[name]
        known = {normalise(clean(text)) for text in names}
        found = [i for i, text in enumerate(header) if text and normalise(text) in known]
        if not found and name in FAMILIES and name not in self.given:
            found = [i for i, text in enumerate(header) if text and normalise(header_unit(text)[0]) in known]
        if len(found) > 1 and name in {"lon", "lat"} and name not in self.given:
            plain = [i for i in found if not _DATUM.search(header[i])]
            found = plain if len(plain) == 1 else found
        taken = {normalise(clean(text)) for field, text in self.given.items() if field != name}
        return [i for i in found if normalise(header[i]) not in taken] if taken and name not in self.given else found

    def recognised(self, header: Sequence[str]) -> int:
        """Return the number of fields recognised in a header."""
        return sum(bool(self.matches(header, name)) for name in self.fields)


def table_from_rows(
    file: str,
    rows: Sequence[Row],
    wanted: Wanted,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    merged: Unmerged | None = None,
) -> Table:
    """Return rows of a file as a :class:`Table`, cleaned, with the header found below any titles and remarks.

    The header is ``header_row`` if given, otherwise the row at the top that names the most wanted fields; two rows
    together, if a merged title spans columns that are named below it. Rows of a different width from the header are
    excluded and reported in ``table.faults``; empty cells beyond its end are ignored. Totals, remarks and headings of
    sections are reported and are no records. ``merged`` is what is known of the merged cells of a sheet.

    Raises
    ------
    InputError
        There is no header or no row below it, or a column name occurs twice; all faults together.
    """
    faults = FaultList(file, sheet=sheet)
    merged = merged or Unmerged(rows)
    written = [cells for _, cells in rows]
    tidy = clean_rows(written)
    if tidy is not written:
        rows = [(number, cells) for (number, _), cells in zip(rows, tidy, strict=True)]
    header, first = _header(rows, wanted, header_row, merged, faults)
    width = len(header)
    at = rows[first - 1][0] if header else 1
    kept: list[tuple[str, ...]] = []
    numbers: list[int] = []
    footers = 0
    for number, cells in rows[first:]:
        if len(cells) > width and not any(map(str.strip, cells[width:])):
            cells = cells[:width]  # noqa: PLW2901 - trailing separators carry no data
        first_text = cells[0].strip() if cells else ""
        if not first_text:
            first_text = next((cell for cell in map(str.strip, cells) if cell), "")
        is_footer = _FOOTER.match(first_text) is not None and _is_footer(cells)
        if is_footer or number in merged.banners or _is_heading(first_text, cells):
            footers += 1
            what = say("The row is a total or a remark and is not counted as a record.")
            if not is_footer:
                what = say("The row is a heading of a section and is not counted as a record.")
            faults.add(
                what,
                say("Remove it if other programs also read the list."),
                row=number,
                code="no_record",
                action="kept",
            )
            continue
        if len(cells) != width:
            faults.add(
                say("The row has {found} fields; the header has {expected}.", found=len(cells), expected=width),
                say("Check separators and quotes in the row."),
                row=number,
                code="row_width",
                action="set_aside",
            )
            continue
        kept.append(cells)
        numbers.append(number)
    set_aside = len(rows) - first - footers - len(kept)
    if not header:
        faults.add(say("The table is empty."), say("Provide a header and at least one row."), code="empty")
    elif not kept and not set_aside:
        faults.add(say("The table has a header but no rows."), say("Provide at least one row."), code="empty")
    for name in sorted({name for name in header if name and header.count(name) > 1}):
        faults.add(
            say("The column {column} appears twice in the header.", column=name),
            say("Rename one of them."),
            row=at,
            code="repeated_column",
        )
    faults.raise_any("refused")
    if tidy is not written:
        _note_cleaned(header, written[first:], tidy[first:], faults)
    return Table(
        file,
        header,
        tuple(kept),
        tuple(numbers),
        sheet=sheet,
        header_row=at,
        faults=tuple(faults.faults),
        set_aside=set_aside,
    )


def cleaned(table: Table) -> Table:
    """Return a table of features or of a database with its header and cells cleaned, and what was cleaned reported."""
    faults = FaultList(table.file, sheet=table.sheet)
    header, rows = tuple(clean(name).strip() for name in table.header), tuple(clean_rows(table.rows))
    _note_cleaned(header, table.rows, rows, faults)
    return replace(table, header=header, rows=rows, faults=(*table.faults, *faults.faults))


def _note_cleaned(
    header: Sequence[str],
    before: Sequence[tuple[str, ...]],
    after: Sequence[tuple[str, ...]],
    faults: FaultList,
) -> None:
    """Record once per column in how many cells more than blanks at the ends was removed."""
    counts: Counter[int] = Counter()
    for old, new in zip(before, after, strict=True):
        if old is not new:
            counts.update(i for i, text in enumerate(old[: len(header)]) if text.strip() != new[i].strip())
    for i, count in sorted(counts.items()):
        note_cleaned(header[i], count, faults)


def note_cleaned(column: str, count: int, faults: FaultList) -> None:
    """Record that ``count`` cells of a column were cleaned."""
    faults.add(
        say(
            "{column}: {count} values contained invisible characters or marks and were cleaned.",
            column=column,
            count=count,
        ),
        say("Remove them if other programs also read the list."),
        code="cleaned",
        action="repaired",
    )


def _is_footer(cells: Sequence[str]) -> bool:
    """Return whether a row that starts with a word for totals or for the author of the list contains little else."""
    filled = [cell for cell in map(str.strip, cells) if cell]
    return sum(math.isnan(as_number(cell)) for cell in filled) <= _FOOTER_WORDS


def _is_heading(first: str, cells: Sequence[str]) -> bool:
    """Return whether a row has only a numbered heading, or one with a count, such as 一、城东区（2个）."""
    if len(cells) < 2 or any(cell and cell != first and cell.strip() not in ("", first) for cell in cells):
        return False  # nearly every row
    return _HEADING.fullmatch(first) is not None


def _header(
    rows: Sequence[Row], wanted: Wanted, header_row: int | None, merged: Unmerged, faults: FaultList
) -> tuple[tuple[str, ...], int]:
    """Return the header and the position of the first row below it.

    Rows that merged cells join are one header. A name that a merge repeats names its first column only.
    """
    names, first = _header_rows(rows, wanted, header_row, merged, faults)
    if not merged.filled or not names:
        return names, first
    last = rows[first - 1][0]
    for top, bottom in merged.bands.items():
        if top <= last <= bottom:
            band = [cells for number, cells in rows if top <= number <= bottom and number not in merged.banners]
            for cells in band[1:] if len(band) > 1 else ():
                names = _two_rows(band[0], cells, wanted)
            first = max(first, sum(number <= bottom for number, _ in rows))
            last = max(last, bottom)
            break
    width = max(len(names), max((column + 1 for number, column in merged.filled if number == last), default=0))
    names = (*names, *[""] * (width - len(names)))
    repeated = {column for number, column in merged.filled if number <= last}
    return tuple(
        "" if column in repeated and name in names[:column] else name for column, name in enumerate(names)
    ), first


def _two_rows(above: Sequence[str], below: Sequence[str], wanted: Wanted) -> tuple[str, ...]:
    """Return the names of columns with a header of two rows: the lower, with the upper before it if not recognised."""
    names = []
    for high, low in itertools.zip_longest(map(str.strip, above), map(str.strip, below), fillvalue=""):
        alone = not high or not low or high == low or wanted.recognised([low]) > 0
        names.append((low or high) if alone else high + low)
    return tuple(names)


def _header_rows(
    rows: Sequence[Row], wanted: Wanted, header_row: int | None, merged: Unmerged, faults: FaultList
) -> tuple[tuple[str, ...], int]:
    """Return the row of the header, or two that complete each other, and the position of the first row below."""
    names = [tuple(cell.strip() for cell in cells) for _, cells in rows[:_HEADER_SEARCHED]]
    if header_row is not None:
        for position, (number, cells) in enumerate(rows):
            if number == header_row:
                return tuple(cell.strip() for cell in cells), position + 1
        faults.add(
            say("The header is expected in row {row}, which is empty or missing.", row=header_row),
            say("Correct `header_row`."),
            row=header_row,
            code="no_header",
        )
        raise InputError(faults.faults)
    if not names:
        return (), 0
    titles = [number in merged.banners for number, _ in rows[:_HEADER_SEARCHED]]
    scores = [0 if title else wanted.recognised(cells) for cells, title in zip(names, titles, strict=True)]
    best = max(range(len(names)), key=lambda i: scores[i])
    for upper, (above, below) in enumerate(itertools.pairwise(names)):
        both = tuple(low or high for high, low in zip(above, below, strict=False)) if len(above) == len(below) else ()
        if wanted.recognised(both) > max(scores) and scores[upper] > 0 and scores[upper + 1] > 1:
            return both, upper + 2
    if scores[best] == 0:  # nothing recognised: the first row with more than a single title
        best = next((i for i, cells in enumerate(names) if sum(map(bool, cells)) > 1), 0)
    return names[best], best + 1


def find_columns(table: Table, wanted: Wanted, faults: FaultList, *, unless: Sequence[str] = ()) -> dict[str, int]:
    """Return the column index of each field that the table has; fields in ``unless`` are not required.

    Records a fault for a required field without a column, for a field with several columns, and for a given header that
    does not exist.
    """
    found: dict[str, int] = {}
    columns = ", ".join(name for name in table.header if name)
    for name in wanted.given:
        if name not in wanted.fields:
            faults.add(
                say("Unknown field {field} in `columns`.", field=name),
                say("Fields of this table: {fields}.", fields=", ".join(wanted.fields)),
                code="unknown_field",
            )
    for name in wanted.fields:
        matches = wanted.matches(table.header, name)
        if not matches and name in wanted.given:
            faults.add(
                say(
                    "There is no column {column}; the table has: {columns}.", column=wanted.given[name], columns=columns
                ),
                say("Correct the column name under `columns`."),
                row=table.header_row,
                code="missing_column",
            )
        elif not matches and name in wanted.required and name not in unless:
            faults.add(
                say("No column for {field}; the table has: {columns}.", field=name, columns=columns),
                say(
                    'Rename it to one of {names}, or set `columns = {{ {field} = "..." }}` in the scenario (with '
                    "check: --column).",
                    names=", ".join(_examples(wanted.names[name])),
                    field=name,
                ),
                row=table.header_row,
                code="missing_column",
            )
        elif len(matches) > 1 and name not in wanted.several:
            faults.add(
                say(
                    "Several columns could be {field}: {columns}.",
                    field=name,
                    columns=", ".join(table.header[i] for i in matches),
                ),
                say(
                    'Select one with `columns = {{ {field} = "..." }}` in the scenario (with check: --column).',
                    field=name,
                ),
                row=table.header_row,
                code="ambiguous_column",
            )
        elif matches:
            found[name] = matches[0]
    return found


def _examples(names: Sequence[str]) -> list[str]:
    """Return a few names of a field, English and Chinese."""
    return [*[name for name in names if name.isascii()][:3], *[name for name in names if not name.isascii()][:3]]
