"""p-median and p-center: published instances to proven optimality, and a city too large for it to a small gap."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import shortest_path
from scipy.spatial import KDTree

from benchmarks.result import Result
from stationplan.domain import FloatArray
from stationplan.siting import p_center, p_median

_LIMIT_S = 60.0
"""Seconds that an instance of the OR-Library may take."""

_LARGE_S, _LARGE_GAP = 20.0, 0.01
"""Seconds for a city, and the gap wanted then."""

_SPEED, _DETOUR = 75.0, 1.3
"""Metres a minute on foot, and metres of road for one as the crow flies."""


def median_ratios(shared: Path) -> list[Result]:
    """Return the slowest of the published instances and of larger ones like them, and the gaps of two cities."""
    p_median(np.eye(3), np.ones(3), 1)  # compile
    folder = shared / "oracles/pmedian"
    published = [_published(path) for path in sorted(folder.glob("pmed*.txt")) if path.name != "pmedopt.txt"]
    sizes = [(n, p) for n in (500, 600, 700, 800, 900) for p in (5, 10, n // 10, n // 5, n // 3) if n < 800 or p <= 200]
    like = [(_like_the_or_library(n, p, seed=n + p), p) for n, p in sizes]
    results = []
    for name, instances in (("OR-Library pmed1-20", published), (f"{len(like)} like pmed16-40, 500-900 nodes", like)):
        if instances:
            results += [_slowest(name, instances)]
    results.append(_city(100_000, 2_000, side=15_000.0, p=200))
    results.append(_city(300_000, 10_000, side=60_000.0, p=1_000))
    results.append(_city(300_000, 10_000, side=20_000.0, p=500))
    return results


def _slowest(name: str, instances: list[tuple[FloatArray, int]]) -> Result:
    seconds = {"p-median": 0.0, "p-center": 0.0}
    proven = 0
    for minutes, p in instances:
        begin = time.perf_counter()
        median = p_median(minutes, np.ones(len(minutes)), p)
        middle = time.perf_counter()
        center = p_center(minutes, p)
        end = time.perf_counter()
        seconds["p-median"] = max(seconds["p-median"], middle - begin)
        seconds["p-center"] = max(seconds["p-center"], end - middle)
        proven += (median.gap == 0.0) + (center.gap == 0.0)
    worst = max(seconds.values())
    ours = ", ".join(f"{model} {took:.1f} s" for model, took in seconds.items())
    exact = f"{proven} of {2 * len(instances)} proven"
    return Result(f"{name}, the slowest", ours, f"limit {_LIMIT_S:.0f} s", _LIMIT_S / worst, ">= 1", exact)


def _city(rows: int, sites: int, *, side: float, p: int) -> Result:
    minutes, weights = city(rows, sites, side=side, cutoff_min=15.0, seed=1)
    begin = time.process_time()
    answer = p_median(minutes, weights, p, far=30.0, time_limit_s=_LARGE_S)
    computing = time.process_time() - begin
    case = f"p-median, {rows:,} rows x {sites:,} sites, {minutes.nnz / rows:.0f} a row, p = {p}"
    ours = f"gap {answer.gap:.2%} in {answer.time_s:.1f} s ({computing:.1f} s computing)"
    ratio = _LARGE_GAP / answer.gap
    return Result(case, ours, f"limit {_LARGE_GAP:.0%} in {_LARGE_S:.0f} s", ratio, ">= 1")


def _published(path: Path) -> tuple[FloatArray, int]:
    """Read an instance of J. E. Beasley's OR-Library; the last of two equal edges counts."""
    numbers = np.array(path.read_text("ascii").split(), dtype=int)
    nodes, _, p = numbers[:3]
    edges = numbers[3:].reshape(-1, 3) - [1, 1, 0]
    return _distances(nodes, edges[:, 0], edges[:, 1], edges[:, 2]), int(p)


def _like_the_or_library(nodes: int, p: int, *, seed: int) -> FloatArray:
    """Return distances of a random connected network of nodes^2 / 50 edges of lengths 1-100 (Beasley 1985)."""
    random = np.random.default_rng([seed, p])
    path = random.permutation(nodes)
    tail = np.concatenate([path[:-1], random.integers(0, nodes, nodes**2 // 50 - nodes + 1)])
    head = np.concatenate([path[1:], random.integers(0, nodes, nodes**2 // 50 - nodes + 1)])
    return _distances(nodes, tail, head, random.integers(1, 101, len(tail)))


def _distances(nodes: int, tail: FloatArray, head: FloatArray, length: FloatArray) -> FloatArray:
    between = np.zeros((nodes, nodes))
    for a, b, metres in zip(tail, head, length, strict=True):
        if a != b:
            between[a, b] = between[b, a] = metres
    return np.asarray(shortest_path(sparse.csr_array(between), directed=False))


def city(rows: int, sites: int, *, side: float, cutoff_min: float, seed: int) -> tuple[sparse.csr_array, FloatArray]:
    """Return walking minutes within a cutoff, and weights: 60 towns in a square of ``side`` metres, a seventh between.

    Few towns are large (Pareto), and larger ones are wider.
    """
    random = np.random.default_rng(seed)
    centre = random.uniform(0, side, (60, 2))
    size = random.pareto(1.2, 60) + 0.2
    size /= size.sum()

    def points(count: int) -> FloatArray:
        town = random.choice(60, count, p=size)
        place = centre[town] + random.normal(size=(count, 2)) * (800 + 9000 * np.sqrt(size[town]))[:, None]
        rural = random.random(count) < 1 / 7
        place[rural] = random.uniform(0, side, (int(rural.sum()), 2))
        return place

    demand, site = points(rows), points(sites)
    near = KDTree(demand).query_ball_point(site, cutoff_min * _SPEED / _DETOUR, return_sorted=True)
    column = np.repeat(np.arange(sites), [len(some) for some in near])
    row = np.concatenate([np.asarray(some, dtype=np.int64) for some in near])
    minutes = np.hypot(*(demand[row] - site[column]).T) * _DETOUR / _SPEED
    return sparse.csr_array((minutes, (row, column)), shape=(rows, sites)), random.gamma(0.5, 20.0, rows)
