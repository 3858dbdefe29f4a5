"""To come."""

from __future__ import annotations

from stationplan.domain import Density, Language


def render_surface(density: Density, *, lang: Language = "zh") -> str:
    """Return a page."""
    return density.name.in_language(lang)
