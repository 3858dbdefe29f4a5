"""Standard output and error as a command needs them: any encoding, closed, or read only in part by the next program."""

from __future__ import annotations

import io
import os
import shutil
import sys
from typing import TextIO, cast

_NARROWEST = 60


def prepare() -> None:
    """Make the standard streams accept every text.

    Characters that the encoding lacks are replaced, a closed stream swallows what is written to it, and so does a pipe
    whose reader has ended (``| head``): the exit code then still tells how the work ended. Tables take at least
    ``_NARROWEST`` columns, as narrower ones lose their texts.
    """
    if shutil.get_terminal_size().columns < _NARROWEST or os.environ.get("COLUMNS", "1").strip() in {"", "0"}:
        os.environ["COLUMNS"] = str(_NARROWEST)
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _nowhere(number))
        elif isinstance(stream, io.TextIOWrapper) and stream is getattr(sys, f"__{name}__"):
            setattr(sys, name, _Pipe.of(stream))


def _nowhere(number: int) -> TextIO:
    """Return a stream that swallows text; it occupies the number, so that no file of ours gets it."""
    opened = os.open(os.devnull, os.O_WRONLY)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
    return cast("TextIO", os.fdopen(number, "w", encoding="utf-8", errors="replace"))


class _Pipe(io.TextIOWrapper):
    """A standard stream that swallows text once nobody reads it."""

    @classmethod
    def of(cls, stream: io.TextIOWrapper) -> _Pipe:
        """Return a stream for the buffer of another one, which is detached from it."""
        encoding, lines = stream.encoding, stream.line_buffering
        errors = "replace" if stream.errors == "strict" else stream.errors
        return cls(stream.detach(), encoding=encoding, errors=errors, line_buffering=lines)

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except BrokenPipeError:
            self._swallow()
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except BrokenPipeError:
            self._swallow()

    def _swallow(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
