"""Sheets of a plan's workbook other than the lists of sites: summary, gaps, assumptions."""

from __future__ import annotations

from collections.abc import Sequence

from stationplan.documents.content import Figure, Lines, ReportTable, Section
from stationplan.documents.workbook import Sheet
from stationplan.domain import Language, Plan
from stationplan.figures.gaps import biggest_gaps, gap_place
from stationplan.report.plan_report import key_figures, uncertainty
from stationplan.report.sites_section import most_words
from stationplan.text.catalogue import translate, words
from stationplan.text.names import district_name

_GAPS = 50


def summary_sheet(plan: Plan, lang: Language) -> Sheet:
    """Return the sheet of key figures and of statements on their certainty, one per row."""
    return figures_sheet(key_figures(plan, lang), (translate(plan.aim.proof, lang), *uncertainty(plan, lang)), lang)


def figures_sheet(figures: Sequence[Figure], certain: Sequence[str], lang: Language) -> Sheet:
    """Return a summary sheet of key figures and of sentences on their certainty, one per row."""
    word = words(lang)
    rows: list[list[object]] = [[figure.label, figure.value, figure.note] for figure in figures]
    rows += [[word("Reliability"), "", said] for said in certain]
    columns = [(word("Figure"), "text", 34), (word("Value"), "text", 24), (word("Note"), "text", 90)]
    return Sheet(word("Summary"), columns, rows)


def gaps_sheet(plan: Plan, lang: Language) -> Sheet:
    """Return the sheet of places with the most uncovered workers, with coordinates (WGS-84 degrees)."""
    word = words(lang)
    columns = [
        (word("Rank"), "whole", 7),
        (word("Place"), "text", 60),
        (word("District"), "text", 20),
        (word("Longitude (WGS-84)"), "degree", 12),
        (word("Latitude (WGS-84)"), "degree", 12),
        (word("Workers not covered"), "tenth", 12),
        (word("Largest group and time slot"), "text", 30),
        (word("Candidates within 1 km"), "whole", 12),
    ]
    rows: list[list[object]] = [
        [
            rank,
            gap_place(plan, gap, lang),
            district_name(plan, gap.district, lang),
            gap.lon,
            gap.lat,
            float(gap.workers.sum()),
            most_words(plan, gap.workers, lang),
            gap.candidates,
        ]
        for rank, gap in enumerate(biggest_gaps(plan, _GAPS), start=1)
    ]
    return Sheet(word("Gaps"), columns, rows)


def assumptions_sheet(section: Section, lang: Language) -> Sheet:
    """Return the sheet of a report's assumptions: service standards of the groups, and how workers are counted."""
    word = words(lang)
    rows: list[list[object]] = []
    for block in section.blocks:
        if isinstance(block, ReportTable):
            rows += [[row[0].text, word("; ").join(cell.text for cell in row[1:3])] for row in block.rows]
        elif isinstance(block, Lines):
            rows += [["", line] for line in block.lines]
    return Sheet(word("Assumptions"), [(word("Group"), "text", 24), (word("Assumption"), "text", 110)], rows)
