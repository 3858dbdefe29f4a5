"""The one cleaning of text from tables: characters that nobody sees, and what spreadsheets add to protect codes."""

from __future__ import annotations

import re
from collections.abc import Sequence

_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
_BLANKS = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_DIRTY = re.compile(f"[{_INVISIBLE}{_BLANKS}]")
_REMOVED = re.compile(f"[{_INVISIBLE}]")
_BLANK = re.compile(f"[{_BLANKS}]")
_FORMULA = re.compile(r'\s*=\s*"((?:[^"]|"")*)"\s*')
_APOSTROPHE = re.compile(r"\s*['’](?=[^'’]*\Z)")
_CHUNK = 500
"""Rows that are searched together, as nearly all need no cleaning."""

_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
_WHOLE = re.compile(r"\d+\.0+")
_STATISTICAL = re.compile(r"([1-9]\d{5})0{3}(?:0{3})?")


def clean(text: str) -> str:
    r"""Return a header or cell without invisible characters, and without the formula or apostrophe of a protected code.

    Blanks of any width become plain blanks. Other full-width characters stay, because names contain them.

    >>> clean("\ufeff\u202a104.06\u200b"), clean('="510104"'), clean("'001"), clean("东大路\u30009号")
    ('104.06', '510104', '001', '东大路 9号')
    """
    text = _BLANK.sub(" ", _REMOVED.sub("", text))
    formula = _FORMULA.fullmatch(text)
    if formula is not None:
        text = formula[1].replace('""', '"')
    return _APOSTROPHE.sub("", text, count=1) if text.lstrip()[:1] in {"'", "’"} else text


def is_clean(text: str) -> bool:
    """Return whether text, such as all cells of many rows joined, holds nothing that :func:`clean` could change."""
    return "'" not in text and "’" not in text and '="' not in text and '= "' not in text and not _DIRTY.search(text)


def clean_rows(rows: Sequence[tuple[str, ...]]) -> Sequence[tuple[str, ...]]:
    """Return rows of cells cleaned; rows in which nothing needs cleaning are returned as they are."""
    found: list[tuple[str, ...]] = []
    for start in range(0, len(rows), _CHUNK):
        some = rows[start : start + _CHUNK]
        if not is_clean("\x1f".join(["\x1f".join(cells) for cells in some])):
            some = [cells if is_clean("\x1f".join(cells)) else tuple(map(clean, cells)) for cells in some]
        found.extend(some)
    return found if any(new is not old for new, old in zip(found, rows, strict=True)) else rows


def clean_code(text: str) -> str:
    """Return an id or code in plain characters, without blanks and dots at its end or the ``.0`` of a whole number.

    >>> clean_code("５１０１０４"), clean_code("510104.0"), clean_code("510104. "), clean_code("v1.0")
    ('510104', '510104', '510104', 'v1.0')
    """
    if text.isascii() and text.isalnum():
        return text
    text = text.translate(_WIDE).strip().rstrip(".。 ")
    return text.partition(".")[0] if _WHOLE.fullmatch(text) else text


def code_key(text: str) -> str:
    """Return what two codes of the same district share: statistical codes have three or six more zeros.

    >>> code_key("510104000000"), code_key("510104"), code_key("510104001000")
    ('510104', '510104', '510104001000')
    """
    text = clean_code(text)
    found = _STATISTICAL.fullmatch(text)
    return text if found is None else found[1]
