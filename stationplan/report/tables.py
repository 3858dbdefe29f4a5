"""Proposed sites as CSV and as a workbook. Text from inputs never becomes a formula."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from stationplan.documents.workbook import Sheet, write_sheets
from stationplan.domain import Language, Plan
from stationplan.figures.coverage import new_sites
from stationplan.figures.notes import coverage_parts, plan_notes
from stationplan.geo import unproject, wgs84_to_gcj02
from stationplan.report.audit_section import stations_sheet
from stationplan.report.passed import passed_columns, with_passed
from stationplan.report.plan_json import site_documents
from stationplan.report.plan_report import assumptions_section
from stationplan.report.plan_sheets import assumptions_sheet, gaps_sheet, summary_sheet
from stationplan.report.quality import quality_sheets
from stationplan.text.catalogue import number, translate, words
from stationplan.text.names import district_name, host_names, kind_names, phase_name, site_name
from stationplan.text.reasons import broken_by, held_by, mean_today_min, no_station_share, why_not_facts, why_not_title

_CSV_FIELDS = (
    "order",
    "site_id",
    "name",
    "address",
    "lon",
    "lat",
    "lon_gcj02",
    "lat_gcj02",
    "kind",
    "host",
    "hours",
    "action",
    "phase",
    "district",
    "workers_gained",
    "cost",
    "robustness",
)


def formula_safe(text: str) -> str:
    """Return text that a spreadsheet does not evaluate: an apostrophe is put before the first character of a formula.

    >>> formula_safe("=1+1"), formula_safe("工会驿站")
    ("'=1+1", '工会驿站')
    """
    return f"'{text}" if text[:1] in {*"=+-@\t\r\n\0", *"＝＋－＠"} else text


def sites_csv(plan: Plan) -> str:
    """Return the proposed sites in build order as CSV: the field names of ``plan.json``, then passed columns."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    extra = passed_columns(plan, plan.chosen, _CSV_FIELDS)
    writer.writerow([*_CSV_FIELDS, *map(formula_safe, extra)])
    for order, site in enumerate(site_documents(plan)):
        values = [*(site[field] for field in _CSV_FIELDS), *(texts[order] for texts in extra.values())]
        writer.writerow([formula_safe(value) if isinstance(value, str) else value for value in values])
    return stream.getvalue()


def write_workbook(plan: Plan, path: Path, *, lang: Language) -> None:
    """Write a workbook: summary, proposed sites and workers gained, gaps, coverage, assumptions, quality, notes."""
    word = words(lang)
    site_rows = [_site_row(plan, i, lang) for i in range(len(plan.chosen))]
    told = [*_headings(plan, lang), translate(plan.aim.proof, lang), *plan_notes(plan, lang)]
    sheets = [
        summary_sheet(plan, lang),
        with_passed(Sheet(word("Proposed sites"), _site_columns(plan, lang), site_rows), plan, plan.chosen, lang),
        Sheet(word("Reasons for selection"), _gain_columns(lang), _gain_rows(plan, lang)),
        *([Sheet(word("Sites not selected"), _asked_columns(lang), _asked_rows(plan, lang))] if plan.why_not else []),
        *(
            [Sheet(word("Comparison of numbers of sites"), _frontier_columns(lang), _frontier_rows(plan))]
            if plan.frontier
            else []
        ),
        *([Sheet(word("Phases"), _phase_columns(lang), _phase_rows(plan, lang))] if plan.solution.phases else []),
        with_passed(stations_sheet(plan, lang), plan, plan.audit.site, lang),
        gaps_sheet(plan, lang),
        Sheet(word("Coverage"), _coverage_columns(lang), _coverage_rows(plan, lang)),
        assumptions_sheet(assumptions_section(plan.demand, lang), lang),
        *quality_sheets(plan.study.quality, plan.study.datums, lang),
        Sheet(word("Notes"), [(word("Note"), "text", 100)], [[note] for note in told]),
    ]
    write_sheets(path, sheets, title=plan.study.name.in_language(lang))


def _headings(plan: Plan, lang: Language) -> list[str]:
    """Return the notes that precede all numbers: that the data are synthetic, and the notice of the study."""
    synthetic = [words(lang)("Synthetic data, not for decisions")] if plan.study.synthetic else []
    return [*synthetic, *([plan.study.notice.in_language(lang)] if plan.study.notice is not None else [])]


def _site_columns(plan: Plan, lang: Language) -> list[tuple[str, str, int]]:
    word = words(lang)
    return [
        (word("No."), "whole", 7),
        (word("Id"), "text", 14),
        (word("Name"), "text", 34),
        (word("Address"), "text", 30),
        (word("District"), "text", 18),
        *([(word("Phase"), "text", 12)] if plan.solution.phases else []),
        (word("Station type"), "text", 12),
        (word("Host type"), "text", 16),
        (word("Opening hours"), "text", 18),
        (word("Longitude (WGS-84)"), "degree", 12),
        (word("Latitude (WGS-84)"), "degree", 12),
        (word("Longitude (GCJ-02)"), "degree", 12),
        (word("Latitude (GCJ-02)"), "degree", 12),
        (word("Workers gained"), "tenth", 12),
        (word("Cost (yuan)"), "whole", 12),
        (word("Nearest station today"), "text", 30),
        (word("Walking time (min)"), "tenth", 12),
        (word("Next best site"), "text", 30),
        (word("Fewer workers with the next best site"), "tenth", 14),
        (word("Fewer workers if not built"), "tenth", 14),
        (word("Times chosen in {draws} draws", draws=number(plan.robustness.answered)), "whole", 14),
        (word("Reason for selection"), "text", 34),
        (word("Constraint broken by the next best site"), "text", 26),
        (word("Workers within reach"), "tenth", 12),
        (word("Of these, covered today"), "tenth", 12),
        (word("Mean travel time to a station today (min)"), "tenth", 14),
        (word("Share without a station today"), "share", 14),
    ]


def _site_row(plan: Plan, order: int, lang: Language) -> list[object]:
    why, sites = plan.why[order], plan.sites
    site = why.site
    lon, lat = unproject(sites.x[[site]], sites.y[[site]], plan.area.crs)
    gcj_lon, gcj_lat = wgs84_to_gcj02(lon, lat)
    has_nearest = why.nearest_existing >= 0
    none = words(lang)("None")
    return [
        order + 1,
        sites.site_id[site],
        site_name(plan, site, lang),
        sites.address[site],
        district_name(plan, int(sites.district[site]), lang),
        *([phase_name(plan, order, lang)] if plan.solution.phases else []),
        kind_names(lang)[sites.kind[site]],
        host_names(plan, lang).get(sites.host[site], ""),
        sites.hours[site],
        float(lon[0]),
        float(lat[0]),
        float(gcj_lon[0]),
        float(gcj_lat[0]),
        float(why.gained.sum()),
        float(sites.cost[site]),
        site_name(plan, why.nearest_existing, lang) if has_nearest else none,
        why.nearest_existing_min,
        site_name(plan, why.replacement, lang) if why.replacement >= 0 else none,
        why.replacement_loss,
        why.removal_loss,
        plan.robustness.times_chosen(order),
        held_by(plan, why.held, lang),
        broken_by(plan, why.replacement_breaks, lang),
        float(why.served.sum()),
        float(why.served_today.sum()),
        mean_today_min(why),
        no_station_share(why),
    ]


def _frontier_columns(lang: Language) -> list[tuple[str, str, int]]:
    word = words(lang)
    return [(word("New sites"), "whole", 10), (word("Reached"), "tenth", 14), (word("Upper bound"), "tenth", 14)]


def _frontier_rows(plan: Plan) -> list[list[object]]:
    return [
        [point.new, *(value if math.isfinite(value) else None for value in (point.objective, point.bound))]
        for point in plan.frontier
    ]


def _phase_columns(lang: Language) -> list[tuple[str, str, int]]:
    word = words(lang)
    return [
        (word("Phase"), "text", 18),
        (word("New sites"), "whole", 10),
        (word("Total up to this phase"), "tenth", 14),
        (word("Upper bound up to this phase"), "tenth", 18),
    ]


def _phase_rows(plan: Plan, lang: Language) -> list[list[object]]:
    return [
        [name.in_language(lang), new_sites(plan, index)[0], phase.objective, phase.bound]
        for index, (name, phase) in enumerate(zip(plan.phase_names, plan.solution.phases, strict=True))
    ]


def _gain_columns(lang: Language) -> list[tuple[str, str, int]]:
    word = words(lang)
    return [
        (word("No."), "whole", 7),
        (word("Id"), "text", 14),
        (word("Name"), "text", 34),
        (word("Group"), "text", 18),
        (word("Time slot"), "text", 18),
        (word("Workers gained"), "tenth", 14),
        (word("Covered by it alone"), "tenth", 14),
    ]


def _gain_rows(plan: Plan, lang: Language) -> list[list[object]]:
    """Return a row for each site, group and slot in which the site gains workers or is the only one to cover them."""
    return [
        [
            order,
            plan.sites.site_id[why.site],
            site_name(plan, why.site, lang),
            group.name.in_language(lang),
            slot.name.in_language(lang),
            float(why.gained[g, s]),
            float(why.alone[g, s]),
        ]
        for order, why in enumerate(plan.why, start=1)
        for g, group in enumerate(plan.demand.groups)
        for s, slot in enumerate(plan.demand.slots)
        if why.gained[g, s] > 0 or why.alone[g, s] > 0
    ]


def _asked_columns(lang: Language) -> list[tuple[str, str, int]]:
    word = words(lang)
    return [(word("Site"), "text", 40), (word("Item"), "text", 24), (word("Explanation"), "text", 100)]


def _asked_rows(plan: Plan, lang: Language) -> list[list[object]]:
    return [
        [why_not_title(plan, case, lang), label, said]
        for case in plan.why_not
        for label, said in why_not_facts(plan, case, lang)
    ]


def _coverage_columns(lang: Language) -> list[tuple[str, str, int]]:
    word = words(lang)
    return [
        (word("Category"), "text", 14),
        (word("Name"), "text", 26),
        (word("Workers"), "tenth", 12),
        (word("Covered today"), "tenth", 14),
        (word("Share today"), "share", 12),
        (word("Covered with the plan"), "tenth", 14),
        (word("Share with the plan"), "share", 12),
        (word("Lower end of the 90% range"), "share", 12),
        (word("Upper end of the 90% range"), "share", 12),
        (word("Cross-coverage today"), "share", 14),
        (word("Cross-coverage with the plan"), "share", 14),
    ]


def _coverage_rows(plan: Plan, lang: Language) -> list[list[object]]:
    return [
        [
            part,
            name,
            change.before.total,
            change.before.workers,
            change.before.share,
            change.after.workers,
            change.after.share,
            *(change.after.share_range or (None, None)),
            change.before.cross_share,
            change.after.cross_share,
        ]
        for part, changes in coverage_parts(plan, lang)
        for name, change in changes
    ]
