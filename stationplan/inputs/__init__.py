"""Files to records. Every fault of an input is raised together with those of the others, with file, row and cure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from stationplan.domain import Cells, RoadArcs, Sites, StudyArea
from stationplan.errors import Fault, InputError, Message
from stationplan.inputs.areas import district_of, read_area
from stationplan.inputs.cells import read_cells
from stationplan.inputs.osm import read_osm_roads
from stationplan.inputs.roads import read_csv_roads
from stationplan.inputs.rules import Speeds
from stationplan.inputs.sites import place_sites, read_places
from stationplan.scenario import Scenario

__all__ = ["district_of", "read_places_and_people", "read_roads"]

_Record = TypeVar("_Record")


def read_places_and_people(scenario: Scenario) -> tuple[StudyArea, Cells, Sites, tuple[Message, ...]]:
    """Return everything a scenario reads but its roads, and notes of what was set aside.

    Raises
    ------
    InputError
        Every file that does not exist, roads included; when all do, every fault of every one of these inputs.
    """
    faults: list[Fault] = []

    def attempt(read: Callable[[], _Record]) -> _Record | None:
        try:
            return read()
        except InputError as error:
            faults.extend(fault for fault in error.faults if fault not in faults)
            return None

    for role, path, _ in scenario.inputs:
        attempt(partial(scenario.locate, path, key=role))
    if faults:
        raise InputError(faults)
    cells_found = attempt(lambda: read_cells(scenario))
    places = attempt(lambda: read_places(scenario))
    area = None
    if cells_found is not None or scenario.file.area.file is not None:
        area = attempt(lambda: read_area(scenario, None if cells_found is None else cells_found[0]))
    if cells_found is None or places is None or area is None:
        raise InputError(faults)
    sites, site_notes = place_sites(places, area, scenario)
    cells, cell_notes = cells_found
    return area, cells, sites, (*cell_notes, *site_notes)


def read_roads(scenario: Scenario) -> RoadArcs:
    """Return the roads of a scenario, from its OSM extract or its tables.

    Raises
    ------
    InputError
        All faults of the source.
    """
    roads = scenario.file.roads
    speeds = Speeds(roads.speed_kmh["walk"], roads.speed_kmh["ebike"], roads.car_speed_kmh)
    if roads.osm is not None:
        return read_osm_roads(scenario.locate(roads.osm), speeds=speeds, source=roads.source, date=roads.date)
    return read_csv_roads(
        scenario.locate(roads.nodes or ""),
        scenario.locate(roads.edges or ""),
        datum=roads.datum or "wgs84",
        speeds=speeds,
        source=roads.source,
        date=roads.date,
        limits=scenario.file.limits,
    )
