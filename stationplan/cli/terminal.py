"""Terminal handling: text is shown literally, without control characters, and Ctrl-C ends a command cleanly."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from rich.text import Text

from stationplan.errors import Stopped


def plain(text: str, style: str = "") -> Text:
    """Return literal text: no markup, no emoji codes, and no control characters that would control the terminal."""
    return Text("".join(map(_visible, text)), style)


def _visible(sign: str) -> str:
    steers = unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\t"
    return "\ufffd" if steers else sign


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn Ctrl-C within a block into :class:`~stationplan.errors.Stopped`.

    Raises
    ------
    Stopped
        The user pressed Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped from None
