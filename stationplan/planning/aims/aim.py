"""The base class of aims: everything that a plan needs to know about its objective, in one object."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from stationplan.domain import Demand, FloatArray, KeyFigure, Recounted, Served, Solution
from stationplan.errors import FaultList, InfeasibleError, Message, UndecidedError, say
from stationplan.planning.feasibility import unmet_rule
from stationplan.planning.question import Question
from stationplan.scenario import PlanInput
from stationplan.text.catalogue import number

_OF_OTHER_TABLES = frozenset({"actions", "fade_min", "heat"})
"""Keys outside [plan] that an aim may reject."""


class Aim(ABC):
    """An objective of a plan; each subclass is one module of :mod:`stationplan.planning.aims`.

    A subclass defines ``id`` (its name in scenarios), ``name`` (its name in outputs) and ``meaning`` (the text for the
    documentation of the key), and implements the solution, the recount of its objective and the statement of what is
    proven. Everything else has a default: an aim about covered workers, with a number of new sites or a budget.
    """

    id: ClassVar[str]
    name: ClassVar[Message]
    meaning: ClassVar[str]

    accepts: ClassVar[frozenset[str]] = frozenset({"new", "budget", "heat"})
    """Scenario keys that apply to the aim, out of those of :func:`stationplan.scenario.plan.given_keys`."""

    needs_limit: ClassVar[bool] = True
    """Whether a number of new sites or a budget is required."""

    needs_capacity: ClassVar[bool] = False
    """Whether every site needs a capacity."""

    counts_workers: ClassVar[bool] = True
    """Whether a plan that covers fewer workers is worse, the other rules being met."""

    maximises_coverage: ClassVar[bool] = False
    """Whether the objective is the weight of the workers covered."""

    leads: ClassVar[bool] = False
    """Whether the aim's own key figures are shown before the common ones."""

    uses_gap: ClassVar[bool] = False
    """Whether the search may stop at the optimality gap of the scenario."""

    @property
    def of_one_draw(self) -> Aim:
        """The aim used for a single draw of the demand."""
        return self

    def check(self, plan: PlanInput, given: Mapping[str, bool], faults: FaultList) -> None:
        """Add a fault for each key that the aim needs and the scenario lacks, and for each key that does not apply."""
        if self.needs_limit and plan.number is None and plan.money is None:
            faults.add(
                say("The plan sets neither a number of new sites nor a budget."),
                say("Set `new = 10` or `budget = 60000` (yuan), or both."),
                key="plan",
            )
        for key, there in given.items():
            if there and key not in self.accepts:
                faults.add(
                    say("`{key}` has no effect with `aim = {aim}`.", key=key, aim=repr(self.id)),
                    say("Omit it, or use the aim of most coverage: `aim = 'coverage'`."),
                    key="plan.aim" if key in _OF_OTHER_TABLES else f"plan.{key}",
                )

    @abstractmethod
    def ask(self, asked: Question) -> Solution:
        """Return the solution of the siting model of the aim."""

    @abstractmethod
    def recount(self, asked: Question, counted: Recounted, solution: Solution) -> float:
        """Return the objective of a solution, recounted without the solver; NaN if the counts do not determine it."""

    @abstractmethod
    def clause(self, asked: Question, solution: Solution, *, proven: bool) -> Message | None:
        """Return by how much any other choice of sites could be better; ``None`` if that is not known.

        With ``proven`` the solution is optimal; otherwise its bound is finite. Bounds are rounded away from the
        solution, so that they remain valid.
        """

    def infeasible(self, asked: Question) -> InfeasibleError | UndecidedError:
        """Return why a question has no solution, and what is feasible instead."""
        return unmet_rule(asked)

    def missed(self, asked: Question, solution: Solution) -> InfeasibleError | None:
        """Return the requirement that a solution violates because the model does not enforce it; ``None`` if none."""
        return None

    def floor_share(self, plan: PlanInput, solution: Solution) -> float:
        """Return the share of each district that must stay covered when one site is exchanged for another."""
        return plan.floor_share

    def served(self, asked: Question, solution: Solution) -> Served | None:
        """Return the workers served within the capacity of stations; ``None`` unless the aim is about capacity."""
        return None

    def notes(self, asked: Question, solution: Solution) -> tuple[Message, ...]:
        """Return notes on a solution for the reader, besides its figures."""
        return ()

    def figures(
        self,
        demand: Demand,
        counted: Recounted,
        served: Served | None,
        far_min: float | None,
    ) -> tuple[KeyFigure, ...]:
        """Return the aim's own key figures; by default the mean travel time, if the scenario requests it.

        ``far_min`` is the limit in minutes up to which travel times are measured, ``None`` if they are not.
        """
        return travel_figures(demand, counted, far_min)


def travel_figures(
    demand: Demand, counted: Recounted, far_min: float | None, *, longest: bool = False
) -> tuple[KeyFigure, ...]:
    """Return the mean (or ``longest``) travel time to a station as a key figure; empty if it was not measured."""
    if counted.minutes_before is None or counted.minutes_after is None or far_min is None:
        return ()
    workers = demand.workers
    there = workers > 0

    def value(minutes: FloatArray) -> str:
        known = there & np.isfinite(minutes)
        if not (known if longest else there).any():
            return "–"
        if longest:
            return number(float(minutes[known].max()), 1)
        return number(float(np.average(np.minimum(minutes, far_min)[there], weights=workers[there])), 1)

    def without(minutes: FloatArray) -> str:
        return number(float(workers[there & ~np.isfinite(minutes)].sum()))

    before, after = counted.minutes_before, counted.minutes_after
    note = say(
        "{workers} workers have no station within {minutes} min (today {today})",
        workers=without(after),
        minutes=number(far_min),
        today=without(before),
    )
    label = say("Longest travel time to a station (min)") if longest else say("Mean travel time to a station (min)")
    return (KeyFigure(label, say("{before} → {after}", before=value(before), after=value(after)), note),)


def recounted_coverage(asked: Question, counted: Recounted) -> FloatArray:
    """Return the weight of the workers whom a station covers with the plan, [cell, group, slot]."""
    weight = asked.demand.weight
    return np.where(counted.stations_after > 0, weight, 0.0)
