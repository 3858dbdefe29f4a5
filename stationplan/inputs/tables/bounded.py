"""Processes that read files under a limit of memory and time, so that what a file claims ends them and not the study.

A process writes frames of :mod:`marshal` to its output and reads lines of JSON from its input; see
:mod:`sheet_process` and :mod:`feature_process`.
"""

from __future__ import annotations

import json
import marshal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

MEMORY_MB = 1_200
"""Memory (address space) for reading a file; a sheet of 200,000 rows needs about 200 MB."""

SECONDS = 50.0
"""Time for reading a file; with the start of the program, a command ends within a minute."""


class ProcessEnded(Exception):
    """The process reached its limit of memory, or of time (``timed_out``), or a library ended it."""

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__()
        self.timed_out = timed_out


@dataclass(frozen=True)
class BoundedProcess:
    """A running process: ``receive`` returns its next frame, ``tell`` sends it a value; both may raise ProcessEnded."""

    receive: Callable[[], object]
    tell: Callable[[object], None]


@contextmanager
def bounded_process(script: Path, path: Path, task: str, *, seconds: float) -> Iterator[BoundedProcess]:
    """Yield a process that runs a script of ours on a file; it ends with the block, or after so many seconds."""
    command = [sys.executable, "-P", str(script), str(path), str(MEMORY_MB), task]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - ours
        assert process.stdin is not None
        assert process.stdout is not None
        stopper = Timer(seconds, process.kill)
        stopper.daemon = True
        stopper.start()
        out, into = process.stdout, process.stdin

        def receive() -> object:
            try:
                return marshal.load(out)  # noqa: S302 - written by our own process
            except (EOFError, ValueError, TypeError):
                raise ProcessEnded(timed_out=not stopper.is_alive()) from None

        def tell(value: object) -> None:
            try:
                into.write(json.dumps(value).encode() + b"\n")
                into.flush()
            except BrokenPipeError:
                raise ProcessEnded(timed_out=not stopper.is_alive()) from None

        try:
            yield BoundedProcess(receive, tell)
        finally:
            stopper.cancel()
            process.kill()
