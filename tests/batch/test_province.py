"""The report and the workbook of all units: the same figures as the league table, written as a unit's own are."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
import zipfile

import docx
import openpyxl
import pytest
from support.batches import batch
from support.demo import demo_scenario
from support.documents import HOSTILE, Rows, asked, pdf_text, said_rows, squeezed

from stationplan.batch.folder import storage_at
from stationplan.batch.province_report import province_report, write_report
from stationplan.batch.unit_results import Goal
from stationplan.batch.work import Outcome
from stationplan.documents import pdf as pdf_writer
from stationplan.documents import report_page
from stationplan.documents.content import Report, ReportTable, Section, texts_of
from stationplan.domain import LocalText
from stationplan.errors import say
from stationplan.planning.prepare import prepare
from stationplan.planning.progress import StepClock
from stationplan.text.catalogue import number, percent

LANGUAGES = ["zh", "en"]


@pytest.fixture(scope="module")
def made(tmp_path_factory, chinese_font, dask):
    """A batch of the demo's counties: its folder, its league, and the study it was cut from."""
    folder = tmp_path_factory.mktemp("province")
    scenario = demo_scenario(folder, "new = 6")
    done = batch(scenario, folder / "out", scheduler=dask)
    return folder / "out", done.league, prepare(scenario, StepClock(None))


@pytest.fixture(scope="module")
def league_csv(made):
    with (made[0] / "league.csv").open(encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def plans(made):
    """Every unit's ``plan.json``, best covered first."""
    return [json.loads((made[0] / f"{row.home}/plan.json").read_text("utf-8")) for row in made[1].rows]


def section(report: Report, title: str) -> Section:
    return next(section for section in report.sections if section.title == title)


def tables(report: Report, title: str) -> list[ReportTable]:
    return [block for block in section(report, title).blocks if isinstance(block, ReportTable)]


def texts(table: ReportTable) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def column(rows, key: str) -> list[float]:
    return [float(row[key]) for row in rows]


# --- figures ------------------------------------------------------------------------------------------------------


def test_the_key_figures_are_sums_of_the_league_table(made, league_csv):
    _, league, ready = made
    told = {figure.label: figure for figure in province_report(league, ready, lang="en").figures}
    workers = sum(column(league_csv, "workers"))
    before, after = (sum(column(league_csv, key)) for key in ("covered_before", "covered_after"))
    assert told["Workers covered"].value == f"{percent(before / workers)} → {percent(after / workers)}"
    assert told["New sites"].value == str(sum(int(row["new_sites"]) for row in league_csv))
    cost = sum(column(league_csv, "cost"))
    assert told["Cost (yuan)"].value == number(cost)
    assert told["Cost (yuan)"].note == f"{number(cost / (after - before))} yuan per worker gained"
    circle = [
        sum(float(row[key]) * float(row["workers"]) for row in league_csv) / workers
        for key in ("circle_share_before", "circle_share_after")
    ]
    assert told["Within 15 min and 1,000 m on foot"].value == " → ".join(map(percent, circle))


def test_every_unit_is_in_the_table_and_prefectures_add_up(made, league_csv):
    _, league, ready = made
    report = province_report(league, ready, lang="zh")
    rows = texts(tables(report, "各地区排名")[0])
    assert [row[1] for row in rows] == [row["name"] for row in league_csv]
    assert [row[5] for row in rows] == [percent(float(row["share_after"])) for row in league_csv]
    prefectures = {row[0]: row for row in texts(tables(report, "分市州情况")[0])}
    assert prefectures.keys() == {row["prefecture"] for row in league_csv}
    for name, row in prefectures.items():
        units = [unit for unit in league_csv if unit["prefecture"] == name]
        assert row[1] == number(sum(column(units, "workers")))
        assert row[4] == percent(sum(column(units, "covered_after")) / sum(column(units, "workers")))
        assert row[6] == str(sum(int(unit["new_sites"]) for unit in units))


def test_sites_that_are_enough_add_up_and_are_none_where_a_unit_has_none(made, plans):
    _, league, ready = made
    needed = [plan["scorecard"]["needed"] for plan in plans]
    rows = texts(tables(province_report(league, ready, lang="en"), "15-minute service area")[1])
    for row, goals in zip(rows, zip(*needed, strict=True), strict=True):
        enough = [goal["enough"] for goal in goals]
        lacking = enough.count(None)
        assert row[1] == ("Not reachable; add candidates" if lacking else number(sum(enough)))
        assert row[2] == str(lacking)
    bare = dataclasses.replace(
        league,
        plans=tuple(
            dataclasses.replace(plan, row=dataclasses.replace(plan.row, goals=(Goal(0.5, None if i == 2 else i),)))
            for i, plan in enumerate(league.plans)
        ),
    )
    assert bare.total.goals == (Goal(0.5, None),)


def test_the_biggest_gaps_and_longer_hours_are_those_of_all_units(made, plans):
    _, league, ready = made
    report = province_report(league, ready, lang="en")
    gaps = sorted((gap for plan in plans for gap in plan["gaps"]), key=lambda gap: -gap["workers"])
    rows = texts(tables(report, "Largest remaining gaps")[0])
    assert [(row[1], row[3]) for row in rows] == [(gap["place"]["en"], number(gap["workers"], 1)) for gap in gaps[:20]]
    gains = sorted((one["longer_hours_gain"] for plan in plans for one in plan["audit"]), reverse=True)
    longer, closable = tables(report, "Assessment of existing stations")
    assert [row[3] for row in texts(longer)] == [number(gain, 1) for gain in gains[:10]]
    counts = {row[0]: row[2] for row in texts(closable)}
    for row, plan in zip(league.rows, plans, strict=True):
        count = sum(one["closable"] for one in plan["audit"])
        assert counts.get(row.name.en, "0") == str(count)


def test_units_without_a_plan_and_how_far_the_others_are_is_told(made):
    _, league, ready = made
    worst = league.plans[-1]
    open_ended = dataclasses.replace(worst, row=dataclasses.replace(worst.row, termination="time_limit", gap=0.0123))
    changed = dataclasses.replace(
        league,
        plans=(*league.plans[1:-1], open_ended),
        failed=(Outcome(league.rows[0].unit, (say("There is no way."),)),),
    )
    said = list(texts_of(province_report(changed, ready, lang="en")))
    assert "There is no way." in said
    sheets = [province_report(one, ready, lang="en").sheet.svg for one in (league, changed)]
    assert [">No plan<" in svg for svg in sheets] == [False, True]
    assert "3 of 4 units have a plan that is proven best within its limits." in said
    assert f"The others are at most 1.3% below the best; the largest difference is in {worst.row.name.en}." in said
    unknown = dataclasses.replace(open_ended, row=dataclasses.replace(open_ended.row, gap=None))
    said = texts_of(province_report(dataclasses.replace(league, plans=(unknown,)), ready, lang="en"))
    assert "For 1 units the difference from the best is not known." in said


def test_a_batch_without_any_plan_has_a_report_too(made, tmp_path):
    _, league, ready = made
    none = dataclasses.replace(
        league, plans=(), failed=tuple(Outcome(unit, (say("There is no way."),)) for unit in league.names)
    )
    write_report(none, ready, storage_at(tmp_path), lang="zh")
    assert "无规划结果的地区" in (tmp_path / "report.html").read_text("utf-8")
    assert (tmp_path / "report.pdf").exists()


# --- files --------------------------------------------------------------------------------------------------------


def test_page_word_and_pdf_tell_the_same(made):
    out, league, ready = made
    report = province_report(league, ready, lang="zh")
    rows = said_rows(report)
    assert [[[part.strip() for part in cell] for cell in row] for row in Rows(report_page(report)).rows] == rows
    assert (out / "report.html").read_text("utf-8") == report_page(report)
    in_word = [
        [cell.text for cell in row.cells] for table in docx.Document(out / "report.docx").tables for row in table.rows
    ]
    printed = pdf_text(out / "report.pdf")
    for row in league.rows:
        assert any(row.name.zh in cells[1:2] or f"{row.name.zh}\n{row.prefecture}" in cells[1:2] for cells in in_word)
        assert squeezed(row.name.zh) in printed


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_pdf_begins_with_the_map_of_the_units_and_embeds_its_fonts(made, tmp_path, lang):
    _, league, ready = made
    write_report(league, ready, storage_at(tmp_path), lang=lang)
    sizes = re.findall(r"Page +\d+ size: +([\d.]+) x ([\d.]+)", asked("pdfinfo", "-l", 99, tmp_path / "report.pdf"))
    a3, *rest = [(round(float(a)), round(float(b))) for a, b in sizes]
    assert a3 == (1191, 842)
    assert set(rest) == {(595, 842)}
    fonts = asked("pdffonts", tmp_path / "report.pdf").splitlines()[2:]
    assert fonts
    assert {line.split()[-5] for line in fonts} == {"yes"}
    first = squeezed(asked("pdftotext", "-l", 1, tmp_path / "report.pdf", "-"))
    for row in league.rows:
        assert first.count(row.name.in_language(lang)) == 2  # on the map and in the list


def test_what_stands_below_many_units_is_on_the_map_sheet(made, tmp_path):
    _, league, ready = made
    many = dataclasses.replace(league, plans=league.plans * 20)
    write_report(many, ready, storage_at(tmp_path), lang="en")
    first = squeezed(asked("pdftotext", "-l", 1, tmp_path / "report.pdf", "-"))
    assert "and40more" in first
    assert f"Roads:{squeezed(ready.study.sources[0])}" in first


def test_without_a_chinese_font_no_pdf_stays_that_tells_something_else(made, tmp_path, monkeypatch):
    _, league, ready = made
    (tmp_path / "report.pdf").write_bytes(b"old")
    monkeypatch.setattr(pdf_writer, "has_chinese_font", lambda: False)
    monkeypatch.setattr("stationplan.batch.province_report.write_word", lambda report, path: path.touch())
    write_report(league, ready, storage_at(tmp_path), lang="zh")
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "report.docx"}


def test_the_workbook_lists_every_site_station_and_gap_of_all_units(made, plans, league_csv):
    out, league, _ = made
    book = openpyxl.load_workbook(out / "league.xlsx", read_only=True)
    sheets = {name: list(book[name].values)[1:] for name in ("概要", "各地区排名", "拟建站点", "现有站点", "覆盖缺口")}
    assert [row[1] for row in sheets["各地区排名"]] == [row["unit"] for row in league_csv]
    assert [row[7] for row in sheets["各地区排名"]] == column(league_csv, "covered_after")
    sites = [
        (row.name.zh, site["order"], site["site_id"], site["lon"], site["workers_gained"])
        for row, plan in zip(league.rows, plans, strict=True)
        for site in plan["sites"]
    ]
    assert [(*row[:3], row[6], row[10]) for row in sheets["拟建站点"]] == sites
    stations = [one["site_id"] for plan in plans for one in plan["audit"]]
    assert [row[1] for row in sheets["现有站点"]] == stations
    assert len(set(stations)) == len(stations)
    assert sum(row[9] == "是" for row in sheets["现有站点"]) == sum(int(row["closable"]) for row in league_csv)
    workers = [row[5] for row in sheets["覆盖缺口"]]
    assert workers == sorted(workers, reverse=True)
    assert len(workers) == sum(len(plan["gaps"]) for plan in plans)


# --- text is text -------------------------------------------------------------------------------------------------


def test_hostile_texts_are_text_in_every_writer(made, tmp_path):
    _, league, ready = made
    names = {unit: LocalText(text, text) for unit, text in zip(league.names, HOSTILE[3:], strict=False)}
    hostile = LocalText("".join(HOSTILE[:3]), "<script>alert(1)</script>")
    plans = tuple(
        dataclasses.replace(
            plan,
            row=dataclasses.replace(plan.row, name=names[plan.row.unit], prefecture="<b>#panic()"),
            stations=tuple(dataclasses.replace(one, name=HOSTILE[0], hours=HOSTILE[5]) for one in plan.stations),
            lacks=tuple(dataclasses.replace(one, place=hostile) for one in plan.lacks),
        )
        for plan in league.plans
    )
    changed = dataclasses.replace(league, name=hostile, names=names, plans=plans)
    write_report(changed, ready, storage_at(tmp_path), lang="en")
    page = (tmp_path / "report.html").read_text("utf-8", "surrogateescape")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert zipfile.ZipFile(tmp_path / "report.docx").testzip() is None
    docx.Document(tmp_path / "report.docx")
