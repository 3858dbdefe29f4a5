"""Upper bounds on a covering problem from prices (Lagrangian multipliers) of its rows and limits.

With a price lambda[i] for each row and mu[l] >= 0 for each limit, no choice is worth more than::

    sum_i max(first[i] - lambda[i], 0) + max(second[i] - lambda[i], 0)  +  mu @ most
    + sum_j max(score[j] - mu @ limits[:, j], 0),   score[j] = value[j] + sum of lambda[i] over the rows i that j covers

which relaxes the limits and the constraint that a row counts no more often than options cover it (Galvao and ReVelle
1996 for maximal covering). The least such bound is that of the linear relaxation. One limit, the one with the most
options, gets its optimal price at every step; for a limit on the number of options this enforces it exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy import sparse

from stationplan.domain import CountArray, FloatArray, IntArray
from stationplan.siting.base.answer import Clock
from stationplan.siting.engine.core import Core
from stationplan.siting.engine.presolve import Presolved, columns_of, lists_of, narrowed, turned

SAFE = 1e-11
"""Relative margin on every bound for the rounding of sums of up to 1e8 terms."""


@dataclass(frozen=True, eq=False)
class Prices:
    """Prices of the rows of a core, from 0 to ``first``, and of its limits.

    ``parts`` is the fraction to which each option is chosen at these prices, from 0 to 1, averaged over the last steps:
    it is close to a solution of the linear relaxation.
    """

    rows: FloatArray
    limits: FloatArray
    parts: FloatArray


@dataclass(frozen=True, eq=False)
class Bound:
    """Upper bounds on all choices, and on the choices that contain (``chosen``) or lack (``left``) each option."""

    value: float
    chosen: FloatArray
    left: FloatArray
    prices: Prices


def bound(core: Core, prices: Prices) -> Bound:
    """Return the bounds from prices, computed from the matrix itself; the core has no required options.

    >>> cover = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 1]], dtype=bool))
    >>> one, none = sparse.csr_array(np.ones((1, 3))), np.zeros(3)
    >>> core = Core(cover, np.array([4.0, 2.0]), none[:2], none, one, np.array([1.0]), np.empty(0, dtype=int))
    >>> round(bound(core, Prices(np.array([4.0, 2.0]), np.zeros(1), np.zeros(3))).value, 6)
    6.0
    """
    kept = _kept(core)
    fixed, score = _relaxed(core, prices, kept)
    use = np.zeros(len(score))
    if kept >= 0:
        entries = slice(core.limits.indptr[kept], core.limits.indptr[kept + 1])
        use[core.limits.indices[entries]] = core.limits.data[entries]
    most = float(core.most[kept]) if kept >= 0 else 0.0
    high, low = _critical(score, use, most)
    value = fixed + high * most + float(np.maximum(score - high * use, 0.0).sum())
    second = fixed + low * most + float(np.maximum(score - low * use, 0.0).sum())
    margin = SAFE * max(value, second)
    chosen = value + np.minimum(score - high * use, 0.0) + margin
    left = second - np.maximum(score - low * use, 0.0) + margin
    limits = prices.limits.copy()
    if kept >= 0:
        limits[kept] = high
    return Bound(min(value, second) + margin, chosen, left, Prices(prices.rows, limits, prices.parts))


def bounds_by_count(core: Core, prices: Prices) -> FloatArray:
    """Return upper bounds on choices of at most 0, 1, 2, ... options, from one set of prices.

    The limit with the most options is ignored, others count at their prices. Prices for one number of options also give
    good bounds for similar numbers.

    >>> cover = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 1]], dtype=bool))
    >>> one, none = sparse.csr_array(np.ones((1, 3))), np.zeros(3)
    >>> core = Core(cover, np.array([4.0, 2.0]), none[:2], none, one, np.array([1.0]), np.empty(0, dtype=int))
    >>> bounds_by_count(core, Prices(np.array([0.0, 0.0]), np.zeros(1), np.zeros(3))).round(6).tolist()
    [6.0, 6.0, 6.0, 6.0]
    """
    fixed, score = _relaxed(core, prices, _kept(core))
    best = np.sort(np.maximum(score, 0.0))[::-1]
    bounds = fixed + np.concatenate([[0.0], np.cumsum(best)])
    return np.asarray(bounds + SAFE * bounds[-1], dtype=np.float64)


def _kept(core: Core) -> int:
    """Return the limit that gets its optimal price: the one with the most options, -1 if there is none."""
    entries = np.diff(core.limits.indptr)
    return int(entries.argmax()) if len(entries) and entries.max() > 0 else -1


def _relaxed(core: Core, prices: Prices, kept: int) -> tuple[float, FloatArray]:
    """Return the constant of the bound and the score of each option; all limits except ``kept`` are at their prices."""
    limits = prices.limits.copy()
    if kept >= 0:
        limits[kept] = 0.0
    over = np.maximum(core.first - prices.rows, 0.0).sum() + np.maximum(core.second - prices.rows, 0.0).sum()
    score = core.value + core.cover.T @ prices.rows - core.limits.T @ limits
    return float(over + limits @ core.most), np.asarray(score, dtype=np.float64)


def _critical(score: FloatArray, use: FloatArray, most: float) -> tuple[float, float]:
    """Return the highest and the lowest optimal price of a limit; they differ only if options fill it exactly."""
    sharing = np.flatnonzero((use > 0) & (score > 0))
    if not len(sharing):
        return 0.0, 0.0
    ratio = score[sharing] / use[sharing]
    order = np.argsort(-ratio, kind="stable")
    filled = np.cumsum(use[sharing][order])
    place = int(np.searchsorted(filled, most * (1 - 1e-12)))
    if place == len(order):
        return 0.0, 0.0
    high = float(ratio[order[place]])
    full = filled[place] <= most * (1 + 1e-12)
    after = float(ratio[order[place + 1]]) if place + 1 < len(order) else 0.0
    return high, after if full else high


def prices(
    core: Core, *, clock: Clock, target: float, steps: int, start: Prices | None = None, share: float = 1.0
) -> Prices:
    """Return prices with a low bound: the best of ``steps`` steps of a subgradient search, or until time is up.

    Directions are averages of the subgradients so far, as in the volume algorithm (Barahona and Anbil 2000), from the
    last prices; step lengths are Polyak's towards ``target``, a value below which the bound cannot or need not go. When
    the bound stops decreasing, the search restarts from the best prices with shorter steps. A price at an end of its
    range that would be moved beyond it is ignored in the step length, as it would shorten the steps of all others.
    Prices of rows with large weights have larger ranges and move faster. ``share`` is the length of the first step as a
    share of Polyak's: less than 1 if the prices in ``start`` are already good.

    With ``start``, a large core is first solved with only the options of the best bounds, which have fewer rows. The
    prices found are equally good for the whole core as long as no other option becomes worth its limits; options that
    do are added.
    """
    if start is None or core.cover.nnz < _LARGE:
        return _descended(core, clock=clock, target=target, steps=steps, start=start, share=share)
    best = bound(core, start)
    keep = start.parts > 0.0
    keep[np.argsort(-best.chosen, kind="stable")[: _BESIDE * np.count_nonzero(start.parts > _HELD)]] = True
    for _ in range(_ROUNDS):
        part = narrowed(core, keep)
        inner = _descended(
            part.core, clock=clock, target=target - part.secured, steps=steps, start=carried(start, part), share=share
        )
        start = _lifted(core, part, inner)
        there = bound(core, start)
        if there.value < best.value:
            best = there
        wanted = there.chosen >= there.value
        if clock.over or not (wanted & ~keep).any():
            break
        keep |= wanted
    return best.prices


def carried(tariff: Prices, part: Presolved) -> Prices:
    """Return the prices of a problem converted to its reduced problem."""
    kept = part.group >= 0
    rows = np.bincount(part.group[kept], tariff.rows[kept], minlength=len(part.core.first))
    return Prices(np.minimum(rows, part.core.first), tariff.limits, tariff.parts[part.options])


def _lifted(core: Core, part: Presolved, tariff: Prices) -> Prices:
    """Return prices of a narrowed core as prices of the whole, split by weight; dropped rows have their full price."""
    weight = np.append(part.core.first, 1.0)
    share = np.append(tariff.rows, 1.0)[part.group] / weight[part.group]
    parts = np.zeros(len(core.value))
    parts[part.options] = tariff.parts
    return Prices(core.first * share, tariff.limits, parts)


def _descended(core: Core, *, clock: Clock, target: float, steps: int, start: Prices | None, share: float) -> Prices:
    """Return the prices found by a subgradient search over a whole core; see :func:`prices`."""
    indptr, indices = lists_of(core.cover)
    column_ptr, rows = turned(indptr, indices, core.cover.shape[1])
    kept = _kept(core)
    pace = core.first / max(float(core.first.mean()), 1e-300) if len(core.first) else core.first
    # In shares of a limit, scaled so that a step moves the prices of limits about as far as those of all rows.
    others = max(len(core.most) - 1, 1)
    stretch = np.sqrt(max(len(core.first), 1) / others) / np.where(core.most > 0, core.most, 1.0)
    limit_ptr, limit, used = columns_of(sparse.csc_array(core.limits))
    used = used * stretch[limit]
    if start is None:
        row_price, limit_price = core.first * 0.5, np.zeros(len(core.most))
    else:
        row_price, limit_price = np.clip(start.rows, 0.0, core.first), start.limits / stretch
    best_row, best_limit = row_price.copy(), limit_price.copy()
    parts = np.zeros(len(core.value))
    row_way, limit_way = np.zeros(len(row_price)), np.zeros(len(limit_price))
    state = np.array([np.inf, share, 0.0])
    for done in range(0, steps, _CHUNK):
        _descend(
            indptr,
            indices,
            column_ptr,
            rows,
            core.first,
            core.second,
            core.value,
            pace,
            limit_ptr,
            limit,
            used,
            core.most * stretch,
            kept,
            row_price,
            limit_price,
            best_row,
            best_limit,
            row_way,
            limit_way,
            parts,
            state,
            target,
            min(_CHUNK, steps - done),
        )
        if clock.over or state[0] <= target or state[1] < _SHORT:
            break
    return Prices(best_row, best_limit * stretch, parts)


_LARGE = 300_000
"""Number of entries from which the search is done with a part of the options at a time."""

_BESIDE, _HELD, _ROUNDS = 2, 1e-3, 3
"""Options considered, as a multiple of those with a fractional part; the least such part; number of rounds."""

_CHUNK = 20
"""Steps between checks of the clock."""

_SHORT = 1e-3
"""Share of Polyak's step at which the search ends."""

_NEW = 0.1
"""Weight of the newest subgradient in the direction."""

_PATIENCE = 10
"""Steps without a better bound after which step lengths are reduced."""


@njit(cache=True, nogil=True)
def _descend(
    indptr: IntArray,
    indices: CountArray,
    column_ptr: IntArray,
    rows: CountArray,
    first: FloatArray,
    second: FloatArray,
    value: FloatArray,
    pace: FloatArray,
    limit_ptr: IntArray,
    limit: CountArray,
    used: FloatArray,
    most: FloatArray,
    kept: int,
    row_price: FloatArray,
    limit_price: FloatArray,
    best_row: FloatArray,
    best_limit: FloatArray,
    row_way: FloatArray,
    limit_way: FloatArray,
    parts: FloatArray,
    state: FloatArray,
    target: float,
    steps: int,
) -> None:
    """Take steps in place; ``state`` is the best bound, the share of the step, and the steps without improvement."""
    count = column_ptr.size - 1
    score = np.empty(count)
    ratio = np.empty(count)
    share_of = np.empty(count)
    times = np.empty(first.size)
    for _ in range(steps):
        worth = 0.0
        score[:] = value
        for row in range(first.size):
            price = row_price[row]
            if first[row] > price:
                worth += first[row] - price
            if second[row] > price:
                worth += second[row] - price
            if price > 0.0:
                for entry in range(indptr[row], indptr[row + 1]):
                    score[indices[entry]] += price
        for which in range(most.size):
            if which != kept:
                worth += limit_price[which] * most[which]
        for option in range(count):
            share_of[option] = 0.0
            for entry in range(limit_ptr[option], limit_ptr[option + 1]):
                if limit[entry] == kept:
                    share_of[option] = used[entry]
                else:
                    score[option] -= limit_price[limit[entry]] * used[entry]
            if share_of[option] > 0.0:
                ratio[option] = -score[option] / share_of[option]
            else:
                ratio[option] = -np.inf if score[option] > 0.0 else 0.0
        order = np.argsort(ratio)
        times[:] = 0.0
        limit_sum = -most
        for option in range(count):
            parts[option] *= 1.0 - _NEW
        room = most[kept] if kept >= 0 else 0.0
        for place in range(count):
            option = order[place]
            if ratio[option] >= 0.0:
                break
            part = 1.0
            if share_of[option] > 0.0:
                if room <= 0.0:
                    break
                part = min(1.0, room / share_of[option])
                room -= part * share_of[option]
            worth += part * score[option]
            parts[option] += _NEW * part
            for entry in range(column_ptr[option], column_ptr[option + 1]):
                times[rows[entry]] += part
            for entry in range(limit_ptr[option], limit_ptr[option + 1]):
                limit_sum[limit[entry]] += part * used[entry]
        state[2] += 1.0
        if worth < state[0]:
            if worth < state[0] - 1e-4 * abs(state[0] - target):
                state[2] = 0.0
            state[0] = worth
            best_row[:] = row_price
            best_limit[:] = limit_price
        if state[2] >= _PATIENCE:
            state[1] *= 0.6
            state[2] = 0.0
            row_price[:] = best_row
            limit_price[:] = best_limit
            continue
        length = 0.0
        for row in range(first.size):
            slope = times[row]
            if first[row] > row_price[row]:
                slope -= 1.0
            if second[row] > row_price[row]:
                slope -= 1.0
            if (slope > 0.0 and row_price[row] <= 0.0) or (slope < 0.0 and row_price[row] >= first[row]):
                slope = 0.0
            row_way[row] = _NEW * slope + (1.0 - _NEW) * row_way[row]
            length += pace[row] * row_way[row] * row_way[row]
        for which in range(most.size):
            if which != kept:
                # The bound decreases if a limit is exceeded and its price increases.
                way = (1.0 - _NEW) * limit_way[which] - _NEW * limit_sum[which]
                limit_way[which] = way
                if way < 0.0 or limit_price[which] > 0.0:
                    length += way * way
        if length <= 0.0 or worth <= target:
            state[1] = 0.0
            return
        step = state[1] * (worth - target) / length
        for row in range(first.size):
            row_price[row] = min(max(row_price[row] - step * pace[row] * row_way[row], 0.0), first[row])
        for which in range(most.size):
            if which != kept:
                limit_price[which] = max(limit_price[which] - step * limit_way[which], 0.0)
