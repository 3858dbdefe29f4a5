"""Roads drawn as lines, in a GeoPackage, a GeoJSON file or another file of shapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely

from stationplan.domain import FERRY, BoolArray, FloatArray, IntArray, ObjectArray
from stationplan.errors import FaultList, say
from stationplan.geo import Datum, to_wgs84
from stationplan.inputs.areas import shapes_in_degrees
from stationplan.inputs.datums.file_crs import CONFLICT, record_conflicts, record_mislabelled
from stationplan.inputs.roads.classes import road_class
from stationplan.inputs.roads.ferries import FERRY_KMH, ferry_speed, is_ferry
from stationplan.inputs.roads.noding import noded
from stationplan.inputs.roads.notes import DrawnRoads
from stationplan.inputs.roads.pieces import RoadPieces, geodesic_m, number_kinds, refuse_no_roads
from stationplan.inputs.roads.rules import RULE_TAGS, is_road
from stationplan.inputs.roads.tag_texts import further_tags, listed
from stationplan.inputs.tables.columns import FIELD_NAMES, normalise
from stationplan.inputs.tables.features import read_features
from stationplan.inputs.tables.table import Table
from stationplan.scenario import Limits

_SAME_PLACE = 1e-7
"""Degrees; vertices of different lines that agree within this (1 cm, the grid of OSM's coordinates) are one node."""

_NAMES: Mapping[str, tuple[str, ...]] = {
    **{tag: (tag,) for tag in (*RULE_TAGS, "route", "duration", "bridge", "tunnel", "layer")},
    "highway": (*FIELD_NAMES["highway"], "fclass", "道路类型", "道路类别", "技术等级", "road_class"),
    "maxspeed": FIELD_NAMES["speed_kmh"],
}
"""Names of the attribute for each tag, in order of precedence; ``fclass`` is Geofabrik's."""

_FURTHER = "other_tags"
"""Attribute in which GDAL's driver for OpenStreetMap writes all further tags."""

_OTHER_KEYS = (
    *("waterway", "railway", "power", "barrier", "aerialway", "aeroway", "man_made", "natural", "landuse", "leisure"),
    *("building", "boundary", "route", "pipeline", "telecom", "geological", "water", "amenity"),
)
"""Tags of features that are something else than a road, where they have no class of a road."""

_ONEWAY = {"F": "yes", "T": "-1", "B": "no", "True": "yes", "False": "no"}
"""Geofabrik's values (from, to, both) and true and false of other programs, as OSM's values."""

_NO = frozenset({"no", "0", "false"})


@dataclass(frozen=True)
class LineOptions:
    """How a file of lines is read.

    ``default_class`` is the class of lines without one, empty for none. Ends of lines are joined to a line within
    ``tolerance_m`` (m, 0: never); lines that cross without a common vertex only with ``join_crossings``. ``accept``:
    the declared datum is used although the file states another CRS.
    """

    default_class: str = ""
    tolerance_m: float = 2.0
    join_crossings: bool = False
    accept: bool = False


def read_line_roads(
    path: Path, *, datum: Datum, layer: str | None, limits: Limits, options: LineOptions | None = None
) -> RoadPieces:
    """Return the roads that a file contains as lines; attributes have the names and values of OSM's tags.

    Lines are joined where they share a vertex, like OSM's ways: equal within 1e-7 degree; and where the end of one is
    near another, see :mod:`~stationplan.inputs.roads.noding`. A bridge is joined where it has a vertex exactly above
    one of the road below. The forward direction of a line is its drawing direction. Lines of a class that is not a
    road, lines without a class that are something else or have no tag of a road, and features that are not lines are
    skipped and counted. Lines in a projected CRS are converted to degrees.

    Raises
    ------
    InputError
        The file is too large or malformed, its CRS is not compatible with ``datum``, or it contains no roads.
    """
    options = options or LineOptions()
    table = read_features(path, limits, layer=layer, geometry="lines")
    faults = FaultList(path.name)
    at = _columns(table.header)
    further = next((i for i, name in enumerate(table.header) if name == _FURTHER), None)
    if "highway" not in at and further is None and not options.default_class:
        faults.add(
            say("No attribute contains the road class; the file has: {columns}.", columns=", ".join(table.header)),
            say(
                "Rename it to one of {names}, or state one class for all lines: `default_class` under [roads] "
                "(--default-class).",
                names=", ".join(_NAMES["highway"]),
            ),
            code="missing_column",
        )
        faults.raise_any()
    shapes = _in_degrees(table, datum, faults, accept=options.accept)
    claim = next((str(found.what.values["claim"]) for found in faults.faults if found.code == CONFLICT), "")
    read = _tags_of(table, at, further)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    is_line = shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING
    has_line = np.zeros(len(shapes), dtype=bool)
    has_line[owner[is_line]] = True
    length_m = np.zeros(len(shapes))
    np.add.at(length_m, owner[is_line], _lengths_m(parts[is_line]))
    given, drawn, untimed = _classified(read, _others(table), has_line, length_m, options)
    is_known = np.array([is_road(tags.get("highway", "")) for tags in given], dtype=bool)
    other = Counter(
        given[row]["highway"] for row in np.flatnonzero(has_line & ~is_known).tolist() if "highway" in given[row]
    )
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
    levels = np.array([_on_another_level(read[row]) for row in owner.tolist()], dtype=bool)
    kinds, kind = number_kinds(tuple(sorted(given[row].items())) for row in owner.tolist())
    lon, lat, node = _joined(points, datum)
    tail, head = node[:-1], node[1:]
    piece = (line[:-1] == line[1:]) & (tail != head)
    tail, head, line = tail[piece], head[piece], line[:-1][piece]
    refuse_no_roads(path.name, len(tail))
    found = noded(
        lon,
        lat,
        tail,
        head,
        line=line,
        apart=levels[line],
        tolerance_m=options.tolerance_m,
        join_crossings=options.join_crossings,
    )
    return RoadPieces(
        lon=found.lon,
        lat=found.lat,
        tail=found.tail.astype(np.int32),
        head=found.head.astype(np.int32),
        length_m=geodesic_m(found.lon, found.lat, found.tail, found.head),
        kind=kind[line[found.source]],
        kinds=tuple(dict(pairs) for pairs in kinds),
        source="",
        date="",
        not_lines=int((~has_line).sum()),
        other_classes=dict(other),
        untimed_ferries=untimed,
        drawn=replace(
            drawn,
            claim=claim,
            datum=datum if claim else "",
            tolerance_m=options.tolerance_m,
            ends=found.ends,
            joined_ends=found.joined,
            near_ends=found.near,
            joined_crossings=found.joined_crossings,
            open_crossings=found.crossings,
        ),
    )


def _classified(
    read: Sequence[Mapping[str, str]],
    others: Sequence[str],
    has_line: BoolArray,
    length_m: FloatArray,
    options: LineOptions,
) -> tuple[list[dict[str, str]], DrawnRoads, int]:
    """Return the tags of each feature that the rules read, with its class; and what was found, and untimed ferries.

    A feature without a ``highway`` in its tags is not a road.
    """
    given: list[dict[str, str]] = []
    class_of = {written: road_class(written) for written in {tags.get("highway", "") for tags in read}}
    not_roads: Counter[str] = Counter()
    words: Counter[str] = Counter()
    unclassed = defaulted = untimed = 0
    for row, tags in enumerate(read):
        kept = {tag: text for tag, text in tags.items() if tag in RULE_TAGS}
        written = kept.get("highway", "")
        if written:
            kept["highway"] = class_of[written]
            if kept["highway"] != written and has_line[row]:
                words[written] += 1
        elif is_ferry(tags.get("route")):
            kmh = ferry_speed(tags.get("duration", ""), length_m[row])
            kept = {**kept, "highway": FERRY, FERRY_KMH: kmh} if kmh else {}
            untimed += not kmh and has_line[row]
        elif others[row]:
            kept = {}
            not_roads[others[row]] += bool(has_line[row])
        elif kept:
            kept["highway"] = "road"
            unclassed += has_line[row]
        elif options.default_class:
            kept["highway"] = options.default_class
            defaulted += has_line[row]
        else:
            not_roads[""] += bool(has_line[row])
        given.append(kept)
    drawn = DrawnRoads(
        not_roads={key: count for key, count in not_roads.items() if count},
        unclassed=int(unclassed),
        default_class=options.default_class if defaulted else "",
        defaulted=int(defaulted),
        words=dict(words),
    )
    return given, drawn, int(untimed)


def _others(table: Table) -> list[str]:
    """Return for each feature the first tag that shows that it is something else than a road, empty if none does."""
    at = {key: i for key in _OTHER_KEYS for i, name in enumerate(table.header) if name == key}
    further = next((i for i, name in enumerate(table.header) if name == _FURTHER), None)
    if further is None:
        return [next((key for key, i in at.items() if row[i].strip()), "") for row in table.rows]
    found = []
    for row in table.rows:
        tags = _further(row[further])
        stated = {key: row[i].strip() for key, i in at.items()}
        found.append(next((key for key in _OTHER_KEYS if stated.get(key) or tags.get(key)), ""))
    return found


def _further(text: str) -> Mapping[str, str]:
    try:
        return further_tags(text)
    except ValueError:
        return {}


def _on_another_level(tags: Mapping[str, str]) -> bool:
    stated = [tags.get(key, "") for key in ("bridge", "tunnel", "layer")]
    return any(text and text.lower() not in _NO for text in stated)


def _lengths_m(lines: ObjectArray) -> FloatArray:
    """Return the lengths (m) of lines in degrees."""
    points, line = shapely.get_coordinates(lines, return_index=True)
    step = np.flatnonzero(line[:-1] == line[1:])
    metres = np.zeros(len(points))
    with np.errstate(invalid="ignore"):
        metres[step] = geodesic_m(points[:, 0], points[:, 1], step, step + 1)
    return np.bincount(line, metres, minlength=len(lines)).astype(np.float64)


def _in_degrees(table: Table, datum: Datum, faults: FaultList, *, accept: bool) -> ObjectArray:
    """Return the shapes of a table in longitude and latitude, from the CRS that the file declares.

    Raises
    ------
    InputError
        The values do not fit the CRS of the file, or the CRS contradicts the datum and that is not accepted.
    """
    if table.shapes is None:
        return np.full(len(table.rows), None)
    record_mislabelled(table.crs, table.shapes, faults)
    record_conflicts((table.crs,), datum, faults, accept=accept, shapes=table.shapes)
    faults.raise_any("refused")
    return shapes_in_degrees(table)


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


def _tags_of(table: Table, at: Mapping[str, int], further: int | None) -> list[dict[str, str]]:
    """Return the tags of each feature; ``at`` is the column of each, and ``further`` that of further ones."""
    known: dict[tuple[str, ...], dict[str, str]] = {}  # of the few combinations that a city has
    columns = [*at.values(), *([] if further is None else [further])]
    found = []
    for row in table.rows:
        texts = tuple(row[i] for i in columns)
        if texts not in known:
            values = {tag: text.strip() for tag, text in zip(at, texts, strict=False)}
            known[texts] = _tags(values, "" if further is None else texts[-1])
        found.append(known[texts])
    return found


def _tags(values: Mapping[str, str], further: str = "") -> dict[str, str]:
    """Return the tags of a feature from its attributes and from the text of further tags, without empty ones.

    >>> _tags({"highway": "", "oneway": "F", "maxspeed": "40", "foot": ""}, '"foot"=>"no"')
    {'foot': 'no', 'oneway': 'yes', 'maxspeed': '40'}
    """
    own = {tag: listed(text) for tag, text in values.items()}
    texts = {**{tag: text for tag, text in _further(further).items() if tag in _NAMES}, **_filled(own)}
    if "oneway" in texts:
        texts["oneway"] = ";".join(dict.fromkeys(_ONEWAY.get(way, way) for way in texts["oneway"].split(";")))
    if texts.get("maxspeed") == "0":  # Geofabrik's value for unknown
        del texts["maxspeed"]
    return texts


def _filled(texts: Mapping[str, str]) -> dict[str, str]:
    return {tag: text for tag, text in texts.items() if text}
