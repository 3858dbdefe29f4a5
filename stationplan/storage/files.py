"""Files written atomically: completely or not at all."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FULL_BYTES = 1_000_000
"""Free space (bytes) below which a disk is full for a library that says no more than that writing failed."""

_DRAFTS: set[Path] = set()
"""Files and folders that this process is writing under temporary names."""


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary file beside ``path`` that replaces it at the end, or is deleted if the block raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with drafted(path.with_name(f".{path.name}.{os.getpid()}.part")) as draft:
        yield draft
        draft.replace(path)


@contextmanager
def writing(path: Path, *errors: type[Exception]) -> Iterator[None]:
    """Turn the ``errors`` of a library that writes a file into those of the operating system.

    Raises
    ------
    OSError
        The library could not write the file: its disk is full, its name has control characters, or another reason.
    """
    try:
        yield
    except OSError:
        raise
    except errors as error:
        number, reason = errno.EIO, f"{type(error).__name__}: {error}"
        if not str(path).isprintable():
            number, reason = errno.EINVAL, os.strerror(errno.EINVAL)
        elif shutil.disk_usage(path.parent).free < _FULL_BYTES:
            number, reason = errno.ENOSPC, os.strerror(errno.ENOSPC)
        raise OSError(number, reason, str(path)) from error


@contextmanager
def drafted(draft: Path) -> Iterator[Path]:
    """Yield a temporary file or folder, which is removed at the end if it is still there."""
    _DRAFTS.add(draft)
    try:
        yield draft
    finally:
        _remove(draft)
        _DRAFTS.discard(draft)


def remove_drafts() -> None:
    """Remove what this process is writing, before it is ended from another thread."""
    for draft in list(_DRAFTS):
        _remove(draft)


def sweep(path: Path) -> list[Path]:
    """Remove the drafts of a file or folder that killed processes left beside it, and return them."""
    name = re.escape(path.name)
    known = re.compile(rf"\.{name}\.(\d+)\.(?:\w+\.)?part")
    left = []
    for draft in sorted(path.parent.iterdir()) if path.parent.is_dir() else []:
        match = known.fullmatch(draft.name)
        if match is not None and not lives(int(match[1])):
            _remove(draft)
            left.append(draft)
    return left


def lives(process: int) -> bool:
    """Return whether a process exists on this machine; true if that cannot be determined."""
    if os.name != "posix":  # elsewhere signal 0 is not a test: it acts on the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _remove(draft: Path) -> None:
    if draft.is_dir() and not draft.is_symlink():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        draft.unlink(missing_ok=True)
