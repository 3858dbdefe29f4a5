"""One study from its scenario to its plan: reads, connects, covers, chooses, explains."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from stationplan.access import connect, cover_rows, islands, network_of, site_times
from stationplan.choice import choose
from stationplan.domain import (
    MODES,
    BoolArray,
    Coverage,
    DatumDecision,
    Demand,
    Density,
    Host,
    InputFile,
    Mode,
    Plan,
    Quality,
    RoadNetwork,
    Sites,
    Snap,
    Solution,
)
from stationplan.errors import ConsistencyError, FaultList, InputError, Message, say
from stationplan.explain import finished, why_here, why_not
from stationplan.inputs import decide_datums, place, read_roads, read_tables
from stationplan.postgis import is_database, shown_url
from stationplan.question import curve, question, reached
from stationplan.recount import recount_stations
from stationplan.robust import Robust, robustness
from stationplan.scenario import Scenario
from stationplan.surfaces import surface_of, timed

_log = logging.getLogger(__name__)

STEPS = 9
"""Number of steps that :func:`run` reports."""

DENSITY_STEPS = 3
"""Number of steps that :func:`density` reports."""

Progress = Callable[[float, Message], None]
"""Called as each step begins, with its number from 0 and what it does."""


class _Clock:
    """Reports steps as they begin and keeps their seconds."""

    def __init__(self, progress: Progress | None) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def step(self, key: str, message: Message) -> Iterator[None]:
        """Time a block and tell that it begins."""
        if self._progress is not None:
            self._progress(len(self.seconds), message)
        _log.info("%s", message)
        begin = time.perf_counter()
        yield
        self.seconds[key] = round(time.perf_counter() - begin, 3)


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
    file, plan = scenario.file, scenario.file.plan
    clock = _Clock(progress)
    notes: list[Message] = []
    with clock.step("inputs", say("Reading districts, cells and sites")):
        tables = read_tables(scenario)
        if tables.faults:
            raise InputError(tables.faults)
    with clock.step("roads", say("Reading roads")):
        arcs = read_roads(scenario)
        inputs = place(tables, decide_datums(tables, arcs), arcs, scenario)
        area, sites = inputs.area, inputs.sites
        assert sites is not None  # a scenario for planning has candidates
        notes.extend(inputs.notes)
        if inputs.demand.outside:
            notes.append(say("Cells outside every district, set aside: {count}.", count=inputs.demand.outside))
        notes.extend(arcs.notes)
        roads = network_of(arcs, crs=area.crs)
    with clock.step("demand", say("Placing workers")):
        surface = surface_of(scenario, inputs, arcs)
        notes.extend(surface.notes)
        demand = timed(scenario, surface, inputs)
    with clock.step("connect", say("Connecting cells and sites to the roads")):
        modes = [mode for mode in MODES if mode == "walk" or any(group.mode == mode for group in demand.groups)]
        network, snap = connect(
            roads,
            np.concatenate([demand.x, sites.x]),
            np.concatenate([demand.y, sites.y]),
            modes=modes,
            max_snap_m=file.roads.max_snap_m,
            min_component_nodes=file.roads.min_component_nodes,
        )
        _tell_islands(roads, modes, file.roads.min_component_nodes, notes)
        cell_snap, site_snap = _parts(snap, len(demand.cell_id))
        unsnapped = _unsnapped(cell_snap, site_snap, demand, sites.existing, file.roads.max_snap_m, notes)
    walk_kmh = file.roads.speed_kmh["walk"]
    with clock.step("times", say("Measuring travel times")):
        times = site_times(network, cell_snap, site_snap, demand.groups, walk_kmh=walk_kmh, workers=workers)
    with clock.step("coverage", say("Counting coverage")):
        coverage = cover_rows(demand, sites, times)
        _require_reach(coverage, sites, scenario)
    with clock.step("siting", say("Choosing sites")):
        asked = question(plan, demand, sites, coverage, districts=len(area.districts))
        solution = choose(asked)
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
        points = curve(asked)
    with clock.step("robustness", say("Choosing again for uncertain demand")):
        robust = robustness(
            plan, demand, sites, coverage, solution.sites, districts=len(area.districts), workers=workers
        )
        notes.extend(_robust_notes(robust))
    with clock.step("explaining", say("Explaining each site")):
        standing = np.flatnonzero(sites.existing)
        before = recount_stations(demand, sites, times, standing)
        after = before + recount_stations(demand, sites, times, solution.sites)
        after -= recount_stations(demand, sites, times, solution.closed)
        _agree(reached(asked, demand, after, solution), solution)
        built = finished(demand, sites, coverage, solution, plan=plan, districts=len(area.districts))
        why = why_here(built, network=network, cell_snap=cell_snap, site_snap=site_snap, walk_kmh=walk_kmh)
        doubted = [sites.site_id.index(site) for site in plan.explain]
    return Plan(
        name=file.name.text,
        notice=file.notice.text if file.notice is not None else None,
        synthetic=file.synthetic,
        area=area,
        surface=surface,
        network=roads,
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
        why=why,
        why_not=why_not(built, doubted, cases=why, site_snap=site_snap),
        robustness=robust.share,
        robustness_draws=robust.answered,
        counts={
            "cells": len(demand.cell_id),
            "cells_outside": inputs.demand.outside,
            "existing": int(sites.existing.sum()),
            "candidates": int((~sites.existing).sum()),
            "proposed": len(solution.sites),
            **unsnapped,
            "network_nodes": roads.node_count,
            "network_arcs": roads.arc_count,
        },
        notes=tuple(notes),
        scenario_toml=scenario.toml,
        scenario_fingerprint=scenario.fingerprint,
        inputs=_provenance(scenario, inputs.quality, inputs.datums),
        quality=inputs.quality,
        datums=inputs.datums,
        sources=(f"{roads.source} {roads.date}".strip(),) if roads.source or roads.date else (),
        map_options=file.map.options,
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
    clock = _Clock(progress)
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
        inputs=_provenance(scenario, inputs.quality, inputs.datums),
        quality=inputs.quality,
        datums=inputs.datums,
        sources=(source,) if source else (),
        map_options=file.map.options,
        timings_s=clock.seconds,
    )


def _parts(snap: Snap, cells: int) -> tuple[Snap, Snap]:
    """Split the snap of cells and sites together into one of each."""
    return (
        Snap(
            {mode: node[:cells] for mode, node in snap.node.items()},
            {mode: off[:cells] for mode, off in snap.offroad_m.items()},
        ),
        Snap(
            {mode: node[cells:] for mode, node in snap.node.items()},
            {mode: off[cells:] for mode, off in snap.offroad_m.items()},
        ),
    )


_MODE_NAMES: dict[Mode, Message] = {"walk": say("for walking"), "ebike": say("for e-bikes"), "car": say("for cars")}


def _tell_islands(roads: RoadNetwork, modes: Sequence[Mode], min_nodes: int, notes: list[Message]) -> None:
    """Note the parts of the roads that are too small for cells and sites to meet."""
    for mode in modes:
        parts, nodes = islands(roads, mode, min_nodes)
        if parts:
            notes.append(
                say(
                    "Road islands of fewer than {limit} nodes {mode}, to which nothing connects: {parts}, with {nodes} "
                    "of {total} nodes.",
                    limit=min_nodes,
                    mode=_MODE_NAMES[mode],
                    parts=parts,
                    nodes=nodes,
                    total=int((roads.component[mode] >= 0).sum()),
                )
            )


def _unsnapped(
    cells: Snap, sites: Snap, demand: Demand, existing: BoolArray, max_snap_m: float, notes: list[Message]
) -> dict[str, int]:
    """Count cells and sites that no mode can reach, and note for each mode what it cannot reach."""
    modes = list(dict.fromkeys(group.mode for group in demand.groups))
    for mode in modes:
        members = [g for g, group in enumerate(demand.groups) if group.mode == mode]
        lost_cells, lost_sites = cells.node[mode] < 0, sites.node[mode] < 0
        if lost_cells.any() or lost_sites.any():
            notes.append(
                say(
                    "No road {mode} within {limit} m of {cells} cells ({workers} workers, counted as uncovered), "
                    "{existing} existing stations and {candidates} candidates.",
                    mode=_MODE_NAMES[mode],
                    limit=round(max_snap_m),
                    cells=int(lost_cells.sum()),
                    workers=round(float(demand.workers[lost_cells][:, members].sum()), 1),
                    existing=int((lost_sites & existing).sum()),
                    candidates=int((lost_sites & ~existing).sum()),
                )
            )
    lost_cells = np.all([cells.node[mode] < 0 for mode in modes], axis=0)
    lost_sites = np.all([sites.node[mode] < 0 for mode in modes], axis=0)
    counts = {
        "unsnapped_cells": int(lost_cells.sum()),
        "unsnapped_existing": int((lost_sites & existing).sum()),
        "unsnapped_candidates": int((lost_sites & ~existing).sum()),
    }
    return {"unsnapped": sum(counts.values()), **counts}


def _require_reach(coverage: Coverage, sites: Sites, scenario: Scenario) -> None:
    free = ~sites.existing & ~sites.forbidden
    if coverage.cover[:, np.flatnonzero(free)].nnz == 0 and not scenario.file.plan.close:
        faults = FaultList(scenario.path.name)
        faults.add(
            say("No candidate is within reach of any worker."),
            say("Check the candidates' coordinates and datum, their hours, and the groups' standards."),
            key="candidates",
        )
        faults.raise_any()


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


def _provenance(
    scenario: Scenario, quality: Sequence[Quality], datums: Sequence[DatumDecision]
) -> tuple[InputFile, ...]:
    """Return every input with its hash; the scenario's own file first. A file in several roles is read once."""
    files = {path for _, path, _ in scenario.inputs if not is_database(path)}
    digests = {path: _sha256(scenario.locate(path)) for path in files}
    tables = {item.role: item.sha256 for item in quality}
    used = {item.role: item.used for item in datums}
    return (
        InputFile(scenario.path.name, _sha256(scenario.path), "scenario", ""),
        *(
            InputFile(shown_url(path), tables.get(role, ""), role, used.get(role, datum))
            if is_database(path)
            else InputFile(path, digests[path], role, used.get(role, datum))
            for role, path, datum in scenario.inputs
        ),
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
