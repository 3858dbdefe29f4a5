"""A plan, or a surface of demand, as one self-contained Folium page."""

from __future__ import annotations

from stationplan.webmap.build import build, render
from stationplan.webmap.surface import render_surface

__all__ = ["build", "render", "render_surface"]
