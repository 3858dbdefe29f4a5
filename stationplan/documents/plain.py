"""Text that every output format can contain."""

from __future__ import annotations

import re

_UNHEARD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters, surrogates and noncharacters, which XML does not allow."""


def plain(text: str) -> str:
    r"""Return a text in which each character that XML does not allow is replaced by U+FFFD.

    >>> plain("a\0b")
    'a\ufffdb'
    """
    return _UNHEARD.sub("\ufffd", text)
