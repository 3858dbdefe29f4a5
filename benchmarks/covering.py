"""Fewest stations for everyone and for a share of the weight, on made-up towns, against limits of time and gap."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from benchmarks.result import Result
from stationplan.siting import min_stations

_GAP = 0.005
_TOWNS_A_CELL, _CELLS_A_KM2 = 0.003, 25.0
_MEMORY_GB = 6.0


@dataclass(frozen=True)
class Case:
    """A question: how many sites, cells, the radius of a site, the share of the weight to cover, and the time given."""

    name: str
    sites: int
    cells: int
    radius_m: float
    target: float
    limit_s: float


CASES = (
    Case("all", 50_000, 1_000_000, 1000.0, 1.0, 120.0),
    Case("all, dense", 50_000, 1_000_000, 1500.0, 1.0, 120.0),
    Case("share", 1_000, 30_000, 1000.0, 0.9, 60.0),
    Case("share, large", 10_000, 300_000, 2500.0, 0.9, 120.0),
)


def covering_gaps(_shared: Path) -> list[Result]:
    """Solve each case once in a process of its own."""
    rows = []
    for case in CASES:
        command = [sys.executable, "-m", "benchmarks.covering", case.name]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        told = json.loads(done.stdout)
        name = f"{case.target:.0%} of {told['rows']:,} cells, {case.sites:,} sites ({told['seen']} a cell)"
        ours = f"{told['objective']:,.0f} sites, gap {told['gap']:.2%}, {told['seconds']:.0f} s"
        peer = f"gap {_GAP:.1%} in {case.limit_s:.0f} s"
        ratio = _GAP / max(told["gap"], 1e-6) if told["seconds"] <= 1.1 * case.limit_s else 0.0
        memory = f"bound {told['bound']:,.0f}, {told['cpu']:.0f} s of processor, {told['gigabytes']:.1f} GB"
        rows.append(Result(name, ours, peer, min(ratio, 1000.0), ">= 1", memory))
    return rows


def towns(case: Case) -> sparse.csr_array:
    """Return which cells each site reaches along streets at right angles.

    Cells gather in towns whose sizes follow a power law; sites stand at random cells. Cells that no site reaches are
    left out.
    """
    random = np.random.default_rng(1)
    side = np.sqrt(case.cells / _CELLS_A_KM2) * 1000.0
    count = max(int(_TOWNS_A_CELL * case.cells), 5)
    size = random.pareto(1.1, count) + 1
    size = np.minimum(size, size.sum() * 0.1)
    size /= size.sum()
    centre = random.uniform(0, side, (count, 2))
    spread = 30.0 * np.sqrt(size * case.cells)
    town = random.choice(count, case.cells, p=size)
    angle, away = random.uniform(0, 2 * np.pi, case.cells), spread[town] * random.gamma(2.0, 1.0, case.cells)
    cell = centre[town] + np.column_stack([away * np.cos(angle), away * np.sin(angle)])
    site = cell[random.choice(case.cells, case.sites, replace=False)] + random.normal(0, 50, (case.sites, 2))
    tree = cKDTree(site)
    lengths, members = [], []
    for part in np.array_split(cell, max(case.cells // 100_000, 1)):
        near = tree.query_ball_point(part, case.radius_m, p=1, workers=2)
        lengths.append(np.fromiter(map(len, near), dtype=np.int64, count=len(near)))
        members.append(np.concatenate([np.asarray(sites, dtype=np.int32) for sites in near]))
    start = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int32)
    column = np.concatenate(members)
    cover = sparse.csr_array((np.ones(len(column), dtype=bool), column, start), shape=(case.cells, case.sites))
    return sparse.csr_array(cover[np.diff(start) > 0])


def main() -> None:
    """Solve the case named on the command line and print what came of it as JSON."""
    case = next(case for case in CASES if case.name == sys.argv[1])
    cover = towns(case)
    weights = np.random.default_rng(2).gamma(0.3, 30.0, cover.shape[0]) + 1e-3
    min_stations(cover[:200], time_limit_s=5.0, target=min(case.target, 0.999))  # compiled once
    min_stations(cover[:200], time_limit_s=5.0)
    begin, processor = time.perf_counter(), time.process_time()
    answer = min_stations(cover, weights, target=case.target, time_limit_s=case.limit_s)
    told = {
        "rows": cover.shape[0],
        "seen": round(cover.nnz / cover.shape[0]),
        "objective": answer.objective,
        "bound": answer.bound,
        "gap": answer.gap,
        "termination": answer.termination,
        "seconds": time.perf_counter() - begin,
        "cpu": time.process_time() - processor,
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
