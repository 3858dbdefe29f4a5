"""Batches: planned by processes or a cluster, put together, and gone on with."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.batches import QUIET, batch, files, same
from support.demo import DEMO, demo_scenario
from support.village import village

import stationplan as sp
from stationplan.cli.app import main
from stationplan.errors import InputError
from stationplan.report import document

# --- a batch ----------------------------------------------------------------------------------------------------------


def test_a_batch_writes_a_folder_for_each_unit_and_the_table_of_all(county_batch, whole):
    _, out, made = county_batch
    assert not made.failed
    assert made.kept == 0
    assert {path.name for path in out.iterdir()} == {
        "units",
        "league.csv",
        "league.xlsx",
        "index.html",
        "map.html",
        "manifest.json",
        "report.html",
        "report.docx",
        "report.pdf",
    }
    with (out / "league.csv").open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["rank"]) for row in rows] == [1, 2, 3, 4, 5]
    shares = [float(row["share_after"]) for row in rows]
    assert shares == sorted(shares, reverse=True)
    before = document(whole)["coverage"]["before"]["workers"]
    assert sum(float(row["covered_before"]) for row in rows) == pytest.approx(before, abs=1e-3)
    for row in rows:
        plan = json.loads((out / "units" / row["unit"] / "plan.json").read_text("utf-8"))
        assert float(row["covered_after"]) == plan["coverage"]["after"]["workers"]
        assert int(row["new_sites"]) == len(plan["sites"])
        assert (out / "units" / row["unit"] / "map.html").exists()
    page = (out / "index.html").read_text("utf-8")
    for row in rows:
        assert f'href="units/{row["unit"]}/map.html"' in page
        assert row["name"] in page


def test_the_number_of_workers_changes_no_byte(county_batch, tmp_path):
    scenario, out, _ = county_batch  # by one
    batch(scenario, tmp_path / "out", workers=4)
    assert same(out, tmp_path / "out")


def test_what_stands_is_kept_and_a_change_redoes_the_units_that_it_touches(county_batch, tmp_path, dask):
    scenario, out, _ = county_batch
    again = tmp_path / "out"
    shutil.copytree(out, again)
    times = {path: path.stat().st_mtime_ns for path in again.glob("units/*/plan.json")}
    assert batch(scenario, again).kept == 5
    assert {path: path.stat().st_mtime_ns for path in again.glob("units/*/plan.json")} == times
    # A candidate of one county becomes dearer.
    data = tmp_path / "data"
    shutil.copytree(DEMO.parent, data)
    lines = (data / "candidates.csv").read_text("utf-8").splitlines()
    changed = lines[1].rsplit(",", 1)[0]
    (data / "candidates.csv").write_text("\n".join([lines[0], f"{changed},99999", *lines[2:]]) + "\n", encoding="utf-8")
    made = batch(sp.load_scenario(scenario.path, data=data), again, scheduler=dask)
    assert made.kept == 4
    redone = [path for path, time_ns in times.items() if path.stat().st_mtime_ns != time_ns]
    assert len(redone) == 1


def test_a_killed_batch_goes_on_and_ends_in_the_same_bytes(tmp_path, dask):
    path = village(tmp_path, "new = 2")
    batch(sp.load_scenario(path), tmp_path / "whole", scheduler=dask)
    program = str(Path(sys.executable).with_name("stationplan"))
    command = [*(program, "batch", str(path), "--by", "county"), *("--out", str(tmp_path / "out"), "--workers", "2")]
    chance = random.Random(4)
    for _ in range(3):
        process = subprocess.Popen(command, start_new_session=True, **QUIET)
        time.sleep(chance.uniform(1.0, 8.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    assert same(tmp_path / "whole", tmp_path / "out")


def test_a_unit_that_fails_is_told_and_stops_no_other(tmp_path, capsys, dask):
    # The county of the centre is nearly covered; the others cannot reach 99 % with one site each.
    scenario = demo_scenario(tmp_path, "new = 8\ntarget_share = 0.99")
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "batch",
                str(scenario.path),
                "--data",
                str(DEMO.parent),
                "--by",
                "county",
                "--out",
                str(out),
                "--lang",
                "en",
                "--dask",
                dask,
            ]
        )
    told = capsys.readouterr().out
    assert ended.value.code == 1
    assert "The coverage target of 99.0% is not reached." in told
    assert {path.name for path in (out / "units").iterdir()} == {"990101"}
    page = (out / "index.html").read_text("utf-8")
    assert "Units without a plan" in page
    assert page.count("is not reached") == 4


def test_a_folder_with_anything_else_is_left_alone(tmp_path):
    scenario = demo_scenario(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.docx").write_text("years of work")
    with pytest.raises(InputError, match=r"files that are not results of a batch: thesis\.docx"):
        batch(scenario, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.docx"]


def test_what_a_killed_batch_left_behind_is_cleared_and_nothing_else(tmp_path, dask):
    path = village(tmp_path, "robustness_draws = 0\nnew = 2")
    out = tmp_path / "out"
    batch(sp.load_scenario(path), out, scheduler=dask)
    before = files(out)
    (out / ".league.xlsx.1234567.part").write_text("half")
    (out / ".report.docx.1234567.part").write_text("half")
    (out / ".parts.1234567.abc").mkdir()
    (out / "units/.West.1234567.abc.part").mkdir()
    assert batch(sp.load_scenario(path), out).kept == 2
    assert files(out) == before
    assert not list(out.glob(".*"))
    (out / f".parts.{os.getpid()}.abc").mkdir()
    with pytest.raises(InputError, match="Another batch is running"):
        batch(sp.load_scenario(path), out)
    (out / f".parts.{os.getpid()}.abc").rmdir()
    (out / "units/mine").mkdir()
    with pytest.raises(InputError, match="contains files that are not results of a batch: units/mine"):
        batch(sp.load_scenario(path), out)


# --- a cluster --------------------------------------------------------------------------------------------------------


@pytest.fixture
def cluster():
    """A real scheduler and two workers, each a process of its own."""
    ready = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    scheduler = subprocess.Popen(
        [*ready, "--host", "127.0.0.1", "--port", "0", "--no-dashboard"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    address = next(line.split("Scheduler at:")[1].strip() for line in scheduler.stderr if "Scheduler at:" in line)
    command = [*(sys.executable, "-m", "distributed.cli.dask_worker", address), "--nthreads", "1", "--no-dashboard"]
    workers = [
        subprocess.Popen([*command, "--no-nanny"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    yield address, workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()
    scheduler.stderr.close()


def test_a_cluster_makes_the_same_bytes_though_a_worker_is_killed(county_batch, cluster, tmp_path):
    scenario, whole, _ = county_batch
    address, workers = cluster
    ended = []

    def told(number, total, message):
        ended.append(str(message))
        if number == 1:
            workers[0].kill()

    made = batch(scenario, tmp_path / "out", scheduler=address, told=told)
    assert not made.failed
    assert sorted(ended) == sorted(
        f"{unit} is finished." for unit in ("990101", "990102", "990103", "990104", "990201")
    )
    assert workers[0].wait() != 0
    assert same(whole, tmp_path / "out")


def test_a_scheduler_that_does_not_answer_is_told(tmp_path):
    with pytest.raises(InputError, match=r"No Dask scheduler responds at tcp://127\.0\.0\.1:9"):
        batch(demo_scenario(tmp_path), tmp_path / "out", scheduler="tcp://127.0.0.1:9")


def test_without_dask_the_command_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"requires the package distributed.*stationplan\[dask\]"):
        batch(demo_scenario(tmp_path), tmp_path / "out")
