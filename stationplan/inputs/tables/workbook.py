"""Sheets of Excel workbooks (.xlsx) as rows of text.

calamine reads a sheet into a block of cells and does not expand entities. Content that is not safe for it is rejected
beforehand: parts with a DTD, and sheets whose block would be very large for the few cells in it.
"""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.limits import refuse_above, refuse_entities, refuse_large, refuse_zip_bomb
from stationplan.inputs.tables.table import Row, Wanted
from stationplan.scenario import Limits

_ROWS_SAMPLED = 30
_CHUNK = 1 << 20
_CELL = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")
_LONGEST_CELL = 16
_FREE_CELLS = 20_000_000
_FILLED_ONE_IN = 50
"""A sheet may have a block of up to twenty million cells, or more if at least one in fifty is filled."""


def sheet_rows(path: Path, wanted: Wanted, limits: Limits, *, sheet: str | None = None) -> tuple[str, list[Row]]:
    """Return the name of a sheet and its non-empty rows, with their row numbers in the sheet.

    Without ``sheet``, it is the single visible sheet that has the most wanted columns. Cells become the text that a CSV
    file would contain; a formula becomes the value that was saved with it.

    Raises
    ------
    InputError
        The file is too large, damaged, or declares XML entities; or the sheet does not exist, or several sheets match.
    """
    faults = FaultList(path.name)
    refuse_large(path, limits)
    refuse_zip_bomb(path, limits)
    try:
        _refuse_unsafe_parts(path, faults)
        with CalamineWorkbook.from_path(path) as book:
            chosen = _choose(book, wanted, sheet, faults)
            return chosen, _rows(book, chosen, limits, FaultList(path.name, sheet=chosen))
    except (CalamineError, zipfile.BadZipFile, ValueError, EOFError, OSError) as error:
        if isinstance(error, InputError):
            raise
        faults.add(
            say("The workbook cannot be read: {error}.", error=error),
            say("Open it in a spreadsheet program and save it again as .xlsx."),
            code="unreadable",
        )
        raise InputError(faults.faults) from None


def _refuse_unsafe_parts(path: Path, faults: FaultList) -> None:
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member.endswith((".xml", ".rels")):
                with archive.open(member) as stream:
                    refuse_entities(stream, path.name)
            if "/worksheets/" in member and member.endswith(".xml"):
                _refuse_sparse(archive, member, faults)


def _refuse_sparse(archive: zipfile.ZipFile, member: str, faults: FaultList) -> None:
    """Raise :class:`InputError` when a sheet spans a very large block for the cells it has."""
    cells = rows = columns = 0
    rest = b""
    with archive.open(member) as stream:
        while block := stream.read(_CHUNK):
            text = rest + block
            found = _CELL.findall(text)
            cells += len(found)
            rows = max(rows, max((int(row) for _, row in found), default=0))
            columns = max(columns, max(map(_column, {letters for letters, _ in found}), default=0))
            rest = text[-_LONGEST_CELL:]
    if rows * columns > max(_FREE_CELLS, _FILLED_ONE_IN * cells):
        faults.add(
            say("A sheet spans {rows} rows and {columns} columns but is almost empty.", rows=rows, columns=columns),
            say("Delete stray cells far from the table, or save the table in a new workbook."),
            code="too_large",
        )
        raise InputError(faults.faults)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _choose(book: CalamineWorkbook, wanted: Wanted, named: str | None, faults: FaultList) -> str:
    """Return the name of the sheet to read."""
    sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    names = [sheet.name for sheet in sheets]
    if named is not None:
        if named in names:
            return named
        faults.add(
            say("There is no sheet {sheet}; the workbook has: {sheets}.", sheet=named, sheets=", ".join(names)),
            say("Correct `sheet`."),
            code="missing_sheet",
        )
        _raise(faults)
    known: dict[str, int] = {}
    for sheet in sheets:
        if sheet.visible == SheetVisibleEnum.Visible:
            top = book.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False, nrows=_ROWS_SAMPLED)
            if any(map(any, top)):
                known[sheet.name] = max(wanted.recognised(_texts(cells)) for cells in top)
    best = [name for name, score in known.items() if score == max(known.values())]
    if not best:
        faults.add(say("The table is empty."), say("Provide a header and at least one row."), code="empty")
        _raise(faults)
    if len(best) > 1:
        faults.add(
            say("Several sheets could be the table: {sheets}.", sheets=", ".join(best)),
            say('Select one with `sheet = "..."` (or --sheet).'),
            code="ambiguous_sheet",
        )
        _raise(faults)
    return best[0]


def _raise(faults: FaultList) -> NoReturn:
    raise InputError(faults.faults)


def _rows(book: CalamineWorkbook, name: str, limits: Limits, faults: FaultList) -> list[Row]:
    block = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    refuse_above(max(map(len, block), default=0), "columns", limits, faults)
    rows = [(number, _texts(values)) for number, values in enumerate(block, start=1) if any(map(_filled, values))]
    refuse_above(len(rows), "rows", limits, faults)
    return rows


def _filled(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else True


def _texts(values: Sequence[object]) -> tuple[str, ...]:
    return tuple(map(_text, values))


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M")
    return str(value)
