"""The one reader of amounts: numbers with thousands separators, multipliers and units, in cells and headers."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Family = Literal["money", "people", "area", "length", "speed", "temperature", "any"]
"""What is measured: yuan, persons or seats, m2, m, km/h, degrees Celsius; ``any``: what the column states."""

FAMILIES: Mapping[str, Family] = {
    "cost": "money",
    "capacity": "people",
    "population": "people",
    "jobs": "people",
    "count": "people",
    "area_m2": "area",
    "length_m": "length",
    "speed_kmh": "speed",
}
"""The fields that hold amounts."""

RANGES: Mapping[Family, tuple[float, float]] = {
    "money": (0, 1e12),
    "people": (0, 1e10),
    "area": (0, 1e12),
    "length": (-1e8, 1e8),
    "speed": (0, 1e4),
    "temperature": (-100, 100),
    "any": (0, 1e12),
}
"""The range of an amount in its base unit, whatever a field allows; lengths are eastings and northings too."""

_MULTIPLIERS = {"百": 100.0, "千": 1e3, "万": 1e4, "萬": 1e4, "十万": 1e5, "百万": 1e6, "千万": 1e7, "亿": 1e8}
_MU_M2 = 10_000 / 15
_BASES: Mapping[str, tuple[str, float]] = {
    **dict.fromkeys(
        ("元", "块", "块钱", "圆", "人民币", "rmb", "cny", "yuan", "元人民币", "元整", "¥"), ("money", 1.0)
    ),
    **dict.fromkeys(
        ("人", "名", "位", "个", "座", "席", "座位", "席位", "个座位", "个座", "人次", "员"), ("people", 1.0)
    ),
    **dict.fromkeys(("个岗位", "岗位", "persons", "people", "person", "seats", "workers", "jobs"), ("people", 1.0)),
    **dict.fromkeys(("m2", "㎡", "平方米", "平米", "平", "平方", "sqm", "sq.m", "m^2"), ("area", 1.0)),
    **dict.fromkeys(("亩", "市亩"), ("area", _MU_M2)),
    **dict.fromkeys(("公顷", "ha", "hm2"), ("area", 1e4)),
    **dict.fromkeys(("km2", "km^2", "平方公里", "平方千米", "sqkm"), ("area", 1e6)),
    **dict.fromkeys(("m", "米", "公尺", "metres", "meters"), ("length", 1.0)),
    **dict.fromkeys(("km", "千米", "公里"), ("length", 1e3)),
    **dict.fromkeys(
        ("kmh", "km/h", "kph", "公里/小时", "公里/时", "千米/小时", "千米/时", "公里每小时"), ("speed", 1.0)
    ),
    "mph": ("speed", 1.609344),
    **dict.fromkeys(("m/s", "米/秒"), ("speed", 3.6)),
    **dict.fromkeys(("c", "℃", "°c", "摄氏度", "celsius"), ("temperature", 1.0)),
    **dict.fromkeys(("美元", "usd", "$", "港元", "港币", "hkd", "欧元", "eur", "€", "日元", "台币", "澳元"), ("", 1.0)),
    **dict.fromkeys(
        ("%", "‰", "户", "吨", "kg", "千克", "公斤", "小时", "分钟", "min", "h", "天", "°f", "cm"), ("", 1.0)
    ),
    **dict.fromkeys(("厘米", "毫米", "mm", "平方英尺", "sqft", "ft", "英尺", "里", "公分"), ("", 1.0)),
}
"""Units by what they measure (empty: nothing that a field holds), in units of the base."""
_ALIASES = {unicodedata.normalize("NFKC", name).casefold(): value for name, value in _BASES.items()}
UNITS: Mapping[str, tuple[str, float]] = {
    **_ALIASES,
    **{
        word + unit: (family, times * scale)
        for word, times in _MULTIPLIERS.items()
        for unit, (family, scale) in _ALIASES.items()
        if family in {"money", "people"} and not unit.isascii()
        if word + unit not in _ALIASES
    },
}
"""All units, those of money and people with multipliers too."""

_EXAMPLES: Mapping[str, str] = {
    "money": "元, 万元",
    "people": "人, 万人, 个, 座",
    "area": "㎡, 亩, 公顷",
    "length": "m, km",
    "speed": "km/h",
    "temperature": "℃",
}
_PIECES = frozenset({"个", "座", "处", "站", "家", "间", "点", "个站点", "站点"})
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$", re.ASCII)
_AMOUNT = re.compile(
    r"(?:约|大约|大概|近似|~|≈)?(?P<sign>[+-]?)(?P<currency>人民币|rmb|cny|¥|￥|\$|€|usd|美元|港币)?"
    r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+)(?P<unit>\D.*?)??(?:左右|上下)?",
    re.ASCII,
)
_LONGEST = 200
"""Characters of a header or amount; longer texts have no unit, and searching them for one would take long."""

_NOTE = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|【([^【】]*)】")
_AFTER = re.compile(r"(.+?)[/_\s]([^\s_()]+)")


@dataclass(frozen=True)
class StatedUnit:
    """A unit as written: what it measures (empty: nothing that a field holds) and its size in the base unit."""

    text: str
    family: str
    scale: float


def as_number(text: str) -> float:
    """Return text as a plain number, NaN where it is not one; full-width digits are accepted.

    >>> as_number("104.5"), as_number("１０４．５"), as_number("104,5")
    (104.5, 104.5, nan)
    """
    if not _NUMBER.match(text):
        text = unicodedata.normalize("NFKC", text).strip()
        if not _NUMBER.match(text):
            return math.nan
    return float(text)


def unit_called(text: str) -> StatedUnit | None:
    """Return the unit with a name, ``None`` where it is none.

    >>> unit_called("万元"), unit_called("必填")
    (StatedUnit(text='万元', family='money', scale=10000.0), None)
    """
    name = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()
    if name in UNITS:
        return StatedUnit(text.strip(), *UNITS[name])
    over, _, under = name.partition("/")
    if under and over in UNITS:
        family, scale = UNITS[over]
        if under in _PIECES and family == "money":
            return StatedUnit(text.strip(), family, scale)
        return StatedUnit(text.strip(), "", scale)
    return None


def header_unit(header: str) -> tuple[str, StatedUnit | None]:
    """Return a header without its unit, and the unit: in brackets, or after a slash, an underscore or a known name.

    >>> header_unit("费用（万元）"), header_unit("费用_万元")[0], header_unit("容纳人数（必填）")
    (('费用', StatedUnit(text='万元', family='money', scale=10000.0)), '费用', ('容纳人数（必填）', None))
    """
    if len(header) > _LONGEST:
        return header, None
    text = unicodedata.normalize("NFKC", header).strip()
    for note in _NOTE.finditer(text):
        inner = next(filter(None, note.groups()), "")
        for part in (inner, *re.split(r"[:,;、\s]+", inner)):
            unit = unit_called(part.removeprefix("单位")) if part else None
            if unit is not None:
                return (text[: note.start()] + text[note.end() :]).strip(), unit
    for cut in (i for i, sign in enumerate(text) if sign in "/_ "):
        unit = unit_called(text[cut + 1 :])
        if unit is not None and cut:
            return text[:cut].strip(), unit
    for size in range(min(5, len(text) - 1), 1, -1):
        unit = None if text[-size:].isascii() else unit_called(text[-size:])
        if unit is not None and (unit.scale != 1.0 or unit.family == "area"):
            return text[:-size], unit
    return header, None


@dataclass(frozen=True)
class Amount:
    """A cell as read: its value (NaN: no number) in the base unit.

    ``wrong`` is a unit that does not measure the field; ``contradicts``: the cell states another unit than the header.
    """

    value: float
    wrong: str = ""
    contradicts: bool = False


def amount_of(text: str, family: Family, header: StatedUnit | None = None) -> Amount:
    """Return an amount in the base unit of a family (``any``: of the unit that is stated).

    A multiplier without a unit (``3.5万``) has the header's unit; where header and cell both have a multiplier, they
    must be the same, or the cell must state its unit in full.

    >>> amount_of("约6,000元", "money").value, amount_of("3.5万", "money").value, amount_of("20人", "people").value
    (6000.0, 35000.0, 20.0)
    >>> amount_of("3 km", "money").wrong
    'km'
    """
    scale = 1.0 if header is None else header.scale
    plain = as_number(text)
    if not math.isnan(plain):
        return Amount(round(plain * scale, 9) if scale != 1.0 else plain)
    text = unicodedata.normalize("NFKC", text[:_LONGEST])
    if re.search(r"\d\s+\d", text):
        return Amount(math.nan)
    bare = re.sub(r"\s", "", text).casefold()
    found = _AMOUNT.fullmatch(bare)
    if found is None:
        return Amount(math.nan)
    value = float(found["sign"] + found["number"].replace(",", ""))
    written = found["unit"] or ""
    currency = unit_called(found["currency"]) if found["currency"] else None
    if currency is not None and (family not in {"any", "money"} or currency.family != "money"):
        return Amount(math.nan, wrong=currency.text)
    if not written:
        other = currency is not None and scale != 1.0
        return Amount(value if currency is not None else round(value * scale, 9), contradicts=other)
    if written in _MULTIPLIERS:
        if family not in {"any", "money", "people"}:
            return Amount(math.nan, wrong=written)
        if scale not in {1.0, _MULTIPLIERS[written]}:
            return Amount(math.nan, wrong=written)
        return Amount(round(value * _MULTIPLIERS[written], 9))
    unit = unit_called(written)
    if unit is None:
        return Amount(math.nan)
    if unit.family != family and (family != "any" or not unit.family):
        return Amount(math.nan, wrong=unit.text)
    return Amount(round(value * unit.scale, 9), contradicts=header is not None and unit.scale != header.scale)


def example_units(family: Family) -> str:
    """Return a few units that measure a family, for messages."""
    return ", ".join(_EXAMPLES.values()) if family == "any" else _EXAMPLES[family]
