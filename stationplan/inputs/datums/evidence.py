"""Evidence of the datum of coordinates: distances to roads and known points under each hypothesis.

In Sichuan, GCJ-02 is shifted by some 390 m and BD-09 by some 920 m from WGS-84. Stations are on streets, so under the
right datum they are a few metres from a road, and under a wrong one as far as any random location. Districts contain
the points that are known to lie in them, so under the right datum few points near a boundary fall outside. The distance
of random locations to roads is measured by shifting the points in many directions by distances like those between the
datums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.stats import binomtest

from stationplan.domain import CountArray, FloatArray, IntArray, ObjectArray, joined
from stationplan.errors import Message, say
from stationplan.geo import Datum, metres_apart, project, to_wgs84, utm_crs, wgs84_to_gcj02

HYPOTHESES: tuple[Datum, ...] = ("wgs84", "gcj02", "bd09")
"""The datums considered; CGCS2000 agrees with WGS-84 to centimetres."""

DATUM_NAMES: Mapping[str, str] = {"wgs84": "WGS-84", "cgcs2000": "CGCS2000", "gcj02": "GCJ-02", "bd09": "BD-09"}

_MOST_POINTS = 1000
_REACH_M = 3000.0
_FAR_DEGREES = 6.0
_NO_SHIFT_M = 1.0
_STREET_M = 60.0
"""Beyond half a city block, a distance only shows that the point is not near a street."""

_RATIO = 0.67
_CHANCE = 0.001
"""Thresholds for the datum of boundaries.

A datum is accepted if its mean miss is at most two thirds of that of every other datum, and the number of points that
favour it over another is so large that it occurs by chance once in a thousand (sign test, Dixon and Mood 1946). With
points spread over counties of Sichuan, some 60 of 1,000 lay outside under some datum; they showed the right one in all
of 18 trials, and in 15 of 18 where points were 100 m off. No trial gave a wrong datum.
"""

_SHIFTS = 60
_NEAREST_SHIFT_M, _FARTHEST_SHIFT_M = 250.0, 1250.0
_CLEAR, _CLEARER = 4.0, 2.0
_LEAST_POINTS = 10
_NEAR_M = 30.0
"""Thresholds for the datum of points near roads.

A datum is accepted if there are at least ten points, their mean distance to a street is at most 30 m (distances capped
at 60 m), that mean is at least four standard deviations below the mean of random shifts, and it is so by at least twice
as many standard deviations as under any other datum.

Tested on lists of points in each datum, 90 of a kind, beside the streets of Yulin (Chengdu), of the demo city, and of
grids of country roads 1, 2.5 and 5 km apart. Within 30 m of a road, 99 % (Yulin), 66 % (demo) and 100 % (country) of
the lists of 10 points were identified correctly, and all lists of at least 25 points; with a third of the points at
random locations, 54, 22 and 76 % of the lists of 10 points and at least 80 % of those of 25. None was identified
wrongly. Of random points, which carry no information on a datum, no list was assigned one. Points in none of the three
datums, beside roads but shifted at random, were assigned one in at most 4 % of a kind: country roads in parallel rows
look alike from many places. With fewer points or without the absolute limit, random points in the country were assigned
a datum in up to 8 % of lists. ``tests/inputs/datums/test_evidence.py`` repeats a part of these tests.
"""


@dataclass(frozen=True, eq=False)
class Evidence:
    """How well each datum fits: median distance (m) of ``points`` points, and the datum that clearly fits best, if any.

    ``verdict`` is ``None`` where the medians are not conclusive; ``reason`` explains the result for readers.
    """

    points: int
    medians_m: Mapping[str, float]
    verdict: Datum | None
    reason: Message


def weigh_by_roads(
    lon: FloatArray,
    lat: FloatArray,
    *,
    road_lon: FloatArray,
    road_lat: FloatArray,
    tail: IntArray | CountArray,
    head: IntArray | CountArray,
) -> Evidence:
    """Return the distances of points to roads when their coordinates are interpreted in each datum.

    ``lon``/``lat`` are degrees of the unknown datum, the roads' nodes are WGS-84 degrees, ``tail``/``head`` the nodes
    of straight pieces of road. Of more than 1,000 points every n-th is used; fewer than 10 are not conclusive.
    Distances are capped at 3 km.
    """
    if len(lon):  # a mistyped location would distort the projection of all others
        near = (np.abs(lon - np.median(lon)) <= _FAR_DEGREES) & (np.abs(lat - np.median(lat)) <= _FAR_DEGREES)
        lon, lat = lon[near], lat[near]
    step = max(1, -(-len(lon) // _MOST_POINTS))
    lon, lat = lon[::step], lat[::step]
    if len(lon) == 0 or not _shifted(lon, lat):
        return _nothing(len(lon))
    crs = utm_crs([np.median(lon)], [np.median(lat)])
    if crs is None:
        return _nothing(len(lon))
    at = {datum: np.column_stack(project(*to_wgs84(lon, lat, datum=datum), crs)) for datum in HYPOTHESES}
    low = np.min([points.min(axis=0) for points in at.values()], axis=0) - _REACH_M
    high = np.max([points.max(axis=0) for points in at.values()], axis=0) + _REACH_M
    nodes = np.column_stack(project(road_lon, road_lat, crs))
    inside = ((nodes >= low) & (nodes <= high)).all(axis=1)
    near = inside[tail] | inside[head]
    tree = shapely.STRtree(shapely.linestrings(nodes[joined(tail[near], head[near])]))

    def distances(places: FloatArray, most_m: float) -> FloatArray:
        metres = np.full(len(places), most_m)
        found, distance = tree.query_nearest(
            shapely.points(places), max_distance=most_m, return_distance=True, all_matches=False
        )
        metres[found[0]] = distance
        return metres

    found = {datum: distances(places, _REACH_M) for datum, places in at.items()}
    told = say(
        "Median distance of {count} points from the roads: {wgs84} m as WGS-84, {gcj02} m as GCJ-02, {bd09} m as "
        "BD-09.",
        **_shown(found),
    )
    if len(lon) < _LEAST_POINTS:
        few = say("{told} Fewer than {least} points are not enough to decide.", told=told, least=_LEAST_POINTS)
        return Evidence(len(lon), _medians(found), None, few)
    chance = [distances(at["wgs84"] + shift, _STREET_M) for shift in _shifts()]  # capped at this distance in any case
    return _evidence(found, _fits_best(found, chance), told)


def weigh_by_points(polygons: ObjectArray, polygon: IntArray, lon: FloatArray, lat: FloatArray) -> Evidence:
    """Return how far known points lie outside their districts when the boundaries are interpreted in each datum.

    ``polygons`` are in degrees of the unknown datum; point i, in WGS-84 degrees, is known to lie in
    ``polygons[polygon[i]]``. Only points that fall outside under some datum are informative, so the others are ignored.
    """
    if len(lon) == 0 or not _shifted(lon, lat):
        return _nothing(len(lon))
    crs = utm_crs([np.median(lon)], [np.median(lat)])
    if crs is None:
        return _nothing(len(lon))
    points = np.column_stack(project(lon, lat, crs))

    def in_metres(datum: Datum) -> ObjectArray:
        def shift(corners: FloatArray) -> FloatArray:
            return np.column_stack(project(*to_wgs84(corners[:, 0], corners[:, 1], datum=datum), crs))

        return np.asarray(shapely.transform(polygons, shift), dtype=object)

    def misses(shapes: ObjectArray, places: FloatArray) -> FloatArray:
        return np.asarray(np.minimum(shapely.distance(shapes[polygon], shapely.points(places)), _REACH_M))

    found = {datum: misses(in_metres(datum), points) for datum in HYPOTHESES}
    tells = np.max(list(found.values()), axis=0) > 0
    if not tells.any():
        return _nothing(0)
    found = {datum: metres[tells] for datum, metres in found.items()}
    told = say(
        "Mean distance of {count} known points near a boundary from their district: {wgs84} m as WGS-84, {gcj02} m "
        "as GCJ-02, {bd09} m as BD-09.",
        count=int(tells.sum()),
        **{datum: round(float(metres.mean())) for datum, metres in found.items()},
    )
    # Most informative points lie in their district under two of the three datums, so that medians would often be 0.
    means = {datum: float(metres.mean()) for datum, metres in found.items()}
    best = min(HYPOTHESES, key=lambda datum: means[datum])
    wins = all(
        means[best] <= _RATIO * means[rival] and _beats(found[best], found[rival])
        for rival in HYPOTHESES
        if rival != best
    )
    return _evidence(found, best if wins else None, told)


def _shifted(lon: FloatArray, lat: FloatArray) -> bool:
    """Return whether the datums differ at the location of the points."""
    return bool((metres_apart(lon, lat, *wgs84_to_gcj02(lon, lat)) > _NO_SHIFT_M).any())


def _nothing(count: int) -> Evidence:
    reason = say(
        "The datums do not differ at the {count} points, or nothing near the points distinguishes them.", count=count
    )
    return Evidence(count, {}, None, reason)


def _shown(distances: Mapping[Datum, FloatArray]) -> dict[str, object]:
    shown: dict[str, object] = {datum: round(float(np.median(metres))) for datum, metres in distances.items()}
    return {"count": len(next(iter(distances.values()))), **shown}


def _shifts() -> FloatArray:
    """Return shifts (m) in all directions, as long as those between the datums; deterministic."""
    turn = np.arange(_SHIFTS) * np.pi * (3 - np.sqrt(5))  # the golden angle distributes directions and lengths evenly
    length = _NEAREST_SHIFT_M + (np.arange(_SHIFTS) * np.sqrt(2) % 1) * (_FARTHEST_SHIFT_M - _NEAREST_SHIFT_M)
    return np.column_stack([length * np.cos(turn), length * np.sin(turn)])


def _fits_best(distances: Mapping[Datum, FloatArray], chance: Sequence[FloatArray]) -> Datum | None:
    """Return the datum whose points are nearer to streets than random ones, clearly, and more so than any other's."""
    by_chance = np.array([np.minimum(metres, _STREET_M).mean() for metres in chance])
    spread = max(float(by_chance.std()), 1e-9)
    clear = {
        datum: (float(by_chance.mean()) - float(np.minimum(metres, _STREET_M).mean())) / spread
        for datum, metres in distances.items()
    }
    best = max(HYPOTHESES, key=lambda datum: clear[datum])
    rival = max(clear[datum] for datum in HYPOTHESES if datum != best)
    near = float(np.minimum(distances[best], _STREET_M).mean()) <= _NEAR_M
    return best if near and clear[best] >= _CLEAR and clear[best] >= _CLEARER * rival else None


def _beats(ours: FloatArray, theirs: FloatArray) -> bool:
    for_us, for_them = int((ours < theirs).sum()), int((ours > theirs).sum())
    if for_us + for_them == 0:
        return False
    return float(binomtest(for_us, for_us + for_them, alternative="greater").pvalue) <= _CHANCE


def _medians(distances: Mapping[Datum, FloatArray]) -> dict[str, float]:
    return {datum: float(np.median(metres)) for datum, metres in distances.items()}


def _evidence(distances: Mapping[Datum, FloatArray], verdict: Datum | None, told: Message) -> Evidence:
    reason = say("{told} This is not enough to decide.", told=told)
    if verdict is not None:
        reason = say("{told} This indicates {datum}.", told=told, datum=DATUM_NAMES[verdict])
    return Evidence(len(next(iter(distances.values()))), _medians(distances), verdict, reason)
