"""Features of GeoJSON, GeoPackage, Shapefile and GeoParquet files as tables with shapes.

GDAL selects its driver by content, and some of its drivers open any other file or address that the content names.
Therefore GeoJSON is read as plain JSON, and a file is passed to GDAL only if its first bytes match its format.
"""

from __future__ import annotations

import codecs
import json
import logging
import math
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.errors import ShapelyError

from stationplan.domain import ObjectArray
from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.limits import refuse_above, refuse_large
from stationplan.inputs.tables.columns import FIELD_NAMES
from stationplan.inputs.tables.table import Table, cleaned
from stationplan.inputs.tables.textfile import read_text
from stationplan.scenario import Limits

_log = logging.getLogger(__name__)

_MAGIC = {".gpkg": b"SQLite format 3\0", ".shp": b"\x00\x00\x27\x0a", ".parquet": b"PAR1"}
_DRIVERS = {".gpkg": "GPKG", ".shp": "ESRI Shapefile"}
_GEOPACKAGES = frozenset({b"GPKG", b"GP10", b"GP11"})
"""Application ids of a SQLite database that is a GeoPackage, in its bytes 68 to 71."""
_HEAD_BYTES = 72
_BYTES_A_VERTEX = 16
_EXACT = 2**53

GEOMETRY_SUFFIXES = frozenset({".geojson", ".json", *_MAGIC, ".geoparquet"})
"""Suffixes of files that contain shapes."""


def read_features(path: Path, limits: Limits, *, layer: str | None = None) -> Table:
    """Return the features of a file as a table; the first is row 2, as if below a header.

    Raises
    ------
    InputError
        The file is too large, damaged or of another format than its suffix states, or the layer does not exist or is
        one of several and not named.
    """
    suffix = path.suffix.lower()
    if suffix in {".geojson", ".json"}:
        return _read_geojson(path, limits)
    refuse_large(path, limits)
    faults = FaultList(path.name)
    suffix = ".parquet" if suffix == ".geoparquet" else suffix
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
        if not head.startswith(_MAGIC[suffix]) or (suffix == ".gpkg" and head[-4:] not in _GEOPACKAGES):
            faults.add(
                say("The content of the file does not match its name ({suffix}).", suffix=suffix),
                say("Export it again from the original program."),
                code="unreadable",
            )
            raise InputError(faults.faults)
    if suffix == ".parquet":
        return _read_parquet(path, limits)
    return _read_with_gdal(path, limits, layer, _DRIVERS[suffix], faults)


def feature_table(
    file: str, names: Sequence[str], columns: Sequence[Sequence[object]], shapes: ObjectArray | None, crs: str | None
) -> Table:
    """Return columns of values, and shapes, as a table of text.

    >>> feature_table("f.gpkg", ["n"], [[1.0, None]], None, None).rows
    (('1',), ('',))
    """
    count = len(shapes) if shapes is not None else max(map(len, columns), default=0)
    texts = [[as_text(value) for value in column] for column in columns]
    rows = tuple(zip(*texts, strict=True)) if texts else ((),) * count
    return cleaned(Table(file, tuple(names), rows, tuple(range(2, count + 2)), shapes=shapes, crs=crs))


def as_text(value: object) -> str:
    """Return a value as text, as in a CSV file; a whole number stored as 510100.0 becomes 510100."""
    if isinstance(value, float | np.floating):
        number = float(value)
        if math.isnan(number):
            return ""
        return str(int(number)) if number.is_integer() and abs(number) < _EXACT else repr(number)
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, np.datetime64) and np.isnat(value):
        return ""
    return str(value).strip()


def _read_geojson(path: Path, limits: Limits) -> Table:
    faults = FaultList(path.name)
    cure = say("Save it again as GeoJSON.")
    try:
        document = json.loads(read_text(path, limits))
        features = document["features"] if document["type"] == "FeatureCollection" else [document]
        refuse_above(len(features), "rows", limits, faults)
        rows = [dict(feature["properties"] or {}) for feature in features]
        names = list(dict.fromkeys(name for row in rows for name in row))
        geometries = [feature["geometry"] for feature in features]
        shapes = np.empty(len(features), dtype=object)
        shapes[:] = [None if shape is None else shapely.geometry.shape(shape) for shape in geometries]
        declared = str((document.get("crs") or {}).get("properties", {}).get("name", ""))
    except json.JSONDecodeError as error:
        faults.add(say("This is not valid JSON."), cure, row=error.lineno, code="unreadable")
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError, ShapelyError) as error:
        if isinstance(error, InputError):
            raise
        faults.add(say("The file is not GeoJSON."), cure, code="unreadable")
    else:
        refuse_above(int(shapely.get_num_coordinates(shapes).sum()), "vertices", limits, faults)
        if not features:
            faults.add(say("The file contains no features."), say("Provide at least one feature."), code="empty")
        faults.raise_any()
        columns = [[row.get(name) for row in rows] for name in names]
        return feature_table(path.name, names, columns, shapes, _crs_name(declared) if declared else None)
    raise InputError(faults.faults)


def _crs_name(declared: str) -> str | None:
    """Return a declared CRS as ``EPSG:4326`` or WKT; ``None`` for one that is unknown or for local use only."""
    try:
        crs = CRS.from_user_input(declared)
    except (CRSError, UnicodeError):
        return None
    if not (crs.is_geographic or crs.is_projected):
        return None
    return str(crs.to_string())


def _read_with_gdal(path: Path, limits: Limits, layer: str | None, driver: str, faults: FaultList) -> Table:
    from pyogrio.errors import DataLayerError, DataSourceError  # noqa: PLC0415 - GDAL is loaded only if a file needs it

    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            names, raw = _read_layer(path, limits, layer, driver, faults)
        for warning in told:
            _log.info("%s: %s", path.name, warning.message)
        meta, _, wkb, fields = raw
        shapes = None
        if wkb is not None:
            size = sum(len(shape) for shape in wkb if shape is not None)
            refuse_above(size // _BYTES_A_VERTEX, "vertices", limits, faults)
            shapes = np.asarray(shapely.from_wkb(wkb), dtype=object)
    except (DataSourceError, DataLayerError, ShapelyError, UnicodeDecodeError, RuntimeError) as error:
        faults.add(
            say("The file cannot be read: {error}.", error=error),
            say("Export it again; a Shapefile needs its .shp, .shx and .dbf files together."),
            code="unreadable",
        )
        raise InputError(faults.faults) from None
    crs = _crs_name(str(meta["crs"])) if meta["crs"] else None
    return feature_table(path.name, names, fields, shapes, crs)


def _read_layer(
    path: Path, limits: Limits, layer: str | None, driver: str, faults: FaultList
) -> tuple[list[str], _Raw]:
    """Return the names of the columns of a layer, and the data that GDAL reads from it."""
    import pyogrio  # noqa: PLC0415 - likewise
    from pyogrio.errors import DataSourceError  # noqa: PLC0415

    layers = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    if layer is None and len(layers) > 1:
        faults.add(
            say("The file has several layers: {layers}.", layers=", ".join(layers)),
            say('Select one with `layer = "..."` (or --layer).'),
            code="ambiguous_layer",
        )
    elif layer is not None and layer not in layers:
        faults.add(
            say("There is no layer {layer}; the file has: {layers}.", layer=layer, layers=", ".join(layers)),
            say("Correct `layer`."),
            code="missing_layer",
        )
    faults.raise_any()
    # A Shapefile is read as bytes, because its declared encoding is often missing or wrong.
    encoding = "ISO-8859-1" if driver == "ESRI Shapefile" else None
    info = pyogrio.read_info(path, layer=layer, encoding=encoding, force_feature_count=True)
    if info["driver"] != driver:
        raise DataSourceError(f"{info['driver']} is not {driver}")
    refuse_above(int(info["features"]), "rows", limits, faults)
    refuse_above(len(info["fields"]), "columns", limits, faults)
    if not info["features"]:
        faults.add(say("The file contains no features."), say("Provide at least one feature."), code="empty")
        faults.raise_any()

    names = [str(name) for name in info["fields"]]
    raw = pyogrio.raw.read(path, layer=layer, encoding=encoding, force_2d=True, datetime_as_string=True)
    return (names, raw) if encoding is None else _recoded(names, raw)


_Raw = tuple[dict[str, object], object, NDArray[np.object_] | None, Sequence[Sequence[object]]]


def _recoded(names: list[str], raw: _Raw) -> tuple[list[str], _Raw]:
    """Return names and text that were read as bytes, decoded as UTF-8 if valid, otherwise as GB18030.

    Writers truncate names after ten bytes, in UTF-8 in the middle of the fourth Chinese character.
    """
    meta, fids, wkb, columns = raw
    texts = [[value.encode("latin-1") if isinstance(value, str) else value for value in column] for column in columns]
    content = b"\n".join(value for column in texts for value in column if isinstance(value, bytes))
    encoding = "utf-8"
    try:
        content.decode(encoding)
        if not content.strip() or content.isascii():
            for name in names:  # an incomplete last character does not rule out the encoding
                codecs.getincrementaldecoder(encoding)().decode(name.encode("latin-1"))
    except UnicodeDecodeError:
        encoding = "gb18030"
    decoded = [[value.decode(encoding) if isinstance(value, bytes) else value for value in column] for column in texts]
    return [_whole(name.encode("latin-1"), encoding) for name in names], (meta, fids, wkb, decoded)


def _whole(name: bytes, encoding: str) -> str:
    """Return the name of a column; for one cut in the middle of a character, the known name that starts with it."""
    try:
        return name.decode(encoding)
    except UnicodeDecodeError:
        start = name.decode(encoding, "ignore")
        fields = [[known for known in names if known.startswith(start)] for names in FIELD_NAMES.values()]
        begun = [names for names in fields if names]
        return begun[0][0] if start and len(begun) == 1 else start


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
    except (pa.ArrowException, ShapelyError, CRSError, ValueError, OSError, TypeError, KeyError) as error:
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
    crs = None if frame.crs is None else _crs_name(frame.crs.to_wkt())
    return feature_table(path.name, [str(name) for name in plain.columns], columns, shapes, crs)
