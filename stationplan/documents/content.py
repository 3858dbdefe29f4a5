"""The content of a report, independent of its layout: records of text, tables and pictures for every writer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from markupsafe import Markup

from stationplan.domain import Language

ColumnKind = Literal["order", "name", "text", "number", "bar"]
"""The layout of a column: rank in the build order, name of the row, text, number, or a bar from 0 to 1."""

TableLook = Literal["plain", "coverage", "sites", "gained", "card"]


@dataclass(frozen=True)
class Column:
    """A column of a table; ``share`` is its width relative to the other columns."""

    title: str
    kind: ColumnKind = "number"
    share: float = 1.0


@dataclass(frozen=True)
class Cell:
    """A table cell: a text, smaller lines below it, and whether the text is emphasised.

    ``bar`` is two shares from 0 to 1, today and with the plan, for columns of bars.
    """

    text: str
    small: tuple[str, ...] = ()
    strong: bool = False
    bar: tuple[float, float] | None = None


@dataclass(frozen=True)
class ReportTable:
    """A table with its own small heading and hint, both of which may be empty.

    A table with the look ``card`` has a name and a text in each row, and no column headings.
    """

    kind: ClassVar[str] = "table"

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    hint: str = ""
    look: TableLook = "plain"


@dataclass(frozen=True)
class Chart:
    """A picture as SVG with a caption."""

    kind: ClassVar[str] = "chart"

    svg: Markup
    title: str


@dataclass(frozen=True)
class Lines:
    """Sentences, one below the other."""

    kind: ClassVar[str] = "lines"

    lines: tuple[str, ...]


Block = ReportTable | Chart | Lines


@dataclass(frozen=True)
class Section:
    """A part of a report: heading, reading hint (may be empty) and content."""

    title: str
    hint: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Figure:
    """A key figure with its name and a note."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class MapSheet:
    """A map to be printed large: the picture, the names of its first numbered places, and its sources.

    ``review`` is the map review number required on published maps; ``more`` states how many names were omitted.
    """

    title: str
    svg: Markup
    names_title: str
    names: tuple[str, ...]
    sources: tuple[str, ...]
    more: str
    review: str


@dataclass(frozen=True)
class Report:
    """A complete report in one language; ``marks`` are prominent notices, such as that the data are synthetic."""

    lang: Language
    title: str
    marks: tuple[str, ...]
    notice: str
    figures_title: str
    figures: tuple[Figure, ...]
    sheet: MapSheet | None
    sections: tuple[Section, ...]
    made_by: str


def texts_of(report: Report) -> Iterator[str]:
    """Yield every text of a report, except those in pictures."""
    yield from (report.title, *report.marks, report.notice, report.figures_title, report.made_by)
    for figure in report.figures:
        yield from (figure.label, figure.value, figure.note)
    if report.sheet is not None:
        sheet = report.sheet
        yield from (sheet.title, sheet.names_title, *sheet.names, *sheet.sources, sheet.more, sheet.review)
    for section in report.sections:
        yield from (section.title, section.hint)
        for block in section.blocks:
            if isinstance(block, ReportTable):
                yield from (block.title, block.hint, *(column.title for column in block.columns))
                for cell in (cell for row in block.rows for cell in row):
                    yield from (cell.text, *cell.small)
            elif isinstance(block, Lines):
                yield from block.lines
            else:
                yield block.title
