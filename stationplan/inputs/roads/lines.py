"""Roads drawn as lines, in a GeoPackage, a GeoJSON file or another file of shapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import shapely
from pyproj import CRS, Transformer

from stationplan.domain import FloatArray, IntArray, ObjectArray
from stationplan.errors import FaultList, say
from stationplan.geo import Datum, to_wgs84
from stationplan.inputs.roads.pieces import RoadPieces, geodesic_m, number_kinds, refuse_no_roads
from stationplan.inputs.roads.rules import RULE_TAGS, is_road
from stationplan.inputs.tables.columns import FIELD_NAMES, normalise
from stationplan.inputs.tables.features import read_features
from stationplan.inputs.tables.table import Table
from stationplan.scenario import Limits

_SAME_PLACE = 1e-7
"""Degrees; vertices of different lines that agree within this (1 cm, the grid of OSM's coordinates) are one node."""

_NAMES: Mapping[str, tuple[str, ...]] = {
    **{tag: (tag,) for tag in RULE_TAGS},
    "highway": (*FIELD_NAMES["highway"], "fclass"),
    "maxspeed": FIELD_NAMES["speed_kmh"],
}
"""Names of the attribute for each tag, in order of precedence; ``fclass`` is Geofabrik's."""

_ONEWAY = {"F": "yes", "T": "-1", "B": "no", "True": "yes", "False": "no"}
"""Geofabrik's values (from, to, both) and true and false of other programs, as OSM's values."""


def read_line_roads(path: Path, *, datum: Datum, layer: str | None, limits: Limits) -> RoadPieces:
    """Return the roads that a file contains as lines; attributes have the names and values of OSM's tags.

    Lines are joined where they share a vertex, like OSM's ways: equal within 1e-7 degree. Lines that cross without a
    common vertex are not joined, but a bridge is joined where it has a vertex exactly above one of the road below. The
    forward direction of a line is its drawing direction. An empty class is ``road``; lines of a class that is not a
    road, and features that are not lines, are skipped and counted. Lines in a projected CRS are converted to degrees.

    Raises
    ------
    InputError
        The file is too large or malformed, its CRS is not compatible with ``datum``, or it contains no roads.
    """
    table = read_features(path, limits, layer=layer)
    faults = FaultList(path.name)
    at = _columns(table.header)
    if "highway" not in at:
        faults.add(
            say("No attribute contains the road class; the file has: {columns}.", columns=", ".join(table.header)),
            say("Rename it to one of {names}.", names=", ".join(_NAMES["highway"])),
            code="missing_column",
        )
        faults.raise_any()
    shapes = _in_degrees(table, datum, faults)
    tags = [_tags({tag: row[i].strip() for tag, i in at.items()}) for row in table.rows]
    parts, owner = shapely.get_parts(shapes, return_index=True)
    is_line = shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING
    has_line = np.zeros(len(shapes), dtype=bool)
    has_line[owner[is_line]] = True
    is_known = np.array([is_road(found["highway"]) for found in tags], dtype=bool)
    other = Counter(tags[row]["highway"] for row in np.flatnonzero(has_line & ~is_known).tolist())
    used = is_line & is_known[owner]
    parts, owner = parts[used], owner[used]
    points, line = shapely.get_coordinates(parts, return_index=True)
    sound = np.isfinite(points).all(axis=1) & (np.abs(points[:, 0]) <= 180) & (np.abs(points[:, 1]) <= 90)
    if not sound.all():
        faults.add(
            say("{count} vertices are not degrees of longitude and latitude.", count=int((~sound).sum())),
            say("Export the roads in longitude and latitude."),
            code="coordinates",
        )
        faults.raise_any()
    refuse_no_roads(path.name, len(points))
    kinds, kind = number_kinds(tuple(sorted(tags[row].items())) for row in owner.tolist())
    lon, lat, node = _joined(points, datum)
    tail, head = node[:-1], node[1:]
    piece = (line[:-1] == line[1:]) & (tail != head)
    tail, head = tail[piece].astype(np.int32), head[piece].astype(np.int32)
    refuse_no_roads(path.name, len(tail))
    return RoadPieces(
        lon=lon,
        lat=lat,
        tail=tail,
        head=head,
        length_m=geodesic_m(lon, lat, tail, head),
        kind=kind[line[:-1][piece]],
        kinds=tuple(dict(pairs) for pairs in kinds),
        source="",
        date="",
        not_lines=int((~has_line).sum()),
        other_classes=dict(other),
    )


def _in_degrees(table: Table, datum: Datum, faults: FaultList) -> ObjectArray:
    """Return the shapes of a table in longitude and latitude, from the CRS that the file declares."""
    shapes = np.full(len(table.rows), None) if table.shapes is None else table.shapes
    declared = None if table.crs is None else CRS.from_user_input(table.crs)
    if declared is None or not declared.is_projected:
        return shapes
    if datum in ("gcj02", "bd09"):
        faults.add(
            say(
                "The roads are in the projected CRS {crs}, which cannot be in {datum}.", crs=declared.name, datum=datum
            ),
            say("Declare the datum of the file itself, or export it in longitude and latitude."),
            code="crs",
        )
        faults.raise_any()
    turn = Transformer.from_crs(declared, "EPSG:4326", always_xy=True)
    degrees: ObjectArray = shapely.transform(shapes, turn.transform, interleaved=False)
    return degrees


def _joined(points: FloatArray, datum: Datum) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return the distinct locations among vertices in WGS-84 degrees, and the location of each vertex."""
    grid = np.rint((points + np.array([180.0, 90.0])) / _SAME_PLACE).astype(np.int64)
    _, first, node = np.unique(grid[:, 0] * 2**31 + grid[:, 1], return_index=True, return_inverse=True)
    lon, lat = to_wgs84(points[first, 0], points[first, 1], datum=datum)
    return lon, lat, node


def _columns(names: Sequence[str]) -> dict[str, int]:
    """Return the column of each tag that the attributes contain."""
    by_name = {normalise(name): i for i, name in reversed(list(enumerate(names)))}
    found = {tag: [by_name[name] for name in map(normalise, known) if name in by_name] for tag, known in _NAMES.items()}
    return {tag: columns[0] for tag, columns in found.items() if columns}


def _tags(values: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a feature from its attributes, without those that are unknown.

    >>> _tags({"highway": "", "oneway": "F", "maxspeed": "40", "foot": ""})
    {'highway': 'road', 'oneway': 'yes', 'maxspeed': '40'}
    """
    texts = {**values, "highway": values["highway"] or "road"}
    texts["oneway"] = _ONEWAY.get(texts.get("oneway", ""), texts.get("oneway", ""))
    if texts.get("maxspeed") == "0":  # Geofabrik's value for unknown
        del texts["maxspeed"]
    return {tag: text for tag, text in texts.items() if text}
