"""Places to sites of the study area: which are used, when they are open, and which groups they serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import shapely
from rapidfuzz import process
from scipy.spatial import cKDTree

from stationplan.domain import BoolArray, FloatArray, ObjectArray, Quality, Sites, StudyArea
from stationplan.errors import Fault, FaultList, Message, say
from stationplan.geo import project
from stationplan.inputs.areas import district_of
from stationplan.inputs.sites.actions import done_id, may_be_done, open_slots, with_actions
from stationplan.inputs.sites.rows import Place, PlaceTable
from stationplan.scenario import Scenario, ScenarioFile

_SET_ASIDE = {
    "exists": (say("The candidate is already an existing station."), say("Remove it from one of the two.")),
    "outside_area": (
        say("The candidate lies outside the study area."),
        say("Check its coordinates and their datum, or extend the study area."),
    ),
    "forbidden_area": (
        say("The candidate lies in a forbidden area."),
        say("Move it, or change the forbidden areas."),
    ),
    "too_near": (
        say("The candidate is too close to an existing station."),
        say("Lower `min_distance_m` to keep it."),
    ),
}
"""Why a candidate is excluded from the study, and the fix."""

LEFT_OUT = frozenset({*_SET_ASIDE, "private", "disused"})
"""Codes of findings on places that are valid but excluded from this study."""


def place_sites(
    existing: PlaceTable | None,
    candidates: PlaceTable,
    area: StudyArea,
    scenario: Scenario,
    *,
    forbidden: ObjectArray | None,
) -> tuple[Sites, tuple[Quality, ...], tuple[Message, ...]]:
    """Return existing stations, then candidates, in the study area; reports on the tables; and notes on exclusions.

    Both tables are in WGS-84, as are the ``forbidden`` polygons. A station counts as open in a slot if it is open for
    at least ``open_share`` of it. Stations outside the districts are kept, because they may serve people inside.

    Raises
    ------
    InputError
        An id is used for both a station and a candidate, an id in the scenario does not exist, a capacity is missing
        that the aim needs, or there are fewer candidates than new sites or fewer stations than closures.
    """
    file = scenario.file
    xy = [project(table.lon, table.lat, area.crs) for table in (existing, candidates) if table is not None]
    x, y = (np.concatenate(values) for values in zip(*xy, strict=True))
    stations = () if existing is None else existing.places
    first = len(stations)
    district = district_of(area, x, y)
    reasons = _reasons(stations, candidates, x, y, district, forbidden, scenario)
    notes = [_counted(reason, reasons.count(reason)) for reason in _SET_ASIDE if reason in reasons]
    kept = np.concatenate([np.ones(first, dtype=bool), [reason is None for reason in reasons]])
    places = [place for place, stays in zip((*stations, *candidates.places), kept, strict=True) if stays]
    _check_ids(scenario, stations, places[first:], notes)
    is_existing = np.arange(len(places)) < first
    asked = file.plan

    def named(ids: Sequence[str]) -> BoolArray:
        wanted = set(ids)
        return np.array([place.site_id in wanted for place in places], dtype=bool)

    sites = Sites(
        site_id=tuple(place.site_id for place in places),
        name=tuple(place.name for place in places),
        address=tuple(place.address for place in places),
        x=x[kept],
        y=y[kept],
        existing=is_existing,
        kind=tuple(place.kind for place in places),
        host=tuple(place.host for place in places),
        hours=tuple(place.hours.text for place in places),
        open=open_slots([place.hours for place in places], file),
        serves=_serves(places, file),
        cost=np.where(is_existing, 0.0, [place.cost for place in places]),
        capacity=_capacity([place.capacity for place in places], file),
        required=np.zeros(len(places), dtype=bool),
        forbidden=named(asked.forbidden),
        preferred=np.zeros(len(places), dtype=bool),
        closable=is_existing & named(asked.closable) if asked.closable else is_existing,
        counted=~is_existing,
        place=np.arange(len(places)),
        action=("",) * len(places),
        district=district[kept],
        passed=tuple(place.passed for place in places),
    )
    _check_capacity(scenario, sites)
    sites = with_actions(sites, file)
    _check_asked(scenario, sites, dict(zip((place.site_id for place in candidates.places), reasons, strict=True)))
    ids = np.array(sites.site_id)
    sites = replace(
        sites,
        required=np.isin(ids, asked.required),
        forbidden=sites.forbidden | np.isin(ids, asked.forbidden),
        preferred=np.isin(ids, asked.preferred),
    )
    quality = [_with_reasons(candidates, reasons)]
    if existing is not None:
        quality.insert(0, _with_outside(existing, district[:first]))
    return sites, tuple(quality), tuple(notes)


def _capacity(given: Sequence[float], file: ScenarioFile) -> FloatArray:
    """Return the capacity of each place, with the scenario's value where neither its row nor its host states one."""
    capacity = np.array(given, dtype=np.float64)
    if file.plan.capacity is not None:
        capacity[np.isnan(capacity)] = file.plan.capacity
    return capacity


def _check_capacity(scenario: Scenario, sites: Sites) -> None:
    """Raise :class:`InputError` if the aim requires capacities and a site has none."""
    unknown = np.flatnonzero(np.isnan(sites.capacity))
    if scenario.needs_capacity and len(unknown):
        faults = FaultList(scenario.path.name)
        faults.add(
            say(
                "{count} stations and candidates have no capacity, such as {sites}.",
                count=len(unknown),
                sites=", ".join(sites.site_id[site] for site in unknown[:3]),
            ),
            say(
                "Add a column capacity (服务能力) to the tables, set `capacity` of the hosts, or set one for all "
                "others: `capacity = 100` under [plan]."
            ),
            key="plan.capacity",
        )
        faults.raise_any()


def _counted(reason: str, count: int) -> Message:
    """Return the note on the number of candidates excluded for a reason."""
    notes = {
        "exists": say("Candidates that are already existing stations, excluded: {count}.", count=count),
        "outside_area": say("Candidates outside the study area, excluded: {count}.", count=count),
        "forbidden_area": say("Candidates in forbidden areas, excluded: {count}.", count=count),
        "too_near": say("Candidates too close to an existing station, excluded: {count}.", count=count),
    }
    return notes[reason]


def _reasons(
    stations: Sequence[Place],
    candidates: PlaceTable,
    x: np.ndarray[tuple[int], np.dtype[np.float64]],
    y: np.ndarray[tuple[int], np.dtype[np.float64]],
    district: np.ndarray[tuple[int], np.dtype[np.int64]],
    forbidden: ObjectArray | None,
    scenario: Scenario,
) -> list[str | None]:
    """Return for each candidate why it is excluded, ``None`` where it is not; the first reason applies."""
    given = scenario.file.candidates
    first, count = len(stations), len(candidates.places)
    standing = {place.site_id for place in stations} if given.osm is not None else set()
    near, barred = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    if given.min_distance_m > 0 and first:
        metres, _ = cKDTree(np.column_stack([x[:first], y[:first]])).query(np.column_stack([x[first:], y[first:]]))
        near = metres < given.min_distance_m
    if forbidden is not None:
        points = shapely.points(candidates.lon, candidates.lat)
        barred[shapely.STRtree(forbidden).query(points, predicate="intersects")[0]] = True
    reasons: list[str | None] = []
    for i, place in enumerate(candidates.places):
        if place.site_id in standing:
            reasons.append("exists")
        elif district[first + i] < 0:
            reasons.append("outside_area")
        elif barred[i]:
            reasons.append("forbidden_area")
        else:
            reasons.append("too_near" if near[i] else None)
    return reasons


def _with_reasons(table: PlaceTable, reasons: Sequence[str | None]) -> Quality:
    """Return the report on a table of candidates with the excluded ones; places without a row are counted by reason."""
    quality = table.quality
    found = [
        Fault(*_SET_ASIDE[reason], quality.file, row, None, quality.sheet, reason, "set_aside")
        for reason, row in zip(reasons, table.row, strict=True)
        if reason is not None and row is not None
    ]
    rowless = [reason for reason, row in zip(reasons, table.row, strict=True) if row is None]
    found += [
        Fault(
            _counted(reason, rowless.count(reason)),
            _SET_ASIDE[reason][1],
            quality.file,
            None,
            None,
            quality.sheet,
            reason,
            "set_aside",
        )
        for reason in _SET_ASIDE
        if reason in rowless
    ]
    kept = sum(reason is None for reason in reasons)
    return replace(quality, kept=kept, findings=(*quality.findings, *found))


def _with_outside(table: PlaceTable, district: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Quality:
    quality = table.quality
    found = [
        Fault(
            say("The station lies outside the study area; it is kept because it may serve people inside."),
            say("Check its coordinates and their datum if it should lie inside."),
            quality.file,
            row,
            None,
            quality.sheet,
            "outside_area",
            "kept",
        )
        for row, inside in zip(table.row, district >= 0, strict=True)
        if not inside and row is not None
    ]
    return replace(quality, findings=(*quality.findings, *found))


def _check_ids(
    scenario: Scenario, stations: Sequence[Place], candidates: Sequence[Place], excluded: Sequence[Message]
) -> None:
    """Raise :class:`InputError` for duplicate or unknown ids, and for more new sites or closures than possible.

    ``excluded``: how many candidates were excluded, by reason.
    """
    faults = FaultList(scenario.path.name)
    plan, actions = scenario.file.plan, scenario.file.actions
    existing, new = {place.site_id for place in stations}, {place.site_id for place in candidates}
    for site in sorted(existing & new):
        faults.add(
            say("The id {site} is used for both a station and a candidate.", site=site),
            say("Give each site a unique id."),
            key="candidates",
        )
    done = {
        done_id(place.site_id, key)
        for key, action in actions.items()
        for places, stands in ((stations, True), (candidates, False))
        for place in places
        if may_be_done(action, place.host, existing=stands)
    }
    for key in ("required", "forbidden", "preferred"):
        for site in getattr(plan, key):
            if site not in new | done:
                faults.add(
                    say("There is no candidate {site} in the study area.", site=site),
                    say("Check the id; `stationplan check` lists the candidates that were merged or excluded."),
                    key=f"plan.{key}",
                )
    for site in plan.closable:
        if site not in existing:
            faults.add(
                say("There is no existing station {site}.", site=site),
                say("Check the id; `stationplan check` lists the stations that were merged or excluded."),
                key="plan.closable",
            )
    may_close = len(existing & set(plan.closable) if plan.closable else existing)
    if plan.close > may_close:
        faults.add(
            say("{close} stations are to close, but at most {count} may close.", close=plan.close, count=may_close),
            say("Request at most {count}.", count=may_close),
            key="plan.close",
        )
    usable = len(new - set(plan.forbidden))
    if not usable and not done:
        faults.add(
            _with_excluded(say("There are no candidates in the study area."), excluded),
            say(
                "Provide candidates within the districts, more host types, or less strict `forbidden_areas` and "
                "`min_distance_m`."
            ),
            key="candidates",
        )
    elif plan.frontier and plan.frontier[-1] > usable:
        faults.add(
            _with_excluded(
                say(
                    "`frontier` requests {new} new sites, but there are only {count} candidates.",
                    new=plan.frontier[-1],
                    count=usable,
                ),
                excluded,
            ),
            say("Request at most {count}, or provide more candidates.", count=usable),
            key="plan.frontier",
        )
    elif plan.number is not None and plan.number > usable:
        faults.add(
            _with_excluded(
                say(
                    "{new} new sites are requested, but there are only {count} candidates.",
                    new=plan.number,
                    count=usable,
                ),
                excluded,
            ),
            say("Request at most {count}, or provide more candidates.", count=usable),
            key="plan.phases" if plan.phases else "plan.new",
        )
    faults.raise_any()


def _with_excluded(what: Message, excluded: Sequence[Message]) -> Message:
    """Return a finding followed by how many candidates were excluded, by reason."""
    for more in excluded:
        what = say("{finding} {more}", finding=what, more=more)
    return what


def _check_asked(scenario: Scenario, sites: Sites, reasons: Mapping[str, str | None]) -> None:
    """Raise :class:`InputError` for sites in ``explain`` that are not in the study, with the reason or similar ids."""
    faults = FaultList(scenario.path.name)
    names = dict(zip(sites.site_id, sites.name, strict=True))
    for site in scenario.file.plan.explain:
        reason = reasons.get(site)
        if site in names:
            continue
        if reason is not None:
            what, cure = _SET_ASIDE[reason]
            faults.add(say("{site} is not in the study area. {why}", site=site, why=what), cure, key="plan.explain")
            continue
        named = [other for other, name in names.items() if name == site]
        near = [other for other, *_ in process.extract(site, list(names), processor=str.casefold, limit=3)]
        listed = [f"{other} ({names[other]})" if names[other] else other for other in dict.fromkeys([*named, *near])]
        faults.add(
            say("There is no site {site} in the study.", site=site),
            say("Most similar ids: {near}.", near=", ".join(listed[:3])),
            key="plan.explain",
        )
    faults.raise_any()


def _serves(places: Sequence[Place], file: ScenarioFile) -> BoolArray:
    groups = list(file.groups)
    rows = [[not place.host or group not in file.hosts[place.host].excludes for group in groups] for place in places]
    return np.array(rows, dtype=bool).reshape(len(places), len(groups))
