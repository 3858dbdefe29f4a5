"""The entry pages of a batch: index page and map of all units, for one scenario or several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import numpy as np

from stationplan.api.output import MAP_NAME
from stationplan.batch.figures import coverage_map, league_figures, reasons_of, spread_notes
from stationplan.batch.folder import Storage, write_texts
from stationplan.batch.league import League
from stationplan.batch.unit_results import Row, ways_name
from stationplan.documents.template import fill_page
from stationplan.domain import Language
from stationplan.planning.prepare import Prepared
from stationplan.report.coverage_section import share_text
from stationplan.text.catalogue import number, words
from stationplan.webmap import UnitCard, View, marks, render_province

INDEX_NAME = "index.html"


def write_pages(league: League, ready: Prepared, out: Storage, *, lang: Language) -> None:
    """Write ``index.html`` and ``map.html`` of one scenario beside its units, each completely or not at all."""
    pages = {INDEX_NAME: render_index(league, ready, lang=lang), MAP_NAME: render_map([league], [""], lang=lang)}
    write_texts(out, pages)


def render_map(leagues: Sequence[League], folders: Sequence[str], *, lang: Language) -> str:
    """Return the map of all units in one scenario or several; ``folders`` are their result folders beside the map."""
    first = leagues[0]
    shapes = {unit: shape for league in reversed(leagues) for unit, shape in league.shapes.items()}
    units = list(dict.fromkeys(unit for league in leagues for unit in league.shapes))
    return render_province(
        first.name.in_language(lang),
        first.notice.in_language(lang) if first.notice is not None else "",
        np.array([shapes[unit] for unit in units], dtype=object),
        first.crs,
        [
            View(league.name.in_language(lang), _cards(league, units, folder, lang))
            for league, folder in zip(leagues, folders, strict=True)
        ],
        marks=marks(first.map_options, lang, synthetic=first.synthetic),
        lang=lang,
    )


def _cards(league: League, units: Sequence[str], folder: str, lang: Language) -> tuple[UnitCard, ...]:
    """Return the cards of the units, some of which may have no plan or be in another scenario only."""
    reasons = reasons_of(league, lang)

    def card(unit: str) -> UnitCard:
        if unit in league.by_unit:
            return _card(league.by_unit[unit], folder, lang)
        name = league.names[unit].in_language(lang) if unit in league.names else unit
        why = " ".join(reasons.get(unit, [])) or words(lang)("Not in this scenario.")
        return UnitCard(name, "", 0.0, None, None, None, 0, 0.0, (), why)

    return tuple(card(unit) for unit in units)


def _card(row: Row, folder: str, lang: Language) -> UnitCard:
    """Return the card of a unit with a plan."""
    word, home = words(lang), f"{folder}{row.home}/"
    return UnitCard(
        name=row.name.in_language(lang),
        about=row.about,
        workers=row.workers,
        before=row.share_before,
        after=row.share_after,
        cross=row.cross_share,
        new_sites=row.new_sites,
        cost=row.cost,
        links=(
            (word("Map"), quote(home + MAP_NAME)),
            (word("Report"), quote(home + "report.html")),
            (word("Table"), quote(home + "sites.xlsx")),
        ),
    )


def render_index(league: League, ready: Prepared, *, lang: Language) -> str:
    """Return the index page of all units: figures, coverage map and table, with links to the pages of the units."""
    return fill_page(
        "league.html.j2",
        league,
        lang,
        figures=league_figures(league, ready, lang),
        map=coverage_map(league, lang).svg,
        map_page=MAP_NAME,
        notes=spread_notes(league, lang),
        rows=[_shown(rank, row, lang) for rank, row in enumerate(league.rows, start=1)],
        failed=[
            {"name": league.names[unit].in_language(lang), "why": reasons}
            for unit, reasons in reasons_of(league, lang).items()
        ],
    )


def _shown(rank: int, row: Row, lang: Language) -> dict[str, str]:
    return {
        **row_texts(row),
        "rank": str(rank),
        "name": row.name.in_language(lang),
        "prefecture": row.about,
        "ways": ways_name(row.ways, lang),
        "map": f"{row.home}/{MAP_NAME}",
        "report": f"{row.home}/report.html",
        "table": f"{row.home}/sites.xlsx",
    }


def row_texts(row: Row) -> dict[str, str]:
    """Return the texts of a table row, and the widths of its bars in percent."""
    return {
        "workers": number(row.workers),
        "before": share_text(row.share_before),
        "after": share_text(row.share_after),
        "before_width": f"{(row.share_before or 0.0) * 100:.2f}",
        "after_width": f"{(row.share_after or 0.0) * 100:.2f}",
        "cross": share_text(row.cross_share),
        "new": number(row.new_sites),
        "cost": number(row.cost),
    }
