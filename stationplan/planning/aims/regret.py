"""The smallest shortfall of covered workers, in any draw of the demand, against the best plan for that draw."""

from __future__ import annotations

import math

from stationplan.domain import Recounted, Solution
from stationplan.errors import Message, say
from stationplan.planning.aims.over_draws import DrawsAim
from stationplan.planning.aims.registry import register
from stationplan.planning.question import Question
from stationplan.text.catalogue import number


@register
class RegretAim(DrawsAim):
    """Min-max regret over the draws."""

    id = "regret"
    name = say("the least maximum regret over the draws of the demand")
    meaning = "in no draw far fewer workers covered than by its own best plan"
    measure = "regret"

    def recount(self, asked: Question, counted: Recounted, solution: Solution) -> float:
        """Return NaN: only the solver knows what the best plan of each draw covers."""
        return math.nan

    def clause(self, asked: Question, solution: Solution, *, proven: bool) -> Message | None:
        """Return the regret and its bound, in workers."""
        return say(
            "In every draw of the demand, other plans cover at most {workers} workers more than this one; within "
            "these limits no choice of sites reduces this below {bound}.",
            workers=number(math.ceil(solution.objective)),
            bound=number(math.floor(solution.bound)),
        )
