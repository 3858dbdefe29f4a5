"""Values that a table does not state are counted on the screen, as JSON, in the workbook and in the report."""

from __future__ import annotations

import json

import openpyxl
import pytest

from stationplan.cli.app import main
from stationplan.domain import DefaultTaken, Quality
from stationplan.report.plan_report import quality_sections

TABLE = (
    "编码,名称,经度,纬度,场所类型,类型,开放时间\nS1,甲,104.06,30.65,银行网点,标准型,\nS2,乙,104.09,30.66,,标准型,待定\n"
)


def check(folder, capsys, *arguments):
    path = folder / "stations.csv"
    path.write_text(TABLE, "utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["check", str(path), "--as", "stations", *map(str, arguments)])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_screen_the_document_and_the_workbook_count_the_same(tmp_path, capsys):
    line = (
        "Opening hours: 1 records without a value took that of their host type. "
        "Opening hours: 1 records are unknown; 09:00-17:00 is assumed."
    )
    book = tmp_path / "quality.xlsx"
    assert line in check(tmp_path, capsys, "--lang", "en", "--out", book)
    sheet = openpyxl.load_workbook(book)["Inputs"]
    rows = [
        dict(zip([cell.value for cell in sheet[1]], row, strict=True))
        for row in sheet.iter_rows(min_row=2, values_only=True)
    ]
    assert [row["Values not stated"] for row in rows] == [line]
    (table,) = json.loads(check(tmp_path, capsys, "--json"))["tables"]
    assert table["defaults"] == [
        {"field": "hours", "rows": 1, "source": "host", "value": None},
        {"field": "hours", "rows": 1, "source": "unknown_default", "value": "09:00-17:00"},
    ]


def test_the_report_has_a_line_for_each_table():
    taken = (DefaultTaken("cost", 3, "host"), DefaultTaken("kind", 2, "rule", "standard"))
    quality = Quality("candidates", "list.csv", None, 5, 5, (), defaults=taken)
    (section,) = quality_sections([quality], "en")
    assert section.blocks[-1].lines == (
        "list.csv: Cost (yuan): 3 records without a value took that of their host type. "
        "Station type: 2 records without a value and a host type took Standard station.",
    )
