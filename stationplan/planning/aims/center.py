"""The shortest longest travel time to a station: the p-center."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from stationplan.domain import Demand, KeyFigure, Recounted, Served, Solution
from stationplan.errors import InfeasibleError, Message, UndecidedError, say
from stationplan.planning.aims.aim import travel_figures
from stationplan.planning.aims.registry import register
from stationplan.planning.aims.travel import TravelAim, down, journeys_of
from stationplan.planning.question import Question
from stationplan.siting import min_stations, p_center


@register
class CenterAim(TravelAim):
    """Workers whom no station or candidate can reach are left out, with a note."""

    id = "center"
    name = say("the least maximum travel time to a station")
    meaning = "the shortest longest travel time to a station"

    def ask(self, asked: Question) -> Solution:
        """Return the sites that minimise the longest travel time of all workers who can reach a station."""
        journeys, weight = journeys_of(asked)
        sites = asked.sites
        return p_center(
            journeys.minutes,
            asked.plan.new or 0,
            weights=np.where(asked.reachable, weight, 0.0),
            existing=sites.existing,
            required=sites.required,
            forbidden=sites.forbidden,
            time_limit_s=asked.plan.time_limit_s,
        )

    def recount(self, asked: Question, counted: Recounted, solution: Solution) -> float:
        """Return the longest travel time to the nearest station, in minutes."""
        minutes = counted.minutes_after
        assert minutes is not None  # the scenario gives `far_min`
        return float(minutes[(asked.demand.weight > 0) & np.isfinite(minutes)].max(initial=0.0))

    def clause(self, asked: Question, solution: Solution, *, proven: bool) -> Message | None:
        """Return the lower bound on the longest travel time."""
        if proven:
            return say(
                "Proven: within these limits no other choice of sites shortens the longest travel time to a station."
            )
        return say(
            "Within these limits no choice of sites reduces the longest travel time below {minutes} min.",
            minutes=down(solution.bound),
        )

    def infeasible(self, asked: Question) -> InfeasibleError | UndecidedError:
        """Return how many sites are needed to bring everybody within the longest travel time that is measured."""
        journeys, _ = journeys_of(asked)
        near = sparse.csr_array(
            (np.ones(journeys.minutes.nnz, dtype=bool), journeys.minutes.indices, journeys.minutes.indptr),
            shape=journeys.minutes.shape,
        )[asked.reachable]
        least = min_stations(
            near,
            np.ones(near.shape[0]),
            time_limit_s=asked.plan.time_limit_s,
            **asked.roles | {"costs": asked.sites.counted.astype(np.float64)},
        )
        what = say(
            "{new} new sites are not enough to bring all workers within {minutes} min of a station.",
            new=asked.plan.new or 0,
            minutes=f"{journeys.far_min:g}",
        )
        return InfeasibleError(what, [say("{count} new sites are enough.", count=round(least.objective))])

    def notes(self, asked: Question, solution: Solution) -> tuple[Message, ...]:
        """Return how many workers are excluded from the longest travel time as no station or candidate is in reach."""
        journeys, _ = journeys_of(asked)
        left_out = float(asked.coverage.weight[~asked.reachable[journeys.origin]].sum())
        if not left_out:
            return ()
        return (
            say(
                "{workers} workers have no open and suitable station or candidate within {minutes} min; the longest "
                "travel time excludes them.",
                minutes=f"{journeys.far_min:g}",
                workers=f"{left_out:.1f}" if left_out < 10 else round(left_out),
            ),
        )

    def figures(
        self,
        demand: Demand,
        counted: Recounted,
        served: Served | None,
        far_min: float | None,
    ) -> tuple[KeyFigure, ...]:
        """Return the longest travel time to a station."""
        return travel_figures(demand, counted, far_min, longest=True)
