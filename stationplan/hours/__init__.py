"""Opening hours: text to weekly schedules, and the share of a time slot during which a schedule is open."""

from __future__ import annotations

from stationplan.hours.schedule import DAY_MIN, WEEKDAYS, Schedule, open_share, weekly
from stationplan.hours.seasons import ANY_SEASON, Season, SeasonName, names_season
from stationplan.hours.states import is_of_host
from stationplan.hours.text import CLOSED, parse_hours, parse_slot
from stationplan.hours.words import Unread, days_of
from stationplan.hours.written import OpeningHours, SlotHours, opening_hours, slot_hours

__all__ = [
    "ANY_SEASON",
    "CLOSED",
    "DAY_MIN",
    "WEEKDAYS",
    "OpeningHours",
    "Schedule",
    "Season",
    "SeasonName",
    "SlotHours",
    "Unread",
    "days_of",
    "is_of_host",
    "names_season",
    "open_share",
    "opening_hours",
    "parse_hours",
    "parse_slot",
    "slot_hours",
    "weekly",
]
