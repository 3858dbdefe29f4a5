"""Intervals of coverage: the effect of uncertain demand on the shares of workers covered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stationplan.domain import CountArray, Demand, FloatArray, IntArray, Recounted, ShareRanges

Part = slice | tuple[slice | int, ...] | IntArray
"""Index of a part of a [cell, group, slot] array: all, some cells, a group or a slot."""


def share_ranges(demand: Demand, counted: Recounted, districts: int) -> ShareRanges | None:
    """Return the ranges of covered shares that contain nine of ten draws of the demand; ``None`` without draws."""
    if demand.draws is None:
        return None

    def ranges(part: Part) -> FloatArray:
        return np.array([_range(demand, count, part) for count in (counted.stations_before, counted.stations_after)])

    def table(parts: list[Part]) -> FloatArray:
        return np.array([ranges(part) for part in parts], dtype=np.float64).reshape(-1, 2, 2)

    return ShareRanges(
        overall=ranges(np.s_[:]),
        by_district=table([np.flatnonzero(demand.district == one) for one in range(districts)]),
        by_group=table([np.s_[:, group, :] for group in range(len(demand.groups))]),
        by_slot=table([np.s_[:, :, slot] for slot in range(len(demand.slots))]),
    )


def _range(demand: Demand, stations: CountArray, part: Part) -> FloatArray:
    """Return the 5th and the 95th percentile of the share covered in a part of the demand; NaN without workers."""
    assert demand.draws is not None  # checked by the caller
    cells = part if isinstance(part, np.ndarray) else np.s_[:]
    rest = np.s_[:] if isinstance(part, np.ndarray | slice) else part[1:]
    inside = np.zeros(demand.workers.shape[1:])
    inside[rest] = 1.0
    workers = demand.workers[cells] * inside
    heads = demand.workers[cells].sum(axis=2)
    known = heads > 0
    covered = np.where(stations[cells] > 0, workers, 0.0).sum(axis=2)
    of_all = np.divide(workers.sum(axis=2), heads, out=np.zeros_like(heads), where=known)
    of_covered = np.divide(covered, heads, out=np.zeros_like(heads), where=known)
    drawn = demand.draws[:, cells]
    total = np.einsum("kcg,cg->k", drawn, of_all, optimize=True)
    if not (total > 0).all():
        return np.full(2, np.nan)
    # To a thousand-millionth: the last digits of such sums depend on the processor.
    return likely_range(np.einsum("kcg,cg->k", drawn, of_covered, optimize=True) / total).round(9)


def likely_range(drawn: NDArray[np.floating]) -> FloatArray:
    """Return the 5th and 95th percentile of draws, [end, ...]; draws run along the first axis.

    >>> likely_range(np.arange(101.0)).tolist()
    [5.0, 95.0]
    """
    return np.asarray(np.percentile(drawn, [5.0, 95.0], axis=0), dtype=np.float64)
