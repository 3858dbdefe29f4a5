"""Tables of stations and candidates: each row is a place with its type, host, hours and cost, or the reason why not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from stationplan.domain import DefaultSource, DefaultTaken, FloatArray, Kind, Quality
from stationplan.errors import Action, FaultList, Message, say
from stationplan.hours import OpeningHours
from stationplan.inputs.datums.decisions import declared_datum
from stationplan.inputs.sites.duplicates import Pair, likely_duplicates
from stationplan.inputs.sites.hour_columns import HOUR_FIELDS, hour_texts
from stationplan.inputs.sites.row_hours import (
    UNSTATED,
    HoursPolicy,
    HoursReader,
    add_findings,
    counted,
    defaults_of_hours,
)
from stationplan.inputs.tables.columns import KIND_NAMES, KIND_SHOWN, normalise
from stationplan.inputs.tables.passing import passed_columns, shared_texts
from stationplan.inputs.tables.points import coordinates
from stationplan.inputs.tables.source import Located, look_alikes, note_look_alikes, quality_of, read_fields
from stationplan.inputs.tables.table import PAIRS, Table, Wanted
from stationplan.inputs.tables.values import numbers, unique_ids
from stationplan.scenario import HostInput, Limits, SitesInput

_FIELDS = (
    *("id", "name", "address", "lon", "lat", *PAIRS, "kind", "area_m2", "host"),
    *(*HOUR_FIELDS, "cost", "capacity"),
)
_SEVERAL = re.compile(r"[;；|]")
_MICRO_M2 = 5.0
"""Usable area (m2) below which a station is a micro station (national programme, 2023)."""


@dataclass(frozen=True)
class Place:
    """One station or host as read; cost in yuan, capacity (NaN: not stated) in workers per time slot.

    Its location is in :class:`PlaceTable`. The text of its hours is that of its row, followed by the hours that are
    assumed instead where they are not known. ``passed`` are headers and texts of columns that no field uses.
    """

    site_id: str
    name: str
    address: str
    kind: Kind
    host: str
    hours: OpeningHours
    cost: float
    capacity: float
    passed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class PlaceTable:
    """The places of one input, in file order, at longitudes and latitudes of ``datum`` (degrees)."""

    places: tuple[Place, ...]
    lon: FloatArray
    lat: FloatArray
    row: tuple[int | None, ...]
    datum: str
    quality: Quality
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True)
class TableRules:
    """Settings of a scenario for all places: host types, column names, limits.

    ``hours`` is what the scenario says of opening hours. With ``complete``, cells need the counts that the scenario
    refers to; a table checked without a scenario may omit them. With ``capacities``, the aim uses the capacities of
    sites: a row whose capacity cannot be read is excluded, which otherwise costs no record. With ``lenient``, rows that
    cannot be used are excluded, regardless of the setting of the source. With ``share_contacts``, columns of contacts
    are passed through like others that no field uses.
    """

    hosts: Mapping[str, HostInput]
    names: Mapping[str, Sequence[str]]
    limits: Limits
    complete: bool = True
    capacities: bool = False
    lenient: bool = False
    hours: HoursPolicy = UNSTATED
    share_contacts: bool = False


def read_sites(located: Located, role: str, rules: TableRules) -> PlaceTable:
    """Return the places of a table of stations or candidates, and the faults of its other rows.

    Raises
    ------
    InputError
        The table cannot be used, or has unusable rows that may not be excluded; all faults together.
    """
    given = cast("SitesInput", located.source)
    wanted = Wanted(_FIELDS, ("name", "lon", "lat"), rules.names, given.columns, several=HOUR_FIELDS, geometry="points")
    table, columns, faults = read_fields(located, wanted, rules.limits, role=role)
    stated_hours, hour_columns = hour_texts(table, rules.names, given.columns, faults)
    faults.raise_any("refused")
    count = len(table.rows)
    ids = row_ids(table, columns, role, faults)
    lon, lat = coordinates(table, columns, faults, crs=given.crs, inside=True, named="lon" in given.columns)
    cost, capacity = np.full(count, np.nan), np.full(count, np.nan)
    if "cost" in columns:
        needed = role == "candidates"
        cost = numbers(table, columns["cost"], faults, unit="money", low=0, empty=np.nan, needed=needed)
    if "capacity" in columns:
        needed = rules.capacities
        capacity = numbers(table, columns["capacity"], faults, unit="people", low=0, empty=np.nan, needed=needed)

    def text(field: str) -> list[str]:
        return table.column(columns[field]) if field in columns else [""] * count

    rest = _Rest(table, rules, faults)
    kind_texts, host_texts = text("kind"), text("host")
    if "host" not in columns:  # a column named kind (类型) often contains the host type
        moved = [rest.host_of(word) if normalise(word) not in KIND_NAMES else None for word in kind_texts]
        host_texts = [word if host is not None else "" for word, host in zip(kind_texts, moved, strict=True)]
        kind_texts = ["" if host is not None else word for word, host in zip(kind_texts, moved, strict=True)]
    host_texts = [word or given.default_host or "" for word in host_texts]
    hosts = rest.hosts(host_texts)
    areas = np.full(count, np.nan)
    if "area_m2" in columns:
        areas = numbers(table, columns["area_m2"], faults, unit="area", low=0, empty=np.nan, needed=False)
    kinds = rest.kinds(kind_texts, areas, hosts)
    read = HoursReader(rules.hosts, rules.hours)
    hours = list(map(read, stated_hours, hosts))
    add_findings(hours, table, faults, stated=any(stated_hours) or any(host_texts))
    no_cost, no_capacity = np.isnan(cost), np.isnan(capacity)
    if role == "candidates":
        found = look_alikes(table, columns, wanted, hours=hour_columns)
        cost = rest.costs(cost, host_texts, hosts, like=next((name for name, field in found if field == "cost"), ""))
    of_host = [rules.hosts[host].capacity if host else None for host in hosts]
    capacity = np.where(np.isnan(capacity), np.array(of_host, dtype=np.float64), capacity)
    good = usable_rows(table, faults, refuse=given.bad_rows == "refuse" and not rules.lenient)

    def shared(index: int) -> list[str]:
        return shared_texts(table, index, faults, share_contacts=rules.share_contacts)

    names, addresses = (shared(columns[field]) if field in columns else [""] * count for field in ("name", "address"))
    kept = np.flatnonzero(good)
    pairs = likely_duplicates([names[i] for i in kept], lon[kept], lat[kept], within_m=given.duplicate_m)
    merged = _tell_duplicates(table, kept, names, pairs, merge=given.merge_duplicates, faults=faults)
    kept = np.array([i for i in kept if i not in merged], dtype=np.int64)
    passed, withheld = passed_columns(table, {*columns.values(), *hour_columns}, share_contacts=rules.share_contacts)
    copied = [(table.header[index], shared(index)) for index in passed]
    places = tuple(
        Place(
            site_id=ids[i],
            name=names[i],
            address=addresses[i],
            kind=kinds[i],
            host=hosts[i],
            hours=hours[i].hours,
            cost=0.0 if np.isnan(cost[i]) else float(cost[i]),
            capacity=float(capacity[i]),
            passed=tuple([(header, texts[i]) for header, texts in copied]) if copied else (),
        )
        for i in kept.tolist()
    )
    unstated = [i for i in kept.tolist() if not kind_texts[i] and not areas[i] >= 0]
    taken = (
        *defaults_of_hours((hours[i] for i in kept.tolist()), rules.hours.default),
        *_defaults_taken(
            costs=int(no_cost[kept].sum()) if role == "candidates" else 0,
            kinds_of=[hosts[i] for i in unstated],
            capacities=int((no_capacity & ~np.isnan(capacity))[kept].sum()),
        ),
    )
    note_look_alikes(table, columns, wanted, faults, hours=hour_columns)
    quality = replace(
        quality_of(
            role,
            table,
            len(places),
            faults,
            columns=columns,
            hours=hour_columns,
            given=given.columns,
            passed=passed,
            withheld=withheld,
        ),
        defaults=taken,
    )
    rows = tuple(table.row_number[i] for i in kept)
    return PlaceTable(places, lon[kept], lat[kept], rows, declared_datum(given, given.crs or table.crs), quality)


def _defaults_taken(*, costs: int, kinds_of: Sequence[str], capacities: int) -> list[DefaultTaken]:
    """Return the defaults taken for a number of costs and capacities, and for the kinds of places at some hosts."""
    by_host: DefaultSource = "host"
    by_rule: DefaultSource = "rule"
    return [
        *counted("cost", [by_host] * costs),
        *counted("kind", (by_host if host else by_rule for host in kinds_of), {"rule": "standard"}),
        *counted("capacity", [by_host] * capacities),
    ]


def row_ids(table: Table, columns: Mapping[str, int], role: str, faults: FaultList) -> list[str]:
    """Return the ids of a table's rows; in a table without a column of ids, they are derived from its row numbers."""
    if "id" in columns:
        return unique_ids(table, columns["id"], faults)
    if not table.rows:
        return []
    faults.add(
        say("There is no id column; rows are named {example} and so on.", example=f"{role}/{table.row_name(0)}"),
        say("Add a column id or 编码 if the ids must not change when rows move."),
        row=table.header_row,
        code="no_id",
        action="kept",
    )
    return [f"{role}/{table.row_name(i)}" for i in range(len(table.rows))]


def usable_rows(table: Table, faults: FaultList, *, refuse: bool) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return a mask of the usable rows.

    Raises
    ------
    InputError
        The table as a whole cannot be used; or a row cannot and ``refuse`` is set; or no row can.
    """
    bad = faults.rows("set_aside")
    good = np.array([row not in bad for row in table.row_number], dtype=bool)
    if refuse or not good.any() or any(fault.action == "refused" for fault in faults.faults):
        faults.raise_any("refused", "set_aside")
    return good


def _tell_duplicates(
    table: Table,
    kept: np.ndarray[tuple[int], np.dtype[np.int64]],
    names: Sequence[str],
    pairs: Sequence[Pair],
    *,
    merge: bool,
    faults: FaultList,
) -> set[int]:
    """Record each pair at its later row, and return the positions that are merged into an earlier one."""
    merged: set[int] = set()
    for pair in pairs:
        first, second = int(kept[pair.first]), int(kept[pair.second])
        if first in merged or second in merged:
            continue  # one of the two has already been merged into another record
        cure = say(
            "Check both; `merge_duplicates = true` (with check: --merge-duplicates) keeps the first of each pair."
        )
        if merge:
            merged.add(second)
            cure = say("Check whether both are the same place; `merge_duplicates = false` keeps both.")
        faults.add(
            say(
                "{name} is probably the same place as row {first} ({other}): {distance} m apart, with similar names.",
                name=names[second],
                first=table.row_name(first),
                other=names[first],
                distance=round(pair.distance_m),
            ),
            cure,
            row=table.row_number[second],
            code="duplicate",
            action="merged" if merge else "kept",
        )
    return merged


class _Rest:
    """Parses the columns of a row other than its coordinates, with the terms of the scenario."""

    def __init__(self, table: Table, rules: TableRules, faults: FaultList) -> None:
        self._row, self._header_row = table.row_number, table.header_row
        self._rules, self._faults = rules, faults
        self._known = {
            normalise(name): key
            for key, host in rules.hosts.items()
            for name in (key, host.name.zh, host.name.en, *host.aliases)
        }

    def _add(self, what: Message, cure: Message, i: int, code: str, action: Action) -> None:
        self._faults.add(what, cure, row=self._row[i], code=code, action=action)

    def host_of(self, word: str) -> str | None:
        """Return the host of a word, or of the last known one of several (``金融保险服务;银行;中国农业银行``)."""
        whole = self._known.get(normalise(word))
        if whole is not None or not _SEVERAL.search(word):
            return whole
        parts = [self._known.get(normalise(part)) for part in reversed(_SEVERAL.split(word))]
        return next((host for host in parts if host is not None), None)

    def hosts(self, texts: Sequence[str]) -> list[str]:
        found = [self.host_of(text) if text else "" for text in texts]
        for i, host in enumerate(found):
            if host is None:
                known = ", ".join(host.name.zh for host in self._rules.hosts.values())
                what = say("Unknown host type {host}.", host=repr(texts[i]))
                self._add(
                    what,
                    say("Use one of {known}, or add it under [hosts].", known=known),
                    i,
                    "unknown_host",
                    "kept",
                )
        return [host or "" for host in found]

    def kinds(self, texts: Sequence[str], areas: FloatArray, hosts: Sequence[str]) -> list[Kind]:
        kinds: list[Kind] = []
        for i, text in enumerate(texts):
            default = self._rules.hosts[hosts[i]].kind if hosts[i] else "standard"
            if areas[i] >= 0:
                default = "micro" if areas[i] < _MICRO_M2 else "standard"
            kind = KIND_NAMES.get(normalise(text)) if text else default
            if kind is None:
                what = say("Unknown station type {kind}.", kind=repr(text))
                self._add(what, say("Use one of {known}.", known=", ".join(KIND_SHOWN)), i, "unknown_kind", "set_aside")
            kinds.append(cast("Kind", kind or default))
        return kinds

    def costs(self, costs: FloatArray, host_texts: Sequence[str], hosts: Sequence[str], *, like: str) -> FloatArray:
        """Return costs, of the host type where a row states none; ``like`` is a column that may hold them."""
        if len(costs) and np.isnan(costs).all() and not any(host_texts):
            cure = say("Add one of these columns, or set `default_host` in the scenario.")
            if like:
                cure = say(
                    'Use {column} with `columns = {{ cost = "{column}" }}`, add one of these columns, or set '
                    "`default_host` in the scenario.",
                    column=like,
                )
            self._faults.add(
                say("The table has neither a cost column nor a host column."),
                cure,
                row=self._header_row,
                code="no_cost",
            )
            return costs
        filled = costs.copy()
        for i in np.flatnonzero(np.isnan(costs)).tolist():
            if hosts[i]:
                filled[i] = self._rules.hosts[hosts[i]].cost
            else:
                what = say("The candidate has neither a cost nor a host type.")
                if host_texts[i]:
                    what = say(
                        "The candidate has no cost, and its host type {host} is unknown.", host=repr(host_texts[i])
                    )
                self._add(
                    what,
                    say("Fill in its cost in yuan or its host type, or set `default_host` in the scenario."),
                    i,
                    "no_cost",
                    "set_aside",
                )
        return filled
