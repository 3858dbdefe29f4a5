"""Connects points to the network: each at the nearest position along the nearest road that its mode may use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from stationplan.access.network import assemble
from stationplan.domain import BoolArray, FloatArray, IntArray, Mode, ObjectArray, RoadNetwork, Snap, joined

_AT_NODE_M = 0.01
"""A position this close (m) to a node is at the node."""


def connect(
    network: RoadNetwork,
    x: FloatArray,
    y: FloatArray,
    *,
    modes: Sequence[Mode],
    max_snap_m: float,
    min_component_nodes: int,
) -> tuple[RoadNetwork, Snap]:
    """Return the network with a node wherever a point (m) is connected to a road, and each point's node for each mode.

    A point snaps to the nearest arc that its mode may use, within ``max_snap_m``, in a strongly connected component of
    at least ``min_component_nodes`` nodes (or in the largest component, if none has that many): within such a
    component, every node can be reached from every other. Roads are split in place, so existing nodes keep their
    numbers and travel times between them do not change. Ties go to the arc with the lowest nodes.
    """
    points = shapely.points(x, y)
    tail = network.tail
    places: list[FloatArray] = []
    offroad: dict[Mode, FloatArray] = {}
    for mode in modes:
        usable = _snappable(network, mode, min_component_nodes)
        low, high = joined(tail[usable], network.head[usable]).T
        ends = np.stack([network.x[low], network.y[low], network.x[high], network.y[high]], axis=1)
        place, distance = _nearest_place(shapely.linestrings(ends.reshape(-1, 2, 2)), points, max_snap_m)
        line = np.maximum(place[:, 0].astype(np.int64), 0)
        none = place[:, 0] < 0
        found = np.column_stack([low[line], high[line], place[:, 1]]) if len(low) else np.full((len(x), 3), -1.0)
        found[none] = -1
        places.append(found)
        offroad[mode] = np.where(none, np.inf, distance)
    split, node = _split(network, np.concatenate(places) if places else np.empty((0, 3)))
    nodes = dict(zip(modes, node.reshape(len(places), len(x)), strict=True)) if places else {}
    return split, Snap(nodes, offroad)


def _snappable(network: RoadNetwork, mode: Mode, min_component_nodes: int) -> BoolArray:
    """Return a mask of the arcs of a mode inside a sufficiently large strongly connected component, without ferries."""
    component = network.component[mode]
    size = np.bincount(component[component >= 0], minlength=1)
    large = size >= min(min_component_nodes, int(size.max()))
    tail, head = network.tail, network.head
    same = (component[tail] == component[head]) & (component[tail] >= 0)
    usable = np.isfinite(network.minutes[mode]) & ~network.ferry
    return np.asarray(usable & same & large[np.maximum(component[tail], 0)])


def _nearest_place(
    lines: ObjectArray,
    points: ObjectArray,
    max_distance_m: float,
) -> tuple[FloatArray, FloatArray]:
    """Return (line, share of its length) for each point, line -1 for none, and the distance (m)."""
    place = np.full((len(points), 2), -1.0)
    distance = np.full(len(points), np.inf)
    if len(lines) == 0 or len(points) == 0:
        return place, distance
    found = shapely.STRtree(lines).query_nearest(points, max_distance=max_distance_m, all_matches=True)
    which, first = np.unique(found[0], return_index=True)
    line = np.minimum.reduceat(found[1], first)
    share = shapely.line_locate_point(lines[line], points[which], normalized=True)
    length = shapely.length(lines[line])
    share = np.where(share * length < _AT_NODE_M, 0.0, np.where((1 - share) * length < _AT_NODE_M, 1.0, share))
    place[which] = np.column_stack([line, share])
    distance[which] = shapely.distance(lines[line], points[which])
    return place, distance


def _split(network: RoadNetwork, places: FloatArray) -> tuple[RoadNetwork, IntArray]:
    """Return the network with a node at each place (low node, high node, share of segment), and the places' nodes."""
    n = network.node_count
    node = np.full(len(places), -1, dtype=np.int64)
    low, high, share = places[:, 0].astype(np.int64), places[:, 1].astype(np.int64), places[:, 2]
    node[(low >= 0) & (share == 0)] = low[(low >= 0) & (share == 0)]
    node[(low >= 0) & (share == 1)] = high[(low >= 0) & (share == 1)]
    inside = (low >= 0) & (share > 0) & (share < 1)
    if not inside.any():
        return network, node
    inserted, which = np.unique(places[inside], axis=0, return_inverse=True)
    node[inside] = n + which.ravel()
    new_low, new_high, new_share = inserted[:, 0].astype(np.int64), inserted[:, 1].astype(np.int64), inserted[:, 2]
    x = np.concatenate([network.x, network.x[new_low] + new_share * (network.x[new_high] - network.x[new_low])])
    y = np.concatenate([network.y, network.y[new_low] + new_share * (network.y[new_high] - network.y[new_low])])
    segment, first, count = np.unique(new_low * n + new_high, return_index=True, return_counts=True)
    tail, head = network.tail.astype(np.int64), network.head.astype(np.int64)
    arc_low, arc_high = np.minimum(tail, head), np.maximum(tail, head)
    at = np.minimum(np.searchsorted(segment, arc_low * n + arc_high), len(segment) - 1)
    hit = segment[at] == arc_low * n + arc_high
    pieces = np.where(hit, count[at] + 1, 1)
    arc = np.repeat(np.arange(len(tail)), pieces)
    step = np.arange(len(arc)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    # Piece `step` of a split segment runs, from the low node to the high one, from cut step - 1 to cut step.
    last_index = len(inserted) - 1
    cut_before = np.clip(first[at[arc]] + step - 1, 0, last_index)
    cut_after = np.clip(first[at[arc]] + step, 0, last_index)
    is_first, is_last = step == 0, step == pieces[arc] - 1
    start = np.where(is_first, arc_low[arc], n + cut_before)
    end = np.where(is_last, arc_high[arc], n + cut_after)
    part = np.where(is_last, 1.0, new_share[cut_after]) - np.where(is_first, 0.0, new_share[cut_before])
    upward = tail[arc] < head[arc]
    return (
        assemble(
            x,
            y,
            np.where(upward, start, end),
            np.where(upward, end, start),
            minutes={mode: values[arc] * part for mode, values in network.minutes.items()},
            metres={mode: values[arc] * part for mode, values in network.metres.items()},
            major=network.major[arc],
            ferry=network.ferry[arc],
            crs=network.crs,
            source=network.source,
            date=network.date,
        ),
        node,
    )
