"""A report as an A4 Word document: real headings, tables with repeated header rows, pictures, page numbers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

import docx
from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle

from stationplan.documents.content import Cell, Chart, Column, Lines, Report, ReportTable
from stationplan.documents.pdf import svg_png
from stationplan.documents.plain import plain

_EPOCH = datetime(2000, 1, 1)
_WIDTH_MM = 180.0
_PPI = 170.0

_LATIN, _CHINESE = "Segoe UI", "微软雅黑"
"""Word substitutes a missing font by itself, also on macOS and in WPS."""

_TEAL, _LIGHT, _QUIET, _GROUND = "0B6B66", "7CC4BD", "57616D", "E6F2F0"
_BAR_SIGNS = 20


def write_word(report: Report, path: Path) -> None:
    """Write a report as a Word document; the same report gives the same bytes."""
    document = _blank()
    document.core_properties.title = plain(report.title)[:255]
    document.core_properties.language = "zh-CN" if report.lang == "zh" else "en"
    if report.marks:
        _line(document, " · ".join(report.marks), "Marks")
    _line(document, report.title, "Title")
    if report.notice:
        _line(document, report.notice, "Hint")
    document.element.body.insert(-1, parse_xml(_figures_xml(report)))
    if report.sheet is not None:
        _line(document, report.sheet.title, "Heading1")
        _picture(document, svg_png(report.sheet.svg, width=_WIDTH_MM, ppi=_PPI), _WIDTH_MM)
        for line in filter(None, (*report.sheet.sources, report.sheet.review)):
            _line(document, line, "Hint")
    for section in report.sections:
        _line(document, section.title, "Heading1")
        if section.hint:
            _line(document, section.hint, "Hint")
        for block in section.blocks:
            if isinstance(block, ReportTable):
                _table(document, block)
            elif isinstance(block, Chart):
                _chart(document, block)
            else:
                _lines(document, block)
    _line(document, report.made_by, "Hint")
    draft = io.BytesIO()
    document.save(draft)
    path.write_bytes(_without_times(draft.getvalue()))


@cache
def _template() -> bytes:
    """Return an empty document with our page layout and styles."""
    document = docx.Document()
    own = (("Normal", 10, None), ("Title", 20, None), ("Heading 1", 14, None), ("Heading 2", 10.5, _QUIET))
    for name, size, colour in own:
        style = document.styles[name]
        assert isinstance(style, ParagraphStyle)
        _set_font(style, size, colour)
    for name, size, colour in (("Hint", 8.5, _QUIET), ("Marks", 8.5, "6B4E00")):
        style = document.styles.add_style(name, 1)
        assert isinstance(style, ParagraphStyle)
        style.base_style = document.styles["Normal"]
        _set_font(style, size, colour)
    document.styles["Normal"].paragraph_format.space_after = Pt(3)
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(15)
    page.top_margin = page.bottom_margin = Mm(16)
    number = page.footer.paragraphs[0]
    number.alignment = 1
    for code in ("PAGE", "NUMPAGES"):
        if code == "NUMPAGES":
            number.add_run(" / ")
        number._p.append(
            parse_xml(f'<w:fldSimple {nsdecls("w")} w:instr=" {code} "><w:r><w:t>1</w:t></w:r></w:fldSimple>')
        )
    told = document.core_properties
    told.author, told.comments, told.created, told.modified = "stationplan", "", _EPOCH, _EPOCH
    draft = io.BytesIO()
    document.save(draft)
    return draft.getvalue()


def _blank() -> Document:
    return docx.Document(io.BytesIO(_template()))


def _set_font(style: ParagraphStyle, size: float, colour: str | None) -> None:
    """Set fonts for both scripts; theme fonts are removed, as they would override ours and leave Chinese undefined."""
    style.font.name, style.font.size = _LATIN, Pt(size)
    style.font.color.rgb = RGBColor.from_string(colour or "1D2733")
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for key in [str(key) for key in fonts.attrib if str(key).endswith("Theme")]:
        del fonts.attrib[key]
    for script in ("w:ascii", "w:hAnsi", "w:cs"):
        fonts.set(qn(script), _LATIN)
    fonts.set(qn("w:eastAsia"), _CHINESE)


def _line(document: Document, text: str, style: str, *, keep: bool = False) -> None:
    """Add a paragraph by style id; looking up styles by name would dominate the running time."""
    kept = "<w:keepNext/>" if keep else ""
    told = escape(plain(text))
    paragraph = (
        f'<w:p {nsdecls("w")}><w:pPr><w:pStyle w:val="{style}"/>{kept}</w:pPr>'
        f'<w:r><w:t xml:space="preserve">{told}</w:t></w:r></w:p>'
    )
    document.element.body.insert(-1, parse_xml(paragraph))


def _lines(document: Document, block: Lines) -> None:
    for line in block.lines:
        _line(document, line, "ListBullet")


def _chart(document: Document, chart: Chart) -> None:
    _line(document, chart.title, "Hint", keep=True)
    width = min(float(chart.svg.split('width="', 1)[1].split('"', 1)[0]) * 0.27, 170.0)
    _picture(document, svg_png(chart.svg, width=width, ppi=_PPI), width)


def _picture(document: Document, png: bytes, width: float) -> None:
    document.add_picture(io.BytesIO(png), width=Mm(width))


def _table(document: Document, table: ReportTable) -> None:
    if table.title:
        _line(document, table.title, "Heading2")
    if table.hint:
        _line(document, table.hint, "Hint")
    document.element.body.insert(-1, parse_xml(_table_xml(table)))
    _line(document, "", "Hint")  # otherwise Word merges two consecutive tables


def _table_xml(table: ReportTable) -> str:
    """Return a table as WordprocessingML: made as one text, cell by cell it would take seconds."""
    whole = sum(column.share for column in table.columns)
    widths = [round(column.share / whole * _WIDTH_MM * 56.7) for column in table.columns]
    size = 13 if len(table.columns) > 9 else 14 if len(table.columns) > 7 else 17
    heads = [Cell(column.title) for column in table.columns]
    head = "" if table.look == "card" else _row_xml(table.columns, heads, widths, size, head=True)
    rows = "".join(_row_xml(table.columns, row, widths, size) for row in table.rows)
    return _whole_xml(widths, head + rows)


def _whole_xml(widths: list[int], rows: str) -> str:
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    line = '<w:{} w:val="single" w:sz="4" w:space="0" w:color="D8DCE1"/>'
    borders = line.format("top") + line.format("bottom") + line.format("insideH")
    return (
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblBorders>{borders}'
        '</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="50" w:type="dxa"/>'
        f'<w:right w:w="50" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>'
    )


def _row_xml(
    columns: tuple[Column, ...],
    cells: Sequence[Cell],
    widths: list[int],
    size: int,
    *,
    head: bool = False,
) -> str:
    drawn = []
    for column, cell, width in zip(columns, cells, widths, strict=True):
        right = column.kind in ("number", "order")
        if cell.bar is not None:
            paragraphs = _paragraph_xml(_bar_xml(*cell.bar, size), right=False)
        else:
            bold = head or cell.strong or column.kind == "order"
            paragraphs = _paragraph_xml(_run_xml(cell.text, size, _QUIET if head else "", bold=bold), right=right)
            paragraphs += "".join(_paragraph_xml(_run_xml(line, size - 3, _QUIET), right=right) for line in cell.small)
        shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{_GROUND}"/>' if head else ""
        drawn.append(f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{shade}</w:tcPr>{paragraphs}</w:tc>')
    repeated = "<w:tblHeader/>" if head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>{''.join(drawn)}</w:tr>"


def _paragraph_xml(runs: str, *, right: bool) -> str:
    side = '<w:jc w:val="right"/>' if right else ""
    return f'<w:p><w:pPr><w:spacing w:before="10" w:after="10"/>{side}</w:pPr>{runs}</w:p>'


def _run_xml(text: str, size: int, colour: str = "", *, bold: bool = False) -> str:
    weight, shade = "<w:b/>" if bold else "", f'<w:color w:val="{colour}"/>' if colour else ""
    told = escape(plain(text))
    return f'<w:r><w:rPr>{weight}{shade}<w:sz w:val="{size}"/></w:rPr><w:t xml:space="preserve">{told}</w:t></w:r>'


def _bar_xml(before: float, after: float, size: int) -> str:
    """Return a bar of twenty block characters: dark for the share today, light for the share gained."""
    first = round(before * _BAR_SIGNS)
    second = max(round(after * _BAR_SIGNS) - first, 0)
    parts = ((first, _TEAL), (second, _LIGHT), (max(_BAR_SIGNS - first - second, 0), "E3E7EA"))
    return "".join(_run_xml("█" * count, size - 4, colour) for count, colour in parts if count)


def _figures_xml(report: Report) -> str:
    """Return the key figures as a table of one row."""
    count = max(len(report.figures), 1)
    widths = [round(_WIDTH_MM * 56.7 / count)] * count
    cells = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:shd w:val="clear" w:color="auto" w:fill="{_GROUND}"/>'
        f"</w:tcPr>{_paragraph_xml(_run_xml(figure.label, 16, _QUIET), right=False)}"
        f"{_paragraph_xml(_run_xml(figure.value, 24, _TEAL, bold=True), right=False)}"
        f"{_paragraph_xml(_run_xml(figure.note, 15, _QUIET), right=False)}</w:tc>"
        for figure, width in zip(report.figures, widths, strict=False)
    )
    return _whole_xml(widths, f"<w:tr>{cells}</w:tr>")


def _without_times(data: bytes) -> bytes:
    """Return a zip file whose members have a fixed time instead of their creation time."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            fixed = zipfile.ZipInfo(entry.filename, (2000, 1, 1, 0, 0, 0))
            # A PNG is already compressed.
            fixed.compress_type = zipfile.ZIP_STORED if entry.filename.endswith(".png") else zipfile.ZIP_DEFLATED
            new.writestr(fixed, old.read(entry))
    return made.getvalue()
