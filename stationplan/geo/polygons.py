"""The cell that contains each point, for many millions of points."""

from __future__ import annotations

import numpy as np
import shapely
from numba import njit

from stationplan.domain import FloatArray, IntArray, ObjectArray


def cells_at(outline: ObjectArray, x: FloatArray, y: FloatArray) -> IntArray:
    """Return the cell whose outline (polygons) contains each point, -1 for none; on a border the first of several.

    The result is that of :func:`stationplan.geo.cell_of`, but many times faster; a point within rounding error of a
    border may be counted as on it or not. Edges shared by neighbours are computed identically from both sides, so that
    no point falls between two cells.

    >>> squares = shapely.box([0, 10], [0, 0], [10, 20], [10, 10])
    >>> cells_at(squares, np.array([5.0, 10.0, 15.0, 25.0]), np.full(4, 5.0)).tolist()
    [0, 0, 1, -1]
    """
    parts, cell = polygon_parts(outline)
    rings, part = shapely.get_rings(parts, return_index=True)
    corner, ring = shapely.get_coordinates(rings, return_index=True)
    if len(corner) == 0 or len(x) == 0:
        return np.full(len(x), -1, dtype=np.int64)
    follows = np.flatnonzero(ring[1:] == ring[:-1])
    edge = np.column_stack([corner[follows], corner[follows + 1]])
    edge = np.where((edge[:, 1] > edge[:, 3])[:, None], edge[:, [2, 3, 0, 1]], edge)  # upward
    edges_from = np.searchsorted(cell[part[ring[follows]]], np.arange(len(outline) + 1))
    bounds = shapely.bounds(outline)
    left, low = np.nanmin(bounds[:, :2], axis=0)
    right, high = np.nanmax(bounds[:, 2:], axis=0)
    side = np.sqrt((right - left) * (high - low) / len(outline)) or 1.0
    lowest, highest = ((of - [left, low]) // side for of in (bounds[:, :2], bounds[:, 2:]))
    holding = np.flatnonzero(np.isfinite(bounds[:, 0]))
    columns, rows = (int(count) for count in (highest[holding].max(axis=0) + 1))
    box = np.column_stack([lowest[holding], highest[holding]]).astype(np.int64)
    start, listed = _listed(box, holding, columns, rows)
    return np.asarray(
        _searched(x, y, float(left), float(low), float(side), columns, rows, start, listed, edges_from, edge, bounds)
    )


def polygon_parts(shapes: ObjectArray) -> tuple[ObjectArray, IntArray]:
    """Return the single polygons of shapes, and the index of the shape of each; lines and points are dropped."""
    parts, of = shapely.get_parts(shapes, return_index=True)
    parts, part_of = shapely.get_parts(parts, return_index=True)  # a collection may contain multipolygons
    areal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    return parts[areal], of[part_of[areal]]


@njit(cache=True, nogil=True)
def _listed(box: IntArray, cell: IntArray, columns: int, rows: int) -> tuple[IntArray, IntArray]:
    """Return, for each square of a grid by row and column, the cells whose bounding boxes touch it, in order."""
    start = np.zeros(columns * rows + 1, np.int64)
    for i in range(cell.size):
        for row in range(box[i, 1], box[i, 3] + 1):
            for column in range(box[i, 0], box[i, 2] + 1):
                start[row * columns + column + 1] += 1
    start = np.cumsum(start)
    filled = start[:-1].copy()
    listed = np.empty(start[-1], np.int64)
    for i in range(cell.size):
        for row in range(box[i, 1], box[i, 3] + 1):
            for column in range(box[i, 0], box[i, 2] + 1):
                listed[filled[row * columns + column]] = cell[i]
                filled[row * columns + column] += 1
    return start, listed


@njit(cache=True, nogil=True)
def _searched(
    x: FloatArray,
    y: FloatArray,
    left: float,
    low: float,
    side: float,
    columns: int,
    rows: int,
    start: IntArray,
    listed: IntArray,
    edges_from: IntArray,
    edge: FloatArray,
    bounds: FloatArray,
) -> IntArray:
    """Return for each point the first cell listed for its square that contains the point, -1 for none."""
    found = np.full(x.size, -1, np.int64)
    for i in range(x.size):
        column, row = np.floor((x[i] - left) / side), np.floor((y[i] - low) / side)
        if 0 <= column < columns and 0 <= row < rows:
            square = int(row) * columns + int(column)
            for j in range(start[square], start[square + 1]):
                c = listed[j]
                inside = bounds[c, 0] <= x[i] <= bounds[c, 2] and bounds[c, 1] <= y[i] <= bounds[c, 3]
                if inside and _holds(edge, edges_from[c], edges_from[c + 1], x[i], y[i]):
                    found[i] = c
                    break
    return found


@njit(cache=True, nogil=True)
def _holds(edge: FloatArray, first: int, end: int, x: float, y: float) -> bool:
    """Return whether a point lies inside rings or on them: a ray to the right crosses an odd number of edges.

    Edges point upward, ``[x0, y0, x1, y1]``.
    """
    odd = False
    for e in range(first, end):
        x0, y0, x1, y1 = edge[e, 0], edge[e, 1], edge[e, 2], edge[e, 3]
        if y0 <= y <= y1:
            turn = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
            if turn == 0 and min(x0, x1) <= x <= max(x0, x1):
                return True
            if y < y1 and turn > 0:
                odd = not odd
    return odd
