"""Records of what a siting model answers."""

from __future__ import annotations

from dataclasses import dataclass

from stationplan.domain.base import FloatArray, IntArray, Record, Termination


@dataclass(frozen=True)
class FrontierPoint:
    """The best that ``new`` sites can do: what is reached (NaN: nothing keeps the rules) and a limit on it."""

    new: int
    objective: float
    bound: float


@dataclass(frozen=True)
class Phase:
    """A part of a plan that is built before the next one: how many new sites, and what is reached when they stand.

    ``objective`` is reached by this and all earlier phases; ``bound`` limits what any plan could reach by then.
    """

    new: int
    objective: float
    bound: float


@dataclass(frozen=True, eq=False)
class Solution(Record):
    """What a siting model answers.

    ``sites`` are column indices of the new sites in build order, best marginal gain first. ``objective`` is what the
    model maximises, re-evaluated from the raw matrix; ``bound`` is a proven limit on the best objective; ``gap`` is
    ``(bound - objective) / objective`` (0 when both are 0, ``inf`` when only the objective is). For ``infeasible``
    there are no sites and objective, bound and gap are NaN; a ``time_limit`` without an answer has the objective NaN.
    A model that minimises has its bound below: ``gap`` is the distance of the two over the objective. ``time_s`` is
    what the answer took. ``closed`` are existing sites that close. ``phases`` divide ``sites``,
    whose build order then is that of the phases; without phases it is empty.
    """

    sites: IntArray
    objective: float
    bound: float
    gap: float
    termination: Termination
    method: str
    time_s: float
    closed: IntArray
    phases: tuple[Phase, ...] = ()


@dataclass(frozen=True, eq=False)
class Served(Record):
    """Who finds room at the stations: ``before[row]`` and ``after[row]`` workers of each row of the coverage.

    ``load[site, slot]`` are the workers that each site serves with the plan.
    """

    before: FloatArray
    after: FloatArray
    load: FloatArray
