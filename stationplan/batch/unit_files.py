"""Units as files passed from the process that reads the inputs to those that plan, identified by their content."""

from __future__ import annotations

import hashlib
import pickle

from stationplan.batch.folder import Storage
from stationplan.errors import ConsistencyError
from stationplan.planning.prepare import Prepared


def put(ready: Prepared, storage: Storage, folder: str) -> tuple[str, str]:
    """Write a prepared study into ``folder`` of the storage; return the name and the SHA-256 of the file."""
    content = pickle.dumps(ready, protocol=5)
    digest = hashlib.sha256(content).hexdigest()
    name = f"{folder}/{digest}.unit"
    with storage.writing(name) as draft:
        draft.write_bytes(content)
    return name, digest


def take(storage: Storage, name: str, digest: str) -> Prepared:
    """Return a study written by :func:`put`.

    A file with another digest is not unpickled, as unpickling can execute code.

    Raises
    ------
    ConsistencyError
        The file is not the one that was written.
    """
    content = storage.read(name)
    if hashlib.sha256(content).hexdigest() != digest:
        raise ConsistencyError(f"{name} is not the unit that was written")
    ready = pickle.loads(content)  # noqa: S301 - our own bytes, as verified by the digest
    assert isinstance(ready, Prepared)
    return ready
