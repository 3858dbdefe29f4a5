"""Service areas follow the roads and end where the standard does."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from stationplan.access import service_areas
from stationplan.access.network import assemble
from stationplan.domain import Group, LocalText

WALKERS = Group("walk", LocalText("步行", "walkers"), "walk", 15.0, 1000.0)
KMH = 6.0  # 100 m a minute


def street(*x, oneway=False):
    """A straight street through the given eastings, walked at 6 km/h."""
    n = len(x)
    tail, head = np.arange(n - 1), np.arange(1, n)
    if not oneway:
        tail, head = np.concatenate([tail, head]), np.concatenate([head, tail])
    metres = np.abs(np.subtract(np.take(x, head), np.take(x, tail))).astype(float)
    return assemble(
        np.array(x, dtype=float),
        np.zeros(n),
        tail,
        head,
        minutes={"walk": metres / 100},
        metres={"walk": metres},
        major=np.zeros(len(tail), dtype=bool),
        crs="EPSG:32648",
        source="",
        date="",
    )


def areas(network, nodes, offroad, group=WALKERS):
    return service_areas(network, np.array(nodes), np.array(offroad, dtype=float), group, walk_kmh=KMH)


def test_an_area_ends_where_the_last_metre_does_and_off_road_metres_count():
    network = street(0, 3000, 6000)
    near, far = areas(network, [1, 1], [0, 300])
    assert near.bounds == pytest.approx((3000 - 1040, -40, 3000 + 1040, 40), abs=1)
    assert far.bounds == pytest.approx((3000 - 740, -40, 3000 + 740, 40), abs=1)


def test_minutes_and_metres_both_limit_the_area():
    slow = Group("slow", WALKERS.name, "walk", 4.0, 1000.0)
    (area,) = areas(street(0, 3000, 6000), [1], [0], slow)
    assert area.bounds == pytest.approx((3000 - 440, -40, 3000 + 440, 40), abs=1)


def test_people_come_along_a_one_way_road_and_not_against_it():
    (area,) = areas(street(0, 3000, 6000, oneway=True), [1], [0])
    assert area.bounds == pytest.approx((3000 - 1040, -40, 3040, 40), abs=1)


def test_no_road_or_no_standard_left_is_an_empty_area():
    assert [area.is_empty for area in areas(street(0, 3000), [-1, 0, 1], [np.inf, 1001, 999])] == [True, True, False]


def test_several_sites_do_not_touch_each_others_areas():
    network = street(*range(0, 9000, 500))
    together = areas(network, [2, 9, 15], [0, 50, 10])
    alone = [areas(network, [node], [off])[0] for node, off in ((2, 0), (9, 50), (15, 10))]
    assert all(shapely.equals(one, other) for one, other in zip(together, alone, strict=True))
