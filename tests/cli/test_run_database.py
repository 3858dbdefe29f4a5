"""The command `run` with a database to write to."""

from __future__ import annotations

import json

from psycopg.conninfo import conninfo_to_dict
from support.demo import cut_demo
from support.postgis import LAYERS, TAMPERED, run, tables
from support.program import call

from stationplan.storage.database import shown_url


def test_run_writes_the_folder_and_the_database_and_no_password(demo_folder, database, tmp_path, capsys):
    scenario, out = cut_demo(demo_folder), tmp_path / "out"
    password = conninfo_to_dict(database)["password"]
    arguments = ("run", scenario, "--out", out, "--database", database, "--schema", "mine", "--json", "-v")
    code, said, told = call(*arguments, capsys=capsys)
    assert code == 0
    assert json.loads(said)["database"] == f"{shown_url(database)}#mine"
    assert tables(database, "mine") == LAYERS
    assert run(database, "SELECT count(*) FROM mine.proposed") == [(2,)]
    assert password not in said + told
    assert all(password.encode() not in path.read_bytes() for path in out.iterdir())

    code, said, told = call(*arguments, "--lang", "en", "--overwrite", capsys=capsys)
    assert code == 0
    code, said, told = call(*arguments[:3], tmp_path / "other", *arguments[4:], "--lang", "en", capsys=capsys)
    assert (code, said) == (2, "")
    assert "The table mine.proposed already exists." in told
    assert not (tmp_path / "other").exists()
    assert password not in told


def test_a_database_that_fails_after_the_run_leaves_the_folder(demo_folder, database, tmp_path, capsys):
    scenario, out = cut_demo(demo_folder), tmp_path / "out"
    # The rows are refused, which shows only once there are any.
    trigger = "CREATE EVENT TRIGGER tamper ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION tamper()"
    run(database, TAMPERED.replace("workers < 0", "geometry IS NULL"), trigger)
    code, said, told = call(
        "run", scenario, "--out", out, "--database", database, "--lang", "en", "--overwrite", capsys=capsys
    )
    assert (code, said) == (1, "")
    assert f"The database was not changed; the plan's files are in {out}." in told
    assert (out / "plan.json").is_file()
    assert tables(database) == set()
    assert conninfo_to_dict(database)["password"] not in told


def test_a_schema_without_a_database_is_refused(demo_folder, tmp_path, capsys):
    code, _, told = call("run", demo_folder / "scenario.toml", "--schema", "x", "--lang", "en", capsys=capsys)
    assert code == 2
    assert "--schema requires a database." in told
