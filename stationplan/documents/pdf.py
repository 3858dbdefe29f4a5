"""A report as PDF, typeset by Typst: a map sheet (A3), then pages (A4). Texts are passed as data, never as markup."""

from __future__ import annotations

import json
import logging
import re
from functools import cache
from importlib import resources
from pathlib import Path

import typst
from markupsafe import Markup

from stationplan.documents.content import Block, Chart, Lines, Report, ReportTable, texts_of
from stationplan.documents.plain import plain
from stationplan.errors import say
from stationplan.text.catalogue import translate

logger = logging.getLogger(__name__)

CHINESE_FONTS = (
    *("Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", "Source Han Sans CN", "Microsoft YaHei"),
    *("PingFang SC", "Hiragino Sans GB", "WenQuanYi Micro Hei", "SimHei", "DengXian", "SimSun", "Songti SC"),
)
"""Font families with simplified Chinese, in order of print quality."""

_LATIN_FONTS = ("Liberation Sans", "DejaVu Sans", "Libertinus Serif")
"""The last one is included in Typst."""

CHINESE = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_MOST = 800
"""Characters of one text at most; longer texts are not intended, and Typst takes many seconds for them."""

_LONG = re.compile(r"[!-~]{24}")
"""Characters without an opportunity to break the line."""


@cache
def _fonts() -> typst.Fonts:
    """Return the fonts of this machine; the search takes about a second and is done once per process."""
    return typst.Fonts()


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=_fonts())


@cache
def font_families() -> tuple[str, ...]:
    """Return the font families to try in order: a Chinese one if installed, then Latin ones."""
    known = set(_fonts().families())
    chinese = [name for name in CHINESE_FONTS if name in known]
    return (*chinese[:1], *(name for name in _LATIN_FONTS if name in known))


def can_print(report: Report) -> bool:
    """Return whether this machine has the fonts that a report needs."""
    return has_chinese_font() or not any(CHINESE.search(text) for text in texts_of(report))


def has_chinese_font() -> bool:
    """Return whether a font with Chinese is installed on this machine."""
    return font_families()[0] in CHINESE_FONTS


def write_pdf(report: Report, path: Path) -> None:
    """Write a report as PDF, unless :func:`pdf_of` returns ``None``."""
    made = pdf_of(report, path.name)
    if made is not None:
        path.write_bytes(made)


def pdf_of(report: Report, name: str) -> bytes | None:
    """Return a report as PDF; the same report gives the same bytes with the same fonts.

    If the report contains Chinese and no font with Chinese is installed, the result is ``None`` and a warning is logged
    that names the file ``name``.
    """
    if not can_print(report):
        said = say(
            "{name} was not written: no Chinese font is installed. Install one, such as the package fonts-noto-cjk.",
            name=name,
        )
        logger.warning("%s", translate(said, report.lang))
        return None
    template = resources.files("stationplan").joinpath("documents/assets/report.typ").read_bytes()
    made = _compiler().compile(template, format="pdf", sys_inputs={"report": json.dumps(_values(report))}, timestamp=0)
    assert isinstance(made, bytes)
    return made


def svg_png(svg: Markup, *, width: float, ppi: float) -> bytes:
    """Return a picture as PNG, ``width`` millimetres wide at ``ppi`` pixels per inch."""
    source = b"""
#set page(width: float(sys.inputs.width) * 1mm, height: auto, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg", width: 100%)
"""
    inputs = {"svg": _with_fonts(svg), "width": f"{width:g}"}
    made = _compiler().compile(source, format="png", ppi=ppi, sys_inputs=inputs, timestamp=0)
    assert isinstance(made, bytes)
    return made


def _with_fonts(svg: Markup) -> str:
    """Return a picture that names the fonts to be used, without characters that XML does not allow."""
    families = ", ".join(f"'{name}'" for name in font_families())
    return plain(str(svg)).replace("<svg ", f'<svg font-family="{families}" ', 1)


def _values(report: Report) -> dict[str, object]:
    sheet = report.sheet
    return {
        "lang": report.lang,
        "fonts": list(font_families()),
        "title": _text(report.title),
        "head": _text(report.title[:60]),
        "marks": [_text(mark) for mark in report.marks],
        "notice": _text(report.notice),
        "figures": [
            {"label": _text(figure.label), "value": _text(figure.value), "note": _text(figure.note)}
            for figure in report.figures
        ],
        "sheet": None
        if sheet is None
        else {
            "title": _text(sheet.title),
            "svg": _with_fonts(sheet.svg),
            "names_title": _text(sheet.names_title),
            "names": [_text(name[:60]) for name in sheet.names],
            "more": _text(sheet.more),
            "sources": [_text(line) for line in sheet.sources],
            "review": _text(sheet.review),
        },
        "sections": [
            {
                "title": _text(section.title),
                "hint": _text(section.hint),
                "blocks": [_block(block) for block in section.blocks],
            }
            for section in report.sections
        ],
        "made_by": _text(report.made_by),
    }


def _block(block: Block) -> dict[str, object]:
    if isinstance(block, Lines):
        return {"kind": block.kind, "lines": [_text(line) for line in block.lines]}
    if isinstance(block, Chart):
        wide = re.search(r'width="(\d+)"', block.svg)
        width = int(wide[1]) if wide else 600
        return {"kind": block.kind, "title": _text(block.title), "svg": _with_fonts(block.svg), "width": width}
    return _table(block)


def _table(table: ReportTable) -> dict[str, object]:
    return {
        "kind": table.kind,
        "title": _text(table.title),
        "hint": _text(table.hint),
        "look": table.look,
        "columns": [
            {"title": _text(column.title), "kind": column.kind, "share": column.share} for column in table.columns
        ],
        "rows": [
            [
                {
                    "text": _text(cell.text),
                    "small": [_text(line) for line in cell.small],
                    "strong": cell.strong,
                    "bar": cell.bar,
                }
                for cell in row
            ]
            for row in table.rows
        ],
    }


def _text(text: str) -> str:
    """Return a text that can be typeset: truncated if very long, with break opportunities in very long words."""
    cut = text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"
    return _LONG.sub(lambda found: f"{found[0]}\u200b", plain(cut))
