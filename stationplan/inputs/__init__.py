"""Files, databases and services to records. Every fault of an input is told with file, row and cure."""

from __future__ import annotations

from stationplan.inputs.areas import district_of
from stationplan.inputs.check import Check, Role, check_scenario, check_table
from stationplan.inputs.reading import Inputs, Tables, decide_datums, place, read_tables
from stationplan.inputs.roads import read_roads

__all__ = [
    "Check",
    "Inputs",
    "Role",
    "Tables",
    "check_scenario",
    "check_table",
    "decide_datums",
    "district_of",
    "place",
    "read_roads",
    "read_tables",
]
