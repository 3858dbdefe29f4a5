"""Sheets of Excel workbooks (.xlsx) as rows of text."""

from __future__ import annotations

import datetime
import itertools
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, cast
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.limits import refuse_above, refuse_entities, refuse_large, refuse_zip_bomb
from stationplan.inputs.table import Row, Wanted
from stationplan.scenario import Limits

_ROWS_SAMPLED = 30


class Page(Protocol):
    """A sheet as openpyxl reads it without keeping it."""

    sheet_state: str

    def reset_dimensions(self) -> None:
        """Forget what the sheet says of its size."""

    def iter_rows(self, *, values_only: bool) -> Iterable[Iterable[object]]:
        """Return the rows."""


def sheet_rows(path: Path, wanted: Wanted, limits: Limits, *, sheet: str | None = None) -> tuple[str, list[Row]]:
    """Return the name of a sheet and its rows that are not empty, with their numbers in the sheet.

    Without ``sheet`` it is the one visible sheet that has the wanted columns, or the only one with anything in it.
    Cells become text as they would stand in a CSV file; a formula gives the value that was saved with it.

    Raises
    ------
    InputError
        The file is too large, damaged, or declares XML entities; the sheet does not exist, or several may be meant.
    """
    faults = FaultList(path.name)
    refuse_large(path, limits)
    refuse_zip_bomb(path, limits)
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                if member.endswith((".xml", ".rels")):
                    with archive.open(member) as stream:
                        refuse_entities(stream, path.name)
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            sheets = {page.title: cast("Page", page) for page in book.worksheets}
            chosen = _choose(sheets, wanted, sheet, faults)
            return chosen, _rows(sheets[chosen], limits, FaultList(path.name, sheet=chosen))
        finally:
            book.close()
    except (InvalidFileException, DefusedXmlException, zipfile.BadZipFile, ParseError) as error:
        _unreadable(error, faults)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, EOFError) as error:
        _unreadable(error, faults)  # what openpyxl lets through when parts of a workbook are missing or malformed
    raise InputError(faults.faults)


def _unreadable(error: Exception, faults: FaultList) -> None:
    if isinstance(error, InputError):
        raise error
    faults.add(
        say("The workbook cannot be read: {error}.", error=str(error) or type(error).__name__),
        say("Open it in a spreadsheet program and save it again as .xlsx."),
        code="unreadable",
    )


def _choose(sheets: Mapping[str, Page], wanted: Wanted, named: str | None, faults: FaultList) -> str:
    """Return the name of the sheet to read."""
    names = ", ".join(sheets)
    if named is not None:
        if named not in sheets:
            faults.add(
                say("There is no sheet {sheet}; the workbook has: {sheets}.", sheet=named, sheets=names),
                say("Correct `sheet`."),
                code="missing_sheet",
            )
            raise InputError(faults.faults)
        return named
    known: dict[str, int] = {}
    for name, page in sheets.items():
        if page.sheet_state == "visible":
            top = [cells for _, cells in itertools.islice(_texts(page), _ROWS_SAMPLED)]
            if top:
                known[name] = max(map(wanted.recognised, top))
    best = [name for name, score in known.items() if score == max(known.values())]
    if not best:
        faults.add(say("The table is empty."), say("Give a header and at least one row."), code="empty")
        raise InputError(faults.faults)
    if len(best) > 1:
        faults.add(
            say("Several sheets may be the table: {sheets}.", sheets=", ".join(best)),
            say('Choose one with `sheet = "..."` (or --sheet).'),
            code="ambiguous_sheet",
        )
        raise InputError(faults.faults)
    return best[0]


def _rows(page: Page, limits: Limits, faults: FaultList) -> list[Row]:
    rows: list[Row] = []
    for number, cells in _texts(page):
        rows.append((number, cells))
        refuse_above(len(rows), "rows", limits, faults)
        refuse_above(len(cells), "columns", limits, faults)
    width = max((len(cells) for _, cells in rows), default=0)
    return [(number, cells + ("",) * (width - len(cells))) for number, cells in rows]


def _texts(page: Page) -> Iterator[Row]:
    """Yield the rows that are not empty, without empty cells at their end."""
    page.reset_dimensions()  # what a sheet says of its size may be wrong, or huge
    for number, values in enumerate(page.iter_rows(values_only=True), start=1):
        cells = [_text(value) for value in values]
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            yield number, tuple(cells)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M")
    return str(value)
