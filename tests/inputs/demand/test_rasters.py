"""Sums and means of GeoTIFFs over cells."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine

from stationplan.errors import InputError
from stationplan.geo import cell_outlines, project
from stationplan.inputs.demand import rasters
from stationplan.inputs.demand.rasters import raster_sums
from stationplan.scenario import Limits

CRS = "EPSG:32648"
EAST, NORTH = 400_000.0, 3_400_000.0
"""The upper left corner; pixels are 100 m wide."""


def raster(path, values, *, transform=None, crs=CRS, **options):
    values = np.asarray(values)
    bands = values if values.ndim == 3 else values[None]
    profile = {"driver": "GTiff", "dtype": bands.dtype, "count": len(bands), "crs": crs}
    profile |= {
        "height": bands.shape[1],
        "width": bands.shape[2],
        "transform": transform or Affine(100, 0, EAST, 0, -100, NORTH),
    }
    with rasterio.open(path, "w", **{**profile, **options}) as file:
        file.write(bands)
    return path


def boxes(*bounds):
    """Rectangles, in metres to the east and to the south of the corner: west, north, east, south."""
    return np.array([shapely.box(EAST + w, NORTH - s, EAST + e, NORTH - n) for w, n, e, s in bounds], dtype=object)


def sums(path, outline, **options):
    limits = Limits(**{key: options.pop(key) for key in ("unpacked_mb",) if key in options})
    return raster_sums(path, outline, CRS, limits, **options)


def test_a_pixel_gives_the_part_that_lies_in_the_cell(tmp_path):
    path = raster(tmp_path / "p.tif", [[1.0, 2.0], [4.0, 8.0]])
    found = sums(path, boxes((0, 0, 200, 200), (0, 0, 50, 100), (50, 50, 150, 150), (-100, -100, 100, 100)))
    assert found.values.tolist() == pytest.approx([15, 0.5, 3.75, 1])
    assert found.outside == 0


def test_means_are_weighted_by_area_and_may_be_negative(tmp_path):
    path = raster(tmp_path / "t.tif", [[-10.0, 20.0]])
    found = sums(path, boxes((0, 0, 200, 100), (50, 0, 200, 100), (500, 0, 600, 100)), statistic="mean")
    assert found.values.tolist() == pytest.approx([5, 10, np.nan], nan_ok=True)
    assert found.outside == 1


def test_cells_outside_have_none_and_are_counted(tmp_path):
    path = raster(tmp_path / "p.tif", [[1.0, 2.0]])
    found = sums(path, boxes((0, 0, 100, 100), (200, 0, 300, 100), (0, 900, 100, 1000)))
    assert (found.values.tolist(), found.outside) == ([1, 0, 0], 2)


@pytest.mark.parametrize("nodata", [-99.0, float("nan")])
def test_pixels_without_data_are_left_out(tmp_path, nodata):
    path = raster(tmp_path / "p.tif", [[1.0, nodata, np.nan, 4.0]], nodata=nodata)
    whole = boxes((0, 0, 400, 100), (100, 0, 300, 100))
    assert sums(path, whole).values.tolist() == [5, 0]
    assert sums(path, whole, statistic="mean").values.tolist() == pytest.approx([2.5, np.nan], nan_ok=True)


def test_whole_numbers_with_a_scale(tmp_path):
    path = raster(tmp_path / "p.tif", np.array([[1, 2]], dtype=np.uint16), nodata=2)
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (10.0,), (1.0,)
    assert sums(path, boxes((0, 0, 200, 100))).values.tolist() == [11]


def test_negative_counts_are_refused_with_how_many_cells(tmp_path):
    path = raster(tmp_path / "p.tif", [[1.0, -9999.0, 3.0]])
    with pytest.raises(InputError, match="2 cells contain negative pixels, down to -9999") as caught:
        sums(path, boxes((0, 0, 100, 100), (50, 0, 150, 100), (150, 0, 300, 100)))
    assert [(fault.file, fault.code) for fault in caught.value.faults] == [("p.tif", "out_of_range")]
    assert sums(path, boxes((0, 0, 100, 100), (200, 0, 300, 100))).values.tolist() == [1, 3]


@settings(deadline=None, derandomize=True, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_a_tiling_adds_up_to_the_raster(tmp_path_factory, seed):
    rng = np.random.default_rng(seed)
    values = rng.gamma(0.5, 20, (60, 50))
    path = raster(tmp_path_factory.mktemp("sum") / "p.tif", values)
    whole = shapely.box(EAST, NORTH - 6000, EAST + 5000, NORTH)
    spots = np.column_stack([rng.uniform(EAST, EAST + 5000, 400), rng.uniform(NORTH - 6000, NORTH, 400)])
    tiles = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(spots), extend_to=whole))
    tiles = shapely.intersection(tiles, whole)
    # exactextract keeps the part of a pixel as a 32-bit float: each is good to 2**-24.
    assert sums(path, tiles).values.sum() == pytest.approx(values.sum(), rel=2**-24)


def test_halves_and_quarters_of_pixels_add_up_to_the_last_digits(tmp_path):
    values = np.random.default_rng(6).gamma(0.5, 20, (30, 30))
    path = raster(tmp_path / "p.tif", values)
    edge = np.append(np.arange(0, 3000, 75), 3000)  # every pixel is cut into quarters, halves or three quarters
    west, north = (of.ravel() for of in np.meshgrid(edge[:-1], edge[:-1]))
    east, south = (of.ravel() for of in np.meshgrid(edge[1:], edge[1:]))
    found = sums(path, boxes(*zip(west, north, east, south, strict=True)))
    assert found.values.sum() == pytest.approx(values.sum(), rel=1e-13)


def test_hexagons_and_pixels_are_cut_as_shapely_cuts_them(tmp_path):
    rng = np.random.default_rng(4)
    values = rng.uniform(0, 9, (20, 20))
    path = raster(tmp_path / "p.tif", values)
    tiles = cell_outlines(EAST + rng.uniform(0, 2000, 30), NORTH - rng.uniform(0, 2000, 30))
    column, row = np.meshgrid(np.arange(20), np.arange(20))
    pixels = shapely.box(EAST + column * 100, NORTH - row * 100 - 100, EAST + column * 100 + 100, NORTH - row * 100)
    exact = [(shapely.area(shapely.intersection(tile, pixels)) / 1e4 * values).sum() for tile in tiles]
    assert sums(path, tiles).values.tolist() == pytest.approx(exact, rel=1e-6)


def test_cells_are_turned_into_the_crs_of_the_raster(tmp_path):
    path = raster(
        tmp_path / "p.tif", np.ones((40, 40)), crs="EPSG:4326", transform=Affine(0.01, 0, 103.8, 0, -0.01, 30.8)
    )
    x, y = project([104.0, 104.02, 104.02, 104.0], [30.5, 30.5, 30.53, 30.53], CRS)
    cell = np.array([shapely.Polygon(np.column_stack([x, y]))], dtype=object)
    assert sums(path, cell).values.tolist() == pytest.approx([6], rel=1e-6)


def test_cells_taken_a_few_at_a_time_have_the_same_sums(tmp_path, monkeypatch):
    rng = np.random.default_rng(2)
    path = raster(tmp_path / "p.tif", rng.uniform(0, 5, (50, 50)))
    west, north = rng.uniform(-300, 4900, (2, 60))
    cells = boxes(*zip(west, north, west + 230, north + 170, strict=True))
    once = sums(path, cells)
    monkeypatch.setattr(rasters, "CHUNK", 7)
    again = sums(path, cells)
    assert again.values.tolist() == pytest.approx(once.values.tolist(), rel=1e-12)
    assert again.outside == once.outside


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"crs": None}, "has no georeference"),
        ({"values": np.zeros((3, 4, 4))}, "3 bands, not one"),
        ({"transform": Affine(100, 0, 900_000, 0, -100, NORTH)}, "No cell lies within"),
        ({"transform": Affine(100, 0, EAST, 0, 100, NORTH - 400)}, "do not run from west to east"),
        ({"transform": Affine(80, 20, EAST, 20, -80, NORTH)}, "do not run from west to east"),
    ],
)
def test_a_raster_that_cannot_be_used_is_named(tmp_path, options, said):
    values = options.get("values", np.zeros((4, 4)))
    path = raster(tmp_path / "p.tif", values, **{key: item for key, item in options.items() if key != "values"})
    with pytest.raises(InputError, match=said) as caught:
        sums(path, boxes((0, 0, 100, 100)))
    assert [fault.file for fault in caught.value.faults] == ["p.tif"]


def test_what_is_no_geotiff_is_refused(tmp_path):
    (tmp_path / "p.tif").write_bytes(b"<VRTDataset/>")
    with pytest.raises(InputError, match="not a readable GeoTIFF"):
        sums(tmp_path / "p.tif", boxes((0, 0, 100, 100)))


def test_the_part_to_read_is_limited(tmp_path):
    path = raster(tmp_path / "p.tif", np.zeros((400, 400)))
    assert sums(path, boxes((0, 0, 300, 300)), unpacked_mb=1).values.tolist() == [0]
    with pytest.raises(InputError, match="unpacks to more than 1 MB"):
        sums(path, boxes((0, 0, 40_000, 40_000)), unpacked_mb=1)


@pytest.mark.parametrize("library", ["rasterio", "exactextract"])
def test_without_a_library_the_cure_is_told(tmp_path, monkeypatch, library):
    path = raster(tmp_path / "p.tif", np.zeros((4, 4)))
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InputError, match=rf"requires {library}.*pip install 'stationplan\[demand\]'"):
        sums(path, boxes((0, 0, 100, 100)))
