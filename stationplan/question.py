"""The scenario's question to the siting model, and what to say when it has no answer."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from stationplan.domain import Coverage, Demand, FloatArray, Sites, Solution
from stationplan.errors import ConsistencyError, InfeasibleError, UndecidedError, say
from stationplan.scenario import PlanInput
from stationplan.siting import best_floor, max_coverage, sites_for_weight


def choose(
    plan: PlanInput,
    demand: Demand,
    sites: Sites,
    coverage: Coverage,
    *,
    districts: int,
    weight: FloatArray | None = None,
) -> Solution:
    """Return the best choice of sites that the question allows; ``districts`` is the number of districts.

    ``weight[cell, group, slot]`` is what workers count, default: that of the demand (:func:`weights`). All that is
    maximised, kept or reached is in these weights: with heat, not in head counts.

    Raises
    ------
    InfeasibleError
        A floor, a target or the required sites cannot be met, or no candidate can be paid; says what could be had.
    UndecidedError
        Time ran out before a floor or a target was met or proven out of reach.
    """
    weight = demand.weight if weight is None else weight
    coverage = weighed(coverage, weight)
    total = float(weight.sum())
    district = demand.district[coverage.cell]
    totals = np.bincount(demand.district, weight.sum(axis=(1, 2)), minlength=districts).astype(float)
    floors = plan.floor_share * totals if plan.floor_share > 0 else None
    solution = max_coverage(
        coverage.cover,
        coverage.weight,
        p=plan.new,
        budget=plan.budget,
        costs=sites.cost,
        existing=sites.existing,
        required=sites.required,
        forbidden=sites.forbidden,
        district=None if floors is None else district,
        floor=floors,
        time_limit_s=plan.time_limit_s,
    )
    if solution.termination == "infeasible":
        _refuse_required(sites, plan.new, plan.budget)
        if floors is None:
            raise ConsistencyError("a problem without floors was found infeasible")
        share = best_floor(
            coverage.cover,
            coverage.weight,
            district=district,
            totals=totals,
            p=plan.new,
            budget=plan.budget,
            costs=sites.cost,
            existing=sites.existing,
            required=sites.required,
            forbidden=sites.forbidden,
            time_limit_s=plan.time_limit_s,
        )
        raise InfeasibleError(
            say("A floor of {floor} in every district cannot be met.", floor=f"{plan.floor_share:.1%}"),
            [say("With these limits every district can reach {share}.", share=f"{_floored(share):.1%}")],
        )
    more_time = say("Raise `time_limit_s` under [plan].")
    if np.isnan(solution.objective):
        raise UndecidedError(
            say("Not decided within {limit} s whether the floor can be kept.", limit=plan.time_limit_s), more_time
        )
    cheapest = float(sites.cost[~sites.existing & ~sites.forbidden].min())
    if plan.budget is not None and cheapest > plan.budget:
        raise InfeasibleError(
            say("No candidate can be built for {budget} yuan.", budget=_yuan(plan.budget)),
            [say("The cheapest costs {cost} yuan; the budget is in yuan.", cost=_yuan(cheapest))],
        )
    target = plan.target_share * total * (1 - 1e-12)
    if solution.objective < target <= solution.bound:
        raise UndecidedError(
            say(
                "The plan was not decided within {limit} s: {share} is reached, and {target} may be possible.",
                limit=plan.time_limit_s,
                share=f"{_floored(solution.objective / total):.1%}",
                target=f"{plan.target_share:.1%}",
            ),
            more_time,
        )
    if solution.objective < target:
        number, most = sites_for_weight(
            coverage.cover,
            coverage.weight,
            plan.target_share * total,
            existing=sites.existing,
            required=sites.required,
            forbidden=sites.forbidden,
        )
        feasible = [
            say(
                "With these limits {share} is reached, and no plan reaches more than {bound}.",
                share=f"{_floored(solution.objective / total):.1%}",
                bound=f"{_ceiled(solution.bound / total):.1%}",
            )
        ]
        if number is not None and plan.budget is None:
            feasible.append(say("{count} new sites are enough for the target.", count=number))
        elif number is None:
            together = f"{_floored(most / total):.1%}"
            feasible.append(say("All candidates together reach {share}.", share=together))
        raise InfeasibleError(
            say("The target of {target} of the workers is not met.", target=f"{plan.target_share:.1%}"), feasible
        )
    return solution


def weights(demand: Demand, draw: int | None = None) -> FloatArray:
    """Return what workers count in the choice of sites, [cell, group, slot], of the demand or of a draw of it."""
    if draw is None or demand.draws is None:
        return demand.weight
    heads = demand.workers.sum(axis=2)
    factor = np.divide(demand.draws[draw], heads, out=np.zeros_like(heads), where=heads > 0)
    return np.asarray(demand.weight * factor[:, :, None], dtype=np.float64)


def weighed(coverage: Coverage, weight: FloatArray) -> Coverage:
    """Return coverage whose rows weigh what ``weight[cell, group, slot]`` says."""
    return replace(coverage, weight=weight[coverage.cell, coverage.group, coverage.slot])


def _yuan(amount: float) -> str:
    """Write an amount exactly to the fen, without needless zeros."""
    return f"{amount:.2f}".rstrip("0").rstrip(".")


def _floored(share: float) -> float:
    """Round down to a tenth of a percent, so that the share shown can be asked for."""
    return float(np.floor(share * 1000 + 1e-9) / 1000)


def _ceiled(share: float) -> float:
    """Round up to a tenth of a percent, so that a limit stays a limit."""
    return min(float(np.ceil(share * 1000 - 1e-9) / 1000), 1.0)


def _refuse_required(sites: Sites, new: int | None, budget: float | None) -> None:
    """Raise when the required sites alone are too many or too dear."""
    count, cost = int(sites.required.sum()), float(sites.cost[sites.required].sum())
    too_many, too_dear = new is not None and count > new, budget is not None and cost > budget
    if not (too_many or too_dear):
        return
    what = say("{count} sites are required, but only {new} are to be built.", count=count, new=new)
    if not too_many:
        what = say(
            "The required sites cost {cost} yuan, the budget is {budget}.", cost=_yuan(cost), budget=_yuan(budget or 0)
        )
    feasible = [say("Ask for {count} new sites.", count=count)] if too_many else []
    if too_dear:
        feasible.append(say("A budget of {cost} yuan is enough.", cost=math.ceil(cost)))
    raise InfeasibleError(what, feasible)
