"""Tables of text as people send them: encodings, separators, headers, row numbers, columns, numbers."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationplan.errors import FaultList, InputError, abridged
from stationplan.inputs.tables.cleaning import clean
from stationplan.inputs.tables.columns import FIELD_NAMES, with_names
from stationplan.inputs.tables.points import coordinates
from stationplan.inputs.tables.table import Table, Wanted, find_columns, table_from_rows
from stationplan.inputs.tables.textfile import csv_rows
from stationplan.inputs.tables.values import numbers, unique_ids
from stationplan.scenario import Limits

CHINESE = "编码,名称,经度,纬度\nS1,人民南路站,104.06,30.65\nS2,“双引号”站,104.07,30.66\n"


def table_of(folder, text, *, encoding="utf-8"):
    path = folder / "table.csv"
    path.write_bytes(text.encode(encoding))
    return read(path)


LIMITS = Limits()


def read(path, *, limits=LIMITS, fields=("id", "name", "lon", "lat"), **options):
    return table_from_rows(path.name, csv_rows(path, limits), Wanted(fields), **options)


def faults_in(folder, text, **options):
    """The faults of a table that is refused, or of the rows that are excluded."""
    (folder / "table.csv").write_text(text, encoding="utf-8", newline="")
    try:
        faults = read(folder / "table.csv", **options).faults
    except InputError as error:
        faults = error.faults
    assert all(fault.file == "table.csv" for fault in faults)
    return [(fault.row, str(fault.what)) for fault in faults]


def columns_of(header, fields, *, required=(), given=None, **options):
    """The columns found in a header, and the faults."""
    faults = FaultList("t.csv")
    wanted = Wanted(fields, required, given=given or {}, **options)
    return find_columns(Table("t.csv", header, (), ()), wanted, faults), faults


def column(*texts):
    """A table of one column ``n``, its first row being row 2."""
    return Table("table.csv", ("n",), tuple((text,) for text in texts), tuple(range(2, len(texts) + 2)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_the_same_table_is_read_from_every_encoding_and_line_end(tmp_path, encoding, line_end):
    table = table_of(tmp_path, CHINESE.replace("\n", line_end), encoding=encoding)
    assert table.header == ("编码", "名称", "经度", "纬度")
    assert table.rows == (("S1", "人民南路站", "104.06", "30.65"), ("S2", "“双引号”站", "104.07", "30.66"))
    assert table.row_number == (2, 3)


def test_gb18030_reaches_past_gbk(tmp_path):
    assert table_of(tmp_path, "编码\n𠮷\n", encoding="gb18030").rows == (("𠮷",),)


def test_bytes_in_no_known_encoding_are_refused(tmp_path):
    (tmp_path / "table.csv").write_bytes("编码,名称\n1,站\n".encode("gb18030") + b"\xff\xff\n")
    with pytest.raises(InputError, match="neither UTF-8 nor GB18030"):
        read(tmp_path / "table.csv")


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "table.csv").write_bytes(b"id,lon\n\0\0\0\0")
    with pytest.raises(InputError, match="NUL"):
        read(tmp_path / "table.csv")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_the_one_of_the_header(tmp_path, separator):
    text = separator.join(["id", "name", "lon"]) + "\n" + separator.join(["1", '"a,b;c\td"', "3"]) + "\n"
    table = table_of(tmp_path, text)
    assert table.header == ("id", "name", "lon")
    assert table.rows == (("1", "a,b;c\td", "3"),)


def test_a_separator_is_found_below_empty_lines(tmp_path):
    table = table_of(tmp_path, "\n\nid;lon\n1;2\n")
    assert (table.header, table.rows, table.row_number) == (("id", "lon"), (("1", "2"),), (4,))


def test_a_quoted_line_break_keeps_the_true_row_numbers(tmp_path):
    text = 'id,name\n1,"two\nlines"\n2,b\n\n3,"three\r\nlines\r\nhere"\n4,d\n'
    table = table_of(tmp_path, text)
    assert table.column(0) == ["1", "2", "3", "4"]
    assert table.row_number == (2, 4, 6, 9)


WORD = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from(',;\t"\n'), max_size=6)


@given(
    rows=st.lists(st.tuples(WORD, WORD, st.booleans()), min_size=1, max_size=8),
    separator=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
)
@settings(deadline=None, derandomize=True, max_examples=80)
def test_what_csv_writes_is_read_back_with_its_row_numbers(tmp_path_factory, rows, separator, encoding):
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=separator, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["编码", "名称", "备注"])
    starts = []
    for first, second, blank_before in rows:
        stream.write("\n" * blank_before)
        starts.append(stream.getvalue().count("\n") + 1)
        writer.writerow([first, second, "x"])
    path = tmp_path_factory.getbasetemp() / "written.csv"
    path.write_bytes(stream.getvalue().encode(encoding))
    table = read(path)
    assert table.rows == tuple((clean(first), clean(second), "x") for first, second, _ in rows)
    assert list(table.row_number) == starts


def test_ragged_rows_are_all_told_with_their_rows(tmp_path):
    found = faults_in(tmp_path, 'id,lon,lat\n1,2,3\n2,3\n"a\nb",2,3\n3,4,5,6\n')
    assert found == [(3, "The row has 2 fields; the header has 3."), (6, "The row has 4 fields; the header has 3.")]


def test_a_quote_that_is_never_closed_is_told_where_it_opens(tmp_path):
    found = faults_in(tmp_path, 'id,name\n1,a\n2,"b\n3,c\n4,d\n')
    assert [row for row, _ in found] == [3]
    assert "not valid CSV" in found[0][1]


def test_text_behind_a_closing_quote_is_told_with_its_row(tmp_path):
    found = faults_in(tmp_path, 'id,name\n1,a\n2,"b"c\n3,d\n')
    assert [row for row, _ in found] == [3]


def test_a_repeated_header_is_refused(tmp_path):
    assert faults_in(tmp_path, "id,lon,lon \n1,2,3\n") == [(1, "The column lon appears twice in the header.")]


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "The table is empty."), ("\n\n", "The table is empty."), ("id,lon\n", "The table has a header but no rows.")],
)
def test_a_table_without_rows_is_refused(tmp_path, text, said):
    assert [what for _, what in faults_in(tmp_path, text)] == [said]


def test_a_table_larger_than_a_cap_is_refused_and_the_cap_is_named(tmp_path):
    text = "id,lon\n1,2\n3,4\n"
    for cap, said in (("rows", "more than 2 rows"), ("columns", "has 2 columns")):
        limits = Limits.model_validate({cap: {"rows": 2, "columns": 1}[cap]})
        (tmp_path / "table.csv").write_text(text)
        with pytest.raises(InputError, match=said) as caught:
            read(tmp_path / "table.csv", limits=limits)
        assert f"`{cap}` under [limits]" in str(caught.value.faults[0].cure)


def test_a_file_larger_than_the_cap_is_not_opened(tmp_path):
    path = tmp_path / "table.csv"
    with path.open("wb") as stream:
        stream.truncate(3_000_000)  # sparse: it would be refused for its NUL characters if it were read
    with pytest.raises(InputError, match="has 3 MB; the limit is 2 MB"):
        read(path, limits=Limits(file_mb=2))


TITLES = "锦屏市工会驿站一览表,,,\n填报单位：市总工会,,,2026年\n"


def test_a_header_below_titles_is_found_and_rows_keep_their_numbers(tmp_path):
    table = table_of(tmp_path, TITLES + "名称,地址,经度,纬度\n一号,路,104.0,30.0\n")
    assert (table.header, table.header_row) == (("名称", "地址", "经度", "纬度"), 3)
    assert (table.rows, table.row_number) == ((("一号", "路", "104.0", "30.0"),), (4,))


def test_a_header_in_two_rows_is_read_as_one(tmp_path):
    table = table_of(tmp_path, "名称,地址,坐标,\n,,经度,纬度\n一号,路,104.0,30.0\n")
    assert table.header == ("名称", "地址", "经度", "纬度")
    assert table.row_number == (3,)


def test_the_header_row_may_be_named(tmp_path):
    table = table_of(tmp_path, "a,b\nc,d\n1,2\n")
    assert table.header == ("a", "b")
    assert read(tmp_path / "table.csv", header_row=2).header == ("c", "d")
    assert faults_in(tmp_path, "a,b\n1,2\n", header_row=7)[0][0] == 7


def test_separators_past_the_end_of_the_header_say_nothing(tmp_path):
    assert table_of(tmp_path, "id,name\n1,a,,\n").rows == (("1", "a"),)


def test_ragged_rows_are_set_aside_and_the_others_stay(tmp_path):
    table = table_of(tmp_path, "id,name\n1,a\n2\n3,c\n")
    assert (table.row_number, table.set_aside) == ((2, 4), 1)
    assert [(fault.row, fault.code, fault.action) for fault in table.faults] == [(3, "row_width", "set_aside")]


def test_columns_are_found_by_their_chinese_and_english_names():
    header = (" Longitude", "纬度（°N）", "*编码", "站点 名称")
    columns, faults = columns_of(header, ("id", "name", "lon", "lat", "cost"), required=("id", "lon"))
    assert columns == {"id": 2, "name": 3, "lon": 0, "lat": 1}
    assert not faults


@pytest.mark.parametrize("field", sorted(FIELD_NAMES))
def test_every_recognised_name_finds_its_field(field):
    for name in FIELD_NAMES[field]:
        columns, faults = columns_of(("other", name.upper()), (field,), required=(field,))
        assert (columns, bool(faults)) == ({field: 1}, False)


def test_a_scenario_adds_names_for_all_tables():
    names = with_names({"name": ["点位"]})
    assert columns_of(("点位", "名 称"), ("name",), names=names)[1].faults[0].code == "ambiguous_column"
    assert columns_of(("点位",), ("name",), required=("name",), names=names)[0] == {"name": 0}
    assert columns_of(("点位",), ("name",))[0] == {}


def test_two_columns_for_one_field_are_a_fault_until_one_is_chosen():
    columns, faults = columns_of(("id", "code", "lon", "lat"), ("id", "lon"), required=("id",))
    assert "id" not in columns
    assert [(f.row, f.code, str(f.what)) for f in faults.faults] == [
        (1, "ambiguous_column", "Several columns could be id: id, code.")
    ]
    assert 'columns = { id = "..." }' in str(faults.faults[0].cure)
    columns, faults = columns_of(("id", "code", "lon", "lat"), ("id",), required=("id",), given={"id": "code"})
    assert (columns, bool(faults)) == ({"id": 1}, False)


def test_missing_and_misnamed_columns_are_told_together_with_what_there_is():
    given = {"lon": "x", "colour": "b"}
    _, faults = columns_of(("a", "b"), ("id", "lon", "lat"), required=("id", "lat"), given=given)
    said = [str(fault.what) for fault in faults.faults]
    assert said == [
        "Unknown field colour in `columns`.",
        "No column for id; the table has: a, b.",
        "There is no column x; the table has: a, b.",
        "No column for lat; the table has: a, b.",
    ]
    assert "编码" in str(faults.faults[1].cure)


@pytest.mark.parametrize(
    "text", ["nan", "NaN", "inf", "-inf", "Infinity", "1e400", "12人", "1,000", "1_000", "0x10", "--", "1 2"]
)
def test_a_cell_that_is_no_finite_number_is_a_fault_with_its_row(text):
    faults = FaultList("table.csv")
    values = numbers(column("1", text, "3"), 0, faults)
    assert [fault.row for fault in faults.faults] == [3]
    assert repr(text) in str(faults.faults[0].what)
    assert values[[0, 2]].tolist() == [1, 3]
    assert np.isnan(values[1])


def test_numbers_outside_the_range_are_faults_and_its_ends_are_not():
    faults = FaultList("table.csv")
    numbers(column("-180", "180", "-180.000001", "180.000001", "-0"), 0, faults, low=-180, high=180)
    assert [fault.row for fault in faults.faults] == [4, 5]


def test_negative_counts_are_faults():
    faults = FaultList("table.csv")
    numbers(column("0", "-1", "-1e-9", "2.5"), 0, faults, low=0)
    assert [fault.row for fault in faults.faults] == [3, 4]


def test_an_empty_cell_is_a_fault_until_the_scenario_says_what_it_means():
    faults = FaultList("table.csv")
    numbers(column("1", "", " "), 0, faults, may_fill="[demand] empty_count")
    assert [fault.row for fault in faults.faults] == [3, 4]
    assert "`[demand] empty_count`" in str(faults.faults[0].cure)
    filled = FaultList("table.csv")
    assert numbers(column("1", "", " "), 0, filled, empty=0.5).tolist() == [1, 0.5, 0.5]
    assert not filled


def test_twenty_faults_of_a_kind_are_shown_and_the_rest_counted():
    faults = FaultList("table.csv")
    numbers(column(*["x"] * 25, "-1"), 0, faults, low=0)
    assert [fault.row for fault in faults.faults] == [*range(2, 28)]
    listed = [fault for fault in abridged(faults.faults) if fault.row is not None]
    assert [fault.row for fault in listed] == [*range(2, 22), 27]
    (more,) = [fault for fault in abridged(faults.faults) if fault.row is None]
    assert str(more.what) == "5 more like this one: n is 'x', not a finite number."


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_every_finite_number_is_read_as_python_writes_it(values):
    faults = FaultList("table.csv")
    assert numbers(column(*map(repr, values)), 0, faults).tolist() == values
    assert not faults


def points(*rows, crs=None):
    """Coordinates of a table with the columns lon and lat, and (row, code, action) of its faults."""
    table = Table("t.csv", ("lon", "lat"), tuple(rows), tuple(range(2, len(rows) + 2)))
    faults = FaultList("t.csv")
    lon, lat = coordinates(table, {"lon": 0, "lat": 1}, faults, crs=crs, inside=True)
    return lon, lat, [(fault.row, fault.code, fault.action) for fault in faults.faults]


def test_swapped_columns_refuse_the_table_and_a_swapped_row_is_set_aside():
    assert points(("30.6", "104.0"), ("30.7", "104.1"))[2] == [(1, "swapped", "refused")]
    lon, _, told = points(("30.65", "104.06"), ("104.06", "30.65"))
    assert told == [(2, "swapped", "set_aside")]
    assert np.isnan(lon).tolist() == [True, False]


def test_metres_in_columns_of_degrees_are_told_and_read_once_their_crs_is_named():
    # Chengdu, Tianfu Square: 104.0657 E, 30.6595 N; EPSG:4544 is the 3-degree zone of CGCS2000 around 105 E.
    rows = (("410452.97", "3393596.59"), ("410500", "3393600"))
    assert points(*rows)[2] == [(1, "projected_values", "refused")]
    lon, lat, told = points(*rows, crs="EPSG:4544")
    assert told == []
    assert (lon[0], lat[0]) == (pytest.approx(104.0657, abs=1e-4), pytest.approx(30.6595, abs=1e-4))
    assert points(rows[0], ("104.0", "30.6"))[2] == [(2, "projected_values", "set_aside")]


def test_surveyors_northing_in_x_is_told():
    assert points(("3393238", "410436"), ("3393300", "410500"), crs="EPSG:4544")[2] == [(1, "swapped", "refused")]


def test_degrees_under_the_label_of_a_metric_crs_are_told():
    assert points(("104.0", "30.6"), crs="EPSG:4544")[2] == [(1, "degrees_in_metric_crs", "refused")]


def test_places_that_are_none_are_set_aside_and_far_ones_kept():
    near = [(f"{104 + i / 100}", "30.6") for i in range(5)]
    lon, _, told = points(*near, ("0", "0"), ("200", "30"), ("87.6", "43.8"))
    assert told == [(7, "zero_coordinates", "set_aside"), (8, "out_of_range", "set_aside"), (9, "far_away", "kept")]
    assert np.isnan(lon).tolist() == [False] * 5 + [True, True, False]


def test_both_coordinates_in_one_column_are_read():
    rows = (("104.06,30.65",), ("（104.07，30.66）",), ("104.07",))
    table = Table("t.csv", ("坐标",), rows, (2, 3, 4))
    faults = FaultList("t.csv")
    lon, lat = coordinates(table, {"lonlat": 0}, faults, crs=None, inside=True)
    assert (lon[:2].tolist(), lat[:2].tolist()) == ([104.06, 104.07], [30.65, 30.66])
    assert [(fault.row, fault.code) for fault in faults.faults] == [(4, "not_a_number")]


def test_empty_and_repeated_ids_are_faults_that_name_the_first_row():
    faults = FaultList("table.csv")
    unique_ids(column("a", "b", " a ", "", "B"), 0, faults)
    assert [(fault.row, str(fault.what)) for fault in faults.faults] == [
        (4, "The id a already appears in row 2."),
        (5, "The id is empty."),
    ]


@pytest.mark.parametrize("title", ["说明: a,b,c,d,e,f,g", '"a,b,c,d,e,f,g"'])
def test_signs_in_titles_and_quotes_do_not_part_the_table(tmp_path, title):
    table = table_of(tmp_path, f'{title}\nid;name;lon\n1;"x,y,z";3\n2;"u,v,w";4\n')
    assert table.header == ("id", "name", "lon")
    assert table.rows == (("1", "x,y,z", "3"), ("2", "u,v,w", "4"))
