"""Travel times from all sites of the Porto Alegre example: our search against NetworkX, one thread each.

Both search the same reversed road graph, already built and, for us, compiled and prepared, with the same cutoff.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import networkx as nx
import numpy as np

from benchmarks.result import Result
from stationplan.access import connect, network_of, travel_times
from stationplan.api import load_scenario
from stationplan.domain import Mode, RoadNetwork
from stationplan.inputs import decide_datums, place, read_roads, read_tables

CASES: tuple[tuple[Mode, float], ...] = (("walk", 15.0), ("ebike", 15.0), ("car", 8.0))
_RUNS = 7


def travel_ratios(shared: Path) -> list[Result]:
    """Compare, for each mode, times to all cells and to all road nodes."""
    scenario = load_scenario("examples/porto-alegre.toml", data=shared / "porto-alegre")
    tables, roads = read_tables(scenario), read_roads(scenario)
    inputs = place(tables, decide_datums(tables, roads), roads, scenario)
    area, cells, sites = inputs.area, inputs.demand.cells, inputs.sites
    network, snap = connect(
        network_of(roads, crs=area.crs),
        np.concatenate([cells.x, sites.x]),
        np.concatenate([cells.y, sites.y]),
        modes=["walk", "ebike", "car"],
        max_snap_m=scenario.file.roads.max_snap_m,
        min_component_nodes=scenario.file.roads.min_component_nodes,
    )
    rows = []
    for mode, cutoff in CASES:
        node = snap.node[mode]
        targets, sources = node[: len(cells.x)], node[len(cells.x) :]
        targets, sources = targets[targets >= 0], sources[sources >= 0]
        peer, labels = _networkx(network, mode, sources, cutoff)
        worst = _worst(network, mode, sources, cutoff, labels)
        for name, wanted in (("cells", targets), ("all nodes", None)):
            ours = _median(partial(travel_times, network, sources, wanted, cutoff_min=cutoff, mode=mode))
            rows.append(
                Result(
                    f"{mode} {cutoff:g} min, {len(sources)} sites to {name}",
                    f"{ours / len(sources) * 1e6:.0f} us a site",
                    f"NetworkX {peer / len(sources) * 1e6:.0f} us a site",
                    peer / ours,
                    ">= 50",
                    f"{worst:.0e} min",
                )
            )
    return rows


def _networkx(
    network: RoadNetwork, mode: Mode, sources: np.ndarray, cutoff: float
) -> tuple[float, list[dict[int, float]]]:
    minutes = network.minutes[mode]
    usable = np.isfinite(minutes)
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(
        zip(network.head[usable].tolist(), network.tail[usable].tolist(), minutes[usable].tolist(), strict=True)
    )
    begin = time.perf_counter()
    labels = [
        nx.single_source_dijkstra_path_length(graph, int(source), cutoff=cutoff, weight="weight") for source in sources
    ]
    return time.perf_counter() - begin, labels


def _worst(
    network: RoadNetwork, mode: Mode, sources: np.ndarray, cutoff: float, labels: list[dict[int, float]]
) -> float:
    """Return the largest difference in minutes over all pairs; a pair that only one of the two has counts as inf."""
    found = travel_times(network, sources, cutoff_min=cutoff, mode=mode).tocsc()
    worst = 0.0
    for column, expected in enumerate(labels):
        entries = slice(found.indptr[column], found.indptr[column + 1])
        ours = dict(zip(found.indices[entries].tolist(), found.data[entries].tolist(), strict=True))
        if ours.keys() != expected.keys():
            return float("inf")
        worst = max(worst, *(abs(ours[node] - value) for node, value in expected.items()))
    return worst


def _median(call: Callable[[], object]) -> float:
    call()
    seconds = []
    for _ in range(_RUNS):
        begin = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)
