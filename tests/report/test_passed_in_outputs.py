"""Columns that no field uses, from the tables of sites to every list of sites that is handed on."""

from __future__ import annotations

import csv
import io

import openpyxl
import pyogrio
import pytest
from support.village import village

import stationplan as sp
from stationplan.report import sites_csv

PHONE = "13800000000"


def saved(folder, *, share=False):
    """The village's plan of one site, saved, with codes, notes and contacts in both lists of sites."""
    path = village(folder / "in", "new = 1")
    for name in ("stations.csv", "candidates.csv"):
        header, *rows = (folder / "in" / name).read_text().splitlines()
        note = f"near the gate; ask {PHONE}" if "cand" in name else "near the gate"
        rows = [f"{row},{i},{note if i == 3 else 'near the gate'},{PHONE}" for i, row in enumerate(rows, 1)]
        (folder / "in" / name).write_text("\n".join([f"{header},序号,备注,联系电话", *rows]) + "\n", encoding="utf-8")
    if share:
        path.write_text("share_contacts = true\n" + path.read_text("utf-8"), encoding="utf-8")
    plan = sp.run(sp.load_scenario(path))
    plan.save(folder / "out")
    return plan, folder / "out"


@pytest.fixture(scope="module")
def withheld(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("withheld"))


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("shared"), share=True)


def rows_of(out):
    """The passed columns as in sites.csv, the sheets of the workbook, and the layers, by output."""
    found = {"sites.csv": list(csv.DictReader(io.StringIO((out / "sites.csv").read_text("utf-8-sig"))))}
    book = openpyxl.load_workbook(out / "sites.xlsx")
    for sheet in book:
        header, *rows = list(sheet.iter_rows(values_only=True))
        if "备注" in header:
            found[sheet.title] = [dict(zip(header, map(str, row), strict=True)) for row in rows]
    for layer in ("proposed", "existing"):
        frame = pyogrio.read_dataframe(out / "plan.gpkg", layer=layer)
        found[layer] = frame.to_dict("records")
    return found


def test_codes_and_notes_reach_every_list_of_sites(withheld):
    found = rows_of(withheld[1])
    assert set(found) >= {"sites.csv", "proposed", "existing"} and len(found) == 5
    for rows in found.values():
        assert rows and all(row["序号"] in {"1", "2", "3", "4", "5"} for row in rows)
        assert all(row["备注"].startswith("near the gate") for row in rows)


def test_a_plan_read_back_writes_the_same_lists(withheld):
    plan, out = withheld
    again = sp.load_plan(out)
    assert sites_csv(again) == sites_csv(plan)
    assert sites_csv(plan).splitlines() == (out / "sites.csv").read_text("utf-8-sig").splitlines()
    assert again.sites.passed[0] == plan.sites.passed[0] == (("序号", "1"), ("备注", "near the gate"))


def test_contacts_reach_no_output_unless_the_scenario_says_so(withheld, tmp_path):
    plan, out = withheld
    assert [row["备注"] for row in rows_of(out)["sites.csv"]] == ["near the gate; ask ***"]
    assert not any("联系电话" in row for rows in rows_of(out).values() for row in rows)
    sp.load_plan(out).save(tmp_path / "again", lang="en")
    for folder in (out, tmp_path / "again"):
        for path in folder.iterdir():
            assert PHONE.encode() not in path.read_bytes(), path.name
    assert PHONE not in repr(plan.sites.passed)


def test_shared_contacts_reach_the_lists_and_not_the_map(shared):
    _, out = shared
    for rows in rows_of(out).values():
        assert all(row["联系电话"] == PHONE for row in rows)
    assert PHONE not in (out / "map.html").read_text("utf-8")
