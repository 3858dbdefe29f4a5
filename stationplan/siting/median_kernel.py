"""The compiled parts of the p-median search: sorted lists of sites, greedy, interchange and Lagrangian relaxation.

All of them look at one problem: choose at most p columns to minimise the sum over rows of the least cost among ``top``
and the costs of the chosen columns. A row lists the columns that cost it less than ``top``, cheapest first (CSR:
``start``, ``column``, ``cost``); the same entries by column are CSC (``start``, ``row``, ``cost``). Costs are weight x
minutes. A row whose ``top`` is its nearest station already standing needs no column for it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from stationplan.domain import BoolArray, CountArray, FloatArray, IntArray

Lists = tuple[IntArray, CountArray, FloatArray]
"""Entries by row or by column: where each begins, the other index, the cost."""

SPENT = 1e-3
"""Scale of a subgradient step below which no more is gained."""

_NEAR = 40
"""Columns that a local change looks at."""

DRAWS = 45
"""Random numbers that a local change takes: its column, how many are forced in, which; where it looks."""

_MOVES = 100
"""Exchanges that a local change may make."""


@njit(cache=True, nogil=True)
def sorted_lists(
    start: IntArray, site: CountArray, minutes: FloatArray, weights: FloatArray, base: FloatArray, number: IntArray
) -> tuple[IntArray, IntArray, CountArray, FloatArray]:
    """Return which rows have lists, and the lists: entries of sites with a ``number`` >= 0 nearer than ``base``.

    Rows without weight or entries are left out. The rows come ordered by their nearest column, so that rows and columns
    used together lie together in memory.
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
    """Return lists and tops with some columns decided: ``state`` 1 is chosen (lowers tops), -1 is out, 0 is open."""
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
    """Return columns in the order of largest saving, at most ``p``, and their savings; none that saves nothing.

    A saving only falls as columns are added, so a column whose renewed saving still leads is the best. Ties go to the
    lower index.
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
    """Return what the coming of column ``j`` saves with the best going, and that one's place in ``inside``."""
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
    """Let one column go and one come, and follow the nearest columns of the rows."""
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
    """Return each row's cheapest chosen column (-1: none), its cost and the cost of the next."""
    nearest = np.empty(top.size, np.int32)
    first = np.empty(top.size, np.float64)
    second = np.empty(top.size, np.float64)
    for i in range(top.size):
        _two_nearest(start, column, cost, top, chosen, i, nearest, first, second)
    return nearest, first, second


@njit(cache=True, nogil=True)
def _losses(nearest: CountArray, first: FloatArray, second: FloatArray, count: int) -> FloatArray:
    """Return what the going of each column costs."""
    loss = np.zeros(count, np.float64)
    for i in range(nearest.size):
        if nearest[i] >= 0:
            loss[nearest[i]] += second[i] - first[i]
    return loss


@njit(cache=True, nogil=True)
def interchange(
    by_row: Lists, by_column: Lists, top: FloatArray, chosen: BoolArray, pool: IntArray, least: float, sweeps: int
) -> bool:
    """Exchange a chosen column for one of ``pool`` while that saves more than ``least``; change ``chosen`` in place.

    Fast interchange (Whitaker 1983; Resende and Werneck 2004): one pass over the entries of a column that might come in
    tells what its coming saves and, for each chosen column, what part of the loss of its going it takes up. The first
    column that gains comes in, for the one whose going costs least. Returns whether nothing is left to gain after
    ``sweeps`` over the pool.
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
    """Return what random local changes, each followed by interchange around it, save; change ``chosen`` in place.

    Iterated local search: a random column of ``pool`` and one or two columns near it are forced in, each for the column
    whose going then costs least; then the columns near them are exchanged while that saves. What ends worse than before
    is undone. Near are columns in the lists of rows that the first column serves. ``draws`` [round x ``DRAWS``] are
    random whole numbers >= 0.
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


@njit(cache=True, nogil=True)
def _relaxed(
    start: IntArray,
    column: CountArray,
    cost: FloatArray,
    price: FloatArray,
    p: int,
    reduced: FloatArray,
    chosen: BoolArray,
) -> tuple[float, float, int]:
    """Fill ``reduced`` and ``chosen`` for the prices of the rows.

    Returns the bound, the size of what was summed, and the entries below the prices.
    """
    reduced[:] = 0.0
    total = 0.0
    entries = 0
    for i in range(start.size - 1):
        total += price[i]
        for k in range(start[i], start[i + 1]):
            if cost[k] >= price[i]:
                break
            reduced[column[k]] += cost[k] - price[i]
            entries += 1
    useful = np.flatnonzero(reduced < 0.0)
    chosen[:] = False
    if useful.size > p:
        last = np.partition(reduced[useful], p)[p]
        left = p
        for j in useful:
            if reduced[j] < last:
                left -= 1
        for j in useful:  # of those equal to the first that is not among the p least, the lower indices
            if reduced[j] < last or (reduced[j] == last and left > 0):
                chosen[j] = True
                if reduced[j] == last:
                    left -= 1
    else:
        chosen[useful] = True
    bound = total
    for j in useful:
        if chosen[j]:
            bound += reduced[j]
    return bound, 2.0 * total - bound, entries


@njit(cache=True, nogil=True)
def _served(
    lists: Lists,
    by_column: Lists,
    price: FloatArray,
    chosen: BoolArray,
    by_row: bool,
    times: FloatArray,
) -> None:
    """Fill how many chosen columns serve each row below its price, from the rows' lists or the columns' entries."""
    start, column, cost = lists
    begin, row, charge = by_column
    times[:] = 0.0
    if by_row:
        for i in range(start.size - 1):
            for k in range(start[i], start[i + 1]):
                if cost[k] >= price[i]:
                    break
                if chosen[column[k]]:
                    times[i] += 1.0
    else:
        for j in range(chosen.size):
            for k in range(begin[j], begin[j + 1] if chosen[j] else begin[j]):
                if charge[k] < price[row[k]]:
                    times[row[k]] += 1.0


@njit(cache=True, nogil=True)
def _cost(lists: Lists, by_column: Lists, top: FloatArray, chosen: BoolArray, by_row: bool, least: FloatArray) -> float:
    """Return the cost of a choice from the rows' lists or the columns' entries; ``least`` is scratch."""
    if by_row:
        return float(value(lists[0], lists[1], lists[2], top, chosen))
    begin, row, charge = by_column
    least[:] = top
    for j in range(chosen.size):
        for k in range(begin[j], begin[j + 1] if chosen[j] else begin[j]):
            least[row[k]] = min(least[row[k]], charge[k])
    return float(least.sum())


@njit(cache=True, nogil=True)
def lagrangian(
    start: IntArray,
    column: CountArray,
    cost: FloatArray,
    by_column: Lists,
    top: FloatArray,
    p: int,
    pace: FloatArray,
    at: FloatArray,
    pull: FloatArray,
    price: FloatArray,
    reduced: FloatArray,
    chosen: BoolArray,
    share: FloatArray,
    track: FloatArray,
    known: float,
    stop: float,
    iterations: int,
) -> None:
    """Make some subgradient steps towards the best Lagrangian bound; all arrays from ``at`` on are changed in place.

    The constraints that each row is served once are relaxed with prices (Cornuejols, Fisher and Nemhauser 1977). The
    prices ``at`` follow the subgradient, deflected by the last direction ``pull`` (Camerini, Fratta and Maffioli 1975),
    in Polyak steps towards ``known``, longer where ``pace`` [row] is larger. ``track`` holds the best bound, the least
    cost of a relaxed choice, the scale of a step and the steps since a better bound: after five the scale shrinks.
    ``price`` and ``reduced`` belong to the best bound, ``chosen`` to the least cost; ``share`` [column] is a mean of
    the relaxed choices in which late ones weigh more. ``by_column`` may hold decided columns and entries that the rows'
    lists lack: prices are at most ``top``, so nobody looks at them. Ends early when the bound reaches ``stop`` or the
    scale is spent. Bounds are lowered by all that rounding could have added.
    """
    rows, count = top.size, reduced.size
    lists = (start, column, cost)
    length = np.diff(by_column[0])
    scratch = np.empty(rows, np.float64)
    now = np.empty(count, np.float64)
    picked = np.empty(count, np.bool_)
    for _ in range(iterations):
        if track[0] >= stop or track[2] < SPENT:
            return
        raw, size, entries = _relaxed(start, column, cost, at, p, now, picked)
        by_row = entries <= length[picked].sum()
        bound = raw - 4e-16 * (rows + count) * size
        for j in range(count):
            share[j] = 0.95 * share[j] + (0.05 if picked[j] else 0.0)
        if bound > track[0]:
            if bound > track[0] + 1e-5 * (known - track[0]):
                track[3] = 0.0
            track[0] = bound
            price[:] = at
            reduced[:] = now
            reached = _cost(lists, by_column, top, picked, by_row, scratch)
            if reached < track[1]:
                track[1] = reached
                chosen[:] = picked
        else:
            track[3] += 1.0
            if track[3] >= 5.0:
                track[3] = 0.0
                track[2] *= 0.7
        _served(lists, by_column, at, picked, by_row, scratch)
        norm = 0.0
        for i in range(rows):
            pull[i] = 1.0 - scratch[i] + 0.8 * pull[i]
            if (at[i] >= top[i] and pull[i] > 0.0) or (at[i] <= 0.0 and pull[i] < 0.0):
                pull[i] = 0.0
            norm += pace[i] * pull[i] * pull[i]
        if norm == 0.0:
            track[2] = 0.0
            return
        step = track[2] * (1.02 * known - bound) / norm
        for i in range(rows):
            at[i] = min(max(at[i] + step * pace[i] * pull[i], 0.0), top[i])
