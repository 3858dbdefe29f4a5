"""Text files: detection of encoding and separator, with rows numbered as in the file."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.limits import refuse_above, refuse_large
from stationplan.inputs.tables.table import Row
from stationplan.scenario import Limits

_LINES_SAMPLED = 10


def decode(data: bytes, file: str) -> str:
    """Return the text of a file in UTF-8 (with or without BOM) or GB18030.

    UTF-8 is tried first: text in another encoding that happens to be valid UTF-8 does not occur in practice.

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
    faults.add(say("The text is neither UTF-8 nor GB18030."), say("Save the file as CSV UTF-8."), code="encoding")
    raise InputError(faults.faults)


def read_text(path: Path, limits: Limits) -> str:
    """Return the text of an input file.

    Raises
    ------
    InputError
        The file is too large, is a zip file such as a workbook, is neither UTF-8 nor GB18030, or contains NUL
        characters.
    """
    faults = FaultList(path.name)
    refuse_large(path, limits)
    data = path.read_bytes()
    if data.startswith(b"PK\x03\x04"):
        faults.add(
            say("This is an Excel workbook or another zip file."),
            say("Use a name ending in .xlsx, or save the sheet as CSV UTF-8."),
            code="unreadable",
        )
        faults.raise_any()
    text = decode(data, path.name)
    if "\0" in text:
        faults.add(
            say("The file contains NUL characters; it is not a text file."),
            say("Export it again as CSV or GeoJSON."),
            code="unreadable",
        )
        faults.raise_any()
    return text


def _agreement(lines: Sequence[str], sign: str) -> tuple[int, int]:
    """Return how many lines have the most common number of fields above one, and that number."""
    widths = Counter(len(fields) for fields in csv.reader(lines, delimiter=sign) if len(fields) > 1)
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
    text = read_text(path, limits)
    top = list(itertools.islice((line for line in io.StringIO(text) if line.strip()), _LINES_SAMPLED))
    separator = max(",;\t", key=lambda sign: _agreement(top, sign))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[Row] = []
    start = 1
    try:
        for fields in reader:
            number, start = start, reader.line_num + 1
            if any(field.strip() for field in fields):
                rows.append((number, tuple(fields)))
                refuse_above(len(rows), "rows", limits, faults)
                refuse_above(len(fields), "columns", limits, faults)
    except csv.Error as error:
        faults.add(
            say("The row is not valid CSV: {error}.", error=error),
            say("Check separators and quotes in the row."),
            row=start,
            code="unreadable",
        )
        raise InputError(faults.faults) from None
    return rows
