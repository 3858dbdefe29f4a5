"""Hours by season or month, breaks, idioms, and texts that state something other than times."""

from __future__ import annotations

import pytest

from stationplan.hours import CLOSED, Schedule, Season, Unread, days_of, is_of_host, names_season, parse_hours

SUMMER, WINTER, JULY, DECEMBER = Season("summer"), Season("winter"), Season(month=7), Season(month=12)


@pytest.mark.parametrize(
    ("text", "summer", "winter"),
    [
        ("夏季8:00-20:00；冬季8:30-18:00", "8:00-20:00", "8:30-18:00"),
        ("夏令时8:00-20:00，冬令时8:30-18:00", "8:00-20:00", "8:30-18:00"),
        ("夏：8:00-20:00 冬：9:00-18:00", "8:00-20:00", "9:00-18:00"),
        ("春夏季7:00-21:00，秋冬季8:00-20:00", "7:00-21:00", "8:00-20:00"),
        ("summer 8:00-20:00, winter 9:00-18:00", "8:00-20:00", "9:00-18:00"),
        ("8:00-20:00（夏季）、8:30-18:00（冬季）", "8:00-20:00", "8:30-18:00"),
        ("夏季（5-10月）7:00-22:00，冬季（11-4月）8:00-20:00", "7:00-22:00", "8:00-20:00"),
        ("周一至周五：夏季8:00-20:00，冬季8:30-18:00", "周一至周五8:00-20:00", "周一至周五8:30-18:00"),
        (
            "夏季8:00-12:00，14:30-18:00；冬季8:00-12:00，14:00-17:30",
            "8:00-12:00,14:30-18:00",
            "8:00-12:00,14:00-17:30",
        ),
        ("8:30-12:00，夏季14:30-18:00，冬季14:00-17:30", "8:30-12:00,14:30-18:00", "8:30-12:00,14:00-17:30"),
        ("上午8:30-12:00，下午夏季2:30-6:00、冬季2:00-5:30", "8:30-12:00,14:30-18:00", "8:30-12:00,14:00-17:30"),
        ("8:00-18:00（夏季7:00-20:00）", "7:00-20:00", "8:00-18:00"),
        (
            "夏季：周一至周五8:00-18:00，周末9:00-17:00；冬季9:00-17:00",
            "周一至周五8:00-18:00，周末9:00-17:00",
            "9:00-17:00",
        ),
    ],
)
def test_hours_by_season_are_those_of_the_planned_season(text, summer, winter):
    assert parse_hours(text, SUMMER) == parse_hours(summer)
    assert parse_hours(text, WINTER) == parse_hours(winter)
    unread = parse_hours(text)
    assert isinstance(unread, Unread)
    assert unread.needs == "season"


@pytest.mark.parametrize(
    ("text", "july", "december"),
    [
        ("5月-10月 7:00-22:00；11月-次年4月 8:00-20:00", "7:00-22:00", "8:00-20:00"),
        ("6-9月7:00-20:00，其他月份8:00-18:00", "7:00-20:00", "8:00-18:00"),
        ("7、8月8:00-21:00，其余时间8:00-20:00", "8:00-21:00", "8:00-20:00"),
        ("5月1日至9月30日8:00-20:00，10月1日至次年4月30日9:00-18:00", "8:00-20:00", "9:00-18:00"),
        ("Apr-Oct 08:00-20:00; Nov-Mar 09:00-18:00", "8:00-20:00", "9:00-18:00"),
        ("Apr-Oct: Mo-Fr 08:00-20:00; Nov-Mar: Mo-Fr 09:00-18:00", "Mo-Fr 8:00-20:00", "Mo-Fr 9:00-18:00"),
        ("夏季（5-10月）7:00-22:00，冬季（11-4月）8:00-20:00", "7:00-22:00", "8:00-20:00"),
    ],
)
def test_hours_by_month_are_those_of_the_planned_month(text, july, december):
    assert parse_hours(text, JULY) == parse_hours(july)
    assert parse_hours(text, DECEMBER) == parse_hours(december)
    assert isinstance(parse_hours(text), Unread)


@pytest.mark.parametrize(
    ("text", "season", "needs"),
    [
        ("5月-10月 7:00-22:00；11月-次年4月 8:00-20:00", SUMMER, "month"),
        ("夏季8:00-20:00；冬季8:30-18:00", JULY, "season"),
        ("6-9月 8:00-20:00", DECEMBER, ""),
        ("夏季 8:00-20:00", WINTER, ""),
        # July is covered in part only, and season and month contradict each other.
        ("5月1日-7月15日 8:00-20:00，7月16日-4月30日 9:00-18:00", JULY, "month"),
        ("夏季（8-10月）7:00-22:00，冬季（11-7月）8:00-20:00", Season("summer", 7), "season"),
        # Does the summer have other hours at weekends too?
        ("周一至周五 8:00-18:00，夏季 7:00-20:00", SUMMER, ""),
    ],
)
def test_hours_that_the_planned_season_does_not_decide_are_not_read(text, season, needs):
    found = parse_hours(text, season)
    assert isinstance(found, Unread)
    assert found.needs == needs


def test_hours_that_are_the_same_all_year_need_no_season():
    assert parse_hours("夏季8:00-18:00，冬季8:00-18:00") == parse_hours("8:00-18:00")
    assert isinstance(parse_hours("夏季8:00-18:00"), Unread)


def test_a_season_may_be_closed():
    text = "夏季 7:00-20:00，冬季 暂停开放"
    assert (parse_hours(text, SUMMER), parse_hours(text, WINTER)) == (parse_hours("7:00-20:00"), CLOSED)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("8:00-18:00（12:00-14:00休息）", "8:00-12:00,14:00-18:00"),
        ("9:00-18:00，午休12-14点", "9:00-12:00,14:00-18:00"),
        ("9:00-18:00（午休12点-2点）", "9:00-12:00,14:00-18:00"),
        ("9:00-18:00（中午12:00-14:00休息）", "9:00-12:00,14:00-18:00"),
        ("午休12:00-14:00，8:00-18:00", "8:00-12:00,14:00-18:00"),
        ("8:00-12:00，午休12:00-14:00，14:00-18:00", "8:00-12:00,14:00-18:00"),
        ("8:00-12:00，14:00-18:00（中午休息）", "8:00-12:00,14:00-18:00"),
        ("08:00-18:00; 12:00-14:00 off", "8:00-12:00,14:00-18:00"),
        (
            "周一至周五9:00-17:00（12:00-13:00休息），周六10:00-14:00",
            "周一至周五9:00-12:00,13:00-17:00，周六10:00-14:00",
        ),
        ("8:00-18:00，午间12:00-13:30不开放，周日休息", "8:00-12:00,13:30-18:00，周日休息"),
        ("8:00-18:00（午休不打烊）", "8:00-18:00"),
        ("早9晚5", "9:00-17:00"),
        ("朝九晚五", "9:00-17:00"),
        ("早八晚十", "8:00-22:00"),
        ("早8：30晚5：30", "8:30-17:30"),
        ("周一至周五朝九晚五", "周一至周五9:00-17:00"),
        ("上午九点至下午五点半", "9:00-17:30"),
        ("八点至十八点三十分", "8:00-18:30"),
        ("9:00-17:00（节假日除外）", "9:00-17:00"),
        ("周一至周五9:00-17:00，节假日除外", "周一至周五9:00-17:00"),
        ("除节假日外，9:00-17:00", "9:00-17:00"),
        ("8:00-18:00，春节放假", "8:00-18:00"),
        ("9:00-17:00，周日暂停营业", "9:00-17:00，周日休息"),
    ],
)
def test_breaks_and_idioms_have_the_meaning_of_plain_times(text, same):
    assert isinstance(parse_hours(text), Schedule)
    assert parse_hours(text) == parse_hours(same)


@pytest.mark.parametrize(
    "text",
    [
        "8:00-18:00 中午休息",
        "周一至周五9:00-17:00，周六10:00-14:00，午休12:00-13:00",
        "9:00-17:00休息",
        "12:00-14:00（12:00-14:00休息）",
        "Mo-Fr 08:00-18:00; We 14:00-18:00 off",
        "9:00-17:00，节假日休息",
        "日出至日落",
        "06:00-sunset",
        "待定",
        "/",
        "-",
        "无",
        "另行通知",
        "同上",
    ],
)
def test_what_is_not_certain_is_not_read(text):
    assert isinstance(parse_hours(text), Unread)


@pytest.mark.parametrize(
    "text",
    [
        "暂停营业",
        "暂停开放",
        "停业",
        "停业整顿",
        "目前暂停营业（装修）",
        "因装修暂停开放，恢复时间另行通知",
        "已撤销",
        "closed",
    ],
)
def test_a_place_that_is_closed_at_present_is_never_open(text):
    assert parse_hours(text) == CLOSED == Schedule(())


@pytest.mark.parametrize(
    ("text", "of_host"),
    [
        *[
            (text, True)
            for text in ("同网点营业时间", "随营业时间", "同银行营业时间", "与依托单位一致", "same as host")
        ],
        *[
            (text, True)
            for text in ("按网点营业时间", "营业时间同网点", "与门店营业时间相同", "随网点开放", "同 网点 营业时间。")
        ],
        *[(text, False) for text in ("随缘", "随时开放", "同上", "同时开放", "8:00-18:00", "与周边一致", "")],
    ],
)
def test_hours_of_the_host_are_recognised(text, of_host):
    assert is_of_host(text) is of_host


def test_names_of_days_and_seasons_are_told_from_other_words():
    assert (days_of("工作日"), days_of("周六日"), days_of("mon")) == (frozenset(range(5)), {5, 6}, {0})
    assert (days_of("值班"), days_of("周一值班人")) == (frozenset(), frozenset())
    assert [names_season(text) for text in ("夏季", "冬令时", "6-9月", "夏季营业额")] == [True, True, True, False]
