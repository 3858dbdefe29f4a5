"""Roads drawn as lines in GeoPackage and GeoJSON: joined at shared vertices, tags from attributes, faults named."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import Geod

from stationplan.errors import InputError
from stationplan.geo import wgs84_to_gcj02
from stationplan.inputs.roads.lines import read_line_roads
from stationplan.inputs.roads.pieces import road_arcs, road_notes
from stationplan.inputs.roads.rules import RoadRules, Speeds
from stationplan.scenario import Limits

_DRIVERS = {"gpkg": "GPKG", "shp": "ESRI Shapefile"}
LIMITS = Limits()
GEOD = Geod(ellps="WGS84")
RULES = RoadRules(Speeds({"walk": 6.0, "ebike": 12.0}, {"car": {"residential": 30.0, "road": 18.0}}))

A, B, C, D, E = (104.0, 30.0), (104.001, 30.0), (104.002, 30.0), (104.001, 30.001), (104.001, 29.999)


def frame(*rows, crs=4326):
    """Features of (line or lines or another geometry, attributes)."""
    shapes = [row[0] if isinstance(row[0], shapely.Geometry) else shapely.LineString(row[0]) for row in rows]
    return gpd.GeoDataFrame([row[1] for row in rows], geometry=shapes, crs=crs)


def write(folder, given, form):
    path = folder / f"roads.{form}"
    if form in _DRIVERS:
        given.to_file(path, layer="roads", driver=_DRIVERS[form])
    elif form == "parquet":
        given.to_parquet(path)
    else:
        path.write_text(given.to_json(), encoding="utf-8")
    return path


def read(path, datum="wgs84", layer=None, limits=LIMITS):
    return read_line_roads(path, datum=datum, layer=layer, limits=limits)


def open_arcs(pieces, mode, rules=RULES):
    roads = road_arcs(pieces, rules)
    place = [(round(x, 6), round(y, 6)) for x, y in zip(roads.lon, roads.lat, strict=True)]
    usable = np.isfinite(roads.minutes[mode])
    return {(place[t], place[h]) for t, h in zip(roads.tail[usable], roads.head[usable], strict=True)}


@pytest.fixture(params=["gpkg", "geojson"])
def form(request):
    return request.param


def test_lines_join_where_they_share_a_vertex(tmp_path, form):
    pieces = read(
        write(tmp_path, frame(([A, B, C], {"highway": "residential"}), ([D, B], {"highway": "footway"})), form)
    )
    assert len(pieces.lon) == 4
    assert open_arcs(pieces, "walk") == {(A, B), (B, A), (B, C), (C, B), (D, B), (B, D)}
    assert open_arcs(pieces, "car") == {(A, B), (B, A), (B, C), (C, B)}
    assert sorted(pieces.length_m) == pytest.approx(
        sorted([GEOD.inv(*A, *B)[2], GEOD.inv(*B, *C)[2], GEOD.inv(*D, *B)[2]]), rel=1e-9
    )


def test_lines_that_cross_without_a_shared_vertex_stay_apart(tmp_path, form):
    pieces = read(
        write(tmp_path, frame(([A, C], {"highway": "residential"}), ([D, E], {"highway": "residential"})), form)
    )
    assert len(pieces.lon) == 4
    assert open_arcs(pieces, "walk") == {(A, C), (C, A), (D, E), (E, D)}


def test_vertices_within_a_centimetre_are_one(tmp_path, form):
    near = (B[0] + 2e-8, B[1] - 2e-8)
    pieces = read(write(tmp_path, frame(([A, B], {"highway": "residential"}), ([near, C], {"highway": "path"})), form))
    assert len(pieces.lon) == 3


def test_attributes_are_read_as_tags(tmp_path, form):
    rows = frame(
        ([A, B], {"Highway": "residential", "oneway": "yes", "maxspeed": 15.0, "foot": "no"}),
        ([B, C], {"Highway": "residential", "oneway": "-1", "maxspeed": None, "foot": None}),
        ([C, D], {"Highway": None, "oneway": None, "maxspeed": 0.0, "foot": "yes"}),
    )
    pieces = read(write(tmp_path, rows, form))
    assert open_arcs(pieces, "car") == {(A, B), (C, B), (C, D), (D, C)}
    assert open_arcs(pieces, "walk") == {(B, C), (C, B), (C, D), (D, C)}
    roads = road_arcs(pieces, RULES)
    kmh = roads.length_m * 60 / 1000 / roads.minutes["car"]
    assert sorted(kmh[kmh > 0].round(6).tolist()) == [15.0, 18.0, 18.0, 30.0]
    assert [str(note) for note in road_notes(pieces)] == [
        "Lines with tags of a road but no class, which count as `road`: 1."
    ]


def test_geofabriks_words_are_known(tmp_path, form):
    rows = frame(
        ([A, B], {"fclass": "residential", "oneway": "F", "maxspeed": 0}),
        ([B, C], {"fclass": "residential", "oneway": "T", "maxspeed": 0}),
        ([C, D], {"fclass": "residential", "oneway": "B", "maxspeed": 0}),
    )
    assert open_arcs(read(write(tmp_path, rows, form)), "car") == {(A, B), (C, B), (C, D), (D, C)}


def test_other_classes_and_features_without_a_line_are_counted(tmp_path, form):
    rows = frame(
        ([A, B], {"highway": "residential"}),
        ([B, C], {"highway": "construction"}),
        (shapely.Point(A), {"highway": "residential"}),
        (shapely.MultiLineString([[C, D], [D, (104.003, 30.001)]]), {"highway": "service"}),
    )
    pieces = read(write(tmp_path, rows, form))
    assert (pieces.other_classes, pieces.not_lines, len(pieces.tail)) == ({"construction": 1}, 1, 3)
    said = " ".join(map(str, road_notes(pieces)))
    assert "construction (1)" in said
    assert "without a line, skipped: 1" in said


def test_lines_shift_with_the_datum(tmp_path, form):
    shifted = [tuple(float(value) for value in wgs84_to_gcj02(*place)) for place in (A, B)]
    pieces = read(write(tmp_path, frame((shifted, {"highway": "residential"})), form), datum="gcj02")
    assert sorted(zip(pieces.lon, pieces.lat, strict=True)) == [pytest.approx(A, abs=1e-9), pytest.approx(B, abs=1e-9)]


def test_a_projected_layer_is_taken_back_to_degrees(tmp_path):
    rows = frame(([A, B], {"highway": "residential"})).to_crs("EPSG:32648")
    pieces = read(write(tmp_path, rows, "gpkg"))
    assert sorted(zip(pieces.lon, pieces.lat, strict=True)) == [pytest.approx(A, abs=1e-9), pytest.approx(B, abs=1e-9)]
    with pytest.raises(InputError, match="UTM zone 48N"):
        read(tmp_path / "roads.gpkg", datum="gcj02")


def test_a_layer_is_named_where_there_are_several(tmp_path):
    path = write(tmp_path, frame(([A, B], {"highway": "residential"})), "gpkg")
    assert len(read(path).tail) == 1
    frame((shapely.Point(A), {"highway": "x"})).to_file(path, layer="points", driver="GPKG")
    assert len(read(path).tail) == 1
    frame(([A, C], {"highway": "x"})).to_file(path, layer="places", driver="GPKG")
    with pytest.raises(InputError, match="several layers: roads, places"):
        read(path)
    assert len(read(path, layer="roads").tail) == 1
    with pytest.raises(InputError, match="no layer streets; the file has: roads, points, places"):
        read(path, layer="streets")


def test_a_file_without_lines_holds_no_roads(tmp_path, form):
    path = write(tmp_path, frame((shapely.Point(A), {"highway": "residential"})), form)
    with pytest.raises(InputError, match="contains no roads"):
        read(path)


@pytest.mark.parametrize("other", ["shp", "parquet"])
def test_other_files_of_shapes_hold_roads_too(tmp_path, other):
    rows = frame(([A, B], {"highway": "residential", "oneway": "yes"}), ([B, C], {"highway": "path", "oneway": ""}))
    pieces = read(write(tmp_path, rows, other))
    assert open_arcs(pieces, "car") == {(A, B)}
    assert open_arcs(pieces, "walk") == {(A, B), (B, A), (B, C), (C, B)}


@pytest.mark.parametrize("data", [b"", b"SQLite format 3\0", b"PK\x03\x04"])
def test_what_is_no_geopackage_is_refused(tmp_path, data):
    (tmp_path / "roads.gpkg").write_bytes(data)
    with pytest.raises(InputError, match=r"roads\.gpkg"):
        read(tmp_path / "roads.gpkg")


def test_a_geopackage_cut_short_is_refused(tmp_path):
    path = write(tmp_path, frame(([A, B], {"highway": "residential"})), "gpkg")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match=r"roads\.gpkg"):
        read(path)


def test_a_class_of_its_own_is_needed(tmp_path, form):
    path = write(tmp_path, frame(([A, B], {"name": "Main Street"})), form)
    with pytest.raises(InputError, match="No attribute contains the road class; the file has: name"):
        read(path)


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"type": "FeatureCollection", "features": [1]}'])
def test_what_is_no_geojson_is_refused(tmp_path, text):
    (tmp_path / "roads.geojson").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"not GeoJSON|not valid JSON"):
        read(tmp_path / "roads.geojson")


def test_an_empty_list_has_no_roads(tmp_path):
    (tmp_path / "roads.geojson").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="no features"):
        read(tmp_path / "roads.geojson")


def geojson(*geometries):
    features = [{"type": "Feature", "properties": {"highway": "path"}, "geometry": shape} for shape in geometries]
    return json.dumps({"type": "FeatureCollection", "features": features})


@pytest.mark.parametrize(
    "geometry", [None, {"type": "Polygon", "coordinates": [[[104, 30], [104, 31], [105, 30], [104, 30]]]}]
)
def test_a_feature_without_a_line_is_counted(tmp_path, geometry):
    (tmp_path / "roads.geojson").write_text(geojson({"type": "LineString", "coordinates": [A, B]}, geometry))
    pieces = read(tmp_path / "roads.geojson")
    assert (len(pieces.tail), pieces.not_lines) == (1, 1)


@pytest.mark.parametrize("place", [[400, 30], [104, 95], [450_000, 3_400_000]])
def test_vertices_that_are_no_degrees_are_refused(tmp_path, place):
    (tmp_path / "roads.geojson").write_text(geojson({"type": "LineString", "coordinates": [A, place]}))
    with pytest.raises(InputError, match="1 vertices are not degrees of longitude and latitude"):
        read(tmp_path / "roads.geojson")


@pytest.mark.parametrize("limits", [Limits(vertices=3), Limits(rows=1)])
def test_files_larger_than_the_limits_are_refused(tmp_path, form, limits):
    path = write(tmp_path, frame(([A, B], {"highway": "path"}), ([C, D], {"highway": "path"})), form)
    with pytest.raises(InputError, match=r"under \[limits\]"):
        read(path, limits=limits)
