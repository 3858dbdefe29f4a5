"""Features of files of shapes as tables: GeoJSON, GeoParquet, and the formats of :mod:`vector`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from pyproj.exceptions import CRSError
from shapely.errors import ShapelyError

from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.guard import one_fault
from stationplan.inputs.limits import refuse_above, refuse_large
from stationplan.inputs.tables.jsonfile import read_json
from stationplan.inputs.tables.records import crs_name, feature_table
from stationplan.inputs.tables.table import Table
from stationplan.inputs.tables.vector import VECTOR_SUFFIXES, Geometry, read_vector
from stationplan.scenario import Limits

_PARQUET = b"PAR1"

GEOMETRY_SUFFIXES = frozenset({".geojson", ".json", ".parquet", ".geoparquet", *VECTOR_SUFFIXES})
"""Suffixes of files that contain shapes."""


def read_features(path: Path, limits: Limits, *, layer: str | None = None, geometry: Geometry | None = None) -> Table:
    """Return the features of a file as a table; the first is row 2, as if below a header.

    ``geometry`` is the kind of shapes that is needed, by which one of several layers is picked; see
    :func:`~stationplan.inputs.tables.vector.pick_layer`.

    Raises
    ------
    InputError
        The file is too large, damaged or of another format than its suffix states, or the layer does not exist or is
        one of several and not named.
    """
    suffix = path.suffix.lower()
    with one_fault(path, say("Export it again from the original program.")):
        if suffix in {".geojson", ".json"}:
            return read_json(path, limits)
        if suffix in VECTOR_SUFFIXES:
            return read_vector(path, limits, layer=layer, geometry=geometry)
        refuse_large(path, limits)
        with path.open("rb") as stream:
            head = stream.read(len(_PARQUET))
        if head != _PARQUET:
            faults = FaultList(path.name)
            faults.add(
                say("The content of the file does not match its name ({suffix}).", suffix=".parquet"),
                say("Export it again from the original program."),
                code="unreadable",
            )
            raise InputError(faults.faults)
        return _read_parquet(path, limits)


def _read_parquet(path: Path, limits: Limits) -> Table:
    faults = FaultList(path.name)
    try:
        import geopandas  # noqa: PLC0415 - needs pyarrow, an extra
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        faults.add(
            say("Reading Parquet requires the package pyarrow."),
            say("Install it: pip install 'stationplan[parquet]'"),
            code="missing_package",
        )
        raise InputError(faults.faults) from None
    try:
        with parquet.ParquetFile(path) as file:
            meta = file.metadata
            refuse_above(meta.num_rows, "rows", limits, faults)
            refuse_above(meta.num_columns, "columns", limits, faults)
            unpacked = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
            refuse_above(unpacked // 1_000_000, "unpacked_mb", limits, faults)
        frame = geopandas.read_parquet(path)
        shapes = np.asarray(shapely.force_2d(frame.geometry.to_numpy()), dtype=object)
    except (
        pa.ArrowException,
        ShapelyError,
        CRSError,
        ValueError,
        OSError,
        TypeError,
        KeyError,
        AttributeError,
    ) as error:
        if isinstance(error, InputError):
            raise
        faults.add(
            say("The file cannot be read: {error}.", error=error), say("Save it as GeoParquet."), code="unreadable"
        )
        raise InputError(faults.faults) from None
    if not len(frame):
        faults.add(say("The file contains no features."), say("Provide at least one feature."), code="empty")
        raise InputError(faults.faults)
    refuse_above(int(shapely.get_num_coordinates(shapes).sum()), "vertices", limits, faults)
    plain = frame.drop(columns=frame.geometry.name)
    columns = [plain[name].astype(object).where(plain[name].notna(), None).tolist() for name in plain.columns]
    crs = None if frame.crs is None else crs_name(frame.crs.to_wkt())
    return feature_table(path.name, [str(name) for name in plain.columns], columns, shapes, crs)
