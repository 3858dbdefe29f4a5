"""The shortest mean travel time to a station: the p-median."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stationplan.domain import Recounted, Solution
from stationplan.errors import Message, say
from stationplan.planning.aims.registry import register
from stationplan.planning.aims.travel import TravelAim, down, journeys_of
from stationplan.planning.question import Question
from stationplan.siting import p_median


@register
class MedianAim(TravelAim):
    """Who has no station within ``far_min`` minutes counts with these."""

    id = "median"
    name = say("the least mean travel time to a station")
    meaning = "the shortest mean travel time to a station"

    def ask(self, asked: Question) -> Solution:
        """Return the sites that minimise the weighted mean travel time; the objective is in minutes."""
        journeys, weight = journeys_of(asked)
        sites, total = asked.sites, asked.total if asked.total > 0 else 1.0
        found = p_median(
            journeys.minutes,
            weight,
            asked.plan.new or 0,
            existing=sites.existing,
            required=sites.required,
            forbidden=sites.forbidden,
            far=journeys.far_min,
            time_limit_s=asked.plan.time_limit_s,
        )
        return replace(found, objective=found.objective / total, bound=found.bound / total)

    def recount(self, asked: Question, counted: Recounted, solution: Solution) -> float:
        """Return the weighted mean travel time to the nearest station, in minutes."""
        weight = asked.demand.weight
        assert counted.minutes_after is not None  # the scenario gives `far_min`
        minutes = np.minimum(counted.minutes_after, asked.plan.far_min or 0.0)
        return float(np.average(minutes[weight > 0], weights=weight[weight > 0]))

    def clause(self, asked: Question, solution: Solution, *, proven: bool) -> Message | None:
        """Return the lower bound on the mean travel time."""
        if proven:
            return say(
                "Proven: within these limits no other choice of sites shortens the mean travel time to a station."
            )
        return say(
            "Within these limits no choice of sites reduces the mean travel time below {minutes} min.",
            minutes=down(solution.bound),
        )
