"""Likely duplicate records: near in space and similar in name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process
from scipy.spatial import cKDTree

from stationplan.domain import FloatArray, IntArray
from stationplan.geo import metres_apart

_ALIKE, _ALIKE_BESIDE = 86.0, 75.0
_BESIDE_M = 50.0
"""Thresholds of the similarity of names.

The similarity is 0 to 100 (normalised indel similarity of the sorted characters); names above the threshold are alike.
Nearby records have a lower threshold. 平坊社区服务中心 and 祥巷社区服务中心, two different places, score 75.
"""

_NEIGHBOURS = 32
"""Number of nearest records that each record is compared with; it bounds the work if thousands share a location."""

_EARTH_M = 6_371_008.8

_STATION_WORDS = (
    "户外劳动者服务站点",
    "户外劳动者服务站",
    "户外劳动者驿站",
    "户外劳动者之家",
    "户外劳动者港湾",
    "户外职工爱心驿站",
    "户外职工驿站",
    "工会爱心驿站",
    "工会职工驿站",
    "工会驿站",
    "爱心驿站",
    "暖心驿站",
    "职工驿站",
    "劳动者港湾",
    "劳动者驿站",
    "骑手驿站",
    "司机之家",
    "服务站点",
    "驿站",
)
"""Common words for such stations; longer words first."""

_SHORT = {
    "中国农业银行": "农行",
    "农业银行": "农行",
    "中国工商银行": "工行",
    "工商银行": "工行",
    "中国建设银行": "建行",
    "建设银行": "建行",
    "中国邮政储蓄银行": "邮储",
    "邮政储蓄银行": "邮储",
    "邮储银行": "邮储",
    "中国银行": "中行",
    "交通银行": "交行",
    "农村商业银行": "农商行",
    "农商银行": "农商行",
}
"""Long names of banks and their usual short forms; longer names first."""

_WORDS = re.compile("|".join(_STATION_WORDS))
_LONG = re.compile("|".join(_SHORT))
_BRACKETS = re.compile(r"[(\[{<【〔「『《]([^)\]}>】〕」』》]*)[)\]}>】〕」』》]")
_COUNT = re.compile(r"\d+|第?[一二三四五六七八九十]+(?=[号店站所处座])")
_SIGNS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Pair:
    """Two records, by position, that are likely one place: ``first`` < ``second``; straight-line distance in metres."""

    first: int
    second: int
    distance_m: float


def bare_names(name: str) -> tuple[str, str]:
    """Return a name as compared, and the text in its brackets, which often is the same name in other words.

    The words for a station and punctuation are removed, and long names of banks are shortened. Either part may be
    empty.

    >>> bare_names("城东农行支行工会驿站（中国农业银行城东支行）"), bare_names("城东农行支行户外劳动者服务站点")
    (('城东农行支行', '农行城东支行'), ('城东农行支行', ''))
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    return _bare(_BRACKETS.sub("", text)), _bare("".join(_BRACKETS.findall(text)))


def _bare(text: str) -> str:
    return _SIGNS.sub("", _LONG.sub(lambda match: _SHORT[match[0]], _WORDS.sub("", text)))


def likely_duplicates(names: Sequence[str], lon: FloatArray, lat: FloatArray, *, within_m: float) -> list[Pair]:
    """Return the pairs of records within a distance whose names are alike, nearest first.

    Longitudes and latitudes are degrees of any one datum. Names are alike if their bare forms are equal or similar and
    any numbers in them are the same: 二号店 is not 三号店. Two records without names are alike only at the same
    location.

    >>> likely_duplicates(["邮政支局工会驿站", "邮政支局爱心驿站"], np.array([104.0, 104.0]), np.array([30.0, 30.0009]),
    ...     within_m=200)
    [Pair(first=0, second=1, distance_m=99.8)]
    """
    if len(names) < 2:
        return []
    # Chords in space: exact at any location, and only micrometres shorter than arcs at such distances.
    theta, phi = np.radians(lon), np.radians(lat)
    space = _EARTH_M * np.column_stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)])
    # The sphere differs from the ellipsoid by at most 0.6 %; the geodesic distance decides below.
    _, near = cKDTree(space).query(
        space, k=min(_NEIGHBOURS + 1, len(names)), distance_upper_bound=within_m * 1.01 + 0.01, workers=-1
    )
    start, end = np.repeat(np.arange(len(names)), near.shape[1]), near.ravel()
    found = (end < len(names)) & (start != end)
    first, second = np.minimum(start[found], end[found]), np.maximum(start[found], end[found])
    first, second = np.divmod(np.unique(first * len(names) + second), len(names))
    if len(first) == 0:
        return []
    metres = metres_apart(lon[first], lat[first], lon[second], lat[second])
    close = metres <= within_m
    first, second, metres = first[close], second[close], metres[close]
    bare = [bare_names(name) for name in names]
    outer = ["".join(sorted(outside or inside)) for outside, inside in bare]
    inner = ["".join(sorted(inside or outside)) for outside, inside in bare]
    score = _similar(outer, outer, first, second)
    bracketed = np.array([bool(outside and inside) for outside, inside in bare])
    more = np.flatnonzero(bracketed[first] | bracketed[second])
    for one, other in ((outer, inner), (inner, outer), (inner, inner)):
        score[more] = np.maximum(score[more], _similar(one, other, first[more], second[more]))
    counts = [_numbers_in(name) for name in names]
    named = np.array([bool(name) for name in outer])
    needed = np.where(metres <= _BESIDE_M, _ALIKE_BESIDE, _ALIKE)
    alike = np.where(named[first] & named[second], score > needed, (metres < 1.0) & ~named[first] & ~named[second])
    order = np.lexsort((second, first, metres))
    return [
        Pair(int(first[i]), int(second[i]), round(float(metres[i]), 1))
        for i in order
        if alike[i] and counts[first[i]] == counts[second[i]]
    ]


def _similar(a: Sequence[str], b: Sequence[str], first: IntArray, second: IntArray) -> FloatArray:
    if len(first) == 0:
        return np.empty(0)
    scores = process.cpdist([a[i] for i in first], [b[i] for i in second], scorer=fuzz.ratio, workers=-1)
    return np.asarray(scores, dtype=np.float64)


def _numbers_in(name: str) -> tuple[str, ...]:
    return tuple(_COUNT.findall(_BRACKETS.sub("", unicodedata.normalize("NFKC", name))))
