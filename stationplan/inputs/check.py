"""Checks of inputs before a study is run: what happened to each record, and the datums of the coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stationplan.domain import DatumDecision, Quality
from stationplan.errors import Fault, InputError, say
from stationplan.geo import metric_crs_problem
from stationplan.inputs.areas import missing_districts, read_districts
from stationplan.inputs.assemble import decide_datums, place, read_tables
from stationplan.inputs.datums.decisions import decide, evidence_of_points
from stationplan.inputs.demand.cells import CellTable, read_cells
from stationplan.inputs.demand.observed import ObservedTable, read_observed
from stationplan.inputs.roads.sources import read_road_files, read_roads
from stationplan.inputs.sites.placing import LEFT_OUT
from stationplan.inputs.sites.rows import PlaceTable, TableRules, read_sites
from stationplan.inputs.tables.columns import FIELD_NAMES
from stationplan.inputs.tables.source import Located, RefusedTable
from stationplan.scenario import (
    CURE_CRS,
    AreaInput,
    DemandInput,
    Limits,
    Scenario,
    SitesInput,
    TableSource,
    default_groups,
    default_hosts,
    default_slots,
    needs_datum,
    unfit_crs,
)

Role = Literal["stations", "candidates", "demand", "observed", "districts"]
"""The role in which a table is checked."""


@dataclass(frozen=True)
class Check:
    """What happened to the records of each input, their datums, and the faults for which a study would reject them."""

    quality: tuple[Quality, ...]
    datums: tuple[DatumDecision, ...]
    refused: tuple[Fault, ...]

    @property
    def others(self) -> tuple[Fault, ...]:
        """Faults for which a study would be rejected that are not findings of a table."""
        told = {id(finding) for item in self.quality for finding in item.findings}
        return tuple(fault for fault in self.refused if id(fault) not in told)


def check_scenario(scenario: Scenario) -> Check:
    """Return the check of a scenario's inputs; nothing is planned.

    Raises
    ------
    InputError
        A file does not exist.
    """
    tables = read_tables(scenario, lenient=True)
    refused = list(tables.faults)
    roads = None
    if scenario.file.roads.given:
        try:
            roads = read_roads(scenario)
        except InputError as error:
            refused.extend(error.faults)
    decisions = decide_datums(tables, roads)
    quality = tables.quality
    if not refused:
        try:
            quality = place(tables, decisions, roads, scenario).quality
        except InputError as error:
            refused.extend(error.faults)
    file = scenario.file
    sources = {"stations": file.stations, "candidates": file.candidates, **file.demand.sources}
    strict = {role for role, table in sources.items() if table is not None and table.bad_rows == "refuse"}
    usable = [item for item in quality if item not in tables.refused]
    refused.extend(fault for item in usable if item.role in strict for fault in unusable(item))
    return Check(quality, tuple(decisions.values()), tuple(refused))


def unusable(quality: Quality) -> list[Fault]:
    """Return the findings because of which a row of a table cannot be used in any study."""
    return [finding for finding in quality.findings if finding.action == "set_aside" and finding.code not in LEFT_OUT]


def check_table(
    path: Path,
    role: Role,
    *,
    source: Mapping[str, object],
    columns: Mapping[str, str],
    merge_duplicates: bool,
    district_list: Path | None,
    roads: Path | None,
    limits: Limits,
) -> Check:
    """Return the check of one table without a scenario.

    ``source`` holds keys of a scenario's table of inputs (``sheet``, ``layer``, ``datum``, ``crs`` ...), ``columns``
    headers by field. Host types are the default ones; values that a scenario would supply (hours, hosts, costs) may be
    missing. ``roads`` are evidence of the datum, ``district_list`` names the districts that are expected.

    Raises
    ------
    InputError
        The CRS (``crs``) is unknown or not in metres, or the datum of the roads is not known. Faults of the table
        itself do not raise; they are part of the result.
    """
    rules = TableRules(default_hosts(), FIELD_NAMES, limits, complete=False, lenient=True)
    keys = {**source, "file": path.name, "columns": dict(columns)}
    crs = str(source.get("crs", ""))
    if crs and metric_crs_problem(crs) is not None:
        raise InputError([Fault(unfit_crs(crs), CURE_CRS, None, None, "--crs")])
    if roads is not None and needs_datum(roads.name):
        what = say("The datum of these roads is unknown.")
        cure = say("Save them first with `stationplan roads`, which asks for the datum.")
        raise InputError([Fault(what, cure, roads.name, None, "--roads")])
    try:
        if role == "districts":
            return _check_districts(path, {**source, **columns}, district_list, limits)
        table: CellTable | PlaceTable | ObservedTable
        if role == "demand":
            table = read_cells(Located(DemandInput.model_validate(keys), path), ("population", "jobs"), rules)
        elif role == "observed":
            counted = Located(TableSource.model_validate(keys), path)
            table = read_observed(counted, rules, default_groups(), default_slots())
        else:
            given = SitesInput.model_validate({**keys, "merge_duplicates": merge_duplicates})
            table = read_sites(Located(given, path), role, rules)
    except RefusedTable as error:
        return Check((error.quality,), (), error.faults)
    except InputError as error:
        return Check((Quality(role, path.name, None, 0, 0, error.faults),), (), error.faults)
    evidence = None
    if roads is not None:
        evidence = evidence_of_points(
            table.lon, table.lat, read_road_files([roads], datum="wgs84", layer=None, limits=limits)
        )
    decision = decide(role, table.datum, evidence)
    return Check((table.quality,), (decision,), tuple(unusable(table.quality)))


def _check_districts(path: Path, source: Mapping[str, object], district_list: Path | None, limits: Limits) -> Check:
    fields = ("id", "name", "name_en", "prefecture")
    keys = {
        key: value
        for key, value in source.items()
        if key in (*fields, "sheet", "sheets", "header_row", "layer", "datum", "accept")
    }
    if len(keys) < len(source):
        what = say("Unknown field {field} in `columns`.", field=", ".join(sorted(set(source) - set(keys))))
        raise InputError([Fault(what, say("Fields of this table: {fields}.", fields=", ".join(fields)), path.name)])
    given = AreaInput.model_validate({**keys, "file": path.name})
    area = read_districts(Located(given, path), limits)
    quality = [area.quality]
    refused: tuple[Fault, ...] = ()
    if district_list is not None:
        listed = Located(AreaInput(file=district_list.name), district_list)
        try:
            quality.append(missing_districts(listed, given, area, limits))
        except InputError as error:
            refused = error.faults
    return Check(tuple(quality), (decide("area", area.datum, None),), refused)
