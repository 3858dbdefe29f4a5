"""All inputs of a scenario: read, their datums determined, and placed in the study area."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace

import numpy as np

from stationplan.domain import (
    BoolArray,
    DatumDecision,
    ObjectArray,
    Quality,
    RoadArcs,
    Sites,
    StudyArea,
)
from stationplan.errors import Fault, FaultList, InputError, Message, say
from stationplan.geo import to_wgs84
from stationplan.inputs.areas import (
    AreaTable,
    area_around,
    missing_districts,
    polygons_of,
    polygons_to_wgs84,
    read_districts,
    study_area,
)
from stationplan.inputs.datums.decisions import datum_used, decide, evidence_of_points, fault_of, shifted
from stationplan.inputs.datums.evidence import Evidence, weigh_by_points
from stationplan.inputs.datums.file_crs import CONFLICT, LOOKS_GCJ02
from stationplan.inputs.demand.demand_inputs import DemandInputs, DemandTables, place_demand, read_demand
from stationplan.inputs.demand.draws import refuse_draws
from stationplan.inputs.demand.plausible import IMPLAUSIBLE
from stationplan.inputs.roads.sources import districts_without, long_road_notes, refuse_far_roads
from stationplan.inputs.sites.candidates import grid_places, osm_places
from stationplan.inputs.sites.placing import LEFT_OUT, place_sites
from stationplan.inputs.sites.row_hours import hours_policy
from stationplan.inputs.sites.rows import PlaceTable, TableRules, read_sites
from stationplan.inputs.tables.cleaning import code_key
from stationplan.inputs.tables.columns import FIELD_NAMES, with_names
from stationplan.inputs.tables.points import coordinates
from stationplan.inputs.tables.source import Attempts, check_datum, locate, quality_of, read_fields, read_table
from stationplan.inputs.tables.table import PAIRS, Wanted
from stationplan.scenario import Scenario, SitesInput, Source, TableSource
from stationplan.text.names import role_name

_NOTED = frozenset({"overlap", CONFLICT, LOOKS_GCJ02, IMPLAUSIBLE})
"""Codes of findings on whole tables that readers of the plan should know too."""


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables that a scenario reads in addition to roads; each is ``None`` if not requested or not readable.

    ``faults`` are those for which a study is rejected; ``lists`` are the reports on tables that only check others,
    ``refused`` those on tables that were read but cannot be used.
    """

    demand: DemandTables
    stations: PlaceTable | None
    candidates: PlaceTable | None
    area: AreaTable | None
    forbidden: ObjectArray | None
    known: KnownPoints | None
    lists: tuple[Quality, ...]
    refused: tuple[Quality, ...]
    faults: tuple[Fault, ...]

    @property
    def quality(self) -> tuple[Quality, ...]:
        """What happened to the records of each table."""
        sites = [table.quality for table in (self.stations, self.candidates) if table is not None]
        area = [] if self.area is None else [self.area.quality]
        return (*self.demand.quality, *sites, *area, *self.lists, *self.refused)


@dataclass(frozen=True, eq=False)
class KnownPoints:
    """Points known to lie in districts, with the ids of the districts; WGS-84 degrees."""

    district_id: tuple[str, ...]
    lon: np.ndarray[tuple[int], np.dtype[np.float64]]
    lat: np.ndarray[tuple[int], np.dtype[np.float64]]
    quality: Quality


@dataclass(frozen=True, eq=False)
class Inputs:
    """All inputs of a study, in WGS-84 and in the study area, and what happened to the files' records.

    ``straight`` marks the districts in which routes are straight lines, because there are no roads.
    """

    area: StudyArea
    straight: BoolArray
    demand: DemandInputs
    sites: Sites | None
    notes: tuple[Message, ...]
    quality: tuple[Quality, ...]
    datums: tuple[DatumDecision, ...]


def read_tables(scenario: Scenario, *, lenient: bool = False) -> Tables:
    """Return the tables and polygons of a scenario, with all faults of all of them.

    With ``lenient``, rows that cannot be used are excluded, regardless of the scenario's settings.

    Raises
    ------
    InputError
        Files that do not exist, including roads, or names in the scenario that are unknown; all together.
    """
    file = scenario.file
    attempt = Attempts()
    for role, path, _ in scenario.inputs:
        attempt(lambda role=role, path=path: locate(scenario, Source(file=path), key=role))  # type: ignore[misc]
    attempt(lambda: _check_names(scenario))
    if attempt.faults:
        raise InputError(list({str(fault): fault for fault in attempt.faults}.values()))
    rules = TableRules(
        file.hosts,
        with_names(file.columns),
        file.limits,
        capacities=scenario.needs_capacity,
        lenient=lenient,
        hours=hours_policy(file),
        share_contacts=file.share_contacts,
    )
    area_input, given = file.area, file.candidates
    lists: list[Quality] = []

    def sites(role: str, source: SitesInput) -> PlaceTable | None:
        if source.osm is not None:
            return attempt(lambda: osm_places(scenario, source, role))
        if source.file is None:
            return None
        return attempt(lambda: read_sites(locate(scenario, source, key=role), role, rules))

    demand = read_demand(scenario, rules, attempt)
    stations = None if file.stations is None else sites("stations", file.stations)
    candidates = sites("candidates", given)
    area = None
    if area_input.file is not None:
        area = attempt(lambda: read_districts(locate(scenario, area_input, key="area"), file.limits, rules.names))
    if area_input.district_list is not None and area is not None:
        listed = Source(file=area_input.district_list)
        told = attempt(
            lambda: missing_districts(locate(scenario, listed, key="area.district_list"), area_input, area, file.limits)
        )
        lists += [] if told is None else [told]
    forbidden = None
    if given.forbidden_areas is not None:
        areas = attempt(lambda: _forbidden(scenario))
        if areas is not None:
            forbidden = areas[0]
            lists.append(areas[1])
    known = None
    if area_input.known_points is not None:
        known = attempt(lambda: _known_points(scenario, rules, area))
        lists += [] if known is None else [known.quality]
    return Tables(
        demand, stations, candidates, area, forbidden, known, tuple(lists), tuple(attempt.tables), tuple(attempt.faults)
    )


def decide_datums(tables: Tables, roads: RoadArcs | None) -> dict[str, DatumDecision]:
    """Return the decision on the datum of each table that was read, by role; roads are the evidence for points."""
    sites = {"stations": tables.stations, "candidates": tables.candidates}
    decisions = {}
    for role, table in {**tables.demand.placed, **sites}.items():
        if table is not None and any(row is not None for row in table.row):
            evidence = None if roads is None else evidence_of_points(table.lon, table.lat, roads)
            decisions[role] = decide(role, table.datum, evidence)
    if tables.area is not None:
        decisions["area"] = decide("area", tables.area.datum, _evidence_of_area(tables.area, tables.known))
    return decisions


def place(tables: Tables, decisions: dict[str, DatumDecision], roads: RoadArcs | None, scenario: Scenario) -> Inputs:
    """Return tables that were read without faults as the inputs of a study; without candidates, they have no sites.

    Raises
    ------
    InputError
        A datum is not declared, or is to be determined from evidence that does not show it; or sites do not fit the
        study area.
    """
    file = scenario.file
    stations, area = tables.stations, tables.area
    sites_of = {"stations": stations, "candidates": tables.candidates}
    read = {**tables.demand.placed, **sites_of, "area": area}
    names = {role: table.quality.file for role, table in read.items() if table is not None}
    faults = [fault_of(decision, names[role]) for role, decision in decisions.items()]
    found = [fault for fault in faults if fault is not None]
    if found:
        raise InputError(found)
    if area is None:
        cells = tables.demand.cells
        assert cells is not None  # a grid requires an area
        study = area_around(scenario, *shifted(cells.lon, cells.lat, decisions["demand"]))
    else:
        study = study_area(scenario, area, datum_used(decisions["area"]))
    if roads is not None:
        refuse_far_roads(roads, study, file.roads.single or file.roads.edges or scenario.path.name)
    demand = place_demand(tables.demand, decisions, study, scenario)
    refuse_draws(file.demand.draws, len(demand.cells.cell_id), len(file.groups), scenario.path.name)
    straight = np.zeros(len(study.districts), dtype=bool)
    if file.roads.missing == "straight":
        straight = districts_without(roads, study)
    candidates = tables.candidates
    if candidates is None and file.candidates.grid and (roads is not None or straight.any()):
        candidates = grid_places(file.candidates, roads, study, file.hosts, cells=demand.cells, straight=straight)
    sites: Sites | None = None
    quality: tuple[Quality, ...] = ()
    notes: tuple[Message, ...] = ()
    if candidates is not None:
        sites, quality, notes = place_sites(
            stations
            if stations is None or "stations" not in decisions
            else _shifted_places(stations, decisions["stations"]),
            candidates if "candidates" not in decisions else _shifted_places(candidates, decisions["candidates"]),
            study,
            scenario,
            forbidden=tables.forbidden,
        )
    doubts = [
        say("The datum of {role} is uncertain. {reason}", role=role_name(decision.role), reason=decision.reason)
        for decision in decisions.values()
        if decision.doubtful
    ]
    told = [*demand.quality, *quality, *([] if area is None else [area.quality]), *tables.lists]
    return Inputs(
        study,
        straight,
        demand,
        sites,
        (
            *demand.notes,
            *([] if roads is None else long_road_notes(roads, study)),
            *(() if stations is None else stations.notes),
            *(() if candidates is None else candidates.notes),
            *notes,
            *(note for item in told for note in quality_notes(item)),
            *(found.what for item in told for found in item.findings if found.code in _NOTED),
            *doubts,
        ),
        tuple(told),
        tuple(decisions.values()),
    )


def quality_notes(quality: Quality) -> list[Message]:
    """Return notes on a table for readers of the plan: records excluded, merged or repaired, values and columns unused.

    Places excluded because of their location are reported by :mod:`stationplan.inputs.sites.placing`.
    """
    here = replace(quality, findings=tuple(finding for finding in quality.findings if finding.code not in LEFT_OUT))
    counts: dict[str, int] = {
        "set_aside": here.count("set_aside"),
        "merged": here.count("merged"),
        "repaired": here.count("repaired"),
    }
    doubts = [*_unknown_hours(quality), *_unused_columns(quality)]
    if not any(counts.values()):
        return doubts
    return [
        *doubts,
        say(
            "{file}: of {rows} records, {set_aside} were excluded, {merged} merged, {repaired} repaired; see the "
            "sheet Data quality.",
            file=quality.file,
            rows=quality.rows,
            **counts,
        ),
    ]


def _unused_columns(quality: Quality) -> list[Message]:
    """Return a note on the columns of a table that are not used but look as if they should be."""
    unused = [str(finding.what.values["column"]) for finding in quality.findings if finding.code == "unused_column"]
    if not unused:
        return []
    return [
        say(
            "{file}: columns that may hold needed values are not used: {columns}. `stationplan check` shows how to use "
            "them.",
            file=quality.file,
            columns=", ".join(unused),
        )
    ]


def _unknown_hours(quality: Quality) -> list[Message]:
    """Return a note on the places of a table whose opening hours are not known, and what is assumed for them."""
    rows = {taken.source: taken.rows for taken in quality.defaults if taken.field == "hours"}
    assumed = {source: rows.get(source, 0) for source in ("unknown_host", "unknown_default", "unknown_closed")}
    value = next((taken.value for taken in quality.defaults if taken.source == "unknown_default"), "")
    notes = []
    if any(assumed.values()):
        told = {
            "file": quality.file,
            "count": sum(assumed.values()),
            "kept": quality.kept,
            "host": assumed["unknown_host"],
            "default": assumed["unknown_default"],
            "closed": assumed["unknown_closed"],
        }
        notes.append(
            say(
                "{file}: the opening hours of {count} of {kept} places are unknown. Assumed: those of the host type "
                "({host}), {value} ({default}), closed ({closed}).",
                **told,
                value=value,
            )
            if value
            else say(
                "{file}: the opening hours of {count} of {kept} places are unknown. Assumed: those of the host type "
                "({host}), closed ({closed}).",
                **{key: told[key] for key in told if key != "default"},
            )
        )
    if rows.get("closed"):
        notes.append(
            say(
                "{file}: {count} places are closed at present and count as closed.",
                file=quality.file,
                count=rows["closed"],
            )
        )
    return notes


def _shifted_places(table: PlaceTable, decision: DatumDecision) -> PlaceTable:
    lon, lat = shifted(table.lon, table.lat, decision)
    return replace(table, lon=lon, lat=lat)


def _evidence_of_area(area: AreaTable, known: KnownPoints | None) -> Evidence | None:
    if known is None:
        return None
    row = {code_key(district): i for i, district in enumerate(area.district_id)}
    inside = [i for i, district in enumerate(known.district_id) if code_key(district) in row]
    polygon = np.array([row[code_key(known.district_id[i])] for i in inside], dtype=np.int64)
    return weigh_by_points(area.polygons, polygon, known.lon[inside], known.lat[inside])


def _known_points(scenario: Scenario, rules: TableRules, area: AreaTable | None) -> KnownPoints:
    """Return the points known to lie in districts, with a finding for each whose id is that of no polygon."""
    given = scenario.file.area
    source = TableSource(file=given.known_points, datum=given.known_points_datum, accept=given.known_points_accept)
    fields = ("id", "lon", "lat", *PAIRS)
    wanted = Wanted(fields, ("id", "lon", "lat"), rules.names, geometry="points")
    located = locate(scenario, source, key="area.known_points")
    table, columns, faults = read_fields(
        located, wanted, rules.limits, role="area.known_points", prefix="known_points_"
    )
    faults.raise_any("refused", "set_aside")
    lon, lat = coordinates(table, columns, faults, crs=None, inside=True)
    faults.raise_any("refused", "set_aside")
    lon, lat = to_wgs84(lon, lat, datum=given.known_points_datum or "wgs84")
    ids = table.column(columns["id"])
    drawn = None if area is None else set(map(code_key, area.district_id))
    kept = len(ids)
    for i, district in enumerate(ids):
        if drawn is not None and code_key(district) not in drawn:
            kept -= 1
            faults.add(
                say("The district {id} has no polygon.", id=district),
                say("Write the same ids as in the file of polygons."),
                row=table.row_number[i],
                code="no_polygon",
                action="set_aside",
            )
    quality = quality_of("area.known_points", table, kept, faults, columns=columns)
    return KnownPoints(tuple(ids), lon, lat, quality)


def _forbidden(scenario: Scenario) -> tuple[ObjectArray, Quality]:
    """Return the polygons in which no station may be built, in WGS-84, and a report on those that were repaired."""
    given = scenario.file.candidates
    source = Source(file=given.forbidden_areas, datum=given.forbidden_datum, accept=given.forbidden_accept)
    table = read_table(
        locate(scenario, source, key="candidates.forbidden_areas"),
        Wanted((), geometry="polygons"),
        scenario.file.limits,
    )
    faults = FaultList(table.file)
    if table.shapes is None:
        faults.add(say("The file contains no polygons."), say("Provide polygons as GeoJSON."), code="no_shapes")
        faults.raise_any()
    check_datum(table, source, faults, prefix="forbidden_")
    polygons = polygons_of(table, [str(row) for row in table.row_number], faults)
    faults.raise_any("refused")
    quality = quality_of("candidates.forbidden_areas", table, len(polygons), faults)
    return polygons_to_wgs84(polygons, given.forbidden_datum or "wgs84"), quality


def _check_names(scenario: Scenario) -> None:
    faults = FaultList(scenario.path.name)
    for field in scenario.file.columns:
        if field not in FIELD_NAMES:
            near = difflib.get_close_matches(field, FIELD_NAMES, n=1)
            cure = say("Known fields: {known}.", known=", ".join(FIELD_NAMES))
            faults.add(
                say("Unknown field {field} in `columns`.", field=field),
                say("Did you mean {near}?", near=near[0]) if near else cure,
                key=f"columns.{field}",
            )
    faults.raise_any()
