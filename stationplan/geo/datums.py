"""China's shifted datums: WGS-84 to GCJ-02 and BD-09, and back.

GCJ-02 ("Mars coordinates") and BD-09 are defined by code, not by an open standard; the formulas below are the ones in
common use since 2013 (eviltransform, coordTransform), on the Krasovsky 1940 ellipsoid. CGCS2000 and WGS-84 agree to
centimetres and are treated as one.

Both datums equal WGS-84 abroad. The bounding box of eviltransform (72.004-137.8347 E, 0.8293-55.8271 N) also shifts
Seoul, Hanoi and Ulaanbaatar, so a coarse outline is used instead. It contains the mainland, Hong Kong and Macao, where
Amap states that it has data (``isAMapDataAvailable``) and Huawei that its maps use GCJ-02, but not Taiwan, where Huawei
states that its maps use WGS-84. Google does not shift Hong Kong and Macao: its data there is WGS-84 and must be
declared as such.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike

from stationplan.domain import BoolArray, FloatArray
from stationplan.geo.crs import as_degrees

Datum = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
"""Geodetic reference of longitudes and latitudes in an input."""

_Turn = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]

_KRASOVSKY_A = 6378245.0
_KRASOVSKY_EE = 0.00669342162296594323
_BD_PI = np.pi * 3000.0 / 180.0
_INVERSE_STEPS = 6
"""Fixed-point iterations of the inverse transformations.

Each reduces the error at least 50-fold (the Lipschitz constant of either shift is below 0.02), so that six reduce a
shift of 0.01 degree to below 1e-12.
"""

# fmt: off
_SHIFTED_OUTLINE = shapely.Polygon((
    (73.3, 39.4), (73.6, 40.1), (75.5, 40.9), (78.0, 41.6), (80.1, 42.3), (79.7, 44.9), (82.2, 45.7), (81.9, 47.3),
    (85.3, 47.5), (85.5, 48.6), (87.0, 49.4), (88.2, 49.3), (91.3, 46.9), (91.0, 45.3), (93.6, 45.1), (95.6, 44.4),
    (96.6, 42.9), (100.2, 42.8), (101.8, 42.7), (105.0, 42.0), (108.5, 42.7), (110.4, 43.0), (111.0, 43.5),
    (111.9, 43.9), (111.3, 44.5), (112.0, 45.3), (113.7, 45.2), (116.0, 46.5), (119.9, 47.0), (115.4, 47.9),
    (116.5, 50.0), (119.2, 50.4), (119.0, 51.0), (120.6, 53.5), (123.5, 53.8), (126.0, 53.1), (127.1, 51.5),
    (127.8, 50.2), (130.6, 49.2), (131.0, 48.0), (135.3, 48.6), (133.3, 45.0), (131.3, 44.9), (131.5, 43.0),
    (130.5, 42.2), (128.2, 41.3), (126.5, 41.2), (124.2, 39.6), (122.0, 38.0), (123.5, 37.3), (123.0, 30.0),
    (120.2, 25.2), (118.0, 23.5), (113.4, 16.0), (110.5, 15.8), (108.0, 17.8), (107.8, 21.3), (106.6, 21.8),
    (105.3, 23.0), (104.0, 22.4), (102.4, 22.3), (101.9, 21.0), (99.8, 21.5), (97.3, 23.8), (98.4, 27.4),
    (97.2, 28.1), (93.0, 27.2), (91.5, 27.8), (90.2, 28.0), (89.4, 27.9), (89.1, 27.2), (88.7, 27.2), (88.6, 27.9),
    (86.0, 27.7), (84.0, 28.6), (81.2, 29.9), (78.3, 31.2), (77.9, 35.4), (76.0, 35.7), (74.3, 36.9),
))
# fmt: on
"""Where GCJ-02 and BD-09 differ from WGS-84: vertices (degrees) slightly outside the border.

Checked in 2026 against the places of GeoNames with at least 500 inhabitants: all 16,381 in the mainland, Hong Kong and
Macao lie inside, and so do 188 of the 19,459 others in the bounding box of eviltransform, all near the border (Kinmen,
Onsong, Zamyn-Uud).
"""
shapely.prepare(_SHIFTED_OUTLINE)
_REACH = 0.1
"""Degrees around the outline beyond which there are no shifted coordinates."""


def _gcj_turn(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return WGS-84 coordinates in GCJ-02, as if GCJ-02 were shifted everywhere."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    waves = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    d_lat += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    d_lat += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    d_lon += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    d_lon += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    magic = 1.0 - _KRASOVSKY_EE * np.sin(phi) ** 2
    root_magic = np.sqrt(magic)
    d_lat = d_lat * 180.0 / ((_KRASOVSKY_A * (1.0 - _KRASOVSKY_EE)) / (magic * root_magic) * np.pi)
    d_lon = d_lon * 180.0 / (_KRASOVSKY_A / root_magic * np.cos(phi) * np.pi)
    return lon + d_lon, lat + d_lat


def _bd_turn(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return GCJ-02 coordinates in BD-09."""
    radius = np.hypot(lon, lat) + 2e-5 * np.sin(lat * _BD_PI)
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(lon * _BD_PI)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _undone(turn: _Turn, lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the coordinates that a transformation maps to the given ones, by fixed-point iteration."""
    guess_lon, guess_lat = lon, lat
    for _ in range(_INVERSE_STEPS):
        there_lon, there_lat = turn(guess_lon, guess_lat)
        guess_lon, guess_lat = guess_lon + (lon - there_lon), guess_lat + (lat - there_lat)
    return guess_lon, guess_lat


def _where_shifted(turn: _Turn, lon: ArrayLike, lat: ArrayLike, *, back: bool) -> tuple[FloatArray, FloatArray]:
    """Return coordinates transformed where their WGS-84 position lies in the outline, and unchanged elsewhere.

    The WGS-84 position is the given one, or with ``back`` the transformed one.
    """
    given_lon, given_lat = as_degrees(lon, lat)
    left, low, right, high = _SHIFTED_OUTLINE.buffer(_REACH).bounds
    near = (given_lon > left) & (given_lon < right) & (given_lat > low) & (given_lat < high)
    # Far from China the formulas are meaningless, and at the poles they overflow.
    turned_lon, turned_lat = turn(np.where(near, given_lon, left), np.where(near, given_lat, low))
    wgs84 = (turned_lon, turned_lat) if back else (given_lon, given_lat)
    shifted = near & shapely.contains_xy(_SHIFTED_OUTLINE, *wgs84)
    return np.where(shifted, turned_lon, given_lon), np.where(shifted, turned_lat, given_lat)


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return longitudes and latitudes shifted from WGS-84 to GCJ-02.

    Any shape; degrees. Points outside mainland China, Hong Kong and Macao are returned unchanged.

    >>> lon, lat = wgs84_to_gcj02([116.377817, 126.978], [39.911954, 37.567])
    >>> lon.round(6).tolist(), lat.round(6).tolist()
    ([116.384047, 126.978], [39.913345, 37.567])
    """
    return _where_shifted(_gcj_turn, lon, lat, back=False)


def has_gcj02(lon: ArrayLike, lat: ArrayLike) -> BoolArray:
    """Return where GCJ-02 and BD-09 differ from WGS-84: mainland China, Hong Kong and Macao; degrees of WGS-84.

    >>> has_gcj02([104.0657, 126.978], [30.6595, 37.567]).tolist()
    [True, False]
    """
    return np.asarray(shapely.contains_xy(_SHIFTED_OUTLINE, *as_degrees(lon, lat)), dtype=np.bool_)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return longitudes and latitudes shifted back from GCJ-02 to WGS-84, exact to well below a millimetre.

    Any shape; degrees. Points outside mainland China, Hong Kong and Macao are returned unchanged. The shift ends
    abruptly at the border, so GCJ-02 coordinates up to 1 km outside it may correspond to two places; the place inside
    is returned.

    >>> lon, lat = gcj02_to_wgs84(*wgs84_to_gcj02(104.0657, 30.6595))
    >>> bool(abs(lon - 104.0657) < 1e-11 and abs(lat - 30.6595) < 1e-11)
    True
    """
    return _where_shifted(partial(_undone, _gcj_turn), lon, lat, back=True)


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return longitudes and latitudes shifted from WGS-84 to Baidu's BD-09.

    Any shape; degrees. Points outside mainland China, Hong Kong and Macao are returned unchanged.

    >>> lon, lat = wgs84_to_bd09(104.0657, 30.6595)
    >>> round(float(lon), 5), round(float(lat), 5)
    (104.0747, 30.66311)
    """
    return _where_shifted(lambda *place: _bd_turn(*_gcj_turn(*place)), lon, lat, back=False)


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return longitudes and latitudes shifted back from BD-09 to WGS-84, exact to well below a millimetre.

    Any shape; degrees. Borders are treated as in :func:`gcj02_to_wgs84`; the ambiguous strip is up to 2 km wide.

    >>> lon, lat = bd09_to_wgs84(*wgs84_to_bd09(104.0657, 30.6595))
    >>> bool(abs(lon - 104.0657) < 1e-10 and abs(lat - 30.6595) < 1e-10)
    True
    """
    return _where_shifted(lambda *place: _undone(_gcj_turn, *_undone(_bd_turn, *place)), lon, lat, back=True)


def to_wgs84(lon: ArrayLike, lat: ArrayLike, *, datum: Datum) -> tuple[FloatArray, FloatArray]:
    """Return longitudes and latitudes (degrees) in WGS-84, converted from ``datum``."""
    if datum == "gcj02":
        return gcj02_to_wgs84(lon, lat)
    if datum == "bd09":
        return bd09_to_wgs84(lon, lat)
    return as_degrees(lon, lat)
