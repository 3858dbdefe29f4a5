"""The command line: what it prints where, in which language, and what it refuses."""

from __future__ import annotations

import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from support.demo import cut_demo
from support.environment import ROOT
from support.program import call, program

from stationplan.cli.app import main
from stationplan.documents.pdf import has_chinese_font
from stationplan.report import document

COMMANDS = ("demo", "run")


@pytest.fixture
def small(demo_folder) -> Path:
    return cut_demo(demo_folder)


def test_demo_makes_data_map_and_results_and_may_be_run_again(tmp_path, demo_plan, capsys, monkeypatch):
    first = program("demo", "--json", folder=tmp_path)
    assert (first.returncode, first.stderr) == (0, "")
    answer = json.loads(first.stdout)
    assert {
        **document(demo_plan),
        "out": "out/demo",
        "map": "maps/demo.html",
        "report": "out/demo/report.html",
    } == answer
    made = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert made == {
        *(f"data/demo/{path.name}" for path in (ROOT / "data/demo").iterdir()),
        "maps/demo.html",
        *(f"out/demo/{name}" for name in ("plan.json", "sites.csv", "sites.xlsx", "plan.gpkg", "plan.record")),
        *(f"out/demo/report.{kind}" for kind in ("html", "docx", *(["pdf"] if has_chinese_font() else []))),
        *(f"out/demo/{name}" for name in ("scenario.resolved.toml", "manifest.json")),
    }
    page = (tmp_path / "maps/demo.html").read_bytes()
    monkeypatch.chdir(tmp_path)
    assert call("demo", "--json", "--workers", "1", capsys=capsys) == (0, first.stdout, "")
    assert (tmp_path / "maps/demo.html").read_bytes() == page
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == made


def test_run_prints_json_alone_on_standard_output(small, tmp_path, capsys):
    code, out, err = call("run", small, "--out", tmp_path / "out", "--json", "--lang", "en", capsys=capsys)
    assert (code, err) == (0, "")
    answer = json.loads(out)
    plan = json.loads((tmp_path / "out/plan.json").read_text("utf-8"))
    assert {key: answer[key] for key in plan} == plan
    assert set(answer) - set(plan) == {"out", "map", "report"}
    assert all(Path(answer[key]).exists() for key in ("out", "map", "report"))


def test_logs_go_to_standard_error(small, tmp_path, capsys):
    code, out, err = call("run", small, "--out", tmp_path / "out", "--json", "--verbose", capsys=capsys)
    assert code == 0
    assert json.loads(out)["schema"] == 1
    assert "Selecting sites" in err


@pytest.fixture(scope="module", params=["en", "zh"])
def told(request, tmp_path_factory):
    """One run in each language: the language, the output folder and what was printed."""
    folder = tmp_path_factory.mktemp(request.param)
    scenario = cut_demo(shutil.copytree(ROOT / "data/demo", folder / "demo"))
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as caught:
        main(["run", str(scenario), "--out", str(folder / "out"), "--lang", request.param])
    assert (caught.value.code or 0, err.getvalue()) == (0, "")
    return request.param, folder / "out", out.getvalue()


def test_a_summary_names_every_site_and_where_the_results_lie(told):
    lang, folder, out = told
    plan = json.loads((folder / "plan.json").read_text("utf-8"))
    assert {"en": "Workers covered:", "zh": "现状"}[lang] in out
    for site in plan["sites"]:
        assert site["name"] in out
        assert f"{site['workers_gained']:,.1f}" in out
    assert f"{plan['coverage']['after']['share']:.1%}" in out
    assert str(folder / "map.html") in out


def test_map_and_report_are_in_the_language_asked_for(told):
    lang, folder, _ = told
    title = {"en": "Rest stations for Jinping", "zh": "锦屏市"}[lang]
    for name in ("map.html", "report.html"):
        assert f"<title>{title}" in (folder / name).read_text("utf-8")
    assert f'<html lang="{lang}' in (folder / "report.html").read_text("utf-8")


def test_results_are_replaced_only_when_asked(small, tmp_path, capsys):
    assert call("run", small, "--out", tmp_path / "out", capsys=capsys)[0] == 0
    (tmp_path / "out/plan.json").write_text("old")
    code, out, err = call("run", small, "--out", tmp_path / "out", "--lang", "en", capsys=capsys)
    assert (code, out) == (2, "")
    assert "already exists" in err
    assert "--overwrite" in err
    assert (tmp_path / "out/plan.json").read_text() == "old"
    assert call("run", small, "--out", tmp_path / "out", "--overwrite", capsys=capsys)[0] == 0
    assert json.loads((tmp_path / "out/plan.json").read_text("utf-8"))["schema"] == 1


def test_what_stands_is_refused_before_anything_is_read(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    code, _, err = call("run", tmp_path / "nowhere.toml", "--out", tmp_path / "out", capsys=capsys)
    assert code == 2
    assert "--overwrite" in err


def test_without_options_the_results_are_chinese_and_named_after_the_scenario(small, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    code, out, _ = call("run", small.rename(small.with_name("north.toml")), capsys=capsys)
    assert code == 0
    assert "Workers covered:" in out
    assert "<title>锦屏市" in (tmp_path / "out/north/map.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--help",), COMMANDS),
        (("run", "--help"), ("--data", "--out", "--overwrite", "--json", "--workers", "--lang", "--verbose")),
        (("demo", "--help"), ("--out", "--overwrite", "--json", "--workers", "--lang", "--verbose")),
    ],
)
def test_help_names_every_command_and_option_in_both_languages(capsys, monkeypatch, arguments, expected):
    said = {}
    for lang, locale in (("en", "C.UTF-8"), ("zh", "zh_CN.UTF-8")):
        monkeypatch.setenv("LC_ALL", locale)
        code, said[lang], err = call(*arguments, capsys=capsys)
        assert (code, err) == (0, "")
    assert all(word in text for word in expected for text in said.values())
    assert not any("\u4e00" <= sign <= "\u9fff" for sign in said["en"])
    assert any("\u4e00" <= sign <= "\u9fff" for sign in said["zh"])


def test_the_language_of_help_is_that_of_the_terminal(tmp_path):
    assert "Plan a scenario" in program("run", "--help", folder=tmp_path).stdout
    assert "按方案配置进行选址规划" in program("run", "--help", folder=tmp_path, LANG="zh_CN.UTF-8").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("fly",),
        ("run", "x.toml", "--workers", "0"),
        ("run", "x.toml", "--lang", "fr"),
        ("run", "x", "--nope"),
    ],
)
def test_a_wrong_command_line_exits_with_2(arguments, capsys):
    code, out, err = call(*arguments, capsys=capsys)
    assert (code, out) == (2, "")
    assert "stationplan" in err


@pytest.mark.parametrize("place", [".", "file"])
def test_a_place_that_cannot_hold_the_results_is_refused_without_a_traceback(
    small, tmp_path, capsys, monkeypatch, place
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("dear")
    code, out, err = call("run", small, "--out", place, "--overwrite", "--lang", "en", capsys=capsys)
    assert (code, out) == (2, "")
    assert "--out" in err
    assert (tmp_path / "file").read_text() == "dear"


def test_stopping_a_run_is_told_and_exits_with_130(small, tmp_path, capsys, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("stationplan.planning.aims.coverage.max_coverage", stop)
    code, out, err = call("run", small, "--out", tmp_path / "out", "--lang", "en", capsys=capsys)
    assert (code, out) == (130, "")
    assert "Stopped. Nothing was changed" in err
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_told_and_exits_with_1(small, tmp_path, capsys, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stationplan.api.output.write_workbook", fail)
    code, out, err = call("run", small, "--out", tmp_path / "out", "--lang", "en", capsys=capsys)
    assert (code, out) == (1, "")
    assert "No space left on device" in err
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
