"""Coverage with capacities and under scenarios on made-up towns: gaps that are proven, against what is wanted."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import KDTree

from benchmarks.result import Result
from stationplan.siting import capacitated_coverage, robust_coverage

_LIMIT_S = 60.0
_GAP = 0.005


def capacity_gaps(_shared: Path) -> list[Result]:
    """Solve 300 candidates beside 80 stations for 2,000 cells in 6 slots, scarce to ample; many; scenarios."""
    return [
        *(_one(f"room for {room:.0%}", 2_000, 300, 80, 40, room, reach=(0.4, 0.8)) for room in (0.6, 0.8, 1.0, 1.5)),
        _one("many", 40_000, 4_000, 1_000, 300, 0.8, reach=(0.1, 0.2)),
        *_scenarios(),
    ]


def _scenarios() -> list[Result]:
    """Solve 200 candidates for 3,000 cells in 5 scenarios that move the demand between towns."""
    rng = np.random.default_rng(3)
    cells, town, places = _towns(rng, 3_000, 200)
    cover = _within(cells, places, np.full(200, 0.45))
    weights = rng.lognormal(1.0, 1.0, 3_000) * np.exp(rng.normal(0.0, 0.6, (5, 12)))[:, town]
    rows = []
    for measure in ("worst", "regret"):
        begin = time.process_time()
        answer = robust_coverage(cover, weights, measure=measure, p=20, time_limit_s=_LIMIT_S)
        spent = time.process_time() - begin
        distance = abs(answer.bound - answer.objective) / float(weights.sum(axis=1).max())
        told = f"{distance:.3%} of all demand in {answer.time_s:.0f} s ({spent:.0f} s of ours, rest HiGHS)"
        ratio = _GAP / max(distance, 1e-6)
        rows.append(Result(f"{measure} of 5 scenarios, 3,000 x 200", told, f"{_GAP:.1%}", ratio, ">= 1"))
    return rows


def _one(
    name: str, cells: int, candidates: int, existing: int, p: int, room: float, *, reach: tuple[float, float]
) -> Result:
    cover, weights, capacity, slot, standing = capacity_instance(cells, candidates, existing, p, room, reach=reach)
    begin = time.process_time()
    answer = capacitated_coverage(cover, weights, capacity, slot=slot, p=p, existing=standing, time_limit_s=_LIMIT_S)
    spent = time.process_time() - begin
    told = f"gap {answer.gap:.3%} in {answer.time_s:.0f} s ({spent:.0f} s of ours, rest HiGHS)"
    case = f"{name}: {cover.shape[0]:,} rows x {cover.shape[1]:,} sites, {cover.nnz:,} pairs"
    return Result(case, told, f"{_GAP:.1%} in {_LIMIT_S:.0f} s", _GAP / max(answer.gap, 1e-6), ">= 1")


def capacity_instance(
    cells: int, candidates: int, existing: int, p: int, room: float, *, slots: int = 6, reach: tuple[float, float]
) -> tuple[sparse.csr_array, NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return cover, weights, capacities [site x slot], slots and existing sites; ``room`` of all demand has a place."""
    rng = np.random.default_rng(5)
    at, _, sites = _towns(rng, cells, candidates + existing)
    near = _within(at, sites, rng.uniform(*reach, candidates + existing))
    share = rng.dirichlet(np.full(slots, 4.0), cells)
    weights = np.ceil(rng.lognormal(1.0, 1.0, cells)[:, None] * share * slots * 2).T.ravel()
    size = rng.uniform(0.3, 2.0, candidates + existing)
    capacity = np.ceil(size / 1.15 * room * weights.sum() / slots / (existing + p))
    standing = np.arange(candidates, candidates + existing)
    cover = sparse.csr_array(sparse.vstack([near] * slots, format="csr"))
    return cover, weights, np.repeat(capacity[:, None], slots, axis=1), np.repeat(np.arange(slots), cells), standing


def _towns(
    rng: np.random.Generator, cells: int, sites: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Return cells around twelve towns of Zipf-like sizes, the town of each, and sites laid likewise."""
    middle = rng.uniform(0.0, 10.0, (12, 2))
    size = 1.0 / np.arange(1, 13)
    town = rng.choice(12, cells + sites, p=size / size.sum())
    at = middle[town] + rng.normal(0.0, 10.0 / 12, (cells + sites, 2))
    return at[:cells], town[:cells], at[cells:]


def _within(cells: NDArray[np.float64], sites: NDArray[np.float64], reach: NDArray[np.float64]) -> sparse.csr_array:
    """Return which sites reach which cells as the crow flies."""
    found = KDTree(cells).query_ball_point(sites, reach)
    column = np.repeat(np.arange(len(sites)), [len(rows) for rows in found])
    row = np.concatenate([np.asarray(rows, dtype=np.int64) for rows in found])
    return sparse.csr_array((np.ones(len(row), dtype=bool), (row, column)), shape=(len(cells), len(sites)))
