"""The places of the synthetic city: demand cells, existing stations and candidate hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString, Point

from stationplan.demo.grid import factors_on_grid, length_on_grid
from stationplan.demo.ground import CENTRE, EXTENT, TOWN, Ground, Zone
from stationplan.demo.streets import Network
from stationplan.domain import FloatArray, IntArray

CELL_M = 250.0

_POPULATION = 620_000
_JOBS = 330_000
_STATIONS = 80
_CANDIDATES = 300

_NEW_ESTATES = ((-3100.0, 2100.0), (1500.0, 1700.0), (-2300.0, -1900.0), (700.0, -900.0), (-600.0, 3000.0))
_WORKPLACES = ((-1250.0, -1900.0), (900.0, 2300.0), (-3600.0, 900.0), (1700.0, 300.0))
"""Centres of homes and of markets and offices outside the old town."""

_STATION_ZONES: dict[Zone, float] = {
    "core": 6.0, "inner": 2.4, "outer": 0.40, "edge": 0.10, "industry": 0.10, "town": 0.60, "country": 0.0,
}  # fmt: skip
_STATION_ROADS = {"primary": 4.0, "secondary": 3.0, "tertiary": 1.2, "residential": 0.35}
"""Weights of existing stations: a union office first finds willing hosts in the centre and along main roads."""

_STATION_HOSTS = {
    "银行网点": 0.34,
    "社区/党群服务中心": 0.20,
    "工会自建": 0.12,
    "邮政网点": 0.10,
    "通信营业厅": 0.09,
    "便利店": 0.07,
    "公共厕所": 0.05,
    "加油站": 0.03,
}
_CITY_HOSTS = {
    "银行网点": 0.16,
    "便利店": 0.19,
    "快递站点": 0.15,
    "社区/党群服务中心": 0.14,
    "房产中介门店": 0.11,
    "邮政网点": 0.07,
    "通信营业厅": 0.07,
    "公共厕所": 0.06,
    "加油站": 0.05,
}
_OUTLYING_HOSTS = {
    "加油站": 0.20,
    "快递站点": 0.24,
    "便利店": 0.24,
    "社区/党群服务中心": 0.13,
    "工会自建": 0.12,
    "邮政网点": 0.04,
    "公共厕所": 0.03,
}

_HOURS = {
    "银行网点": ("08:30-17:30", "09:00-17:00", "08:30-12:00,14:00-17:30"),
    "加油站": ("24小时",),
    "便利店": ("07:00-22:00", "24小时", "06:30-23:00"),
    "邮政网点": ("09:00-17:30", "08:30-17:30"),
    "通信营业厅": ("09:00-18:00", "08:30-18:30"),
    "快递站点": ("07:30-21:00", "08:00-20:30"),
    "社区/党群服务中心": ("08:30-12:00,14:00-17:30", "08:30-20:00", "08:30-17:30"),
    "房产中介门店": ("09:00-21:00", "09:30-20:30"),
    "公共厕所": ("06:00-22:00", "24小时"),
    "工会自建": ("24小时", "07:00-22:00", "06:00-22:00"),
}
_TITLES = {
    "银行网点": "{district}农商银行{street}支行",
    "加油站": "锦澜石化{street}加油站",
    "便利店": "檐下便利店{street}店",
    "邮政网点": "{district}邮政{street}支局",
    "通信营业厅": "川屏通信{street}营业厅",
    "快递站点": "飞鹭速递{street}网点",
    "社区/党群服务中心": "{district}{quarter}社区党群服务中心",
    "房产中介门店": "暖檐房产{street}店",
    "公共厕所": "{street}公共厕所",
    "工会自建": "{district}总工会{street}",
}
_COST_YUAN = {"标准型": (6_000, 14_000), "微型": (3_000, 6_000)}
_OWN_COST_YUAN = (18_000, 30_000)


@dataclass(frozen=True)
class CityCells:
    """Squares of ``CELL_M`` by the local metres of their centres, with residents and jobs."""

    x: FloatArray
    y: FloatArray
    population: IntArray
    jobs: IntArray


@dataclass(frozen=True)
class CityPlace:
    """A station or a candidate host, in local metres; ``cost`` and ``hours`` are '' where the list has none."""

    code: str
    name: str
    address: str
    x: float
    y: float
    kind: str
    host: str
    hours: str
    cost: str


@dataclass(frozen=True)
class _Frontage:
    """Named streets that shops can face, one row per street."""

    lines: tuple[LineString, ...]
    names: tuple[str, ...]
    highways: tuple[str, ...]
    zones: tuple[Zone, ...]


def settle(ground: Ground, network: Network, rng: np.random.Generator) -> CityCells:
    """Return the cells of the built-up land and of some hamlets, with people and jobs that add up to the totals."""
    left, low, right, high = EXTENT.bounds
    columns, rows = np.arange(left + CELL_M / 2, right, CELL_M), np.arange(high - CELL_M / 2, low, -CELL_M)
    x, y = (grid.ravel() for grid in np.meshgrid(columns, rows))
    points = shapely.points(x, y)
    built = shapely.contains(ground.built, points)
    beside_road = shapely.STRtree(network.shape).query(points, predicate="dwithin", distance=90.0)[0]
    hamlet = np.isin(np.arange(len(x)), beside_road) & ~built & (rng.random(len(x)) < 0.22)
    hamlet &= ~shapely.contains(ground.channel, points)
    industry = shapely.contains(ground.industry, points)
    homes = np.where(built, _homes(x, y), 0.035) * np.where(industry, 0.12, 1.0)
    work = np.where(built, _work(x, y) + 0.85 * industry, 0.01)
    keep = np.flatnonzero(built | hamlet)
    noise = factors_on_grid(rng.lognormal(0.0, 0.28, size=(2, len(keep))))
    return CityCells(
        x=x[keep],
        y=y[keep],
        population=_shared_out(homes[keep] * noise[0], _POPULATION),
        jobs=_shared_out(work[keep] * noise[1], _JOBS),
    )


def _bump(x: FloatArray, y: FloatArray, middle: tuple[float, float], radius_m: float) -> FloatArray:
    return factors_on_grid(np.exp(-((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / radius_m**2))


def _homes(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the relative number of residents; in the very centre, offices have displaced homes."""
    homes = 0.22 + 1.1 * _bump(x, y, CENTRE, 2400.0) - 0.5 * _bump(x, y, CENTRE, 650.0) + 0.9 * _bump(x, y, TOWN, 600.0)
    for middle in _NEW_ESTATES:
        homes += 0.5 * _bump(x, y, middle, 700.0)
    return homes


def _work(x: FloatArray, y: FloatArray) -> FloatArray:
    work = 0.08 + 2.6 * _bump(x, y, CENTRE, 800.0) + 0.45 * _bump(x, y, CENTRE, 2400.0)
    work += 0.8 * _bump(x, y, TOWN, 400.0)
    for middle in _WORKPLACES:
        work += 1.1 * _bump(x, y, middle, 380.0)
    return work


def _shared_out(weight: FloatArray, total: int) -> IntArray:
    """Return integers in proportion to the weights that sum to the total (largest remainder method)."""
    exact = weight / weight.sum() * total
    whole: IntArray = np.floor(exact).astype(np.int64)
    missing = total - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:missing]] += 1
    return whole


def place_stations(ground: Ground, network: Network, rng: np.random.Generator) -> list[CityPlace]:
    """Return today's stations: many in the centre and along main roads, few where goods are made and stored."""
    frontage = _frontage(ground, network)
    weight = np.array(
        [
            _STATION_ZONES[zone] * _STATION_ROADS[highway] * line.length
            for zone, highway, line in zip(frontage.zones, frontage.highways, frontage.lines, strict=True)
        ]
    )
    order = rng.choice(len(weight), size=int((weight > 0).sum()), replace=False, p=weight / weight.sum())
    spots = _spots(order, frontage, ground, [], _STATIONS, 130.0, rng)
    uses = Counter[str]()
    stations = []
    for number, (row, point) in enumerate(spots, start=1):
        host = _drawn(_STATION_HOSTS, rng)
        kind = "流动型" if number % 27 == 0 else _kind(host, rng)
        if kind == "流动型":
            host = "工会自建"
        title, address = _title_and_address(host, frontage.names[row], point, ground, rng)
        name = f"{title}工会驿站"
        uses[name] += 1
        hours = "08:00-20:00" if kind == "流动型" else str(rng.choice(_HOURS[host]))
        stations.append(
            CityPlace(f"S{number:03d}", _numbered(name, uses[name]), address, point.x, point.y, kind, host, hours, "")
        )
    return stations


def place_candidates(
    ground: Ground, network: Network, cells: CityCells, stations: Sequence[CityPlace], rng: np.random.Generator
) -> list[CityPlace]:
    """Return places that could host a station, spread over the whole map and denser where people are."""
    frontage = _frontage(ground, network)
    weight = np.sqrt(cells.population + 1.6 * cells.jobs + 30.0)
    order = rng.choice(len(weight), size=len(weight), replace=False, p=weight / weight.sum())
    shift = rng.uniform(-0.45 * CELL_M, 0.45 * CELL_M, size=(2, len(order)))
    near = shapely.STRtree(frontage.lines).query_nearest(
        shapely.points(cells.x[order] + shift[0], cells.y[order] + shift[1]), all_matches=False
    )
    spots = _spots(near[1], frontage, ground, stations, _CANDIDATES, 70.0, rng)
    uses = Counter[str]()
    candidates = []
    for number, (row, point) in enumerate(spots, start=1):
        outlying = frontage.zones[row] in ("industry", "edge", "country")
        host = _drawn(_OUTLYING_HOSTS if outlying else _CITY_HOSTS, rng)
        if host == "加油站" and frontage.highways[row] == "residential":
            host = "便利店"
        kind = _kind(host, rng)
        title, address = _title_and_address(host, frontage.names[row], point, ground, rng)
        name = f"{title}地块" if host == "工会自建" else title
        uses[name] += 1
        hours = "" if rng.random() < 0.25 else str(rng.choice(_HOURS[host]))
        cost = _cost(host, kind, rng) if rng.random() < 0.5 else ""
        candidates.append(
            CityPlace(f"C{number:03d}", _numbered(name, uses[name]), address, point.x, point.y, kind, host, hours, cost)
        )
    return candidates


def _frontage(ground: Ground, network: Network) -> _Frontage:
    rows = [
        i
        for i, (name, highway) in enumerate(zip(network.name, network.highway, strict=True))
        # One direction is enough; short pieces are parts of junctions.
        if name and highway in _STATION_ROADS and network.tail[i] < network.head[i] and network.shape[i].length > 40.0
    ]
    lines = tuple(network.shape[i] for i in rows)
    middles = [line.interpolate(0.5, normalized=True) for line in lines]
    return _Frontage(
        lines=lines,
        names=tuple(network.name[i] for i in rows),
        highways=tuple(network.highway[i] for i in rows),
        zones=tuple(ground.zone(point.x, point.y) for point in middles),
    )


def _spots(
    order: IntArray,
    frontage: _Frontage,
    ground: Ground,
    taken: Sequence[CityPlace],
    wanted: int,
    spacing_m: float,
    rng: np.random.Generator,
) -> list[tuple[int, Point]]:
    """Return (street, point) beside the streets of ``order``, on dry land and at least ``spacing_m`` apart."""
    spots: list[tuple[int, Point]] = []
    places = [(place.x, place.y) for place in taken]
    for row in order.tolist():
        line = frontage.lines[row]
        at = line.interpolate(float(rng.uniform(0.2, 0.8)), normalized=True)
        ahead = line.interpolate(line.project(at) + 1.0)
        aside_m = float(rng.uniform(6.0, 22.0)) * (1.0 if rng.random() < 0.5 else -1.0)
        point = Point(at.x - (ahead.y - at.y) * aside_m, at.y + (ahead.x - at.x) * aside_m)
        gap_m = min((length_on_grid(point.x - x, point.y - y) for x, y in places), default=np.inf)
        if gap_m < spacing_m or ground.channel.contains(point) or not EXTENT.contains(point):
            continue
        spots.append((row, point))
        places.append((point.x, point.y))
        if len(spots) == wanted:
            break
    return spots


def _drawn(shares: Mapping[str, float], rng: np.random.Generator) -> str:
    share = np.array(list(shares.values()))
    return str(rng.choice(list(shares), p=share / share.sum()))


def _kind(host: str, rng: np.random.Generator) -> str:
    roomy = host in ("工会自建", "社区/党群服务中心", "加油站")
    return "标准型" if rng.random() < (0.85 if roomy else 0.45) else "微型"


def _cost(host: str, kind: str, rng: np.random.Generator) -> str:
    low, high = _OWN_COST_YUAN if host == "工会自建" else _COST_YUAN[kind]
    return str(int(rng.integers(low // 500, high // 500 + 1)) * 500)


def _title_and_address(
    host: str, street: str, point: Point, ground: Ground, rng: np.random.Generator
) -> tuple[str, str]:
    district = next(district for district in ground.districts if district.shape.intersects(point))
    short = district.name.removeprefix(district.prefecture)
    title = _TITLES[host].format(district=short, street=street, quarter=street[:2])
    return title, f"{district.name}{street}{int(rng.integers(1, 360))}号"


def _numbered(name: str, use: int) -> str:
    """The name, numbered from its second use on."""
    return name if use == 1 else f"{name}{use}号点"
