"""Orders, check-ins and other counts with a time: they weight places and divide the working day over slots."""

import numpy as np
import pytest
from support.village import longitude, village

import stationplan as sp
from stationplan.errors import InputError

SLOTS = """[slots.morning]
name = "Morning"
hours = "08:00-12:00"
[slots.noon]
name = "Noon"
hours = "12:00-14:00"
[slots.night]
name = "Night"
hours = "22:00-02:00"
"""
ORDERS = [  # node, time, orders
    (3, "2026-03-02 08:00:00", 4),
    (3, "11:59", 2),
    (5, "2026/3/2 12:00", 5),
    (5, "23", 1),
    (5, "1:30", 2),
    (5, "02:00", 40),  # outside all slots
]
KEYS = 'file = "orders.csv"\ndatum = "wgs84"\ncolumn = "orders"\ntime = "time"\nprofile_of = ["walker"]'


def scenario(folder, rows=ORDERS, *, keys=KEYS, profile="", workers="orders = 2.0"):
    path = village(folder, "new = 1\nrobustness_draws = 0")
    text = path.read_text("utf-8").replace('[slots.day]\nname = "Day"\nhours = "08:00-18:00"\n', SLOTS)
    text = text.replace("profile = { day = 1.0 }", profile).replace("population = 1.0", workers)
    path.write_text(f"{text}\n[demand.counts.orders]\n{keys}\n", encoding="utf-8")
    lines = ["lon,lat,time,orders", *(f"{longitude(node)},30,{time},{count}" for node, time, count in rows)]
    (folder / "orders.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def density(path):
    return sp.density(sp.load_scenario(path, purpose="density"))


def faults_of(path):
    with pytest.raises(InputError) as caught:
        sp.run(sp.load_scenario(path))
    return caught.value.faults


def test_places_and_times_of_the_demand(tmp_path):
    plan = sp.run(sp.load_scenario(scenario(tmp_path)))
    workers = plan.demand.workers[:, 0, :]
    # 12 workers at node 3 and 96 at node 5, since all counts weight places; 6 + 5 + 3 of 14 are in the slots.
    day = np.array([6, 5, 3]) / 14
    assert workers[3] == pytest.approx(12 * day)
    assert workers[5] == pytest.approx(96 * day)
    assert workers.sum() == pytest.approx(108)
    (note,) = [note for note in plan.study.notes if "follows the times" in str(note)]
    assert "orders.csv: 14.0 of 54.0" in str(note)


def test_the_times_may_serve_the_profile_alone(tmp_path):
    plan = sp.run(sp.load_scenario(scenario(tmp_path, workers="population = 1.0")))
    assert plan.demand.workers[0, 0] == pytest.approx(10 * np.array([6, 5, 3]) / 14)


@pytest.mark.parametrize("time", ["", "2026-03-02", "25", "24:00", "08:75", "0830", "8:30+08:00", "morning"])
def test_what_is_no_time_is_named_with_its_row(tmp_path, time):
    found = faults_of(scenario(tmp_path, [*ORDERS, (5, time, 1)]))
    assert [(fault.row, fault.code) for fault in found] == [(8, "no_time")]


def test_such_rows_may_be_excluded(tmp_path):
    path = scenario(tmp_path, [*ORDERS, (5, "soon", 7)], keys=f'{KEYS}\nbad_rows = "set_aside"')
    assert sp.run(sp.load_scenario(path)).demand.workers.sum() == pytest.approx(108)


def test_a_table_without_the_column(tmp_path):
    found = faults_of(scenario(tmp_path, keys=KEYS.replace('"time"', '"when"')))
    assert [(fault.code, "when" in str(fault.what)) for fault in found] == [("missing_column", True)]


@pytest.mark.parametrize("row", [(3, "05:00", 9), (3, "09:00", 0)])
def test_nothing_counted_in_any_slot(tmp_path, row):
    (found,) = faults_of(scenario(tmp_path, [row], workers="population = 1.0"))
    assert "profile of walker is unknown" in str(found.what)


@pytest.mark.parametrize(
    ("keys", "profile", "said"),
    [
        (KEYS.replace('time = "time"\n', ""), "", "require each other"),
        (
            KEYS.replace('\nprofile_of = ["walker"]', ""),
            "profile = { morning = 0.5, noon = 0.5, night = 0 }",
            "require each other",
        ),
        (KEYS, "profile = { morning = 0.5, noon = 0.5, night = 0 }", "divided in 2 ways"),
        (KEYS.replace("walker", "rider"), "profile = { morning = 0.5, noon = 0.5, night = 0 }", "Unknown group rider"),
        (KEYS.replace("orders.csv", "orders.tif"), "", "raster has no times"),
        (KEYS.replace('["walker"]', '["walker", "walker"]'), "", "divided in 2 ways"),
    ],
)
def test_keys_that_contradict_each_other(tmp_path, keys, profile, said):
    path = scenario(tmp_path, keys=keys, profile=profile)
    with pytest.raises(InputError, match=said):
        sp.load_scenario(path)


def test_a_group_without_any_profile(tmp_path):
    with pytest.raises(InputError, match="The profile contains the slots"):
        sp.load_scenario(scenario(tmp_path, keys=KEYS.split("\ntime", maxsplit=1)[0]))


def test_the_resolved_scenario_reads_back(tmp_path):
    path = scenario(tmp_path)
    plan = sp.run(sp.load_scenario(path))
    again = tmp_path / "resolved.toml"
    again.write_text(plan.study.scenario_toml, encoding="utf-8")
    assert sp.run(sp.load_scenario(again)).demand.workers == pytest.approx(plan.demand.workers)
