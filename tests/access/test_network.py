"""Arcs to a network: parallel arcs, loops, closed arcs, strongly connected parts."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from stationplan.access import islands, network_from_arcs
from stationplan.errors import ConsistencyError

_LON = [104.0, 104.01, 104.02, 104.03]
_LAT = [30.6, 30.6, 30.6, 30.6]


def _arcs(network, mode="walk"):
    return {
        (int(a), int(b)): float(m) for a, b, m in zip(network.tail, network.head, network.minutes[mode], strict=True)
    }


def test_parallel_arcs_become_one_at_their_minimum_in_each_mode():
    network = network_from_arcs(
        _LON, _LAT, [0, 0, 0, 1], [1, 1, 1, 0], minutes={"walk": [5, 3, 7, 4], "car": [1, 9, np.inf, np.inf]}
    )
    assert _arcs(network) == {(0, 1): 3.0, (1, 0): 4.0}
    assert _arcs(network, "car") == {(0, 1): 1.0, (1, 0): np.inf}


def test_arcs_from_a_node_to_itself_and_arcs_closed_to_all_are_left_out():
    network = network_from_arcs(_LON, _LAT, [0, 1, 2, 1], [0, 1, 3, 2], minutes={"walk": [0, 5, np.inf, 2]})
    assert _arcs(network) == {(1, 2): 2.0}
    assert network.node_count == 4


def test_arcs_are_grouped_by_their_tail():
    network = network_from_arcs(_LON, _LAT, [3, 0, 2, 0], [2, 3, 1, 1], minutes={"walk": [1, 2, 3, 4]})
    assert network.indptr.tolist() == [0, 2, 2, 3, 4]
    assert sorted(network.head[:2].tolist()) == [1, 3]
    assert network.arc_count == 4


def test_metres_are_those_of_the_straight_line_and_closed_where_the_mode_is():
    network = network_from_arcs(_LON, _LAT, [0, 1], [1, 0], minutes={"walk": [12, 12], "car": [2, np.inf]})
    straight = Geod(ellps="WGS84").inv(104.0, 30.6, 104.01, 30.6)[2]
    assert np.allclose(network.metres["walk"], straight, rtol=1e-12)
    assert network.metres["car"].tolist() == [pytest.approx(straight), np.inf]


def test_nodes_keep_their_order_and_are_projected_to_utm():
    network = network_from_arcs(_LON[::-1], _LAT, [0], [1], minutes={"walk": [1]})
    assert network.crs == "EPSG:32648"
    assert (np.diff(network.x) < 0).all()
    assert np.abs(np.diff(network.x) + 959).max() < 2  # 0.01 degree at 30.6 N is some 959 m


def test_records_are_read_only():
    network = network_from_arcs(_LON, _LAT, [0], [1], minutes={"walk": [1]})
    with pytest.raises(ValueError, match="read-only"):
        network.minutes["walk"][0] = 2
    with pytest.raises(TypeError):
        network.minutes["car"] = network.minutes["walk"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"lat": [30.6]}, "one length"),
        ({"lon": [[104.0] * 4], "lat": [[30.6] * 4]}, "one-dimensional"),
        ({"lon": [104.0, np.nan, 104.02, 104.03]}, "finite"),
        ({"lat": [30.6, np.inf, 30.6, 30.6]}, "finite"),
        ({"tail": [0]}, "one length"),
        ({"tail": [0, 4]}, "from 0 to 3"),
        ({"head": [1, -1]}, "from 0 to 3"),
        ({"minutes": {"walk": [1.0]}}, "one value an arc"),
        ({"minutes": {"walk": [1.0, -1.0]}}, ">= 0"),
        ({"minutes": {"walk": [1.0, np.nan]}}, "not NaN"),
    ],
)
def test_arcs_that_make_no_network_are_refused(change, complaint):
    given_ = {"lon": _LON, "lat": _LAT, "tail": [0, 1], "head": [1, 2], "minutes": {"walk": [1.0, 2.0]}} | change
    minutes = given_.pop("minutes")
    with pytest.raises(ValueError, match=complaint) as error:
        network_from_arcs(**given_, minutes=minutes)
    assert not isinstance(error.value, ConsistencyError)


def test_strong_parts_are_numbered_from_the_largest_and_one_way_spurs_are_parts_of_their_own():
    lon, lat = np.linspace(104.0, 104.1, 8), np.full(8, 30.6)
    # 2-3-4 form a circle, 5 leads into it, 0 and 1 know each other, 6 is isolated, nothing leads to 7.
    tail, head = [2, 3, 4, 5, 0, 1], [3, 4, 2, 2, 1, 0]
    network = network_from_arcs(lon, lat, tail, head, minutes={"walk": np.ones(6)})
    assert network.component["walk"].tolist() == [1, 1, 0, 0, 0, 2, -1, -1]


def test_each_mode_has_parts_of_its_own():
    network = network_from_arcs(
        _LON, _LAT, [0, 1, 1, 2], [1, 0, 2, 1], minutes={"walk": np.ones(4), "car": [1, np.inf, 1, 1]}
    )
    assert network.component["walk"].tolist() == [0, 0, 0, -1]
    assert network.component["car"].tolist() == [1, 0, 0, -1]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=20))
def test_strong_parts_are_those_of_networkx_by_falling_size(arcs):
    lon, lat = np.linspace(104.0, 104.1, 9), np.full(9, 30.6)
    tail, head = ([a for a, _ in arcs], [b for _, b in arcs])
    network = network_from_arcs(lon, lat, tail, head, minutes={"walk": np.ones(len(arcs))})
    graph = nx.DiGraph([(a, b) for a, b in arcs if a != b])
    parts = sorted(nx.strongly_connected_components(graph), key=lambda part: (-len(part), min(part)))
    number = {node: i for i, part in enumerate(parts) for node in part}
    assert network.component["walk"].tolist() == [number.get(node, -1) for node in range(9)]


@settings(max_examples=6, deadline=None, derandomize=True)
@given(st.permutations(range(7)))
def test_the_order_of_arcs_does_not_matter(order):
    tail, head, minutes = (np.array(v) for v in ([0, 0, 1, 2, 2, 3, 1], [1, 1, 2, 3, 0, 0, 1], [4, 2, 1, 3, 5, 0, 9]))
    order = np.array(order)
    one = network_from_arcs(_LON, _LAT, tail, head, minutes={"walk": minutes})
    other = network_from_arcs(_LON, _LAT, tail[order], head[order], minutes={"walk": minutes[order]})
    assert _arcs(one) == _arcs(other)
    assert np.array_equal(one.head, other.head)
    assert np.array_equal(one.indptr, other.indptr)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=20), st.integers(1, 6))
def test_islands_are_the_parts_of_networkx_below_the_limit_but_the_largest(arcs, limit):
    lon, lat = np.linspace(104.0, 104.1, 9), np.full(9, 30.6)
    tail, head = ([a for a, _ in arcs], [b for _, b in arcs])
    network = network_from_arcs(lon, lat, tail, head, minutes={"walk": np.ones(len(arcs))})
    parts = nx.strongly_connected_components(nx.DiGraph([(a, b) for a, b in arcs if a != b]))
    small = [size for size in sorted(map(len, parts), reverse=True)[1:] if size < limit]
    assert islands(network, "walk", limit) == (len(small), sum(small))
