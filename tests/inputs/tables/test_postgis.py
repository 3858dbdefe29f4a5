"""PostGIS, on a real server: tables and queries as inputs, layers as tables, and nothing that was not asked for."""

from __future__ import annotations

import csv
import io
import json
import sys
import threading
import traceback
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote

import geopandas
import numpy as np
import psycopg
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from support.altered import altered
from support.database import new_database
from support.demo import cut_demo
from support.hostile import FRAGMENTS, WHOLE
from support.program import call

import stationplan as sp
from stationplan.domain import LocalText
from stationplan.errors import InputError
from stationplan.inputs.tables import database as reading
from stationplan.inputs.tables.database import read_database
from stationplan.inputs.tables.textfile import decode
from stationplan.report import document, layers, refuse_database, write_database, write_geopackage
from stationplan.scenario import Limits
from stationplan.storage.database import is_database, shown_url

LAYERS = {"proposed", "existing", "districts", "demand"}
SECRET = "geheim"


def run(url, *statements):
    """Run statements, each in a transaction of its own; return the rows of the last."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def read(url, limits=None, **source):
    return read_database(url, limits=limits or Limits(), **source)


def refusal(call, *arguments, **options):
    """The one fault that a call is refused with."""
    with pytest.raises(InputError) as caught:
        call(*arguments, **options)
    (fault,) = caught.value.faults
    return fault


def tables(url, schema="stationplan"):
    query = (
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND relkind IN ('r', 'v', 'm')"
    )
    return {row[0] for row in run(url, f"{query} WHERE nspname = '{schema}'")}


def comments(url):
    found = run(
        url,
        "SELECT relname, obj_description(oid, 'pg_class') FROM pg_class "
        "WHERE relnamespace = 'stationplan'::regnamespace AND relkind = 'r'",
    )
    return dict(found)


@pytest.fixture
def stations(database):
    """A database with the table 驿站 of two stations."""
    run(
        database,
        'CREATE TABLE "驿站" ("编码" int PRIMARY KEY, "名称" text, "位置" geometry(Point, 4326))',
        """INSERT INTO "驿站" VALUES (10, '人民南路站', ST_Point(104.06, 30.65, 4326)),
        (9, NULL, ST_Point(104.07, 30.66, 4326))""",
    )
    return database


@contextmanager
def role(url, name, *grants):
    """Give the address for a new user without rights but those granted; the user vanishes with the block."""
    run(url, f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'", *grants)
    try:
        place = conninfo_to_dict(url)
        yield f"postgresql://{name}:{SECRET}@{place['host']}:{place['port']}/{place['dbname']}"
    finally:
        run(url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


# ---- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://host/db", "postgresql://host/db"),
        ("postgres://user@host:5432/db", "postgres://user@host:5432/db"),
        ("postgresql://user:geheim@host/db", "postgresql://user:***@host/db"),
        ("postgresql://:geheim@host/db", "postgresql://:***@host/db"),
        ("postgresql://user:@host/db", "postgresql://user:***@host/db"),
        ("postgresql://user:ge:heim@host/db", "postgresql://user:***@host/db"),
        ("postgresql://u:geheim@[::1]:5432,other:5433/db", "postgresql://u:***@[::1]:5432,other:5433/db"),
        ("postgresql:///db?host=%2Ftmp&password=geheim", "postgresql:///db?host=%2Ftmp&***"),
        ("postgresql:///db?pass%77ord=geheim", "postgresql:///db?***"),
        ("postgresql:///db?pasword=geheim", "postgresql:///db?***"),
        ("postgresql://user:geheim", "postgresql://***"),
        ("postgresql://user:ge/heim@host/db", "postgresql://***"),
        ("postgresql://user:ge@heim@host/db", "postgresql://***"),
        ("postgresql://user:ge?heim@host/db", "postgresql://***"),
        ("postgresql://user:ge#heim@host/db", "postgresql://***"),
        ("postgresql+psycopg://user:geheim@host/db", "postgresql://***"),
    ],
)
def test_an_address_is_shown_without_its_password(url, shown):
    assert shown_url(url) == shown
    assert is_database(url)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.text(max_size=12), st.text(max_size=12), st.sampled_from(["@host/db", "@host:1/db", "@", "", "/db", "?a=b"]))
def test_no_password_shows_however_it_is_written(before, after, rest):
    password = f"{before}{SECRET}{after}"
    for text in (password, quote(password, safe="")):
        assert SECRET not in shown_url(f"postgresql://user:{text}{rest}")
        assert SECRET not in shown_url(f"postgresql://host/db?password={text}")


@pytest.mark.parametrize(
    "address", ["postgresql+psycopg://u:p@h/d", " postgresql://h", "PostgreSQL://h", "postgres:/h"]
)
def test_an_address_written_badly_is_no_path(address):
    assert is_database(address)
    assert shown_url(address) == "postgresql://***"


@pytest.mark.parametrize("name", ["stations.csv", "data/postgresql/a.csv", "postgresql:", "http://host/db"])
def test_a_file_is_no_database(name):
    assert not is_database(name)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:ge@geheim@host/db",
        "postgresql://user:geheim",
        "postgresql://user:%zzgeheim@host/db",
        "postgresql+psycopg://user:geheim@host/db",
        "postgresql://user:geheim@host/db?no_such_setting=geheim",
    ],
)
def test_an_address_that_cannot_be_read_says_how_to_write_it(url):
    fault = refusal(read, url, query="SELECT 1")
    assert fault.code == "bad_address"
    assert "postgresql://user@host" in str(fault)
    assert SECRET not in str(fault)


def test_a_server_that_is_not_there_is_told():
    fault = refusal(read, f"postgresql://user:{SECRET}@127.0.0.1:1/db", query="SELECT 1")
    assert fault.code == "no_connection"
    assert "Check host, port" in str(fault)
    assert SECRET not in str(fault)


@pytest.mark.parametrize("library", ["geoalchemy2", "psycopg", "sqlalchemy"])
def test_without_the_libraries_the_command_that_installs_them_is_told(monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    fault = refusal(read, f"postgresql://user:{SECRET}@host/db", query="SELECT 1")
    assert 'pip install "stationplan[postgis]"' in str(fault)
    assert SECRET not in str(fault)


# ---- who gets in ----------------------------------------------------------------------------------------------------


def test_the_password_may_stand_in_the_environment_or_a_file(stations, tmp_path, monkeypatch):
    place = conninfo_to_dict(stations)
    bare = stations.replace(f":{place['password']}@", "@")
    monkeypatch.setenv("PGPASSWORD", place["password"])
    assert len(read(bare, table="驿站").rows) == 2
    monkeypatch.delenv("PGPASSWORD")
    (tmp_path / "pgpass").write_text(f"*:*:*:*:{place['password']}\n")
    (tmp_path / "pgpass").chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    assert len(read(bare, table="驿站").rows) == 2
    monkeypatch.setenv("PGPASSFILE", "/dev/null")
    fault = refusal(read, bare, table="驿站")
    assert "Give the password in ~/.pgpass or PGPASSWORD." in str(fault)


def test_a_wrong_password_and_a_missing_database_are_told(database):
    place = conninfo_to_dict(database)
    fault = refusal(read, database.replace(place["password"], SECRET), query="SELECT 1")
    assert 'password authentication failed for user "postgres"' in str(fault)
    assert SECRET not in str(fault)
    fault = refusal(read, database.rpartition("/")[0] + "/nowhere", query="SELECT 1")
    assert 'database "nowhere" does not exist' in str(fault)
    assert place["password"] not in str(fault)


def test_a_table_that_the_user_may_not_read_is_told(stations):
    with role(stations, "nobody_much") as url:
        fault = refusal(read, url, table="驿站")
        assert fault.code == "refused"
        assert "permission denied" in str(fault)
        assert "Ask the owner" in str(fault)
        assert SECRET not in str(fault)
        assert "This user can read no table" in str(refusal(read, url, table="x"))


# ---- tables ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["驿站", "public.驿站"])
def test_a_table_is_read_in_the_order_of_its_key_with_its_geometry_apart(stations, name):
    table = read(stations, table=name)
    assert table.header == ("编码", "名称")
    assert table.rows == (("9", ""), ("10", "人民南路站"))
    assert table.row_number == (2, 3)
    assert (table.crs, table.sheet) == ("EPSG:4326", name)
    assert [shape.wkt for shape in table.shapes] == ["POINT (104.07 30.66)", "POINT (104.06 30.65)"]


def test_faults_name_database_table_and_row_without_the_password(stations):
    table = read(stations, table="驿站")
    assert table.file == shown_url(stations)
    assert "***" in table.file
    assert conninfo_to_dict(stations)["password"] not in repr(table)


@pytest.mark.parametrize(
    ("column", "value", "crs"),
    [
        ("geometry(Point, 4326)", "ST_Point(104, 30, 4326)", "EPSG:4326"),
        ("geometry(Point, 4490)", "ST_Point(104, 30, 4490)", "EPSG:4490"),
        ("geometry(Point, 4547)", "ST_Point(500000, 3400000, 4547)", "EPSG:4547"),
        ("geometry(Point)", "ST_Point(104, 30)", None),
        ("geometry", "ST_Point(104, 30, 4490)", "EPSG:4490"),
        ("geography(Point)", "ST_Point(104, 30, 4326)::geography", "EPSG:4326"),
        ("geometry(PointZ, 4326)", "ST_SetSRID(ST_MakePoint(104, 30, 500), 4326)", "EPSG:4326"),
        ("geometry(Point, 4326)", "NULL", None),
    ],
)
def test_the_crs_is_that_of_the_geometry(database, column, value, crs):
    run(database, f"CREATE TABLE t (a int PRIMARY KEY, g {column})", f"INSERT INTO t VALUES (1, {value})")
    table = read(database, table="t")
    assert table.crs == crs
    assert table.rows == (("1",),)
    (shape,) = table.shapes
    assert shape is None or not shapely.has_z(shape)


def test_a_crs_that_the_database_defines_itself_is_given_as_text(database):
    wkt = run(database, "SELECT srtext FROM spatial_ref_sys WHERE srid = 4547")[0][0]
    run(
        database,
        "INSERT INTO spatial_ref_sys (srid, srtext) SELECT 990001, srtext FROM spatial_ref_sys WHERE srid = 4547",
    )
    assert read(database, query="SELECT ST_Point(1, 2, 990001) AS g").crs == wkt


def test_several_or_unknown_srids_are_refused(database):
    query = "SELECT ST_Point(1, 2, 4326) AS g UNION ALL SELECT ST_Point(1, 2, 4490)"
    assert "several SRIDs: 4326, 4490" in str(refusal(read, database, query=query))
    query = "SELECT ST_Point(1, 2, 4326) AS g UNION ALL SELECT ST_Point(1, 2)"
    assert "several SRIDs: 0, 4326" in str(refusal(read, database, query=query))
    assert "The SRID 12345 of the geometries is unknown" in str(
        refusal(read, database, query="SELECT ST_Point(1, 2, 12345) AS g")
    )


def test_of_several_geometries_one_is_named(database):
    run(
        database,
        "CREATE TABLE t (a int PRIMARY KEY, door geometry, middle geometry)",
        "INSERT INTO t VALUES (1, ST_Point(1, 1), ST_Point(2, 2))",
    )
    assert "door, middle" in str(refusal(read, database, table="t"))
    table = read(database, table="t", geometry="middle")
    assert (table.header, table.shapes[0].wkt) == (("a",), "POINT (2 2)")
    fault = refusal(read, database, table="t", geometry="a")
    assert "The column a does not exist or is not of type geometry. Use one of: door, middle." in str(fault)
    assert "there is no such column" in str(refusal(read, database, query="SELECT 1 AS a", geometry="g"))


@pytest.mark.parametrize("shape", ["CIRCULARSTRING(0 0, 1 1, 2 0)", "TIN(((0 0, 1 1, 2 0, 0 0)))"])
def test_a_shape_of_a_kind_that_is_not_read_sets_its_row_aside(database, shape):
    query = f"SELECT * FROM (VALUES ('a', ST_GeomFromText('{shape}', 4326)), ('b', ST_Point(1, 2, 4326))) v (id, g)"
    table = read(database, query=query)
    assert (table.rows, table.row_number, table.set_aside) == ((("b",),), (3,), 1)
    assert [(fault.row, fault.action) for fault in table.faults] == [(2, "set_aside")]
    assert [shape.wkt for shape in table.shapes] == ["POINT (1 2)"]


def test_values_are_the_text_that_the_server_writes_into_a_csv_file(database):
    values = {
        "a": "510100::float8",
        "b": "0.1::float8",
        "c": "1234567890.10::numeric",
        "d": "DATE '2026-07-01'",
        "e": "TIMESTAMP '2026-07-01 08:30'",
        "f": "true",
        "g": "'{1,2}'::int[]",
        "h": """'{"x": "是"}'::jsonb""",
        "i": "DATE 'infinity'",
        "j": "'NaN'::float8",
        "k": "TIME '08:30'",
        "l": "NULL::int",
        "m": "'  a,\"b\"  '",
        "n": "'\\x00ff'::bytea",
        "o": "'5a83d9f8-4799-4451-9b41-0115af8ec744'::uuid",
    }
    query = "SELECT " + ", ".join(f"{value} AS {name}" for name, value in values.items())
    table = read(database, query=query)
    copying = f"COPY ({query}) TO STDOUT WITH (DELIMITER '|', NULL '')"
    with psycopg.connect(database) as connection, connection.cursor() as cursor, cursor.copy(copying) as copy:
        line = b"".join(copy).decode().rstrip("\n").replace("\\\\", "\\")
    assert "|".join(table.rows[0]) == line
    assert table.rows[0][:5] == ("510100", "0.1", "1234567890.10", "2026-07-01", "2026-07-01 08:30:00")


@settings(deadline=None, derandomize=True, max_examples=10)
@given(st.permutations(range(6)))
def test_without_a_key_the_order_of_writing_changes_nothing(postgis_once, order):
    rows = [("b", 1), ("c", 2), ("a", None), ("", 3), ("驿站", 4), ("a", 5)]
    values = [f"('{rows[i][0]}', ST_Point(0, {rows[i][1]}, 4326))" for i in order if rows[i][1] is not None]
    values += [f"('{rows[i][0]}', NULL)" for i in order if rows[i][1] is None]
    run(
        postgis_once,
        "DROP TABLE IF EXISTS t CASCADE",
        "CREATE TABLE t (name text, g geometry)",
        "INSERT INTO t VALUES " + ", ".join(values),
        "CREATE VIEW v AS SELECT * FROM t",
    )
    for name in ("t", "v"):
        table = read(postgis_once, table=name)
        assert [row[0] for row in table.rows] == ["", "a", "a", "b", "c", "驿站"]
        found = [None if shape is None else shape.y for shape in table.shapes]
        assert found == [3, None, 5, 1, 2, 4]


@pytest.fixture(scope="module")
def postgis_once(database_server, postgis_template):
    with new_database(database_server, template=postgis_template) as address:
        yield address


HOSTILE = [
    'x"; DROP TABLE "驿站"; --',
    "x'; DROP TABLE x; --",
    '"',
    "a b",
    "100% %s %(x)s",
    ":x",
    "\\",
    "SELECT",
    "驿站🚑",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_names_whatever_they_hold(stations, name):
    run(
        stations,
        sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)),
        sql.SQL("CREATE TABLE {} ({} int PRIMARY KEY, {} geometry)").format(
            sql.Identifier(name, name), sql.Identifier(name), sql.Identifier(name + "2")
        ),
        sql.SQL("INSERT INTO {} VALUES (2, NULL), (1, NULL)").format(sql.Identifier(name, name)),
    )
    table = read(stations, table=f"{name}.{name}")
    assert (table.header, table.rows) == ((name,), (("1",), ("2",)))
    assert len(read(stations, table="驿站").rows) == 2


@pytest.mark.parametrize(
    "name", [*HOSTILE, "public.驿站; DROP TABLE 驿站", "驿站 --", "", ".", "public.", ".驿站", "pg_class; "]
)
def test_a_table_that_is_not_there_lists_those_that_are(stations, name):
    if name == "驿站🚑":
        run(stations, "CREATE TABLE without_geometry (a int)")
    fault = refusal(read, stations, table=name)
    assert fault.code == "missing_table"
    assert str(fault.cure) == "Use one of: public.驿站. Names are case-sensitive."
    assert len(read(stations, table="驿站").rows) == 2


def test_capitals_are_taken_as_written(database):
    run(database, 'CREATE TABLE "Stations" (a int PRIMARY KEY)', 'INSERT INTO "Stations" VALUES (1)')
    assert read(database, table="Stations").rows == (("1",),)
    assert "Use one of: " in str(refusal(read, database, table="stations"))


def test_a_database_without_postgis_gives_its_tables(database_server):
    with new_database(database_server) as url:
        run(url, "CREATE TABLE t (lon float8, lat float8)", "INSERT INTO t VALUES (104.5, 30.5)")
        table = read(url, table="t")
        assert (table.rows, table.shapes, table.crs) == ((("104.5", "30.5"),), None, None)


def test_text_that_is_not_utf_8_is_told(database_server):
    with psycopg.connect(database_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE raw_bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    try:
        url = database_server.rpartition("/")[0] + "/raw_bytes"
        run(url, "CREATE TABLE t AS SELECT convert_from('\\xd2e6d5be', 'SQL_ASCII') AS a")
        fault = refusal(read, url, table="t")
        assert "invalid byte sequence" in str(fault)
        assert "a database whose encoding is UTF8" in str(fault)
    finally:
        run(database_server, "DROP DATABASE raw_bytes WITH (FORCE)")


def test_neither_or_both_of_table_and_query_are_refused(database):
    assert "either `table` or `query`" in str(refusal(read, database))
    assert "either `table` or `query`" in str(refusal(read, database, table="t", query="SELECT 1"))


# ---- queries --------------------------------------------------------------------------------------------------------


def test_a_query_keeps_its_order_and_its_signs(stations):
    query = """SELECT "编码" % 7 AS "剩余", '%s :name {x} 8:30' AS text, "位置" FROM "驿站" ORDER BY "编码" DESC;"""
    table = read(stations, query=query)
    assert table.header == ("剩余", "text")
    assert table.rows == (("3", "%s :name {x} 8:30"), ("2", "%s :name {x} 8:30"))
    assert (table.crs, table.sheet, table.row_number) == ("EPSG:4326", None, (2, 3))


@pytest.mark.parametrize(
    "query",
    [
        'DROP TABLE "驿站"',
        'DELETE FROM "驿站"',
        'UPDATE "驿站" SET "名称" = \'x\'',
        "INSERT INTO \"驿站\" VALUES (1, 'x', NULL)",
        'TRUNCATE "驿站"',
        'WITH gone AS (DELETE FROM "驿站" RETURNING 1) SELECT * FROM gone',
        'SELECT 1; DROP TABLE "驿站"',
        'SELECT 1; COMMIT; DROP TABLE "驿站"',
        'COMMIT; DROP TABLE "驿站"; SELECT 1',
        'SELECT 1; END; BEGIN READ WRITE; DELETE FROM "驿站"; COMMIT; SELECT 1',
        'SET TRANSACTION READ WRITE; DELETE FROM "驿站"',
        "SELECT set_config('transaction_read_only', 'off', true)",
        'SELECT "编码" FROM "驿站" FOR UPDATE',
        'CREATE TABLE x AS SELECT * FROM "驿站"',
        'SELECT * INTO x FROM "驿站"',
        "SELECT emptied()",
        "SELECT nextval('counter')",
        "COPY \"驿站\" TO PROGRAM 'cat'",
        "DO 'BEGIN END'",
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "SELECT 1 /*",
        "SELECT nonsense FROM nowhere",
        "",
        "--",
    ],
)
def test_a_query_that_is_no_reading_select_is_refused_and_changes_nothing(stations, query):
    run(
        stations,
        "CREATE SEQUENCE counter",
        """CREATE FUNCTION emptied() RETURNS int LANGUAGE sql AS 'DELETE FROM "驿站"; SELECT 1'""",
    )
    fault = refusal(read, stations, query=query)
    assert fault.code == "refused"
    assert "Use one SELECT that this user may run; writing is not allowed." in str(fault)
    assert len(read(stations, table="驿站").rows) == 2
    assert tables(stations, "public") == {"驿站", "spatial_ref_sys", "geometry_columns", "geography_columns"}
    assert run(stations, "SELECT is_called FROM counter") == [(False,)]


def test_what_a_server_lets_pass_as_reading_is_taken_back(database):
    # Before PostgreSQL 16 large objects may be made in read-only transactions.
    try:
        read(database, query="SELECT lo_create(0) AS made")
    except InputError as error:
        assert "read-only" in str(error)
    assert run(database, "SELECT count(*) FROM pg_largeobject_metadata") == [(0,)]


def test_two_columns_of_one_name_and_no_rows_are_refused(stations):
    fault = refusal(read, stations, query="SELECT 1 AS a, 2 AS a")
    assert "The column a appears twice in the header." in str(fault)
    fault = refusal(read, stations, query='SELECT x."位置", y."位置" FROM "驿站" x, "驿站" y')
    assert fault.code == "repeated_column"
    fault = refusal(read, stations, query='SELECT * FROM "驿站" WHERE false')
    assert "no rows" in str(fault)


def test_answers_are_read_up_to_the_limits(database):
    few = Limits(rows=3, columns=2, file_mb=1, vertices=4)
    assert len(read(database, few, query="SELECT generate_series(1, 3) AS a").rows) == 3
    cases = {
        "SELECT generate_series(1, 4) AS a": "more than 3 rows",
        "SELECT generate_series(1, 1000000000000) AS a": "more than 3 rows",
        "SELECT 1 AS a, 2 AS b, 3 AS c": "3 columns",
        "SELECT repeat('x', 2000000) AS a": "MB",
        "SELECT ST_MakeEnvelope(0, 0, 1, 1, 4326) AS g": "5 vertices",
    }
    for query, words in cases.items():
        fault = refusal(read, database, few, query=query)
        assert fault.code == "too_large"
        assert words in str(fault)


def test_a_query_that_takes_too_long_is_stopped(database, monkeypatch):
    monkeypatch.setattr(reading, "TIMEOUT_S", 1)
    fault = refusal(read, database, query="SELECT pg_sleep(30) AS a")
    assert "statement timeout" in str(fault)
    assert "cancelled after 1 s" in str(fault)


# ---- a scenario -----------------------------------------------------------------------------------------------------


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


# ---- writing --------------------------------------------------------------------------------------------------------


def as_written(value):
    return None if isinstance(value, float) and np.isnan(value) else value


def test_the_tables_are_the_layers_of_the_geopackage(demo_plan, database, tmp_path):
    demo_plan.save_to_database(database)
    write_geopackage(demo_plan, tmp_path / "plan.gpkg")
    assert tables(database) == LAYERS
    for layer in LAYERS:
        frame = geopandas.read_file(tmp_path / "plan.gpkg", layer=layer)
        key = frame.columns[0] if layer != "proposed" else "site_id"
        names = [name for name in frame.columns if name != "geometry"]
        with psycopg.connect(database) as connection:
            rows = connection.execute(
                sql.SQL("SELECT {}, ST_AsBinary(geometry), ST_SRID(geometry) FROM {}").format(
                    sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier("stationplan", layer)
                )
            ).fetchall()
        at = names.index(key)
        found = {row[at]: row for row in rows}
        assert len(found) == len(rows) == len(frame) > 0
        for name, shape, values in zip(frame[key], frame.geometry, frame[names].to_numpy().tolist(), strict=True):
            *stored, wkb, srid = found[name]
            assert stored == list(map(as_written, values))
            assert srid == 4326
            many = shapely.multipolygons([shape]) if shape.geom_type == "Polygon" else shape
            assert shapely.from_wkb(wkb) == many


def test_the_tables_have_types_keys_indices_and_comments(demo_plan, database):
    demo_plan.save_to_database(database)
    found = run(database, "SELECT f_table_name, type, srid, coord_dimension FROM geometry_columns ORDER BY 1")
    assert found == [
        ("demand", "POINT", 4326, 2),
        ("districts", "MULTIPOLYGON", 4326, 2),
        ("existing", "POINT", 4326, 2),
        ("proposed", "POINT", 4326, 2),
    ]
    indices = run(database, "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'stationplan'")
    assert {name for name, text in indices if "USING gist (geometry)" in text} == LAYERS
    assert {name for name, text in indices if "UNIQUE" in text} == LAYERS
    for text in comments(database).values():
        assert demo_plan.study.scenario_fingerprint in text
        assert demo_plan.study.name.zh in text


def test_a_table_that_was_written_can_be_read_again(demo_plan, database):
    demo_plan.save_to_database(database, schema="结果 2026")
    table = read(database, table="结果 2026.proposed")
    frame = layers(demo_plan)["proposed"].sort_values("site_id")
    assert [row[table.header.index("name")] for row in table.rows] == frame["name"].tolist()
    assert table.crs == "EPSG:4326"
    assert (shapely.distance(table.shapes, frame.geometry.to_numpy()) == 0).all()


def test_a_plan_without_stations_today_leaves_an_empty_table(demo_plan, database):
    before = demo_plan.sites
    nothing = replace(demo_plan.audit, **{key: column[:0] for key, column in vars(demo_plan.audit).items()})
    plan = altered(demo_plan, sites=replace(before, existing=np.zeros_like(before.existing)), audit=nothing)
    write_database(plan, database)
    assert run(database, "SELECT count(*) FROM stationplan.existing") == [(0,)]


def test_tables_are_replaced_on_demand_only(demo_plan, database):
    refuse_database(database)
    assert tables(database) == set()
    demo_plan.save_to_database(database)
    run(database, "DELETE FROM stationplan.proposed")
    for call_ in (refuse_database, lambda url: write_database(demo_plan, url)):
        with pytest.raises(InputError, match=r"stationplan\.demand already exists") as caught:
            call_(database)
        assert {fault.code for fault in caught.value.faults} == {"table_exists"}
        assert len(caught.value.faults) == 4
    assert run(database, "SELECT count(*) FROM stationplan.proposed") == [(0,)]
    refuse_database(database, overwrite=True)
    assert run(database, "SELECT count(*) FROM stationplan.proposed") == [(0,)]
    write_database(demo_plan, database, overwrite=True)
    assert run(database, "SELECT count(*) FROM stationplan.proposed") == [(20,)]


@pytest.mark.parametrize(
    "stranger",
    [
        "CREATE TABLE districts AS SELECT 1 AS a",
        "CREATE VIEW districts AS SELECT 1 AS a",
        "CREATE MATERIALIZED VIEW districts AS SELECT 1 AS a",
        "CREATE TABLE districts AS SELECT 1 AS a; COMMENT ON TABLE districts IS 'Not written by stationplan'",
    ],
)
def test_what_others_made_is_never_touched(demo_plan, database, stranger):
    run(database, stranger)
    for call_ in (refuse_database, lambda url, **more: write_database(demo_plan, url, **more)):
        fault = refusal(call_, database, schema="public", overwrite=True)
        assert fault.code == "foreign_table"
        assert "public.districts was not written by stationplan and is kept" in str(fault)
    assert run(database, "SELECT a FROM districts") == [(1,)]
    assert not tables(database, "public") & {"proposed", "existing", "demand"}


def test_what_others_built_upon_our_tables_is_not_torn_down(demo_plan, database):
    demo_plan.save_to_database(database)
    run(database, "CREATE VIEW public.mine AS SELECT name FROM stationplan.proposed")
    fault = refusal(refuse_database, database, overwrite=True)
    assert "view mine depends on table stationplan.proposed" in str(fault)
    assert "drop what depends on the table" in str(fault)
    assert run(database, "SELECT count(*) FROM mine") == [(20,)]


TAMPERED = """\
CREATE FUNCTION tamper() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'stationplan.demand') THEN
        ALTER TABLE stationplan.demand ADD CONSTRAINT never CHECK (workers < 0);
    END IF;
END $$"""


def test_a_failure_in_the_last_layer_leaves_nothing_of_the_others(demo_plan, database):
    trigger = "CREATE EVENT TRIGGER tamper ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION tamper()"
    run(database, TAMPERED, trigger)
    fault = refusal(write_database, demo_plan, database)
    assert 'violates check constraint "never"' in str(fault)
    assert run(database, "SELECT count(*) FROM pg_namespace WHERE nspname = 'stationplan'") == [(0,)]

    run(database, "DROP EVENT TRIGGER tamper")
    demo_plan.save_to_database(database)
    before = comments(database)
    run(database, trigger)
    other = altered(demo_plan, scenario_fingerprint="other")
    assert refusal(write_database, other, database, overwrite=True).code == "refused"
    assert comments(database) == before
    assert run(database, "SELECT count(*) FROM stationplan.proposed") == [(20,)]


def test_a_refusal_at_the_very_end_leaves_nothing(demo_plan, database):
    deferred = "ADD CONSTRAINT one EXCLUDE USING gist (geometry WITH &&) DEFERRABLE INITIALLY DEFERRED"
    run(
        database,
        TAMPERED.replace("ADD CONSTRAINT never CHECK (workers < 0)", deferred),
        "CREATE EVENT TRIGGER tamper ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION tamper()",
    )
    twice = replace(demo_plan.demand, x=np.zeros_like(demo_plan.demand.x) + demo_plan.demand.x[0])
    twice = replace(twice, y=np.zeros_like(twice.y) + twice.y[0])
    fault = refusal(write_database, altered(demo_plan, demand=twice), database)
    assert "conflicting key value" in str(fault)
    assert tables(database) == set()


@pytest.mark.parametrize("overwrite", [False, True])
def test_of_two_writers_at_once_the_tables_are_those_of_one(demo_plan, database, overwrite):
    refused = []

    def write(name):
        try:
            write_database(altered(demo_plan, scenario_fingerprint=name), database, overwrite=overwrite)
        except InputError as error:
            refused.append({fault.code for fault in error.faults})

    writers = [threading.Thread(target=write, args=(f"writer-{i}",)) for i in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert refused == ([] if overwrite else [{"table_exists"}] * 3)
    assert set(comments(database)) == LAYERS
    assert len(set(comments(database).values())) == 1


def test_text_is_stored_as_it_is(demo_plan, database):
    texts = [*FRAGMENTS, *WHOLE, "'); DROP TABLE stationplan.proposed; --", "\\'", "%(x)s", ":x"]
    texts = texts[: len(demo_plan.sites)]
    sites = demo_plan.sites
    names = tuple(texts[i] if i < len(texts) else name for i, name in enumerate(sites.name))
    everyone = np.ones_like(sites.existing)
    title = LocalText("100% '; DROP TABLE x; -- \\ %s :x", '"{0}" $$')
    write_database(altered(demo_plan, name=title, sites=replace(sites, name=names, existing=everyone)), database)
    stored = dict(run(database, "SELECT site_id, name FROM stationplan.existing"))
    assert [stored[site] for site in sites.site_id] == list(names)
    assert len(texts) > 50
    assert all(f"Plan: {title.zh} / {title.en}." in text for text in comments(database).values())


def test_nul_which_postgresql_cannot_hold_is_written_as_an_escape(demo_plan, database):
    sites = demo_plan.sites
    names = ("a\0b", *sites.name[1:])
    everyone = np.ones_like(sites.existing)
    title = LocalText("a\0b", "c")
    write_database(altered(demo_plan, name=title, sites=replace(sites, name=names, existing=everyone)), database)
    stored = dict(run(database, "SELECT site_id, name FROM stationplan.existing"))
    assert stored[sites.site_id[0]] == r"a\x00b"
    assert r"a\x00b / c" in comments(database)["demand"]


@pytest.mark.parametrize("schema", ["", "驿" * 22, "a\0b", "a\nb", "\udcff", "pg_mine"])
def test_a_name_that_no_schema_can_have_is_refused_beforehand(database, schema):
    assert refusal(refuse_database, database, schema=schema).code in {"bad_schema", "refused"}


@pytest.mark.parametrize("schema", ['x"; DROP SCHEMA public CASCADE; --', "驿站", "a.b", "100% %s", "Select"])
def test_a_schema_may_have_any_name(demo_plan, database, schema):
    demo_plan.save_to_database(database, schema=schema)
    assert run(database, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, "proposed"))) == [(20,)]
    assert {row[0] for row in run(database, "SELECT nspname FROM pg_namespace")} >= {schema, "public"}


def test_without_postgis_or_the_right_to_write_nothing_is_begun(database, database_server):
    with new_database(database_server) as url:
        assert "CREATE EXTENSION postgis" in str(refusal(refuse_database, url))
    with role(database, "only_reads") as url:
        fault = refusal(refuse_database, url)
        assert "permission denied" in str(fault)
        assert SECRET not in str(fault)
        run(database, "CREATE SCHEMA theirs", "GRANT USAGE, CREATE ON SCHEMA theirs TO only_reads")
        refuse_database(url, schema="theirs")


def test_postgis_may_live_in_a_schema_of_its_own(demo_plan, database_server):
    with new_database(database_server) as url:
        run(url, "CREATE SCHEMA gis", "CREATE EXTENSION postgis SCHEMA gis")
        demo_plan.save_to_database(url)
        assert read(url, table="stationplan.districts").crs == "EPSG:4326"


# ---- the command ----------------------------------------------------------------------------------------------------


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
