"""The storage of a batch: a local folder or one at a URL, with the same interface."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import tempfile
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stationplan.api.output import RESULT_NAMES
from stationplan.errors import FaultList, say
from stationplan.storage.files import drafted, write_whole
from stationplan.storage.remote import Remote, local_path

DONE_NAME = "done.json"
"""The file that marks the folder of a unit as complete and records what it was made from."""

_READ = "plan.json"
"""The file of a unit that the tables and pages of all units are made from."""

HOST = re.sub(r"[^\w-]", "-", platform.node())
"""The name of this machine, which distinguishes machines that share storage."""


class Storage(Protocol):
    """A folder whose contents are addressed by name, with ``/`` between folders; it can be sent to other processes."""

    def prove(self) -> None:
        """Check, before long work is done, that the folder can be written to.

        Raises
        ------
        InputError
            The folder cannot be written to.
        """

    def names(self) -> list[str]:
        """Return the names of the direct contents of this folder."""

    def folders(self, name: str) -> Mapping[str, Collection[str]]:
        """Return the direct contents of a folder by name, each with the names of its own direct contents."""

    def half(self, name: str, inside: Collection[str]) -> bool:
        """Return whether a folder holds incomplete results of a unit; ``inside`` are the names in it."""

    def read(self, name: str) -> bytes:
        """Return the content of a file."""

    def holds(self, name: str, sha256: Mapping[str, str]) -> bool:
        """Return whether a folder holds files as they were written, by their names."""

    def writing(self, name: str) -> AbstractContextManager[Path]:
        """Return a context with a local file that is stored completely under its name at the end, or not at all."""

    def filling(self, name: str) -> AbstractContextManager[Path]:
        """Return a context with a local folder for the results of a unit; at the end they replace older results."""

    def aside(self) -> AbstractContextManager[str]:
        """Return a context with the name of a temporary folder, which is removed at the end."""

    def remove(self, name: str) -> None:
        """Remove a file, or a folder with its contents, if it exists."""


def storage_at(place: str | Path) -> Storage:
    """Return the storage of a path or a URL.

    >>> storage_at("s3://bucket/out")
    RemoteStorage(remote=Remote(url='s3://bucket/out'))
    """
    folder = local_path(place)
    return RemoteStorage(Remote(str(place))) if folder is None else LocalStorage(folder.resolve())


@dataclass(frozen=True)
class LocalStorage:
    """A local folder; files and folders are written under temporary names and renamed."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)

    def prove(self) -> None:
        """Check that the folder is not a file.

        Raises
        ------
        InputError
            The folder is a file.
        """
        if self.folder.exists() and not self.folder.is_dir():
            faults = FaultList()
            faults.add(say("{path} is not a folder.", path=self), say("Choose another folder with --out."), key="--out")
            faults.raise_any()

    def names(self) -> list[str]:
        """Return the names of the direct contents of this folder."""
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.is_dir() else []

    def folders(self, name: str) -> dict[str, list[str]]:
        """Return the direct contents of a folder by name, each with the names of its own direct contents."""
        return {
            path.name: [one.name for one in path.iterdir()] if path.is_dir() else []
            for path in sorted((self.folder / name).glob("*"))
        }

    def half(self, name: str, _inside: Collection[str]) -> bool:
        """Return whether a folder is a draft of results of a unit, or old results that were moved away."""
        return name.endswith((".part", ".old"))

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        return (self.folder / name).read_bytes()

    def holds(self, name: str, sha256: Mapping[str, str]) -> bool:
        """Return whether a folder holds files with these hashes."""
        return all(_sha256(self.read(f"{name}/{one}")) == known for one, known in sha256.items())

    def writing(self, name: str) -> AbstractContextManager[Path]:
        """Return a context with a file beside the target that replaces it at the end."""
        return write_whole(self.folder / name)

    @contextmanager
    def filling(self, name: str) -> Iterator[Path]:
        """Yield the folder itself, as :func:`output.save` replaces it as a whole."""
        yield self.folder / name

    @contextmanager
    def aside(self) -> Iterator[str]:
        """Yield the name of a temporary folder, which is removed at the end."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with drafted(Path(tempfile.mkdtemp(prefix=f".parts.{os.getpid()}.", dir=self.folder))) as made:
            yield made.name

    def remove(self, name: str) -> None:
        """Remove a file or a folder, if it exists."""
        path = self.folder / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


@dataclass(frozen=True)
class RemoteStorage:
    """A folder at a URL, where files are stored atomically but cannot be renamed.

    The folder of a unit is therefore written locally and uploaded. ``done.json`` is removed first and uploaded last: a
    folder without it is incomplete.
    """

    remote: Remote

    def __str__(self) -> str:
        return str(self.remote)

    def prove(self) -> None:
        """Check that a file can be written, by writing one.

        Raises
        ------
        InputError
            The storage cannot be written to.
        """
        with self.aside() as name, self.writing(f"{name}/probe") as draft:
            draft.touch()

    def names(self) -> list[str]:
        """Return the names of the direct contents of this folder."""
        return self.remote.names()

    def folders(self, name: str) -> dict[str, set[str]]:
        """Return the direct contents of a folder by name, each with the names of its own direct contents."""
        found: dict[str, set[str]] = {}
        for path in self.remote.below(name):
            first, *rest = path.split("/")
            if first:  # empty where the storage marks a folder by a file of the same name
                found.setdefault(first, set()).update(filter(None, rest[:1]))
        return found

    def half(self, _name: str, inside: Collection[str]) -> bool:
        """Return whether a folder contains results and nothing else, as after an interrupted upload."""
        return bool(inside) and RESULT_NAMES.issuperset(inside)

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        return self.remote.read(name)

    def holds(self, name: str, sha256: Mapping[str, str]) -> bool:
        """Return whether a folder holds these files; only the one that a batch reads is compared, others are large."""
        return sha256.keys() <= {*self.remote.names(name)} and _sha256(self.read(f"{name}/{_READ}")) == sha256[_READ]

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Yield a local file that is uploaded at the end."""
        with tempfile.TemporaryDirectory(prefix="stationplan.") as home:
            draft = Path(home) / name.rpartition("/")[2]
            yield draft
            self.remote.put(draft, name)

    @contextmanager
    def filling(self, name: str) -> Iterator[Path]:
        """Yield a local folder that is uploaded at the end."""
        with tempfile.TemporaryDirectory(prefix="stationplan.") as home:
            folder = Path(home) / "unit"
            yield folder
            made = {path.name for path in folder.iterdir()}
            self.remote.remove(f"{name}/{DONE_NAME}")
            for old in sorted({*self.remote.names(name)} - made):
                self.remote.remove(f"{name}/{old}")
            for new in sorted(made, key=lambda new: (new == DONE_NAME, new)):
                self.remote.put(folder / new, f"{name}/{new}")

    @contextmanager
    def aside(self) -> Iterator[str]:
        """Yield the name of a temporary folder, whose contents are removed at the end."""
        name = f".parts.{os.getpid()}@{HOST}.{uuid.uuid4().hex}"  # other machines may write there too
        try:
            yield name
        finally:
            self.remote.remove(name)

    def remove(self, name: str) -> None:
        """Remove a file or a folder, if it exists; ``done.json`` first, so that a partly removed unit is incomplete."""
        self.remote.remove(f"{name}/{DONE_NAME}")
        self.remote.remove(name)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_texts(out: Storage, texts: Mapping[str, str]) -> None:
    """Write texts by file name, without newline conversion, each completely or not at all."""
    for name, text in texts.items():
        with out.writing(name) as draft:
            draft.write_text(text, encoding="utf-8", newline="")
