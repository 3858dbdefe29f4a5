"""Files, databases and services to records. Every fault of an input is told with file, row and cure."""

from __future__ import annotations

from stationplan.domain import RoadArcs
from stationplan.inputs.areas import district_of
from stationplan.inputs.osm import read_osm_roads
from stationplan.inputs.reading import Inputs, Tables, decide_datums, place, read_tables
from stationplan.inputs.roads import read_csv_roads
from stationplan.inputs.rules import Speeds
from stationplan.scenario import Scenario

__all__ = ["Inputs", "Tables", "decide_datums", "district_of", "place", "read_roads", "read_tables"]


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
