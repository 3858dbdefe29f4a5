"""Text, coordinates and amounts as offices write them are read once, by the same code, or refused with their fix."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from stationplan.domain import Quality
from stationplan.inputs import check_table
from stationplan.inputs.assemble import quality_notes
from stationplan.inputs.tables.cleaning import code_key
from stationplan.inputs.tables.degrees import as_degrees, pair_of
from stationplan.inputs.tables.quantities import amount_of, header_unit
from stationplan.scenario import Limits

LON, LAT = 104 + 3 / 60 + 57 / 3600, 30 + 39 / 60 + 26 / 3600


def check(tmp_path: Path, text: str, role: str = "stations", columns: dict[str, str] | None = None) -> Quality:
    path = tmp_path / "list.csv"
    path.write_text(text, "utf-8")
    found = check_table(
        path,
        role,
        source={"datum": "gcj02"},
        columns=columns or {},
        merge_duplicates=False,
        district_list=None,
        roads=None,
        limits=Limits(),
    )
    return found.quality[0]


def codes(quality: Quality) -> list[str]:
    return [finding.code for finding in quality.findings]


@pytest.mark.parametrize(
    "text",
    [
        *("104º03'57\"", "104˚03′57″", "104°03’57”E", "E104°3'57\"", "104°03'57''", "104度3分57秒", "东经104°03′57″"),
        *("104 03 57", "104-03-57", "104:03:57", "104°3.95′", '104°03´57"', "104°03`57``", "东经:104°03′57″"),
        *("１０４°０３′５７″", "东经：104 03 57", "经度:104°03′57″", "104° 03' 57\" E"),
    ],
)
def test_an_angle_is_read_in_every_written_form(text):
    assert as_degrees(text) == pytest.approx(LON)


@pytest.mark.parametrize("text", ["104,0658", "104，0658", "104。0658", "104. 0658", "104.0658,", "104.0658°E"])
def test_decimal_marks_of_other_keyboards_are_read(text):
    assert as_degrees(text) == pytest.approx(104.0658)


@pytest.mark.parametrize(
    "text", ["E104 S", "东经104N", "E104W", "-104E", "104°61′", "104 30 61", "约104", "1,2,3", "", "e"]
)
def test_an_angle_that_contradicts_itself_is_none(text):
    assert math.isnan(as_degrees(text))


@pytest.mark.parametrize(
    "text",
    [
        *("104.0658,30.6571", "104.0658，30.6571", "104.0658 30.6571", "(104.0658,30.6571)", "[104.0658, 30.6571]"),
        *("104.0658;30.6571", "104.0658、30.6571", "104.0658/30.6571", "104,0658;30,6571", "104.0658|30.6571"),
        *("E104.0658,N30.6571", "北纬30.6571，东经104.0658", "POINT (104.0658 30.6571)", "POINT(104.0658 30.6571)"),
        *('{"lng":104.0658,"lat":30.6571}', "经度:104.0658,纬度:30.6571", "30.6571N 104.0658E", "104,0658 30,6571"),
    ],
)
def test_a_pair_is_read_in_every_written_form(text):
    pair = pair_of(text)
    assert pair is not None
    assert ((pair.second, pair.first) if pair.lat_first else (pair.first, pair.second)) == (104.0658, 30.6571)


@pytest.mark.parametrize(
    "text", ["104.0658,30.6571,500", "104 03 30 39", "104.0658", "E104,E30", "104,065,657", "POINT(104)", "a,b", "{}"]
)
def test_a_cell_that_is_no_pair_is_refused(text):
    assert pair_of(text) is None


def test_a_pair_of_spaced_degrees_is_read():
    pair = pair_of("30° 39′ 26″ N 104° 03′ 57″ E")
    assert pair is not None
    assert (pair.first, pair.second, pair.lat_first) == (pytest.approx(LAT), pytest.approx(LON), True)


def test_latitude_first_in_one_column_is_seen_in_the_values(tmp_path):
    quality = check(tmp_path, '名称,坐标\n甲,"30.6571,104.0658"\n乙,"30.6603,104.0712"\n')
    assert quality.kept == 2
    assert codes(quality).count("pair_order") == 1
    assert "latlon" in str(next(item.cure for item in quality.findings if item.code == "pair_order"))


def test_latitude_first_is_read_by_its_header_without_a_finding(tmp_path):
    quality = check(tmp_path, '名称,"纬度,经度"\n甲,"30.6571,104.0658"\n')
    assert quality.kept == 1
    assert "pair_order" not in codes(quality)


def test_pairs_in_both_orders_are_asked_about(tmp_path):
    quality = check(tmp_path, '名称,坐标\n甲,"30.6571,104.0658"\n乙,"104.0712,30.6603"\n')
    [fault] = quality.findings[:1] if quality.findings[0].code == "swapped" else quality.findings[-1:]
    assert (fault.code, fault.action) == ("swapped", "refused")
    assert 'latlon = "坐标"' in str(fault.cure)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff\ufeff编码,\u200e名称,经度\u200b,纬度\nS1,甲,\u202a104.0658,30.6571\u202c\n",
        '编码,名称,经度,纬度\n="S1",甲,="104.0658",="30.6571"\n',
        "编码,名称,经度,纬度\n'S1,甲,'104.0658,\u00a030.6571\u3000\n",
    ],
)
def test_what_nobody_sees_is_removed_from_headers_and_cells(tmp_path, text):
    quality = check(tmp_path, text)
    assert quality.kept == 1
    assert "no_id" not in codes(quality)


def test_what_was_cleaned_is_counted_once_per_column(tmp_path):
    quality = check(tmp_path, "编码,名称,经度,纬度\nS1,甲\u200b,104.1,30.1\nS2,乙\u200b,104.2,30.2\nS3,丙,104.3,30.3\n")
    [finding] = [finding for finding in quality.findings if finding.code == "cleaned"]
    assert (finding.action, finding.what.values["column"], finding.what.values["count"]) == ("repaired", "名称", 2)


@pytest.mark.parametrize(
    ("text", "family", "value"),
    [
        *[
            ("约6000元", "money", 6000),
            ("6000元左右", "money", 6000),
            ("3.5万", "money", 35000),
            ("¥6,000", "money", 6000),
        ],
        *[("3.5万元", "money", 35000), ("2千元", "money", 2000), ("20人", "people", 20), ("1,200", "people", 1200)],
        *[("１２０座", "people", 120), ("1.2万人", "people", 12000), ("20㎡", "area", 20), ("3亩", "area", 2000)],
        *[("2公顷", "area", 20000), ("1.5km", "length", 1500), ("1.5公里", "length", 1500), ("60km/h", "speed", 60)],
    ],
)
def test_an_amount_is_read_with_its_unit(text, family, value):
    assert amount_of(text, family).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "family"), [("3km", "money"), ("20人", "area"), ("5美元", "money"), ("$5", "money"), ("3元", "people")]
)
def test_a_unit_of_something_else_is_no_number(text, family):
    amount = amount_of(text, family)
    assert math.isnan(amount.value)
    assert amount.wrong


@pytest.mark.parametrize(
    "header", ["费用（万元）", "费用_万元", "费用/万元", "费用(单位：万元)", "费用万元", "费用【万元】"]
)
def test_the_unit_of_a_header_scales_the_column(header):
    name, unit = header_unit(header)
    assert (name, unit and unit.scale) == ("费用", 10_000)
    assert amount_of("3.5", "money", unit).value == 35_000
    assert amount_of("3.5万", "money", unit).value == 35_000
    assert amount_of("35000元", "money", unit) == amount_of("35000元", "money", unit)
    assert amount_of("35000元", "money", unit).contradicts
    assert amount_of("3千", "money", unit).wrong


@pytest.mark.parametrize("header", ["费用（必填）", "费用", "人口_2023", "cost (2023)", "岗位", "容纳人数"])
def test_a_header_without_a_unit_has_none(header):
    assert header_unit(header) == (header, None)


def test_a_header_with_a_unit_of_something_else_is_refused(tmp_path):
    quality = check(tmp_path, "id,lon,lat,人口（公里）\n1,104.1,30.1,5\n", "demand")
    assert [(item.code, item.action) for item in quality.findings] == [("wrong_unit", "refused")]


def test_a_field_that_the_study_does_not_use_costs_no_record(tmp_path):
    text = "编码,名称,经度,纬度,容纳人数,费用\nS1,甲,104.1,30.1,10-15人,6000-8000\nS2,乙,104.2,30.2,20人,约6000元\n"
    quality = check(tmp_path, text, "stations")
    assert quality.kept == 2
    assert [(item.row, item.action) for item in quality.findings if item.code == "not_a_number"] == [(2, "kept")] * 2
    candidates = check(tmp_path, text, "candidates")  # a candidate needs a cost, whether of its own or of its host
    assert candidates.kept == 1
    found = [(item.row, item.action) for item in candidates.findings if item.code == "not_a_number"]
    assert sorted(found) == [(2, "kept"), (2, "set_aside")]


def test_a_column_that_is_named_for_one_field_serves_no_other(tmp_path):
    text = 'id,name,type,location\nB1,某支行,金融保险服务;银行;中国农业银行,"104.1,30.1"\n'
    quality = check(tmp_path, text, "candidates", {"host": "type"})
    assert quality.kept == 1
    assert "unknown_kind" not in codes(quality)


def test_every_column_is_listed_and_look_alikes_are_pointed_out(tmp_path):
    text = "编码,名称,经度,纬度,依托类型,预计投入（万元）,备注\nS1,甲,104.1,30.1,银行,3.5,x\n"
    quality = check(tmp_path, text, "candidates", {"name": "名称"})
    uses = {use.header: (use.field, use.why) for use in quality.columns}
    assert uses["名称"] == ("name", "configured")
    assert uses["经度"] == ("lon", "recognised")
    assert uses["备注"] == uses["预计投入（万元）"] == ("", "passed")
    [finding] = [finding for finding in quality.findings if finding.code == "unused_column"]
    assert 'columns = { cost = "预计投入（万元）" }' in str(finding.cure)
    assert any("not used: 预计投入（万元）" in str(note) for note in quality_notes(quality))


def test_a_table_refused_for_its_cost_names_the_column_that_may_hold_it(tmp_path):
    quality = check(tmp_path, "编码,名称,经度,纬度,预计投入（万元）\nS1,甲,104.1,30.1,3.5\n", "candidates")
    assert [item.action for item in quality.findings if item.code == "no_cost"] == ["refused"]
    [cure] = [str(item.cure) for item in quality.findings if item.code == "no_cost"]
    assert 'columns = { cost = "预计投入（万元）" }' in cure


@pytest.mark.parametrize(
    ("written", "key"),
    [("510104000000", "510104"), ("５１０１０４", "510104"), ("510104.0", "510104")],
)
def test_codes_of_one_district_are_the_same(written, key):
    assert code_key(written) == key


@pytest.mark.parametrize("field", ["经度", "费用", "地址", "开放时间", "类型"])
def test_a_cell_of_a_hundred_thousand_characters_is_read(tmp_path, field):
    row = {"编码": "S1", "名称": "甲", "经度": "104.1", "纬度": "30.1", "费用": "5", "地址": "x", "开放时间": "24小时"}
    longest = {**row, "类型": "标准型", field: "3 一、° " * 25_000}
    lines = [longest, longest.values(), {**longest, "编码": "S2"}.values()]
    quality = check(tmp_path, "".join(",".join(cells) + "\n" for cells in lines), "stations")
    assert quality.rows == 2
