"""Opening hours as people write them, and the share of a slot they fill."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationplan.hours import open_share, parse_hours


@pytest.mark.parametrize(
    ("text", "intervals"),
    [
        ("08:30-17:30", ((510, 1050),)),
        (" 8:30 - 17:30 ", ((510, 1050),)),
        ("08:30–17:30", ((510, 1050),)),
        ("8:00—12:00,14:00—17:30", ((480, 720), (840, 1050))),
        ("14:00~17:30；8:00～12:00", ((480, 720), (840, 1050))),
        ("8:00至12:00、14:00至17:30", ((480, 720), (840, 1050))),
        ("08：30-17：30", ((510, 1050),)),
        ("08:30--17:30", ((510, 1050),)),
        ("22:00-05:00", ((1320, 1740),)),
        ("22:00-次日05:00", ((1320, 1740),)),
        ("00:00-24:00", ((0, 1440),)),
        ("18:00-24:00", ((1080, 1440),)),
        ("18:00-00:00", ((1080, 1440),)),
        ("24小时", ((0, 1440),)),
        ("24 小时营业", ((0, 1440),)),
        ("24H", ((0, 1440),)),
        ("24 hours", ((0, 1440),)),
        ("24/7", ((0, 1440),)),
        ("全天", ((0, 1440),)),
        ("全天开放", ((0, 1440),)),
    ],
)
def test_hours_are_read_as_people_write_them(text, intervals):
    assert parse_hours(text) == intervals


@pytest.mark.parametrize(
    "text",
    [
        "",
        "by appointment",
        "08:30",
        "08:30-",
        "8-17",
        "08:60-17:00",
        "08:00-17:75",
        "24:00-08:00",
        "08:00-24:30",
        "25:00-26:00",
        "09:00-09:00",
        "08:00-12:00,,14:00-17:00",
        "08:00-12:00,closed",
        "周一至周五 08:00-12:00",
        "-8:00-12:00",
    ],
)
def test_hours_that_cannot_be_read_are_refused(text):
    assert parse_hours(text) is None


def test_hours_to_the_next_day_past_their_beginning_are_never_taken_for_one_hour():
    # Open from 8 to 9 of the next day is open all day; reading it as 08:00-09:00 would close the place.
    hours = parse_hours("08:00-次日09:00")
    assert hours is None or open_share(hours, 0, 1440) == 1.0


@pytest.mark.parametrize(
    ("hours", "slot", "share"),
    [
        ("09:00-17:00", (480, 720), 0.75),
        ("09:00-17:00", (540, 1020), 1.0),
        ("09:00-17:00", (1020, 1080), 0.0),
        ("09:00-17:00", (480, 540), 0.0),
        ("08:30-12:00,14:00-17:30", (720, 840), 0.0),
        ("08:30-12:00,14:00-17:30", (840, 1080), 0.875),
        # Over midnight: the slot 22:00-05:00 has seven hours.
        ("22:00-05:00", (1320, 1740), 1.0),
        ("22:00-05:00", (0, 300), 1.0),
        ("22:00-05:00", (300, 480), 0.0),
        ("00:00-24:00", (1320, 1740), 1.0),
        ("24小时", (300, 480), 1.0),
        ("07:00-23:00", (1320, 1740), 1 / 7),
        ("20:00-02:00", (1320, 1740), 4 / 7),
        ("04:00-08:00", (1320, 1740), 1 / 7),
        # Ranges that overlap count once.
        ("08:00-11:00,09:00-12:00", (480, 720), 1.0),
    ],
)
def test_the_open_share_of_a_slot(hours, slot, share):
    assert open_share(parse_hours(hours), *slot) == pytest.approx(share, abs=1e-12)


def test_a_place_without_hours_is_never_open():
    assert open_share((), 480, 720) == 0.0


_MINUTE = st.integers(0, 1439)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(_MINUTE, _MINUTE).filter(lambda r: r[0] != r[1]), min_size=1, max_size=3), _MINUTE, _MINUTE)
def test_the_open_share_equals_a_count_of_minutes_on_the_clock(ranges, start, end):
    text = ",".join(f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in ranges)
    slot = range(start, end if end > start else end + 1440)

    def is_open(minute):
        return any(a <= minute < b if a < b else minute >= a or minute < b for a, b in ranges)

    expected = sum(is_open(minute % 1440) for minute in slot) / len(slot)
    assert open_share(parse_hours(text), slot.start, slot.stop) == pytest.approx(expected, abs=1e-12)
