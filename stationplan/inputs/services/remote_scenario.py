"""Downloads a scenario at a URL: its file, the files that it extends, and all files that it names."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from stationplan.errors import Fault, FaultList, InputError, Message, say
from stationplan.scenario import read_scenario
from stationplan.storage.database import is_database
from stationplan.storage.remote import Remote, local_path

_BESIDE = frozenset({".shx", ".dbf", ".prj", ".cpg"})
"""Suffixes of the files that belong to a Shapefile in addition to ``.shp``."""


@contextmanager
def fetched(scenario: str | Path, data: str | Path | None = None) -> Iterator[tuple[Path, Path | None]]:
    """Yield a scenario's file and its data folder on this machine; copies of files at a URL are deleted at the end.

    Only the files that the scenario names are downloaded. Faults raised within the block name files and folders by
    their URLs.

    Raises
    ------
    InputError
        A URL cannot be used, or the scenario is invalid.
    ServiceError
        The storage does not respond as expected.
    """
    with tempfile.TemporaryDirectory(prefix="stationplan.") as home:
        path, of_scenario = _mirrored(scenario, Path(home) / "scenario")
        folder, of_data = (None, None) if data is None else _mirrored(data, Path(home) / "data")
        mirrors = [mirror for mirror in (of_scenario, of_data) if mirror is not None]
        try:
            if mirrors:
                if folder is not None and local_path(data or "") is None:
                    folder.mkdir(parents=True, exist_ok=True)
                _fetch_scenario(path, mirrors)
                _fetch_inputs(path, folder, mirrors)
            yield path, folder
        except InputError as error:
            raise InputError([_as_named(fault, mirrors) for fault in error.faults]) from None


@dataclass(frozen=True)
class _Mirror:
    """A local folder that mirrors files of remote storage under the same names."""

    remote: Remote
    folder: Path

    def fetch(self, path: Path) -> None:
        """Download the file for a local path, if it exists, and the files that belong to it."""
        name = path.relative_to(self.folder).as_posix()
        if path.exists() or not self.remote.get(name, path) or path.suffix.lower() != ".shp":
            return
        for other in self.remote.names(name.rpartition("/")[0]):
            beside = path.with_name(other)
            if beside.stem == path.stem and beside.suffix.lower() in _BESIDE:
                self.remote.get(beside.relative_to(self.folder).as_posix(), beside)


def _mirrored(place: str | Path, folder: Path) -> tuple[Path, _Mirror | None]:
    """Return the local path of a place; for a URL, the path after the download through the mirror beside it."""
    path = local_path(place)
    if path is not None:
        return path, None
    protocol, _, rest = str(place).partition("://")
    bucket, _, name = rest.partition("/")
    mirror = _Mirror(Remote(f"{protocol}://{bucket}"), folder.resolve())
    return mirror.folder / name, mirror


def _mirror_of(path: Path, mirrors: Sequence[_Mirror]) -> _Mirror | None:
    return next((mirror for mirror in mirrors if path.is_relative_to(mirror.folder)), None)


def _fetch_scenario(path: Path, mirrors: Sequence[_Mirror]) -> None:
    """Download a scenario file and those that it extends; their faults are reported when they are loaded."""
    mirror = _mirror_of(path, mirrors)
    if mirror is None:
        return
    while not path.exists():
        mirror.fetch(path)
        try:
            base = tomllib.loads(path.read_text("utf-8-sig")).get("extends")
        except (OSError, ValueError, RecursionError):
            return
        if not isinstance(base, str):
            return
        below = (path.parent / base.replace("\0", "")).resolve()
        if not below.is_relative_to(mirror.folder):
            faults = FaultList(str(path))
            faults.add(
                say("The scenario extends {path}, which is in another location.", path=base),
                say("Use a file at the same URL."),
                key="extends",
            )
            faults.raise_any()
        path = below


def _fetch_inputs(path: Path, data: Path | None, mirrors: Sequence[_Mirror]) -> None:
    """Download the inputs that a scenario names, each from the first folder with it; missing ones are skipped."""
    scenario = read_scenario(path, aims={}, data=data, undeclared_datums=True, purpose=None)
    for name in {name for _, name, _ in scenario.inputs if not is_database(name)}:
        with suppress(InputError):  # a path that leaves its folder is rejected when it is read
            for place in scenario.places(name):
                mirror = _mirror_of(place, mirrors)
                if mirror is not None:
                    mirror.fetch(place)
                if place.is_file():
                    break


def _as_named(fault: Fault, mirrors: Sequence[_Mirror]) -> Fault:
    """Return a fault with the user's own paths instead of those of the copies."""

    def named(text: str) -> str:
        for mirror in mirrors:
            text = text.replace(str(mirror.folder), str(mirror.remote))
        return text

    def message(said: Message) -> Message:
        values = {
            key: named(str(value)) if isinstance(value, str | Path) else value for key, value in said.values.items()
        }
        return Message(said.template, values)

    file = None if fault.file is None else named(fault.file)
    return replace(fault, what=message(fault.what), cure=message(fault.cure), file=file)
