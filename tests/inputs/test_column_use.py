"""What each column of each table of a scenario is read as, or that it is not used; also of tables that are refused."""

from __future__ import annotations

import json

import pytest
import shapely
from support.village import village

import stationplan as sp
from stationplan.inputs import check_scenario

TABLES = """
[demand.totals]
file = "totals.csv"
population = "residents"
[demand.counts.orders]
file = "orders.csv"
column = "n"
time = "at"
profile_of = ["walker"]
datum = "wgs84"
[demand.places]
file = "places.csv"
datum = "wgs84"
[demand.observed]
file = "observed.csv"
datum = "wgs84"
[demand.heat]
file = "heat.csv"
"""
FILES = {
    "totals.csv": "code,walker,residents,remark\nWest,10,90,a\nEast,20,90,b\n",
    "orders.csv": "lon,lat,n,at,remark\n104.01,30,3,09:00,a\n",
    "places.csv": "lon,lat,kind,remark\n104.01,30,food,a\n",
    "observed.csv": "lon,lat,count,group,remark\n104.01,30,1,walker,a\n",
    "heat.csv": "id,day,remark\nN0,36,a\n",
    "list.csv": "code,remark\nWest,a\nEast,b\n",
    "points.csv": "code,lon,lat,remark\nWest,104.0,30,a\nNorth,104.0,30,b\n",
}


def scenario(folder, **changes):
    """The village with every kind of table; ``changes`` are other contents, by the name of the file before its dot."""
    path = village(folder, "new = 1")
    text = path.read_text("utf-8")
    text = text.replace(
        "[area]\n", '[area]\ndistrict_list = "list.csv"\nknown_points = "points.csv"\nknown_points_datum = "wgs84"\n'
    )
    text = text.replace("[candidates]\n", '[candidates]\nforbidden_areas = "lake.geojson"\nforbidden_datum = "wgs84"\n')
    text = text.replace("profile = { day = 1.0 }\n", "")
    path.write_text(text + TABLES, encoding="utf-8")
    for name, content in FILES.items():
        (folder / name).write_text(changes.get(name.partition(".")[0], content), encoding="utf-8")
    lake = {
        "type": "Feature",
        "properties": {"remark": "a"},
        "geometry": shapely.geometry.mapping(shapely.box(1, 1, 2, 2)),
    }
    (folder / "lake.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [lake]}))
    return sp.load_scenario(path)


def used(check):
    """Header and field of the used columns, by role, and the headers that are not used."""
    return {
        item.role: (
            {use.header: use.field for use in item.columns if use.field},
            {use.header for use in item.columns if use.why in {"unused", "passed", "withheld"}},
        )
        for item in check.quality
        if item.columns
    }


def test_every_column_of_every_table_is_accounted_for(tmp_path):
    check = check_scenario(scenario(tmp_path))
    assert check.refused == ()
    found = used(check)
    assert found["demand.totals"] == ({"code": "id", "walker": "walker", "residents": "population"}, {"remark"})
    place = {"lon": "lon", "lat": "lat"}
    assert found["demand.counts.orders"] == ({**place, "n": "count", "at": "time"}, {"remark"})
    assert found["demand.places"] == ({**place, "kind": "kind"}, {"remark"})
    assert found["demand.observed"] == ({**place, "count": "count", "group": "group"}, {"remark"})
    assert found["demand.heat"] == ({"id": "id", "day": "day"}, {"remark"})
    assert found["area"] == ({"code": "id", "name": "name"}, {"prefecture"})
    assert found["area.district_list"] == ({"code": "id"}, {"remark"})
    assert found["area.known_points"] == ({**place, "code": "id"}, {"remark"})
    assert found["candidates.forbidden_areas"] == ({}, {"remark"})
    assert found["demand"] == ({**place, "id": "id", "population": "population"}, set())
    assert found["stations"][0] == {**place, "id": "id", "name": "name", "hours": "hours"}
    assert found["candidates"][0] == {**place, "id": "id", "name": "name", "hours": "hours", "cost": "cost"}


def test_a_known_point_of_no_polygon_is_reported(tmp_path):
    check = check_scenario(scenario(tmp_path))
    points = next(item for item in check.quality if item.role == "area.known_points")
    assert (points.rows, points.kept) == (2, 1)
    assert [(fault.row, str(fault.what)) for fault in points.findings] == [(3, "The district North has no polygon.")]


@pytest.mark.parametrize(
    ("name", "role", "content", "columns"),
    [
        ("totals", "demand.totals", "code,walker\nWest,many\n", {"code": "id", "walker": "walker"}),
        ("orders", "demand.counts.orders", "lon,n,at\n104.01,3,09:00\n", {"lon": "lon"}),
        ("places", "demand.places", "lon,kind\n104.01,food\n", {"lon": "lon", "kind": "kind"}),
        ("observed", "demand.observed", "lat,count\n30,3\n", {"lat": "lat", "count": "count"}),
        ("heat", "demand.heat", "id,night\nN0,20\n", {"id": "id"}),
        ("points", "area.known_points", "code,lat\nWest,30\n", {"code": "id", "lat": "lat"}),
    ],
)
def test_a_refused_table_has_its_columns_listed_too(tmp_path, name, role, content, columns):
    check = check_scenario(scenario(tmp_path, **{name: content}))
    assert check.refused
    assert check.others == ()  # every fault is shown at its table
    item = next(item for item in check.quality if item.role == role)
    assert ({use.header: use.field for use in item.columns if use.field}, item.kept) == (columns, 0)
