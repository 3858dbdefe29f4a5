"""The metric CRS of a study area, and distances on the ellipsoid."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from pyproj import CRS, Geod, Proj, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info
from pyproj.exceptions import CRSError

from stationplan.domain import FloatArray

_WGS84 = Geod(ellps="WGS84")

_LENGTH_ERROR = 0.01
"""Largest relative length error of a CRS that is accepted as metric."""


def as_degrees(lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return longitudes and latitudes as arrays of floats."""
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def utm_crs(lon: ArrayLike, lat: ArrayLike) -> str | None:
    """Return the WGS-84 UTM zone at the centre of points (degrees), such as ``EPSG:32648``; ``None`` near the poles.

    >>> utm_crs([104.0], [30.6])
    'EPSG:32648'
    """
    lon, lat = as_degrees(lon, lat)
    middle_lon = float((lon.min() + lon.max()) / 2)
    middle_lat = float((lat.min() + lat.max()) / 2)
    point = AreaOfInterest(middle_lon, middle_lat, middle_lon, middle_lat)
    zones = query_utm_crs_info(datum_name="WGS 84", area_of_interest=point)
    return f"EPSG:{zones[0].code}" if zones else None


def metric_crs_problem(text: str) -> str | None:
    """Return ``None`` for a projected CRS in metres, otherwise ``"unknown"`` or ``"not_metric"``.

    Web Mercator counts as not metric: its scale is true only at the equator, and lengths are 16 % too long at 30
    degrees.

    >>> metric_crs_problem("EPSG:32648"), metric_crs_problem("EPSG:4326"), metric_crs_problem("EPSG:1")
    (None, 'not_metric', 'unknown')
    """
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        return "unknown"
    web = crs.coordinate_operation is not None and "Pseudo Mercator" in crs.coordinate_operation.method_name
    metric = crs.is_projected and not web and all(axis.unit_name == "metre" for axis in crs.axis_info)
    return None if metric else "not_metric"


def keeps_metres(crs: str, lon: float, lat: float) -> bool:
    """Return whether lengths in a projected CRS are within 1 % of true lengths at a location (degrees).

    >>> [keeps_metres(crs, 104.0, 30.6) for crs in ("EPSG:32648", "EPSG:32610", "EPSG:3395")]
    [True, False, False]
    """
    factors = Proj(crs).get_factors(lon, lat)
    return all(abs(scale - 1) <= _LENGTH_ERROR for scale in (factors.meridional_scale, factors.parallel_scale))


def turned_by_proj(crs: str) -> bool:
    """Return whether PROJ converts coordinates in a CRS to WGS-84: projected ones, and those with own parameters.

    Degrees of any other datum are left as they are; whether the datum agrees with WGS-84 is checked elsewhere.

    >>> turned_by_proj("EPSG:4544"), turned_by_proj("EPSG:4490")
    (True, False)
    """
    given = CRS.from_user_input(crs)
    return bool(given.is_projected or given.is_bound)


def project(lon: ArrayLike, lat: ArrayLike, crs: str) -> tuple[FloatArray, FloatArray]:
    """Return eastings and northings (m) in ``crs`` of WGS-84 longitudes and latitudes."""
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(*as_degrees(lon, lat))
    return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def unproject(x: ArrayLike, y: ArrayLike, crs: str) -> tuple[FloatArray, FloatArray]:
    """Return WGS-84 longitudes and latitudes of eastings and northings (m) in ``crs``."""
    lon, lat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(
        np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    )
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def metres_apart(lon: ArrayLike, lat: ArrayLike, to_lon: ArrayLike, to_lat: ArrayLike) -> FloatArray:
    """Return the geodesic distance (m) between points in WGS-84 degrees, broadcast against each other.

    >>> round(float(metres_apart(104.0, 30.0, 104.0, 31.0)))
    110861
    """
    here_lon, here_lat, there_lon, there_lat = np.broadcast_arrays(*as_degrees(lon, lat), *as_degrees(to_lon, to_lat))
    return np.asarray(_WGS84.inv(here_lon, here_lat, there_lon, there_lat)[2], dtype=np.float64)
