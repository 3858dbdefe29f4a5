"""All units of a batch as a Folium map that sends no requests: coverage by colour, links to the files of the units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from stationplan.domain import Language, ObjectArray
from stationplan.geo import unproject
from stationplan.text.catalogue import words
from stationplan.webmap.packing import SCALE, Json, Packer
from stationplan.webmap.parts import Draw, empty_map, rendered, with_page


@dataclass(frozen=True)
class UnitCard:
    """The data of one unit in one scenario that the map shows.

    ``name`` and ``about`` (the prefecture, or empty) are display texts. ``before``, ``after`` and ``cross`` are shares
    of its ``workers``, ``None`` without workers or without a plan. ``links`` are labels and URLs, relative to the file
    of the map. ``reason`` states why there is no plan.
    """

    name: str
    about: str
    workers: float
    before: float | None
    after: float | None
    cross: float | None
    new_sites: int
    cost: float
    links: tuple[tuple[str, str], ...]
    reason: str = ""


@dataclass(frozen=True)
class View:
    """One scenario of the map: its name and the cards of its units, in the order of the shapes of the map."""

    name: str
    units: tuple[UnitCard, ...]


def render_province(
    title: str,
    subtitle: str,
    shapes: ObjectArray,
    crs: str,
    views: Sequence[View],
    *,
    marks: Sequence[str],
    lang: Language = "zh",
) -> str:
    """Return the map as one HTML page; the same content gives the same bytes.

    ``shapes`` are the outlines of the units (m, in ``crs``), ``marks`` the notices required on every map.
    """
    page = empty_map(title)
    Draw().add_to(page)
    packer = Packer()
    left, low, right, high = shapely.total_bounds(shapes).tolist()
    lon, lat = unproject([left, left, right, right], [low, high, low, high], crs)
    content: Json = {
        "lang": lang,
        "title": title,
        "subtitle": subtitle,
        "marks": list(marks),
        "text": _labels(lang),
        "bounds": [[float(lat.min()), float(lon.min())], [float(lat.max()), float(lon.max())]],
        "scale": SCALE,
        "outline": packer.polygons(shapes, crs),
        "views": [{"name": view.name, "units": [_card(unit) for unit in view.units]} for view in views],
    }
    with_page(page, packer.block(content), entry="province", style="province.css")
    return rendered(page)


def _card(unit: UnitCard) -> Json:
    return {
        "name": unit.name,
        "about": unit.about,
        "workers": round(unit.workers, 1),
        "before": _rounded(unit.before),
        "after": _rounded(unit.after),
        "cross": _rounded(unit.cross),
        "new": unit.new_sites,
        "cost": round(unit.cost, 2),
        "links": [list(link) for link in unit.links],
        "reason": unit.reason,
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)


def _labels(lang: Language) -> dict[str, str]:
    word = words(lang)
    return {
        "map": word("Map of the units"),
        "scenario": word("Scenario"),
        "show": word("Show"),
        "after": word("Share with the plan"),
        "before": word("Share today"),
        "gained": word("Gained with the plan"),
        "cross": word("Cross-coverage with the plan"),
        "workers": word("Workers"),
        "new": word("New sites"),
        "cost": word("Cost (yuan)"),
        "units": word("Units"),
        "none": word("No plan"),
        "by": word("Sorted by the figure shown"),
    }
