"""A PostGIS server: its address without the password, and a connection whose errors become ``InputError``.

libpq, PostgreSQL's own client library, parses the address and takes a password that the address lacks from
``~/.pgpass`` or ``PGPASSWORD``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote

from stationplan.errors import FaultList, InputError, Message, say

if TYPE_CHECKING:  # an extra: imported where a database is used
    import psycopg
    from sqlalchemy import Connection
    from sqlalchemy.exc import SQLAlchemyError

_HOST = r"(?:\[[^\]@/?#]*\]|[^@/?#:,\[\]]*)(?::\d+)?"
_ADDRESS = re.compile(
    r"(?P<scheme>postgres(?:ql)?://)(?:(?P<user>[^@:/?#]*)(?P<password>:[^@/?#]*)?@)?"
    rf"(?P<place>{_HOST}(?:,{_HOST})*(?:/[^@?#]*)?)(?:\?(?P<settings>[^#]*))?"
)
"""An address with unambiguous parts.

Text in the position of a password is a password, or the address is rejected.
"""

_SHOWN = {"host", "hostaddr", "port", "user", "dbname", "service", "sslmode"}
"""Settings after the ``?`` of an address that are not secret."""

_CONNECT_TIMEOUT_S = 10


def is_database(address: str) -> bool:
    """Return whether a text is meant as the address of a database, valid or not, and not as the path of a file.

    >>> is_database("postgresql://planner@gis/union"), is_database("stations.csv")
    (True, False)
    """
    return re.match(r"\s*postgres\w*(\+\w+)?:/", address, re.IGNORECASE) is not None


def shown_url(url: str) -> str:
    """Return an address that may be displayed and logged: passwords are replaced with ``***``.

    An address that cannot be split into its parts is hidden completely.

    >>> shown_url("postgresql://planner:secret@gis:5432/union?sslmode=require&sslpassword=secret")
    'postgresql://planner:***@gis:5432/union?sslmode=require&***'
    >>> shown_url("postgresql://planner:sec@ret@gis/union")
    'postgresql://***'
    """
    found = _ADDRESS.fullmatch(url)
    if found is None:
        return "postgresql://***"
    password = ":***" if found["password"] else ""
    user = "" if found["user"] is None else f"{found['user']}{password}@"
    pairs = [pair for pair in (found["settings"] or "").split("&") if pair]
    settings = "&".join(pair if unquote(pair.partition("=")[0]) in _SHOWN else "***" for pair in pairs)
    return found["scheme"] + user + found["place"] + (f"?{settings}" if settings else "")


@contextmanager
def connection_to(
    url: str, faults: FaultList, *, read_only: bool, cure: Callable[[str], Message]
) -> Iterator[Connection]:
    """Yield a connection in one transaction, which ends with the block: committed, unless the block raises.

    A ``read_only`` transaction sees one state of the database throughout and is never committed. ``faults`` names the
    database in errors; ``cure`` returns the fix for what the server rejects, by its SQLSTATE.

    Raises
    ------
    InputError
        The extra is not installed, the address cannot be parsed, the server refuses the connection, or it rejects a
        statement in the block or the commit.
    """
    try:
        import geoalchemy2  # noqa: F401, PLC0415 - an extra, needed by those who write
        import psycopg  # noqa: PLC0415 - likewise
        import sqlalchemy  # noqa: PLC0415 - likewise
        from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415 - likewise
    except ImportError:
        faults.add(
            say("Using a database requires libraries that are not installed."),
            say('Install them: pip install "stationplan[postgis]".'),
            code="missing_extra",
        )
        raise InputError(faults.faults) from None
    settings = None
    if _ADDRESS.fullmatch(url):
        with suppress(psycopg.ProgrammingError):  # its message may repeat the password
            given = conninfo_to_dict(url)
            settings = make_conninfo("", **{"connect_timeout": _CONNECT_TIMEOUT_S, **given, "client_encoding": "utf8"})
    if settings is None:
        faults.add(
            say("The database address cannot be parsed."),
            say(
                "Use postgresql://user@host:5432/database; in user and password write %40 for @, %3A for :, %2F for "
                "/, %3F for ?, %23 for # and %25 for %."
            ),
            code="bad_address",
        )
        raise InputError(faults.faults)

    def connect() -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(settings)

    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=connect, poolclass=sqlalchemy.NullPool)
    try:
        connection = engine.connect()
    except sqlalchemy.exc.DBAPIError as error:
        faults.add(
            say("The database cannot be reached: {reason}.", reason=_reason(error)),
            _cure_for_connecting(error.orig),
            code="no_connection",
        )
        raise InputError(faults.faults) from None
    level = "REPEATABLE READ" if read_only else "READ COMMITTED"
    try:
        with connection:
            connection = connection.execution_options(isolation_level=level, postgresql_readonly=read_only)
            with connection.begin() as transaction:
                yield connection
                if read_only:  # some functions write even so, such as lo_create before PostgreSQL 16
                    transaction.rollback()
    except (sqlalchemy.exc.DBAPIError, sqlalchemy.exc.IdentifierError) as error:
        state = getattr(getattr(error, "orig", None), "sqlstate", None)
        faults.add(
            say("The database rejected the statement: {reason}.", reason=_reason(error)),
            cure(state or ""),
            code="refused",
        )
        raise InputError(faults.faults) from None


def postgis_schema(connection: Connection) -> str | None:
    """Return the schema that contains PostGIS, ``None`` where the database lacks it."""
    found: str | None = connection.exec_driver_sql(
        "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'postgis'"
    ).scalar()
    return found


def _cure_for_connecting(error: BaseException | None) -> Message:
    tried = getattr(error, "pgconn", None)
    if getattr(tried, "needs_password", False):
        return say("Give the password in ~/.pgpass or PGPASSWORD.")
    if getattr(tried, "used_password", False):
        return say("Check user, password and database; the password can be given in ~/.pgpass or PGPASSWORD.")
    return say("Check host, port, user and database, and that the server is running and reachable.")


def _reason(error: SQLAlchemyError) -> str:
    """Return the message of the server or its client library in one line, without the final punctuation."""
    original = getattr(error, "orig", error)
    detail = getattr(original, "diag", None)
    said = [getattr(detail, "message_primary", None), getattr(detail, "message_detail", None)]
    text = ". ".join(part for part in said if part) or str(original)
    return " ".join(text.split()).rstrip(".?")
