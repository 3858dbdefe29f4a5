"""What an aim is: everything that a plan needs to know about what it optimises, in one object."""

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
"""Keys that an aim may refuse and that are not under [plan]."""


class Aim(ABC):
    """What a plan optimises; a subclass is one module of :mod:`stationplan.planning.aims` and says all about it.

    A subclass gives ``id`` (what a scenario calls it), ``name`` (what readers call it) and ``meaning`` (for the
    documentation of the key), and says how it is asked, how its objective is recounted, and what is proven. All
    else has a default: an aim about covered workers, with a number of new sites or a budget.
    """

    id: ClassVar[str]
    name: ClassVar[Message]
    meaning: ClassVar[str]

    accepts: ClassVar[frozenset[str]] = frozenset({"new", "budget", "heat"})
    """Keys of a scenario that have a meaning with the aim, of those of :func:`stationplan.scenario.plan.given_keys`."""

    needs_limit: ClassVar[bool] = True
    """Whether a number of new sites or a budget has to be given."""

    needs_capacity: ClassVar[bool] = False
    """Whether every site has to have a capacity."""

    counts_workers: ClassVar[bool] = True
    """Whether a plan that covers fewer workers is a worse one, other rules kept."""

    maximises_coverage: ClassVar[bool] = False
    """Whether the objective is the weight of the workers covered."""

    leads: ClassVar[bool] = False
    """Whether the aim's own figures come before those of every plan."""

    uses_gap: ClassVar[bool] = False
    """Whether the search may stop at the gap that the scenario allows."""

    @property
    def of_one_draw(self) -> Aim:
        """The aim that is asked of a single draw of the demand."""
        return self

    def check(self, plan: PlanInput, given: Mapping[str, bool], faults: FaultList) -> None:
        """Note what the aim lacks in a scenario, and what has no meaning with it."""
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
        """Return the answer of the siting model that the aim is about."""

    @abstractmethod
    def recount(self, asked: Question, counted: Recounted, solution: Solution) -> float:
        """Return the objective of a solution from counts that do not use the solver; NaN where they cannot tell it."""

    @abstractmethod
    def clause(self, asked: Question, solution: Solution, *, proven: bool) -> Message | None:
        """Return how far any other choice of sites could be better; ``None`` where that is not known.

        ``proven``: the solution is optimal; else its bound is finite. Limits are rounded away from the solution, so
        that they stay limits.
        """

    def infeasible(self, asked: Question) -> InfeasibleError | UndecidedError:
        """Return why a question has no answer, and what could be had instead."""
        return unmet_rule(asked)

    def missed(self, asked: Question, solution: Solution) -> InfeasibleError | None:
        """Return what an answer misses that the model itself does not keep."""
        return None

    def floor_share(self, plan: PlanInput, solution: Solution) -> float:
        """Return the share of each district that exchanges of one site for another have to keep covered."""
        return plan.floor_share

    def served(self, asked: Question, solution: Solution) -> Served | None:
        """Return who finds room at the stations, where that is what the aim is about."""
        return None

    def notes(self, asked: Question, solution: Solution) -> tuple[Message, ...]:
        """Return what readers should know of an answer besides its figures."""
        return ()

    def figures(
        self,
        demand: Demand,
        counted: Recounted,
        served: Served | None,
        far_min: float | None,
    ) -> tuple[KeyFigure, ...]:
        """Return the aim's own key figures; of any aim the mean travel time, where the scenario asks for it.

        ``far_min`` are the minutes up to which travel times are measured, ``None`` where they are not.
        """
        return travel_figures(demand, counted, far_min)


def travel_figures(
    demand: Demand, counted: Recounted, far_min: float | None, *, longest: bool = False
) -> tuple[KeyFigure, ...]:
    """Return the mean (or ``longest``) travel time to a station as a figure; none where it was not measured."""
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
    """Return the weight of the workers who have a station with the plan, [cell, group, slot]."""
    weight = asked.demand.weight
    return np.where(counted.stations_after > 0, weight, 0.0)
