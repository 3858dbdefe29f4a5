"""Text for the terminal: shown literally, without control characters."""

from __future__ import annotations

import unicodedata

from rich.text import Text


def plain(text: str, style: str = "") -> Text:
    """Return literal text: no markup, no emoji codes, and no control characters that would control the terminal."""
    return Text("".join(map(_visible, text)), style)


def _visible(sign: str) -> str:
    steers = unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\t"
    return "\ufffd" if steers else sign
