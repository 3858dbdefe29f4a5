"""Where a batch lies: a folder of this machine, or one at a URL; the same questions to both."""

from __future__ import annotations

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
from stationplan.storage.files import write_whole
from stationplan.storage.remote import Remote, local_path

DONE_NAME = "done.json"
"""The file that marks a unit's folder as whole, and tells what it was made from."""

HOST = re.sub(r"[^\w-]", "-", platform.node())
"""The name of this machine, for those who share storage with others."""


class Storage(Protocol):
    """A folder by the names of what lies in it, with ``/`` between folders. Can be sent to other processes."""

    def prove(self) -> None:
        """Raise :class:`InputError` where nothing can be written, before long work is done."""

    def names(self) -> list[str]:
        """Return the names of what lies directly here."""

    def folders(self, name: str) -> Mapping[str, Collection[str]]:
        """Return what lies directly in a folder, each with the names of what lies directly in that."""

    def half(self, name: str, inside: Collection[str]) -> bool:
        """Return whether a folder is a unit's that was not finished."""

    def read(self, name: str) -> bytes:
        """Return what a file holds."""

    def writing(self, name: str) -> AbstractContextManager[Path]:
        """Give a local file that appears whole under its name at the end, or not at all."""

    def filling(self, name: str) -> AbstractContextManager[Path]:
        """Give a local folder to save a unit's results in; at the end they stand under its name, and nothing older."""

    def aside(self) -> AbstractContextManager[str]:
        """Give the name of a folder that vanishes at the end."""

    def remove(self, name: str) -> None:
        """Remove a file, or a folder with all that is in it, if there is one."""


def storage_at(place: str | Path) -> Storage:
    """Return the storage of a path or a URL.

    >>> storage_at("s3://bucket/out")
    RemoteStorage(remote=Remote(url='s3://bucket/out'))
    """
    folder = local_path(place)
    return RemoteStorage(Remote(str(place))) if folder is None else LocalStorage(folder.resolve())


@dataclass(frozen=True)
class LocalStorage:
    """A folder of this machine; what appears in it is renamed into place."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)

    def prove(self) -> None:
        """Raise :class:`InputError` where the folder is a file."""
        if self.folder.exists() and not self.folder.is_dir():
            faults = FaultList()
            faults.add(say("{path} is not a folder.", path=self), say("Choose another folder with --out."), key="--out")
            faults.raise_any()

    def names(self) -> list[str]:
        """Return the names of what lies directly here."""
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.is_dir() else []

    def folders(self, name: str) -> dict[str, list[str]]:
        """Return what lies directly in a folder, each with the names of what lies directly in that."""
        return {
            path.name: [one.name for one in path.iterdir()] if path.is_dir() else []
            for path in sorted((self.folder / name).glob("*"))
        }

    def half(self, name: str, _inside: Collection[str]) -> bool:
        """Return whether a folder is a draft of a unit's, or an old one aside."""
        return name.endswith((".part", ".old"))

    def read(self, name: str) -> bytes:
        """Return what a file holds."""
        return (self.folder / name).read_bytes()

    def writing(self, name: str) -> AbstractContextManager[Path]:
        """Give a file beside the other that takes its place at the end."""
        return write_whole(self.folder / name)

    @contextmanager
    def filling(self, name: str) -> Iterator[Path]:
        """Give the folder itself: :func:`output.save` replaces it whole."""
        yield self.folder / name

    @contextmanager
    def aside(self) -> Iterator[str]:
        """Give a folder that vanishes at the end."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".parts.{os.getpid()}.", dir=self.folder) as made:
            yield Path(made).name

    def remove(self, name: str) -> None:
        """Remove a file or a folder, if there is one."""
        path = self.folder / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


@dataclass(frozen=True)
class RemoteStorage:
    """A folder at a URL, where files appear whole but cannot be renamed.

    So a unit's folder is made on this machine and sent. ``done.json`` goes first and comes last: a folder without it
    is half a one.
    """

    remote: Remote

    def __str__(self) -> str:
        return str(self.remote)

    def prove(self) -> None:
        """Raise :class:`InputError` where no file can be written."""
        with self.aside() as name, self.writing(f"{name}/probe") as draft:
            draft.touch()

    def names(self) -> list[str]:
        """Return the names of what lies directly here."""
        return self.remote.names()

    def folders(self, name: str) -> dict[str, set[str]]:
        """Return what lies directly in a folder, each with the names of what lies directly in that."""
        found: dict[str, set[str]] = {}
        for path in self.remote.below(name):
            first, *rest = path.split("/")
            if first:  # storage that marks a folder by a file named like it
                found.setdefault(first, set()).update(filter(None, rest[:1]))
        return found

    def half(self, _name: str, inside: Collection[str]) -> bool:
        """Return whether a folder holds results and nothing else: some that were sent before the sender was lost."""
        return bool(inside) and RESULT_NAMES.issuperset(inside)

    def read(self, name: str) -> bytes:
        """Return what a file holds."""
        return self.remote.read(name)

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Give a local file that is sent at the end."""
        with tempfile.TemporaryDirectory(prefix="stationplan.") as home:
            draft = Path(home) / name.rpartition("/")[2]
            yield draft
            self.remote.put(draft, name)

    @contextmanager
    def filling(self, name: str) -> Iterator[Path]:
        """Give a local folder that is sent at the end."""
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
        """Give a name of a folder; what is written there vanishes at the end."""
        name = f".parts.{os.getpid()}@{HOST}.{uuid.uuid4().hex}"  # others may write there too
        try:
            yield name
        finally:
            self.remote.remove(name)

    def remove(self, name: str) -> None:
        """Remove a file or a folder, if there is one; half a removed unit must not pass for a whole one."""
        self.remote.remove(f"{name}/{DONE_NAME}")
        self.remote.remove(name)


def write_texts(out: Storage, texts: Mapping[str, str]) -> None:
    """Write texts by file name, byte for byte, each whole or not at all."""
    for name, text in texts.items():
        with out.writing(name) as draft:
            draft.write_text(text, encoding="utf-8", newline="")
