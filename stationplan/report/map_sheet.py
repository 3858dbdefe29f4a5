"""The map sheet of a plan for large prints, as SVG: workers covered today, covered with the plan, or not covered."""

from __future__ import annotations

import math

import numpy as np
import shapely
from markupsafe import Markup

from stationplan.documents.charts import picture
from stationplan.domain import FloatArray, IntArray, Language, Plan
from stationplan.figures.coverage import uncovered
from stationplan.geo import project
from stationplan.report.plan_charts import short, text_at
from stationplan.text.catalogue import number, words
from stationplan.text.names import district_name

_WIDTH, _HEIGHT, _LINE = 1180.0, 800.0, 20.0
"""Maximum size of the map, and height of a line of its legend, in SVG units."""

_MARGIN = 0.02
LEAST_SIDE = 2.2
"""Cells that would be smaller than this (SVG units) are aggregated to a grid."""

STATE_COLOURS = ("#0b6b66", "#63c5b5", "#d9792b")
"""Covered today, covered with the plan only, not covered; distinguishable by colour-blind readers."""

_ROAD, _BORDER, _SITE, _STATION = "#c3c8ce", "#57616d", "#5b2a86", "#1d2733"


class _Frame:
    """The transformation from projected metres to SVG units, with y downwards."""

    def __init__(self, west: float, south: float, east: float, north: float) -> None:
        margin = max(east - west, north - south, 1.0) * _MARGIN
        self.west, self.north = west - margin, north + margin
        wide, tall = east - west + 2 * margin, north - south + 2 * margin
        self.scale = min(_WIDTH / wide, _HEIGHT / tall)
        self.width, self.height = wide * self.scale, tall * self.scale

    def at(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        return (x - self.west) * self.scale, (self.north - y) * self.scale

    def path(self, shape: shapely.Geometry) -> str:
        """Return the lines of a shape as SVG path data, simplified to what is visible."""
        drawn = []
        simple = shapely.simplify(shape, 0.6 / self.scale)
        lines = shapely.get_parts(simple)
        for part in lines:
            rings = shapely.get_rings(part) if shapely.get_dimensions(part) == 2 else [part]
            for ring in rings:
                x, y = self.at(*shapely.get_coordinates(ring).T)
                drawn.append("M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True)))
        return "".join(drawn)


def map_sheet(plan: Plan, lang: Language) -> Markup:
    """Return the map as SVG: districts, main roads, cells by coverage, stations, numbered proposed sites, legend."""
    districts = plan.area.districts.geometry.to_numpy()
    frame = _Frame(*shapely.total_bounds(districts).tolist())
    width, closed = max(frame.width, 760.0), len(plan.solution.closed) > 0
    parts = [
        f'<clipPath id="sheet"><rect width="{frame.width:.1f}" height="{frame.height:.1f}"/></clipPath>',
        '<g clip-path="url(#sheet)">',
        f'<rect width="{frame.width:.1f}" height="{frame.height:.1f}" fill="#f6f6f3"/>',
        *(f'<path d="{frame.path(shape)}" fill="#fff"/>' for shape in districts),
        *_cells(plan, frame),
        f'<path d="{_roads(plan, frame)}" fill="none" stroke="{_ROAD}" stroke-width="1.3"/>',
        *(
            f'<path d="{frame.path(shape)}" fill="none" stroke="{_BORDER}" stroke-width="1.2" stroke-dasharray="6 3"/>'
            for shape in districts
        ),
        *_names(plan, frame, lang),
        *_stations(plan, frame),
        *_proposed(plan, frame),
        *_scale(frame, lang),
        "</g>",
        f'<rect x=".5" y=".5" width="{frame.width - 1:.1f}" height="{frame.height - 1:.1f}" fill="none" '
        f'stroke="{_BORDER}"/>',
        *_legend(frame, width, lang, closed=closed),
    ]
    return picture(width, frame.height + (4 if closed else 3) * _LINE - 8, parts, words(lang)("Map of the plan"))


def _cells(plan: Plan, frame: _Frame) -> list[str]:
    """Return squares with areas proportional to workers, one path per state; small ones are aggregated to a grid."""
    demand = plan.demand
    workers = demand.workers.sum(axis=(1, 2))
    before, after = uncovered(plan, plan.recounted.stations_before), uncovered(plan, plan.recounted.stations_after)
    x, y = frame.at(demand.x, demand.y)
    side = _spacing(x, y)
    if side < LEAST_SIDE:
        side = LEAST_SIDE
        keys = np.floor(np.column_stack([x, y]) / side).astype(np.int64)
        places, inside = np.unique(keys, axis=0, return_inverse=True)
        workers, before, after = (
            np.bincount(inside.ravel(), some).astype(np.float64) for some in (workers, before, after)
        )
        x, y = np.ascontiguousarray((places.T.astype(np.float64) + 0.5) * side)
    there = np.flatnonzero(workers > 0)
    state = np.where(before[there] * 2 <= workers[there], 0, np.where(after[there] * 2 <= workers[there], 1, 2))
    # The scale is capped at the 98th percentile, as a few very large cells would shrink all others to dots.
    top = float(np.percentile(workers[there], 98)) if len(there) else 1.0
    sides = np.clip(np.sqrt(workers[there] / top), 0.22, 1.0) * side
    drawn = []
    for wanted, colour in enumerate(STATE_COLOURS):
        chosen = state == wanted
        path = "".join(
            f"M{a:.1f} {b:.1f}h{s:.1f}v{s:.1f}h-{s:.1f}z"
            for a, b, s in zip(
                (x[there] - sides / 2)[chosen].tolist(),
                (y[there] - sides / 2)[chosen].tolist(),
                sides[chosen].tolist(),
                strict=True,
            )
        )
        drawn.append(f'<path d="{path}" fill="{colour}"/>')
    return drawn


def _spacing(x: FloatArray, y: FloatArray) -> float:
    """Return the median distance between neighbouring cells, in SVG units."""
    if len(x) < 2:
        return 12.0
    points = shapely.points(x, y)
    tree = shapely.STRtree(points)
    pairs, away = tree.query_nearest(points[:2000], exclusive=True, all_matches=False, return_distance=True)
    return float(np.median(away)) if len(pairs[0]) else 12.0


def _roads(plan: Plan, frame: _Frame) -> str:
    points = plan.roads.in_degrees(major=True)
    if not points:
        return ""
    lon, lat = np.concatenate(points).T
    x, y = project(lon, lat, plan.area.crs)
    owner = np.repeat(np.arange(len(points)), [len(line) for line in points])
    lines = shapely.linestrings(np.column_stack([x, y]), indices=owner)
    seen = shapely.box(
        frame.west,
        frame.north - frame.height / frame.scale,
        frame.west + frame.width / frame.scale,
        frame.north,
    )
    inside = lines[shapely.intersects(lines, seen)]
    return frame.path(shapely.line_merge(shapely.multilinestrings(inside)))


def _names(plan: Plan, frame: _Frame, lang: Language) -> list[str]:
    drawn = []
    for district, shape in enumerate(plan.area.districts.geometry):
        if shape.is_empty or math.sqrt(shape.area) * frame.scale < 34:
            continue
        x, y = frame.at(*shapely.get_coordinates(shapely.point_on_surface(shape)).T)
        name = short(district_name(plan, district, lang), 26)
        drawn.append(text_at(float(x[0]), float(y[0]), name, anchor="middle", size=14, bold=True, halo=True))
    return drawn


def _stations(plan: Plan, frame: _Frame) -> list[str]:
    x, y = frame.at(plan.sites.x, plan.sites.y)
    stay = plan.sites.existing.copy()
    stay[plan.solution.closed] = False
    dots = "".join(_dot(x[i], y[i], 4.2) for i in np.flatnonzero(stay))
    gone = "".join(f"M{x[i] - 4:.1f} {y[i] - 4:.1f}l8 8m0 -8l-8 8" for i in plan.solution.closed.tolist())
    return [
        f'<g fill="{_STATION}" stroke="#fff" stroke-width="1.6">{dots}</g>',
        f'<path d="{gone}" fill="none" stroke="{_STATION}" stroke-width="2"/>',
    ]


def _dot(x: float, y: float, radius: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>'


def _proposed(plan: Plan, frame: _Frame) -> list[str]:
    """Return the proposed sites with their numbers; the first in build order is drawn on top."""
    sites: IntArray = plan.chosen
    x, y = frame.at(plan.sites.x[sites], plan.sites.y[sites])
    many = len(sites) > 99
    return [
        f'<g fill="{_SITE}" stroke="#fff" stroke-width="1.4">{_dot(x[i], y[i], 11 if many else 9.5)}</g>'
        + text_at(float(x[i]), float(y[i]) + 3.8, str(i + 1), anchor="middle", colour="#fff", bold=True)
        for i in reversed(range(len(sites)))
    ]


def _scale(frame: _Frame, lang: Language) -> list[str]:
    """Return a scale bar of a round length, and an arrow to grid north."""
    across = frame.width / frame.scale
    metres = 10.0 ** math.floor(math.log10(max(across / 5, 1.0)))
    metres *= max(step for step in (1, 2, 5) if step * metres <= max(across / 5, 1.0))
    long, left, foot = metres * frame.scale, 16.0, frame.height - 16
    word = words(lang)
    told = word("{km} km", km=number(metres / 1000)) if metres >= 1000 else word("{metres} m", metres=number(metres))
    x = frame.width - 26
    return [
        f'<rect x="{left - 8:.1f}" y="{foot - 26:.1f}" width="{long + 16:.1f}" height="34" fill="#fff" '
        'fill-opacity=".8"/>',
        f'<path d="M{left} {foot - 6:.1f}v6h{long:.1f}v-6" fill="none" stroke="{_STATION}" stroke-width="1.6"/>',
        text_at(left + long / 2, foot - 9, told, anchor="middle", size=12),
        f'<path d="M{x:.1f} 12l8 26l-8 -6l-8 6z" fill="{_STATION}" stroke="#fff"/>',
        text_at(x, 54, word("N"), anchor="middle", size=13, bold=True, halo=True),
    ]


def _legend(frame: _Frame, width: float, lang: Language, *, closed: bool) -> list[str]:
    word = words(lang)
    y = frame.height + 20
    entries = [
        (f'<rect x="0" y="-9" width="11" height="11" fill="{STATE_COLOURS[0]}"/>', word("Most workers covered today")),
        (f'<rect x="0" y="-9" width="11" height="11" fill="{STATE_COLOURS[1]}"/>', word("Most covered with the plan")),
        (f'<rect x="0" y="-9" width="11" height="11" fill="{STATE_COLOURS[2]}"/>', word("Most not covered")),
        (f'<circle cx="6" cy="-4" r="8" fill="{_SITE}"/>', word("Proposed site, numbered in build order")),
        (f'<circle cx="6" cy="-4" r="4" fill="{_STATION}"/>', word("Existing station")),
        (f'<path d="M0 -4h14" stroke="{_ROAD}" stroke-width="3"/>', word("Main road")),
        (
            f'<path d="M0 -4h14" stroke="{_BORDER}" stroke-width="1.4" stroke-dasharray="6 3"/>',
            word("District boundary"),
        ),
    ]
    if closed:
        mark = f'<path d="M2 -8l8 8m0 -8l-8 8" stroke="{_STATION}" stroke-width="2"/>'
        entries.append((mark, word("Existing station to be closed")))
    entries.append(("", word("Size of a square: number of workers")))
    each = width / 4
    return [
        f'<g transform="translate({i % 4 * each + 4:.1f} {y + i // 4 * _LINE:.1f})">'
        f"{mark}{text_at(20 if mark else 0, 0, told)}</g>"
        for i, (mark, told) in enumerate(entries)
    ]
