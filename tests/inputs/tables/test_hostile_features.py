"""Files of shapes that claim more than they hold, or what cannot be: refused in bounded memory and time."""

from __future__ import annotations

import json
import sqlite3
import struct
import zipfile

import geopandas as gpd
import pyarrow as pa
import pytest
import shapely
from pyarrow import parquet

from stationplan.errors import InputError
from stationplan.inputs.tables import feature_frames
from stationplan.inputs.tables.features import read_features
from stationplan.scenario import Limits


def refusal(path, **limits):
    with pytest.raises(InputError) as caught:
        read_features(path, Limits(**limits), geometry="points")
    (fault,) = caught.value.faults
    assert fault.file == path.name
    return fault


def points(path, **columns):
    count = len(next(iter(columns.values())))
    gpd.GeoDataFrame(columns, geometry=[shapely.Point(104, 30)] * count, crs=4326).to_file(path)
    return path


def changed(path, *statements):
    with sqlite3.connect(path) as base:
        for statement in statements:
            base.execute(statement)
    base.close()
    return path


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS fid, NULL AS geom FROM n"
HUGE = "SELECT fid, geom, hex(zeroblob(400000000)) AS name FROM kept"


def view(path, select):
    return changed(
        points(path, name=["a"]),
        "DROP TRIGGER IF EXISTS trigger_insert_feature_count_a",
        "ALTER TABLE a RENAME TO kept",
        f"CREATE VIEW a AS {select}",
    )


def test_a_layer_that_never_ends_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_frames, "SECONDS", 3.0)
    assert str(refusal(view(tmp_path / "a.gpkg", ENDLESS)).what) == "The file could not be read in 3 seconds."


def test_a_value_that_unpacks_to_the_whole_memory_is_refused(tmp_path):
    assert refusal(view(tmp_path / "a.gpkg", HUGE)).code in {"too_large", "unreadable"}


def test_a_geopackage_that_lists_a_dropped_table_is_refused(tmp_path):
    path = points(tmp_path / "a.gpkg", name=["a"])
    assert refusal(changed(path, "DROP TABLE a")).code in {"unreadable", "empty"}


def geoparquet(path, table, **geo):
    about = {
        "version": "1.0.0",
        "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}},
    }
    table = table.replace_schema_metadata({"geo": json.dumps(geo.get("geo", about | geo))})
    parquet.write_table(table, path, compression="zstd")
    return path


def test_a_text_that_a_parquet_file_repeats_does_not_fill_the_memory(tmp_path):
    count = 6000
    column = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array(["x" * 1_000_000]))
    shapes = pa.array([shapely.to_wkb(shapely.Point(104, 30))] * count)
    path = geoparquet(tmp_path / "a.parquet", pa.table({"name": column, "geometry": shapes}))
    assert path.stat().st_size < 1_000_000
    assert refusal(path).code == "too_large"


@pytest.mark.parametrize(
    "geo",
    [
        {"geo": []},
        {"geo": 5},
        {"columns": []},
        {"columns": {"geometry": {"encoding": "point", "geometry_types": []}}},
        {"columns": {"geometry": {"encoding": "WKB", "geometry_types": [], "crs": 7}}},
        {"primary_column": "other"},
    ],
    ids=str,
)
def test_metadata_of_a_wrong_kind_are_refused(tmp_path, geo):
    table = pa.table({"name": ["a"], "geometry": [shapely.to_wkb(shapely.Point(104, 30))]})
    assert refusal(geoparquet(tmp_path / "a.parquet", table, **geo)).code == "unreadable"


def test_a_shapefile_whose_table_claims_billions_of_rows_is_refused(tmp_path):
    path = points(tmp_path / "a.shp", name=["a"])
    table = path.with_suffix(".dbf")
    data = bytearray(table.read_bytes())
    data[4:8] = struct.pack("<I", 4_000_000_000)
    table.write_bytes(data)
    assert read_features(path, Limits()).rows == (("a",),)  # the shapes decide


def test_a_shape_that_claims_billions_of_points_is_refused(tmp_path):
    path = points(tmp_path / "a.gpkg", name=["a"])
    with sqlite3.connect(path) as base:
        for (trigger,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            base.execute(f'DROP TRIGGER "{trigger}"')
        line = struct.pack("<BII", 1, 2, 2**31 - 1)
        base.execute("UPDATE a SET geom = ?", (b"GP\x00\x01" + struct.pack("<i", 4326) + line,))
    base.close()
    assert refusal(path).code == "unreadable"


@pytest.mark.parametrize("nesting", ["[" * 100_000, '{"a":' * 100_000, '{"features": ' + "[" * 100_000])
def test_json_nested_without_end_is_refused(tmp_path, nesting):
    path = tmp_path / "a.geojson"
    path.write_text(nesting, "utf-8")
    assert refusal(path).code == "unreadable"


def test_archives_that_unpack_too_far_are_refused(tmp_path):
    for name, member in (("a.kmz", "doc.kml"), ("b.zip", "a.shp")):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, b"\0" * 3_000_000)
        assert str(refusal(tmp_path / name, unpacked_mb=2).what) == "The file unpacks to more than 2 MB."


@pytest.mark.parametrize(("values", "mb"), [("[]," * 20_000, 1), ("{}," * 5_000, 1), ('"\U0001f600",' * 100_000, 3)])
def test_json_that_unfolds_to_more_than_its_size_is_refused_before(tmp_path, values, mb):
    path = tmp_path / "a.geojson"
    path.write_text(f'{{"type": "FeatureCollection", "features": [{values}0]}}', "utf-8")
    assert str(refusal(path, unpacked_mb=mb).what) == f"The file unpacks to more than {mb} MB."


def test_a_table_of_features_that_takes_too_much_memory_is_refused(tmp_path):
    path = points(tmp_path / "a.gpkg", name=["x" * 100] * 10_000)
    assert str(refusal(path, table_mb=1).what) == "The values of the table take more than 1 MB of memory."
