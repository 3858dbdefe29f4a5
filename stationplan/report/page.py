"""The plan as one printable HTML page."""

from __future__ import annotations

import math

import numpy as np
from markupsafe import Markup

from stationplan.domain import FloatArray, Group, Language, Plan, WhyHere
from stationplan.i18n import number, percent, percent_up, translate, words
from stationplan.naming import district_name, host_names, kind_names, mode_names, phase_name, site_name
from stationplan.reasons import SHOWN_FROM, broken_by, held_by, today_ways, why_not_facts, why_not_title
from stationplan.report.charts import curve
from stationplan.report.metrics import Change, Way, by_district, certainty, new_sites, overall, room, ways
from stationplan.report.tables import coverage_parts, plan_notes
from stationplan.report.template import fill_page

Row = dict[str, str]


def render_report(plan: Plan, *, lang: Language = "zh") -> str:
    """Return the report as one HTML page; the same plan gives the same bytes."""
    return fill_page(
        "report.html.j2",
        plan,
        lang,
        figures=_figures(plan, lang),
        parts=[
            {"title": title, "rows": [_coverage_row(name, change, lang) for name, change in changes]}
            for title, changes in coverage_parts(plan, lang)
        ],
        ways=_way_rows(plan, lang),
        rooms=_room_rows(plan, lang),
        sites=[{**_site_row(plan, order, lang), "whom": _whom(plan.why[order])} for order in range(len(plan.chosen))],
        frontier=frontier_rows(plan),
        curve=_curve(plan, lang),
        phases=[_phase_row(plan, phase, lang) for phase in range(len(plan.solution.phases))],
        whom=[
            *(group.name.in_language(lang) for group in plan.demand.groups),
            *(slot.name.in_language(lang) for slot in plan.demand.slots),
        ],
        why_not=[
            {"title": why_not_title(plan, case, lang), "facts": why_not_facts(plan, case, lang)}
            for case in plan.why_not
        ],
        groups=[_group_row(plan, g, group, lang) for g, group in enumerate(plan.demand.groups)],
        assumptions=_assumptions(plan, lang),
        certainty=[
            translate(certainty(plan), lang),
            *_uncertainty(plan, lang),
        ],
        notes=plan_notes(plan, lang),
    )


def _share(share: float | None) -> str:
    return "–" if share is None else percent(share)


def _range(ends: tuple[float, float] | None, lang: Language) -> str:
    if ends is None:
        return ""
    return words(lang)("{low}–{high}", low=percent(ends[0]), high=percent(ends[1]))


def _uncertainty(plan: Plan, lang: Language) -> list[str]:
    """Return how far the coverage and the choice depend on what is not known of the demand."""
    word = words(lang)
    ends = overall(plan).after.share_range
    if ends is None:
        return [word("The workers are an estimate; the scenario states no uncertainty of it.")]
    said = [
        word(
            "The workers are an estimate. In nine of ten draws of what else may be, the plan covers {low} to {high}.",
            low=percent(ends[0]),
            high=percent(ends[1]),
        )
    ]
    if plan.robustness_draws:
        said.append(
            word(
                "Robust: the share of {draws} such draws in which the best plan has the site too.",
                draws=number(plan.robustness_draws),
            )
        )
    return said


def _figures(plan: Plan, lang: Language) -> list[Row]:
    word = words(lang)
    total = overall(plan)
    gained = total.after.workers - total.before.workers
    figures = [
        {
            "label": word("Workers covered"),
            "value": word("{before} → {after}", before=_share(total.before.share), after=_share(total.after.share)),
            "note": word("of {total} workers", total=number(total.before.total)),
        },
        {"label": word("New sites"), "value": built_words(plan, lang), "note": _counts(plan, lang)},
        {
            "label": word("Workers gained"),
            "value": number(gained),
            "note": word("{count} a site", count=number(gained / max(len(plan.chosen), 1), 1)),
        },
        {
            "label": word("Cross-covered"),
            "value": _share(total.after.cross_share),
            "note": word("today {share}", share=_share(total.before.cross_share)),
        },
        {
            "label": word("Cost (yuan)"),
            "value": number(float(plan.sites.cost[plan.chosen].sum())),
            "note": _gap(plan, lang),
        },
    ]
    # What a plan is about goes before, what it tells besides behind.
    return [*aim_figures(plan, lang), *figures] if plan.aim != "coverage" else [*figures, *aim_figures(plan, lang)]


def aim_figures(plan: Plan, lang: Language) -> list[Row]:
    """Return the figure of a plan that is about ways or room, or tells of ways."""
    word = words(lang)
    change, rooms = ways(plan), room(plan)
    if change is not None:
        before, after = (_way_of(plan, way) for way in change)
        label = word("Longest way to a station (min)") if plan.aim == "center" else word("Mean way to a station (min)")
        note = word(
            "{workers} workers have none within {minutes} min (today {today})",
            workers=number(change[1].without),
            minutes=number(plan.coverage.journeys.far_min) if plan.coverage.journeys is not None else "",
            today=number(change[0].without),
        )
        return [{"label": label, "value": word("{before} → {after}", before=before, after=after), "note": note}]
    if rooms is not None:
        total = overall(plan).before.total
        return [
            {
                "label": word("Workers with room"),
                "value": word("{before} → {after}", before=number(rooms.before), after=number(rooms.after)),
                "note": word("of {total} workers", total=number(total)),
            }
        ]
    return []


def _way_rows(plan: Plan, lang: Language) -> list[Row]:
    """Return the ways of all and of each group; none where the plan is not about ways."""
    groups = [(group.name.in_language(lang), ways(plan, np.s_[:, g, :])) for g, group in enumerate(plan.demand.groups)]
    told = [(words(lang)("All"), ways(plan)), *groups]
    return [
        {
            "name": name,
            "mean_before": _minutes(change[0].mean_min),
            "mean_after": _minutes(change[1].mean_min),
            "longest_before": _minutes(change[0].longest_min),
            "longest_after": _minutes(change[1].longest_min),
            "without_before": number(change[0].without),
            "without_after": number(change[1].without),
        }
        for name, change in told
        if change is not None
    ]


def _room_rows(plan: Plan, lang: Language) -> list[Row]:
    """Return the workers of each district who find room; none where the plan is not about room."""
    return [
        {
            "name": district_name(plan, change.index, lang),
            "workers": number(change.before.total),
            "covered": number(change.after.workers),
            "before": number(found.before),
            "after": number(found.after),
        }
        for change in by_district(plan)
        if (found := room(plan, change.index)) is not None
    ]


def _minutes(minutes: float | None) -> str:
    return "–" if minutes is None else number(minutes, 1)


def _way_of(plan: Plan, way: Way) -> str:
    return _minutes(way.longest_min if plan.aim == "center" else way.mean_min)


def built_words(plan: Plan, lang: Language, phase: int | None = None) -> str:
    """Return how many new sites a plan or a phase has, and how many stations with longer hours."""
    sites, longer = new_sites(plan, phase)
    if not longer:
        return number(sites)
    return words(lang)("{sites}, and {longer} with longer hours", sites=number(sites), longer=number(longer))


def _counts(plan: Plan, lang: Language) -> str:
    return words(lang)(
        "{existing} exist, {candidates} candidates",
        existing=number(plan.counts["existing"]),
        candidates=number(plan.counts["candidates"]),
    )


def _gap(plan: Plan, lang: Language) -> str:
    word = words(lang)
    if plan.solution.termination == "optimal":
        return word("proven best")
    if not math.isfinite(plan.solution.gap):
        return word("not proven")
    return word("at most {gap} from the best", gap=percent_up(plan.solution.gap))


def _coverage_row(name: str, change: Change, lang: Language) -> Row:
    before, after = change.before.share or 0.0, change.after.share or 0.0
    return {
        "name": name,
        "total": number(change.before.total),
        "before": _share(change.before.share),
        "after": _share(change.after.share),
        "range": _range(change.after.share_range, lang),
        "cross": _share(change.after.cross_share),
        "before_width": f"{before * 100:.2f}",
        "after_width": f"{after * 100:.2f}",
    }


def _site_row(plan: Plan, order: int, lang: Language) -> Row:
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
    replacement = word("None")
    if why.replacement >= 0:
        name = site_name(plan, why.replacement, lang)
        loss = why.replacement_loss
        replacement = (
            word("{name}: {workers} fewer", name=name, workers=number(loss, 1))
            if loss >= SHOWN_FROM
            else word("{name}: as many or more", name=name)
        )
    return {
        "order": str(order + 1),
        "name": site_name(plan, site, lang),
        "details": " · ".join(filter(None, details)),
        "gained": number(float(why.gained.sum()), 1),
        "most": _most(plan, why.gained, lang),
        "held": held_by(plan, why.held, lang),
        "nearest": nearest,
        "today": today_ways(why, lang),
        "replacement": replacement,
        "breaks": broken_by(plan, why.replacement_breaks, lang),
        "removal": number(why.removal_loss, 1),
        "robust": _share(None if math.isnan(plan.robustness[order]) else float(plan.robustness[order])),
        "cost": number(float(sites.cost[site])),
        "room": _room_words(plan, site, lang),
    }


def _room_words(plan: Plan, site: int, lang: Language) -> str:
    """Return how full a site is when it is fullest; empty where the plan is not about room."""
    if plan.served is None:
        return ""
    load = plan.served.load[site]
    busiest = int(load.argmax())
    return words(lang)(
        "fullest in {slot}: {workers} of {capacity}",
        slot=plan.demand.slots[busiest].name.in_language(lang),
        workers=number(float(load[busiest])),
        capacity=number(float(plan.sites.capacity[site])),
    )


def _curve(plan: Plan, lang: Language) -> Markup:
    word = words(lang)
    known = [point for point in plan.frontier if math.isfinite(point.objective)]
    return curve(
        [point.new for point in known],
        [point.objective for point in known],
        x_title=word("New sites"),
        y_title=word("Reached"),
    )


def frontier_rows(plan: Plan) -> list[Row]:
    """Return, for each number of new sites of the frontier, what it reaches, what the last step adds, and its limit."""
    rows, before = [], None
    for point in plan.frontier:
        known = math.isfinite(point.objective)
        a_site = "–"
        if known and before is not None:
            a_site = number((point.objective - before.objective) / (point.new - before.new), 1)
        rows.append(
            {
                "new": number(point.new),
                "reached": number(point.objective) if known else "–",
                "a_site": a_site,
                "limit": number(math.ceil(point.bound - 1e-6)) if math.isfinite(point.bound) else "–",
            }
        )
        before = point if known else before
    return rows


def _phase_row(plan: Plan, index: int, lang: Language) -> Row:
    phase = plan.solution.phases[index]
    return {
        "name": plan.phase_names[index].in_language(lang),
        "new": built_words(plan, lang, index),
        "reached": number(phase.objective),
        "limit": number(math.ceil(phase.bound - 1e-6)),
    }


def _most(plan: Plan, workers: FloatArray, lang: Language) -> str:
    """Return the group and slot with the most of some workers, [group, slot]."""
    if workers.sum() <= 0:
        return "–"
    group, slot = np.unravel_index(int(workers.argmax()), workers.shape)
    return words(lang)(
        "{group}, {slot}: {workers}",
        group=plan.demand.groups[int(group)].name.in_language(lang),
        slot=plan.demand.slots[int(slot)].name.in_language(lang),
        workers=number(float(workers[group, slot]), 1),
    )


def _whom(why: WhyHere) -> list[tuple[str, str]]:
    """Return (gained, alone) of each group, then of each slot."""
    sums = [np.concatenate([workers.sum(axis=1), workers.sum(axis=0)]) for workers in (why.gained, why.alone)]
    return [(_tenth(gained), _tenth(alone)) for gained, alone in zip(*sums, strict=True)]


def _tenth(workers: float) -> str:
    return number(workers, 1) if workers >= SHOWN_FROM else "–"


def _group_row(plan: Plan, index: int, group: Group, lang: Language) -> Row:
    word = words(lang)
    minutes = number(group.cutoff_min, 0 if group.cutoff_min == round(group.cutoff_min) else 1)
    if group.cutoff_m is None:
        standard = word("within {minutes} min", minutes=minutes)
    else:
        standard = word("within {minutes} min and {metres} m of road", minutes=minutes, metres=number(group.cutoff_m))
    return {
        "name": group.name.in_language(lang),
        "mode": mode_names(lang)[group.mode],
        "standard": standard,
        "workers": number(float(plan.demand.workers[:, index].sum())),
    }


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


def _assumptions(plan: Plan, lang: Language) -> list[str]:
    word = words(lang)
    separator = word(", ")
    slots = separator.join(
        word(
            "{slot} {start}-{end}",
            slot=slot.name.in_language(lang),
            start=_clock(slot.start_min),
            end=_clock(slot.end_min),
        )
        for slot in plan.demand.slots
    )
    return [
        word("A worker's day is split over the time slots, so every worker counts once: {slots}.", slots=slots),
        word(
            "A station covers a worker when it is open in the slot, suits the group and is within its standard by road."
        ),
        word("The way between a cell or site and the nearest road is walked and counts towards the standard."),
    ]
