"""A plan, a demand surface, or all units of a batch, as one self-contained Folium page."""

from __future__ import annotations

from stationplan.webmap.build import build, render
from stationplan.webmap.comparison import read_block, render_comparison
from stationplan.webmap.payload import data_block, marks
from stationplan.webmap.province_map import UnitCard, View, render_province
from stationplan.webmap.surface_map import render_surface

__all__ = [
    "UnitCard",
    "View",
    "build",
    "data_block",
    "marks",
    "read_block",
    "render",
    "render_comparison",
    "render_province",
    "render_surface",
]
