"""Records of the results of a siting model."""

from __future__ import annotations

from dataclasses import dataclass

from stationplan.domain.base import FloatArray, IntArray, Record, Termination


@dataclass(frozen=True)
class FrontierPoint:
    """Best result with ``new`` sites: the objective (NaN: no choice satisfies the rules) and a bound on it."""

    new: int
    objective: float
    bound: float


@dataclass(frozen=True)
class Phase:
    """A phase of a plan, built before the next phase: the number of new sites and the objective reached with them.

    ``objective`` is reached by this and all earlier phases together; ``bound`` limits what any plan could reach by
    then.
    """

    new: int
    objective: float
    bound: float


@dataclass(frozen=True)
class Stage:
    """One stage of a lexicographic model: the value reached, and a proven bound given the values of earlier stages."""

    objective: float
    bound: float


@dataclass(frozen=True, eq=False)
class Solution(Record):
    """Result of a siting model.

    ``sites`` are column indices of the new sites in build order, best marginal gain first. ``objective`` is the value
    that the model maximises, re-evaluated from the raw matrix; ``bound`` is a proven limit on the best objective;
    ``gap`` is ``(bound - objective) / objective`` (0 when both are 0, ``inf`` when only the objective is). For
    ``infeasible`` there are no sites and objective, bound and gap are NaN; a ``time_limit`` without a solution has the
    objective NaN. For a model that minimises, the bound is a lower bound, and ``gap`` is the absolute difference of the
    two over the objective. ``time_s`` is the solution time in seconds. ``closed`` are existing sites that close.
    ``phases`` divide ``sites``, whose build order is then that of the phases; it is empty without phases. ``stages``
    are those of a lexicographic model that were begun; such a solution is ``optimal`` only if all of them are proven.
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
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, eq=False)
class Served(Record):
    """Workers served within the capacity of the stations: ``before[row]`` and ``after[row]`` for each coverage row.

    ``load[site, slot]`` is the number of workers that each site serves with the plan.
    """

    before: FloatArray
    after: FloatArray
    load: FloatArray
