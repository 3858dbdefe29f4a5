"""Opening hours as people write them, the weeks they describe, and the share of a slot they fill."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationplan.hours import DAY_MIN, Schedule, Unread, open_share, parse_hours, parse_slot, weekly

WEEK_MIN = 7 * DAY_MIN
ALL, WORK, WEEKEND = range(7), range(5), (5, 6)
CHINESE = "一二三四五六日"
OSM = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


def minutes(text: str) -> list[tuple[int, int]]:
    """Ranges such as ``8:30-12:00 14:00-26:00`` in minutes; hours past 24 are of the next day."""
    ends = [[int(h) * 60 + int(m) for h, m in (end.split(":") for end in part.split("-"))] for part in text.split()]
    return [(start, end) for start, end in ends]


def week(*said: tuple[object, str]) -> Schedule:
    """The week in which each named day has these hours and every other day none."""
    days: list[tuple[tuple[int, int], ...]] = [()] * 7
    for names, text in said:
        for day in names:
            days[day] = tuple(minutes(text))
    return weekly(days)


def open_minutes(schedule: Schedule) -> set[int]:
    return {minute for start, end in schedule.intervals for minute in range(start, end)}


# ---- hours of every day -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("08:30-17:30", "8:30-17:30"),
        (" 8:30 - 17:30 ", "8:30-17:30"),
        ("08:30–17:30", "8:30-17:30"),
        ("８：３０－１７：３０", "8:30-17:30"),
        ("08：30～17：30", "8:30-17:30"),
        ("08:30--17:30", "8:30-17:30"),
        ("08:30:00-17:30:00", "8:30-17:30"),
        ("8.30-17.30", "8:30-17:30"),
        ("8:00—12:00,14:00—17:30", "8:00-12:00 14:00-17:30"),
        ("14:00~17:30；8:00～12:00", "8:00-12:00 14:00-17:30"),
        ("8:00至12:00、14:00至17:30", "8:00-12:00 14:00-17:30"),
        ("8:00到12:00和14:00到17:30", "8:00-12:00 14:00-17:30"),
        ("8:00-12:00\n14:00-17:30", "8:00-12:00 14:00-17:30"),
        ("营业时间：8:00-18:00。", "8:00-18:00"),
        ("8:00-18:00开放（中午不休息）", "8:00-18:00"),
        ("每天8:00-18:00", "8:00-18:00"),
        ("每日 8:00-18:00", "8:00-18:00"),
        ("8:00-18:00，全年无休", "8:00-18:00"),
        ("8:00-18:00（节假日不休）", "8:00-18:00"),
        ("星期一至星期日 8:00-18:00", "8:00-18:00"),
        ("daily 8:00-18:00", "8:00-18:00"),
        # Over midnight.
        ("22:00-05:00", "22:00-29:00"),
        ("22:00-5:00", "22:00-29:00"),
        ("22:00-次日05:00", "22:00-29:00"),
        ("08:00-次日08:00", "0:00-24:00"),
        ("00:00-24:00", "0:00-24:00"),
        ("18:00-24:00", "18:00-24:00"),
        ("18:00-00:00", "18:00-24:00"),
        # Words for the whole day.
        ("24小时", "0:00-24:00"),
        ("24 小时营业", "0:00-24:00"),
        ("全年无休 24小时", "0:00-24:00"),
        ("24H", "0:00-24:00"),
        ("24 hours", "0:00-24:00"),
        ("24/7", "0:00-24:00"),
        ("7×24小时", "0:00-24:00"),
        ("全天", "0:00-24:00"),
        ("全天开放", "0:00-24:00"),
        # Hours by 点 and 时.
        ("8点-18点", "8:00-18:00"),
        ("8-18点", "8:00-18:00"),
        ("8时30分至17时30分", "8:30-17:30"),
        ("8点半到17点半", "8:30-17:30"),
        # Parts of the day.
        ("上午8:30-12:00 下午14:00-17:30", "8:30-12:00 14:00-17:30"),
        ("上午8:30-12:00，下午2:00-5:30", "8:30-12:00 14:00-17:30"),
        ("上午9:00-下午5:00", "9:00-17:00"),
        ("上午9:00-17:00", "9:00-17:00"),
        ("早8点至晚10点", "8:00-22:00"),
        ("早上9:00—晚上20:00", "9:00-20:00"),
        ("中午12:00-14:00", "12:00-14:00"),
        ("晚上7:00-10:00", "19:00-22:00"),
        ("晚上8:00-12:00", "20:00-24:00"),
        ("晚上22:00-5:00", "22:00-29:00"),
        ("晚上10点至次日早上6点", "22:00-30:00"),
        ("晚10点-凌晨2点", "22:00-26:00"),
        ("9am-5pm", "9:00-17:00"),
        ("9:00 AM - 5:00 p.m.", "9:00-17:00"),
        ("12pm-1:30pm", "12:00-13:30"),
        ("10pm-12am", "22:00-24:00"),
    ],
)
def test_hours_without_weekdays_are_those_of_every_day(text, hours):
    assert parse_hours(text) == week((ALL, hours))


# ---- hours of some days -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("周一至周五 9:00-17:00", [(WORK, "9:00-17:00")]),
        ("周一至五 9:00-17:00", [(WORK, "9:00-17:00")]),
        ("周一到周五：9:00-17:00", [(WORK, "9:00-17:00")]),
        ("礼拜一~礼拜五 9:00-17:00", [(WORK, "9:00-17:00")]),
        ("每周一至周五，9:00-17:00", [(WORK, "9:00-17:00")]),
        ("9:00-17:00（周一至周五）", [(WORK, "9:00-17:00")]),
        ("工作日 9:00-17:00", [(WORK, "9:00-17:00")]),
        ("工作日（周一至周五）9:00-17:00", [(WORK, "9:00-17:00")]),
        ("周一、三、五 9:00-12:00", [((0, 2, 4), "9:00-12:00")]),
        ("周一、周三至周五 9:00-12:00", [((0, 2, 3, 4), "9:00-12:00")]),
        ("周六至周一 9:00-12:00", [((5, 6, 0), "9:00-12:00")]),
        ("周六日 9:00-12:00", [(WEEKEND, "9:00-12:00")]),
        ("周六、周天 9:00-12:00", [(WEEKEND, "9:00-12:00")]),
        ("双休日 9:00-12:00", [(WEEKEND, "9:00-12:00")]),
        ("周一 1:00-3:00", [((0,), "1:00-3:00")]),
        ("周五22:00-次日5:00", [((4,), "22:00-29:00")]),
        ("周日22:00-5:00", [((6,), "22:00-29:00")]),
        ("周一至周五9:00-17:00，周六周日 10:00-16:00", [(WORK, "9:00-17:00"), (WEEKEND, "10:00-16:00")]),
        ("周一至周五9:00-17:00、周六10:00-14:00", [(WORK, "9:00-17:00"), ((5,), "10:00-14:00")]),
        ("9:00-17:00（周一至周五），10:00-16:00（周末）", [(WORK, "9:00-17:00"), (WEEKEND, "10:00-16:00")]),
        ("周一至周五上午8:30-12:00，下午2:00-5:30", [(WORK, "8:30-12:00 14:00-17:30")]),
        ("周一至周五 9:00-12:00，周一至周五 14:00-17:00", [(WORK, "9:00-12:00 14:00-17:00")]),
        ("周一至周五 24小时 周六日 8:00-20:00", [(WORK, "0:00-24:00"), (WEEKEND, "8:00-20:00")]),
        ("Mo-Fr 08:00-18:00", [(WORK, "8:00-18:00")]),
        ("Mo,We 09:00-12:00", [((0, 2), "9:00-12:00")]),
        ("Sa-Mo 09:00-12:00", [((5, 6, 0), "9:00-12:00")]),
        ("Mo-Fr 08:00-12:00,14:00-18:00", [(WORK, "8:00-12:00 14:00-18:00")]),
        ("Mon-Fri 09:00-17:00; Sat 10:00-14:00", [(WORK, "9:00-17:00"), ((5,), "10:00-14:00")]),
        ("Tuesday to Thursday: 9 am to 5 pm", [((1, 2, 3), "9:00-17:00")]),
        # Some days differ from the others.
        ("每天 9:00-17:00，周六 10:00-16:00", [(ALL, "9:00-17:00"), ((5,), "10:00-16:00")]),
        ("9:00-17:00，周六 10:00-16:00", [(ALL, "9:00-17:00"), ((5,), "10:00-16:00")]),
        ("Mo-Fr 08:00-12:00,14:00-18:00; We 14:00-18:00", [(WORK, "8:00-12:00 14:00-18:00"), ((2,), "14:00-18:00")]),
        ("Mo-Fr 08:00-12:00; We 14:00-18:00", [(WORK, "8:00-12:00"), ((2,), "14:00-18:00")]),
        # Some days are closed.
        ("9:00-17:00 周末休息", [(WORK, "9:00-17:00")]),
        ("9:00-17:00（周六、周日除外）", [(WORK, "9:00-17:00")]),
        ("周六、周日休息，9:00-17:00", [(WORK, "9:00-17:00")]),
        ("周一至周五 9:00-17:00，周六，周日休息", [(WORK, "9:00-17:00")]),
        ("每天9:00-17:00，逢周一闭馆", [(range(1, 7), "9:00-17:00")]),
        ("周一至周日（周三休息）9:00-17:00", [((0, 1, 3, 4, 5, 6), "9:00-17:00")]),
        ("除周日外每天 9:00-17:00", [(range(6), "9:00-17:00")]),
        ("Mo-Su 09:00-18:00; We off", [((0, 1, 3, 4, 5, 6), "9:00-18:00")]),
        ("Monday - Friday: 9:00-17:00; Saturday & Sunday closed", [(WORK, "9:00-17:00")]),
        # What is said of public holidays alone changes nothing in a week without them.
        ("周一至周五 9:00-17:00，法定节假日除外", [(WORK, "9:00-17:00")]),
        ("周一至周五（法定节假日除外）9:00-17:00", [(WORK, "9:00-17:00")]),
        ("周一至周五 9:00-17:00，周末及法定节假日休息", [(WORK, "9:00-17:00")]),
        ("工作日 8:00-18:00，周末及节假日 10:00-16:00", [(WORK, "8:00-18:00"), (WEEKEND, "10:00-16:00")]),
        ("工作日9:00-17:00，节假日休息", [(WORK, "9:00-17:00")]),
        ("周一至周日 9:00-17:00，节假日 10:00-16:00", [(ALL, "9:00-17:00")]),
        ("Mo-Fr 08:00-18:00; PH off; Sa 10:00-14:00", [(WORK, "8:00-18:00"), ((5,), "10:00-14:00")]),
        ("Sa,Su,PH 10:00-16:00", [(WEEKEND, "10:00-16:00")]),
    ],
)
def test_hours_of_weekdays_are_theirs_alone(text, said):
    assert parse_hours(text) == week(*said)


# ---- what is not read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("by appointment", "by appointment"),
        ("随缘", "随缘"),
        ("08:30", "08:30"),
        ("08:30-", "08:30-"),
        ("8-17", "8-17"),
        ("2024-2025", "2024-2025"),
        ("08:60-17:00", "08:60-17:00"),
        ("08:00-17:75", "08:00-17:75"),
        ("24:00-08:00", "24:00-08:00"),
        ("08:00-32:30", "08:00-32:30"),
        ("25:00-26:00", "25:00-26:00"),
        ("09:00-09:00", "09:00-09:00"),
        ("-8:00-12:00", "-8:00-12:00"),
        ("08:00-次日09:00", "08:00-次日09:00"),
        ("18:00+", "18:00+"),
        ("Mo-Fr sunrise-sunset", "sunrise-sunset"),
        ("Mo[1] 09:00-12:00", "1] 09:00-12:00"),
        ("周一至周五 8:00-18:00，夏季 7:00-20:00", "夏季 7:00-20:00"),
        ("24小时服务热线", "热线"),
        # An afternoon by a 12-hour clock, or a night?
        ("8:30-5:30", "8:30-5:30"),
        ("上午9:00-5:00", "上午9:00-5:00"),
        ("下午14:00-5:30", "下午14:00-5:30"),
        ("晚上10:00-5:00", "晚上10:00-5:00"),
        ("上午15:00-17:00", "上午15:00-17:00"),
        ("13pm-5pm", "13pm-5pm"),
    ],
)
def test_what_cannot_be_read_is_named(text, part):
    assert parse_hours(text) == Unread(part)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PH off",
        "周末休息",
        "周一至周五",
        "08:00-12:00,,14:00-17:00",
        "08:00-12:00,closed",
        # The afternoon may be written by a 12-hour clock.
        "8:30-12:00 2:00-5:30",
        # Do the weekends count as 节假日?
        "9:00-17:00，节假日休息",
        "工作日 9:00-17:00，节假日 10:00-16:00",
        "周六及节假日 10:00-16:00",
        "周一至周五 9:00-17:00，节假日照常",
        # Which hours belong to which days?
        "9:00-17:00 周一至周五，周六 10:00-14:00",
        "周一至周五，周六休息，9:00-17:00",
        "周一至周六，周三休息 9:00-17:00",
        "9:00-17:00，周一至周五，周六休息",
        "每天（周一至周五）9:00-17:00",
        # As well as the earlier hours, or instead of them?
        "每天 9:00-17:00，周六 19:00-21:00",
        "周一至周三 9:00-12:00，周三至周五 10:00-14:00",
        "周一至周五 9:00-17:00，周一至周五休息",
    ],
)
def test_what_has_no_single_meaning_is_not_read(text):
    assert parse_hours(text) == Unread(text)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text("0123456789:-—，；、（） 周一五六日至上下午休息节假除外末每天点半次MoFrSaoffPH.,", max_size=24))
def test_any_text_is_read_or_not_and_never_breaks(text):
    found = parse_hours(text)
    if isinstance(found, Schedule):
        assert found.intervals
        ends = [end for interval in found.intervals for end in interval]
        assert ends == sorted(set(ends))
        assert ends[0] >= 0
        assert ends[-1] <= WEEK_MIN


# ---- the same week in several notations ---------------------------------------------------------------------------


@st.composite
def day_hours(draw) -> list[tuple[int, int]]:
    """One or two ranges of a day in order, the last perhaps over midnight, in minutes."""
    ends = sorted(draw(st.sets(st.integers(0, 1439), min_size=2, max_size=4).filter(lambda s: len(s) % 2 == 0)))
    ranges = list(zip(ends[::2], ends[1::2], strict=True))
    if draw(st.booleans()) and ranges[0][0] > 0:
        ranges[-1] = (ranges[-1][0], 1440 + draw(st.integers(0, ranges[0][0] - 1)))
    return ranges


@st.composite
def weeks(draw) -> list[list[tuple[int, int]]]:
    """Hours for each day of the week, alike on runs of days, some days closed."""
    kinds = draw(st.lists(day_hours(), min_size=1, max_size=2))
    days = [draw(st.sampled_from([*kinds, []])) for _ in range(7)]
    return days if any(days) else [kinds[0]] * 7


def runs(days: list[list[tuple[int, int]]]) -> list[tuple[int, int, list[tuple[int, int]]]]:
    """Runs of days with the same hours: first day, last day, hours; closed days are left out."""
    found: list[tuple[int, int, list[tuple[int, int]]]] = []
    for day, hours in enumerate(days):
        if hours and found and found[-1][1] == day - 1 and found[-1][2] == hours:
            found[-1] = (found[-1][0], day, hours)
        elif hours:
            found.append((day, day, hours))
    return found


def clock(minute: int, style: str) -> str:
    hour, rest = divmod(minute if minute <= 1440 else minute - 1440, 60)
    if style == "points":
        return f"{hour}点{rest:02d}分"
    if style == "half":
        mark = (
            "凌晨" if hour < 5 else "上午" if hour < 12 else "中午" if hour == 12 else "下午" if hour < 18 else "晚上"
        )
        return f"{mark}{hour if hour <= 12 else hour - 12}:{rest:02d}" if 0 < hour < 24 else f"{hour:02d}:{rest:02d}"
    return f"{hour:02d}:{rest:02d}"


def written(days: list[list[tuple[int, int]]], style: str) -> str:
    clauses = []
    for first, last, hours in runs(days):
        next_day = "" if style == "osm" else "次日"
        ranges = [f"{clock(start, style)}-{next_day if end > 1440 else ''}{clock(end, style)}" for start, end in hours]
        if style == "osm":
            names = OSM[first] if first == last else f"{OSM[first]}-{OSM[last]}"
            clauses.append(f"{names} {','.join(ranges)}")
        else:
            names = f"周{CHINESE[first]}" if first == last else f"周{CHINESE[first]}至周{CHINESE[last]}"
            clauses.append(f"{names}{'，'.join(ranges)}")
    return "; ".join(clauses) if style == "osm" else "；".join(clauses)


@pytest.mark.parametrize("style", ["osm", "plain", "points", "half"])
@settings(max_examples=120, deadline=None, derandomize=True)
@given(days=weeks())
def test_a_week_reads_back_minute_by_minute(style, days):
    expected = {
        (day * 1440 + minute) % WEEK_MIN
        for day, hours in enumerate(days)
        for start, end in hours
        for minute in range(start, end)
    }
    found = parse_hours(written(days, style))
    assert isinstance(found, Schedule), written(days, style)
    assert open_minutes(found) == expected


# ---- slots --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("08:00-12:00", (480, 720)),
        ("22:00-05:00", (1320, 1740)),
        ("00:00-24:00", (0, 1440)),
        ("8点-12点", (480, 720)),
        ("08:00-12:00,14:00-18:00", None),
        ("周一 08:00-12:00", None),
        ("noon", None),
        ("", None),
    ],
)
def test_a_slot_is_one_range_of_the_day(text, slot):
    assert parse_slot(text) == slot


@pytest.mark.parametrize(
    ("hours", "slot", "days", "share"),
    [
        ("09:00-17:00", (480, 720), WORK, 0.75),
        ("09:00-17:00", (540, 1020), WORK, 1.0),
        ("09:00-17:00", (1020, 1080), WORK, 0.0),
        ("09:00-17:00", (480, 540), WORK, 0.0),
        ("08:30-12:00,14:00-17:30", (720, 840), WORK, 0.0),
        ("08:30-12:00,14:00-17:30", (840, 1080), WORK, 0.875),
        # Over midnight: the slot 22:00-05:00 has seven hours.
        ("22:00-05:00", (1320, 1740), WORK, 1.0),
        ("22:00-05:00", (0, 300), WORK, 1.0),
        ("22:00-05:00", (300, 480), WORK, 0.0),
        ("00:00-24:00", (1320, 1740), WORK, 1.0),
        ("24小时", (300, 480), WORK, 1.0),
        ("07:00-23:00", (1320, 1740), WORK, 1 / 7),
        ("20:00-02:00", (1320, 1740), WORK, 4 / 7),
        ("04:00-08:00", (1320, 1740), WORK, 1 / 7),
        # Ranges that overlap count once.
        ("08:00-11:00,09:00-12:00", (480, 720), WORK, 1.0),
        # The share is taken over all the days asked about.
        ("周一至周五 09:00-17:00", (540, 1020), WORK, 1.0),
        ("周一至周五 09:00-17:00", (540, 1020), ALL, 5 / 7),
        ("周一至周五 09:00-17:00", (540, 1020), WEEKEND, 0.0),
        ("周一、三、五 09:00-17:00", (540, 1020), WORK, 0.6),
        # The slot of Sunday night ends on Monday at 5:00; on Monday the place opens at 1:00.
        ("周一 01:00-09:00", (1320, 1740), (6,), 4 / 7),
        ("周日 22:00-次日05:00", (0, 300), (0,), 1.0),
    ],
)
def test_the_open_share_of_a_slot(hours, slot, days, share):
    assert open_share(parse_hours(hours), slot, days) == pytest.approx(share, abs=1e-12)


def test_a_place_without_hours_is_never_open():
    assert open_share(Schedule(()), (480, 720), WORK) == 0.0


_MINUTE = st.integers(0, 1439)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(weeks(), _MINUTE, st.integers(1, 1440), st.sets(st.integers(0, 6), min_size=1))
def test_the_open_share_equals_a_count_of_minutes_on_the_clock(days, start, length, asked):
    schedule = weekly([tuple(hours) for hours in days])

    def is_open(minute):
        return any(
            (minute - day * 1440 - opens) % WEEK_MIN < closes - opens
            for day, hours in enumerate(days)
            for opens, closes in hours
        )

    slot = [(day * 1440 + minute) % WEEK_MIN for day in asked for minute in range(start, start + length)]
    expected = sum(map(is_open, slot)) / len(slot)
    assert open_share(schedule, (start, start + length), asked) == pytest.approx(expected, abs=1e-12)
