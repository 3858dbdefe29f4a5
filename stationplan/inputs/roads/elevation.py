"""Elevation of road nodes from a GeoTIFF."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pyproj import Transformer

from stationplan.domain import FloatArray
from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.geotiff import open_geotiff, read_part
from stationplan.scenario import Limits

_METRE = frozenset({"", "m", "metre", "metres", "meter", "meters"})


def node_heights(path: Path, lon: FloatArray, lat: FloatArray, limits: Limits) -> FloatArray:
    """Return the elevation (m) at each location (WGS-84 degrees), by bilinear interpolation between pixel centres.

    NaN outside the raster and where a contributing pixel has no data. Only the part around the locations is read.

    Raises
    ------
    InputError
        rasterio is not installed; or the file is too large, not a GeoTIFF, without a CRS, not in metres, has several
        bands, or does not cover the study area.
    """
    faults = FaultList(path.name)
    with open_geotiff(path, limits, faults, extra="elevation") as raster:
        unit = (raster.units[0] or "").strip() if raster.count == 1 else ""
        if unit.lower() not in _METRE:
            faults.add(
                say("The heights are in {unit}, not in metres.", unit=unit), say("Convert them to metres."), code="unit"
            )
        faults.raise_any()
        turn = Transformer.from_crs("EPSG:4326", raster.crs.to_wkt(), always_xy=True)
        x, y = turn.transform(lon, lat)
        to_pixel = ~raster.transform
        column = to_pixel.a * x + to_pixel.b * y + to_pixel.c
        row = to_pixel.d * x + to_pixel.e * y + to_pixel.f
        # Pixel i extends from i to i + 1, with its centre at i + 1/2.
        part = _around(column, row, raster.width, raster.height)
        if part is None:
            faults.add(
                say("No road lies within the raster."),
                say("Provide heights of the study area, and check the CRS of the file."),
                code="elsewhere",
            )
            raise InputError(faults.faults)
        values = read_part(raster, part, limits, faults)
    return bilinear(values, column - part[0], row - part[1])


def _around(column: FloatArray, row: FloatArray, width: int, height: int) -> tuple[int, int, int, int] | None:
    """Return left, top, width and height (pixels) of the part that contains all locations; ``None`` without any."""
    inside = (column >= 0) & (column <= width) & (row >= 0) & (row <= height)
    if not inside.any():
        return None
    left, right = (int(value) for value in (column[inside].min() - 1, column[inside].max() + 2))
    top, bottom = (int(value) for value in (row[inside].min() - 1, row[inside].max() + 2))
    left, top = max(left, 0), max(top, 0)
    return left, top, min(right, width) - left, min(bottom, height) - top


def bilinear(values: FloatArray, column: FloatArray, row: FloatArray) -> FloatArray:
    """Return values interpolated between pixel centres; pixel i, j has its centre at column j + 1/2, row i + 1/2.

    Within half a pixel of the edge, the outermost centres are used. NaN outside, and where a contributing pixel is NaN.

    >>> bilinear(np.array([[0.0, 10.0], [20.0, 30.0]]), np.array([1.0, 0.5, 1.25]), np.array([1.0, 1.5, 0.1])).tolist()
    [15.0, 20.0, 7.5]
    """
    height, width = values.shape
    inside = (column >= 0) & (column <= width) & (row >= 0) & (row <= height)
    x = np.where(inside, np.clip(column - 0.5, 0, width - 1), 0.0)
    y = np.where(inside, np.clip(row - 0.5, 0, height - 1), 0.0)
    x0, y0 = x.astype(np.int64), y.astype(np.int64)
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    total = np.where(inside, 0.0, np.nan)
    for xs, wx in ((x0, 1 - (x - x0)), (x1, x - x0)):
        for ys, wy in ((y0, 1 - (y - y0)), (y1, y - y0)):
            weight = wx * wy
            total += np.where(weight > 0, values[ys, xs] * weight, 0.0)
    return total
