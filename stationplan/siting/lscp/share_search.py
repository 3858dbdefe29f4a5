"""Partial covering by ruin and recreate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stationplan.domain import BoolArray, FloatArray, IntArray
from stationplan.siting.base.answer import Clock
from stationplan.siting.base.dice import below, dice
from stationplan.siting.lscp.share_prices import Share

_TRIES, _TRIES_A_COLUMN, _TRIES_BETWEEN_LOOKS = 20_000, 300, 100
"""Tries at most in total and per column of the first solution; tries between checks of the clock."""

_RUINED = 6
"""Columns removed in one try at most."""

_SKIPPED = 30
"""Probability, in thousandths, that a column is skipped while a solution is repaired."""

_MARGIN = 2e-10
"""Relative margin by which incrementally updated sums must exceed what is needed of them, because of rounding."""

_SEED = 20260104


class _Lists(NamedTuple):
    """Rows of each column, columns of each row, costs of columns, and weights and districts of rows.

    A row counts up to twice what is needed: ``weights`` towards the whole, ``local`` towards the floor of its district.
    """

    column_start: NDArray[np.int32]
    row: NDArray[np.int32]
    row_start: NDArray[np.int32]
    column: NDArray[np.int32]
    costs: FloatArray
    weights: FloatArray
    local: FloatArray
    district: IntArray


class _State(NamedTuple):
    """The current choice: how often each row is covered, the marginal weight of each column, and what is still needed.

    ``hangs``, [column], is the weight that a column would newly cover or, if it is chosen, that it alone covers.
    ``lacking`` is the weight missing for each floor and, last, for the whole; below 0 if there is more than enough.
    """

    times: NDArray[np.int32]
    hangs: FloatArray
    chosen: BoolArray
    lacking: FloatArray
    die: NDArray[np.uint64]


def search_share(share: Share, *, clock: Clock) -> IntArray:
    """Return columns that cover the needed weight at low cost; all columns together must cover it.

    The column with the most needed weight per cost is added until nothing is missing, and columns that are not needed
    are dropped. Then, repeatedly, some columns, close to each other or not, are removed and the solution is repaired;
    the result is kept if it costs no more. The number of tries is fixed unless time is up, so the same input gives the
    same solution.
    """
    by_column = share.cover.tocsc()
    by_column.sort_indices()
    needed = np.maximum(np.append(share.floor, share.need), 0.0)
    weights = np.minimum(share.weights, 2.0 * share.need) if share.need > 0 else share.weights
    local = np.minimum(share.weights, 2.0 * needed[share.district]) if len(share.floor) else share.weights
    lists = _Lists(
        by_column.indptr,
        by_column.indices,
        share.cover.indptr,
        share.cover.indices,
        share.costs,
        weights,
        local,
        share.district,
    )
    state = _State(
        times=np.zeros(len(share.weights), dtype=np.int32),
        hangs=np.asarray(share.cover.T.astype(np.float64) @ weights),
        chosen=np.zeros(len(share.costs), dtype=bool),
        lacking=np.append(share.floor, share.need),
        die=dice(_SEED),
    )
    slack = -_MARGIN * needed
    _mend(lists, state, 0, slack)
    done, tries = 0, min(_TRIES, _TRIES_A_COLUMN * int(state.chosen.sum()))
    while done < tries and not clock.over:
        _ruin_and_recreate(lists, state, _TRIES_BETWEEN_LOOKS, slack)
        done += _TRIES_BETWEEN_LOOKS
    return np.flatnonzero(state.chosen).astype(np.int64)


@njit(cache=True, nogil=True)
def _flip(lists: _Lists, state: _State, column: int) -> None:
    """Add a column to the choice, or remove it if it is chosen."""
    column_start, rows_of, row_start, columns_of, _, weights, local, district = lists
    times, hangs, chosen, lacking, _ = state
    chosen[column] = not chosen[column]
    alone = 1 if chosen[column] else 0
    sign = -1.0 if chosen[column] else 1.0
    whole = lacking.size - 1
    own = 0.0
    for at in range(column_start[column], column_start[column + 1]):
        row = rows_of[at]
        weight = weights[row]
        before = times[row]
        times[row] += 1 if chosen[column] else -1
        if times[row] == alone:
            own += weight
        lower = min(before, times[row])
        if lower == 0:
            lacking[whole] += sign * weight
            if whole:
                lacking[district[row]] += sign * local[row]
        if lower <= 1:
            for beside in range(row_start[row], row_start[row + 1]):
                other = columns_of[beside]
                if lower == 0 or chosen[other]:
                    hangs[other] += sign * weight
    hangs[column] = own


@njit(cache=True, nogil=True)
def _gains(lists: _Lists, state: _State, slack: FloatArray) -> tuple[FloatArray, float]:
    """Return the gain of each column towards a missing weight, and that weight: of the whole, else of a district."""
    lacking = state.lacking
    whole = lacking.size - 1
    if lacking[whole] > slack[whole]:
        return state.hangs, lacking[whole] - slack[whole]
    for district in range(whole):
        if lacking[district] > slack[district]:
            gains = np.zeros(state.hangs.size)
            for row in range(state.times.size):
                if lists.district[row] == district and state.times[row] == 0:
                    for at in range(lists.row_start[row], lists.row_start[row + 1]):
                        gains[lists.column[at]] += lists.local[row]
            return gains, lacking[district] - slack[district]
    return state.hangs, 0.0


@njit(cache=True, nogil=True)
def _mend(lists: _Lists, state: _State, skipped: int, slack: FloatArray) -> None:
    """Add the column with the largest gain per cost until nothing is missing, then drop columns that are not needed."""
    costs, chosen = lists.costs, state.chosen
    while True:
        gains, lacking = _gains(lists, state, slack)
        if lacking <= 0.0:
            break
        best, merit, full = -1, 0.0, 0.0
        for column in range(costs.size):
            if chosen[column] or gains[column] <= 0:
                continue
            if skipped > 0 and below(state.die, 1000) < skipped:
                continue
            worth = min(gains[column], lacking) / costs[column]
            if worth > merit or (worth == merit and gains[column] > full):
                best, merit, full = column, worth, gains[column]
        if best >= 0:
            _flip(lists, state, best)
        elif skipped == 0:
            return
        else:
            skipped = 0
    _prune(lists, state, slack)


@njit(cache=True, nogil=True)
def _prune(lists: _Lists, state: _State, slack: FloatArray) -> None:
    """Drop columns that are not needed, the most expensive first, of equal ones the one with the least weight."""
    costs, hangs, chosen, lacking = lists.costs, state.hangs, state.chosen, state.lacking
    whole = lacking.size - 1
    while True:
        best = -1
        for column in range(costs.size):
            if not chosen[column] or hangs[column] + lacking[whole] > slack[whole]:
                continue
            if best >= 0 and (costs[column], -hangs[column]) <= (costs[best], -hangs[best]):
                continue
            if whole == 0 or _spared(lists, state, column, slack):
                best = column
        if best < 0:
            return
        _flip(lists, state, best)


@njit(cache=True, nogil=True)
def _spared(lists: _Lists, state: _State, column: int, slack: FloatArray) -> bool:
    """Return whether every district still reaches its floor without a column."""
    lacking = state.lacking.copy()
    for at in range(lists.column_start[column], lists.column_start[column + 1]):
        row = lists.row[at]
        if state.times[row] == 1:
            lacking[lists.district[row]] += lists.local[row]
            if lacking[lists.district[row]] > slack[lists.district[row]]:
                return False
    return True


@njit(cache=True, nogil=True)
def _near(lists: _Lists, state: _State, column: int) -> int:
    """Return a chosen column two random steps from ``column``, or -1."""
    here = column
    for _ in range(2):
        start, end = lists.column_start[here], lists.column_start[here + 1]
        row = lists.row[start + below(state.die, end - start)]
        here = lists.column[lists.row_start[row] + below(state.die, lists.row_start[row + 1] - lists.row_start[row])]
    start, end = lists.column_start[here], lists.column_start[here + 1]
    row = lists.row[start + below(state.die, end - start)]
    for at in range(lists.row_start[row], lists.row_start[row + 1]):
        if state.chosen[lists.column[at]]:
            return int(lists.column[at])
    return -1


@njit(cache=True, nogil=True)
def _ruin_and_recreate(lists: _Lists, state: _State, tries: int, slack: FloatArray) -> None:
    costs, chosen, lacking = lists.costs, state.chosen, state.lacking
    for _ in range(tries):
        before = chosen.copy()
        lacked = lacking[-1]
        picks = np.flatnonzero(chosen)
        if picks.size == 0:
            return
        first = picks[below(state.die, picks.size)]
        _flip(lists, state, first)
        together = below(state.die, 10) < 7
        for _ in range(below(state.die, _RUINED)):
            other = _near(lists, state, first) if together else picks[below(state.die, picks.size)]
            if other >= 0 and chosen[other]:
                _flip(lists, state, other)
        _mend(lists, state, _SKIPPED, slack)
        change = 0.0
        for column in range(costs.size):
            if chosen[column] != before[column]:
                change += costs[column] if chosen[column] else -costs[column]
        if change > 1e-9 or (change > -1e-9 and lacking[-1] > lacked):
            for column in range(costs.size):
                if chosen[column] != before[column]:
                    _flip(lists, state, column)
