"""Opening hours: texts to weekly schedules, and the share of a slot that a schedule fills."""

from __future__ import annotations

from stationplan.hours.schedule import DAY_MIN, WEEKDAYS, Schedule, open_share, weekly
from stationplan.hours.text import parse_hours, parse_slot
from stationplan.hours.words import Unread

__all__ = ["DAY_MIN", "WEEKDAYS", "Schedule", "Unread", "open_share", "parse_hours", "parse_slot", "weekly"]
