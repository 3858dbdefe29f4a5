"""Opening hours and time ranges parsed once: the text as written, for display, together with its parsed times."""

from __future__ import annotations

from dataclasses import dataclass

from stationplan.hours.schedule import Schedule
from stationplan.hours.seasons import ANY_SEASON, Season
from stationplan.hours.text import parse_hours, parse_slot
from stationplan.hours.words import Unread


@dataclass(frozen=True)
class OpeningHours:
    """Opening hours: the text, and the weekly schedule that it describes or the part of it that could not be parsed."""

    text: str
    week: Schedule | Unread


@dataclass(frozen=True)
class SlotHours:
    """A range of the day: the text, and its start and end in minutes after midnight.

    An end past 1440 is on the next day. ``span`` is ``None`` where the text is not one range.
    """

    text: str
    span: tuple[int, int] | None


def opening_hours(text: str, season: Season = ANY_SEASON) -> OpeningHours:
    """Return opening hours with their weekly schedule in a part of the year; see :func:`stationplan.hours.parse_hours`.

    >>> opening_hours("9:00-17:00").text, opening_hours("sometimes").week
    ('9:00-17:00', Unread(part='sometimes', needs=''))
    """
    return OpeningHours(text, parse_hours(text, season))


def slot_hours(text: str) -> SlotHours:
    """Return a range of the day with its minutes; see :func:`stationplan.hours.parse_slot`.

    >>> slot_hours("22:00-05:00")
    SlotHours(text='22:00-05:00', span=(1320, 1740))
    """
    return SlotHours(text, parse_slot(text))
