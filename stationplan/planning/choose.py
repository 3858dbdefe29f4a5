"""The choice of sites: the solution of a planning question, or the reason why there is none and what is feasible."""

from __future__ import annotations

import math

import numpy as np

from stationplan.domain import Solution
from stationplan.errors import InfeasibleError, UndecidedError, say
from stationplan.planning.aims import aim_of
from stationplan.planning.question import Question


def choose(asked: Question, *, lenient: bool = False) -> Solution:
    """Return the best choice of sites under the rules of the question.

    With ``lenient``, a budget below the cost of every candidate gives a solution without new sites instead of an error.

    Objectives, floors and targets are measured in the weights of the question. With heat, these are not numbers of
    workers.

    Raises
    ------
    InfeasibleError
        Floors, targets, distances or the required sites cannot be met, or the budget pays for no candidate. The error
        states what is feasible: the rules are tested in order, each together with those before it.
    UndecidedError
        The time limit was reached before feasibility was known.
    """
    aim = aim_of(asked.plan.aim)
    _refuse_required(asked)
    if not lenient:
        _refuse_poor(asked)
    solution = aim.ask(asked)
    if solution.termination == "infeasible":
        raise aim.infeasible(asked)
    if np.isnan(solution.objective):
        raise UndecidedError(
            say("Not decided within {limit} s whether a feasible plan exists.", limit=asked.plan.time_limit_s),
            say("Raise `time_limit_s` under [plan]."),
        )
    missed = aim.missed(asked, solution)
    if missed is not None:
        raise missed
    return solution


def _refuse_poor(asked: Question) -> None:
    """Raise if the budget pays for no candidate."""
    money, sites = asked.plan.money, asked.sites
    if money is None:
        return
    free = ~sites.existing & ~sites.forbidden
    cheapest = float(sites.cost[free].min(initial=np.inf))
    if money < cheapest < np.inf and not sites.required.any():
        raise InfeasibleError(
            say("A budget of {budget} yuan is not enough for any candidate.", budget=_yuan(money)),
            [say("The cheapest candidate costs {cost} yuan; the budget is in yuan.", cost=_yuan(cheapest))],
        )


def _refuse_required(asked: Question) -> None:
    """Raise if the required sites alone are too many, cost too much, share a place or are too close to each other."""
    plan, sites = asked.plan, asked.sites
    new, budget = plan.number, plan.money
    count, cost = int((sites.required & sites.counted).sum()), float(sites.cost[sites.required].sum())
    too_many, too_dear = new is not None and count > new, budget is not None and cost > budget
    feasible = [say("Request {count} new sites.", count=count)] if too_many else []
    if too_dear:
        feasible.append(say("A budget of {cost} yuan is enough.", cost=math.ceil(cost)))
    if too_many:
        raise InfeasibleError(
            say("{count} sites are required, but only {new} may be built.", count=count, new=new or 0), feasible
        )
    if too_dear:
        what = say(
            "The required sites cost {cost} yuan; the budget is {budget} yuan.",
            cost=_yuan(cost),
            budget=_yuan(budget or 0),
        )
        raise InfeasibleError(what, feasible)
    required = np.flatnonzero(sites.required)
    places, times = np.unique(sites.place[required], return_counts=True)
    if (times > 1).any():
        twice = required[sites.place[required] == places[times > 1][0]]
        raise InfeasibleError(
            say(
                "{one} and {other} are both required, but only one of them fits at one place.",
                one=sites.site_id[twice[0]],
                other=sites.site_id[twice[1]],
            ),
            [say("Require only one of the two.")],
        )
    held = sites.required | (sites.existing & ~(sites.closable & (plan.close > 0)))
    near = asked.near
    near = near[held[near].all(axis=1) & sites.required[near].any(axis=1)]
    if len(near):
        gap = np.hypot(*(axis[near[:, 0]] - axis[near[:, 1]] for axis in (sites.x, sites.y)))
        one, other = near[gap.argmin()]
        raise InfeasibleError(
            say(
                "{one} is required but is {gap} m from {other}, less than the spacing of {spacing} m.",
                one=sites.site_id[one if sites.required[one] else other],
                other=sites.site_id[other if sites.required[one] else one],
                gap=math.floor(gap.min()),
                spacing=plan.min_spacing_m,
            ),
            [say("A spacing of {spacing} m is possible.", spacing=math.floor(gap.min()))],
        )


def _yuan(amount: float) -> str:
    """Return an amount of yuan to two decimals (fen), without trailing zeros."""
    return f"{amount:.2f}".rstrip("0").rstrip(".")
