"""Files at a URL, by fsspec: object storage such as ``s3://bucket/folder``, and any other protocol that it supports.

Credentials and endpoints are handled by fsspec, which reads them from the environment and its files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.request import url2pathname

from stationplan.errors import FaultList, Message, ServiceError, say

if TYPE_CHECKING:  # an extra: imported where a URL is used
    from fsspec import AbstractFileSystem

_URL = re.compile(r"[A-Za-z][\w+.:-]*://")
_PASSWORD = re.compile(r"(?<=://)([^/@?]*?):[^/@]*@")
_CURE_INSTALL = say(
    "Install it: pip install 'stationplan[storage]' for s3://, the matching fsspec package for other protocols."
)


def local_path(place: str | Path) -> Path | None:
    """Return the path of a file on this machine, ``None`` where it is at a URL; ``file://`` is this machine.

    >>> local_path("out/a b").as_posix(), local_path("file:///out/a%20b").as_posix(), local_path("s3://bucket/out")
    ('out/a b', '/out/a b', None)
    """
    if isinstance(place, Path):
        return place
    if place.startswith("file://"):
        return Path(url2pathname(place.removeprefix("file://")))
    return None if _URL.match(place) else Path(place)


@dataclass(frozen=True)
class Remote:
    """A folder at a URL; names are those of files below it, with ``/`` between folders.

    Methods raise :class:`InputError` where the URL is invalid or the operation is not permitted, and
    :class:`ServiceError` where the storage does not respond as expected.
    """

    url: str

    def __str__(self) -> str:
        """Return the URL for display: without password and query."""
        shown, query, _ = _PASSWORD.sub(r"\1:***@", self.url).rstrip("/").partition("?")
        return f"{shown}?***" if query else shown

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        FileNotFoundError
            There is no such file.
        """
        with self._asked(missing=True) as (system, root):
            content: bytes = system.cat_file(f"{root}/{name}")
        return content

    def get(self, name: str, path: Path) -> bool:
        """Copy a file to this machine; return whether it exists."""
        try:
            with self._asked(missing=True) as (system, root):
                if system.info(f"{root}/{name}")["type"] != "file":
                    return False
                path.parent.mkdir(parents=True, exist_ok=True)
                system.get_file(f"{root}/{name}", str(path))
        except FileNotFoundError:
            return False
        return True

    def put(self, path: Path, name: str) -> None:
        """Upload a file from this machine; it appears complete and replaces an older one."""
        # No makedirs: object storage has no folders, and s3fs would create the bucket.
        with self._asked() as (system, root):
            system.put_file(str(path), f"{root}/{name}")

    def names(self, name: str = "") -> list[str]:
        """Return the names of the entries directly in a folder; none where the folder does not exist."""
        with self._asked() as (system, root), suppress(FileNotFoundError):
            folder = f"{root}/{name}".rstrip("/")
            found = (path.rstrip("/").removeprefix(folder).strip("/") for path in system.ls(folder, detail=False))
            return sorted(filter(None, found))
        return []

    def below(self, name: str) -> list[str]:
        """Return the names of all files in a folder and its subfolders, relative to that folder."""
        with self._asked() as (system, root), suppress(FileNotFoundError):
            folder = f"{root}/{name}".rstrip("/")
            return sorted(path.removeprefix(folder).lstrip("/") for path in system.find(folder))
        return []

    def remove(self, name: str) -> None:
        """Remove a file, or a folder with all its content, if it exists."""
        with self._asked() as (system, root), suppress(FileNotFoundError):
            system.rm(f"{root}/{name}", recursive=True)

    @contextmanager
    def _asked(self, *, missing: bool = False) -> Iterator[tuple[AbstractFileSystem, str]]:
        """Yield fsspec's file system and the folder's path in it; its errors are converted to those of this package.

        With ``missing``, the block handles a missing file itself.
        """
        try:
            import fsspec  # noqa: PLC0415 - an extra
        except ImportError:
            self._refuse(say("A URL requires the package fsspec."), _CURE_INSTALL)
        try:
            # Listings are not cached: other processes write there too.
            system, root = fsspec.url_to_fs(self.url, use_listings_cache=False)
        except ImportError as error:
            self._refuse(say("A package for this protocol is missing: {error}", error=error), _CURE_INSTALL)
        except ValueError as error:
            self._refuse(
                say("This URL is not valid: {error}", error=error),
                say("Use a local folder, or a URL such as s3://bucket/folder."),
            )
        try:
            yield system, root.rstrip("/")
        except FileNotFoundError:
            if missing:
                raise
            self._refuse(
                say("This location does not exist."), say("Check the name of the bucket; buckets are not created.")
            )
        except PermissionError as error:
            self._refuse(say("Access denied: {error}", error=error), _cure_access())
        except Exception as error:
            # Every file system has errors of its own; they share no base class.
            if "Credentials" in type(error).__name__:
                self._refuse(say("Access denied: {error}", error=error), _cure_access())
            said = str(error).replace(self.url, str(self))
            raise ServiceError(
                say("{url} gave an unexpected answer: {error}", url=self, error=said),
                say("Check the URL and the network; set AWS_ENDPOINT_URL for your own storage."),
            ) from error

    def _refuse(self, what: Message, cure: Message) -> NoReturn:
        faults = FaultList(str(self))
        faults.add(what, cure)
        faults.raise_any()
        raise AssertionError("a fault was noted")


def _cure_access() -> Message:
    return say("Check the credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ~/.aws) and their permissions.")
