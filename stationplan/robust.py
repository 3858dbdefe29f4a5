"""How often a site would be chosen if the demand were otherwise than estimated."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from stationplan.domain import Coverage, Demand, FloatArray, IntArray, Sites
from stationplan.errors import InfeasibleError, UndecidedError
from stationplan.question import choose, weights
from stationplan.scenario import PlanInput


def robustness(
    plan: PlanInput,
    demand: Demand,
    sites: Sites,
    coverage: Coverage,
    chosen: IntArray,
    *,
    districts: int,
    workers: int = 1,
) -> tuple[FloatArray, int]:
    """Return the share of draws of the demand in which each site is chosen too, and the number of these draws.

    Draws in which a floor or a target is out of reach are left out. The first ``plan.robustness_draws`` are asked, each
    within an equal part of ``plan.time_limit_s``. Shares are NaN where none was answered. Threads do not change the
    result.
    """
    count = 0 if demand.draws is None else min(plan.robustness_draws, len(demand.draws))
    if count == 0:
        return np.full(len(chosen), np.nan), 0
    asked = plan.model_copy(update={"time_limit_s": plan.time_limit_s / count})

    def answer(draw: int) -> IntArray | None:
        try:
            weight = weights(demand, draw)
            return choose(asked, demand, sites, coverage, districts=districts, weight=weight).sites
        except (InfeasibleError, UndecidedError):
            return None

    with ThreadPoolExecutor(workers) as pool:
        answers = [found for found in pool.map(answer, range(count)) if found is not None]
    if not answers:
        return np.full(len(chosen), np.nan), 0
    return np.mean([np.isin(chosen, found) for found in answers], axis=0), len(answers)
