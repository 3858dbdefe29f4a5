"""The plan's layers as tables of a PostGIS database, written in one transaction.

Only tables written by stationplan are ever replaced; they are recognised by the comment on each table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import shapely
from geopandas import GeoDataFrame
from pandas.api.types import is_integer_dtype, is_numeric_dtype

from stationplan.domain import Plan
from stationplan.errors import FaultList, InputError, Message, say
from stationplan.report.layers import layers
from stationplan.storage.database import connection_to, postgis_schema, shown_url

if TYPE_CHECKING:  # an optional dependency: imported only where a database is used
    from sqlalchemy import Connection, MetaData, Table

DEFAULT_SCHEMA = "stationplan"

_KEYS = {"proposed": "site_id", "existing": "site_id", "districts": "district_id", "demand": "cell_id"}
"""Primary key of each layer."""

_SHAPES = {"proposed": "POINT", "existing": "POINT", "districts": "MULTIPOLYGON", "demand": "POINT"}
_MARK = "Written by stationplan, which may replace it."
_STANDING = """\
SELECT c.relname, c.relkind, obj_description(c.oid, 'pg_class')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = :schema AND c.relname = ANY(:names) ORDER BY 1"""
_LOCK_WAIT_S = 30
_DEPENDED_ON = "2BP01"
"""SQLSTATE for dropping an object that other objects depend on."""

_MAX_NAME_BYTES = 63
"""PostgreSQL cuts longer names without an error."""


def refuse_database(url: str, *, schema: str = DEFAULT_SCHEMA, overwrite: bool = False) -> None:
    """Raise if :func:`write_database` would fail; the tables are created in a transaction that is rolled back.

    Raises
    ------
    InputError
        As for :func:`write_database`.
    """
    with _place_for_tables(url, schema, overwrite=overwrite) as connection:
        from geoalchemy2 import Geometry  # noqa: PLC0415 - an optional dependency, installed if connected
        from sqlalchemy import Column, MetaData, Table  # noqa: PLC0415 - likewise

        trial = MetaData(schema=schema)
        for layer, shape in _SHAPES.items():
            Table(layer, trial, Column("geometry", Geometry(shape, srid=4326)))
        trial.create_all(connection, checkfirst=False)
        connection.rollback()


def write_database(plan: Plan, url: str, *, schema: str = DEFAULT_SCHEMA, overwrite: bool = False) -> None:
    r"""Write the layers of a plan, in WGS-84, as tables ``proposed``, ``existing``, ``districts`` and ``demand``.

    The schema is created if it is missing. Every table has a primary key, a spatial index, and a comment with the name
    of the plan and the fingerprint of its scenario. Text is stored unchanged, except that NUL, which PostgreSQL cannot
    store, becomes ``\x00``. Districts become multipolygons.

    Raises
    ------
    InputError
        The database cannot be reached, denies access or has no PostGIS; or it has a table of one of these names that
        stationplan did not write, or one that it wrote while ``overwrite`` is false. The database is then unchanged.
    """
    comment = f"{_MARK} Plan: {plan.study.name.zh} / {plan.study.name.en}. Scenario: {plan.study.scenario_fingerprint}"
    with _place_for_tables(url, schema, overwrite=overwrite) as connection:
        from sqlalchemy import MetaData  # noqa: PLC0415 - an optional dependency, installed if connected

        metadata = MetaData(schema=schema)
        frames = layers(plan)
        tables = [_table(metadata, layer, frame, _storable(comment)) for layer, frame in frames.items()]
        metadata.create_all(connection, checkfirst=False)
        for table, frame in zip(tables, frames.values(), strict=True):
            if len(frame):
                connection.execute(table.insert(), _rows(frame))


@contextmanager
def _place_for_tables(url: str, schema: str, *, overwrite: bool) -> Iterator[Connection]:
    """Yield a connection in a transaction in which the schema exists and has no table with the name of a layer."""
    faults = FaultList(shown_url(url))
    if not schema.isprintable() or not 0 < len(schema.encode()) <= _MAX_NAME_BYTES:
        faults.add(
            say("{schema} is not a valid schema name.", schema=repr(schema)),
            say("Choose another name with --schema, at most {limit} bytes long.", limit=_MAX_NAME_BYTES),
            code="bad_schema",
        )
        raise InputError(faults.faults)
    with connection_to(url, faults, read_only=False, cure=_cure) as connection:
        _clear(connection, schema, overwrite=overwrite, faults=faults)
        yield connection


def _cure(state: str) -> Message:
    if state == _DEPENDED_ON:
        return say("Choose another schema with --schema, or have the owner drop what depends on the table.")
    return say("Ask the owner for permission to write there, or choose another schema with --schema.")


def _clear(connection: Connection, schema: str, *, overwrite: bool, faults: FaultList) -> None:
    """Create the schema if it is missing and drop our tables in it; add faults if other tables have their names."""
    from sqlalchemy import MetaData, Table, inspect, text  # noqa: PLC0415 - an optional dependency
    from sqlalchemy.schema import CreateSchema, DropTable  # noqa: PLC0415 - likewise

    home = postgis_schema(connection)
    if home is None:
        faults.add(
            say("PostGIS is not installed in the database."),
            say("Have the owner run: CREATE EXTENSION postgis;"),
            code="no_postgis",
        )
        raise InputError(faults.faults)
    settings = "SELECT set_config('search_path', quote_ident(:home), true), set_config('lock_timeout', :wait, true)"
    connection.execute(text(settings), {"home": home, "wait": f"{_LOCK_WAIT_S}s"})
    # One writer at a time: two concurrent writers would both find no tables.
    lock = "SELECT pg_advisory_xact_lock(hashtext('stationplan'), hashtext(:schema))"
    connection.execute(text(lock), {"schema": schema})
    if not inspect(connection).has_schema(schema):
        connection.execute(CreateSchema(schema))
    standing = connection.execute(text(_STANDING), {"schema": schema, "names": list(_KEYS)}).all()
    for name, kind, comment in standing:
        if kind != "r" or not str(comment).startswith(_MARK):
            faults.add(
                say("The table {table} was not written by stationplan and is kept.", table=f"{schema}.{name}"),
                say("Choose another schema with --schema."),
                code="foreign_table",
            )
        elif not overwrite:
            faults.add(
                say("The table {table} already exists.", table=f"{schema}.{name}"),
                say("Choose another schema with --schema, or pass --overwrite."),
                code="table_exists",
            )
    faults.raise_any()
    for name, *_ in standing:
        connection.execute(DropTable(Table(name, MetaData(schema=schema))))


def _table(metadata: MetaData, layer: str, frame: GeoDataFrame, comment: str) -> Table:
    from geoalchemy2 import Geometry  # noqa: PLC0415 - an optional dependency
    from sqlalchemy import BigInteger, Column, Double, Table, Text  # noqa: PLC0415 - likewise

    columns: list[Column[object]] = []
    for name in frame.columns:
        kind = frame[name].dtype
        if name == frame.geometry.name:
            columns.append(Column(name, Geometry(_SHAPES[layer], srid=4326)))
        elif is_numeric_dtype(kind):
            columns.append(Column(name, BigInteger if is_integer_dtype(kind) else Double))
        else:
            columns.append(Column(name, Text, primary_key=name == _KEYS[layer]))
    return Table(layer, metadata, *columns, comment=comment)


def _rows(frame: GeoDataFrame) -> list[dict[str, object]]:
    """Return the rows of a layer as values for PostgreSQL: geometry as hexadecimal EWKB, NaN as NULL."""
    columns = {str(name): [_value(value) for value in frame[name].tolist()] for name in frame.columns}
    shapes = [
        shapely.multipolygons([shape]) if shape.geom_type == "Polygon" else shape for shape in frame.geometry.to_numpy()
    ]
    columns[frame.geometry.name] = shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True).tolist()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _value(value: object) -> object:
    if isinstance(value, str):
        return _storable(value)
    return None if isinstance(value, float) and math.isnan(value) else value


def _storable(text: str) -> str:
    return text.replace("\0", "\\x00")
