"""A database with PostGIS as the tests of tables and of layers use it."""

from __future__ import annotations

from contextlib import contextmanager

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from stationplan.errors import InputError
from stationplan.inputs.tables.database import read_database
from stationplan.scenario import Limits

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


@contextmanager
def role(url, name, *grants):
    """Give the address for a new user without rights but those granted; the user vanishes with the block."""
    run(url, f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'", *grants)
    try:
        place = conninfo_to_dict(url)
        yield f"postgresql://{name}:{SECRET}@{place['host']}:{place['port']}/{place['dbname']}"
    finally:
        run(url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


TAMPERED = """\
CREATE FUNCTION tamper() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'stationplan.demand') THEN
        ALTER TABLE stationplan.demand ADD CONSTRAINT never CHECK (workers < 0);
    END IF;
END $$"""
