"""The records of the travel modes: complete, in known words, and all that the rest of the package takes from them."""

from __future__ import annotations

import re

import pytest

from stationplan.domain import MODES, ROAD_CLASSES, WALK
from stationplan.domain.modes import ClassSpeed, ClimbLoss, SteadySpeed
from stationplan.inputs.roads.rules import ACCESS_TAGS, RULE_TAGS
from stationplan.report import schema
from stationplan.scenario import RoadsInput
from stationplan.text.catalogue import catalogue
from stationplan.text.names import mode_names

EACH = pytest.mark.parametrize("mode", MODES.values(), ids=MODES)


def test_the_table_is_read_only_and_has_walking_first():
    assert next(iter(MODES)) == WALK == "walk"
    with pytest.raises(TypeError):
        MODES["boat"] = MODES["car"]  # type: ignore[index]


@EACH
def test_a_record_is_found_under_its_id(mode):
    assert MODES[mode.id] is mode
    assert re.fullmatch(r"[a-z_]+", mode.id)


@EACH
def test_a_record_has_names_in_both_languages(mode):
    assert mode.name.template in catalogue("zh")
    assert mode.purpose.template in catalogue("zh")
    assert mode_names("en")[mode.id] == str(mode.name)
    assert mode_names("zh")[mode.id] == catalogue("zh")[mode.name.template]


@EACH
def test_a_record_names_known_road_classes_each_once(mode):
    assert mode.classes
    assert mode.classes | mode.opened_by_tag <= set(ROAD_CLASSES)
    assert mode.classes.isdisjoint(mode.opened_by_tag)


def test_the_road_classes_are_those_of_the_modes():
    assert {name for mode in MODES.values() for name in mode.classes} == set(ROAD_CLASSES)


@EACH
def test_access_keys_go_from_the_most_specific_to_access(mode):
    assert len(mode.access_keys) > 1
    assert mode.access_keys[-1] == "access"
    assert len(set(mode.tag_keys)) == len(mode.tag_keys)


@EACH
def test_a_record_states_its_speed_and_the_keys_that_change_it(mode):
    keys = RoadsInput.model_fields
    speed = mode.speed
    if isinstance(speed, SteadySpeed):
        assert mode.stated_kmh == speed.kmh > 0
        assert speed.class_key is None or keys[speed.class_key].default == {}
    else:
        assert mode.stated_kmh == speed.cap_kmh
        assert set(speed.by_class_kmh) <= set(ROAD_CLASSES)
        assert "road" in speed.by_class_kmh
        assert min(*speed.by_class_kmh.values(), speed.straight_kmh, speed.cap_kmh or 1.0) > 0
        assert keys[speed.class_key].is_required()
        assert keys[speed.straight_key].default == speed.straight_kmh
    if isinstance(mode.slope, ClimbLoss):
        assert keys[mode.slope.key].default == mode.slope.loss


def test_modes_that_share_a_key_of_the_scenario_share_its_default():
    defaults: dict[str, object] = {}
    for mode in MODES.values():
        if isinstance(mode.speed, ClassSpeed):
            assert defaults.setdefault(mode.speed.class_key, mode.speed.by_class_kmh) == mode.speed.by_class_kmh
    assert "car_speed_kmh" in defaults


@EACH
def test_the_tags_of_every_mode_are_kept(mode):
    assert set(mode.tag_keys) <= set(RULE_TAGS)
    assert set(mode.access_keys) <= set(ACCESS_TAGS)


def test_kept_tags_are_each_named_once():
    assert len(set(RULE_TAGS)) == len(RULE_TAGS)
    assert {"highway", "motorroad", "junction", "oneway", "maxspeed"} <= set(RULE_TAGS)


def test_the_schema_of_a_plan_lists_the_modes():
    case = schema()["properties"]["why_not"]["items"]["properties"]  # type: ignore[index]
    assert case["no_road"]["items"] == {"type": "string", "enum": list(MODES)}
