"""A synthetic city written as the files that a union office would provide.

All places, names and numbers are invented. Every run writes the same files.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.polygon import orient

from stationplan.demo.ground import District, Ground, lay_ground, to_degrees
from stationplan.demo.places import CityCells, CityPlace, place_candidates, place_stations, settle
from stationplan.demo.streets import SPEED_KMH, Network, lay_streets
from stationplan.domain import FloatArray
from stationplan.geo import wgs84_to_gcj02

SEED = 20261122
"""Seed of the random generator of all files."""


def write_city(folder: Path) -> None:
    """Write the scenario and input files of the synthetic city into ``folder``, which is created if absent.

    Two prefectures with five districts: ``districts.geojson``, ``roads_nodes.csv``, ``roads_edges.csv``,
    ``cells.csv``, ``stations.csv`` (GB18030, GCJ-02, as office files often are), ``candidates.csv`` (UTF-8 with BOM)
    and ``scenario.toml``; all but the stations in WGS-84. Files of these names are replaced. Two runs write the same
    bytes.
    """
    rng = np.random.default_rng(SEED)
    ground = lay_ground()
    network = lay_streets(ground, rng)
    cells = settle(ground, network, rng)
    stations = place_stations(ground, network, rng)
    candidates = place_candidates(ground, network, cells, stations, rng)
    folder.mkdir(parents=True, exist_ok=True)
    _write_districts(folder / "districts.geojson", ground)
    _write_roads(folder, network)
    _write_cells(folder / "cells.csv", cells)
    _write_stations(folder / "stations.csv", stations)
    _write_candidates(folder / "candidates.csv", candidates)
    scenario = resources.files("stationplan").joinpath("demo/scenario.toml").read_bytes()
    (folder / "scenario.toml").write_bytes(scenario)


def _write_table(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    encoding: str = "utf-8",
    line_end: str = "\n",
) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator=line_end)
        writer.writerow(header)
        writer.writerows(rows)


def _write_districts(path: Path, ground: Ground) -> None:
    # One feature per line keeps later changes of the file readable.
    features = ",\n".join(json.dumps(_feature(district), ensure_ascii=False) for district in ground.districts)
    path.write_text(f'{{"type": "FeatureCollection", "features": [\n{features}\n]}}\n', encoding="utf-8", newline="\n")


def _feature(district: District) -> dict[str, object]:
    ring = shapely.get_coordinates(orient(district.shape))
    lon, lat = to_degrees(ring[:, 0], ring[:, 1])
    return {
        "type": "Feature",
        "properties": {"code": district.code, "name": district.name, "prefecture": district.prefecture},
        "geometry": {"type": "Polygon", "coordinates": [np.column_stack([lon, lat]).tolist()]},
    }


def _write_roads(folder: Path, network: Network) -> None:
    nodes = (
        (str(number), f"{lon:.6f}", f"{lat:.6f}")
        for number, (lon, lat) in enumerate(zip(network.lon, network.lat, strict=True), start=1)
    )
    _write_table(folder / "roads_nodes.csv", ("node_id", "lon", "lat"), nodes)
    wkt = _curves(network)
    edges = (
        (
            str(row + 1),
            str(network.tail[row] + 1),
            str(network.head[row] + 1),
            highway,
            network.name[row],
            f"{network.shape[row].length:.1f}",
            f"{SPEED_KMH[highway]:g}",
            wkt[row],
        )
        for row, highway in enumerate(network.highway)
    )
    header = ("edge_id", "u", "v", "highway", "name", "length_m", "speed_kmh", "wkt")
    _write_table(folder / "roads_edges.csv", header, edges)


def _curves(network: Network) -> list[str]:
    """Return the lines of curved edges as WKT; '' for straight edges, which are defined by their nodes."""
    counts = shapely.get_num_coordinates(network.shape)
    vertices = shapely.get_coordinates(network.shape)
    texts = [f"{lon:.6f} {lat:.6f}" for lon, lat in zip(*to_degrees(vertices[:, 0], vertices[:, 1]), strict=True)]
    starts = np.cumsum(counts) - counts
    return [
        f"LINESTRING ({', '.join(texts[start : start + count])})" if count > 2 else ""
        for start, count in zip(starts.tolist(), counts.tolist(), strict=True)
    ]


def _write_cells(path: Path, cells: CityCells) -> None:
    rows = (
        (f"G{number:04d}", f"{lon:.6f}", f"{lat:.6f}", str(population), str(jobs))
        for number, (lon, lat, population, jobs) in enumerate(
            zip(*to_degrees(cells.x, cells.y), cells.population, cells.jobs, strict=True), start=1
        )
    )
    _write_table(path, ("cell_id", "lon", "lat", "population", "jobs"), rows)


def _write_stations(path: Path, stations: Sequence[CityPlace]) -> None:
    lon, lat = wgs84_to_gcj02(*_positions(stations))
    rows = (
        (place.code, place.name, place.address, f"{at_lon:.6f}", f"{at_lat:.6f}", place.kind, place.host, place.hours)
        for place, at_lon, at_lat in zip(stations, lon, lat, strict=True)
    )
    header = ("编码", "名称", "地址", "经度", "纬度", "类型", "场所类型", "开放时间")
    _write_table(path, header, rows, encoding="gb18030", line_end="\r\n")


def _write_candidates(path: Path, candidates: Sequence[CityPlace]) -> None:
    rows = (
        (
            place.code,
            place.name,
            place.address,
            f"{lon:.6f}",
            f"{lat:.6f}",
            place.host,
            place.kind,
            place.hours,
            place.cost,
        )
        for place, lon, lat in zip(candidates, *_positions(candidates), strict=True)
    )
    header = ("编码", "名称", "地址", "经度", "纬度", "场所类型", "类型", "开放时间", "费用")
    _write_table(path, header, rows, encoding="utf-8-sig")


def _positions(places: Sequence[CityPlace]) -> tuple[FloatArray, FloatArray]:
    return to_degrees(np.array([place.x for place in places]), np.array([place.y for place in places]))
