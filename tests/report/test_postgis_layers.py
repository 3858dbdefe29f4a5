"""The layers of a plan as tables of PostGIS, on a real server: whole or not at all, and nothing of others touched."""

from __future__ import annotations

import threading
from dataclasses import replace

import geopandas
import numpy as np
import psycopg
import pytest
import shapely
from psycopg import sql
from support.altered import altered
from support.database import new_database
from support.hostile import FRAGMENTS, WHOLE
from support.postgis import LAYERS, SECRET, TAMPERED, comments, read, refusal, role, run, tables

from stationplan.domain import LocalText
from stationplan.errors import InputError
from stationplan.report import layers, refuse_database, write_database, write_geopackage


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
