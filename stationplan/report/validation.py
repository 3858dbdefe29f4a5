"""To come."""

from __future__ import annotations

from stationplan.domain import Demand, Language, LocalText, StudyArea, Surface


def render_validation(
    surface: Surface, demand: Demand, area: StudyArea, *, title: LocalText, synthetic: bool, lang: Language
) -> str:
    """Return a page."""
    return title.in_language(lang)
