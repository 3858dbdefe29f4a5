"""Ranges of clock times as people write them: ``8:30-17:30``, ``下午2点至5点半``, ``9 am - 5 pm``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stationplan.hours.schedule import DAY_MIN

_NOON_MIN = 12 * 60
_MORNING = frozenset({"上午", "早上", "早晨", "清晨", "早"})
_SMALL_HOURS = frozenset({"凌晨"})
_MIDDAY = frozenset({"中午"})
_AFTERNOON = frozenset({"下午"})
_EVENING = frozenset({"傍晚", "晚上", "晚间", "晚", "夜里", "夜间", "夜"})
_MARKS = "|".join(sorted(_MORNING | _SMALL_HOURS | _MIDDAY | _AFTERNOON | _EVENING, key=len, reverse=True))
_DASH = r"\s*(?:[-‐‑‒–—―─−~∼〜]+|至|到|to\b|until\b)\s*"
_MINUTES = r"(?::(?P<{0}m>\d\d)(?::00)?|\.(?P<{0}d>\d\d)|[点时](?P<{0}n>\d{{1,2}})分?|[点时](?P<{0}half>半)|[点时]整?)"
_TIME = (
    r"(?P<{0}mark>" + _MARKS + r")?\s*(?P<{0}h>\d{{1,2}})(?!\d)" + _MINUTES + r"?(?!\d)\s*"
    r"(?P<{0}suffix>[ap]\.?m\b\.?)?"
)
RANGE = re.compile(_TIME.format("a") + _DASH + r"(?P<next>次日|翌日|第二天)?\s*" + _TIME.format("b"))
"""Matches one time range in text normalised by :func:`stationplan.hours.parse_hours`."""


@dataclass(frozen=True)
class Range:
    """A half-open interval in minutes after midnight; ``short`` if 2:00 may have been written for 14:00."""

    start: int
    end: int
    short: bool


def range_of(match: re.Match[str]) -> Range | None:
    """Return the interval of a match of :data:`RANGE`, ``None`` where it is ambiguous.

    Times without a word such as 下午 or pm are on the 24-hour clock. An end at or before the start is on the next day,
    unless both could also be on one day by a 12-hour clock: ``8:30-5:30`` is not accepted, ``22:00-5:00`` is.
    """
    start, end = _minute(match, "a"), _minute(match, "b")
    if start is None or end is None or start >= DAY_MIN:
        return None
    marked = bool(match["amark"] or match["asuffix"]), bool(match["bmark"] or match["bsuffix"])
    if marked[0] and not marked[1] and not match["next"]:
        end = _end_like_start(match, start, end)
        if end is None:
            return None
    if match["next"] or end < start:
        twelve_hour_end = end + _NOON_MIN
        if not match["next"] and not marked[1] and len(match["bh"]) == 1 and twelve_hour_end > start:
            return None
        end += DAY_MIN
    if not start < end <= start + DAY_MIN:
        return None
    short = not any(marked) and len(match["ah"]) == 1 and 0 < start < 7 * 60
    return Range(start, end, short)


def _minute(match: re.Match[str], side: str) -> int | None:
    """Return the minute of the day at one end of a range; 1440 for 24:00, ``None`` if it is not a valid time.

    An end on the 24-hour clock may be on the next day, as 26:00 in OpenStreetMap's syntax.
    """
    hour = int(match[f"{side}h"])
    minutes = match[f"{side}m"] or match[f"{side}d"] or match[f"{side}n"]
    minute = 30 if match[f"{side}half"] else int(minutes or 0)
    mark, suffix = match[f"{side}mark"], match[f"{side}suffix"]
    if minute > 59 or (mark and suffix) or not (_names_an_hour(match, side) or suffix):
        return None
    if suffix:
        hour = hour % 12 + 12 * suffix.startswith("p") if 1 <= hour <= 12 else 99
    elif mark:
        hour = _hour_of_day(hour, mark)
    total = hour * 60 + minute
    return total if total <= DAY_MIN * (1 + (side == "b" and not (mark or suffix))) else None


def _names_an_hour(match: re.Match[str], side: str) -> bool:
    """Return whether a number is written as a time: with minutes, with 点 or 时, or before a dash as in ``8-18点``."""
    after = match.string[match.end(f"{side}h") :][:1]
    lends = match.string[match.end("bh") :][:1] in {"点", "时"} and side == "a"
    return after in {":", ".", "点", "时"} or lends


def _hour_of_day(hour: int, mark: str) -> int:
    """Return the hour on the 24-hour clock for an hour with a part of the day; 99 where the two do not agree."""
    fits: dict[int, int]
    if mark in _MORNING:
        fits = {h: h for h in range(13)}
    elif mark in _SMALL_HOURS:
        fits = {**{h: h for h in range(7)}, 12: 0}
    elif mark in _MIDDAY:
        fits = {11: 11, 12: 12, 13: 13, 14: 14, 1: 13, 2: 14}
    elif mark in _AFTERNOON:
        fits = {**{h: h + 12 for h in range(1, 8)}, **{h: h for h in range(12, 20)}}
    else:
        fits = {**{h: h + 12 for h in range(5, 13)}, **{h: h for h in range(17, 25)}}
    return fits.get(hour, 99)


def _end_like_start(match: re.Match[str], start: int, end: int) -> int | None:
    """Return the end of ``下午2:00-5:30``, where 下午 also applies to the end; ``None`` if that is ambiguous."""
    written = int(match["ah"])
    late = start >= _NOON_MIN and (match["amark"] or "") not in _MIDDAY
    if written >= 13 and end < start:  # 晚上22:00-5:00 is on the 24-hour clock
        return end if match["amark"] in _EVENING else None
    if end > start and (not late or end > 12 * 60 + 59):
        return end
    if late and start < end + _NOON_MIN <= DAY_MIN and (end < _NOON_MIN or match["amark"] in _EVENING):
        return end + _NOON_MIN
    return None
