"""Grid cells generated for a study: squares and H3 hexagons whose centres are in its districts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple, NoReturn, cast

import numpy as np
import shapely

from stationplan.domain import Cells, FloatArray, IntArray, ObjectArray, StudyArea
from stationplan.errors import Fault, FaultList, InputError, say
from stationplan.geo import cell_of, project, unproject
from stationplan.geo.polygons import polygon_parts
from stationplan.scenario import DemandInput, Limits

_LIMIT = 2_000_000
"""Largest number of cells, equal to the limit on the rows of a table."""

_STRAIGHT_M = 5000.0
"""Length of an edge (m) that is treated as straight in degrees as well as in metres."""

_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{15}")


class Grid(NamedTuple):
    """Cells of a grid: ids, centres (m), and outlines in the same CRS."""

    ids: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    outline: ObjectArray


def grid_cells(given: DemandInput, area: StudyArea, limits: Limits, file: str) -> Cells:
    """Return the cells of a scenario's grid: those whose centre is in a district; they have no counts.

    Raises
    ------
    InputError
        There are more cells than ``limits.rows``, no centre is in a district, or h3 is not installed.
    """
    polygons = area.districts.geometry.to_numpy()
    if given.grid == "square":
        grid = square_cells(polygons, given.side_m or 0.0, limit=limits.rows)
    else:
        grid = h3_cells(polygons, area.crs, given.h3_resolution or 0, limit=limits.rows)
    district = cell_of(polygons, grid.x, grid.y)
    inside = np.flatnonzero(district >= 0)
    if len(inside) == 0:
        what = say("No cell of the grid has its centre in a district.")
        raise InputError([Fault(what, say("Use smaller cells."), file, None, "demand.grid")])
    ids = tuple(grid.ids[i] for i in inside.tolist())
    return Cells(ids, grid.x[inside], grid.y[inside], district[inside], grid.outline[inside], {})


def square_cells(polygons: ObjectArray, side_m: float, *, limit: int = _LIMIT) -> Grid:
    """Return the squares whose centre is in one of the polygons (m), by row from south to north.

    Squares are aligned to multiples of ``side_m``, and ids contain the lower left corner in metres, so that the id of a
    square does not depend on the polygons. A centre on a border belongs to the polygon to its right, or above.

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
    """Return row, first and last column of each run of squares whose centres are in a polygon.

    The line through the centres of a row alternately enters and leaves a polygon where it crosses its edges.
    """
    parts, part_of = polygon_parts(polygons)
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


def h3_cells(polygons: ObjectArray, crs: str, resolution: int, *, limit: int = _LIMIT) -> Grid:
    """Return the H3 cells of a resolution whose centre is in one of the polygons (m, in ``crs``), by id.

    Raises
    ------
    InputError
        The library h3 is not installed, or there would be more than ``limit`` cells.
    """
    h3 = _h3()
    parts, _ = polygon_parts(polygons)
    square_m = shapely.area(parts)
    # A long edge that is straight in metres is not straight in degrees.
    parts = shapely.transform(
        shapely.segmentize(parts, _STRAIGHT_M), lambda at: np.column_stack(unproject(at[:, 0], at[:, 1], crs))
    )
    found: set[int] = set()
    for part, area in zip(parts, square_m, strict=True):
        middle = h3.latlng_to_cell(part.centroid.y, part.centroid.x, resolution)
        if area / h3.cell_area(middle, unit="m^2") > 2 * limit:
            _refuse_too_many("h3_resolution", limit)
        rings = [_latitude_first(ring) for ring in (part.exterior, *part.interiors)]
        found.update(h3.h3shape_to_cells(h3.LatLngPoly(*rings), resolution))
        if len(found) > limit:
            _refuse_too_many("h3_resolution", limit)
    ids = sorted(found)
    centre = np.array([h3.cell_to_latlng(cell) for cell in ids], dtype=np.float64).reshape(-1, 2)
    x, y = project(centre[:, 1], centre[:, 0], crs)
    return Grid(tuple(h3.int_to_str(cell) for cell in ids), x, y, _outlines(ids, crs))


def h3_outlines(ids: Sequence[str], crs: str) -> ObjectArray:
    """Return the outlines (m, in ``crs``) of cells whose ids are H3 indices, such as ``89a901291abffff``.

    Raises
    ------
    InputError
        The library h3 is not installed, or an id is not an H3 cell.
    """
    h3 = _h3()
    number = [h3.str_to_int(cell) if _HEXADECIMAL.fullmatch(cell) else 0 for cell in ids]
    strange = [cell for cell, value in zip(ids, number, strict=True) if not h3.is_valid_cell(value)]
    if strange:
        faults = FaultList()
        faults.add(
            say("{count} ids are not H3 cells, such as {example}.", count=len(strange), example=repr(strange[0])),
            say("Correct the ids, or provide polygons of the cells."),
            code="no_h3_cell",
        )
        raise InputError(faults.faults)
    return _outlines(number, crs)


def _h3() -> ModuleType:
    """Return the library h3 with ids as integers."""
    try:
        import h3.api.basic_int as h3  # noqa: PLC0415 - an extra, needed only here
    except ModuleNotFoundError:
        faults = FaultList()
        faults.add(
            say("H3 cells require h3, which is not installed."),
            say("Run: pip install 'stationplan[{extra}]'", extra="demand"),
            code="missing_library",
        )
        raise InputError(faults.faults) from None
    return cast("ModuleType", h3)


def _latitude_first(ring: shapely.LinearRing) -> list[tuple[float, float]]:
    return [(lat, lon) for lon, lat in shapely.get_coordinates(ring).tolist()]


def _outlines(cells: Sequence[int], crs: str) -> ObjectArray:
    h3 = _h3()
    rings = [h3.cell_to_boundary(cell) for cell in cells]
    corner = np.array([corner for ring in rings for corner in ring], dtype=np.float64).reshape(-1, 2)
    of = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    corners = np.column_stack(project(corner[:, 1], corner[:, 0], crs))
    return np.asarray(shapely.polygons(shapely.linearrings(corners, indices=of)), dtype=object)


def _metres(value: float) -> str:
    """Return whole metres without decimals, others to the millimetre.

    >>> _metres(-250.0), _metres(0.5), _metres(1000.0)
    ('-250', '0.5', '1000')
    """
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _refuse_too_many(key: str, limit: int) -> NoReturn:
    faults = FaultList()
    faults.add(
        say("The grid would have more than {limit} cells.", limit=limit),
        say("Use larger cells: change `{key}` under [demand].", key=key),
        key=f"demand.{key}",
        code="too_large",
    )
    raise InputError(faults.faults)
