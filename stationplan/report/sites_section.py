"""Sections of a plan's report on proposed sites: location, reasons, workers covered, and cost."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np

from stationplan.documents.content import Block, Cell, Chart, Column, Lines, ReportTable, Section
from stationplan.domain import FloatArray, Language, Plan, WhyHere
from stationplan.figures.coverage import overall
from stationplan.figures.gaps import biggest_gaps, gap_place
from stationplan.report.plan_charts import growth
from stationplan.text.catalogue import number, words
from stationplan.text.names import district_name, host_names, kind_names, phase_name, site_name
from stationplan.text.reasons import (
    SHOWN_FROM,
    broken_by,
    chosen_in_draws,
    held_by,
    today_ways,
    why_not_facts,
    why_not_title,
)

_GAPS = 10
_MOST_COLUMNS = 12
"""Columns of groups and time slots in one table; more are too narrow for their names on A4."""


def sites_sections(plan: Plan, lang: Language) -> list[Section]:
    """Return the sections on proposed sites, on sites to be explained, on cost, and on the remaining gaps."""
    made = (_sites(plan, lang), _why_not(plan, lang), _cost(plan, lang), _gaps(plan, lang))
    return [section for section in made if section is not None]


def most_words(plan: Plan, workers: FloatArray, lang: Language) -> str:
    """Return the group and slot with the most workers as text; ``workers`` is [group, slot]."""
    if workers.sum() <= 0:
        return "–"
    group, slot = np.unravel_index(int(workers.argmax()), workers.shape)
    return words(lang)(
        "{group}, {slot}: {workers}",
        group=plan.demand.groups[int(group)].name.in_language(lang),
        slot=plan.demand.slots[int(slot)].name.in_language(lang),
        workers=number(float(workers[group, slot]), 1),
    )


def _sites(plan: Plan, lang: Language) -> Section:
    word = words(lang)
    title = word("Proposed sites, in build order")
    if not len(plan.chosen):
        return Section(title, "", (Lines((word("No site is proposed."),)),))
    hint = word(
        "Workers gained: in addition to the sites before it in the build order. Fewer workers if not built: covered "
        "by this site alone once all are built. Small: travel time to the nearest open and suitable station today."
    )
    columns = (
        Column(word("No."), "order", 0.55),
        Column(word("Site"), "name", 2.6),
        Column(word("Workers gained"), share=0.9),
        Column(word("Group and time slot gaining most"), "text", 1.65),
        Column(word("Nearest station today"), "text", 2.0),
        Column(word("Next best site"), "text", 1.6),
        Column(word("Fewer workers if not built"), share=0.9),
        Column(word("Selection frequency"), "text", 1.1),
        Column(word("Cost (yuan)"), share=0.9),
    )
    rows = tuple(_site_row(plan, order, lang) for order in range(len(plan.chosen)))
    blocks: list[Block] = []
    total, after = overall(plan).after.total, overall(plan).after.workers
    if total > 0:
        gained = np.array([float(why.gained.sum()) for why in plan.why])
        # From the coverage without proposed sites and without closed stations, up to that of all sites together.
        reached = after - np.concatenate([np.cumsum(gained[::-1])[::-1], [0.0]])
        shares = np.clip(reached / total, 0.0, 1.0).tolist()
        caption = word("Coverage as sites are built in the build order")
        picture = growth(shares, x_title=word("Proposed sites built"), y_title=word("Workers covered"))
        blocks.append(Chart(picture, caption))
    return Section(title, hint, (*blocks, ReportTable(columns, rows, look="sites"), *_gained_tables(plan, lang)))


def _site_row(plan: Plan, order: int, lang: Language) -> tuple[Cell, ...]:
    word = words(lang)
    why, sites = plan.why[order], plan.sites
    site = why.site
    details = [
        phase_name(plan, order, lang),
        district_name(plan, int(sites.district[site]), lang),
        kind_names(lang)[sites.kind[site]],
        host_names(plan, lang).get(sites.host[site], ""),
        sites.hours[site],
        sites.address[site],
    ]
    nearest = word("None within reach")
    if why.nearest_existing >= 0:
        nearest = word(
            "{name}, {minutes} min on foot",
            name=site_name(plan, why.nearest_existing, lang),
            minutes=number(why.nearest_existing_min),
        )
    replacement, breaks = word("None"), broken_by(plan, why.replacement_breaks, lang)
    if why.replacement >= 0:
        name = site_name(plan, why.replacement, lang)
        loss = why.replacement_loss
        replacement = (
            word("{name}: {workers} fewer workers", name=name, workers=number(loss, 1))
            if loss >= SHOWN_FROM
            else word("{name}: no fewer workers", name=name)
        )
    room = _room_words(plan, site, lang)
    held = word("Reason for selection: {rule}", rule=held_by(plan, why.held, lang))
    return (
        Cell(str(order + 1)),
        Cell(site_name(plan, site, lang), (" · ".join(filter(None, details)), held, *([room] if room else []))),
        Cell(number(float(why.gained.sum()), 1), strong=True),
        Cell(most_words(plan, why.gained, lang)),
        Cell(nearest, (today_ways(why, lang),)),
        Cell(replacement, (breaks,) if breaks else ()),
        Cell(number(why.removal_loss, 1)),
        Cell(chosen_in_draws(plan, order, lang)),
        Cell(number(float(sites.cost[site]))),
    )


def _room_words(plan: Plan, site: int, lang: Language) -> str:
    """Return the load of a site in its busiest slot as text; empty if the plan is not about capacity."""
    if plan.served is None:
        return ""
    load = plan.served.load[site]
    busiest = int(load.argmax())
    return words(lang)(
        "highest load in {slot}: {workers} of {capacity}",
        slot=plan.demand.slots[busiest].name.in_language(lang),
        workers=number(float(load[busiest])),
        capacity=number(float(plan.sites.capacity[site])),
    )


def _gained_tables(plan: Plan, lang: Language) -> list[ReportTable]:
    """Return workers by site, group and time slot: one table, or several where all columns would not fit on a page."""
    word = words(lang)
    title = word("Groups and time slots covered by each site")
    hint = word("Workers gained in build order; small: covered by this site alone once all are built.")
    groups = [group.name.in_language(lang) for group in plan.demand.groups]
    slots = [slot.name.in_language(lang) for slot in plan.demand.slots]
    names = groups + slots
    cells = [_gained_cells(why) for why in plan.why]

    def table(first: int, last: int, title: str, hint: str) -> ReportTable:
        columns = (
            *(Column(word("No."), share=0.5), Column(word("Site"), "name", 2.6)),
            *(Column(name) for name in names[first:last]),
        )
        rows = tuple(
            (Cell(str(order)), Cell(site_name(plan, why.site, lang)), *cells[order - 1][first:last])
            for order, why in enumerate(plan.why, start=1)
        )
        return ReportTable(columns, rows, title, hint, look="gained")

    if len(names) <= _MOST_COLUMNS:
        return [table(0, len(names), title, hint)]
    tables = [table(first, last, "", "") for first, last in _column_parts(len(groups))]
    for first, last in _column_parts(len(slots)):
        span = word("Time slots {first} to {last}", first=slots[first], last=slots[last - 1])
        tables.append(table(len(groups) + first, len(groups) + last, span, ""))
    return [replace(tables[0], title=title, hint=hint), *tables[1:]]


def _column_parts(count: int) -> list[tuple[int, int]]:
    """Return the first column, and the one after the last, of tables that share columns evenly.

    >>> _column_parts(30)
    [(0, 10), (10, 20), (20, 30)]
    """
    parts = math.ceil(count / _MOST_COLUMNS)
    ends = [round(count * part / parts) for part in range(parts + 1)]
    return list(pairwise(ends))


def _gained_cells(why: WhyHere) -> list[Cell]:
    """Return a cell with workers gained and workers covered by this site alone, for each group, then for each slot."""
    sums = [np.concatenate([workers.sum(axis=1), workers.sum(axis=0)]) for workers in (why.gained, why.alone)]
    return [Cell(_tenth(gained), (_tenth(alone),)) for gained, alone in zip(*sums, strict=True)]


def _tenth(workers: float) -> str:
    return number(workers, 1) if workers >= SHOWN_FROM else "–"


def _why_not(plan: Plan, lang: Language) -> Section | None:
    if not plan.why_not:
        return None
    word = words(lang)
    cards = tuple(
        ReportTable(
            (Column("", "name"), Column("", "text", 3.0)),
            tuple((Cell(label), Cell(said)) for label, said in why_not_facts(plan, case, lang)),
            why_not_title(plan, case, lang),
            look="card",
        )
        for case in plan.why_not
    )
    hint = word(
        "Each site is compared with the complete plan. Exchange: it replaces one proposed site; the rest of the plan "
        "is unchanged."
    )
    return Section(word("Sites not selected"), hint, cards)


def _cost(plan: Plan, lang: Language) -> Section | None:
    """Return the section on cost by measure and by phase; ``None`` if nothing is proposed."""
    if not len(plan.chosen):
        return None
    word, sites = words(lang), plan.sites
    cost, gained = sites.cost[plan.chosen], np.array([float(why.gained.sum()) for why in plan.why])
    what = [
        plan.actions[sites.action[site]].in_language(lang) if sites.action[site] else kind_names(lang)[sites.kind[site]]
        for site in plan.chosen
    ]
    parts = [(name, np.array([other == name for other in what])) for name in dict.fromkeys(what)]
    parts += [(plan.phase_names[p].in_language(lang), plan.phase == p) for p in range(len(plan.solution.phases))]
    parts.append((word("Total"), np.ones(len(what), dtype=bool)))
    rows = tuple(
        (
            Cell(name),
            Cell(number(int(inside.sum()))),
            Cell(number(float(cost[inside].sum())), strong=True),
            Cell(number(float(gained[inside].sum()), 1)),
            Cell(number(_ratio(cost[inside], gained[inside])) if gained[inside].sum() >= SHOWN_FROM else "–"),
        )
        for name, inside in parts
    )
    columns = (
        Column(word("Category"), "name", 1.6),
        Column(word("Sites")),
        Column(word("Cost (yuan)")),
        Column(word("Workers gained")),
        Column(word("Yuan per worker gained")),
    )
    return Section(word("Costs"), "", (ReportTable(columns, rows),))


def _ratio(cost: FloatArray, gained: FloatArray) -> float:
    return float(cost.sum() / gained.sum())


def gaps_section(columns: tuple[Column, ...], rows: tuple[tuple[Cell, ...], ...], lang: Language) -> Section:
    """Return the section on places with uncovered workers, with its heading and reading hint."""
    word = words(lang)
    title = word("Largest remaining gaps")
    if not rows:
        return Section(title, "", (Lines((word("With the plan, every worker is covered."),)),))
    hint = word(
        "Workers not covered with the plan, within 1 km of each place; each worker is counted once. Places are named "
        "after the nearest station or candidate, with straight-line distances."
    )
    return Section(title, hint, (ReportTable(columns, rows),))


def _gaps(plan: Plan, lang: Language) -> Section:
    word = words(lang)
    columns = (
        Column(word("No."), share=0.4),
        Column(word("Place"), "name", 3.2),
        Column(word("Workers not covered")),
        Column(word("Largest group and time slot"), "text", 1.6),
        Column(word("Candidates within 1 km")),
    )
    rows = tuple(
        (
            Cell(str(rank)),
            Cell(gap_place(plan, gap, lang)),
            Cell(number(float(gap.workers.sum()), 1), strong=True),
            Cell(most_words(plan, gap.workers, lang)),
            Cell(number(gap.candidates)),
        )
        for rank, gap in enumerate(biggest_gaps(plan, _GAPS), start=1)
    )
    return gaps_section(columns, rows, lang)
