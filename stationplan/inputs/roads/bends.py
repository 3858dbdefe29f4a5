"""Edges with bends, split into straight pieces between additional nodes."""

from __future__ import annotations

import numpy as np
import shapely

from stationplan.domain import FloatArray, IntArray, ObjectArray
from stationplan.geo import Datum, to_wgs84

SHORT_BY_M = 5.0
"""An edge whose stated length is shorter than the straight line between its ends by more than this (m) is reported."""


def straighten(
    lon: FloatArray,
    lat: FloatArray,
    tail: IntArray,
    head: IntArray,
    shapes: ObjectArray,
    datum: Datum,
) -> tuple[FloatArray, FloatArray, IntArray, IntArray, IntArray]:
    """Return nodes with the inner shape points added, and straight pieces (edge, tail, head) in edge order.

    ``lon``/``lat`` of the nodes are WGS-84, ``shapes`` (one line or ``None`` per edge) in ``datum``. Edges between the
    same two nodes share a bend at the same location: the two directions of one street.
    """
    points, owner = shapely.get_coordinates(list(shapes), return_index=True)
    counts = np.bincount(owner, minlength=len(shapes))
    starts = np.cumsum(counts) - counts
    position = np.arange(len(owner)) - starts[owner]
    inner = (position > 0) & (position < counts[owner] - 1)
    points, owner = points[inner], owner[inner]
    ends = np.column_stack([np.minimum(tail, head), np.maximum(tail, head)])[owner]
    _, first, bend = np.unique(np.column_stack([ends, points]), axis=0, return_index=True, return_inverse=True)
    inner_lon, inner_lat = to_wgs84(points[first, 0], points[first, 1], datum=datum)
    bend_node = len(lon) + bend.ravel()
    inner_count = np.bincount(owner, minlength=len(shapes))
    edge = np.repeat(np.arange(len(shapes)), inner_count + 1)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(inner_count + 1) - (inner_count + 1), inner_count + 1)
    if len(bend_node) == 0:
        return lon, lat, edge, tail[edge], head[edge]
    # Piece `step` of an edge runs from its bend step - 1 to its bend step; clipped where an end node is used instead.
    at = (np.cumsum(inner_count) - inner_count)[edge] + step
    before, after = np.clip([at - 1, at], 0, len(bend_node) - 1)
    return (
        np.concatenate([lon, inner_lon]),
        np.concatenate([lat, inner_lat]),
        edge,
        np.where(step == 0, tail[edge], bend_node[before]),
        np.where(step == inner_count[edge], head[edge], bend_node[after]),
    )


def shared_lengths(drawn_m: FloatArray, edge: IntArray, stated_m: FloatArray) -> FloatArray:
    """Return the length of each piece (m): its share of its edge's stated length, or its drawn length if that is NaN.

    >>> shared_lengths(np.array([10.0, 30.0, 7.0]), np.array([0, 0, 1]), np.array([80.0, np.nan])).tolist()
    [20.0, 60.0, 7.0]
    """
    whole_m = np.bincount(edge, drawn_m, minlength=len(stated_m))
    pieces = np.bincount(edge, minlength=len(stated_m))
    share = np.where(whole_m[edge] > 0, drawn_m / np.where(whole_m > 0, whole_m, 1.0)[edge], 1.0 / pieces[edge])
    return np.where(np.isnan(stated_m)[edge], drawn_m, stated_m[edge] * share)
