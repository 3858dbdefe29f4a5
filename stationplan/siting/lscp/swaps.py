"""Set covering by swaps: a local search that learns which rows are hard to cover."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse

from stationplan.domain import BoolArray, FloatArray, IntArray
from stationplan.siting.base.answer import Clock
from stationplan.siting.base.dice import below, dice

_SAMPLE = 200
"""Size of the random sample of chosen columns from which one is removed; all of them if there are fewer."""

_STEPS_BETWEEN_LOOKS = 20_000
"""Steps between checks of the clock: less than a second on large problems."""

_SEED = 20260103


class _Lists(NamedTuple):
    """Rows of each column and columns of each row."""

    column_start: NDArray[np.int32]
    row: NDArray[np.int32]
    row_start: NDArray[np.int32]
    column: NDArray[np.int32]
    costs: FloatArray


class _State(NamedTuple):
    """The state of the search.

    ``covers`` is the number of chosen columns of each row. ``score`` is the weight of the rows that a column would
    newly cover or, if it is chosen, minus the weight of the rows that it alone covers. ``may`` is false for a column
    that was removed, until a neighbouring column changes. ``counts`` holds the number of chosen columns, the number of
    uncovered rows, the column added last, and the step; ``spent`` is the current cost and the least cost of a solution.
    """

    covers: NDArray[np.int32]
    weight: IntArray
    score: IntArray
    chosen: BoolArray
    best: BoolArray
    may: BoolArray
    stamp: IntArray
    opened: NDArray[np.int32]
    opened_at: NDArray[np.int32]
    picks: NDArray[np.int32]
    pick_at: NDArray[np.int32]
    counts: IntArray
    spent: FloatArray
    die: NDArray[np.uint64]


def swap(cover: sparse.csr_array, costs: FloatArray, *, steps: int, enough: float, clock: Clock) -> IntArray:
    """Return columns that cover every row, found by repeatedly removing one column and adding others.

    Row weighting local search (Gao, Weise and Li 2015): rows that stay uncovered gain weight, the score of a column is
    the weight that depends on it, the column with the least score is removed, and a random uncovered row is covered by
    the best of its columns as long as the cost stays below that of the best solution. Every row must have a column;
    costs are > 0. The search ends after ``steps`` steps per column of the first solution, at the cost ``enough``, or
    when time is up, and always returns a solution; the same input gives the same solution.
    """
    by_column = cover.tocsc()
    lists = _Lists(by_column.indptr, by_column.indices, cover.indptr, cover.indices, costs)
    rows, columns = cover.shape
    state = _State(
        covers=np.zeros(rows, dtype=np.int32),
        weight=np.ones(rows, dtype=np.int64),
        score=np.diff(by_column.indptr).astype(np.int64),
        chosen=np.zeros(columns, dtype=bool),
        best=np.zeros(columns, dtype=bool),
        may=np.ones(columns, dtype=bool),
        stamp=np.zeros(columns, dtype=np.int64),
        opened=np.arange(rows, dtype=np.int32),
        opened_at=np.arange(rows, dtype=np.int32),
        picks=np.zeros(columns, dtype=np.int32),
        pick_at=np.zeros(columns, dtype=np.int32),
        counts=np.array([0, rows, -1, 0], dtype=np.int64),
        spent=np.array([0.0, np.inf]),
        die=dice(_SEED),
    )
    _begin(lists, state)
    done, steps = 0, steps * int(state.counts[0])
    while done < steps and not clock.over and state.spent[1] > enough:
        batch = min(_STEPS_BETWEEN_LOOKS, steps - done)
        done += batch
        _walk(lists, state, batch, enough)
    return np.flatnonzero(state.best).astype(np.int64)


@njit(cache=True, nogil=True)
def _begin(lists: _Lists, state: _State) -> None:
    """Cover random uncovered rows by the best of their columns until all rows are covered."""
    while state.counts[1] > 0:
        _add(lists, state, _best_for(lists, state, state.opened[below(state.die, state.counts[1])]))
    _keep(state)


@njit(cache=True, nogil=True)
def _keep(state: _State) -> None:
    """Record the current choice as the best solution."""
    state.best[:] = state.chosen
    state.spent[1] = state.spent[0]


@njit(cache=True, nogil=True)
def _add(lists: _Lists, state: _State, column: int) -> None:
    column_start, rows_of, row_start, columns_of, costs = lists
    covers, weights, score, chosen, _best, may, stamp, opened, opened_at, picks, pick_at, counts, spent, _ = state
    chosen[column] = True
    score[column] = -score[column]
    stamp[column] = counts[3]
    picks[counts[0]] = column
    pick_at[column] = counts[0]
    counts[0] += 1
    spent[0] += costs[column]
    for at in range(column_start[column], column_start[column + 1]):
        row = rows_of[at]
        covers[row] += 1
        times, weight = covers[row], weights[row]
        for beside in range(row_start[row], row_start[row + 1]):
            other = columns_of[beside]
            may[other] = True
            if other != column and times == 1:
                score[other] -= weight
            elif other != column and times == 2 and chosen[other]:
                score[other] += weight
        if times == 1:
            counts[1] -= 1
            last = opened[counts[1]]
            opened[opened_at[row]] = last
            opened_at[last] = opened_at[row]


@njit(cache=True, nogil=True)
def _drop(lists: _Lists, state: _State, column: int) -> None:
    column_start, rows_of, row_start, columns_of, costs = lists
    covers, weights, score, chosen, _best, may, stamp, opened, opened_at, picks, pick_at, counts, spent, _ = state
    chosen[column] = False
    score[column] = -score[column]
    stamp[column] = counts[3]
    counts[0] -= 1
    last = picks[counts[0]]
    picks[pick_at[column]] = last
    pick_at[last] = pick_at[column]
    spent[0] -= costs[column]
    for at in range(column_start[column], column_start[column + 1]):
        row = rows_of[at]
        covers[row] -= 1
        times, weight = covers[row], weights[row]
        for beside in range(row_start[row], row_start[row + 1]):
            other = columns_of[beside]
            may[other] = True
            if other != column and times == 0:
                score[other] += weight
            elif other != column and times == 1 and chosen[other]:
                score[other] -= weight
        if times == 0:
            opened[counts[1]] = row
            opened_at[row] = counts[1]
            counts[1] += 1
    may[column] = False


@njit(cache=True, nogil=True)
def _least_missed(lists: _Lists, state: _State, sample: int) -> int:
    """Return the chosen column with the least loss per cost, of all or of a random sample, except the one added last.

    Of ties, the one that has not changed for longer.
    """
    costs, score, stamp, picks, counts = lists.costs, state.score, state.stamp, state.picks, state.counts
    count = counts[0]
    everyone = sample >= count
    best = -1
    for at in range(count if everyone else sample):
        column = picks[at if everyone else below(state.die, count)]
        if column == counts[2]:
            continue
        if best >= 0:
            mine, theirs = score[column] * costs[best], score[best] * costs[column]
            if mine < theirs or (mine == theirs and stamp[column] >= stamp[best]):
                continue
        best = column
    return best


@njit(cache=True, nogil=True)
def _best_for(lists: _Lists, state: _State, row: int) -> int:
    """Return the column of a row with the largest score per cost that stays below the cost of the best solution.

    Columns with ``may`` false are used only if there are no others, as a row may have a single column.
    """
    row_start, columns_of, costs = lists.row_start, lists.column, lists.costs
    score, stamp, may, spent = state.score, state.stamp, state.may, state.spent
    best = -1
    for at in range(row_start[row], row_start[row + 1]):
        column = columns_of[at]
        if spent[0] + costs[column] >= spent[1] * (1 - 1e-12):
            continue
        if best >= 0 and may[column] == may[best]:
            mine, theirs = score[column] * costs[best], score[best] * costs[column]
            if mine < theirs or (mine == theirs and stamp[column] >= stamp[best]):
                continue
        elif best >= 0 and may[best]:
            continue
        best = column
    return best


@njit(cache=True, nogil=True)
def _walk(lists: _Lists, state: _State, steps: int, enough: float) -> None:
    row_start, columns_of = lists.row_start, lists.column
    weight, score, opened, counts, spent = state.weight, state.score, state.opened, state.counts, state.spent
    for _ in range(steps):
        counts[3] += 1
        while counts[1] == 0:
            _keep(state)
            if spent[1] <= enough:
                return
            counts[2] = -1
            _drop(lists, state, _least_missed(lists, state, counts[0] + 1))
        given_up = _least_missed(lists, state, _SAMPLE)
        if given_up >= 0:
            _drop(lists, state, given_up)
        while counts[1] > 0:
            best = _best_for(lists, state, opened[below(state.die, counts[1])])
            if best < 0:
                break
            _add(lists, state, best)
            counts[2] = best
        for at in range(counts[1]):
            row = opened[at]
            weight[row] += 1
            for beside in range(row_start[row], row_start[row + 1]):
                score[columns_of[beside]] += 1
    if counts[1] == 0:
        _keep(state)
