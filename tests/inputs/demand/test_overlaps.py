"""Cells that overlap or share a point, and codes that stay text."""

from __future__ import annotations

import geopandas
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from stationplan.errors import FaultList
from stationplan.inputs.demand.cells import read_cells
from stationplan.inputs.demand.overlaps import note_overlaps
from stationplan.inputs.sites.rows import TableRules
from stationplan.inputs.tables.columns import FIELD_NAMES
from stationplan.inputs.tables.source import Located
from stationplan.scenario import DemandInput, Limits, default_hosts

SIDE = 0.001
RULES = TableRules(default_hosts(), FIELD_NAMES, Limits(), complete=False, lenient=True)


def square(column, row):
    return shapely.box(104 + column * SIDE, 30 + row * SIDE, 104 + (column + 1) * SIDE, 30 + (row + 1) * SIDE)


def noted(shapes, people):
    outline = np.array(shapes, dtype=object)
    faults = FaultList("cells.geojson")
    notes = note_overlaps(
        outline,
        *np.array([[104.0, 30.0]] * len(outline)).T,
        ids=tuple(f"c{i}" for i in range(len(outline))),
        rows=tuple(range(2, len(outline) + 2)),
        counts={"population": np.array(people, dtype=float)},
        faults=faults,
    )
    return [str(note) for note in notes], [(fault.row, str(fault.what)) for fault in faults.faults]


def test_overlapping_cells_are_counted_with_area_and_people():
    notes, found = noted([square(0, 0), square(0, 0), square(0.5, 0), square(5, 0)], [1000, 1000, 1000, 70])
    # A square of a thousandth of a degree has 111.2 m x 110.9 m x cos 30; two halves of the third lie in the others.
    assert notes == ["3 cells overlap, by 0.016 km2 (3,000 people); may be counted twice, by area: 1,500 people."]
    assert found == [(3, "The cell c1 overlaps the cell c0."), (4, "The cell c2 overlaps the cell c0.")]


def test_a_cell_inside_another_overlaps_it():
    notes, found = noted([square(0, 0), square(0, 0).buffer(-SIDE / 4)], [100, 8])
    assert len(found) == 1 and "may be counted twice, by area: 8 people" in notes[0]


@pytest.mark.parametrize("turn", [0.0, 1.3])
def test_neighbours_and_slivers_do_not_overlap(turn):
    grid = [square(column, row) for column in range(6) for row in range(6)]
    grid.append(square(6.0 - 0.005, 0))  # drawn half a percent too far to the left
    shapes = [shapely.affinity.rotate(shape, turn, origin=(104, 30)) for shape in grid]
    assert noted(shapes, [1] * len(shapes)) == ([], [])


def read(path, text=None, **keys):
    if text is not None:
        path.write_text(text, "utf-8")
    return read_cells(Located(DemandInput(file=path.name, datum="wgs84", **keys), path), ("population",), RULES)


def test_cells_at_one_point_are_counted_with_people(tmp_path):
    rows = "c1,104.06,30.65,1000\nc2,104.06,30.65,800\nc3,104.07,30.65,5\n"
    table = read(tmp_path / "cells.csv", f"id,lon,lat,population\n{rows}")
    assert [str(note) for note in table.notes] == [
        "2 cells share a point with another (1,800 people); may be counted twice: up to 800 people."
    ]
    (found,) = [fault for fault in table.quality.findings if fault.code == "cell_overlap"]
    assert (found.row, found.action) == (3, "kept")


CODES = ["010104001002", "510104001003", "000000000007"]


def test_codes_of_text_stay_text_in_csv_and_workbooks(tmp_path):
    rows = "".join(f"{code},{104 + i / 100},30.6,5\n" for i, code in enumerate(CODES))
    assert list(read(tmp_path / "c.csv", f"编码,经度,纬度,人口\n{rows}").cell_id) == CODES
    book = openpyxl.Workbook()
    book.active.append(["编码", "经度", "纬度", "人口"])
    for i, code in enumerate(CODES):
        book.active.append([code, 104 + i / 100, 30.6, 5])
    book.save(tmp_path / "c.xlsx")
    assert list(read(tmp_path / "c.xlsx").cell_id) == CODES
    for number in (510104001003, 510104):  # numbers become their digits, without a decimal point
        book.active.cell(2, 1, number)
        book.save(tmp_path / "c.xlsx")
        assert read(tmp_path / "c.xlsx").cell_id[0] == str(number)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".parquet", ".shp"])
@pytest.mark.parametrize("codes", [CODES, [510104001003, 510104001004, 510104001005], [510104.0, 510105.0, 510106.0]])
def test_codes_stay_digits_in_files_of_features(tmp_path, suffix, codes):
    shapes = geopandas.points_from_xy([104.0, 104.01, 104.02], [30.6] * 3)
    frame = geopandas.GeoDataFrame({"code": pd.Series(codes), "population": [5] * 3}, geometry=shapes, crs="EPSG:4326")
    path = tmp_path / f"c{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path)
    else:
        pyogrio.write_dataframe(frame.rename(columns={"population": "pop"}), path)
    wanted = codes if isinstance(codes[0], str) else [str(int(code)) for code in codes]
    assert list(read(path, columns={"id": "code"}).cell_id) == wanted
