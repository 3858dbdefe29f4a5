"""Whether some number of columns cover every row: the set covering question of the p-center."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from stationplan.domain import IntArray
from stationplan.siting.answer import Clock
from stationplan.siting.framing import equal_rows
from stationplan.siting.median_search import Median, search

_PAIRS = 3e7
"""Pairs of entries in a column up to which rows, or columns, are compared with one another."""

_ANY = 1e-4
"""Rows left uncovered, as a bound, from which on one is: the number is whole, and rounding errs by far less."""


def covering(cover: sparse.csr_array, p: int, clock: Clock) -> tuple[IntArray | None, bool]:
    """Return at most ``p`` columns of a boolean cover matrix that cover every row, and whether there are none.

    Without columns and without proof, time was up. The question is a p-median that costs 1 a row left uncovered: its
    relaxation is that of set covering, and a bound above 0 is the proof.
    """
    rows = cover.shape[0]
    if not rows:
        return np.empty(0, dtype=np.int64), False
    if p == 0 or not np.diff(cover.indptr).all():
        return None, True
    small, columns = _reduced(cover)
    one = np.ones(small.shape[0])
    lists = (small.indptr.astype(np.int64), small.indices.astype(np.int32), np.zeros(small.nnz))
    found = search(Median(lists, one, one, 0.0, small.shape[1], p, limit=_ANY), clock)
    chosen = columns[found.columns]
    if covers(cover, chosen):
        return chosen, False
    return None, found.bound > 0.0


def covers(cover: sparse.csr_array, columns: IntArray) -> bool:
    """Return whether some columns cover every row."""
    chosen = np.zeros(cover.shape[1], dtype=np.int32)
    chosen[columns] = 1
    return bool((cover @ chosen > 0).all())


def _reduced(cover: sparse.csr_array) -> tuple[sparse.csr_array, IntArray]:
    """Return a cover without rows and columns that others decide, and the index of each column that is left.

    A row is covered with any row whose columns are among its own; a column is not needed beside one that covers all of
    its rows (Toregas and ReVelle 1972). Repeated while it helps.
    """
    representative, _ = equal_rows(cover)
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
            return small.sorted_indices(), columns


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
