"""The reduction of a covering problem that preserves an optimal choice.

Required options are taken; rows without weight and rows that no option covers are dropped; rows covered by the same
options are merged; the weight of a row covered by only one option is added to the value of that option; an option that
another one can always replace (a dominated option) is dropped. Each step enables others, so they are repeated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import BoolArray, CountArray, FloatArray, IntArray
from stationplan.siting.engine.core import ROUNDING, Core

_FEW = 0.02
"""Reduction ends after a round that drops less than this share of the options."""


@dataclass(frozen=True, eq=False)
class Presolved:
    """A reduced problem, and the mapping back to the original one.

    ``core`` has no required options; ``options`` are the original indices of its options, ascending, and ``taken`` the
    required ones. ``secured`` is the value of ``taken``. ``group[row]`` is the row of ``core`` that represents an
    original row, -1 if none does. ``stand_in[option]`` is the option of ``core`` that replaces an original one, -1 if
    none is needed or none is left.
    """

    core: Core
    options: IntArray
    taken: IntArray
    secured: float
    group: CountArray
    stand_in: CountArray

    def restore(self, options: ArrayLike) -> IntArray:
        """Return a choice of the reduced problem as one of the original, including required options, ascending."""
        return np.sort(np.concatenate([self.taken, self.options[np.asarray(options, dtype=np.int64)]]))

    def represent(self, options: ArrayLike) -> IntArray:
        """Return an original choice within the limits as one of the reduced problem, worth no less, ascending."""
        instead = self.stand_in[np.asarray(options, dtype=np.int64)]
        return np.unique(instead[instead >= 0]).astype(np.int64)


def presolve(core: Core, *, keep: BoolArray | None = None, label: IntArray | None = None) -> Presolved:
    """Return an equivalent problem over the options that matter.

    ``keep`` is a mask of the options that may be chosen (``None``: all); required options are taken in any case.
    Optimal choices of the result, restored, are optimal among those options. With ``label`` (an integer per row, such
    as its district) rows with different labels are not merged, and rows of a single option are kept as rows.

    Option j is dominated by option k if k covers all rows of j, has at least the same value and uses no more of any
    limit, and j adds nothing to k. Of two identical options the one with the lower index is kept.

    >>> cover = sparse.csr_array(np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1]], dtype=bool))
    >>> one = sparse.csr_array(np.ones((1, 3)))
    >>> none = np.zeros(3)
    >>> small = presolve(Core(cover, np.array([2.0, 1.0, 4.0]), none, none, one, np.ones(1), np.empty(0, dtype=int)))
    >>> small.options.tolist(), small.core.cover.shape, small.core.value.tolist()
    ([1], (0, 1), [7.0])
    """
    rows, count = core.cover.shape
    taken = np.unique(np.asarray(core.required, dtype=np.int64))
    use = np.zeros(count)
    use[taken] = 1.0
    most = np.maximum(core.most - core.limits @ use, 0.0)
    limits = columns_of(sparse.csc_array(core.limits))
    limit_ptr, limit, used = limits
    too_large = np.zeros(count, dtype=bool)
    too_much = used > (most + ROUNDING)[limit]
    too_large[np.repeat(np.arange(count), np.diff(limit_ptr))[too_much]] = True
    usable = ~too_large if keep is None else ~too_large & keep
    usable[taken] = False
    secured = float(core.value[taken].sum())

    role = np.where(usable, 0, _OUT).astype(np.int32)
    role[taken] = _TAKEN
    indptr, indices = lists_of(core.cover)
    first, second, value = core.first, core.second, core.value.astype(np.float64)
    options = np.arange(count)
    group = np.arange(rows, dtype=np.int32)
    stand_in = np.arange(count, dtype=np.int32)
    labels = np.zeros(0, dtype=np.int64) if label is None else np.asarray(label, dtype=np.int64)
    last = False
    while True:
        kept = np.flatnonzero(role >= 0)
        role[kept] = np.arange(len(kept))
        stand_in = _follow(stand_in, role)
        options, value, limits = options[kept], value[kept], _selected(*limits, kept)
        indptr, indices, first, second, labels, merged, gained = _merge_rows(
            indptr, indices, first, second, labels, role, value
        )
        secured += gained
        group = _follow(group, merged)
        if last:
            break
        column_ptr, column_rows = turned(indptr, indices, len(options))
        better = _stand_ins(indptr, indices, column_ptr, column_rows, second, value, *limits)
        dominated = better != np.arange(len(options))
        if not dominated.any():
            break
        stand_in = _follow(stand_in, better)
        role = np.where(dominated, _OUT, 0).astype(np.int32)
        last = bool(dominated.sum() < _FEW * len(options))
    cover = sparse.csr_array((np.ones(len(indices), dtype=bool), indices, indptr), shape=(len(first), len(options)))
    limit_ptr, limit, used = limits
    rest = sparse.csc_array((used, limit, limit_ptr), shape=(len(most), len(options))).tocsr()
    none = np.empty(0, dtype=np.int64)
    smaller = Core(cover, first, second, value, rest, most, none)
    return Presolved(smaller, options, taken, secured, group, np.maximum(stand_in, -1))


def narrowed(core: Core, keep: BoolArray) -> Presolved:
    """Return a core without required options, limited to some options; rows with equal covers by these are merged."""
    options = np.flatnonzero(keep)
    role = np.full(len(keep), _OUT, dtype=np.int32)
    role[options] = np.arange(len(options))
    value = core.value[options]
    indptr, indices, first, second, _, group, _ = _merge_rows(
        *lists_of(core.cover), core.first, core.second, np.zeros(0, dtype=np.int64), role, value
    )
    cover = sparse.csr_array((np.ones(len(indices), dtype=bool), indices, indptr), shape=(len(first), len(options)))
    smaller = Core(cover, first, second, value, sparse.csr_array(core.limits[:, options]), core.most, core.required)
    return Presolved(smaller, options, core.required, 0.0, group, role)


def chained(outer: Presolved, inner: Presolved) -> Presolved:
    """Return two reductions as one; ``inner`` is a reduction of the core of ``outer``."""
    return Presolved(
        inner.core,
        outer.options[inner.options],
        np.sort(np.concatenate([outer.taken, outer.options[inner.taken]])),
        outer.secured + inner.secured,
        _follow(outer.group, inner.group),
        _follow(outer.stand_in, inner.stand_in),
    )


def lists_of(matrix: sparse.csr_array) -> tuple[IntArray, CountArray]:
    """Return a boolean matrix as ``indptr`` (int64) and ``indices`` (int32), ascending in each row."""
    matrix = matrix if matrix.has_sorted_indices else matrix.sorted_indices()
    return matrix.indptr.astype(np.int64, copy=False), matrix.indices.astype(np.int32, copy=False)


def columns_of(limits: sparse.csc_array) -> tuple[IntArray, CountArray, FloatArray]:
    """Return the limits that each option uses, ascending, and the amounts: ``indptr``, limits and amounts."""
    limits = limits if limits.has_sorted_indices else limits.sorted_indices()
    return limits.indptr.astype(np.int64), limits.indices.astype(np.int32), limits.data.astype(np.float64)


@njit(cache=True, nogil=True)
def turned(indptr: IntArray, indices: CountArray, columns: int) -> tuple[IntArray, CountArray]:
    """Return the transpose of lists: the rows of each column, ascending."""
    starts = np.zeros(columns + 1, np.int64)
    for entry in range(indices.size):
        starts[indices[entry] + 1] += 1
    for column in range(columns):
        starts[column + 1] += starts[column]
    place = starts[:-1].copy()
    rows = np.empty(indices.size, np.int32)
    for row in range(indptr.size - 1):
        for entry in range(indptr[row], indptr[row + 1]):
            column = indices[entry]
            rows[place[column]] = row
            place[column] += 1
    return starts, rows


_OUT, _TAKEN = -1, -2
"""Roles of options that cannot be chosen; for other options the role is the new index, in ascending order."""


@njit(cache=True, nogil=True)
def _follow(there: CountArray, onward: CountArray) -> CountArray:
    """Return the composition of two index maps; negative means that there is no image."""
    end = np.empty_like(there)
    for start in range(there.size):
        end[start] = onward[there[start]] if there[start] >= 0 else -1
    return end


@njit(cache=True, nogil=True)
def _merge_rows(
    indptr: IntArray,
    indices: CountArray,
    first: FloatArray,
    second: FloatArray,
    label: IntArray,
    role: CountArray,
    value: FloatArray,
) -> tuple[IntArray, CountArray, FloatArray, FloatArray, IntArray, CountArray, float]:
    """Return the remaining rows, one for each set of options with a role >= 0.

    Options that are taken move the ``second`` weight of a row to its ``first``. The weight of a row with a single
    option is added to ``value`` in place, unless there are labels. Rows are looked up by a sum of random 64-bit keys of
    their options in a hash table with open addressing, and compared option by option. The last value returned is the
    weight covered by taken options.
    """
    rows = indptr.size - 1
    keys = np.empty(role.size, np.uint64)
    state = np.uint64(0x9E3779B97F4A7C15)
    for option in range(role.size):  # splitmix64 (Steele, Lea and Flood 2014)
        state += np.uint64(0x9E3779B97F4A7C15)
        mixed = state
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        keys[option] = mixed ^ (mixed >> np.uint64(31))
    size = 1024
    table = np.full(size, -1, np.int32)
    seen = np.empty(size // 2, np.uint64)
    starts = np.zeros(size // 2 + 1, np.int64)
    new_first = np.empty(size // 2, np.float64)
    new_second = np.empty(size // 2, np.float64)
    source = np.empty(size // 2, np.int64)
    labelled = label.size > 0
    kept = np.empty(4096, np.int32)
    filled = np.int64(0)
    groups = np.int64(0)
    group = np.full(rows, -1, np.int32)
    secured = 0.0
    for row in range(rows):
        one, two = first[row], second[row]
        if one <= 0.0:
            continue
        begin, end = indptr[row], indptr[row + 1]
        if filled + (end - begin) > kept.size:
            grown = np.empty(max(2 * kept.size, filled + (end - begin)), np.int32)
            grown[:filled] = kept[:filled]
            kept = grown
        length = np.int64(0)
        key = np.uint64(0)
        for entry in range(begin, end):
            became = role[indices[entry]]
            if became >= 0:
                kept[filled + length] = became
                length += 1
                key += keys[became]
            elif became == _TAKEN:
                secured += one
                one, two = two, 0.0
        if one <= 0.0 or length == 0:
            continue
        if length == 1 and not labelled:
            value[kept[filled]] += one
            continue
        if labelled:
            key += np.uint64(label[row]) * np.uint64(0x9E3779B97F4A7C15)
        slot = int(key >> np.uint64(11)) & (size - 1)
        found = np.int64(-1)
        while table[slot] >= 0:
            other = np.int64(table[slot])
            if seen[other] == key and starts[other + 1] - starts[other] == length:
                same = not labelled or label[source[other]] == label[row]
                for place in range(length):
                    if kept[starts[other] + place] != kept[filled + place]:
                        same = False
                        break
                if same:
                    found = other
                    break
            slot = (slot + 1) & (size - 1)
        if found >= 0:
            new_first[found] += one
            new_second[found] += two
            group[row] = found
            continue
        table[slot] = groups
        seen[groups] = key
        new_first[groups] = one
        new_second[groups] = two
        source[groups] = row
        group[row] = groups
        filled += length
        groups += 1
        starts[groups] = filled
        if 2 * groups >= size:
            size *= 4
            table = np.full(size, -1, np.int32)
            for old in range(groups):
                slot = int(seen[old] >> np.uint64(11)) & (size - 1)
                while table[slot] >= 0:
                    slot = (slot + 1) & (size - 1)
                table[slot] = old
            seen = np.concatenate((seen[:groups], np.empty(size // 2 - groups, np.uint64)))
            starts = np.concatenate((starts[: groups + 1], np.zeros(size // 2 - groups, np.int64)))
            source = np.concatenate((source[:groups], np.empty(size // 2 - groups, np.int64)))
            new_first = np.concatenate((new_first[:groups], np.empty(size // 2 - groups, np.float64)))
            new_second = np.concatenate((new_second[:groups], np.empty(size // 2 - groups, np.float64)))
    return (
        starts[: groups + 1].copy(),
        kept[:filled].copy(),
        new_first[:groups].copy(),
        new_second[:groups].copy(),
        label[source[:groups]] if labelled else label,
        group,
        secured,
    )


@njit(cache=True, nogil=True)
def _selected(
    limit_ptr: IntArray, limit: CountArray, used: FloatArray, kept: IntArray
) -> tuple[IntArray, CountArray, FloatArray]:
    """Return the limits of the options ``kept``, in the form of :func:`columns_of`."""
    starts = np.zeros(kept.size + 1, np.int64)
    for place in range(kept.size):
        starts[place + 1] = starts[place] + limit_ptr[kept[place] + 1] - limit_ptr[kept[place]]
    which = np.empty(starts[-1], np.int32)
    amount = np.empty(starts[-1], np.float64)
    for place in range(kept.size):
        begin = limit_ptr[kept[place]]
        for entry in range(starts[place], starts[place + 1]):
            which[entry] = limit[begin + entry - starts[place]]
            amount[entry] = used[begin + entry - starts[place]]
    return starts, which, amount


@njit(cache=True, nogil=True)
def _stand_ins(
    indptr: IntArray,
    indices: CountArray,
    column_ptr: IntArray,
    rows: CountArray,
    second: FloatArray,
    value: FloatArray,
    limit_ptr: IntArray,
    limit: CountArray,
    used: FloatArray,
) -> CountArray:
    """Return for each option the one that can always replace it: often itself, -1 if it adds nothing."""
    count = column_ptr.size - 1
    better = np.arange(count).astype(np.int32)
    for option in range(count):
        begin, end = column_ptr[option], column_ptr[option + 1]
        if value[option] > 0.0:
            continue
        if begin == end:
            better[option] = -1
            continue
        rarest = np.int64(rows[begin])
        alone = True
        for entry in range(begin, end):
            row = np.int64(rows[entry])
            if second[row] > 0.0:
                alone = False
                break
            if indptr[row + 1] - indptr[row] < indptr[rarest + 1] - indptr[rarest]:
                rarest = row
        if not alone:
            continue
        for entry in range(indptr[rarest], indptr[rarest + 1]):
            other = np.int64(indices[entry])
            length = column_ptr[other + 1] - column_ptr[other]
            if other == option or length < end - begin:
                continue
            if not _uses_no_more(other, option, limit_ptr, limit, used):
                continue
            if not _holds_all(rows, column_ptr[other], column_ptr[other + 1], begin, end):
                continue
            alike = length == end - begin and value[other] == 0.0
            if alike and other > option and _uses_no_more(option, other, limit_ptr, limit, used):
                continue
            better[option] = other
            break
    # A replacement may itself be replaced; this relation has no cycles.
    for option in range(count):
        last = np.int64(option)
        while last >= 0 and better[last] != last:
            last = np.int64(better[last])
        better[option] = last
    return better


@njit(cache=True, nogil=True)
def _uses_no_more(lean: int, other: int, limit_ptr: IntArray, limit: CountArray, used: FloatArray) -> bool:
    """Return whether the option ``lean`` uses no more of any limit than ``other``."""
    place = limit_ptr[other]
    for entry in range(limit_ptr[lean], limit_ptr[lean + 1]):
        while place < limit_ptr[other + 1] and limit[place] < limit[entry]:
            place += 1
        if place == limit_ptr[other + 1] or limit[place] != limit[entry] or used[entry] > used[place]:
            return False
    return True


@njit(cache=True, nogil=True)
def _holds_all(rows: CountArray, low: int, high: int, begin: int, end: int) -> bool:
    """Return whether the ascending rows from ``low`` to ``high`` include those from ``begin`` to ``end``."""
    for entry in range(begin, end):
        row = rows[entry]
        left, right = low, high
        while left < right:
            middle = (left + right) // 2
            if rows[middle] < row:
                left = middle + 1
            else:
                right = middle
        if left == high or rows[left] != row:
            return False
        low = left + 1
    return True
