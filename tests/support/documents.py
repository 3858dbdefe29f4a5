"""Reading written reports back: rows of a page, the text of a PDF, and hostile texts to write."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from stationplan.documents.content import (
    Report,
    ReportTable,
)
from support.environment import IN_CI

HOSTILE = [
    '#panic("run")',
    '#read("/etc/passwd")',
    "$x^2$ *bold* _it_ @ref <label> `raw` // no /* no",
    "\\u{1F600} \\",
    "</w:t></w:r><w:r><w:t>",
    "<script>alert(1)</script>",
    "&amp; ]]>",
    "= heading",
    "a\0b",
    "c\udcffd",
    "e\x1bf\x0bg\ufffeh",
    "w" * 3000,
    "\u202eright to left",
]


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        if IN_CI:
            pytest.fail("PDF may not go unread in CI: install the package poppler-utils")
        pytest.skip("needs poppler-utils")
    return found


def made_by(name: str, *arguments: object) -> bytes:
    command = [tool(name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=True).stdout


def asked(name: str, *arguments: object) -> str:
    return made_by(name, *arguments).decode()


def pdf_text(path) -> str:
    """The text of a PDF without any space, line or place to break."""
    return squeezed(asked("pdftotext", "-layout", path, "-"))


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b]+", "", text)


class Rows(HTMLParser):
    """The cells of each row of a page's tables: the text, then the smaller lines."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[list[str]]] = []
        self.within = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append([""])
            self.within = True
        elif tag == "small" and self.within:
            self.rows[-1][-1].append("")

    def handle_endtag(self, tag):
        self.within = self.within and tag not in {"td", "th"}

    def handle_data(self, data):
        if self.within:
            self.rows[-1][-1][-1] += data


def said_rows(report: Report) -> list[list[list[str]]]:
    """What the tables of a report say, row by row, without bars."""
    rows = []
    for table in tables_of(report):
        if table.look != "card":
            rows.append([[column.title] for column in table.columns])
        rows += [[["" if cell.bar else cell.text, *cell.small] for cell in row] for row in table.rows]
    return rows


def tables_of(report: Report) -> list[ReportTable]:
    return [block for section in report.sections for block in section.blocks if isinstance(block, ReportTable)]
