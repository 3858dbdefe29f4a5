"""The allocation of one number of new sites, or of one budget, to the units of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from stationplan.access import cover_rows
from stationplan.batch.units import Unit
from stationplan.domain import FloatArray, IntArray, Solution
from stationplan.errors import FaultList, say
from stationplan.planning.aims import aim_of
from stationplan.planning.choose import choose
from stationplan.planning.prepare import Prepared
from stationplan.planning.question import question
from stationplan.scenario import PlanInput

Allocation = Literal["equal", "per-worker", "optimal"]
"""How a number or a budget is allocated: equally, in proportion to workers, or optimally for all units together."""


def allotted(
    ready: Prepared, units: Sequence[Unit], how: Allocation, *, workers: int
) -> tuple[list[PlanInput], float | None]:
    """Return the question of each unit, with its share of number and budget, and an upper bound on joint coverage.

    Shares of a number are integers (largest remainder method; Hamilton 1792). ``optimal`` solves the question for all
    units together, with its floors and other rules, and gives each unit what the solution builds there. No other
    allocation covers more workers than the bound of this solution, which is returned if the aim is to maximise covered
    workers, and ``None`` otherwise. Targets of the whole are then removed from the questions of the units. If districts
    have floors, the sites of the solution are required in the units instead.

    Raises
    ------
    InputError
        There is nothing to allocate, or the question has phases or closures.
    InfeasibleError, UndecidedError
        As for a question about the whole study (``optimal``).
    """
    plan = ready.file.plan
    faults = FaultList(ready.file_name)
    if plan.phases:
        faults.add(
            say("A plan with phases cannot be allocated to units."),
            say("Omit --allocate: each unit is then planned with the full requirements."),
            key="plan.phases",
        )
    if plan.close:
        faults.add(
            say("Closures cannot be allocated to units."),
            say("Omit --allocate: each unit is then planned with the full requirements."),
            key="plan.close",
        )
    if plan.new is None and plan.budget is None:
        faults.add(say("There is nothing to allocate to the units."), say("Set `new`, `budget` or both."), key="plan")
    faults.raise_any()
    if how == "optimal":
        solution, counts_heads = _joint(ready, workers=workers)
        built = _unit_of(ready, units)[solution.sites]
        alone = plan.model_copy(update={"target_share": 0.0, "cross_target_share": 0.0})
        questions = []
        for number in range(len(units)):
            mine = solution.sites[built == number]
            question = _with(alone, int(ready.sites.counted[mine].sum()), float(ready.sites.cost[mine].sum()))
            if plan.floor_share:
                sites = [ready.sites.site_id[site] for site in mine]
                question = question.model_copy(update={"floor_share": 0.0, "required": sites})
            questions.append(question)
        return questions, solution.bound if counts_heads else None
    demand = ready.demand
    by_district = np.bincount(demand.district, demand.workers.sum(axis=(1, 2)), minlength=len(ready.area.districts))
    weight = np.array([by_district[unit.districts].sum() if how == "per-worker" else 1.0 for unit in units])
    share = weight / weight.sum() if weight.sum() > 0 else np.full(len(units), 1 / len(units))
    count = np.zeros(len(units), dtype=np.int64) if plan.new is None else apportioned(plan.new, share)
    return [
        _with(plan, int(new), (plan.budget or 0.0) * float(part)) for new, part in zip(count, share, strict=True)
    ], None


def apportioned(number: int, share: FloatArray) -> IntArray:
    """Return integer parts of a number by shares that sum to one: rounded down, the rest by largest remainder.

    >>> apportioned(10, np.array([0.5, 0.26, 0.24])).tolist()
    [5, 3, 2]
    """
    exact = number * share
    parts = np.floor(exact + 1e-9).astype(np.int64)
    order = np.lexsort((np.arange(len(share)), -(exact - parts)))
    parts[order[: number - int(parts.sum())]] += 1
    return parts


def _with(plan: PlanInput, new: int, budget: float) -> PlanInput:
    """Return a question with its share of the number and of the budget; a limit that is not given stays so."""
    return plan.model_copy(
        update={
            "new": None if plan.new is None else new,
            "budget": None if plan.budget is None else budget,
        }
    )


def _joint(ready: Prepared, *, workers: int) -> tuple[Solution, bool]:
    """Return the solution for the whole study, and whether its bound is one on covered workers."""
    plan, demand, sites = ready.file.plan, ready.demand, ready.sites
    times = ready.access.times(demand.groups, far_min=plan.far_min or 0.0, workers=workers)
    coverage = cover_rows(demand, sites, times, far_min=plan.far_min)
    names = tuple(ready.area.districts["name"].astype(str))
    asked = question(plan, demand, sites, coverage, districts=names)
    return choose(asked), aim_of(plan.aim).maximises_coverage and not asked.weighted


def _unit_of(ready: Prepared, units: Sequence[Unit]) -> IntArray:
    """Return the number of the unit of each site, -1 for none."""
    of_district = np.full(len(ready.area.districts) + 1, -1, dtype=np.int64)
    for number, unit in enumerate(units):
        of_district[unit.districts] = number
    return of_district[ready.sites.district]
