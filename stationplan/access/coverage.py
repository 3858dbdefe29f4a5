"""Travel times, standards, hours and fitness to coverage."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from stationplan.domain import CUTOFF_TOLERANCE, BoolArray, Coverage, Demand, Group, IntArray, Sites, TravelTimes


def cover_rows(demand: Demand, sites: Sites, times: TravelTimes) -> Coverage:
    """Return which sites cover which rows of demand (cell, group, slot) that hold workers.

    A site covers a row when it is open in the slot, fit for the group, and within the group's minutes and, where
    the group has one, its limit of length; both closed. Rows are in the order group, slot, cell.
    """
    blocks: list[sparse.csr_array] = []
    where: list[IntArray] = []
    for g, group in enumerate(demand.groups):
        reach = within_standard(times, group)
        for s in range(len(demand.slots)):
            cells = np.flatnonzero(demand.workers[:, g, s] > 0)
            near = reach[cells]
            blocks.append(_pairs(near, (sites.open[:, s] & sites.serves[:, g])[near.indices]))
            where.append(np.column_stack([cells, np.full_like(cells, g), np.full_like(cells, s)]))
    cell, group_of, slot = np.concatenate(where).T
    return Coverage(
        cell=cell,
        group=group_of,
        slot=slot,
        weight=demand.workers[cell, group_of, slot],
        cover=sparse.csr_array(sparse.vstack(blocks, format="csr")),
    )


def within_standard(times: TravelTimes, group: Group) -> sparse.csr_array:
    """Return the boolean [cell x site] matrix of pairs within a group's standard."""
    within = _at_most(times.minutes[group.mode], group.cutoff_min)
    if group.cutoff_m is not None:
        within = sparse.csr_array(within.multiply(_at_most(times.metres[group.mode], group.cutoff_m)))
    return within


def _at_most(values: sparse.csr_array, cutoff: float) -> sparse.csr_array:
    # Stored zeros are pairs too, so entries are picked by position rather than through sparse comparison.
    return _pairs(values, values.data <= cutoff + CUTOFF_TOLERANCE)


def _pairs(matrix: sparse.csr_array, keep: BoolArray) -> sparse.csr_array:
    """Return the kept entries of a matrix as a boolean matrix."""
    kept = np.concatenate([[0], np.cumsum(keep)])[matrix.indptr]
    return sparse.csr_array((np.ones(kept[-1], dtype=bool), matrix.indices[keep], kept), shape=matrix.shape)
