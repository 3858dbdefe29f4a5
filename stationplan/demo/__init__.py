"""A synthetic city as ordinary input files, for trying out the planner and for its tests."""

from __future__ import annotations

from stationplan.demo.city import write_city

__all__ = ["write_city"]
