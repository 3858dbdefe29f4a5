"""Sections of a plan's report on the national service circle and on the existing stations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from stationplan.documents.content import Block, Cell, Column, Figure, Lines, ReportTable, Section
from stationplan.documents.workbook import Sheet
from stationplan.domain import Language, Needed, Plan
from stationplan.figures.coverage import Part, scorecard_shares
from stationplan.report.coverage_section import bar_cell, share_text
from stationplan.text.catalogue import number, percent, words
from stationplan.text.names import district_name, host_names, kind_names, site_name
from stationplan.text.reasons import SHOWN_FROM

_LISTED = 10
_FAR_M = 200.0
"""A station farther than this from any road is probably mislocated; the GCJ-02 offset is about 400 m in Sichuan."""


class Circle(Protocol):
    """The limits of the service circle, both inclusive."""

    @property
    def walk_min(self) -> float:
        """Walking time in minutes."""

    @property
    def walk_m(self) -> float:
        """Distance along roads in metres."""


def circle_figure(
    circle: Circle, before: float | None, after: float | None, cross: float | None, lang: Language
) -> Figure:
    """Return the key figure of workers inside the service circle: share today, with the plan, and cross-covered."""
    word = words(lang)
    return Figure(
        word(
            "Within {minutes} min and {metres} m on foot",
            minutes=number(circle.walk_min),
            metres=number(circle.walk_m),
        ),
        word("{before} → {after}", before=share_text(before), after=share_text(after)),
        word("cross-coverage {share}", share=share_text(cross)),
    )


def circle_section(circle: Circle, blocks: Sequence[Block], lang: Language) -> Section:
    """Return the section on the service circle, with its heading and reading hint."""
    word = words(lang)
    hint = word(
        "Share of workers with an open and suitable station within {minutes} min and {metres} m on foot, whatever "
        "their usual travel mode. Dark: today. Light: gained with the plan.",
        minutes=number(circle.walk_min),
        metres=number(circle.walk_m),
    )
    return Section(word("{minutes}-minute service area", minutes=number(circle.walk_min)), hint, tuple(blocks))


def scorecard_figure(plan: Plan, lang: Language) -> Figure:
    """Return the share of workers inside the service circle, as a key figure."""
    before, after = scorecard_shares(plan)
    return circle_figure(plan.scorecard, before.share, after.share, after.cross_share, lang)


def scorecard_section(plan: Plan, lang: Language) -> Section:
    """Return the section on workers inside the service circle today and with the plan, and on sites still needed."""
    word, card = words(lang), plan.scorecard
    columns = (
        Column(word("Name"), "name", 2.4),
        Column(word("Coverage"), "bar", 2.6),
        Column(word("Today")),
        Column(word("With the plan")),
        Column(word("Cross-coverage today")),
        Column(word("Cross-coverage with the plan")),
    )
    parts: list[tuple[str, Part]] = [(word("Overall"), np.s_[:])]
    parts += [
        (district_name(plan, district, lang), np.flatnonzero(plan.demand.district == district))
        for district in range(len(plan.area.districts))
    ]
    rows = tuple(_circle_row(plan, name, part) for name, part in parts)
    blocks: list[Block] = [ReportTable(columns, rows, look="coverage")]
    if card.needed:
        blocks.append(_needed(card.needed, lang))
    return circle_section(card, blocks, lang)


def _circle_row(plan: Plan, name: str, part: Part) -> tuple[Cell, ...]:
    before, after = scorecard_shares(plan, part)
    return (
        Cell(name),
        bar_cell(before.share, after.share),
        Cell(share_text(before.share)),
        Cell(share_text(after.share), strong=True),
        Cell(share_text(before.cross_share)),
        Cell(share_text(after.cross_share)),
    )


def _needed(needed: tuple[Needed, ...], lang: Language) -> ReportTable:
    word = words(lang)
    columns = (
        Column(word("Coverage target"), "name"),
        Column(word("New sites (sufficient)")),
        Column(word("New sites (lower bound)")),
        Column(word("Coverage with all candidates")),
    )
    rows = tuple(
        (
            *goal_cells(goal.share, goal.enough, lang),
            Cell(number(goal.least)),
            Cell(share_text(None if math.isnan(goal.most_share) else goal.most_share)),
        )
        for goal in needed
    )
    hint = word(
        "Starting from today, by the service standards of the groups. With fewer sites than the lower bound the "
        "target cannot be reached."
    )
    return ReportTable(columns, rows, word("New sites needed to reach the targets"), hint)


def goal_cells(share: float, enough: int | None, lang: Language) -> tuple[Cell, Cell]:
    """Return the cells of a target share, with a decimal only if needed, and of the new sites enough for it."""
    shown = percent(share, 0 if math.isclose(share * 100, round(share * 100)) else 1)
    return Cell(shown), Cell(
        words(lang)("Not reachable; add candidates") if enough is None else number(enough), strong=True
    )


def audit_sections(plan: Plan, lang: Language) -> list[Section]:
    """Return the audit: stations that could close, that gain most from longer hours, or may be mislocated."""
    word, audit = words(lang), plan.audit
    if not len(audit.site):
        return []
    row_of = {int(site): row for row, site in enumerate(audit.site)}
    said = word(
        "{count} of {stations} stations could be closed today, one after another, without reducing coverage.",
        count=number(len(audit.closable)),
        stations=number(len(audit.site)),
    )
    blocks: list[Block] = [Lines((said,))]
    name, where = Column(word("Station"), "name", 2.4), Column(word("District"), "text", 1.2)
    if len(audit.closable):
        closable = [row_of[int(site)] for site in audit.closable[:_LISTED]]
        columns = (name, where, Column(word("Workers within reach")), Column(word("Covered by it alone with the plan")))
        rows = tuple(
            (*_station(plan, row, lang), Cell(number(audit.reached[row], 1)), Cell(number(audit.alone_after[row], 1)))
            for row in closable
        )
        blocks.append(ReportTable(columns, rows, word("Redundant stations, least used first")))
    longer = [row for row in np.argsort(-audit.longer, kind="stable")[:_LISTED] if audit.longer[row] >= SHOWN_FROM]
    if longer:
        columns = (name, where, Column(word("Opening hours"), "text"), Column(word("Workers gained if open all day")))
        rows = tuple(
            (
                *_station(plan, row, lang),
                Cell(plan.sites.hours[audit.site[row]]),
                Cell(number(audit.longer[row], 1), strong=True),
            )
            for row in longer
        )
        blocks.append(ReportTable(columns, rows, word("Stations that gain most from extended hours")))
    odd = [row for row in range(len(audit.site)) if audit.outside[row] or _away_m(plan, row) > _FAR_M]
    if odd:
        heads = (name, where, Column(word("Issue"), "text", 2.0))
        cells = tuple((*_station(plan, row, lang), Cell(_odd(plan, row, lang))) for row in odd[:_LISTED])
        hint = word("Please check their coordinates.")
        blocks.append(ReportTable(heads, cells, word("Stations possibly in the wrong place"), hint))
    return [Section(word("Assessment of existing stations"), "", tuple(blocks))]


def _station(plan: Plan, row: int, lang: Language) -> tuple[Cell, Cell]:
    site = int(plan.audit.site[row])
    district = district_name(plan, int(plan.sites.district[site]), lang)
    return Cell(site_name(plan, site, lang), (plan.sites.site_id[site],)), Cell(district)


def _away_m(plan: Plan, row: int) -> float:
    """Return the distance of a station from the nearest road (m); 0 in a district without roads."""
    district = int(plan.sites.district[plan.audit.site[row]])
    return 0.0 if district >= 0 and plan.straight[district] else float(plan.audit.away_m[row])


def _odd(plan: Plan, row: int, lang: Language) -> str:
    """Return what is implausible about the position of a station; empty if nothing is."""
    word, away = words(lang), _away_m(plan, row)
    told = [word("outside the study area")] if plan.audit.outside[row] else []
    if math.isinf(away):
        told.append(word("no road is near"))
    elif away > _FAR_M:
        told.append(word("{metres} m from the nearest road", metres=number(away)))
    return word("; ").join(told)


def stations_sheet(plan: Plan, lang: Language) -> Sheet:
    """Return the sheet of existing stations with their audit, and the order in which redundant ones could close."""
    word, sites, audit = words(lang), plan.sites, plan.audit
    columns = [
        (word("Id"), "text", 14),
        (word("Name"), "text", 34),
        (word("District"), "text", 18),
        (word("Station type"), "text", 12),
        (word("Host type"), "text", 16),
        (word("Opening hours"), "text", 18),
        (word("Workers within reach"), "tenth", 12),
        (word("Covered by it alone today"), "tenth", 14),
        (word("Covered by it alone with the plan"), "tenth", 14),
        (word("Order of closure"), "whole", 12),
        (word("Workers gained if open all day"), "tenth", 14),
        (word("Distance to the road (m)"), "whole", 12),
        (word("Issue"), "text", 34),
    ]
    order = {int(site): place for place, site in enumerate(audit.closable, start=1)}
    hosts, kinds = host_names(plan, lang), kind_names(lang)
    rows: list[list[object]] = [
        [
            sites.site_id[site],
            site_name(plan, site, lang),
            district_name(plan, int(sites.district[site]), lang),
            kinds[sites.kind[site]],
            hosts.get(sites.host[site], ""),
            sites.hours[site],
            float(audit.reached[row]),
            float(audit.alone_today[row]),
            float(audit.alone_after[row]),
            order.get(site),
            float(audit.longer[row]),
            float(audit.away_m[row]),
            _odd(plan, row, lang),
        ]
        for row, site in enumerate(audit.site.tolist())
    ]
    return Sheet(word("Existing stations"), columns, rows)
