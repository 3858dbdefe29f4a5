"""Readers of files, databases and services. Every fault of an input is reported with its file, row and fix."""

from __future__ import annotations

from stationplan.inputs.areas import district_of
from stationplan.inputs.assemble import Inputs, Tables, decide_datums, place, read_tables
from stationplan.inputs.check import Check, Role, check_scenario, check_table
from stationplan.inputs.roads.lines import LineOptions
from stationplan.inputs.roads.pieces import RoadPieces, refuse_disconnected, road_notes
from stationplan.inputs.roads.saved import write_roads
from stationplan.inputs.roads.sources import known_class, no_roads, read_road_files, read_roads

__all__ = [
    "Check",
    "Inputs",
    "LineOptions",
    "RoadPieces",
    "Role",
    "Tables",
    "check_scenario",
    "check_table",
    "decide_datums",
    "district_of",
    "known_class",
    "no_roads",
    "place",
    "read_road_files",
    "read_roads",
    "read_tables",
    "refuse_disconnected",
    "road_notes",
    "write_roads",
]
