"""The common base of aims that optimise over the draws of the demand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from stationplan.domain import Solution
from stationplan.errors import FaultList, say
from stationplan.planning.aims.aim import Aim
from stationplan.planning.aims.registry import aim_of
from stationplan.planning.question import Question
from stationplan.scenario import PlanInput
from stationplan.siting import robust_coverage


class DrawsAim(Aim):
    """Coverage when it is not known which of several demands is the true one (Snyder 2006 reviews such models)."""

    measure: ClassVar[Literal["worst", "regret"]]
    counts_workers = False

    @property
    def of_one_draw(self) -> Aim:
        """The coverage aim: with a single draw there is no other draw to compare with."""
        return aim_of("coverage")

    def check(self, plan: PlanInput, given: Mapping[str, bool], faults: FaultList) -> None:
        """Add a fault for each key that does not apply, and if no draws are requested."""
        if not plan.robustness_draws:
            faults.add(
                say("The aim uses draws of the demand, but none are requested."),
                say("Set `robustness_draws = 10`."),
                key="plan.robustness_draws",
            )
        super().check(plan, given, faults)

    def ask(self, asked: Question) -> Solution:
        """Return the sites that are best over all draws by ``measure``."""
        return robust_coverage(
            asked.coverage.cover,
            asked.drawn,
            measure=self.measure,
            p=asked.plan.new,
            budget=asked.plan.budget,
            time_limit_s=asked.plan.time_limit_s,
            **asked.roles,
        )
