"""Districts of the study area, and which of them a point lies in."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import shapely
from geopandas import GeoDataFrame
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from stationplan.domain import Cells, FloatArray, IntArray, ObjectArray, StudyArea
from stationplan.errors import FaultList, InputError, say
from stationplan.geo import Datum, keeps_metres, project, to_wgs84, utm_crs
from stationplan.inputs.textfile import read_text
from stationplan.scenario import Limits, Scenario

_MARGIN_M = 500.0
"""Width of the rim around the demand when a study has no district polygons."""


def read_area(scenario: Scenario, cells: Cells | None) -> StudyArea:
    """Return the districts of a scenario; without a district file, one district around the cells.

    The CRS is the scenario's, else the UTM zone at the middle of the area. Invalid polygons are refused.

    Raises
    ------
    InputError
        The file cannot be read, lacks a column, or has polygons that cannot be used; all at once.
    """
    given = scenario.file.area
    if given.file is None or given.datum is None:
        if cells is None:
            raise ValueError("a study without a district file needs cells")
        crs = _crs_for(scenario, float(cells.lon.mean()), float(cells.lat.mean()))
        x, y = project(cells.lon, cells.lat, crs)
        hull = shapely.buffer(shapely.convex_hull(shapely.multipoints(np.column_stack([x, y]))), _MARGIN_M)
        whole = {"district_id": ["1"], "name": ["研究区域"], "name_en": ["Study area"], "prefecture": [""]}
        return StudyArea(GeoDataFrame(whole, geometry=[hull], crs=crs))
    path = scenario.locate(given.file)
    columns = {
        "district_id": given.id,
        "name": given.name,
        "name_en": given.name_en or given.name,
    }
    if given.prefecture is not None:
        columns["prefecture"] = given.prefecture
    frame = _read_polygons(path, columns, scenario.file.limits)
    geometry = _to_wgs84(np.asarray(frame.geometry), given.datum)
    left, low, right, high = shapely.total_bounds(geometry).tolist()
    crs = _crs_for(scenario, (left + right) / 2, (low + high) / 2)
    frame = frame.set_geometry(geometry, crs="EPSG:4326").to_crs(crs)
    return StudyArea(frame)


def _crs_for(scenario: Scenario, lon: float, lat: float) -> str:
    """Return the scenario's CRS, which must be made for the place (degrees), or else the place's UTM zone."""
    crs = scenario.file.area.crs
    faults = FaultList(scenario.path.name)
    where = {"lon": f"{lon:.3f}", "lat": f"{lat:.3f}"}
    if crs is None:
        crs = utm_crs([lon], [lat])
        if crs is None:
            faults.add(
                say("There is no UTM zone at longitude {lon}, latitude {lat}.", **where),
                say("Check that longitude and latitude are not swapped, or name a CRS under [area]."),
                key="area",
            )
            raise InputError(faults.faults)
    elif not keeps_metres(crs, lon, lat):
        faults.add(
            say("The CRS {crs} does not keep lengths at longitude {lon}, latitude {lat}.", crs=crs, **where),
            say("Name a projected CRS in metres such as EPSG:32648, or leave the key out for the UTM zone."),
            key="area.crs",
        )
        raise InputError(faults.faults)
    return crs


def district_of(area: StudyArea, x: FloatArray, y: FloatArray) -> IntArray:
    """Return the row of ``area.districts`` that each point (m) lies in, -1 for none; the first of several wins."""
    tree = shapely.STRtree(area.districts.geometry.to_numpy())
    point, polygon = tree.query(shapely.points(x, y), predicate="intersects")
    district = np.full(len(x), len(area.districts), dtype=np.int64)
    np.minimum.at(district, point, polygon)
    return np.where(district == len(area.districts), -1, district)


def _read_polygons(path: Path, columns: dict[str, str], limits: Limits) -> GeoDataFrame:
    """Return the district polygons of a GeoJSON file, read as plain JSON.

    GDAL would choose its reader by content, and some readers open whatever other file or address the content names.
    """
    faults = FaultList(path.name)
    geojson = say("Give polygons as GeoJSON.")
    try:
        document = json.loads(read_text(path, limits))
        features = document["features"] if document["type"] == "FeatureCollection" else [document]
        rows = [feature["properties"] or {} for feature in features]
        shapes = [
            None if feature["geometry"] is None else shapely.geometry.shape(feature["geometry"]) for feature in features
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, ShapelyError) as error:
        if isinstance(error, json.JSONDecodeError):
            faults.add(say("This is not valid JSON."), geojson, row=error.lineno)
        else:
            faults.add(say("The file is not GeoJSON."), geojson)
        raise InputError(faults.faults) from None
    if not rows:
        faults.add(say("The file holds no polygons."), geojson)
        raise InputError(faults.faults)
    named = str((document.get("crs") or {}).get("properties", {}).get("name", ""))
    if named and not re.search(r"(CRS84|:4326|:4490)$", named):
        faults.add(say("The polygons are not in longitude and latitude."), say("Save them as WGS-84 GeoJSON."))
    known = list(dict.fromkeys(name for row in rows for name in row))
    for field, column in columns.items():
        if column not in known:
            faults.add(
                say("There is no column {column}; the table has: {columns}.", column=column, columns=", ".join(known)),
                say("Name the column under [area] as `{field}`.", field=field.removeprefix("district_")),
            )
    faults.raise_any()
    texts = {field: [_text(row.get(column)) for row in rows] for field, column in columns.items()}
    ids = texts["district_id"]
    for i, shape in enumerate(shapes):
        _check_polygon(shape, ids[i], i + 1, faults)
        for field, column in columns.items():
            if not texts[field][i]:
                faults.add(say("{column} is empty.", column=column), say("Fill it in for every district."), row=i + 1)
        if ids[i] and ids.index(ids[i]) != i:
            faults.add(
                say("The district {id} stands twice.", id=ids[i]),
                say("Give every district an id of its own."),
                row=i + 1,
            )
    faults.raise_any()
    texts.setdefault("prefecture", [""] * len(rows))
    return GeoDataFrame(texts, geometry=shapes, crs="EPSG:4326")


def _check_polygon(shape: BaseGeometry | None, district: str, row: int, faults: FaultList) -> None:
    if shape is None or shape.is_empty or shape.geom_type not in {"Polygon", "MultiPolygon"}:
        faults.add(say("The district {id} has no polygon.", id=district), say("Draw it, or take it out."), row=row)
    elif not _in_degrees(shape.bounds):
        faults.add(
            say("The polygon of {id} is not in longitude and latitude.", id=district),
            say("Save them as WGS-84 GeoJSON."),
            row=row,
        )
    elif not shape.is_valid:
        faults.add(
            say("The polygon of {id} is invalid: {reason}.", id=district, reason=shapely.is_valid_reason(shape)),
            say("Repair it in a GIS (make valid)."),
            row=row,
        )


def _text(value: object) -> str:
    """Return a property as text; a whole number that JSON holds as 510100.0 is 510100."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _in_degrees(bounds: tuple[float, float, float, float]) -> bool:
    left, low, right, high = bounds
    return left >= -180 and right <= 180 and low >= -90 and high <= 90


def _to_wgs84(shapes: ObjectArray, datum: Datum) -> ObjectArray:
    def shift(points: FloatArray) -> FloatArray:
        return np.column_stack(to_wgs84(points[:, 0], points[:, 1], datum=datum))

    return np.asarray(shapely.transform(shapely.force_2d(shapes), shift), dtype=object)
