"""Sections of a plan's report on coverage, travel times, capacity, other numbers of sites, and phases."""

from __future__ import annotations

import math

import numpy as np

from stationplan.documents.charts import curve
from stationplan.documents.content import Block, Cell, Chart, Column, Figure, ReportTable, Section
from stationplan.domain import Language, Plan
from stationplan.figures.coverage import Change, by_district, new_sites, room, ways
from stationplan.figures.notes import coverage_parts
from stationplan.report.plan_charts import tiles
from stationplan.text.catalogue import number, percent, words
from stationplan.text.names import district_name


def share_text(share: float | None) -> str:
    """Return a share as a percentage; a dash for ``None``."""
    return "–" if share is None else percent(share)


def bar_cell(before: float | None, after: float | None) -> Cell:
    """Return a cell with a bar of two shares, today and with the plan; ``None`` is drawn as 0."""
    return Cell(f"{share_text(before)} → {share_text(after)}", bar=(before or 0.0, after or 0.0))


def covered_figure(before: float | None, after: float | None, total: float, lang: Language) -> Figure:
    """Return the key figure of the share of ``total`` workers covered today and with a plan."""
    word = words(lang)
    value = word("{before} → {after}", before=share_text(before), after=share_text(after))
    return Figure(word("Workers covered"), value, word("{total} workers in all", total=number(total)))


def minutes_text(minutes: float | None) -> str:
    """Return minutes to one decimal; a dash for ``None``."""
    return "–" if minutes is None else number(minutes, 1)


def built_words(plan: Plan, lang: Language, phase: int | None = None) -> str:
    """Return the number of new sites of a plan or a phase, and the number of stations with longer hours, as text."""
    sites, longer = new_sites(plan, phase)
    if not longer:
        return number(sites)
    return words(lang)("{sites}, and {longer} with extended hours", sites=number(sites), longer=number(longer))


def coverage_section(plan: Plan, lang: Language) -> Section:
    """Return the coverage today and with the plan: total, by district, by group, by slot, and by group and slot."""
    word = words(lang)
    columns = (
        Column(word("Name"), "name", 2.4),
        Column(word("Workers")),
        Column(word("Coverage"), "bar", 3.2),
        Column(word("Today")),
        Column(word("With the plan"), share=1.4),
        Column(word("Cross-coverage")),
    )
    tables: list[Block] = [
        ReportTable(
            columns, tuple(_coverage_row(name, change, lang) for name, change in changes), title, look="coverage"
        )
        for title, changes in coverage_parts(plan, lang)
    ]
    demand = plan.demand
    picture = tiles(
        [group.name.in_language(lang) for group in demand.groups],
        [slot.name.in_language(lang) for slot in demand.slots],
        *(_shares(plan, stations) for stations in (plan.recounted.stations_before, plan.recounted.stations_after)),
    )
    return Section(
        word("Coverage"),
        word(
            "Share of workers with an open, suitable station within their service standard. Dark: today. Light: "
            "gained with the plan. Cross-coverage: by two stations or more. Small: 90% range, given the uncertainty "
            "of the demand."
        ),
        (*tables, Chart(picture, word("Coverage by group and time slot: today → with the plan"))),
    )


def _shares(plan: Plan, stations: np.ndarray[tuple[int, ...], np.dtype[np.int32]]) -> list[list[float | None]]:
    """Return the covered share, [group][slot]; ``None`` where there are no workers."""
    total = plan.demand.workers.sum(axis=0)
    covered = np.where(stations > 0, plan.demand.workers, 0.0).sum(axis=0)
    return [
        [float(some / every) if every > 0 else None for some, every in zip(some_of, every_of, strict=True)]
        for some_of, every_of in zip(covered.tolist(), total.tolist(), strict=True)
    ]


def _coverage_row(name: str, change: Change, lang: Language) -> tuple[Cell, ...]:
    before, after = change.before.share, change.after.share
    ends = change.after.share_range
    small = () if ends is None else (words(lang)("{low}–{high}", low=percent(ends[0]), high=percent(ends[1])),)
    return (
        Cell(name),
        Cell(number(change.before.total)),
        bar_cell(before, after),
        Cell(share_text(before)),
        Cell(share_text(after), small, strong=True),
        Cell(share_text(change.after.cross_share)),
    )


def outlook_sections(plan: Plan, lang: Language) -> list[Section]:
    """Return the sections on travel times, capacity, other numbers of sites and phases that apply to the plan."""
    made = (_ways(plan, lang), _room(plan, lang), _frontier(plan, lang), _phases(plan, lang))
    return [section for section in made if section is not None]


def _ways(plan: Plan, lang: Language) -> Section | None:
    word = words(lang)
    groups = [(group.name.in_language(lang), ways(plan, np.s_[:, g, :])) for g, group in enumerate(plan.demand.groups)]
    rows = [
        (
            Cell(name),
            *(Cell(minutes_text(way.mean_min)) for way in change),
            *(Cell(minutes_text(way.longest_min)) for way in change),
            *(Cell(number(way.without)) for way in change),
        )
        for name, change in [(word("Overall"), ways(plan)), *groups]
        if change is not None
    ]
    if not rows:
        return None
    columns = (
        Column(word("Name"), "name", 1.6),
        Column(word("Mean today (min)")),
        Column(word("Mean with the plan (min)")),
        Column(word("Longest today (min)")),
        Column(word("Longest with the plan (min)")),
        Column(word("Workers without a station today")),
        Column(word("Workers without a station with the plan")),
    )
    hint = word(
        "Minutes to the nearest open and suitable station, by the travel mode of each group. Workers without a "
        "station within the scenario's maximum count in the mean with that maximum."
    )
    return Section(word("Travel time to a station"), hint, (ReportTable(columns, tuple(rows)),))


def _room(plan: Plan, lang: Language) -> Section | None:
    word = words(lang)
    rows = [
        (
            Cell(district_name(plan, change.index, lang)),
            *(Cell(number(value)) for value in (change.before.total, change.after.workers, found.before, found.after)),
        )
        for change in by_district(plan)
        if (found := room(plan, change.index)) is not None
    ]
    if not rows:
        return None
    columns = (
        Column(word("Name"), "name", 1.6),
        Column(word("Workers")),
        Column(word("Covered with the plan")),
        Column(word("Served within capacity today")),
        Column(word("Served within capacity with the plan")),
    )
    hint = word(
        "Workers who can be served, in their time slot, by a station within their service standard that has "
        "capacity. A worker who is covered may still exceed the capacity."
    )
    return Section(word("Capacity"), hint, (ReportTable(columns, tuple(rows)),))


def _frontier(plan: Plan, lang: Language) -> Section | None:
    if not plan.frontier:
        return None
    word = words(lang)
    known = [point for point in plan.frontier if math.isfinite(point.objective)]
    picture = curve(
        [point.new for point in known],
        [point.objective for point in known],
        x_title=word("New sites"),
        y_title=word("Reached"),
    )
    rows, before = [], None
    for point in plan.frontier:
        a_site = "–"
        if point in known and before is not None:
            a_site = number((point.objective - before.objective) / (point.new - before.new), 1)
        reached = number(point.objective) if point in known else "–"
        limit = number(math.ceil(point.bound - 1e-6)) if math.isfinite(point.bound) else "–"
        rows.append((Cell(number(point.new)), Cell(reached), Cell(a_site), Cell(limit)))
        before = point if point in known else before
    columns = (
        Column(word("New sites")),
        Column(word("Reached")),
        Column(word("Gain per site since the previous row")),
        Column(word("Upper bound")),
    )
    hint = word("Best result for each number of new sites, and the upper bound for any choice of that many.")
    title = word("Result by number of new sites")
    return Section(
        word("Comparison of numbers of sites"), hint, (Chart(picture, title), ReportTable(columns, tuple(rows)))
    )


def _phases(plan: Plan, lang: Language) -> Section | None:
    if not plan.solution.phases:
        return None
    word = words(lang)
    rows = tuple(
        (
            Cell(plan.phase_names[index].in_language(lang)),
            Cell(built_words(plan, lang, index)),
            Cell(number(phase.objective)),
            Cell(number(math.ceil(phase.bound - 1e-6))),
        )
        for index, phase in enumerate(plan.solution.phases)
    )
    columns = (
        Column(word("Phase"), "name"),
        Column(word("New sites")),
        Column(word("Total up to this phase")),
        Column(word("Upper bound up to this phase")),
    )
    hint = word(
        "Total: this phase and those before it. Upper bound: what no plan can exceed up to this phase, even without "
        "regard to later phases."
    )
    return Section(word("Phases"), hint, (ReportTable(columns, rows),))
