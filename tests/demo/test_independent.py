"""The demo plan recounted from its input files by other means: csv, OSMnx, networkx and shapely, no engine.

Only ``plan.json`` comes from the program; whatever the recount needs of the scenario and of the road rules is said
again here, as small tables that a reader can compare with the scenario's reference.
"""

from __future__ import annotations

import csv
import math
import re
from collections import defaultdict
from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx as ox
import pytest
import shapely
from pyproj import Transformer
from support.environment import ROOT

from stationplan.report.plan_json import document

DEMO = ROOT / "data/demo"
CRS = "EPSG:32648"
SMALLEST_PART = 50
MAX_SNAP_M = 500.0
WALK_M_A_MINUTE = 4500 / 60
OPEN_SHARE = 0.5

# Mode, minutes, metres, workers a resident, workers a job, and the day's profile over the slots.
GROUPS = {
    "sanitation": ("walk", 15, 1000, 0.0007, 0.0013, (0.35, 0.25, 0.05, 0.20, 0.10, 0.05)),
    "courier": ("ebike", 6, 1500, 0.00125, 0.0024, (0.02, 0.38, 0.12, 0.35, 0.13, 0.0)),
    "rider": ("ebike", 6, 1500, 0.0025, 0.0047, (0.02, 0.12, 0.30, 0.14, 0.32, 0.10)),
    "driver": ("car", 8, 3000, 0.001, 0.0020, (0.10, 0.25, 0.12, 0.23, 0.22, 0.08)),
}
SLOTS = {
    "dawn": (5, 8),
    "morning": (8, 12),
    "noon": (12, 14),
    "afternoon": (14, 18),
    "evening": (18, 22),
    "night": (22, 29),
}
# km/h by class on foot, on an e-bike and by car (None: closed); a lower limit of the street slows cars.
SPEEDS = {
    "trunk": (4.5, 15, 50),
    "primary": (4.5, 15, 35),
    "secondary": (4.5, 15, 30),
    "tertiary": (4.5, 15, 25),
    "residential": (4.5, 15, 18),
    "living_street": (4.5, 15, 10),
    "service": (4.5, 15, 12),
    "footway": (4.5, None, None),
    "steps": (4.5, None, None),
}
MODES = ("walk", "ebike", "car")
# Opening hours where a row gives none, and whether drivers can use the place.
HOSTS = {
    "工会自建": ("00:00-24:00", True),
    "银行网点": ("09:00-17:00", False),
    "加油站": ("00:00-24:00", True),
    "便利店": ("07:00-23:00", False),
    "邮政网点": ("09:00-17:30", False),
    "通信营业厅": ("09:00-18:00", False),
    "快递站点": ("07:00-21:00", False),
    "社区/党群服务中心": ("08:30-20:00", True),
    "房产中介门店": ("09:00-21:00", False),
    "公共厕所": ("06:00-22:00", False),
}


def _rows(name, encoding="utf-8"):
    with (DEMO / name).open(encoding=encoding, newline="") as stream:
        return list(csv.DictReader(stream))


_to_metres = Transformer.from_crs("EPSG:4326", CRS, always_xy=True).transform


def _gcj02(lon, lat):
    """GCJ-02 of one WGS-84 point, after the formulas in common use."""
    x, y = lon - 105, lat - 35
    pi, root = math.pi, math.sqrt(abs(x))
    common = 20 * math.sin(6 * x * pi) + 20 * math.sin(2 * x * pi)
    north = common + 20 * math.sin(y * pi) + 40 * math.sin(y * pi / 3)
    north += 160 * math.sin(y * pi / 12) + 320 * math.sin(y * pi / 30)
    north = north * 2 / 3 - 100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    east = common + 20 * math.sin(x * pi) + 40 * math.sin(x * pi / 3)
    east += 150 * math.sin(x * pi / 12) + 300 * math.sin(x * pi / 30)
    east = east * 2 / 3 + 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    a, ee = 6378245.0, 0.00669342162296594323
    w = 1 - ee * math.sin(math.radians(lat)) ** 2
    north_radius, east_radius = a * (1 - ee) / w**1.5, a / math.sqrt(w) * math.cos(math.radians(lat))
    return lon + math.degrees(east / east_radius), lat + math.degrees(north / north_radius)


def _from_gcj02(lon, lat):
    """WGS-84 of a GCJ-02 point: a box around it is halved (longitude and latitude in turn) until it is a point."""
    here = [lon, lat]
    for _ in range(20):
        for axis in (0, 1):
            low, high = (lon, lat)[axis] - 0.02, (lon, lat)[axis] + 0.02
            for _ in range(45):
                here[axis] = (low + high) / 2
                if _gcj02(*here)[axis] < (lon, lat)[axis]:
                    low = here[axis]
                else:
                    high = here[axis]
    return tuple(here)


def _open_minutes(hours, start_h, end_h):
    """Minutes of a slot in which a place is open, counted on a clock of two days."""
    ranges = [(0, 24 * 60)] if hours == "24小时" else []
    for a, b, c, d in re.findall(r"(\d+):(\d+)-(\d+):(\d+)", hours):
        start, end = int(a) * 60 + int(b), int(c) * 60 + int(d)
        ranges += [(start, end)] if start < end else [(start, 1440), (0, end)]
    assert ranges, hours
    return sum(any(a <= minute % 1440 < b for a, b in ranges) for minute in range(start_h * 60, end_h * 60))


def _streets():
    """A graph of every straight piece of road: metres, and minutes of each mode that may go there in this direction.

    A street drawn in two rows, one a direction, is one street: shape points at one place are one node.
    """
    graph = nx.MultiDiGraph(crs=CRS)
    place = {}
    for row in _rows("roads_nodes.csv"):
        place[row["node_id"]] = (float(row["lon"]), float(row["lat"]))
    for row in _rows("roads_edges.csv"):
        lonlat = [place[row["u"]], place[row["v"]]]
        if row["wkt"]:
            lonlat[1:1] = list(shapely.from_wkt(row["wkt"]).coords)[1:-1]
        pair = "-".join(sorted((row["u"], row["v"])))
        names = [row["u"], *(f"{pair} {lon} {lat}" for lon, lat in lonlat[1:-1]), row["v"]]
        points = np.column_stack(_to_metres(*np.transpose(lonlat)))
        drawn = np.hypot(*np.diff(points, axis=0).T)
        metres = drawn * float(row["length_m"]) / drawn.sum()
        walk, ebike, car = SPEEDS[row["highway"]]
        speeds = {"walk": walk, "ebike": ebike, "car": car and min(car, float(row["speed_kmh"]))}
        for name, (x, y) in zip(names, points, strict=True):
            graph.add_node(name, x=x, y=y)
        for a, b, length in zip(names[:-1], names[1:], metres, strict=True):
            for mode, kmh in speeds.items():
                if kmh is not None:
                    minutes = length / (kmh * 1000 / 60)
                    for u, v in [(a, b), (b, a)] if mode == "walk" else [(a, b)]:
                        graph.add_edge(u, v, mode=mode, metres=length, minutes=minutes)
    return graph


def _of_mode(graph, mode):
    """The part of the graph that a mode can use to come and go, islands left out."""
    used = graph.edge_subgraph([edge for edge in graph.edges if graph.edges[edge]["mode"] == mode])
    large = [part for part in nx.strongly_connected_components(used) if len(part) >= SMALLEST_PART]
    return nx.MultiDiGraph(used.edge_subgraph(edge for part in large for edge in used.subgraph(part).edges(keys=True)))


def _join(graph, points):
    """Cut the graph where points meet it; return each point's node and its distance from the road."""
    ends, off = ox.distance.nearest_edges(graph, points[:, 0], points[:, 1], return_dist=True)
    cuts = defaultdict(list)
    nodes = []
    for i, (tail, head, _) in enumerate(ends):
        u, v = sorted((tail, head))
        line = shapely.LineString([(graph.nodes[n]["x"], graph.nodes[n]["y"]) for n in (u, v)])
        share = line.project(shapely.Point(points[i]), normalized=True)
        nodes.append({0.0: u, 1.0: v}.get(share, f"point {i}"))
        if 0 < share < 1:
            cuts[u, v].append((share, nodes[-1]))
    for (u, v), inside in cuts.items():
        for a, b, names in ((u, v, sorted(inside)), (v, u, sorted(((1 - s, n) for s, n in inside)))):
            for data in list((graph.get_edge_data(a, b) or {}).values()):
                stops = [(0.0, a), *names, (1.0, b)]
                for (s, p), (t, q) in pairwise(stops):
                    graph.add_edge(p, q, metres=data["metres"] * (t - s), minutes=data["minutes"] * (t - s))
            if graph.has_edge(a, b):
                graph.remove_edges_from([(a, b, key) for key in list(graph[a][b])])
    return nodes, np.asarray(off)


def _reach(back, nodes, off, cells, site, minutes, metres):
    """The cells from which a site is within a standard, off-road parts included; ``back`` has all arcs reversed."""
    by_time = nx.single_source_dijkstra_path_length(back, nodes[site], cutoff=minutes + 1e-6, weight="minutes")
    by_length = nx.single_source_dijkstra_path_length(back, nodes[site], cutoff=metres + 1e-6, weight="metres")
    found = set()
    for cell in range(cells):
        walked = off[cell] + off[site]
        in_time = by_time.get(nodes[cell], math.inf) + walked / WALK_M_A_MINUTE <= minutes + 1e-6
        near = by_length.get(nodes[cell], math.inf) + walked <= metres + 1e-6
        if in_time and near and max(off[cell], off[site]) <= MAX_SNAP_M:
            found.add(cell)
    return found


@pytest.fixture(scope="module")
def recount(demo_plan):
    """Workers [cell, group, slot] of the demo, stations that cover them before and after, and the plan's document."""
    plan = document(demo_plan)
    cells = _rows("cells.csv")
    proposed = {site["site_id"] for site in plan["sites"]}
    stations = _rows("stations.csv", "gb18030")
    candidates = [row for row in _rows("candidates.csv", "utf-8-sig") if row["编码"] in proposed]
    assert len(candidates) == len(proposed) == 20
    lonlat = [(float(row["lon"]), float(row["lat"])) for row in cells]
    lonlat += [_from_gcj02(float(row["经度"]), float(row["纬度"])) for row in stations]
    lonlat += [(float(row["经度"]), float(row["纬度"])) for row in candidates]
    points = np.column_stack(_to_metres(*np.transpose(lonlat)))
    standing = stations + candidates
    count = len(cells)

    workers = np.zeros((count, len(GROUPS), len(SLOTS)))
    for c, row in enumerate(cells):
        for g, (_, _, _, a_resident, a_job, profile) in enumerate(GROUPS.values()):
            heads = a_resident * float(row["population"]) + a_job * float(row["jobs"])
            workers[c, g] = heads * np.array(profile)

    streets = _streets()
    before, after = np.zeros(workers.shape, dtype=int), np.zeros(workers.shape, dtype=int)
    reach = {}
    for mode in MODES:
        graph = _of_mode(streets, mode)
        nodes, off = _join(graph, points)
        back = nx.DiGraph()
        for u, v, data in graph.edges(data=True):
            least = back.get_edge_data(v, u, {"minutes": math.inf, "metres": math.inf})
            back.add_edge(v, u, **{key: min(least[key], data[key]) for key in ("minutes", "metres")})
        for standard in {(m, minutes, metres) for m, minutes, metres, *_ in GROUPS.values() if m == mode}:
            for s in range(len(standing)):
                reach[standard, s] = _reach(back, nodes, off, count, count + s, *standard[1:])
    for s, row in enumerate(standing):
        default, parking = HOSTS[row["场所类型"]]
        hours = row["开放时间"] or default
        for k, (start, end) in enumerate(SLOTS.values()):
            if _open_minutes(hours, start, end) < OPEN_SHARE * (end - start) * 60:
                continue
            for g, (group, (mode, minutes, metres, *_)) in enumerate(GROUPS.items()):
                if group == "driver" and not parking:
                    continue
                covered = sorted(reach[(mode, minutes, metres), s])
                after[covered, g, k] += 1
                before[covered, g, k] += s < len(stations)
    return workers, {"before": before, "after": after}, points[:count], plan


def _same(told, workers, stations):
    assert told["workers"] == pytest.approx(workers[stations > 0].sum(), rel=1e-6)
    assert told["cross_share"] * workers.sum() == pytest.approx(workers[stations > 1].sum(), rel=1e-6)


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_demo_plan_covers_as_many_workers_as_an_independent_recount(recount, when):
    workers, stations, _, plan = recount
    assert plan["coverage"]["total"] == pytest.approx(workers.sum(), rel=1e-9)
    _same(plan["coverage"][when], workers, stations[when])


@pytest.mark.parametrize("when", ["before", "after"])
def test_each_group_and_slot_has_the_coverage_of_the_recount(recount, when):
    workers, stations, _, plan = recount
    assert [told["group"] for told in plan["coverage"]["by_group"]] == list(GROUPS)
    assert [told["slot"] for told in plan["coverage"]["by_slot"]] == list(SLOTS)
    for g, told in enumerate(plan["coverage"]["by_group"]):
        _same(told[when], workers[:, g], stations[when][:, g])
    for s, told in enumerate(plan["coverage"]["by_slot"]):
        _same(told[when], workers[:, :, s], stations[when][:, :, s])


@pytest.mark.parametrize("when", ["before", "after"])
def test_each_district_has_the_coverage_of_the_recount(recount, when):
    workers, stations, points, plan = recount
    districts = gpd.read_file(DEMO / "districts.geojson").to_crs(CRS)
    for told in plan["coverage"]["by_district"]:
        shape = districts.loc[districts["code"] == told["district_id"], "geometry"].iloc[0]
        inside = shapely.covers(shape, shapely.points(points))
        assert told["total"] == pytest.approx(workers[inside].sum(), rel=1e-9)
        _same(told[when], workers[inside], stations[when][inside])


def test_the_workers_gained_in_build_order_add_up_to_the_difference(recount):
    workers, stations, _, plan = recount
    gained = sum(site["workers_gained"] for site in plan["sites"])
    covered = {when: workers[stations[when] > 0].sum() for when in ("before", "after")}
    assert gained == pytest.approx(covered["after"] - covered["before"], rel=1e-6)
