"""Rasters as their publishers write them: no-data values, declared or not, projections, scales, rows from the south."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
import shapely
from pyproj import Transformer
from rasterio.transform import Affine

from stationplan.errors import InputError
from stationplan.geo import unproject
from stationplan.inputs.demand.rasters import raster_sums
from stationplan.scenario import Limits

CRS = "EPSG:32648"
EAST, NORTH = 400_000.0, 3_400_000.0
WHOLE = np.array([shapely.box(EAST, NORTH - 100, EAST + 400, NORTH)], dtype=object)


def raster(path, values, *, nodata=None, dtype="float32", crs=CRS, transform=None, scale=1.0, offset=0.0):
    values = np.asarray([values], dtype=dtype) if np.ndim(values) == 1 else np.asarray(values, dtype=dtype)
    shape = {"height": values.shape[0], "width": values.shape[1]}
    step = transform or Affine(100, 0, EAST, 0, -100, NORTH)
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype=dtype, crs=crs, transform=step, nodata=nodata, **shape
    ) as file:
        file.write(values, 1)
        file.scales, file.offsets = (scale,), (offset,)
    return path


@pytest.mark.parametrize(
    ("nodata", "dtype"),
    [(-200, "float64"), (-9999, "float32"), (-99999, "float32"), (255, "uint8"), (3.4028234663852886e38, "float32")],
)
def test_declared_no_data_is_no_count(tmp_path, nodata, dtype):
    path = raster(tmp_path / "p.tif", [1, nodata, 2, nodata], nodata=nodata, dtype=dtype)
    assert raster_sums(path, WHOLE, CRS, Limits()).values.tolist() == pytest.approx([3])


@pytest.mark.parametrize("value", [-200.0, -9999.0, -3.4e38, 3.4e38, 3.4028234663852886e38])
def test_undeclared_no_data_is_refused_where_no_count_can_be(tmp_path, value):
    path = raster(tmp_path / "p.tif", [1.0, value, 2.0, 0.0])
    with pytest.raises(InputError, match="no-data value") as caught:
        raster_sums(path, WHOLE, CRS, Limits())
    assert [fault.code for fault in caught.value.faults] == ["out_of_range"]


def test_scale_and_offset_are_applied_but_not_to_no_data(tmp_path):
    path = raster(tmp_path / "p.tif", [1, 2, 65535, 3], nodata=65535, dtype="uint16", scale=0.5, offset=10)
    assert raster_sums(path, WHOLE, CRS, Limits()).values.tolist() == pytest.approx([10.5 + 11 + 11.5])


def test_mollweide_is_summed_in_its_own_cells(tmp_path):
    """GHS-POP: pixels of 100 m in Mollweide; a cell of one square kilometre holds a hundred of them."""
    lon, lat = unproject([EAST], [NORTH], CRS)
    x, y = Transformer.from_crs("EPSG:4326", "ESRI:54009", always_xy=True).transform(lon[0], lat[0])
    step = Affine(100, 0, x - 3000, 0, -100, y + 3000)
    path = raster(tmp_path / "p.tif", np.ones((60, 60)), nodata=-200, dtype="float64", crs="ESRI:54009", transform=step)
    cell = np.array([shapely.box(EAST - 500, NORTH - 500, EAST + 500, NORTH + 500)], dtype=object)
    # PROJ's Mollweide keeps areas of a sphere, which are 0.4 % off at this latitude.
    assert raster_sums(path, cell, CRS, Limits()).values.tolist() == pytest.approx([100], rel=5e-3)


def test_rows_from_the_south_are_refused_with_the_fix(tmp_path):
    path = raster(tmp_path / "p.tif", [1, 2, 3, 4], transform=Affine(100, 0, EAST, 0, 100, NORTH - 100))
    with pytest.raises(InputError, match="north up"):
        raster_sums(path, WHOLE, CRS, Limits())
