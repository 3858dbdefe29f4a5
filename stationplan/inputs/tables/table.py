"""A table as text from any file or database, and its columns as fields and numbers."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from stationplan.domain import FloatArray, ObjectArray
from stationplan.errors import Action, Fault, FaultList, InputError, say
from stationplan.inputs.tables.cleaning import clean, clean_code, clean_rows
from stationplan.inputs.tables.columns import FIELD_NAMES, normalise
from stationplan.inputs.tables.quantities import (
    FAMILIES,
    Amount,
    Family,
    StatedUnit,
    amount_of,
    as_number,
    example_units,
    header_unit,
)

_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

_FOOTER = re.compile(r"(合\s*计|总\s*计|小\s*计|填表人|制表人|填报人|审核人|填表日期|备注|注)\s*([:：].*)?$")
_FOOTER_WORDS = 3

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


PAIRS = ("lonlat", "latlon")
"""Fields of both coordinates in one column: longitude first, and latitude first."""


@dataclass(frozen=True)
class Wanted:
    """What a reader looks for in a table: fields, required fields, their names, and headers named by the user."""

    fields: tuple[str, ...]
    required: tuple[str, ...] = ()
    names: Mapping[str, Sequence[str]] = field(default_factory=lambda: FIELD_NAMES)
    given: Mapping[str, str] = field(default_factory=dict)

    def matches(self, header: Sequence[str], name: str) -> list[int]:
        """Return the columns of a header that may be a field."""
        names = [self.given[name]] if name in self.given else self.names[name]
        known = {normalise(clean(text)) for text in names}
        found = [i for i, text in enumerate(header) if text and normalise(text) in known]
        if not found and name in FAMILIES and name not in self.given:
            found = [i for i, text in enumerate(header) if text and normalise(header_unit(text)[0]) in known]
        taken = {normalise(clean(text)) for field, text in self.given.items() if field != name}
        return [i for i in found if normalise(header[i]) not in taken] if taken and name not in self.given else found

    def recognised(self, header: Sequence[str]) -> int:
        """Return the number of fields recognised in a header."""
        return sum(bool(self.matches(header, name)) for name in self.fields)


Row = tuple[int, tuple[str, ...]]
"""A row of a file: its row number and its cells."""


def table_from_rows(
    file: str, rows: Sequence[Row], wanted: Wanted, *, sheet: str | None = None, header_row: int | None = None
) -> Table:
    """Return rows of a file as a :class:`Table`, cleaned, with the header found below any titles and remarks.

    The header is ``header_row`` if given, otherwise the row at the top that names the most wanted fields; two rows
    together, if a merged title spans columns that are named below it. Rows of a different width from the header are
    excluded and reported in ``table.faults``; empty cells beyond its end are ignored.

    Raises
    ------
    InputError
        There is no header or no row below it, or a column name occurs twice; all faults together.
    """
    faults = FaultList(file, sheet=sheet)
    written = [cells for _, cells in rows]
    tidy = clean_rows(written)
    if tidy is not written:
        rows = [(number, cells) for (number, _), cells in zip(rows, tidy, strict=True)]
    header, first = _header(rows, wanted, header_row, faults)
    width = len(header)
    at = rows[first - 1][0] if header else 1
    kept: list[tuple[str, ...]] = []
    numbers: list[int] = []
    footers = 0
    for number, cells in rows[first:]:
        if len(cells) > width and not any(map(str.strip, cells[width:])):
            cells = cells[:width]  # noqa: PLW2901 - trailing separators carry no data
        if _is_footer(cells):
            footers += 1
            faults.add(
                say("The row is a total or a remark and is not counted as a record."),
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
    """Return whether a row starts with a word for totals or for the author of the list, and contains little else."""
    filled = [cell for cell in map(str.strip, cells) if cell]
    if not filled or _FOOTER.match(filled[0]) is None:  # checked first, as it holds for nearly every row
        return False
    return sum(math.isnan(as_number(cell)) for cell in filled) <= _FOOTER_WORDS


def _header(
    rows: Sequence[Row], wanted: Wanted, header_row: int | None, faults: FaultList
) -> tuple[tuple[str, ...], int]:
    """Return the header and the position of the first row below it."""
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
    scores = [wanted.recognised(cells) for cells in names]
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
        elif len(matches) > 1:
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


def numbers(
    table: Table,
    index: int,
    faults: FaultList,
    *,
    unit: Family | None = None,
    low: float = -math.inf,
    high: float = math.inf,
    empty: float | None = None,
    may_fill: str | None = None,
    needed: bool = True,
) -> FloatArray:
    """Return a column as finite floats in ``[low, high]``; an empty cell becomes ``empty`` where that is given.

    ``unit`` is what the column measures (``None``: plain numbers): units in its header and cells are converted to the
    base unit, and others are errors. ``may_fill`` names the scenario key that defines the value of an empty cell. For
    each cell without such a number, the value is NaN and a fault is recorded that excludes its row; the row stays where
    the value is not ``needed``.
    """
    texts, name = table.column(index), table.header[index]
    stated = None if unit is None else header_unit(name)[1]
    if stated is not None and unit is not None and stated.family != unit and (unit != "any" or not stated.family):
        faults.add(
            say("The unit {unit} of the column {column} cannot be used for its values.", unit=stated.text, column=name),
            say(
                "Convert the column, or correct its header. Units that can be used: {known}.", known=example_units(unit)
            ),
            row=table.header_row,
            code="wrong_unit",
            action="refused" if needed else "kept",
        )
        return np.full(len(texts), np.nan)
    values, left = plain_numbers(texts, stated, low, high)
    action: Action = "set_aside" if needed else "kept"
    other: list[str] = []
    for i in left:
        text, row = texts[i], table.row_number[i]
        if not text and empty is not None:
            values[i] = empty
            continue
        if not text:
            cure = say("Enter a number in every row.")
            if may_fill is not None:
                cure = say("Fill it in, or set the value of empty entries with `{key}`.", key=may_fill)
            faults.add(say("{column} is empty.", column=name), cure, row=row, code="empty", action=action)
            continue
        amount = Amount(as_number(text)) if unit is None else amount_of(text, unit, stated)
        if amount.wrong and unit is not None:
            faults.add(
                say(
                    "{column} is {found}; its unit {unit} cannot be used.",
                    column=name,
                    found=repr(text),
                    unit=amount.wrong,
                ),
                say("Units that can be used: {known}.", known=example_units(unit)),
                row=row,
                code="wrong_unit",
                action=action,
            )
        elif not math.isfinite(amount.value):
            faults.add(
                say("{column} is {found}, not a finite number.", column=name, found=repr(text)),
                say("Enter a number in every row."),
                row=row,
                code="not_a_number",
                action=action,
            )
        elif not low <= amount.value <= high:
            what = say(
                "{column} is {found}, outside the range {low} to {high}.", column=name, found=text, low=low, high=high
            )
            if high == math.inf:
                what = say("{column} is {found}, less than {low}.", column=name, found=text, low=low)
            faults.add(what, say("Correct the value."), row=row, code="out_of_range", action=action)
        else:
            values[i] = amount.value
            if amount.contradicts:
                other.append(text)
    if other and stated is not None:
        faults.add(
            say(
                "{column}: {count} values state another unit than the header, such as {found}; theirs was used.",
                column=name,
                count=len(other),
                found=repr(other[0]),
            ),
            say("Write one unit in the whole column."),
            row=table.header_row,
            code="other_unit",
            action="kept",
        )
    return values


def plain_numbers(
    texts: Sequence[str], stated: StatedUnit | None, low: float, high: float
) -> tuple[FloatArray, list[int]]:
    """Return the values of plain numbers in the range, NaN elsewhere, and the positions of the other texts."""
    scale = 1.0 if stated is None else stated.scale
    values = np.array([float(text) if _PLAIN.fullmatch(text) else math.nan for text in texts], dtype=np.float64)
    if scale != 1.0:
        values = np.round(values * scale, 9)
    with np.errstate(invalid="ignore"):
        values[~((values >= low) & (values <= high) & np.isfinite(values))] = np.nan
    return values, np.flatnonzero(np.isnan(values)).tolist()


def unique_ids(table: Table, index: int, faults: FaultList) -> list[str]:
    """Return a column of ids; a row whose id is empty or repeated is excluded."""
    first: dict[str, int] = {}
    written = table.column(index)
    ids = [text if text.isascii() and text.isalnum() else clean_code(text) for text in written]
    changed = sum(old != new for old, new in zip(written, ids, strict=True))
    if changed:
        note_cleaned(table.header[index], changed, faults)
    own = say("Give each row a unique id.")
    for text, row in zip(ids, table.row_number, strict=True):
        if not text:
            faults.add(say("The id is empty."), own, row=row, code="empty_id", action="set_aside")
        elif text in first:
            faults.add(
                say("The id {id} already appears in row {first}.", id=text, first=first[text]),
                own,
                row=row,
                code="repeated_id",
                action="set_aside",
            )
        else:
            first[text] = row
    return ids
