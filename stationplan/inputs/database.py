"""Stub until the database reader is merged."""

from __future__ import annotations

from stationplan.inputs.table import Table


def is_database(name: str) -> bool:
    """Return whether a source is a database."""
    return name.startswith("postgresql://")


def read_database(url: str, *, table: str | None, query: str | None, geometry: str | None, limits: object) -> Table:
    """Not yet."""
    raise NotImplementedError
