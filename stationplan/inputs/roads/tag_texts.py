"""Tags as other programs write them into one text: lists of values, and all further tags of a feature."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_UNKNOWN = frozenset({"nan", "NaN", "None", "null", "NULL", "<NA>", "[]"})
"""Texts by which programs write that there is no value."""

_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_STRINGS = re.compile(r"\((\d+):(.*)\)", re.DOTALL)
_PAIR = re.compile(
    r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"=,]+))\s*=>\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)', re.DOTALL
)


def listed(text: str) -> str:
    """Return a value in OSM's notation for several values, a semicolon between them.

    Lists are those of Python, JSON and GDAL, as programs write them where a file cannot hold a list.

    >>> listed("primary"), listed("['primary', 'service']"), listed('["50", "30"]'), listed("[50, 30]"), listed("nan")
    ('primary', 'primary;service', '50;30', '50;30', '')
    >>> listed("(2:primary,residential)")
    'primary;residential'
    """
    if text in _UNKNOWN:
        return ""
    first, last = text[:1], text[-1:]
    if (first, last) == ("[", "]"):
        inner = text[1:-1]
        quoted = [_ESCAPE.sub(r"\1", single or double) for single, double in _QUOTED.findall(inner)]
        values = quoted or [value.strip() for value in inner.split(",")]
        return ";".join(value for value in values if value and value not in _UNKNOWN)
    if (first, last) == ("(", ")") and (match := _STRINGS.fullmatch(text)):
        return ";".join(value.strip() for value in match[2].split(","))
    return text


def further_tags(text: str) -> Mapping[str, str]:
    r"""Return the tags that GDAL's driver for OpenStreetMap writes into one attribute, as hstore text or JSON.

    Quotes and backslashes inside a text are escaped by a backslash; a value of ``NULL`` is no tag.

    Raises
    ------
    ValueError
        The text is in neither notation.

    >>> further_tags('"oneway"=>"yes","name"=>"a \\"b\\", c=>d"')
    {'oneway': 'yes', 'name': 'a "b", c=>d'}
    >>> further_tags('{"access": "private"}'), further_tags("")
    ({'access': 'private'}, {})
    """
    text = text.strip()
    if text.startswith("{"):
        found = json.loads(text)
        return {str(key): str(value) for key, value in found.items() if value is not None}
    tags: dict[str, str] = {}
    place = 0
    while place < len(text):
        match = _PAIR.match(text, place)
        if match is None:
            raise ValueError(text[place : place + 40])
        key = match[2] if match[1] is None else _ESCAPE.sub(r"\1", match[1])
        if match[3] is not None:
            tags[key] = _ESCAPE.sub(r"\1", match[3])
        elif match[4].upper() != "NULL":
            tags[key] = match[4]
        place = match.end()
    return tags
