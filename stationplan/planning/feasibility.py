"""Feasible alternatives to an infeasible question: floors, targets, numbers of sites and budgets that are enough."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from stationplan.domain import FloatArray
from stationplan.errors import ConsistencyError, InfeasibleError, Message, UndecidedError, say
from stationplan.planning.question import Question
from stationplan.siting import best_floor, max_coverage, min_stations, most_backed
from stationplan.siting.base.rules import CoverageRequirements

_TRIES = 20
"""Limits that are tried at most in the search for one that is enough, each within an equal part of the time limit."""


def unmet_rule(asked: Question) -> InfeasibleError | UndecidedError:
    """Return the first rule of coverage that fails together with those before it, and what could be had instead.

    Raises
    ------
    ConsistencyError
        Every rule can be met.
    """
    plan = asked.plan
    if asked.floor.any():
        share = _reachable_floor(asked)
        if share < plan.floor_share - 1e-9:
            return floor_missed(asked, share)
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
                say("A cross-coverage of {target} is not reached.", target=f"{plan.cross_target_share:.1%}"),
                [
                    say(
                        "Within these limits a cross-coverage of {share} is reached, and no plan exceeds {bound}.",
                        share=f"{_floored(backed / asked.total):.1%}",
                        bound=f"{_ceiled(most / asked.total):.1%}",
                    )
                ],
            )
    raise ConsistencyError("a question was found infeasible, and all of its rules feasible")


def _reachable_floor(asked: Question) -> float:
    """Return the largest share that all districts can reach at the same time."""
    number, money = asked.limits
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


def floor_missed(asked: Question, share: float) -> InfeasibleError:
    """Return the error of an infeasible floor.

    It states the ``share`` that every district can reach, and the districts that miss the floor even on their own.
    """
    return InfeasibleError(
        say(
            "A minimum coverage of {floor} in every district cannot be reached.", floor=f"{asked.plan.floor_share:.1%}"
        ),
        [
            say("Within these limits every district can reach {share}.", share=f"{_floored(share):.1%}"),
            *_districts_alone(asked),
        ],
    )


def _districts_alone(asked: Question) -> list[Message]:
    """Return the largest reachable share of each district that misses the floor even if all sites are built for it.

    Capacity is ignored.
    """
    plan, coverage = asked.plan, asked.coverage
    number, money = asked.limits
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
            found.append(say("{district} on its own can reach at most {share}.", district=name, share=share))
    return found


def _target_missed(asked: Question) -> InfeasibleError | UndecidedError | None:
    """Return why the target cannot be reached with the floors kept; ``None`` if it can."""
    plan, coverage = asked.plan, asked.coverage
    number, money = asked.limits
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
                "Not decided within {limit} s: {share} is reached, and {target} may be possible.",
                limit=plan.time_limit_s,
                share=reached,
                target=wanted,
            ),
            say("Raise `time_limit_s` under [plan]."),
        )
    feasible = [
        say(
            "Within these limits the best plan found covers {share}, and no plan covers more than {bound}.",
            share=reached,
            bound=bound,
        )
    ]
    if plan.number is not None or plan.money is not None:
        feasible += _enough(asked)
    return InfeasibleError(say("The coverage target of {target} is not reached.", target=wanted), feasible)


def _enough(asked: Question) -> list[Message]:
    """Return how many sites, or how much money, is enough for the target."""
    plan, sites, coverage = asked.plan, asked.sites, asked.coverage
    everything = ~sites.forbidden
    together = float(coverage.weight[(coverage.cover @ everything.astype(np.int32)) > 0].sum())
    if together < asked.target * (1 - 1e-12):
        share = f"{_floored(together / asked.total):.1%}"
        return [say("With all candidates built, coverage is {share}.", share=share)]
    found = []
    if plan.number is not None:
        number = _least_limit(asked, sites.counted.astype(np.float64), "number", plan.number)
        if number is not None:
            found.append(say("{count} new sites are enough to reach the target.", count=round(number)))
    if plan.money is not None:
        money = _least_limit(asked, sites.cost, "money", plan.money)
        if money is not None:
            found.append(say("A budget of {cost} yuan is enough.", cost=math.ceil(money)))
    return found


def _least_limit(asked: Question, use: FloatArray, key: Literal["number", "money"], too_little: float) -> float | None:
    """Return the amount of a limit that is enough for the target under all other rules; ``None`` if no amount is.

    ``use[site]`` is what a new site takes of the limit ``key``; ``too_little`` is known not to be enough. The least
    amount without the other rules is tried first. If it is not enough with them, the least amount is bisected.
    """
    plan, sites, coverage = asked.plan, asked.sites, asked.coverage
    limit_s = plan.time_limit_s / _TRIES

    def used(limit: float) -> float | None:
        """Return what a plan within a limit uses to reach the target; ``None`` if it does not reach it."""
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
        **asked.roles | {"costs": use},
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
    """Return the rules and floors of a question for a choice that maximises covered workers and nothing else."""
    plain = CoverageRequirements(target=0.0, backup_target=0.0, backup=0.0, bonus=None, gradual=False)
    return {**asked.ends, **plain}


def _floored(share: float) -> float:
    """Round down to a tenth of a percent, so that the share shown is feasible."""
    return float(np.floor(share * 1000 + 1e-9) / 1000)


def _ceiled(share: float) -> float:
    """Round up to a tenth of a percent, so that an upper bound stays valid."""
    return min(float(np.ceil(share * 1000 - 1e-9) / 1000), 1.0)
