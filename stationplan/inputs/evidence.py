"""Which datum coordinates have: what roads and known points say under each hypothesis.

In Sichuan GCJ-02 lies some 390 m and BD-09 some 920 m from WGS-84. Stations stand on streets, so under the right datum
they are a few metres from a road and under a wrong one as far as any chance place. Districts hold the points that are
known to lie in them, so under the right datum few points near a boundary fall outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.stats import binomtest

from stationplan.domain import CountArray, FloatArray, IntArray, ObjectArray
from stationplan.errors import Message, say
from stationplan.geo import Datum, metres_apart, project, to_wgs84, utm_crs, wgs84_to_gcj02

HYPOTHESES: tuple[Datum, ...] = ("wgs84", "gcj02", "bd09")
"""What coordinates may be; CGCS2000 is WGS-84 to centimetres."""

DATUM_NAMES: Mapping[str, str] = {"wgs84": "WGS-84", "cgcs2000": "CGCS2000", "gcj02": "GCJ-02", "bd09": "BD-09"}

_MOST_POINTS = 2000
_RATIO = 0.67
_CHANCE = 0.001
"""A hypothesis wins when its median is at most two thirds of every other's, and so many more points favour it than
another that chance does so once in a thousand (sign test, Dixon and Mood 1946); that takes 11 points at least."""
_REACH_M = 3000.0
_NO_SHIFT_M = 1.0


@dataclass(frozen=True, eq=False)
class Evidence:
    """How well each datum fits: median distance (m) of ``points`` points, and the datum that clearly fits best, if any.

    ``verdict`` is ``None`` where the medians do not decide; ``reason`` says it for people.
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
    """Return how near points lie to roads when their coordinates are taken for each datum.

    ``lon``/``lat`` are degrees of the datum in question, the roads' nodes WGS-84 degrees, ``tail``/``head`` the nodes
    of straight pieces of road. Of more than 2,000 points every n-th is taken. Distances are cut at 3 km.
    """
    step = max(1, -(-len(lon) // _MOST_POINTS))
    lon, lat = lon[::step], lat[::step]
    if len(lon) == 0 or not _shifted(lon, lat):
        return _nothing(len(lon))
    crs = utm_crs(lon, lat)
    if crs is None:
        return _nothing(len(lon))
    at = {datum: np.column_stack(project(*to_wgs84(lon, lat, datum=datum), crs)) for datum in HYPOTHESES}
    low = np.min([points.min(axis=0) for points in at.values()], axis=0) - _REACH_M
    high = np.max([points.max(axis=0) for points in at.values()], axis=0) + _REACH_M
    nodes = np.column_stack(project(road_lon, road_lat, crs))
    inside = ((nodes >= low) & (nodes <= high)).all(axis=1)
    near = inside[tail] | inside[head]
    lines = shapely.linestrings(np.stack([nodes[tail[near]], nodes[head[near]]], axis=1))
    tree = shapely.STRtree(lines)
    distances = {}
    for datum, places in at.items():
        metres = np.full(len(lon), _REACH_M)
        found, distance = tree.query_nearest(
            shapely.points(places), max_distance=_REACH_M, return_distance=True, all_matches=False
        )
        metres[found[0]] = distance
        distances[datum] = metres
    return _weigh(
        distances,
        say(
            "Median distance of {count} points to the roads: "
            "{wgs84} m if WGS-84, {gcj02} m if GCJ-02, {bd09} m if BD-09.",
            **_shown(distances),
        ),
    )


def weigh_by_points(polygons: ObjectArray, polygon: IntArray, lon: FloatArray, lat: FloatArray) -> Evidence:
    """Return how far known points lie outside their districts when the boundaries are taken for each datum.

    ``polygons`` are in degrees of the datum in question; point i, in WGS-84 degrees, is known to lie in
    ``polygons[polygon[i]]``. Only points that fall outside under some datum can tell, so others do not count.
    """
    if len(lon) == 0 or not _shifted(lon, lat):
        return _nothing(len(lon))
    crs = utm_crs(lon, lat)
    if crs is None:
        return _nothing(len(lon))
    points = shapely.points(*project(lon, lat, crs))
    misses = {}
    for datum in HYPOTHESES:

        def into_metres(corners: FloatArray, datum: Datum = datum) -> FloatArray:
            return np.column_stack(project(*to_wgs84(corners[:, 0], corners[:, 1], datum=datum), crs))

        shapes = np.asarray(shapely.transform(polygons, into_metres), dtype=object)
        misses[datum] = np.minimum(shapely.distance(shapes[polygon], points), _REACH_M)
    tells = np.max(list(misses.values()), axis=0) > 0
    misses = {datum: metres[tells] for datum, metres in misses.items()}
    if not tells.any():
        return _nothing(0)
    return _weigh(
        misses,
        say(
            "Median distance by which {count} known points near a boundary miss their district: "
            "{wgs84} m if WGS-84, {gcj02} m if GCJ-02, {bd09} m if BD-09.",
            **_shown(misses),
        ),
    )


def _shifted(lon: FloatArray, lat: FloatArray) -> bool:
    """Return whether the datums differ where the points lie."""
    return bool((metres_apart(lon, lat, *wgs84_to_gcj02(lon, lat)) > _NO_SHIFT_M).any())


def _nothing(count: int) -> Evidence:
    reason = say("All datums are one where the {count} points lie, or nothing near them tells them apart.", count=count)
    return Evidence(count, {}, None, reason)


def _shown(distances: Mapping[Datum, FloatArray]) -> dict[str, object]:
    shown: dict[str, object] = {datum: round(float(np.median(metres))) for datum, metres in distances.items()}
    return {"count": len(next(iter(distances.values()))), **shown}


def _weigh(distances: Mapping[Datum, FloatArray], told: Message) -> Evidence:
    medians: dict[str, float] = {datum: float(np.median(metres)) for datum, metres in distances.items()}
    best = min(HYPOTHESES, key=lambda datum: medians[datum])
    rivals: Sequence[Datum] = [datum for datum in HYPOTHESES if datum != best]
    wins = all(
        medians[best] <= _RATIO * medians[rival] and _beats(distances[best], distances[rival]) for rival in rivals
    )
    count = len(distances[best])
    verdict = best if wins else None
    reason = say("{told} This speaks for {datum}.", told=told, datum=DATUM_NAMES[best])
    if not wins:
        reason = say("{told} This does not decide.", told=told)
    return Evidence(count, medians, verdict, reason)


def _beats(ours: FloatArray, theirs: FloatArray) -> bool:
    for_us, for_them = int((ours < theirs).sum()), int((ours > theirs).sum())
    if for_us + for_them == 0:
        return False
    return float(binomtest(for_us, for_us + for_them, alternative="greater").pvalue) <= _CHANCE
