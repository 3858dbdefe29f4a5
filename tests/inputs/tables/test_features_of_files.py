"""Features of files as tables: the same places from every format, shapes that are no points, and what is refused."""

from __future__ import annotations

import json
import sqlite3

import geopandas as gpd
import numpy as np
import pytest
import shapely

from stationplan.errors import FaultList, InputError
from stationplan.inputs.tables.features import read_features
from stationplan.inputs.tables.points import coordinates
from stationplan.scenario import Limits

FRAME = gpd.GeoDataFrame(
    {"名称": ["一号", "二号"], "编码": [510104, 510105], "面积": [4.5, None]},
    geometry=[shapely.Point(104.06, 30.65), shapely.Point(104.07, 30.66)],
    crs="EPSG:4326",
)


def written(folder, suffix, frame=FRAME):
    path = folder / f"places{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path)
    else:
        options = {"encoding": "GB18030"} if suffix == ".shp" else {}
        frame.to_file(path, **options)
    return path


def read(path, *, limits=None, layer=None):
    return read_features(path, limits or Limits(), layer=layer)


def refusal(path, **options):
    with pytest.raises(InputError) as caught:
        read(path, **options)
    return caught.value.faults[0]


def places(table, *, inside=True):
    faults = FaultList(table.file)
    lon, lat = coordinates(table, {}, faults, crs=None, inside=inside)
    return lon, lat, [(fault.row, fault.code, fault.action) for fault in faults.faults]


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".shp", ".parquet"])
def test_every_format_gives_the_same_table(tmp_path, suffix):
    table = read(written(tmp_path, suffix))
    assert table.header == ("名称", "编码", "面积")
    assert table.rows == (("一号", "510104", "4.5"), ("二号", "510105", ""))
    assert table.row_number == (2, 3)
    lon, lat, told = places(table)
    assert (lon.tolist(), lat.tolist(), told) == ([104.06, 104.07], [30.65, 30.66], [])


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
def test_a_shapefile_that_hides_its_encoding_is_read(tmp_path, encoding):
    path = tmp_path / "places.shp"
    FRAME.to_file(path, encoding=encoding)
    path.with_suffix(".cpg").unlink()
    assert read(path).column(0) == ["一号", "二号"]


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".parquet"])
def test_eastings_and_northings_of_a_file_become_degrees(tmp_path, suffix):
    table = read(written(tmp_path, suffix, FRAME.to_crs("EPSG:4544")))
    lon, lat, told = places(table)
    assert lon == pytest.approx([104.06, 104.07], abs=1e-8)
    assert lat == pytest.approx([30.65, 30.66], abs=1e-8)
    assert told == []


def test_degrees_under_a_metric_label_are_refused(tmp_path):
    table = read(written(tmp_path, ".gpkg", FRAME.set_crs("EPSG:4544", allow_override=True)))
    assert places(table)[2] == [(1, "degrees_in_metric_crs", "refused")]


def test_an_outline_stands_for_a_point_in_it_and_a_cell_for_its_centroid(tmp_path):
    # A horseshoe: its centroid lies in the gap.
    horseshoe = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 3))
    frame = gpd.GeoDataFrame({"n": [1, 2]}, geometry=[horseshoe, None], crs="EPSG:4326")
    table = read(written(tmp_path, ".gpkg", frame))
    lon, lat, told = places(table)
    assert shapely.contains_xy(horseshoe, lon[0], lat[0])
    assert told == [(2, "not_a_point", "repaired"), (3, "empty", "set_aside")]
    lon, lat, told = places(table, inside=False)
    assert (lon[0], lat[0]) == pytest.approx((horseshoe.centroid.x, horseshoe.centroid.y))
    assert told == [(3, "empty", "set_aside")]
    assert np.isnan(lon[1])


def test_one_of_several_layers_must_be_named(tmp_path):
    path = written(tmp_path, ".gpkg")
    FRAME.iloc[:1].to_file(path, layer="more")
    assert str(refusal(path).what) == "The file has several layers: places, more."
    assert len(read(path, layer="more").rows) == 1
    assert refusal(path, layer="none").code == "missing_layer"


VRT = (
    "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/etc/passwd</SrcDataSource>"
    "</OGRVRTLayer></OGRVRTDataSource>"
)


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".parquet"])
def test_a_file_goes_to_gdal_only_when_it_is_what_its_name_says(tmp_path, suffix):
    path = tmp_path / f"places{suffix}"
    path.write_text(VRT)
    assert str(refusal(path).what) == f"The content of the file does not match its name ({suffix})."


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".parquet"])
def test_a_damaged_file_is_refused(tmp_path, suffix):
    path = written(tmp_path, suffix)
    path.write_bytes(path.read_bytes()[:64])
    assert refusal(path).code == "unreadable"


def test_a_database_that_is_no_geopackage_is_refused(tmp_path):
    path = tmp_path / "places.gpkg"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    assert str(refusal(path).what) == "The content of the file does not match its name (.gpkg)."


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".parquet"])
def test_caps_hold_for_every_format(tmp_path, suffix):
    path = written(tmp_path, suffix)
    assert refusal(path, limits=Limits(rows=1)).code == "too_large"
    circle = gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(0, 0).buffer(1, quad_segs=64)], crs="EPSG:4326")
    path = written(tmp_path, suffix, circle) if suffix != ".gpkg" else written(tmp_path, "_circle.gpkg", circle)
    assert refusal(path, limits=Limits(vertices=100)).code == "too_large"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"type": "FeatureColl', "This is not valid JSON."),
        ('{"type": "Topology"}', "The file is not GeoJSON."),
        ('{"type": "FeatureCollection", "features": []}', "The file contains no features."),
        ("[" * 100_000, "The file is not GeoJSON."),
    ],
)
def test_what_is_no_geojson_is_refused(tmp_path, text, said):
    path = tmp_path / "places.geojson"
    path.write_text(text)
    assert str(refusal(path).what) == said


def test_the_old_crs_member_of_geojson_counts(tmp_path):
    document = json.loads(FRAME.to_crs("EPSG:4544").to_json())
    document["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4544"}}
    path = tmp_path / "places.geojson"
    path.write_text(json.dumps(document))
    assert places(read(path))[0] == pytest.approx([104.06, 104.07], abs=1e-6)


def test_names_that_a_shapefile_cuts_in_mid_character_are_recognised(tmp_path):
    frame = gpd.GeoDataFrame(
        {"站点名称": ["一号"], "详细地址": ["路"], "开放时间": ["全天"], "说明说明": ["x"]},
        geometry=[shapely.Point(104.06, 30.65)],
        crs="EPSG:4326",
    )
    path = tmp_path / "places.shp"
    with pytest.warns(RuntimeWarning, match="laundered"):
        frame.to_file(path, encoding="UTF-8")
    assert read(path).header == ("站点名称", "详细地址", "开放时间", "说明说")
