"""Who may travel where: OSM tags, and what they mean to walkers, e-bikes, cars and motorbikes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationplan.domain import MAJOR_CLASSES, MODES, ROAD_CLASSES
from stationplan.inputs.roads.rules import (
    RoadRules,
    Speeds,
    class_number,
    directions,
    is_road,
    speed_limit,
    states_no_limit,
)

FORTH, BACK, BOTH = (True, False), (False, True), (True, True)

SPEEDS = Speeds({"walk": 4.5, "ebike": 15.0}, {"car": {"primary": 35.0, "residential": 18.0, "road": 18.0}})
RULES = RoadRules(SPEEDS)

STREET = {"highway": "residential"}
MAIN = {"highway": "primary"}


def only(walk=None, ebike=None, car=None):
    given_modes = {"walk": walk, "ebike": ebike, "car": car}
    return {mode: ways for mode, ways in given_modes.items() if ways is not None}


def may_use(tags, mode, rules=RULES):
    return rules.may_use(tags, mode)


def modes_of(tags, rules=RULES, modes=("walk", "ebike", "car")):
    """The directions open to each of some modes that may use a way."""
    return {mode: directions(tags, mode) for mode in modes if rules.may_use(tags, mode)}


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
        for key in (
            "access",
            "vehicle",
            "motor_vehicle",
            "motorcar",
            "motorcycle",
            "bicycle",
            "foot",
            "oneway",
            "motorroad",
        )
    },
)


@given(TAGS)
@settings(deadline=None, derandomize=True, max_examples=100)
def test_a_ban_on_a_mode_of_its_own_always_holds(tags):
    for mode, key in (("walk", "foot"), ("ebike", "bicycle"), ("car", "motorcar"), ("motorbike", "motorcycle")):
        assert not may_use({**tags, key: "no"}, mode)


@given(TAGS)
@settings(deadline=None, derandomize=True, max_examples=100)
def test_who_may_use_a_way_may_go_somewhere_and_walkers_both_ways(tags):
    for mode, (forth, back) in modes_of(tags, modes=MODES).items():
        assert forth or back
        assert mode != "walk" or (forth and back)


@given(TAGS)
@settings(deadline=None, derandomize=True, max_examples=50)
def test_reversing_a_one_way_street_reverses_who_may_go_where(tags):
    forth, back = ({**tags, "oneway": value} for value in ("yes", "-1"))
    turned = {mode: (b, f) if mode != "walk" else (f, b) for mode, (f, b) in modes_of(forth, modes=MODES).items()}
    assert modes_of(back, modes=MODES) == turned


MOTORBIKE = [
    (STREET, BOTH),
    ({"highway": "motorway"}, FORTH),
    ({"highway": "track"}, BOTH),
    ({"highway": "track", "motor_vehicle": "no"}, None),
    ({"highway": "track", "motor_vehicle": "agricultural"}, None),
    ({"highway": "track", "motor_vehicle": "agricultural", "motorcycle": "yes"}, BOTH),
    ({"highway": "path"}, None),
    ({"highway": "path", "motorcycle": "yes"}, BOTH),
    ({"highway": "path", "access": "yes"}, None),
    ({"highway": "pedestrian", "motor_vehicle": "yes"}, BOTH),
    ({"highway": "footway", "motorcycle": "yes"}, None),
    ({"highway": "cycleway"}, None),
    ({"highway": "steps"}, None),
    ({**MAIN, "motorcycle": "no"}, None),
    ({**MAIN, "motorcar": "no"}, BOTH),
    ({**MAIN, "motor_vehicle": "no"}, None),
    ({**MAIN, "motor_vehicle": "no", "motorcycle": "yes"}, BOTH),
    ({**MAIN, "vehicle": "no"}, None),
    ({**MAIN, "access": "no", "motorcycle": "permissive"}, BOTH),
    ({**MAIN, "access": "private"}, None),
    ({**MAIN, "motorroad": "yes"}, BOTH),
    ({**MAIN, "bicycle": "no", "foot": "no"}, BOTH),
    ({**MAIN, "oneway": "yes"}, FORTH),
    ({**MAIN, "oneway": "-1"}, BACK),
    ({**MAIN, "oneway": "yes", "oneway:bicycle": "no"}, FORTH),
    ({**MAIN, "oneway": "yes", "cycleway": "opposite"}, FORTH),
    ({**MAIN, "oneway": "yes", "oneway:motorcycle": "no"}, BOTH),
    ({**MAIN, "oneway:motor_vehicle": "yes"}, FORTH),
    ({**MAIN, "oneway": "yes", "oneway:motor_vehicle": "no"}, BOTH),
    ({**MAIN, "oneway:motor_vehicle": "no", "oneway:motorcycle": "-1"}, BACK),
    ({**STREET, "junction": "roundabout"}, FORTH),
]


@pytest.mark.parametrize(("tags", "allowed"), MOTORBIKE, ids=str)
def test_tags_say_where_motorbikes_may_go_and_in_which_direction(tags, allowed):
    assert modes_of(tags, modes=["motorbike"]) == ({} if allowed is None else {"motorbike": allowed})


@given(TAGS)
@settings(deadline=None, derandomize=True, max_examples=100)
def test_motorbikes_go_where_cars_may_unless_a_tag_tells_them_apart(tags):
    tags = {key: value for key, value in tags.items() if key not in ("motorcar", "motorcycle")}
    if tags["highway"] not in ("track", "path"):
        assert may_use(tags, "motorbike") == may_use(tags, "car")
        assert directions(tags, "motorbike") == directions(tags, "car")


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({"highway": "motorway"}, 45.0),  # 80 for cars
        ({"highway": "trunk"}, 45.0),  # 50 for cars
        (MAIN, 35.0),
        ({**MAIN, "maxspeed": "30"}, 30.0),
        ({"highway": "trunk", "maxspeed": "80"}, 45.0),
        ({"highway": "track"}, 18.0),  # as on a road of unknown class
        ({"highway": "primary;residential"}, 18.0),
    ],
    ids=str,
)
def test_motorbikes_are_as_fast_as_cars_up_to_their_cap(tags, kmh):
    assert RoadRules(Speeds()).pace(tags, "motorbike")[0] == pytest.approx(60 / (1000 * kmh))


def test_a_study_may_set_the_cap_of_motorbikes_and_the_speeds_that_they_share_with_cars():
    speeds = Speeds({"motorbike": 30.0}, {"motorbike": {"primary": 35.0, "residential": 12.0, "road": 18.0}})
    assert [speeds.of("motorbike", name) for name in ("primary", "residential", "trunk")] == [30.0, 12.0, 18.0]


def test_speeds_follow_mode_and_class():
    assert [SPEEDS.of(mode, "primary") for mode in MODES] == [4.5, 15.0, 35.0, 35.0]
    assert SPEEDS.of("car", "track") == 18.0
    slow = Speeds({"walk": 4.5, "ebike": 15.0}, {"walk": {"steps": 3.0}, "ebike": {"path": 8.0}})
    assert [slow.of("walk", "steps"), slow.of("walk", "path"), slow.of("ebike", "path")] == [3.0, 4.5, 8.0]


def test_main_roads_are_those_from_secondary_up_and_their_links():
    assert {ROAD_CLASSES[class_number({"highway": highway})] for highway in ROAD_CLASSES} == set(ROAD_CLASSES)
    assert {
        name + link for name in ("motorway", "trunk", "primary", "secondary") for link in ("", "_link")
    } == MAJOR_CLASSES


# ---- what a study may change ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "opened", "closed", "allowed"),
    [
        ({"highway": "footway"}, {"ebike": {"footway"}}, {}, only(BOTH, BOTH)),
        ({"highway": "footway", "bicycle": "no"}, {"ebike": {"footway"}}, {}, only(BOTH)),
        ({"highway": "cycleway"}, {"walk": {"cycleway"}}, {}, only(BOTH, BOTH)),
        ({**MAIN, "foot": "yes"}, {}, {"walk": {"primary"}}, only(ebike=BOTH, car=BOTH)),
        (STREET, {}, {"walk": {"primary"}}, only(BOTH, BOTH, BOTH)),
        ({"highway": "residential;primary"}, {}, {"walk": {"primary"}}, only(ebike=BOTH, car=BOTH)),
    ],
)
def test_a_study_opens_and_closes_classes(tags, opened, closed, allowed):
    frozen = [{mode: frozenset(classes) for mode, classes in lists.items()} for lists in (opened, closed)]
    assert modes_of(tags, RoadRules(SPEEDS, *frozen)) == allowed


# ---- several values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "allowed"),
    [
        ({"highway": "residential;footway"}, only(BOTH)),
        ({"highway": "residential;primary"}, only(BOTH, BOTH, BOTH)),
        ({**STREET, "access": "yes;private"}, {}),
        ({**STREET, "access": "private;no", "foot": "yes"}, only(BOTH)),
        ({"highway": "footway", "bicycle": "yes;no"}, only(BOTH)),
        ({"highway": "footway", "bicycle": "yes;designated"}, only(BOTH, BOTH)),
        ({"highway": "footway", "bicycle": "yes;unknown"}, only(BOTH)),
    ],
)
def test_an_edge_over_several_ways_is_open_where_all_of_them_are(tags, allowed):
    assert modes_of(tags) == allowed


def test_an_edge_over_several_ways_goes_at_the_lowest_speed():
    assert RULES.pace({"highway": "primary;residential"}, "car") == RULES.pace(STREET, "car") == (60 / 18e3,) * 2
    assert RULES.pace({**MAIN, "maxspeed": "50;10"}, "car") == (60 / 10e3,) * 2


# ---- speed limits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kmh", "unread"),
    [
        ("50", 50.0, False),
        ("50 km/h", 50.0, False),
        ("50kph", 50.0, False),
        ("30 mph", 48.28032, False),
        ("12.5", 12.5, False),
        ("none", None, False),
        ("", None, False),
        ("0", None, True),
        ("CN:urban", None, True),
        ("signals", None, True),
        ("-20", None, True),
        ("5e3", None, True),
        ("５０", None, True),
        ("60;CN:urban", 60.0, False),
    ],
)
def test_speed_limits_are_numbers_with_or_without_unit(text, kmh, unread):
    assert speed_limit(text) == (kmh if kmh is None else pytest.approx(kmh))
    assert states_no_limit(text) == unread


@given(st.text(max_size=20))
@settings(deadline=None, derandomize=True, max_examples=100)
def test_any_text_is_a_positive_limit_or_none(text):
    limit = speed_limit(text)
    assert limit is None or 0 < limit < 2000


@pytest.mark.parametrize(("maxspeed", "kmh"), [("20", 20.0), ("60", 35.0), ("nonsense", 35.0)])
def test_a_limit_binds_cars_only_and_only_downwards(maxspeed, kmh):
    tags = {**MAIN, "maxspeed": maxspeed, "oneway": "yes"}
    assert RULES.pace(tags, "car") == (pytest.approx(60 / (1000 * kmh)), None)
    assert RULES.pace(tags, "ebike") == (60 / 15e3, None)
    assert RULES.pace(tags, "walk") == (60 / 4.5e3, 60 / 4.5e3)


def test_classes_are_those_that_some_mode_may_use():
    assert all(is_road(highway) for highway in ROAD_CLASSES)
    assert not any(is_road(highway) for highway in ("construction", "proposed", "", "residential;construction"))
    opened = {highway for highway in ROAD_CLASSES if modes_of({"highway": highway}, modes=MODES)}
    assert opened == set(ROAD_CLASSES)
