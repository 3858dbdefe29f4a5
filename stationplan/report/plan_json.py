"""The plan as ``plan.json``, for programs. ``plan.schema.json`` beside this module describes it."""

from __future__ import annotations

import json
import math
from importlib import resources
from typing import cast

import numpy as np

from stationplan.domain import MODES, FloatArray, Held, LocalText, Plan, WhyHere, WhyNot
from stationplan.figures.coverage import (
    Change,
    Covered,
    Way,
    by_district,
    by_group,
    by_slot,
    overall,
    room,
    scorecard_shares,
    ways,
)
from stationplan.figures.gaps import biggest_gaps, gap_place
from stationplan.geo import unproject, wgs84_to_gcj02
from stationplan.planning.aims import AIMS
from stationplan.text.reasons import mean_today_min, no_station_share

Json = dict[str, object]

SCHEMA_VERSION = 1

_GAPS = 20
"""Gaps that are reported, the biggest first."""


def schema() -> Json:
    """Return the JSON Schema of :func:`document`; its aims and travel modes are the registered ones."""
    text = resources.files("stationplan").joinpath("report/plan.schema.json").read_text("utf-8")
    loaded: Json = json.loads(text)
    _values_of(loaded, "solution", "properties", "aim")["enum"] = sorted(AIMS)
    _values_of(loaded, "why_not", "items", "properties", "no_road", "items")["enum"] = list(MODES)
    return loaded


def _values_of(schema: Json, *path: str) -> Json:
    """Return the part of the schema at a path below its properties."""
    part = cast("Json", schema["properties"])
    for key in path:
        part = cast("Json", part[key])
    return part


def document(plan: Plan) -> Json:
    """Return the plan as JSON values: shares from 0 to 1 (``None``: no workers), WGS-84 degrees, workers, yuan."""
    total = overall(plan)
    solution = plan.solution
    districts = plan.area.districts
    return {
        "schema": SCHEMA_VERSION,
        "name": _both(plan.study.name),
        "synthetic": plan.study.synthetic,
        "scenario": plan.study.scenario_fingerprint,
        "solution": {
            "objective": _number(solution.objective),
            "bound": _number(solution.bound),
            "gap": _number(solution.gap, 9) if math.isfinite(solution.gap) else None,
            "termination": solution.termination,
            "method": solution.method,
            "aim": plan.aim.id,
            "phases": [
                {
                    "name": _both(name),
                    "new": phase.new,
                    "objective": _number(phase.objective),
                    "bound": _number(phase.bound),
                }
                for name, phase in zip(plan.phase_names, solution.phases, strict=True)
            ],
            "frontier": [
                {
                    "new": point.new,
                    "objective": None if math.isnan(point.objective) else _number(point.objective),
                    "bound": _number(point.bound) if math.isfinite(point.bound) else None,
                }
                for point in plan.frontier
            ],
            "closed": [plan.sites.site_id[site] for site in solution.closed],
        },
        "coverage": {
            "total": _number(total.before.total),
            **_before_after(total),
            "by_district": [
                {
                    "district": str(districts["name"].iloc[change.index]),
                    "district_id": str(districts["district_id"].iloc[change.index]),
                    "prefecture": str(districts["prefecture"].iloc[change.index]),
                    "total": _number(change.before.total),
                    "straight": bool(plan.straight[change.index]),
                    **_before_after(change),
                }
                for change in by_district(plan)
            ],
            "by_group": [
                {
                    "group": plan.demand.groups[change.index].id,
                    "name": _both(plan.demand.groups[change.index].name),
                    "total": _number(change.before.total),
                    **_before_after(change),
                }
                for change in by_group(plan)
            ],
            "by_slot": [
                {
                    "slot": plan.demand.slots[change.index].id,
                    "name": _both(plan.demand.slots[change.index].name),
                    "total": _number(change.before.total),
                    **_before_after(change),
                }
                for change in by_slot(plan)
            ],
        },
        "scorecard": _scorecard(plan),
        "audit": _audit(plan),
        "gaps": _gaps(plan),
        "ways": _ways(plan),
        "room": _room(plan),
        "sites": site_documents(plan),
        "why_not": [_why_not(plan, case) for case in plan.why_not],
        "robustness_draws": plan.robustness.answered,
        "counts": dict(plan.counts),
        "notes": [str(note) for note in plan.study.notes],
    }


def document_text(plan: Plan) -> str:
    """Return ``plan.json`` as text; the same plan gives the same bytes."""
    return json.dumps(document(plan), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def site_documents(plan: Plan) -> list[Json]:
    """Return the proposed sites in build order as JSON values."""
    return [_site(plan, order) for order in range(len(plan.chosen))]


def _site(plan: Plan, order: int) -> Json:
    why, sites = plan.why[order], plan.sites
    site = why.site
    lon, lat = unproject(sites.x[[site]], sites.y[[site]], plan.area.crs)
    gcj_lon, gcj_lat = wgs84_to_gcj02(lon, lat)
    district = int(sites.district[site])
    return {
        "order": order + 1,
        "site_id": sites.site_id[site],
        "name": sites.name[site],
        "address": sites.address[site],
        "lon": round(float(lon[0]), 7),
        "lat": round(float(lat[0]), 7),
        "lon_gcj02": round(float(gcj_lon[0]), 7),
        "lat_gcj02": round(float(gcj_lat[0]), 7),
        "kind": sites.kind[site],
        "host": sites.host[site],
        "hours": sites.hours[site],
        "action": sites.action[site],
        "counted": bool(sites.counted[site]),
        "phase": int(plan.phase[order]) + 1 if plan.solution.phases else None,
        "workers_gained": _number(why.gained.sum()),
        "cost": _number(sites.cost[site]),
        "capacity": None if math.isnan(sites.capacity[site]) else _number(sites.capacity[site]),
        "served": None
        if plan.served is None
        else {slot.id: _number(plan.served.load[site, s]) for s, slot in enumerate(plan.demand.slots)},
        "district": str(plan.area.districts["name"].iloc[district]) if district >= 0 else "",
        "robustness": None if math.isnan(plan.robustness.share[order]) else _number(plan.robustness.share[order], 9),
        "why": {
            "gained": _by_group_and_slot(plan, why.gained),
            "alone": _by_group_and_slot(plan, why.alone),
            "held_by": _held(plan, why.held),
            "today": _today(plan, why),
            "nearest_existing": sites.site_id[why.nearest_existing] if why.nearest_existing >= 0 else None,
            "nearest_existing_min": _number(why.nearest_existing_min) if why.nearest_existing >= 0 else None,
            "replacement": sites.site_id[why.replacement] if why.replacement >= 0 else None,
            "replacement_loss": _number(why.replacement_loss),
            "replacement_breaks": _held(plan, why.replacement_breaks),
            "removal_loss": _number(why.removal_loss),
        },
    }


def _scorecard(plan: Plan) -> Json:
    """Return coverage by the service circle today and with the plan, and how many sites reach which share."""
    card = plan.scorecard
    before, after = scorecard_shares(plan)
    return {
        "walk_min": card.walk_min,
        "walk_m": card.walk_m,
        "before": _covered(before),
        "after": _covered(after),
        "needed": [{"share": one.share, "enough": one.enough, "least": one.least} for one in card.needed],
    }


def _audit(plan: Plan) -> list[Json]:
    """Return the audit of each existing station."""
    audit, sites = plan.audit, plan.sites
    closable = set(audit.closable.tolist())
    lon, lat = unproject(sites.x[audit.site], sites.y[audit.site], plan.area.crs)
    return [
        {
            "site_id": sites.site_id[site],
            "name": sites.name[site],
            "lon": round(float(lon[row]), 7),
            "lat": round(float(lat[row]), 7),
            "hours": sites.hours[site],
            "reached": _number(audit.reached[row]),
            "lost_if_closed": _number(audit.alone_today[row]),
            "lost_if_closed_after": _number(audit.alone_after[row]),
            "closable": site in closable,
            "longer_hours_gain": _number(audit.longer[row]),
            "away_m": _number(audit.away_m[row]) if math.isfinite(audit.away_m[row]) else None,
            "outside": bool(audit.outside[row]),
        }
        for row, site in enumerate(audit.site.tolist())
    ]


def _gaps(plan: Plan) -> list[Json]:
    """Return the places with the most uncovered workers, as text and in degrees."""
    return [
        {
            "place": {"zh": gap_place(plan, gap, "zh"), "en": gap_place(plan, gap, "en")},
            "lon": round(gap.lon, 7),
            "lat": round(gap.lat, 7),
            "workers": _number(gap.workers.sum()),
            "candidates": gap.candidates,
        }
        for gap in biggest_gaps(plan, _GAPS)
    ]


def _ways(plan: Plan) -> Json | None:
    """Return the travel times to a station, in total and by group; ``None`` if they were not measured."""
    journeys, change = plan.coverage.journeys, ways(plan)
    if journeys is None or change is None:
        return None
    return {
        "far_min": journeys.far_min,
        **_way_change(change),
        "by_group": {
            group.id: _way_change(of_group)
            for g, group in enumerate(plan.demand.groups)
            if (of_group := ways(plan, np.s_[:, g, :])) is not None
        },
    }


def _way_change(change: tuple[Way, Way]) -> Json:
    return {
        when: {
            "mean_min": None if way.mean_min is None else _number(way.mean_min),
            "longest_min": None if way.longest_min is None else _number(way.longest_min),
            "without": _number(way.without),
        }
        for when, way in zip(("before", "after"), change, strict=True)
    }


def _room(plan: Plan) -> Json | None:
    """Return the served workers, in total and by district; ``None`` if the plan is not about capacity."""
    total = room(plan)
    if total is None:
        return None
    by_district = [room(plan, district) for district in range(len(plan.area.districts))]
    return {
        "before": _number(total.before),
        "after": _number(total.after),
        "by_district": [
            {"district_id": str(code), "before": _number(part.before), "after": _number(part.after)}
            for code, part in zip(plan.area.districts["district_id"], by_district, strict=True)
            if part is not None
        ],
    }


def _by_group_and_slot(plan: Plan, workers: FloatArray) -> Json:
    return {
        group.id: {slot.id: _number(workers[g, s]) for s, slot in enumerate(plan.demand.slots)}
        for g, group in enumerate(plan.demand.groups)
    }


def _held(plan: Plan, held: Held | None) -> Json | None:
    """Return a rule with the id of the district of a floor, or of a better site excluded by budget or spacing."""
    if held is None:
        return None
    district = str(plan.area.districts["district_id"].iloc[held.district]) if held.district >= 0 else None
    return {
        "rule": held.rule,
        "district_id": district,
        "site_id": plan.sites.site_id[held.site] if held.site >= 0 else None,
    }


def _today(plan: Plan, why: WhyHere) -> Json:
    minutes, share = mean_today_min(why), no_station_share(why)
    return {
        "served": _number(why.served.sum()),
        "covered": _number(why.served_today.sum()),
        "minutes": None if minutes is None else _number(minutes),
        "none_share": None if share is None else _number(share, 9),
        "by_group": {
            group.id: {
                "served": _number(why.served[g]),
                "covered": _number(why.served_today[g]),
                "minutes": None if math.isnan(why.today_min[g]) else _number(why.today_min[g]),
                "none": _number(why.today_none[g]),
            }
            for g, group in enumerate(plan.demand.groups)
        },
    }


def _why_not(plan: Plan, case: WhyNot) -> Json:
    sites = plan.sites
    exchange = {
        "site_id": sites.site_id[case.exchange],
        "workers": _number(case.exchange_gain),
        "money_missing": _number(case.exchange_money),
        "breaks": _held(plan, case.exchange_breaks),
    }
    return {
        "site_id": sites.site_id[case.site],
        "name": sites.name[case.site],
        "cost": _number(sites.cost[case.site]),
        "reasons": list(case.reasons),
        "reach": _by_group_and_slot(plan, case.reach),
        "gain": _by_group_and_slot(plan, case.gain),
        "workers_reached": _number(case.reach.sum()),
        "workers_gained": _number(case.gain.sum()),
        "covered_today": _number(case.covered_today),
        "covered_by_plan": _number(case.covered_by_plan),
        "covered_by": [
            {"site_id": sites.site_id[site], "workers": _number(workers)}
            for site, workers in zip(case.others, case.shared, strict=True)
        ],
        "exchange": exchange if case.exchange >= 0 else None,
        "least_gain": sites.site_id[case.least] if case.least >= 0 else None,
        "workers_missing": _number(case.workers_missing),
        "money_missing": _number(case.money_missing),
        "no_road": list(case.no_road),
    }


def _before_after(change: Change) -> Json:
    return {"before": _covered(change.before), "after": _covered(change.after)}


def _covered(covered: Covered) -> Json:
    share, cross_share = covered.share, covered.cross_share
    return {
        "workers": _number(covered.workers),
        "share": None if share is None else _number(share, 9),
        "cross_share": None if cross_share is None else _number(cross_share, 9),
        "share_range": None if covered.share_range is None else [_number(end, 9) for end in covered.share_range],
    }


def _both(text: LocalText) -> Json:
    return {"zh": text.zh, "en": text.en}


def _number(value: float, digits: int = 6) -> float:
    return round(float(value), digits) + 0.0
