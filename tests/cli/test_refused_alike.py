"""Refused inputs are reported alike: every command, every role, every kind of damaged file."""

from __future__ import annotations

import itertools
import json
import sqlite3
import struct
import zipfile
import zlib

import geopandas as gpd
import openpyxl
import pyarrow as pa
import pytest
import shapely
from pyarrow import parquet
from support.workbooks import write_xls

from stationplan.cli import main

ROLES = ("stations", "candidates", "demand", "observed", "districts")


def _workbook(path):
    book = openpyxl.Workbook()
    book.active.append(["id", "name", "lon", "lat"])
    book.active.append(["1", "a", 104, 30])
    book.save(path)
    return path.read_bytes()


def _zip(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path.read_bytes()


def _broken_sheet(path):
    _workbook(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return _zip(path, {**parts, "xl/worksheets/sheet1.xml": b"<worksheet><sheetData><row"})


def _topology(_):
    return json.dumps({"type": "Topology", "objects": {}, "arcs": []}).encode()


def _collection(_):
    shape = {"type": "GeometryCollection", "geometries": []}
    feature = {"type": "Feature", "properties": {"id": ["a"], "name": {"b": 1}}, "geometry": shape}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


def _parquet(path, geo):
    table = pa.table({"id": ["1"], "geometry": [b"\x01"]}).replace_schema_metadata({"geo": json.dumps(geo)})
    parquet.write_table(table, path)
    return path.read_bytes()


def _dropped(path):
    gpd.GeoDataFrame({"id": ["1"]}, geometry=[shapely.Point(104, 30)], crs=4326).to_file(path, layer="a")
    with sqlite3.connect(path) as base:
        base.execute("DROP TABLE a")
    base.close()
    return path.read_bytes()


FAULTS = {
    "empty.csv": lambda _: b"",
    "header.csv": lambda _: b"id,name,lon,lat\n",
    "quote.csv": lambda _: b'id,name,lon,lat\n1,"a"b,104,30\n',
    "open-quote.csv": lambda _: b'id,name,lon,lat\r1,"a,104,30\r',
    "nul.csv": lambda _: b"id,name\n1,\0\n",
    "bytes.csv": lambda _: b"id,name\n1,\xff\xfe\xff\n",
    "page.csv": lambda _: b"<html><table></table></html>",
    "columns.csv": lambda _: b"a,b,c\n1,2,3\n",
    "cut.xlsx": lambda path: _workbook(path)[:2000],
    "page.xls": lambda _: b"<html><table></table></html>",
    "password.xlsx": lambda _: bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
    "sheet.xlsx": _broken_sheet,
    "archive.xlsx": lambda path: _zip(path, {"word/document.xml": "<a/>"}),
    "cut.xls": lambda path: write_xls(path).read_bytes()[:3000],
    "content.ods": lambda path: _zip(path, {"content.xml": "<a/>", "META-INF/manifest.xml": "<a/>"}),
    "no.json": lambda _: b"{",
    "list.geojson": lambda _: b"[[1]]",
    "properties.geojson": lambda _: (
        b'{"type": "FeatureCollection", "features": [{"properties": ["ab"], "geometry": 1}]}'
    ),
    "topology.json": _topology,
    "collection.geojson": _collection,
    "database.gpkg": lambda _: b"SQLite format 3\0" + bytes(52) + b"GPKG" + bytes(100),
    "shape.shp": lambda _: struct.pack(">i", 9994) + bytes(40),
    "buffer.fgb": lambda _: b"fgb\x03fgb\x00" + bytes(40),
    "link.kml": lambda _: b"<OGRVRTDataSource/>",
    "doc.kmz": lambda path: _zip(path, {"doc.kml": "<kml><Placemark>"}),
    "crc.zip": lambda path: _zip(path, {"a.shp": zlib.compress(b"x" * 100)}).replace(b"x\x9c", b"x\x9d"),
    "metadata.parquet": lambda path: _parquet(path, []),
    "shape.parquet": lambda path: _parquet(
        path, {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "point"}}}
    ),
    "dropped.gpkg": _dropped,
    "nested.json": lambda _: b"[" * 100_000,
    "records.json": lambda _: b'{"type": "FeatureCollection", "features": {"a": 1}}',
    "columns.parquet": lambda _: b"PAR1" + bytes(20) + b"PAR1",
    "other.docx": lambda _: b"PK\x03\x04",
}


def run(capfd, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments), "--lang", "en"])
    out, err = capfd.readouterr()
    assert "Traceback" not in out + err
    return ended.value.code, out + err


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", FAULTS)
def test_a_refused_table_is_a_table_of_findings(tmp_path, capfd, monkeypatch, name, role):
    monkeypatch.setenv("COLUMNS", "400")
    path = tmp_path / name
    path.write_bytes(FAULTS[name](path))
    code, text = run(capfd, "check", path, "--as", role, "--datum", "wgs84")
    assert code == 2
    assert name in text
    assert "How to fix it" in text
    assert "The inputs cannot be used for planning." in text


SECTIONS = {"stations": "[stations]", "candidates": "[candidates]", "demand": "[demand]", "districts": "[area]"}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "section"), list(zip(FAULTS, itertools.cycle(SECTIONS), strict=False)))
def test_a_scenario_with_a_refused_table_names_the_file(demo_folder, tmp_path, capfd, monkeypatch, name, section):
    monkeypatch.setenv("COLUMNS", "400")
    scenario = demo_folder / "scenario.toml"
    head, title, rest = scenario.read_text("utf-8").partition(f"{SECTIONS[section]}\n")
    first, key, tail = rest.partition("file = ")
    assert title, key
    scenario.write_text(head + title + first + key + f'"{name}"\n' + tail.partition("\n")[2], "utf-8")
    path = demo_folder / name
    path.write_bytes(FAULTS[name](path))
    out = tmp_path / "out"
    for command in (("check", scenario), ("run", scenario, "--out", out)):
        code, text = run(capfd, *command)
        assert (command[0], code) == (command[0], 2)
        assert name in text
    assert not out.exists()
