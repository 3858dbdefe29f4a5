"""Whether some number of columns cover every row: the set covering question of the p-center."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import sparse

from stationplan.domain import IntArray
from stationplan.siting import highs
from stationplan.siting.greedy import greedy
from stationplan.siting.problem import equal_rows

Verdict = Literal["yes", "no", "open"]

_PAIRS = 3e7
"""Pairs of entries in a column up to which rows, or columns, are compared with one another."""


def decide(cover: sparse.csr_array, p: int, *, seconds: float, exact: bool) -> tuple[Verdict, IntArray | None]:
    """Return whether at most ``p`` columns of a boolean cover matrix cover every row, and such columns for ``yes``.

    ``open`` is what neither greedy covering nor the linear relaxation tell, unless ``exact``, or what HiGHS does
    not settle within ``seconds``.
    """
    if not cover.shape[0]:
        return "yes", np.empty(0, dtype=np.int64)
    if p == 0 or not np.diff(cover.indptr).all():
        return "no", None
    small, columns = _reduced(cover)
    chosen = greedy(
        small,
        np.ones(small.shape[0]),
        costs=np.ones(small.shape[1]),
        p=p,
        budget=None,
        start=[],
        by_cost=False,
    )
    if covers(small, np.asarray(chosen, dtype=np.int64)):
        return "yes", columns[chosen]
    if _least(small, seconds) > p + 1e-6:
        return "no", None
    if not exact:
        return "open", None
    answer = highs.solve(_program(small, p, whole=True), seconds=seconds)
    if answer.status == "infeasible":
        return "no", None
    if answer.values is not None:
        found = np.flatnonzero(answer.values > 0.5)
        if len(found) <= p and covers(small, found):
            return "yes", columns[found]
    return "open", None


def covers(cover: sparse.csr_array, columns: IntArray) -> bool:
    """Return whether some columns cover every row."""
    chosen = np.zeros(cover.shape[1], dtype=np.int32)
    chosen[columns] = 1
    return bool((cover @ chosen > 0).all())


def _program(cover: sparse.csr_array, p: int, *, whole: bool) -> highs.Program:
    """Return the program of a cover: the fewest columns in parts, or ``p`` whole ones, whichever they are."""
    rows, count = cover.shape
    matrix = sparse.csr_array(cover, dtype=np.float64)
    lower, upper = np.ones(rows), np.full(rows, np.inf)
    if whole:
        matrix = sparse.csr_array(sparse.vstack([matrix, sparse.csr_array(np.ones((1, count)))]))
        lower, upper = np.append(lower, -np.inf), np.append(upper, float(p))
    return highs.Program(
        cost=np.full(count, 0.0 if whole else 1.0),
        lower=np.zeros(count),
        upper=np.full(count, 1.0 if whole else np.inf),
        integer=np.full(count, whole),
        matrix=matrix,
        row_lower=lower,
        row_upper=upper,
        maximise=False,
    )


def _least(cover: sparse.csr_array, seconds: float) -> float:
    """Return a number of columns that no cover is below, from the duals of the linear relaxation.

    Duals u >= 0 of the rows prove sum u when no column covers more than 1 of it; scaled down they do, however they
    were rounded.
    """
    answer = highs.solve(_program(cover, 0, whole=False), seconds=seconds)
    if answer.status != "optimal":
        return 0.0
    duals = np.maximum(answer.duals, 0.0)
    return float(duals.sum() / max(float((cover.T @ duals).max()), 1e-9))


def _reduced(cover: sparse.csr_array) -> tuple[sparse.csr_array, IntArray]:
    """Return a cover without rows and columns that others decide, and the index of each column that is left.

    A row is covered with any row whose columns are among its own; a column is not needed beside one that covers all of
    its rows (Toregas and ReVelle 1972). Repeated while it helps.
    """
    representative, _ = equal_rows(cover, np.zeros(cover.shape[0], dtype=np.int64))
    small = sparse.csr_array(cover[np.sort(representative)])
    columns = np.arange(cover.shape[1])
    while True:
        before = small.shape
        _, wider = _inside(small)
        small = sparse.csr_array(small[np.setdiff1d(np.arange(small.shape[0]), wider)])
        needless, _ = _inside(sparse.csr_array(small.T))
        needed = np.setdiff1d(np.arange(small.shape[1]), needless)
        small, columns = sparse.csr_array(small[:, needed]), columns[needed]
        if small.shape == before:
            return small, columns


def _inside(sets: sparse.csr_array) -> tuple[IntArray, IntArray]:
    """Return pairs of rows of which the first has no column that the second has not; of equal ones, the later first.

    No pairs where there would be too many to look at.
    """
    nothing = np.empty(0, dtype=np.int64)
    if (np.bincount(sets.indices, minlength=1).astype(np.float64) ** 2).sum() > _PAIRS:
        return nothing, nothing
    counts = sparse.csr_array(sets, dtype=np.int32)
    common = sparse.coo_array(counts @ counts.T)
    length = np.diff(sets.indptr)
    one, other = common.coords
    shorter = (length[one] < length[other]) | ((length[one] == length[other]) & (one > other))
    pair = (common.data == length[one]) & shorter
    return one[pair], other[pair]
