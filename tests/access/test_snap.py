"""Points meet the nearest road they may use, and cutting roads there changes no travel time."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import both_ways, networks_and_points, road_network

from stationplan.access import connect, network_of, travel_times
from stationplan.access.times import impedance
from stationplan.geo import project
from stationplan.inputs.roads.edge_tables import read_csv_roads
from stationplan.inputs.roads.pieces import road_arcs
from stationplan.inputs.roads.rules import RoadRules, Speeds
from stationplan.scenario import Limits


def _connect(network, points, *, modes=("walk",), max_snap_m=1000.0, min_component_nodes=1):
    x, y = np.array(points, dtype=float).reshape(-1, 2).T
    return connect(network, x, y, modes=modes, max_snap_m=max_snap_m, min_component_nodes=min_component_nodes)


def _times(network, nodes, mode="walk"):
    """Minutes [from, to] between nodes, inf where there is no way."""
    found = travel_times(network, nodes, nodes, cutoff_min=np.inf, mode=mode).tocoo()
    dense = np.full((len(nodes), len(nodes)), np.inf)
    dense[found.coords] = found.data
    return dense


def _usable_lines(x, y, arcs, mode, min_nodes):
    """Lines of the arcs of a mode inside a strongly connected part that is large enough, by networkx."""
    graph = nx.DiGraph([(a, b) for a, b, minutes in arcs if mode in minutes and a != b])
    parts = list(nx.strongly_connected_components(graph))
    least = min(min_nodes, max((len(part) for part in parts), default=0))
    return [
        shapely.LineString([(x[a], y[a]), (x[b], y[b])])
        for part in parts
        if len(part) >= least
        for a, b in graph.subgraph(part).edges
    ]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(networks_and_points())
def test_cutting_roads_changes_no_way_between_old_nodes(case):
    x, y, arcs, points = case
    network = road_network(x, y, arcs)
    split, _ = _connect(network, points, modes=list(network.minutes))
    old = np.arange(len(x))
    assert np.array_equal(split.x[old], network.x)
    assert np.array_equal(split.y[old], network.y)
    for mode in network.minutes:
        for measure in ("minutes", "metres"):
            before = impedance(network, measure, mode, old, old, cutoff=np.inf).tocoo()
            after = impedance(split, measure, mode, old, old, cutoff=np.inf).tocoo()
            assert set(zip(*before.coords, strict=True)) == set(zip(*after.coords, strict=True))
            assert np.allclose(before.toarray(), after.toarray(), rtol=0, atol=1e-9)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(networks_and_points(), st.sampled_from([1, 3, 50]), st.sampled_from([20.5, 1000.0]))
def test_each_point_meets_the_nearest_road_that_its_mode_may_use(case, min_nodes, limit):
    x, y, arcs, points = case
    network = road_network(x, y, arcs)
    modes = list(network.minutes)
    split, snap = _connect(network, points, modes=modes, max_snap_m=limit, min_component_nodes=min_nodes)
    for mode in modes:
        lines = _usable_lines(x, y, arcs, mode, min_nodes)
        for i, point in enumerate(map(shapely.Point, points)):
            nearest = min((line.distance(point) for line in lines), default=np.inf)
            node, offroad = int(snap.node[mode][i]), snap.offroad_m[mode][i]
            if nearest > limit:
                assert (node, offroad) == (-1, np.inf)
                continue
            assert offroad == pytest.approx(nearest, abs=1e-6)
            place = shapely.Point(split.x[node], split.y[node])
            # A place within a centimetre of a node is the node.
            assert place.distance(point) == pytest.approx(nearest, abs=0.0101)
            assert min(line.distance(place) for line in lines if line.distance(point) <= nearest + 1e-6) < 0.0101


@settings(max_examples=60, deadline=None, derandomize=True)
@given(networks_and_points(), st.randoms(use_true_random=False))
def test_the_order_of_points_does_not_matter(case, random):
    x, y, arcs, points = case
    order = random.sample(range(len(points)), len(points))
    network = road_network(x, y, arcs)
    modes = list(network.minutes)
    one, here = _connect(network, points, modes=modes)
    other, there = _connect(network, [points[i] for i in order], modes=modes)
    assert np.array_equal(one.x, other.x)
    assert np.array_equal(one.head, other.head)
    for mode in modes:
        assert np.array_equal(one.minutes[mode], other.minutes[mode])
        assert np.array_equal(here.node[mode][order], there.node[mode])
        assert np.array_equal(here.offroad_m[mode][order], there.offroad_m[mode])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    pace=st.lists(st.tuples(st.sampled_from([0.5, 1.0, 3.0]), st.sampled_from([0.5, 2.0])), min_size=1, max_size=5),
    names=st.randoms(use_true_random=False),
    points=st.lists(st.tuples(st.integers(0, 500), st.integers(-90, 90)), min_size=1, max_size=9),
)
def test_ways_between_points_on_a_straight_street_are_its_integral(pace, names, points):
    """Nodes every 100 m along y = 0; ``pace`` holds minutes a 100 m, forth and back, of each segment."""
    count = len(pace) + 1
    name = names.sample(range(count), count)
    x = np.empty(count)
    x[name] = np.arange(count) * 100.0
    arcs = [(name[i], name[i + 1], {"walk": forth}) for i, (forth, _) in enumerate(pace)]
    arcs += [(name[i + 1], name[i], {"walk": back}) for i, (_, back) in enumerate(pace)]
    points = [(min(along, 100 * len(pace)), off) for along, off in points]
    split, snap = _connect(road_network(x, np.zeros(count), arcs), points)
    assert np.allclose(snap.offroad_m["walk"], [abs(off) for _, off in points], rtol=0, atol=1e-9)
    bends = np.arange(count) * 100.0
    forth, back = (np.concatenate([[0], np.cumsum([minutes[way] for minutes in pace])]) for way in (0, 1))
    minutes = _times(split, snap.node["walk"])
    for i, (start, _) in enumerate(points):
        for j, (end, _) in enumerate(points):
            clock = forth if end >= start else back
            expected = abs(np.interp(end, bends, clock) - np.interp(start, bends, clock))
            assert minutes[i, j] == pytest.approx(expected, abs=1e-9)


def test_points_on_one_way_streets_keep_the_direction():
    # A one-way circle 0 -> 1 -> 2 -> 3 -> 0 of 100 m sides, a minute each; two points on its last arc.
    ring = [(i, (i + 1) % 4, {"car": 1.0}) for i in range(4)]
    split, snap = _connect(road_network([0, 100, 100, 0], [0, 0, 100, 100], ring), [(-5, 75), (-5, 25)], modes=["car"])
    first, second = snap.node["car"].tolist()
    assert (split.x[first], split.y[first]) == (0, 75)
    minutes = _times(split, np.array([first, second, 0, 3]), "car")
    assert minutes[0].tolist() == [0.0, 0.5, 0.75, 3.75]
    assert minutes[1].tolist() == [3.5, 0.0, 0.25, 3.25]
    assert minutes[:, 0].tolist() == [0.0, 3.5, 3.25, 0.25]


def test_a_bent_street_in_two_rows_is_one_street_to_go_along_either_way(tmp_path):
    # A street with a bend half way and one row a direction; the two places are half way to the bend, 1500 m apart.
    (tmp_path / "nodes.csv").write_text("node_id,lon,lat\n1,104.00,30.60\n2,104.02,30.60\n")
    (tmp_path / "edges.csv").write_text(
        "u,v,highway,length_m,wkt\n"
        '1,2,residential,3000,"LINESTRING (104.00 30.60, 104.01 30.61, 104.02 30.60)"\n'
        '2,1,residential,3000,"LINESTRING (104.02 30.60, 104.01 30.61, 104.00 30.60)"\n'
    )
    pieces = read_csv_roads(tmp_path / "nodes.csv", tmp_path / "edges.csv", datum="wgs84", limits=Limits())
    roads = road_arcs(pieces, RoadRules(Speeds({"walk": 4.5, "ebike": 15.0}, {"car": {"road": 18.0}})))
    x, y = project([104.005, 104.015], [30.605, 30.605], "EPSG:32648")
    modes = ["walk", "ebike"]
    network, snap = connect(
        network_of(roads, crs="EPSG:32648"), x, y, modes=modes, max_snap_m=500, min_component_nodes=1
    )
    for mode, minutes in (("walk", 20.0), ("ebike", 6.0)):
        ways = _times(network, snap.node[mode], mode)
        assert [ways[0, 1], ways[1, 0]] == pytest.approx([minutes, minutes], rel=1e-3)


def test_a_place_cut_for_one_mode_is_a_node_for_all():
    # Walkers use 0-1 and 0-2, cars only 0-1; the point is nearest to the footway 0-2.
    arcs = [(0, 1, {"walk": 1.0, "car": 0.2}), (1, 0, {"walk": 1.0, "car": 0.2})]
    arcs += [(0, 2, {"walk": 1.0}), (2, 0, {"walk": 1.0})]
    split, snap = _connect(road_network([0, 100, 0], [0, 0, 100], arcs), [(10, 60)], modes=["walk", "car"])
    walk, car = int(snap.node["walk"][0]), int(snap.node["car"][0])
    assert ((split.x[walk], split.y[walk]), (split.x[car], split.y[car])) == ((0, 60), (10, 0))
    assert (snap.offroad_m["walk"][0], snap.offroad_m["car"][0]) == (10.0, 60.0)
    assert _times(split, np.array([walk, car])).tolist() == [[0.0, pytest.approx(0.7)], [pytest.approx(0.7), 0.0]]
    assert _times(split, np.array([walk, 0]), "car")[0, 1] == np.inf


def test_points_at_and_beyond_an_end_use_its_node_and_add_none():
    street = road_network([0, 100], [0, 0], both_ways([(0, 1)]))
    split, snap = _connect(street, [(0, 0), (-30, 40), (100.004, 0), (99.995, 20)])
    assert split.node_count == 2
    assert snap.node["walk"].tolist() == [0, 0, 1, 1]
    assert snap.offroad_m["walk"].tolist() == pytest.approx([0, 50, 0.004, 20])


def test_points_at_one_place_share_a_node():
    split, snap = _connect(road_network([0, 100], [0, 0], both_ways([(0, 1)])), [(40, 5), (40, -9), (40, 0)])
    assert snap.node["walk"].tolist() == [2, 2, 2]
    assert split.node_count == 3


def test_the_limit_of_distance_is_closed():
    street = road_network([0, 100], [0, 0], both_ways([(0, 1)]))
    _, snap = _connect(street, [(50, 200), (50, 200.001)], max_snap_m=200.0)
    assert snap.node["walk"].tolist() == [2, -1]
    assert snap.offroad_m["walk"].tolist() == [200.0, np.inf]


def test_a_tie_goes_to_the_road_with_the_lowest_nodes():
    roads = road_network([0, 100, 0, 100], [10, 10, -10, -10], both_ways([(2, 3), (0, 1), (0, 2)]))
    split, snap = _connect(roads, [(50, 0)])
    assert split.y[snap.node["walk"][0]] == 10


def _street_and_island():
    x = [0, 100, 200, 300, 0, 100]
    y = [0, 0, 0, 0, 50, 50]
    return road_network(x, y, both_ways([(0, 1), (1, 2), (2, 3), (4, 5)]))


def test_small_islands_are_not_used():
    _, snap = _connect(_street_and_island(), [(50, 50)], min_component_nodes=3)
    assert snap.offroad_m["walk"].tolist() == [50.0]
    _, snap = _connect(_street_and_island(), [(50, 50)], min_component_nodes=2)
    assert snap.offroad_m["walk"].tolist() == [0.0]


def test_the_largest_part_is_used_when_none_is_large_enough():
    _, snap = _connect(_street_and_island(), [(50, 50)], min_component_nodes=50)
    assert snap.offroad_m["walk"].tolist() == [50.0]


def test_a_street_that_leads_only_out_is_not_used():
    arcs = [*both_ways([(0, 1)]), (1, 2, {"walk": 1.0})]
    _, snap = _connect(road_network([0, 100, 200], [0, 0, 0], arcs), [(180, 30)])
    assert snap.node["walk"].tolist() == [1]
    assert snap.offroad_m["walk"][0] == pytest.approx(np.hypot(80, 30))


def test_a_road_without_length_still_takes_points():
    arcs = both_ways([(0, 1), (1, 2)])
    split, snap = _connect(road_network([0, 0, 100], [0, 0, 0], arcs), [(-3, 4), (60, 1)])
    assert snap.offroad_m["walk"].tolist() == [5.0, 1.0]
    assert (split.x[snap.node["walk"]] == [0, 60]).all()


def test_without_roads_or_points_there_is_nothing_to_meet():
    _, snap = _connect(road_network([0, 100], [0, 0], []), [(50, 0)])
    assert snap.node["walk"].tolist() == [-1]
    assert snap.offroad_m["walk"].tolist() == [np.inf]
    split, snap = _connect(_street_and_island(), [])
    assert split.node_count == 6
    assert len(snap.node["walk"]) == 0
