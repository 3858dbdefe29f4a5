"""Roads as lines between junctions, which outputs draw and on which the map computes walking times."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from stationplan.domain import WALK, BoolArray, FloatArray, IntArray, RoadLines, RoadNetwork
from stationplan.geo import unproject

_TOLERANCE_M = 5.0
"""Tolerance of the simplification of lines."""


def road_lines(network: RoadNetwork) -> RoadLines:
    """Return the roads of a network as lines between junctions, main roads first."""
    forth = _sorted_arcs(network)
    near, far = np.minimum(network.tail, network.head), np.maximum(network.tail, network.head)
    street, first = np.unique(near.astype(np.int64) * network.node_count + far, return_index=True)
    near, far = near[first], far[first]
    major = np.zeros(len(street), dtype=bool)
    np.logical_or.at(major, np.searchsorted(street, _key(network, network.tail, network.head)), network.major)
    junction = _junctions(network.node_count, near, far, major)
    chains = [_chains(network, near[major == kind], far[major == kind], junction) for kind in (True, False)]
    node, sizes = (np.concatenate(parts) for parts in zip(*chains, strict=True))
    first = np.cumsum(sizes) - sizes
    seconds = np.column_stack([_seconds(network, forth, node, sizes, back=back) for back in (False, True)])
    used, number = np.unique(np.column_stack([node[first], node[first + sizes - 1]]), return_inverse=True)
    place = _whole(np.column_stack([network.x[used], network.y[used]]), network.crs)
    order = np.argsort(_along_curve(place), kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    ends = rank[number.reshape(-1, 2)]
    mains = len(chains[0][1])
    line = np.lexsort((ends[:, 1], ends[:, 0], np.arange(len(ends)) >= mains))
    inner, count = _inner(network, node, sizes, line, place[order][ends[line, 0]])
    return RoadLines(
        junctions=place[order],
        ends=ends[line],
        sizes=count,
        inner=inner,
        seconds=seconds[line],
        major=mains,
    )


def _whole(points: FloatArray, crs: str) -> IntArray:
    lon, lat = unproject(points[:, 0], points[:, 1], crs)
    return np.rint(np.column_stack([lat, lon]) * RoadLines.SCALE).astype(np.int64)


def _along_curve(place: IntArray) -> IntArray:
    """Return the positions of points on a Z-order curve (Morton 1966): close numbers mean close points."""
    low = (place - place.min(axis=0, initial=1 << 40)).astype(np.uint64)
    key = np.zeros(len(place), dtype=np.uint64)
    for bit in range(26):
        for axis in (0, 1):
            key |= ((low[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + axis)
    return key.astype(np.int64)


def _inner(
    network: RoadNetwork, node: IntArray, sizes: IntArray, order: IntArray, start: IntArray
) -> tuple[IntArray, IntArray]:
    """Return the inner points of lines, as steps from the first end onwards, and the number of them per line.

    ``order`` is the output order of the lines, ``start`` their first points in that order.
    """
    long = order[sizes[order] > 2]
    first = (np.cumsum(sizes) - sizes)[long]
    owner = np.repeat(np.arange(len(long)), sizes[long])
    at = np.repeat(first - (np.cumsum(sizes[long]) - sizes[long]), sizes[long]) + np.arange(len(owner))
    points = np.column_stack([network.x[node[at]], network.y[node[at]]])
    lines = shapely.simplify(shapely.linestrings(points, indices=owner), _TOLERANCE_M)
    points, owner = shapely.get_coordinates(lines, return_index=True)
    inside = (np.diff(owner, prepend=-1) == 0) & (np.diff(owner, append=-1) == 0)
    whole, owner = _whole(points[inside], network.crs), owner[inside]
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    steps[begins] = whole[begins] - start[sizes[order] > 2][owner[begins]]
    count = np.zeros(len(order), dtype=np.int64)
    count[sizes[order] > 2] = np.bincount(owner, minlength=len(long))
    return steps, count


def _key(network: RoadNetwork, one: NDArray[np.int32], other: NDArray[np.int32]) -> IntArray:
    """Return a key of the street between two nodes that is the same in both directions."""
    near, far = np.minimum(one, other).astype(np.int64), np.maximum(one, other)
    return np.asarray(near * network.node_count + far, dtype=np.int64)


def _sorted_arcs(network: RoadNetwork) -> tuple[IntArray, FloatArray]:
    """Return the arc keys in ascending order of (tail, head), and the walking seconds; 0 where walking is barred."""
    key = network.tail.astype(np.int64) * network.node_count + network.head
    order = np.argsort(key)
    minutes = network.minutes[WALK][order] if WALK in network.minutes else np.full(len(key), np.inf)
    return key[order], np.where(np.isfinite(minutes), np.maximum(minutes * 60, 0.1), 0.0)


def _junctions(count: int, near: IntArray, far: IntArray, major: BoolArray) -> BoolArray:
    """Return which nodes end a line: all except those that join exactly two streets of the same class."""
    ends = np.concatenate([near, far])
    degree = np.bincount(ends, minlength=count)
    main = np.bincount(ends, np.concatenate([major, major]).astype(float), minlength=count)
    return np.asarray((degree != 2) | (main == 1))


def _chains(network: RoadNetwork, near: IntArray, far: IntArray, junction: BoolArray) -> tuple[IntArray, IntArray]:
    """Return streets merged to lines that end at junctions: the nodes of all lines, and the node count of each."""
    whole = junction[near] & junction[far]
    pairs = np.column_stack([near[whole], far[whole]]).astype(np.int64)
    near, far = near[~whole], far[~whole]
    if not len(near):
        return pairs.ravel(), np.full(len(pairs), 2)
    ends = [network.x[near], network.y[near], network.x[far], network.y[far]]
    pieces = shapely.linestrings(np.stack(ends, axis=1).reshape(-1, 2, 2))
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(pieces)))
    points, owner = shapely.get_coordinates(merged, return_index=True)
    used = np.unique(np.concatenate([near, far]))
    place = network.x[used] + 1j * network.y[used]
    order = np.argsort(place)
    node = used[order][np.searchsorted(place[order], points[:, 0] + 1j * points[:, 1])]
    # A line that passes a junction is cut there; the junction is then part of both lines.
    inner = np.flatnonzero((np.diff(owner, prepend=-1) == 0) & (np.diff(owner, append=-1) == 0) & junction[node])
    begins = np.zeros(len(node) + len(inner), dtype=np.int64)
    node = np.insert(node, inner, node[inner])
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    begins[first + np.searchsorted(inner, first)] = 1
    begins[inner + np.arange(len(inner)) + 1] = 1
    sizes = np.diff(np.append(np.flatnonzero(begins), len(node)))
    return np.concatenate([pairs.ravel(), node]), np.concatenate([np.full(len(pairs), 2), sizes])


def _seconds(
    network: RoadNetwork, arcs: tuple[IntArray, FloatArray], node: IntArray, sizes: IntArray, *, back: bool
) -> IntArray:
    """Return the walking seconds along each line, or ``back``; 0 if any part of it is barred to walking."""
    keys, seconds = arcs
    line = np.repeat(np.arange(len(sizes)), sizes)
    step = np.flatnonzero(np.diff(line, append=-1) == 0)
    one, other = (node[step + 1], node[step]) if back else (node[step], node[step + 1])
    wanted = one.astype(np.int64) * network.node_count + other
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    taken = np.where(keys[at] == wanted, seconds[at], 0.0) if len(keys) else np.zeros(len(step))
    total = np.bincount(line[step], taken, minlength=len(sizes))
    barred = np.bincount(line[step], (taken == 0).astype(float), minlength=len(sizes)) > 0
    return np.where(barred, 0, np.maximum(np.rint(total), 1)).astype(np.int64)
