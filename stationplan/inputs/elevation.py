"""Heights of road nodes from a GeoTIFF."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from pyproj import Transformer

from stationplan.domain import FloatArray
from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.limits import refuse_above, refuse_large
from stationplan.scenario import Limits

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""First bytes of a TIFF and of a BigTIFF, in either byte order."""

_METRE = frozenset({"", "m", "metre", "metres", "meter", "meters"})
_ALONE = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}
"""Keeps GDAL to the one file: what it says must stand in it, not in files beside it."""


def node_heights(path: Path, lon: FloatArray, lat: FloatArray, limits: Limits) -> FloatArray:
    """Return the height (m) at each place (WGS-84 degrees), between pixel centres by bilinear interpolation.

    NaN outside the raster and where a pixel that counts has no data. Only the part around the places is read.

    Raises
    ------
    InputError
        rasterio is not installed; the file is too large, no GeoTIFF, without a CRS, not in metres, of several bands, or
        lies elsewhere.
    """
    faults = FaultList(path.name)
    try:
        import rasterio  # noqa: PLC0415 - an extra, needed only here
        from rasterio.errors import NotGeoreferencedWarning, RasterioError  # noqa: PLC0415
        from rasterio.windows import Window  # noqa: PLC0415
    except ModuleNotFoundError:
        faults.add(
            say("Heights are read with rasterio, which is not installed."),
            say("Run: pip install 'stationplan[{extra}]'", extra="elevation"),
            code="missing_library",
        )
        raise InputError(faults.faults) from None
    refuse_large(path, limits, cap="extract_mb")
    with path.open("rb") as stream:
        is_tiff = stream.read(4) in _MAGIC
    # A local path only: what GDAL would fetch or unpack by a name of its own is never opened.
    if not is_tiff or str(path).startswith("/vsi") or "://" in str(path):
        _not_readable(say("it is no TIFF"), faults)
    try:
        with (
            warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning),
            rasterio.Env(**_ALONE),
            rasterio.open(path, driver="GTiff") as raster,
        ):
            _check(raster, faults)
            turn = Transformer.from_crs("EPSG:4326", raster.crs.to_wkt(), always_xy=True)
            x, y = turn.transform(lon, lat)
            to_pixel = ~raster.transform
            column = to_pixel.a * x + to_pixel.b * y + to_pixel.c
            row = to_pixel.d * x + to_pixel.e * y + to_pixel.f
            # Pixel i reaches from i to i + 1, its centre is at i + 1/2.
            window = _around(column, row, raster.width, raster.height)
            if window is None:
                faults.add(
                    say("No road lies within the raster."),
                    say("Give heights of the study area, and check the CRS of the file."),
                    code="elsewhere",
                )
                faults.raise_any()
                raise AssertionError
            left, top, width, height = window
            refuse_above(math.ceil(width * height * 8 / 1e6), "unpacked_mb", limits, faults)
            band = raster.read(1, window=Window(left, top, width, height), masked=True)
            values = band.astype(np.float64).filled(np.nan) * raster.scales[0] + raster.offsets[0]
    except RasterioError as error:
        _not_readable(error, faults)
    return bilinear(values, column - left, row - top)


def _not_readable(error: object, faults: FaultList) -> NoReturn:
    faults.add(
        say("The file is not a readable GeoTIFF: {error}.", error=error),
        say("Export the heights again as GeoTIFF."),
        code="unreadable",
    )
    raise InputError(faults.faults) from None


def _check(raster: DatasetReader, faults: FaultList) -> None:
    """Raise when heights cannot be taken from a raster."""
    if raster.crs is None or raster.transform.is_identity:
        faults.add(
            say("The raster does not say where it lies."),
            say("Export it again with its CRS in the file, such as EPSG:4326."),
            code="crs",
        )
    if raster.count != 1:
        faults.add(
            say("The raster has {count} bands; heights are one.", count=raster.count),
            say("Export the band of heights alone."),
            code="bands",
        )
    elif (raster.units[0] or "").strip().lower() not in _METRE:
        faults.add(
            say("The heights are in {unit}, not in metres.", unit=raster.units[0]),
            say("Convert them to metres."),
            code="unit",
        )
    faults.raise_any()


def _around(column: FloatArray, row: FloatArray, width: int, height: int) -> tuple[int, int, int, int] | None:
    """Return left, top, width and height (pixels) of the part with all places inside; ``None`` if there are none."""
    inside = (column >= 0) & (column <= width) & (row >= 0) & (row <= height)
    if not inside.any():
        return None
    left, right = (int(value) for value in (column[inside].min() - 1, column[inside].max() + 2))
    top, bottom = (int(value) for value in (row[inside].min() - 1, row[inside].max() + 2))
    left, top = max(left, 0), max(top, 0)
    return left, top, min(right, width) - left, min(bottom, height) - top


def bilinear(values: FloatArray, column: FloatArray, row: FloatArray) -> FloatArray:
    """Return values between pixel centres; pixel i, j has its centre at column j + 1/2, row i + 1/2.

    Within half a pixel of the rim the outermost centres count. NaN outside, and where a pixel that counts is NaN.

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
