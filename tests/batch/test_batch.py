"""Batches: units cut out of a study, planned by processes or a cluster, put together, and gone on with."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support.batches import QUIET, batch, files, same
from support.demo import DEMO, demo_scenario
from support.village import CANDIDATES, TOTAL, names, served, village

import stationplan as sp
from stationplan.batch import units_of
from stationplan.batch.allocation import allotted, apportioned
from stationplan.batch.digest import digest_of
from stationplan.batch.folder import storage_at
from stationplan.batch.unit_files import put, take
from stationplan.cli.app import main
from stationplan.errors import ConsistencyError, InputError
from stationplan.planning.pipeline import plan_of
from stationplan.planning.prepare import prepare
from stationplan.planning.progress import StepClock
from stationplan.planning.subset import part_of
from stationplan.report import document


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    return prepare(demo_scenario(tmp_path_factory.mktemp("demo")), StepClock(None))


@pytest.fixture(scope="module")
def whole(ready):
    return plan_of(ready, StepClock(None))


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """An undisturbed batch of the demo's counties."""
    folder = tmp_path_factory.mktemp("batch")
    scenario = demo_scenario(folder)
    return scenario, folder / "out", batch(scenario, folder / "out", workers=1)


# --- units ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["county", "prefecture"])
def test_units_share_out_the_districts(ready, by):
    units = units_of(ready.area, by)
    assert sorted(itertools.chain(*(unit.districts.tolist() for unit in units))) == list(
        range(len(ready.area.districts))
    )
    assert len({unit.folder for unit in units}) == len(units) == {"county": 5, "prefecture": 2}[by]


def test_districts_without_a_prefecture_are_refused_by_name(tmp_path):
    path = village(tmp_path, "new = 1")
    with pytest.raises(InputError, match=r"2 districts have no prefecture, such as West"):
        batch(sp.load_scenario(path), tmp_path / "out", by="prefecture")


@pytest.mark.parametrize("by", ["county", "prefecture"])
def test_a_unit_is_covered_as_its_districts_are_in_the_whole(ready, whole, by):
    before = document(whole)["coverage"]["by_district"]
    for unit in units_of(ready.area, by):
        part = plan_of(part_of(ready, unit.districts, unit.name), StepClock(None))
        told = document(part)["coverage"]
        for mine, row in zip(told["by_district"], unit.districts.tolist(), strict=True):
            assert mine["district_id"] == before[row]["district_id"]
            assert mine["total"] == before[row]["total"]
            assert mine["before"]["workers"] == pytest.approx(before[row]["before"]["workers"], abs=1e-9)
            assert mine["before"]["cross_share"] == pytest.approx(before[row]["before"]["cross_share"], abs=1e-9)
        assert all(part.sites.district[part.chosen] >= 0)


def test_every_cell_and_candidate_is_in_one_unit_and_stations_across_the_border_in_several(ready):
    parts = [part_of(ready, unit.districts, unit.name) for unit in units_of(ready.area, "county")]
    cells = [cell for part in parts for cell in part.demand.cell_id]
    assert sorted(cells) == sorted(ready.demand.cell_id)
    candidates = [part.sites.site_id[i] for part in parts for i in np.flatnonzero(~part.sites.existing)]
    inside = np.flatnonzero(~ready.sites.existing & (ready.sites.district >= 0))
    assert sorted(candidates) == sorted(ready.sites.site_id[i] for i in inside)
    stations = [part.sites.site_id[i] for part in parts for i in np.flatnonzero(part.sites.existing)]
    assert set(stations) == {ready.sites.site_id[i] for i in np.flatnonzero(ready.sites.existing)}
    assert len(stations) > len(set(stations))


def test_a_question_about_sites_reaches_the_unit_that_holds_them(tmp_path):
    scenario = demo_scenario(
        tmp_path, 'new = 3\nrequired = ["C001"]\nforbidden = ["C002"]\nexplain = ["C003"]\nfrontier = [1, 200]'
    )
    ready = prepare(scenario, StepClock(None))
    for unit in units_of(ready.area, "county"):
        part = part_of(ready, unit.districts, unit.name)
        names = set(part.sites.site_id)
        asked = part.file.plan
        for key in ("required", "forbidden", "explain"):
            wanted = getattr(scenario.file.plan, key)
            assert getattr(asked, key) == [site for site in wanted if site in names]
        assert asked.frontier == [number for number in (1, 200) if number <= int((~part.sites.existing).sum())]


# --- store ----------------------------------------------------------------------------------------------------------


def test_a_unit_is_stored_whole_and_known_by_what_it_holds(ready, tmp_path):
    unit = units_of(ready.area, "county")[0]
    part = part_of(ready, unit.districts, unit.name)
    storage = storage_at(tmp_path)
    name, digest = put(part, storage, "parts")
    path = tmp_path / name
    again = take(storage, name, digest)
    assert digest_of(again) == digest_of(part)
    assert [str(note) for note in again.study.notes] == [str(note) for note in part.study.notes]
    assert not again.demand.workers.flags.writeable
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ConsistencyError, match="is not the unit"):
        take(storage, name, digest)


def test_the_content_does_not_depend_on_the_process(ready, tmp_path):
    code = (
        "import sys, stationplan as sp\n"
        "from stationplan.batch.digest import digest_of\nfrom stationplan.planning.subset import part_of\n"
        "from stationplan.batch import units_of\nfrom stationplan.planning.prepare import prepare\n"
        "from stationplan.planning.progress import StepClock\n"
        "ready = prepare(sp.load_scenario(sys.argv[1], data=sys.argv[2]), StepClock(None))\n"
        "print([digest_of(part_of(ready, unit.districts, unit.name)) for unit in units_of(ready.area, 'county')])"
    )
    demo_scenario(tmp_path)
    told = [
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "scenario.toml"), str(DEMO.parent)],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1] != "[]\n"


# --- a batch --------------------------------------------------------------------------------------------------------


def test_a_batch_writes_a_folder_for_each_unit_and_the_table_of_all(done, whole):
    _, out, made = done
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


def test_the_number_of_workers_changes_no_byte(done, tmp_path):
    scenario, out, _ = done  # by one
    batch(scenario, tmp_path / "out", workers=4)
    assert same(out, tmp_path / "out")


def test_what_stands_is_kept_and_a_change_redoes_the_units_that_it_touches(done, tmp_path):
    scenario, out, _ = done
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
    made = batch(sp.load_scenario(scenario.path, data=data), again)
    assert made.kept == 4
    redone = [path for path, time_ns in times.items() if path.stat().st_mtime_ns != time_ns]
    assert len(redone) == 1


def test_a_killed_batch_goes_on_and_ends_in_the_same_bytes(tmp_path):
    path = village(tmp_path, "new = 2")
    batch(sp.load_scenario(path), tmp_path / "whole")
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


def test_a_unit_that_fails_is_told_and_stops_no_other(tmp_path, capsys):
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


# --- one number for all ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 7, 20, 183])
def test_parts_of_a_number_add_up_and_are_next_to_fair(number):
    share = np.random.default_rng(number).dirichlet(np.ones(9))
    parts = apportioned(number, share)
    assert parts.sum() == number
    assert (np.abs(parts - number * share) < 1).all()


def test_equal_and_per_worker_parts(ready):
    units = units_of(ready.area, "county")
    equal, _ = allotted(ready, units, "equal", workers=1)
    assert [plan.new for plan in equal] == [4] * 5
    fair, _ = allotted(ready, units, "per-worker", workers=1)
    workers = [float(ready.demand.workers[np.isin(ready.demand.district, unit.districts)].sum()) for unit in units]
    assert [plan.new for plan in fair] == apportioned(20, np.array(workers) / sum(workers)).tolist()


def test_the_best_spreading_is_the_joint_optimum(tmp_path):
    new = 2
    path = village(tmp_path, f"robustness_draws = 0\nnew = {new}")
    made = batch(sp.load_scenario(path), tmp_path / "out", allocate="optimal")
    best = max(served("S", *choice) for choice in itertools.combinations(CANDIDATES, new))
    assert made.league.most_share == pytest.approx(best / TOTAL)
    assert made.league.total.new_sites == new
    joint = sp.run(sp.load_scenario(path))
    assert {site["site_id"] for site in document(joint)["sites"]} == {
        site["site_id"]
        for unit in ("West", "East")
        for site in json.loads((tmp_path / f"out/units/{unit}/plan.json").read_text("utf-8"))["sites"]
    }


def test_the_best_spreading_beats_the_others_and_keeps_floors(ready):
    units = units_of(ready.area, "county")

    def shares(ready, how):
        """The share of each unit, planned with its part, and what all cover together."""
        questions, joint = allotted(ready, units, how, workers=1)
        covered = []
        for unit, plan in zip(units, questions, strict=True):
            file = ready.file.model_copy(update={"plan": plan})
            part = plan_of(part_of(dataclasses.replace(ready, file=file), unit.districts), StepClock(None))
            covered.append(document(part)["coverage"]["after"])
        return [one["share"] for one in covered], sum(one["workers"] for one in covered), joint

    _, fair, _ = shares(ready, "per-worker")
    _, best, joint = shares(ready, "optimal")
    assert fair < best <= joint + 1e-6
    plan = ready.file.plan.model_copy(update={"floor_share": 0.8})
    held, _, _ = shares(dataclasses.replace(ready, file=ready.file.model_copy(update={"plan": plan})), "optimal")
    assert min(held) >= 0.8


def test_nothing_to_spread_is_refused(tmp_path):
    scenario = demo_scenario(tmp_path / "phases", 'phases = [{ name = "a", new = 1 }]')
    with pytest.raises(InputError, match="A plan with phases cannot be allocated"):
        batch(scenario, tmp_path / "out", allocate="equal")
    with pytest.raises(InputError, match="There is nothing to allocate"):
        batch(demo_scenario(tmp_path / "cost", 'aim = "cost"\ntarget_share = 0.8'), tmp_path / "out", allocate="equal")


# --- a cluster ------------------------------------------------------------------------------------------------------


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


def test_a_cluster_makes_the_same_bytes_though_a_worker_is_killed(done, cluster, tmp_path):
    scenario, whole, _ = done
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
    with pytest.raises(InputError, match=r"needs the package distributed.*stationplan\[dask\]"):
        batch(demo_scenario(tmp_path), tmp_path / "out")


# --- some districts of a study ----------------------------------------------------------------------------------------


def only(folder, plan, *districts):
    scenario = demo_scenario(folder, plan)
    text = scenario.path.read_text("utf-8").replace("[area]\n", f"[area]\nonly = {list(districts)}\n")
    scenario.path.write_text(text.replace("'", '"'), encoding="utf-8")
    return sp.load_scenario(scenario.path, data=DEMO.parent)


def test_a_plan_may_be_about_some_districts_only(done, tmp_path):
    _, out, _ = done
    plan = sp.run(only(tmp_path, "new = 20", "990102"))
    unit = json.loads((out / "units/990102/plan.json").read_text("utf-8"))
    told = document(plan)
    assert told["coverage"] == unit["coverage"]
    assert told["solution"]["objective"] == unit["solution"]["objective"]
    assert plan.study.part == ("990102",)


def test_the_choice_of_a_units_map_can_be_planned_again(tmp_path):
    plan = sp.run(only(tmp_path, "new = 3", "990102"))
    block = json.dumps(list(plan.study.part))
    sites = [plan.sites.site_id[site] for site in plan.chosen]
    fragment = (
        f'extends = "scenario.toml"\n[area]\nonly = {block}\n[plan]\nnew = 2\nrequired = {json.dumps(sites[:2])}\n'
    )
    (tmp_path / "choice.toml").write_text(fragment, encoding="utf-8")
    again = sp.run(sp.load_scenario(tmp_path / "choice.toml", data=DEMO.parent))
    assert sorted(again.sites.site_id[site] for site in again.chosen) == sorted(sites[:2])
    assert document(again)["coverage"]["before"] == document(plan)["coverage"]["before"]


def test_districts_and_sites_that_are_not_in_the_part_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"There is no district 990109\. The nearest ids: 99010"):
        sp.run(only(tmp_path, "new = 3", "990109"))
    ready = prepare(demo_scenario(tmp_path / "whole"), StepClock(None))
    elsewhere = ready.sites.site_id[int(np.flatnonzero(~ready.sites.existing & (ready.sites.district != 1))[0])]
    with pytest.raises(InputError, match=f"The site {elsewhere} is not in the districts of the plan"):
        sp.run(only(tmp_path, f'new = 3\nforbidden = ["{elsewhere}"]', "990102"))


# --- what units may lack ----------------------------------------------------------------------------------------------


def small(folder, plan, *, extra=""):
    """The village made ready, and its halves as units."""
    path = village(folder, f"robustness_draws = 0\n{plan}")
    path.write_text(path.read_text("utf-8") + extra, encoding="utf-8")
    made = prepare(sp.load_scenario(path), StepClock(None))
    return made, units_of(made.area, "county")


def planned(ready, units, questions=None):
    """The plan of each unit, with questions of its own."""
    plans = []
    for number, unit in enumerate(units):
        asked = ready.file.plan if questions is None else questions[number]
        whole = dataclasses.replace(ready, file=ready.file.model_copy(update={"plan": asked}))
        plans.append(plan_of(part_of(whole, unit.districts, unit.name), StepClock(None), lenient=True))
    return plans


def test_a_unit_closes_its_own_stations_only(tmp_path):
    ready, units = small(tmp_path, "new = 2\nclose = 1")
    west, east = planned(ready, units)
    assert [west.sites.site_id[site] for site in west.solution.closed] == ["S"]
    assert not len(east.solution.closed)


def test_phases_ask_for_no_more_sites_than_a_unit_has(tmp_path):
    ready, units = small(tmp_path, 'phases = [{ name = "a", new = 2 }, { name = "b", new = 3 }]')
    for plan in planned(ready, units):
        assert sum(phase.new for phase in plan.solution.phases) <= int((~plan.sites.existing).sum())
    with pytest.raises(InputError, match="6 new sites are requested, but there are only 5 candidates"):
        small(tmp_path / "many", 'phases = [{ name = "a", new = 2 }, { name = "b", new = 4 }]')


@pytest.mark.parametrize("how", ["optimal", "per-worker"])
def test_money_that_buys_nothing_in_a_unit_leaves_it_as_it_is(tmp_path, how):
    ready, units = small(tmp_path, "budget = 60")
    questions, _ = allotted(ready, units, how, workers=1)
    plans = planned(ready, units, questions)
    assert sum(plan.sites.cost[plan.chosen].sum() for plan in plans) <= 60
    assert len(plans[1].chosen) == 0
    assert document(plans[1])["coverage"]["after"] == document(plans[1])["coverage"]["before"]


def test_what_the_whole_has_to_reach_is_not_asked_of_each_unit(tmp_path):
    ready, units = small(tmp_path, "new = 2\ntarget_share = 0.5")
    questions, most = allotted(ready, units, "optimal", workers=1)
    plans = planned(ready, units, questions)
    # C2 serves both halves: what it covers across the border is of the whole, and of no unit.
    assert served("S", *(site for plan in plans for site in names(plan))) == most
    ready, units = small(tmp_path / "floor", "new = 3\nfloor_share = 0.8")
    questions, _ = allotted(ready, units, "optimal", workers=1)
    shares = [document(plan)["coverage"]["after"]["share"] for plan in planned(ready, units, questions)]
    assert min(shares) >= 0.8


def test_closures_are_not_spread(tmp_path):
    ready, units = small(tmp_path, "new = 2\nclose = 1")
    with pytest.raises(InputError, match="Closures cannot be allocated"):
        allotted(ready, units, "equal", workers=1)


@pytest.mark.parametrize("aim", ["coverage", "fair", "median", "center"])
def test_a_unit_without_workers_has_a_plan_and_the_last_rank(tmp_path, aim):
    far = "" if aim in ("coverage", "fair") else "far_min = 30"
    ready, units = small(tmp_path, f'aim = "{aim}"\nnew = 2\n{far}')
    workers = ready.demand.workers.copy()
    workers[ready.demand.district == 1] = 0
    empty = dataclasses.replace(ready, demand=dataclasses.replace(ready.demand, workers=workers, draws=None))
    _, east = planned(empty, units)
    assert not len(east.chosen)
    assert document(east)["coverage"]["after"]["share"] is None


def test_roads_stated_short_widen_what_is_around(tmp_path):
    ready, _ = small(tmp_path, "new = 2")
    usual = ready.reach_m
    network = ready.access.network
    short = {mode: np.where(np.arange(network.arc_count) < 2, 50.0, values) for mode, values in network.metres.items()}
    quick = {mode: np.where(np.arange(network.arc_count) < 2, 0.5, values) for mode, values in network.minutes.items()}

    def over(**measures):
        changed = dataclasses.replace(network, **measures)
        return dataclasses.replace(ready, access=dataclasses.replace(ready.access, network=changed))

    stated = over(metres=short, minutes=quick)
    assert stated.reach_m > 9 * usual
    none = [
        {mode: np.where(np.arange(network.arc_count) < 2, 0.0, values) for mode, values in measure.items()}
        for measure in (network.minutes, network.metres)
    ]
    at_once = over(minutes=none[0], metres=none[1])
    part = part_of(at_once, np.array([0]))
    assert part.access.network.node_count == network.node_count


def test_what_a_killed_batch_left_behind_is_cleared_and_nothing_else(tmp_path):
    path = village(tmp_path, "robustness_draws = 0\nnew = 2")
    out = tmp_path / "out"
    batch(sp.load_scenario(path), out)
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
    with pytest.raises(InputError, match="files that are not results of a batch: units/mine"):
        batch(sp.load_scenario(path), out)
