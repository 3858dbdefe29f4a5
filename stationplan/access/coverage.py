"""Coverage from travel times, service standards, opening hours and suitability."""

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
    Journeys,
    Sites,
    TravelTimes,
)

_STEPS = 20
"""Number of steps of gradual coverage: each is a twentieth of the weight."""


def cover_rows(demand: Demand, sites: Sites, times: TravelTimes, *, far_min: float | None = None) -> Coverage:
    """Return which sites cover which rows of demand (cell, group, slot) with workers.

    A site covers a row if it is open in the slot, suitable for the group, and within the group's limits of minutes and,
    where the group has one, of length; both are closed. Rows are in the order group, slot, cell. With ``far_min``, the
    limit (minutes) of the travel times, the coverage includes journeys.
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
        journeys=None if far_min is None else _journeys(demand, sites, times, (cell, group_of, slot), far_min),
    )


def within_standard(times: TravelTimes, group: Group) -> sparse.csr_array:
    """Return the boolean [cell x site] matrix of pairs within a group's standard."""
    within = _at_most(times.minutes[group.mode], group.cutoff_min)
    if group.cutoff_m is not None:
        within = sparse.csr_array(within.multiply(_at_most(times.metres[group.mode], group.cutoff_m)))
    return within


def _journeys(
    demand: Demand, sites: Sites, times: TravelTimes, rows: tuple[IntArray, IntArray, IntArray], far_min: float
) -> Journeys:
    """Return the minutes from rows (cell, group, slot) to the sites that are open then and suitable for the group.

    Groups with the same mode share the origins of the slots in which the same sites are open to them.
    """
    cell, group_of, slot = rows
    count = len(demand.cell_id)
    usable = [
        (group.mode, sites.open[:, s] & sites.serves[:, g])
        for g, group in enumerate(demand.groups)
        for s in range(len(demand.slots))
    ]
    keys = [(mode, works.tobytes()) for mode, works in usable]
    kinds = list(dict.fromkeys(keys))
    kind_of = np.array([kinds.index(key) for key in keys], dtype=np.int64).reshape(len(demand.groups), -1)
    origins, origin = np.unique(kind_of[group_of, slot] * count + cell, return_inverse=True)
    blocks = []
    for kind, key in enumerate(kinds):
        mode, works = usable[keys.index(key)]
        minutes = times.minutes[mode][origins[origins // count == kind] % count]
        near = works[minutes.indices] & (minutes.data <= far_min + CUTOFF_TOLERANCE)
        blocks.append(_pairs(minutes, near, np.minimum(minutes.data, far_min)))
    return Journeys(sparse.csr_array(sparse.vstack(blocks, format="csr")), origin.astype(np.int64), far_min)


def _shares(times: TravelTimes, group: Group, reach: sparse.csr_array) -> sparse.csr_array:
    """Return the share of the group's workers in a cell that a site covers, [cell x site].

    1 within the standard; beyond it a linear decline from 1 at ``cutoff_min`` to 0 at ``fade_min`` (Berman and Krass
    2002), rounded to whole steps, which keeps the number of demand rows small.
    """
    if group.fade_min is None:
        return sparse.csr_array(reach, dtype=np.float64)
    minutes = times.minutes[group.mode]
    line = (group.fade_min - minutes.data) / (group.fade_min - group.cutoff_min)
    steps = np.clip(np.round(line * _STEPS), 0, _STEPS - 1)  # the full weight applies only within the standard
    faded = _pairs(minutes, steps > 0, steps)
    return sparse.csr_array(faded.maximum(sparse.csr_array(reach, dtype=np.float64) * _STEPS) / _STEPS)


def _at_most(values: sparse.csr_array, cutoff: float) -> sparse.csr_array:
    # Stored zeros are pairs too, so entries are selected by position instead of sparse comparison.
    return _pairs(values, values.data <= cutoff + CUTOFF_TOLERANCE)


def _pairs(matrix: sparse.csr_array, keep: BoolArray, values: FloatArray | None = None) -> sparse.csr_array:
    """Return the selected entries of a matrix, as a boolean matrix or with ``values`` as their values."""
    kept = np.concatenate([[0], np.cumsum(keep)])[matrix.indptr]
    data = np.ones(kept[-1], dtype=bool) if values is None else values[keep]
    return sparse.csr_array((data, matrix.indices[keep], kept), shape=matrix.shape)
