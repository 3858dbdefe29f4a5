"""The sentence on what is proven of a plan; every output takes it from here."""

from __future__ import annotations

import math
from typing import assert_never

from stationplan.domain import Solution
from stationplan.errors import ConsistencyError, Message, say
from stationplan.planning.aims import Aim
from stationplan.planning.question import Question


def proof(aim: Aim, asked: Question, solution: Solution) -> Message:
    """Return one sentence on how much better any other choice of sites that keeps the rules could be.

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
    return say("How much better another choice of sites could be is not known.") if clause is None else clause
