"""Lines that are not noded: ends that nearly meet another line are joined to it, and crossings where that is wanted.

Drawing and surveying offices draw a side street up to a main street without a vertex there, a little short of it or a
little across it. QGIS calls the distance a topology tolerance, ArcGIS integrates such lines. Here the geometry stays: a
piece of road is divided at the end that meets it, or two nodes become one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from stationplan.domain import BoolArray, FloatArray, IntArray

NEAR_M = 10.0
"""Distance (m) up to which an end that is not joined is counted as a near-miss."""

_RADIUS_M = 6_371_000.0
_POLE = 89.9
"""Latitude beyond which the projection of Mercator is cut off."""


@dataclass(frozen=True, eq=False)
class Noded:
    """Nodes (degrees) and pieces after joining; ``source[piece]`` is the piece that each one is, or is part of.

    ``ends`` are loose; ``joined`` of them met a line within the tolerance, ``near`` ends did not but lie within
    ``NEAR_M`` of one. ``crossings`` are places where pieces cross without a common node, ``joined_crossings`` those
    that were joined.
    """

    lon: FloatArray
    lat: FloatArray
    tail: IntArray
    head: IntArray
    source: IntArray
    ends: int
    joined: int
    near: int
    crossings: int
    joined_crossings: int


@dataclass(frozen=True, eq=False)
class _Cuts:
    """Places where pieces are divided: the piece, the share of its length, and the node that is put there."""

    piece: IntArray
    share: FloatArray
    node: IntArray


def noded(
    lon: FloatArray,
    lat: FloatArray,
    tail: IntArray,
    head: IntArray,
    *,
    line: IntArray,
    apart: BoolArray,
    tolerance_m: float,
    join_crossings: bool,
) -> Noded:
    """Return a network in which loose ends within ``tolerance_m`` of another piece are joined to it.

    ``line[piece]`` is the line of each piece, in order. An end is loose if no other line shares its node, or one that
    ends there too. Pieces in the mask ``apart`` (bridges, tunnels, other levels) are
    not divided, and their own ends only meet nodes. With ``join_crossings`` all other pieces that cross get a common
    node.

    >>> lon, lat = np.array([0.0, 0.002, 0.001, 0.001]), np.array([0.0, 0.0, 0.00001, 0.001])
    >>> pieces = np.array([0, 2]), np.array([1, 3])
    >>> rules = {"line": np.arange(2), "apart": np.zeros(2, dtype=bool), "tolerance_m": 2.0, "join_crossings": False}
    >>> found = noded(lon, lat, *pieces, **rules)
    >>> found.tail.tolist(), found.head.tolist(), found.joined
    ([0, 2, 2], [2, 1, 3], 1)
    """
    x, y = _mercator(lon, lat)
    true = np.cos(np.radians(np.clip(lat, -_POLE, _POLE)))  # metres on the ground of one in the projection
    lines = shapely.linestrings(np.stack([np.stack([x[tail], y[tail]], 1), np.stack([x[head], y[head]], 1)], 1))
    tree = shapely.STRtree(lines)
    degree = np.bincount(np.concatenate([tail, head]), minlength=len(lon))
    first = np.diff(line, prepend=-1) != 0
    ending = np.bincount(np.concatenate([tail[first], head[np.roll(first, -1)]]), minlength=len(lon))
    ends = np.flatnonzero((ending == degree) & (degree > 0) & (degree <= 2))
    own = np.zeros(len(lon), dtype=np.int64)
    own[tail], own[head] = np.arange(len(tail)), np.arange(len(head))
    end, piece, share, metres = _nearest(tree, lines, x, y, ends, own, tail, head, max(NEAR_M, tolerance_m) / true)
    metres = metres * true[end]
    close = (metres <= tolerance_m) & (tolerance_m > 0)
    near = int((~close).sum())
    end, piece, share = end[close], piece[close], share[close]
    length = shapely.length(lines[piece]) * true[end]
    at_tail, at_head = share * length <= tolerance_m, (1 - share) * length <= tolerance_m
    to_node = at_tail | at_head
    target = np.where(at_tail & (~at_head | (share <= 0.5)), tail[piece], head[piece])
    divides = ~to_node & ~apart[piece] & ~apart[own[end]]
    merged = _merged(len(lon), end[to_node], target[to_node])
    cuts = _Cuts(piece[divides], share[divides], end[divides])
    joined_crossings = 0
    one, other = _crossing(tree, lines, merged[tail], merged[head], apart)
    # A street that ends a little beyond the one that it meets is joined there and no crossing.
    met = {(int(a), int(b)) for a, b in zip(piece, own[end], strict=True)}
    open_pairs = [(a, b) not in met and (b, a) not in met for a, b in zip(one.tolist(), other.tolist(), strict=True)]
    one, other = one[open_pairs], other[open_pairs]
    crossings = len(one)
    if join_crossings and crossings:
        points = shapely.intersection(lines[one], lines[other])
        first = len(lon)
        lon = np.concatenate([lon, np.degrees(shapely.get_x(points) / _RADIUS_M)])
        lat = np.concatenate([lat, np.degrees(np.arctan(np.sinh(shapely.get_y(points) / _RADIUS_M)))])
        merged = np.concatenate([merged, np.arange(first, len(lon))])
        new = np.arange(first, len(lon))
        both, twice = np.concatenate([one, other]), np.concatenate([points, points])
        cuts = _Cuts(
            np.concatenate([cuts.piece, both]),
            np.concatenate([cuts.share, shapely.line_locate_point(lines[both], twice, normalized=True)]),
            np.concatenate([cuts.node, new, new]),
        )
        joined_crossings, crossings = crossings, 0
    new_tail, new_head, source = _divided(tail, head, cuts)
    new_tail, new_head = merged[new_tail], merged[new_head]
    kept = new_tail != new_head
    joined = int(to_node.sum() + divides.sum())
    used, place = np.unique(np.concatenate([new_tail[kept], new_head[kept]]), return_inverse=True)
    count = int(kept.sum())
    return Noded(
        lon=lon[used],
        lat=lat[used],
        tail=place[:count],
        head=place[count:],
        source=source[kept],
        ends=len(ends),
        joined=joined,
        near=near,
        crossings=crossings,
        joined_crossings=joined_crossings,
    )


def _mercator(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return degrees in the spherical projection of Mercator (m), in which every small shape keeps its angles."""
    return _RADIUS_M * np.radians(lon), _RADIUS_M * np.arcsinh(np.tan(np.radians(np.clip(lat, -_POLE, _POLE))))


def _nearest(
    tree: shapely.STRtree,
    lines: np.ndarray,
    x: FloatArray,
    y: FloatArray,
    ends: IntArray,
    own: IntArray,
    tail: IntArray,
    head: IntArray,
    within: FloatArray,
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Return each loose end with the nearest piece that does not touch its own, the place on it, and the distance.

    ``within[node]`` is the largest distance, in the units of ``x`` and ``y``, as is the distance that is returned.
    """
    points = shapely.points(x[ends], y[ends])
    which, piece = tree.query(points, predicate="dwithin", distance=within[ends])
    mine = own[ends[which]]
    touching = (tail[piece] == tail[mine]) | (tail[piece] == head[mine])
    touching |= (head[piece] == tail[mine]) | (head[piece] == head[mine])
    which, piece = which[~touching], piece[~touching]
    metres = shapely.distance(points[which], lines[piece])
    order = np.lexsort([piece, metres, which])
    first = order[np.diff(which[order], prepend=-1) != 0]
    which, piece, metres = which[first], piece[first], metres[first]
    share = shapely.line_locate_point(lines[piece], points[which], normalized=True)
    return ends[which], piece.astype(np.int64), np.asarray(share, dtype=np.float64), metres


def _merged(count: int, one: IntArray, other: IntArray) -> IntArray:
    """Return for each node the one that it becomes when pairs of nodes are made one."""
    from scipy import sparse  # noqa: PLC0415 - slow to import, and rarely needed
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    same = np.arange(count)
    if len(one):
        graph = sparse.coo_array((np.ones(len(one)), (one, other)), shape=(count, count))
        _, label = connected_components(graph, directed=False)
        _, first = np.unique(label, return_index=True)
        same = first[label]
    return same.astype(np.int64)


def _crossing(
    tree: shapely.STRtree, lines: np.ndarray, tail: IntArray, head: IntArray, apart: BoolArray
) -> tuple[IntArray, IntArray]:
    """Return the pairs of pieces on one level that cross in their inside, without a common node."""
    one, other = tree.query(lines)  # boxes; the exact test of all these pairs would take much longer
    common = (tail[one] == tail[other]) | (tail[one] == head[other])
    common |= (head[one] == tail[other]) | (head[one] == head[other])
    keep = (one < other) & ~apart[one] & ~apart[other] & ~common
    one, other = one[keep].astype(np.int64), other[keep].astype(np.int64)
    crosses = shapely.crosses(lines[one], lines[other])
    return one[crosses], other[crosses]


def _divided(tail: IntArray, head: IntArray, cuts: _Cuts) -> tuple[IntArray, IntArray, IntArray]:
    """Return the pieces, divided at their cuts in order, and the piece that each comes from."""
    order = np.lexsort([cuts.share, cuts.piece])
    piece, node = cuts.piece[order], cuts.node[order]
    count = np.bincount(piece, minlength=len(tail))
    source = np.repeat(np.arange(len(tail)), count + 1)
    start = np.concatenate([[0], np.cumsum(count + 1)])[:-1]
    new_tail, new_head = tail[source].astype(np.int64), head[source].astype(np.int64)
    place = start[piece] + np.arange(len(piece)) - np.concatenate([[0], np.cumsum(count)])[piece]
    new_head[place] = node
    new_tail[place + 1] = node
    return new_tail, new_head, source
