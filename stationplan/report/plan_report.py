"""The content of the report of a plan, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata

from markupsafe import Markup

from stationplan.documents.content import Block, Cell, Column, Figure, Lines, MapSheet, Report, ReportTable, Section
from stationplan.documents.page import report_page
from stationplan.documents.template import Titled, marks
from stationplan.domain import Demand, Group, Language, MapOptions, Plan, Quality
from stationplan.figures.coverage import overall
from stationplan.figures.notes import plan_notes
from stationplan.report.audit_section import audit_sections, scorecard_figure, scorecard_section
from stationplan.report.coverage_section import (
    built_words,
    coverage_section,
    covered_figure,
    outlook_sections,
    share_text,
)
from stationplan.report.map_sheet import map_sheet
from stationplan.report.quality import COUNTED, action_names, defaults_line
from stationplan.report.sites_section import sites_sections
from stationplan.text.catalogue import number, percent, translate, words
from stationplan.text.names import mode_names, role_name, site_name

_NAMED = 60
"""Names listed beside the map at most."""

_FINDINGS = 20
"""Kinds of findings that a report lists; the workbook lists every single finding."""


def plan_report(plan: Plan, *, lang: Language = "zh") -> Report:
    """Return the report of a plan as records for any of the writers."""
    return report_of(
        plan.study,
        lang,
        figures=key_figures(plan, lang),
        sheet=_sheet(plan, lang),
        sections=(
            scorecard_section(plan, lang),
            coverage_section(plan, lang),
            *outlook_sections(plan, lang),
            *sites_sections(plan, lang),
            *audit_sections(plan, lang),
            assumptions_section(plan.demand, lang),
            _certainty(plan, lang),
            *quality_sections(plan.study.quality, lang),
        ),
    )


def report_of(
    study: Titled, lang: Language, *, figures: tuple[Figure, ...], sheet: MapSheet, sections: tuple[Section, ...]
) -> Report:
    """Return a report with the title, marks, notice and version that every report contains."""
    word = words(lang)
    return Report(
        lang=lang,
        title=study.name.in_language(lang),
        marks=tuple(marks(study, lang)),
        notice=study.notice.in_language(lang) if study.notice is not None else "",
        figures_title=word("Key figures"),
        figures=figures,
        sheet=sheet,
        sections=sections,
        made_by=word(
            "Made by stationplan {version}. Scenario {fingerprint}.",
            version=metadata.version("stationplan"),
            fingerprint=study.scenario_fingerprint[:12],
        ),
    )


def render_report(plan: Plan, *, lang: Language = "zh") -> str:
    """Return the report of a plan as one HTML page; the same plan gives the same bytes."""
    return report_page(plan_report(plan, lang=lang))


def _sheet(plan: Plan, lang: Language) -> MapSheet:
    word = words(lang)
    names = [site_name(plan, int(site), lang) for site in plan.chosen]
    title, names_title = word("Map"), word("Proposed sites, in build order")
    return sheet_of(title, map_sheet(plan, lang), names_title, names, plan.study.sources, plan.study.map_options, lang)


def sheet_of(
    title: str,
    svg: Markup,
    names_title: str,
    names: Sequence[str],
    roads: Sequence[str],
    options: MapOptions,
    lang: Language,
) -> MapSheet:
    """Return a map to be printed large, with as many names as there is room for, and where its ``roads`` come from."""
    word, review, more = words(lang), options.review_number, len(names) - _NAMED
    return MapSheet(
        title=title,
        svg=svg,
        names_title=names_title,
        names=tuple(names[:_NAMED]),
        more=word("and {count} more", count=number(more)) if more > 0 else "",
        sources=tuple(word("Roads: {source}", source=source) for source in roads),
        review=word("Map review number: {number}", number=review) if review else "",
    )


def key_figures(plan: Plan, lang: Language) -> tuple[Figure, ...]:
    """Return the key figures of a plan."""
    word = words(lang)
    total = overall(plan)
    gained = total.after.workers - total.before.workers
    cost = float(plan.sites.cost[plan.chosen].sum())
    figures: tuple[Figure, ...] = (
        covered_figure(total.before.share, total.after.share, total.before.total, lang),
        Figure(word("New sites"), built_words(plan, lang), _counts(plan, lang)),
        Figure(
            word("Workers gained"),
            number(gained),
            word("{count} per site", count=number(gained / max(len(plan.chosen), 1), 1)),
        ),
        Figure(
            word("Cross-coverage"),
            share_text(total.after.cross_share),
            word("today {share}", share=share_text(total.before.cross_share)),
        ),
        Figure(
            word("Cost (yuan)"),
            number(cost),
            word("{cost} per site", cost=number(cost / max(len(plan.chosen), 1))),
        ),
    )
    circle = scorecard_figure(plan, lang)
    figures = (*figures[:1], circle, *figures[1:])
    return (*aim_figures(plan, lang), *figures) if plan.aim.leads else (*figures, *aim_figures(plan, lang))


def aim_figures(plan: Plan, lang: Language) -> list[Figure]:
    """Return the key figures added by the aim of a plan."""
    return [
        Figure(translate(figure.label, lang), translate(figure.value, lang), translate(figure.note, lang))
        for figure in plan.aim.figures
    ]


def _counts(plan: Plan, lang: Language) -> str:
    return words(lang)(
        "{existing} existing, {candidates} candidates",
        existing=number(plan.counts["existing"]),
        candidates=number(plan.counts["candidates"]),
    )


def assumptions_section(demand: Demand, lang: Language) -> Section:
    """Return the section on service standards of the groups, counting of workers, and conditions of coverage."""
    word = words(lang)
    columns = (
        Column(word("Group"), "name"),
        Column(word("Travel mode"), "text"),
        Column(word("Service standard"), "text", 2.0),
        Column(word("Workers")),
    )
    rows = tuple(
        (
            Cell(group.name.in_language(lang)),
            Cell(mode_names(lang)[group.mode]),
            Cell(_standard(group, lang)),
            Cell(number(float(demand.workers[:, g].sum()))),
        )
        for g, group in enumerate(demand.groups)
    )
    lines = Lines(tuple(_assumptions(demand, lang)))
    return Section(word("Assumptions of the calculation"), "", (ReportTable(columns, rows), lines))


def _standard(group: Group, lang: Language) -> str:
    word = words(lang)
    minutes = number(group.cutoff_min, 0 if group.cutoff_min == round(group.cutoff_min) else 1)
    if group.cutoff_m is None:
        return word("within {minutes} min", minutes=minutes)
    return word("within {minutes} min and {metres} m by road", minutes=minutes, metres=number(group.cutoff_m))


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


def _assumptions(demand: Demand, lang: Language) -> list[str]:
    """Return how workers are counted and when a station covers them."""
    word = words(lang)
    slots = word(", ").join(
        word(
            "{slot} {start}-{end}",
            slot=slot.name.in_language(lang),
            start=_clock(slot.start_min),
            end=_clock(slot.end_min),
        )
        for slot in demand.slots
    )
    return [
        word("A worker's day is divided over the time slots, so every worker is counted once: {slots}.", slots=slots),
        word(
            "A station covers a worker if it is open in the time slot, suits the group and lies within its service "
            "standard along the roads."
        ),
        word("The distance between a cell or site and the nearest road is walked and counts towards the standard."),
    ]


def _certainty(plan: Plan, lang: Language) -> Section:
    told = (translate(plan.aim.proof, lang), *uncertainty(plan, lang), *plan_notes(plan, lang))
    return Section(words(lang)("Reliability and data notes"), "", (Lines(told),))


def uncertainty(plan: Plan, lang: Language) -> list[str]:
    """Return sentences on how much the coverage and the choice of sites depend on the uncertainty of the demand."""
    word = words(lang)
    ends = overall(plan).after.share_range
    if ends is None:
        return [word("The number of workers is an estimate; the scenario gives no uncertainty.")]
    said = [
        word(
            "The number of workers is an estimate. Given its uncertainty, coverage with the plan is between {low} "
            "and {high} with a probability of 90%.",
            low=percent(ends[0]),
            high=percent(ends[1]),
        )
    ]
    if plan.robustness.answered:
        said.append(
            word(
                "Selection frequency: in how many of {draws} draws of the demand the best plan includes the site.",
                draws=number(plan.robustness.answered),
            )
        )
    return said


def quality_sections(quality: Sequence[Quality], lang: Language) -> list[Section]:
    """Return the section on what happened to the records of each input, and kinds of findings, most frequent first."""
    if not quality:
        return []
    word, names = words(lang), action_names(lang)
    columns = (
        Column(word("File"), "name", 2.0),
        Column(word("Records")),
        Column(word("Kept")),
        *(Column(names[action]) for action in COUNTED),
    )
    rows = tuple(
        (
            Cell(item.file or translate(role_name(item.role), lang), (item.sheet,) if item.sheet else ()),
            *(Cell(number(count)) for count in (item.rows, item.kept, *(item.count(action) for action in COUNTED))),
        )
        for item in quality
    )
    kinds: dict[tuple[str, str], list[str]] = {}
    for item in quality:
        for finding in item.findings:
            told = word("{file}: {what}", file=finding.file or item.file, what=translate(finding.what, lang))
            kinds.setdefault((item.role, finding.code), []).append(told)
    ranked = sorted(kinds.values(), key=len, reverse=True)[:_FINDINGS]
    lines = [
        word("{count} times, for example: {example}", count=number(len(told)), example=told[0]) if told[1:] else told[0]
        for told in ranked
    ]
    defaults = [
        word("{file}: {what}", file=item.file or translate(role_name(item.role), lang), what=line)
        for item in quality
        if (line := defaults_line(item, lang))
    ]
    lines = [*defaults, *lines]
    blocks: list[Block] = [ReportTable(columns, rows), *([Lines(tuple(lines))] if lines else [])]
    hint = word("The workbook lists all records to be checked.")
    return [Section(word("Data quality"), hint, tuple(blocks))]
