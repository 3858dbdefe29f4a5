"""The most workers covered: maximal covering location (MCLP), in one step or in phases."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from stationplan.domain import Recounted, Solution
from stationplan.errors import Message, say
from stationplan.planning.aims.aim import Aim, recounted_coverage
from stationplan.planning.aims.registry import register
from stationplan.planning.question import Question
from stationplan.siting import max_coverage, phased_coverage
from stationplan.text.catalogue import percent_up


@register
class CoverageAim(Aim):
    """The most workers covered, with every rule that a scenario may state."""

    id = "coverage"
    name = say("most workers covered")
    meaning = "the most workers covered"
    accepts: ClassVar[frozenset[str]] = frozenset(
        {
            *("new", "budget", "phases", "required", "preferred", "close", "min_spacing_m", "keep_coverage"),
            *("target_share", "floor_share", "cross_target_share", "backup_weight", "frontier"),
            *("actions", "fade_min", "heat"),
        }
    )
    maximises_coverage = True
    uses_gap = True

    def ask(self, asked: Question) -> Solution:
        """Return the sites that cover the most weight, all at once or phase by phase."""
        plan, coverage = asked.plan, asked.coverage
        cover = coverage.cover if coverage.share is None else coverage.share
        if plan.phases:
            return phased_coverage(
                cover,
                coverage.weight,
                p=[phase.new or 0 for phase in plan.phases] if plan.number is not None else None,
                budget=[phase.budget or 0.0 for phase in plan.phases] if plan.money is not None else None,
                time_limit_s=plan.time_limit_s,
                **asked.ends,
            )
        return max_coverage(
            cover,
            coverage.weight,
            p=plan.new,
            budget=plan.budget,
            gap=plan.gap,
            time_limit_s=plan.time_limit_s,
            **asked.ends,
        )

    def recount(self, asked: Question, counted: Recounted, solution: Solution) -> float:
        """Return the covered weight with those of backup coverage and preferred sites; NaN with gradual coverage."""
        if asked.coverage.share is not None:
            return math.nan
        plan = asked.plan
        once = float(recounted_coverage(asked, counted).sum())
        twice = float(np.where(counted.stations_after > 1, asked.demand.weight, 0.0).sum())
        preferred = plan.preferred_workers * float(asked.sites.preferred[solution.sites].sum())
        return once + plan.backup_weight * twice + preferred

    def clause(self, asked: Question, solution: Solution, *, proven: bool) -> Message | None:
        """Return by what share another choice could cover more, or score better if more than workers is weighted."""
        if asked.weighted:
            if proven:
                return say(
                    "Proven: within these limits no other choice of sites is better by the weights of the scenario."
                )
            if math.isfinite(solution.gap):
                return say(
                    "Within these limits no other choice of sites is more than {gap} better by the weights of the "
                    "scenario.",
                    gap=percent_up(solution.gap),
                )
            return None
        if proven:
            return say("Proven: within these limits no other choice of sites covers more workers.")
        if math.isfinite(solution.gap):
            return say(
                "Within these limits no other choice of sites covers more than {gap} more workers.",
                gap=percent_up(solution.gap),
            )
        return None

    def notes(self, asked: Question, solution: Solution) -> tuple[Message, ...]:
        """Return a note if fewer sites are proposed than the scenario requests."""
        number = asked.plan.number
        if number is None or len(solution.sites) >= number:
            return ()
        return (
            say(
                "{count} sites are proposed although {new} were requested: more would cover nobody else or exceed "
                "the budget.",
                count=len(solution.sites),
                new=number,
            ),
        )
