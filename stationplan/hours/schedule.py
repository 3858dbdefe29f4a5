"""A weekly schedule of opening times, and the share of a time slot during which it is open."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Days of the week by their names in the scenario."""

Intervals = tuple[tuple[int, int], ...]
"""Half-open intervals in minutes."""


@dataclass(frozen=True)
class Schedule:
    """When a place is open in an ordinary week without public holidays.

    ``intervals`` are minutes of the week: Monday 0:00 is 0 and Sunday 24:00 is 10080. They are sorted and disjoint;
    a place that is closed at present has none. Equal opening times give equal schedules, however they were written.
    """

    intervals: Intervals


def weekly(days: Iterable[Intervals]) -> Schedule:
    """Return the schedule of seven days, Monday first, each with intervals in minutes after its own midnight.

    An interval may extend past 1440 into the next day; the day after Sunday is Monday. Intervals may overlap.

    >>> weekly([((1320, 1740),)] + [()] * 6)
    Schedule(intervals=((1320, 1740),))
    >>> weekly([()] * 6 + [((1320, 1740),)])
    Schedule(intervals=((0, 300), (9960, 10080)))
    """
    pieces = []
    for day, intervals in enumerate(days):
        for start, end in intervals:
            opens, closes = start + day * DAY_MIN, end + day * DAY_MIN
            pieces += [(opens, min(closes, WEEK_MIN)), (0, closes - WEEK_MIN)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(piece for piece in pieces if piece[0] < piece[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return Schedule(tuple(merged))


def open_share(schedule: Schedule, slot: tuple[int, int], days: Collection[int]) -> float:
    """Return the share of a slot during which a place is open, averaged over the days on which the slot starts.

    ``slot`` is a half-open interval in minutes after midnight and may extend past 1440 into the next day; ``days`` are
    weekdays, 0 for Monday.

    >>> daily = weekly([((540, 1020),)] * 7)
    >>> open_share(daily, (480, 720), range(5))
    0.75
    >>> open_share(weekly([((540, 1020),)] * 5 + [()] * 2), (540, 720), range(7))
    0.7142857142857143
    """
    opened = 0
    for day in days:
        start, end = slot[0] + day * DAY_MIN, slot[1] + day * DAY_MIN
        for shift in (0, WEEK_MIN):
            opened += sum(
                max(0, min(closes + shift, end) - max(opens + shift, start)) for opens, closes in schedule.intervals
            )
    return opened / (len(days) * (slot[1] - slot[0]))
