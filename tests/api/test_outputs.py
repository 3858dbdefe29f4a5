"""What a plan leaves behind: files that agree with each other, are safe to open, and are never half written."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import openpyxl
import pyogrio
import pytest
from support.altered import altered
from support.environment import ROOT

import stationplan as sp
from stationplan.api import output
from stationplan.documents.pdf import has_chinese_font
from stationplan.errors import OutputExistsError
from stationplan.report import document, document_text, schema, sites_csv, write_workbook
from stationplan.report.tables import formula_safe

FILES = {
    "plan.json",
    "sites.csv",
    "sites.xlsx",
    "plan.gpkg",
    "plan.record",
    "map.html",
    "report.html",
    "report.docx",
    "scenario.resolved.toml",
    "manifest.json",
    *(["report.pdf"] if has_chinese_font() else []),
}
DANGEROUS = ['=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"]


@pytest.fixture(scope="module")
def saved(demo_plan, tmp_path_factory) -> Path:
    """The demo's output folder; tests that spoil it copy it first."""
    folder = tmp_path_factory.mktemp("saved") / "demo"
    demo_plan.save(folder)
    return folder


@pytest.fixture
def result(saved, tmp_path) -> Path:
    return shutil.copytree(saved, tmp_path / "result")


@pytest.fixture
def small_scenario(demo_folder) -> str:
    """The demo cut to one new site and forty cells, to be run quickly."""
    cells, scenario = demo_folder / "cells.csv", demo_folder / "scenario.toml"
    cells.write_text("\n".join(cells.read_text("utf-8").splitlines()[:41]) + "\n", "utf-8")
    scenario.write_text(scenario.read_text("utf-8").replace("new = 20", "new = 1"), "utf-8")
    return str(scenario)


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def with_names(plan, texts):
    """The plan, its first proposed sites called ``texts`` in every text that an input may set."""
    sites = plan.sites
    columns = {key: list(getattr(sites, key)) for key in ("site_id", "name", "address", "hours")}
    for site, text in zip(plan.chosen, texts, strict=False):
        for column in columns.values():
            column[site] = text
    return altered(plan, sites=replace(sites, **{key: tuple(column) for key, column in columns.items()}))


# --- plan.json -----------------------------------------------------------------------------------------------------


def test_the_folder_holds_exactly_the_promised_files(saved):
    assert {path.name for path in saved.iterdir()} == FILES


def test_plan_json_follows_its_schema_and_the_schema_is_one(saved):
    jsonschema.Draft202012Validator.check_schema(schema())
    plan = json.loads((saved / "plan.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema()).validate(plan)
    assert plan["schema"] == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda plan: plan.pop("sites"),
        lambda plan: plan["solution"].update(termination="lucky"),
        lambda plan: plan["sites"][0].pop("workers_gained"),
        lambda plan: plan["coverage"]["after"].update(share=1.5),
        lambda plan: plan["sites"][0].update(lon="104"),
    ],
)
def test_the_schema_refuses_what_readers_could_not_use(saved, spoil):
    plan = json.loads((saved / "plan.json").read_text("utf-8"))
    spoil(plan)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(plan)


def test_proposed_sites_stand_where_their_rows_say(demo_plan):
    with (ROOT / "data/demo/candidates.csv").open(encoding="utf-8-sig") as file:
        rows = {row["编码"]: row for row in csv.DictReader(file)}
    for site in document(demo_plan)["sites"]:
        row = rows[site["site_id"]]
        assert site["lon"] == pytest.approx(float(row["经度"]), abs=2e-7)
        assert site["lat"] == pytest.approx(float(row["纬度"]), abs=2e-7)
        assert site["name"] == row["名称"]
        assert row["费用"] in ("", f"{site['cost']:g}")


# --- tables --------------------------------------------------------------------------------------------------------


def test_sites_csv_says_what_plan_json_says(saved):
    sites = json.loads((saved / "plan.json").read_text("utf-8"))["sites"]
    data = (saved / "sites.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert len(rows) == len(sites) == 20
    for row, site in zip(rows, sites, strict=True):
        for key, text in row.items():
            value = "" if site[key] is None else site[key]
            assert (float(text) if isinstance(value, int | float) else text) == value


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_that_a_spreadsheet_would_run_is_disarmed(text):
    assert formula_safe(text) == f"'{text}"


def test_dangerous_names_are_disarmed_in_csv_and_numbers_are_not_harmed(demo_plan):
    plan = with_names(demo_plan, DANGEROUS)
    rows = list(csv.reader(io.StringIO(sites_csv(plan), newline="")))
    header, *body = rows
    for row, text in zip(body, DANGEROUS, strict=False):
        cells = dict(zip(header, row, strict=True))
        assert [cells[key] for key in ("site_id", "name", "address", "hours")] == [f"'{text}"] * 4
    assert not any(cell[:1] in "=+@\t\r" and cell for row in body for cell in row)


def test_negative_coordinates_stay_numbers(porto_alegre):
    rows = list(csv.DictReader(io.StringIO(sites_csv(porto_alegre), newline="")))
    sites = document(porto_alegre)["sites"]
    assert [float(row["lon"]) for row in rows] == [site["lon"] for site in sites]
    assert all(site["lon"] < -51 and site["lat"] < -29 for site in sites)


def test_the_workbook_holds_no_formula_and_keeps_its_heads_in_sight(demo_plan, tmp_path):
    write_workbook(with_names(demo_plan, DANGEROUS), tmp_path / "sites.xlsx", lang="en")
    book = openpyxl.load_workbook(tmp_path / "sites.xlsx")
    assert book.sheetnames == [
        *(
            "Summary",
            "Proposed sites",
            "Reasons for selection",
            "Existing stations",
            "Gaps",
            "Coverage",
            "Assumptions",
            "Data quality",
            "Inputs",
            "Notes",
        )
    ]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert not any(cell.hyperlink for cell in cells)
    assert all(sheet.freeze_panes == "A2" for sheet in book)
    names = [row[2] for row in book["Proposed sites"].iter_rows(min_row=2, values_only=True)]
    safe = [text for text in DANGEROUS if "\r" not in text]
    assert [name for name in names if name in safe] == safe
    assert len(names) == 20


def test_the_workbook_says_what_plan_json_says(saved):
    plan = json.loads((saved / "plan.json").read_text("utf-8"))
    book = openpyxl.load_workbook(saved / "sites.xlsx")
    assert book.sheetnames == [
        *("概要", "拟建站点", "选址理由", "现有站点", "覆盖缺口", "覆盖率", "测算依据", "数据质量", "输入数据", "说明")
    ]
    rows = list(book["拟建站点"].iter_rows(min_row=2, values_only=True))
    for row, site in zip(rows, plan["sites"], strict=True):
        assert row[:2] == (site["order"], site["site_id"])
        degrees = (site["lon"], site["lat"], site["lon_gcj02"], site["lat_gcj02"])
        assert row[8:14] == pytest.approx((*degrees, site["workers_gained"], site["cost"]), abs=1e-6)
        assert row[18] == pytest.approx(site["why"]["removal_loss"], abs=1e-6)
    whole = next(book["覆盖率"].iter_rows(min_row=2, values_only=True))
    coverage = plan["coverage"]
    assert whole[2:7] == pytest.approx(
        (
            coverage["total"],
            *(coverage[moment][key] for moment in ("before", "after") for key in ("workers", "share")),
        ),
        abs=1e-6,
    )
    assert book["覆盖率"].max_row == 1 + 1 + 5 + 4 + 6


def test_the_same_plan_is_written_with_the_same_bytes(demo_plan, saved, tmp_path):
    demo_plan.save(tmp_path / "again")
    once, again = hashes(saved), hashes(tmp_path / "again")
    # A GeoPackage carries the time of its making.
    assert [name for name in FILES if once[name] != again[name]] in ([], ["plan.gpkg"])


def test_the_geopackage_has_its_layers_in_wgs84(saved, demo_plan):
    path = saved / "plan.gpkg"
    counts = {"proposed": 20, "existing": 80, "districts": 5, "demand": demo_plan.counts["cells"]}
    assert {name for name, _ in pyogrio.list_layers(path)} == set(counts)
    frames = {layer: pyogrio.read_dataframe(path, layer=layer) for layer in counts}
    assert {layer: len(frame) for layer, frame in frames.items()} == counts
    for frame in frames.values():
        assert frame.crs.to_epsg() == 4326
        west, south, east, north = frame.total_bounds
        assert 104 < west < east < 106
        assert 30 < south < north < 32
    plan = document(demo_plan)
    assert frames["proposed"]["site_id"].tolist() == [site["site_id"] for site in plan["sites"]]
    assert frames["proposed"].geometry.x.to_numpy() == pytest.approx([s["lon"] for s in plan["sites"]], abs=1e-6)
    assert frames["demand"]["workers"].sum() == pytest.approx(plan["coverage"]["total"])
    left = plan["coverage"]["total"] - plan["coverage"]["after"]["workers"]
    assert frames["demand"]["uncovered_after"].sum() == pytest.approx(left)
    assert "cost" not in frames["existing"]
    assert set(frames["existing"]["district"]) <= {*demo_plan.area.districts["name"], "区县范围以外"}


# --- provenance ----------------------------------------------------------------------------------------------------


def test_the_manifest_hashes_every_input(saved):
    manifest = json.loads((saved / "manifest.json").read_text("utf-8"))
    inputs = {item["path"]: item for item in manifest["inputs"]}
    assert set(inputs) == {path.name for path in (ROOT / "data/demo").iterdir()}
    for name, item in inputs.items():
        assert item["sha256"] == hashlib.sha256((ROOT / "data/demo" / name).read_bytes()).hexdigest()
    assert {item["role"]: item["datum"] for item in manifest["inputs"]} == {
        "scenario": "",
        "area": "wgs84",
        "roads.nodes": "wgs84",
        "roads.edges": "wgs84",
        "demand": "wgs84",
        "stations": "gcj02",
        "candidates": "wgs84",
    }
    resolved = (saved / "scenario.resolved.toml").read_bytes()
    assert manifest["scenario"] == hashlib.sha256(resolved).hexdigest()
    assert {"python", "stationplan", "highspy", "numpy"} <= set(manifest["versions"])
    assert manifest["crs"] == "EPSG:32648"


def test_the_resolved_scenario_gives_the_same_plan(saved, demo_folder, demo_plan):
    shutil.copy(saved / "scenario.resolved.toml", demo_folder)
    again = sp.run(sp.load_scenario(demo_folder / "scenario.resolved.toml"))
    assert document_text(again) == document_text(demo_plan)


# --- writing and replacing -----------------------------------------------------------------------------------------


def test_a_result_is_replaced_only_when_asked(demo_plan, result):
    (result / "plan.json").write_text("old")
    with pytest.raises(OutputExistsError, match="--overwrite"):
        demo_plan.save(result)
    assert (result / "plan.json").read_text() == "old"
    demo_plan.save(result, overwrite=True)
    assert (result / "plan.json").read_text("utf-8") == document_text(demo_plan)
    assert [path.name for path in result.parent.iterdir()] == ["result"]


def test_a_folder_that_is_no_result_is_never_replaced(demo_plan, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "family.jpg").write_text("dear")
    with pytest.raises(OutputExistsError):
        demo_plan.save(folder, overwrite=True)
    assert (folder / "family.jpg").read_text() == "dear"
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_a_file_in_the_place_of_the_folder_is_never_replaced(demo_plan, tmp_path):
    (tmp_path / "result").write_text("dear")
    with pytest.raises(OutputExistsError):
        demo_plan.save(tmp_path / "result", overwrite=True)
    assert (tmp_path / "result").read_text() == "dear"


@pytest.mark.parametrize("place", [".", ".."])
def test_a_folder_without_a_name_of_its_own_is_refused(demo_plan, tmp_path, monkeypatch, place):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(OutputExistsError):
        demo_plan.save(place, overwrite=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["here"]


@pytest.mark.parametrize(
    "writer",
    ["render", "report_page", "write_workbook", "write_word", "write_pdf", "write_geopackage", "document_text"],
)
def test_when_writing_fails_the_old_result_stays_whole_and_nothing_else(demo_plan, result, monkeypatch, writer):
    before = hashes(result)

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output, writer, fail)
    with pytest.raises(OSError, match="No space left"):
        demo_plan.save(result, overwrite=True)
    assert hashes(result) == before
    assert [path.name for path in result.parent.iterdir()] == ["result"]


def test_when_the_last_rename_fails_the_old_result_stands_again(demo_plan, result, monkeypatch):
    before, rename = hashes(result), Path.rename

    def fail(path, target):
        if path.suffix == ".part":
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="Input/output"):
        demo_plan.save(result, overwrite=True)
    assert hashes(result) == before
    assert [path.name for path in result.parent.iterdir()] == ["result"]


def test_a_result_moved_aside_by_a_killed_run_is_found_again(demo_plan, result):
    before = hashes(result)
    result.rename(result.with_name(".result.old"))
    with pytest.raises(OutputExistsError):
        demo_plan.save(result)
    assert hashes(result) == before
    assert [path.name for path in result.parent.iterdir()] == ["result"]


def test_what_a_killed_run_moved_aside_goes_once_the_new_result_stands(demo_plan, result):
    shutil.copytree(result, result.with_name(".result.old"))
    demo_plan.save(result, overwrite=True)
    assert [path.name for path in result.parent.iterdir()] == ["result"]


def test_a_map_may_lie_elsewhere_and_is_not_replaced_unasked(demo_plan, tmp_path):
    place = tmp_path / "maps/demo.html"
    demo_plan.save(tmp_path / "out", map_path=place)
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES - {"map.html"}
    assert [path.name for path in place.parent.iterdir()] == ["demo.html"]
    with pytest.raises(OutputExistsError, match=r"demo\.html"):
        demo_plan.save(tmp_path / "other", map_path=place)
    assert not (tmp_path / "other").exists()


def test_a_new_result_can_be_read_by_others_as_the_mask_allows(demo_plan, tmp_path):
    mask = os.umask(0o027)
    try:
        demo_plan.save(tmp_path / "result")
    finally:
        os.umask(mask)
    assert (tmp_path / "result").stat().st_mode & 0o777 == 0o750


SLOW_WRITER = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for commands in the background
import sys, time
from stationplan.api import output
def wait(*_, **__):
    print("writing", flush=True)
    time.sleep(60)
output.write_geopackage = wait
from stationplan.cli import main
main(["run", sys.argv[1], "--out", sys.argv[2], "--overwrite"])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_a_run_killed_while_writing_leaves_the_old_result_whole(result, small_scenario):
    before = hashes(result)
    command = [sys.executable, "-c", SLOW_WRITER, small_scenario, str(result)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
        assert run.stdout.readline() == "writing\n"
        run.send_signal(signal.SIGKILL)
    assert run.returncode == -signal.SIGKILL
    assert hashes(result) == before


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT is POSIX")
def test_a_run_stopped_by_the_user_leaves_nothing_new(result, small_scenario):
    before = hashes(result)
    command = [sys.executable, "-c", SLOW_WRITER, small_scenario, str(result)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout.readline() == "writing\n"
        time.sleep(0.1)  # the line is printed just before the sleep that is to be interrupted
        run.send_signal(signal.SIGINT)
        said = run.stderr.read()
    assert run.returncode == 130
    assert "Stopped" in said
    assert "Traceback" not in said
    assert hashes(result) == before
    assert sorted(path.name for path in result.parent.iterdir()) == ["demo", "result"]


def test_every_number_of_the_plan_is_finite(demo_plan):
    def walk(value):
        if isinstance(value, dict):
            for item in value.values():
                yield from walk(item)
        elif isinstance(value, list):
            for item in value:
                yield from walk(item)
        elif isinstance(value, float):
            yield value

    numbers = list(walk(document(demo_plan)))
    assert len(numbers) > 100
    assert np.isfinite(numbers).all()


def test_a_result_among_other_files_is_never_replaced(demo_plan, result):
    (result / "notes.txt").write_text("dear")
    with pytest.raises(OutputExistsError, match=r"not results: notes\.txt"):
        demo_plan.save(result, overwrite=True)
    assert (result / "notes.txt").read_text() == "dear"


def test_a_link_to_a_folder_is_followed_and_stays(demo_plan, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    for _ in range(2):
        demo_plan.save(tmp_path / "link", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "disk" / "plan.json").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "link"]
