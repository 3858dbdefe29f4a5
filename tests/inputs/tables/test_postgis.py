"""PostGIS as an input, on a real server: tables and queries, read and never changed."""

from __future__ import annotations

import psycopg
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from support.database import new_database
from support.postgis import SECRET, read, refusal, role, run, tables

from stationplan.errors import InputError
from stationplan.inputs.tables import database as reading
from stationplan.scenario import Limits
from stationplan.storage.database import shown_url


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
