"""GraphML as OSMnx saves it: the graph's own nodes, lengths and directions; malformed graphs named."""

from __future__ import annotations

import networkx as nx
import numpy as np
import osmium
import osmnx
import pyproj
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from stationplan.access import network_of
from stationplan.domain import ROAD_CLASSES
from stationplan.errors import InputError
from stationplan.inputs.osm import OSM_SOURCE
from stationplan.inputs.roads.graphml import read_graphml_roads
from stationplan.inputs.roads.pieces import road_arcs, usable_pieces
from stationplan.inputs.roads.rules import RoadRules, Speeds
from stationplan.scenario import Limits

RULES = RoadRules(Speeds({"walk": 6.0, "ebike": 12.0}, {"car": {"residential": 30.0, "primary": 60.0, "road": 18.0}}))

NODES = {1: (104.0, 30.0), 2: (104.001, 30.0), 3: (104.002, 30.0)}


def graph_of(*edges, crs="epsg:4326"):
    """A graph of small numbers; an edge is (from, to, attributes)."""
    graph = nx.MultiDiGraph(crs=crs, created_with="OSMnx 2")
    graph.add_nodes_from((node, {"x": x, "y": y}) for node, (x, y) in NODES.items())
    graph.add_edges_from(edges)
    return graph


def saved(folder, graph):
    osmnx.save_graphml(graph, folder / "graph.graphml")
    return folder / "graph.graphml"


def minutes_of(path, mode):
    """The minutes of every arc that a mode may use, the least of parallel ones, by places."""
    roads = road_arcs(usable_pieces(read_graphml_roads(path, Limits()), RULES, file=path.name), RULES)
    found: dict = {}
    for tail, head, minutes in zip(roads.tail, roads.head, roads.minutes[mode], strict=True):
        if np.isfinite(minutes):
            pair = tuple((round(roads.lon[node], 6), round(roads.lat[node], 6)) for node in (tail, head))
            found[pair] = min(minutes, found.get(pair, np.inf))
    return found


def between(*pairs):
    return {(NODES[a], NODES[b]) for a, b in pairs}


@pytest.mark.parametrize(
    "crs",
    ["EPSG:4326", "4326", "{'init': 'epsg:4326'}", "{'init': 'epsg:4326', 'no_defs': True}", "+init=epsg:4326", "WKT"],
)
def test_old_and_other_forms_of_longitude_and_latitude_are_known(tmp_path, crs):
    path = saved(tmp_path, graph_of((1, 2, {"highway": "residential", "length": 100.0, "oneway": True})))
    written = pyproj.CRS.from_epsg(4326).to_wkt().replace("<", "&lt;") if crs == "WKT" else crs
    path.write_text(path.read_text("utf-8").replace("epsg:4326", written), encoding="utf-8")
    assert len(read_graphml_roads(path, Limits()).tail) == 1


def test_edges_are_directions_for_wheels_and_walkers_go_both_ways(tmp_path):
    edge = {"highway": "residential", "length": 100.0, "oneway": True}
    two_way = {**edge, "oneway": False}
    path = saved(tmp_path, graph_of((1, 2, edge), (2, 3, two_way), (3, 2, two_way)))
    assert set(minutes_of(path, "car")) == between((1, 2), (2, 3), (3, 2))
    walk = minutes_of(path, "walk")
    assert set(walk) == between((1, 2), (2, 1), (2, 3), (3, 2))
    assert list(walk.values()) == pytest.approx([1.0] * 4)  # 100 m at 6 km/h


def test_lists_keep_all_values_and_the_lowest_speed_counts(tmp_path):
    mixed = {"highway": ["primary", "residential"], "length": 100.0, "maxspeed": ["40", "10"]}
    closed = {"highway": ["primary", "footway"], "length": 100.0}
    path = saved(tmp_path, graph_of((1, 2, mixed), (2, 3, closed)))
    assert minutes_of(path, "car") == {(NODES[1], NODES[2]): pytest.approx(0.6)}  # 100 m at 10 km/h
    assert set(minutes_of(path, "walk")) == between((1, 2), (2, 1), (2, 3), (3, 2))


def test_tags_count_where_the_graph_has_them(tmp_path):
    private = {"highway": "residential", "length": 100.0, "access": "private", "foot": "yes"}
    path = saved(tmp_path, graph_of((1, 2, private), (2, 3, {"highway": "residential", "length": 100.0})))
    assert set(minutes_of(path, "car")) == between((2, 3))
    assert set(minutes_of(path, "walk")) == between((1, 2), (2, 1), (2, 3), (3, 2))


def test_edges_without_a_class_or_of_one_that_is_no_road_are_counted(tmp_path):
    edges = [(1, 2, {"highway": "residential", "length": 9.0}), (2, 3, {"length": 9.0})]
    edges += [(3, 1, {"highway": ["residential", "proposed"], "length": 9.0})]
    pieces = read_graphml_roads(saved(tmp_path, graph_of(*edges)), Limits())
    assert pieces.other_classes == {"-": 1, "residential;proposed": 1}
    assert (len(pieces.tail), pieces.source) == (1, OSM_SOURCE)


@pytest.fixture(scope="module")
def town(shared_data, tmp_path_factory):
    """The streets of the middle of Porto Alegre as a graph of OSMnx, every shape point a node."""
    path = tmp_path_factory.mktemp("town") / "town.osm"
    inside = set()
    with osmium.SimpleWriter(str(path)) as writer:
        for thing in osmium.FileProcessor(str(shared_data / "porto-alegre/poa_osm.pbf")):
            if thing.is_node():
                keep = -51.23 < thing.lon < -51.20 and -30.05 < thing.lat < -30.02
                inside |= {thing.id} if keep else set()
            elif thing.is_way():
                keep = thing.tags.get("highway") in ROAD_CLASSES and inside.issuperset(ref.ref for ref in thing.nodes)
            if keep:
                writer.add(thing)
    return osmnx.graph_from_xml(path, simplify=False, retain_all=True)


@pytest.fixture(scope="module")
def town_pieces(town, tmp_path_factory):
    return read_graphml_roads(saved(tmp_path_factory.mktemp("graph"), town), Limits())


def test_a_saved_graph_has_osmnxs_nodes_and_lengths(town, town_pieces):
    pieces = town_pieces
    nodes = [(data["x"], data["y"]) for _, data in town.nodes(data=True)]
    assert list(zip(pieces.lon.tolist(), pieces.lat.tolist(), strict=True)) == nodes
    assert len(nodes) > 4_000
    numbers = {node: i for i, node in enumerate(town)}
    expected = sorted((numbers[u], numbers[v], data["length"]) for u, v, data in town.edges(data=True))
    found = sorted(zip(pieces.tail.tolist(), pieces.head.tolist(), pieces.length_m.tolist(), strict=True))
    assert np.allclose(found, expected, rtol=1e-6, atol=0)


def test_a_simplified_graph_keeps_its_lengths_and_bends(town, tmp_path):
    simple = osmnx.simplify_graph(town)
    pieces = read_graphml_roads(saved(tmp_path, simple), Limits())
    total = sum(length for *_, length in simple.edges(data="length"))
    assert pieces.length_m.sum() == pytest.approx(total, rel=1e-9)
    assert simple.number_of_nodes() < 0.8 * town.number_of_nodes()
    bends = {point for *_, shape in simple.edges(data="geometry") if shape is not None for point in shape.coords}
    places = set(zip(pieces.lon.tolist(), pieces.lat.tolist(), strict=True))
    assert bends <= places
    assert places <= bends | {(data["x"], data["y"]) for _, data in simple.nodes(data=True)}


def test_shortest_walks_are_those_of_networkx(town, town_pieces):
    network = network_of(road_arcs(town_pieces, RULES), crs="EPSG:32722")
    closed = {"no", "private", "agricultural", "forestry", "military", "emergency", "psv", "bus"}
    walkable = nx.Graph()
    for u, v, data in town.edges(data=True):
        if data["highway"] not in {"motorway", "motorway_link", "cycleway"} and data.get("access") not in closed:
            known = walkable.get_edge_data(u, v, {"length": np.inf})["length"]
            walkable.add_edge(u, v, length=min(known, data["length"]))
    start = max(nx.connected_components(walkable), key=len).pop()
    expected = nx.single_source_dijkstra_path_length(walkable, start, weight="length")
    metres = network.metres["walk"]
    usable = np.isfinite(metres)
    matrix = csr_array((metres[usable], (network.tail[usable], network.head[usable])), shape=(network.node_count,) * 2)
    found = dijkstra(matrix, indices=list(town).index(start))
    ours = {node: value for node, value in zip(town, found.tolist(), strict=True) if np.isfinite(value)}
    assert ours.keys() == expected.keys()
    assert len(ours) > 4_000
    assert np.allclose([ours[node] for node in ours], [expected[node] for node in ours], rtol=1e-9)


def text_of(folder, change=lambda text: text):
    path = saved(folder, graph_of((1, 2, {"highway": "residential", "length": 9.0})))
    path.write_text(change(path.read_text("utf-8")), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace('attr.name="x"', 'attr.name="easting"'), "'x'"),
        (lambda text: text.replace('attr.name="crs"', 'attr.name="datum"'), "'crs'"),
        (lambda text: text.replace("epsg:4326", "epsg:32648"), "epsg:32648"),
        (lambda text: text.replace('"directed"', '"undirected"'), "undirected"),
        (lambda text: text.replace('target="2"', 'target="9"'), "'9'"),
        (lambda text: text.replace(">104.0<", ">104,0<"), "104,0"),
        (lambda text: text.replace(">104.0<", ">10400<"), "degrees"),
        (lambda text: text.replace(">9.0<", ">-9<"), "length"),
        (lambda text: text[: len(text) // 2], "malformed"),
        (lambda _: "", "malformed"),
        (lambda _: "<html/>", "no roads"),
        (lambda text: text.replace("residential", "proposed"), "no roads"),
        (lambda text: text.replace("<graphml", '<!DOCTYPE x [<!ENTITY a "b">]><graphml', 1), "entities"),
    ],
)
def test_a_graph_that_cannot_be_read_is_named_with_its_fault(tmp_path, change, said):
    with pytest.raises(InputError, match=said) as caught:
        read_graphml_roads(text_of(tmp_path, change), Limits())
    (fault,) = caught.value.faults
    assert fault.file == "graph.graphml"
    assert str(fault.cure)


def test_a_graph_larger_than_the_limits_is_refused(tmp_path):
    with pytest.raises(InputError, match="vertices"):
        read_graphml_roads(text_of(tmp_path), Limits(vertices=2))
