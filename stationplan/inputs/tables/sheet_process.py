"""Reads sheets of a workbook in a process of its own, under a limit of memory; ``workbook.py`` starts it by its path.

calamine reads a sheet into one dense block, whose size is what the file claims and not what it contains. Here a claim
of many gigabytes ends the process and not the study. It imports calamine and defusedxml only, and starts at once.

Protocol, in frames of :mod:`marshal`: the process writes the list of sheets with their top rows, reads the names of
the sheets to send (a line of JSON), and writes the rows of each in chunks, ``None``, and the notes of the sheet.
"""

from __future__ import annotations

import datetime
import json
import marshal
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any
from xml.etree.ElementTree import Element
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.ElementTree import iterparse, parse
from defusedxml.sax import make_parser
from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

_ROWS_SAMPLED = 30
_CHUNK = 5_000
_SECONDS = 60
"""Processor time that this process may take."""
_BOOK = "/officeDocument"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SPANS = ("number-columns-spanned", "number-rows-spanned")

Merge = tuple[int, int, int, int]
"""First row, first column, last row and last column of merged cells, from 0."""


def main() -> int:
    """Serve one workbook: its path, the limit of memory in MB, and what to do are the arguments.

    ``read`` samples the visible sheets; ``list`` names them only; ``measure`` returns the size of the largest.
    """
    path, memory_mb, task = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    _limit_memory(memory_mb)
    out = sys.stdout.buffer
    if task == "measure":
        _send(out, _measure(path))
        return 0
    try:
        with Path(path).open("rb") as stream, CalamineWorkbook.from_object(stream) as book:
            sheets = {}
            listed = []
            for meta in book.sheets_metadata:
                if meta.typ != SheetTypeEnum.WorkSheet:
                    continue
                visible = meta.visible == SheetVisibleEnum.Visible
                top: list[tuple[str, ...]] = []
                if visible and task == "read":
                    sheets[meta.name] = sheet = book.get_sheet_by_name(meta.name)
                    rows = sheet.to_python(skip_empty_area=False, nrows=_ROWS_SAMPLED)
                    top = [tuple(map(_text, row)) for row in rows]
                listed.append((meta.name, visible, top))
            _send(out, {"sheets": listed})
            for name in json.loads(sys.stdin.readline() or "[]"):
                sheet = sheets.pop(name) if name in sheets else book.get_sheet_by_name(name)
                for chunk in _chunks(sheet):
                    _send(out, chunk)
                _send(out, None)
                _send(out, _notes(path, stream, name, sheet))
    except PasswordError:
        _send(out, {"error": "password"})
    except MemoryError:
        return 1
    except BaseException as error:
        _send(out, {"error": f"{type(error).__name__}: {error}"[:500]})
    return 0


def _limit_memory(memory_mb: int) -> None:
    """Limit the address space of this process, where the system can (Linux and other Unix systems)."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    limit = memory_mb * 1_000_000
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard == resource.RLIM_INFINITY or hard > _SECONDS:  # for the case that its parent has ended
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, hard))


def _send(out: IO[bytes], frame: dict[str, Any] | list[Any] | tuple[Any, ...] | None) -> None:
    out.write(marshal.dumps(frame))
    out.flush()


def _chunks(sheet: CalamineSheet) -> Iterator[list[tuple[int, tuple[str, ...]]]]:
    """Yield the non-empty rows, with their numbers from 1; equal texts are one object, and are sent once a chunk."""
    down, right = sheet.start or (0, 0)
    before = ("",) * right
    chunk: list[tuple[int, tuple[str, ...]]] = []
    known: dict[str, str] = {}
    for number, values in enumerate(sheet.iter_rows(), start=1 + down):
        texts = tuple([known.setdefault(text, text) for text in map(_text, values)])
        if any(texts) and any(map(str.strip, texts)):
            chunk.append((number, before + texts))
            if len(chunk) == _CHUNK:
                yield chunk
                chunk, known = [], {}
    yield chunk


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M")
    if isinstance(value, datetime.timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    return str(value)


def _notes(path: str, stream: IO[bytes], name: str, sheet: CalamineSheet) -> dict[str, Any]:
    """Return the merged cells of a sheet (``None``: not known), and its cells without a value by row and column."""
    ranges = sheet.merged_cell_ranges
    merges = None if ranges is None else [(*first, *last) for first, last in ranges]
    stream.seek(0)
    if not zipfile.is_zipfile(stream):
        return {"merges": merges, "cells": []}
    with zipfile.ZipFile(path) as archive:
        if "content.xml" in archive.namelist():
            merges, cells = _ods_notes(archive, name)
        else:
            part = _parts(archive).get(name)
            cells = [] if part is None else list(_valueless(archive, part))
    return {"merges": merges, "cells": cells}


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the part of each sheet of an .xlsx workbook, as its relations name it; empty for other workbooks."""
    members = set(archive.namelist())
    book = PurePosixPath("xl/workbook.xml")
    if "_rels/.rels" in members:
        with archive.open("_rels/.rels") as stream:
            named = [item.get("Target", "") for item in parse(stream).iter() if item.get("Type", "").endswith(_BOOK)]
        book = PurePosixPath(named[0].lstrip("/")) if named else book
    relations = book.parent / "_rels" / f"{book.name}.rels"
    if book.suffix != ".xml" or not {str(book), str(relations)} <= members:
        return {}
    with archive.open(str(relations)) as stream:
        targets = {item.get("Id"): item.get("Target", "") for item in parse(stream).iter()}
    parts = {}
    with archive.open(str(book)) as stream:
        for item in parse(stream).iter():
            if _tag(item) == "sheet":
                target = targets.get(next((value for key, value in item.items() if key.endswith("}id")), None), "")
                part = target.lstrip("/") if target.startswith("/") else str(book.parent / target)
                if part in members:
                    parts[item.get("name", "")] = part
    return parts


def _measure(path: str) -> tuple[int, int, int]:
    """Return rows, columns and cells of the sheet of an .xlsx workbook that spans the largest block."""
    found = [(0, 0, 0)]
    with zipfile.ZipFile(path) as archive:
        for part in _parts(archive).values():
            with archive.open(part) as stream:
                counter = _Counter()
                expat = make_parser()
                expat.setContentHandler(counter)
                expat.parse(stream)
            found.append((counter.rows, counter.columns, counter.cells))
    return max(found, key=lambda size: size[0] * size[1])


class _Counter(ContentHandler):
    """Counts the cells of a sheet and finds the farthest row and column, without keeping anything."""

    rows = columns = cells = 0
    _row = _column = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - named by xml.sax
        tag = name.rpartition(":")[2]
        place = str(attrs.get("r") or "").strip()
        if tag == "row":
            self._row, self._column = (int(place) if place.isdigit() else self._row + 1), 0
        elif tag == "c":
            self.cells += 1
            digits = place.lstrip(_LETTERS)
            self._column = _column(place) + 1 if place else self._column + 1
            self.rows = max(self.rows, int(digits) if digits.isdigit() else self._row)
            self.columns = max(self.columns, self._column)


def _valueless(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[int, int, str]]:
    """Yield row, column (from 0) and error of the cells of an .xlsx sheet that hold an error, or a formula unsaved.

    Most sheets have no such cell; they are searched as bytes, and only the others are parsed.
    """
    content = archive.read(part)
    if b'"e"' not in content and b"'e'" not in content and b"f>" not in content and b"f/>" not in content:
        return
    del content
    row = column = -1
    with archive.open(part) as stream:
        for event, item in iterparse(stream, events=("start", "end")):
            tag = _tag(item)
            if event == "start":
                if tag == "row":
                    row, column = int(item.get("r", row + 2)) - 1, -1
                elif tag == "c":
                    column = _column(item.get("r", "")) if item.get("r") else column + 1
            elif tag == "c":
                parts = {_tag(child): child.text or "" for child in item}
                if item.get("t") == "e":
                    yield row, column, parts.get("v", "")
                elif "f" in parts and not parts.get("v") and item.get("t") != "str":
                    yield row, column, ""
                item.clear()
            elif tag == "row":
                item.clear()


def _column(reference: str) -> int:
    number = 0
    for letter in reference.upper():
        if not "A" <= letter <= "Z":
            break
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _tag(item: Element) -> str:
    return item.tag.rpartition("}")[2]


def _ods_notes(archive: zipfile.ZipFile, name: str) -> tuple[list[Merge], list[tuple[int, int, str]]]:
    """Return the merged cells of a sheet of an OpenDocument workbook, and its cells with an error."""
    merges: list[Merge] = []
    cells: list[tuple[int, int, str]] = []
    inside, row, column, rows_alike = False, 0, 0, 1
    with archive.open("content.xml") as stream:
        for event, item in iterparse(stream, events=("start", "end")):
            tag = _tag(item)
            given = {key.rpartition("}")[2]: value for key, value in item.items()}
            if tag == "table":
                if event == "end" and inside:
                    break
                inside = event == "start" and given.get("name") == name
                row = 0
            elif not inside:
                if event == "end":
                    item.clear()
            elif tag == "table-row":
                if event == "start":
                    column, rows_alike = 0, int(given.get("number-rows-repeated", 1))
                else:
                    row += rows_alike
                    item.clear()
            elif tag in {"table-cell", "covered-table-cell"} and event == "end":
                across, down = (int(given.get(key, 1)) for key in _SPANS)
                if across > 1 or down > 1:
                    merges.append((row, column, row + down - 1, column + across - 1))
                text = "".join(item.itertext()).strip()
                if (
                    item.get("{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type")
                    == "error"
                ):
                    cells.append((row, column, text))
                column += int(given.get("number-columns-repeated", 1))
    return merges, cells


if __name__ == "__main__":
    sys.exit(main())
