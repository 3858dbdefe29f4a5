"""Hours never delete a station: unknown hours are covered by a stated policy, counted and listed."""

from __future__ import annotations

import pytest

import stationplan as sp
from stationplan.domain import DefaultTaken
from stationplan.errors import InputError
from stationplan.inputs import check_scenario, check_table, decide_datums, place, read_tables
from stationplan.scenario import Limits

SCENARIO = """
schema = 1
name = "Hours"
{keys}
[area]
file = "districts.geojson"
datum = "wgs84"
[roads]
missing = "straight"
[demand]
file = "cells.csv"
datum = "wgs84"
[stations]
file = "stations.csv"
datum = "wgs84"
{more}
[candidates]
file = "candidates.csv"
datum = "wgs84"
[plan]
new = 1
"""
DISTRICTS = (
    '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"code": "D", "name": "D"}, '
    '"geometry": {"type": "Polygon", '
    '"coordinates": [[[104, 30], [104.1, 30], [104.1, 30.1], [104, 30.1], [104, 30]]]}}]}'
)
HEADER = "编码,名称,经度,纬度,场所类型,开放时间"


def study(folder, *rows, keys="", more="", header=HEADER, candidates=None):
    """A study whose stations have the given host type and hours."""
    lines = [f"S{i},站{i},104.0{i + 1},30.05,{row}" for i, row in enumerate(rows)]
    files = {
        "study.toml": SCENARIO.format(keys=keys, more=more),
        "districts.geojson": DISTRICTS,
        "cells.csv": "id,lon,lat,population\na,104.05,30.05,1000\n",
        "stations.csv": "\n".join([header, *lines]) + "\n",
        "candidates.csv": candidates or "id,name,lon,lat,host\nC1,One,104.05,30.06,bank\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return sp.load_scenario(folder / "study.toml")


def inputs_of(scenario):
    tables = read_tables(scenario)
    if tables.faults:
        raise InputError(tables.faults)
    return place(tables, decide_datums(tables, None), None, scenario)


def quality_of(inputs, role="stations"):
    return next(item for item in inputs.quality if item.role == role)


def listed(quality):
    return [(finding.row, finding.code, finding.action) for finding in quality.findings]


def hours_taken(quality):
    return {taken.source: taken.rows for taken in quality.defaults if taken.field == "hours"}


ROWS = ("银行网点,待定", "银行网点,夏季7:00-22:00；冬季8:00-20:00", ",看天", "环卫驿站,/", "银行网点,8:00-20:00")


def test_unknown_hours_are_those_of_the_host_or_of_the_scenario_and_listed(tmp_path):
    inputs = inputs_of(study(tmp_path, *ROWS))
    assert inputs.sites.site_id[:5] == ("S0", "S1", "S2", "S3", "S4")
    assert inputs.sites.hours[:5] == (
        "待定 (09:00-17:00)",
        "夏季7:00-22:00；冬季8:00-20:00 (09:00-17:00)",
        "看天 (09:00-17:00)",
        "/ (09:00-17:00)",
        "8:00-20:00",
    )
    quality = quality_of(inputs)
    assert (quality.rows, quality.kept) == (5, 5)
    assert listed(quality) == [
        (2, "unknown_hours", "kept"),
        (3, "unknown_hours", "kept"),
        (4, "unknown_hours", "kept"),
        (5, "unknown_host", "kept"),
        (5, "unknown_hours", "kept"),
    ]
    assert hours_taken(quality) == {"unknown_host": 2, "unknown_default": 2}
    (note,) = [str(note) for note in inputs.notes if "unknown" in str(note)]
    assert note == (
        "stations.csv: the opening hours of 4 of 5 places are unknown. Assumed: those of the host type (2), "
        "09:00-17:00 (2), closed (0)."
    )
    (season,) = [finding for finding in quality.findings if finding.row == 3]
    assert 'season = "summer"' in str(season.cure)


def test_the_hours_of_places_without_a_host_may_be_stated(tmp_path):
    inputs = inputs_of(study(tmp_path, ",", keys='default_hours = "24小时"'))
    assert inputs.sites.hours[0] == "24小时"
    assert inputs.sites.open[0].all()
    assert DefaultTaken("hours", 1, "unknown_default", "24小时") in quality_of(inputs).defaults


def test_unknown_hours_may_count_as_closed(tmp_path):
    inputs = inputs_of(study(tmp_path, *ROWS, keys='unknown_hours = "closed"'))
    assert inputs.sites.open[:5].any(axis=1).tolist() == [False, False, False, False, True]
    assert hours_taken(quality_of(inputs)) == {"unknown_closed": 4}
    assert inputs.sites.hours[0] == "待定"


def test_unknown_hours_may_be_refused_and_are_all_listed(tmp_path):
    scenario = study(tmp_path, *ROWS, keys='unknown_hours = "refuse"', more='bad_rows = "set_aside"')
    with pytest.raises(InputError) as refused:
        inputs_of(scenario)
    assert [(fault.row, fault.code) for fault in refused.value.faults] == [
        (row, "unknown_hours") for row in (2, 3, 4, 5)
    ]
    assert [fault.row for fault in check_scenario(scenario).refused] == [2, 3, 4, 5]


@pytest.mark.parametrize(("keys", "hours"), [('season = "summer"', (7, 22)), ("season = 'winter'", (8, 20))])
def test_a_named_season_decides_seasonal_hours(tmp_path, keys, hours):
    slots = "".join(f'[slots.h{h}]\nname = "{h}"\nhours = "{h:02d}:00-{h + 1:02d}:00"\n' for h in (7, 8, 19, 21))
    profile = "[groups.rider]\nprofile = { h7 = 0.25, h8 = 0.25, h19 = 0.25, h21 = 0.25 }\n"
    scenario = study(tmp_path, ROWS[1], keys=keys)
    path = tmp_path / "study.toml"
    path.write_text(path.read_text("utf-8") + slots + profile, "utf-8")
    inputs = inputs_of(sp.load_scenario(scenario.path))
    assert inputs.sites.open[0].tolist() == [hours[0] <= h < hours[1] for h in (7, 8, 19, 21)]
    assert listed(quality_of(inputs)) == []


def test_a_named_month_decides_hours_by_month(tmp_path):
    inputs = inputs_of(study(tmp_path, "银行网点,6-9月0:00-24:00；其他月份8:00-18:00", keys="month = 7"))
    assert inputs.sites.open[0].all()
    assert listed(quality_of(inputs)) == []


def test_hours_as_those_of_the_host_are_its_hours(tmp_path):
    inputs = inputs_of(study(tmp_path, "加油站,同网点营业时间", "银行网点,随营业时间", "庙宇,同网点营业时间"))
    assert inputs.sites.hours[:3] == (
        "同网点营业时间 (00:00-24:00)",
        "随营业时间 (09:00-17:00)",
        "同网点营业时间 (09:00-17:00)",
    )
    assert hours_taken(quality_of(inputs)) == {"same_as_host": 2, "unknown_default": 1}
    assert listed(quality_of(inputs)) == [(4, "unknown_host", "kept"), (4, "unknown_hours", "kept")]


def test_a_closed_station_stays_and_is_listed(tmp_path):
    inputs = inputs_of(study(tmp_path, "银行网点,暂停营业", "银行网点,9:00-17:00"))
    assert inputs.sites.open[:2].any(axis=1).tolist() == [False, True]
    assert listed(quality_of(inputs)) == [(2, "closed_now", "kept")]
    assert "stations.csv: 1 places are closed at present and count as closed." in map(str, inputs.notes)


def test_empty_cells_take_the_value_of_the_host_and_are_counted(tmp_path):
    candidates = "id,name,lon,lat,host,cost,hours\nC1,One,104.05,30.06,bank,,\nC2,Two,104.05,30.07,bank,5,8:00-9:00\n"
    scenario = study(tmp_path, "银行网点,", ",8:00-9:00", candidates=candidates)
    inputs = inputs_of(scenario)
    assert quality_of(inputs).defaults == (
        DefaultTaken("hours", 1, "host"),
        DefaultTaken("kind", 1, "host"),
        DefaultTaken("kind", 1, "rule", "standard"),
    )
    assert quality_of(inputs, "candidates").defaults == (
        DefaultTaken("hours", 1, "host"),
        DefaultTaken("cost", 1, "host"),
        DefaultTaken("kind", 2, "host"),
    )
    assert not any("unknown" in str(note) for note in inputs.notes)


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        (HEADER, ROWS),
        (HEADER, ("庙宇,8:00-20:00", "加油站,8:00-20:00")),
        (HEADER, (",", "庙宇,")),
        ("编码,名称,经度,纬度,甲,乙", (",", ",")),
        ("编码,名称,经度,纬度,类型,开放时间", ("巨型,8:00-20:00", "微型,8:00-20:00")),
        ("编码,名称,经度,纬度,开始时间,结束时间", ("8:00,20:00", "9:00,")),
    ],
)
def test_a_table_alone_and_its_scenario_agree_on_every_row(tmp_path, header, rows):
    scenario = study(tmp_path, *rows, header=header)
    alone = check_table(
        tmp_path / "stations.csv",
        "stations",
        source={"datum": "wgs84"},
        columns={},
        merge_duplicates=False,
        district_list=None,
        roads=None,
        limits=Limits(),
    )
    whole = check_scenario(scenario)
    (table,) = alone.quality
    of_study = next(item for item in whole.quality if item.role == "stations")
    assert listed(table) == listed(of_study)
    assert (table.kept, table.defaults) == (of_study.kept, of_study.defaults)
    assert [(fault.row, fault.code) for fault in alone.refused] == [(fault.row, fault.code) for fault in whole.refused]


def test_a_table_without_hours_and_hosts_is_one_finding(tmp_path):
    inputs = inputs_of(study(tmp_path, ",", ",", header="编码,名称,经度,纬度,甲,乙"))
    assert listed(quality_of(inputs)) == [(1, "no_hours", "kept")]
    assert hours_taken(quality_of(inputs)) == {"unknown_default": 2}


def test_a_candidate_of_an_unknown_host_needs_a_cost(tmp_path):
    rows = (
        "id,name,lon,lat,host,cost,hours\nC1,One,104.05,30.06,庙宇,,8:00-9:00\nC2,Two,104.05,30.07,庙宇,5,8:00-9:00\n"
    )
    scenario = study(tmp_path, "银行网点,", candidates=rows)
    with pytest.raises(InputError) as refused:
        inputs_of(scenario)
    assert [(fault.row, fault.code) for fault in refused.value.faults] == [(2, "no_cost")]


def test_default_hours_must_be_hours(tmp_path):
    with pytest.raises(InputError, match="default_hours"):
        study(tmp_path, "银行网点,", keys='default_hours = "sometimes"')
