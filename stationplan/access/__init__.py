"""Access: sparse travel times between cells and sites over the roads, and coverage; with the compiled kernels."""

from __future__ import annotations

from stationplan.access.connection import Access, access_of
from stationplan.access.coverage import cover_rows, within_standard
from stationplan.access.network import islands, network_from_arcs, network_of, roads_within
from stationplan.access.snap import connect
from stationplan.access.straight import straight_of
from stationplan.access.times import nearest, travel_times

__all__ = [
    "Access",
    "access_of",
    "connect",
    "cover_rows",
    "islands",
    "nearest",
    "network_from_arcs",
    "network_of",
    "roads_within",
    "straight_of",
    "travel_times",
    "within_standard",
]
