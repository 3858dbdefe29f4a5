"""A plan, or a surface of demand, as one self-contained Folium page."""

from __future__ import annotations

from stationplan.webmap.build import build, render
from stationplan.webmap.comparison import read_blocks, render_comparison
from stationplan.webmap.surface import render_surface

__all__ = ["build", "read_blocks", "render", "render_comparison", "render_surface"]
