"""Roads and places of small OSM extracts, and roads from tables, on cases checkable by hand."""

from __future__ import annotations

import bz2
import gzip
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import osmium
import pytest
from pyproj import Geod

from stationplan.domain import ROAD_CLASSES
from stationplan.errors import InputError
from stationplan.inputs.osm import OSM_SOURCE, read_osm_places, read_osm_roads
from stationplan.inputs.roads.edge_tables import read_csv_roads
from stationplan.inputs.roads.pieces import road_arcs, usable_pieces
from stationplan.inputs.roads.rules import RoadRules, Speeds
from stationplan.scenario import Limits

GEOD = Geod(ellps="WGS84")
RULES = RoadRules(Speeds({"walk": 4.5, "ebike": 15.0}, {"car": {"residential": 18.0, "primary": 36.0, "road": 10.0}}))

NODES = {1: (104.0, 30.0), 2: (104.001, 30.0), 3: (104.002, 30.0), 4: (104.002, 30.001), 5: (104.001, 30.001)}


def xml(*ways, nodes=NODES, tagged=()):
    """OSM XML; a way is (id, node references, tags), a tagged node (id, lon, lat, tags)."""

    def tags(pairs):
        return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in pairs.items())

    parts = [f'<node id="{key}" version="1" lon="{lon}" lat="{lat}"/>' for key, (lon, lat) in nodes.items()]
    parts += [f'<node id="{key}" version="1" lon="{x}" lat="{y}">{tags(t)}</node>' for key, x, y, t in tagged]
    for key, refs, pairs in ways:
        members = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        parts.append(f'<way id="{key}" version="1">{members}{tags(pairs)}</way>')
    return f'<?xml version="1.0"?><osm version="0.6">{"".join(parts)}</osm>'


def roads_of(folder, text):
    path = folder / "town.osm"
    path.write_text(text, encoding="utf-8")
    return road_arcs(usable_pieces(read_osm_roads(path, Limits()), RULES, file=path.name), RULES)


def open_arcs(roads, mode):
    """The arcs that a mode may use, as ((lon, lat), (lon, lat)) pairs."""
    place = [(round(x, 6), round(y, 6)) for x, y in zip(roads.lon, roads.lat, strict=True)]
    usable = np.isfinite(roads.minutes[mode])
    return {(place[t], place[h]) for t, h in zip(roads.tail[usable], roads.head[usable], strict=True)}


def between(*pairs, nodes=NODES):
    return {(nodes[a], nodes[b]) for a, b in pairs}


def test_a_two_way_street_becomes_straight_arcs_both_ways_for_all(tmp_path):
    roads = roads_of(tmp_path, xml((10, [1, 2, 3], {"highway": "residential"})))
    expected = between((1, 2), (2, 1), (2, 3), (3, 2))
    assert all(open_arcs(roads, mode) == expected for mode in ("walk", "ebike", "car"))
    metres = GEOD.inv(104.0, 30.0, 104.001, 30.0)[2]
    assert roads.length_m == pytest.approx(np.full(4, metres), rel=1e-9)
    assert roads.minutes["walk"] == pytest.approx(roads.length_m / 75)
    assert roads.minutes["ebike"] == pytest.approx(roads.length_m / 250)
    assert roads.minutes["car"] == pytest.approx(roads.length_m / 300)
    assert not roads.major.any()


def test_one_way_streets_and_footways_open_the_right_arcs(tmp_path):
    roads = roads_of(
        tmp_path,
        xml(
            (10, [1, 2], {"highway": "primary", "oneway": "yes"}),
            (11, [2, 3], {"highway": "primary", "oneway": "-1"}),
            (12, [3, 4], {"highway": "footway"}),
            (13, [4, 5], {"highway": "motorway"}),
            (14, [5, 1], {"highway": "construction"}),
            (15, [1, 5], {"building": "yes"}),
        ),
    )
    assert open_arcs(roads, "walk") == between((1, 2), (2, 1), (2, 3), (3, 2), (3, 4), (4, 3))
    assert open_arcs(roads, "ebike") == between((1, 2), (3, 2))
    assert open_arcs(roads, "car") == between((1, 2), (3, 2), (4, 5))
    assert roads.major.tolist() == [True, True, False, True] * 2


def test_a_closed_way_is_a_loop_and_a_repeated_node_no_arc(tmp_path):
    roads = roads_of(tmp_path, xml((10, [1, 2, 2, 5, 1], {"highway": "residential", "junction": "roundabout"})))
    assert open_arcs(roads, "car") == between((1, 2), (2, 5), (5, 1))
    assert (roads.tail != roads.head).all()


def test_a_way_that_leaves_the_extract_keeps_the_parts_inside(tmp_path):
    roads = roads_of(tmp_path, xml((10, [1, 2, 99, 98, 3, 4], {"highway": "residential"})))
    assert open_arcs(roads, "walk") == between((1, 2), (2, 1), (3, 4), (4, 3))
    assert len(roads.lon) == 4


def test_a_way_with_no_node_inside_leaves_nothing_behind(tmp_path):
    ways = (10, [98, 99], {"highway": "residential"}), (11, [1, 2], {"highway": "residential"})
    roads = roads_of(tmp_path, xml(*ways))
    assert open_arcs(roads, "walk") == between((1, 2), (2, 1))


def test_osm_is_credited(tmp_path):
    text = xml((10, [1, 2], {"highway": "residential"}))
    assert roads_of(tmp_path, text).source == OSM_SOURCE
    assert "OpenStreetMap" in OSM_SOURCE


def test_an_extract_without_roads_is_refused(tmp_path):
    with pytest.raises(InputError, match="no roads"):
        roads_of(tmp_path, xml((10, [1, 2], {"highway": "proposed"})))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.osm.pbf", b""),
        ("zeros.osm.pbf", bytes(1000)),
        ("text.osm.pbf", b"id,lon,lat\n1,2,3\n"),
        ("cut.osm", xml((10, [1, 2], {"highway": "residential"})).encode()[:-30]),
        ("version.osm", b"<osm><node id='1'/></osm>"),
        ("words.osm", xml((10, [1, 2], {"highway": "residential"}), nodes={1: ("x", "y"), 2: (104, 30)}).encode()),
        ("roads.txt", b"id\n1\n"),
    ],
)
@pytest.mark.parametrize("read", ["roads", "places"])
def test_a_malformed_extract_is_named_with_a_cure(tmp_path, name, data, read):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        if read == "roads":
            read_osm_roads(path, Limits())
        else:
            read_osm_places(path, ["amenity=bank"], Limits())
    (fault,) = caught.value.faults
    assert fault.file == name
    assert "not a readable OSM extract" in str(fault.what)
    assert ".osm.pbf" in str(fault.cure)


def test_a_real_extract_cut_short_is_refused(tmp_path, shared_data):
    whole = (shared_data / "porto-alegre/poa_osm.pbf").read_bytes()
    (tmp_path / "cut.osm.pbf").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.osm\.pbf"):
        read_osm_roads(tmp_path / "cut.osm.pbf", Limits())


STREET = xml((10, [1, 2, 3], {"highway": "residential"}))


@pytest.mark.parametrize(("suffix", "pack"), [("osm", bytes), ("osm.gz", gzip.compress), ("osm.bz2", bz2.compress)])
def test_xml_is_read_plain_and_packed(tmp_path, suffix, pack):
    path = tmp_path / f"town.{suffix}"
    path.write_bytes(pack(STREET.encode()))
    pieces = read_osm_roads(path, Limits())
    assert (len(pieces.lon), len(pieces.tail), pieces.kinds) == (3, 2, ({"highway": "residential"},))


@pytest.mark.parametrize(("suffix", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress)])
@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-20], lambda data: data[:40] + bytes(8) + data[48:], lambda _: b""]
)
def test_packed_xml_that_is_damaged_is_refused(tmp_path, suffix, pack, spoil):
    path = tmp_path / f"town.osm.{suffix}"
    path.write_bytes(spoil(pack(STREET.encode())))
    with pytest.raises(InputError) as caught:
        read_osm_roads(path, Limits())
    assert [fault.file for fault in caught.value.faults] == [path.name]


@pytest.mark.parametrize(("suffix", "pack"), [("osm", bytes), ("osm.gz", gzip.compress), ("osm.bz2", bz2.compress)])
def test_xml_with_entities_is_refused(tmp_path, suffix, pack):
    path = tmp_path / f"town.{suffix}"
    lol = '<!DOCTYPE osm [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    path.write_bytes(pack(STREET.replace("<osm", lol + "<osm", 1).encode()))
    with pytest.raises(InputError, match="entities"):
        read_osm_roads(path, Limits())


def test_packed_xml_that_unpacks_too_far_is_refused(tmp_path):
    (tmp_path / "bomb.osm.gz").write_bytes(gzip.compress(STREET.encode() + b" " * 3_000_000))
    with pytest.raises(InputError, match="unpacks to more than 1 MB"):
        read_osm_roads(tmp_path / "bomb.osm.gz", Limits(unpacked_mb=1))


def test_an_extract_of_more_road_nodes_than_the_limit_is_refused(tmp_path):
    (tmp_path / "town.osm").write_text(STREET)
    with pytest.raises(InputError, match="vertices"):
        read_osm_roads(tmp_path / "town.osm", Limits(vertices=2))


def test_what_is_cut_or_not_used_is_told(tmp_path):
    ways = [(10, [1, 2, 99, 98, 3, 4], {"highway": "residential", "maxspeed": "CN:urban"})]
    ways += [(11, [1, 2], {"highway": "construction"}), (12, [2, 3], {"highway": "construction"})]
    said = [str(note) for note in roads_of(tmp_path, xml(*ways)).notes]
    metres = sum(GEOD.inv(*NODES[a], *NODES[b])[2] for a, b in ((1, 2), (3, 4)))
    assert said == [
        "2 road nodes lie outside the extract; roads are cut off there.",
        "Skipped non-routable ways: 2, mostly construction (2).",
        f"On {round(metres / 1000, 1)} km of road the tag maxspeed is not a numeric speed limit and is ignored.",
    ]


def test_every_node_of_a_real_extract_is_where_pyosmium_says(shared_data):
    source = shared_data / "porto-alegre/poa_osm.pbf"
    pieces = read_osm_roads(source, Limits())
    found, count = Counter(), 0
    for way in osmium.FileProcessor(str(source)).with_locations().with_filter(osmium.filter.KeyFilter("highway")):
        if way.is_way() and way.tags["highway"] in ROAD_CLASSES:
            places = [(node.lon, node.lat) for node in way.nodes if node.location.valid()]
            ids = [node.ref for node in way.nodes if node.location.valid()]
            assert len(places) == len(way.nodes)
            count += sum(a != b for a, b in pairwise(ids))
            found.update(pair for pair, (a, b) in zip(pairwise(places), pairwise(ids), strict=True) if a != b)
    at = list(zip(pieces.lon.tolist(), pieces.lat.tolist(), strict=True))
    ours = Counter((at[tail], at[head]) for tail, head in zip(pieces.tail.tolist(), pieces.head.tolist(), strict=True))
    assert ours == found
    assert count == len(pieces.tail) > 40_000


def test_places_are_tagged_nodes_and_the_middles_of_closed_ways(tmp_path):
    path = tmp_path / "town.osm"
    bank = {"amenity": "bank", "name": "银行"}
    path.write_text(
        xml(
            (20, [2, 3, 4, 5, 2], {"amenity": "fuel"}),
            (21, [1, 2, 3], {"amenity": "fuel"}),  # open: no outline
            (22, [2, 3, 99, 5, 2], {"amenity": "fuel"}),  # partly outside: its middle is not known
            (23, [97, 98, 99, 97], {"amenity": "fuel"}),  # wholly outside
            tagged=[(6, 104.5, 30.5, bank), (7, 104.6, 30.6, {"amenity": "cafe"}), (8, 104.7, 30.7, {"name": "bank"})],
        ),
        encoding="utf-8",
    )
    found, left_out = read_osm_places(path, ["amenity=bank", "amenity=fuel"], Limits())
    places = {place.id: place for place in found}
    assert (set(places), left_out) == ({"node/6", "way/20"}, 3)
    assert (places["node/6"].lon, places["node/6"].lat, places["node/6"].tags) == (104.5, 30.5, bank)
    square = places["way/20"]
    assert (square.lon, square.lat) == pytest.approx((104.0015, 30.0005), abs=1e-9)


NODE_ROWS = "node_id,lon,lat\n1,104.0,30.0\n2,104.001,30.0\n3,104.001,30.001\n"


def tables(folder: Path, edges, nodes=NODE_ROWS, **options):
    (folder / "nodes.csv").write_text(nodes, encoding="utf-8")
    (folder / "edges.csv").write_text(edges, encoding="utf-8")
    settings = {"datum": "wgs84", "limits": Limits(), **options}
    return road_arcs(read_csv_roads(folder / "nodes.csv", folder / "edges.csv", **settings), RULES)


def test_a_row_of_edges_is_one_direction_for_wheels_and_both_for_walkers(tmp_path):
    roads = tables(tmp_path, "u,v,highway\n1,2,residential\n2,3,footway\n")
    nodes = {1: (104.0, 30.0), 2: (104.001, 30.0), 3: (104.001, 30.001)}
    assert open_arcs(roads, "walk") == between((1, 2), (2, 1), (2, 3), (3, 2), nodes=nodes)
    assert open_arcs(roads, "ebike") == open_arcs(roads, "car") == between((1, 2), nodes=nodes)


def test_shape_points_become_nodes_and_lengths_add_up_to_the_stated_one(tmp_path):
    line = "LINESTRING(104 30, 104.0005 30.0002, 104.0005 30.0004, 104.001 30)"
    roads = tables(tmp_path, f'u,v,highway,length_m,wkt\n1,2,residential,500,"{line}"\n2,3,residential,,\n')
    assert np.column_stack([roads.lon, roads.lat])[3:].tolist() == [[104.0005, 30.0002], [104.0005, 30.0004]]
    assert roads.tail.tolist()[:4] == [0, 3, 4, 1]
    assert roads.head.tolist()[:4] == [3, 4, 1, 2]
    pieces = GEOD.line_lengths([104, 104.0005, 104.0005, 104.001], [30, 30.0002, 30.0004, 30])
    assert roads.length_m[:3] == pytest.approx(np.array(pieces) * 500 / sum(pieces))
    assert roads.length_m[3] == pytest.approx(GEOD.inv(104.001, 30, 104.001, 30.001)[2])
    assert roads.minutes["walk"][:4] == pytest.approx(roads.length_m[:4] / 75)


def test_both_directions_of_a_bent_street_share_its_shape_points(tmp_path):
    # Else a point beside the bend would meet one direction only, and wheels could not leave it in the other.
    there = "LINESTRING(104 30, 104.0005 30.0002, 104.001 30)"
    back = "LINESTRING(104.001 30, 104.0005 30.0002, 104 30)"
    roads = tables(tmp_path, f'u,v,highway,wkt\n1,2,residential,"{there}"\n2,1,residential,"{back}"\n')
    assert len(roads.lon) == 3 + 1
    arcs = set(zip(roads.tail.tolist(), roads.head.tolist(), np.isfinite(roads.minutes["car"]).tolist(), strict=True))
    assert {(0, 3, True), (3, 1, True), (1, 3, True), (3, 0, True)} <= arcs


def test_streets_that_cross_without_a_node_stay_apart(tmp_path):
    # A bridge: both lines have the same shape point, and nobody turns there.
    nodes = "node_id,lon,lat\n1,104,30\n2,104.002,30\n3,104.001,29.999\n4,104.001,30.001\n"
    rows = '1,2,primary,"LINESTRING(104 30, 104.001 30, 104.002 30)"\n'
    rows += '3,4,primary,"LINESTRING(104.001 29.999, 104.001 30, 104.001 30.001)"\n'
    roads = tables(tmp_path, f"u,v,highway,wkt\n{rows}", nodes=nodes)
    assert len(roads.lon) == 4 + 2


def test_an_edge_between_two_nodes_of_one_place_keeps_its_length(tmp_path):
    nodes = "node_id,lon,lat\n1,104,30\n2,104,30\n"
    roads = tables(tmp_path, "u,v,highway,length_m\n1,2,residential,30\n", nodes=nodes)
    assert roads.length_m.tolist() == [30, 30]


def test_shape_points_shift_with_the_datum(tmp_path):
    line = "LINESTRING(104 30, 104.0005 30, 104.001 30)"
    roads = tables(tmp_path, f'u,v,highway,wkt\n1,2,residential,"{line}"\n', datum="gcj02")
    lon, lat = roads.lon, roads.lat
    assert 200 < GEOD.inv(104.0005, 30, lon[3], lat[3])[2] < 700
    assert lon[3] == pytest.approx((lon[0] + lon[1]) / 2, abs=1e-6)
    assert lat[3] == pytest.approx((lat[0] + lat[1]) / 2, abs=1e-6)


def test_a_stated_speed_is_a_limit_for_cars_only(tmp_path):
    roads = tables(
        tmp_path,
        "u,v,highway,length_m,speed_kmh\n1,2,residential,300,9\n2,3,residential,300,\n3,1,residential,300,60\n",
    )
    # The class goes 18 km/h = 300 m a minute; a lower limit binds, a higher one does not speed it up.
    assert roads.minutes["car"][:3].tolist() == pytest.approx([2, 1, 1])
    assert roads.minutes["ebike"][:3].tolist() == pytest.approx([1.2, 1.2, 1.2])


def test_an_empty_class_is_a_road_and_main_classes_are_marked(tmp_path):
    roads = tables(tmp_path, "u,v,highway,length_m\n1,2,,500\n2,3,primary,600\n")
    assert roads.minutes["car"][:2].tolist() == pytest.approx([3, 1])
    assert roads.major.tolist() == [False, True] * 2


def test_every_fault_of_both_tables_comes_with_its_row(tmp_path):
    edges = (
        "u,v,highway,length_m,speed_kmh,wkt\n"
        "1,9,residential,5,30,\n"
        "8,2,residential,5,30,\n"
        "1,2,avenue,5,30,\n"
        '1,2,residential,5,30,"POINT(104 30)"\n'
        "1,2,residential,-5,30,\n"
        "1,2,residential,5,0,\n"
        '1,2,residential,5,30,"LINESTRING(104 30"\n'
    )
    nodes = "node_id,lon,lat\n1,104.0,30.0\n2,104.0,130.0\n2,x,30\n"
    with pytest.raises(InputError) as caught:
        tables(tmp_path, edges, nodes=nodes)
    places = sorted((fault.file, fault.row) for fault in caught.value.faults)
    assert places == [("edges.csv", row) for row in range(2, 9)] + [("nodes.csv", row) for row in (3, 4, 4)]
    said = {fault.row: str(fault.what) for fault in caught.value.faults if fault.file == "edges.csv"}
    assert "node '9'" in said[2]
    assert "'avenue'" in said[4]
    assert "POINT" in said[5]


@pytest.mark.parametrize("point", ["nan nan", "inf inf", "104 95", "400 30"])
def test_shape_points_that_are_no_coordinates_are_refused_with_their_row(tmp_path, point):
    with pytest.raises(InputError) as caught:
        tables(tmp_path, f'u,v,highway,wkt\n1,2,residential,"LINESTRING(104 30, {point}, 104.001 30)"\n')
    assert [fault.place for fault in caught.value.faults] == ["edges.csv:2"]


MULTIPOLYGON = """<?xml version="1.0"?><osm version="0.6">
<node id="1" version="1" lon="104.0" lat="30.0"/><node id="2" version="1" lon="104.002" lat="30.0"/>
<node id="3" version="1" lon="104.002" lat="30.002"/><node id="4" version="1" lon="104.0" lat="30.002"/>
<way id="10" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/></way>
<way id="11" version="1"><nd ref="3"/><nd ref="4"/><nd ref="1"/></way>
<relation id="30" version="1"><member type="way" ref="10" role="outer"/><member type="way" ref="11" role="outer"/>
 <tag k="type" v="multipolygon"/><tag k="amenity" v="fuel"/><tag k="name" v="加油站"/></relation>
<relation id="31" version="1"><member type="way" ref="99" role="outer"/>
 <tag k="type" v="multipolygon"/><tag k="amenity" v="fuel"/></relation>
<relation id="32" version="1"><member type="node" ref="1" role="stop"/>
 <tag k="type" v="site"/><tag k="amenity" v="fuel"/></relation>
</osm>"""


def test_a_place_drawn_as_a_multipolygon_stands_in_its_middle(tmp_path):
    path = tmp_path / "town.osm"
    path.write_text(MULTIPOLYGON, encoding="utf-8")
    (place,), left_out = read_osm_places(path, ["amenity=fuel"], Limits())
    assert (place.id, place.tags["name"]) == ("relation/30", "加油站")
    assert (place.lon, place.lat) == pytest.approx((104.001, 30.001), abs=1e-9)
    assert left_out == 2


def test_an_extract_with_entities_gives_no_places(tmp_path):
    path = tmp_path / "town.osm"
    path.write_text(MULTIPOLYGON.replace("<osm", '<!DOCTYPE osm [<!ENTITY a "b">]><osm', 1), encoding="utf-8")
    with pytest.raises(InputError, match="entities"):
        read_osm_places(path, ["amenity=fuel"], Limits())
