"""Opening hours in several columns are one set of hours."""

from __future__ import annotations

import pytest

from stationplan.errors import FaultList
from stationplan.hours import Season, parse_hours
from stationplan.inputs.sites.hour_columns import hour_texts
from stationplan.inputs.tables.columns import FIELD_NAMES
from stationplan.inputs.tables.table import Table


def read(header, *rows, given=None):
    """The texts of the rows, the headers that were used, and the codes of the faults."""
    table = Table("t.csv", tuple(header), tuple(map(tuple, rows)), tuple(range(2, 2 + len(rows))))
    faults = FaultList("t.csv")
    texts, used = hour_texts(table, FIELD_NAMES, given or {}, faults)
    return texts, [header[i] for i in used], [(fault.code, fault.action) for fault in faults.faults]


@pytest.mark.parametrize(
    ("opens", "closes"),
    [
        ("开始时间", "结束时间"),
        ("开门时间", "关门时间"),
        ("营业开始时间", "营业结束时间"),
        ("上班", "下班"),
        ("start", "end"),
        ("Open", "Close"),
        ("opening_time", "closing_time"),
        ("营业时间（起）", "营业时间（止）"),
    ],
)
@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [
        ("8:30", "17:30", "8:30-17:30"),
        ("08:30:00", "17:30:00", "8:30-17:30"),
        ("8", "18", "8:00-18:00"),
        ("0830", "1730", "8:30-17:30"),
        ("0.354166666666667", "0.729166666666667", "8:30-17:30"),
        ("22:00", "6:00", "22:00-6:00"),
        ("8:00", "1899-12-31", "8:00-24:00"),
        ("8:00", "1900-01-01", "8:00-24:00"),
        ("18:00", "26:00", "18:00-2:00"),
        ("上午8点半", "下午5点", "8:30-17:00"),
        ("24小时", "", "24小时"),
        ("全天", "全天", "24小时"),
    ],
)
def test_opening_and_closing_times_are_one_range(opens, closes, first, last, hours):
    (text,), used, faults = read(["名称", opens, closes], ["一", first, last])
    assert parse_hours(text) == parse_hours(hours)
    assert (used, faults) == ([opens, closes], [])


@pytest.mark.parametrize(("first", "last", "text"), [("", "", ""), ("8:30", "", "8:30-"), ("-", "-", "-")])
def test_half_a_range_is_not_completed(first, last, text):
    texts, _, _ = read(["开始时间", "结束时间"], [first, last], ["9:00", "17:00"])
    assert texts == [text, "9:00-17:00"]


@pytest.mark.parametrize(
    ("header", "row", "hours"),
    [
        ([f"周{day}" for day in "一二三四五六日"], [*["8:00-18:00"] * 5, "休息", ""], "周一至周五8:00-18:00"),
        ([f"星期{day}" for day in "一二三四五六日"], ["8:00-18:00"] * 7, "8:00-18:00"),
        (["mon", "tue", "wed", "thu", "fri", "sat", "sun"], [*["9:00-17:00"] * 6, "off"], "周一至周六9:00-17:00"),
        (["工作日", "周末"], ["8:00-18:00", "9:00-12:00"], "周一至周五8:00-18:00；周六、周日9:00-12:00"),
        (["工作日营业时间", "双休日营业时间"], ["8:00-18:00", ""], "周一至周五8:00-18:00"),
        (["营业时间（周一至周五）", "营业时间（周末）"], ["8:00-18:00", "/"], "周一至周五8:00-18:00"),
        (["营业时间", "周末营业时间"], ["8:00-18:00", "10:00-16:00"], "8:00-18:00；周六、周日 10:00-16:00"),
        (["营业时间", "周末营业时间"], ["8:00-18:00", ""], "8:00-18:00"),
        (
            ["工作日开始", "工作日结束", "周末开始", "周末结束"],
            ["8", "18", "9", "12"],
            "周一至周五8:00-18:00；周六、周日9:00-12:00",
        ),
        (["上午", "下午"], ["8:30-12:00", "2:00-5:30"], "8:30-12:00,14:00-17:30"),
        (["上午开放时间", "下午开放时间"], ["8:30-12:00", ""], "8:30-12:00"),
    ],
)
def test_columns_of_days_are_one_week(header, row, hours):
    (text,), used, faults = read(header, row)
    assert parse_hours(text) == parse_hours(hours)
    assert (used, faults) == (header, [])


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (["夏季", "冬季"], ["8:00-20:00", "9:00-17:00"]),
        (["夏季营业时间", "冬季营业时间"], ["8:00-20:00", "9:00-17:00"]),
        (["开放时间（夏季）", "开放时间（冬季）"], ["8:00-20:00", "9:00-17:00"]),
        (["夏令时开始", "夏令时结束", "冬令时开始", "冬令时结束"], ["8:00", "20:00", "9:00", "17:00"]),
        (["开放时间", "冬季开放时间"], ["8:00-20:00", "9:00-17:00"]),
    ],
)
def test_columns_of_seasons_are_one_text(header, row):
    (text,), used, _ = read(header, row)
    assert parse_hours(text, Season("summer")) == parse_hours("8:00-20:00")
    assert parse_hours(text, Season("winter")) == parse_hours("9:00-17:00")
    assert used == header


def test_one_column_is_taken_as_it_is():
    assert read(["名称", "开放时间"], ["一", "看天"]) == (["看天"], ["开放时间"], [])
    assert read(["名称", "开门时间"], ["一", "8:30-17:30"]) == (["8:30-17:30"], ["开门时间"], [])
    assert read(["名称"], ["一"]) == ([""], [], [])


def test_a_named_column_is_the_only_one():
    given = {"hours": "备注"}
    assert read(["开放时间", "备注"], ["8:00-9:00", "9:00-10:00"], given=given) == (["9:00-10:00"], ["备注"], [])
    given = {"opens": "甲", "closes": "乙"}
    assert read(["甲", "乙", "开放时间"], ["8:00", "9:00", "全天"], given=given)[0] == ["8:00-9:00"]
    assert read(["开始时间", "结束时间"], ["8:00", "9:00"], given={"name": "开始时间"})[0] == [""]


def test_two_columns_of_hours_are_not_guessed_between():
    _, _, faults = read(["开放时间", "营业时间"], ["8:00-9:00", "9:00-10:00"])
    assert faults == [("ambiguous_column", "refused")]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (["开始时间"], ["8:00"]),
        (["开始时间", "结束时间"], ["2024-05-01", "2026-05-01"]),
        (["周一", "周二"], ["张三", "李四"]),
    ],
)
def test_columns_that_are_not_hours_are_reported_and_not_used(header, row):
    assert read(header, row) == ([""], [], [("unused_hours", "kept")])


def test_a_range_beside_opening_and_closing_times_is_preferred_and_reported():
    texts, used, faults = read(["营业时间", "开始时间", "结束时间"], ["8:00-18:00", "9:00", "10:00"])
    assert (texts, used) == (["8:00-18:00"], ["营业时间"])
    assert faults == [("unused_hours", "kept")] * 2
