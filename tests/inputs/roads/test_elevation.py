"""Heights from a GeoTIFF and what slopes do to minutes."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine
from scipy.interpolate import RegularGridInterpolator

import stationplan as sp
from stationplan.errors import InputError
from stationplan.inputs import read_roads
from stationplan.inputs.roads.elevation import bilinear, node_heights
from stationplan.inputs.roads.slope import STEEPEST, ebike_factor, slopes, walk_factor
from stationplan.scenario import Limits
from stationplan.text.catalogue import translate

BASE = """
schema = 1
name = "Hill"
[demand]
file = "cells.csv"
datum = "wgs84"
[candidates]
file = "sites.csv"
datum = "wgs84"
[plan]
new = 1
[roads]
"""


def raster(path, values, *, corner=(104.0, 31.0), size=0.001, crs="EPSG:4326", **options):
    """A GeoTIFF whose upper left corner is at a place; pixels are ``size`` degrees wide."""
    values = np.asarray(values, dtype=np.float32)
    bands = values if values.ndim == 3 else values[None]
    profile = {"driver": "GTiff", "dtype": "float32", "count": len(bands), "crs": crs}
    profile |= {
        "height": bands.shape[1],
        "width": bands.shape[2],
        "transform": Affine(size, 0, corner[0], 0, -size, corner[1]),
    }
    with rasterio.open(path, "w", **{**profile, **options}) as file:
        file.write(bands)
    return path


def heights(path, lon, lat, **limits):
    return node_heights(path, np.array(lon, dtype=float), np.array(lat, dtype=float), Limits(**limits)).tolist()


# ---- reading --------------------------------------------------------------------------------------------------------


def test_heights_are_those_of_pixel_centres_and_straight_between_them(tmp_path):
    path = raster(tmp_path / "h.tif", [[0, 10], [20, 30]])
    # Centres are at 104.0005 and 104.0015, 30.9995 and 30.9985.
    lon, lat = [104.0005, 104.0015, 104.001, 104.001, 104.0], [30.9995, 30.9985, 30.999, 30.9995, 31.0]
    assert heights(path, lon, lat) == pytest.approx([0, 30, 15, 5, 0], abs=1e-6)


def test_places_outside_and_pixels_without_data_have_no_height(tmp_path):
    path = raster(tmp_path / "h.tif", [[1, 1, -99], [1, 1, 1]], nodata=-99)
    lon, lat = [104.0005, 103.9, 104.0025, 104.002, 104.0005], [30.9995, 30.9995, 30.9995, 30.9995, 32]
    assert np.isnan(heights(path, lon, lat)).tolist() == [False, True, True, True, True]


def test_a_projected_raster_and_a_scale_are_heeded(tmp_path):
    # UTM 48N: 104.0 E 30.6 N is at easting 404 120 m, northing 3 385 640 m (to 10 m).
    path = raster(tmp_path / "h.tif", np.full((10, 10), 7.0), corner=(400_000, 3_390_000), size=1000, crs="EPSG:32648")
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (10.0,), (100.0,)
    assert heights(path, [104.0], [30.6]) == [170.0]


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 6))
def test_between_centres_heights_are_those_of_scipy(seed, width, height):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(height + 1, width + 1))
    column, row = rng.uniform(0.5, width + 0.5, 20), rng.uniform(0.5, height + 0.5, 20)
    peer = RegularGridInterpolator((np.arange(height + 1) + 0.5, np.arange(width + 1) + 0.5), values)
    assert np.allclose(bilinear(values, column, row), peer(np.column_stack([row, column])))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"crs": None}, "has no georeference"),
        ({"values": np.zeros((3, 4, 4))}, "3 bands"),
        ({"corner": (10.0, 50.0)}, "No road lies within"),
    ],
)
def test_a_raster_that_cannot_be_used_is_named(tmp_path, options, said):
    values = options.pop("values", np.zeros((4, 4)))
    path = raster(tmp_path / "h.tif", values, **options)
    with pytest.raises(InputError, match=said) as caught:
        heights(path, [104.001], [30.999])
    assert [fault.file for fault in caught.value.faults] == ["h.tif"]


def test_heights_in_feet_are_refused(tmp_path):
    path = raster(tmp_path / "h.tif", np.zeros((4, 4)))
    with rasterio.open(path, "r+") as file:
        file.units = ("ft",)
    with pytest.raises(InputError, match="in ft, not in metres"):
        heights(path, [104.001], [30.999])


def test_a_raster_without_a_place_is_refused(tmp_path):
    with pytest.warns(NotGeoreferencedWarning):
        raster(tmp_path / "h.tif", np.zeros((4, 4)), transform=None)
    with pytest.raises(InputError, match="has no georeference"):
        heights(tmp_path / "h.tif", [104.001], [30.999])


@pytest.mark.parametrize("data", [b"", b"II*\0", b"II*\0" + bytes(100), b"\x89PNG\r\n\x1a\n", b"<VRTDataset/>"])
def test_what_is_no_geotiff_is_refused(tmp_path, data):
    (tmp_path / "h.tif").write_bytes(data)
    with pytest.raises(InputError, match="not a readable GeoTIFF"):
        heights(tmp_path / "h.tif", [104.0], [31.0])


@pytest.mark.parametrize("layout", [{"tiled": True, "blockxsize": 16, "blockysize": 16}, {"blockysize": 60_000}])
def test_a_geotiff_that_claims_far_more_than_it_holds_is_refused(tmp_path, layout):
    path = tmp_path / "h.tif"
    size = {"width": 10_000, "height": 10_000} if "tiled" in layout else {"width": 60_000, "height": 60_000}
    profile = {"driver": "GTiff", "dtype": "float32", "count": 1, "crs": "EPSG:4326", "sparse_ok": True}
    place = Affine(1e-5, 0, 104.0, 0, -1e-5, 31.0)
    with rasterio.open(path, "w", **profile, **size, **layout, transform=place, compress="deflate"):
        pass
    assert path.stat().st_size < 10_000_000
    with pytest.raises(InputError, match="unpacks to more than 900 MB"):
        node_heights(path, np.array([104.0, 104.0999]), np.array([31.0, 30.9001]), Limits(unpacked_mb=900))


def test_a_geotiff_cut_short_is_refused(tmp_path):
    path = raster(tmp_path / "h.tif", np.random.default_rng(1).normal(size=(200, 200)))
    path.write_bytes(path.read_bytes()[:-60_000])
    with pytest.raises(InputError, match="not a readable GeoTIFF"):
        heights(path, [104.001, 104.19], [30.999, 30.81])


def test_the_part_to_read_is_limited(tmp_path):
    path = raster(tmp_path / "h.tif", np.zeros((600, 600)))
    assert heights(path, [104.001, 104.002], [30.999, 30.998], unpacked_mb=1) == [0, 0]
    with pytest.raises(InputError, match="unpacks to more than 1 MB"):
        heights(path, [104.001, 104.599], [30.999, 30.401], unpacked_mb=1)


def test_without_rasterio_the_cure_is_told(tmp_path, monkeypatch):
    path = raster(tmp_path / "h.tif", np.zeros((4, 4)))
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(InputError, match=r"pip install 'stationplan\[elevation\]'"):
        heights(path, [104.001], [30.999])


# ---- slopes ---------------------------------------------------------------------------------------------------------


def test_tobler_keeps_the_flat_speed_and_is_fastest_at_five_percent_down():
    slope = np.linspace(-STEEPEST, STEEPEST, 601)
    speed = 1 / walk_factor(slope)
    assert walk_factor(np.zeros(1))[0] == 1.0
    assert slope[speed.argmax()] == pytest.approx(-0.05)
    tobler = 6 * np.exp(-3.5 * np.abs(slope + 0.05))  # km/h, as published
    assert np.allclose(speed, tobler / (6 * np.exp(-3.5 * 0.05)))
    assert tobler.max() == pytest.approx(6.0)


def test_e_bikes_lose_uphill_and_gain_nothing_downhill():
    assert ebike_factor(np.array([-0.3, 0.0, 0.05, 0.1]), 4.0).tolist() == pytest.approx([1.0, 1.0, 1.2, 1.4])


def test_unknown_heights_and_pieces_without_length_are_flat_and_walls_are_capped():
    height = np.array([0.0, 5.0, np.nan, 100.0])
    slope, steep = slopes(height, np.array([0, 1, 0, 3]), np.array([1, 2, 3, 0]), np.array([50.0, 50.0, 0.0, 20.0]))
    assert (slope.tolist(), steep) == ([0.1, 0.0, 0.0, -STEEPEST], 1)


# ---- a study --------------------------------------------------------------------------------------------------------


@pytest.fixture
def hill(tmp_path):
    """A street of two pieces that rises by 10 m on each: flat ground to the west, a plateau to the east."""
    (tmp_path / "nodes.csv").write_text("id,lon,lat\n1,104.0005,30.9995\n2,104.0015,30.9995\n3,104.0025,30.9995\n")
    (tmp_path / "edges.csv").write_text(
        "u,v,highway,length_m\n1,2,residential,100\n2,1,residential,100\n2,3,residential,100\n3,2,residential,100\n"
    )
    raster(tmp_path / "h.tif", [[0, 10, 20]])

    def roads(*lines):
        keys = ['nodes = "nodes.csv"', 'edges = "edges.csv"', 'datum = "wgs84"', *lines]
        (tmp_path / "hill.toml").write_text(BASE + "\n".join(keys))
        return read_roads(sp.load_scenario(tmp_path / "hill.toml"))

    return roads


def arcs(roads, mode):
    found: dict = {}
    for tail, head, minutes in zip(roads.tail, roads.head, roads.minutes[mode], strict=True):
        found[tail, head] = min(minutes, found.get((tail, head), np.inf))
    return found


def test_slopes_make_arcs_directed(hill):
    flat, steep = hill(), hill('elevation = "h.tif"', "ebike_climb_loss = 3.0")
    up, down = np.exp(3.5 * 0.10), np.exp(3.5 * 0.0)  # slope +0.10 and -0.10, 0.05 off the best and divided by the flat
    walk, walk_flat = arcs(steep, "walk"), arcs(flat, "walk")
    assert walk_flat[0, 1] == pytest.approx(100 / 75)
    assert [walk[0, 1] / walk_flat[0, 1], walk[1, 0] / walk_flat[1, 0]] == pytest.approx([up, down], rel=1e-5)
    ebike, ebike_flat = arcs(steep, "ebike"), arcs(flat, "ebike")
    assert [ebike[0, 1] / ebike_flat[0, 1], ebike[1, 0] / ebike_flat[1, 0]] == pytest.approx([1.3, 1.0], rel=1e-5)
    assert arcs(steep, "car") == arcs(flat, "car")
    assert steep.length_m.tolist() == flat.length_m.tolist()


def test_a_study_says_that_it_heeds_slopes(hill):
    (note,) = hill('elevation = "h.tif"').notes
    assert str(note).startswith(
        "Travel times on foot and by e-bike account for slopes (h.tif): 0 of 3 road nodes have no height"
    )
    assert translate(note, "zh").startswith("步行和电动自行车的时间已考虑坡度（h.tif）：3 个道路节点中有 0 个没有高程")
    assert hill().notes == ()


def test_real_hills_take_longer_up_than_down(shared_data, tmp_path):
    text = BASE + 'file = "poa_osm.pbf"\n'
    for name, line in (("flat", ""), ("hills", 'elevation = "poa_elevation.tif"\n')):
        (tmp_path / f"{name}.toml").write_text(text + line)
    folder = shared_data / "porto-alegre"
    flat, hills = (read_roads(sp.load_scenario(tmp_path / f"{name}.toml", data=folder)) for name in ("flat", "hills"))
    height = node_heights(folder / "poa_elevation.tif", hills.lon, hills.lat, Limits())
    assert np.isfinite(height).mean() > 0.97
    climb = height[hills.head] - height[hills.tail]
    assert list(flat.minutes) == list(hills.minutes) == ["walk", "ebike", "car"]
    for mode in flat.minutes:
        ratio = hills.minutes[mode] / np.where(np.isfinite(flat.minutes[mode]), flat.minutes[mode], 1)
        usable = np.isfinite(flat.minutes[mode]) & (flat.minutes[mode] > 0)
        assert (np.isfinite(hills.minutes[mode]) == np.isfinite(flat.minutes[mode])).all()
        if mode == "car":
            assert (ratio[usable] == 1).all()
        else:
            assert (ratio[usable & (climb > 1e-6)] > 1).all()
            assert ratio[usable].max() <= (np.exp(3.5 * STEEPEST) if mode == "walk" else 1 + 4 * STEEPEST) + 1e-9
        if mode == "ebike":
            assert (ratio[usable & (climb <= 0)] == 1).all()
    half = len(hills.tail) // 2  # arcs of pieces forward, then backward
    both = np.isfinite(hills.minutes["walk"][:half]) & np.isfinite(hills.minutes["walk"][half:])
    forth, back = hills.minutes["walk"][:half][both], hills.minutes["walk"][half:][both]
    rises = climb[:half][both]
    assert (forth[rises > 1e-6] > back[rises > 1e-6]).all()
    assert (forth[rises < -1e-6] < back[rises < -1e-6]).all()
    assert (np.abs(rises) > 0).mean() > 0.5
