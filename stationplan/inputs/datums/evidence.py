"""Which datum coordinates have: what roads and known points say under each hypothesis.

In Sichuan GCJ-02 lies some 390 m and BD-09 some 920 m from WGS-84. Stations stand on streets, so under the right datum
they are a few metres from a road and under a wrong one as far as any chance place. Districts hold the points that are
known to lie in them, so under the right datum few points near a boundary fall outside. How near to roads chance places
are is found by shifting the points in many directions by distances like those between the datums.
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
"""What coordinates may be; CGCS2000 is WGS-84 to centimetres."""

DATUM_NAMES: Mapping[str, str] = {"wgs84": "WGS-84", "cgcs2000": "CGCS2000", "gcj02": "GCJ-02", "bd09": "BD-09"}

_MOST_POINTS = 1000
_REACH_M = 3000.0
_FAR_DEGREES = 6.0
_NO_SHIFT_M = 1.0
_STREET_M = 60.0
"""Beyond half a city block a distance says no more than that the point stands nowhere near a street."""

_RATIO = 0.67
_CHANCE = 0.001
"""A boundary's datum shows when the mean miss is at most two thirds of every other's, and so many more points favour
it than another that chance does so once in a thousand (sign test, Dixon and Mood 1946). With points spread over
counties of Sichuan, some 60 of 1,000 lay outside under some datum; they showed the right one in all of 18 trials, and
in 15 of 18 where points were 100 m off. None was told wrong."""

_SHIFTS = 60
_NEAREST_SHIFT_M, _FARTHEST_SHIFT_M = 250.0, 1250.0
_CLEAR, _CLEARER = 4.0, 2.0
_LEAST_POINTS = 10
_NEAR_M = 30.0
"""A datum shows when ten points or more are within 30 m of a street on average (distances cut at 60 m), fit four
standard deviations better than under chance shifts, and at least twice as clearly as under any other datum.

Tried on lists of points in each datum, 90 of a kind, beside the streets of Yulin (Chengdu), of the demo city, and of
grids of country roads 1, 2.5 and 5 km apart. Within 30 m of a road 99 % (Yulin), 66 % (demo) and 100 % (country) of
lists of 10 points were told right, and all of 25 points or more; with a third of the points anywhere 54, 22 and 76 % of
10 points and 80 % or more of 25. None was told wrong. Of points anywhere, which know nothing of a datum, no list was
told to have one. Points of none of the three datums, beside roads but shifted at random, were told to have one in at
most 4 % of a kind: country roads in rows look alike from many places. With fewer points or without the absolute limit
chance points in the country were told a datum in up to 8 % of lists. ``tests/test_evidence.py`` repeats a part."""


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
    of straight pieces of road. Of more than 1,000 points every n-th is taken; fewer than 10 decide nothing. Distances
    are cut at 3 km.
    """
    if len(lon):  # a mistyped place would bend the projection of all others
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
    chance = [distances(at["wgs84"] + shift, _STREET_M) for shift in _shifts()]  # cut there anyway
    return _evidence(found, _fits_best(found, chance), told)


def weigh_by_points(polygons: ObjectArray, polygon: IntArray, lon: FloatArray, lat: FloatArray) -> Evidence:
    """Return how far known points lie outside their districts when the boundaries are taken for each datum.

    ``polygons`` are in degrees of the datum in question; point i, in WGS-84 degrees, is known to lie in
    ``polygons[polygon[i]]``. Only points that fall outside under some datum can tell, so others do not count.
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
    # Most points that tell are within their district under two datums of three, so that medians would often be 0.
    means = {datum: float(metres.mean()) for datum, metres in found.items()}
    best = min(HYPOTHESES, key=lambda datum: means[datum])
    wins = all(
        means[best] <= _RATIO * means[rival] and _beats(found[best], found[rival])
        for rival in HYPOTHESES
        if rival != best
    )
    return _evidence(found, best if wins else None, told)


def _shifted(lon: FloatArray, lat: FloatArray) -> bool:
    """Return whether the datums differ where the points lie."""
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
    """Return shifts (m) in all directions, as long as those between the datums; the same ones each time."""
    turn = np.arange(_SHIFTS) * np.pi * (3 - np.sqrt(5))  # the golden angle spreads directions and lengths evenly
    length = _NEAREST_SHIFT_M + (np.arange(_SHIFTS) * np.sqrt(2) % 1) * (_FARTHEST_SHIFT_M - _NEAREST_SHIFT_M)
    return np.column_stack([length * np.cos(turn), length * np.sin(turn)])


def _fits_best(distances: Mapping[Datum, FloatArray], chance: Sequence[FloatArray]) -> Datum | None:
    """Return the datum whose points are nearer to streets than chance places, clearly and more so than another's."""
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
