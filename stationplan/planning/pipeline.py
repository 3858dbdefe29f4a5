"""One study from its scenario to its plan: solve the siting models, check the solution, assemble the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from stationplan.access import cover_rows
from stationplan.domain import (
    AimResult,
    Coverage,
    Density,
    FrontierPoint,
    Host,
    Plan,
    Recounted,
    Robustness,
    Solution,
    TravelTimes,
)
from stationplan.domain.base import Record
from stationplan.errors import ConsistencyError, FaultList, InputError, Message, say
from stationplan.inputs import decide_datums, place, read_roads, read_tables
from stationplan.planning.aims import Aim, aim_of
from stationplan.planning.audit import audit_of
from stationplan.planning.choose import choose
from stationplan.planning.explain import finished, why_here, why_not
from stationplan.planning.intervals import share_ranges
from stationplan.planning.notes import answer_notes, robustness_notes, straight_notes, unsnapped_counts, unsnapped_notes
from stationplan.planning.prepare import Prepared, study_of
from stationplan.planning.progress import Progress, StepClock
from stationplan.planning.proof import proof
from stationplan.planning.question import Question, curve, question
from stationplan.planning.recount import recount_minutes, recount_stations
from stationplan.planning.road_lines import road_lines
from stationplan.planning.robustness import robustness
from stationplan.planning.scorecard import scorecard_of
from stationplan.planning.subset import ready_for
from stationplan.planning.surface import surface_of, timed
from stationplan.scenario import Scenario

_NOTHING = Solution(
    sites=np.empty(0, dtype=np.int64),
    objective=0.0,
    bound=0.0,
    gap=0.0,
    termination="optimal",
    method="nobody is there",
    time_s=0.0,
    closed=np.empty(0, dtype=np.int64),
)
"""The solution where there are no workers."""

STEPS = 9
"""Number of steps that :func:`run` reports."""

DENSITY_STEPS = 3
"""Number of steps that :func:`density` reports."""


@dataclass(frozen=True, eq=False)
class Answer(Record):
    """The results of the siting models for the question of a study, with everything that they are based on.

    ``frontier`` holds what other numbers of sites could cover; ``notes`` are notes on the solution for the reader.
    """

    aim: Aim
    times: TravelTimes
    coverage: Coverage
    question: Question
    solution: Solution
    frontier: tuple[FrontierPoint, ...]
    robustness: Robustness
    notes: tuple[Message, ...]


def run(scenario: Scenario, *, workers: int = 1, progress: Progress | None = None) -> Plan:
    """Return the plan of a scenario.

    ``workers`` is the number of threads that compute travel times; the plan does not depend on it.

    Raises
    ------
    InputError
        An input is missing or invalid; all its faults are reported together.
    InfeasibleError
        Floors, a target or required sites cannot be met; the error states what is feasible.
    UndecidedError
        The time limit was reached before feasibility was known.
    """
    clock = StepClock(progress)
    return plan_of(ready_for(scenario, clock), clock, workers=workers)


def plan_of(ready: Prepared, clock: StepClock, *, workers: int = 1, lenient: bool = False) -> Plan:
    """Return the plan of a prepared study; see :func:`run`.

    With ``lenient``, the plan has no new sites, instead of an error, if there are no workers, if no candidate reaches
    any worker, or if the budget pays for no candidate.
    """
    answer = ask(ready, clock, workers=workers, lenient=lenient)
    with clock.step("explaining", say("Explaining each site")):
        plan = tell(ready, answer, check(ready, answer), workers=workers)
    return with_timings(plan, clock.seconds)


def ask(ready: Prepared, clock: StepClock, *, workers: int = 1, lenient: bool = False) -> Answer:
    """Return the results of the siting models for the question of a study, and for draws of its demand.

    Raises
    ------
    InputError
        No candidate is within reach of any worker, and ``lenient`` is false.
    InfeasibleError, UndecidedError
        As for :func:`run`.
    """
    plan, demand, sites = ready.file.plan, ready.demand, ready.sites
    aim, notes = aim_of(plan.aim), []
    with clock.step("times", say("Calculating travel times")):
        times = ready.access.times(demand.groups, far_min=plan.far_min or 0.0, workers=workers)
    with clock.step("coverage", say("Calculating coverage")):
        coverage = cover_rows(demand, sites, times, far_min=plan.far_min)
        candidates = np.flatnonzero(~sites.existing & ~sites.forbidden)
        if not (coverage.cover[:, candidates].nnz or plan.close):
            if not lenient:
                raise _out_of_all_reach(ready)
            notes.append(say("No worker is within reach of any candidate."))
    with clock.step("siting", say("Selecting sites")):
        districts = tuple(ready.area.districts["name"].astype(str))
        asked = question(plan, demand, sites, coverage, districts=districts)
        solution = choose(asked, lenient=lenient) if asked.total > 0 or not lenient else _NOTHING
        frontier = curve(asked)
    with clock.step("robustness", say("Selecting sites under uncertain demand")):
        robust = robustness(plan, demand, sites, coverage, solution.sites, districts=districts, workers=workers)
    return Answer(
        aim=aim,
        times=times,
        coverage=coverage,
        question=asked,
        solution=solution,
        frontier=frontier,
        robustness=robust,
        notes=(*notes, *answer_notes(aim, asked, solution), *robustness_notes(robust)),
    )


def check(ready: Prepared, answer: Answer) -> Recounted:
    """Return the coverage of a plan, recounted from travel times by code that it does not share with the solver.

    Raises
    ------
    ConsistencyError
        The recount and the solver disagree on the objective.
    """
    demand, sites, times, solution = ready.demand, ready.sites, answer.times, answer.solution
    today, far_min = np.flatnonzero(sites.existing), ready.file.plan.far_min
    before = recount_stations(demand, sites, times, today)
    after = before + recount_stations(demand, sites, times, solution.sites)
    after -= recount_stations(demand, sites, times, solution.closed)
    minutes_before, minutes_after = None, None
    if far_min is not None:
        open_then = np.concatenate([np.setdiff1d(today, solution.closed), solution.sites])
        minutes_before = recount_minutes(demand, sites, times, today, far_min=far_min)
        minutes_after = recount_minutes(demand, sites, times, open_then, far_min=far_min)
    counted = Recounted(before, after, minutes_before, minutes_after)
    there = bool((demand.weight > 0).any())
    reached = answer.aim.recount(answer.question, counted, solution) if there else 0.0
    if abs(reached - solution.objective) > 1e-6 * max(1.0, reached):  # never true for NaN: not determined by the counts
        raise ConsistencyError(f"the plan reaches {reached} by recount, {solution.objective} by the solver")
    return counted


def tell(ready: Prepared, answer: Answer, counted: Recounted, *, workers: int = 1) -> Plan:
    """Return the complete plan: proposed sites, explanations, proof, and everything that its outputs report."""
    file, demand, sites, access = ready.file, ready.demand, ready.sites, ready.access
    straight = access.straight
    plan, solution, coverage = file.plan, answer.solution, answer.coverage
    built = finished(demand, sites, coverage, solution, plan=plan, districts=len(ready.area.districts))
    why = why_here(built, access)
    doubted = [sites.site_id.index(site) for site in plan.explain]
    audit = audit_of(
        demand,
        sites,
        answer.times,
        coverage,
        before=counted.stations_before,
        after=counted.stations_after,
        closed=solution.closed,
        access=access,
        part=bool(ready.study.part),
    )
    scorecard = scorecard_of(
        file.scorecard,
        demand,
        sites,
        coverage,
        solution.sites,
        solution.closed,
        access=access,
        workers=workers,
    )
    served = answer.aim.served(answer.question, solution)
    notes = (*ready.study.notes, *unsnapped_notes(ready), *straight_notes(ready), *answer.notes)
    return Plan(
        density=Density(study=replace(ready.study, notes=notes), surface=ready.surface, demand=demand),
        roads=road_lines(ready.roads),
        straight=np.zeros(len(ready.area.districts), dtype=bool) if straight is None else straight.districts,
        sites=sites,
        hosts=tuple(Host(key, host.name.text) for key, host in file.hosts.items()),
        actions={key: action.name.text for key, action in file.actions.items()},
        coverage=coverage,
        aim=AimResult(
            id=answer.aim.id,
            name=answer.aim.name,
            proof=proof(answer.aim, answer.question, solution),
            figures=answer.aim.figures(demand, counted, served, plan.far_min),
            leads=answer.aim.leads,
        ),
        solution=solution,
        phase_names=tuple(phase.name.text for phase in plan.phases),
        frontier=answer.frontier,
        recounted=counted,
        share_ranges=share_ranges(demand, counted, len(ready.area.districts)),
        served=served,
        why=why,
        why_not=why_not(built, doubted, cases=why, access=access),
        audit=audit,
        scorecard=scorecard,
        robustness=answer.robustness,
        counts={
            "cells": len(demand.cell_id),
            "cells_outside": ready.outside,
            "existing": int(sites.existing.sum()),
            "candidates": int((~sites.existing).sum()),
            "proposed": len(solution.sites),
            **unsnapped_counts(ready),
            "straight_cells": 0 if straight is None else int(straight.cells.sum()),
            "network_nodes": ready.roads.node_count,
            "network_arcs": ready.roads.arc_count,
        },
    )


def with_timings(plan: Plan, timings_s: Mapping[str, float]) -> Plan:
    """Return a plan with the duration of each step in seconds."""
    study = replace(plan.study, timings_s=timings_s)
    return replace(plan, density=replace(plan.density, study=study))


def density(
    scenario: Scenario, *, progress: Progress | None = None, features: Callable[[float], None] | None = None
) -> Density:
    """Return the demand surface of a scenario, with every feature that its inputs provide.

    ``features`` is called with the share of the features that is done, from 0 to 1.

    Raises
    ------
    InputError
        An input is missing or invalid; all its faults are reported together.
    """
    clock = StepClock(progress)
    with clock.step("inputs", say("Reading districts, cells and counts")):
        tables = read_tables(scenario)
        if tables.faults:
            raise InputError(tables.faults)
    with clock.step("roads", say("Reading roads")):
        arcs = read_roads(scenario) if scenario.file.roads.given else None
        inputs = place(tables, decide_datums(tables, arcs), arcs, scenario)
    with clock.step("demand", say("Estimating the distribution of workers")):
        surface = surface_of(scenario, inputs, arcs, every=True, progress=features)
    outside = inputs.demand.outside
    left_out = [say("Cells outside the study area, excluded: {count}.", count=outside)] if outside else []
    source = "" if arcs is None else f"{arcs.source} {arcs.date}".strip()
    return Density(
        study=study_of(
            scenario,
            inputs,
            notes=(*inputs.notes, *left_out, *(() if arcs is None else arcs.notes), *surface.notes),
            sources=(source,) if source else (),
            timings_s=clock.seconds,
        ),
        surface=surface,
        demand=timed(scenario, surface, inputs),
    )


def _out_of_all_reach(ready: Prepared) -> InputError:
    faults = FaultList(ready.file_name)
    faults.add(
        say("No worker is within reach of any candidate."),
        say(
            "Check the coordinates and datum of the candidates, their opening hours, and the service standards of "
            "the groups."
        ),
        key="candidates",
    )
    return InputError(faults.faults)
