"""Excel workbooks as offices send them: titles, merged cells, several sheets, numbers as text; and hostile ones."""

from __future__ import annotations

import datetime
import zipfile

import openpyxl
import pytest

from stationplan.errors import InputError
from stationplan.inputs.tables.table import Wanted
from stationplan.inputs.tables.workbook import read_workbook
from stationplan.scenario import Limits

WANTED = Wanted(("id", "name", "lon", "lat", "hours"))
HEADER = ["编码", "站点名称", "经度", "纬度", "开放时间"]
ROW = ["S1", "一号站", 104.06, 30.65, "全天"]


def book_of(folder, sheets, *, hidden=()):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    path = folder / "list.xlsx"
    book.save(path)
    return path


def read(path, *, sheet=None, limits=None):
    return read_workbook(path, WANTED, limits or Limits(), sheet=sheet)


def refusal(path, **options):
    with pytest.raises(InputError) as caught:
        read(path, **options)
    return caught.value.faults


def test_a_header_below_merged_titles_is_found_and_rows_keep_their_numbers(tmp_path):
    path = book_of(tmp_path, {"表": [["一览表"], [None], ["填报单位：总工会", None, None, "2026年"], HEADER, ROW]})
    book = openpyxl.load_workbook(path)
    book["表"].merge_cells("A1:E1")
    book.save(path)
    table = read(path)
    assert (table.sheet, table.header, table.header_row) == ("表", tuple(HEADER), 4)
    assert table.rows == (("S1", "一号站", "104.06", "30.65", "全天"),)
    assert table.row_number == (5,)


def test_cells_become_the_text_of_a_csv_file(tmp_path):
    values = ["7", 7, 7.0, 104.065712, True, datetime.date(2026, 11, 24), datetime.time(8, 30), None, "０１", " x "]
    path = book_of(tmp_path, {"表": [["编码", "名称", *(f"c{i}" for i in range(8))], values]})
    assert read(path).rows == (("7", "7", "7", "104.065712", "True", "2026-11-24", "08:30", "", "０１", " x "),)


def test_the_sheet_with_the_wanted_columns_is_the_table(tmp_path):
    sheets = {"说明": [["填表说明"], ["请按要求填写"]], "站点": [HEADER, ROW], "空": []}
    assert read(book_of(tmp_path, sheets)).sheet == "站点"


def test_two_sheets_that_may_be_meant_are_listed_until_one_is_named(tmp_path):
    path = book_of(tmp_path, {"一": [HEADER, ROW], "二": [HEADER, ROW], "旧": [HEADER, ROW]}, hidden=["旧"])
    (fault,) = refusal(path)
    assert (fault.code, str(fault.what)) == ("ambiguous_sheet", "Several sheets could be the table: 一, 二.")
    assert read(path, sheet="二").sheet == "二"
    assert read(path, sheet="旧").sheet == "旧"
    (fault,) = refusal(path, sheet="三")
    assert str(fault.what) == "There is no sheet 三; the workbook has: 一, 二, 旧."


def test_rows_past_the_header_and_empty_rows_do_not_shift_numbers(tmp_path):
    path = book_of(tmp_path, {"表": [HEADER, ROW, [], [], ["S2", *ROW[1:]]]})
    assert read(path).row_number == (2, 5)


def test_caps_are_checked_before_and_while_reading(tmp_path):
    path = book_of(tmp_path, {"表": [HEADER, ROW, ROW]})
    assert refusal(path, limits=Limits(rows=2))[0].code == "too_large"
    assert refusal(path, limits=Limits(columns=4))[0].code == "too_large"


def replaced(path, member, data):
    """The workbook with one of its parts replaced."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts[member] = data
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, part in parts.items():
            new.writestr(name, part)
    return path


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]><w>&j;</w>"
)


@pytest.mark.parametrize("member", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"])
def test_a_part_with_entities_is_refused_before_it_unfolds(tmp_path, member):
    path = replaced(book_of(tmp_path, {"表": [HEADER, ROW]}), member, LAUGHS)
    assert [fault.code for fault in refusal(path)] == ["unsafe_xml"]


def test_a_zip_bomb_is_refused_by_what_it_would_unpack_to(tmp_path):
    path = replaced(book_of(tmp_path, {"表": [HEADER, ROW]}), "xl/media/zeros.bin", bytes(30_000_000))
    assert path.stat().st_size < 100_000
    assert [str(fault.what) for fault in refusal(path, limits=Limits(unpacked_mb=20))] == [
        "The file unpacks to more than 20 MB."
    ]


def test_what_a_sheet_says_of_its_size_is_not_believed(tmp_path):
    path = book_of(tmp_path, {"表": [HEADER, ROW]})
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").replace(b'ref="A1:E2"', b'ref="A1:XFD1048576"')
    assert b"XFD1048576" in sheet
    assert read(replaced(path, "xl/worksheets/sheet1.xml", sheet)).rows == (
        ("S1", "一号站", "104.06", "30.65", "全天"),
    )


def test_a_stray_cell_at_the_end_of_a_sheet_is_refused_before_the_sheet_is_unfolded(tmp_path):
    path = book_of(tmp_path, {"表": [HEADER, ROW]})
    book = openpyxl.load_workbook(path)
    book["表"]["XFD1048576"] = "x"
    book.save(path)
    assert [str(fault.what) for fault in refusal(path)] == [
        "A sheet spans 1048576 rows and 16384 columns but is almost empty."
    ]


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 and nothing else", b"id,name\n1,a\n"], ids=["empty", "cut", "a text file"]
)
def test_a_file_that_is_no_workbook_is_refused(tmp_path, content):
    path = tmp_path / "list.xlsx"
    path.write_bytes(content)
    assert [fault.code for fault in refusal(path)] == ["unreadable"]


@pytest.mark.parametrize("member", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"])
def test_a_workbook_with_a_broken_part_is_refused(tmp_path, member):
    path = replaced(book_of(tmp_path, {"表": [HEADER, ROW]}), member, b"<broken")
    assert [fault.code for fault in refusal(path)] == ["unreadable"]
