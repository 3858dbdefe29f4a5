"""The compiled parts of the p-median search that work on choices: sorted lists of sites, greedy and interchange.

They share one problem: choose at most p columns to minimise the sum over rows of the least cost among ``top`` and the
costs of the chosen columns. The columns of a row that cost less than ``top`` are listed cheapest first (CSR: ``start``,
``column``, ``cost``); the same entries by column are CSC (``start``, ``row``, ``cost``). Costs are weight x minutes.
The nearest existing station of a row is not a column: its cost is in ``top``.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from stationplan.domain import BoolArray, CountArray, FloatArray, IntArray

Lists = tuple[IntArray, CountArray, FloatArray]
"""Entries by row or by column: start of each list, the other index, the cost."""

_NEAR = 40
"""Columns considered in a local change."""

DRAWS = 45
"""Random numbers used by a local change: its column, the number of forced columns, which ones, and its neighbours."""

_MOVES = 100
"""Exchanges in a local change at most."""


@njit(cache=True, nogil=True)
def sorted_lists(
    start: IntArray, site: CountArray, minutes: FloatArray, weights: FloatArray, base: FloatArray, number: IntArray
) -> tuple[IntArray, IntArray, CountArray, FloatArray]:
    """Return which rows have lists, and the lists: entries of sites with a ``number`` >= 0 that are below ``base``.

    Rows without weight or entries are dropped. Rows are ordered by their nearest column, so that rows and columns used
    together are close in memory.
    """
    rows = start.size - 1
    nearest = np.full(rows, np.int64(number.size))
    length = np.zeros(rows, np.int64)
    for i in range(rows):
        if weights[i] <= 0.0:
            continue
        least = np.inf
        for k in range(start[i], start[i + 1]):
            if number[site[k]] >= 0 and minutes[k] < base[i]:
                length[i] += 1
                if minutes[k] < least:
                    least = minutes[k]
                    nearest[i] = number[site[k]]
    order = np.argsort(nearest, kind="mergesort")
    order = order[: np.count_nonzero(length)]
    begin = np.zeros(order.size + 1, np.int64)
    for at in range(order.size):
        begin[at + 1] = begin[at] + length[order[at]]
    column = np.empty(begin[order.size], np.int32)
    cost = np.empty(begin[order.size], np.float64)
    for at in range(order.size):
        i = order[at]
        place = begin[at]
        for k in range(start[i], start[i + 1]):
            if number[site[k]] >= 0 and minutes[k] < base[i]:
                column[place] = number[site[k]]
                cost[place] = weights[i] * minutes[k]
                place += 1
        rank = np.argsort(cost[begin[at] : place], kind="mergesort")
        column[begin[at] : place] = column[begin[at] : place][rank]
        cost[begin[at] : place] = cost[begin[at] : place][rank]
    return order, begin, column, cost


@njit(cache=True, nogil=True)
def transposed(start: IntArray, index: CountArray, cost: FloatArray, count: int) -> Lists:
    """Return the same entries grouped by ``index``, which is below ``count``."""
    begin = np.zeros(count + 1, np.int64)
    for k in range(index.size):
        begin[index[k] + 1] += 1
    for j in range(count):
        begin[j + 1] += begin[j]
    place = begin[:-1].copy()
    other = np.empty(index.size, np.int32)
    moved = np.empty(index.size, np.float64)
    for i in range(start.size - 1):
        for k in range(start[i], start[i + 1]):
            j = index[k]
            other[place[j]] = i
            moved[place[j]] = cost[k]
            place[j] += 1
    return begin, other, moved


@njit(cache=True, nogil=True)
def restricted(
    start: IntArray, column: CountArray, cost: FloatArray, top: FloatArray, state: CountArray
) -> tuple[IntArray, CountArray, FloatArray, FloatArray]:
    """Return lists and tops with columns decided: ``state`` 1 chosen (lowers tops), -1 excluded, 0 undecided."""
    rows = start.size - 1
    begin = np.zeros(rows + 1, np.int64)
    lower = top.copy()
    for i in range(rows):
        count = 0
        for k in range(start[i], start[i + 1]):
            if state[column[k]] == 1:
                lower[i] = min(lower[i], cost[k])
                break
            if state[column[k]] == 0 and cost[k] < lower[i]:
                count += 1
        begin[i + 1] = begin[i] + count
    kept = np.empty(begin[rows], np.int32)
    kept_cost = np.empty(begin[rows], np.float64)
    for i in range(rows):
        place = begin[i]
        k = start[i]
        while place < begin[i + 1]:
            if state[column[k]] == 0:
                kept[place] = column[k]
                kept_cost[place] = cost[k]
                place += 1
            k += 1
    return begin, kept, kept_cost, lower


@njit(cache=True, nogil=True)
def greedy(start: IntArray, row: CountArray, cost: FloatArray, top: FloatArray, p: int) -> tuple[IntArray, FloatArray]:
    """Return at most ``p`` columns in the order of largest saving, and the savings; columns without saving are dropped.

    Savings only decrease as columns are added, so a column whose recomputed saving is still the largest is the best.
    Ties go to the lower index.
    """
    count = start.size - 1
    now = top.copy()
    saving = np.full(count, np.inf)
    fresh = np.full(count, -1)
    order = np.empty(min(p, count), np.int64)
    saved = np.empty(min(p, count), np.float64)
    for step in range(order.size):
        while True:
            best = 0
            for j in range(1, count):
                if saving[j] > saving[best]:
                    best = j
            if fresh[best] == step:
                break
            total = 0.0
            for k in range(start[best], start[best + 1]):
                if cost[k] < now[row[k]]:
                    total += now[row[k]] - cost[k]
            saving[best] = total
            fresh[best] = step
        if saving[best] <= 0.0:
            return order[:step], saved[:step]
        order[step] = best
        saved[step] = saving[best]
        saving[best] = -1.0
        for k in range(start[best], start[best + 1]):
            now[row[k]] = min(now[row[k]], cost[k])
    return order, saved


@njit(cache=True, nogil=True)
def value(start: IntArray, column: CountArray, cost: FloatArray, top: FloatArray, chosen: BoolArray) -> float:
    """Return the cost of a choice."""
    total = 0.0
    for i in range(start.size - 1):
        least = top[i]
        for k in range(start[i], start[i + 1]):
            if chosen[column[k]]:
                least = cost[k]
                break
        total += least
    return total


@njit(cache=True, nogil=True)
def _two_nearest(
    start: IntArray,
    column: CountArray,
    cost: FloatArray,
    top: FloatArray,
    chosen: BoolArray,
    i: int,
    nearest: CountArray,
    first: FloatArray,
    second: FloatArray,
) -> None:
    nearest[i] = -1
    first[i] = top[i]
    second[i] = top[i]
    for k in range(start[i], start[i + 1]):
        if chosen[column[k]]:
            if nearest[i] < 0:
                nearest[i] = column[k]
                first[i] = cost[k]
            else:
                second[i] = cost[k]
                return


@njit(cache=True, nogil=True)
def _net(
    begin: IntArray,
    row: CountArray,
    price: FloatArray,
    nearest: CountArray,
    first: FloatArray,
    second: FloatArray,
    loss: FloatArray,
    taken_up: FloatArray,
    inside: IntArray,
    j: int,
) -> tuple[float, int]:
    """Return the saving of adding column ``j`` and removing the best column, and its position in ``inside``."""
    gain = 0.0
    for k in range(begin[j], begin[j + 1]):
        i = row[k]
        if price[k] < second[i]:
            if price[k] < first[i]:
                gain += first[i] - price[k]
                if nearest[i] >= 0:
                    taken_up[nearest[i]] += second[i] - first[i]
            elif nearest[i] >= 0:
                taken_up[nearest[i]] += second[i] - price[k]
    best = -np.inf
    place = -1
    for at in range(inside.size):
        net = taken_up[inside[at]] - loss[inside[at]]
        taken_up[inside[at]] = 0.0
        if net > best:
            best = net
            place = at
    return gain + best, place


@njit(cache=True, nogil=True)
def _exchange(
    by_row: Lists,
    by_column: Lists,
    top: FloatArray,
    chosen: BoolArray,
    nearest: CountArray,
    first: FloatArray,
    second: FloatArray,
    loss: FloatArray,
    out: int,
    into: int,
) -> None:
    """Remove the column ``out``, add the column ``into``, and update the nearest columns of the rows in place."""
    start, column, cost = by_row
    begin, row, price = by_column
    chosen[out] = False
    chosen[into] = True
    for moved in (out, into):
        for k in range(begin[moved], begin[moved + 1]):
            i = row[k]
            if price[k] <= second[i]:
                if nearest[i] >= 0:
                    loss[nearest[i]] -= second[i] - first[i]
                _two_nearest(start, column, cost, top, chosen, i, nearest, first, second)
                if nearest[i] >= 0:
                    loss[nearest[i]] += second[i] - first[i]


@njit(cache=True, nogil=True)
def two_nearest(
    start: IntArray, column: CountArray, cost: FloatArray, top: FloatArray, chosen: BoolArray
) -> tuple[CountArray, FloatArray, FloatArray]:
    """Return for each row the cheapest chosen column (-1: none), its cost, and the cost of the next one."""
    nearest = np.empty(top.size, np.int32)
    first = np.empty(top.size, np.float64)
    second = np.empty(top.size, np.float64)
    for i in range(top.size):
        _two_nearest(start, column, cost, top, chosen, i, nearest, first, second)
    return nearest, first, second


@njit(cache=True, nogil=True)
def _losses(nearest: CountArray, first: FloatArray, second: FloatArray, count: int) -> FloatArray:
    """Return the cost of removing each column."""
    loss = np.zeros(count, np.float64)
    for i in range(nearest.size):
        if nearest[i] >= 0:
            loss[nearest[i]] += second[i] - first[i]
    return loss


@njit(cache=True, nogil=True)
def interchange(
    by_row: Lists, by_column: Lists, top: FloatArray, chosen: BoolArray, pool: IntArray, least: float, sweeps: int
) -> bool:
    """Return whether exchanges of a chosen column for one of ``pool`` can save no more; change ``chosen`` in place.

    Fast interchange (Whitaker 1983; Resende and Werneck 2004): one pass over the entries of a column computes what
    adding it saves and, for each chosen column, which part of the loss of removing that column it compensates. The
    first column that saves more than ``least`` is added, and the column with the smallest loss is removed. The search
    ends after ``sweeps`` over the pool.
    """
    nearest, first, second = two_nearest(by_row[0], by_row[1], by_row[2], top, chosen)
    loss = _losses(nearest, first, second, chosen.size)
    inside = np.flatnonzero(chosen)
    taken_up = np.zeros(chosen.size, np.float64)
    begin, row, price = by_column
    quiet = 0
    for _ in range(sweeps):
        for j in pool:
            if quiet == pool.size:
                return True
            quiet += 1
            if not chosen[j]:
                net, place = _net(begin, row, price, nearest, first, second, loss, taken_up, inside, j)
                if net > least:
                    _exchange(by_row, by_column, top, chosen, nearest, first, second, loss, inside[place], j)
                    inside[place] = j
                    quiet = 0
    return quiet >= pool.size


@njit(cache=True, nogil=True)
def shaken(
    by_row: Lists,
    by_column: Lists,
    top: FloatArray,
    chosen: BoolArray,
    pool: IntArray,
    least: float,
    draws: IntArray,
) -> float:
    """Return the saving of random local changes, each followed by local interchange; change ``chosen`` in place.

    Iterated local search: a random column of ``pool`` and one or two columns near it are forced in, each replacing the
    column whose removal then costs least; then the columns near them are exchanged while that saves. A change that ends
    worse is undone. Near columns are those in the lists of rows that the first column serves. ``draws``,
    [round x ``DRAWS``], are random integers >= 0.
    """
    nearest, first, second = two_nearest(by_row[0], by_row[1], by_row[2], top, chosen)
    count = chosen.size
    loss = _losses(nearest, first, second, count)
    inside = np.flatnonzero(chosen)
    taken_up = np.zeros(count, np.float64)
    start, column, _ = by_row
    begin, row, price = by_column
    usable = np.zeros(count, np.bool_)
    usable[pool] = True
    stamp = np.full(count, -1)
    near = np.empty(_NEAR, np.int64)
    undo = np.empty((2, _MOVES), np.int64)
    saved = 0.0
    for turn in range(draws.shape[0]):
        j = pool[draws[turn, 0] % pool.size]
        length = begin[j + 1] - begin[j]
        if length == 0:
            continue
        found = 0
        for draw in range(5, DRAWS, 2):
            i = row[begin[j] + draws[turn, draw] % length]
            k = start[i] + draws[turn, draw + 1] % (start[i + 1] - start[i])
            while k < start[i + 1] and found < _NEAR:
                if usable[column[k]] and stamp[column[k]] != turn:
                    stamp[column[k]] = turn
                    near[found] = column[k]
                    found += 1
                    break
                k += 1
        moves = 0
        change = 0.0
        for forced in range(2 + draws[turn, 1] % 2):
            into = j if forced == 0 or found == 0 else near[draws[turn, 2 + forced] % found]
            if not chosen[into]:
                net, place = _net(begin, row, price, nearest, first, second, loss, taken_up, inside, into)
                undo[0, moves], undo[1, moves] = inside[place], into
                if stamp[inside[place]] != turn and found < _NEAR:
                    stamp[inside[place]] = turn
                    near[found] = inside[place]
                    found += 1
                _exchange(by_row, by_column, top, chosen, nearest, first, second, loss, inside[place], into)
                inside[place] = into
                change += net
                moves += 1
        at = 0
        quiet = 0
        while quiet < found and moves < _MOVES:
            into = near[at]
            at = (at + 1) % found
            quiet += 1
            if not chosen[into]:
                net, place = _net(begin, row, price, nearest, first, second, loss, taken_up, inside, into)
                if net > least:
                    undo[0, moves], undo[1, moves] = inside[place], into
                    _exchange(by_row, by_column, top, chosen, nearest, first, second, loss, inside[place], into)
                    inside[place] = into
                    change += net
                    moves += 1
                    quiet = 0
        if change < 0.0:
            for move in range(moves - 1, -1, -1):
                out, into = undo[1, move], undo[0, move]
                _exchange(by_row, by_column, top, chosen, nearest, first, second, loss, out, into)
                for at in range(inside.size):
                    if inside[at] == out:
                        inside[at] = into
        else:
            saved += change
    return saved
