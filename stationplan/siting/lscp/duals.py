"""Prices (dual values) of rows: a lower bound on the cost of covering all rows, by subgradient steps."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse

from stationplan.domain import FloatArray
from stationplan.siting.base.answer import Clock

_MOMENTUM, _FIRST_STEP, _PATIENCE, _SHORTER, _LAST_STEP = 0.95, 2.0, 25, 0.7, 1e-3
"""Step rule. Momentum matters most: with 13,000 columns, 2,000 steps end 0.07 % below the linear program, without it
1.5 %."""

_WORK = 4_000_000_000
"""Entries processed before the search ends: about half a minute."""

_STEPS, _STEPS_BETWEEN_LOOKS = 4_000, 20


def prices(cover: sparse.csr_array, costs: FloatArray, *, goal: float, clock: Clock) -> tuple[float, FloatArray]:
    """Return a lower bound on the cost of covering every row, and the prices of rows that give it, [row].

    Lagrangian dual of set covering (Beasley 1987): for prices u >= 0, sum u + sum_j min(0, c_j - sum_i u_i a_ij) is at
    most the cost of any cover. Prices increase for rows that the cheap columns miss and decrease for rows that they
    cover more than once, with momentum. ``goal`` is the cost of a known cover, which determines the length of the first
    steps. Every row must have a column.
    """
    rows = cover.shape[0]
    column_rows = np.bincount(cover.indices, minlength=cover.shape[1])
    share = (costs / np.maximum(column_rows, 1))[cover.indices]
    price = np.minimum.reduceat(share, cover.indptr[:-1]) if rows else np.zeros(0)
    best, direction = price.copy(), np.zeros(rows)
    progress = np.array([-np.inf, _FIRST_STEP, 0.0])
    steps = int(min(_STEPS, max(_WORK / max(2 * cover.nnz, 1), 200)))
    done = 0
    while rows and done < steps and not clock.over and progress[1] > _LAST_STEP and progress[0] < goal:
        _steps(cover.indptr, cover.indices, costs, price, best, direction, progress, goal, _STEPS_BETWEEN_LOOKS)
        done += _STEPS_BETWEEN_LOOKS
    return price_bound(cover, costs, best), best


def price_bound(cover: sparse.csr_array, costs: FloatArray, price: FloatArray) -> float:
    """Return the bound from prices of rows, slightly lowered to allow for rounding."""
    left = costs - cover.T.astype(np.float64) @ price
    return float(price.sum() + np.minimum(left, 0.0).sum() - 1e-9 * price.sum())


@njit(cache=True, nogil=True)
def _steps(
    start: NDArray[np.int32],
    column: NDArray[np.int32],
    costs: FloatArray,
    price: FloatArray,
    best: FloatArray,
    direction: FloatArray,
    progress: FloatArray,
    goal: float,
    steps: int,
) -> None:
    """Update ``price`` and ``best`` in place; ``progress`` is best bound, step length and steps without gain."""
    rows = price.size
    left = np.empty(costs.size)
    for _ in range(steps):
        left[:] = costs
        bound = 0.0
        for row in range(rows):
            if price[row] > 0:
                bound += price[row]
                for at in range(start[row], start[row + 1]):
                    left[column[at]] -= price[row]
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
            missing = 1.0
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
