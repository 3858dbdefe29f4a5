"""Opening hours of stations and candidates: as stated, those of the host, or the scenario's policy where not known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stationplan.domain import DefaultSource, DefaultTaken
from stationplan.errors import Action, FaultList, Message, say
from stationplan.hours import (
    ANY_SEASON,
    CLOSED,
    OpeningHours,
    Season,
    Unread,
    is_of_host,
    opening_hours,
)
from stationplan.inputs.tables.table import Table
from stationplan.scenario import HostInput, ScenarioFile, UnknownHours, cure_hours, unread_hours

_OFFICE_HOURS = opening_hours("09:00-17:00")


@dataclass(frozen=True)
class HoursPolicy:
    """What a scenario says of opening hours: the planned season, and what unknown hours count as.

    ``default`` are the hours where neither a place's own hours nor its host type are known.
    """

    season: Season = ANY_SEASON
    unknown: UnknownHours = "host"
    default: OpeningHours = _OFFICE_HOURS


UNSTATED = HoursPolicy()
"""The policy of a scenario that says nothing of it."""


def hours_policy(file: ScenarioFile) -> HoursPolicy:
    """Return what a scenario says of opening hours."""
    return HoursPolicy(file.planned_season, file.unknown_hours, file.default_hours)


@dataclass(frozen=True)
class Hours:
    """The opening hours that a place counts with, where they come from (``None``: its own), and what is worth a look.

    A place whose hours are refused by the policy has the action ``refused``.
    """

    hours: OpeningHours
    source: DefaultSource | None = None
    finding: tuple[Message, Message, str, Action] | None = None


class HoursReader:
    """Reads the opening hours of places; each text is parsed once for each host type."""

    def __init__(self, hosts: Mapping[str, HostInput], policy: HoursPolicy) -> None:
        self._hosts, self._policy = hosts, policy
        self._read: dict[tuple[str, str], Hours] = {}

    def __call__(self, text: str, host: str) -> Hours:
        """Return the hours of a place with a text of its own (perhaps empty) and a host type (empty: not known)."""
        found = self._read.get((text, host))
        if found is None:
            found = self._read[text, host] = self._hours(text, host)
        return found

    def _hours(self, text: str, host: str) -> Hours:
        if not text and host:
            return Hours(self._hosts[host].hours, "host")
        if not text:
            what = say("The site has neither opening hours nor a host type.")
            cure = say("Fill in its opening hours or its host type, or set `default_host` in the scenario.")
            return self._unknown(text, host, what, cure, "no_hours")
        if is_of_host(text):
            if host:
                return Hours(_instead(text, self._hosts[host].hours), "same_as_host")
            what = say("The opening hours {hours} are those of the host, which is not known.", hours=repr(text))
            return self._unknown(text, host, what, say("Fill in its opening hours or its host type."), "unknown_hours")
        own = opening_hours(text, self._policy.season)
        if isinstance(own.week, Unread):
            return self._unknown(text, host, unread_hours(text, own.week), cure_hours(own.week), "unknown_hours")
        if own.week == CLOSED:
            what = say("The site is closed at present ({hours}); it counts as closed.", hours=repr(text))
            cure = say("Enter its opening hours if it is open when the plan is carried out.")
            return Hours(own, "closed", (what, cure, "closed_now", "kept"))
        return Hours(own)

    def _unknown(self, text: str, host: str, what: Message, cure: Message, code: str) -> Hours:
        """Return the hours of a place whose own are not known, by the policy of the scenario."""
        policy = self._policy
        if policy.unknown == "refuse":
            return Hours(OpeningHours(text, CLOSED), None, (what, cure, code, "refused"))
        if policy.unknown == "closed":
            told = say("{what} It counts as closed.", what=what)
            return Hours(OpeningHours(text, CLOSED), "unknown_closed", (told, cure, code, "kept"))
        assumed = self._hosts[host].hours if host else policy.default
        told = say("{what} The hours of its host type, {assumed}, are assumed.", what=what, assumed=assumed.text)
        if not host:
            told = say("{what} {assumed} is assumed (`default_hours`).", what=what, assumed=assumed.text)
        source: DefaultSource = "unknown_host" if host else "unknown_default"
        return Hours(_instead(text, assumed), source, (told, cure, code, "kept"))


def _instead(text: str, hours: OpeningHours) -> OpeningHours:
    """Return hours that apply instead of a text, which is shown with them."""
    return OpeningHours(f"{text} ({hours.text})" if text else hours.text, hours.week)


def add_findings(read: Sequence[Hours], table: Table, faults: FaultList, *, stated: bool) -> None:
    """Record the findings on the hours of a table's rows; a single one if none has hours or a host (not ``stated``)."""
    rows = table.row_number
    if read and not stated and (first := read[0].finding) is not None:
        what = say("None of the {count} sites has opening hours or a host type.", count=len(read))
        assumed = read[0].hours.text
        told = {
            "unknown_default": say("{what} {assumed} is assumed (`default_hours`).", what=what, assumed=assumed),
            "unknown_closed": say("{what} They count as closed.", what=what),
        }
        cure = say("Add a column of opening hours or hosts, or set `default_host` in the scenario.")
        faults.add(told.get(read[0].source or "", what), cure, row=table.header_row, code="no_hours", action=first[3])
        return
    for row, hours in zip(rows, read, strict=True):
        if hours.finding is not None:
            what, cure, code, action = hours.finding
            faults.add(what, cure, row=row, code=code, action=action)


def defaults_of_hours(read: Iterable[Hours], default: OpeningHours) -> tuple[DefaultTaken, ...]:
    """Return how many places took hours from elsewhere, by source."""
    return counted("hours", (hours.source for hours in read), {"unknown_default": default.text})


def counted(
    field: str, sources: Iterable[DefaultSource | None], values: Mapping[DefaultSource, str] | None = None
) -> tuple[DefaultTaken, ...]:
    """Return how many records took the value of a field from each source, ``None`` standing for their own value."""
    counts = Counter(source for source in sources if source is not None)
    return tuple(
        DefaultTaken(field, count, source, (values or {}).get(source, "")) for source, count in sorted(counts.items())
    )
