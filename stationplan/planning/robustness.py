"""How often a site would be chosen if the demand differed from the estimate."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from stationplan.domain import Coverage, Demand, IntArray, Robustness, Sites, Solution
from stationplan.errors import InfeasibleError, UndecidedError
from stationplan.planning.aims import aim_of
from stationplan.planning.choose import choose
from stationplan.planning.question import question, weights
from stationplan.scenario import PlanInput

_GAP = 1e-3
"""Optimality gap for the plan of a draw. Draws differ by far more, and closing the last thousandth takes a third of the
time."""


def robustness(
    plan: PlanInput,
    demand: Demand,
    sites: Sites,
    coverage: Coverage,
    chosen: IntArray,
    *,
    districts: tuple[str, ...],
    workers: int = 1,
) -> Robustness:
    """Return how often the same question selects the same sites for draws of the demand.

    The first ``plan.robustness_draws`` draws are solved, each within an equal part of ``plan.time_limit_s``; coverage
    is maximised to within a gap of a thousandth. The number of ``workers`` (threads) does not change the result.
    """
    count = 0 if demand.draws is None else min(plan.robustness_draws, len(demand.draws))
    if count == 0:
        return Robustness(np.full(len(chosen), np.nan), 0, 0, 0)
    aim = aim_of(plan.aim).of_one_draw
    gap = max(plan.gap, _GAP) if aim.uses_gap else plan.gap
    asked = plan.model_copy(update={"aim": aim.id, "time_limit_s": plan.time_limit_s / count, "gap": gap})

    def answer(draw: int) -> Solution | None:
        try:
            weight = weights(demand, draw)
            return choose(question(asked, demand, sites, coverage, districts=districts, weight=weight))
        except (InfeasibleError, UndecidedError):
            return None

    pool = ThreadPoolExecutor(workers)
    try:
        answers = [found for found in pool.map(answer, range(count)) if found is not None]
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C only the draws in progress are waited for
    if not answers:
        return Robustness(np.full(len(chosen), np.nan), 0, count, 0)
    share = np.mean([np.isin(chosen, found.sites) for found in answers], axis=0)
    undecided = sum(found.termination == "time_limit" for found in answers)
    return Robustness(share, len(answers), count - len(answers), undecided)
