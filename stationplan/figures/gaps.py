"""The biggest gaps of a plan: the places with the most workers whom no station covers, in descending order.

A gap is a circle of the service radius (1 km, 双15工程) around a cell. The first contains the most uncovered workers;
these are removed before the next is searched for, so nobody is in two gaps. The search is greedy: two smaller circles
may together contain more workers than the first two of the list.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from stationplan.domain import FloatArray, IntArray, Language, Plan
from stationplan.figures.coverage import uncovered
from stationplan.geo import unproject
from stationplan.text.catalogue import number, words
from stationplan.text.names import district_name, site_name

RADIUS_M = 1000.0
"""The service radius of the national programme."""

_NAMED_M = 3000.0
"""Distance up to which a site is used to describe the location of a gap."""

_LEAST = 0.5
"""Workers below which a circle is not a gap."""

_CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Gap:
    """A circle around ``x``/``y`` (m) with ``workers[group, slot]`` uncovered.

    ``near`` is the nearest named site in a straight line (row of ``plan.sites``), -1 if none is within 3 km, and
    ``near_m`` its distance. ``candidates`` is the number of candidate sites inside the circle.
    """

    x: float
    y: float
    lon: float
    lat: float
    district: int
    workers: FloatArray
    near: int
    near_m: float
    candidates: int


_MOST = 50
"""Gaps that are computed at once: all outputs show the first ones of the same list."""


def biggest_gaps(plan: Plan, most: int) -> list[Gap]:
    """Return the biggest gaps that remain with the plan, at most ``most``."""
    return list(plan.derived(_gaps, max(most, _MOST))[:most])


def _gaps(plan: Plan, most: int) -> tuple[Gap, ...]:
    demand, sites = plan.demand, plan.sites
    lacking = np.where(plan.recounted.stations_after == 0, demand.workers, 0.0)
    circles = most_in_circles(demand.x, demand.y, uncovered(plan, plan.recounted.stations_after), RADIUS_M, most)
    if not circles:
        return ()
    own = sites.place == np.arange(len(sites))
    named = np.flatnonzero(own & np.array([bool(name) for name in sites.name], dtype=bool))
    candidates = own & ~sites.existing & ~sites.forbidden
    centres = np.array([centre for centre, _ in circles])
    lon, lat = unproject(demand.x[centres], demand.y[centres], plan.area.crs)
    made = []
    for i, (centre, inside) in enumerate(circles):
        x, y = float(demand.x[centre]), float(demand.y[centre])
        away = np.hypot(sites.x - x, sites.y - y)
        near = int(named[away[named].argmin()]) if len(named) else -1
        if near >= 0 and away[near] > _NAMED_M:
            near = -1
        made.append(
            Gap(
                x=x,
                y=y,
                lon=float(lon[i]),
                lat=float(lat[i]),
                district=int(demand.district[centre]),
                workers=np.asarray(lacking[inside].sum(axis=0), dtype=np.float64),
                near=near,
                near_m=float(away[near]) if near >= 0 else float("inf"),
                candidates=int((candidates & (away <= RADIUS_M)).sum()),
            )
        )
    return tuple(made)


def most_in_circles(
    x: FloatArray, y: FloatArray, weight: FloatArray, radius: float, most: int
) -> list[tuple[int, IntArray]]:
    """Return (centre, points) of the circles around points with the most weight, each without points of earlier ones.

    Of circles with equal weight, the one around the first point is taken. Circles below half a unit are dropped.

    >>> x, w = np.array([0.0, 1.0, 2.0, 9.0]), np.array([1.0, 2.0, 1.0, 3.0])
    >>> [(centre, inside.tolist()) for centre, inside in most_in_circles(x, x * 0, w, 1.0, 5)]
    [(1, [0, 1, 2]), (3, [3])]
    """
    kept = np.flatnonzero(weight > 0)
    if not len(kept):
        return []
    points, left = np.column_stack([x, y])[kept], weight[kept].astype(np.float64)
    tree = cKDTree(points)
    held = np.concatenate(
        [
            [left[inside].sum() for inside in tree.query_ball_point(points[start : start + _CHUNK], radius)]
            for start in range(0, len(points), _CHUNK)
        ]
    )
    taken = np.zeros(len(points), dtype=bool)
    found: list[tuple[int, IntArray]] = []
    while len(found) < most:
        # Subtraction leaves rounding errors, so weights are compared in whole millionths.
        centre = int(np.round(held, 6).argmax())
        inside = np.array([i for i in tree.query_ball_point(points[centre], radius) if not taken[i]], dtype=np.int64)
        if left[inside].sum() < _LEAST:
            break
        found.append((int(kept[centre]), np.sort(kept[inside])))
        taken[inside] = True
        for i, around in zip(inside, tree.query_ball_point(points[inside], radius), strict=True):
            held[around] -= left[i]
    return found


def gap_place(plan: Plan, gap: Gap, lang: Language) -> str:
    """Return the location of a gap as text: its district, and its distance from a named site if one is near."""
    word = words(lang)
    district = district_name(plan, gap.district, lang)
    if gap.near < 0:
        return district
    name = site_name(plan, gap.near, lang)
    if gap.near_m < 50:
        return word("{district}, at {name}", district=district, name=name)
    east, north = gap.x - float(plan.sites.x[gap.near]), gap.y - float(plan.sites.y[gap.near])
    return word(
        "{district}, {metres} m {direction} of {name}",
        district=district,
        metres=number(round(gap.near_m / 50) * 50),
        direction=direction_name(east, north, lang),
        name=name,
    )


def direction_name(east: float, north: float, lang: Language) -> str:
    """Return the name of a direction, one of eight.

    >>> direction_name(1.0, 1.2, "en"), direction_name(-3.0, 0.1, "zh")
    ('northeast', '正西')
    """
    word = words(lang)
    winds = (
        *(word("north"), word("northeast"), word("east"), word("southeast")),
        *(word("south"), word("southwest"), word("west"), word("northwest")),
    )
    return winds[round(float(np.degrees(np.arctan2(east, north))) / 45) % 8]
