"""The worst-covered district covered best, then the next: lexicographic max-min over districts."""

from __future__ import annotations

from itertools import takewhile
from typing import ClassVar

import numpy as np

from stationplan.domain import Recounted, Solution
from stationplan.errors import InfeasibleError, Message, say
from stationplan.planning.aims.aim import Aim, recounted_coverage
from stationplan.planning.aims.registry import register
from stationplan.planning.feasibility import floor_missed
from stationplan.planning.question import Question
from stationplan.scenario import PlanInput
from stationplan.siting import fair_coverage
from stationplan.text.catalogue import percent_up

_SETTLED = 1e-6
"""Difference of a sum of shares from its bound up to which it is proven."""


@register
class FairAim(Aim):
    """Equity between districts."""

    id = "fair"
    name = say("the highest coverage of the worst-covered district")
    meaning = "the worst-covered district covered best, then the next"
    accepts: ClassVar[frozenset[str]] = frozenset(
        {"new", "budget", "floor_share", "close", "min_spacing_m", "actions", "fade_min", "heat"}
    )

    def ask(self, asked: Question) -> Solution:
        """Return the sites that maximise the smallest covered share of a district, then the next, and so on."""
        plan, coverage = asked.plan, asked.coverage
        return fair_coverage(
            coverage.cover if coverage.share is None else coverage.share,
            coverage.weight,
            district=asked.district,
            totals=asked.totals,
            p=plan.new,
            budget=plan.budget,
            time_limit_s=plan.time_limit_s,
            **asked.rules,
        )

    def recount(self, asked: Question, counted: Recounted, solution: Solution) -> float:
        """Return the smallest covered share of a district; NaN with gradual coverage."""
        if asked.coverage.share is not None:
            return float("nan")
        covered = recounted_coverage(asked, counted).sum(axis=(1, 2))
        reached = np.bincount(asked.demand.district, covered, minlength=len(asked.totals))
        populated = asked.totals > 0
        return float((reached[populated] / asked.totals[populated]).min())

    def clause(self, asked: Question, solution: Solution, *, proven: bool) -> Message | None:
        """Return what is proven of the worst-covered district and, if time ran out, of the districts after it."""
        if proven:
            return say(
                "Proven: within these limits no other choice of sites raises the coverage of the worst-covered "
                "district."
            )
        districts = int((asked.totals > 0).sum())
        sums = takewhile(lambda stage: stage.bound - stage.objective <= _SETTLED, solution.stages[:districts])
        settled = len(list(sums))
        if settled:
            return say(
                "Proven: within these limits no other choice of sites raises the coverage of the worst-covered "
                "district. Of the {count} next comparisons between districts, {proven} are proven; for the others the "
                "time was not enough.",
                count=districts - 1,
                proven=settled - 1,
            )
        return say(
            "Within these limits no choice of sites covers more than {share} of every district.",
            share=percent_up(solution.bound),
        )

    def missed(self, asked: Question, solution: Solution) -> InfeasibleError | None:
        """Return an error if the bound on the smallest share is below the floor."""
        if solution.bound < asked.plan.floor_share * (1 - 1e-9):
            return floor_missed(asked, solution.objective)
        return None

    def floor_share(self, plan: PlanInput, solution: Solution) -> float:
        """Return the smallest covered share of the plan; no exchange may bring a district below it."""
        return solution.objective
