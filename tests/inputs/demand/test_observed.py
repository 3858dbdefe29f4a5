"""Counts of workers at places, as workers of a group's day in cells."""

from __future__ import annotations

import numpy as np
import pytest

from stationplan.errors import InputError
from stationplan.inputs.demand.counting import in_columns, observed_workers
from stationplan.inputs.demand.observed import read_observed
from stationplan.inputs.sites.rows import TableRules
from stationplan.inputs.tables.columns import FIELD_NAMES
from stationplan.inputs.tables.source import Located
from stationplan.scenario import Limits, ObservedInput, default_groups, default_hosts, default_slots

GROUPS = {key: default_groups()[key] for key in ("courier", "rider")}
RULES = TableRules(default_hosts(), FIELD_NAMES, Limits())


def seen(tmp_path, rows, cell, *, header="lon,lat,count,group,slot", groups=GROUPS):
    (tmp_path / "counts.csv").write_text(f"{header}\n{rows}", encoding="utf-8")
    source = ObservedInput(file="counts.csv", datum="wgs84")
    table = read_observed(Located(source, tmp_path / "counts.csv"), RULES, groups, default_slots())
    at = np.array(cell)
    return observed_workers(table, groups, at, x=np.arange(len(at)) * 1.0, y=np.zeros(len(at)), cells=3)


def test_a_count_of_a_slot_stands_for_its_part_of_the_day(tmp_path):
    # Riders work 0.30 of their day at noon and 0.32 in the evening: 62 seen in both are a hundred.
    (riders,), notes = seen(
        tmp_path, "104,30,30,rider,noon\n104,30,32,骑手,evening\n".replace("骑手", "外卖骑手"), [1, 1]
    )
    assert riders.group == "rider"
    assert riders.heads[1] == pytest.approx(100)
    assert np.isnan(riders.heads[[0, 2]]).all()
    assert notes == []


def test_counts_of_a_place_are_averaged_and_places_of_a_cell_added(tmp_path):
    rows = "104,30,10,rider,\n104,30,20,rider,\n104.001,30,5,rider,\n104.1,30,0,courier,\n"
    riders, couriers = seen(tmp_path, rows, [0, 0, 0, 2])[0]
    assert riders.heads[0] == 20
    assert couriers.heads[2] == 0


def test_places_counted_in_different_slots_are_added_as_well(tmp_path):
    # A hundred riders at one place, seen at noon (0.30), and a hundred at another, seen in the evening (0.32).
    (riders,), _ = seen(tmp_path, "104,30,30,rider,noon\n104.001,30,32,rider,evening\n", [0, 0])
    assert riders.heads[0] == pytest.approx(200)


def test_repeated_counts_of_a_slot_are_averaged_before_slots_are_added(tmp_path):
    rows = "104,30,20,rider,noon\n104,30,40,rider,noon\n104,30,32,rider,evening\n"
    (riders,), _ = seen(tmp_path, rows, [2, 2, 2])
    assert riders.heads[2] == pytest.approx((30 + 32) / 0.62)


@pytest.mark.parametrize(
    ("header", "row"), [("lon,lat,count,group", "105,30,5,rider"), ("lon,lat,group", "105,30,rider")]
)
def test_a_group_seen_in_no_cell_is_refused(tmp_path, header, row):
    with pytest.raises(InputError, match="No row of rider lies in a cell"):
        seen(tmp_path, f"{row}\n", [-1], header=header)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("104,30,,rider,", "count is empty."),
        ("104,30,-1,rider,", "count is -1, less than 0."),
        ("104,30,few,rider,", "count is 'few', not a finite number."),
        ("104,30,1,pilot,", "group is 'pilot', which is not recognised."),
        ("104,30,1,rider,teatime", "slot is 'teatime', which is not recognised."),
    ],
)
def test_a_row_that_says_nothing_is_refused(tmp_path, row, said):
    with pytest.raises(InputError) as caught:
        seen(tmp_path, f"{row}\n104,30,5,rider,\n", [0, 0])
    assert [(fault.row, str(fault.what)) for fault in caught.value.faults] == [(2, said)]


def test_rows_outside_every_cell_are_told(tmp_path):
    found, notes = seen(tmp_path, "104,30,10,rider,\n105,30,20,rider,\n", [0, -1])
    assert found[0].heads[0] == 10
    assert [str(note) for note in notes] == ["Rows of observed workers outside every cell, not used: 1."]


def test_a_row_without_a_group_needs_a_single_one(tmp_path):
    with pytest.raises(InputError, match="The row contains no group"):
        seen(tmp_path, "104,30,10\n", [0], header="lon,lat,count")
    one = {"rider": GROUPS["rider"]}
    (riders,), _ = seen(tmp_path, "104,30,10\n", [0], header="lon,lat,count", groups=one)
    assert riders.heads[0] == 10


def test_nobody_is_counted_where_a_profile_has_no_work(tmp_path):
    with pytest.raises(InputError, match="where their profile is 0"):
        seen(tmp_path, "104,30,10,courier,night\n", [0])
    (couriers,), _ = seen(tmp_path, "104,30,0,courier,night\n104,30,38,courier,morning\n", [0, 0])
    assert couriers.heads[0] == pytest.approx(100)


def test_without_counts_the_rows_are_sightings(tmp_path):
    (riders,), _ = seen(tmp_path, "104,30,rider\n104.1,30,rider\n", [0, 1], header="lon,lat,group")
    assert np.isnan(riders.heads).all()
    assert riders.x.tolist() == [0, 1]


def test_a_column_of_the_cells_counts_where_it_is_filled_and_only_once():
    groups = {"rider": GROUPS["rider"].model_copy(update={"observed": "seen"})}
    (riders,) = in_columns({"seen": np.array([4.0, np.nan])}, groups, "cells.csv", [])
    assert riders.heads[0] == 4
    with pytest.raises(InputError, match="in a column and in"):
        in_columns({"seen": np.array([4.0])}, groups, "cells.csv", ["rider"])
