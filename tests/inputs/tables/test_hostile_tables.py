"""Text files and workbooks that take more memory than their size shows: counted while they are read."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import openpyxl
import pytest
from numpy.lib import format as npy

from stationplan.errors import InputError
from stationplan.inputs.limits import refuse_false_header
from stationplan.inputs.tables.source import Located, read_table
from stationplan.inputs.tables.table import Wanted
from stationplan.scenario import Limits, TableSource


def read(path, **limits):
    return read_table(Located(TableSource(file=path.name), path), Wanted(("id", "name")), Limits(**limits))


def refusal(path, **limits):
    with pytest.raises(InputError) as caught:
        read(path, **limits)
    (fault,) = caught.value.faults
    assert fault.file == path.name
    return str(fault.what)


def test_a_line_without_end_is_refused(tmp_path):
    for name, text in (("a.csv", "id,name\n1," + "x" * 50_000_001), ("b.csv", "id,name\n" + "," * 50_000_001)):
        (tmp_path / name).write_text(text, "utf-8")
        assert refusal(tmp_path / name) == "A line of the file is longer than 50000000 characters."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_values_are_counted_in_every_encoding(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_text("id,name\n" + "".join(f"{i},甲站\n" for i in range(20_000)), encoding)
    assert len(read(path, table_mb=3).rows) == 20_000
    assert refusal(path, table_mb=2) == "The values of the table take more than 2 MB of memory."


def test_empty_values_count_too(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,name" + "," * 498 + "\n" + ("1,a" + "," * 498 + "\n") * 600, "utf-8")
    assert refusal(path, table_mb=2) == "The values of the table take more than 2 MB of memory."


def test_values_of_workbooks_are_counted(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["id", "name"])
    for i in range(10_000):
        book.active.append([i, "x" * 100])
    book.save(tmp_path / "a.xlsx")
    assert refusal(tmp_path / "a.xlsx", table_mb=1) == "The values of the table take more than 1 MB of memory."


def test_outlines_in_text_are_longer_than_the_limit_of_the_csv_module(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f'id,name\n1,"{"104 30, " * 40_000}"\n', "utf-8")
    assert len(read(path).rows[0][1]) == 320_000


@pytest.mark.parametrize("claimed", [3, 10**13])
def test_an_array_of_an_archive_is_as_large_as_its_header_says(tmp_path, claimed):
    data = io.BytesIO()
    npy.write_array_header_1_0(data, {"descr": "<f8", "fortran_order": False, "shape": (claimed,)})
    data.write(np.zeros(3).tobytes())
    with zipfile.ZipFile(tmp_path / "a.skops", "w") as archive:
        archive.writestr("1.npy", data.getvalue())
        if claimed == 3:
            refuse_false_header(archive, "1.npy")
            return
        with pytest.raises(ValueError, match="is not what its header says"):
            refuse_false_header(archive, "1.npy")
