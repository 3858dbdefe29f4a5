"""What roads say of the datum of points: right on real and made-up streets, silent where they cannot know."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import shapely
from support.environment import ROOT

import stationplan as sp
from stationplan.geo import project, unproject, wgs84_to_bd09, wgs84_to_gcj02
from stationplan.inputs import read_roads
from stationplan.inputs.datums.evidence import HYPOTHESES, weigh_by_points, weigh_by_roads

CRS = "EPSG:32648"
SHIFT = {"wgs84": lambda lon, lat: (lon, lat), "gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}


class Streets:
    """Straight pieces of road, to place points beside and to weigh them by."""

    def __init__(self, lon, lat, tail, head):
        self.roads = {"road_lon": lon, "road_lat": lat, "tail": tail, "head": head}
        xy = np.column_stack(project(lon, lat, CRS))
        self.lines = shapely.linestrings(np.stack([xy[tail], xy[head]], axis=1))

    def beside(self, count, random, *, within_m=30.0):
        """Points up to so far from places spread evenly over the streets, WGS-84."""
        length = shapely.length(self.lines)
        line = self.lines[random.choice(len(length), count, p=length / length.sum())]
        place = shapely.get_coordinates(shapely.line_interpolate_point(line, random.random(count), normalized=True))
        turn, off = random.uniform(0, 2 * np.pi, count), random.uniform(0, within_m, count)
        return unproject(place[:, 0] + off * np.cos(turn), place[:, 1] + off * np.sin(turn), CRS)

    def anywhere(self, count, random):
        """Points anywhere among the streets."""
        left, low, right, high = shapely.total_bounds(self.lines)
        return unproject(random.uniform(left, right, count), random.uniform(low, high, count), CRS)


@pytest.fixture(scope="module")
def yulin(shared_data):
    with (shared_data / "roads/chengdu-yulin/edges.csv").open(encoding="utf-8") as stream:
        rings = [shapely.get_coordinates(shapely.from_wkt(row["wkt"])) for row in csv.DictReader(stream)]
    ends = np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in rings]).reshape(-1, 2)
    node = np.arange(len(ends))
    return Streets(ends[:, 0], ends[:, 1], node[::2], node[1::2])


@pytest.fixture(scope="module")
def demo():
    roads = read_roads(sp.load_scenario(ROOT / "data/demo/scenario.toml"))
    return Streets(roads.lon, roads.lat, roads.tail, roads.head)


@pytest.mark.parametrize("datum", HYPOTHESES)
@pytest.mark.parametrize("count", [25, 100])
@pytest.mark.parametrize("place", ["yulin", "demo"])
def test_the_datum_of_points_at_roads_is_found(request, place, count, datum):
    streets = request.getfixturevalue(place)
    for seed in range(5 if place == "yulin" else 2):
        lon, lat = SHIFT[datum](*streets.beside(count, np.random.default_rng(seed)))
        evidence = weigh_by_roads(lon, lat, **streets.roads)
        assert (evidence.verdict, evidence.points) == (datum, count)
        # Points are 15 m beside their street on average, and at times nearer to another.
        assert evidence.medians_m[datum] == min(evidence.medians_m.values()) < 20
        assert datum.upper()[:3] in str(evidence.reason).replace("-", "")[-9:]


@pytest.fixture(scope="module")
def country():
    """Roads 2.5 km apart, crossing each other in a square of 20 km."""
    west, south = (float(value[0]) for value in project([103.0], [29.0], CRS))
    across = np.arange(0, 20_001, 2500)
    ends = [[(at, 0), (at, 20_000)] for at in across] + [[(0, at), (20_000, at)] for at in across]
    xy = np.add(np.array(ends, dtype=float).reshape(-1, 2), (west, south))
    node = np.arange(len(xy))
    return Streets(*unproject(xy[:, 0], xy[:, 1], CRS), node[::2], node[1::2])


@pytest.mark.parametrize("place", ["yulin", "country"])
@pytest.mark.parametrize("count", [1, 3, 10, 25, 100, 400])
def test_points_anywhere_show_no_datum(request, place, count):
    streets = request.getfixturevalue(place)
    for seed in range(30 if place == "country" and count < 100 else 6):
        datum = HYPOTHESES[seed % 3]
        lon, lat = SHIFT[datum](*streets.anywhere(count, np.random.default_rng(seed)))
        evidence = weigh_by_roads(lon, lat, **streets.roads)
        assert evidence.verdict is None
        assert "not enough to decide" in str(evidence.reason)


@pytest.mark.parametrize("datum", HYPOTHESES)
def test_ten_points_at_country_roads_are_enough_and_nine_are_not(country, datum):
    for seed in range(5):
        lon, lat = SHIFT[datum](*country.beside(10, np.random.default_rng(seed)))
        assert weigh_by_roads(lon, lat, **country.roads).verdict == datum
        evidence = weigh_by_roads(lon[:9], lat[:9], **country.roads)
        assert (evidence.verdict, evidence.points) == (None, 9)
        assert str(evidence.reason).endswith("Fewer than 10 points are not enough to decide.")


def test_ten_points_are_never_told_wrong(yulin):
    for seed in range(20):
        datum = HYPOTHESES[seed % 3]
        lon, lat = SHIFT[datum](*yulin.beside(10, np.random.default_rng(seed), within_m=60.0))
        assert weigh_by_roads(lon, lat, **yulin.roads).verdict in (datum, None)


@pytest.mark.parametrize("count", [25, 100])
def test_points_of_no_known_datum_are_told_none(demo, count):
    # Beside the streets, but 700 m away to one side: as near to them as chance places, whatever the datum.
    for turn in np.arange(4) * np.pi / 2 + 0.3:
        x, y = project(*demo.beside(count, np.random.default_rng(count)), CRS)
        lon, lat = unproject(x + 700 * np.cos(turn), y + 700 * np.sin(turn), CRS)
        assert weigh_by_roads(lon, lat, **demo.roads).verdict is None


def test_the_medians_are_those_of_plain_distances(yulin):
    lon, lat = yulin.beside(40, np.random.default_rng(1))
    evidence = weigh_by_roads(lon, lat, **yulin.roads)
    union = shapely.union_all(yulin.lines)
    plain = np.median(shapely.distance(union, shapely.points(*project(lon, lat, CRS))))
    assert evidence.medians_m["wgs84"] == pytest.approx(plain, rel=1e-9)


def test_large_tables_are_sampled_evenly(yulin):
    evidence = weigh_by_roads(*yulin.beside(2500, np.random.default_rng(2)), **yulin.roads)
    assert (evidence.points, evidence.verdict) == (834, "wgs84")


def test_outside_china_all_datums_are_one_and_that_is_said():
    lon, lat = np.array([-51.2, -51.21]), np.array([-30.0, -30.01])
    node = np.array([0]), np.array([1])
    evidence = weigh_by_roads(lon, lat, road_lon=lon, road_lat=lat, tail=node[0], head=node[1])
    assert (evidence.verdict, evidence.medians_m) == (None, {})
    assert "The datums do not differ" in str(evidence.reason)


def test_nothing_shows_nothing(yulin):
    assert weigh_by_roads(np.empty(0), np.empty(0), **yulin.roads).verdict is None
    far = weigh_by_roads(np.full(30, 102.0), np.full(30, 29.0), **yulin.roads)
    assert far.verdict is None


def degrees_of(square, datum):
    """A square (m) in degrees of a datum."""
    corners = np.array(square.segmentize(200).exterior.coords)
    return shapely.Polygon(np.column_stack(SHIFT[datum](*unproject(corners[:, 0], corners[:, 1], CRS))))


@pytest.mark.parametrize("datum", HYPOTHESES)
def test_points_spread_over_a_district_show_the_datum_of_its_boundary(datum):
    # Most informative points are within the district under two datums of three: no median could distinguish these.
    west, south = (float(value[0]) for value in project([104.0], [30.6], CRS))
    random = np.random.default_rng(4)
    lon, lat = unproject(west + random.uniform(0, 20_000, 1000), south + random.uniform(0, 20_000, 1000), CRS)
    square = shapely.box(west, south, west + 20_000, south + 20_000)
    polygons = np.array([degrees_of(square, datum)], dtype=object)
    evidence = weigh_by_points(polygons, np.zeros(1000, dtype=np.int64), lon, lat)
    assert evidence.verdict == datum
    # A strip as wide as the shift lies outside on two sides: some 2 x 0.9 of 20 km at the most.
    assert 20 < evidence.points < 250


@pytest.mark.parametrize("datum", HYPOTHESES)
def test_points_inside_near_the_rim_show_the_datum_of_a_boundary(datum):
    west, south = (float(value[0]) for value in project([104.0], [30.6], CRS))
    square = shapely.box(west, south, west + 5000, south + 5000)
    random = np.random.default_rng(3)
    inner = square.buffer(-50).exterior
    points = [inner.interpolate(share, normalized=True) for share in random.random(80)]
    lon, lat = unproject([p.x for p in points], [p.y for p in points], CRS)
    polygons = np.array([degrees_of(square, datum)], dtype=object)
    evidence = weigh_by_points(polygons, np.zeros(80, dtype=np.int64), lon, lat)
    assert evidence.verdict == datum
    assert evidence.medians_m[datum] == 0
