"""Scenarios whose tables are in a database."""

from __future__ import annotations

import csv
import io
import traceback

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from support.demo import cut_demo
from support.postgis import SECRET, run

import stationplan as sp
from stationplan.errors import InputError
from stationplan.inputs.tables.textfile import decode
from stationplan.report import document
from stationplan.storage.database import shown_url


def copy_table(url, path, *, points=False):
    """Copy a CSV file into a table of its name, with its columns as text or its coordinates as points."""
    header, *rows = csv.reader(io.StringIO(decode(path.read_bytes(), path.name)))
    lon, lat = header.index("经度"), header.index("纬度")
    kept = [i for i in range(len(header)) if not points or i not in (lon, lat)]
    columns = [sql.SQL("{} text").format(sql.Identifier(header[i])) for i in kept]
    name = sql.Identifier(path.stem)
    with psycopg.connect(url) as connection:
        connection.execute(
            sql.SQL("CREATE TABLE {} (number serial PRIMARY KEY, {}{})").format(
                name, sql.SQL(", ").join(columns), sql.SQL(", geom geometry(Point, 4326)" if points else "")
            )
        )
        places = sql.SQL(", ").join(sql.Identifier(header[i]) for i in kept)
        values = sql.SQL(", ").join([sql.Placeholder()] * len(kept))
        insert = (
            "INSERT INTO {} ({}, geom) VALUES ({}, ST_Point(%s, %s, 4326))"
            if points
            else "INSERT INTO {} ({}) VALUES ({})"
        )
        for row in rows:
            shape = [float(row[lon]), float(row[lat])] if points else []
            connection.execute(sql.SQL(insert).format(name, places, values), [*(row[i] for i in kept), *shape])


def test_a_plan_from_tables_of_a_database_is_that_from_their_files(demo_folder, database, tmp_path):
    path = cut_demo(demo_folder)
    from_files = sp.run(sp.load_scenario(path))
    copy_table(database, demo_folder / "stations.csv")
    copy_table(database, demo_folder / "candidates.csv", points=True)
    text = path.read_text("utf-8")
    text = text.replace(
        'file = "stations.csv"', f'file = "{database}"\nquery = "SELECT * FROM stations ORDER BY number"'
    )
    text = text.replace('file = "candidates.csv"', f'file = "{database}"\ntable = "public.candidates"')
    path.write_text(text, "utf-8")
    plan = sp.run(sp.load_scenario(path))
    assert {**document(plan), "scenario": ""} == {**document(from_files), "scenario": ""}
    hashes = {item.role: item.sha256 for item in plan.study.inputs}
    assert all(len(hashes[role]) == 64 for role in ("stations", "candidates"))

    plan.save(tmp_path / "out")
    password = conninfo_to_dict(database)["password"]
    assert all(password.encode() not in path.read_bytes() for path in (tmp_path / "out").iterdir())
    assert shown_url(database) in (tmp_path / "out/manifest.json").read_text("utf-8")

    run(database, "UPDATE candidates SET geom = ST_Translate(geom, 1e-9, 0) WHERE number = 1")
    moved = {item.role: item.sha256 for item in sp.run(sp.load_scenario(path)).study.inputs}
    assert moved["candidates"] != hashes["candidates"]
    assert moved["stations"] == hashes["stations"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('file = "stations.csv"', 'file = "postgresql://u:geheim@127.0.0.1:1/db"\ntable = "t"'),
        ('file = "stations.csv"', 'file = "postgresql://u:geheim@127.0.0.1:1/db"'),
        ('file = "stations.csv"', 'file = "postgresql://u:ge/geheim@h/db"\ntable = "t"'),
        ('file = "stations.csv"', 'file = " postgresql://u:geheim@h/db"\ntable = "t"'),
        ('file = "stations.csv"', 'file = ["postgresql://u:geheim@h/db"]'),
        ('file = "stations.csv"', 'osm = "postgresql://u:geheim@h/db"\nhosts = ["bank"]'),
        ('edges = "roads_edges.csv"', 'edges = "postgresql://u:geheim@h/db"'),
        ("new = 20", 'new = "postgresql://u:geheim@h/db"'),
    ],
)
def test_no_fault_of_a_scenario_shows_a_password(demo_folder, before, after):
    path = demo_folder / "scenario.toml"
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")
    with pytest.raises(InputError) as caught:
        sp.run(sp.load_scenario(path))
    assert SECRET not in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_keys_of_a_database_and_of_a_file_are_not_mixed(demo_folder):
    path = demo_folder / "scenario.toml"
    text = path.read_text("utf-8")
    for old, new, said in (
        ('file = "stations.csv"', 'file = "postgresql://gis/union"', "either `table` or `query`"),
        ('file = "stations.csv"', 'file = "stations.csv"\ntable = "stations"', "`table` applies to databases only"),
    ):
        path.write_text(text.replace(old, new), "utf-8")
        with pytest.raises(InputError, match=said):
            sp.load_scenario(path)
