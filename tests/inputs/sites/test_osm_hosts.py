"""Hosts of an OSM extract: their own tags count."""

from __future__ import annotations

import numpy as np
import pytest

import stationplan as sp
from stationplan.errors import InputError
from stationplan.inputs import check_scenario
from stationplan.inputs.sites.candidates import osm_places

TAGS = {
    1: {"shop": "convenience", "opening_hours": "24/7", "capacity": "12"},
    2: {"shop": "convenience", "opening_hours": "Mo-Fr 09:00-17:00"},
    3: {"shop": "convenience", "wheelchair": "limited", "indoor": "yes"},
    4: {"shop": "convenience", "opening_hours": "sunrise-sunset"},
    5: {"shop": "convenience", "opening_hours": "off", "capacity": "many"},
    6: {"amenity": "toilets", "access": "private"},
    7: {"amenity": "toilets", "access": "no"},
    8: {"amenity": "toilets", "access": "customers"},
    9: {"amenity": "toilets", "disused": "yes"},
    10: {"disused:amenity": "toilets"},
    11: {"shop": "convenience", "disused:amenity": "toilets"},
    12: {"amenity": "toilets", "abandoned:amenity": "toilets"},
    13: {"shop": "convenience", "demolished": "yes"},
}
SCENARIO = """
schema = 1
name = "Hosts"
{keys}
[roads]
missing = "straight"
[demand]
file = "cells.csv"
datum = "wgs84"
[candidates]
osm = "town.osm"
hosts = ["convenience", "public_toilet"]
[plan]
new = 1
[hosts.public_toilet]
capacity = 3.0
"""


def read(folder, keys=""):
    nodes = [
        f'<node id="{number}" version="1" lon="104.0" lat="30.0{number:02d}">'
        + "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        + "</node>"
        for number, tags in TAGS.items()
    ]
    (folder / "town.osm").write_text(f'<?xml version="1.0"?><osm version="0.6">{"".join(nodes)}</osm>', "utf-8")
    (folder / "cells.csv").write_text("id,lon,lat,population\na,104,30,10\n", "utf-8")
    (folder / "study.toml").write_text(SCENARIO.format(keys=keys), "utf-8")
    scenario = sp.load_scenario(folder / "study.toml")
    return osm_places(scenario, scenario.file.candidates, "candidates")


def test_own_hours_and_capacity_go_before_those_of_the_host_type(tmp_path):
    places = {int(place.site_id.removeprefix("node/")): place for place in read(tmp_path).places}
    assert sorted(places) == [1, 2, 3, 4, 5, 8, 11]
    assert {number: place.hours.text for number, place in places.items()} == {
        1: "24/7",
        2: "Mo-Fr 09:00-17:00",
        3: "07:00-23:00",
        4: "sunrise-sunset (07:00-23:00)",
        5: "closed",
        8: "06:00-22:00",
        11: "07:00-23:00",
    }
    assert places[1].capacity == 12
    assert places[8].capacity == 3
    assert np.isnan([places[2].capacity, places[5].capacity]).all()


def test_tags_on_wheelchairs_and_indoor_places_are_passed_to_the_lists_of_sites(tmp_path):
    table = read(tmp_path)
    passed = {place.site_id: place.passed for place in table.places if place.passed}
    assert passed == {"node/3": (("indoor", "yes"), ("wheelchair", "limited"))}
    uses = {use.header: (use.field, use.why) for use in table.quality.columns}
    assert uses["opening_hours"] == ("hours", "recognised") and uses["wheelchair"] == ("", "passed")


def test_private_and_disused_places_are_excluded_and_counted(tmp_path):
    table = read(tmp_path)
    assert (table.quality.rows, table.quality.kept, table.quality.count("set_aside")) == (12, 7, 5)
    found = {finding.code: finding.what.values["count"] for finding in table.quality.findings if finding.row is None
             and "count" in finding.what.values}  # fmt: skip
    assert found == {"private": 2, "disused": 3}
    assert [str(note) for note in table.notes] == [
        "Places closed to the public (access=private or access=no), excluded: 2.",
        "Places that are no longer used (disused, abandoned or demolished), excluded: 3.",
        "town.osm (candidates): 3 of 7 places state opening hours that were read; 4 take those of their host type.",
    ]


def test_unread_hours_are_listed_by_place_and_follow_the_policy(tmp_path):
    kept = [finding for finding in read(tmp_path).quality.findings if finding.action == "kept"]
    assert [finding.code for finding in kept] == ["unknown_hours", "closed_now"]
    assert "node/4" in str(kept[0].what)
    closed = {place.site_id: place.hours for place in read(tmp_path, 'unknown_hours = "closed"').places}
    assert closed["node/4"].text == "sunrise-sunset"
    with pytest.raises(InputError, match="node/4"):
        read(tmp_path, 'unknown_hours = "refuse"')


def test_defaults_of_places_are_counted_by_field(tmp_path):
    taken = {(taken.field, taken.source): taken.rows for taken in read(tmp_path).quality.defaults}
    assert taken == {
        ("hours", "host"): 3,
        ("hours", "unknown_host"): 1,
        ("hours", "closed"): 1,
        ("cost", "host"): 7,
        ("kind", "host"): 7,
        ("capacity", "host"): 1,
    }


def test_excluded_places_do_not_make_a_study_unusable(tmp_path):
    read(tmp_path)
    found = check_scenario(sp.load_scenario(tmp_path / "study.toml"))
    assert found.refused == ()
