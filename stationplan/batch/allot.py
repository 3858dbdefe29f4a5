"""One number of new sites, or one budget, spread over the units of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from stationplan.access import cover_rows, site_times
from stationplan.batch.units import Unit
from stationplan.choice import choose
from stationplan.domain import FloatArray, IntArray, Solution
from stationplan.errors import FaultList, say
from stationplan.prepared import Prepared
from stationplan.question import question
from stationplan.scenario import PlanInput

Allocation = Literal["equal", "per-worker", "optimal"]
"""How a number or a budget is spread: as much for each unit, by their workers, or so that all together is best."""


def allotted(
    ready: Prepared, units: Sequence[Unit], how: Allocation, *, workers: int
) -> tuple[list[PlanInput], Solution | None]:
    """Return the question of each unit, with its part of number and budget, and the joint answer where it was asked.

    Parts of a number are whole (largest remainder first; Hamilton 1792). ``optimal`` asks the question of all units
    together, with its floors and other rules, and gives each unit what the best answer builds there: no other way to
    spread it covers more than that answer's bound.

    Raises
    ------
    InputError
        There is nothing to spread, or the question has phases.
    InfeasibleError, UndecidedError
        As for a question about the whole.
    """
    plan = ready.file.plan
    faults = FaultList(ready.file_name)
    if plan.phases:
        faults.add(
            say("A plan in phases is not spread over units."),
            say("Leave out --allocate: each unit is then asked the whole question."),
            key="plan.phases",
        )
    if plan.new is None and plan.budget is None:
        faults.add(say("There is nothing to spread over the units."), say("Give `new`, `budget` or both."), key="plan")
    faults.raise_any()
    if how == "optimal":
        solution = _joint(ready, workers=workers)
        unit_of = _unit_of(ready, units)
        built = unit_of[solution.sites]
        counted = ready.sites.counted[solution.sites]
        count = np.bincount(built[counted], minlength=len(units))
        money = np.bincount(built, ready.sites.cost[solution.sites], minlength=len(units))
        return [_with(plan, int(new), float(cost)) for new, cost in zip(count, money, strict=True)], solution
    demand = ready.demand
    by_district = np.bincount(demand.district, demand.workers.sum(axis=(1, 2)), minlength=len(ready.area.districts))
    weight = np.array([by_district[unit.districts].sum() if how == "per-worker" else 1.0 for unit in units])
    share = weight / weight.sum() if weight.sum() > 0 else np.full(len(units), 1 / len(units))
    count = np.zeros(len(units), dtype=np.int64) if plan.new is None else apportioned(plan.new, share)
    return [
        _with(plan, int(new), (plan.budget or 0.0) * float(part)) for new, part in zip(count, share, strict=True)
    ], None


def apportioned(number: int, share: FloatArray) -> IntArray:
    """Return whole parts of a number by shares that add up to one: rounded down, the rest by largest remainder.

    >>> apportioned(10, np.array([0.5, 0.26, 0.24])).tolist()
    [5, 3, 2]
    """
    exact = number * share
    parts = np.floor(exact + 1e-9).astype(np.int64)
    order = np.lexsort((np.arange(len(share)), -(exact - parts)))
    parts[order[: number - int(parts.sum())]] += 1
    return parts


def _with(plan: PlanInput, new: int, budget: float) -> PlanInput:
    """Return a question with its part of a number, or of a budget; what the whole has no limit of stays so."""
    return plan.model_copy(
        update={
            "new": None if plan.new is None else new,
            "budget": None if plan.budget is None else budget,
        }
    )


def _joint(ready: Prepared, *, workers: int) -> Solution:
    """Return the best answer to the question of the whole."""
    plan, demand, sites = ready.file.plan, ready.demand, ready.sites
    times = site_times(
        ready.network,
        ready.cell_snap,
        ready.site_snap,
        demand.groups,
        walk_kmh=ready.file.roads.speed_kmh["walk"],
        far_min=plan.far_min or 0.0,
        workers=workers,
    )
    coverage = cover_rows(demand, sites, times, far_min=plan.far_min)
    names = tuple(ready.area.districts["name"].astype(str))
    return choose(question(plan, demand, sites, coverage, districts=names))


def _unit_of(ready: Prepared, units: Sequence[Unit]) -> IntArray:
    """Return the unit of each site, -1 for none."""
    of_district = np.full(len(ready.area.districts) + 1, -1, dtype=np.int64)
    for number, unit in enumerate(units):
        of_district[unit.districts] = number
    return of_district[ready.sites.district]
