"""Charts of a plan as inline SVG. Equal figures give equal bytes; text is escaped and its width is never measured."""

from __future__ import annotations

import unicodedata
from bisect import bisect
from collections.abc import Sequence

from markupsafe import Markup, escape

from stationplan.documents.charts import picture
from stationplan.text.catalogue import percent

_TEAL, _LIGHT, _INK, _QUIET, _LINE = "#0b6b66", "#7cc4bd", "#1d2733", "#57616d", "#d8dce1"

_SHADES = ("#f7f4ee", "#dcecea", "#b3d9d5", "#7cc4bd", "#2f938c", "#0b6b66")
"""Light to dark shades of coverage."""

_STEPS = (0.40, 0.55, 0.70, 0.85, 0.95)
"""Shares at which the next darker shade begins: finer at the top, where most values of a plan are."""

_NAME_WIDTH = 27


def short(name: str, width: int = _NAME_WIDTH) -> str:
    """Return a name shortened to ``width`` letters, or half as many Chinese characters.

    >>> short("Sanitation workers", 12), short("网约车司机", 8)
    ('Sanitation …', '网约车…')
    """
    taken = 0
    for i, sign in enumerate(name):
        taken += 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        if taken > width:
            return f"{name[: max(i - 1, 0)]}…"
    return name


def text_at(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    colour: str = _INK,
    size: float = 11,
    bold: bool = False,
    halo: bool = False,
) -> str:
    """Return an escaped SVG text element; ``halo`` adds a white outline that keeps it legible on a map."""
    weight = ' font-weight="700"' if bold else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size:g}"{weight}'
    # Drawn twice instead of with paint-order, which not every SVG viewer supports.
    behind = f'<text {place} fill="#fff" stroke="#fff" stroke-width="3">{escape(text)}</text>' if halo else ""
    return f'{behind}<text {place} fill="{colour}">{escape(text)}</text>'


def growth(shares: Sequence[float], *, x_title: str, y_title: str) -> Markup:
    """Return a chart of the share covered with the first 0, 1, 2, ... sites of the build order."""
    width, height, left, top = 560.0, 210.0, 58.0, 22.0
    low = max(0.0, int(min(shares) * 10) / 10 - 0.1)
    high = min(1.0, int(max(shares) * 10 + 0.999) / 10)
    scale = height / max(high - low, 0.1)
    steps = max(len(shares) - 1, 1)
    step = width / steps
    parts = []
    for tenth in range(round(low * 10), round(high * 10) + 1):
        y = top + height - (tenth / 10 - low) * scale
        parts.append(f'<path d="M{left} {y:.1f}h{width}" stroke="{_LINE}" fill="none"/>')
        parts.append(text_at(left - 7, y + 4, f"{tenth * 10}%", anchor="end", colour=_QUIET))
    places = [(left + i * step, top + height - (share - low) * scale) for i, share in enumerate(shares)]
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    foot = top + height
    parts.append(f'<path d="M{left} {foot}L{line}L{places[-1][0]:.1f} {foot}Z" fill="{_LIGHT}" fill-opacity=".35"/>')
    parts.append(f'<path d="M{line}" fill="none" stroke="{_TEAL}" stroke-width="2"/>')
    every = -(-len(places) // 21)
    for i, (x, y) in enumerate(places):
        if len(places) <= 60:
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{_TEAL}"/>')
        if i % every == 0:
            parts.append(text_at(x, foot + 17, str(i), anchor="middle", colour=_QUIET))
    first, last = places[0], places[-1]
    parts.append(text_at(first[0] + 8, first[1] + 16, percent(shares[0]), bold=True))
    if len(places) > 1:
        parts.append(text_at(last[0], last[1] - 9, percent(shares[-1]), anchor="end", bold=True))
    parts.append(text_at(left + width / 2, foot + 36, x_title, anchor="middle", colour=_QUIET))
    parts.append(text_at(4, 12, y_title, colour=_QUIET))
    return picture(left + width + 22, foot + 44, parts, f"{y_title} / {x_title}")


def tiles(
    rows: Sequence[str],
    columns: Sequence[str],
    before: Sequence[Sequence[float | None]],
    after: Sequence[Sequence[float | None]],
) -> Markup:
    """Return a tile for each row and column with its shares before and after; darker means a higher share after."""
    left, top, high = 166.0, 26.0, 34.0
    wide = min(max(520.0 / max(len(columns), 1), 72.0), 130.0)
    parts = [
        text_at(left + (c + 0.5) * wide, 17, short(name, 14), anchor="middle", colour=_QUIET)
        for c, name in enumerate(columns)
    ]
    for r, name in enumerate(rows):
        y = top + r * high
        parts.append(text_at(left - 8, y + high / 2 + 4, short(name), anchor="end"))
        for c, (was, now) in enumerate(zip(before[r], after[r], strict=True)):
            x = left + c * wide
            shade = "#fff" if now is None else _SHADES[bisect(_STEPS, now)]
            ink = "#fff" if now is not None and now >= 0.85 else _INK
            parts.append(
                f'<rect x="{x + 1:.1f}" y="{y + 1:.1f}" width="{wide - 2:.1f}" height="{high - 2:.1f}" '
                f'fill="{shade}" stroke="{_LINE}" stroke-width=".6"/>'
            )
            shown = "–" if was is None or now is None else f"{percent(was, 0)} → {percent(now, 0)}"
            parts.append(text_at(x + wide / 2, y + high / 2 + 4, shown, anchor="middle", colour=ink))
    return picture(left + len(columns) * wide + 4, top + len(rows) * high + 4, parts, "")
