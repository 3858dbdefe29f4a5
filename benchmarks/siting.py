"""Maximal coverage from a hundred to fifty thousand sites, each with its proven gap, against limits and against spopt.

Matrices are made outside the timed part. ``spopt`` and ``pulp`` (which brings CBC) are no dependencies: where they
cannot be imported, rows say so and show the limit instead.
"""

from __future__ import annotations

import resource
import tarfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from benchmarks.instances import road_like_instance, uniform_instance
from benchmarks.result import Result
from stationplan.siting.base.answer import Clock
from stationplan.siting.engine.core import Core
from stationplan.siting.engine.solver import SolvedCore, solve_core

_PEER_LIMIT_S = 1_200.0

_LARGE = (
    # cells, sites, existing, p, gap wanted, seconds
    (300_000, 10_000, 1_500, 50, 0.001, 10.0),
    (300_000, 10_000, 1_500, 300, 0.001, 10.0),
    (1_000_000, 50_000, 7_500, 100, 0.0025, 10.0),
    (1_000_000, 50_000, 7_500, 500, 0.0025, 10.0),
    (1_000_000, 50_000, 7_500, 2_000, 0.0025, 10.0),
    (1_000_000, 50_000, 0, 500, 0.01, 300.0),
)


def siting_seconds(shared: Path) -> list[Result]:
    """Time every instance once, after the code is compiled."""
    cover, weights = uniform_instance(1_000)
    solve_core(maximal_coverage(cover, weights, 10), Clock(60))
    return [*_against_spopt(), *_many_customers(), *_cities(shared), *_large()]


def maximal_coverage(
    cover: sparse.csr_array, weights: NDArray[np.float64], p: int, existing: NDArray[np.int64] | None = None
) -> Core:
    """Return maximal coverage by ``p`` sites beside existing ones: what these cover is left out."""
    count = cover.shape[1]
    standing = np.zeros(count, dtype=bool)
    if existing is not None and len(existing):
        standing[existing] = True
        rows = (cover @ standing.astype(np.int32)) == 0
        cover, weights = sparse.csr_array(cover[rows][:, ~standing]), weights[rows]
        count = cover.shape[1]
    one = sparse.csr_array(np.ones((1, count)))
    none = np.empty(0, dtype=np.int64)
    return Core(cover, weights, np.zeros(len(weights)), np.zeros(count), one, np.array([float(p)]), none)


def _timed(core: Core, limit_s: float, gap: float = 0.0) -> tuple[SolvedCore, float, str]:
    """Return the answer, its seconds, and what the row says of it."""
    begin, begin_cpu = time.perf_counter(), time.process_time()
    found = solve_core(core, Clock(limit_s), gap=gap)
    took, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    return found, took, f"{took:.2f} s, {cpu:.2f} s of one core; {_gap(found)}"


def _gap(found: SolvedCore) -> str:
    gap = found.bound / found.worth - 1.0
    return "optimal" if gap <= 1e-6 else f"gap {100 * gap:.3f} %"


def _against_spopt() -> list[Result]:
    small, people = uniform_instance(100_000)
    roads, workers, _ = road_like_instance(30_000, 1_000)
    results = []
    for name, cover, weights, p, wanted in (
        ("100 sites x 100,000 customers, p = 10", small, people, 10, 400),
        ("1,000 sites x 30,000 cells of towns, p = 50", roads, workers, 50, 40),
    ):
        found, took, ours = _timed(maximal_coverage(cover, weights, p), 60.0)
        peer, seconds = _spopt(cover, weights, p)
        results.append(Result(name, ours, peer, seconds / took, f">= {wanted}", f"{found.worth:,.0f} covered"))
    return results


def _spopt(cover: sparse.csr_array, weights: NDArray[np.float64], p: int) -> tuple[str, float]:
    """Return what spopt with CBC says, and its seconds, the building of its model included."""
    try:
        import pulp  # noqa: PLC0415 - a peer that need not be there
        from spopt.locate import MCLP  # noqa: PLC0415 - likewise
    except ImportError:
        return "spopt is not installed: ratio to 60 s", 60.0
    costs = np.where(cover.toarray(), 0.0, 2.0)
    begin = time.perf_counter()
    model = MCLP.from_cost_matrix(costs, weights[:, None], 1.0, p_facilities=p)
    built = time.perf_counter() - begin
    model = model.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=_PEER_LIMIT_S), results=False)
    took = time.perf_counter() - begin
    reached = pulp.value(model.problem.objective)
    over = " (stopped)" if took - built >= _PEER_LIMIT_S else ""
    return f"spopt + CBC {took:.0f} s ({built:.0f} s to build){over}: {reached:,.0f} covered", took


def _many_customers() -> list[Result]:
    cover, weights = uniform_instance(10_000_000)
    found, took, ours = _timed(maximal_coverage(cover, weights, 10), 60.0)
    name = "100 sites x 10,000,000 customers, p = 10"
    return [Result(name, ours, "limit 10 s", 10.0 / took, ">= 1", f"{found.worth:,.0f} covered")]


def _cities(shared: Path) -> list[Result]:
    """Every sixth or sixteenth road node of two cities, as demand and as site, within 800 m."""
    results = []
    for city, every in (("Haikou", 6), ("Xian", 16)):
        archive = shared / "roads" / city.lower() / f"{city}.co.tar.gz"
        if not archive.is_file():
            continue
        with tarfile.open(archive) as packed:
            stream = packed.extractfile(packed.getmembers()[0])
            assert stream is not None
            lines = [line.split() for line in stream.read().decode().splitlines() if not line.startswith("#")]
        lat, lon = np.array([line for line in lines if len(line) == 2], dtype=np.float64).T[:, ::every]
        metres = 111_195.0
        at = np.column_stack([(lon - lon.mean()) * np.cos(np.radians(lat.mean())), lat - lat.mean()]) * metres
        tree = cKDTree(at)
        near = sparse.csr_array(tree.sparse_distance_matrix(tree, 800.0, output_type="coo_matrix"))
        near = sparse.csr_array(near + sparse.eye_array(len(at))) > 0
        weights = np.random.default_rng(7).integers(1, 101, len(at)).astype(np.float64)
        for p in (50, 100):
            found, _, ours = _timed(maximal_coverage(sparse.csr_array(near), weights, p), 60.0)
            name = f"{city}, {len(at):,} road nodes as demand and site, p = {p}"
            within = 0.005 / max(found.bound / found.worth - 1.0, 1e-6)
            results.append(Result(name, ours, "gap 0.5 % in 60 s", within, ">= 1", f"{found.worth:,.0f} covered"))
    return results


def _large() -> list[Result]:
    results = []
    made: tuple[int, int, int] | None = None
    for cells, sites, existing, p, gap, limit_s in _LARGE:
        if made != (cells, sites, existing):
            cover, weights, standing = road_like_instance(cells, sites, existing=existing)
            made = (cells, sites, existing)
        found, took, ours = _timed(maximal_coverage(cover, weights, p, standing), limit_s, gap)
        reached = gap / max(found.bound / found.worth - 1.0, 1e-6)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
        name = f"{sites:,} sites ({existing:,} stand) x {cells:,} cells, p = {p:,}; {peak:.1f} GB so far"
        limit = f"gap {100 * gap:g} % in {limit_s:.0f} s"
        ratio = min(reached, limit_s * 1.1 / took)
        results.append(Result(name, ours, limit, ratio, ">= 1", f"{found.worth:,.0f} covered"))
    return results
