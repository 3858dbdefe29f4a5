"""A demand surface as a Folium map that sends no requests to any host: cells by group and time slot."""

from __future__ import annotations

import numpy as np
import shapely

from stationplan.domain import Density, Language
from stationplan.geo import unproject
from stationplan.text.catalogue import words
from stationplan.webmap.packing import SCALE, Json, Packer
from stationplan.webmap.parts import Draw, empty_map, rendered, with_page
from stationplan.webmap.payload import marks, sources

_DISTRICT_TOLERANCE_M = 50.0


def render_surface(density: Density, *, lang: Language = "zh") -> str:
    """Return the map as one HTML page; the same surface gives the same bytes."""
    page = empty_map(density.study.name.in_language(lang))
    Draw().add_to(page)
    packer = Packer()
    with_page(page, packer.block(_content(density, lang, packer)), entry="surface", style="surface.css")
    return rendered(page)


def _content(density: Density, lang: Language, packer: Packer) -> Json:
    surface, demand, area = density.surface, density.demand, density.area
    cells = surface.cells
    left, low, right, high = shapely.total_bounds(cells.outline).tolist()
    lon, lat = unproject([left, right], [low, high], area.crs)
    shapes = shapely.simplify(area.districts.geometry.to_numpy(), _DISTRICT_TOLERANCE_M)
    return {
        "title": density.study.name.in_language(lang),
        "subtitle": density.study.notice.in_language(lang) if density.study.notice is not None else "",
        "marks": marks(density.study.map_options, lang, synthetic=density.study.synthetic),
        "sources": sources(density, lang),
        "text": _labels(lang),
        "bounds": [[float(lat[0]), float(lon[0])], [float(lat[1]), float(lon[1])]],
        "scale": SCALE,
        "groups": [group.name.in_language(lang) for group in demand.groups],
        "slots": [slot.name.in_language(lang) for slot in demand.slots],
        "ids": list(cells.cell_id),
        "outline": packer.cells(cells.outline, area.crs),
        "km2": [round(float(value) / 1e6, 5) for value in shapely.area(cells.outline)],
        "heads": [_rounded(surface.heads[:, g]) for g in range(len(demand.groups))],
        "errors": [
            [] if surface.draws is None else _rounded(surface.draws[:, :, g].std(axis=0, dtype=np.float64))
            for g in range(len(demand.groups))
        ],
        "profile": [_profile(density, g) for g in range(len(demand.groups))],
        "districts": {
            "name": [str(name) for name in area.districts["name" if lang == "zh" else "name_en"]],
            "outline": packer.polygons(shapes, area.crs),
        },
    }


def _rounded(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    """Return numbers rounded to three significant digits, which is enough for colours and popups."""
    return [float(f"{value:.3g}") for value in values.tolist()]


def _profile(density: Density, group: int) -> list[float]:
    """Return the share of the workers of a group in each slot, over the whole day."""
    workers = density.demand.workers[:, group].sum(axis=0)
    total = float(workers.sum())
    return [round(float(value) / total, 6) if total > 0 else 0.0 for value in workers]


def _labels(lang: Language) -> dict[str, str]:
    word = words(lang)
    return {
        "group": word("Group"),
        "slot": word("Time slot"),
        "all": word("All groups"),
        "day": word("Whole day"),
        "show": word("Show"),
        "density": word("Workers per km²"),
        "error": word("Relative standard error"),
        "cell": word("Cell"),
        "workers": word("Workers"),
        "deviation": word("Standard error"),
        "none": word("Nobody"),
        "map": word("Map of outdoor workers"),
    }
