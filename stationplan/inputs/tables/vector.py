"""Features of files that GDAL reads: GeoPackage, Shapefile, FlatGeobuf, KML and file geodatabase, also zipped.

GDAL selects its driver by content, and some of its drivers open any other file or address that the content names.
Therefore a file is passed to GDAL only if its first bytes match its format, and zipped files are unpacked beforehand.
"""

from __future__ import annotations

import codecs
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal, cast

from shapely.errors import ShapelyError

from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.limits import refuse_above, refuse_entities, refuse_large, refuse_zip_bomb
from stationplan.inputs.tables.bounded import BoundedProcess
from stationplan.inputs.tables.columns import FIELD_NAMES
from stationplan.inputs.tables.feature_frames import SentFeatures, feature_process, frame_of, received
from stationplan.inputs.tables.records import crs_name, feature_table
from stationplan.inputs.tables.table import Table
from stationplan.scenario import Limits

Geometry = Literal["points", "lines", "polygons"]
"""Kinds of geometry by which a layer is picked."""

_TYPES: dict[Geometry, tuple[str, ...]] = {
    "points": ("Point", "MultiPoint"),
    "lines": ("LineString", "MultiLineString", "CompoundCurve", "MultiCurve", "CircularString"),
    "polygons": ("Polygon", "MultiPolygon", "CurvePolygon", "MultiSurface"),
}
_DRIVERS: dict[str, tuple[str, ...]] = {
    ".gpkg": ("GPKG",),
    ".shp": ("ESRI Shapefile",),
    ".fgb": ("FlatGeobuf",),
    ".kml": ("LIBKML", "KML"),
    ".gdb": ("OpenFileGDB",),
}
"""The drivers that may read each format: the allow-list."""

_MAGIC = {".gpkg": b"SQLite format 3\0", ".shp": b"\x00\x00\x27\x0a", ".fgb": b"fgb\x03fgb"}
_GEOPACKAGES = frozenset({b"GPKG", b"GP10", b"GP11"})
"""Application ids of a SQLite database that is a GeoPackage, in its bytes 68 to 71."""
_HEAD_BYTES = 72
_KML_BYTES = 8192
_KML_START = re.compile(r"\ufeff?\s*(<\?xml[^<>]*\?>)?\s*(<!--[^<>]*-->\s*)*<(\w+:)?kml\b")
_OTHER_XML = re.compile(
    r"OGRVRT|opengis\.net/gml|<gpx|<rss|<feed|<osm|GDALG|<wfs|<GMLJP2|FeatureCollection", re.IGNORECASE
)
"""Words by which other drivers of GDAL recognise their XML; some of them open addresses."""
_KML_FIELDS = frozenset(
    {"timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon"}
)
"""Attributes that the driver adds to every layer."""
_GDB_MARK = "a00000001.gdbtable"
_SHAPEFILE_PARTS = frozenset({".shp", ".shx", ".dbf", ".prj", ".cpg"})

VECTOR_SUFFIXES = frozenset({*_DRIVERS, ".kmz", ".zip"})
"""Suffixes of files that are read by GDAL."""


def read_vector(path: Path, limits: Limits, *, layer: str | None, geometry: Geometry | None) -> Table:
    """Return the features of a layer as a table; without ``layer``, of the only one with geometry of the kind.

    Raises
    ------
    InputError
        The file is too large, damaged or of another format than its suffix states, or the layer does not exist or is
        one of several and not named.
    """
    faults = FaultList(path.name)
    with _unpacked(path, limits, faults) as real:
        suffix = real.suffix.lower()
        _refuse_other_content(real, suffix, faults)
        return _read_with_gdal(real, limits, layer, geometry, faults)


def pick_layer(layers: Sequence[tuple[str, str | None]], geometry: Geometry | None) -> list[str]:
    """Return the layers that may be meant, of names and types of geometry (``None``: a table without).

    Tables without geometry, such as QGIS's ``layer_styles``, count only if there is nothing else; where several layers
    have geometry, those of the wanted kind do.

    >>> pick_layer([("roads", "LineString"), ("sites", "Point"), ("layer_styles", None)], "points")
    ['sites']
    """
    drawn = [(name, kind) for name, kind in layers if kind not in (None, "None", "")]
    if len(drawn) > 1 and geometry is not None:
        exact = [(name, kind) for name, kind in drawn if str(kind).split(" ")[-1].removesuffix("Z").removesuffix("M")
                 in _TYPES[geometry] or str(kind).split(" ")[0] in _TYPES[geometry]]  # fmt: skip
        mixed = [(name, kind) for name, kind in drawn if str(kind).split(" ")[0] in {"Unknown", "GeometryCollection"}]
        drawn = exact + mixed or drawn
    return [name for name, _ in drawn] or [name for name, _ in layers]


@contextmanager
def _unpacked(path: Path, limits: Limits, faults: FaultList) -> Iterator[Path]:
    """Yield the path of the file that GDAL is to open: the file itself, or what is packed in it, in a temporary folder.

    A .zip must hold one Shapefile or one file geodatabase, a .kmz holds one KML document.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        size = sum(item.stat().st_size for item in path.iterdir() if item.is_file())
        refuse_above(-(-size // 1_000_000), "file_mb", limits, faults)
        yield path
        return
    refuse_large(path, limits)
    if suffix not in {".kmz", ".zip"}:
        yield path
        return
    refuse_zip_bomb(path, limits)
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
        members = [PurePosixPath(name.replace("\\", "/")) for name in archive.namelist() if not name.endswith("/")]
        members = [item for item in members if "__MACOSX" not in item.parts and not item.name.startswith("._")]
        wanted = {".kmz": {".kml"}, ".zip": {".shp"}}[suffix]
        main = [item for item in members if item.suffix.lower() in wanted]
        bases = {item.parent for item in members if item.name.lower() == _GDB_MARK}
        if suffix == ".kmz" and len(main) > 1:  # some programs write the features beside a document that links them
            main = [item for item in main if b"<Placemark" in archive.read(str(item))]
        if len(main) + len(bases) != 1:
            held = ", ".join(sorted({str(item) for item in members})[:5]) or "-"
            faults.add(
                say("The archive does not hold exactly one Shapefile, file geodatabase or KML document: {files}.",
                    files=held),
                say("Unpack it, and name the file that is meant."),
                code="unreadable",
            )  # fmt: skip
            raise InputError(faults.faults)
        try:
            yield _extracted(archive, main, bases, members, Path(folder))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
            if isinstance(error, InputError):
                raise
            faults.add(
                say("The file is not a readable zip archive: {error}.", error=error),
                say("Save it again."),
                code="unreadable",
            )
            raise InputError(faults.faults) from None


def _extracted(
    archive: zipfile.ZipFile,
    main: Sequence[PurePosixPath],
    bases: set[PurePosixPath],
    members: Sequence[PurePosixPath],
    folder: Path,
) -> Path:
    """Unpack the files of one data set under names of our own, and return the path of its main file."""
    if bases:
        base = next(iter(bases))
        real = folder / "archive.gdb"
        real.mkdir()
        parts = {item: real / item.name for item in members if item.parent == base}
    else:
        real = folder / f"{main[0].stem}{main[0].suffix.lower()}"
        parts = {
            item: folder / f"{main[0].stem}{item.suffix.lower()}"
            for item in members
            if item.parent == main[0].parent
            and item.stem == main[0].stem
            and (item in main or item.suffix.lower() in _SHAPEFILE_PARTS)
        }
    names = {PurePosixPath(name.replace("\\", "/")): name for name in archive.namelist()}
    for item, target in parts.items():
        with archive.open(names[item]) as packed, target.open("wb") as plain:
            shutil.copyfileobj(packed, plain)
    return real


def _refuse_other_content(path: Path, suffix: str, faults: FaultList) -> None:
    """Raise :class:`InputError` unless the first bytes are those of the format."""
    if suffix == ".gdb":
        same = path.is_dir() and (path / _GDB_MARK).is_file()
    elif suffix == ".kml":
        with path.open("rb") as stream:
            text = stream.read(_KML_BYTES).decode("utf-8", "replace")
            same = _KML_START.match(text) is not None and _OTHER_XML.search(text) is None
            stream.seek(0)
            if same:
                refuse_entities(stream, faults.file or path.name)
    else:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
        same = head.startswith(_MAGIC[suffix]) and (suffix != ".gpkg" or head[-4:] in _GEOPACKAGES)
    if not same:
        faults.add(
            say("The content of the file does not match its name ({suffix}).", suffix=suffix),
            say("Export it again from the original program."),
            code="unreadable",
        )
        raise InputError(faults.faults)


def _read_with_gdal(
    path: Path, limits: Limits, layer: str | None, geometry: Geometry | None, faults: FaultList
) -> Table:
    try:
        with feature_process(path, "gdal", faults) as process:
            names, found = _read_layer(process, path.suffix.lower(), limits, layer, geometry, faults)
    except (RuntimeError, ShapelyError, UnicodeDecodeError) as error:
        faults.add(
            say("The file cannot be read: {error}.", error=error),
            say("Export it again; a Shapefile needs its .shp, .shx and .dbf files together."),
            code="unreadable",
        )
        raise InputError(faults.faults) from None
    crs = crs_name(found.crs) if found.crs else None
    table = feature_table(faults.file or path.name, names, found.fields, found.shapes, crs)
    return _without_added_fields(table) if path.suffix.lower() == ".kml" else table


def _without_added_fields(table: Table) -> Table:
    """Return the table of a KML document without the attributes that the driver adds, and without empty ones."""
    kept = [
        i
        for i, name in enumerate(table.header)
        if name not in _KML_FIELDS and any(row[i].strip() for row in table.rows)
    ]
    return replace(
        table,
        header=tuple(table.header[i] for i in kept),
        rows=tuple(tuple(row[i] for i in kept) for row in table.rows),
    )


def _read_layer(
    process: BoundedProcess,
    suffix: str,
    limits: Limits,
    layer: str | None,
    geometry: Geometry | None,
    faults: FaultList,
) -> tuple[list[str], SentFeatures]:
    """Return the names of the columns of a layer, and what GDAL reads from it in a process of its own."""
    listed = cast("list[list[str | None]]", (frame_of(process) or {})["layers"])
    found = [(str(name), kind) for name, kind in listed]
    layers = [name for name, _ in found]
    if layer is None:
        likely = pick_layer(found, geometry)
        if len(likely) > 1:
            faults.add(
                say("The file has several layers: {layers}.", layers=", ".join(likely)),
                say('Select one with `layer = "..."` (or --layer).'),
                code="ambiguous_layer",
            )
        layer = likely[0] if likely else None
    elif layer not in layers:
        faults.add(
            say("There is no layer {layer}; the file has: {layers}.", layer=layer, layers=", ".join(layers)),
            say("Correct `layer`."),
            code="missing_layer",
        )
    faults.raise_any()
    # A Shapefile is read as bytes, because its declared encoding is often missing or wrong.
    encoding = "ISO-8859-1" if suffix == ".shp" else None
    process.tell({"layer": layer, "encoding": encoding})
    info = frame_of(process) or {}
    if info["driver"] not in _DRIVERS[suffix]:
        raise RuntimeError(f"{info['driver']} is not {' or '.join(_DRIVERS[suffix])}")
    count, names = cast("int", info["features"]), cast("list[str]", info["fields"])
    refuse_above(count, "rows", limits, faults)
    refuse_above(len(names), "columns", limits, faults)
    if not count:
        faults.add(say("The file contains no features."), say("Provide at least one feature."), code="empty")
        faults.raise_any()
    process.tell(True)
    features = received(process, len(names), limits, faults)
    return (names, features) if encoding is None else _recoded(names, features)


def _recoded(names: list[str], features: SentFeatures) -> tuple[list[str], SentFeatures]:
    """Return names and text that were read as bytes, decoded as UTF-8 if valid, otherwise as GB18030.

    Writers truncate names after ten bytes, in UTF-8 in the middle of the fourth Chinese character.
    """
    columns = features.fields
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
    return [_whole(name.encode("latin-1"), encoding) for name in names], replace(features, fields=decoded)


def _whole(name: bytes, encoding: str) -> str:
    """Return the name of a column; for one cut in the middle of a character, the known name that starts with it."""
    try:
        return name.decode(encoding)
    except UnicodeDecodeError:
        start = name.decode(encoding, "ignore")
        fields = [[known for known in names if known.startswith(start)] for names in FIELD_NAMES.values()]
        begun = [names for names in fields if names]
        return begun[0][0] if start and len(begun) == 1 else start
