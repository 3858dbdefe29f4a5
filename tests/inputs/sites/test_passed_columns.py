"""Columns that no field uses are passed through to the lists of sites; contacts only where the scenario says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from stationplan.domain import Quality
from stationplan.inputs import check_table
from stationplan.inputs.tables.passing import is_contact, without_contacts
from stationplan.report.passed import passed_columns
from stationplan.scenario import Limits


def check(tmp_path: Path, text: str) -> Quality:
    path = tmp_path / "list.csv"
    path.write_text(text, "utf-8")
    found = check_table(
        path,
        "stations",
        source={"datum": "gcj02"},
        columns={},
        merge_duplicates=False,
        district_list=None,
        roads=None,
        limits=Limits(),
    )
    return found.quality[0]


def test_codes_and_notes_pass_and_contacts_are_withheld(tmp_path):
    text = (
        "编码,名称,经度,纬度,序号,备注,联系人,街道电话,其他,空列\n"
        "S1,甲,104.1,30.1,1,靠近公园,王某,66,028-86112233,\n"
        "S2,乙,104.2,30.2,2,,李某,67,13800000000,\n"
    )
    why = {use.header: use.why for use in check(tmp_path, text).columns}
    assert why["序号"] == why["备注"] == "passed"
    assert why["联系人"] == why["街道电话"] == why["其他"] == "withheld"
    assert why["空列"] == "unused"
    assert why["经度"] == "recognised"


@pytest.mark.parametrize(
    ("header", "texts", "contact"),
    [
        ("Tel.", [], True),
        ("PhoneNumber", [], True),
        ("Ｅｍａｉｌ", [], True),
        ("负责人", [], True),
        ("hotel", ["Central"], False),
        ("备注", ["王某 138 0000 0000"], True),
        ("备注", ["a@example.org", "b@example.org", "x"], True),
        ("备注", ["51010419900101123X"], True),
        ("网格编号", ["510104001001", "510104001002"], False),
        ("备注", ["028-86112233", "x", "y"], False),
    ],
)
def test_contacts_are_recognised_by_header_or_values(header, texts, contact):
    assert is_contact(header, texts) is contact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("找王师傅１３８ ００００ ００００", "找王师傅***"),
        ("(028)86112233转3", "***转3"),
        ("Ring +44 20 7946 0958.", "Ring ***."),
        ("Mail A.B@Example.org now", "Mail *** now"),
        ("工单 20260101123456", "工单 20260101123456"),
        ("锦江区东大街100号（近2号门）", "锦江区东大街100号（近2号门）"),
        ("510104001001", "510104001001"),
    ],
)
def test_single_contacts_in_other_texts_are_replaced(text, shown):
    assert without_contacts(text) == shown


def test_contacts_within_names_and_notes_are_withheld_and_counted(tmp_path):
    text = (
        "编码,名称,经度,纬度,备注\n"
        "S1,甲（13800000000）,104.1,30.1,靠近公园\nS2,乙,104.2,30.2,钥匙问 13800000000\nS3,丙,104.3,30.3,无\n"
    )
    findings = [(f.code, str(f.what)) for f in check(tmp_path, text).findings]
    assert ("contacts", "名称: contacts in 1 values are withheld.") in findings
    assert ("contacts", "备注: contacts in 1 values are withheld.") in findings


def test_headings_keep_the_header_and_take_a_prefix_where_it_clashes(tiny_plan_like):
    plan = tiny_plan_like
    assert passed_columns(plan, [0, 1], ["name"]) == {
        "备注（内部）": ["a", ""],
        "source_Name": ["n", "m"],
    }
    assert list(passed_columns(plan, [0, 1], ["name"], attributes=True)) == ["备注_内部", "source_Name"]
    assert passed_columns(plan, [2], ["name"]) == {}


@pytest.fixture
def tiny_plan_like():
    """Return a stand-in of a plan: only the passed columns of its sites are read."""

    class Sites:
        passed = ((("备注（内部）", "a"), ("Name", "n")), (("备注（内部）", ""), ("Name", "m")), ())

    class PlanLike:
        sites = Sites()

    return PlanLike()
