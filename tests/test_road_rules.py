"""Who may travel where: OSM tags, and what they mean to walkers, e-bikes and cars."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationplan.domain import MODES
from stationplan.inputs.rules import ROAD_CLASSES, Speeds, is_major, may_use, modes_of

FORTH, BACK, BOTH = (True, False), (False, True), (True, True)

STREET = {"highway": "residential"}
MAIN = {"highway": "primary"}


def only(walk=None, ebike=None, car=None):
    given_modes = {"walk": walk, "ebike": ebike, "car": car}
    return {mode: ways for mode, ways in given_modes.items() if ways is not None}


@pytest.mark.parametrize(
    ("tags", "allowed"),
    [
        # classes
        (STREET, only(BOTH, BOTH, BOTH)),
        ({"highway": "living_street"}, only(BOTH, BOTH, BOTH)),
        ({"highway": "service"}, only(BOTH, BOTH, BOTH)),
        ({"highway": "trunk_link"}, only(BOTH, BOTH, BOTH)),
        ({"highway": "footway"}, only(BOTH)),
        ({"highway": "pedestrian"}, only(BOTH)),
        ({"highway": "steps"}, only(BOTH)),
        ({"highway": "steps", "bicycle": "yes"}, only(BOTH)),
        ({"highway": "path"}, only(BOTH, BOTH)),
        ({"highway": "cycleway"}, only(ebike=BOTH)),
        ({"highway": "cycleway", "foot": "yes"}, only(BOTH, BOTH)),
        ({"highway": "track"}, only(BOTH, BOTH)),
        ({"highway": "track", "motorcar": "yes"}, only(BOTH, BOTH, BOTH)),
        ({"highway": "motorway"}, only(car=FORTH)),
        ({"highway": "motorway", "oneway": "no"}, only(car=BOTH)),
        ({"highway": "motorway_link", "oneway": "yes"}, only(car=FORTH)),
        ({"highway": "construction"}, {}),
        ({"highway": "proposed"}, {}),
        ({}, {}),
        # opened and closed by tags
        ({"highway": "footway", "bicycle": "yes"}, only(BOTH, BOTH)),
        ({"highway": "footway", "bicycle": "dismount"}, only(BOTH)),
        ({"highway": "pedestrian", "bicycle": "designated"}, only(BOTH, BOTH)),
        ({"highway": "path", "bicycle": "no"}, only(BOTH)),
        ({"highway": "path", "foot": "no"}, only(ebike=BOTH)),
        ({**STREET, "access": "no"}, {}),
        ({**STREET, "access": "private"}, {}),
        ({**STREET, "access": "private", "foot": "yes"}, only(BOTH)),
        ({**STREET, "access": "no", "bicycle": "yes"}, only(ebike=BOTH)),
        ({**STREET, "access": "destination"}, only(BOTH, BOTH, BOTH)),
        ({**STREET, "access": "customers"}, only(BOTH, BOTH, BOTH)),
        ({**STREET, "vehicle": "no"}, only(BOTH)),
        ({**STREET, "vehicle": "no", "bicycle": "yes"}, only(BOTH, BOTH)),
        ({**STREET, "motor_vehicle": "no"}, only(BOTH, BOTH)),
        ({**STREET, "motor_vehicle": "no", "motorcar": "yes"}, only(BOTH, BOTH, BOTH)),
        ({**STREET, "access": "no", "motor_vehicle": "yes"}, only(car=BOTH)),
        ({**STREET, "motorcar": "no"}, only(BOTH, BOTH)),
        ({**MAIN, "foot": "use_sidepath", "bicycle": "use_sidepath"}, only(car=BOTH)),
        ({**MAIN, "motorroad": "yes"}, only(car=BOTH)),
        ({**MAIN, "motorroad": "yes", "foot": "yes"}, only(BOTH, car=BOTH)),
        # directions
        ({**MAIN, "oneway": "yes"}, only(BOTH, FORTH, FORTH)),
        ({**MAIN, "oneway": "1"}, only(BOTH, FORTH, FORTH)),
        ({**MAIN, "oneway": "no"}, only(BOTH, BOTH, BOTH)),
        ({**MAIN, "oneway": "-1"}, only(BOTH, BACK, BACK)),
        ({**MAIN, "oneway": "reverse"}, only(BOTH, BACK, BACK)),
        ({**STREET, "junction": "roundabout"}, only(BOTH, FORTH, FORTH)),
        ({**STREET, "junction": "circular"}, only(BOTH, FORTH, FORTH)),
        ({**STREET, "junction": "roundabout", "oneway": "no"}, only(BOTH, BOTH, BOTH)),
        ({**STREET, "oneway": "yes", "oneway:bicycle": "no"}, only(BOTH, BOTH, FORTH)),
        ({**STREET, "oneway": "-1", "oneway:bicycle": "no"}, only(BOTH, BOTH, BACK)),
        ({**STREET, "oneway:bicycle": "yes"}, only(BOTH, FORTH, BOTH)),
        ({**STREET, "oneway": "yes", "cycleway": "opposite"}, only(BOTH, BOTH, FORTH)),
        ({**STREET, "oneway": "yes", "cycleway": "opposite_lane"}, only(BOTH, BOTH, FORTH)),
        ({**STREET, "oneway": "yes", "cycleway:left": "opposite_track"}, only(BOTH, BOTH, FORTH)),
        ({**STREET, "oneway": "yes", "cycleway": "lane"}, only(BOTH, FORTH, FORTH)),
        ({"highway": "footway", "oneway:foot": "yes"}, only(FORTH)),
    ],
    ids=lambda value: " ".join(f"{key}={tag}" for key, tag in value.items() if isinstance(tag, str)) or None,
)
def test_tags_say_who_may_go_in_which_direction(tags, allowed):
    assert modes_of(tags) == allowed


TAGS = st.fixed_dictionaries(
    {"highway": st.sampled_from(sorted(ROAD_CLASSES))},
    optional={
        key: st.sampled_from(["yes", "no", "private", "designated", "-1", "destination"])
        for key in ("access", "vehicle", "motor_vehicle", "motorcar", "bicycle", "foot", "oneway", "motorroad")
    },
)


@given(TAGS)
@settings(deadline=None, derandomize=True, max_examples=100)
def test_a_ban_on_a_mode_of_its_own_always_holds(tags):
    for mode, key in (("walk", "foot"), ("ebike", "bicycle"), ("car", "motorcar")):
        assert not may_use({**tags, key: "no"}, mode)


@given(TAGS)
@settings(deadline=None, derandomize=True, max_examples=100)
def test_who_may_use_a_way_may_go_somewhere_and_walkers_both_ways(tags):
    for mode, (forth, back) in modes_of(tags).items():
        assert forth or back
        assert mode != "walk" or (forth and back)


@given(TAGS)
@settings(deadline=None, derandomize=True, max_examples=50)
def test_reversing_a_one_way_street_reverses_who_may_go_where(tags):
    forth, back = ({**tags, "oneway": value} for value in ("yes", "-1"))
    turned = {mode: (b, f) if mode != "walk" else (f, b) for mode, (f, b) in modes_of(forth).items()}
    assert modes_of(back) == turned


def test_speeds_follow_mode_and_class():
    speeds = Speeds(4.5, 15.0, {"primary": 35.0, "road": 18.0})
    assert [speeds.of(mode, "primary") for mode in MODES] == [4.5, 15.0, 35.0]
    assert speeds.of("car", "track") == 18.0


def test_main_roads_are_those_from_secondary_up_and_their_links():
    major = {highway for highway in ROAD_CLASSES if is_major(highway)}
    assert major == {name + link for name in ("motorway", "trunk", "primary", "secondary") for link in ("", "_link")}
