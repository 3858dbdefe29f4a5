"""The compiled Lagrangian relaxation of the p-median, on the lists of ``interchange``."""

from __future__ import annotations

import numpy as np
from numba import njit

from stationplan.domain import BoolArray, CountArray, FloatArray, IntArray
from stationplan.siting.pmedian.interchange import Lists, value

SPENT = 1e-3
"""Scale of a subgradient step below which the search ends."""


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
    """Set ``reduced`` and ``chosen`` in place for given prices of rows.

    Returns the bound, the sum of the absolute values of its terms, and the number of entries below the prices.
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
        for j in useful:  # ties at the threshold go to the lower indices
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
    """Set ``times`` to the number of chosen columns below the price of each row, from the lists of rows or columns."""
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
    """Return the cost of a choice, from the lists of rows or of columns; ``least`` is scratch memory."""
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
    """Take subgradient steps towards the best Lagrangian bound; arrays from ``at`` to ``track`` change in place.

    The constraints that each row is served once are relaxed with prices (Cornuejols, Fisher and Nemhauser 1977). The
    prices ``at`` follow the subgradient, deflected by the last direction ``pull`` (Camerini, Fratta and Maffioli 1975),
    in Polyak steps towards ``known``, scaled per row by ``pace``, [row]. ``track`` holds the best bound, the least cost
    of a relaxed choice, the scale of a step and the steps since the last better bound: after five the scale is reduced.
    ``price`` and ``reduced`` belong to the best bound, ``chosen`` to the least cost; ``share``, [column], is an
    exponential mean of the relaxed choices. ``by_column`` may contain decided columns and entries that the lists of
    rows lack: they are not used, as prices are at most ``top``. The steps end early when the bound reaches ``stop`` or
    the scale is below ``SPENT``. Bounds are lowered by the largest possible rounding error.
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
