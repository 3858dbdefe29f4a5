"""The table [roads] of a scenario: one source of any form, what it must declare, and what it may change."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from support.environment import ROOT

import stationplan as sp
from stationplan.access import network_of
from stationplan.domain import ROAD_CLASSES
from stationplan.errors import InputError
from stationplan.inputs import read_road_files, read_roads, write_roads
from stationplan.inputs.roads.sources import rules_of
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
        ('file = "a.osm"\nosm = "b.osm"\n', "roads", "Set one source"),
        ('file = "a.osm"\nnodes = "n.csv"\nedges = "e.csv"\n', "roads", "Set one source"),
        ('osm = "a.osm"\nedges = "e.csv"\n', "roads", "Set one source"),
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
        ('file = "a.osm"\n[roads.ebike_speed_kmh]\npath = 0.0\n', "roads.ebike_speed_kmh.path", "0.001 or more"),
        ('file = "a.osm"\n[roads.opened]\nebike = ["footways"]\n', "roads.opened.ebike", "Did you mean footway?"),
        (
            'file = "a.osm"\n[roads.closed]\nbus = ["footway"]\n',
            "roads.closed.bus.[key]",
            "Known travel modes: walk, ebike, car",
        ),
        ('file = "a.osm"\n[roads.closed]\nwlak = ["footway"]\n', "roads.closed.wlak.[key]", "Did you mean walk?"),
        ('file = "a.osm"\n[roads.speed_kmh]\nebikes = 20.0\n', "roads.speed_kmh.ebikes.[key]", "Did you mean ebike?"),
        (
            'file = "a.osm"\n[roads.speed_kmh]\ncar = 20.0\n',
            "roads.speed_kmh.car.[key]",
            "are set by road class. Set them under `[roads.car_speed_kmh]`",
        ),
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
    with pytest.raises(InputError, match=r"lies outside the data folder|does not exist"):
        read_roads(load(TABLES + f'elevation = "{path}"\n'))


@pytest.mark.parametrize(("name", "said"), [("a.dwg", "cannot be read from a.dwg"), ("gone.gpkg", "does not exist")])
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
    assert all(np.array_equal(one.minutes[mode], other.minutes[mode]) for mode in one.minutes)
    assert set(one.minutes) == set(other.minutes) == {"walk", "ebike", "car"}
    assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("lon", "lat", "tail", "head"))


def test_the_default_speeds_are_of_known_classes(load):
    assert set(load('file = "a.osm"\n').file.roads.car_speed_kmh) <= set(ROAD_CLASSES)


ONE_GROUP = """[slots.day]
name = "Day"
hours = "08:00-18:00"
[groups.walker]
name = "Walkers"
mode = "MODE"
cutoff_min = 15.0
workers = { population = 1.0 }
profile = { day = 1.0 }
"""


def test_minutes_are_computed_for_walking_and_the_modes_of_the_groups(load, tmp_path):
    (tmp_path / "nodes.csv").write_text("node_id,lon,lat\n1,104.00,30.6\n2,104.01,30.6\n3,104.02,30.6\n")
    (tmp_path / "edges.csv").write_text("u,v,highway\n1,2,residential\n2,3,motorway\n")
    walkers = load(TABLES + ONE_GROUP.replace("MODE", "walk"))
    drivers = load(TABLES + ONE_GROUP.replace("MODE", "car"))
    assert (walkers.file.modes, drivers.file.modes) == (("walk",), ("walk", "car"))
    roads = read_roads(walkers)
    assert list(roads.minutes) == ["walk"]
    assert list(read_roads(drivers).minutes) == ["walk", "car"]
    # The motorway, which nobody here may use, is there to be drawn, in the direction in which it is open to cars.
    network = network_of(roads, crs="EPSG:32648")
    found = list(zip(network.tail.tolist(), network.head.tolist(), network.minutes["walk"].tolist(), strict=True))
    assert [(tail, head, np.isinf(minutes)) for tail, head, minutes in found] == [
        (0, 1, False),
        (1, 0, False),
        (1, 2, True),
    ]
    assert network.major.tolist() == [False, False, True]


def test_only_speeds_of_used_modes_are_filled_in(load):
    assert load(TABLES + ONE_GROUP.replace("MODE", "walk")).file.roads.speed_kmh == {"walk": 4.5}
    assert load(TABLES + ONE_GROUP.replace("MODE", "ebike")).file.roads.speed_kmh == {"walk": 4.5, "ebike": 15.0}
    stated = "[roads.speed_kmh]\nebike = 20.0\n"
    assert load(TABLES + stated + ONE_GROUP.replace("MODE", "car")).file.roads.speed_kmh == {"walk": 4.5, "ebike": 20.0}


def test_the_mode_of_a_group_is_named_with_the_nearest_known_one(load):
    (fault,) = faults_of(load, TABLES + ONE_GROUP.replace("MODE", "e-bike"))
    assert fault == ("groups.walker.mode", "Unknown travel mode 'e-bike'. Did you mean ebike?")


@pytest.mark.parametrize("mode", ["12", "true", '["walk"]', "{}"])
def test_a_mode_that_is_no_text_is_refused(load, mode):
    ((key, said),) = faults_of(load, TABLES + ONE_GROUP.replace('"MODE"', mode))
    assert key == "groups.walker.mode"
    assert "text in quotes is expected" in said


def test_speeds_along_straight_lines(load):
    roads = load(TABLES + "straight_car_kmh = 42.0\n[roads.speed_kmh]\nwalk = 5.0\n").file.roads
    assert [roads.straight_kmh(mode) for mode in ("walk", "ebike", "car")] == [5.0, 15.0, 42.0]


def test_motorbikes_take_the_speeds_of_cars_and_a_cap_of_their_own(load):
    text = TABLES + "straight_car_kmh = 42.0\n[roads.car_speed_kmh]\nprimary = 25.0\n"
    roads = load(text + "[roads.speed_kmh]\nmotorbike = 35.0\n" + ONE_GROUP.replace("MODE", "motorbike")).file.roads
    assert roads.speed_kmh == {"walk": 4.5, "motorbike": 35.0}
    assert roads.straight_kmh("motorbike") == 35.0
    assert roads.by_class_kmh("motorbike") == roads.by_class_kmh("car")
    assert rules_of(roads).speeds.of("motorbike", "primary") == 25.0
    assert rules_of(roads).speeds.of("motorbike", "trunk") == 35.0
    plain = load(TABLES + ONE_GROUP.replace("MODE", "motorbike")).file
    assert plain.modes == ("walk", "motorbike")
    assert plain.roads.speed_kmh == {"walk": 4.5, "motorbike": 45.0}
    assert plain.roads.straight_kmh("motorbike") == 30.0
    assert load(TABLES).file.roads.speed_kmh == {"walk": 4.5, "ebike": 15.0}  # no default group rides one
