"""The ground plan of the synthetic city: river, main roads, zones and districts, in local metres.

Local coordinates are eastings and northings in ``CRS`` minus those of the middle of the map. Coordinates computed with
functions such as ``sin`` are on the grid of ``stationplan.demo.grid``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import shapely
import shapely.ops
from scipy.interpolate import CubicSpline
from shapely.geometry import LineString, MultiLineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from stationplan.demo.grid import length_on_grid, on_grid, widened
from stationplan.domain import FloatArray
from stationplan.geo import project, unproject

CRS = "EPSG:32648"
EXTENT = box(-7000.0, -5500.0, 7000.0, 5500.0)
CENTRE = (-1000.0, 500.0)
TOWN = (5050.0, 1750.0)

_MIDDLE_LON_LAT = (104.9, 30.9)
_RIVER_HALF_WIDTH_M = 65.0
_BANK_M = 38.0
"""Distance from the water's edge to the embankment road: dyke and riverside green, crossed by bridges only."""

Zone = Literal["core", "inner", "outer", "edge", "industry", "town", "country"]


@dataclass(frozen=True)
class Road:
    """The line of a street in local metres, with its OSM highway class and its name ('' for none)."""

    line: LineString
    highway: str
    name: str


@dataclass(frozen=True)
class District:
    """A county-level district, in local metres."""

    code: str
    name: str
    prefecture: str
    shape: Polygon


@dataclass(frozen=True)
class Ground:
    """The ground plan of the city, in local metres.

    ``channel`` is the river with both banks, which only bridges may cross; ``built`` is the built-up land;
    ``industry`` the land of large blocks; ``roads`` the main roads, including bridges.
    """

    river: BaseGeometry
    channel: Polygon
    built: BaseGeometry
    industry: BaseGeometry
    roads: tuple[Road, ...]
    districts: tuple[District, ...]

    def zone(self, x: float, y: float) -> Zone:
        """Return the zone at a position."""
        point = Point(x, y)
        if self.industry.contains(point):
            return "industry"
        if length_on_grid(x - TOWN[0], y - TOWN[1]) < 900.0:
            return "town"
        distance_m = length_on_grid(x - CENTRE[0], y - CENTRE[1])
        if distance_m < 1100.0:
            return "core"
        if distance_m < 2150.0:
            return "inner"
        if not self.built.contains(point):
            return "country"
        return "outer" if distance_m < 3500.0 else "edge"


def to_degrees(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return WGS-84 longitudes and latitudes of local coordinates (m), rounded to the six decimals of the files.

    >>> [value.tolist() for value in to_degrees(np.zeros(1), np.zeros(1))]
    [[104.9], [30.9]]
    """
    east, north = middle()
    lon, lat = unproject(x + east, y + north, CRS)
    return lon.round(6), lat.round(6)


def to_local(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return local coordinates (m) of WGS-84 longitudes and latitudes, on the grid of 1 mm.

    >>> [float(value) for value in to_local(np.array(104.9), np.array(30.9))]
    [0.0, 0.0]
    """
    east, north = middle()
    x, y = project(lon, lat, CRS)
    return on_grid(x - east), on_grid(y - north)


@cache
def middle() -> tuple[float, float]:
    """Return easting and northing of the middle of the map (m)."""
    east, north = project(*_MIDDLE_LON_LAT, CRS)
    return float(east), float(north)


def _smooth(points: Sequence[tuple[float, float]], *, step_m: float = 60.0) -> LineString:
    """Return a smooth line through the points, with a vertex about every ``step_m``."""
    knots = np.asarray(points)
    along = np.concatenate([[0.0], np.cumsum(length_on_grid(*np.diff(knots, axis=0).T))])
    fine = np.linspace(0.0, along[-1], int(along[-1] / step_m) + 2)
    return LineString(on_grid(CubicSpline(along, knots)(fine)))


def _ring(radius_m: float, *, turn: float) -> LineString:
    """Return a closed ring road: an oval with a few dents, since old roads follow walls and hills."""
    angle = np.linspace(0.0, 2.0 * np.pi, 97)
    radius = radius_m * (1.0 + 0.07 * np.cos(2.0 * angle - 0.5) + 0.035 * np.sin(3.0 * angle + turn))
    radius *= 1.0 + 0.012 * np.sin(7.0 * angle + 2.0 * turn)
    points = on_grid(np.column_stack([CENTRE[0] + radius * np.cos(angle), CENTRE[1] + radius * np.sin(angle)]))
    points[-1] = points[0]
    return LineString(points)


def _radial(degrees: float, start_m: float, end_m: float, bends: Sequence[float]) -> LineString:
    """Return a road from near the centre outwards; ``bends`` are its lateral offsets (m) along the road."""
    along = np.linspace(start_m, end_m, len(bends))
    ray = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    side = np.array([-ray[1], ray[0]])
    points = on_grid(np.asarray(CENTRE) + along[:, None] * ray + np.asarray(bends)[:, None] * side)
    return _smooth([(float(x), float(y)) for x, y in points], step_m=90.0)


def _river_line() -> LineString:
    return _smooth(
        [
            (-7900, 3500), (-6500, 3150), (-5650, 2200), (-5350, 800), (-4250, -600), (-2500, -1000), (-1150, -1020),
            (100, -1750), (1250, -2750), (2700, -2950), (3900, -2250), (5100, -2350), (6000, -3500), (7900, -4400),
        ]
    )  # fmt: skip


def _main_roads(river_line: LineString, channel: Polygon) -> list[Road]:
    rings = [_ring(950.0, turn=0.4), _ring(2100.0, turn=1.7), _ring(3550.0, turn=3.0)]
    east = _radial(8.0, 0.0, 4300.0, [0, 25, -40, 60])
    bridging = [
        Road(rings[1], "primary", "二环路"),
        Road(rings[2], "trunk", "三环路"),
        Road(_radial(-98.0, 0.0, 6400.0, [0, -20, 60, 260, 460, 420]), "primary", "人民南路"),
    ]
    avenues = [
        Road(rings[0], "primary", "一环路"),
        Road(_radial(97.0, 0.0, 5600.0, [0, 30, -30, 90, 130]), "primary", "人民北路"),
        Road(east, "primary", "文昌东路"),
        Road(_radial(186.0, 0.0, 4050.0, [0, -30, 50, -60]), "primary", "文昌西路"),
        Road(_smooth([(-6074, 4270), (-4600, 4230), (-3000, 4330), (-1500, 4230), (300, 4480), (1780, 4390)]),
             "primary", "北塘大道"),
        Road(
            _smooth([(-1260, -3720), (300, -3950), (2100, -4050), (4200, -4500), (7200, -5100)]), "tertiary", "物流路"
        ),
        Road(_smooth([(east.coords[-1][0], east.coords[-1][1]), (3950, 1180), (4500, 1570), TOWN]), "secondary",
             "锦安路"),
        Road(_smooth([TOWN, (5700, 2060), (6300, 1850), (7200, 2250)]), "secondary", "云溪大道"),
        Road(_smooth([(5250, 5700), (4980, 4200), (5200, 2900), TOWN]), "tertiary", "柳溪街"),
        Road(_smooth([TOWN, (5150, 600), (4800, -700), (5050, -1900)]), "tertiary", "柳溪街"),
        *(Road(bank, "tertiary", name) for bank, name in _embankments(river_line, channel)),
    ]  # fmt: skip
    outward = [
        Road(_radial(55.0, 500.0, 7600.0, [0, 60, 20, -140, -60]), "secondary", "蚕桑路"),
        Road(_radial(142.0, 500.0, 8600.0, [0, -60, 50, 160, 60]), "secondary", "盐井路"),
        Road(_smooth([(-500, 100), (900, -750), (2000, -1350), (3200, -1500), (4100, -1250), (4810, -700)]),
             "secondary", "东津大道"),
        Road(_radial(-126.0, 500.0, 8200.0, [0, 50, -60, 40, 100]), "secondary", "青竹路"),
        Road(_radial(-152.0, 500.0, 7200.0, [0, -50, 70, 150, 0]), "secondary", "石桥路"),
    ]  # fmt: skip
    dry_land = EXTENT.difference(channel)
    # These begin at the first ring, which keeps through traffic out of the old town.
    outside = dry_land.difference(Polygon(rings[0]))
    return [
        Road(part, road.highway, road.name)
        for some, mask in ((bridging, EXTENT), (avenues, dry_land), (outward, outside))
        for road in some
        for part in _lines(road.line, mask)
        # A short piece between the bank and the next road would be a dead end.
        if part.length > 120.0
    ]


def _lines(line: LineString, mask: BaseGeometry) -> list[LineString]:
    parts = shapely.get_parts(shapely.line_merge(line.intersection(mask)))
    return [part for part in parts if isinstance(part, LineString)]


def _embankments(river_line: LineString, channel: Polygon) -> list[tuple[LineString, str]]:
    """Return the roads along both banks where the river runs through the city, named by their side."""
    reach = widened(Point(CENTRE), 3900.0)
    banks = _lines(channel.exterior, reach)
    left = [bank for bank in banks if _is_left(river_line, bank)]
    right = [bank for bank in banks if not _is_left(river_line, bank)]
    return [(bank, "滨江北路") for bank in left] + [(bank, "滨江南路") for bank in right]


def _is_left(river_line: LineString, bank: LineString) -> bool:
    """Return whether the bank is on the city's side; the river is drawn downstream, from west to east."""
    point = bank.interpolate(0.5, normalized=True)
    at_m = river_line.project(point)
    a, b = river_line.interpolate(at_m), river_line.interpolate(at_m + 5.0)
    return bool((b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x) > 0.0)


def _built_up() -> tuple[BaseGeometry, BaseGeometry]:
    industry = shapely.union_all(
        [
            Polygon([(-4300, 3750), (-3000, 3650), (-1700, 3700), (1500, 3950), (1750, 4900), (-1500, 4950),
                     (-4200, 4750)]),
            Polygon([(300, -3350), (1900, -3650), (2200, -4700), (200, -4600)]),
        ]
    )  # fmt: skip
    city = widened(Polygon(_ring(3550.0, turn=3.0)), 220.0)
    fingers = shapely.union_all(
        [widened(_radial(degrees, 3000.0, end, [0, 0, 0]), 430.0) for degrees, end in
         [(8.0, 4400.0), (55.0, 4700.0), (142.0, 4700.0), (-94.0, 4900.0), (-33.0, 4300.0)]]
    )  # fmt: skip
    town = widened(Point(TOWN), 950.0)
    return shapely.union_all([city, fingers, town, industry]).intersection(EXTENT), industry


def _districts(river_line: LineString) -> list[District]:
    """Return five districts cut out of the extent along shared lines, so that there are neither gaps nor overlaps."""
    border = _smooth([(3650, 5900), (3900, 4300), (3500, 2900), (4000, 1300), (3720, -400), (4150, -1500),
                      (3800, -3300), (4250, -4700), (4000, -5900)], step_m=250.0)  # fmt: skip
    ring = shapely.simplify(_ring(2100.0, turn=1.7), 5.0)
    water = shapely.simplify(river_line, 5.0)
    north_east = _smooth([(-400, 1900), (700, 3000), (1300, 4200), (1900, 5900)], step_m=250.0)
    main = min(shapely.ops.split(EXTENT, border).geoms, key=lambda part: float(part.centroid.x))
    north_bank = next(part for part in shapely.ops.split(main, water).geoms if part.contains(Point(CENTRE)))
    cuts = [
        EXTENT.boundary,
        border.intersection(EXTENT),
        water.intersection(main),
        ring.intersection(north_bank),
        north_east.intersection(EXTENT).difference(Polygon(ring)),
    ]
    lines = MultiLineString([part for cut in cuts for part in shapely.get_parts(cut) if part.geom_type == "LineString"])
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(lines, grid_size=0.01)]))
    anchors = [
        ("990101", "锦屏市城中区", "锦屏市", (-1000.0, 700.0)),
        ("990102", "锦屏市江南区", "锦屏市", (-1000.0, -4000.0)),
        ("990103", "锦屏市北塘区", "锦屏市", (-2500.0, 4000.0)),
        ("990104", "锦屏市东津区", "锦屏市", (2800.0, 1000.0)),
        ("990201", "安澜市云溪县", "安澜市", (5500.0, 1000.0)),
    ]
    return [
        District(code, name, prefecture, next(face for face in faces if face.contains(Point(at))))
        for code, name, prefecture, at in anchors
    ]


def lay_ground() -> Ground:
    """Return the ground plan; it is the same in every call.

    >>> ground = lay_ground()
    >>> ground.zone(*CENTRE), ground.zone(*TOWN), ground.zone(-1000.0, 4500.0)
    ('core', 'town', 'industry')
    """
    river_line = _river_line()
    river = widened(river_line, _RIVER_HALF_WIDTH_M, ends="flat").intersection(EXTENT)
    channel = widened(river_line, _RIVER_HALF_WIDTH_M + _BANK_M, ends="flat")
    built, industry = _built_up()
    return Ground(
        river=river,
        channel=channel,
        built=built.difference(channel),
        industry=industry,
        roads=tuple(_main_roads(river_line, channel)),
        districts=tuple(_districts(river_line)),
    )
