"""Districts of the study area, and the district that contains a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import shapely
from geopandas import GeoDataFrame
from pandas import Series
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from stationplan.domain import FloatArray, IntArray, ObjectArray, Quality, StudyArea
from stationplan.errors import FaultList, InputError, say
from stationplan.geo import Datum, cell_of, keeps_metres, project, to_wgs84, turned_by_proj, utm_crs
from stationplan.inputs.datums.decisions import declared_datum
from stationplan.inputs.tables.cleaning import clean_code, code_key
from stationplan.inputs.tables.columns import FIELD_NAMES
from stationplan.inputs.tables.source import Located, TableFaults, check_datum, quality_of, read_table
from stationplan.inputs.tables.table import Table, Wanted
from stationplan.scenario import AreaInput, Limits, Scenario

_MARGIN_M = 500.0
"""Width of the margin around the demand when a study has no district polygons."""

_GEOD = Geod(ellps="WGS84")
_KM2 = 1e6
_OVERLAP = 0.01
"""Share of the smaller of two districts above which they overlap; the counties of Sichuan share up to 0.0014."""


@dataclass(frozen=True, eq=False)
class AreaTable:
    """Districts as read: ids, names, prefectures, and valid polygons in degrees of ``datum``."""

    district_id: tuple[str, ...]
    name: tuple[str, ...]
    name_en: tuple[str, ...]
    prefecture: tuple[str, ...]
    polygons: ObjectArray
    datum: str
    quality: Quality


def read_districts(located: Located, limits: Limits, names: Mapping[str, Sequence[str]] = FIELD_NAMES) -> AreaTable:
    """Return the districts of a file; invalid polygons are repaired (``shapely.make_valid``), with both areas reported.

    ``names`` are column names by field.

    Raises
    ------
    InputError
        The file cannot be read, lacks a column, or a district has no polygon, no name or no unique id; all faults
        together.
    """
    given = cast("AreaInput", located.source)
    named = {"id": given.id, "name": given.name, "name_en": given.name_en, "prefecture": given.prefecture}
    wanted = Wanted(
        ("id", "name"),
        names={**names, "name_en": (), "prefecture": ()},
        given={field: column for field, column in named.items() if column is not None},
        geometry="polygons",
    )
    table = read_table(located, wanted, limits)
    columns: dict[str, int] = {}
    faults = TableFaults("area", table, columns, wanted.given)
    if table.shapes is None:
        faults.add(say("The file contains no polygons."), say("Provide polygons as GeoJSON."), code="no_shapes")
    for field in ("id", "name", *wanted.given):
        column = _column(table, wanted, field, faults)
        columns |= {} if column is None else {field: column}
    check_datum(table, given, faults)
    faults.raise_any("refused")
    texts = {field: table.column(column) for field, column in columns.items()}
    texts["id"] = ids = list(map(clean_code, texts["id"]))
    first = {district: i for i, district in reversed(list(enumerate(ids)))}
    for i, row in enumerate(table.row_number):
        for field, column in columns.items():
            if not texts[field][i]:
                faults.add(
                    say("{column} is empty.", column=table.header[column]),
                    say("Fill it in for every district."),
                    row=row,
                    code="empty",
                )
        if ids[i] and first[ids[i]] != i:
            faults.add(
                say("The district {id} appears twice.", id=ids[i]),
                say("Give each district a unique id."),
                row=row,
                code="repeated_id",
            )
    shown = [f"{district} {name}" for district, name in zip(ids, texts["name"], strict=True)]
    polygons = polygons_of(table, shown, faults)
    faults.raise_any("refused")
    _tell_overlaps(table, polygons, shown, faults)
    return AreaTable(
        tuple(ids),
        tuple(texts["name"]),
        tuple(texts.get("name_en", texts["name"])),
        tuple(texts.get("prefecture", [""] * len(ids))),
        polygons,
        declared_datum(given, table.crs),
        quality_of("area", table, len(ids), faults, columns=columns, given=wanted.given),
    )


def _column(table: Table, wanted: Wanted, field: str, faults: FaultList) -> int | None:
    matches = wanted.matches(table.header, field)
    header = ", ".join(name for name in table.header if name)
    cure = say("Set the column with `{field}` under [area].", field=field)
    if field in wanted.given and not matches:
        what = say("There is no column {column}; the table has: {columns}.", column=wanted.given[field], columns=header)
        faults.add(what, cure, row=table.header_row, code="missing_column")
    elif not matches:
        what = say("No column for {field}; the table has: {columns}.", field=field, columns=header)
        faults.add(what, cure, row=table.header_row, code="missing_column")
    elif len(matches) > 1:
        columns = ", ".join(table.header[i] for i in matches)
        what = say("Several columns could be {field}: {columns}.", field=field, columns=columns)
        faults.add(what, cure, row=table.header_row, code="ambiguous_column")
    return matches[0] if len(matches) == 1 else None


def polygons_of(table: Table, names: list[str], faults: FaultList) -> ObjectArray:
    """Return the shapes of a table as valid polygons in degrees; records a fault for each row without a polygon."""
    shapes = shapes_in_degrees(table)
    valid = shapely.is_valid(shapes)
    polygons = shapes.copy()
    for i, shape in enumerate(shapes):
        row, name = table.row_number[i], names[i]
        if shape is None or shape.is_empty or shape.geom_type not in {"Polygon", "MultiPolygon"}:
            faults.add(
                say("The district {id} has no polygon.", id=name),
                say("Add a polygon, or remove the district."),
                row=row,
                code="no_polygon",
            )
        elif not _in_degrees(shape.bounds):
            faults.add(
                say("The polygon of {id} is not in degrees of longitude and latitude.", id=name),
                say("Save them as WGS-84 GeoJSON."),
                row=row,
                code="projected_values",
            )
        elif not np.isfinite(shapely.get_coordinates(shape)).all() or _repaired(shape).is_empty:
            faults.add(
                say("The polygon of {id} has no area.", id=name),
                say("Draw it again."),
                row=row,
                code="no_polygon",
            )
        elif not valid[i]:
            polygons[i] = _repaired(shape)
            faults.add(
                say(
                    "The polygon of {id} was invalid ({reason}) and was repaired: {before} km2 before, {after} km2 "
                    "after.",
                    id=name,
                    reason=shapely.is_valid_reason(shape),
                    before=f"{_area_m2(shape) / _KM2:.3f}",
                    after=f"{_area_m2(polygons[i]) / _KM2:.3f}",
                ),
                say("Check its boundary if the areas differ considerably."),
                row=row,
                code="invalid_polygon",
                action="repaired",
            )
    return polygons


def _tell_overlaps(table: Table, polygons: ObjectArray, names: list[str], faults: FaultList) -> None:
    """Record pairs of districts whose overlap is more than slivers between separately drawn boundaries."""
    one, two = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    one, two = one[one < two], two[one < two]
    shared = shapely.intersection(polygons[one], polygons[two])
    smaller = np.minimum(shapely.area(polygons[one]), shapely.area(polygons[two]))
    for i in np.flatnonzero(shapely.area(shared) > _OVERLAP * smaller).tolist():
        parts = shapely.get_parts(shared[i])
        km2 = sum(_area_m2(part) for part in parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]) / _KM2
        faults.add(
            say(
                "The districts {one} and {two} overlap by {km2} km2; the overlap is assigned to the first.",
                one=names[int(one[i])],
                two=names[int(two[i])],
                km2=f"{km2:.3f}",
            ),
            say("Correct their boundaries, or remove one of them."),
            row=table.row_number[int(two[i])],
            code="overlap",
            action="kept",
        )


def shapes_in_degrees(table: Table) -> ObjectArray:
    """Return the shapes of a table that has shapes, in two dimensions and in degrees of its datum."""
    assert table.shapes is not None
    shapes = np.asarray(shapely.force_2d(table.shapes), dtype=object)
    if table.crs is not None and turned_by_proj(table.crs):
        shapes = np.asarray(GeoDataFrame(geometry=shapes, crs=table.crs).to_crs("EPSG:4326").geometry, dtype=object)
    return shapes


def _repaired(shape: BaseGeometry) -> BaseGeometry:
    """Return the polygons of a shape, repaired if invalid; remaining lines and points have no area and are dropped."""
    if shape.is_valid:
        return shape
    parts = shapely.get_parts(shapely.make_valid(shape))
    parts = shapely.get_parts(parts)  # a collection may contain multipolygons
    kept = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return cast("BaseGeometry", shapely.union_all(kept))


def _area_m2(shape: BaseGeometry) -> float:
    return abs(float(_GEOD.geometry_area_perimeter(shapely.orient_polygons(shape))[0]))


def missing_districts(located: Located, given: AreaInput, area: AreaTable, limits: Limits) -> Quality:
    """Return the differences between a list of districts and the polygons, by the same column of ids.

    Raises
    ------
    InputError
        The list cannot be read or lacks the column.
    """
    table = read_table(located, Wanted(("id", "name")), limits)
    wanted = Wanted(("id",), given={} if given.id is None else {"id": given.id})
    if not wanted.matches(table.header, "id"):
        wanted = Wanted(("id",))  # the list may name the column of ids differently from the polygons
    columns: dict[str, int] = {}
    faults = TableFaults("area.district_list", table, columns, wanted.given)
    column = _column(table, wanted, "id", faults)
    if column is None:
        faults.raise_any("refused")
    assert column is not None
    columns["id"] = column
    found = set(map(code_key, area.district_id))
    listed = table.column(column)
    for row, district in zip(table.row_number, listed, strict=True):
        if code_key(district) not in found:
            faults.add(
                say("The district {id} has no polygon.", id=district),
                say("Add its polygon, or merge it into the surrounding district."),
                row=row,
                code="no_polygon",
                action="kept",
            )
    keys = set(map(code_key, listed))
    for district in sorted(district for district in area.district_id if code_key(district) not in keys):
        faults.add(
            say("The polygon {id} is not in the list of districts.", id=district),
            say("Check its id."),
            code="not_listed",
            action="kept",
        )
    return quality_of("area.district_list", table, len(listed), faults, columns=columns, given=wanted.given)


def study_area(scenario: Scenario, area: AreaTable, datum: Datum) -> StudyArea:
    """Return the districts in the scenario's metric CRS, otherwise in the UTM zone at their centre.

    Raises
    ------
    InputError
        The scenario's CRS does not preserve lengths there, or there is no UTM zone.
    """
    geometry = polygons_to_wgs84(area.polygons, datum)
    left, low, right, high = shapely.total_bounds(geometry).tolist()
    crs = _crs_for(scenario, (left + right) / 2, (low + high) / 2)
    texts = {
        "district_id": area.district_id,
        "name": area.name,
        "name_en": area.name_en,
        "prefecture": area.prefecture,
    }
    # Objects, because strings in Arrow's type cannot hold every text of a JSON file (lone surrogates).
    columns = {field: Series(list(values), dtype=object) for field, values in texts.items()}
    frame = GeoDataFrame(columns, geometry=geometry, crs="EPSG:4326").to_crs(crs)
    if not frame.geometry.is_valid.all():  # a change of datum or CRS may invert slivers
        frame = frame.set_geometry(frame.geometry.map(lambda it: it if it.is_valid else _repaired(it)), crs=crs)
    return StudyArea(frame)


def area_around(scenario: Scenario, lon: FloatArray, lat: FloatArray) -> StudyArea:
    """Return one district around points (WGS-84 degrees), for a study without district polygons."""
    crs = _crs_for(scenario, float(np.median(lon)), float(np.median(lat)))
    x, y = project(lon, lat, crs)
    hull = shapely.buffer(shapely.convex_hull(shapely.multipoints(np.column_stack([x, y]))), _MARGIN_M)
    whole = {"district_id": ["1"], "name": ["研究区域"], "name_en": ["Study area"], "prefecture": [""]}
    return StudyArea(GeoDataFrame(whole, geometry=[hull], crs=crs))


def _crs_for(scenario: Scenario, lon: float, lat: float) -> str:
    """Return the scenario's CRS, which must be suitable for the location (degrees), or otherwise the UTM zone there."""
    crs = scenario.file.area.crs
    faults = FaultList(scenario.path.name)
    where = {"lon": f"{lon:.3f}", "lat": f"{lat:.3f}"}
    if crs is None:
        crs = utm_crs([lon], [lat])
        if crs is None:
            faults.add(
                say("There is no UTM zone at longitude {lon}, latitude {lat}.", **where),
                say("Check that longitude and latitude are not swapped, or set a CRS under [area]."),
                key="area",
            )
            raise InputError(faults.faults)
    elif not keeps_metres(crs, lon, lat):
        faults.add(
            say("The CRS {crs} distorts lengths at longitude {lon}, latitude {lat}.", crs=crs, **where),
            say("Set a projected CRS in metres such as EPSG:32648, or omit the key to use the UTM zone."),
            key="area.crs",
        )
        raise InputError(faults.faults)
    return crs


def district_of(area: StudyArea, x: FloatArray, y: FloatArray) -> IntArray:
    """Return the row of ``area.districts`` that contains each point (m), -1 for none; the first of several is used."""
    return cell_of(area.districts.geometry.to_numpy(), x, y)


def _in_degrees(bounds: tuple[float, float, float, float]) -> bool:
    left, low, right, high = bounds
    return left >= -180 and right <= 180 and low >= -90 and high <= 90


def polygons_to_wgs84(shapes: ObjectArray, datum: Datum) -> ObjectArray:
    """Return shapes converted from degrees of ``datum`` to WGS-84."""

    def shift(points: FloatArray) -> FloatArray:
        return np.column_stack(to_wgs84(points[:, 0], points[:, 1], datum=datum))

    return np.asarray(shapely.transform(shapes, shift), dtype=object)
