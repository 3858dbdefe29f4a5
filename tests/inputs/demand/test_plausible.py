"""Counts of people and workers that no place has are doubted, by `check` and by a run, and nothing is refused."""

from __future__ import annotations

import numpy as np
from support.village import village

import stationplan as sp
from stationplan.domain import Count
from stationplan.inputs import check_scenario
from stationplan.inputs.demand.plausible import worker_doubts

PLAN = "new = 1"


def written(tmp_path, people, *, rate="0.02", more=""):
    """The village with other people in its cells, another rate, and more keys."""
    path = village(tmp_path, PLAN)
    lines = (tmp_path / "cells.csv").read_text().splitlines()
    cells = [line.rsplit(",", 1)[0] for line in lines[1:]]
    rows = [f"{cell},{value}" for cell, value in zip(cells, people, strict=True)]
    (tmp_path / "cells.csv").write_text("\n".join([lines[0], *rows]) + "\n")
    text = path.read_text("utf-8").replace("population = 1.0", f"population = {rate}")
    path.write_text(text + more, encoding="utf-8")
    return sp.load_scenario(path)


def doubted(scenario):
    """The doubts of a check, which must be notes of the density too."""
    found = [f for item in check_scenario(scenario).quality for f in item.findings if f.code == "implausible"]
    notes = list(map(str, sp.density(scenario).study.notes))
    assert [str(fault.what) for fault in found] == [note for note in notes if note in {str(f.what) for f in found}]
    assert {(fault.file, fault.action) for fault in found} <= {("cells.csv", "kept")}
    return [str(fault.what) for fault in found], [note for note in notes if note.startswith("Implausible")]


def test_plausible_counts_are_not_doubted(tmp_path):
    assert doubted(written(tmp_path, [900] * 12)) == ([], [])


def test_a_lost_ten_thousand_is_doubted(tmp_path):
    found, _ = doubted(written(tmp_path, [1.2] * 12))
    assert found == ["population: fewer than 100 people in each of 2 districts: West, East."]


def test_a_cell_with_too_many_people_for_its_size_is_doubted(tmp_path):
    # Cells of points are squares of 500 m, the distance between neighbours: 0.25 km2 hold up to 50,000 people.
    found, _ = doubted(written(tmp_path, [900] * 11 + [90_000]))
    assert len(found) == 1
    assert found[0].startswith("population: 1 cells have more than 200,000 people per km2; the cell N11 has 90,000")


def test_rates_that_make_everybody_a_worker_are_doubted(tmp_path):
    found, notes = doubted(written(tmp_path, [900] * 12, rate="2"))
    assert found == ["The rates of all groups make 2 outdoor workers of each person counted in population."]
    assert notes == [
        "Implausible: 21,600 outdoor workers among 10,800 people in 2 districts: West, East. Check units, rates and "
        "totals."
    ]


def test_totals_above_the_people_of_the_cells_are_doubted(tmp_path):
    totals = '\n[demand.totals]\nfile = "totals.csv"\n'
    (tmp_path / "totals.csv").write_text("code,walker\nWest,20000\nEast,30\n")
    found, notes = doubted(written(tmp_path, [900] * 12, rate="2", more=totals))
    assert found == []  # with totals, rates are weights
    assert len(notes) == 1 and notes[0].startswith("Implausible: 20,000 outdoor workers among 5,400 people in 1 ")


def test_the_limits_are_keys_of_the_scenario(tmp_path):
    keys = "\n[demand.plausible]\ndistrict_people = 1\npeople_per_km2 = 1\nworkers_per_person = 0.01\n"
    found, notes = doubted(written(tmp_path, [900] * 12, more=keys))
    assert len(found) == 2 and "more than 1 people per km2" in found[0] and found[1].startswith("The rates")
    assert len(notes) == 1


def test_only_counts_of_people_are_compared_with_workers():
    workers, district = np.array([[9e9]]), np.array([0])
    orders, people = Count(np.array([5.0]), "", "orders.csv"), Count(np.array([5.0]), "people", "cells.csv")
    assert worker_doubts({"orders": orders}, workers, district, ["A"], 1.0) == ()
    assert len(worker_doubts({"orders": orders, "population": people}, workers, district, ["A"], 1.0)) == 1
