"""What people open of a batch: the page of all units and their map, for one scenario or several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import numpy as np

from stationplan.batch.headline import coverage_map, league_figures, spread_notes
from stationplan.batch.league import League
from stationplan.batch.storage import Storage
from stationplan.batch.unit_plan import Row, ways_name
from stationplan.domain import Language
from stationplan.i18n import number, translate, words
from stationplan.output import MAP_NAME
from stationplan.prepared import Prepared
from stationplan.report.coverage_section import share_text
from stationplan.report.template import fill_page
from stationplan.webmap import UnitCard, View, marks, render_province

INDEX_NAME = "index.html"


def write_pages(league: League, ready: Prepared, out: Storage, *, lang: Language) -> None:
    """Write ``index.html`` and ``map.html`` of one scenario beside its units, each whole or not at all."""
    for name, page in (
        (INDEX_NAME, render_index(league, ready, lang=lang)),
        (MAP_NAME, render_map([league], [""], lang=lang)),
    ):
        with out.writing(name) as draft:
            draft.write_text(page, encoding="utf-8", newline="")


def render_map(leagues: Sequence[League], folders: Sequence[str], *, lang: Language) -> str:
    """Return the map of all units in one scenario or several, whose results stand in ``folders`` beside the map."""
    first = leagues[0]
    shapes = {unit: shape for league in reversed(leagues) for unit, shape in league.shapes.items()}
    units = list(dict.fromkeys(unit for league in leagues for unit in league.shapes))
    return render_province(
        first.name.in_language(lang),
        first.notice.in_language(lang) if first.notice is not None else "",
        np.array([shapes[unit] for unit in units], dtype=object),
        first.crs,
        [
            View(league.name.in_language(lang), tuple(_card(league, unit, folder, lang) for unit in units))
            for league, folder in zip(leagues, folders, strict=True)
        ],
        marks=marks(first.map_options, lang, synthetic=first.synthetic),
        lang=lang,
    )


def _card(league: League, unit: str, folder: str, lang: Language) -> UnitCard:
    """Return what the map tells of a unit."""
    word = words(lang)
    row = next((row for row in league.rows if row.unit == unit), None)
    if row is None:
        reasons = [translate(why, lang) for outcome in league.failed if outcome.unit == unit for why in outcome.reason]
        name = league.names[unit].in_language(lang) if unit in league.names else unit
        return UnitCard(name, "", 0.0, None, None, None, 0, 0.0, (), " ".join(reasons) or word("Not in this scenario."))
    home = f"{folder}units/{row.folder}/"
    return UnitCard(
        name=row.name.in_language(lang),
        about=row.prefecture if row.prefecture != row.name.zh else "",
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
    """Return the page of all units: figures, a map by coverage, the table, each with links to the units' own pages."""
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
            {
                "name": league.names[outcome.unit].in_language(lang),
                "why": [translate(reason, lang) for reason in outcome.reason],
            }
            for outcome in league.failed
        ],
    )


def _shown(rank: int, row: Row, lang: Language) -> dict[str, str]:
    before, after = row.share_before or 0.0, row.share_after or 0.0
    return {
        "rank": str(rank),
        "name": row.name.in_language(lang),
        "prefecture": row.prefecture if row.prefecture != row.name.zh else "",
        "workers": number(row.workers),
        "before": share_text(row.share_before),
        "after": share_text(row.share_after),
        "before_width": f"{before * 100:.2f}",
        "after_width": f"{after * 100:.2f}",
        "cross": share_text(row.cross_share),
        "new": number(row.new_sites),
        "cost": number(row.cost),
        "ways": ways_name(row.ways, lang),
        "map": f"units/{row.folder}/{MAP_NAME}",
        "report": f"units/{row.folder}/report.html",
        "table": f"units/{row.folder}/sites.xlsx",
    }
