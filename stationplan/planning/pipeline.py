"""One study from its scenario to its plan: reads, connects, covers, chooses, explains."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stationplan.access import cover_rows, site_times
from stationplan.domain import (
    MODES,
    WALK,
    BoolArray,
    Coverage,
    Density,
    Host,
    Mode,
    Plan,
    Sites,
    Solution,
)
from stationplan.errors import ConsistencyError, FaultList, InputError, Message, say
from stationplan.inputs import decide_datums, place, read_roads, read_tables
from stationplan.planning.audit import audit_of
from stationplan.planning.choose import choose
from stationplan.planning.explain import finished, why_here, why_not
from stationplan.planning.prepare import Prepared, provenance
from stationplan.planning.progress import Progress, StepClock
from stationplan.planning.question import Question, curve, question, reached, room
from stationplan.planning.recount import recount_minutes, recount_stations
from stationplan.planning.robustness import Robust, robustness
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
"""The answer where there are no workers."""

STEPS = 9
"""Number of steps that :func:`run` reports."""

DENSITY_STEPS = 3
"""Number of steps that :func:`density` reports."""


def run(scenario: Scenario, *, workers: int = 1, progress: Progress | None = None) -> Plan:
    """Return the plan of a scenario.

    ``workers`` threads search the roads; the plan does not depend on their number.

    Raises
    ------
    InputError
        An input is missing or wrong; all its faults at once.
    InfeasibleError
        Floors, a target or required sites cannot be met; says what could be.
    UndecidedError
        Time ran out before that was known either way.
    """
    clock = StepClock(progress)
    return plan_of(ready_for(scenario, clock), clock, workers=workers)


def plan_of(ready: Prepared, clock: StepClock, *, workers: int = 1, lenient: bool = False) -> Plan:
    """Return the plan of a study that is ready for its question; see :func:`run`.

    With ``lenient`` a study without workers, in which no candidate reaches anybody, or whose money buys nothing has a
    plan without new sites.
    """
    file, plan, notes = ready.file, ready.file.plan, list(ready.notes)
    area, demand, sites = ready.area, ready.demand, ready.sites
    network, cell_snap, site_snap = ready.network, ready.cell_snap, ready.site_snap
    straight = ready.straight
    unsnapped = _unsnapped(ready, notes)
    notes.extend(_straight_notes(ready))
    walk_kmh = file.roads.speed_kmh[WALK]
    with clock.step("times", say("Measuring travel times")):
        times = site_times(
            network,
            cell_snap,
            site_snap,
            demand.groups,
            walk_kmh=walk_kmh,
            far_min=plan.far_min or 0.0,
            straight=straight,
            workers=workers,
        )
    with clock.step("coverage", say("Counting coverage")):
        coverage = cover_rows(demand, sites, times, far_min=plan.far_min)
        if not (_reaches(coverage, sites) or plan.close):
            if not lenient:
                raise _out_of_all_reach(ready)
            notes.append(say("No candidate is within reach of any worker."))
    with clock.step("siting", say("Choosing sites")):
        districts = tuple(area.districts["name"].astype(str))
        asked = question(plan, demand, sites, coverage, districts=districts)
        solution = choose(asked, lenient=lenient) if asked.total > 0 or not lenient else _NOTHING
        if solution.termination == "time_limit":
            notes.append(say("The solver ran out of time: another run may end with another plan."))
        if len(solution.closed):
            closing = ", ".join(sites.site_id[site] for site in solution.closed)
            notes.append(say("Existing stations that close: {ids}.", ids=closing))
        if plan.number is not None and len(solution.sites) < plan.number and plan.aim == "coverage":
            notes.append(
                say(
                    "{count} sites are proposed where {new} were asked for: more would add nobody, or cost too much.",
                    count=len(solution.sites),
                    new=plan.number,
                )
            )
        if plan.money is None and not sites.counted[solution.sites].all():
            notes.append(
                say("Longer hours and what else is no new site have no limit: give a `budget` if they shall have one.")
            )
        if plan.aim == "center":
            notes.extend(_out_of_reach(asked))
        points = curve(asked)
    with clock.step("robustness", say("Choosing again for uncertain demand")):
        robust = robustness(plan, demand, sites, coverage, solution.sites, districts=districts, workers=workers)
        notes.extend(_robust_notes(robust))
    with clock.step("explaining", say("Explaining each site")):
        standing = np.flatnonzero(sites.existing)
        before = recount_stations(demand, sites, times, standing)
        after = before + recount_stations(demand, sites, times, solution.sites)
        after -= recount_stations(demand, sites, times, solution.closed)
        minutes_before, minutes_after = None, None
        if plan.far_min is not None:
            minutes_before = recount_minutes(demand, sites, times, standing, far_min=plan.far_min)
            built_too = np.concatenate([np.setdiff1d(standing, solution.closed), solution.sites])
            minutes_after = recount_minutes(demand, sites, times, built_too, far_min=plan.far_min)
        _agree(reached(asked, demand, after, minutes_after, solution), solution)
        built = finished(demand, sites, coverage, solution, plan=plan, districts=len(area.districts))
        why = why_here(
            built, network=network, cell_snap=cell_snap, site_snap=site_snap, walk_kmh=walk_kmh, straight=straight
        )
        audit = audit_of(
            demand,
            sites,
            times,
            coverage,
            before=before,
            after=after,
            closed=solution.closed,
            site_snap=site_snap,
            part=bool(ready.part),
        )
        scorecard = scorecard_of(
            file.scorecard,
            demand,
            sites,
            coverage,
            solution.sites,
            solution.closed,
            network=network,
            cell_snap=cell_snap,
            site_snap=site_snap,
            straight=straight,
            walk_kmh=walk_kmh,
            workers=workers,
        )
        doubted = [sites.site_id.index(site) for site in plan.explain]
    return Plan(
        name=file.name.text,
        notice=file.notice.text if file.notice is not None else None,
        synthetic=file.synthetic,
        area=area,
        surface=ready.surface,
        network=ready.roads,
        straight=np.zeros(len(area.districts), dtype=bool) if straight is None else straight.districts,
        demand=demand,
        sites=sites,
        hosts=tuple(Host(key, host.name.text) for key, host in file.hosts.items()),
        coverage=coverage,
        aim=plan.aim,
        weighted=asked.weighted,
        solution=solution,
        phase_names=tuple(phase.name.text for phase in plan.phases),
        frontier=points,
        actions={key: action.name.text for key, action in file.actions.items()},
        stations_before=before,
        stations_after=after,
        minutes_before=minutes_before,
        minutes_after=minutes_after,
        served=room(asked, solution),
        why=why,
        why_not=why_not(built, doubted, cases=why, site_snap=site_snap, straight=straight),
        audit=audit,
        scorecard=scorecard,
        robustness=robust.share,
        robustness_draws=robust.answered,
        counts={
            "cells": len(demand.cell_id),
            "cells_outside": ready.outside,
            "existing": int(sites.existing.sum()),
            "candidates": int((~sites.existing).sum()),
            "proposed": len(solution.sites),
            **unsnapped,
            "straight_cells": 0 if straight is None else int(straight.cells.sum()),
            "network_nodes": ready.roads.node_count,
            "network_arcs": ready.roads.arc_count,
        },
        notes=tuple(notes),
        scenario_toml=ready.scenario_toml,
        scenario_fingerprint=ready.scenario_fingerprint,
        inputs=ready.inputs,
        quality=ready.quality,
        datums=ready.datums,
        sources=ready.sources,
        map_options=file.map.options,
        part=ready.part,
        timings_s=clock.seconds,
    )


def density(
    scenario: Scenario, *, progress: Progress | None = None, features: Callable[[float], None] | None = None
) -> Density:
    """Return where the workers of a scenario are, with every feature that its inputs give.

    ``features`` is told the share of the features that is done, 0 to 1.

    Raises
    ------
    InputError
        An input is missing or wrong; all its faults at once.
    """
    file = scenario.file
    clock = StepClock(progress)
    with clock.step("inputs", say("Reading districts, cells and counts")):
        tables = read_tables(scenario)
        if tables.faults:
            raise InputError(tables.faults)
    with clock.step("roads", say("Reading roads")):
        arcs = read_roads(scenario) if file.roads.given else None
        inputs = place(tables, decide_datums(tables, arcs), arcs, scenario)
    with clock.step("demand", say("Placing workers")):
        surface = surface_of(scenario, inputs, arcs, every=True, progress=features)
    outside = inputs.demand.outside
    told = [say("Cells outside every district, set aside: {count}.", count=outside)] if outside else []
    source = "" if arcs is None else f"{arcs.source} {arcs.date}".strip()
    return Density(
        name=file.name.text,
        notice=file.notice.text if file.notice is not None else None,
        synthetic=file.synthetic,
        area=inputs.area,
        surface=surface,
        demand=timed(scenario, surface, inputs),
        notes=(*inputs.notes, *told, *(() if arcs is None else arcs.notes), *surface.notes),
        scenario_toml=scenario.toml,
        scenario_fingerprint=scenario.fingerprint,
        inputs=provenance(scenario, inputs.quality, inputs.datums),
        quality=inputs.quality,
        datums=inputs.datums,
        sources=(source,) if source else (),
        map_options=file.map.options,
        timings_s=clock.seconds,
    )


def _straight_notes(ready: Prepared) -> list[Message]:
    """Note how much of a study is measured in straight lines."""
    straight = ready.straight
    if straight is None:
        return []
    return [
        say(
            "No roads in {districts} of {all} districts: the ways of {workers} workers in {cells} cells there are "
            "straight lines x {detour}.",
            districts=int(straight.districts.sum()),
            all=len(straight.districts),
            workers=round(float(ready.demand.workers[straight.cells].sum()), 1),
            cells=int(straight.cells.sum()),
            detour=f"{straight.detour:g}",
        )
    ]


def _unsnapped(ready: Prepared, notes: list[Message]) -> dict[str, int]:
    """Count cells and sites that no mode can reach, and note for each mode what it cannot reach.

    What lies in districts without roads, whose ways are straight lines, is not among them.
    """
    demand, existing, straight = ready.demand, ready.sites.existing, ready.straight

    def lost_to(mode: Mode) -> tuple[BoolArray, BoolArray]:
        lost_cells, lost_sites = ready.cell_snap.node[mode] < 0, ready.site_snap.node[mode] < 0
        if straight is None:
            return lost_cells, lost_sites
        return lost_cells & ~straight.cells, lost_sites & ~straight.sites

    modes = list(dict.fromkeys(group.mode for group in demand.groups))
    for mode in modes:
        members = [g for g, group in enumerate(demand.groups) if group.mode == mode]
        lost_cells, lost_sites = lost_to(mode)
        if lost_cells.any() or lost_sites.any():
            notes.append(
                say(
                    "No road {mode} within {limit} m of {cells} cells ({workers} workers, counted as uncovered), "
                    "{existing} existing stations and {candidates} candidates.",
                    mode=MODES[mode].purpose,
                    limit=round(ready.file.roads.max_snap_m),
                    cells=int(lost_cells.sum()),
                    workers=round(float(demand.workers[lost_cells][:, members].sum()), 1),
                    existing=int((lost_sites & existing).sum()),
                    candidates=int((lost_sites & ~existing).sum()),
                )
            )
    lost_cells, lost_sites = (np.all(points, axis=0) for points in zip(*map(lost_to, modes), strict=True))
    counts = {
        "unsnapped_cells": int(lost_cells.sum()),
        "unsnapped_existing": int((lost_sites & existing).sum()),
        "unsnapped_candidates": int((lost_sites & ~existing).sum()),
    }
    return {"unsnapped": sum(counts.values()), **counts}


def _reaches(coverage: Coverage, sites: Sites) -> bool:
    """Return whether a candidate that may be built reaches anybody."""
    free = ~sites.existing & ~sites.forbidden
    return bool(coverage.cover[:, np.flatnonzero(free)].nnz)


def _out_of_all_reach(ready: Prepared) -> InputError:
    faults = FaultList(ready.file_name)
    faults.add(
        say("No candidate is within reach of any worker."),
        say("Check the candidates' coordinates and datum, their hours, and the groups' standards."),
        key="candidates",
    )
    return InputError(faults.faults)


def _out_of_reach(asked: Question) -> list[Message]:
    """Note who is left out of the longest way, as no station or candidate is within reach."""
    journeys = asked.coverage.journeys
    assert journeys is not None  # the plan is about ways
    left_out = float(asked.coverage.weight[~asked.reachable[journeys.origin]].sum())
    if not left_out:
        return []
    return [
        say(
            "No station or candidate that is open to them is within {minutes} min of {workers} workers: the longest "
            "way leaves them out.",
            minutes=f"{journeys.far_min:g}",
            workers=f"{left_out:.1f}" if left_out < 10 else round(left_out),
        )
    ]


def _robust_notes(robust: Robust) -> list[Message]:
    notes = []
    if robust.unmet:
        notes.append(
            say(
                "In {count} of {asked} draws of the demand no plan meets the floor or the target.",
                count=robust.unmet,
                asked=robust.answered + robust.unmet,
            )
        )
    if robust.undecided:
        notes.append(
            say(
                "In {count} of {asked} draws of the demand the solver ran out of time: robustness may change.",
                count=robust.undecided,
                asked=robust.answered + robust.unmet,
            )
        )
    return notes


def _agree(recounted: float, solution: Solution) -> None:
    if abs(recounted - solution.objective) > 1e-6 * max(1.0, recounted):
        raise ConsistencyError(f"the plan reaches {recounted} by recount, {solution.objective} by the solver")
