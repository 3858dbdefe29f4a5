"""The tables of all units: ``league.csv`` for programs, and a workbook for readers."""

from __future__ import annotations

from stationplan.batch.figures import league_certainty, league_figures, reasons_of
from stationplan.batch.folder import Storage, write_texts
from stationplan.batch.league import CSV_FIELDS, League, csv_rows, csv_text
from stationplan.batch.province_report import biggest_lacks, league_assumptions
from stationplan.batch.unit_results import ways_name
from stationplan.documents.workbook import Sheet, write_sheets
from stationplan.domain import Language
from stationplan.geo import wgs84_to_gcj02
from stationplan.planning.prepare import Prepared
from stationplan.report.plan_sheets import assumptions_sheet, figures_sheet
from stationplan.report.quality import quality_sheets
from stationplan.text.catalogue import number, words
from stationplan.text.names import kind_names


def write_league(league: League, ready: Prepared, out: Storage, *, lang: Language) -> None:
    """Write ``league.csv`` and ``league.xlsx`` beside the units, each completely or not at all."""
    write_texts(out, {"league.csv": "\ufeff" + csv_text([CSV_FIELDS, *csv_rows(league)])})
    with out.writing("league.xlsx") as draft:
        write_sheets(draft, sheets_of(league, ready, lang), title=league.name.in_language(lang))


def sheets_of(league: League, ready: Prepared, lang: Language) -> list[Sheet]:
    """Return the sheets of all units: figures, league table, new sites, stations, gaps, assumptions, data quality."""
    return [
        figures_sheet(league_figures(league, ready, lang), league_certainty(league, lang), lang),
        _table(league, ready, lang),
        _proposed(league, lang),
        _stations(league, lang),
        _lacks(league, lang),
        *_failed(league, lang),
        assumptions_sheet(league_assumptions(ready, lang), lang),
        *quality_sheets(ready.study.quality, ready.study.datums, lang),
    ]


def _table(league: League, ready: Prepared, lang: Language) -> Sheet:
    word, minutes = words(lang), number(ready.file.scorecard.walk_min)
    columns = [
        (word("Rank"), "whole", 7),
        (word("Unit"), "text", 14),
        (word("Name"), "text", 24),
        (word("Prefecture"), "text", 18),
        (word("Workers"), "tenth", 12),
        (word("Covered today"), "tenth", 14),
        (word("Share today"), "share", 12),
        (word("Covered with the plan"), "tenth", 14),
        (word("Share with the plan"), "share", 12),
        (word("Cross-coverage with the plan"), "share", 14),
        (word("{minutes}-minute service area today", minutes=minutes), "share", 14),
        (word("{minutes}-minute service area with the plan", minutes=minutes), "share", 14),
        (word("New sites"), "whole", 10),
        (word("Cost (yuan)"), "whole", 14),
        (word("Largest possible improvement"), "share", 16),
        (word("Existing stations"), "whole", 12),
        (word("Could be closed today"), "whole", 12),
        (word("Distances"), "text", 14),
    ]
    rows: list[list[object]] = [
        [
            *(rank, row.unit, row.name.in_language(lang), row.prefecture, row.workers, row.covered_before),
            *(row.share_before, row.covered_after, row.share_after, row.cross_share),
            *(row.circle_share_before, row.circle_share_after, row.new_sites, row.cost, row.gap),
            *(row.stations, row.closable, ways_name(row.ways, lang)),
        ]
        for rank, row in enumerate(league.rows, start=1)
    ]
    return Sheet(word("League table"), columns, rows)


def _proposed(league: League, lang: Language) -> Sheet:
    """Return the sheet of the new sites of all units, in build order within each unit."""
    word, kinds = words(lang), kind_names(lang)
    columns = [
        (word("Unit"), "text", 24),
        (word("No."), "whole", 8),
        (word("Id"), "text", 14),
        (word("Name"), "text", 34),
        (word("District"), "text", 18),
        (word("Station type"), "text", 14),
        (word("Longitude (WGS-84)"), "degree", 12),
        (word("Latitude (WGS-84)"), "degree", 12),
        (word("Longitude (GCJ-02)"), "degree", 12),
        (word("Latitude (GCJ-02)"), "degree", 12),
        (word("Workers gained"), "tenth", 12),
        (word("Cost (yuan)"), "whole", 14),
    ]
    rows: list[list[object]] = [
        [
            *(league.names[site.unit].in_language(lang), site.order, site.site_id, site.name, site.district),
            *(kinds[site.kind], site.lon, site.lat),
            *(float(degrees) for degrees in wgs84_to_gcj02(site.lon, site.lat)),
            *(site.gained, site.cost),
        ]
        for plan in league.plans
        for site in plan.proposed
    ]
    return Sheet(word("Proposed sites"), columns, rows)


def _stations(league: League, lang: Language) -> Sheet:
    """Return the sheet of the existing stations of all units with their audit in their own unit."""
    word = words(lang)
    columns = [
        (word("Unit"), "text", 24),
        (word("Id"), "text", 14),
        (word("Name"), "text", 34),
        (word("Longitude (WGS-84)"), "degree", 12),
        (word("Latitude (WGS-84)"), "degree", 12),
        (word("Opening hours"), "text", 18),
        (word("Workers within reach"), "tenth", 12),
        (word("Covered by it alone today"), "tenth", 14),
        (word("Covered by it alone with the plan"), "tenth", 14),
        (word("Could be closed today"), "text", 12),
        (word("Workers gained if open all day"), "tenth", 14),
    ]
    rows: list[list[object]] = [
        [
            *(league.names[station.unit].in_language(lang), station.site_id, station.name, station.lon, station.lat),
            *(station.hours, station.reached, station.alone_today, station.alone_after),
            *(word("yes") if station.closable else "", station.longer),
        ]
        for plan in league.plans
        for station in plan.stations
    ]
    return Sheet(word("Existing stations"), columns, rows)


def _lacks(league: League, lang: Language) -> Sheet:
    word = words(lang)
    columns = [
        (word("Rank"), "whole", 7),
        (word("Unit"), "text", 24),
        (word("Place"), "text", 60),
        (word("Longitude (WGS-84)"), "degree", 12),
        (word("Latitude (WGS-84)"), "degree", 12),
        (word("Workers not covered"), "tenth", 12),
        (word("Candidates within 1 km"), "whole", 12),
    ]
    rows: list[list[object]] = [
        [
            *(rank, league.names[lack.unit].in_language(lang), lack.place.in_language(lang)),
            *(lack.lon, lack.lat, lack.workers, lack.candidates),
        ]
        for rank, lack in enumerate(biggest_lacks(league), start=1)
    ]
    return Sheet(word("Gaps"), columns, rows)


def _failed(league: League, lang: Language) -> list[Sheet]:
    word = words(lang)
    if not league.failed:
        return []
    rows: list[list[object]] = [
        [league.names[unit].in_language(lang), reason]
        for unit, reasons in reasons_of(league, lang).items()
        for reason in reasons
    ]
    return [Sheet(word("Units without a plan"), [(word("Unit"), "text", 24), (word("Why"), "text", 100)], rows)]
