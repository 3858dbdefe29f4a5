"""The choice of sites: the question answered, or what could be had instead."""

from __future__ import annotations

import math

import numpy as np

from stationplan.domain import Sites, Solution
from stationplan.errors import ConsistencyError, InfeasibleError, Message, UndecidedError, say
from stationplan.question import Question, answer
from stationplan.scenario import PlanInput
from stationplan.siting import best_floor, max_coverage, min_stations, most_backed


def choose(asked: Question) -> Solution:
    """Return the best choice of sites that the question allows.

    All that is maximised, kept or reached is in the weights of the question: with heat, not in head counts.

    Raises
    ------
    InfeasibleError
        Floors, targets, distances or the required sites cannot be met, or no candidate can be paid; says what could be
        had: the rules are looked at in turn, each with those before it.
    UndecidedError
        Time ran out before that was known either way.
    """
    plan = asked.plan
    _refuse_required(asked)
    _refuse_poor(asked)
    solution = answer(asked)
    if solution.termination == "infeasible":
        raise _infeasible(asked)
    if np.isnan(solution.objective):
        raise UndecidedError(
            say("Not decided within {limit} s whether the plan can be met.", limit=plan.time_limit_s),
            say("Raise `time_limit_s` under [plan]."),
        )
    if plan.aim == "fair" and solution.bound < plan.floor_share * (1 - 1e-9):
        raise _floor_missed(plan, solution.objective)
    return solution


def _infeasible(asked: Question) -> InfeasibleError | UndecidedError:
    """Return what cannot be met and what could be instead: the first rule that fails with those before it."""
    plan = asked.plan
    if asked.floor.any():
        share = _reachable_floor(asked)
        if share < plan.floor_share - 1e-9:
            return _floor_missed(plan, share)
    if asked.target > 0:
        missed = _target_missed(asked)
        if missed is not None:
            return missed
    if plan.cross_target_share > 0:
        backed, most = most_backed(
            asked.coverage.cover,
            asked.coverage.weight,
            p=plan.number,
            budget=plan.money,
            time_limit_s=plan.time_limit_s,
            **asked.ends | {"gradual": False},
        )
        if most < plan.cross_target_share * asked.total:
            return InfeasibleError(
                say("Cross-coverage of {target} of the workers is not met.", target=f"{plan.cross_target_share:.1%}"),
                [
                    say(
                        "With these limits {share} can be covered twice, and no plan covers more than {bound} twice.",
                        share=f"{_floored(backed / asked.total):.1%}",
                        bound=f"{_ceiled(most / asked.total):.1%}",
                    )
                ],
            )
    raise ConsistencyError("a question was found infeasible, and all of its rules feasible")


def _reachable_floor(asked: Question) -> float:
    plan = asked.plan
    if plan.aim == "cost":
        return _best_floor(asked, _usable(asked.sites), None)
    return _best_floor(asked, plan.number, plan.money)


def _best_floor(asked: Question, number: int | None, money: float | None) -> float:
    return best_floor(
        asked.coverage.cover,
        asked.coverage.weight,
        district=asked.district,
        totals=asked.totals,
        p=number,
        budget=money,
        time_limit_s=asked.plan.time_limit_s,
        **asked.rules | {"gradual": False},
    )


def _floor_missed(plan: PlanInput, share: float) -> InfeasibleError:
    return InfeasibleError(
        say("A floor of {floor} in every district cannot be met.", floor=f"{plan.floor_share:.1%}"),
        [say("With these limits every district can reach {share}.", share=f"{_floored(share):.1%}")],
    )


def _target_missed(asked: Question) -> InfeasibleError | UndecidedError | None:
    """Return what is wrong with the target, ``None`` when it can be reached, with the floors kept."""
    plan, coverage = asked.plan, asked.coverage
    within = asked.ends | {"target": 0.0, "backup_target": 0.0, "backup": 0.0, "bonus": None, "gradual": False}
    number, money = (_usable(asked.sites), None) if plan.aim == "cost" else (plan.number, plan.money)
    best = max_coverage(
        coverage.cover, coverage.weight, p=number, budget=money, time_limit_s=plan.time_limit_s, **within
    )
    wanted = f"{asked.target / asked.total:.1%}"
    if best.objective >= asked.target:
        return None
    reached, bound = (f"{_floored(best.objective / asked.total):.1%}", f"{_ceiled(best.bound / asked.total):.1%}")
    if best.bound >= asked.target:
        return UndecidedError(
            say(
                "The plan was not decided within {limit} s: {share} is reached, and {target} may be possible.",
                limit=plan.time_limit_s,
                share=reached,
                target=wanted,
            ),
            say("Raise `time_limit_s` under [plan]."),
        )
    feasible = [
        say("With these limits {share} is reached, and no plan reaches more than {bound}.", share=reached, bound=bound)
    ]
    if plan.aim != "cost":
        feasible += _enough(asked)
    return InfeasibleError(say("The target of {target} of the workers is not met.", target=wanted), feasible)


def _enough(asked: Question) -> list[Message]:
    """Return how many sites, or how much money, would do for the target."""
    plan, sites, coverage = asked.plan, asked.sites, asked.coverage
    costs = sites.cost if plan.money is not None and plan.number is None else sites.counted.astype(np.float64)
    least = min_stations(
        coverage.cover,
        coverage.weight,
        target=asked.target / asked.total,
        costs=costs,
        existing=sites.existing,
        required=sites.required,
        forbidden=sites.forbidden,
        time_limit_s=plan.time_limit_s,
    )
    if np.isnan(least.objective):
        everything = ~sites.forbidden
        together = float(coverage.weight[(coverage.cover @ everything.astype(np.int32)) > 0].sum())
        share = f"{_floored(together / asked.total):.1%}"
        return [say("All candidates together reach {share}.", share=share)]
    if plan.money is not None and plan.number is None:
        return [say("A budget of {cost} yuan is enough.", cost=math.ceil(least.objective))]
    if plan.money is not None:
        return []
    return [say("{count} new sites are enough for the target.", count=round(least.objective))]


def _refuse_poor(asked: Question) -> None:
    """Raise when no candidate can be paid."""
    money, sites = asked.plan.money, asked.sites
    if money is None:
        return
    free = ~sites.existing & ~sites.forbidden
    cheapest = float(sites.cost[free].min(initial=np.inf))
    if cheapest > money and not sites.required.any():
        raise InfeasibleError(
            say("No candidate can be built for {budget} yuan.", budget=_yuan(money)),
            [say("The cheapest costs {cost} yuan; the budget is in yuan.", cost=_yuan(cheapest))],
        )


def _refuse_required(asked: Question) -> None:
    """Raise when the required sites alone are too many, too dear, at one place or too near to each other."""
    plan, sites = asked.plan, asked.sites
    new, budget = plan.number, plan.money
    count, cost = int((sites.required & sites.counted).sum()), float(sites.cost[sites.required].sum())
    too_many, too_dear = new is not None and count > new, budget is not None and cost > budget
    feasible = [say("Ask for {count} new sites.", count=count)] if too_many else []
    if too_dear:
        feasible.append(say("A budget of {cost} yuan is enough.", cost=math.ceil(cost)))
    if too_many:
        raise InfeasibleError(
            say("{count} sites are required, but only {new} are to be built.", count=count, new=new or 0), feasible
        )
    if too_dear:
        what = say(
            "The required sites cost {cost} yuan, the budget is {budget}.", cost=_yuan(cost), budget=_yuan(budget or 0)
        )
        raise InfeasibleError(what, feasible)
    required = np.flatnonzero(sites.required)
    places, times = np.unique(sites.place[required], return_counts=True)
    if (times > 1).any():
        twice = required[sites.place[required] == places[times > 1][0]]
        raise InfeasibleError(
            say(
                "{one} and {other} are both required, but only one of them can be at one place.",
                one=sites.site_id[twice[0]],
                other=sites.site_id[twice[1]],
            ),
            [say("Require one of the two.")],
        )
    held = sites.required | (sites.existing & ~(sites.closable & (plan.close > 0)))
    near = asked.near
    near = near[held[near].all(axis=1) & sites.required[near].any(axis=1)]
    if len(near):
        gap = np.hypot(*(axis[near[:, 0]] - axis[near[:, 1]] for axis in (sites.x, sites.y)))
        one, other = near[gap.argmin()]
        raise InfeasibleError(
            say(
                "{one} is required and {gap} m from {other}, nearer than {spacing} m.",
                one=sites.site_id[one if sites.required[one] else other],
                other=sites.site_id[other if sites.required[one] else one],
                gap=math.floor(gap.min()),
                spacing=plan.min_spacing_m,
            ),
            [say("A spacing of {spacing} m is kept.", spacing=math.floor(gap.min()))],
        )


def _usable(sites: Sites) -> int:
    """The number of new sites that may be built."""
    return int((sites.counted & ~sites.forbidden).sum())


def _yuan(amount: float) -> str:
    """Write an amount exactly to the fen, without needless zeros."""
    return f"{amount:.2f}".rstrip("0").rstrip(".")


def _floored(share: float) -> float:
    """Round down to a tenth of a percent, so that the share shown can be asked for."""
    return float(np.floor(share * 1000 + 1e-9) / 1000)


def _ceiled(share: float) -> float:
    """Round up to a tenth of a percent, so that a limit stays a limit."""
    return min(float(np.ceil(share * 1000 - 1e-9) / 1000), 1.0)
