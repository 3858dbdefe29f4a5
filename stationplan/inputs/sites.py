"""Existing stations and candidate sites, from tables or from the places of an OSM extract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from stationplan.domain import BoolArray, Kind, Sites, StudyArea
from stationplan.errors import Fault, FaultList, InputError, Message, say
from stationplan.geo import project, to_wgs84
from stationplan.hours import open_share, parse_hours
from stationplan.inputs.areas import district_of
from stationplan.inputs.columns import KIND_NAMES, normalise
from stationplan.inputs.osm import read_osm_places
from stationplan.inputs.table import Table, coordinates, find_columns, numbers, unique_ids
from stationplan.inputs.textfile import read_csv
from stationplan.scenario import CURE_HOURS, Scenario, ScenarioFile, SitesInput

_FIELDS = ("id", "name", "address", "lon", "lat", "kind", "host", "hours", "cost")


@dataclass(frozen=True)
class Place:
    """One station or host as read; WGS-84 degrees, cost in yuan."""

    site_id: str
    name: str
    address: str
    lon: float
    lat: float
    kind: Kind
    host: str
    hours: str
    cost: float


@dataclass(frozen=True)
class Places:
    """Existing stations and candidates as read, not yet placed in a study area, and what was left out."""

    existing: tuple[Place, ...]
    candidates: tuple[Place, ...]
    notes: tuple[Message, ...]


def read_places(scenario: Scenario) -> Places:
    """Return the stations and candidates of a scenario, in file order.

    Raises
    ------
    InputError
        All faults of both inputs.
    """
    faults: list[Fault] = []
    notes: list[Message] = []
    existing = _read_role(scenario, "stations", scenario.file.stations, faults, notes)
    candidates = _read_role(scenario, "candidates", scenario.file.candidates, faults, notes)
    if faults:
        raise InputError(faults)
    return Places(tuple(existing), tuple(candidates), tuple(notes))


def place_sites(places: Places, area: StudyArea, scenario: Scenario) -> tuple[Sites, tuple[Message, ...]]:
    """Return existing stations, then candidates, in the study area, and what was set aside and why.

    A station counts as open in a slot when it is open for at least ``open_share`` of it. Candidates outside every
    district and candidates that are existing stations already are set aside with a note.

    Raises
    ------
    InputError
        An id stands for a station and a candidate, a required or forbidden id does not exist, or there are fewer
        candidates than new sites; all at once.
    """
    file = scenario.file
    existing, candidates = list(places.existing), list(places.candidates)
    notes = list(places.notes)
    if file.candidates.osm is not None:
        standing = {place.site_id for place in existing}
        fresh = [place for place in candidates if place.site_id not in standing]
        if len(fresh) < len(candidates):
            count = len(candidates) - len(fresh)
            notes.append(say("Candidates that are existing stations already, set aside: {count}.", count=count))
        candidates = fresh
    found = existing + candidates
    x, y = project([place.lon for place in found], [place.lat for place in found], area.crs)
    district = district_of(area, x, y)
    is_existing = np.arange(len(found)) < len(existing)
    keep = is_existing | (district >= 0)
    outside = int((~keep).sum())
    if outside:
        notes.append(say("Candidates outside every district, set aside: {count}.", count=outside))
    kept = [place for place, stays in zip(found, keep, strict=True) if stays]
    _check_ids(scenario, [place.site_id for place in existing], [place.site_id for place in kept])
    required, forbidden = set(file.plan.required), set(file.plan.forbidden)
    sites = Sites(
        site_id=tuple(place.site_id for place in kept),
        name=tuple(place.name for place in kept),
        address=tuple(place.address for place in kept),
        x=x[keep],
        y=y[keep],
        existing=is_existing[keep],
        kind=tuple(place.kind for place in kept),
        host=tuple(place.host for place in kept),
        hours=tuple(place.hours for place in kept),
        open=_open_slots(kept, file),
        serves=_serves(kept, file),
        cost=np.where(is_existing[keep], 0.0, [place.cost for place in kept]),
        required=np.array([place.site_id in required for place in kept], dtype=bool),
        forbidden=np.array([place.site_id in forbidden for place in kept], dtype=bool),
        district=district[keep],
    )
    return sites, tuple(notes)


def _read_role(
    scenario: Scenario, role: str, given: SitesInput | None, faults: list[Fault], notes: list[Message]
) -> list[Place]:
    if given is None:
        return []
    try:
        if given.osm is not None:
            return _from_osm(scenario, given, notes)
        return _from_table(scenario, given, role)
    except InputError as error:
        faults.extend(error.faults)
        return []


def _from_osm(scenario: Scenario, given: SitesInput, notes: list[Message]) -> list[Place]:
    hosts = scenario.file.hosts
    tags = [(tag, host) for host in given.hosts for tag in hosts[host].tags]
    places = []
    found, left_out = read_osm_places(scenario.locate(given.osm or ""), [tag for tag, _ in tags])
    if left_out:
        notes.append(
            say(
                "{count} places of {file} are drawn as relations or open lines and were left out.",
                count=left_out,
                file=given.osm,
            )
        )
    for place in found:
        host = next(host for tag, host in tags if _has_tag(place.tags, tag))
        spec = hosts[host]
        name = place.tags.get("name:zh") or place.tags.get("name") or ""
        address = " ".join(filter(None, (place.tags.get("addr:street"), place.tags.get("addr:housenumber"))))
        places.append(Place(place.id, name, address, place.lon, place.lat, spec.kind, host, spec.hours, spec.cost))
    return places


def _has_tag(tags: Mapping[str, str], tag: str) -> bool:
    key, value = tag.split("=", 1)
    return tags.get(key) == value


def _from_table(scenario: Scenario, given: SitesInput, role: str) -> list[Place]:
    file = scenario.file
    table = read_csv(scenario.locate(given.file or ""), scenario.file.limits)
    faults = FaultList(table.file)
    columns = find_columns(table, _FIELDS, required=("id", "name", "lon", "lat"), given=given.columns, faults=faults)
    ids = unique_ids(table, columns["id"], faults) if "id" in columns else []
    lon, lat = coordinates(table, columns, faults)
    cost = np.full(len(table.rows), np.nan)
    if "cost" in columns:
        cost = numbers(table, columns["cost"], faults, low=0, empty=np.nan)

    def text(field: str) -> list[str]:
        return table.column(columns[field]) if field in columns else [""] * len(table.rows)

    host_texts = [host or given.default_host or "" for host in text("host")]
    hosts = _hosts(table, host_texts, file, faults)
    kinds = _kinds(table, text("kind"), hosts, file, faults)
    hours = _hours(table, text("hours"), host_texts, hosts, file, faults)
    if role == "candidates":
        for i, host in enumerate(hosts):
            if np.isnan(cost[i]) and host:
                cost[i] = file.hosts[host].cost
            elif np.isnan(cost[i]) and not host_texts[i]:
                faults.add(
                    say("The candidate has neither a cost nor a host."),
                    say("Fill in its cost in yuan, its kind of host, or `default_host` in the scenario."),
                    row=table.row_number[i],
                )
    faults.raise_any()
    cost = np.where(np.isnan(cost), 0.0, cost)
    lon, lat = to_wgs84(lon, lat, datum=given.datum or "wgs84")
    names, addresses = text("name"), text("address")
    return [
        Place(ids[i], names[i], addresses[i], lon[i], lat[i], kinds[i], hosts[i], hours[i], cost[i])
        for i in range(len(ids))
    ]


def _hosts(table: Table, texts: Sequence[str], file: ScenarioFile, faults: FaultList) -> list[str]:
    known = {normalise(name): key for key, host in file.hosts.items() for name in (key, host.name.zh, host.name.en)}
    for i, text in enumerate(texts):
        if text and normalise(text) not in known:
            faults.add(
                say("Unknown host {host}.", host=repr(text)),
                say(
                    "Write one of {known}, or add it under [hosts].",
                    known=", ".join(h.name.zh for h in file.hosts.values()),
                ),
                row=table.row_number[i],
            )
    return [known.get(normalise(text), "") for text in texts]


def _kinds(
    table: Table, texts: Sequence[str], hosts: Sequence[str], file: ScenarioFile, faults: FaultList
) -> list[Kind]:
    kinds: list[Kind] = []
    for i, text in enumerate(texts):
        default = file.hosts[hosts[i]].kind if hosts[i] else "standard"
        kind = KIND_NAMES.get(normalise(text)) if text else default
        if kind is None:
            faults.add(
                say("Unknown kind of station {kind}.", kind=repr(text)),
                say("Write one of {known}.", known=", ".join(KIND_NAMES)),
                row=table.row_number[i],
            )
        kinds.append(cast(Kind, kind or default))
    return kinds


def _hours(
    table: Table,
    texts: Sequence[str],
    host_texts: Sequence[str],
    hosts: Sequence[str],
    file: ScenarioFile,
    faults: FaultList,
) -> list[str]:
    hours: list[str] = []
    for i, text in enumerate(texts):
        hours.append(text or (file.hosts[hosts[i]].hours if hosts[i] else ""))
        if not hours[i]:
            if host_texts[i]:
                continue  # an unknown host, which is a fault already
            faults.add(
                say("The site has neither opening hours nor a host."),
                say("Fill in its hours, its kind of host, or `default_host` in the scenario."),
                row=table.row_number[i],
            )
        elif parse_hours(hours[i]) is None:
            faults.add(
                say("The opening hours {hours} cannot be read.", hours=repr(text)), CURE_HOURS, row=table.row_number[i]
            )
    return hours


def _check_ids(scenario: Scenario, existing: Sequence[str], all_ids: Sequence[str]) -> None:
    faults = FaultList(scenario.path.name)
    seen = set(existing)
    candidates = set(all_ids[len(existing) :])
    for site in sorted(seen & candidates):
        faults.add(
            say("The id {site} is both a station and a candidate.", site=site),
            say("Give every site an id of its own."),
            key="candidates",
        )
    for key in ("required", "forbidden"):
        for site in getattr(scenario.file.plan, key):
            if site not in candidates:
                faults.add(
                    say("There is no candidate {site} in the study area.", site=site),
                    say("Check the id."),
                    key=f"plan.{key}",
                )
    new = scenario.file.plan.new
    usable = len(candidates - set(scenario.file.plan.forbidden))
    if not usable:
        faults.add(
            say("There are no candidates in the study area."),
            say("Give candidates inside the districts, or more kinds of hosts."),
            key="candidates",
        )
    elif new is not None and new > usable:
        faults.add(
            say("{new} new sites are asked for, but there are only {count} candidates.", new=new, count=usable),
            say("Ask for at most {count}, or give more candidates.", count=usable),
            key="plan.new",
        )
    faults.raise_any()


def _open_slots(places: Sequence[Place], file: ScenarioFile) -> BoolArray:
    ranges = [(parse_hours(slot.hours) or ((0, 0),))[0] for slot in file.slots.values()]
    by_text: dict[str, list[bool]] = {}
    for hours in {place.hours for place in places}:
        intervals = parse_hours(hours) or ()
        by_text[hours] = [open_share(intervals, start, end) >= file.open_share - 1e-9 for start, end in ranges]
    return np.array([by_text[place.hours] for place in places], dtype=bool).reshape(len(places), len(ranges))


def _serves(places: Sequence[Place], file: ScenarioFile) -> BoolArray:
    groups = list(file.groups)
    rows = [[not place.host or group not in file.hosts[place.host].excludes for group in groups] for place in places]
    return np.array(rows, dtype=bool).reshape(len(places), len(groups))
