"""Datums against published points, the choice of CRS, and the outlines of cells."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from stationplan.geo import (
    bd09_to_wgs84,
    cell_outlines,
    gcj02_to_wgs84,
    metric_crs_problem,
    project,
    to_wgs84,
    unproject,
    utm_crs,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

_GEOD = Geod(ellps="WGS84")
_SICHUAN = st.tuples(st.floats(97.3, 108.6), st.floats(26.0, 34.4)).filter(lambda p: p[0] > 98.6 or p[1] > 28.5)
"""Points of the province's box but for its south-western corner, which is Myanmar's."""
_PAIRS = [(wgs84_to_gcj02, gcj02_to_wgs84), (wgs84_to_bd09, bd09_to_wgs84)]


def _metres(lon_a, lat_a, lon_b, lat_b):
    return np.asarray(_GEOD.inv(lon_a, lat_a, lon_b, lat_b)[2])


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ],
)
def test_gcj02_of_the_points_published_with_eviltransform(wgs84, gcj02):
    assert np.allclose(wgs84_to_gcj02(*wgs84), gcj02, rtol=0, atol=1e-9)


def test_bd09_of_the_point_published_with_coordtransform():
    lon, lat = wgs84_to_bd09(*gcj02_to_wgs84(116.404, 39.915))
    assert np.allclose([lon, lat], [116.41036949371029, 39.92133699351021], rtol=0, atol=1e-9)


@pytest.mark.parametrize(("forward", "back"), _PAIRS)
@settings(max_examples=150, deadline=None, derandomize=True)
@given(point=_SICHUAN)
def test_the_inverse_is_within_a_millimetre_over_sichuan(forward, back, point):
    assert _metres(*back(*forward(*point)), *point) < 1e-3
    assert _metres(*forward(*back(*point)), *point) < 1e-3


@settings(max_examples=150, deadline=None, derandomize=True)
@given(point=_SICHUAN)
def test_the_shift_is_a_few_hundred_metres_in_sichuan(point):
    assert 150 < _metres(*wgs84_to_gcj02(*point), *point) < 750
    # BD-09 adds some 0.0065 degree east and 0.006 north to GCJ-02.
    assert 500 < _metres(*wgs84_to_bd09(*point), *wgs84_to_gcj02(*point)) < 1300


ABROAD = {
    "Ulaanbaatar": (106.917, 47.919),
    "Seoul": (126.978, 37.567),
    "Pyongyang": (125.755, 39.019),
    "Vladivostok": (131.886, 43.116),
    "Irkutsk": (104.296, 52.290),
    "Almaty": (76.929, 43.257),
    "Bishkek": (74.590, 42.870),
    "Islamabad": (73.048, 33.684),
    "Delhi": (77.209, 28.614),
    "Kathmandu": (85.324, 27.717),
    "Thimphu": (89.639, 27.473),
    "Mandalay": (96.084, 21.975),
    "Vientiane": (102.633, 17.966),
    "Hanoi": (105.834, 21.028),
    "Singapore": (103.820, 1.352),
    "Manila": (120.984, 14.600),
    "Taipei": (121.565, 25.033),
    "Kaohsiung": (120.301, 22.627),
    "Fukuoka": (130.402, 33.590),
    "Tokyo": (139.770, 35.680),
    "Porto Alegre": (-51.200, -30.000),
    "Paris": (2.350, 48.860),
    "north pole": (100.0, 90.0),
    "south pole": (0.0, -90.0),
    "date line": (-180.0, 0.0),
}
SHIFTED = {
    "Chengdu": (104.066, 30.660),
    "Panzhihua": (101.718, 26.582),
    "Ganzi": (99.992, 31.623),
    "Lhasa": (91.117, 29.647),
    "Shigatse": (88.881, 29.267),
    "Kashgar": (75.990, 39.470),
    "Urumqi": (87.617, 43.825),
    "Erenhot": (111.977, 43.653),
    "Manzhouli": (117.379, 49.598),
    "Mohe": (122.539, 52.972),
    "Harbin": (126.642, 45.757),
    "Fuyuan": (134.308, 48.365),
    "Dandong": (124.384, 40.124),
    "Hunchun": (130.366, 42.863),
    "Beijing": (116.407, 39.904),
    "Shanghai": (121.474, 31.230),
    "Xiamen": (118.089, 24.480),
    "Hong Kong": (114.169, 22.319),
    "Macao": (113.544, 22.199),
    "Haikou": (110.199, 20.044),
    "Sanya": (109.512, 18.253),
    "Pingxiang": (106.756, 22.097),
    "Hekou": (103.939, 22.529),
    "Jinghong": (100.798, 22.002),
    "Ruili": (97.851, 24.013),
}


@pytest.mark.parametrize("place", ABROAD)
def test_points_abroad_stay(place):
    for forward, back in _PAIRS:
        assert tuple(map(float, forward(*ABROAD[place]))) == ABROAD[place]
        assert tuple(map(float, back(*ABROAD[place]))) == ABROAD[place]


@pytest.mark.parametrize("place", SHIFTED)
def test_points_of_the_mainland_hong_kong_and_macao_are_shifted_and_come_back(place):
    for forward, back in _PAIRS:
        assert 10 < _metres(*forward(*SHIFTED[place]), *SHIFTED[place]) < 1600
        assert _metres(*back(*forward(*SHIFTED[place])), *SHIFTED[place]) < 1e-3


@pytest.mark.parametrize(("forward", "back"), _PAIRS)
@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), st.tuples(st.floats(72, 138), st.floats(15, 56)))
def test_every_shifted_point_comes_back_and_the_others_stay_or_lie_beside_the_border(forward, back, anywhere, near):
    for point in (anywhere, near):
        moved = _metres(*forward(*point), *point)
        returned = _metres(*back(*forward(*point)), *point)
        if moved > 0:
            assert moved < 1600
            assert returned < 1e-3
        else:
            # A point abroad that stays could be the image of one inside, as far away as a shift is long.
            assert returned < 1600


@pytest.mark.parametrize(("forward", "back", "strip_m"), [(*_PAIRS[0], 1000), (*_PAIRS[1], 2000)])
def test_across_the_border_only_a_narrow_strip_is_unsure(forward, back, strip_m):
    # Along 30 N the outline ends at 123 E, at sea. Every point west of it comes back, and those east beyond the strip.
    lon = np.linspace(122.9, 123.1, 20_001)
    lat = np.full(len(lon), 30.0)
    error = _metres(*back(*forward(lon, lat)), lon, lat)
    out = np.sign(lon - 123) * _metres(lon, lat, np.full(len(lon), 123.0), lat)
    assert error[out < 0].max() < 1e-3
    assert error[out > strip_m].max() == 0.0


def test_over_sichuan_the_shifts_have_the_lengths_that_planners_know():
    # GCJ-02 lies some 390 m on average and 575 m at most, BD-09 some 920 m.
    lon, lat = (v.ravel() for v in np.meshgrid(np.linspace(98, 108.5, 211), np.linspace(27, 34, 141)))
    gcj02 = _metres(*wgs84_to_gcj02(lon, lat), lon, lat)
    bd09 = _metres(*wgs84_to_bd09(lon, lat), lon, lat)
    assert gcj02.mean() == pytest.approx(390, abs=25)
    assert 560 < gcj02.max() < 590
    assert bd09.mean() == pytest.approx(920, abs=40)


def test_points_are_shifted_alike_alone_and_in_arrays_of_any_shape():
    lon, lat = np.meshgrid(np.linspace(98, 140, 7), np.linspace(20, 60, 5))
    for function in [function for pair in _PAIRS for function in pair]:
        out = function(lon, lat)
        assert out[0].shape == out[1].shape == (5, 7)
        alone = [function(x, y) for x, y in zip(lon.ravel(), lat.ravel(), strict=True)]
        assert np.array_equal(np.reshape(alone, (5, 7, 2)), np.stack(out, axis=-1))
        assert function([], [])[0].shape == (0,)


def test_inputs_are_not_changed_in_place():
    lon, lat = np.array([104.0]), np.array([30.6])
    for function in [function for pair in _PAIRS for function in pair]:
        function(lon, lat)
    assert (lon[0], lat[0]) == (104.0, 30.6)


def test_to_wgs84_undoes_the_declared_datum():
    here = (104.0657, 30.6595)
    for datum, forward in (("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)):
        assert _metres(*to_wgs84(*forward(*here), datum=datum), *here) < 1e-3
    assert tuple(map(float, to_wgs84(*here, datum="cgcs2000"))) == here
    assert tuple(map(float, to_wgs84(*here, datum="wgs84"))) == here


@pytest.mark.parametrize(
    ("lon", "lat", "crs"),
    [
        ([104.0], [30.6], "EPSG:32648"),
        ([101.7, 101.9], [26.5, 26.6], "EPSG:32647"),
        ([-51.2], [-30.0], "EPSG:32722"),
        ([100.0, 106.5], [30.0, 31.0], "EPSG:32648"),
    ],
)
def test_the_crs_is_the_utm_zone_at_the_middle(lon, lat, crs):
    assert utm_crs(lon, lat) == crs
    assert metric_crs_problem(crs) is None


def test_only_projected_crs_in_metres_are_metric():
    assert metric_crs_problem("EPSG:4326") == "not_metric"
    assert metric_crs_problem("EPSG:2227") == "not_metric"  # California in US feet
    assert metric_crs_problem("Sichuan") == "unknown"


def test_projecting_there_and_back_changes_nothing():
    lon, lat = np.array([103.9, 104.9, 105.6]), np.array([30.2, 30.9, 31.5])
    x, y = project(lon, lat, "EPSG:32648")
    assert np.allclose(unproject(x, y, "EPSG:32648"), [lon, lat], rtol=0, atol=1e-10)
    # On the zone's central meridian the easting is 500 km and the scale 0.9996.
    assert project([105.0], [30.0], "EPSG:32648")[0][0] == pytest.approx(500_000, abs=1e-3)


def _square_grid(side, spacing=250.0):
    x, y = np.meshgrid(np.arange(side) * spacing, np.arange(side) * spacing)
    return x.ravel() + 400_000, y.ravel() + 3_400_000


def _hexagonal_grid(side, spacing=300.0):
    column, row = np.meshgrid(np.arange(side), np.arange(side))
    x = (column + 0.5 * (row % 2)) * spacing
    return x.ravel() + 400_000, (row * spacing * np.sqrt(3) / 2).ravel() + 3_400_000


def test_a_square_grid_comes_back_as_its_squares():
    x, y = _square_grid(6)
    for outline, square in zip(cell_outlines(x, y), shapely.box(x - 125, y - 125, x + 125, y + 125), strict=True):
        assert outline.symmetric_difference(square).area < 1e-3


def test_the_inner_cells_of_a_hexagonal_grid_are_its_hexagons():
    x, y = _hexagonal_grid(9)
    outlines = cell_outlines(x, y)
    hexagon = np.sqrt(3) / 2 * 300.0**2
    row, column = np.divmod(np.arange(81), 9)
    inner = (row > 0) & (row < 8) & (column > 0) & (column < 8)
    for outline in outlines[inner]:
        assert outline.area == pytest.approx(hexagon, rel=1e-3)
        assert len(shapely.get_coordinates(outline)) == 7
    assert shapely.contains_xy(outlines, x, y).all()
    # A rim cell ends at a circle just around its hexagon (radius 0.6 spacings).
    assert shapely.area(outlines[~inner]).max() <= np.pi * (0.6 * 300) ** 2


@pytest.mark.parametrize("grid", [_square_grid, _hexagonal_grid])
def test_a_cell_beside_a_hole_or_at_the_rim_is_hardly_larger_than_the_others(grid):
    x, y = grid(9)
    keep = np.ones(81, dtype=bool)
    keep[[30, 31, 32, 39, 40]] = False
    whole = np.median(shapely.area(cell_outlines(x, y)))
    # The circle of radius 0.6 d has 1.31 times the area of the hexagon with spacing d.
    limit = 1.0 if grid is _square_grid else np.pi * 0.36 / (np.sqrt(3) / 2)
    outlines = cell_outlines(x[keep], y[keep])
    assert shapely.area(outlines).max() <= whole * limit * (1 + 1e-6)
    assert shapely.area(shapely.union_all(outlines)) == pytest.approx(shapely.area(outlines).sum(), rel=1e-9)


def test_cells_that_coincide_share_an_outline_and_the_order_does_not_matter():
    x, y = _square_grid(4)
    x, y = np.append(x, x[5]), np.append(y, y[5])
    outlines = cell_outlines(x, y)
    assert outlines[-1].equals(outlines[5])
    shuffle = np.random.default_rng(3).permutation(len(x))
    for moved, outline in zip(cell_outlines(x[shuffle], y[shuffle]), outlines[shuffle], strict=True):
        assert moved.equals(outline)


def test_few_cells_get_a_square_and_none_get_none():
    assert len(cell_outlines(np.empty(0), np.empty(0))) == 0
    for outline in cell_outlines(np.array([0.0, 9000.0]), np.array([0.0, 0.0])):
        assert outline.area == pytest.approx(250.0**2)


def test_cells_in_a_line_get_outlines_of_their_own():
    x = np.arange(5) * 250.0
    outlines = cell_outlines(x, np.zeros(5))
    assert np.allclose(shapely.area(outlines), 250.0**2)
    assert shapely.contains_xy(outlines, x, np.zeros(5)).all()


def test_cells_that_all_but_coincide_still_have_valid_outlines():
    x = np.array([0.0, 1e-9, 500.0, 1000.0, 0.0])
    y = np.array([0.0, 0.0, 0.0, 1e-9, 500.0])
    outlines = cell_outlines(x, y)
    assert [outline.is_valid and outline.area > 0 for outline in outlines] == [True] * 5
