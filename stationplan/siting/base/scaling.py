"""Units of weights and costs: every quantity is brought to a size at which absolute tolerances do not matter."""

from __future__ import annotations

import math

import numpy as np

from stationplan.domain import FloatArray

MILLION = 2.0**20
"""The size of scaled quantities. There an absolute tolerance of 1e-6, as of HiGHS, is a relative one of 1e-12."""

EXACT = 1e-9
"""Relative tolerance of budgets, floors and targets: sums of the same numbers in another order differ by less."""


def power_of_two(size: float) -> float:
    """Return the power of two that brings a quantity to between half a million and a million, 1 for the quantity 0.

    Multiplying by a power of two changes no digit. Quantities below 1e-295 are brought as close as floats allow.

    >>> power_of_two(3.0), power_of_two(0.0), power_of_two(5e-324) == 2.0**1023
    (262144.0, 1.0, True)
    """
    return 2.0 ** min(20 - math.ceil(math.log2(size)), 1023) if 0 < size < np.inf else 1.0


def spending(costs: FloatArray, budget: float) -> tuple[FloatArray, float]:
    """Return costs and their budget in a unit in which the budget is about a million; unaffordable costs are cut.

    >>> spending(np.array([1.0, 2.0, 1e12]), 4.0)
    (array([ 262144.,  524288., 2097152.]), 1048576.0)
    >>> spending(np.array([0.0, 1e-9]), 0.0)
    (array([      0., 1048576.]), 0.0)
    """
    if budget <= 0:
        return np.where(costs > 0, MILLION, 0.0), 0.0
    unit = power_of_two(budget)
    return np.minimum(costs, 2.0 * budget) * unit, budget * unit


def affordable(cost: float, budget: float | None) -> bool:
    """Return whether a total cost is within a budget, to a relative 1e-9; ``None`` is no limit.

    >>> affordable(0.1 + 0.2, 0.3), affordable(0.31, 0.3)
    (True, False)
    """
    return budget is None or cost <= budget * (1 + EXACT)
