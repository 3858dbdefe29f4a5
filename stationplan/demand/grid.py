"""Cells made for a study: squares and H3 hexagons whose centres lie in its districts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely

from stationplan.domain import FloatArray, IntArray, ObjectArray
from stationplan.errors import FaultList, InputError, say

_LIMIT = 2_000_000


class Grid(NamedTuple):
    """Cells of a grid: ids, centres (m), and outlines in the same CRS."""

    ids: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    outline: ObjectArray


def square_cells(polygons: ObjectArray, side_m: float, *, limit: int = _LIMIT) -> Grid:
    """Return the squares whose centre lies in one of the polygons (m), by row from south to north.

    Squares are aligned to multiples of ``side_m``, and ids tell the lower left corner in metres, so that a square keeps
    its id whatever the polygons. A centre on a border belongs to the polygon to its right, or above.

    Raises
    ------
    InputError
        There would be more than ``limit`` squares.

    >>> grid = square_cells(np.array([shapely.box(0, 0, 200, 140)]), 100.0)
    >>> grid.ids, grid.x.tolist(), grid.y.tolist()
    (('E0N0', 'E100N0'), [50.0, 150.0], [50.0, 50.0])
    """
    if float(shapely.area(polygons).max(initial=0.0)) / side_m**2 > 2 * limit:
        _refuse_too_many("side_m", limit)
    row, first, last = _runs(polygons, side_m, limit)
    length = np.maximum(last - first + 1, 0)
    if int(length.sum()) > 2 * limit:  # polygons may overlap
        _refuse_too_many("side_m", limit)
    rows = np.repeat(row, length)
    columns = np.repeat(first - (np.cumsum(length) - length), length) + np.arange(len(rows))
    row, column = np.unique(np.column_stack([rows, columns]), axis=0).T
    if len(row) > limit:
        _refuse_too_many("side_m", limit)
    left, low = column * side_m, row * side_m
    ids = tuple(f"E{_metres(e)}N{_metres(n)}" for e, n in zip(left.tolist(), low.tolist(), strict=True))
    outline = shapely.box(left, low, left + side_m, low + side_m)
    return Grid(ids, left + side_m / 2, low + side_m / 2, np.asarray(outline, dtype=object))


def _runs(polygons: ObjectArray, side_m: float, limit: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return row, first and last column of each run of squares whose centres lie in a polygon.

    The line through the centres of a row enters and leaves a polygon where it crosses its edges, in turn.
    """
    parts, part_of = shapely.get_parts(polygons, return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    corner, ring = shapely.get_coordinates(rings, return_index=True)
    corner = corner / side_m - 0.5  # in squares from the first centre
    starts = np.flatnonzero(ring[1:] == ring[:-1])
    x0, y0 = corner[starts].T
    x1, y1 = corner[starts + 1].T
    up = y0 <= y1
    x0, y0, x1, y1 = np.where(up, x0, x1), np.where(up, y0, y1), np.where(up, x1, x0), np.where(up, y1, y0)
    lowest, beyond = np.ceil(y0), np.ceil(y1)  # rows with y0 <= row < y1
    crossings = (beyond - lowest).astype(np.int64)
    if int(crossings.sum()) > 4 * limit:
        _refuse_too_many("side_m", limit)
    edge = np.repeat(np.arange(len(starts)), crossings)
    row = lowest[edge] + (np.arange(len(edge)) - np.repeat(np.cumsum(crossings) - crossings, crossings))
    at = x0[edge] + (row - y0[edge]) * ((x1 - x0)[edge] / (y1 - y0)[edge])
    polygon = part_of[ring_of[ring[starts[edge]]]]
    order = np.lexsort((at, row, polygon))
    enter, leave = order[::2], order[1::2]
    return row[enter].astype(np.int64), np.ceil(at[enter]).astype(np.int64), np.ceil(at[leave]).astype(np.int64) - 1


def _metres(value: float) -> str:
    """Return whole metres without decimals, others to the millimetre."""
    return f"{value:.3f}".rstrip("0").rstrip(".").replace("-0", "0") if value % 1 else f"{value:.0f}"


def _refuse_too_many(key: str, limit: int) -> None:
    faults = FaultList()
    faults.add(
        say("The grid would have more than {limit} cells.", limit=limit),
        say("Make the cells larger with `{key}`.", key=key),
        key=f"demand.{key}",
        code="too_large",
    )
    raise InputError(faults.faults)
