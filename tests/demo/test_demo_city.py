"""The made-up city: the files in the repository are the generator's, of the promised size, and say what they are."""

from __future__ import annotations

import csv
import json
import zipfile

import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import Geod
from support.environment import ROOT
from support.map_block import block_of

from stationplan.demo import write_city
from stationplan.geo import gcj02_to_wgs84
from stationplan.hours import Schedule, parse_hours
from stationplan.inputs.tables.columns import KIND_NAMES
from stationplan.report import document, render_report

DEMO = ROOT / "data/demo"
GEOD = Geod(ellps="WGS84")


def rows_of(name, encoding="utf-8"):
    with (DEMO / name).open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def stations():
    return rows_of("stations.csv", "gb18030")


@pytest.fixture(scope="module")
def candidates():
    return rows_of("candidates.csv", "utf-8-sig")


def places(rows):
    return np.array([[float(row["经度"]), float(row["纬度"])] for row in rows]).T


def districts():
    return pyogrio.read_dataframe(DEMO / "districts.geojson")


def test_the_files_in_the_repository_are_what_the_generator_writes(tmp_path):
    write_city(tmp_path)
    fresh = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(fresh) == {path.name for path in DEMO.iterdir()}
    assert [name for name, data in fresh.items() if (DEMO / name).read_bytes() != data] == []


def test_the_city_has_the_promised_size(stations, candidates):
    frame = districts()
    assert 4 <= len(frame) <= 6
    assert frame["prefecture"].nunique() == 2
    assert 3000 <= len(rows_of("roads_nodes.csv")) <= 6000
    assert 70 <= len(stations) <= 90
    assert 280 <= len(candidates) <= 320
    assert len(rows_of("cells.csv")) > 500


def test_the_districts_are_valid_and_do_not_overlap():
    shapes = districts().geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    union = shapely.union_all(shapes)
    assert union.area == pytest.approx(shapely.area(shapes).sum(), rel=1e-9)
    assert union.geom_type == "Polygon"
    assert len(union.interiors) == 0


def test_cells_and_candidates_lie_in_the_districts(candidates):
    city = shapely.union_all(districts().geometry.to_numpy())
    cells = rows_of("cells.csv")
    assert shapely.contains_xy(city, *np.array([[float(row["lon"]), float(row["lat"])] for row in cells]).T).all()
    assert shapely.contains_xy(city, *places(candidates)).all()


def test_stations_are_gb18030_and_gcj02_as_office_files_are(stations):
    data = (DEMO / "stations.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")
    assert b"\r\n" in data
    lon, lat = places(stations)
    true_lon, true_lat = gcj02_to_wgs84(lon, lat)
    shift = GEOD.inv(lon, lat, true_lon, true_lat)[2]
    assert (np.array(shift) > 200).all()
    city = shapely.union_all(districts().geometry.to_numpy())
    assert shapely.contains_xy(city, true_lon, true_lat).all()


def test_stations_stand_beside_roads_once_their_datum_is_undone(stations):
    nodes = np.array([[float(row["lon"]), float(row["lat"])] for row in rows_of("roads_nodes.csv")])
    tree = shapely.STRtree(shapely.points(nodes * [np.cos(np.radians(30.9)), 1.0]))

    def far(lon, lat):
        points = shapely.points(np.column_stack([lon, lat]) * [np.cos(np.radians(30.9)), 1.0])
        return np.median(tree.query_nearest(points, all_matches=False, return_distance=True)[1]) * 111_000

    lon, lat = places(stations)
    assert far(*gcj02_to_wgs84(lon, lat)) < far(lon, lat)


def test_ids_are_unique_and_hours_readable(stations, candidates):
    ids = [row["编码"] for row in (*stations, *candidates)]
    assert len(set(ids)) == len(ids)
    hours = [row["开放时间"] for row in (*stations, *candidates)]
    assert all(isinstance(parse_hours(text), Schedule) for text in hours if text)
    assert {row["类型"] for row in (*stations, *candidates)} <= set(KIND_NAMES)
    assert all(row["类型"] and row["场所类型"] for row in (*stations, *candidates))


def test_nearly_all_roads_hang_together(demo_roads):
    network = demo_roads
    for mode in ("walk", "car"):
        component = network.component[mode]
        used = component[component >= 0]
        assert (used == 0).sum() / len(used) > 0.98


def test_the_plan_has_work_to_do_and_does_it(demo_plan):
    coverage = document(demo_plan)["coverage"]
    assert 0.5 < coverage["before"]["share"] < 0.9
    assert coverage["after"]["share"] > coverage["before"]["share"] + 0.1
    assert len(document(demo_plan)["sites"]) == 20


@pytest.mark.parametrize(("lang", "mark"), [("zh", "合成"), ("en", "Synthetic data")])
def test_every_output_says_that_the_city_is_made_up(demo_plan, tmp_path, lang, mark):
    assert document(demo_plan)["synthetic"] is True
    assert mark in render_report(demo_plan, lang=lang)
    assert any(mark in told for told in block_of(demo_plan, lang).content["marks"])
    demo_plan.save(tmp_path / "out", lang=lang)
    assert json.loads((tmp_path / "out/plan.json").read_text("utf-8"))["synthetic"] is True
    with zipfile.ZipFile(tmp_path / "out/sites.xlsx") as book:
        assert mark in book.read("xl/sharedStrings.xml").decode("utf-8")
