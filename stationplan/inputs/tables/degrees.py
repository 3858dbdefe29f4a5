"""The one reader of written coordinates: one angle, or two of them in one cell."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Axis = Literal["lon", "lat", ""]

_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_PLAIN_PAIR = re.compile(rf"\s*({_PLAIN.pattern})\s*,\s*({_PLAIN.pattern})\s*", re.ASCII)
_COMMA = re.compile(r"[+-]?\d{1,3},\d+", re.ASCII)
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("º˚°度゜", "°"),
        **dict.fromkeys("′'´`‘’ʹ分", "'"),
        **dict.fromkeys('″"“”ʺ秒', '"'),
        **dict.fromkeys("，﹐", ","),
        **dict.fromkeys("−–—", "-"),
        "；": ";",
        "：": ":",
        "｜": "|",
    }
)
_SIDES: dict[str, tuple[Axis, int]] = {
    **dict.fromkeys(("东经", "E"), ("lon", 1)),
    **dict.fromkeys(("经度", "LNG", "LON", "LONG", "LONGITUDE"), ("lon", 1)),
    **dict.fromkeys(("西经", "W"), ("lon", -1)),
    **dict.fromkeys(("北纬", "N"), ("lat", 1)),
    **dict.fromkeys(("纬度", "LAT", "LATITUDE"), ("lat", 1)),
    **dict.fromkeys(("南纬", "S"), ("lat", -1)),
}
_HEMISPHERES = frozenset({"东经", "西经", "北纬", "南纬", "E", "W", "N", "S"})
_SIDE = "|".join(sorted(_SIDES, key=len, reverse=True))
_ANGLE = re.compile(
    rf"(?:(?P<before>{_SIDE})\s*[:=]?\s*)?(?P<sign>[+-]?)(?P<body>\d[\d.,°'\":\s-]*?)\s*(?P<after>东经|西经|北纬|南纬|[EWNS])?",
    re.ASCII,
)
_N = r"\d+(?:\.\d+)?"
_BODIES = tuple(
    re.compile(text, re.ASCII)
    for text in (
        rf"(?P<d>{_N})°?",
        rf"(?P<d>\d+)\s*°\s*(?P<m>{_N})\s*'?",
        rf"(?P<d>\d+)\s*°\s*(?P<m>\d+)\s*'\s*(?P<s>{_N})\s*(?:\"|'')?",
        r"(?P<d>\d+)\s*°\s*(?P<s>\d+(?:\.\d+)?)\s*(?:\"|'')",
        rf"(?P<d>\d+)\s*(?P<sep>[: -])\s*(?P<m>\d{{1,2}})\s*(?P=sep)\s*(?P<s>{_N})",
        r"(?P<d>\d+)\s*[: -]\s*(?P<m>\d{2})",
    )
)
_POINT = re.compile(
    rf"(?:SRID=\d+;)?\s*POINT\s*(?:Z|M|ZM)?\s*\(\s*(\S+)\s+(\S+?)(?:\s+{_PLAIN.pattern}){{0,2}}\s*\)", re.I
)
_SPLIT = re.compile(r"\s*[,;、|/]\s*|\s+")
_LONGEST = 200
"""Characters of a coordinate or a pair of them in any form."""

_BRACKETS = "()（）[]【】{}<>"


@dataclass(frozen=True)
class Angle:
    """Degrees, and the axis that the text itself states (empty: none); ``comma``: written with a decimal comma."""

    degrees: float
    axis: Axis = ""
    comma: bool = False


@dataclass(frozen=True)
class WrittenPair:
    """Two numbers in the order written; ``lat_first`` is ``None`` where the text does not state the order."""

    first: float
    second: float
    lat_first: bool | None = None


def _unified(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS).strip().upper()
    text = text.replace("经°", "经度").replace("纬°", "纬度")
    text = re.sub(r"(?<=\d)\s*。\s*(?=\d)", ".", text)
    return re.sub(r"(?<=\d)\s*\.\s*(?=\d)", ".", text).strip(",; ")


def angle_of(text: str) -> Angle | None:
    """Return a written angle, ``None`` where the text is none, or states two sides that contradict each other.

    >>> angle_of("东经:104.06"), angle_of("104 03 36"), angle_of("E104 S")
    (Angle(degrees=104.06, axis='lon', comma=False), Angle(degrees=104.06, axis='', comma=False), None)
    """
    if _PLAIN.fullmatch(text):
        return Angle(float(text))
    return None if len(text) > _LONGEST else _angle(_unified(text))


def _angle(text: str) -> Angle | None:
    if _PLAIN.fullmatch(text):
        return Angle(float(text))
    found = _ANGLE.fullmatch(text)
    if found is None:
        return None
    sides = [_SIDES[side] for side in (found["before"], found["after"]) if side]
    written = {side for side in (found["before"], found["after"]) if side in _HEMISPHERES}
    if len({axis for axis, _ in sides}) > 1 or len({_SIDES[side] for side in written}) > 1:
        return None
    if written and found["sign"]:
        return None  # a sign and a hemisphere: which of the two is meant is not known
    body = found["body"].strip()
    comma = _COMMA.fullmatch(body) is not None or re.fullmatch(r"\d{1,3},\d+°", body) is not None
    if comma:
        body = body.replace(",", ".")
    for shape in _BODIES:
        parts = shape.fullmatch(body)
        if parts is None:
            continue
        given = parts.groupdict()
        minutes, seconds = float(given.get("m") or 0), float(given.get("s") or 0)
        if minutes >= 60 or seconds >= 60:
            return None
        value = float(given["d"]) + minutes / 60 + seconds / 3600
        negative = found["sign"] == "-" or any(side < 0 for _, side in sides)
        axis: Axis = sides[0][0] if sides else ""
        return Angle(-value if negative else value, axis, comma)
    return None


def as_degrees(text: str) -> float:
    """Return a written angle in degrees, NaN where it is none.

    >>> as_degrees("东经104.065°"), as_degrees("104.065E"), as_degrees("104°30′36″"), as_degrees("30.5 S")
    (104.065, 104.065, 104.51, -30.5)
    """
    found = angle_of(text)
    return math.nan if found is None else found.degrees


def pair_of(text: str) -> WrittenPair | None:
    """Return the two numbers of a cell, ``None`` where it does not hold exactly two, or could be divided in two ways.

    >>> pair_of("北纬30.65、东经104.06"), pair_of("104.06,30.65,500")
    (WrittenPair(first=30.65, second=104.06, lat_first=True), None)
    """
    if len(text) > _LONGEST:
        return None
    plain = _PLAIN_PAIR.fullmatch(text)
    if plain is not None:
        return WrittenPair(float(plain[1]), float(plain[2]))
    point = _POINT.fullmatch(text.strip())
    if point is not None:
        values = [as_degrees(part) for part in point.groups()]
        return None if any(map(math.isnan, values)) else WrittenPair(values[0], values[1], lat_first=False)
    named = _of_object(text) if text.lstrip().startswith("{") else None
    if named is not None:
        return named
    bare = _unified(text.strip(_BRACKETS + " "))
    found: set[WrittenPair] = set()
    for cut in _SPLIT.finditer(bare):
        first, second = _angle(bare[: cut.start()]), _angle(bare[cut.end() :])
        if first is None or second is None or first.comma != second.comma:
            continue
        if max(abs(first.degrees), abs(second.degrees)) > 180 and (first.axis or second.axis or first.comma):
            continue
        if first.axis and first.axis == second.axis:
            continue
        order = None
        if first.axis or second.axis:
            order = first.axis == "lat" or second.axis == "lon"
        found.add(WrittenPair(first.degrees, second.degrees, order))
    return found.pop() if len(found) == 1 else None


def _of_object(text: str) -> WrittenPair | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    named: dict[Axis, float] = {}
    for key, value in document.items():
        side = _SIDES.get(str(key).strip().upper())
        if side is not None and isinstance(value, str | int | float):
            named[side[0]] = as_degrees(str(value))
    if len(named) != 2 or any(map(math.isnan, named.values())):
        return None
    return WrittenPair(named["lon"], named["lat"], lat_first=False)
