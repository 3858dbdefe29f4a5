"""Sheets of text and numbers as a workbook. Text from inputs is never written as a formula."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from stationplan.storage.files import writing

_CELL_LIMIT = 32_767
"""Maximum number of characters in a cell of a workbook."""

_ROW_LIMIT = 1_000_000
"""Rows written to a sheet at most, below the limit of the format, 1,048,576."""

_EPOCH = datetime(2000, 1, 1)


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, its columns as (title, kind of value, width), and its rows."""

    name: str
    columns: Sequence[tuple[str, str, int]]
    rows: Sequence[Sequence[object]]


def write_sheets(path: Path, sheets: Sequence[Sheet], *, title: str) -> None:
    """Write a workbook of sheets with header rows; kinds of values are text, whole, tenth, degree and share."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with writing(path, FileCreateError), xlsxwriter.Workbook(path, options) as book:
        # A fixed creation date, so that the same content gives the same workbook.
        book.set_properties({"title": title, "created": _EPOCH})
        head = book.add_format({"bold": True, "bg_color": "#E6F2F0", "bottom": 1, "text_wrap": True, "valign": "top"})
        formats = {
            "text": book.add_format({"valign": "top", "text_wrap": True}),
            "whole": book.add_format({"num_format": "#,##0", "valign": "top"}),
            "tenth": book.add_format({"num_format": "#,##0.0", "valign": "top"}),
            "degree": book.add_format({"num_format": "0.000000", "valign": "top"}),
            "share": book.add_format({"num_format": "0.0%", "valign": "top"}),
        }
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            rows = list(sheet.rows[:_ROW_LIMIT])
            if len(rows) < len(sheet.rows):
                rows.append(["…"] * len(sheet.columns))  # marks the truncation: a sheet cannot have more rows
            for column, (heading, kind, width) in enumerate(sheet.columns):
                page.set_column(column, column, width)
                page.write_string(0, column, heading, head)
                for row, values in enumerate(rows, start=1):
                    value = values[column]
                    if isinstance(value, str):
                        _write_text(page, row, column, value, formats["text"])
                    elif isinstance(value, int | float) and math.isfinite(value):
                        page.write_number(row, column, round(value, 9), formats[kind])
            page.freeze_panes(1, 0)
            page.autofilter(0, 0, max(len(rows), 1), len(sheet.columns) - 1)
            page.repeat_rows(0)
            page.set_landscape()
            page.fit_to_pages(1, 0)


def _write_text(page: Worksheet, row: int, column: int, text: str, text_format: Format) -> None:
    """Write text as text, truncated with an ellipsis if it exceeds the limit of a cell."""
    text = text.encode("utf-8", "backslashreplace").decode()  # XML does not allow lone surrogates
    if len(text) > _CELL_LIMIT:
        text = f"{text[: _CELL_LIMIT - 1]}…"
    if text.startswith("<r>") and text.endswith("</r>"):
        # XlsxWriter takes such a string for its own rich text and would write it unescaped.
        page.write_rich_string(row, column, text[:1], text_format, text[1:], text_format)
    else:
        page.write_string(row, column, text, text_format)
