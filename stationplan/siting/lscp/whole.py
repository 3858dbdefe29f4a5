"""The cheapest columns that cover every row."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from stationplan.domain import FloatArray, IntArray
from stationplan.siting.base.answer import Clock
from stationplan.siting.lscp.dominance import shrink
from stationplan.siting.lscp.duals import prices
from stationplan.siting.lscp.regions import split_bound
from stationplan.siting.lscp.swaps import swap

_STEPS = 300
"""Swaps per column of the first solution: more swaps save about one site in a thousand."""

_SWAPPING, _PRICING = 0.35, 0.4
"""Shares of the remaining time after which swapping, and then pricing, ends at the latest."""


def cover_all(cover: sparse.csr_array, costs: FloatArray, *, clock: Clock) -> tuple[IntArray, float]:
    """Return columns that cover every row at low cost, and a lower bound on the least cost.

    Set covering (Toregas et al. 1971): minimise sum_j c_j y_j with sum_j a_ij y_j >= 1 for every row i, y in {0, 1}.
    ``cover`` is boolean [row x column], every row with a column; costs are >= 0. Dominated rows and columns are dropped
    (``dominance``), solutions are found by swaps, bounds by prices of rows and then of regions. If time is up, the
    solution or the bound is worse, but there is always one.
    """
    free = np.flatnonzero(costs == 0)
    if len(free):
        taken = np.zeros(len(costs), dtype=np.int32)
        taken[free] = 1
        cover = sparse.csr_array(cover[(cover @ taken) == 0])
    rest = shrink(cover, costs)
    chosen = np.concatenate([free, rest.chosen])
    given = float(costs[rest.chosen].sum())
    if not rest.cover.shape[0]:
        return chosen, given
    found = swap(rest.cover, rest.costs, steps=_STEPS, enough=0.0, clock=clock.part(_SWAPPING))
    goal = float(rest.costs[found].sum())
    bound, price = prices(rest.cover, rest.costs, goal=goal, clock=clock.part(_PRICING))
    split, found = split_bound(rest.cover, rest.costs, price, found, clock=clock)
    return np.concatenate([chosen, rest.columns[found]]), given + max(bound, split)
