"""The choice of sites: the question answered, or what could be had instead."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np
from scipy import sparse

from stationplan.domain import FloatArray, Sites, Solution
from stationplan.errors import ConsistencyError, InfeasibleError, Message, UndecidedError, say
from stationplan.planning.question import Question, answer
from stationplan.scenario import PlanInput
from stationplan.siting import best_floor, max_coverage, min_stations, most_backed
from stationplan.siting.base.rules import CoverageRequirements

_HALVINGS = 12
"""How often what may be served of every district is halved: to a four thousandth of what is asked for."""

_TRIES = 20
"""How often a limit is tried that may be enough, each in an equal part of the time."""


def choose(asked: Question, *, lenient: bool = False) -> Solution:
    """Return the best choice of sites that the question allows.

    With ``lenient`` money that buys nothing has an answer without new sites.

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
    if not lenient:
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
        raise _floor_missed(plan, solution.objective, _districts_alone(asked))
    return solution


def _infeasible(asked: Question) -> InfeasibleError | UndecidedError:
    """Return what cannot be met and what could be instead: the first rule that fails with those before it."""
    plan = asked.plan
    if plan.aim == "center":
        return _too_far(asked)
    if plan.aim == "served":
        return _floor_missed(plan, _served_floor(asked), _districts_alone(asked))
    if asked.floor.any():
        share = _reachable_floor(asked)
        if share < plan.floor_share - 1e-9:
            return _floor_missed(plan, share, _districts_alone(asked))
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
    """Return the best share that every district can reach at once."""
    number, money = _limits(asked)
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


def _limits(asked: Question) -> tuple[int | None, float | None]:
    """Return the number of sites and the money that there are; whoever asks for the least cost may build them all."""
    plan = asked.plan
    return (_usable(asked.sites), None) if plan.aim == "cost" else (plan.number, plan.money)


def _floor_missed(plan: PlanInput, share: float, alone: list[Message]) -> InfeasibleError:
    return InfeasibleError(
        say("A floor of {floor} in every district cannot be met.", floor=f"{plan.floor_share:.1%}"),
        [say("With these limits every district can reach {share}.", share=f"{_floored(share):.1%}"), *alone],
    )


def _districts_alone(asked: Question) -> list[Message]:
    """Return what districts can reach at most that miss the floor even if all is built for one of them alone.

    What is reached need not have room.
    """
    plan, coverage = asked.plan, asked.coverage
    number, money = _limits(asked)
    rules = asked.rules | {"gradual": False, "backup": 0.0, "bonus": None}
    found = []
    for district, name in enumerate(asked.names):
        inside = np.flatnonzero(asked.district == district)
        total = asked.totals[district]
        if total <= 0:
            continue
        best = max_coverage(
            coverage.cover[inside],
            coverage.weight[inside],
            p=number,
            budget=money,
            time_limit_s=plan.time_limit_s / len(asked.names),
            **rules,
        )
        if best.bound < plan.floor_share * total * (1 - 1e-9):
            share = f"{_ceiled(best.bound / total):.1%}"
            found.append(say("{district} alone can reach {share} at most.", district=name, share=share))
    return found


def _served_floor(asked: Question) -> float:
    """Return a share that every district can have served, by halving from what is asked for."""
    low, high = 0.0, asked.plan.floor_share
    for _ in range(_HALVINGS):
        share = (low + high) / 2
        limit = asked.plan.time_limit_s / _HALVINGS
        tried = replace(asked, plan=asked.plan.model_copy(update={"floor_share": share, "time_limit_s": limit}))
        low, high = (low, share) if np.isnan(answer(tried).objective) else (share, high)
    return low


def _too_far(asked: Question) -> InfeasibleError:
    """Return how many sites are needed to bring everybody within the longest way that is looked at."""
    plan, sites, journeys = asked.plan, asked.sites, asked.coverage.journeys
    assert journeys is not None  # the plan is about ways
    near = sparse.csr_array(
        (np.ones(journeys.minutes.nnz, dtype=bool), journeys.minutes.indices, journeys.minutes.indptr),
        shape=journeys.minutes.shape,
    )[asked.reachable]
    least = min_stations(
        near,
        np.ones(near.shape[0]),
        costs=sites.counted.astype(np.float64),
        existing=sites.existing,
        required=sites.required,
        forbidden=sites.forbidden,
        time_limit_s=plan.time_limit_s,
    )
    far = f"{journeys.far_min:g}"
    what = say("{new} new sites do not bring everybody within {minutes} min.", new=plan.new or 0, minutes=far)
    return InfeasibleError(what, [say("{count} new sites are enough.", count=round(least.objective))])


def _target_missed(asked: Question) -> InfeasibleError | UndecidedError | None:
    """Return what is wrong with the target, ``None`` when it can be reached, with the floors kept."""
    plan, coverage = asked.plan, asked.coverage
    number, money = _limits(asked)
    best = max_coverage(
        coverage.cover,
        coverage.weight,
        p=number,
        budget=money,
        time_limit_s=plan.time_limit_s,
        **_plain_ends(asked),
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
    everything = ~sites.forbidden
    together = float(coverage.weight[(coverage.cover @ everything.astype(np.int32)) > 0].sum())
    if together < asked.target * (1 - 1e-12):
        share = f"{_floored(together / asked.total):.1%}"
        return [say("All candidates together reach {share}.", share=share)]
    found = []
    if plan.number is not None:
        number = _least_limit(asked, sites.counted.astype(np.float64), "number", plan.number)
        if number is not None:
            found.append(say("{count} new sites are enough for the target.", count=round(number)))
    if plan.money is not None:
        money = _least_limit(asked, sites.cost, "money", plan.money)
        if money is not None:
            found.append(say("A budget of {cost} yuan is enough.", cost=math.ceil(money)))
    return found


def _least_limit(asked: Question, use: FloatArray, key: Literal["number", "money"], too_little: float) -> float | None:
    """Return how much of a limit is enough for the target if all other rules stay; ``None`` where no amount is.

    ``use[site]`` is what a new site takes of the limit ``key``, of which ``too_little`` is not enough. The least that
    would do without the other rules is tried first; if it does not do with them, the least is found by halving.
    """
    plan, sites, coverage = asked.plan, asked.sites, asked.coverage
    limit_s = plan.time_limit_s / _TRIES

    def used(limit: float) -> float | None:
        """Return what a plan takes that reaches the target within a limit."""
        best = max_coverage(
            coverage.cover,
            coverage.weight,
            p=int(limit) if key == "number" else plan.number,
            budget=limit if key == "money" else plan.money,
            time_limit_s=limit_s,
            **_plain_ends(asked),
        )
        return float(use[best.sites].sum()) if best.objective >= asked.target else None

    simple = min_stations(
        coverage.cover,
        coverage.weight,
        target=asked.target / asked.total,
        costs=use,
        existing=sites.existing,
        required=sites.required,
        forbidden=sites.forbidden,
        time_limit_s=limit_s,
    )
    first = max(math.ceil(simple.bound - 1e-6), too_little) if np.isfinite(simple.bound) else too_little
    enough = used(first)
    if enough is None:
        enough = used(float(use[~sites.existing & ~sites.forbidden].sum()))
    low = too_little
    for _ in range(_TRIES):
        if enough is None or enough <= max(first, low + 1):
            break
        middle = (low + enough) / 2 if key == "money" else (low + enough) // 2
        found = used(middle)
        low, enough = (middle, enough) if found is None else (low, found)
    return enough


def _plain_ends(asked: Question) -> CoverageRequirements:
    """Return the rules and floors of a question for a choice of the most workers covered, whatever else it counts."""
    plain = CoverageRequirements(target=0.0, backup_target=0.0, backup=0.0, bonus=None, gradual=False)
    return {**asked.ends, **plain}


def _refuse_poor(asked: Question) -> None:
    """Raise when no candidate can be paid."""
    money, sites = asked.plan.money, asked.sites
    if money is None:
        return
    free = ~sites.existing & ~sites.forbidden
    cheapest = float(sites.cost[free].min(initial=np.inf))
    if money < cheapest < np.inf and not sites.required.any():
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
