"""The least cost that covers given shares of the workers: location set covering (LSCP), total or partial."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

from stationplan.domain import Recounted, Solution
from stationplan.errors import FaultList, Message, say
from stationplan.planning.aims.aim import Aim
from stationplan.planning.aims.registry import register
from stationplan.planning.question import Question
from stationplan.scenario import PlanInput
from stationplan.siting import min_stations
from stationplan.text.catalogue import number


@register
class CostAim(Aim):
    """The least money for what has to be reached."""

    id = "cost"
    name = say("the least cost")
    meaning = "the least cost, in yuan, that reaches `target_share` and `floor_share`"
    accepts: ClassVar[frozenset[str]] = frozenset({"target_share", "floor_share", "heat"})
    needs_limit = False

    def check(self, plan: PlanInput, given: Mapping[str, bool], faults: FaultList) -> None:
        """Add a fault for each key that does not apply, and if there is neither a target nor a floor."""
        if not (plan.target_share or plan.floor_share):
            faults.add(
                say("The aim is the least cost, but no target is set."),
                say("Set `target_share = 0.9`, `floor_share = 0.5`, or both."),
                key="plan.aim",
            )
        super().check(plan, given, faults)

    def ask(self, asked: Question) -> Solution:
        """Return the cheapest sites that meet the target and the floors."""
        return min_stations(
            asked.coverage.cover,
            asked.coverage.weight,
            target=asked.plan.target_share,
            district=asked.district,
            floor=asked.floor,
            time_limit_s=asked.plan.time_limit_s,
            **asked.roles,
        )

    def recount(self, asked: Question, counted: Recounted, solution: Solution) -> float:
        """Return the cost of the new sites in yuan."""
        return float(asked.sites.cost[solution.sites].sum())

    def clause(self, asked: Question, solution: Solution, *, proven: bool) -> Message | None:
        """Return the lower bound on the cost of any choice that covers as much."""
        if proven:
            return say("Proven: within these limits no other choice of sites meets the requirements at lower cost.")
        return say(
            "Within these limits no choice of sites that meets the requirements costs less than {cost} yuan.",
            cost=number(math.floor(solution.bound)),
        )
