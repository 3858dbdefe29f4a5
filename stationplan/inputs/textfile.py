"""Text files as people send them: encoding and separator told apart, rows numbered as in the file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.limits import refuse_above, refuse_large
from stationplan.inputs.table import Table, header_faults
from stationplan.scenario import Limits


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
    faults.add(say("The text is neither UTF-8 nor GB18030."), say("Save the file as CSV UTF-8."), code="encoding")
    raise InputError(faults.faults)


def read_text(path: Path, limits: Limits) -> str:
    """Return the text of an input file.

    Raises
    ------
    InputError
        The file is too large, or neither UTF-8 nor GB18030, or holds NUL characters.
    """
    faults = FaultList(path.name)
    refuse_large(path, limits)
    data = path.read_bytes()
    if data.startswith(b"PK\x03\x04"):
        faults.add(
            say("This is an Excel workbook or another zip file."),
            say("Let its name end in .xlsx, or save the sheet as CSV UTF-8."),
            code="unreadable",
        )
        faults.raise_any()
    text = decode(data, path.name)
    if "\0" in text:
        faults.add(
            say("The file holds NUL characters; it is not text."),
            say("Export it again as CSV or GeoJSON."),
            code="unreadable",
        )
        faults.raise_any()
    return text


def read_csv(path: Path, limits: Limits) -> Table:
    """Return a CSV file as a :class:`Table`.

    The separator (comma, semicolon or tab) is the one that occurs most in the header. Empty lines are skipped and
    still counted in the row numbers. Rows of another width than the header are set aside in ``table.faults``.

    Raises
    ------
    InputError
        The file is too large, empty, not text, not CSV, or has a repeated header; all at once.
    """
    faults = FaultList(path.name)
    text = read_text(path, limits)
    first = next((line for line in io.StringIO(text) if line.strip()), "")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    start = header_row = 1
    set_aside = 0
    try:
        for fields in reader:
            row_number, start = start, reader.line_num + 1
            if not any(field.strip() for field in fields):
                continue
            if not header:
                header, header_row = tuple(field.strip() for field in fields), row_number
                refuse_above(len(header), "columns", limits, faults)
                continue
            if len(fields) != len(header):
                set_aside += 1
                faults.add(
                    say("The row has {found} fields, the header {expected}.", found=len(fields), expected=len(header)),
                    say("Check separators and quotes in the row."),
                    row=row_number,
                    code="row_width",
                    action="set_aside",
                )
                continue
            rows.append(tuple(fields))
            numbers.append(row_number)
            refuse_above(len(rows), "rows", limits, faults)
    except csv.Error as error:
        faults.add(
            say("The row is not valid CSV: {error}.", error=error),
            say("Check separators and quotes in the row."),
            row=start,
            code="unreadable",
        )
    table = Table(path.name, header, tuple(rows), tuple(numbers), header_row=header_row, set_aside=set_aside)
    faults.extend(header_faults(table))
    faults.raise_any("refused")
    return table.with_faults(faults.faults)
