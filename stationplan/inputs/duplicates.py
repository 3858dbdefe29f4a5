"""Records that are likely the same place: near in space and alike in name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process
from scipy.spatial import cKDTree

from stationplan.domain import FloatArray
from stationplan.geo import metres_apart

_ALIKE = 80.0
"""Similarity of names, 0 to 100 (normalised indel similarity), from which on they are alike."""

_NEIGHBOURS = 32
"""Each record is compared with so many of its nearest, so that thousands at one place stay a bounded work."""

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
"""What such stations are called everywhere; longer words first."""

_WORDS = re.compile("|".join(_STATION_WORDS))
_BRACKETS = re.compile(r"[(\[{<【〔「『《][^)\]}>】〕」』》]*[)\]}>】〕」』》]")
_COUNT = re.compile(r"\d+|第?[一二三四五六七八九十]+(?=[号店站所处座])")
_SIGNS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Pair:
    """Two records, by position, that are likely one place: ``first`` < ``second``; straight distance in metres."""

    first: int
    second: int
    distance_m: float


def bare_name(name: str) -> str:
    """Return a name as it is compared: without the words for a station, brackets and what stands in them, and signs.

    A name that says nothing else keeps what stands in its brackets.

    >>> bare_name("城东农行支行工会驿站（农业银行城东支行）"), bare_name("户外劳动者服务站点(城东农行支行)")
    ('城东农行支行', '城东农行支行')
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    outside = _SIGNS.sub("", _WORDS.sub("", _BRACKETS.sub("", text)))
    return outside or _SIGNS.sub("", _WORDS.sub("", text))


def likely_duplicates(names: Sequence[str], lon: FloatArray, lat: FloatArray, *, within_m: float) -> list[Pair]:
    """Return the pairs of records within a distance whose names are alike, nearest first.

    Longitudes and latitudes are degrees of any one datum. Names are alike when their bare forms are equal or similar
    and any numbers in them are the same: 二号店 is not 三号店. Two nameless records are alike at the same place only.

    >>> likely_duplicates(["邮政支局工会驿站", "邮政支局爱心驿站"], np.array([104.0, 104.0]), np.array([30.0, 30.0009]),
    ...     within_m=200)
    [Pair(first=0, second=1, distance_m=99.8)]
    """
    if len(names) < 2:
        return []
    # Chords in space: exact for any place, and shorter than arcs by micrometres at such distances.
    theta, phi = np.radians(lon), np.radians(lat)
    space = _EARTH_M * np.column_stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)])
    # The sphere differs from the ellipsoid by 0.6 % at most; the true distance decides below.
    _, near = cKDTree(space).query(
        space, k=min(_NEIGHBOURS + 1, len(names)), distance_upper_bound=within_m * 1.01 + 0.01, workers=-1
    )
    one = np.repeat(np.arange(len(names)), near.shape[1])
    other = near.ravel()
    found = (other < len(names)) & (one != other)
    pairs = np.unique(np.sort(np.column_stack([one[found], other[found]]), axis=1), axis=0)
    if len(pairs) == 0:
        return []
    first, second = pairs[:, 0], pairs[:, 1]
    metres = metres_apart(lon[first], lat[first], lon[second], lat[second])
    close = metres <= within_m
    first, second, metres = first[close], second[close], metres[close]
    bare = [bare_name(name) for name in names]
    counts = [_numbers_in(name) for name in names]
    score = process.cpdist([bare[i] for i in first], [bare[i] for i in second], scorer=fuzz.ratio, workers=-1)
    named = np.array([bool(name) for name in bare])
    alike = np.where(named[first] & named[second], score >= _ALIKE, (metres < 1.0) & ~named[first] & ~named[second])
    order = np.lexsort((second, first, metres))
    return [
        Pair(int(first[i]), int(second[i]), round(float(metres[i]), 1))
        for i in order
        if alike[i] and counts[first[i]] == counts[second[i]]
    ]


def _numbers_in(name: str) -> tuple[str, ...]:
    return tuple(_COUNT.findall(_BRACKETS.sub("", unicodedata.normalize("NFKC", name))))
