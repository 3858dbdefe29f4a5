"""Upper bounds on coverage with capacities, from a price per worker in each row.

With prices lambda[i] from 0 to 1, no choice of sites serves more than::

    sum_i lambda[i] weights[i]  +  the maximum of sum_j score[j] y[j] within the limits on y,

where score[j] is the most that site j alone can earn: each of its places takes workers of the rows that it covers, the
cheapest first, at 1 - lambda[i] per worker, up to its capacity. This relaxes the constraint that a row is served no
more often than it has workers (Pirkul and Schilling 1991). The least such bound is that of the linear relaxation in
which a site that is open by half serves no more than half of any row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from stationplan.domain import BoolArray, CountArray, FloatArray, IntArray
from stationplan.siting.base.answer import Clock
from stationplan.siting.capacitated.flow import Capacities

SAFE = 1e-10
"""Relative margin on every bound for the rounding of its sums."""


@dataclass(frozen=True, eq=False)
class SiteLimits:
    """What may be chosen: beside ``standing`` sites, open anyway, at most ``most``, of cost ``budget`` in all.

    ``standing``, [site], are sites that are open in any case; ``costs`` is [site].
    """

    standing: BoolArray
    costs: FloatArray
    most: int
    budget: float


@dataclass(frozen=True, eq=False)
class CapacitatedBound:
    """Upper bounds: on any choice, and on choices that hold, or lack, a certain site."""

    value: float
    chosen: FloatArray
    left: FloatArray


def scores(places: Capacities, prices: FloatArray) -> FloatArray:
    """Return the most that each site alone can earn at given prices."""
    place = np.repeat(np.arange(len(places.capacity)), np.diff(places.column_ptr))
    order = np.lexsort((prices[places.rows], place))
    row = places.rows[order]
    weight = places.weights[row]
    filled = np.cumsum(weight)
    before = np.concatenate([[0.0], filled])[places.column_ptr[place]]
    room = places.capacity[place] - (filled - weight - before)
    earned = (1.0 - prices[row]) * np.clip(room, 0.0, weight)
    return np.bincount(places.site[place], earned, minlength=len(places.first) - 1).astype(np.float64)


def bound(places: Capacities, limits: SiteLimits, prices: FloatArray) -> CapacitatedBound:
    """Return the bounds that prices give, from the matrix itself."""
    score = scores(places, prices)
    standing = limits.standing
    fixed = float(prices @ places.weights + score[standing].sum())
    open_to = ~standing
    price, _ = _choose(np.where(open_to, score, -1.0), limits.costs, limits.most, limits.budget, np.zeros(len(score)))
    paid = price * limits.budget if price > 0 else 0.0
    merit = score - price * limits.costs if price > 0 else score.copy()
    best = np.sort(np.maximum(merit[open_to], 0.0))[::-1]
    value = fixed + paid + float(best[: limits.most].sum())
    last = best[limits.most - 1] if 0 < limits.most <= len(best) else (0.0 if limits.most else np.inf)
    following = best[limits.most] if limits.most < len(best) else 0.0
    margin = SAFE * (value + float(places.weights.sum()))
    chosen = value + np.where(open_to, np.minimum(merit - last, 0.0), 0.0) + margin
    left = value - np.where(open_to, np.maximum(merit - following, 0.0), 0.0) + margin
    left[standing] = -np.inf
    return CapacitatedBound(value + margin, chosen, left)


_CHUNK = 20
"""Steps between checks of the clock at most."""

_CHUNK_PAIRS = 5_000_000
"""Pairs processed between checks of the clock at most: a tenth of a second."""

_SHORT = 2e-3
"""Share of Polyak's step at which the search ends."""

_NEW = 0.1
"""Weight of the newest subgradient in the direction."""

_PATIENCE = 15
"""Steps without a better bound after which step lengths are reduced."""


def prices(
    places: Capacities, limits: SiteLimits, *, clock: Clock, target: float, steps: int, start: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return prices with a low bound, [row], and how often each site was chosen in the last steps, [site].

    Prices are the best of ``steps`` steps of a subgradient search, or until time is up. Directions are averages of the
    subgradients so far, as in the volume algorithm (Barahona and Anbil 2000); step lengths are Polyak's towards
    ``target``, a value below which the bound cannot or need not go, and are reduced when the bound stops decreasing.
    """
    price = np.full(len(places.weights), 0.5) if start is None else start.copy()
    best, way = price.copy(), np.zeros(len(price))
    share = limits.standing.astype(np.float64)
    state = np.array([np.inf, 1.0, 0.0])
    chunk = max(1, min(_CHUNK, _CHUNK_PAIRS // max(len(places.indices), 1)))
    for done in range(0, steps, chunk):
        _descend(
            places.indptr,
            places.indices,
            places.site,
            places.weights,
            places.capacity,
            limits.standing,
            limits.costs,
            limits.most,
            limits.budget,
            price,
            best,
            way,
            share,
            state,
            target,
            min(chunk, steps - done),
        )
        if clock.over or state[0] <= target or state[1] < _SHORT:
            break
    return best, share


@njit(cache=True, nogil=True)
def _descend(
    indptr: IntArray,
    indices: CountArray,
    site: IntArray,
    weights: FloatArray,
    capacity: FloatArray,
    standing: BoolArray,
    costs: FloatArray,
    most: int,
    budget: float,
    price: FloatArray,
    best: FloatArray,
    way: FloatArray,
    share: FloatArray,
    state: FloatArray,
    target: float,
    steps: int,
) -> None:
    """Take steps in place; ``state`` is the best bound, the share of the step, and the steps without improvement."""
    score = np.empty(standing.size)
    part = np.empty(standing.size)
    times = np.empty(weights.size)
    for _ in range(steps):
        score[:] = 0.0
        room = capacity.copy()
        order = np.argsort(price)
        worth = 0.0
        for row in order:
            profit = 1.0 - price[row]
            worth += price[row] * weights[row]
            if profit <= 0.0:
                continue
            for pair in range(indptr[row], indptr[row + 1]):
                place = indices[pair]
                if room[place] > 0.0:
                    sent = min(room[place], weights[row])
                    room[place] -= sent
                    score[site[place]] += profit * sent
        for which in range(standing.size):
            if standing[which]:
                worth += score[which]
                score[which] = -1.0
        worth += _choose(score, costs, most, budget, part)[1]
        for which in range(standing.size):
            if standing[which]:
                part[which] = 1.0
        room[:] = capacity
        times[:] = 0.0
        for row in order:
            # A price of 1 leaves no profit: whether such a row is served does not affect the bound.
            if price[row] >= 1.0:
                continue
            for pair in range(indptr[row], indptr[row + 1]):
                place = indices[pair]
                if part[site[place]] > 0.0 and room[place] > 0.0:
                    sent = min(room[place], weights[row])
                    room[place] -= sent
                    times[row] += part[site[place]] * sent
        state[2] += 1.0
        if worth < state[0]:
            if worth < state[0] - 1e-5 * abs(state[0]):
                state[2] = 0.0
            state[0] = worth
            best[:] = price
        elif state[2] > _PATIENCE:
            state[1] *= 0.7
            state[2] = 0.0
            if state[1] < _SHORT:
                break
        if worth <= target:
            break
        long = 0.0
        for row in range(weights.size):
            fresh = 1.0 - times[row] / weights[row]
            if (price[row] <= 0.0 and fresh > 0.0) or (price[row] >= 1.0 and fresh < 0.0):
                fresh = 0.0
            way[row] += _NEW * (fresh - way[row])
            long += weights[row] * way[row] * way[row]
        for which in range(standing.size):
            share[which] += _NEW * (part[which] - share[which])
        if long <= 0.0:
            break
        step = state[1] * (worth - target) / long
        for row in range(weights.size):
            price[row] = min(max(price[row] - step * way[row], 0.0), 1.0)


@njit(cache=True, nogil=True)
def _choose(score: FloatArray, costs: FloatArray, most: int, budget: float, part: FloatArray) -> tuple[float, float]:
    """Set ``part`` to a best relaxed choice of sites with positive score; return the price of the budget and the value.

    A choice that exceeds the budget is mixed with a cheaper one so that the budget is met exactly.
    """
    spent = _top(score, costs, 0.0, most, part)
    if spent <= budget:
        return 0.0, _sum(score, part)
    low, high = 0.0, 0.0
    for which in range(score.size):
        if costs[which] > 0.0:
            high = max(high, score[which] / costs[which])
    other = np.empty(score.size)
    dear = spent
    cheap = _top(score, costs, high, most, other)
    for _ in range(40):
        middle = 0.5 * (low + high)
        spent = _top(score, costs, middle, most, other)
        if spent <= budget:
            high, cheap = middle, spent
        else:
            low, dear = middle, spent
    _top(score, costs, low, most, part)
    cheap = _top(score, costs, high, most, other)
    mixed = (budget - cheap) / (dear - cheap)
    worth = high * budget
    for which in range(score.size):
        worth += other[which] * (score[which] - high * costs[which])
        part[which] = mixed * part[which] + (1.0 - mixed) * other[which]
    return high, worth


@njit(cache=True, nogil=True)
def _top(score: FloatArray, costs: FloatArray, price: float, most: int, part: FloatArray) -> float:
    """Set ``part`` to 1 for the sites with the largest positive score minus price x cost; return their cost."""
    merit = score - price * costs
    part[:] = 0.0
    spent = 0.0
    for which in np.argsort(-merit)[:most]:
        if merit[which] <= 0.0 or score[which] <= 0.0:
            break
        part[which] = 1.0
        spent += costs[which]
    return spent


@njit(cache=True, nogil=True)
def _sum(score: FloatArray, part: FloatArray) -> float:
    worth = 0.0
    for which in range(score.size):
        worth += part[which] * score[which]
    return worth
