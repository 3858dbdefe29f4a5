"""Roads, cells and sites to sparse travel times and coverage. The fast kernels live here."""

from __future__ import annotations

from stationplan.access.coverage import cover_rows, within_standard
from stationplan.access.network import islands, network_from_arcs, network_of
from stationplan.access.snap import connect
from stationplan.access.straight import nearest_straight, straight_of
from stationplan.access.times import nearest, site_times, travel_times

__all__ = [
    "connect",
    "cover_rows",
    "islands",
    "nearest",
    "nearest_straight",
    "network_from_arcs",
    "network_of",
    "site_times",
    "straight_of",
    "travel_times",
    "within_standard",
]
