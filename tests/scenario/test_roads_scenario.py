"""The table [roads] of a scenario: one source of any form, what it must declare, and what it may change."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from support.environment import ROOT

import stationplan as sp
from stationplan.domain import MODES, ROAD_CLASSES
from stationplan.errors import InputError
from stationplan.inputs import read_road_files, read_roads, write_roads
from stationplan.scenario import Limits

BASE = """
schema = 1
name = "Town"
[demand]
file = "cells.csv"
datum = "wgs84"
[candidates]
file = "sites.csv"
datum = "wgs84"
[plan]
new = 1
[roads]
"""

TABLES = 'nodes = "nodes.csv"\nedges = "edges.csv"\ndatum = "wgs84"\n'


@pytest.fixture
def load(tmp_path):
    def loaded(roads):
        (tmp_path / "town.toml").write_text(BASE + roads, encoding="utf-8")
        return sp.load_scenario(tmp_path / "town.toml")

    return loaded


def faults_of(load, roads):
    with pytest.raises(InputError) as caught:
        load(roads)
    return [(fault.key, f"{fault.what} {fault.cure}") for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("roads", "key", "said"),
    [
        ("", "roads", "either `file`, or both"),
        ('file = "a.osm"\nosm = "b.osm"\n', "roads", "Name one source"),
        ('file = "a.osm"\nnodes = "n.csv"\nedges = "e.csv"\n', "roads", "Name one source"),
        ('osm = "a.osm"\nedges = "e.csv"\n', "roads", "Name one source"),
        ('nodes = "n.csv"\ndatum = "wgs84"\n', "roads", "both `nodes` and `edges`"),
        ('nodes = "n.csv"\nedges = "e.csv"\n', "roads.datum", "datum"),
        ('file = "a.gpkg"\n', "roads.datum", "datum"),
        ('file = "A.GeoJSON"\n', "roads.datum", "datum"),
        ('file = "a.osm.pbf"\ndatum = "gcj02"\n', "roads.datum", "are in WGS-84, not in gcj02"),
        ('file = "a.roads.npz"\ndatum = "bd09"\n', "roads.datum", "are in WGS-84, not in bd09"),
        ('file = "a.osm"\nlayer = "x"\n', "roads.layer", "Only a GeoPackage"),
        (
            'file = "a.osm"\n[roads.car_speed_kmh]\nresidental = 3.0\n',
            "roads.car_speed_kmh",
            "Did you mean residential?",
        ),
        ('file = "a.osm"\n[roads.walk_speed_kmh]\nx = 3.0\n', "roads.walk_speed_kmh", "Known classes: motorway"),
        ('file = "a.osm"\n[roads.ebike_speed_kmh]\npath = 0.0\n', "roads.ebike_speed_kmh.path", "more than 0"),
        ('file = "a.osm"\n[roads.opened]\nebike = ["footways"]\n', "roads.opened.ebike", "Did you mean footway?"),
        ('file = "a.osm"\n[roads.closed]\nbus = ["footway"]\n', "roads.closed.bus.[key]", "Allowed"),
        (
            'file = "a.osm"\n[roads.opened]\ncar = ["track"]\n[roads.closed]\ncar = ["track"]\n',
            "roads.opened.car",
            "both opened and closed",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_key(load, roads, key, said):
    ((found_key, sentence),) = faults_of(load, roads)
    assert found_key == key
    assert said in sentence


@pytest.mark.parametrize("roads", ['file = "a.osm.pbf"\n', 'osm = "a.osm.pbf"\ndatum = "cgcs2000"\n'])
def test_the_inputs_of_a_scenario_name_its_roads(load, roads):
    scenario = load(roads + 'elevation = "h.tif"\n')
    assert [item for item in scenario.inputs if item[0].startswith("roads")] == [
        ("roads", "a.osm.pbf", scenario.file.roads.datum or "wgs84"),
        ("roads.elevation", "h.tif", ""),
    ]


@pytest.mark.parametrize("path", ["/vsicurl/https://example.org/a.tif", "https://example.org/a.tif", "../a.tif"])
def test_heights_are_a_file_of_the_study_and_nothing_else(load, tmp_path, path):
    (tmp_path / "nodes.csv").write_text("id,lon,lat\n1,104,30\n2,104.001,30\n")
    (tmp_path / "edges.csv").write_text("u,v,highway\n1,2,residential\n")
    with pytest.raises(InputError, match=r"leaves the data folder|does not exist"):
        read_roads(load(TABLES + f'elevation = "{path}"\n'))


@pytest.mark.parametrize(("name", "said"), [("a.dwg", "not read from a.dwg"), ("gone.gpkg", "does not exist")])
def test_a_file_of_no_known_form_or_place_is_refused(tmp_path, name, said):
    (tmp_path / "a.dwg").write_bytes(b"x")
    with pytest.raises(InputError, match=said):
        read_road_files([tmp_path / name], datum="wgs84", layer=None, limits=Limits())


def test_source_and_date_are_the_scenarios_where_it_names_them(load, tmp_path):
    shutil.copy(ROOT / "data/demo/roads_nodes.csv", tmp_path / "nodes.csv")
    shutil.copy(ROOT / "data/demo/roads_edges.csv", tmp_path / "edges.csv")
    roads = read_roads(load(TABLES + 'source = "Survey"\ndate = "2026-01-01"\n'))
    assert (roads.source, roads.date) == ("Survey", "2026-01-01")


def test_a_study_of_saved_roads_is_that_of_their_source(load, tmp_path):
    shutil.copy(ROOT / "data/demo/roads_nodes.csv", tmp_path / "nodes.csv")
    shutil.copy(ROOT / "data/demo/roads_edges.csv", tmp_path / "edges.csv")
    changes = "[roads.walk_speed_kmh]\nfootway = 3.0\n[roads.closed]\ncar = ['residential']\n"
    one = read_roads(load(TABLES + changes))
    paths = [tmp_path / "nodes.csv", tmp_path / "edges.csv"]
    pieces = read_road_files(paths, datum="wgs84", layer=None, limits=Limits())
    write_roads(pieces, tmp_path / "town.roads.npz")
    other = read_roads(load('file = "town.roads.npz"\n' + changes))
    assert one.notes == other.notes
    assert all(np.array_equal(one.minutes[mode], other.minutes[mode]) for mode in MODES)
    assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("lon", "lat", "tail", "head"))


def test_the_default_speeds_are_of_known_classes(load):
    assert set(load('file = "a.osm"\n').file.roads.car_speed_kmh) <= set(ROAD_CLASSES)
