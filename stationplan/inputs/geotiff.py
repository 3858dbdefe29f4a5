"""GeoTIFF files: opened safely, and read in parts."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

import numpy as np

from stationplan.domain import FloatArray
from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.guard import one_fault
from stationplan.inputs.limits import refuse_above, refuse_large
from stationplan.scenario import Limits

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""First bytes of a TIFF and of a BigTIFF, in either byte order."""

_ALONE = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}
"""Restricts GDAL to the one file: all metadata must be in it, not in files beside it."""


_BYTES_A_PIXEL = 10
"""A number of eight bytes, and whether there is one."""


@contextmanager
def open_geotiff(
    path: Path, limits: Limits, faults: FaultList, *, extra: Literal["elevation", "demand"]
) -> Iterator[DatasetReader]:
    """Yield a GeoTIFF of one band to read from; ``extra`` names the package extra that its reader needs.

    Missing georeferencing or several bands are recorded in ``faults``, for the caller to raise with its own findings.

    Raises
    ------
    InputError
        rasterio is not installed; or the file is too large or not a readable GeoTIFF, on opening or within the block.
    """
    try:
        import rasterio  # noqa: PLC0415 - an extra, needed only here
        from rasterio.errors import NotGeoreferencedWarning, RasterioError  # noqa: PLC0415
    except ModuleNotFoundError:
        refuse_without("rasterio", extra, faults)
    refuse_large(path, limits, cap="extract_mb")
    with path.open("rb") as stream:
        is_tiff = stream.read(4) in _MAGIC
    # Local paths only: files that GDAL would download or unpack because of their name are never opened.
    if not is_tiff or str(path).startswith("/vsi") or "://" in str(path):
        _not_readable(say("it is not a TIFF"), faults)
    with one_fault(path, say("Export it again as GeoTIFF.")):
        try:
            with (
                warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning),
                rasterio.Env(**_ALONE),
                rasterio.open(path, driver="GTiff") as raster,
            ):
                _check(raster, faults)
                block = math.prod(raster.block_shapes[0]) * _BYTES_A_PIXEL if raster.count else 0
                refuse_above(block // 1_000_000, "unpacked_mb", limits, faults)  # read whole, however small the part
                yield raster
        except RasterioError as error:
            _not_readable(error, faults)


def refuse_without(library: str, extra: str, faults: FaultList) -> NoReturn:
    """Report that a library is not installed, with the command that installs it.

    Raises
    ------
    InputError
        Always.
    """
    faults.add(
        say("Reading GeoTIFF requires {library}, which is not installed.", library=library),
        say("Run: pip install 'stationplan[{extra}]'", extra=extra),
        code="missing_library",
    )
    raise InputError(faults.faults) from None


def _not_readable(error: object, faults: FaultList) -> NoReturn:
    faults.add(
        say("The file is not a readable GeoTIFF: {error}.", error=error),
        say("Export it again as GeoTIFF."),
        code="unreadable",
    )
    raise InputError(faults.faults) from None


def _check(raster: DatasetReader, faults: FaultList) -> None:
    if raster.crs is None or raster.transform.is_identity:
        faults.add(
            say("The raster has no georeference."),
            say("Export it again with its CRS in the file, such as EPSG:4326."),
            code="crs",
        )
    if raster.count != 1:
        faults.add(
            say("The raster has {count} bands, not one.", count=raster.count),
            say("Export only the band that is needed."),
            code="bands",
        )


def read_part(raster: DatasetReader, part: tuple[int, int, int, int], limits: Limits, faults: FaultList) -> FloatArray:
    """Return the values of a part of the band, given by left, top, width and height (pixels); NaN where there are none.

    Raises
    ------
    InputError
        The part is larger than the limit ``unpacked_mb``.
    """
    from rasterio.windows import Window  # noqa: PLC0415 - an extra, needed only here

    refuse_above(math.ceil(part[2] * part[3] * _BYTES_A_PIXEL / 1e6), "unpacked_mb", limits, faults)
    band = raster.read(1, window=Window(*part), masked=True, out_dtype="float64")
    values: FloatArray = band.data  # changed in place: copies would take several times the memory
    values[np.ma.getmaskarray(band)] = np.nan
    values *= raster.scales[0]
    values += raster.offsets[0]
    return values
