"""Prices of rows if only a share of the weight must be covered: a lower bound on the cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse

from stationplan.domain import FloatArray, IntArray
from stationplan.siting.base.answer import Clock

_MOMENTUM, _FIRST_STEP, _PATIENCE, _SHORTER, _LAST_STEP = 0.98, 1.0, 25, 0.7, 1e-3
"""Step rule, as for :func:`stationplan.siting.lscp.duals.prices`."""

_WORK = 8_000_000_000
"""Entries processed before the search ends: half a minute or more."""

_STEPS, _STEPS_BETWEEN_LOOKS = 3_000, 10


@dataclass(frozen=True, eq=False)
class Share:
    """The problem of choosing columns of least cost that cover the weight ``need``, and ``floor[d]`` in district d.

    ``cover`` is boolean [row x column] CSR, sorted; ``district[row]`` is an index into ``floor``. No row is covered
    yet.
    """

    cover: sparse.csr_array
    weights: FloatArray
    district: IntArray
    costs: FloatArray
    need: float
    floor: FloatArray

    def met(self, columns: IntArray) -> bool:
        """Return whether the columns cover the needed weight and the floors."""
        chosen = np.zeros(len(self.costs), dtype=np.int32)
        chosen[columns] = 1
        covered = (self.cover @ chosen) > 0
        there = np.bincount(self.district[covered], self.weights[covered], minlength=len(self.floor))
        return bool(self.weights[covered].sum() >= self.need and (there[: len(self.floor)] >= self.floor).all())


@dataclass(frozen=True, eq=False)
class SharePrices:
    """A lower bound on the cost and the prices that give it.

    ``price``, [row], is the price of covering a row, ``fine``, [row], the largest cost of leaving it uncovered.
    ``given`` (usually below 0) is the constant that converts a bound on columns and fines to one on the cost of columns
    with enough weight. ``left``, [column], is the cost of each column minus the prices of its rows.
    """

    bound: float
    price: FloatArray
    fine: FloatArray
    given: float
    left: FloatArray


def share_prices(share: Share, *, goal: float, clock: Clock) -> SharePrices:
    """Return a lower bound on the cost, with the prices of rows that give it.

    Lagrangian dual of partial covering (Daskin and Owen 1999). Let r >= 0 be the price of a unit of weight, s[d] >= 0
    the additional price in district d, and v[i] from 0 to w[i] the weight of row i that is paid for. Then::

        r (need - sum_i (w_i - v_i)) + sum_d s_d (floor_d - sum of (w_i - v_i) over the rows of d)
            - sum_j max(0, sum_i (r + s_d(i)) v_i a_ij - c_j)

    is at most the cost of any solution. v and s are updated by subgradient steps, those of v in proportion to the
    weights; the best r for them is found by taking columns in ascending order of cost per weight. ``goal`` is the cost
    of a known solution, which determines the length of the first steps.
    """
    rows = share.cover.shape[0]
    paid, more = 0.5 * share.weights, np.zeros(len(share.floor))
    best_paid, best_more, best_rate = paid.copy(), more.copy(), np.zeros(1)
    direction, progress = np.zeros(rows + len(more)), np.array([-np.inf, _FIRST_STEP, 0.0])
    steps = int(min(_STEPS, max(_WORK / max(2 * share.cover.nnz, 1), 200)))
    lists = (share.cover.indptr, share.cover.indices, share.costs, share.weights, share.district)
    best = (best_paid, best_more, best_rate)
    done = 0
    while done < steps and not clock.over and progress[1] > _LAST_STEP and progress[0] < goal:
        _steps(*lists, share.need, share.floor, paid, more, best, direction, progress, goal, _STEPS_BETWEEN_LOOKS)
        done += _STEPS_BETWEEN_LOOKS
    rate = best_rate[0] + (best_more[share.district] if len(more) else np.zeros(rows))
    price, fine = rate * best_paid, rate * share.weights
    left = share.costs - share.cover.T.astype(np.float64) @ price
    there = np.bincount(share.district, share.weights, minlength=len(more))[: len(more)]
    given = best_rate[0] * (share.need - share.weights.sum()) + best_more @ (share.floor - there)
    given -= 1e-9 * (best_rate[0] * share.weights.sum() + best_more @ np.maximum(there, np.abs(share.floor)))
    bound = given + price.sum() + np.minimum(left, 0.0).sum()
    return SharePrices(float(max(bound, 0.0)), price, fine, float(given), left)


@njit(cache=True, nogil=True)
def _take(
    costs: FloatArray, weight: FloatArray, extra: FloatArray, need: float, taken: FloatArray
) -> tuple[float, float]:
    """Return the price of weight and the bound; set ``taken`` to fractions of columns with just enough weight.

    A column costs ``costs - extra``; columns below 0 are taken in any case.
    """
    each = np.empty(costs.size)
    left, rate = need, 0.0
    for j in range(costs.size):
        taken[j] = 1.0 if extra[j] > costs[j] else 0.0
        left -= taken[j] * weight[j]
        each[j] = (costs[j] - extra[j]) / weight[j] if weight[j] > 0 and taken[j] == 0.0 else np.inf
    for j in np.argsort(each):
        if left <= 0 or each[j] == np.inf:
            break
        rate = each[j]
        taken[j] = min(1.0, left / weight[j])
        left -= taken[j] * weight[j]
    bound = rate * need
    for j in range(costs.size):
        bound -= max(rate * weight[j] + extra[j] - costs[j], 0.0)
    return rate, bound


@njit(cache=True, nogil=True)
def _steps(
    start: NDArray[np.int32],
    column: NDArray[np.int32],
    costs: FloatArray,
    weights: FloatArray,
    district: IntArray,
    need: float,
    floor: FloatArray,
    paid: FloatArray,
    more: FloatArray,
    best: tuple[FloatArray, FloatArray, FloatArray],
    direction: FloatArray,
    progress: FloatArray,
    goal: float,
    steps: int,
) -> None:
    """Update ``paid``, ``more`` and ``best`` in place; ``progress`` is best bound, step length, steps without gain."""
    rows = paid.size
    weight, extra, taken = np.empty(costs.size), np.empty(costs.size), np.empty(costs.size)
    lacking = np.empty(floor.size)
    unit = (goal / weights.sum()) ** 2 * floor.size / weights.sum()  # as large as for rows
    for _ in range(steps):
        weight[:], extra[:], lacking[:] = 0.0, 0.0, floor
        short = need
        for row in range(rows):
            short -= weights[row] - paid[row]
            worth = 0.0
            if floor.size:
                lacking[district[row]] -= weights[row] - paid[row]
                worth = more[district[row]] * paid[row]
            if paid[row] > 0:
                for at in range(start[row], start[row + 1]):
                    weight[column[at]] += paid[row]
                    extra[column[at]] += worth
        rate, bound = _take(costs, weight, extra, short, taken)
        bound += (more * lacking).sum()
        progress[2] = 0.0 if bound > progress[0] + 1e-6 * abs(progress[0]) else progress[2] + 1.0
        if bound > progress[0]:
            progress[0] = bound
            best[0][:], best[1][:], best[2][0] = paid, more, rate
        if progress[2] >= _PATIENCE:
            progress[1] *= _SHORTER
            progress[2] = 0.0
            paid[:], more[:] = best[0], best[1]
            direction[:] = 0.0
            continue
        length = 0.0
        for row in range(rows):
            missing = 1.0
            for at in range(start[row], start[row + 1]):
                missing -= taken[column[at]]
            if floor.size:
                lacking[district[row]] -= (1.0 - missing) * paid[row]
                missing *= rate + more[district[row]]
            else:
                missing *= rate
            if (paid[row] <= 0 and missing < 0) or (paid[row] >= weights[row] and missing > 0):
                missing = 0.0
            direction[row] = missing + _MOMENTUM * direction[row]
            length += direction[row] ** 2 * weights[row]
        for d in range(floor.size):
            if more[d] <= 0 and lacking[d] < 0:
                lacking[d] = 0.0
            direction[rows + d] = lacking[d] + _MOMENTUM * direction[rows + d]
            length += direction[rows + d] ** 2 * unit
        if length == 0.0 or bound >= goal:
            progress[1] = 0.0
            return
        step = progress[1] * (goal - bound) / length
        for row in range(rows):
            paid[row] = min(weights[row], max(0.0, paid[row] + step * direction[row] * weights[row]))
        for d in range(floor.size):
            more[d] = max(0.0, more[d] + step * direction[rows + d] * unit)
