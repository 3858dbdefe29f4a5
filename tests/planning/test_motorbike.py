"""A study whose workers ride motorbikes: the village of ``test_pipeline``, drawn as lines with OSM's tags."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest
from support.map_block import block_in, block_of
from support.village import NODES, longitude, names, village

import stationplan as sp
from stationplan.domain import MODES
from stationplan.errors import InputError
from stationplan.inputs import read_road_files, read_roads, write_roads
from stationplan.report import document, schema
from stationplan.scenario import Limits

CLOSED = 7
"""The street from this node on is closed where a test closes one."""


def rider_village(folder, *, mode="motorbike", tags=None, source="roads.geojson"):
    """Write the village with streets as lines, of which one has more ``tags``, and a group that travels by ``mode``."""
    path = village(folder, "new = 2")
    streets = [
        {
            "type": "Feature",
            "properties": {"highway": "residential", **((tags or {}) if node == CLOSED else {})},
            "geometry": {
                "type": "LineString",
                "coordinates": [[float(longitude(end)), 30.0] for end in (node, node + 1)],
            },
        }
        for node in range(NODES - 1)
    ]
    (folder / "roads.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": streets}))
    text = path.read_text("utf-8").replace('nodes = "nodes.csv"\nedges = "edges.csv"', f'file = "{source}"')
    text = text.replace('mode = "walk"', f'mode = "{mode}"')
    path.write_text(text if source.endswith(".geojson") else text.replace('datum = "wgs84"\nmin', "min"), "utf-8")
    return path


def planned(folder, **options):
    return sp.run(sp.load_scenario(rider_village(folder, **options)))


@pytest.mark.parametrize("mode", MODES)
def test_a_group_may_travel_by_any_mode(tmp_path, mode):
    # Two streets of 482 m are within 1000 m and within 15 minutes for everybody, so all modes serve the same nodes.
    plan = planned(tmp_path, mode=mode)
    assert names(plan) == ["C3", "C2"]
    coverage = document(plan)["coverage"]
    assert (coverage["total"], coverage["after"]["workers"]) == (780, 740)
    roads = read_roads(sp.load_scenario(tmp_path / "village.toml"))
    assert list(roads.minutes) == (["walk"] if mode == "walk" else ["walk", mode])


def test_a_street_closed_to_motorbikes_is_closed_to_them_alone(tmp_path):
    riders = planned(tmp_path / "riders", tags={"motorcycle": "no"})
    # West of the closed street the best site reaches nodes 4 to 7, east of it nodes 8 to 11.
    assert names(riders) == ["C3", "C2"]
    assert [float(why.gained.sum()) for why in riders.why] == [90 + 100 + 110 + 120, 50 + 60 + 70 + 80]
    drivers = planned(tmp_path / "drivers", mode="car", tags={"motorcycle": "no"})
    assert [float(why.gained.sum()) for why in drivers.why] == [500, 180]


def test_outputs_name_the_mode_in_both_languages(tmp_path):
    plan = planned(tmp_path)
    assert "[roads.speed_kmh]\nwalk = 4.5\nmotorbike = 45.0\n" in plan.study.scenario_toml
    jsonschema.Draft202012Validator(schema()).validate(document(plan))
    covered = {}
    for lang, word in (("en", "by motorbike"), ("zh", "摩托车")):
        plan.save(tmp_path / lang, lang=lang)
        assert word in (tmp_path / lang / "report.html").read_text("utf-8")
        covered[lang] = block_in((tmp_path / lang / "map.html").read_text("utf-8")).cover()
        written = json.loads((tmp_path / lang / "plan.json").read_text("utf-8"))
        jsonschema.Draft202012Validator(schema()).validate(written)
    assert any(covered["en"])
    assert covered["en"] == covered["zh"] == block_of(planned(tmp_path / "walkers", mode="walk")).cover()


def test_a_site_off_the_roads_names_the_mode_that_has_none_near(tmp_path):
    path = rider_village(tmp_path)
    far = f"F,F,{longitude(13)},30.0,08:00-18:00,1\n"
    with (tmp_path / "candidates.csv").open("a", encoding="utf-8") as file:
        file.write(far)
    path.write_text(path.read_text("utf-8").replace("new = 2", 'new = 2\nexplain = ["F"]'), "utf-8")
    plan = document(sp.run(sp.load_scenario(path)))
    jsonschema.Draft202012Validator(schema()).validate(plan)
    (case,) = [case for case in plan["why_not"] if case["site_id"] == "F"]
    assert case["no_road"] == ["motorbike"]


def test_saved_roads_keep_what_closes_a_street_to_motorbikes(tmp_path):
    direct = planned(tmp_path, tags={"motorcycle": "no"})
    pieces = read_road_files([tmp_path / "roads.geojson"], datum="wgs84", layer=None, limits=Limits())
    write_roads(pieces, tmp_path / "town.roads.npz")
    again = planned(tmp_path, tags={"motorcycle": "no"}, source="town.roads.npz")
    assert [plan.roads.seconds.tolist() for plan in (again, direct)] == [direct.roads.seconds.tolist()] * 2
    assert document(again)["coverage"] == document(direct)["coverage"]


def test_roads_saved_before_motorbikes_were_known_are_refused_to_riders_only(tmp_path):
    rider_village(tmp_path)
    pieces = read_road_files([tmp_path / "roads.geojson"], datum="wgs84", layer=None, limits=Limits())
    old = [key for key in pieces.tag_keys if "motorcycle" not in key]
    write_roads(replace(pieces, tag_keys=tuple(old)), tmp_path / "old.roads.npz")
    assert names(planned(tmp_path, mode="car", source="old.roads.npz")) == ["C3", "C2"]
    with pytest.raises(InputError, match=r"motorbike is allowed: motorcycle, oneway:motorcycle\. Save them again"):
        planned(tmp_path, source="old.roads.npz")
