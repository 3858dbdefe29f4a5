"""Whether a number of columns can cover every row: the set covering decision problem of the p-center."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from stationplan.domain import IntArray
from stationplan.siting.base.answer import Clock
from stationplan.siting.lscp.dominance import shrink
from stationplan.siting.pmedian.branching import Median, search

_ANY = 1e-4
"""Lower bound on uncovered rows that proves at least one: the number is an integer, and rounding errors are smaller."""


def covering(cover: sparse.csr_array, p: int, clock: Clock) -> tuple[IntArray | None, bool]:
    """Return at most ``p`` columns of a boolean cover matrix that cover every row, and whether their absence is proven.

    ``None`` without a proof means that time was up. The problem is solved as a p-median with a cost of 1 per uncovered
    row: its relaxation is that of set covering, and a bound above 0 is the proof that there are no such columns.
    """
    rows = cover.shape[0]
    if not rows:
        return np.empty(0, dtype=np.int64), False
    if p == 0 or not np.diff(cover.indptr).all():
        return None, True
    rest = shrink(cover, np.ones(cover.shape[1]))
    left = p - len(rest.chosen)
    if left < 0 or (left == 0 and rest.cover.shape[0]):
        return None, True
    if not rest.cover.shape[0]:
        return rest.chosen, False
    small = rest.cover.sorted_indices()
    one = np.ones(small.shape[0])
    lists = (small.indptr.astype(np.int64), small.indices.astype(np.int32), np.zeros(small.nnz))
    found = search(Median(lists, one, one, 0.0, small.shape[1], left, limit=_ANY), clock)
    chosen = np.concatenate([rest.chosen, rest.columns[found.columns]])
    if covers(cover, chosen):
        return chosen, False
    return None, found.bound > 0.0


def covers(cover: sparse.csr_array, columns: IntArray) -> bool:
    """Return whether the given columns cover every row."""
    chosen = np.zeros(cover.shape[1], dtype=np.int32)
    chosen[columns] = 1
    return bool((cover @ chosen > 0).all())
