"""Squares and H3 cells inside districts."""

from __future__ import annotations

import csv
import sys

import geopandas
import h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stationplan.errors import InputError
from stationplan.geo import cell_of, project, unproject
from stationplan.inputs.demand.grid import h3_cells, h3_outlines, square_cells

CRS = "EPSG:32648"


def shapes(*polygons):
    return np.array(polygons, dtype=object)


# ---- squares --------------------------------------------------------------------------------------------------------


def test_squares_stand_on_multiples_of_their_side_where_their_centre_is_inside():
    grid = square_cells(shapes(shapely.box(-120, 40, 90, 140)), 100.0)
    assert grid.ids == ("E-100N0", "E0N0")
    assert grid.x.tolist() == [-50, 50]
    assert grid.y.tolist() == [50, 50]
    assert grid.outline[0].equals(shapely.box(-100, 0, 0, 100))


def test_a_square_keeps_its_id_when_districts_change_elsewhere():
    near, far = shapely.box(400_000, 3_000_000, 401_000, 3_001_000), shapely.box(300_000, 2_990_000, 301_000, 2_991_000)
    one, two = square_cells(shapes(near), 250.0), square_cells(shapes(far, near), 250.0)
    assert set(one.ids) < set(two.ids)
    assert len(two.ids) == len(set(two.ids)) == 32
    assert "E400250N3000750" in one.ids


def test_a_square_is_made_once_where_districts_touch_or_overlap():
    grid = square_cells(
        shapes(shapely.box(0, 0, 150, 100), shapely.box(150, 0, 300, 100), shapely.box(0, 0, 120, 90)), 100
    )
    assert grid.ids == ("E0N0", "E100N0", "E200N0")


def test_holes_and_parts_are_heeded():
    ring = shapely.difference(shapely.box(0, 0, 300, 300), shapely.box(100, 100, 200, 200))
    island = shapely.box(1000, 0, 1100, 100)
    grid = square_cells(
        shapes(shapely.GeometryCollection([shapely.MultiPolygon([ring, island]), shapely.Point(5e3, 0)])), 100
    )
    assert len(grid.ids) == 9
    assert "E100N100" not in grid.ids
    assert "E1000N0" in grid.ids


def test_sides_that_are_no_whole_metres_have_ids_of_their_own():
    grid = square_cells(shapes(shapely.box(0, 0, 2, 2)), 0.5)
    assert len(set(grid.ids)) == 16
    assert {"E0.5N1.5", "E1N0"} <= set(grid.ids)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.floats(60, 400))
def test_squares_are_those_whose_centres_shapely_finds_inside(seed, side):
    rng = np.random.default_rng(seed)
    angle, radius = np.sort(rng.uniform(0, 2 * np.pi, (3, 12)), axis=1), rng.uniform(100, 1500, (3, 12))
    turn = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    stars = shapely.make_valid(shapely.polygons(rng.uniform(-1000, 1000, (3, 1, 2)) + radius[..., None] * turn))
    grid = square_cells(stars, side)
    steps = (np.arange(np.floor(-3000 / side), np.ceil(3000 / side)) + 0.5) * side
    x, y = (of.ravel() for of in np.meshgrid(steps, steps))
    inside = cell_of(stars, x, y) >= 0
    found, wanted = (
        {(round(e), round(n)) for e, n in zip(x / side - 0.5, y / side - 0.5, strict=True)}
        for x, y in ((grid.x, grid.y), (x[inside], y[inside]))
    )
    assert len(grid.ids) == len(wanted)
    assert found == wanted


@pytest.mark.parametrize(
    "polygons",
    [
        shapes(shapely.box(0, 0, 1e6, 1e6)),
        shapes(*[shapely.box(i * 100, 0, i * 100 + 100, 100) for i in range(12)]),
        shapes(shapely.box(0, 0, 1, 1e7)),
        shapes(*[shapely.box(0, 0, 500, 400)] * 2),
    ],
    ids=["one large", "many small", "one thin", "overlapping"],
)
def test_a_grid_of_too_many_cells_is_refused_with_a_cure(polygons):
    side = 1.0 if len(polygons) == 1 and shapely.bounds(polygons)[0][2] == 1 else 100.0
    limit = 10 if side == 100 else 1000
    with pytest.raises(InputError, match=f"more than {limit} cells.*`side_m`"):
        square_cells(polygons, side, limit=limit)
    assert len(square_cells(shapes(shapely.box(0, 0, 1000, 100)), 100.0, limit=10).ids) == 10


def test_no_district_has_no_squares():
    assert square_cells(np.empty(0, dtype=object), 100.0).ids == ()


def test_sichuan_is_filled_with_squares(shared_data):
    counties = geopandas.read_file(shared_data / "sichuan/sichuan_counties_183.geojson").to_crs(CRS)
    polygons = np.asarray(shapely.make_valid(np.asarray(counties.geometry)), dtype=object)
    grid = square_cells(polygons, 2000.0)
    assert len(grid.ids) * 4e6 == pytest.approx(shapely.area(polygons).sum(), rel=1e-3)
    assert (cell_of(polygons, grid.x, grid.y) >= 0).all()


# ---- H3 -------------------------------------------------------------------------------------------------------------


def district(west=104.0, south=30.6, east=104.1, north=30.7):
    x, y = project([west, east, east, west], [south, south, north, north], CRS)
    return shapely.Polygon(np.column_stack([x, y]))


def test_hexagons_are_those_of_h3_whose_centres_are_inside():
    grid = h3_cells(shapes(district()), CRS, 8)
    lon, lat = unproject(grid.x, grid.y, CRS)
    assert list(grid.ids) == sorted(grid.ids)
    assert [h3.latlng_to_cell(*place, 8) for place in zip(lat, lon, strict=True)] == list(grid.ids)
    assert cell_of(shapes(district()), grid.x, grid.y).tolist() == [0] * len(grid.ids)
    beyond = {cell for inside in grid.ids for cell in h3.grid_disk(inside, 1)} - set(grid.ids)
    x, y = project(*np.array([h3.cell_to_latlng(cell)[::-1] for cell in beyond]).T, CRS)
    assert cell_of(shapes(district()), x, y).tolist() == [-1] * len(beyond)


def test_hexagons_tile_and_are_made_once_where_districts_touch():
    west, east = district(east=104.05), district(west=104.05)
    both, one = h3_cells(shapes(west, east), CRS, 8), h3_cells(shapes(district()), CRS, 8)
    assert both.ids == one.ids
    assert shapely.union_all(one.outline).area == pytest.approx(shapely.area(one.outline).sum(), rel=1e-6)
    assert cell_of(one.outline, one.x, one.y).tolist() == list(range(len(one.ids)))


def test_too_many_hexagons_are_refused_with_a_cure():
    for resolution, limit in ((15, 1000), (8, 100)):
        with pytest.raises(InputError, match=f"more than {limit} cells.*`h3_resolution`"):
            h3_cells(shapes(district()), CRS, resolution, limit=limit)


def test_outlines_of_real_cells_hold_their_centres(shared_data):
    with (shared_data / "porto-alegre/poa_hexgrid.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    x, y = project([float(row["lon"]) for row in rows], [float(row["lat"]) for row in rows], "EPSG:32722")
    outline = h3_outlines([row["id"] for row in rows], "EPSG:32722")
    assert cell_of(outline, x, y).tolist() == list(range(len(rows)))


def test_ids_that_are_no_h3_cells_are_refused():
    with pytest.raises(InputError, match="2 ids are not H3 cells, such as '12'"):
        h3_outlines(["89a901291abffff", "12", " 89a901291abffff"], CRS)


def test_without_h3_the_cure_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "h3.api.basic_int", None)
    with pytest.raises(InputError, match=r"pip install 'stationplan\[demand\]'"):
        h3_cells(shapes(district()), CRS, 8)
