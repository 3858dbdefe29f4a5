"""CSV tables as people send them: encodings, separators, row numbers, columns, numbers."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationplan.errors import FaultList, InputError
from stationplan.inputs import tables
from stationplan.inputs.columns import FIELD_NAMES
from stationplan.inputs.tables import Table, coordinates, find_columns, numbers, read_table, unique_ids

CHINESE = "编码,名称,经度,纬度\nS1,人民南路站,104.06,30.65\nS2,“双引号”站,104.07,30.66\n"


def table_of(folder, text, *, encoding="utf-8"):
    path = folder / "table.csv"
    path.write_bytes(text.encode(encoding))
    return read_table(path)


def faults_in(folder, text):
    with pytest.raises(InputError) as caught:
        table_of(folder, text)
    assert all(fault.file == "table.csv" for fault in caught.value.faults)
    return [(fault.row, str(fault.what)) for fault in caught.value.faults]


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
    (tmp_path / "table.csv").write_bytes("编码,名称\n1,站\n".encode("utf-16"))
    with pytest.raises(InputError, match="neither UTF-8 nor GB18030"):
        read_table(tmp_path / "table.csv")


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "table.csv").write_bytes(b"id,lon\n\0\0\0\0")
    with pytest.raises(InputError, match="NUL"):
        read_table(tmp_path / "table.csv")


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
    table = read_table(path)
    assert table.rows == tuple((first, second, "x") for first, second, _ in rows)
    assert list(table.row_number) == starts


def test_ragged_rows_are_all_told_with_their_rows(tmp_path):
    found = faults_in(tmp_path, 'id,lon,lat\n1,2,3\n2,3\n"a\nb",2,3\n3,4,5,6\n')
    assert found == [(3, "The row has 2 fields, the header 3."), (6, "The row has 4 fields, the header 3.")]


def test_a_quote_that_is_never_closed_is_told_where_it_opens(tmp_path):
    found = faults_in(tmp_path, 'id,name\n1,a\n2,"b\n3,c\n4,d\n')
    assert [row for row, _ in found] == [3]
    assert "not valid CSV" in found[0][1]


def test_text_behind_a_closing_quote_is_told_with_its_row(tmp_path):
    found = faults_in(tmp_path, 'id,name\n1,a\n2,"b"c\n3,d\n')
    assert [row for row, _ in found] == [3]


def test_a_repeated_header_is_refused(tmp_path):
    assert faults_in(tmp_path, "id,lon,lon \n1,2,3\n") == [(1, "The column lon stands twice in the header.")]


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "The table is empty."), ("\n\n", "The table is empty."), ("id,lon\n", "The table has a header but no rows.")],
)
def test_a_table_without_rows_is_refused(tmp_path, text, said):
    assert [what for _, what in faults_in(tmp_path, text)] == [said]


def test_a_huge_table_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_BYTES", 10)
    assert "10" in faults_in(tmp_path, "id,lon\n1,2\n3,4\n")[0][1]


def test_columns_are_found_by_their_chinese_and_english_names():
    table = Table("t.csv", (" Longitude", "纬度", "编码", "站点名称"), (), ())
    faults = FaultList("t.csv")
    columns = find_columns(table, ("id", "name", "lon", "lat", "cost"), required=("id", "lon"), given={}, faults=faults)
    assert columns == {"id": 2, "name": 3, "lon": 0, "lat": 1}
    assert not faults


@pytest.mark.parametrize("field", sorted(FIELD_NAMES))
def test_every_recognised_name_finds_its_field(field):
    for name in FIELD_NAMES[field]:
        table = Table("t.csv", ("other", name.upper()), (), ())
        assert find_columns(table, (field,), required=(field,), given={}, faults=FaultList("t.csv")) == {field: 1}


def test_two_columns_for_one_field_are_a_fault_until_one_is_chosen():
    table = Table("t.csv", ("id", "code", "lon", "lat"), (), ())
    faults = FaultList("t.csv")
    columns = find_columns(table, ("id", "lon"), required=("id",), given={}, faults=faults)
    assert "id" not in columns
    assert [(f.row, str(f.what)) for f in faults.faults] == [(1, "Several columns may be id: id, code.")]
    assert 'columns = { id = "..." }' in str(faults.faults[0].cure)
    chosen = FaultList("t.csv")
    assert find_columns(table, ("id",), required=("id",), given={"id": "code"}, faults=chosen) == {"id": 1}
    assert not chosen


def test_missing_and_misnamed_columns_are_told_together_with_what_there_is():
    table = Table("t.csv", ("a", "b"), (), ())
    faults = FaultList("t.csv")
    find_columns(table, ("id", "lon", "lat"), required=("id", "lat"), given={"lon": "x", "colour": "b"}, faults=faults)
    said = [str(fault.what) for fault in faults.faults]
    assert said == [
        "Unknown field colour in `columns`.",
        "No column for id; the table has: a, b.",
        "There is no column x; the table has: a, b.",
        "No column for lat; the table has: a, b.",
    ]
    assert "编码" in str(faults.faults[1].cure)


@pytest.mark.parametrize(
    "text", ["nan", "NaN", "inf", "-inf", "Infinity", "1e400", "12人", "1,000", "1_000", "0x10", "--", "", "1 2"]
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


def test_twenty_faults_of_a_kind_are_listed_and_the_rest_counted():
    faults = FaultList("table.csv")
    numbers(column(*["x"] * 25, "-1"), 0, faults, low=0)
    listed = [fault for fault in faults.faults if fault.row is not None]
    assert [fault.row for fault in listed] == [*range(2, 22), 27]
    (more,) = [fault for fault in faults.faults if fault.row is None]
    assert str(more.what) == "5 more like this one: n is 'x', not a finite number."


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_every_finite_number_is_read_as_python_writes_it(values):
    faults = FaultList("table.csv")
    assert numbers(column(*map(repr, values)), 0, faults).tolist() == values
    assert not faults


def test_swapped_coordinates_are_refused_where_they_cannot_be():
    table = Table("t.csv", ("lon", "lat"), (("30.65", "104.06"), ("104.06", "30.65")), (2, 3))
    faults = FaultList("t.csv")
    coordinates(table, {"lon": 0, "lat": 1}, faults)
    assert [(fault.row, str(fault.what)) for fault in faults.faults] == [(2, "lat is 104.06, outside -90 to 90.")]


def test_empty_and_repeated_ids_are_faults_that_name_the_first_row():
    faults = FaultList("table.csv")
    unique_ids(column("a", "b", " a ", "", "B"), 0, faults)
    assert [(fault.row, str(fault.what)) for fault in faults.faults] == [
        (4, "The id a stands in row 2 already."),
        (5, "The id is empty."),
    ]
