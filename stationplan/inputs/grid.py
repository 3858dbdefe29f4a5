"""Cells that no table lists: squares of a grid, or hexagons of H3, over the districts."""

from __future__ import annotations

import math

import numpy as np
import shapely
from geopandas import GeoSeries

from stationplan.domain import Cells, Count, FloatArray, ObjectArray, StudyArea
from stationplan.errors import Fault, FaultList, InputError, say
from stationplan.geo import cell_of, project
from stationplan.inputs.limits import refuse_above
from stationplan.scenario import DemandInput, Limits


def grid_cells(given: DemandInput, area: StudyArea, limits: Limits, file: str) -> Cells:
    """Return the cells of a scenario's grid: those whose centre lies in a district; they have no counts.

    Raises
    ------
    InputError
        There are more cells than ``limits.rows``, or no centre lies in a district; h3 is not installed.
    """
    polygons = area.districts.geometry.to_numpy()
    if given.grid == "square":
        ids, x, y, outline = square_cells(polygons, given.side_m or 0.0, limits)
    else:
        ids, x, y, outline = h3_cells(polygons, area.crs, given.h3_resolution or 0, limits)
    district = cell_of(polygons, x, y)
    inside = np.flatnonzero(district >= 0)
    if len(inside) == 0:
        what = say("No cell of the grid has its centre in a district.")
        raise InputError([Fault(what, say("Make the cells smaller."), file, None, "demand.grid")])
    none: dict[str, Count] = {}
    return Cells(tuple(ids[i] for i in inside), x[inside], y[inside], district[inside], outline[inside], none)


def square_cells(
    polygons: ObjectArray, side_m: float, limits: Limits
) -> tuple[list[str], FloatArray, FloatArray, ObjectArray]:
    """Return ids, centres (m) and outlines of the squares over polygons, row by row from the south-west.

    Squares lie on whole multiples of their side, and an id tells easting and northing of the lower left corner in
    metres: both stay when the districts change.

    >>> ids, x, y, outline = square_cells(np.array([shapely.box(10, 0, 250, 90)]), 100.0, Limits())
    >>> ids, x.tolist(), y.tolist()
    (['E0N0', 'E100N0', 'E200N0'], [50.0, 150.0, 250.0], [50.0, 50.0, 50.0])
    """
    left, low, right, high = shapely.total_bounds(polygons).tolist()
    first, last = math.floor(left / side_m), math.ceil(right / side_m)
    bottom, top = math.floor(low / side_m), math.ceil(high / side_m)
    rows = []
    faults = FaultList()
    shapely.prepare(polygons)
    count = 0
    for band in range(bottom, top):  # a band at a time: the box of a province holds far more squares than its shape
        y = (band + 0.5) * side_m
        near = polygons[shapely.intersects(polygons, shapely.linestrings([[left, y], [right, y]]))]
        if len(near) == 0 and top - bottom > 1:
            continue
        bounds = shapely.bounds(near) if len(near) else np.array([[left, low, right, high]])
        columns = np.zeros(last - first, dtype=bool)
        for start, _, end, _ in bounds:
            columns[max(math.floor(start / side_m) - first, 0) : math.ceil(end / side_m) - first] = True
        column = np.flatnonzero(columns) + first
        count += len(column)
        refuse_above(count, "rows", limits, faults)
        rows.append(np.column_stack([column, np.full(len(column), band)]))
    at = np.concatenate(rows) if rows else np.empty((0, 2), dtype=np.int64)
    middle = np.asarray((at + 0.5) * side_m, dtype=np.float64)
    x, y_mid = middle[:, 0], middle[:, 1]
    corner = np.rint(at * side_m).astype(np.int64)
    ids = [f"E{east}N{north}" for east, north in corner.tolist()]
    half = side_m / 2
    outline: ObjectArray = shapely.box(x - half, y_mid - half, x + half, y_mid + half)
    return ids, x, y_mid, outline


def h3_cells(
    polygons: ObjectArray, crs: str, resolution: int, limits: Limits
) -> tuple[list[str], FloatArray, FloatArray, ObjectArray]:
    """Return ids, centres (m) and outlines of the H3 cells whose centre lies in a polygon, in the order of their ids.

    Raises
    ------
    InputError
        h3 is not installed, or there are too many cells.
    """
    try:
        import h3  # noqa: PLC0415 - an extra, needed only here
    except ModuleNotFoundError:
        what = say("Hexagons are made with h3, which is not installed.")
        cure = say("Run: pip install 'stationplan[demand]'")
        raise InputError([Fault(what, cure, code="missing_library")]) from None
    degrees = GeoSeries(polygons, crs=crs).to_crs("EPSG:4326")
    faults = FaultList()
    expected = shapely.area(polygons).sum() / (h3.average_hexagon_area(resolution, unit="m^2"))
    refuse_above(math.ceil(expected), "rows", limits, faults)
    found: set[str] = set()
    for shape in degrees:
        found.update(h3.h3shape_to_cells(h3.geo_to_h3shape(shape), resolution))
    ids = sorted(found)
    lat, lon = np.array([h3.cell_to_latlng(cell) for cell in ids]).reshape(-1, 2).T
    x, y = project(lon, lat, crs)
    return ids, x, y, h3_outlines(ids, crs)


def h3_outlines(ids: list[str], crs: str) -> ObjectArray:
    """Return the hexagons (m) of H3 indices."""
    import h3  # noqa: PLC0415 - an extra, needed only here

    rings = [h3.cell_to_boundary(cell) for cell in ids]
    sizes = [len(ring) for ring in rings]
    lat, lon = np.array([corner for ring in rings for corner in ring]).reshape(-1, 2).T
    x, y = project(lon, lat, crs)
    corners = np.split(np.column_stack([x, y]), np.cumsum(sizes)[:-1])
    return np.array([shapely.Polygon(ring) for ring in corners], dtype=object)
