"""The parts that the page, report and workbook of all units share: key figures, map and statements on certainty."""

from __future__ import annotations

from stationplan.api.output import MAP_NAME
from stationplan.batch.league import League
from stationplan.batch.unit_results import Row
from stationplan.documents.charts import choropleth
from stationplan.documents.content import Chart, Figure
from stationplan.domain import Language
from stationplan.planning.prepare import Prepared
from stationplan.report.audit_section import circle_figure
from stationplan.report.coverage_section import covered_figure, share_text
from stationplan.text.catalogue import number, percent_up, translate, words
from stationplan.text.reasons import SHOWN_FROM


def league_figures(league: League, ready: Prepared, lang: Language) -> tuple[Figure, ...]:
    """Return the key figures of all units together."""
    word, total = words(lang), league.total
    circle = (total.circle_share_before, total.circle_share_after, total.circle_cross_share)
    return (
        covered_figure(total.share_before, total.share_after, total.workers, lang),
        circle_figure(ready.file.scorecard, *circle, lang),
        Figure(
            word("Units"),
            number(len(league.rows)),
            word("{count} without a plan", count=number(len(league.failed))),
        ),
        Figure(word("New sites"), number(total.new_sites), word("total of all units")),
        Figure(word("Cross-coverage"), share_text(total.cross_share), word("by two stations or more")),
        Figure(
            word("Cost (yuan)"),
            number(total.cost),
            word("{yuan} yuan per worker gained", yuan=a_worker(total)),
        ),
    )


def a_worker(row: Row) -> str:
    """Return the cost per worker gained in yuan, as text; a dash if almost no workers are gained."""
    gained = row.covered_after - row.covered_before
    return number(row.cost / gained) if gained >= SHOWN_FROM else "–"


def coverage_map(league: League, lang: Language) -> Chart:
    """Return a map of the units coloured by the share that their plans cover, with links to their maps."""
    word = words(lang)
    rows = {row.unit: (str(rank), row) for rank, row in enumerate(league.rows, start=1)}
    names = {unit: league.names[unit].in_language(lang) for unit in league.shapes}
    title = word("Coverage with the plan")
    svg = choropleth(
        list(league.shapes.values()),
        [rows[unit][1].share_after if unit in rows else None for unit in league.shapes],
        [(names[unit], rows[unit][0] if unit in rows else "") for unit in league.shapes],
        [
            word("{name}: {share}", name=names[unit], share=share_text(rows[unit][1].share_after))
            if unit in rows
            else word("{name}: no plan", name=names[unit])
            for unit in league.shapes
        ],
        [f"{rows[unit][1].home}/{MAP_NAME}" if unit in rows else "" for unit in league.shapes],
        legend=title,
        none=word("No plan"),
    )
    return Chart(svg, title)


def league_certainty(league: League, lang: Language) -> list[str]:
    """Return sentences on how far the plans of the units may be from the optimum."""
    word, rows = words(lang), league.rows
    proven = sum(1 for row in rows if row.termination == "optimal")
    said = [
        word(
            "{count} of {units} units have a plan that is proven best within its limits.",
            count=number(proven),
            units=number(len(rows)),
        )
    ]
    open_rows = [row for row in rows if row.termination != "optimal"]
    known = [(row.gap, row) for row in open_rows if row.gap is not None]
    if known:
        gap, row = max(known, key=lambda pair: pair[0])
        said.append(
            word(
                "The others are at most {gap} below the best; the largest difference is in {unit}.",
                gap=percent_up(gap),
                unit=row.name.in_language(lang),
            )
        )
    if len(known) < len(open_rows):
        said.append(
            word(
                "For {count} units the difference from the best is not known.",
                count=number(len(open_rows) - len(known)),
            )
        )
    return [*said, *spread_notes(league, lang)]


def reasons_of(league: League, lang: Language) -> dict[str, list[str]]:
    """Return the reasons why units have no plan, by unit id."""
    return {outcome.unit: [translate(reason, lang) for reason in outcome.reason] for outcome in league.failed}


def spread_notes(league: League, lang: Language) -> list[str]:
    """Return the upper bound on the coverage of any other allocation to the units; empty if it is not known."""
    if league.most_share is None:
        return []
    return [
        words(lang)(
            "However the sites or the budget are allocated to the units, at most {share} of all workers are covered.",
            share=percent_up(league.most_share),
        )
    ]
