"""Text that every file format holds."""

from __future__ import annotations

import re

_UNHEARD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters, halves of characters and no characters: XML holds none of them."""


def plain(text: str) -> str:
    r"""Return a text with a replacement character for each sign that XML does not allow.

    >>> plain("a\0b")
    'a\ufffdb'
    """
    return _UNHEARD.sub("\ufffd", text)
