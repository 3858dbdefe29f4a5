"""Checks of a scenario that involve several keys: incompatible keys, and references to unknown names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from stationplan.errors import FaultList, Message, say
from stationplan.geo import metric_crs_problem
from stationplan.hours import OpeningHours, Unread
from stationplan.scenario.defaults import default_groups
from stationplan.scenario.demand import check_demand
from stationplan.scenario.fields import Source
from stationplan.scenario.map import check_map
from stationplan.scenario.plan import AimRules, check_plan, given_keys
from stationplan.scenario.roads import check_roads, needs_datum
from stationplan.scenario.schema import CandidatesInput, ScenarioFile, SitesInput
from stationplan.scenario.scorecard import check_scorecard
from stationplan.storage.database import is_database

CURE_CRS = say("Set a projected CRS in metres such as EPSG:32648, or omit the key.")
CURE_DATUM = say(
    'Set `datum = "wgs84"`, `"cgcs2000"`, `"gcj02"` (Amap, Tencent) or `"bd09"` (Baidu), or `"evidence"`; '
    "`stationplan check` reports what the roads indicate."
)
_CURE_HOURS = say("Use a form such as 08:30-12:00,14:00-17:30, 周一至周五 9:00-17:00, or 24小时.")

Purpose = Literal["plan", "density"]
"""The purpose that a scenario is loaded for: a demand surface needs neither roads nor candidates nor a plan."""


def cross_check(file: ScenarioFile, faults: FaultList, purpose: Purpose, aims: Mapping[str, AimRules]) -> None:
    """Record the faults of a scenario file that involve several keys."""
    if purpose == "plan":
        fades = any(group.fade_min is not None for group in file.groups.values())
        given = given_keys(file.plan, actions=bool(file.actions), fades=fades, heat=file.demand.heat is not None)
        check_plan(file.plan, given, aims, faults)
    check_roads(file.roads, faults, needed=purpose == "plan" and file.roads.missing != "straight")
    check_map(file.map, faults)
    check_scorecard(file.scorecard, faults)
    if file.stations is not None:
        _check_sites("stations", file.stations, file, faults)
    if purpose == "plan" or file.candidates != CandidatesInput():
        _check_sites("candidates", file.candidates, file, faults)
    if file.area.crs is not None:
        _check_crs(file.area.crs, "area.crs", faults)
    if file.demand.crs is not None:
        _check_crs(file.demand.crs, "demand.crs", faults)
    _check_source("area", file.area, faults)
    for role, source in file.demand.sources.items():
        _check_source(role, source, faults)
    _check_accept(file, faults)
    check_demand(
        file.demand,
        {key: group.observed for key, group in file.groups.items()},
        file.slots,
        has_area=file.area.file is not None,
        faults=faults,
    )
    measured = [key for count in file.demand.counts.values() for key in count.profile_of]
    for key, group in file.groups.items():
        stated = measured.count(key) + bool(group.profile)
        if measured.count(key) and stated > 1:
            faults.add(
                say("The working day of a group is divided in {count} ways.", count=stated),
                say("Keep its `profile`, or one count that names it in `profile_of`."),
                key=f"groups.{key}.profile",
            )
        if not measured.count(key) and set(group.profile) != set(file.slots):
            faults.add(
                say(
                    "The profile contains the slots {found}; the scenario has {known}.",
                    found=", ".join(sorted(group.profile)),
                    known=", ".join(file.slots),
                ),
                say("Give one share per slot, 0 where the group does not work."),
                key=f"groups.{key}.profile",
            )
        if group.fade_min is not None and group.fade_min <= group.cutoff_min:
            faults.add(
                say(
                    "Coverage decays to zero at {fade} minutes, before the service standard of {cutoff}.",
                    fade=group.fade_min,
                    cutoff=group.cutoff_min,
                ),
                say("Set `fade_min` above `cutoff_min`, or omit it."),
                key=f"groups.{key}.fade_min",
            )
        total = sum(group.profile.values())
        if group.profile and abs(total - 1) > 1e-6:
            faults.add(
                say("The shares of the profile sum to {total}, not to 1.", total=round(total, 6)),
                say("A profile divides the group's working day over the slots; its shares must sum to 1."),
                key=f"groups.{key}.profile",
            )
    for role, ids in (("groups", file.groups), ("slots", file.slots), ("hosts", file.hosts)):
        twins = [key for key in ids if sum(key.casefold() == other.casefold() for other in ids) > 1]
        if twins:
            faults.add(
                say("The ids {ids} differ only in case.", ids=", ".join(twins)),
                say("Use names that are easier to tell apart."),
                key=role,
            )
    for key, slot in file.slots.items():
        if slot.hours.span is None:
            faults.add(
                say("The hours {hours} are not a single time range.", hours=repr(slot.hours.text)),
                say("Use a single range such as 08:00-12:00."),
                key=f"slots.{key}.hours",
            )
    _check_hours(file.default_hours, "default_hours", faults)
    for key, host in file.hosts.items():
        _check_hours(host.hours, f"hosts.{key}.hours", faults)
        _check_excluded(host.excludes, file, f"hosts.{key}", faults)
    for key, action in file.actions.items():
        if action.hours is not None:
            _check_hours(action.hours, f"actions.{key}.hours", faults)
        elif action.at == "stations":
            faults.add(
                say("Extended hours of existing stations require opening hours."),
                say("Set them: `hours = '06:00-22:00'`."),
                key=f"actions.{key}.hours",
            )
        _check_excluded(action.excludes, file, f"actions.{key}", faults)
        for host_id in action.hosts:
            if host_id not in file.hosts:
                faults.add(
                    say("Unknown host type {host}.", host=repr(host_id)),
                    say("Known host types: {known}.", known=", ".join(file.hosts)),
                    key=f"actions.{key}.hosts",
                )


def _check_hours(hours: OpeningHours, key: str, faults: FaultList) -> None:
    if isinstance(hours.week, Unread):
        cure = say("Enter the hours of the season that the plan is about.") if hours.week.needs else _CURE_HOURS
        faults.add(unread_hours(hours.text, hours.week), cure, key=key)


def _check_excluded(excludes: Sequence[str], file: ScenarioFile, place: str, faults: FaultList) -> None:
    for group in excludes:
        if group not in file.groups and group not in default_groups():
            faults.add(
                say("Unknown group {group}.", group=group),
                say("Known groups: {known}.", known=", ".join(file.groups)),
                key=f"{place}.excludes",
            )


def unread_hours(text: str, unread: Unread) -> Message:
    """Return the message for opening hours that cannot be parsed; it quotes a part that is not the whole text."""
    if unread.needs:
        return say("The opening hours {hours} differ by season or month.", hours=repr(text))
    if unread.part == text:
        return say("The opening hours {hours} cannot be parsed.", hours=repr(text))
    return say("The opening hours {hours} cannot be parsed at {part}.", hours=repr(text), part=repr(unread.part))


def cure_hours(unread: Unread) -> Message:
    """Return the fix of opening hours of a table that cannot be parsed, or that differ by season or month."""
    if unread.needs == "season":
        return say('Set `season = "summer"` or `season = "winter"` in the scenario, or enter the hours of that season.')
    if unread.needs == "month":
        return say(
            "Set the month that the plan is about, `month = 7`, in the scenario, or enter the hours of that month."
        )
    return _CURE_HOURS


def unfit_crs(crs: str) -> Message:
    """Return the message for a CRS that is unknown or not in metres."""
    if metric_crs_problem(crs) == "unknown":
        return say("Unknown CRS {crs}.", crs=repr(crs))
    return say("The CRS {crs} is not in metres.", crs=crs)


def _check_crs(crs: str, key: str, faults: FaultList) -> None:
    if metric_crs_problem(crs) is not None:
        faults.add(unfit_crs(crs), CURE_CRS, key=key)


def _check_source(key: str, source: Source, faults: FaultList) -> None:
    """Record keys that do not apply to the kind of source."""
    asked = [name for name in ("table", "query", "geometry") if getattr(source, name) is not None]
    if source.file is not None and is_database(source.file):
        if (source.table is None) == (source.query is None):
            faults.add(
                say("A database requires either `table` or `query`."),
                say("Set one source of rows."),
                key=f"{key}.table",
            )
    elif asked:
        faults.add(
            say("`{name}` applies to databases only.", name=asked[0]),
            say('Set `file = "postgresql://..."`, or remove the key.'),
            key=f"{key}.{asked[0]}",
        )


def _check_accept(file: ScenarioFile, faults: FaultList) -> None:
    """Record every `accept` without a declared datum, which it is about."""
    area, candidates = file.area, file.candidates
    sources: dict[str, Source | None] = {
        "area": area,
        "stations": file.stations,
        "candidates": candidates,
        **file.demand.sources,
    }
    given = {
        **{f"{role}.accept": (one.accept, one.datum) for role, one in sources.items() if one is not None},
        "roads.accept": (file.roads.accept, file.roads.datum),
        "area.known_points_accept": (area.known_points_accept, area.known_points_datum),
        "candidates.forbidden_accept": (candidates.forbidden_accept, candidates.forbidden_datum),
    }
    for key, (accept, datum) in given.items():
        if accept and datum in (None, "evidence"):
            faults.add(
                say("`accept` requires a declared datum."),
                say('Declare it, such as `datum = "cgcs2000"`, or remove `accept`.'),
                key=key,
            )


def check_datums(file: ScenarioFile, faults: FaultList) -> None:
    """Record every input with coordinates whose longitudes and latitudes have no declared datum."""
    sources: dict[str, tuple[Source | None, str | None]] = {
        "area": (file.area, None),
        **{role: (source, source.crs) for role, source in file.demand.sources.items()},
        "stations": (file.stations, None if file.stations is None else file.stations.crs),
        "candidates": (file.candidates, file.candidates.crs),
    }
    for role, (source, crs) in sources.items():
        if source is not None and source.file is not None and source.datum is None and crs is None:
            _no_datum(f"{role}.datum", CURE_DATUM, faults)


def check_other_datums(file: ScenarioFile, faults: FaultList) -> None:
    """Record every other input without a declared datum: one that no evidence can check, or that serves as evidence."""
    area, roads, candidates = file.area, file.roads, file.candidates
    lacking = {
        "area.known_points_datum": area.known_points is not None and area.known_points_datum is None,
        "roads.datum": roads.datum is None and needs_datum(roads.nodes if roads.single is None else roads.single),
        "candidates.forbidden_datum": candidates.forbidden_areas is not None and candidates.forbidden_datum is None,
    }
    for key, lacks in lacking.items():
        if lacks:
            name = key.rpartition(".")[2]
            cure = say('Set `{key} = "wgs84"`, `"cgcs2000"`, `"gcj02"` (Amap, Tencent) or `"bd09"` (Baidu).', key=name)
            _no_datum(key, cure, faults)


def _no_datum(key: str, cure: Message, faults: FaultList) -> None:
    faults.add(say("The datum of the coordinates is not declared."), cure, key=key)


def _check_sites(role: str, sites: SitesInput, file: ScenarioFile, faults: FaultList) -> None:
    gridded = isinstance(sites, CandidatesInput) and sites.grid
    if (sites.osm is not None) + (sites.file is not None) + gridded != 1:
        what = say("Stations require either `file` or `osm`.")
        if role == "candidates":
            what = say("Candidates require one of `file`, `osm` or `grid`.")
        faults.add(what, say("Set one source of sites."), key=role)
    if gridded and sites.default_host is None:
        faults.add(
            say("Candidates from a grid require `default_host`."),
            say("Known host types: {known}.", known=", ".join(file.hosts)),
            key=f"{role}.default_host",
        )
    if sites.crs is not None:
        _check_crs(sites.crs, f"{role}.crs", faults)
    _check_source(role, sites, faults)
    if sites.osm is not None and not sites.hosts:
        faults.add(
            say("Sites from OSM require the list `hosts`."),
            say("Known host types: {known}.", known=", ".join(file.hosts)),
            key=f"{role}.hosts",
        )
    for host in filter(None, (*sites.hosts, sites.default_host)):
        if host not in file.hosts:
            faults.add(
                say("Unknown host type {host}.", host=host),
                say("Known host types: {known}.", known=", ".join(file.hosts)),
                key=f"{role}.hosts" if host in sites.hosts else f"{role}.default_host",
            )
        elif host in sites.hosts and sites.osm is not None and not file.hosts[host].tags:
            faults.add(
                say("The host type {host} has no OSM tags.", host=host),
                say('Add `tags = ["key=value"]` to it.'),
                key=f"hosts.{host}.tags",
            )
