"""Temperatures of cells from a table: its columns are slots, its rows cells."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from stationplan.api import load_scenario
from stationplan.domain import Cells
from stationplan.errors import InputError
from stationplan.inputs.demand.heat import read_heat, temperatures
from stationplan.inputs.tables.source import Located
from stationplan.scenario import HeatInput, Limits, Source, default_slots

SLOTS = default_slots()
GIVEN = HeatInput(file="heat.csv")
CELLS = Cells(("a", "b"), np.zeros(2), np.zeros(2), np.array([0, 0]), shapely.box([0, 1], 0, [1, 2], 1), {})


def read(tmp_path, text):
    (tmp_path / "heat.csv").write_text(text, encoding="utf-8")
    return read_heat(Located(Source(file="heat.csv"), tmp_path / "heat.csv"), SLOTS, Limits())


@pytest.fixture
def scenario(tmp_path):
    text = 'schema = 1\nname = "Town"\n[area]\nfile = "d.geojson"\ndatum = "wgs84"\n[demand]\n'
    (tmp_path / "town.toml").write_text(text + 'grid = "square"\nside_m = 500.0\n', encoding="utf-8")
    return load_scenario(tmp_path / "town.toml", purpose="density")


@pytest.mark.parametrize("name", ["noon", "Noon", SLOTS["noon"].name.zh])
def test_a_column_is_a_slot_by_its_id_or_name(tmp_path, name):
    table = read(tmp_path, f"id,{name}\na,41.5\nb,-3\n")
    noon = list(SLOTS).index("noon")
    assert table.cell_id == ("a", "b")
    assert table.celsius[:, noon].tolist() == [41.5, -3]
    assert np.isnan(np.delete(table.celsius, noon, axis=1)).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,noon\na,314\n", (2, "noon is 314, outside the range -60 to 70.")),
        ("id,noon\na,hot\n", (2, "noon is 'hot', not a finite number.")),
        ("id,noon\na,\n", (2, "noon is empty.")),
        ("id,noon\na,40\na,41\n", (3, "The id a already appears in row 2.")),
        ("id,teatime\na,40\n", (1, "No column contains the temperatures of a slot; the table has: id, teatime.")),
        ("id,noon,Noon\na,40,30\n", (1, "Several columns could be noon: noon, Noon.")),
        ("id,code,noon\na,a,40\n", (1, "Several columns could be id: id, code.")),
    ],
)
def test_what_is_wrong_with_temperatures_is_told_with_its_row(tmp_path, text, said):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert [(fault.row, str(fault.what)) for fault in caught.value.faults] == [said]


def test_cells_without_a_row_are_told_in_hot_slots_only(tmp_path, scenario):
    table = read(tmp_path, "id,noon\nb,41\nelsewhere,30\n")
    celsius, notes = temperatures(scenario, GIVEN, table, CELLS, "EPSG:32648")
    noon = list(SLOTS).index("noon")
    assert np.isnan(celsius[0]).all()
    assert celsius[1, noon] == 41
    assert [str(note) for note in notes] == ["1 cells have no temperature in noon; their weight does not change."]


def test_a_table_of_other_cells_is_refused(tmp_path, scenario):
    with pytest.raises(InputError, match="No row has a cell id such as a"):
        temperatures(scenario, GIVEN, read(tmp_path, "id,noon\nA1,41\n"), CELLS, "EPSG:32648")
