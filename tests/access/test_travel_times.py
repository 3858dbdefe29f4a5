"""Travel times against networkx and scipy, on small odd graphs and on one large enough to fill the queue."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from support.networks import road_network

from stationplan.access import Access, nearest, network_from_arcs, travel_times
from stationplan.domain import Group, LocalText, Snap


def _network(count, arcs):
    """Return a network of (tail, head, minutes on foot) with its nodes anywhere."""
    x, y = np.random.default_rng(count).uniform(0, 10_000, (2, count))
    return road_network(x, y, [(tail, head, {"walk": minutes}) for tail, head, minutes in arcs], metres_a_minute=75)


def _entries(matrix):
    """Stored entries as {(target, source): minutes}; an entry stored twice would show as a wrong count."""
    pairs = sparse.coo_array(matrix)
    found = {(int(r), int(c)): float(v) for r, c, v in zip(*pairs.coords, pairs.data, strict=True)}
    assert len(found) == pairs.nnz
    return found


def _expected(count, arcs, sources, targets, cutoff):
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(count))
    graph.add_weighted_edges_from((b, a, m) for a, b, m in arcs if np.isfinite(m))
    found = {}
    for column, source in enumerate(sources):
        label, _ = nx.single_source_dijkstra(graph, source, weight="weight")
        for row, target in enumerate(targets):
            if target in label and label[target] <= cutoff + 1e-6:
                found[row, column] = label[target]
    return found


_WEIGHT = st.one_of(
    st.sampled_from([0.0, 0.5, 1.0, 2.0, 1e-4, 30.0, np.inf]),
    st.floats(0, 10, allow_nan=False).map(lambda v: round(v, 3)),
)


@st.composite
def _graphs(draw):
    """Junctions with random arcs, and between them chains, loops and dead ends of nodes with two neighbours."""
    junctions = draw(st.integers(1, 6))
    node = st.integers(0, junctions - 1)
    arcs = draw(st.lists(st.tuples(node, node, _WEIGHT), max_size=14))
    count = junctions
    for _ in range(draw(st.integers(0, 4))):
        length = draw(st.integers(1, 4))
        chain = [draw(node), *range(count, count + length)]
        count += length
        closing = draw(st.sampled_from(["other", "self", "ring", "dead end"]))
        if closing == "other":
            chain.append(draw(node))
        elif closing == "self":
            chain.append(chain[0])
        elif closing == "ring":  # cut off: a circle of nodes with two neighbours and no junction at all
            chain = [*chain[1:], chain[1]]
        way = draw(st.sampled_from(["both", "forth", "back"]))
        for a, b in pairwise(chain):
            if way != "back":
                arcs.append((a, b, draw(_WEIGHT)))
            if way != "forth":
                arcs.append((b, a, draw(_WEIGHT)))
    names = draw(st.permutations(range(count)))
    arcs = [(names[a], names[b], m) for a, b, m in arcs]
    some = st.lists(st.integers(0, count - 1), max_size=6)
    return count, arcs, draw(some), draw(st.one_of(st.none(), some))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(_graphs(), st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, 7.25, 40.0, 1000.0, np.inf]))
@example((3, [(0, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0)], [0], None), 2.0)
@example((2, [(0, 1, 0.0), (1, 0, 0.0)], [0, 0, 1], [1, 1, 0]), 0.0)
@example((1, [], [0], None), 0.0)
def test_travel_times_are_those_of_networkx(graph, cutoff):
    count, arcs, sources, targets = graph
    matrix = travel_times(_network(count, arcs), sources, targets, cutoff_min=cutoff, mode="walk")
    rows = list(range(count)) if targets is None else targets
    assert matrix.shape == (len(rows), len(sources))
    found = _entries(matrix)
    expected = _expected(count, arcs, sources, rows, cutoff)
    assert found.keys() == expected.keys()
    assert all(abs(found[pair] - minutes) <= 1e-9 for pair, minutes in expected.items())


@settings(max_examples=100, deadline=None, derandomize=True)
@given(_graphs())
def test_a_cutoff_met_exactly_counts(graph):
    count, arcs, sources, _ = graph
    network = _network(count, arcs)
    everything = _entries(travel_times(network, sources, cutoff_min=np.inf, mode="walk"))
    for cutoff in sorted(set(everything.values()))[:4]:
        closed = _entries(travel_times(network, sources, cutoff_min=cutoff, mode="walk"))
        assert closed == {pair: minutes for pair, minutes in everything.items() if minutes <= cutoff + 1e-6}


def test_on_a_one_way_street_minutes_run_from_target_to_source():
    street = _network(3, [(0, 1, 5.0), (1, 2, 4.0)])
    assert _entries(travel_times(street, [2], cutoff_min=99, mode="walk")) == {(0, 0): 9.0, (1, 0): 4.0, (2, 0): 0.0}
    assert _entries(travel_times(street, [0], cutoff_min=99, mode="walk")) == {(0, 0): 0.0}
    assert _entries(travel_times(street, [0, 2], [1], cutoff_min=99, mode="walk")) == {(0, 1): 4.0}


def test_a_target_at_the_source_is_a_stored_zero_also_where_nodes_repeat():
    street = _network(2, [(0, 1, 3.0)])
    matrix = travel_times(street, [1, 1, 0], [1, 0, 1], cutoff_min=0, mode="walk")
    assert _entries(matrix) == {(0, 0): 0.0, (2, 0): 0.0, (0, 1): 0.0, (2, 1): 0.0, (1, 2): 0.0}


def test_nothing_asked_gives_an_empty_matrix():
    street = _network(3, [(0, 1, 3.0)])
    assert travel_times(street, [], cutoff_min=9, mode="walk").shape == (3, 0)
    assert travel_times(street, [0], [], cutoff_min=9, mode="walk").shape == (0, 1)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"sources": [3]}, "sources are node indices from 0 to 2"),
        ({"sources": [-1]}, "sources are node indices"),
        ({"targets": [0, 3]}, "targets are node indices"),
        ({"sources": [[0]]}, "one-dimensional"),
        ({"cutoff_min": -0.1}, "cutoff"),
        ({"cutoff_min": np.nan}, "cutoff"),
        ({"mode": "car"}, "no mode 'car'"),
    ],
)
def test_questions_without_sense_are_refused(change, complaint):
    asked = {"sources": [0], "targets": None, "cutoff_min": 5.0, "mode": "walk"} | change
    with pytest.raises(ValueError, match=complaint):
        travel_times(_network(3, [(0, 1, 3.0)]), **asked)


def test_each_mode_travels_on_its_own_arcs():
    network = network_from_arcs(
        [104.0, 104.01], [30.6] * 2, [0, 1], [1, 0], minutes={"walk": [12, 12], "car": [2, np.inf]}
    )
    assert _entries(travel_times(network, [0, 1], [0, 1], cutoff_min=20, mode="walk"))[1, 0] == 12.0
    assert (1, 0) not in _entries(travel_times(network, [0, 1], [0, 1], cutoff_min=20, mode="car"))
    assert _entries(travel_times(network, [0, 1], [0, 1], cutoff_min=20, mode="car"))[0, 1] == 2.0


def _lattice(side, seed):
    """Return a square lattice of streets, some one-way, with its scipy matrix of minutes."""
    rng = np.random.default_rng(seed)
    node = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate(
        [
            np.column_stack([node[:, :-1].ravel(), node[:, 1:].ravel()]),
            np.column_stack([node[:-1].ravel(), node[1:].ravel()]),
        ]
    )
    back = pairs[rng.random(len(pairs)) < 0.8][:, ::-1]
    tail, head = np.concatenate([pairs, back]).T
    minutes = rng.uniform(0.05, 1.0, len(tail))
    row, column = np.divmod(np.arange(side * side), side)
    network = network_from_arcs(104 + column / 1000, 30 + row / 1000, tail, head, minutes={"walk": minutes})
    return network, sparse.csr_array((minutes, (tail, head)), shape=(side * side, side * side))


def test_a_search_that_outgrows_its_first_queue_is_still_exact():
    network, minutes = _lattice(280, seed=1)  # 78,400 nodes: more than the first queue's 65,536 entries
    centre = 140 * 280 + 140
    sources = [centre, 0, centre]
    expected = dijkstra(minutes.T.tocsr(), indices=sources).T
    found = travel_times(network, sources, cutoff_min=1000, mode="walk")
    assert found.nnz == np.isfinite(expected).sum()
    assert np.allclose(found.toarray(), expected, rtol=0, atol=1e-9)
    # The scratch is reset between sources: a second source after a long search sees nothing of it.
    near = travel_times(network, sources, cutoff_min=5, mode="walk")
    assert near.nnz == (expected <= 5).sum()


def test_the_number_of_workers_changes_nothing():
    network, _ = _lattice(40, seed=2)
    rng = np.random.default_rng(4)
    sources = rng.integers(0, 1600, 1100)  # more than two tasks of 512 sources
    targets = rng.permutation(1600)[:900]
    one, two, four = (
        travel_times(network, sources, targets, cutoff_min=3, mode="walk", workers=workers) for workers in (1, 2, 4)
    )
    assert one.nnz > 0
    for other in (two, four):
        assert np.array_equal(one.indptr, other.indptr)
        assert np.array_equal(one.indices, other.indices)
        assert np.array_equal(one.data, other.data)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(_graphs(), st.data())
def test_the_nearest_source_is_that_of_brute_force(graph, data):
    count, arcs, sources, _ = graph
    start = data.draw(
        st.one_of(st.none(), st.lists(st.sampled_from([0.0, 0.5, 3.0]), min_size=len(sources), max_size=len(sources)))
    )
    minutes, position = nearest(_network(count, arcs), sources, mode="walk", start_min=start)
    begin = np.zeros(len(sources)) if start is None else np.array(start)
    reach = _expected(count, arcs, sources, range(count), np.inf)
    for node in range(count):
        ways = {s: reach[node, s] + begin[s] for s in range(len(sources)) if (node, s) in reach}
        if not ways:
            assert (minutes[node], position[node]) == (np.inf, -1)
        else:
            assert minutes[node] == pytest.approx(min(ways.values()), abs=1e-9)
            assert ways[int(position[node])] == pytest.approx(minutes[node], abs=1e-9)


@pytest.mark.parametrize("start", [[1.0], [-1.0, 0.0], [np.inf, 0.0], [np.nan, 0.0]])
def test_nearest_refuses_starts_without_sense(start):
    with pytest.raises(ValueError, match="start_min"):
        nearest(_network(3, [(0, 1, 3.0)]), [0, 1], mode="walk", start_min=start)


def _snap(nodes, offroad):
    return Snap({"walk": np.array(nodes)}, {"walk": np.array(offroad, dtype=float)})


def test_times_add_the_way_off_the_road_at_both_ends():
    # Cell at node 0, 150 m off; sites at node 1 (75 m off), at node 0 (on it), off every road, and too far.
    street = network_from_arcs(
        [104.0, 104.01, 104.02],
        [30.6] * 3,
        [0, 1, 1, 2],
        [1, 0, 2, 1],
        minutes={"walk": [10.0, 10.0, 10.0, 10.0]},
    )
    metres = float(street.metres["walk"][0])
    group = Group("a", LocalText("甲", "a"), "walk", 13.0, 1185.0)
    access = Access(street, _snap([0], [150]), _snap([1, 0, -1, 2], [75, 0, np.inf, 0]), None, walk_kmh=4.5)
    times = access.times([group])
    assert _entries(times.minutes["walk"]) == {(0, 0): pytest.approx(13.0), (0, 1): pytest.approx(2.0)}
    assert metres + 225 < 1185
    assert _entries(times.metres["walk"]) == {(0, 0): pytest.approx(metres + 225), (0, 1): pytest.approx(150)}


def test_times_reach_as_far_as_the_largest_standard_of_a_mode():
    street = _network(3, [(0, 1, 4.0), (1, 2, 4.0)])
    near = Group("near", LocalText("近", "near"), "walk", 4.0, None)
    far = Group("far", LocalText("远", "far"), "walk", 8.0, None)
    times = Access(street, _snap([0, 1], [0, 0]), _snap([2], [0]), None, walk_kmh=4.5).times([near, far])
    assert _entries(times.minutes["walk"]) == {(0, 0): 8.0, (1, 0): 4.0}
    assert dict(times.metres) == {}
