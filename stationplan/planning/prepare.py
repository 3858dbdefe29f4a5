"""A study prepared for planning: inputs read, workers placed, cells and sites connected to the roads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from stationplan.access import Access, access_of, islands, network_of, straight_of
from stationplan.domain import (
    MODES,
    WALK,
    DatumDecision,
    Demand,
    FloatArray,
    InputFile,
    Mode,
    Quality,
    RoadNetwork,
    Sites,
    Study,
    StudyArea,
    Surface,
)
from stationplan.domain.base import Record
from stationplan.errors import InputError, Message, say
from stationplan.inputs import Inputs, decide_datums, no_roads, place, read_roads, read_tables
from stationplan.planning.progress import StepClock
from stationplan.planning.scorecard import walker
from stationplan.planning.surface import surface_of, timed
from stationplan.scenario import Scenario, ScenarioFile
from stationplan.storage.database import is_database, shown_url


@dataclass(frozen=True, eq=False)
class Prepared(Record):
    """Everything that a plan is made from, independent of the question.

    ``roads`` is the road network as read; ``access`` connects cells and sites to it. ``outside`` is the number of cells
    outside the study area, which are excluded.
    """

    study: Study
    file: ScenarioFile
    file_name: str
    surface: Surface
    demand: Demand
    sites: Sites
    roads: RoadNetwork
    access: Access
    outside: int

    @property
    def area(self) -> StudyArea:
        """The districts of the study."""
        return self.study.area

    @cached_property
    def reach_m(self) -> float:
        """The longest straight-line distance (m) that any worker may travel to a station.

        It assumes the fastest road for all minutes of the worker, and also covers walking within the standard of the
        scorecard. It allows for roads whose stated length is shorter than their geometry, and is ``inf`` if a road is
        stated to take no time. In districts without roads, straight lines are used.
        """
        network, plan, straight_ways = self.access.network, self.file.plan, self.access.straight
        tail = network.tail
        straight = np.hypot(network.x[tail] - network.x[network.head], network.y[tail] - network.y[network.head])
        asked = [(group, plan.far_min or 0.0) for group in self.demand.groups]
        asked.append((walker(self.demand.groups[0], self.file.scorecard), 0.0))
        far = []
        for group, far_min in asked:
            minutes, metres = network.minutes[group.mode], network.metres[group.mode]
            open_arc = np.isfinite(minutes) & (straight > 0)
            fastest = _most(np.maximum(straight, metres)[open_arc], minutes[open_arc])
            longest_min = max(group.farthest_min, far_min)
            limit_m = group.cutoff_m if not far_min and group.fade_min is None else None
            if limit_m is None:
                far.append(longest_min * fastest)
            else:
                far.append(min(longest_min * fastest, limit_m * max(_most(straight[open_arc], metres[open_arc]), 1.0)))
            if straight_ways is not None:
                by_minutes = longest_min * straight_ways.metres_a_minute[group.mode]
                far.append(by_minutes if limit_m is None else min(by_minutes, limit_m / straight_ways.detour))
        return max(far)


def prepare(scenario: Scenario, clock: StepClock) -> Prepared:
    """Return the prepared study of a scenario: inputs read, workers placed, roads connected.

    Raises
    ------
    InputError
        An input is missing or invalid; all its faults are reported together.
    """
    file = scenario.file
    notes: list[Message] = []
    with clock.step("inputs", say("Reading districts, cells and sites")):
        tables = read_tables(scenario)
        if tables.faults:
            raise InputError(tables.faults)
    with clock.step("roads", say("Reading roads")):
        arcs = read_roads(scenario) if file.roads.given else None
        inputs = place(tables, decide_datums(tables, arcs), arcs, scenario)
        area, sites = inputs.area, inputs.sites
        assert sites is not None  # a scenario for planning has candidates
        notes.extend(inputs.notes)
        if inputs.demand.outside:
            notes.append(say("Cells outside the study area, excluded: {count}.", count=inputs.demand.outside))
        if arcs is not None:
            notes.extend(arcs.notes)
        roads = network_of(no_roads(file.modes) if arcs is None else arcs, crs=area.crs)
    with clock.step("demand", say("Estimating the distribution of workers")):
        surface = surface_of(scenario, inputs, arcs)
        notes.extend(surface.notes)
        demand = timed(scenario, surface, inputs)
    with clock.step("connect", say("Connecting cells and sites to the roads")):
        modes = file.modes
        notes.extend(_island_notes(roads, modes, file.roads.min_component_nodes))
        straight = straight_of(
            inputs.straight,
            demand,
            sites,
            detour=file.roads.detour,
            speed_kmh={mode: file.roads.straight_kmh(mode) for mode in modes},
        )
        access = access_of(
            roads,
            demand,
            sites,
            modes=modes,
            max_snap_m=file.roads.max_snap_m,
            min_component_nodes=file.roads.min_component_nodes,
            walk_kmh=file.roads.speed_kmh[WALK],
            straight=straight,
        )
    source = f"{roads.source} {roads.date}".strip()
    return Prepared(
        study=study_of(scenario, inputs, notes=notes, sources=(source,) if source else (), timings_s=clock.seconds),
        file=file,
        file_name=scenario.path.name,
        surface=surface,
        demand=demand,
        sites=sites,
        roads=roads,
        access=access,
        outside=inputs.demand.outside,
    )


def study_of(
    scenario: Scenario,
    inputs: Inputs,
    *,
    notes: Sequence[Message],
    sources: tuple[str, ...],
    timings_s: Mapping[str, float],
) -> Study:
    """Return the study record of a scenario and its inputs; ``sources`` are the sources of the roads."""
    file = scenario.file
    return Study(
        name=file.name.text,
        notice=file.notice.text if file.notice is not None else None,
        synthetic=file.synthetic,
        area=inputs.area,
        part=(),
        notes=tuple(notes),
        scenario_toml=scenario.toml,
        scenario_fingerprint=scenario.fingerprint,
        inputs=provenance(scenario, inputs.quality, inputs.datums),
        quality=inputs.quality,
        datums=inputs.datums,
        sources=sources,
        map_options=file.map.options,
        timings_s=timings_s,
    )


def _island_notes(roads: RoadNetwork, modes: Sequence[Mode], min_nodes: int) -> list[Message]:
    """Return a note for each mode with connected components too small for cells and sites to be connected to."""
    found = [(mode, *islands(roads, mode, min_nodes)) for mode in modes]
    return [
        say(
            "Small disconnected road components ({mode}, fewer than {limit} nodes), not used: {parts}, with {nodes} "
            "of {total} nodes.",
            limit=min_nodes,
            mode=MODES[mode].purpose,
            parts=parts,
            nodes=nodes,
            total=int((roads.component[mode] >= 0).sum()),
        )
        for mode, parts, nodes in found
        if parts
    ]


def provenance(
    scenario: Scenario, quality: Sequence[Quality], datums: Sequence[DatumDecision]
) -> tuple[InputFile, ...]:
    """Return every input with its SHA-256, the scenario file first; a file in several roles is read once."""
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
    """Return the SHA-256 of a file; of a file geodatabase, which is a folder, that of its files by name."""
    if path.is_dir():
        parts = [f"{item.name} {_sha256(item)}" for item in sorted(path.iterdir()) if item.is_file()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _most(above: FloatArray, below: FloatArray) -> float:
    """Return the largest ratio, ``inf`` if a divisor is 0."""
    with np.errstate(divide="ignore"):
        return float((above / below).max(initial=0.0))
