"""A table or query of a PostGIS database as a :class:`~stationplan.inputs.tables.table.Table`.

A query is written by the user and runs as the only statement of a read-only transaction; names of tables are quoted,
never inserted into SQL as text. What either may read is controlled by the privileges of the database user.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import shapely

from stationplan.domain import ObjectArray
from stationplan.errors import FaultList, InputError, Message, say
from stationplan.inputs.limits import refuse_above
from stationplan.inputs.tables.table import Table, cleaned
from stationplan.scenario import Limits
from stationplan.storage.database import connection_to, postgis_schema, shown_url

if TYPE_CHECKING:  # an extra: imported where a database is used
    from sqlalchemy import Connection, CursorResult, Select

TIMEOUT_S = 600
"""Time limit (s) of a statement on the server."""

_ROWS_AT_ONCE = 2000
_NAMES_SHOWN = 20
_MB = 1_000_000
_NO_RIGHT, _BAD_TEXT, _TIMED_OUT = "42501", "22021", "57014"
"""SQLSTATE codes of some errors."""


_TYPES = "SELECT oid FROM pg_type WHERE typname IN ('geometry', 'geography')"
_RELATIONS = """\
SELECT n.nspname, c.relname, EXISTS (
    SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = c.oid AND NOT a.attisdropped AND t.typname IN ('geometry', 'geography'))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname !~ '^(pg_|information_schema$)'
    AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2"""


def read_database(
    url: str, *, table: str | None = None, query: str | None = None, geometry: str | None = None, limits: Limits
) -> Table:
    """Return a table or view (``schema.table``, or ``table`` on the search path), or the result of a query.

    ``url`` is ``postgresql://user@host/database``. Names are case-sensitive and used as written.

    Values are the text that the server writes for them, as in its CSV files; NULL is empty. The column of type geometry
    or geography becomes ``shapes``, in two dimensions, and ``crs`` (``None`` for SRID 0); of several, ``geometry``
    selects one, and the others are dropped. Rows are in the order of the primary key, otherwise in that of their
    content; those of a query in its own order. A row whose shape is of an unsupported kind is excluded.

    Raises
    ------
    InputError
        The database cannot be reached, there is no such table, the server refuses to read it, the result is too large,
        has no rows or two columns of one name, or its geometry column or CRS is ambiguous.
    """
    faults = FaultList(shown_url(url), sheet=table)
    if (table is None) == (query is None):
        faults.add(
            say("A database requires either `table` or `query`."),
            say("Set one source of rows."),
            code="ambiguous_source",
        )
        raise InputError(faults.faults)
    cure = partial(_cure, is_query=query is not None)
    with connection_to(url, faults, read_only=True, cure=cure) as connection:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{TIMEOUT_S}s'")
        geometry_types = {int(row[0]) for row in connection.exec_driver_sql(_TYPES)}
        if query is not None:
            ordered = True
            # Without parameters, % has no special meaning.
            result = _as_text(connection).exec_driver_sql(query, execution_options={"no_parameters": True})
        else:
            key = _primary_key(connection, table or "", faults)
            ordered = bool(key)
            result = _as_text(connection).execute(_everything_of(table or "", key))
        with closing(result):
            header = _header(result, geometry_types, geometry, limits, faults)
            records = _fetch(result, header, limits, faults)
        if not ordered:
            records.sort(key=lambda record: (record[0], record[1] or ""))
        return _table(connection, header, records, limits, faults)


def _cure(state: str, *, is_query: bool) -> Message:
    if state == _TIMED_OUT:
        return say("Query less, or use an index; the query is cancelled after {limit} s.", limit=TIMEOUT_S)
    if state == _BAD_TEXT:
        return say("Move the data to a database whose encoding is UTF8.")
    if is_query:
        return say("Use one SELECT that this user may run; writing is not allowed.")
    if state == _NO_RIGHT:
        return say("Ask the owner of the table for permission to read it.")
    return say("Correct the table or view, or use a query.")


def _split(name: str) -> tuple[str | None, str]:
    """Return the schema and table of a name; everything after the first point is the table."""
    schema, point, table = name.partition(".")
    return (schema, table) if point else (None, name)


def _primary_key(connection: Connection, name: str, faults: FaultList) -> list[str]:
    """Return the columns of a table's primary key, in order; none for a view."""
    import sqlalchemy  # noqa: PLC0415 - an extra

    schema, table = _split(name)
    inspector = sqlalchemy.inspect(connection)
    if inspector.has_table(table, schema=schema):
        return list(inspector.get_pk_constraint(table, schema=schema)["constrained_columns"])
    relations = connection.exec_driver_sql(_RELATIONS).all()
    names = [f"{row[0]}.{row[1]}" for row in relations if row[2]] or [f"{row[0]}.{row[1]}" for row in relations]
    shown = [*names[:_NAMES_SHOWN], *(["..."] if len(names) > _NAMES_SHOWN else [])]
    cure = say("This user can read no table; ask the owner for permission.")
    if names:
        cure = say("Use one of: {tables}. Names are case-sensitive.", tables=", ".join(shown))
    faults.add(say("There is no table {table} in the database.", table=name), cure, code="missing_table")
    raise InputError(faults.faults)


def _everything_of(name: str, key: Sequence[str]) -> Select[*tuple[object, ...]]:
    from sqlalchemy import column, select, table, text  # noqa: PLC0415 - an extra
    from sqlalchemy.sql import quoted_name  # noqa: PLC0415 - likewise

    schema, own = _split(name)
    source = table(quoted_name(own, quote=True), schema=None if schema is None else quoted_name(schema, quote=True))
    return select(text("*")).select_from(source).order_by(*(column(quoted_name(part, quote=True)) for part in key))


def _as_text(connection: Connection) -> Connection:
    """Return the connection with values as text, as the server writes them, and with server-side cursors.

    Such a cursor accepts a single SELECT and nothing else, and returns its rows in batches.
    """
    from psycopg import Connection as Driver  # noqa: PLC0415 - an extra
    from psycopg import adapters  # noqa: PLC0415 - likewise
    from psycopg.adapt import Loader  # noqa: PLC0415 - likewise

    class AsWritten(Loader):
        def load(self, data: bytes | bytearray | memoryview) -> str:
            return bytes(data).decode()

    driver = connection.connection.driver_connection
    assert isinstance(driver, Driver)
    known = {oid for kind in adapters.types for oid in (kind.oid, kind.array_oid)}
    for oid in {*known, 0}:  # 0 is the default for unknown types
        driver.adapters.register_loader(oid, AsWritten)
    return connection.execution_options(stream_results=True, max_row_buffer=_ROWS_AT_ONCE)


@dataclass(frozen=True)
class _Header:
    """Names and positions of the plain columns of a result, and the position of the geometry column, if one is read."""

    names: tuple[str, ...]
    plain: tuple[int, ...]
    geometry: int | None


_Record = tuple[tuple[str, ...], str | None]
"""The texts of a row, and its geometry as hexadecimal EWKB."""


def _header(
    result: CursorResult[*tuple[object, ...]],
    geometry_types: set[int],
    wanted: str | None,
    limits: Limits,
    faults: FaultList,
) -> _Header:
    columns = [] if result.cursor is None else [(str(item[0]), item[1]) for item in result.cursor.description or ()]
    refuse_above(len(columns), "columns", limits, faults)
    names = [name for name, _ in columns]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.add(
            say("The column {column} appears twice in the header.", column=name),
            say("Rename one of them."),
            code="repeated_column",
        )
    faults.raise_any()
    shapes = {name: i for i, (name, kind) in enumerate(columns) if kind in geometry_types}
    listed = ", ".join(shapes)
    if wanted is None and len(shapes) > 1:
        faults.add(
            say("Several columns are of type geometry: {columns}.", columns=listed),
            say('Select one with `geometry = "..."`.'),
            code="ambiguous_geometry",
        )
    elif wanted is not None and wanted not in shapes:
        faults.add(
            say("The column {column} does not exist or is not of type geometry.", column=wanted),
            say("Use one of: {columns}.", columns=listed)
            if shapes
            else say("Omit `geometry`; there is no such column."),
            code="missing_geometry",
        )
    faults.raise_any()
    plain = tuple(i for i in range(len(names)) if i not in shapes.values())
    geometry = shapes[wanted] if wanted is not None else next(iter(shapes.values()), None)
    return _Header(tuple(names[i] for i in plain), plain, geometry)


def _fetch(
    result: CursorResult[*tuple[object, ...]], header: _Header, limits: Limits, faults: FaultList
) -> list[_Record]:
    records: list[_Record] = []
    size = 0
    for part in result.partitions(_ROWS_AT_ONCE):
        for row in part:
            texts = tuple("" if row[i] is None else str(row[i]) for i in header.plain)
            shape = None if header.geometry is None or row[header.geometry] is None else str(row[header.geometry])
            records.append((texts, shape))
            size += sum(map(len, texts)) + len(shape or "")
        refuse_above(len(records), "rows", limits, faults)
        refuse_above(size // _MB, "file_mb", limits, faults)
    if not records:
        faults.add(say("The table has a header but no rows."), say("Provide at least one row."), code="empty")
    faults.raise_any()
    return records


def _table(
    connection: Connection, header: _Header, records: Sequence[_Record], limits: Limits, faults: FaultList
) -> Table:
    rows = [texts for texts, _ in records]
    numbers = np.arange(2, len(rows) + 2)
    found = cleaned(
        Table(
            faults.file or "",
            header.names,
            tuple(rows),
            tuple(numbers.tolist()),
            sheet=faults.sheet,
            sha256=hashlib.sha256(repr((header.names, records)).encode()).hexdigest(),
        )
    )
    if header.geometry is None:
        return found
    given = np.array([shape is not None for _, shape in records])
    shapes = _shapes([shape for _, shape in records])
    refuse_above(int(shapely.get_num_coordinates(shapes).sum()), "vertices", limits, faults)
    readable = np.array([shape is not None for shape in shapes])
    crs = _crs(connection, {int(srid) for srid in shapely.get_srid(shapes[readable])}, faults)
    for row in numbers[given & ~readable].tolist():
        faults.add(
            say("This geometry type is not supported."),
            say("Convert it to points, lines or polygons, for example with ST_CurveToLine."),
            row=row,
            code="unread_geometry",
            action="set_aside",
        )
    keep = ~given | readable
    return replace(
        found,
        rows=tuple(row for row, kept in zip(rows, keep, strict=True) if kept),
        row_number=tuple(numbers[keep].tolist()),
        shapes=shapely.force_2d(shapes[keep]),
        crs=crs,
        faults=tuple(faults.faults),
        set_aside=int((~keep).sum()),
    )


def _shapes(texts: Sequence[str | None]) -> ObjectArray:
    """Return geometries of hexadecimal EWKB, ``None`` where there is none or its kind is not supported."""
    array: ObjectArray = np.array(texts, dtype=object)
    try:
        return np.asarray(shapely.from_wkb(array, on_invalid="ignore"), dtype=object)
    except NotImplementedError:  # curves raise it for the whole array
        if len(texts) == 1:
            return np.array([None], dtype=object)
        return np.concatenate([_shapes([text]) for text in texts])


def _crs(connection: Connection, srids: set[int], faults: FaultList) -> str | None:
    """Return the CRS of an SRID as ``EPSG:4490``, or as WKT for one defined by the database itself."""
    if len(srids) > 1:
        faults.add(
            say("The geometries have several SRIDs: {srids}.", srids=", ".join(map(str, sorted(srids)))),
            say("Convert them to one with ST_Transform or ST_SetSRID, in the table or in a query."),
            code="several_srids",
        )
        raise InputError(faults.faults)
    if not srids - {0}:
        return None
    from sqlalchemy import column, select, table  # noqa: PLC0415 - an extra

    schema = postgis_schema(connection)
    systems = table("spatial_ref_sys", *map(column, ("srid", "auth_name", "auth_srid", "srtext")), schema=schema)
    (srid,) = srids
    known = connection.execute(select(systems).where(systems.c.srid == srid)).one_or_none()
    if known is None:
        faults.add(
            say("The SRID {srid} of the geometries is unknown to the database.", srid=srid),
            say("Set the right one with ST_SetSRID, in the table or in a query."),
            code="unknown_srid",
        )
        raise InputError(faults.faults)
    return f"{known.auth_name}:{known.auth_srid}" if known.auth_name else str(known.srtext)
