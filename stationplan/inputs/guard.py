"""The last resort of every reader: whatever a library raises while a file is read becomes one fault of that file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stationplan.errors import FaultList, InputError, Message, StationplanError, say

_OURS = (StationplanError, AssertionError, KeyboardInterrupt, SystemExit, GeneratorExit)


@contextmanager
def one_fault(path: Path, cure: Message) -> Iterator[None]:
    """Turn any exception of a library into an :class:`InputError` that names the file, the library's words and a fix.

    Readers catch the exceptions that their libraries document; damaged files raise others as well, and those in Rust
    raise some that are no ``Exception``. Errors of ours, a stop by the user, and errors of the file system that name
    a file (such as one that does not exist), pass.

    Raises
    ------
    InputError
        The code inside raised an unforeseen exception.
    """
    try:
        yield
    except _OURS:
        raise
    except BaseException as error:
        if isinstance(error, FileNotFoundError) or (isinstance(error, OSError) and error.filename is not None):
            raise
        faults = FaultList(path.name)
        shown = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        what = say("The file cannot be read: {error}.", error=" ".join(shown[:300].split()))
        if isinstance(error, MemoryError):
            what = say("The file needs more memory than there is.")
            cure = say("Clip it to the study area.")
        faults.add(what, cure, code="unreadable")
        raise InputError(faults.faults) from None
