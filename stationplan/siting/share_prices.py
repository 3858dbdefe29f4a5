"""Prices of rows when only a share of the weight has to be covered: a lower bound on the cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse

from stationplan.domain import FloatArray, IntArray
from stationplan.siting.answer import Clock

_MOMENTUM, _FIRST_STEP, _PATIENCE, _SHORTER, _LAST_STEP = 0.95, 1.0, 25, 0.7, 1e-3
"""Step rule, as for :func:`stationplan.siting.duals.prices`."""

_WORK = 8_000_000_000
"""Entries looked at before the search ends: half a minute or more."""

_STEPS, _STEPS_BETWEEN_LOOKS = 3_000, 10


@dataclass(frozen=True, eq=False)
class Share:
    """Choose columns of least cost that cover ``need`` of the weight, and ``floor[d]`` of it in each district d.

    ``cover`` is boolean [row x column] CSR, sorted; ``district[row]`` an index into ``floor``. Nothing is covered yet.
    """

    cover: sparse.csr_array
    weights: FloatArray
    district: IntArray
    costs: FloatArray
    need: float
    floor: FloatArray

    def met(self, columns: IntArray) -> bool:
        """Return whether columns cover what is needed."""
        chosen = np.zeros(len(self.costs), dtype=np.int32)
        chosen[columns] = 1
        covered = (self.cover @ chosen) > 0
        there = np.bincount(self.district[covered], self.weights[covered], minlength=len(self.floor))
        return bool(self.weights[covered].sum() >= self.need and (there[: len(self.floor)] >= self.floor).all())


def share_prices(share: Share, *, goal: float, clock: Clock) -> tuple[float, FloatArray]:
    """Return a lower bound on the cost, and what each column costs beyond the prices of its rows.

    Lagrangian dual of partial covering (Daskin and Owen 1999): for prices u >= 0, the least of sum u z over z in
    [0, 1]^rows with enough weight, plus sum_j min(0, c_j - sum_i u_i a_ij), is at most the cost of any answer. The
    least is found by taking rows of low price for their weight first, in each district and then overall. ``goal`` is
    the cost of an answer, which sets the length of the first steps.
    """
    rows = share.cover.shape[0]
    price = 0.5 * share.weights * goal / max(share.need, 1e-300)
    best, direction = price.copy(), np.zeros(rows)
    progress = np.array([-np.inf, _FIRST_STEP, 0.0])
    steps = int(min(_STEPS, max(_WORK / max(2 * share.cover.nnz + 20 * rows, 1), 200)))
    lists = (share.cover.indptr, share.cover.indices, share.costs, share.weights, share.district)
    done = 0
    while done < steps and not clock.over and progress[1] > _LAST_STEP and progress[0] < goal:
        _steps(*lists, share.need, share.floor, price, best, direction, progress, goal, _STEPS_BETWEEN_LOOKS)
        done += _STEPS_BETWEEN_LOOKS
    taken = np.zeros(rows)
    least = _cheapest(best, share.weights, share.district, share.need, share.floor, taken)
    left = share.costs - share.cover.T.astype(np.float64) @ best
    return float(least + np.minimum(left, 0.0).sum() - 1e-9 * best.sum()), left


@njit(cache=True, nogil=True)
def _cheapest(
    price: FloatArray, weights: FloatArray, district: IntArray, need: float, floor: FloatArray, taken: FloatArray
) -> float:
    """Set the share of each row that is taken so that the weight is enough at the least price; return that price."""
    order = np.argsort(price / weights)
    left = floor.copy()
    total, reached = 0.0, 0.0
    taken[:] = 0.0
    if floor.size:
        for row in order:
            if left[district[row]] > 0:
                taken[row] = min(1.0, left[district[row]] / weights[row])
                left[district[row]] -= weights[row]
                reached += taken[row] * weights[row]
                total += taken[row] * price[row]
    for row in order:
        if reached >= need:
            break
        more = min(1.0 - taken[row], (need - reached) / weights[row])
        taken[row] += more
        reached += more * weights[row]
        total += more * price[row]
    return total


@njit(cache=True, nogil=True)
def _steps(
    start: NDArray[np.int32],
    column: NDArray[np.int32],
    costs: FloatArray,
    weights: FloatArray,
    district: IntArray,
    need: float,
    floor: FloatArray,
    price: FloatArray,
    best: FloatArray,
    direction: FloatArray,
    progress: FloatArray,
    goal: float,
    steps: int,
) -> None:
    """Move ``price``; keep the prices of the best bound. ``progress`` holds that bound, the step and idle steps."""
    rows = price.size
    left = np.empty(costs.size)
    taken = np.empty(rows)
    for _ in range(steps):
        left[:] = costs
        for row in range(rows):
            if price[row] > 0:
                for at in range(start[row], start[row + 1]):
                    left[column[at]] -= price[row]
        bound = _cheapest(price, weights, district, need, floor, taken)
        for j in range(costs.size):
            bound += min(left[j], 0.0)
        progress[2] = 0.0 if bound > progress[0] + 1e-6 * abs(progress[0]) else progress[2] + 1.0
        if bound > progress[0]:
            progress[0] = bound
            best[:] = price
        if progress[2] >= _PATIENCE:
            progress[1] *= _SHORTER
            progress[2] = 0.0
            price[:] = best
            direction[:] = 0.0
            continue
        length = 0.0
        for row in range(rows):
            missing = taken[row]
            for at in range(start[row], start[row + 1]):
                if left[column[at]] < 0:
                    missing -= 1.0
            if price[row] == 0.0 and missing < 0:
                missing = 0.0
            direction[row] = missing + _MOMENTUM * direction[row]
            length += direction[row] ** 2
        if length == 0.0 or bound >= goal:
            progress[1] = 0.0
            return
        step = progress[1] * (goal - bound) / length
        for row in range(rows):
            price[row] = max(0.0, price[row] + step * direction[row])
