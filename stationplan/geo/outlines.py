"""Outlines of cells that are given as points, and the cell that contains a point."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from stationplan.domain import FloatArray

_LONE_CELL_M = 250.0
"""Side (m) of the square drawn for each cell when there are too few cells to form a grid."""


def cell_outlines(x: FloatArray, y: FloatArray) -> NDArray[np.object_]:
    """Return a polygon for each cell centre (m): its Voronoi cell, clipped at the edge of the grid.

    The cells of square and hexagonal grids are reproduced as squares and hexagons. With d the median distance between
    neighbours, a cell at the edge or beside a gap is clipped to a square of side d where cells have four neighbours,
    and to a circle of radius 0.6 d, just larger than a hexagon, where they have more. Coinciding centres share one
    outline.
    """
    points = np.column_stack([x, y])
    if len(points) == 0:
        return np.empty(0, dtype=object)
    # Centres within a millimetre are one: Voronoi cells of nearly coinciding points are invalid.
    unique, inverse = np.unique(points.round(3), axis=0, return_inverse=True)
    if len(unique) < 3:
        half = _LONE_CELL_M / 2
        outlines = shapely.box(*(unique - half).T, *(unique + half).T)
        return np.asarray(outlines[inverse.ravel()], dtype=object)
    tree = cKDTree(unique)
    spacing = float(np.median(tree.query(unique, k=2)[0][:, 1]))
    neighbours = tree.query_ball_point(unique, 1.25 * spacing, return_length=True) - 1
    if np.percentile(neighbours, 75) > 4:
        limits = shapely.buffer(shapely.points(unique), 0.6 * spacing, quad_segs=6)
    else:
        limits = shapely.box(*(unique - spacing / 2).T, *(unique + spacing / 2).T)
    regions = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(unique), extend_to=limits[0]))
    point, region = shapely.STRtree(regions).query(shapely.points(unique), predicate="within")
    outlines = limits.copy()
    outlines[point] = shapely.intersection(limits[point], regions[region])
    return np.asarray(outlines[inverse.ravel()], dtype=object)


def cell_of(outline: NDArray[np.object_], x: ArrayLike, y: ArrayLike) -> NDArray[np.int64]:
    """Return the index of the polygon that contains each point, -1 for none; on a border the first of several.

    >>> cell_of(shapely.box([0, 10], [0, 0], [10, 20], [10, 10]), [5, 10, 15, 25], [5, 5, 5, 5]).tolist()
    [0, 0, 1, -1]
    """
    points = shapely.points(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    point, polygon = shapely.STRtree(outline).query(points, predicate="intersects")
    found = np.full(len(points), len(outline), dtype=np.int64)
    np.minimum.at(found, point, polygon)
    return np.where(found == len(outline), -1, found)
