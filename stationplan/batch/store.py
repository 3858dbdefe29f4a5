"""Units as files between the one who reads the inputs and those who plan, known by what they hold."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

from stationplan.errors import ConsistencyError
from stationplan.prepared import Prepared


def put(ready: Prepared, folder: Path) -> tuple[Path, str]:
    """Write a study that is ready for its question; return where, and the SHA-256 of the file."""
    content = pickle.dumps(ready, protocol=5)
    digest = hashlib.sha256(content).hexdigest()
    path = folder / f"{digest}.unit"
    path.write_bytes(content)
    return path, digest


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
