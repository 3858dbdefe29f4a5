"""Streets for the features: each piece once, by class, cut into short segments that lie in one cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from stationplan.domain import ROAD_CLASSES, FloatArray, IntArray, RoadArcs
from stationplan.geo import project

STREET_CLASSES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "motorway": ("motorway", "motorway_link", "trunk", "trunk_link"),
        "primary": ("primary", "primary_link"),
        "secondary": ("secondary", "secondary_link"),
        "tertiary": ("tertiary", "tertiary_link"),
        "residential": ("residential", "living_street", "unclassified", "road"),
        "service": ("service",),
        "path": (
            *("footway", "path", "steps", "pedestrian", "cycleway", "track", "bridleway"),
            *("corridor", "platform", "elevator"),
        ),
    }
)
"""Classes of streets, highest first, and the values of OSM's tag ``highway`` that they include."""

_BIT_M = 25.0
"""Largest length (m) of a segment that is counted at a single location."""

_CLASS_OF = np.array(
    [next(c for c, tags in enumerate(STREET_CLASSES.values()) if tag in tags) for tag in ROAD_CLASSES] + [-1]
)
"""The class of each of ``ROAD_CLASSES``; the last is for -1, unknown."""


@dataclass(frozen=True, eq=False)
class Streets:
    """Pieces of street between nodes, each once regardless of the directions; ``x``/``y`` of the nodes in metres.

    ``kind`` is an index into ``STREET_CLASSES``, -1 where it is unknown.
    """

    x: FloatArray
    y: FloatArray
    tail: IntArray
    head: IntArray
    length_m: FloatArray
    kind: IntArray


@dataclass(frozen=True, eq=False)
class Bits:
    """Short straight segments of street: their midpoints (m), lengths (m) and classes as in :class:`Streets`."""

    x: FloatArray
    y: FloatArray
    length_m: FloatArray
    kind: IntArray


def streets_of(roads: RoadArcs, crs: str) -> Streets:
    """Return the pieces of roads that any mode may use, in a metric CRS.

    Arcs between the same two nodes are one piece, with the shortest length and the highest class among them. An arc
    from a node to itself is dropped, because it has no extent, and ferries are no streets.
    """
    x, y = project(roads.lon, roads.lat, crs)
    real = np.flatnonzero(
        roads.tail != roads.head if roads.ferry is None else (roads.tail != roads.head) & ~roads.ferry
    )
    ends = np.sort(np.column_stack([roads.tail[real], roads.head[real]]), axis=1)
    kind = _CLASS_OF[roads.road_class[real]]
    rank = np.where(kind < 0, len(STREET_CLASSES), kind)
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    first = np.flatnonzero(np.append(True, np.diff(ends[order], axis=0).any(axis=1))[: len(order)])
    if len(first) == 0:
        nothing = np.empty(0, dtype=np.int64)
        return Streets(x, y, nothing, nothing, np.empty(0), nothing)
    highest = np.minimum.reduceat(rank[order], first)
    return Streets(
        x,
        y,
        ends[order[first], 0],
        ends[order[first], 1],
        np.minimum.reduceat(roads.length_m[real][order], first),
        np.where(highest == len(STREET_CLASSES), -1, highest),
    )


def bits_of(streets: Streets) -> Bits:
    """Return pieces cut into equal segments of at most 25 m; a piece's length is divided equally among its segments.

    Lengths are those stated by the source, which may be longer than the straight line.

    >>> streets = Streets(np.array([0.0, 60.0]), np.zeros(2), np.array([0]), np.array([1]), np.array([66.0]),
    ...                   np.array([2]))
    >>> bits = bits_of(streets)
    >>> bits.x.tolist(), bits.length_m.tolist(), bits.kind.tolist()
    ([10.0, 30.0, 50.0], [22.0, 22.0, 22.0], [2, 2, 2])
    """
    from_x, from_y = streets.x[streets.tail], streets.y[streets.tail]
    along_x, along_y = streets.x[streets.head] - from_x, streets.y[streets.head] - from_y
    pieces = np.maximum(np.ceil(np.hypot(along_x, along_y) / _BIT_M), 1).astype(np.int64)
    of = np.repeat(np.arange(len(pieces)), pieces)
    number = np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = (number + 0.5) / pieces[of]
    return Bits(
        from_x[of] + share * along_x[of],
        from_y[of] + share * along_y[of],
        (streets.length_m / pieces)[of],
        streets.kind[of],
    )


def junctions_of(streets: Streets) -> tuple[IntArray, IntArray]:
    """Return the nodes with at least three neighbours, and the highest class that meets at each (-1: none is known)."""
    ends = np.concatenate([streets.tail, streets.head])
    unknown = len(STREET_CLASSES)
    highest = np.full(len(streets.x), unknown, dtype=np.int64)
    np.minimum.at(highest, ends, np.tile(np.where(streets.kind < 0, unknown, streets.kind), 2))
    node = np.flatnonzero(np.bincount(ends, minlength=len(streets.x)) > 2)
    return node, np.where(highest[node] == unknown, -1, highest[node])
