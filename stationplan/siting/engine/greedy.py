"""Lazy greedy choice of options (Minoux 1978): a good initial choice, and the build order."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import BoolArray, CountArray, FloatArray, IntArray
from stationplan.siting.engine.core import Core
from stationplan.siting.engine.presolve import columns_of, lists_of, turned


def greedy(core: Core, *, by_cost: bool = False) -> tuple[IntArray, FloatArray]:
    """Return options within all limits in the order of largest gain, required ones first, and their gains.

    With ``by_cost`` the gain is divided by the shares of the limits that an option uses. Gains can only decrease as
    options are added, so an option whose recomputed gain is still the largest need not be compared with the others
    (Minoux 1978). Options that add nothing are dropped. Ties go to the lower index.

    >>> cover = sparse.csr_array(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]], dtype=bool))
    >>> one, none = sparse.csr_array(np.ones((1, 3))), np.zeros(3)
    >>> core = Core(cover, np.array([4.0, 1.0, 3.0]), none, none, one, np.array([2.0]), np.empty(0, int))
    >>> greedy(core)[0].tolist()
    [1, 2]
    """
    count = core.cover.shape[1]
    share = np.ones(count)
    if by_cost:
        scale = np.divide(1.0, core.most, out=np.full(len(core.most), 1e300), where=core.most > 0)
        share = np.maximum(np.asarray(core.limits.T @ scale, dtype=np.float64), 1e-12)
    required = np.unique(core.required).astype(np.int64)
    return _run(core, required, np.ones(count, dtype=bool), share, core.limits, core.most)


def build_order(core: Core, options: ArrayLike) -> tuple[IntArray, FloatArray]:
    """Return a choice ordered by largest gain, and the gains; ties go to the lower index.

    >>> cover = sparse.csr_array(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]], dtype=bool))
    >>> one, none = sparse.csr_array(np.ones((1, 3))), np.zeros(3)
    >>> core = Core(cover, np.array([4.0, 1.0, 3.0]), none, none, one, np.array([3.0]), np.empty(0, int))
    >>> order, gains = build_order(core, [0, 1, 2])
    >>> order.tolist(), gains.tolist()
    ([1, 2, 0], [5.0, 3.0, 0.0])
    """
    count = core.cover.shape[1]
    among = np.zeros(count, dtype=bool)
    among[np.asarray(options, dtype=np.int64)] = True
    nothing = sparse.csr_array((0, count))
    order, gains = _run(core, np.empty(0, dtype=np.int64), among, np.ones(count), nothing, np.empty(0))
    left = np.setdiff1d(np.flatnonzero(among), order)
    return np.concatenate([order, left]), np.concatenate([gains, np.zeros(len(left))])


def _run(
    core: Core, start: IntArray, among: BoolArray, share: FloatArray, limits: sparse.csr_array, most: FloatArray
) -> tuple[IntArray, FloatArray]:
    indptr, indices = lists_of(core.cover)
    column_ptr, rows = turned(indptr, indices, core.cover.shape[1])
    found: tuple[IntArray, FloatArray] = choose(
        column_ptr,
        rows,
        core.first,
        core.second,
        core.value,
        *columns_of(sparse.csc_array(limits)),
        most,
        start,
        among,
        share,
    )
    return found


@njit(cache=True, nogil=True)
def choose(
    column_ptr: IntArray,
    rows: CountArray,
    first: FloatArray,
    second: FloatArray,
    value: FloatArray,
    limit_ptr: IntArray,
    limit: CountArray,
    used: FloatArray,
    most: FloatArray,
    start: IntArray,
    among: BoolArray,
    share: FloatArray,
) -> tuple[IntArray, FloatArray]:
    """Return ``start``, then options of ``among`` by largest gain divided by ``share``, and all gains."""
    count = column_ptr.size - 1
    covered = np.zeros(first.size, np.int32)
    left = most * (1.0 + 1e-12)
    chosen = np.empty(count, np.int64)
    gains = np.empty(count, np.float64)
    number = 0
    taken = np.zeros(count, np.bool_)
    for option in start:
        taken[option] = True
        chosen[number] = option
        gains[number] = _gain(column_ptr, rows, first, second, value, covered, option)
        number += 1
        _add(column_ptr, rows, covered, limit_ptr, limit, used, left, option)
    merit = np.empty(count, np.float64)
    heap = np.empty(count, np.int64)
    size = 0
    for option in range(count):
        if among[option] and not taken[option]:
            merit[option] = _gain(column_ptr, rows, first, second, value, covered, option) / share[option]
            if merit[option] > 0.0:
                heap[size] = option
                size += 1
    for place in range(size // 2 - 1, -1, -1):
        _sink(heap, merit, place, size)
    while size > 0:
        option = heap[0]
        fits = True
        for entry in range(limit_ptr[option], limit_ptr[option + 1]):
            if used[entry] > left[limit[entry]]:
                fits = False
        gain = 0.0
        if fits:
            gain = _gain(column_ptr, rows, first, second, value, covered, option)
        if gain <= 0.0:
            size -= 1
            heap[0] = heap[size]
            _sink(heap, merit, 0, size)
            continue
        merit[option] = gain / share[option]
        _sink(heap, merit, 0, size)
        if heap[0] != option:
            continue
        chosen[number] = option
        gains[number] = gain
        number += 1
        _add(column_ptr, rows, covered, limit_ptr, limit, used, left, option)
        size -= 1
        heap[0] = heap[size]
        _sink(heap, merit, 0, size)
    return chosen[:number].copy(), gains[:number].copy()


@njit(cache=True, nogil=True)
def _gain(
    column_ptr: IntArray,
    rows: CountArray,
    first: FloatArray,
    second: FloatArray,
    value: FloatArray,
    covered: CountArray,
    option: int,
) -> float:
    """Return the gain of an option; ``covered[row]`` is how many chosen options cover a row."""
    gain = float(value[option])
    for entry in range(column_ptr[option], column_ptr[option + 1]):
        row = rows[entry]
        if covered[row] == 0:
            gain += first[row]
        elif covered[row] == 1:
            gain += second[row]
    return gain


@njit(cache=True, nogil=True)
def _add(
    column_ptr: IntArray,
    rows: CountArray,
    covered: CountArray,
    limit_ptr: IntArray,
    limit: CountArray,
    used: FloatArray,
    left: FloatArray,
    option: int,
) -> None:
    """Update ``covered`` and the remaining limits ``left`` in place for a chosen option."""
    for entry in range(column_ptr[option], column_ptr[option + 1]):
        covered[rows[entry]] += 1
    for entry in range(limit_ptr[option], limit_ptr[option + 1]):
        left[limit[entry]] -= used[entry]


@njit(cache=True, nogil=True)
def _sink(heap: IntArray, merit: FloatArray, place: int, size: int) -> None:
    """Move an option down the heap until none below it has more merit, or equal merit and a lower index."""
    while True:
        best = place
        for below in (2 * place + 1, 2 * place + 2):
            if below < size:
                here, there = heap[best], heap[below]
                if merit[there] > merit[here] or (merit[there] == merit[here] and there < here):
                    best = below
        if best == place:
            return
        heap[place], heap[best] = heap[best], heap[place]
        place = best
