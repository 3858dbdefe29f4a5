"""Opening hours as intervals of a typical working day, and how much of a slot they fill."""

from __future__ import annotations

import re

DAY_MIN = 24 * 60

Intervals = tuple[tuple[int, int], ...]
"""Half-open intervals in minutes after midnight of the day they begin; an end past 1440 runs over midnight."""

_ALL_DAY = re.compile(r"^(全天|24\s*小时|24\s*h(ours)?|24/7|全日)(开放|服务|营业)?$", re.IGNORECASE)
_RANGE = re.compile(r"^(\d{1,2})[:：](\d{2})\s*[-–—－~～至]+\s*(次日)?(\d{1,2})[:：](\d{2})$")


def parse_hours(text: str) -> Intervals | None:
    """Return the intervals that opening hours describe, ``None`` when they cannot be read.

    Understood are ranges such as ``08:30-17:30`` or ``8:00—12:00,14:00—17:30``, also over midnight
    (``22:00-05:00``), and words for all day (``全天``, ``24小时``, ``24/7``).

    >>> parse_hours("08:30-12:00,14:00-17:30")
    ((510, 720), (840, 1050))
    >>> parse_hours("22:00-05:00"), parse_hours("24小时"), parse_hours("by appointment")
    (((1320, 1740),), ((0, 1440),), None)
    """
    text = text.strip()
    if _ALL_DAY.match(text):
        return ((0, DAY_MIN),)
    intervals: list[tuple[int, int]] = []
    for part in re.split(r"[,，;；、]", text.rstrip(",，;；、 ")):
        match = _RANGE.match(part.strip())
        if match is None:
            return None
        start = int(match[1]) * 60 + int(match[2])
        end = int(match[4]) * 60 + int(match[5])
        if (
            int(match[2]) > 59
            or int(match[5]) > 59
            or start >= DAY_MIN
            or end > DAY_MIN
            or (start == end and not match[3])
        ):
            return None
        if match[3] or end <= start:
            end += DAY_MIN
        if end - start > DAY_MIN:
            return None
        intervals.append((start, end))
    return tuple(sorted(intervals))


def open_share(hours: Intervals, start_min: int, end_min: int) -> float:
    """Return the share of the slot ``[start_min, end_min)`` during which a place with these hours is open.

    Hours repeat every day, so yesterday's and tomorrow's intervals count where they reach into the slot.

    >>> open_share(((540, 1020),), 480, 720)
    0.75
    >>> open_share(((1320, 1740),), 0, 300)
    1.0
    """
    minutes = {
        minute
        for start, end in hours
        for shift in (-DAY_MIN, 0, DAY_MIN)
        for minute in range(max(start + shift, start_min), min(end + shift, end_min))
    }
    return len(minutes) / (end_min - start_min)
