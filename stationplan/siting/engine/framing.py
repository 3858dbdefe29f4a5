"""The conversion of a problem as given by the caller to the core that is solved, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from stationplan.domain import FloatArray, IntArray
from stationplan.siting.base.problem import Problem
from stationplan.siting.base.scaling import EXACT, spending
from stationplan.siting.engine.core import Core


@dataclass(frozen=True, eq=False)
class Framed:
    """A core, the sites of its options, and the parts of the problem that the core does not contain.

    ``sites[option]`` is the site that an option builds or, if it is existing, keeps. ``secured`` is the objective that
    stations that cannot close contribute in any case. ``measures`` is [measure x 2 rows]: what covering each row once,
    then twice, adds to each measure, which must reach ``least`` (in addition to what is secured). The measures of
    floors come first, one per district.
    """

    core: Core
    sites: IntArray
    secured: float
    measures: sparse.csr_array
    least: FloatArray


def framed(problem: Problem) -> Framed:
    """Return the core of a problem.

    Rows that are covered once by stations that cannot close keep only their second coverage, rows covered twice keep
    nothing. A row of shares becomes one row for each step of its shares (a share of 0.4 covers the lowest 0.4 of the
    weight), so that gradual coverage (Church and Roberts 1983; Berman and Krass 2002) is plain coverage of more rows.
    """
    cover, weights, district = _steps(problem)
    stations = _displaceable(problem)
    if len(stations):  # each covers an additional row without weight, which serves to count the stations kept
        entries = (np.ones(len(stations), dtype=bool), (np.arange(len(stations)), stations))
        own = sparse.csr_array(entries, (len(stations), cover.shape[1]))
        cover = sparse.csr_array(sparse.vstack([cover, own]))
        weights = np.concatenate([weights, np.zeros(len(stations))])
        district = np.concatenate([district, np.zeros(len(stations), dtype=district.dtype)])
    options = np.flatnonzero(problem.free | problem.closable)
    kept = problem.existing & ~problem.closable
    already = cover @ kept.astype(np.int32)
    cover = sparse.csr_array(cover[:, options])
    zero = np.zeros(len(weights))
    backup = problem.backup * weights
    first = np.select([already == 0, already == 1], [weights, backup], 0.0)
    second = np.where(already == 0, backup, 0.0)
    secured = float(weights[already >= 1].sum() + backup[already >= 2].sum())
    # What covering a row once more, and twice more, adds to the weights covered once and covered twice.
    once = np.concatenate([np.where(already == 0, weights, 0.0), zero])
    twice = np.concatenate([np.where(already == 1, weights, 0.0), np.where(already == 0, weights, 0.0)])
    measures, least = [], []
    if len(problem.floor):
        column = np.arange(2 * len(weights))
        shape = (len(problem.floor), len(column))
        measures.append(sparse.csr_array((once, (np.tile(district, 2), column)), shape))
        reached = np.bincount(district, np.where(already >= 1, weights, 0.0), minlength=len(problem.floor))
        least.append(problem.floor * (1 - EXACT) - reached)
    if len(stations):
        own_rows = len(weights) - len(stations) + np.arange(len(stations))
        counted = (np.ones(len(stations)), (np.zeros(len(stations), dtype=np.int64), own_rows))
        measures.append(sparse.csr_array(counted, (1, 2 * len(weights))))
        least.append(np.array([float(len(stations) - problem.close)]))
    plain = problem.backup == 0 and not problem.bonus.any()
    if problem.target > 0 and not plain:
        measures.append(sparse.csr_array(once[None, :]))
        least.append(np.array([problem.target * (1 - EXACT) - weights[already >= 1].sum()]))
    if problem.backup_target > 0:
        measures.append(sparse.csr_array(twice[None, :]))
        least.append(np.array([problem.backup_target * (1 - EXACT) - weights[already >= 2].sum()]))
    measure = sparse.csr_array(sparse.vstack(measures)) if measures else sparse.csr_array((0, 2 * len(weights)))
    measure.eliminate_zeros()
    limits, most = _limits(problem, options)
    core = Core(
        cover=cover,
        first=first,
        second=second,
        value=np.where(problem.existing, 0.0, problem.bonus)[options],
        limits=limits,
        most=most,
        required=np.flatnonzero(problem.required[options]),
    )
    return Framed(core, options, secured, measure, np.concatenate([np.zeros(0), *least]))


def merged(frame: Framed) -> Framed:
    """Return the same problem without rows that affect nothing, and with rows of equal covers merged."""
    core = frame.core
    rows = core.cover.shape[0]
    counts = np.asarray(frame.measures.sum(axis=0)).reshape(2, rows).sum(axis=0) > 0
    used = ((core.first > 0) | counts) & (np.diff(core.cover.indptr) > 0)
    cover = sparse.csr_array(core.cover[used])
    representative, group = equal_rows(cover)
    number = len(representative)

    def added(values: FloatArray) -> FloatArray:
        return np.bincount(group, values[used], minlength=number).astype(np.float64)

    place = np.full(2 * rows, -1)
    place[np.flatnonzero(np.tile(used, 2))] = np.concatenate([group, group + number])
    entries = frame.measures.tocoo()
    stays = place[entries.col] >= 0
    return replace(
        frame,
        core=replace(
            core, cover=sparse.csr_array(cover[representative]), first=added(core.first), second=added(core.second)
        ),
        measures=sparse.csr_array(
            (entries.data[stays], (entries.row[stays], place[entries.col[stays]])),
            (frame.measures.shape[0], 2 * number),
        ),
    )


def equal_rows(cover: sparse.csr_array, label: IntArray | None = None) -> tuple[IntArray, IntArray]:
    """Return one representative of each set of rows with equal covers (and labels), and the set of each row.

    Rows are grouped by two random 64-bit sums over their sites, then compared entry by entry.
    """
    cover = cover.sorted_indices()
    rng = np.random.default_rng(20260101)
    keys = rng.integers(0, 2**64, size=(cover.shape[1], 2), dtype=np.uint64)
    sums = np.zeros((cover.shape[0], 2), dtype=np.uint64)
    length = np.diff(cover.indptr)
    filled = np.flatnonzero(length > 0)
    if len(filled):
        sums[filled] = np.add.reduceat(keys[cover.indices], cover.indptr[filled], axis=0)
    labels = np.zeros(cover.shape[0]) if label is None else label
    fingerprint = np.column_stack([sums, labels.astype(np.uint64), length.astype(np.uint64)])
    _, representative, group = np.unique(fingerprint, axis=0, return_index=True, return_inverse=True)
    group = group.ravel()
    entry_row = np.repeat(np.arange(cover.shape[0]), length)
    offset = np.arange(len(cover.indices)) - cover.indptr[entry_row]
    twin = cover.indices[cover.indptr[representative[group[entry_row]]] + offset]
    if not np.array_equal(twin, cover.indices):  # pragma: no cover - two independent 64-bit collisions
        representative, group = np.arange(cover.shape[0]), np.arange(cover.shape[0])
    return representative.astype(np.int64), group.astype(np.int64)


def _displaceable(problem: Problem) -> IntArray:
    """Return all closable stations if new sites near one of them could close more stations than required, else none."""
    closable, apart = problem.closable, problem.apart
    if closable[apart].any():
        return np.flatnonzero(closable).astype(np.int64)
    return np.empty(0, dtype=np.int64)


def _steps(problem: Problem) -> tuple[sparse.csr_array, FloatArray, IntArray]:
    """Return boolean cover, weights and districts with one row for each step of the shares of a row."""
    cover = problem.cover
    if cover.dtype == bool:
        return cover, problem.weights, problem.district
    entry_row = np.repeat(np.arange(cover.shape[0]), np.diff(cover.indptr))
    order = np.lexsort([cover.data, entry_row])
    row, share, site = entry_row[order], cover.data[order], cover.indices[order]
    starts_row = np.diff(row, prepend=-1) != 0
    starts_step = starts_row | (np.diff(share, prepend=-1.0) != 0)
    step = np.cumsum(starts_step) - 1  # of each entry, over all rows
    leads = np.flatnonzero(starts_step)
    height = share[leads] - np.where(starts_row[leads], 0.0, np.concatenate([[0.0], share[leads][:-1]]))
    # An entry covers its step and all lower steps of its row.
    lowest = np.maximum.accumulate(np.where(starts_row, step, 0))
    repeats = step - lowest + 1
    last = np.repeat(step, repeats)
    back = np.arange(len(last)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    new_row, new_site = last - back, np.repeat(site, repeats)
    stepped = sparse.csr_array((np.ones(len(new_row), dtype=bool), (new_row, new_site)), (len(leads), cover.shape[1]))
    stepped.sum_duplicates()
    return stepped, problem.weights[row[leads]] * height, problem.district[row[leads]]


def _limits(problem: Problem, options: IntArray) -> tuple[sparse.csr_array, FloatArray]:
    """Return the limits on options: number, budget, stations kept, one site per place, sites too close together."""
    new = ~problem.existing[options]
    lines: list[sparse.csr_array] = []
    most: list[float] = []
    if problem.p is not None:
        lines.append(sparse.csr_array((new & problem.counted[options]).astype(np.float64)[None, :]))
        most.append(float(problem.p))
    if problem.budget is not None:
        costs, budget = spending(np.where(new, problem.costs[options], 0.0), problem.budget)
        lines.append(sparse.csr_array(costs[None, :]))
        most.append(budget)
    if problem.close:
        lines.append(sparse.csr_array(problem.closable[options].astype(np.float64)[None, :]))
        most.append(float(problem.closable.sum() - problem.close))
    kept = problem.existing & ~problem.closable
    beside = np.concatenate([problem.apart, problem.apart[:, ::-1]])
    blocked = np.isin(options, beside[kept[beside[:, 0]], 1]) & new
    if blocked.any():
        lines.append(sparse.csr_array(blocked.astype(np.float64)[None, :]))
        most.append(0.0)
    pairs = problem.apart[~problem.existing[problem.apart].all(axis=1)]
    cliques = [*_shared_places(problem, options), *_cliques(pairs, options)]
    if cliques:
        size = np.array([len(clique) for clique in cliques])
        indptr = np.concatenate([[0], np.cumsum(size)])
        member = np.concatenate(cliques)
        lines.append(sparse.csr_array((np.ones(len(member)), member, indptr), (len(cliques), len(options))))
        most += [1.0] * len(cliques)
    if not lines:
        return sparse.csr_array((0, len(options))), np.zeros(0)
    limits = sparse.csr_array(sparse.vstack(lines))
    limits.eliminate_zeros()
    return limits, np.array(most)


def _shared_places(problem: Problem, options: IntArray) -> list[IntArray]:
    """Return the options of each place that has more than one."""
    numbers = np.where(problem.existing, -1, problem.place)[options]
    order = np.argsort(numbers, kind="stable")
    order = order[numbers[order] >= 0]
    groups = np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)
    return [group.astype(np.int64) for group in groups if len(group) > 1]


def _cliques(pairs: IntArray, options: IntArray) -> list[IntArray]:
    """Return sets of options of which no two may be chosen together, such that every pair is in one of the sets.

    One limit for a set of sites close to each other gives a better bound than one per pair; sets are grown greedily.
    """
    number = np.full(int(max(options.max(initial=-1), pairs.max(initial=-1))) + 1, -1)
    number[options] = np.arange(len(options))
    ends = np.sort(number[pairs], axis=1)
    ends = np.unique(ends[ends[:, 0] >= 0], axis=0)
    near: dict[int, set[int]] = {}
    for one, other in ends.tolist():
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    told: set[tuple[int, int]] = set()
    cliques: list[IntArray] = []
    for one, other in ends.tolist():
        if (one, other) in told:
            continue
        clique, common = [one, other], near[one] & near[other]
        while common:
            further = min(common)
            clique.append(further)
            common &= near[further]
        told.update((a, b) for a in clique for b in clique if a < b)
        cliques.append(np.array(sorted(clique), dtype=np.int64))
    return cliques
