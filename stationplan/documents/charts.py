"""Charts as inline SVG. Equal figures give equal bytes; text is escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
import shapely
from markupsafe import Markup, escape

from stationplan.domain import FloatArray
from stationplan.text.catalogue import number

_TEAL, _LIGHT, _INK, _LINE = "#0b6b66", "#7cc4bd", "#57616d", "#d8dce1"

DIVERGING = ("#7f3b08", "#c0741a", "#e6b876", "#dddddd", "#a9a2c9", "#6e62a4", "#3b2470")
"""Brown to purple (after ColorBrewer's PuOr), distinguishable by colour-blind readers; the middle is grey."""


@dataclass(frozen=True)
class Axis:
    """A square-root scale of counts from 0 to ``top`` over ``length`` pixels."""

    top: float
    length: float

    def at(self, value: float) -> float:
        """Return the position of a value in pixels.

        >>> Axis(100.0, 200.0).at(25.0)
        100.0
        """
        return math.sqrt(max(value, 0.0) / self.top) * self.length if self.top > 0 else 0.0

    def ticks(self) -> list[float]:
        """Return round values at suitable distances from each other.

        >>> Axis(900.0, 200.0).ticks()
        [0.0, 40.0, 150.0, 400.0, 900.0]
        """
        rounds = [_round(self.top * share) for share in (0.0, 0.05, 0.2, 0.5)]
        return [*dict.fromkeys(rounds), _round(self.top)]


def _round(value: float) -> float:
    """Round down to one or two significant digits that are easy to read."""
    if value <= 0:
        return 0.0
    size = 10.0 ** math.floor(math.log10(value))
    steps = [step for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 9) if step * size <= value * (1 + 1e-9)]
    return float(steps[-1] * size)


def scatter(predicted: FloatArray, observed: FloatArray, *, x_title: str, y_title: str) -> Markup:
    """Return a scatter plot of observed over predicted counts on square-root scales, with the line of equality."""
    size, left, low = 300.0, 66.0, 40.0
    axis = Axis(float(max(predicted.max(initial=0.0), observed.max(initial=0.0))), size)
    parts = [f'<line x1="{left}" y1="{size + 8}" x2="{left + size}" y2="8" stroke="{_INK}" stroke-dasharray="4 3"/>']
    for tick in axis.ticks():
        at = axis.at(tick)
        parts.append(_line(left, 8 + size - at, left + size, 8 + size - at, _LINE))
        parts.append(_line(left + at, 8, left + at, size + 8, _LINE))
        parts.append(_text(left - 6, 12 + size - at, number(tick), anchor="end"))
        parts.append(_text(left + at, size + 24, number(tick), anchor="middle"))
    dots = "".join(
        f'<circle cx="{_f(left + axis.at(p))}" cy="{_f(8 + size - axis.at(o))}" r="2.2"/>'
        for p, o in zip(predicted.tolist(), observed.tolist(), strict=True)
    )
    parts.append(f'<g fill="{_TEAL}" fill-opacity="0.35">{dots}</g>')
    parts.append(_text(left + size / 2, size + 42, x_title, anchor="middle"))
    parts.append(_text(12, 8 + size / 2, y_title, anchor="middle", turned=True))
    return picture(left + size + 14, size + low + 14, parts, f"{y_title} / {x_title}")


def paired_bars(pairs: Sequence[tuple[str, float, float]], *, first: str, second: str) -> Markup:
    """Return a chart of two bars for each name, the first light and the second dark, with a legend."""
    height, left, width, gap = 220.0, 56.0, 430.0, 8.0
    highest = max((max(a, b) for _, a, b in pairs), default=0.0) or 1.0
    step = _round(highest / 4)
    top = math.ceil(highest / step) * step
    each = width / max(len(pairs), 1)
    bar = (each - gap) / 2
    parts = []
    for tick in np.arange(0.0, top + step / 2, step).tolist():
        y = 30 + height * (1 - tick / top)
        parts.append(_line(left, y, left + width, y, _LINE))
        parts.append(_text(left - 6, y + 4, number(tick), anchor="end"))
    for i, (name, one, two) in enumerate(pairs):
        x = left + i * each + gap / 2
        for offset, value, colour in ((0.0, one, _LIGHT), (bar, two, _TEAL)):
            tall = height * value / top
            parts.append(_rect(x + offset, 30 + height - tall, bar, tall, colour))
        parts.append(_text(x + bar, 30 + height + 16, name, anchor="middle"))
    for x, name, colour in ((left, first, _LIGHT), (left + 150, second, _TEAL)):
        parts.append(_rect(x, 6, 12, 12, colour))
        parts.append(_text(x + 18, 16, name))
    return picture(left + width + 10, height + 56, parts, f"{first} / {second}")


def bars(rows: Sequence[tuple[str, float, float]]) -> Markup:
    """Return a chart of horizontal bars from rows (name, value, deviation), with whiskers of one deviation."""
    left, width, row = 190.0, 300.0, 20.0
    high = max((value + deviation for _, value, deviation in rows), default=0.0)
    low = min((value - deviation for _, value, deviation in rows), default=0.0)
    low, high = min(low, 0.0), max(high, 1e-12)
    scale = width / (high - low)
    zero = left - low * scale
    parts = []
    for i, (name, value, deviation) in enumerate(rows):
        y = 6 + i * row
        start = zero + min(value, 0.0) * scale
        parts.append(_text(left - 8, y + 12, name, anchor="end"))
        parts.append(_rect(start, y + 3, abs(value) * scale, 11, _TEAL))
        ends = (zero + (value - deviation) * scale, zero + (value + deviation) * scale)
        parts.append(_line(ends[0], y + 8.5, ends[1], y + 8.5, _INK))
        parts.append(_text(left + width + 8, y + 12, f"{value:.3f}"))
    parts.append(_line(zero, 4, zero, 6 + len(rows) * row, _INK))
    return picture(left + width + 60, 12 + len(rows) * row, parts, "")


def residual_map(
    x: FloatArray, y: FloatArray, residual: FloatArray, *, size_m: float, low: str, high: str, scale: str
) -> Markup:
    """Return a map of cells as squares of ``size_m`` at ``x``/``y`` (m), coloured by residual in standard deviations.

    Seven colours run from -3 and less to 3 and more; ``low``, ``high`` and ``scale`` are texts of the legend.
    """
    width = 520.0
    left, right = float(x.min() - size_m), float(x.max() + size_m)
    bottom, top = float(y.min() - size_m), float(y.max() + size_m)
    step = width / max(right - left, 1.0)
    height = min((top - bottom) * step, 640.0)
    step = min(step, height / max(top - bottom, 1.0))
    shade = np.clip(np.rint(residual), -3, 3).astype(int) + 3
    side = max(size_m * step, 1.2)
    parts = []
    for colour in range(len(DIVERGING)):
        here = np.flatnonzero(shade == colour)
        squares = "".join(
            f'<rect x="{_f((x[i] - left) * step - side / 2)}" y="{_f((top - y[i]) * step - side / 2)}" '
            f'width="{_f(side)}" height="{_f(side)}"/>'
            for i in here.tolist()
        )
        parts.append(f'<g fill="{DIVERGING[colour]}">{squares}</g>')
    for colour, shown in enumerate(DIVERGING):
        parts.append(_rect(120 + colour * 26, height + 12, 26, 12, shown))
    parts.append(_text(114, height + 22, low, anchor="end"))
    parts.append(_text(120 + 7 * 26 + 6, height + 22, high))
    km = _round((right - left) / 4000) or 1.0
    parts.append(_line(400, height + 18, 400 + km * 1000 * step, height + 18, _INK))
    parts.append(_text(400, height + 34, f"{number(km, 0 if km >= 1 else 1)} {scale}"))
    return picture(width, height + 40, parts, f"{low} / {high}")


def curve(x: Sequence[float], y: Sequence[float], *, x_title: str, y_title: str) -> Markup:
    """Return a line chart through points, both axes from 0, with round ticks on the vertical axis."""
    width, height, left = 430.0, 220.0, 70.0
    most_x, most_y = max(x, default=0.0) or 1.0, max(y, default=0.0) or 1.0
    parts = []
    step = _round(most_y / 4)
    for tick in range(int(most_y / step + 1e-9) + 1):
        at = 12 + height * (1 - tick * step / most_y)
        parts.append(_line(left, at, left + width, at, _LINE))
        parts.append(_text(left - 6, at + 4, number(tick * step), anchor="end"))
    places = [(left + width * a / most_x, 12 + height * (1 - b / most_y)) for a, b in zip(x, y, strict=True)]
    joined = " ".join(f"{_f(a)},{_f(b)}" for a, b in places)
    parts.append(f'<polyline points="{joined}" fill="none" stroke="{_TEAL}" stroke-width="2"/>')
    for value, (a, b) in zip(x, places, strict=True):
        parts.append(f'<circle cx="{_f(a)}" cy="{_f(b)}" r="3.5" fill="{_TEAL}"/>')
        parts.append(_text(a, height + 30, number(value), anchor="middle"))
    parts.append(_text(left + width / 2, height + 50, x_title, anchor="middle"))
    parts.append(_text(14, 12 + height / 2, y_title, anchor="middle", turned=True))
    return picture(left + width + 20, height + 58, parts, f"{y_title} / {x_title}")


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{_f(x1)}" y1="{_f(y1)}" x2="{_f(x2)}" y2="{_f(y2)}" stroke="{colour}"/>'


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{_f(x)}" y="{_f(y)}" width="{_f(width)}" height="{_f(height)}" fill="{colour}"/>'


def _f(value: float) -> str:
    return f"{value:.1f}"


def _text(x: float, y: float, text: str, *, anchor: str = "start", turned: bool = False) -> str:
    turn = f' transform="rotate(-90 {_f(x)} {_f(y)})"' if turned else ""
    return f'<text x="{_f(x)}" y="{_f(y)}" text-anchor="{anchor}"{turn}>{escape(text)}</text>'


def picture(width: float, height: float, parts: Sequence[str], label: str) -> Markup:
    """Return SVG parts, whose texts are already escaped, as one picture with a label for screen readers."""
    body = "".join(parts)
    return Markup(  # noqa: S704 - texts are escaped where they are made, the rest are numbers
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-size="11" role="img" '
        f'aria-label="{escape(label)}">{body}</svg>'
    )


_STEPS = ("#f1eef6", "#bdc9e1", "#74a9cf", "#2b8cbe", "#045a8d")
"""Light to dark blue (after ColorBrewer's PuBu), perceptually even, also for colour-blind readers."""

_WIDTH, _HEIGHT, _LETTER = 960.0, 620.0, 15.0
"""Pixels of the map (width, height), and of a letter of a name."""


def choropleth(
    shapes: Sequence[shapely.Geometry],
    shares: Sequence[float | None],
    names: Sequence[tuple[str, str]],
    titles: Sequence[str],
    links: Sequence[str],
    *,
    legend: str,
    none: str,
) -> Markup:
    """Return a map of polygons (m) coloured by share, each with a title and a relative link (empty: none).

    Polygons without a share are grey, with the legend text ``none``. Each name is drawn where it fits, otherwise its
    shorter form, as far from the borders as possible. The picture needs no style sheet, so it can also be printed.
    Classes are equal parts of the range from the smallest share, rounded down to a tenth, to one.
    """
    bounds = np.array([shape.bounds for shape in shapes if not shape.is_empty])
    west, south, east, north = bounds[:, 0].min(), bounds[:, 1].min(), bounds[:, 2].max(), bounds[:, 3].max()
    scale = min(_WIDTH / max(east - west, 1.0), _HEIGHT / max(north - south, 1.0))
    known = [share for share in shares if share is not None]
    low = math.floor(min(known, default=0.0) * 10) / 10
    low = min(low, 0.9)
    width, height = (east - west) * scale, (north - south) * scale
    parts, labels = [], []
    for shape, share, forms, title, link in zip(shapes, shares, names, titles, links, strict=True):
        rings = [ring for part in shapely.get_parts(shape) for ring in shapely.get_rings(part)]
        drawn = "".join(
            "M" + "L".join(f"{(x - west) * scale:.1f} {(north - y) * scale:.1f}" for x, y in ring.coords[:-1]) + "Z"
            for ring in rings
        )
        colour = "#dddddd" if share is None else _STEPS[_step(share, low)]
        path = Markup('<path d="{}" fill="{}" fill-rule="evenodd"><title>{}</title></path>').format(
            drawn, colour, title
        )
        # Links are relative folder names: characters with a meaning in URLs are percent-encoded.
        parts.append(Markup('<a href="{}">{}</a>').format(quote(link), path) if link else path)
        room = 0.0 if shape.is_empty else (shape.bounds[2] - shape.bounds[0]) * scale
        name = next((form for form in forms if form and room > _LETTER * len(form)), "")
        if name:
            x, y = shapely.maximum_inscribed_circle(shape).coords[0]
            place = (_f((x - west) * scale), _f((north - y) * scale))
            labels.append(Markup('<text class="unit" x="{}" y="{}">{}</text>').format(*place, name))
    keys = [
        Markup(
            '<rect x="{}" y="{}" width="34" height="12" fill="{}" stroke="#57616d" stroke-width=".5"/>'
            '<text x="{}" y="{}">{}</text>'
        ).format(
            _f(150.0 * step),
            _f(height + 34),
            colour,
            _f(150.0 * step + 40),
            _f(height + 44),
            f"{low + (1 - low) * step / len(_STEPS):.0%} – {low + (1 - low) * (step + 1) / len(_STEPS):.0%}",
        )
        for step, colour in enumerate(_STEPS)
    ]
    if len(known) < len(shares):
        keys.append(
            Markup(
                '<rect x="450" y="{}" width="34" height="12" fill="#dddddd" stroke="#57616d" stroke-width=".5"/>'
                '<text x="490" y="{}">{}</text>'
            ).format(_f(height + 14), _f(height + 24), none)
        )
    heading = Markup('<text x="0" y="{}" font-weight="600">{}</text>').format(_f(height + 24), legend)
    size = (_f(max(width, 760.0)), _f(height + 54))
    drawn_map = Markup('<g stroke="#fff">{}</g>').format(Markup("").join(parts))
    named = Markup(
        '<g text-anchor="middle" font-size="13" stroke="#fff" stroke-width="3" paint-order="stroke">{}</g>'
    ).format(Markup("").join(labels))
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {} {}" width="{}" height="{}" '
        'font-size="11" fill="#1d2733" role="group" aria-label="{}">{}</svg>'
    ).format(*size, *size, legend, Markup("").join([drawn_map, named, heading, *keys]))


def _step(share: float, low: float) -> int:
    return min(max(int((share - low) / (1 - low) * len(_STEPS)), 0), len(_STEPS) - 1)
