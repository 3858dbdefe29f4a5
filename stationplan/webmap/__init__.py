"""A plan as one self-contained Folium page."""

from __future__ import annotations

from stationplan.webmap.build import build, render

__all__ = ["build", "render"]
