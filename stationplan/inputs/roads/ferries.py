"""Ferries: lines that carry people over water in a stated time.

A ferry is a road of the class ``ferry`` whose speed follows from its duration: ``ferry_kmh`` holds it. Waiting for the
ferry is not included, since few timetables are known.
"""

from __future__ import annotations

import re

FERRY_KMH = "ferry_kmh"
"""Key of a ferry's speed (km/h) in the tags of a road; not a tag of OSM."""

_ROUTES = frozenset({"ferry", "shuttle_ferry"})
_FASTEST_KMH = 120.0
"""A ferry that would be faster has a wrong duration."""

_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_MINUTES = re.compile(r"(\d{1,4}(?:\.\d{1,3})?)\s*(?:min|mins|minutes?|m|分钟|分)?", re.IGNORECASE)
_HOURS = re.compile(r"(\d{1,2}(?:\.\d{1,3})?)\s*(?:h|hours?|hrs?|小时)", re.IGNORECASE)
_ISO = re.compile(
    r"P(?:(\d{1,2})D)?(?:T(?:(\d{1,3})H)?(?:(\d{1,4}(?:\.\d{1,3})?)M)?(?:(\d{1,5}(?:\.\d{1,3})?)S)?)?", re.IGNORECASE
)


def duration_min(text: str) -> float | None:
    """Return the minutes that a value of OSM's tag ``duration`` states; ``None`` if it states none.

    >>> duration_min("00:10"), duration_min("10"), duration_min("PT1H5M"), duration_min("01:02:30")
    (10.0, 10.0, 65.0, 62.5)
    >>> duration_min("short") is None
    True
    """
    text = text.strip()
    minutes = 0.0
    if match := _CLOCK.fullmatch(text):
        minutes = int(match[1]) * 60 + int(match[2]) + int(match[3] or 0) / 60
    elif match := _MINUTES.fullmatch(text):
        minutes = float(match[1])
    elif match := _HOURS.fullmatch(text):
        minutes = float(match[1]) * 60
    elif match := _ISO.fullmatch(text):
        days, hours, whole, seconds = (float(part or 0) for part in match.groups())
        minutes = days * 1440 + hours * 60 + whole + seconds / 60
    return minutes if minutes > 0 else None


def is_ferry(route: str | None) -> bool:
    """Return whether a way or line without a road class is a ferry, by its tag ``route``.

    >>> is_ferry("ferry"), is_ferry("bus"), is_ferry(None)
    (True, False, False)
    """
    return route is not None and not _ROUTES.isdisjoint(route.split(";"))


def ferry_speed(duration: str, length_m: float) -> str:
    """Return the speed (km/h) at which a ferry covers its length in the stated time, as text; empty if there is none.

    >>> ferry_speed("00:06", 1000.0), ferry_speed("", 1000.0), ferry_speed("00:01", 90_000.0)
    ('10', '', '')
    """
    minutes = duration_min(duration)
    if minutes is None or length_m <= 0:
        return ""
    kmh = length_m * 0.06 / minutes
    return f"{kmh:.6f}".rstrip("0").rstrip(".") if 0.01 <= kmh <= _FASTEST_KMH else ""
