"""Which sites cover which workers: standards, hours, groups; by hand and as properties of whole small studies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from support.records import DAY, NIGHT, demand_of, group_of, sites_of

from stationplan.access import Access, access_of, cover_rows
from stationplan.access.network import assemble
from stationplan.domain import Snap, TravelTimes
from stationplan.errors import ConsistencyError
from stationplan.planning.recount import recount_stations


def _matrix(entries, shape):
    """Sparse [cell x site] from {(cell, site): value}; zeros are stored."""
    row, column = np.array(list(entries)).reshape(-1, 2).T
    return sparse.csr_array((np.array(list(entries.values()), dtype=float), (row, column)), shape=shape)


def _covered(coverage):
    """Pairs of a coverage as {(cell, group, slot, site)}."""
    pairs = coverage.cover.tocoo()
    row, site = pairs.coords
    return set(
        zip(*(v[row].tolist() for v in (coverage.cell, coverage.group, coverage.slot)), site.tolist(), strict=True)
    )


def test_coverage_of_a_case_checked_by_hand():
    # Walkers have 15 minutes and 1 km, drivers 8 minutes. Site 1 is shut at night, site 2 does not suit drivers.
    groups = [group_of("walker", cutoff_min=15, cutoff_m=1000), group_of("driver", mode="car", cutoff_min=8)]
    workers = [[[5, 1], [2, 0]], [[0, 3], [4, 4]]]
    demand = demand_of(workers, groups, [DAY, NIGHT])
    sites = sites_of([[1, 1], [1, 0], [1, 1]], [[1, 1], [1, 1], [1, 0]])
    walk = {(0, 0): 0, (0, 1): 14, (0, 2): 14, (1, 2): 15}
    times = TravelTimes(
        {"walk": _matrix(walk, (2, 3)), "car": _matrix({(0, 1): 8, (1, 1): 3, (1, 0): 8.1, (1, 2): 1}, (2, 3))},
        {"walk": _matrix({(0, 0): 0, (0, 1): 1000, (0, 2): 1000.1, (1, 2): 900}, (2, 3))},
    )
    coverage = cover_rows(demand, sites, times)
    assert list(zip(coverage.cell.tolist(), coverage.group.tolist(), coverage.slot.tolist(), strict=True)) == [
        (0, 0, 0),
        (0, 0, 1),
        (1, 0, 1),
        (0, 1, 0),
        (1, 1, 0),
        (1, 1, 1),
    ]
    assert coverage.weight.tolist() == [5, 1, 3, 2, 4, 4]
    assert coverage.cover.toarray().astype(int).tolist() == [
        [1, 1, 0],  # the way to site 2 is 10 cm too long
        [1, 0, 0],  # site 1 is shut at night
        [0, 0, 1],
        [0, 1, 0],
        [0, 1, 0],  # site 0 is 6 seconds too far, site 2 does not suit drivers
        [0, 0, 0],
    ]


@pytest.mark.parametrize(("minutes", "inside"), [(15.0, True), (15 + 5e-7, True), (15.001, False), (0.0, True)])
def test_the_cutoff_in_minutes_is_closed(minutes, inside):
    times = TravelTimes({"walk": _matrix({(0, 0): minutes}, (1, 1))}, {})
    coverage = cover_rows(demand_of([[[1]]], [group_of("a", cutoff_min=15)]), sites_of([[1]], [[1]]), times)
    assert bool(coverage.cover.nnz) is inside


@pytest.mark.parametrize(("metres", "inside"), [(1000.0, True), (1000 + 5e-7, True), (1000.01, False), (0.0, True)])
def test_the_cutoff_in_metres_is_closed(metres, inside):
    times = TravelTimes({"walk": _matrix({(0, 0): 3}, (1, 1))}, {"walk": _matrix({(0, 0): metres}, (1, 1))})
    group = group_of("a", cutoff_min=15, cutoff_m=1000)
    coverage = cover_rows(demand_of([[[1]]], [group]), sites_of([[1]], [[1]]), times)
    assert bool(coverage.cover.nnz) is inside


def test_a_group_without_a_limit_of_length_is_not_held_to_that_of_another():
    times = TravelTimes({"walk": _matrix({(0, 0): 10}, (1, 1))}, {"walk": _matrix({}, (1, 1))})
    groups = [group_of("long", cutoff_min=15), group_of("short", cutoff_min=15, cutoff_m=500)]
    coverage = cover_rows(demand_of([[[1], [1]]], groups), sites_of([[1]], [[1, 1]]), times)
    assert coverage.cover.toarray().tolist() == [[True], [False]]


def _street(length_m=2000.0, pieces=4, kmh=4.5):
    """A straight two-way street on foot, and its cars one way (rising x) at ten times the speed."""
    x = np.linspace(0, length_m, pieces + 1)
    tail = np.concatenate([np.arange(pieces), np.arange(1, pieces + 1)])
    head = np.concatenate([np.arange(1, pieces + 1), np.arange(pieces)])
    metres = np.abs(x[head] - x[tail])
    walk = metres / (kmh * 1000 / 60)
    car = np.where(head > tail, walk / 10, np.inf)
    return assemble(
        x,
        np.zeros(pieces + 1),
        tail,
        head,
        minutes={"walk": walk, "car": car},
        metres={"walk": metres, "car": np.where(head > tail, metres, np.inf)},
        major=np.zeros(len(tail), dtype=bool),
        crs="EPSG:32648",
        source="",
        date="",
    )


def _covers(demand, sites, max_snap_m=500.0):
    """Connect cells and sites to the street, measure, and cover."""
    modes = list(dict.fromkeys(group.mode for group in demand.groups))
    limits = {"max_snap_m": max_snap_m, "min_component_nodes": 1}
    times = access_of(_street(), demand, sites, modes=modes, walk_kmh=4.5, **limits).times(demand.groups)
    return cover_rows(demand, sites, times), times


def _points(*points):
    return dict(zip("xy", np.array(points, dtype=float).T, strict=True))


def test_the_way_off_the_road_counts_at_both_ends_in_metres_and_in_minutes():
    # 600 m of street, 150 m to the cell, 250 m to the site: 1000 m, at 75 m a minute 13 minutes 20 seconds.
    cell, site = _points((100, 150)), _points((700, -250))
    for group, inside in [
        (group_of("a", cutoff_min=20, cutoff_m=1000), True),
        (group_of("a", cutoff_min=20, cutoff_m=999.9), False),
        (group_of("a", cutoff_min=1000 / 75), True),
        (group_of("a", cutoff_min=1000 / 75 - 0.001), False),
    ]:
        coverage, _ = _covers(demand_of([[[1]]], [group], **cell), sites_of([[1]], [[1]], **site))
        assert bool(coverage.cover.nnz) is inside


def test_a_cell_at_the_site_itself_is_covered_and_one_off_every_road_is_not():
    group = group_of("a", cutoff_min=1, cutoff_m=1)
    demand = demand_of(np.ones((2, 1, 1)), [group], **_points((100, 0), (100, 501)))
    coverage, times = _covers(demand, sites_of([[1]], [[1]], **_points((100, 0))))
    assert coverage.cover.toarray().tolist() == [[True], [False]]
    assert times.minutes["walk"].tocoo().data.tolist() == [0.0]


_COORDINATE = st.tuples(st.integers(0, 2000), st.integers(-400, 400))


@st.composite
def _studies(draw):
    cells = draw(st.lists(_COORDINATE, min_size=1, max_size=5))
    sites = draw(st.lists(_COORDINATE, min_size=1, max_size=5))
    groups = [
        group_of("a", cutoff_min=draw(st.sampled_from([2, 8, 15])), cutoff_m=draw(st.sampled_from([None, 300, 1000]))),
        group_of("b", cutoff_min=draw(st.sampled_from([5, 20]))),
    ]
    workers = draw(st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=4 * len(cells), max_size=4 * len(cells)))
    switch = st.lists(st.booleans(), min_size=2 * len(sites), max_size=2 * len(sites))
    demand = demand_of(np.reshape(workers, (len(cells), 2, 2)), groups, [DAY, NIGHT], **_points(*cells))
    shape = (len(sites), 2)
    return demand, sites_of(np.reshape(draw(switch), shape), np.reshape(draw(switch), shape), **_points(*sites))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(_studies(), st.data())
def test_a_larger_standard_and_one_more_site_never_cover_less(study, data):
    demand, sites = study
    covered = _covered(_covers(demand, sites)[0])
    larger = [
        replace(
            group,
            cutoff_min=group.cutoff_min + data.draw(st.sampled_from([0, 1, 9])),
            cutoff_m=data.draw(st.sampled_from([None, group.cutoff_m and group.cutoff_m + 200])),
        )
        for group in demand.groups
    ]
    assert covered <= _covered(_covers(replace(demand, groups=tuple(larger)), sites)[0])
    more = np.append(sites.x, data.draw(st.integers(0, 2000))), np.append(sites.y, data.draw(st.integers(-400, 400)))
    grown = sites_of(np.vstack([sites.open, [1, 1]]), np.vstack([sites.serves, [1, 1]]), *more)
    assert covered <= _covered(_covers(demand, grown)[0])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(_studies(), st.randoms(use_true_random=False))
def test_the_order_of_cells_and_sites_changes_nothing(study, random):
    demand, sites = study
    cells = random.sample(range(len(demand.x)), len(demand.x))
    places = random.sample(range(len(sites)), len(sites))
    moved = _covers(
        demand_of(demand.workers[cells], demand.groups, demand.slots, demand.x[cells], demand.y[cells]),
        sites_of(sites.open[places], sites.serves[places], sites.x[places], sites.y[places]),
    )[0]
    back = {(cells[cell], group, slot, places[site]) for cell, group, slot, site in _covered(moved)}
    assert back == _covered(_covers(demand, sites)[0])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(_studies())
def test_coverage_is_the_standard_applied_to_the_street_and_agrees_with_the_recount(study):
    """On a straight street the way is |dx| along it and both distances from it."""
    demand, sites = study
    coverage, times = _covers(demand, sites)
    expected = set()
    for c in range(len(demand.x)):
        for j in range(len(sites)):
            way = abs(demand.x[c] - sites.x[j]) + abs(demand.y[c]) + abs(sites.y[j])
            for g, group in enumerate(demand.groups):
                near = way / 75 <= group.cutoff_min + 1e-9 and way <= (group.cutoff_m or np.inf) + 1e-9
                expected |= {
                    (c, g, s, j)
                    for s in range(2)
                    if near and sites.open[j, s] and sites.serves[j, g] and demand.workers[c, g, s] > 0
                }
    assert _covered(coverage) == expected
    counted = np.zeros(demand.workers.shape, dtype=int)
    for c, g, s, _ in expected:
        counted[c, g, s] += 1
    assert np.array_equal(recount_stations(demand, sites, times, np.arange(len(sites))), counted)


def test_on_a_one_way_street_workers_reach_only_what_lies_ahead():
    # A one-way arc is no place to turn round, so cars join it only inside a strongly connected part: a circle.
    x, y = np.array([0.0, 1000, 1000, 0]), np.array([0.0, 0, 1000, 1000])
    tail, head = np.arange(4), np.array([1, 2, 3, 0])
    network = assemble(
        x,
        y,
        tail,
        head,
        minutes={"car": np.full(4, 2.0)},
        metres={"car": np.full(4, 1000.0)},
        major=np.zeros(4, dtype=bool),
        crs="EPSG:32648",
        source="",
        date="",
    )
    cells, sites = (Snap({"car": np.array(node)}, {"car": np.zeros(2)}) for node in ([0, 3], [1, 3]))
    group = group_of("driver", mode="car", cutoff_min=4, cutoff_m=2000)
    demand = demand_of(np.ones((2, 1, 1)), [group])
    times = Access(network, cells, sites, None, walk_kmh=4.5).times([group])
    coverage = cover_rows(demand, sites_of([[1], [1]], [[1], [1]]), times)
    # From node 0: 2 minutes to node 1, 6 to node 3. From node 3: 4 minutes to node 1, and it is at node 3.
    assert coverage.cover.toarray().tolist() == [[True, False], [True, True]]


def test_records_refuse_what_they_promise_never_to_hold():
    with pytest.raises(ConsistencyError, match="finite"):
        demand_of([[[np.nan]]], [group_of("a")])
    with pytest.raises(ConsistencyError, match=">= 0"):
        demand_of([[[-1.0]]], [group_of("a")])
    with pytest.raises(ConsistencyError, match="shape"):
        demand_of([[[1.0]]], [group_of("a"), group_of("b")])
