"""Units as files between the one who reads the inputs and those who plan, known by what they hold."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import fields
from pathlib import Path

from stationplan.errors import ConsistencyError
from stationplan.prepared import Prepared


def put(ready: Prepared, folder: Path) -> tuple[Path, str]:
    """Write a study that is ready for its question; return where, and the SHA-256 of its content."""
    content = pickle.dumps(ready, protocol=5)
    digest = hashlib.sha256(content).hexdigest()
    path = folder / f"{digest}.unit"
    path.write_bytes(content)
    return path, digest


def content_of(ready: Prepared) -> str:
    """Return a SHA-256 of what a study holds: the same for the same inputs and question, whoever made it.

    The bytes of :func:`put` are not: sets in them have no order.
    """
    parts = {item.name: getattr(ready, item.name) for item in fields(ready) if item.name != "file"}
    return hashlib.sha256(pickle.dumps(parts, protocol=5) + ready.file.model_dump_json().encode()).hexdigest()


def take(path: Path, digest: str) -> Prepared:
    """Return a study that :func:`put` wrote.

    Nothing is read from a file that holds anything else: unpickling would run it.

    Raises
    ------
    ConsistencyError
        The file is not the one that was written.
    """
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise ConsistencyError(f"{path.name} is not the unit that was written")
    ready = pickle.loads(content)  # noqa: S301 - our own bytes, by their digest
    assert isinstance(ready, Prepared)
    return ready
