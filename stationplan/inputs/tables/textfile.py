"""Text files: detection of encoding and separator, with rows numbered as in the file."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.limits import memory_of, refuse_above, refuse_large
from stationplan.inputs.tables.contents import content_of, refuse_content
from stationplan.inputs.tables.merges import Row
from stationplan.scenario import Limits

_ROWS_BETWEEN = 50
"""Rows that are read between two checks of the limits."""

_LINES_SAMPLED = 10
_BLOCK = 1 << 20
_LONGEST = 50_000_000
"""Characters of a line: the outline of the most detailed district has some millions."""

_PLAIN = re.compile(r"[\t\r\n -~\u00a0-\u024f\u2010-\u2030\u3000-\u303f\u3400-\u9fff\uff01-\uffee]*")
"""Characters of Chinese and Western tables; bytes in the other order hardly ever make one of them."""


_TEXTS = frozenset({"text", "json", "xml", "binary", "empty"})
"""Content that is read as text; what is not text after all is refused by its characters."""


def decode(data: bytes, file: str) -> str:
    """Return the text of a file in UTF-8 (with or without BOM), UTF-16 or GB18030.

    UTF-8 is tried first: text in another encoding that happens to be valid UTF-8 does not occur in practice. UTF-16
    without BOM is accepted if only one order of bytes makes lines of usual characters.

    Raises
    ------
    InputError
        The bytes are none of these.
    """
    utf16 = _from_utf16(data)
    if utf16 is not None:
        return utf16
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    faults = FaultList(file)
    faults.add(say("The text is neither UTF-8 nor GB18030."), say("Save the file as CSV UTF-8."), code="encoding")
    raise InputError(faults.faults)


def _from_utf16(data: bytes) -> str | None:
    """Return the text of bytes that are UTF-16 for certain, otherwise ``None``."""
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        if b"\0" not in data or len(data) % 2:
            return None
    except UnicodeDecodeError:
        return None
    texts = []
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _PLAIN.fullmatch(text) and ("\n" in text or "\r" in text):
            texts.append(text)
    return texts[0] if len(texts) == 1 else None


def read_text(path: Path, limits: Limits) -> str:
    """Return the text of an input file.

    Raises
    ------
    InputError
        The file is too large, is not text (such as a workbook or a web page), or in an unknown encoding.
    """
    _refuse_no_text(path, limits)
    faults = FaultList(path.name)
    text = decode(path.read_bytes(), path.name)
    if "\0" in text:
        faults.add(
            say("The file contains NUL characters; it is not a text file."),
            say("Export it again as CSV or GeoJSON."),
            code="unreadable",
        )
        faults.raise_any()
    return text


def _refuse_no_text(path: Path, limits: Limits) -> None:
    refuse_large(path, limits)
    with path.open("rb") as stream:
        is_archive = stream.read(4) == b"PK\x03\x04"
    if is_archive:
        faults = FaultList(path.name)
        faults.add(
            say("This is an Excel workbook or another zip file."),
            say("Use a name ending in .xlsx, or save the sheet as CSV UTF-8."),
            code="unreadable",
        )
        faults.raise_any()
    found = content_of(path)
    if found not in _TEXTS:
        refuse_content(path, found)


def _agreement(lines: Sequence[str], sign: str) -> tuple[int, int]:
    """Return how many lines have the most common number of fields above one, and that number."""
    try:
        widths = Counter(len(fields) for fields in csv.reader(lines, delimiter=sign) if len(fields) > 1)
    except csv.Error:  # not with this separator; the rows are read strictly, and their errors reported, afterwards
        return 0, 0
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return count, width


def csv_rows(path: Path, limits: Limits) -> list[Row]:
    """Return the non-empty rows of a CSV file, with their line numbers.

    The separator (comma, semicolon or tab) is the one with which most of the first lines have the same number of
    fields, greater than one.

    Raises
    ------
    InputError
        The file is too large, not text, or not CSV.
    """
    faults = FaultList(path.name)
    reopened = _opener(path, limits)
    with _long_fields():
        with reopened() as stream:
            top = list(itertools.islice((line for line in _lines(stream, faults) if line.strip()), _LINES_SAMPLED))
        separator = max(",;\t", key=lambda sign: _agreement(top, sign))
        rows: list[Row] = []
        start, size = 1, 0
        with reopened() as stream:
            reader = csv.reader(_lines(stream, faults), delimiter=separator, strict=True)
            try:
                for fields in reader:
                    number, start = start, reader.line_num + 1
                    refuse_above(len(fields), "columns", limits, faults)
                    if any(map(str.strip, fields)):
                        rows.append((number, tuple(fields)))
                        size += memory_of(fields)
                        if len(rows) % _ROWS_BETWEEN == 0:
                            refuse_above(-(-size // 1_000_000), "table_mb", limits, faults)
                            refuse_above(len(rows), "rows", limits, faults)
                refuse_above(-(-size // 1_000_000), "table_mb", limits, faults)
                refuse_above(len(rows), "rows", limits, faults)
            except csv.Error as error:
                faults.add(
                    say("The row is not valid CSV: {error}.", error=error),
                    say("Check separators and quotes in the row."),
                    row=start,
                    code="unreadable",
                )
                raise InputError(faults.faults) from None
    return rows


def _opener(path: Path, limits: Limits) -> Callable[[], IO[str]]:
    """Return a function that opens the text of a file; carriage returns alone end lines too, as in old spreadsheets.

    Only text in UTF-16 is held in memory.

    Raises
    ------
    InputError
        As of :func:`read_text`.
    """
    _refuse_no_text(path, limits)
    for encoding in ("utf-8-sig", "gb18030"):
        if _is_encoded(path, encoding):
            return lambda: path.open(encoding=encoding, newline="")
    text = read_text(path, limits)
    return lambda: io.StringIO(text, newline="")


def _is_encoded(path: Path, encoding: str) -> bool:
    """Return whether a file is text in an encoding, without NUL characters."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                if b"\0" in block:
                    return False
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _lines(stream: IO[str], faults: FaultList) -> Iterator[str]:
    """Yield the lines of a text.

    Raises
    ------
    InputError
        A line is longer than any row of a table.
    """
    while line := stream.readline(_LONGEST + 1):
        if len(line) > _LONGEST:
            faults.add(
                say("A line of the file is longer than {most} characters.", most=_LONGEST),
                say("Check separators and quotes, or export it again."),
                code="too_large",
            )
            raise InputError(faults.faults)
        yield line


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let the csv module read fields as long as a line, such as outlines in WKT; its limit is one of the process."""
    before = csv.field_size_limit()
    csv.field_size_limit(max(before, _LONGEST))
    try:
        yield
    finally:
        csv.field_size_limit(before)
