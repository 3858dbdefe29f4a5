"""Features of 500,000 cells from 400,000 places and a network of 400,000 nodes, against the limit of 60 seconds."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import shapely

from benchmarks.result import Result
from stationplan.demand.features import cell_features
from stationplan.demand.streets import STREET_CLASSES
from stationplan.domain import MODES, ROAD_CLASSES, Cells, Count, Places, RoadArcs
from stationplan.geo import unproject
from stationplan.inputs.demand.grid import square_cells

_CELLS, _SIDE_M = 708, 250.0
"""Cells each way and their side: 177 km each way, larger than any city's built-up area."""

_NODES, _STEP_M = 633, 275.0
"""Nodes each way and the way between them, over the same ground."""

_PLACES, _CLASSES = 400_000, 10
_KERNEL_M = 500.0
_LIMIT_S = 60.0
_CRS = "EPSG:32648"
_CORNER = (400_000.0, 3_300_000.0)


def demand_seconds(_shared: Path) -> list[Result]:
    """Time the features once in a process of its own: a run takes long enough to be steady."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.demand"], check=True, capture_output=True, text=True)
    seconds, gigabytes, features, steps = done.stdout.split()
    case = f"{_CELLS**2:,} cells x {features} features, {_PLACES:,} places, {_NODES**2:,} nodes"
    took = float(seconds)
    memory = f"{float(gigabytes):.1f} GB at most, {steps} steps reported"
    return [Result(case, f"{took:.1f} s", f"limit {_LIMIT_S:.0f} s", _LIMIT_S / took, ">= 1", memory)]


def made_up() -> tuple[Cells, RoadArcs, Places]:
    """Return squares, a grid of streets over them with shifted crossings, and places that gather in 200 towns."""
    random = np.random.default_rng(20261124)
    left, low = _CORNER
    width = _CELLS * _SIDE_M
    ground = np.array([shapely.box(left, low, left + width, low + width)], dtype=object)
    grid = square_cells(ground, _SIDE_M)
    people = Count(random.gamma(0.3, 300.0, len(grid.ids)), "people", "made up")
    cells = Cells(
        grid.ids, grid.x, grid.y, np.zeros(len(grid.ids), dtype=np.int64), grid.outline, {"population": people}
    )
    town = random.uniform(0, width, (200, 2))[random.integers(0, 200, _PLACES)] + random.normal(0, 3000, (_PLACES, 2))
    kind = random.integers(0, _CLASSES, _PLACES)
    places = Places(left + town[:, 0], low + town[:, 1], kind, tuple(f"class{c}" for c in range(_CLASSES)), "made up")
    return cells, _streets(random), places


def _streets(random: np.random.Generator) -> RoadArcs:
    node = np.arange(_NODES**2).reshape(_NODES, _NODES)
    x = _CORNER[0] + node % _NODES * _STEP_M + random.uniform(-50, 50, node.shape)
    y = _CORNER[1] + node // _NODES * _STEP_M + random.uniform(-50, 50, node.shape)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    length = np.hypot(x.ravel()[head] - x.ravel()[tail], y.ravel()[head] - y.ravel()[tail])
    tags = [tags[0] for tags in STREET_CLASSES.values()]
    kind = np.array([ROAD_CLASSES.index(tag) for tag in tags], dtype=np.int8)[random.integers(0, len(tags), len(tail))]
    lon, lat = unproject(x.ravel(), y.ravel(), _CRS)
    return RoadArcs(
        lon,
        lat,
        np.concatenate([tail, head]),
        np.concatenate([head, tail]),
        np.tile(length, 2),
        dict.fromkeys(MODES, np.tile(length / 75, 2)),
        np.tile(kind, 2),
        "made up",
        "",
    )


def main() -> None:
    """Print seconds, gigabytes, the number of features and of calls of ``progress``."""
    cells, roads, places = made_up()
    told: list[float] = []
    begin = time.perf_counter()
    features = cell_features(
        cells,
        roads=roads,
        places=places,
        crs=_CRS,
        kernel_m=_KERNEL_M,
        elevation_m=np.zeros(len(cells.x)),
        progress=told.append,
    )
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(seconds, peak, len(features.names), len(told))


if __name__ == "__main__":
    main()
