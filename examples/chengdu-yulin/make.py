"""Makes cells.csv, stations.csv and candidates.csv of the Yulin example: invented people and places on real streets.

Usage: python make.py NODES.csv EDGES.csv  (the street tables the example plans on)

Residents follow the mean density of the inner districts (16,000 per km2, census of 2020), spread over 150 m cells by
the length of street in them; jobs are half as many again along main streets. Stations and hosts stand beside streets.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import shapely

from stationplan.domain import FloatArray
from stationplan.geo import project, unproject

CRS = "EPSG:32648"
CELL_M = 150.0
RESIDENTS_A_KM2 = 16_000
HOSTS = {
    "银行网点": ("{}支行", "09:00-17:00"),
    "便利店": ("{}便利店", "24小时"),
    "加油站": ("{}加油站", "24小时"),
    "快递站点": ("{}快递驿站", "07:00-21:00"),
    "社区/党群服务中心": ("{}社区党群服务中心", "08:30-20:00"),
    "公共厕所": ("{}公厕", "06:00-22:00"),
}


def main(nodes_path: Path, edges_path: Path) -> None:
    """Write the three tables beside this file."""
    folder = Path(__file__).parent
    rng = np.random.default_rng(20261122)
    with nodes_path.open(encoding="utf-8") as stream:
        nodes = {row["node_id"]: (float(row["lon"]), float(row["lat"])) for row in csv.DictReader(stream)}
    with edges_path.open(encoding="utf-8") as stream:
        edges = [(row["u"], row["v"], row["name"], row["highway"]) for row in csv.DictReader(stream)]
    ends = np.array([[*nodes[u], *nodes[v]] for u, v, _, _ in edges])
    tail, head = np.column_stack(project(*ends[:, :2].T, CRS)), np.column_stack(project(*ends[:, 2:].T, CRS))
    streets = shapely.linestrings(np.stack([tail, head], axis=1))
    main_street = np.array([highway.startswith(("primary", "secondary", "trunk")) for *_, highway in edges])
    write_cells(folder / "cells.csv", streets, main_street, rng)
    places = beside(streets, rng, 70)
    names = [edges[int(i)][2] or "玉林片区" for i in places[2]]
    write_places(folder / "stations.csv", "S", places, names, range(10), rng)
    write_places(folder / "candidates.csv", "C", places, names, range(10, 70), rng)


def write_cells(path: Path, streets: np.ndarray, main_street: np.ndarray, rng: np.random.Generator) -> None:
    """Write the cells that hold street."""
    left, low, right, high = shapely.total_bounds(streets)
    grid = np.meshgrid(np.arange(left + CELL_M / 2, right, CELL_M), np.arange(low + CELL_M / 2, high, CELL_M))
    x, y = (part.ravel() for part in grid)
    boxes = shapely.box(x - CELL_M / 2, y - CELL_M / 2, x + CELL_M / 2, y + CELL_M / 2)
    cell, street = shapely.STRtree(streets).query(boxes, predicate="intersects")
    length = shapely.length(shapely.intersection(boxes[cell], streets[street]))
    metres = np.bincount(cell, length, minlength=len(boxes))
    main_metres = np.bincount(cell, length * main_street[street], minlength=len(boxes))
    held = metres > 0
    people = RESIDENTS_A_KM2 * len(boxes[held]) * (CELL_M / 1000) ** 2
    weight = metres[held] * rng.uniform(0.7, 1.3, held.sum())
    residents = np.rint(people * weight / weight.sum()).astype(int)
    jobs = np.rint(residents * 0.3 + main_metres[held] * 2).astype(int)
    lon, lat = unproject(x[held], y[held], CRS)
    rows = zip(lon, lat, residents, jobs, strict=True)
    lines = [(f"Y{i:04d}", f"{a:.6f}", f"{b:.6f}", p, j) for i, (a, b, p, j) in enumerate(rows, start=1)]
    write(path, ("cell_id", "lon", "lat", "population", "jobs"), lines)


def beside(streets: np.ndarray, rng: np.random.Generator, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return lon, lat and street of places 8-20 m off the middle parts of streets."""
    street = rng.choice(len(streets), count, replace=False)
    points = shapely.get_coordinates(
        shapely.line_interpolate_point(streets[street], rng.uniform(0.2, 0.8, count), normalized=True)
    )
    angle = rng.uniform(0, 2 * np.pi, count)
    points += rng.uniform(8, 20, count)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return (*unproject(points[:, 0], points[:, 1], CRS), street)


def write_places(
    path: Path, letter: str, places: tuple[FloatArray, ...], names: list[str], part: range, rng: np.random.Generator
) -> None:
    """Write some of the places as stations or hosts."""
    lines = []
    for number, i in enumerate(part, start=1):
        host = str(rng.choice(list(HOSTS)))
        name, hours = HOSTS[host]
        title = f"示例{name.format(names[i])}{number}号点"
        lines.append((f"{letter}{number:03d}", title, f"{places[0][i]:.6f}", f"{places[1][i]:.6f}", host, hours))
    write(path, ("编码", "名称", "经度", "纬度", "场所类型", "开放时间"), lines)


def write(path: Path, header: tuple[str, ...], lines: list[tuple[object, ...]]) -> None:
    """Write one table."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([header, *lines])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
