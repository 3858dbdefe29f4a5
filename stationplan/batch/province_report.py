"""The report of all units together, made with the records and writers of the report of a single unit."""

from __future__ import annotations

from collections.abc import Sequence

from stationplan.batch.figures import a_worker, coverage_map, league_certainty, league_figures, reasons_of
from stationplan.batch.folder import Storage, write_texts
from stationplan.batch.league import League
from stationplan.batch.unit_results import Lack, Row, Station, row_of_all, ways_name
from stationplan.documents import report_page, write_word
from stationplan.documents.content import Block, Cell, Column, Lines, MapSheet, Report, ReportTable, Section
from stationplan.documents.pdf import pdf_of
from stationplan.domain import Language, LocalText
from stationplan.planning.prepare import Prepared
from stationplan.report.audit_section import circle_section, goal_cells
from stationplan.report.coverage_section import bar_cell, share_text
from stationplan.report.plan_report import assumptions_section, quality_sections, report_of, sheet_of
from stationplan.report.sites_section import gaps_section
from stationplan.text.catalogue import number, translate, words
from stationplan.text.reasons import SHOWN_FROM

_LISTED = 10
"""Stations listed at most; of units with redundant stations, twice as many are listed."""

_GAPS = 20


def write_report(league: League, ready: Prepared, out: Storage, *, lang: Language) -> None:
    """Write ``report.html``, ``report.docx`` and, if the fonts are installed, ``report.pdf`` beside the units."""
    told = province_report(league, ready, lang=lang)
    write_texts(out, {"report.html": report_page(told)})
    with out.writing("report.docx") as draft:
        write_word(told, draft)
    printed = pdf_of(told, "report.pdf")
    if printed is None:
        out.remove("report.pdf")  # one from an earlier batch would be outdated
        return
    with out.writing("report.pdf") as draft:
        draft.write_bytes(printed)


def province_report(league: League, ready: Prepared, *, lang: Language = "zh") -> Report:
    """Return the report of all units as records for any of the writers."""
    return report_of(
        league,
        lang,
        figures=league_figures(league, ready, lang),
        sheet=_sheet(league, ready, lang),
        sections=(
            _circle(league, ready, lang),
            *_prefectures(league, lang),
            _table(league, lang),
            *_failed(league, lang),
            _gaps(league, lang),
            *_audit(league, lang),
            league_assumptions(ready, lang),
            _certainty(league, ready, lang),
            *quality_sections(ready.study.quality, lang),
        ),
    )


def _sheet(league: League, ready: Prepared, lang: Language) -> MapSheet:
    word = words(lang)
    names = [
        word("{name}: {share}", name=row.name.in_language(lang), share=share_text(row.share_after))
        for row in league.rows
    ]
    title, names_title = word("Map of the units"), word("Units, highest coverage first")
    picture = coverage_map(league, lang).svg
    return sheet_of(title, picture, names_title, names, ready.study.sources, league.map_options, lang)


def _parts(league: League) -> list[Row]:
    """Return the prefectures, best covered first; empty if the units are prefectures, or if there is only one."""
    names = dict.fromkeys(row.prefecture for row in league.rows)
    if not 1 < len(names) < len(league.rows):
        return []
    parts = [
        row_of_all([row for row in league.rows if row.prefecture == name], LocalText(name, name)) for name in names
    ]
    return sorted(parts, key=lambda row: 1.0 if row.share_after is None else -row.share_after)


def _circle(league: League, ready: Prepared, lang: Language) -> Section:
    """Return the section on coverage by the service circle, in total and by prefecture, and on sites still needed."""
    word, total = words(lang), league.total
    columns = (
        Column(word("Name"), "name", 2.4),
        Column(word("Coverage"), "bar", 2.6),
        Column(word("Today")),
        Column(word("With the plan")),
        Column(word("Cross-coverage with the plan"), share=1.2),
    )
    rows = []
    for name, row in (
        (word("Overall"), total),
        *((row.name.in_language(lang), row) for row in _parts(league) or league.rows),
    ):
        before, after = row.circle_share_before, row.circle_share_after
        rows.append(
            (
                Cell(name),
                bar_cell(before, after),
                Cell(share_text(before)),
                Cell(share_text(after), strong=True),
                Cell(share_text(row.circle_cross_share)),
            )
        )
    blocks: list[Block] = [ReportTable(columns, tuple(rows), look="coverage")]
    if total.goals:
        hint = word(
            "Sum of the new sites with which each unit reaches the target on its own, starting from today, by the "
            "service standards of the groups. Sites that serve several units may reduce the number."
        )
        goals = tuple(
            (
                *goal_cells(goal.share, goal.enough, lang),
                Cell(number(sum(1 for row in league.rows if row.goals[place].enough is None))),
            )
            for place, goal in enumerate(total.goals)
        )
        heads = (
            Column(word("Coverage target"), "name"),
            Column(word("New sites (sufficient)")),
            Column(word("Units that cannot reach it")),
        )
        blocks.append(ReportTable(heads, goals, word("New sites needed to reach the targets"), hint))
    return circle_section(ready.file.scorecard, blocks, lang)


def _columns(lang: Language, name: str) -> tuple[Column, ...]:
    word = words(lang)
    return (
        Column(name, "name", 2.2),
        Column(word("Workers"), share=1.1),
        Column(word("Coverage"), "bar", 2.2),
        Column(word("Today")),
        Column(word("With the plan")),
        Column(word("Cross-coverage")),
        Column(word("New sites"), share=0.8),
        Column(word("Cost (yuan)"), share=1.3),
        Column(word("Yuan per worker gained (mean)")),
    )


def _cells(row: Row, lang: Language) -> tuple[Cell, ...]:
    small = [row.about] if row.about else []
    if row.ways in ("straight", "both"):
        small.append(words(lang)("Distances: {ways}", ways=ways_name(row.ways, lang)))
    return (
        Cell(row.name.in_language(lang), tuple(small)),
        Cell(number(row.workers)),
        bar_cell(row.share_before, row.share_after),
        Cell(share_text(row.share_before)),
        Cell(share_text(row.share_after), strong=True),
        Cell(share_text(row.cross_share)),
        Cell(number(row.new_sites)),
        Cell(number(row.cost)),
        Cell(a_worker(row)),
    )


def _prefectures(league: League, lang: Language) -> list[Section]:
    """Return the section on coverage and cost by prefecture, if the units are smaller than prefectures."""
    word, parts = words(lang), _parts(league)
    if not parts:
        return []
    rows = tuple(_cells(row, lang) for row in parts)
    hint = word("Total of the units of each prefecture. Dark: today. Light: gained with the plan.")
    return [
        Section(word("By prefecture"), hint, (ReportTable(_columns(lang, word("Prefecture")), rows, look="coverage"),))
    ]


def _table(league: League, lang: Language) -> Section:
    """Return the section with coverage and cost of every unit, best covered first."""
    word = words(lang)
    columns = (Column(word("No."), share=0.5), *_columns(lang, word("Unit")))
    rows = tuple((Cell(str(rank)), *_cells(row, lang)) for rank, row in enumerate(league.rows, start=1))
    hint = word(
        "Ordered by coverage with the plan. Every worker and every candidate belongs to one unit; stations across a "
        "boundary are included. Dark: today. Light: gained with the plan."
    )
    return Section(word("League table"), hint, (ReportTable(columns, rows, look="coverage"),))


def _failed(league: League, lang: Language) -> list[Section]:
    word = words(lang)
    if not league.failed:
        return []
    rows = tuple(
        (
            Cell(league.names[unit].in_language(lang)),
            Cell(" ".join(reasons)),
        )
        for unit, reasons in reasons_of(league, lang).items()
    )
    hint = word("They are not included in any figure of this report.")
    columns = (Column(word("Unit"), "name"), Column(word("Why"), "text", 4.0))
    return [Section(word("Units without a plan"), hint, (ReportTable(columns, rows),))]


def biggest_lacks(league: League) -> list[Lack]:
    """Return the coverage gaps of all units, the biggest first."""
    return sorted((lack for plan in league.plans for lack in plan.lacks), key=lambda lack: -lack.workers)


def _gaps(league: League, lang: Language) -> Section:
    word = words(lang)
    columns = (
        Column(word("No."), share=0.4),
        Column(word("Place"), "name", 3.2),
        Column(word("Unit"), "text", 1.6),
        Column(word("Workers not covered")),
        Column(word("Candidates within 1 km")),
    )
    rows = tuple(
        (
            Cell(str(rank)),
            Cell(lack.place.in_language(lang)),
            Cell(league.names[lack.unit].in_language(lang)),
            Cell(number(lack.workers, 1), strong=True),
            Cell(number(lack.candidates)),
        )
        for rank, lack in enumerate(biggest_lacks(league)[:_GAPS], start=1)
    )
    return gaps_section(columns, rows, lang)


def _audit(league: League, lang: Language) -> list[Section]:
    """Return the audit of all units: stations that gain most from longer hours, and redundant stations by unit."""
    word, total = words(lang), league.total
    if not total.stations:
        return []
    said = word(
        "{count} of {stations} stations could be closed today, one after another, without reducing coverage of their "
        "own unit.",
        count=number(total.closable),
        stations=number(total.stations),
    )
    blocks: list[Block] = [Lines((said,))]
    stations = [station for plan in league.plans for station in plan.stations]
    longer = [
        station
        for station in sorted(stations, key=lambda station: -station.longer)[:_LISTED]
        if station.longer >= SHOWN_FROM
    ]
    if longer:
        columns = (
            Column(word("Station"), "name", 2.4),
            Column(word("Unit"), "text", 1.2),
            Column(word("Opening hours"), "text"),
            Column(word("Workers gained if open all day")),
        )
        rows = tuple(_station(league, station, lang) for station in longer)
        blocks.append(ReportTable(columns, rows, word("Stations that gain most from extended hours")))
    closable = sorted((row for row in league.rows if row.closable), key=lambda row: -row.closable)
    if closable:
        heads = (
            Column(word("Unit"), "name", 2.4),
            Column(word("Existing stations")),
            Column(word("Could be closed today")),
        )
        counts = tuple(
            (Cell(row.name.in_language(lang)), Cell(number(row.stations)), Cell(number(row.closable), strong=True))
            for row in closable[: 2 * _LISTED]
        )
        hint = word("Units with the largest number; the workbook lists every station.")
        blocks.append(ReportTable(heads, counts, word("Redundant stations by unit"), hint))
    return [Section(word("Assessment of existing stations"), "", tuple(blocks))]


def _station(league: League, station: Station, lang: Language) -> tuple[Cell, ...]:
    return (
        Cell(station.name or station.site_id, (station.site_id,) if station.name else ()),
        Cell(league.names[station.unit].in_language(lang)),
        Cell(station.hours),
        Cell(number(station.longer, 1), strong=True),
    )


def league_assumptions(ready: Prepared, lang: Language) -> Section:
    """Return the section on the assumptions of each plan, and on the consequences of planning units separately."""
    word, shared = words(lang), assumptions_section(ready.demand, lang)
    apart = Lines(
        (
            word("Each unit is planned separately, including the stations and roads around it."),
            word("Existing stations across a boundary are included; new sites of neighbouring units are not."),
            word(
                "Workers of other units served by a unit's new sites are not counted, and a unit closes only its own "
                "stations."
            ),
        )
    )
    return Section(shared.title, shared.hint, (*shared.blocks, apart))


def _certainty(league: League, ready: Prepared, lang: Language) -> Section:
    word = words(lang)
    notes: Sequence[str] = [translate(note, lang) for note in ready.study.notes]
    sources = [word("Roads: {source}", source=source) for source in ready.study.sources]
    told = (*league_certainty(league, lang), *notes, *sources)
    return Section(word("Reliability and data notes"), "", (Lines(told),))
