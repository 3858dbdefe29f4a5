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
            blocks.append(_only_columns(reach[cells], sites.open[:, s] & sites.serves[:, g]))
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
    pairs = values.tocoo()
    keep = pairs.data <= cutoff + CUTOFF_TOLERANCE
    row, column = pairs.coords[0][keep], pairs.coords[1][keep]
    return sparse.csr_array((np.ones(len(row), dtype=bool), (row, column)), shape=values.shape)


def _only_columns(matrix: sparse.csr_array, columns: BoolArray) -> sparse.csr_array:
    pairs = matrix.tocoo()
    keep = columns[pairs.coords[1]]
    row, column = pairs.coords[0][keep], pairs.coords[1][keep]
    return sparse.csr_array((np.ones(len(row), dtype=bool), (row, column)), shape=matrix.shape)
