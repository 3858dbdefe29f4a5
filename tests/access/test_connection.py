"""Access between cells and sites: by road, off the road and in straight lines, all of it or a part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stationplan.access import Access, network_from_arcs
from stationplan.domain import Group, LocalText, Snap, Straight
from stationplan.errors import ConsistencyError

_NODES = 9
_GROUP = Group("a", LocalText("甲", "a"), "walk", 1e6, None)


def _row(modes=("walk",)):
    """Nine nodes in a row, a minute apart, one way only from 4 to 5."""
    tail = [*range(8), *(n for n in range(1, 9) if n != 5)]
    head = [*range(1, 9), *(n - 1 for n in range(1, 9) if n != 5)]
    minutes = {mode: [1.0] * len(tail) for mode in modes}
    return network_from_arcs([104 + n / 100 for n in range(_NODES)], [30.0] * _NODES, tail, head, minutes=minutes)


def _snap(nodes, modes=("walk",)):
    """Points at nodes, node n at 75 (n + 1) m off the road."""
    node = np.array(nodes, dtype=np.int64)
    return Snap(dict.fromkeys(modes, node), dict.fromkeys(modes, np.where(node >= 0, 75.0 * (node + 1), np.inf)))


def _straight(cells, sites):
    cells, sites = np.array(cells, dtype=bool), np.array(sites, dtype=bool)
    return Straight(
        districts=np.array([False, True]),
        cells=cells,
        sites=sites,
        cell_xy=np.column_stack([np.arange(len(cells)) * 100.0, np.zeros(len(cells))]),
        site_xy=np.column_stack([np.arange(len(sites)) * 130.0, np.ones(len(sites))]),
        detour=1.25,
        metres_a_minute={"walk": 60.0},
    )


@st.composite
def _accesses(draw):
    cell = draw(st.lists(st.integers(-1, _NODES - 1), min_size=1, max_size=7))
    site = draw(st.lists(st.integers(-1, _NODES - 1), min_size=1, max_size=5))
    straight = None
    if draw(st.booleans()):
        apart = draw(st.lists(st.booleans(), min_size=len(cell), max_size=len(cell)))
        cell = [-1 if lacking else node for node, lacking in zip(cell, apart, strict=True)]
        straight = _straight(apart, draw(st.lists(st.booleans(), min_size=len(site), max_size=len(site))))
    return Access(_row(), _snap(cell), _snap(site), straight, walk_kmh=4.5)


def _minutes(access):
    """Return the minutes of all pairs of cell and site, ``inf`` where there are none."""
    pairs = access.times([_GROUP]).minutes["walk"].tocoo()
    minutes = np.full(pairs.shape, np.inf)
    minutes[pairs.coords] = pairs.data
    return minutes


@given(_accesses(), st.data())
@settings(deadline=None, derandomize=True, max_examples=80)
def test_the_nearest_station_of_a_cell_is_the_least_of_its_travel_times(access, data):
    count = access.site_snap.points
    stations = np.array(data.draw(st.lists(st.integers(0, count - 1), unique=True)), dtype=np.int64)
    minutes, station = access.nearest(stations, mode="walk")
    every = _minutes(access)
    for cell, row in enumerate(every):
        least = row[stations].min(initial=np.inf)
        assert minutes[cell] == pytest.approx(least)
        if np.isinf(least):
            assert station[cell] == -1
        else:
            assert station[cell] in stations
            assert row[station[cell]] == pytest.approx(least)


@given(_accesses(), st.data())
@settings(deadline=None, derandomize=True, max_examples=80)
def test_the_nearest_station_of_a_site_is_that_of_a_cell_at_its_place(access, data):
    count = access.site_snap.points
    indices = st.lists(st.integers(0, count - 1), unique=True)
    sites, stations = (np.array(data.draw(indices), dtype=np.int64) for _ in range(2))
    cells, straight = access.site_snap, access.straight
    if straight is not None:
        straight = replace(straight, cells=straight.sites, cell_xy=straight.site_xy)
        # A site without roads may still be at one; a cell never is.
        cells = _snap(np.where(straight.sites, -1, cells.node["walk"]))
    of_cells = replace(access, cell_snap=cells, straight=straight).nearest(stations, mode="walk")
    of_sites = access.nearest(stations, mode="walk", sites=sites)
    for one, other in zip(of_cells, of_sites, strict=True):
        assert one[sites].tolist() == other.tolist()


def test_what_is_off_the_road_leaves_out_the_districts_without_roads():
    cells, sites = _snap([0, -1, -1]), _snap([-1, 3, -1])
    by_road = Access(_row(), cells, sites, None, walk_kmh=4.5)
    assert by_road.cells_off_road("walk").tolist() == [False, True, True]
    assert by_road.sites_off_road("walk").tolist() == [True, False, True]
    mixed = replace(by_road, straight=_straight([False, False, True], [True, True, False]))
    assert mixed.cells_off_road("walk").tolist() == [False, True, False]
    assert mixed.sites_off_road("walk").tolist() == [False, False, True]


def test_travel_times_to_some_sites_are_those_to_all_without_the_others():
    access = Access(_row(), _snap([0, 4, 8]), _snap([1, 5, 7]), None, walk_kmh=4.5)
    kept = np.array([True, False, True])
    every, some = _minutes(access), _minutes(access.only_to(kept))
    assert np.isinf(some[:, 1]).all()
    assert np.array_equal(some[:, kept], every[:, kept])


@given(_accesses(), st.data())
@settings(deadline=None, derandomize=True, max_examples=60)
def test_a_part_keeps_the_travel_times_of_its_cells_and_sites(access, data):
    masks = [
        np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)), dtype=bool)
        for count in (access.cell_snap.points, access.site_snap.points)
    ]
    # The first nodes in a row; the way back from 5 to 4 is closed, so what lies west of it needs nothing of the east.
    west = access.network.x < access.network.x[5]
    around = shapely.box(*(access.network.x[0] - 1, -1e8), *(access.network.x[4] + 1, 1e8))
    part = access.part(around, cells=masks[0], sites=masks[1], districts=np.array([0, 1]))
    assert part.network.node_count == int(west.sum()) == 5
    expected = _minutes(access)[np.ix_(*masks)]
    outside = access.site_snap.node["walk"][masks[1]] > 4
    by_road = access.cell_snap.node["walk"][masks[0]] >= 0
    expected[np.ix_(by_road, outside)] = np.inf
    expected[access.cell_snap.node["walk"][masks[0]] > 4] = np.inf
    assert np.array_equal(_minutes(part), expected)


def test_a_part_whose_districts_all_have_roads_has_no_straight_lines():
    access = Access(_row(), _snap([0, -1]), _snap([1]), _straight([False, True], [False]), walk_kmh=4.5)
    around = shapely.box(-1e8, -1e8, 1e8, 1e8)
    masks = {"cells": np.array([True, False]), "sites": np.array([True])}
    assert access.part(around, districts=np.array([0]), **masks).straight is None
    assert access.part(around, districts=np.array([1]), **masks).straight is not None


@pytest.mark.parametrize(
    ("changes", "promise"),
    [
        ({"walk_kmh": 0.0}, "above 0"),
        ({"site_snap": _snap([1], modes=("walk", "car"))}, "same modes"),
        ({"network": _row(modes=("car",))}, "knows the modes"),
        ({"cell_snap": _snap([0, _NODES])}, "nodes of the network"),
        ({"straight": _straight([True], [True])}, "every cell"),
        ({"straight": _straight([False, False], [True, True])}, "every site"),
        ({"straight": _straight([True, False], [True])}, "meet no road"),
    ],
)
def test_an_access_refuses_parts_that_do_not_fit(changes, promise):
    whole = Access(_row(), _snap([0, -1]), _snap([1]), None, walk_kmh=4.5)
    with pytest.raises(ConsistencyError, match=promise):
        replace(whole, **changes)


def test_a_snap_has_one_value_a_point():
    with pytest.raises(ConsistencyError, match="same modes"):
        Snap({"walk": np.zeros(1, dtype=np.int64)}, {})
    with pytest.raises(ConsistencyError, match="one value a point"):
        Snap({"walk": np.zeros(1, dtype=np.int64)}, {"walk": np.zeros(2)})
