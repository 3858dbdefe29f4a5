"""All inputs that the table ``[demand]`` names: read, and placed in the study area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from stationplan.domain import (
    Cells,
    Count,
    DatumDecision,
    FloatArray,
    IntArray,
    Layer,
    Observed,
    Places,
    Quality,
    StudyArea,
    Totals,
)
from stationplan.errors import Fault, FaultList, Message, say
from stationplan.geo import Datum, cell_of, cell_outlines, project, to_wgs84, unproject
from stationplan.inputs.areas import district_of
from stationplan.inputs.datums.decisions import datum_used
from stationplan.inputs.demand.cells import CellTable, read_cells
from stationplan.inputs.demand.counting import in_columns, observed_workers
from stationplan.inputs.demand.grid import grid_cells
from stationplan.inputs.demand.heat import HeatTable, read_heat, temperatures
from stationplan.inputs.demand.hourly import profile_of
from stationplan.inputs.demand.layers import (
    KindTable,
    LayerTable,
    osm_kinds,
    placed_kinds,
    placed_layer,
    polygons_in_metres,
    read_kinds,
    read_layer,
)
from stationplan.inputs.demand.observed import ObservedTable, read_observed
from stationplan.inputs.demand.overlay import with_layers
from stationplan.inputs.demand.plausible import people_doubts
from stationplan.inputs.demand.rasters import raster_sums
from stationplan.inputs.demand.saved_models import SavedModel, read_model
from stationplan.inputs.demand.totals import TotalsTable, read_totals, totals_in
from stationplan.inputs.roads.elevation import node_heights
from stationplan.inputs.sites.rows import TableRules
from stationplan.inputs.tables.source import Attempts, locate
from stationplan.scenario import GroupInput, Scenario, ScenarioFile, Source, is_computed, is_raster

_UNITS = {"population": "people", "jobs": "jobs"}
"""Units of the counts with names known to this package, in a table of cells."""


@dataclass(frozen=True, eq=False)
class DemandTables:
    """The tables that ``[demand]`` names; each is ``None`` if not requested or not readable."""

    cells: CellTable | None
    layers: Mapping[str, LayerTable]
    places: KindTable | None
    totals: TotalsTable | None
    observed: ObservedTable | None
    heat: HeatTable | None

    @property
    def placed(self) -> dict[str, CellTable | LayerTable | KindTable | ObservedTable]:
        """The tables whose rows have coordinates, by role."""
        parts: dict[str, CellTable | LayerTable | KindTable | ObservedTable | None] = {
            "demand": self.cells,
            **{f"demand.counts.{name}": layer for name, layer in self.layers.items()},
            "demand.places": self.places,
            "demand.observed": self.observed,
        }
        return {role: part for role, part in parts.items() if part is not None}

    @property
    def quality(self) -> tuple[Quality, ...]:
        """What happened to the records of each table."""
        others = [table.quality for table in (self.totals, self.heat) if table is not None]
        return (*(table.quality for table in self.placed.values()), *others)


@dataclass(frozen=True, eq=False)
class DemandInputs:
    """The inputs of the demand, in the CRS of the study area.

    ``celsius[cell, slot]`` are temperatures, NaN where unknown, and ``elevation_m[cell]`` elevations of the cells'
    centres. ``outside`` is the number of cells excluded because they are in no district. ``profiles`` are the shares of
    each group's working day in each slot, stated or measured.
    """

    cells: Cells
    outside: int
    places: Places | None
    totals: Totals | None
    observed: tuple[Observed, ...]
    celsius: FloatArray | None
    elevation_m: FloatArray | None
    model: SavedModel | None
    profiles: Mapping[str, Mapping[str, float]]
    quality: tuple[Quality, ...]
    notes: tuple[Message, ...]


def cell_columns(file: ScenarioFile) -> list[str]:
    """Return the columns of counts that a scenario uses from its table of cells."""
    named = {name for group in file.groups.values() for name in group.workers}
    named |= {name for name in file.demand.learning.features if not name.endswith("*")}
    return sorted(name for name in named if not is_computed(name) and name not in file.demand.counts)


def read_demand(scenario: Scenario, rules: TableRules, attempt: Attempts) -> DemandTables:
    """Return the tables of a scenario's demand; faults of those that cannot be used are collected in ``attempt``."""
    file = scenario.file
    given, groups = file.demand, file.groups
    seen = sorted({group.observed for group in groups.values() if group.observed is not None})
    cells, places, totals, observed, heat = None, None, None, None, None
    if given.file is not None:
        columns = cell_columns(file)
        cells = attempt(lambda: read_cells(locate(scenario, given, key="demand"), columns, rules, observed=seen))
    layers: dict[str, LayerTable] = {}
    for name, count in given.counts.items():
        if is_raster(count.file):
            continue
        place = f"demand.counts.{name}"
        layer = attempt(partial(_layer, scenario, place, name, rules))
        layers |= {} if layer is None else {name: layer}
    if given.places is not None:
        wanted = given.places
        if wanted.osm is not None:
            places = attempt(lambda: osm_kinds(scenario, wanted))
        else:
            places = attempt(lambda: read_kinds(locate(scenario, wanted, key="demand.places"), wanted, rules))
    if given.totals is not None:
        asked = given.totals
        totals = attempt(lambda: read_totals(locate(scenario, asked, key="demand.totals"), asked, groups, file.limits))
    if given.observed is not None:
        source = given.observed
        observed = attempt(
            lambda: read_observed(locate(scenario, source, key="demand.observed"), rules, groups, file.slots)
        )
    if given.heat is not None and given.heat.file is not None:
        hot = Source(file=given.heat.file)
        heat = attempt(lambda: read_heat(locate(scenario, hot, key="demand.heat"), file.slots, file.limits))
    return DemandTables(cells, layers, places, totals, observed, heat)


def _layer(scenario: Scenario, place: str, name: str, rules: TableRules) -> LayerTable:
    count = scenario.file.demand.counts[name]
    return read_layer(locate(scenario, count, key=place), name, count, rules)


def place_demand(
    tables: DemandTables, decisions: Mapping[str, DatumDecision], area: StudyArea, scenario: Scenario
) -> DemandInputs:
    """Return tables that were read without faults as the inputs of the demand in a study area.

    Raises
    ------
    InputError
        No cell is in a district; or totals, observations, temperatures or a raster do not fit the study.
    """
    file = scenario.file
    given = file.demand
    datum = {role: datum_used(decision) for role, decision in decisions.items()}
    cells, quality, outside = _cells(tables.cells, datum.get("demand", "wgs84"), area, scenario)
    notes = [] if tables.cells is None else list(tables.cells.notes)
    told: list[Quality] = []
    layers = {
        name: placed_layer(layer, given.counts[name], datum[f"demand.counts.{name}"], area)
        for name, layer in tables.layers.items()
    }
    counts = dict(cells.counts)
    for name, count in given.counts.items():
        if is_raster(count.file):
            path = scenario.locate(count.file, key=f"demand.counts.{name}")
            sums = raster_sums(path, cells.outline, area.crs, file.limits)
            counts[name] = Count(sums.values, count.unit, count.source or count.file)
            if sums.outside:
                notes.append(
                    say("{count} cells lie outside {file} and count as 0.", count=sums.outside, file=count.file)
                )
    cells, lost = with_layers(replace(cells, counts=counts), layers)
    notes.extend(lost)
    told.append(replace(quality, findings=(*quality.findings, *people_doubts(cells, area, file, quality.file))))
    places = None
    if tables.places is not None and given.places is not None:
        places = placed_kinds(tables.places, given.places, datum.get("demand.places", "wgs84"), area)
    totals = None
    if tables.totals is not None and given.totals is not None:
        totals, met, said = totals_in(tables.totals, given.totals, area, list(file.groups))
        told.append(met)
        notes.extend(said)
    groups, found = _with_profiles(file, tables.layers, layers, area)
    notes.extend(found)
    observed, said = _observed(tables, datum.get("demand.observed", "wgs84"), cells, area, groups)
    notes.extend(said)
    told += [table.quality for role, table in tables.placed.items() if role != "demand"]
    celsius = None
    if given.heat is not None:
        celsius, said = temperatures(scenario, given.heat, tables.heat, cells, area.crs)
        told += [] if tables.heat is None else [tables.heat.quality]
        notes.extend(said)
    heights, note = _heights(scenario, cells, area)
    notes += [] if note is None else [note]
    return DemandInputs(
        cells,
        outside,
        places,
        totals,
        observed,
        celsius,
        heights,
        _model(scenario),
        {key: group.profile for key, group in groups.items()},
        tuple(told),
        tuple(notes),
    )


def _with_profiles(
    file: ScenarioFile, tables: Mapping[str, LayerTable], layers: Mapping[str, Layer], area: StudyArea
) -> tuple[dict[str, GroupInput], list[Message]]:
    """Return the groups, with the profiles that counts with times give them, and notes on these counts.

    Raises
    ------
    InputError
        A count has no row in a district and a time slot.
    """
    groups, notes = dict(file.groups), []
    for name, layer in layers.items():
        minutes, wanted = tables[name].minutes, file.demand.counts[name].profile_of
        if minutes is None:
            continue
        inside = district_of(area, layer.x, layer.y) >= 0
        shares, note = profile_of(
            minutes[inside],
            layer.values[inside],
            file.day_slots,
            file=tables[name].quality.file,
            key=f"demand.counts.{name}.profile_of",
            groups=wanted,
        )
        notes.append(note)
        groups |= {group: groups[group].model_copy(update={"profile": shares}) for group in wanted}
    return groups, notes


def _heights(scenario: Scenario, cells: Cells, area: StudyArea) -> tuple[FloatArray | None, Message | None]:
    """Return the elevations (m) of the cells' centres, or a note if some cell has none; neither without a file."""
    given = scenario.file.roads.elevation
    if given is None:
        return None, None
    path = scenario.locate(given, key="roads.elevation")
    heights = node_heights(path, *unproject(cells.x, cells.y, area.crs), scenario.file.limits)
    lost = int(np.isnan(heights).sum())
    if lost:
        return None, say(
            "{count} cells have no height in {file}; height is not used as a feature.", count=lost, file=given
        )
    return heights, None


def _model(scenario: Scenario) -> SavedModel | None:
    """Return the scenario's fitted model, after checking that it is for one of its groups."""
    given, groups = scenario.file.demand.learning.model, scenario.file.groups
    if given is None:
        return None
    model = read_model(scenario.locate(given, key="demand.learning.model"), scenario.file.limits)
    if model.target not in groups:
        faults = FaultList(given)
        faults.add(
            say("The model belongs to the group {group}, which is not in the scenario.", group=model.target),
            say("Known groups: {known}.", known=", ".join(groups)),
            key="demand.learning.model",
        )
        faults.raise_any()
    return model


def _cells(table: CellTable | None, datum: Datum, area: StudyArea, scenario: Scenario) -> tuple[Cells, Quality, int]:
    """Return the cells in a district, the report on their table or grid, and the number of cells outside."""
    if table is None:
        cells = grid_cells(scenario.file.demand, area, scenario.file.limits, scenario.path.name)
        number = len(cells.cell_id)
        return cells, Quality("demand", "", None, number, number, ()), 0
    lon, lat = to_wgs84(table.lon, table.lat, datum=datum)
    x, y = project(lon, lat, area.crs)
    district = district_of(area, x, y)
    inside = np.flatnonzero(district >= 0)
    quality = _told_outside(district, table, area)
    x, y = x[inside], y[inside]
    drawn = table.outline
    outline = cell_outlines(x, y) if drawn is None else polygons_in_metres(drawn[inside], datum, area)
    counts = {
        name: Count(values[inside], _UNITS.get(name, ""), table.quality.file) for name, values in table.counts.items()
    }
    ids = tuple(table.cell_id[i] for i in inside.tolist())
    return Cells(ids, x, y, district[inside], outline, counts), quality, len(district) - len(inside)


def _told_outside(district: IntArray, table: CellTable, area: StudyArea) -> Quality:
    """Return the report on the cells, including those outside the study area.

    Raises
    ------
    InputError
        All of them are outside.
    """
    outside = district < 0
    quality = table.quality
    if outside.all():
        faults = FaultList(quality.file, sheet=quality.sheet)
        west, south, east, north = area.districts.total_bounds.tolist()
        lon, lat = unproject([(west + east) / 2], [(south + north) / 2], area.crs)
        faults.add(
            say(
                "No cell lies within a district: the cells are around longitude {lon}, latitude {lat}, the districts "
                "around {area_lon}, {area_lat}.",
                lon=f"{np.median(table.lon):.3f}",
                lat=f"{np.median(table.lat):.3f}",
                area_lon=f"{lon[0]:.3f}",
                area_lat=f"{lat[0]:.3f}",
            ),
            say(
                "Check CRS (such as its zone), datum and order of the coordinates of both files, and that they cover "
                "the same area."
            ),
            code="outside_area",
        )
        faults.raise_any()
    what, cure = say("The cell lies outside the study area."), say("Check its coordinates, or extend the study area.")
    found = [
        Fault(what, cure, quality.file, row, None, quality.sheet, "outside_area", "set_aside")
        for row, is_outside in zip(table.row, outside, strict=True)
        if is_outside
    ]
    return replace(quality, kept=quality.kept - len(found), findings=(*quality.findings, *found))


def _observed(
    tables: DemandTables, datum: Datum, cells: Cells, area: StudyArea, groups: Mapping[str, GroupInput]
) -> tuple[tuple[Observed, ...], tuple[Message, ...]]:
    """Return what was observed in tables of its own and in columns of the cells, and what is to be noted of it."""
    found: list[Observed] = []
    said: list[Message] = []
    if tables.observed is not None:
        seen = tables.observed
        x, y = project(*to_wgs84(seen.lon, seen.lat, datum=datum), area.crs)
        found, said = observed_workers(seen, groups, cell_of(cells.outline, x, y), x=x, y=y, cells=len(cells.cell_id))
    if tables.cells is not None and tables.cells.observed:
        inside = np.isin(tables.cells.cell_id, cells.cell_id)
        columns = {name: values[inside] for name, values in tables.cells.observed.items()}
        found += in_columns(columns, groups, tables.cells.quality.file, [item.group for item in found])
    return tuple(found), tuple(said)
