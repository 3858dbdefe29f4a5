"""Counts with a time of day: minutes of the rows of a table, and the profile of a group that they give."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from stationplan.domain import FloatArray, IntArray, Slot
from stationplan.errors import FaultList, Message, say
from stationplan.inputs.tables.table import Table

_DAY_MIN = 24 * 60
_TIME = re.compile(
    r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}(?:\s+|T)|\d{4}年\d{1,2}月\d{1,2}日\s*)?"
    r"(?P<hour>\d{1,2})(?:[:：](?P<minute>\d{2})(?:[:：]\d{2}(?:\.\d+)?)?|[时点](?:(?P<minutes>\d{1,2})分)?)"
)
_HOUR = re.compile(r"\d{1,2}")


def minute_of_day(text: str) -> int | None:
    """Return the minutes after midnight of a time, a date with a time, or a whole hour; ``None`` for any other text.

    >>> minute_of_day("08:30"), minute_of_day("2026-03-02T18:05:59"), minute_of_day("3月2日"), minute_of_day("23")
    (510, 1085, None, 1380)
    >>> minute_of_day("2026-03-02"), minute_of_day("24:30"), minute_of_day("08:30+08:00"), minute_of_day("830")
    (None, None, None, None)
    """
    plain = text.strip()
    if _HOUR.fullmatch(plain):
        hour, minute = int(plain), 0
    elif found := _TIME.fullmatch(plain):
        hour, minute = int(found["hour"]), int(found["minute"] or found["minutes"] or 0)
    else:
        return None
    return 60 * hour + minute if hour < 24 and minute < 60 else None


def minutes_in(table: Table, column: int, faults: FaultList) -> IntArray:
    """Return the minutes after midnight in a column, -1 where the time cannot be read; such rows are excluded."""
    minutes = [minute_of_day(text) for text in table.column(column)]
    for text, minute, row in zip(table.column(column), minutes, table.row_number, strict=True):
        if minute is None:
            faults.add(
                say("{found} is not a time of day.", found=repr(text)),
                say("Use local time: 08:30, 2026-03-02 08:30, or an hour from 0 to 23."),
                row=row,
                code="no_time",
                action="set_aside",
            )
    return np.array([-1 if minute is None else minute for minute in minutes], dtype=np.int64)


def profile_of(
    minutes: IntArray, values: FloatArray, slots: Sequence[Slot], *, file: str, key: str, groups: Sequence[str]
) -> tuple[Mapping[str, float], Message]:
    """Return the share of a count in each slot, adding up to one, and a note on what was counted.

    ``minutes[row]`` are after midnight, ``values[row]`` are counts. What is in no slot is not part of the profile.

    Raises
    ------
    InputError
        Nothing was counted in any slot.
    """
    inside = [
        (slot.start_min <= minutes) & (minutes < slot.end_min)
        | (slot.start_min <= minutes + _DAY_MIN) & (minutes + _DAY_MIN < slot.end_min)
        for slot in slots
    ]
    sums = [float(values[mask].sum()) for mask in inside]
    if not sum(sums) > 0:
        faults = FaultList(file)
        faults.add(
            say(
                "No row with a count is in a district and in a time slot: the profile of {groups} is unknown.",
                groups=", ".join(groups),
            ),
            say("Check times, coordinates and slots, or set the `profile` of the groups."),
            key=key,
        )
        faults.raise_any()
    total, used = float(values.sum()), float(values[np.any(inside, axis=0)].sum())
    note = say(
        "The working day of {groups} follows the times in {file}: {used} of {total} counted are in a time slot.",
        groups=", ".join(groups),
        file=file,
        used=round(used, 1),
        total=round(total, 1),
    )
    return {slot.id: amount / sum(sums) for slot, amount in zip(slots, sums, strict=True)}, note
