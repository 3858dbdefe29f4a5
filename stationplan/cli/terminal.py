"""How a command meets the terminal: text is shown as written, never obeyed, and Ctrl-C ends it cleanly."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from rich.text import Text

from stationplan.errors import Stopped


def plain(text: str, style: str = "") -> Text:
    """Return text as written: no markup, no emoji codes, and no control characters that would steer the terminal."""
    return Text("".join(map(_visible, text)), style)


def _visible(sign: str) -> str:
    steers = unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\t"
    return "\ufffd" if steers else sign


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn Ctrl-C within a block into :class:`~stationplan.errors.Stopped`."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped from None
