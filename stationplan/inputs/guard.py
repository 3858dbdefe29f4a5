"""The last resort of every reader: whatever a library raises while a file is read becomes one fault of that file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stationplan.errors import FaultList, InputError, Message, StationplanError, say


@contextmanager
def one_fault(path: Path, cure: Message) -> Iterator[None]:
    """Turn any exception of a library into an :class:`InputError` that names the file, the library's words and a fix.

    Readers catch the exceptions that their libraries document; damaged files raise others as well. Errors of our own,
    and of the file system (such as a file that does not exist), pass.

    Raises
    ------
    InputError
        The code inside raised an unforeseen exception.
    """
    try:
        yield
    except (StationplanError, OSError, AssertionError):
        raise
    except Exception as error:
        faults = FaultList(path.name)
        shown = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        faults.add(say("The file cannot be read: {error}.", error=shown[:300]), cure, code="unreadable")
        raise InputError(faults.faults) from None
