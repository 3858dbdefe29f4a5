"""What a scenario may say of demand, and what of it does not fit together."""

from __future__ import annotations

import pytest

import stationplan as sp
from stationplan.errors import InputError

AREA = '[area]\nfile = "districts.geojson"\ndatum = "wgs84"\n'
CELLS = 'file = "cells.csv"\ndatum = "wgs84"\n'
SQUARES = 'grid = "square"\nside_m = 500.0\n'


def load(folder, demand, *, area=AREA, extra=""):
    path = folder / "town.toml"
    path.write_text(f'schema = 1\nname = "Town"\n{area}[demand]\n{demand}{extra}', encoding="utf-8")
    return sp.load_scenario(path, purpose="density")


def faults_of(folder, demand, **changes):
    """The faults of a scenario that places workers, dotted key to what is said."""
    with pytest.raises(InputError) as caught:
        load(folder, demand, **changes)
    return {fault.key: f"{fault.what} {fault.cure}" for fault in caught.value.faults}


@pytest.mark.parametrize(
    "demand",
    [
        CELLS,
        SQUARES,
        'grid = "h3"\nh3_resolution = 8\n',
        SQUARES + '[demand.places]\nosm = "town.osm.pbf"\n',
        SQUARES + '[demand.counts.people]\nfile = "people.tif"\n',
        SQUARES + '[demand.totals]\nfile = "totals.csv"\ncolumns = { rider = "riders" }\n',
        SQUARES + '[demand.heat]\nfiles = { noon = "noon.tif" }\nweights = { 35 = 1.5, "37.5" = 2.0 }\n',
    ],
)
def test_a_density_needs_neither_roads_nor_sites_nor_a_plan(tmp_path, demand):
    assert load(tmp_path, demand).file.demand.seed == 1


def test_a_plan_needs_what_a_density_does_without(tmp_path):
    path = load(tmp_path, CELLS).path
    with pytest.raises(InputError) as caught:
        sp.load_scenario(path)
    assert {"roads", "candidates", "plan"} <= {str(fault.key).split(".")[0] for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("demand", "key", "said"),
    [
        ("draws = 1\n", "demand", "Cells require either `file` or `grid`."),
        (CELLS + SQUARES, "demand", "Cells require either `file` or `grid`."),
        ('grid = "square"\n', "demand.side_m", "This type of grid requires `side_m`."),
        ('grid = "h3"\n', "demand.h3_resolution", "This type of grid requires `h3_resolution`."),
        (CELLS + "side_m = 500.0\n", "demand.side_m", '`side_m` applies to `grid = "square"` only.'),
        (SQUARES + "h3_resolution = 8\n", "demand.h3_resolution", '`h3_resolution` applies to `grid = "h3"` only.'),
        (CELLS.replace('datum = "wgs84"\n', ""), "demand.datum", ""),
    ],
)
def test_cells_have_one_origin_and_its_size(tmp_path, demand, key, said):
    assert said in faults_of(tmp_path, demand)[key]


def test_a_grid_needs_districts(tmp_path):
    said = faults_of(tmp_path, SQUARES, area="")
    assert said["area.file"] == "A grid requires the districts that it covers. Set `file` under [area]."


@pytest.mark.parametrize("name", ["area_km2", "places", "places_food", "roads_km", "junctions_primary", "core_km"])
def test_a_count_may_not_be_called_as_a_computed_feature(tmp_path, name):
    said = faults_of(tmp_path, SQUARES + f'[demand.counts.{name}]\nfile = "people.tif"\n')
    assert f"The name {name} is that of a computed feature" in said[f"demand.counts.{name}"]


@pytest.mark.parametrize("source", ["", 'osm = "a.pbf"\nfile = "b.csv"\ndatum = "wgs84"\n'])
def test_places_have_one_source(tmp_path, source):
    said = faults_of(tmp_path, SQUARES + f"[demand.places]\n{source}")
    assert (
        said["demand.places"]
        == "Points of interest require either `file` or `osm`. Set one source of points of interest."
    )


def test_a_column_of_observed_workers_is_one_of_a_table_of_cells(tmp_path):
    observed = '[groups.rider]\nobserved = "seen"\n'
    assert "require a table of cells" in faults_of(tmp_path, SQUARES, extra=observed)["groups.rider.observed"]
    assert load(tmp_path, CELLS, extra=observed).file.groups["rider"].observed == "seen"


RATE = '[[demand.totals.rates]]\ngroup = "{}"\nof = ["people"]\nrate = 0.1\nsource = "a survey"\n'
TOTALS = SQUARES + '[demand.totals]\nfile = "totals.csv"\n'


def test_totals_are_of_groups_that_there_are(tmp_path):
    said = faults_of(tmp_path, TOTALS + RATE.format("rider") + RATE.format("pilot"))
    assert list(said) == ["demand.totals.rates.1"]
    assert said["demand.totals.rates.1"].startswith("Unknown group pilot. Known groups: ")
    said = faults_of(tmp_path, TOTALS + 'columns = { pilot = "pilots" }\n')
    assert said["demand.totals.columns.pilot"].startswith("Unknown group pilot.")


def test_totals_come_from_columns_or_by_rates_not_both(tmp_path):
    said = faults_of(tmp_path, TOTALS + 'columns = { courier = "couriers" }\n' + RATE.format("rider"))
    assert said["demand.totals"].startswith("Totals require either `columns` or `rates`.")


HEAT = SQUARES + "[demand.heat]\n"


@pytest.mark.parametrize(
    ("heat", "key", "said"),
    [
        ("", "demand.heat", "Heat requires either `files` by slot or one `file`."),
        ('file = "a.csv"\nfiles = { noon = "b.tif" }\n', "demand.heat", "Heat requires either"),
        ('files = { teatime = "b.tif" }\n', "demand.heat.files.teatime", "Unknown slot teatime. Known slots: "),
        ('file = "a.csv"\nweights = { hot = 2.0 }\n', "demand.heat.weights", "'hot' is not a valid temperature."),
        ('file = "a.csv"\nweights = { nan = 2.0 }\n', "demand.heat.weights", "'nan' is not a valid temperature."),
        ('file = "a.csv"\nweights = { inf = 2.0 }\n', "demand.heat.weights", "'inf' is not a valid temperature."),
        ('file = "a.csv"\nweights = { 35 = 0.5 }\n', "demand.heat.weights.35", ""),
        ('file = "a.csv"\nweights = { 35 = inf }\n', "demand.heat.weights.35", ""),
    ],
)
def test_heat_has_one_source_slots_of_the_day_and_degrees(tmp_path, heat, key, said):
    assert said in faults_of(tmp_path, HEAT + heat)[key]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("draws = -1\n", "demand.draws"),
        ("kernel_m = 0.0\n", "demand.kernel_m"),
        ("error_block_m = inf\n", "demand.error_block_m"),
        ("seed = 1.5\n", "demand.seed"),
        ("[demand.learning]\nfolds = 2\n", "demand.learning.folds"),
        ("[demand.learning]\nblock_m = -5.0\n", "demand.learning.block_m"),
        ('[demand.totals]\nfile = "t.csv"\nmissing = "zero"\n', "demand.totals.missing"),
        ('[demand.totals]\nfile = "t.csv"\ntotal_cv = -0.1\n', "demand.totals.total_cv"),
        (
            '[demand.totals]\nfile = "t"\n[[demand.totals.rates]]\ngroup = "rider"\nof = []\nrate = 1\nsource = ""\n',
            "demand.totals.rates.0.of",
        ),
        ('[demand.observed]\nfile = "counts.csv"\n', "demand.observed.datum"),
        ('[demand.counts.people]\nfile = "people.csv"\n', "demand.counts.people.datum"),
    ],
)
def test_a_value_that_cannot_be_is_told_at_its_key(tmp_path, line, key):
    assert key in faults_of(tmp_path, SQUARES + line)


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    said = faults_of(tmp_path, 'grid = "square"\n[demand.places]\n[demand.heat]\n', area="")
    assert set(said) == {"demand.side_m", "area.file", "demand.places", "demand.heat"}
