"""Unforeseen errors, and what the operating system refuses: one message, an exit code, nothing half written."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys

import pytest
from support.program import call
from support.village import village

import stationplan.planning.prepare as prepare


@pytest.fixture
def scenario(tmp_path):
    return village(tmp_path / "in", "new = 1")


class Panic(BaseException):
    """As libraries in other languages raise it."""


@pytest.mark.parametrize("kind", [KeyError, AttributeError, RecursionError, MemoryError, Panic])
def test_an_unforeseen_error_is_one_message_and_a_file_to_send(scenario, tmp_path, capsys, monkeypatch, kind):
    cell = "secret cell of a table"

    def fail(*_, **__):
        raise kind(cell)

    monkeypatch.setattr(prepare, "read_tables", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, out, err = call("run", scenario, "--out", tmp_path / "out", "--lang", "en", capsys=capsys)
    [report] = tmp_path.glob("stationplan-error-*.txt")
    assert (code, out) == (1, "")
    assert err.splitlines()[0].startswith(f"Unexpected error ({kind.__name__}): ")
    assert str(report) in err and "Traceback" not in err and len(err.splitlines()) == 2
    text = report.read_text("utf-8")
    assert "command: stationplan run --out --lang" in text and "numpy" in text and "in fail" in text
    assert "secret" not in text and scenario.name not in text
    assert not (tmp_path / "out").exists()


def test_debug_raises_instead(scenario, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(prepare, "read_tables", lambda *_, **__: {}["gone"])
    with pytest.raises(KeyError):
        from stationplan.cli import main  # noqa: PLC0415

        main(["run", str(scenario), "--out", str(tmp_path / "out"), "--debug"])
    assert capsys.readouterr().out == ""


def test_a_report_that_cannot_be_written_is_no_second_error(scenario, capsys, monkeypatch):
    monkeypatch.setattr(prepare, "read_tables", lambda *_, **__: {}["gone"])
    monkeypatch.setattr("tempfile.tempdir", "/dev/null/gone")
    code, _, err = call("check", scenario, "--lang", "en", capsys=capsys)
    assert code in (0, 1)
    code, _, err = call("run", scenario, "--out", scenario.parent / "out", "--lang", "en", capsys=capsys)
    assert code == 1 and "--debug" in err


@pytest.mark.parametrize(
    ("name", "code"),
    [("a\nb", 2), ("x" * 300, 2), ("in/village.toml/out", 2), ("blank ' \"#%?&; 名", 0)],
)
def test_names_that_cannot_be_written(scenario, tmp_path, capsys, name, code):
    found, _, err = call("run", scenario, "--out", tmp_path / name, "--lang", "en", capsys=capsys)
    assert found == code
    assert "Traceback" not in err and (code == 0 or "The operating system refused" in err)
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


@pytest.mark.skipif(shutil.which("mount") is None or not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounts")
def test_a_disk_that_fills_up_at_any_file_is_told_and_left_empty(scenario, tmp_path, capsys):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        size, codes = 64, []
        while size < 4000 and codes[-1:] != [0]:
            subprocess.run(["mount", "-o", f"remount,size={size}k", disk], check=True)
            code, _, err = call("run", scenario, "--out", disk / "out", "--lang", "en", capsys=capsys)
            codes.append(code)
            if code:
                assert f"[Errno {errno.ENOSPC}] No space left on device" in err and "Free some space" in err
                assert list(disk.iterdir()) == []
            size += 160
    finally:
        subprocess.run(["umount", disk], check=True)
    assert codes[-1] == 0 and set(codes[:-1]) == {1} and len(codes) > 3


def results(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_no_command_writes_over_an_input(scenario, tmp_path, capsys, monkeypatch):
    plans = tmp_path / "plans"
    for name in ("a", "b"):
        assert call("run", scenario, "--out", plans / name, "--lang", "en", capsys=capsys)[0] == 0
    nodes, edges = scenario.parent / "nodes.csv", scenario.parent / "edges.csv"
    roads = tmp_path / "x.roads.npz"
    given = ("--datum", "wgs84", "--lang", "en")
    assert call("roads", nodes, edges, "-o", roads, *given, capsys=capsys)[0] == 0
    # sites.csv of a plan is a list of candidates of the next one
    (scenario.parent / "out").mkdir()
    shutil.copy(plans / "a" / "sites.csv", scenario.parent / "out" / "sites.csv")
    text = scenario.read_text("utf-8").replace("candidates.csv", "out/sites.csv")
    again = scenario.with_name("again.toml")
    again.write_text(text, encoding="utf-8")
    (tmp_path / "link").symlink_to(plans / "a")
    monkeypatch.chdir(tmp_path)
    before = results(tmp_path)
    for arguments in (
        ("compare", plans / "a", plans / "b", "-o", plans / "a" / "map.html", "--overwrite"),
        ("compare", plans / "a", plans / "b", "-o", "link/map.html", "--overwrite"),
        ("map", plans / "a", "-o", "plans/a/plan.record", "--overwrite"),
        ("report", plans / "a", "--out", "link", "--overwrite"),
        ("roads", roads, "-o", roads, "--overwrite"),
        ("run", again, "--out", scenario.parent / "out", "--overwrite"),
        ("check", again, "--out", scenario.parent / "out" / "sites.csv" / "..", "--overwrite"),
    ):
        code, _, err = call(*arguments, "--lang", "en", capsys=capsys)
        if arguments[0] != "check":
            assert (code, "is an input of this command" in err) == (2, True), arguments
    (scenario.parent / "out" / "quality.xlsx").unlink(missing_ok=True)
    assert results(tmp_path) == before


def test_what_killed_runs_left_is_removed_and_told(scenario, tmp_path, capsys):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / f".out.{gone.pid}.abc_1.part").mkdir()
    (tmp_path / f".out.{os.getpid()}.abc_1.part").mkdir()
    (tmp_path / f".other.{gone.pid}.abc_1.part").mkdir()
    code, _, err = call("run", scenario, "--out", tmp_path / "out", "--lang", "en", capsys=capsys)
    assert code == 0 and f".out.{gone.pid}.abc_1.part" in err and "were removed" in err
    left = [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")]
    assert sorted(left) == sorted([f".out.{os.getpid()}.abc_1.part", f".other.{gone.pid}.abc_1.part"])
