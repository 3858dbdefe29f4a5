"""Lines as other programs and drawing offices write them: without a class, in Chinese, as lists, and not noded."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from stationplan.errors import InputError
from stationplan.inputs.roads.lines import LineOptions, read_line_roads
from stationplan.inputs.roads.pieces import refuse_disconnected, road_notes
from stationplan.inputs.roads.sources import known_class, read_road_files
from stationplan.scenario import Limits

M = 1 / 111_195.0
"""Degrees of latitude for a metre."""


def read(folder, rows, *, crs=4326, **options):
    shapes = [shapely.LineString(points) for points, _ in rows]
    path = folder / "roads.gpkg"
    gpd.GeoDataFrame([tags for _, tags in rows], geometry=shapes, crs=crs).to_file(path, layer="lines", driver="GPKG")
    return read_line_roads(path, datum="wgs84", layer=None, limits=Limits(), options=LineOptions(**options))


def at(east_m, north_m):
    return 104.0 + east_m * M / np.cos(np.radians(30.0)), 30.0 + north_m * M


def said(pieces):
    return " ".join(map(str, road_notes(pieces)))


MAIN, SIDE = [at(0, 0), at(200, 0)], [at(100, 0), at(100, 150)]


def test_what_is_something_else_is_no_road(tmp_path):
    rows = [
        (MAIN, {"highway": "residential", "waterway": None, "other_tags": '"oneway"=>"yes","maxspeed"=>"30"'}),
        (SIDE, {"highway": None, "waterway": "river", "other_tags": None}),
        (SIDE, {"highway": None, "waterway": None, "other_tags": '"railway"=>"rail","name"=>"a \\"b\\""'}),
        (SIDE, {"highway": None, "waterway": None, "other_tags": '"name"=>"nothing else"'}),
        (SIDE, {"highway": None, "waterway": None, "other_tags": '"foot"=>"yes"'}),
    ]
    pieces = read(tmp_path, rows)
    assert pieces.kinds == (
        {"highway": "residential", "maxspeed": "30", "oneway": "yes"},
        {"foot": "yes", "highway": "road"},
    )
    assert pieces.drawn.not_roads == {"waterway": 1, "railway": 1, "": 1}
    assert "not roads, skipped: 2, by tag railway (1), waterway (1)" in said(pieces)
    assert "any other tag of a road, skipped: 1" in said(pieces)


def test_a_class_may_be_stated_for_lines_that_have_none(tmp_path):
    rows = [(MAIN, {"name": "a"}), (SIDE, {"name": "b"})]
    with pytest.raises(InputError, match="default_class"):
        read(tmp_path, rows)
    pieces = read(tmp_path, rows, default_class=known_class("支路"))
    assert [tags["highway"] for tags in pieces.kinds] == ["tertiary"]
    assert "count as tertiary by `default_class`: 2" in said(pieces)
    with pytest.raises(InputError, match="Unknown road class '大路'"):
        known_class("大路")


@pytest.mark.parametrize(
    ("written", "highway"),
    [("主干路", "primary"), ("次干道", "secondary"), ("支路", "tertiary"), ("国道", "trunk"), ("步行街", "pedestrian")],
)
def test_chinese_classes_are_known(tmp_path, written, highway):
    pieces = read(tmp_path, [(MAIN, {"道路等级": written})])
    assert pieces.kinds == ({"highway": highway},)
    assert f"{written} = {highway} (1)" in said(pieces)


def test_lists_as_text_are_lists(tmp_path):
    tags = {"highway": "['residential', 'tertiary']", "maxspeed": '["50", "30"]', "oneway": "False"}
    pieces = read(tmp_path, [(MAIN, tags)])
    assert pieces.kinds == ({"highway": "residential;tertiary", "maxspeed": "50;30", "oneway": "no"},)


@pytest.mark.parametrize("end_m", [0.0, 0.3, -1.0])
def test_a_street_that_ends_on_another_short_of_it_or_beyond_it_meets_it(tmp_path, end_m):
    rows = [(MAIN, {"highway": "residential"}), ([at(100, end_m), at(100, 150)], {"highway": "residential"})]
    pieces = read(tmp_path, rows)
    assert len(pieces.tail) == 3  # the main street in two, and the side street
    assert (pieces.drawn.joined_ends, pieces.drawn.open_crossings) == (1, 0)
    assert pieces.length_m.sum() == pytest.approx(200 + 150 - end_m, abs=0.5)
    refuse_disconnected(pieces, file="roads.gpkg")
    assert "joined to a line within 2 m" in said(pieces)
    assert len(read(tmp_path, rows, tolerance_m=0.0).tail) == 2


def test_two_streets_that_end_together_on_a_third_meet_it(tmp_path):
    rows = [(MAIN, {"highway": "residential"})]
    rows += [([at(100, 0.4), at(100, north)], {"highway": "residential"}) for north in (150, -150)]
    pieces = read(tmp_path, rows)
    assert len(pieces.tail) == 4
    refuse_disconnected(pieces, file="roads.gpkg")
    assert len(pieces.lon) == 5


def test_ends_that_nearly_meet_are_one_node(tmp_path):
    rows = [([at(0, 0), at(100, 0)], {"highway": "service"}), ([at(100.5, 0), at(200, 0)], {"highway": "service"})]
    pieces = read(tmp_path, rows)
    assert len(set(pieces.tail) | set(pieces.head)) == 3
    far = read(tmp_path, [rows[0], ([at(105, 0), at(200, 0)], {"highway": "service"})])
    assert len(set(far.tail) | set(far.head)) == 4
    assert far.drawn.near_ends == 2
    assert "raise `tolerance_m`" in said(far)


def test_a_bridge_stays_apart_unless_the_scenario_joins_crossings(tmp_path):
    over = [at(100, -150), at(100, 150)]
    rows = [(MAIN, {"highway": "residential", "bridge": None}), (over, {"highway": "residential", "bridge": None})]
    apart = read(tmp_path, rows)
    assert (len(apart.tail), apart.drawn.open_crossings) == (2, 1)
    assert 'set `crossings = "join"`' in said(apart)
    joined = read(tmp_path, rows, join_crossings=True)
    assert (len(joined.tail), joined.drawn.joined_crossings) == (4, 1)
    bridge = [rows[0], (over, {"highway": "residential", "bridge": "yes"})]
    assert len(read(tmp_path, bridge, join_crossings=True).tail) == 2


def test_noded_lines_stay_as_they_are(tmp_path):
    rows = [([at(100 * i, 0), at(100 * i + 100, 0)], {"highway": "residential"}) for i in range(20)] + [
        ([at(100 * i, 0), at(100 * i, 80)], {"highway": "service"}) for i in range(1, 20)
    ]
    with_joining, without = read(tmp_path, rows), read(tmp_path, rows, tolerance_m=0.0)
    assert with_joining.drawn.joined_ends == 0
    assert np.array_equal(with_joining.tail, without.tail)
    assert np.array_equal(with_joining.length_m, without.length_m)


def test_roads_that_fall_apart_or_have_no_length_are_refused(tmp_path):
    parts = [([at(1000 * i, 0), at(1000 * i + 100, 0)], {"highway": "service"}) for i in range(5)]
    with pytest.raises(InputError, match="5 separate parts; the largest holds 20%"):
        refuse_disconnected(read(tmp_path, parts), file="roads.gpkg")
    with pytest.raises(InputError, match=r"0\.01 km long in all"):
        refuse_disconnected(read(tmp_path, [([at(0, 0), at(10, 0)], {"highway": "service"})]), file="roads.gpkg")


def test_degrees_that_are_labelled_metres_are_refused(tmp_path):
    with pytest.raises(InputError, match="a CRS in metres, but the values are degrees"):
        read(tmp_path, [(MAIN, {"highway": "service"})], crs=32649)


FERRY = """<?xml version="1.0"?><osm version="0.6">
<node id="1" lat="30.0" lon="104.0"/><node id="2" lat="30.0" lon="104.01"/><node id="3" lat="30.01" lon="104.01"/>
<way id="1"><nd ref="1"/><nd ref="2"/><tag k="route" v="ferry"/><tag k="foot" v="yes"/>{duration}</way>
<way id="2"><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/></way></osm>"""


@pytest.mark.parametrize("duration", ["00:10", "10", "PT10M", "10 min"])
def test_a_ferry_takes_its_duration(tmp_path, duration):
    path = tmp_path / "town.osm"
    path.write_text(FERRY.format(duration=f'<tag k="duration" v="{duration}"/>'), encoding="utf-8")
    pieces = read_road_files([path], datum="wgs84", layer=None, limits=Limits())
    [ferry] = [kind for kind, tags in enumerate(pieces.kinds) if tags["highway"] == "ferry"]
    length_m = pieces.length_m[pieces.kind == ferry].sum()
    assert float(pieces.kinds[ferry]["ferry_kmh"]) == pytest.approx(length_m * 0.06 / 10, rel=1e-5)


def test_a_ferry_without_a_duration_is_left_out_and_counted(tmp_path):
    path = tmp_path / "town.osm"
    path.write_text(FERRY.format(duration=""), encoding="utf-8")
    pieces = read_road_files([path], datum="wgs84", layer=None, limits=Limits())
    assert [tags["highway"] for tags in pieces.kinds] == ["residential"]
    assert pieces.untimed_ferries == 1
    assert "Ferries left out" in said(pieces)
