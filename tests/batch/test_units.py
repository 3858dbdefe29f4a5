"""Units cut out of a study: what each holds, how it is stored, and what it may lack."""

from __future__ import annotations

import dataclasses
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from support.batches import batch, halves, planned
from support.demo import DEMO, demo_scenario
from support.village import village

import stationplan as sp
from stationplan.batch import units_of
from stationplan.batch.digest import digest_of
from stationplan.batch.folder import storage_at
from stationplan.batch.unit_files import put, take
from stationplan.errors import ConsistencyError, InputError
from stationplan.planning.pipeline import plan_of
from stationplan.planning.prepare import prepare
from stationplan.planning.progress import StepClock
from stationplan.planning.subset import part_of
from stationplan.report import document

# --- units ------------------------------------------------------------------------------------------------------------


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


# --- what units may lack ----------------------------------------------------------------------------------------------


def test_a_unit_closes_its_own_stations_only(tmp_path):
    ready, units = halves(tmp_path, "new = 2\nclose = 1")
    west, east = planned(ready, units)
    assert [west.sites.site_id[site] for site in west.solution.closed] == ["S"]
    assert not len(east.solution.closed)


def test_phases_ask_for_no_more_sites_than_a_unit_has(tmp_path):
    ready, units = halves(tmp_path, 'phases = [{ name = "a", new = 2 }, { name = "b", new = 3 }]')
    for plan in planned(ready, units):
        assert sum(phase.new for phase in plan.solution.phases) <= int((~plan.sites.existing).sum())
    with pytest.raises(InputError, match="6 new sites are requested, but there are only 5 candidates"):
        halves(tmp_path / "many", 'phases = [{ name = "a", new = 2 }, { name = "b", new = 4 }]')


@pytest.mark.parametrize("aim", ["coverage", "fair", "median", "center"])
def test_a_unit_without_workers_has_a_plan_and_the_last_rank(tmp_path, aim):
    far = "" if aim in ("coverage", "fair") else "far_min = 30"
    ready, units = halves(tmp_path, f'aim = "{aim}"\nnew = 2\n{far}')
    workers = ready.demand.workers.copy()
    workers[ready.demand.district == 1] = 0
    empty = dataclasses.replace(ready, demand=dataclasses.replace(ready.demand, workers=workers, draws=None))
    _, east = planned(empty, units)
    assert not len(east.chosen)
    assert document(east)["coverage"]["after"]["share"] is None


def test_roads_stated_short_widen_what_is_around(tmp_path):
    ready, _ = halves(tmp_path, "new = 2")
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
