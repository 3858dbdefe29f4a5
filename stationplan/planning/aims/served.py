"""The most workers served by stations of limited capacity: capacitated maximal covering location."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np
from scipy import sparse

from stationplan.domain import Demand, FloatArray, KeyFigure, Recounted, Served, Solution
from stationplan.errors import FaultList, InfeasibleError, Message, UndecidedError, say
from stationplan.planning.aims.aim import Aim
from stationplan.planning.aims.registry import register
from stationplan.planning.feasibility import floor_missed
from stationplan.planning.question import Question
from stationplan.scenario import PlanInput
from stationplan.siting import assign, capacitated_coverage
from stationplan.text.catalogue import number, percent_up

_HALVINGS = 12
"""Bisection steps for the share that every district can have served: to about 1/4000 of the requested share."""


@register
class ServedAim(Aim):
    """Capacity of the stations: a worker is served once, by one station, in each time slot."""

    id = "served"
    name = say("most workers served within the capacity of stations")
    meaning = "the most workers served by stations of limited `capacity`"
    accepts: ClassVar[frozenset[str]] = frozenset({"new", "budget", "floor_share"})
    needs_capacity = True
    counts_workers = False
    leads = True

    def check(self, plan: PlanInput, given: Mapping[str, bool], faults: FaultList) -> None:
        """Add a fault for each key that does not apply.

        With heat, a worker could weigh more than the one unit of capacity that he takes.
        """
        if given["heat"]:
            faults.add(
                say("Capacity counts workers and cannot be combined with heat weights."),
                say("Omit `heat`, or use the aim of most coverage: `aim = 'coverage'`."),
                key="plan.aim",
            )
        super().check(plan, {**given, "heat": False}, faults)

    def ask(self, asked: Question) -> Solution:
        """Return the sites whose stations, with the existing ones, serve the most workers."""
        return capacitated_coverage(
            asked.coverage.cover,
            asked.coverage.weight,
            asked.sites.capacity,
            slot=asked.coverage.slot,
            p=asked.plan.new,
            budget=asked.plan.budget,
            district=asked.ends["district"],
            floor=asked.ends["floor"],
            time_limit_s=asked.plan.time_limit_s,
            **asked.roles,
        )

    def recount(self, asked: Question, counted: Recounted, solution: Solution) -> float:
        """Return NaN: counts of stations do not determine who is served."""
        return math.nan

    def clause(self, asked: Question, solution: Solution, *, proven: bool) -> Message | None:
        """Return by what share another choice could serve more workers."""
        if proven:
            return say("Proven: within these limits no other choice of sites serves more workers within capacity.")
        if math.isfinite(solution.gap):
            return say(
                "Within these limits no other choice of sites serves more than {gap} more workers within capacity.",
                gap=percent_up(solution.gap),
            )
        return None

    def infeasible(self, asked: Question) -> InfeasibleError | UndecidedError:
        """Return the floor as infeasible, with a share that can be served in every district."""
        return floor_missed(asked, self._common_floor(asked))

    def floor_share(self, plan: PlanInput, solution: Solution) -> float:
        """Return 0: the floors of this aim apply to served workers, not to coverage."""
        return 0.0

    def served(self, asked: Question, solution: Solution) -> Served | None:
        """Return the workers served by the stations, today and with a solution."""
        coverage, sites = asked.coverage, asked.sites
        today = np.flatnonzero(sites.existing)
        cover, weight, slot = coverage.cover, coverage.weight, coverage.slot
        before = assign(cover, weight, sites.capacity, today, slot=slot)
        after = assign(
            cover,
            weight,
            sites.capacity,
            np.concatenate([today, solution.sites]),
            slot=slot,
            district=asked.ends["district"],
            floor=asked.ends["floor"],
        )
        row, site = after.tocoo().coords
        load = np.zeros(sites.open.shape)
        np.add.at(load, (site, slot[row]), after.data)
        return Served(before=_row_sums(before), after=_row_sums(after), load=load)

    def figures(
        self, demand: Demand, counted: Recounted, served: Served | None, far_min: float | None
    ) -> tuple[KeyFigure, ...]:
        """Return the served workers out of all workers; travel times instead if the scenario requests them."""
        travel = super().figures(demand, counted, served, far_min)
        if travel or served is None:
            return travel
        before, after = float(served.before.sum()), float(served.after.sum())
        return (
            KeyFigure(
                say("Workers served within capacity"),
                say("{before} → {after}", before=number(before), after=number(after)),
                say("{total} workers in all", total=number(float(demand.workers.sum()))),
            ),
        )

    def _common_floor(self, asked: Question) -> float:
        """Return a share that can be served in every district, by bisection below the requested one."""
        low, high = 0.0, asked.plan.floor_share
        for _ in range(_HALVINGS):
            share = (low + high) / 2
            limit = asked.plan.time_limit_s / _HALVINGS
            tried = replace(asked, plan=asked.plan.model_copy(update={"floor_share": share, "time_limit_s": limit}))
            low, high = (low, share) if np.isnan(self.ask(tried).objective) else (share, high)
        return low


def _row_sums(matrix: sparse.csr_array) -> FloatArray:
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
