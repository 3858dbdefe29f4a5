"""Sheets of workbooks (.xlsx, .xlsm, .xlsb, .xls, .ods, .et) as tables.

calamine reads them in a process of its own (:mod:`sheet_process`), because the block of cells of a sheet is as large as
the file claims. Content that is not safe or not a workbook is rejected beforehand.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NoReturn, cast

from stationplan.errors import SHEET_STEP, FaultList, InputError, say
from stationplan.inputs.limits import memory_of, refuse_above, refuse_entities, refuse_large, refuse_zip_bomb
from stationplan.inputs.tables.bounded import MEMORY_MB, SECONDS, ProcessEnded, bounded_process
from stationplan.inputs.tables.columns import normalise
from stationplan.inputs.tables.contents import content_of, refuse_content
from stationplan.inputs.tables.merges import Merge, Row, Unmerged, unmerged
from stationplan.inputs.tables.table import Table, Wanted, table_from_rows
from stationplan.scenario import Limits

WORKBOOK_SUFFIXES = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".et"})
"""Suffixes of workbooks; which of the formats it is, is decided by the content."""

SHEET_COLUMN = "sheet"
"""Name of the column that holds the name of the sheet, in a table of several sheets."""

_PROCESS = Path(__file__).with_name("sheet_process.py")
_FREE_CELLS = 20_000_000
_FILLED_ONE_IN = 50
"""A sheet is called almost empty if it spans over twenty million cells of which less than one in fifty is filled."""


@dataclass(frozen=True)
class _Sheet:
    """The content of one sheet: rows, merged cells (``None``: not known), and cells without a value."""

    name: str
    rows: list[Row]
    merges: list[Merge] | None
    valueless: list[tuple[int, int, str]]


@dataclass(frozen=True)
class _Listed:
    """A sheet before it is read: its name, whether it is visible, and its top rows."""

    name: str
    visible: bool
    top: list[tuple[str, ...]]


def read_workbook(
    path: Path,
    wanted: Wanted,
    limits: Limits,
    *,
    sheet: str | None = None,
    sheets: Literal["all"] | None = None,
    header_row: int | None = None,
) -> Table:
    """Return the table of a workbook.

    Without ``sheet``, it is the single visible sheet that has the most wanted columns; with ``sheets`` "all", it is all
    visible sheets that have the same wanted columns, with the name of the sheet in the column ``sheet``. Cells become
    the text that a CSV file would contain, a formula the value that was saved with it; a merged cell counts for every
    row and column that it covers. Cells with an error or an unsaved formula are reported by name, and their row is
    excluded if the column is a wanted one.

    Raises
    ------
    InputError
        The file is too large, damaged, protected by a password, or not a workbook; or the sheet does not exist, or
        several sheets match.
    """
    faults = FaultList(path.name)
    if sheet is not None and sheets is not None:
        faults.add(
            say("Both `sheet` and `sheets` are given."),
            say("Remove one of them."),
            key="sheets",
            code="ambiguous_sheet",
        )
        faults.raise_any()
    _refuse_unsafe(path, limits)
    with _reading(path, sheet, limits, faults) as (listed, read):
        chosen = _joined(listed, wanted, faults) if sheets == "all" else [_choose(listed, wanted, sheet, faults)]
        found = [_table(part, path.name, wanted, limits, header_row) for part in read(chosen)]
    if path.suffix.lower() == ".xlsb":
        faults.add(
            say("Merged cells are not known in the binary format .xlsb: only their first cell has a value."),
            say("If the sheet has merged cells, save it as .xlsx."),
            code="merged_cells",
            action="kept",
        )
    if sheets != "all":
        return replace(found[0], faults=(*faults.faults, *found[0].faults))
    return _join(found, wanted, faults, path.name)


def _refuse_unsafe(path: Path, limits: Limits) -> None:
    """Raise :class:`InputError` for a file that is too large, not a workbook, or declares XML entities."""
    refuse_large(path, limits)
    content = content_of(path)
    if content not in {"zip", "ole"}:
        refuse_content(path, content)
    if content == "ole":
        return
    refuse_zip_bomb(path, limits)
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                if member.endswith((".xml", ".rels")):
                    with archive.open(member) as stream:
                        refuse_entities(stream, path.name)
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, InputError):
            raise
        _refuse(path, str(error))


def _refuse(path: Path, error: str) -> NoReturn:
    faults = FaultList(path.name)
    faults.add(
        say("The workbook cannot be read: {error}.", error=error),
        say("Open it in a spreadsheet program and save it again as .xlsx."),
        code="unreadable",
    )
    raise InputError(faults.faults)


@contextmanager
def _reading(
    path: Path, sheet: str | None, limits: Limits, faults: FaultList
) -> Iterator[tuple[list[_Listed], Callable[[list[str]], Iterator[_Sheet]]]]:
    """Yield the sheets of a workbook, and a function that reads those with given names."""
    task = "list" if sheet is not None else "read"
    try:
        with bounded_process(_PROCESS, path, task, seconds=SECONDS) as process:

            def frame() -> object:
                found = process.receive()
                if isinstance(found, dict) and "error" in found:
                    if found["error"] == "password":
                        refuse_content(path, "encrypted")
                    if content_of(path) == "ole":
                        refuse_content(path, "ole")
                    _refuse(path, str(found["error"]))
                return found

            def read(names: list[str]) -> Iterator[_Sheet]:
                process.tell(names)
                for name in names:
                    rows: list[Row] = []
                    size = 0
                    while (chunk := frame()) is not None:
                        rows += cast("list[Row]", chunk)
                        size += sum(memory_of(cells) for _, cells in cast("list[Row]", chunk))
                        refuse_above(-(-size // 1_000_000), "table_mb", limits, faults)
                    notes = cast("dict[str, list[tuple[int, int, str]]]", frame())
                    yield _Sheet(name, rows, cast("list[Merge] | None", notes["merges"]), notes["cells"])

            first = cast("dict[str, list[tuple[str, bool, list[tuple[str, ...]]]]]", frame())
            yield [_Listed(*item) for item in first["sheets"]], read
    except ProcessEnded as error:
        _refuse_huge(path, timed_out=error.timed_out)


def _refuse_huge(path: Path, *, timed_out: bool) -> NoReturn:
    """Refuse a workbook whose process ended: name the sheet's size, if it is that of an almost empty block."""
    faults = FaultList(path.name)
    cure = say("Delete stray cells far from the table, or save the table in a new workbook.")
    rows, columns, cells = _measured(path)
    what = say("The workbook unpacks to more than {cap} MB of memory.", cap=MEMORY_MB)
    if timed_out:
        what = say("The workbook could not be read in {seconds} seconds.", seconds=round(SECONDS))
    if rows * columns > max(_FREE_CELLS, _FILLED_ONE_IN * cells):
        what = say("A sheet spans {rows} rows and {columns} columns but is almost empty.", rows=rows, columns=columns)
    else:
        cure = say("Save the sheet as CSV UTF-8, or divide it.")
    faults.add(what, cure, code="too_large")
    raise InputError(faults.faults)


def _measured(path: Path) -> tuple[int, int, int]:
    """Return rows, columns and filled cells of the largest sheet of a workbook in XML; zeros where not known."""
    try:
        with bounded_process(_PROCESS, path, "measure", seconds=SECONDS / 3) as process:
            rows, columns, cells = cast("tuple[int, int, int]", process.receive())
    except ProcessEnded:
        return 0, 0, 0
    return int(rows), int(columns), int(cells)


def _choose(listed: Sequence[_Listed], wanted: Wanted, named: str | None, faults: FaultList) -> str:
    """Return the name of the sheet to read."""
    names = [sheet.name for sheet in listed]
    if named is not None:
        if named in names:
            return named
        faults.add(
            say("There is no sheet {sheet}; the workbook has: {sheets}.", sheet=named, sheets=", ".join(names)),
            say("Correct `sheet`."),
            code="missing_sheet",
        )
        raise InputError(faults.faults)
    known = {sheet.name: len(_best_fields(sheet, wanted)) for sheet in _with_content(listed, faults)}
    best = [name for name, score in known.items() if score == max(known.values())]
    if len(best) > 1:
        faults.add(
            say("Several sheets could be the table: {sheets}.", sheets=", ".join(best)),
            say('Select one with `sheet = "..."` (or --sheet), or join them with `sheets = "all"` (or --sheets all).'),
            code="ambiguous_sheet",
        )
        raise InputError(faults.faults)
    return best[0]


def _with_content(listed: Sequence[_Listed], faults: FaultList) -> list[_Listed]:
    found = [sheet for sheet in listed if sheet.visible and any(any(map(str.strip, cells)) for cells in sheet.top)]
    if not found:
        faults.add(say("The table is empty."), say("Provide a header and at least one row."), code="empty")
        raise InputError(faults.faults)
    return found


def _best_fields(sheet: _Listed, wanted: Wanted) -> frozenset[str]:
    """Return the wanted fields that the best row at the top of a sheet names."""
    fields = (frozenset(name for name in wanted.fields if wanted.matches(cells, name)) for cells in sheet.top)
    return max(fields, key=len)


def _joined(listed: Sequence[_Listed], wanted: Wanted, faults: FaultList) -> list[str]:
    """Return the names of the sheets that are one table: those with the same wanted fields.

    A sheet with half of these fields or more is refused, since it is likely to be part of the table; one with fewer,
    such as remarks, is reported.
    """
    fields = {sheet.name: _best_fields(sheet, wanted) for sheet in _with_content(listed, faults)}
    most = max(fields.values(), key=len)
    for name, found in fields.items():
        if found == most:
            continue
        lacking = ", ".join(sorted(most - found)) or "-"
        if 2 * len(found & most) >= len(most) and len(most) > 1:
            faults.add(
                say("The sheet {sheet} lacks columns that others have: {fields}.", sheet=name, fields=lacking),
                say("Add the columns, or hide the sheet if it is not part of the table."),
                code="other_columns",
            )
        else:
            faults.add(
                say("The sheet {sheet} has other columns and is not part of the table.", sheet=name),
                say("Hide it, or give it the columns of the other sheets."),
                code="other_columns",
                action="kept",
            )
    faults.raise_any("refused")
    return [name for name, found in fields.items() if found == most]


def _table(sheet: _Sheet, file: str, wanted: Wanted, limits: Limits, header_row: int | None) -> Table:
    """Return one sheet as a table, with its findings about merged cells and cells without a value."""
    faults = FaultList(file, sheet=sheet.name)
    refuse_above(max((len(cells) for _, cells in sheet.rows), default=0), "columns", limits, faults)
    refuse_above(len(sheet.rows), "rows", limits, faults)
    merged = unmerged(sheet.rows, sheet.merges) if sheet.merges else Unmerged(sheet.rows)
    table = table_from_rows(file, merged.rows, wanted, sheet=sheet.name, header_row=header_row, merged=merged)
    if merged.filled:
        _tell_merges(table, merged, faults)
    if sheet.valueless:
        table = _without_valueless(table, sheet, wanted, faults)
    return replace(table, faults=(*table.faults, *faults.faults)) if faults else table


def _tell_merges(table: Table, merged: Unmerged, faults: FaultList) -> None:
    records = set(table.row_number)
    for column, name in enumerate(table.header):
        count = sum(at == column and number in records for number, at in merged.filled)
        if count and name:
            faults.add(
                say("{count} rows take the value of a merged cell in {column}.", count=count, column=name),
                say("Check that the value applies to each of these rows."),
                code="merged_cells",
                action="kept",
            )


def _without_valueless(table: Table, sheet: _Sheet, wanted: Wanted, faults: FaultList) -> Table:
    """Return a table without the rows that have an error or an unsaved formula in a wanted column."""
    needed = {column for name in wanted.fields for column in wanted.matches(table.header, name)}
    records = set(table.row_number)
    excluded = set()
    for row, column, error in sheet.valueless:
        if row + 1 not in records or column >= len(table.header) or not table.header[column]:
            continue
        cell, name = f"{_letters(column)}{row + 1}", table.header[column]
        what = say("Cell {cell} ({column}) holds the error {error}.", cell=cell, column=name, error=error)
        cure = say("Correct the cell, or the formula that it is calculated from.")
        if not error:
            what = say("Cell {cell} ({column}) holds a formula without a saved value.", cell=cell, column=name)
            cure = say("Open the workbook in a spreadsheet program and save it again.")
        faults.add(what, cure, row=row + 1, code="no_value", action="set_aside" if column in needed else "kept")
        if column in needed:
            excluded.add(row + 1)
    kept = [i for i, number in enumerate(table.row_number) if number not in excluded]
    rows, numbers = tuple(table.rows[i] for i in kept), tuple(table.row_number[i] for i in kept)
    return replace(table, rows=rows, row_number=numbers, set_aside=table.set_aside + len(excluded))


def _letters(column: int) -> str:
    """Return the letters of a column from 0.

    >>> _letters(0), _letters(26), _letters(702)
    ('A', 'AA', 'AAA')
    """
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def _join(tables: Sequence[Table], wanted: Wanted, faults: FaultList, file: str) -> Table:
    """Return the tables of several sheets as one, with the name of the sheet as its last column."""
    places = [_columns_by_meaning(table, wanted) for table in tables]
    names: dict[str, str] = {}
    for table, place in zip(tables, places, strict=True):
        names |= {key: table.header[at] for key, at in place.items() if key not in names}
    if SHEET_COLUMN in map(normalise, names.values()):
        faults.add(
            say("The sheets have a column {column}, which is to hold the name of the sheet.", column=SHEET_COLUMN),
            say("Rename the column."),
            code="repeated_column",
        )
        faults.raise_any()
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    for order, (table, place) in enumerate(zip(tables, places, strict=True), start=1):
        at = [place.get(key) for key in names]
        rows += [(*("" if i is None else row[i] for i in at), table.sheet or "") for row in table.rows]
        numbers += [order * SHEET_STEP + number for number in table.row_number]
    return Table(
        file,
        (*names.values(), SHEET_COLUMN),
        tuple(rows),
        tuple(numbers),
        sheet="/".join(table.sheet or "" for table in tables),
        header_row=tables[0].header_row,
        faults=(*faults.faults, *(fault for table in tables for fault in table.faults)),
        set_aside=sum(table.set_aside for table in tables),
    )


def _columns_by_meaning(table: Table, wanted: Wanted) -> Mapping[str, int]:
    """Return the named columns of a table by the field that they are, or by their normalised name."""
    field_of = {column: name for name in wanted.fields for column in wanted.matches(table.header, name)}
    return {
        f"field {field_of[i]} {normalise(name) if len(wanted.matches(table.header, field_of[i])) > 1 else ''}"
        if i in field_of
        else normalise(name): i
        for i, name in enumerate(table.header)
        if name
    }
