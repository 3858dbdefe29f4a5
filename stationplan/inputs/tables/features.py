"""Features of files of shapes as tables: GeoJSON, GeoParquet, and the formats of :mod:`vector`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import cast

from shapely.errors import ShapelyError

from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.guard import one_fault
from stationplan.inputs.limits import refuse_above, refuse_large
from stationplan.inputs.tables.feature_frames import feature_process, frame_of, received
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
    if importlib.util.find_spec("pyarrow") is None:
        faults.add(
            say("Reading Parquet requires the package pyarrow."),
            say("Install it: pip install 'stationplan[parquet]'"),
            code="missing_package",
        )
        raise InputError(faults.faults)
    try:
        with feature_process(path, "parquet", faults) as process:
            meta = cast("dict[str, int]", frame_of(process))
            refuse_above(meta["rows"], "rows", limits, faults)
            refuse_above(meta["columns"], "columns", limits, faults)
            refuse_above(meta["bytes"] // 1_000_000, "unpacked_mb", limits, faults)
            process.tell(True)
            about = frame_of(process) or {}
            names = cast("list[str]", about["fields"])
            found = received(process, len(names), limits, faults)
    except (RuntimeError, ShapelyError) as error:
        faults.add(
            say("The file cannot be read: {error}.", error=error), say("Save it as GeoParquet."), code="unreadable"
        )
        raise InputError(faults.faults) from None
    if found.shapes is None:
        faults.add(say("The file contains no features."), say("Provide at least one feature."), code="empty")
        raise InputError(faults.faults)
    crs = crs_name(str(about["crs"])) if about["crs"] else None
    return feature_table(path.name, names, found.fields, found.shapes, crs)
