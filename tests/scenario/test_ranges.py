"""Numbers have ranges, the same in `check` and `run`: those of the scenario, and those of tables."""

from __future__ import annotations

import numpy as np
import pytest

from stationplan.cli import main
from stationplan.demand.uncertainty import gamma_factors
from stationplan.errors import InputError
from stationplan.inputs.demand.draws import MOST_BYTES, refuse_draws


def run(capfd, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments), "--lang", "en"])
    out, err = capfd.readouterr()
    assert "Traceback" not in out + err
    return ended.value.code, " ".join((out + err).split())


SETTINGS = {
    "draws = 300000": ("demand", "demand.draws", "10000 or less"),
    "draws = 100000000000000000000": ("demand", "demand.draws", "10000 or less"),
    "kernel_m = 1e-300": ("demand", "demand.kernel_m", "0.001 or more"),
    "error_block_m = 1e300": ("demand", "demand.error_block_m", "1000000000000.0 or less"),
    "budget = 1e300": ("plan", "plan.budget", "1000000000000.0 or less"),
    "new = 1000000000000000000000": ("plan", "plan.new", "1000000000 or less"),
    "detour = 1e300": ("roads", "roads.detour", "1000.0 or less"),
    "cv = 1e300": ("groups.sanitation", "groups.sanitation.cv", "10.0 or less"),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_out_of_range_are_refused_alike(demo_folder, tmp_path, capfd, monkeypatch, setting):
    monkeypatch.setenv("COLUMNS", "400")
    table, key, said = SETTINGS[setting]
    path = demo_folder / "s.toml"
    path.write_text(f'extends = "scenario.toml"\n[{table}]\n{setting}\n', "utf-8")
    for command in (("check", path), ("run", path, "--out", tmp_path / "out")):
        code, text = run(capfd, *command)
        assert (command[0], code) == (command[0], 2)
        assert key in text
        assert said in text


AMOUNTS = {
    "population": ("cells.csv", "outside the range 0 to 10,000,000,000."),
    "费用": ("candidates.csv", "outside the range 0 to 1,000,000,000,000."),
}


@pytest.mark.parametrize("column", AMOUNTS)
@pytest.mark.parametrize("value", ["1e308", "1e300", "1_0", "-1e300"])
def test_amounts_of_tables_out_of_range_are_refused_alike(demo_folder, tmp_path, capfd, monkeypatch, column, value):
    monkeypatch.setenv("COLUMNS", "400")
    name, said = AMOUNTS[column]
    path = demo_folder / name
    header, first, *rest = path.read_text("utf-8-sig").splitlines()
    cells = first.split(",")
    cells[header.split(",").index(column)] = value
    path.write_text("\n".join([header, ",".join(cells), *rest]), "utf-8")
    said = {"1_0": "not a finite number", "-1e300": "less than 0"}.get(value, said)
    for command in (
        ("check", demo_folder / "scenario.toml"),
        ("run", demo_folder / "scenario.toml", "--out", tmp_path / "o"),
    ):
        code, text = run(capfd, *command)
        assert (command[0], code) == (command[0], 2)
        assert f"{column} is " in text
        assert said in text


def test_draws_that_do_not_fit_are_refused_with_the_largest_number_that_does():
    refuse_draws(100, 2_000_000, 5, "s.toml")
    with pytest.raises(InputError, match="Ask for 400 draws at most") as caught:
        refuse_draws(401, 500_000, 5, "s.toml")
    assert caught.value.faults[0].key == "demand.draws"
    assert "take 4.0 GB of memory" in str(caught.value)
    assert MOST_BYTES == 400 * 500_000 * 5 * 4


@pytest.mark.parametrize("cv", [1e-300, 1e-9, 1e-6, 1e-3])
def test_a_tiny_variation_is_none(cv):
    factors = gamma_factors(cv, (100,), np.random.default_rng(1))
    assert abs(factors - 1).max() <= 10 * cv
