"""Databases that exist for a test only."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def new_database(server: str, *, template: str = "template0") -> Iterator[str]:
    """Give the address of a database that exists within the block only."""
    import psycopg  # noqa: PLC0415 - an extra

    name = f"stationplan_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield f"{server.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
