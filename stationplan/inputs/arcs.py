"""Pieces of road, each open forth, back or both, as directed arcs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stationplan.domain import BoolArray, FloatArray, IntArray, Mode, RoadArcs
from stationplan.errors import Message


def two_way_arcs(
    lon: FloatArray,
    lat: FloatArray,
    tail: IntArray,
    head: IntArray,
    *,
    length_m: FloatArray,
    forth: Mapping[Mode, FloatArray],
    back: Mapping[Mode, FloatArray],
    major: BoolArray,
    source: str,
    date: str,
    notes: tuple[Message, ...],
) -> RoadArcs:
    """Return an arc each way for every piece; ``forth[mode]`` and ``back[mode]`` are minutes, ``inf`` where closed."""
    return RoadArcs(
        lon=lon,
        lat=lat,
        tail=np.concatenate([tail, head]),
        head=np.concatenate([head, tail]),
        length_m=np.concatenate([length_m, length_m]),
        minutes={mode: np.concatenate([forth[mode], back[mode]]) for mode in forth},
        major=np.concatenate([major, major]),
        source=source,
        date=date,
        notes=notes,
    )
