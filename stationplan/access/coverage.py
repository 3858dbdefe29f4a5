"""Travel times, standards, hours and fitness to coverage."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from stationplan.domain import (
    CUTOFF_TOLERANCE,
    BoolArray,
    Coverage,
    Demand,
    FloatArray,
    Group,
    IntArray,
    Sites,
    TravelTimes,
)

_STEPS = 20
"""Steps of coverage that fades out: a twentieth of the weight each."""


def cover_rows(demand: Demand, sites: Sites, times: TravelTimes) -> Coverage:
    """Return which sites cover which rows of demand (cell, group, slot) that hold workers.

    A site covers a row when it is open in the slot, fit for the group, and within the group's minutes and, where
    the group has one, its limit of length; both closed. Rows are in the order group, slot, cell.
    """
    blocks: list[sparse.csr_array] = []
    fading: list[sparse.csr_array] = []
    fades = any(group.fade_min is not None for group in demand.groups)
    where: list[IntArray] = []
    for g, group in enumerate(demand.groups):
        reach = within_standard(times, group)
        shares = _shares(times, group, reach) if fades else None
        for s in range(len(demand.slots)):
            cells = np.flatnonzero(demand.workers[:, g, s] > 0)
            near = reach[cells]
            works = sites.open[:, s] & sites.serves[:, g]
            blocks.append(_pairs(near, works[near.indices]))
            if shares is not None:
                around = shares[cells]
                fading.append(_pairs(around, works[around.indices], around.data))
            where.append(np.column_stack([cells, np.full_like(cells, g), np.full_like(cells, s)]))
    cell, group_of, slot = np.concatenate(where).T
    return Coverage(
        cell=cell,
        group=group_of,
        slot=slot,
        weight=demand.workers[cell, group_of, slot],
        cover=sparse.csr_array(sparse.vstack(blocks, format="csr")),
        share=sparse.csr_array(sparse.vstack(fading, format="csr")) if fades else None,
    )


def within_standard(times: TravelTimes, group: Group) -> sparse.csr_array:
    """Return the boolean [cell x site] matrix of pairs within a group's standard."""
    within = _at_most(times.minutes[group.mode], group.cutoff_min)
    if group.cutoff_m is not None:
        within = sparse.csr_array(within.multiply(_at_most(times.metres[group.mode], group.cutoff_m)))
    return within


def _shares(times: TravelTimes, group: Group, reach: sparse.csr_array) -> sparse.csr_array:
    """Return what share of the group's workers in a cell a site is worth, [cell x site].

    1 within the standard; past it a straight line from 1 at ``cutoff_min`` to 0 at ``fade_min`` (Berman and Krass
    2002), rounded to whole steps, so that rows of demand stay few.
    """
    if group.fade_min is None:
        return sparse.csr_array(reach, dtype=np.float64)
    minutes = times.minutes[group.mode]
    line = (group.fade_min - minutes.data) / (group.fade_min - group.cutoff_min)
    steps = np.clip(np.round(line * _STEPS), 0, _STEPS - 1)  # the whole is for those within the standard
    faded = _pairs(minutes, steps > 0, steps)
    return sparse.csr_array(faded.maximum(sparse.csr_array(reach, dtype=np.float64) * _STEPS) / _STEPS)


def _at_most(values: sparse.csr_array, cutoff: float) -> sparse.csr_array:
    # Stored zeros are pairs too, so entries are picked by position rather than through sparse comparison.
    return _pairs(values, values.data <= cutoff + CUTOFF_TOLERANCE)


def _pairs(matrix: sparse.csr_array, keep: BoolArray, values: FloatArray | None = None) -> sparse.csr_array:
    """Return the kept entries of a matrix, as a boolean matrix or with ``values`` in their place."""
    kept = np.concatenate([[0], np.cumsum(keep)])[matrix.indptr]
    data = np.ones(kept[-1], dtype=bool) if values is None else values[keep]
    return sparse.csr_array((data, matrix.indices[keep], kept), shape=matrix.shape)
