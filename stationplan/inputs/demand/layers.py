"""Tables that are distributed over cells: counts at points or in polygons, and points of interest by class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from geopandas import GeoSeries

from stationplan.domain import FloatArray, IntArray, Layer, ObjectArray, Places, Quality, StudyArea
from stationplan.errors import FaultList, say
from stationplan.geo import Datum, project, to_wgs84
from stationplan.inputs.areas import polygons_to_wgs84, shapes_in_degrees
from stationplan.inputs.datums.decisions import declared_datum
from stationplan.inputs.demand.hourly import minutes_in
from stationplan.inputs.osm import OSM_SOURCE, read_osm_places
from stationplan.inputs.sites.rows import TableRules, usable_rows
from stationplan.inputs.tables.columns import normalise
from stationplan.inputs.tables.points import coordinates
from stationplan.inputs.tables.source import Located, quality_of, read_fields
from stationplan.inputs.tables.table import Table, Wanted
from stationplan.inputs.tables.values import numbers
from stationplan.scenario import CountInput, PlacesInput, Scenario

_AREAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


@dataclass(frozen=True, eq=False)
class LayerTable:
    """A count as read, at locations in degrees of ``datum``; ``polygon`` is ``None`` for points.

    ``minutes`` are the times of the rows, minutes after midnight; ``None`` without a column of times.
    """

    lon: FloatArray
    lat: FloatArray
    polygon: ObjectArray | None
    values: FloatArray
    minutes: IntArray | None
    row: tuple[int | None, ...]
    datum: str
    quality: Quality


@dataclass(frozen=True, eq=False)
class KindTable:
    """Points of interest as read: degrees of ``datum``, and the class of each as an index into ``classes``."""

    lon: FloatArray
    lat: FloatArray
    kind: IntArray
    classes: tuple[str, ...]
    row: tuple[int | None, ...]
    datum: str
    quality: Quality


def read_layer(located: Located, name: str, given: CountInput, rules: TableRules) -> LayerTable:
    """Return a count at points or in polygons; without a column of counts, every row counts one.

    Raises
    ------
    InputError
        The table cannot be used, or has unusable rows that may not be excluded; all faults together.
    """
    wanted = Wanted(("lon", "lat", "lonlat", "latlon"), ("lon", "lat"), rules.names, given.columns)
    role = f"demand.counts.{name}"
    table, columns, faults = read_fields(located, wanted, rules.limits, role=role)
    counted = _named_column(table, given.column, f"{role}.column", faults)
    timed = _named_column(table, given.time, f"{role}.time", faults)
    faults.raise_any("refused")
    lon, lat = coordinates(table, columns, faults, crs=given.crs, inside=False, named="lon" in given.columns)
    note_flat_polygons(table, faults)
    values = np.ones(len(table.rows))
    if counted is not None:
        key = f"[demand.counts.{name}] empty_count"
        values = numbers(table, counted, faults, unit="any", low=0, empty=given.empty_count, may_fill=key)
    minutes = None if timed is None else minutes_in(table, timed, faults)
    named = {field: column for field, column in (("count", counted), ("time", timed)) if column is not None}
    kept = np.flatnonzero(usable_rows(table, faults, refuse=given.bad_rows == "refuse" and not rules.lenient)).tolist()
    return LayerTable(
        lon[kept],
        lat[kept],
        polygons_in(table, kept),
        values[kept],
        None if minutes is None else minutes[kept],
        tuple(table.row_number[i] for i in kept),
        declared_datum(given, given.crs or table.crs),
        quality_of(
            role,
            table,
            len(kept),
            faults,
            columns={**columns, **named},
            given={*given.columns, *named},
        ),
    )


def _named_column(table: Table, name: str | None, key: str, faults: FaultList) -> int | None:
    """Return the index of a column that the scenario names under a key; ``None`` if it names or the table has none."""
    if name is None:
        return None
    matches = [i for i, text in enumerate(table.header) if normalise(text) == normalise(name)]
    if len(matches) == 1:
        return matches[0]
    faults.add(
        say(
            "There is no column {column}; the table has: {columns}.",
            column=name,
            columns=", ".join(table.header),
        ),
        say("Correct the name under `{key}`.", key=key),
        row=table.header_row,
        code="missing_column",
    )
    return None


def note_flat_polygons(table: Table, faults: FaultList) -> None:
    """Record polygons without an area, for example with all vertices on one line; their rows are excluded."""
    if table.shapes is None:
        return
    at = np.flatnonzero(np.isin(shapely.get_type_id(table.shapes), _AREAL) & np.isfinite(shapely.area(table.shapes)))
    for i in at[shapely.is_empty(_made_valid(table.shapes[at])) & ~shapely.is_empty(table.shapes[at])].tolist():
        faults.add(
            say("The polygon has no area."),
            say("Draw it again."),
            row=table.row_number[i],
            code="no_polygon",
            action="set_aside",
        )


def _made_valid(shapes: ObjectArray) -> ObjectArray:
    """Return polygons as the areas that they enclose; empty where there is none."""
    invalid = ~shapely.is_valid(shapes)
    made = shapes.copy()
    made[invalid] = shapely.make_valid(shapes[invalid], method="structure", keep_collapsed=False)
    return made


def polygons_in(table: Table, kept: list[int]) -> ObjectArray | None:
    """Return the polygons of the kept rows, valid and in degrees; ``None`` unless each of them has one."""
    if table.shapes is None:
        return None
    shapes = shapes_in_degrees(table)[kept]
    if not np.isin(shapely.get_type_id(shapes), _AREAL).all():
        return None
    return _made_valid(shapes)


def polygons_in_metres(polygons: ObjectArray, datum: Datum, area: StudyArea) -> ObjectArray:
    """Return polygons in degrees of a datum in the CRS of a study area."""
    return np.asarray(GeoSeries(polygons_to_wgs84(polygons, datum), crs="EPSG:4326").to_crs(area.crs), dtype=object)


def placed_layer(table: LayerTable, given: CountInput, datum: Datum, area: StudyArea) -> Layer:
    """Return a count as read in the CRS of a study area."""
    x, y = project(*to_wgs84(table.lon, table.lat, datum=datum), area.crs)
    polygon = None if table.polygon is None else polygons_in_metres(table.polygon, datum, area)
    return Layer(x, y, polygon, table.values, given.unit, given.source or table.quality.file)


def read_kinds(located: Located, given: PlacesInput, rules: TableRules) -> KindTable:
    """Return the points of interest of a table; without classes in the scenario, the table's own words are the classes.

    A row whose word belongs to no class is excluded and counted.

    Raises
    ------
    InputError
        The table cannot be used, has unusable rows that may not be excluded, or no row belongs to a class; all faults
        together.
    """
    wanted = Wanted(("lon", "lat", "lonlat", "latlon", "kind"), ("lon", "lat"), rules.names, given.columns)
    table, columns, faults = read_fields(located, wanted, rules.limits, role="demand.places")
    if given.classes and "kind" not in columns and not faults.faults:
        faults.add(
            say("No column contains classes; the table has: {columns}.", columns=", ".join(table.header)),
            say('Set `columns = {{ kind = "..." }}` under [demand.places].'),
            row=table.header_row,
            code="missing_column",
        )
    faults.raise_any("refused")
    lon, lat = coordinates(table, columns, faults, crs=given.crs, inside=True, named="lon" in given.columns)
    words = table.column(columns["kind"]) if "kind" in columns else [""] * len(table.rows)
    classes, kind = _classed(words, given.classes)
    for i in np.flatnonzero(kind < 0).tolist():
        faults.add(
            say("{word} is not in any class of points of interest.", word=repr(words[i])),
            say("Add the class to [demand.places.classes] if it should be used."),
            row=table.row_number[i],
            code="no_class",
            action="set_aside",
        )
    other = FaultList(table.file, sheet=table.sheet)
    other.extend([fault for fault in faults.faults if fault.code != "no_class"])
    usable = usable_rows(table, other, refuse=given.bad_rows == "refuse" and not rules.lenient)
    kept = np.flatnonzero(usable & (kind >= 0)).tolist()
    if not kept:
        faults.raise_any("set_aside")
    return KindTable(
        lon[kept],
        lat[kept],
        kind[kept],
        classes,
        tuple(table.row_number[i] for i in kept),
        declared_datum(given, given.crs or table.crs),
        quality_of("demand.places", table, len(kept), faults, columns=columns, given=given.columns),
    )


def _classed(words: list[str], given: Mapping[str, list[str]]) -> tuple[tuple[str, ...], IntArray]:
    """Return the classes, and the index of each word among them; -1 for a word without a class."""
    if given:
        of = {normalise(word): c for c, known in enumerate(given.values()) for word in known}
        return tuple(given), np.array([of.get(normalise(word), -1) for word in words], dtype=np.int64)
    found = sorted(set(words))
    place = {word: c for c, word in enumerate(found)}
    return tuple(found), np.array([place[word] for word in words], dtype=np.int64)


def osm_kinds(scenario: Scenario, given: PlacesInput) -> KindTable:
    """Return the points of interest of an OSM extract; the class of a place is the first with one of its tags.

    Raises
    ------
    InputError
        The extract does not exist or is malformed.
    """
    tags = [(tag, c) for c, words in enumerate(given.classes.values()) for tag in words]
    name = given.osm or ""
    path = scenario.locate(name, key="demand.places.osm")
    found, left_out = read_osm_places(path, [tag for tag, _ in tags], scenario.file.limits)
    kind = [next(c for tag, c in tags if _fits(tag, place.tags)) for place in found]
    quality = Quality("demand.places", name, None, len(found) + left_out, len(found), ())
    return KindTable(
        np.array([place.lon for place in found], dtype=np.float64),
        np.array([place.lat for place in found], dtype=np.float64),
        np.array(kind, dtype=np.int64),
        tuple(given.classes),
        (None,) * len(found),
        "wgs84",
        quality,
    )


def _fits(tag: str, tags: Mapping[str, str]) -> bool:
    """Return whether tags include the given one; ``shop=*`` matches any value."""
    key, _, value = tag.partition("=")
    return key in tags and value in ("*", tags[key])


def placed_kinds(table: KindTable, given: PlacesInput, datum: Datum, area: StudyArea) -> Places:
    """Return points of interest as read in the CRS of a study area."""
    x, y = project(*to_wgs84(table.lon, table.lat, datum=datum), area.crs)
    source = given.source or (OSM_SOURCE if given.osm is not None else table.quality.file)
    return Places(x, y, table.kind, table.classes, source)
