"""The sentence on what is proven of a plan, with the conditions under which it holds: made here and nowhere else."""

from __future__ import annotations

import math
from functools import reduce
from typing import assert_never

from stationplan.domain import Solution
from stationplan.errors import ConsistencyError, Message, say
from stationplan.planning.aims import Aim
from stationplan.planning.question import Question
from stationplan.text.catalogue import number, percent


def proof(aim: Aim, asked: Question, solution: Solution) -> Message:
    """Return how far any other choice of sites could be better, after the conditions that every choice keeps.

    Raises
    ------
    ConsistencyError
        The solution is ``infeasible``: it cannot become a plan.
    """
    match solution.termination:
        case "optimal":
            clause = aim.clause(asked, solution, proven=True)
        case "feasible" | "time_limit":
            clause = aim.clause(asked, solution, proven=False) if math.isfinite(solution.bound) else None
        case "infeasible":
            raise ConsistencyError("a plan has an answer")
        case _:
            assert_never(solution.termination)
    if clause is None:
        return say("How much better another choice of sites could be is not known.")
    listed = conditions(asked)
    if not listed:
        return clause
    joined = reduce(lambda first, then: say("{first}; {then}", first=first, then=then), listed)
    return say("Conditions: {conditions}. {clause}", conditions=joined, clause=clause)


def conditions(asked: Question) -> tuple[Message, ...]:
    """Return the limits and rules of a question, in the order in which a scenario states them."""
    plan, sites = asked.plan, asked.sites
    required, forbidden = int(sites.required.sum()), len(plan.forbidden)
    stated: list[tuple[object, Message]] = [
        (plan.number is not None, say("at most {count} new sites", count=number(plan.number or 0))),
        (plan.money is not None, say("a budget of {cost} yuan", cost=number(plan.money or 0.0))),
        (
            plan.phases,
            say("{count} phases, each of which keeps the sites before it", count=len(plan.phases)),
        ),
        (required, say("{count} required sites", count=number(required))),
        (forbidden, say("{count} excluded sites", count=number(forbidden))),
        (plan.preferred, say("{count} preferred sites", count=number(len(plan.preferred)))),
        (plan.close, say("{count} existing stations close", count=number(plan.close))),
        (plan.keep_coverage, say("no fewer workers covered than today")),
        (plan.min_spacing_m, say("stations at least {metres} m apart", metres=number(plan.min_spacing_m))),
        (plan.floor_share, say("at least {share} covered in every district", share=percent(plan.floor_share))),
        (plan.target_share, say("at least {share} covered in all", share=percent(plan.target_share))),
        (plan.cross_target_share, say("at least {share} cross-covered", share=percent(plan.cross_target_share))),
    ]
    return tuple(message for given, message in stated if given)
