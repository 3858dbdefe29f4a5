"""Reduction of set covering problems: dominated rows and columns are dropped, forced columns are chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse

from stationplan.domain import BoolArray, FloatArray, IntArray

_WORTH = 0.005
"""Share of the entries that a round must drop to be followed by another, as late rounds cost as much as the first."""


@dataclass(frozen=True, eq=False)
class Covering:
    """The problem of choosing columns of least cost such that every row is covered.

    ``cover`` is boolean [row x column] CSR, sorted, every row with at least one column; ``columns`` is the original
    index of each column. ``chosen`` are original indices of columns already chosen; the rows that they cover are
    dropped.
    """

    cover: sparse.csr_array
    costs: FloatArray
    columns: IntArray
    chosen: IntArray


def shrink(cover: sparse.csr_array, costs: FloatArray) -> Covering:
    """Return the part of a covering problem in which no row or column dominates another (Toregas and ReVelle 1972).

    A row is dropped if its columns include all columns of another row; a column is dropped if another covers all its
    rows at no higher cost; the only column of a row is chosen. This is repeated as long as it is worthwhile. An optimal
    solution of the remaining problem, together with ``chosen``, is optimal for the original problem. Every row must
    have a column. Of ties the lower index is kept.

    >>> rest = shrink(sparse.csr_array([[1, 1, 0], [0, 1, 1], [0, 0, 1]]) != 0, np.ones(3))
    >>> rest.chosen.tolist(), rest.cover.shape
    ([2, 0], (0, 0))
    """
    cover = cover.sorted_indices()
    columns, chosen = np.arange(cover.shape[1]), [np.zeros(0, dtype=np.int64)]
    before = np.inf
    while cover.nnz < (1 - _WORTH) * before:
        before = cover.nnz
        by_column = cover.tocsc()
        cover = sparse.csr_array(cover[_least_rows(*_lists(cover), *_lists(by_column))])
        single = np.unique(cover.indices[cover.indptr[:-1][np.diff(cover.indptr) == 1]])
        if len(single):
            chosen.append(columns[single])
            picked = np.zeros(cover.shape[1], dtype=np.int32)
            picked[single] = 1
            cover = sparse.csr_array(cover[(cover @ picked) == 0])
        keep = undominated(cover, costs)
        cover = sparse.csr_array(cover.tocsc()[:, keep].tocsr())
        columns, costs = columns[keep], costs[keep]
    return Covering(cover, costs, columns, np.concatenate(chosen))


def undominated(cover: sparse.csr_array, costs: FloatArray) -> IntArray:
    """Return the columns that are not dominated, ascending: no other covers all their rows at no higher cost.

    >>> undominated(sparse.csr_array([[1, 1, 0], [0, 1, 1]]) != 0, np.array([1.0, 1.0, 0.5])).tolist()
    [1, 2]
    """
    cover = cover.sorted_indices()
    return np.flatnonzero(_largest_columns(*_lists(cover.tocsc()), *_lists(cover), costs))


def _lists(matrix: sparse.csr_array | sparse.csc_array) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return matrix.indptr, matrix.indices


@njit(cache=True, nogil=True)
def _signs(start: IntArray, member: IntArray) -> NDArray[np.uint64]:
    """Return a 64-bit signature of each list: a set can be a subset of another only if its bits are."""
    signs = np.zeros(start.size - 1, np.uint64)
    for i in range(start.size - 1):
        for at in range(start[i], start[i + 1]):
            bit = (np.uint64(member[at] + 1) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(58)
            signs[i] |= np.uint64(1) << bit
    return signs


@njit(cache=True, nogil=True)
def _inside(start: IntArray, member: IntArray, small: int, large: int) -> bool:
    """Return whether the sorted list ``small`` is a subset of the sorted list ``large``."""
    at, end = start[large], start[large + 1]
    for inner in range(start[small], start[small + 1]):
        wanted = member[inner]
        while at < end and member[at] < wanted:
            at += 1
        if at == end or member[at] != wanted:
            return False
        at += 1
    return True


@njit(cache=True, nogil=True)
def _least_rows(start: IntArray, column: IntArray, column_start: IntArray, row: IntArray) -> BoolArray:
    """Return a mask of the rows whose columns include no other row's columns; of equal rows the first is kept.

    Short rows are processed first, and rows that they drop are skipped, so that a million rows take a second.
    """
    count = start.size - 1
    signs = _signs(start, column)
    keep = np.ones(count, np.bool_)
    for small in np.argsort(start[1:] - start[:-1], kind="mergesort"):
        if not keep[small] or start[small] == start[small + 1]:
            continue
        length = start[small + 1] - start[small]
        rarest = column[start[small]]
        for at in range(start[small] + 1, start[small + 1]):
            other = column[at]
            if column_start[other + 1] - column_start[other] < column_start[rarest + 1] - column_start[rarest]:
                rarest = other
        for at in range(column_start[rarest], column_start[rarest + 1]):
            large = row[at]
            if large == small or not keep[large] or start[large + 1] - start[large] < length:
                continue
            if signs[small] & ~signs[large] == 0 and _inside(start, column, small, large):
                keep[large] = False
    return keep


@njit(cache=True, nogil=True)
def _largest_columns(
    start: IntArray, row: IntArray, row_start: IntArray, column: IntArray, costs: FloatArray
) -> BoolArray:
    """Return a mask of the columns that no other column dominates; of equal ones the first is kept."""
    count = start.size - 1
    signs = _signs(start, row)
    keep = np.zeros(count, np.bool_)
    for small in range(count):
        length = start[small + 1] - start[small]
        if length == 0:
            continue
        rarest = row[start[small]]
        for at in range(start[small] + 1, start[small + 1]):
            other = row[at]
            if row_start[other + 1] - row_start[other] < row_start[rarest + 1] - row_start[rarest]:
                rarest = other
        keep[small] = True
        for at in range(row_start[rarest], row_start[rarest + 1]):
            large = column[at]
            size = start[large + 1] - start[large]
            if large == small or size < length or costs[large] > costs[small]:
                continue
            if size == length and costs[large] == costs[small] and large > small:
                continue
            if signs[small] & ~signs[large] == 0 and _inside(start, row, small, large):
                keep[small] = False
                break
    return keep
