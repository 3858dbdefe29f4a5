"""Files as they arrive: every format of a table, renamed files, merged cells, several sheets, sections and errors."""

from __future__ import annotations

import json
import re
import zipfile

import geopandas as gpd
import openpyxl
import pytest
import shapely
import xlsxwriter
from support.workbooks import write_ods, write_xls, write_xlsb

from stationplan.errors import InputError, say
from stationplan.inputs.guard import one_fault
from stationplan.inputs.tables.features import read_features
from stationplan.inputs.tables.merges import unmerged
from stationplan.inputs.tables.source import Located, read_table
from stationplan.inputs.tables.table import Wanted, table_from_rows
from stationplan.inputs.tables.vector import pick_layer
from stationplan.scenario import Limits, TableSource

WHAT = say("Save it again.")
WANTED = Wanted(("id", "name", "lon", "lat", "lonlat", "hours", "cost"), geometry="points")
HEADER = ["名称", "经度", "纬度", "开放时间"]
ONE, TWO = ["甲站", 104.06, 30.65, "全天"], ["乙站", 104.07, 30.66, "08:00-20:00"]
TEXTS = (("甲站", "104.06", "30.65"), ("乙站", "104.07", "30.66"))


def read(path, *, limits=None, **source):
    return read_table(Located(TableSource(file=path.name, **source), path), WANTED, limits or Limits())


def refusal(path, **source):
    with pytest.raises(InputError) as caught:
        read(path, **source)
    assert {fault.file for fault in caught.value.faults} == {path.name}
    return caught.value.faults[0]


def book(path, rows, merges=(), *, sheets=None):
    """Write an .xlsx workbook; ``merges`` are ranges such as D2:D3."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, content in (sheets or {"站点": rows}).items():
        sheet = made.create_sheet(name)
        for row in content:
            sheet.append(row)
    for span in merges:
        made.active.merge_cells(span)
    made.save(path)
    return path


def column(table, name):
    return table.column(table.header.index(name))


def merge_counts(table):
    return {str(fault.what) for fault in table.faults if fault.code == "merged_cells"}


# ---- merged cells ---------------------------------------------------------------------------------------------------


def test_a_merged_cell_counts_for_each_of_its_rows_in_xlsx(tmp_path):
    rows = [[*HEADER, "费用"], [*ONE, 6000], [*TWO[:3], None, None], ["丙站", 104.08, 30.67, None, 500]]
    table = read(book(tmp_path / "a.xlsx", rows, ["D2:D4", "E2:E3"]))
    assert column(table, "开放时间") == ["全天"] * 3
    assert column(table, "费用") == ["6000", "6000", "500"]
    assert merge_counts(table) == {
        "2 rows take the value of a merged cell in 开放时间.",
        "1 rows take the value of a merged cell in 费用.",
    }


def test_merged_cells_of_old_excel_and_of_opendocument_count_as_well(tmp_path):
    old = read(write_xls(tmp_path / "a.xls"))
    assert (old.header_row, column(old, "开放时间")) == (2, ["08:00-20:00", "08:00-20:00", "全天"])
    rows = [[("一览表", 4, 1), None, None, None], HEADER, [*ONE[:3], ("全天", 1, 2)], [*TWO[:3], None]]
    new = read(write_ods(tmp_path / "a.ods", {"说明": [["名称"]], "站点": rows}))
    assert (new.sheet, new.header_row, column(new, "开放时间")) == ("站点", 2, ["全天", "全天"])
    assert merge_counts(old) == merge_counts(new) == {"1 rows take the value of a merged cell in 开放时间."}


def test_a_binary_workbook_is_read_and_says_that_merges_are_not_known(tmp_path):
    table = read(write_xlsb(tmp_path / "a.xlsb", [HEADER, ONE, TWO]))
    assert column(table, "开放时间") == ["全天", "08:00-20:00"]
    assert [fault.code for fault in table.faults] == ["merged_cells"]


def test_a_header_of_two_rows_takes_the_names_of_both(tmp_path):
    rows = [["名称", "坐标", None, "开放时间"], [None, "经度", "纬度", None], ONE, TWO]
    table = read(book(tmp_path / "a.xlsx", rows, ["A1:A2", "B1:C1", "D1:D2"]))
    assert (table.header, table.row_number) == (tuple(HEADER), (3, 4))


def test_a_header_merged_over_two_columns_is_no_repeated_column(tmp_path):
    rows = [["名称", "经度", "纬度", "地址", None], ["甲站", 104.06, 30.65, "一路", "1号"]]
    table = read(book(tmp_path / "a.xlsx", rows, ["D1:E1"]))
    assert table.header == ("名称", "经度", "纬度", "地址", "")


def test_titles_and_sections_merged_over_the_width_are_neither_header_nor_records(tmp_path):
    rows = [["名称"], HEADER, ["城东"], ONE, ["城西"], TWO, ["合计", "2个"]]
    table = read(book(tmp_path / "a.xlsx", rows, ["A1:D1", "A3:D3", "A5:D5"]))
    assert (table.header_row, table.row_number) == (2, (4, 6))
    assert [(fault.row, fault.code, fault.action) for fault in table.faults] == [
        (row, "no_record", "kept") for row in (3, 5, 7)
    ]


def test_the_rest_of_a_tall_row_is_no_record():
    rows = [(1, ("a", "b")), (2, ("1", "2")), (4, ("3", "4"))]
    assert unmerged(rows, [(1, 0, 2, 0), (1, 1, 2, 1)]).rows == rows


@pytest.mark.parametrize(
    "heading", ["一、城东区（2个）", "（二）城西", "二、城西区", "城东区 共12个", "第一批：市区", "十二、高新区"]
)
def test_section_headings_in_text_are_no_records(heading):
    rows = [(1, tuple(HEADER)), (2, (heading, "", "", "")), (3, ("甲", "104", "30", "全天"))]
    table = table_from_rows("a.csv", rows, WANTED)
    assert (table.row_number, [str(fault.what)[:28] for fault in table.faults]) == (
        (3,),
        ["The row is a heading of a se"],
    )


@pytest.mark.parametrize("name", ["一号站", "十字路口驿站", "三圣乡驿站", "第一人民医院", "1", "八一路"])
def test_a_station_without_coordinates_is_no_heading(name):
    rows = [(1, tuple(HEADER)), (2, (name, "", "", "")), (3, ("甲", "104", "30", "全天"))]
    assert table_from_rows("a.csv", rows, WANTED).row_number == (2, 3)


@pytest.mark.parametrize("total", ["合计", "合计3个", "合 计：4", "城东区小计", "总计（3个）", "本页合计"])
def test_totals_are_no_records(total):
    rows = [(1, tuple(HEADER)), (2, (total, "3", "", "")), (3, ("甲", "104", "30", "全天"))]
    assert table_from_rows("a.csv", rows, WANTED).row_number == (3,)


# ---- several sheets -------------------------------------------------------------------------------------------------


def test_sheets_with_the_same_columns_are_one_table_with_the_name_of_the_sheet(tmp_path):
    other = [[HEADER[i] for i in (1, 2, 0, 3)], [TWO[i] for i in (1, 2, 0, 3)], ["", "", "丙站", "全天"]]
    path = book(tmp_path / "a.xlsx", None, sheets={"城东": [HEADER, ONE], "城西": other, "说明": [["填表说明"]]})
    assert str(refusal(path).cure).startswith('Select one with `sheet = "..."` (or --sheet), or join them with `sheets')
    table = read(path, sheets="all")
    assert table.header == (*HEADER, "sheet")
    assert table.rows[:2] == ((*TEXTS[0], "全天", "城东"), (*TEXTS[1], "08:00-20:00", "城西"))
    assert [table.row_name(i) for i in range(3)] == ["城东/2", "城西/2", "城西/3"]
    assert len(set(table.row_number)) == 3
    assert [str(fault.what) for fault in table.faults] == [
        "The sheet 说明 has other columns and is not part of the table."
    ]


def test_a_sheet_that_lacks_a_column_of_the_others_is_refused(tmp_path):
    path = book(tmp_path / "a.xlsx", None, sheets={"城东": [HEADER, ONE], "城西": [HEADER[:3], TWO[:3]]})
    fault = refusal(path, sheets="all")
    assert str(fault.what) == "The sheet 城西 lacks columns that others have: hours."
    assert refusal(path, sheets="all", sheet="城东").key == "sheets"


# ---- cells without a value ------------------------------------------------------------------------------------------


def test_errors_and_unsaved_formulas_are_named_by_cell(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet()
        for number, row in enumerate(
            [[*HEADER, "备注列"], [*ONE, "x"], [*TWO, "y"], ["丙站", 104.0, 30.0, "全天", "z"]]
        ):
            sheet.write_row(number, 0, row)
        sheet.write_formula("B2", "=NA()", None, "#N/A")
        sheet.write_formula("C3", "=A1", None, "")
        sheet.write_formula("E4", "=NA()", None, "#REF!")
        sheet.write_formula("D4", '=IF(1,"","")', None, "none")
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    part = parts["xl/worksheets/sheet1.xml"].decode()
    assert part.count("<v>none</v>") == 1
    part = part.replace("<v>none</v>", "<v></v>")  # the text that the formula calculates is empty
    parts["xl/worksheets/sheet1.xml"] = re.sub('<c r="C3"[^>]*>', '<c r="C3">', part).encode()
    with zipfile.ZipFile(path, "w") as new:
        for name, data in parts.items():
            new.writestr(name, data)
    table = read(path)
    assert (table.row_number, table.set_aside) == ((4,), 2)
    assert [(fault.row, str(fault.what), fault.action) for fault in table.faults] == [
        (2, "Cell B2 (经度) holds the error #N/A.", "set_aside"),
        (3, "Cell C3 (纬度) holds a formula without a saved value.", "set_aside"),
        (4, "Cell E4 (备注列) holds the error #REF!.", "kept"),
    ]


def test_errors_in_opendocument_are_named_by_cell(tmp_path):
    table = read(write_ods(tmp_path / "a.ods", {"站点": [HEADER, ["甲站", "#N/A", 30.65, "全天"], TWO]}))
    assert [str(fault.what) for fault in table.faults] == ["Cell B2 (经度) holds the error #N/A."]


# ---- what a file is, whatever its name ------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".xlsx", ".xlsm", ".et", ".ods"])
def test_a_workbook_is_read_by_its_content(tmp_path, suffix):
    assert column(read(write_xls(tmp_path / f"a{suffix}")), "名称") == ["甲站", "乙站", "丙站"]


OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
DISGUISED = {
    "html": (b"<html><body><table><tr><td>1</td></tr></table></body></html>", "a web page (HTML)"),
    "table": (b'\xef\xbb\xbf<table border="1"><tr><td>1</td></tr></table>', "a web page (HTML)"),
    "mhtml": (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "a saved web page (MHTML)"),
    "xml": (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "an XML spread"),
    "text": ("名称,经度\n甲,104\n".encode("gb18030"), "text, such as CSV"),
    "utf-16": ("名称\t经度\n甲\t104\n".encode("utf-16"), "text, such as CSV"),
    "password": (OLE + "EncryptedPackage".encode("utf-16-le") + bytes(99), "protected by a password"),
    "word": (OLE, "an old Office program"),
    "json": (b'{"a": 1}', "a JSON document"),
    "pdf": (b"%PDF-1.7", "a PDF document"),
    "picture": (b"\x89PNG\r\n", "a picture"),
    "excel 4": (b"\x09\x04\x06\x00\x00\x00\x10\x00", "a workbook of Excel 5 or older"),
}


@pytest.mark.parametrize("suffix", [".xlsx", ".xls"])
@pytest.mark.parametrize("kind", DISGUISED)
def test_another_file_under_the_name_of_a_workbook_is_named_for_what_it_is(tmp_path, kind, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(DISGUISED[kind][0])
    fault = refusal(path)
    assert DISGUISED[kind][1] in str(fault.what)
    assert fault.code == "unreadable"


def test_a_web_page_under_the_name_of_a_csv_file_is_named(tmp_path):
    (tmp_path / "a.csv").write_bytes(DISGUISED["html"][0])
    assert "a web page (HTML)" in str(refusal(tmp_path / "a.csv").what)


# ---- text -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_text_is_read_in_every_encoding_with_every_line_end(tmp_path, end, encoding, separator):
    lines = [separator.join(map(str, row)) for row in (HEADER, ONE, TWO)]
    (tmp_path / "a.csv").write_bytes((end.join(lines) + end).encode(encoding))
    assert tuple(row[:3] for row in read(tmp_path / "a.csv").rows) == TEXTS


def test_a_carriage_return_in_a_quoted_cell_and_a_very_long_cell_are_read(tmp_path):
    long = "x" * 300_000
    (tmp_path / "a.csv").write_bytes(f'名称,经度,纬度,备注\n"甲\r站",104,30,{long}\n'.encode())
    assert read(tmp_path / "a.csv").rows == (("甲\r站", "104", "30", long),)


# ---- shapes ---------------------------------------------------------------------------------------------------------


def frame():
    points = [shapely.Point(104.06, 30.65), shapely.Point(104.07, 30.66)]
    return gpd.GeoDataFrame({"Name": ["甲站", "乙站"]}, geometry=points, crs=4326)


def written(folder, suffix):
    """The same two points in a file of the format."""
    path = folder / f"a{suffix}"
    if suffix == ".gdb":
        frame().to_file(path, driver="OpenFileGDB", engine="pyogrio")
    elif suffix == ".zip":
        frame().to_file(folder / "b.shp", engine="pyogrio", encoding="utf-8")
        with zipfile.ZipFile(path, "w") as archive:
            for part in ("shp", "shx", "dbf", "prj"):
                archive.write(folder / f"b.{part}", f"导出/站点.{part.upper()}")
    elif suffix == ".gdb.zip":
        inner = written(folder, ".gdb")
        with zipfile.ZipFile(path, "w") as archive:
            for part in inner.iterdir():
                archive.write(part, f"a.gdb/{part.name}")
    else:
        driver = {".fgb": "FlatGeobuf", ".kml": "KML", ".kmz": "LIBKML"}[suffix]
        frame().to_file(path, driver=driver, engine="pyogrio")
    return path


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("suffix", [".fgb", ".kml", ".kmz", ".gdb", ".zip", ".gdb.zip"])
def test_points_are_read_from_every_container(tmp_path, suffix):
    table = read(written(tmp_path, suffix))
    at = {name: (shape.x, shape.y) for name, shape in zip(column(table, "Name"), table.shapes, strict=True)}
    assert at == {"甲站": pytest.approx((104.06, 30.65)), "乙站": pytest.approx((104.07, 30.66))}
    assert table.crs == "EPSG:4326"


@pytest.mark.parametrize(
    "text",
    [
        "<OGRVRTDataSource/>",
        "<kml><!-- <OGRVRTDataSource> --></kml>",
        '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml"/>',
        '<!DOCTYPE kml [<!ENTITY a "b">]><kml>&a;</kml>',
        "<html/>",
        "",
    ],
)
def test_a_kml_file_that_another_driver_might_open_is_refused(tmp_path, text):
    (tmp_path / "a.kml").write_text(text)
    assert refusal(tmp_path / "a.kml").code in {"unreadable", "unsafe_xml"}


def test_an_archive_must_hold_one_data_set(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", "x")
        archive.writestr("../b.csv", "x")
    assert "does not hold exactly one Shapefile" in str(refusal(tmp_path / "a.zip").what)


def test_a_layer_is_picked_by_the_geometry_that_is_needed(tmp_path):
    path = tmp_path / "a.gpkg"
    frame().to_file(path, layer="sites", engine="pyogrio")
    area = gpd.GeoDataFrame({"id": [1]}, geometry=[shapely.box(104, 30, 105, 31)], crs=4326)
    area.to_file(path, layer="area", engine="pyogrio")
    assert len(read(path).rows) == 2
    assert len(read_features(path, Limits(), geometry="polygons").rows) == 1
    with pytest.raises(InputError, match="several layers"):
        read_features(path, Limits())
    layers = [("a", "Point"), ("b", "MultiPoint Z"), ("layer_styles", None)]
    assert pick_layer(layers, "points") == ["a", "b"]
    assert pick_layer(layers[1:], None) == ["b"]
    assert pick_layer([("a", "Unknown"), ("b", "LineString")], "points") == ["a"]


# ---- JSON -----------------------------------------------------------------------------------------------------------

POI = {"name": "甲站", "type": "金融;银行", "location": "104.06,30.65", "tel": [], "biz_ext": {"cost": []}}


@pytest.mark.parametrize(
    "document",
    [
        {"status": "1", "info": "OK", "pois": [POI]},
        [{"status": "1", "pois": [POI]}, {"status": "1", "pois": []}],
        [POI],
        {"status": 0, "message": "ok", "results": [{**POI, "location": {"lng": 104.06, "lat": 30.65}}]},
    ],
)
def test_answers_of_map_services_are_tables(tmp_path, document):
    (tmp_path / "a.json").write_text(json.dumps(document))
    table = read(tmp_path / "a.json")
    assert (column(table, "location"), column(table, "tel")) == (["104.06,30.65"], [""])
    assert table.shapes is None


TOPOLOGY = {"type": "Topology", "objects": {}, "arcs": []}
ESRI = {"features": [{"attributes": {}, "geometry": {"x": 1, "y": 2}}]}


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (TOPOLOGY, "This is TopoJSON, not GeoJSON."),
        (ESRI, "This is Esri JSON, not GeoJSON."),
        ({"status": "0", "info": "INVALID_USER_KEY"}, "The answer of the map service is an error: INVALID_USER_KEY."),
        (
            {"type": "FeatureCollection", "features": [{"properties": ["ab"], "geometry": None}]},
            "The properties of the feature are not an object.",
        ),
        ({"type": "FeatureCollection", "features": 3}, "The file is not GeoJSON."),
        ({"type": "FeatureCollection", "features": [3]}, "The file is not GeoJSON."),
        ([1, 2], "The file is not GeoJSON."),
        ({"pois": []}, "The file contains no features."),
    ],
)
def test_other_json_is_named(tmp_path, document, what):
    (tmp_path / "a.json").write_text(json.dumps(document))
    assert str(refusal(tmp_path / "a.json").what) == what


def test_lists_and_objects_among_the_properties_are_text(tmp_path):
    feature = {"type": "Feature", "properties": {"center": [104, 30], "parent": {"adcode": 1}}, "geometry": None}
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert read(tmp_path / "a.geojson").rows == (("[104, 30]", '{"adcode": 1}'),)


# ---- bounds ---------------------------------------------------------------------------------------------------------


def xlsx_of(path, sheet_data, *, strings=(), target="worksheets/sheet1.xml"):
    """Write the parts of a workbook by hand, as no program would."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    packed = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{packed}"><Relationship Id="r0" Type="{office}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{packed}"><Relationship Id="r1" Type="{office}/worksheet" Target="{target}"/>'
            f'<Relationship Id="r2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        )
        items = "".join(f"<si><t>{text}</t></si>" for text in strings)
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{main}">{items}</sst>')
        archive.writestr(f"xl/{target}", f'<worksheet xmlns="{main}"><sheetData>{sheet_data}</sheetData></worksheet>')
    return path


@pytest.mark.parametrize(
    "row",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="9"><c r="dkj300000"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="900000000"><c><v>1</v></c><c><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="9"><c r = "XFD1048576"><v>1</v></c></row>',
    ],
)
@pytest.mark.parametrize("target", ["worksheets/sheet1.xml", "other/part.bin"])
def test_a_sheet_that_claims_a_huge_block_ends_in_a_message(tmp_path, row, target):
    fault = refusal(xlsx_of(tmp_path / "a.xlsx", row, target=target))
    assert fault.code == "too_large"
    assert "but is almost empty" in str(fault.what)


def test_a_long_text_that_many_cells_share_ends_in_a_message(tmp_path):
    cell = "<c t='s'><v>0</v></c>"
    cells = "".join(f'<row r="{row}">{cell * 20}</row>' for row in range(1, 201))
    path = xlsx_of(tmp_path / "a.xlsx", cells, strings=["x" * 1_000_000])
    assert path.stat().st_size < 100_000
    assert refusal(path).code == "too_large"


def test_an_unforeseen_error_of_a_library_is_one_fault(tmp_path):
    with pytest.raises(InputError) as caught, one_fault(tmp_path / "a.xyz", WHAT):
        raise LookupError("no such part")
    (fault,) = caught.value.faults
    assert (fault.file, str(fault.what)) == ("a.xyz", "The file cannot be read: LookupError: no such part.")
    with pytest.raises(FileNotFoundError), one_fault(tmp_path / "a.xyz", WHAT):
        raise FileNotFoundError
