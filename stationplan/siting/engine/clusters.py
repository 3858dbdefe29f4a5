"""A tighter bound from groups of options that hardly compete with each other, each solved as an integer program.

The prices of :mod:`stationplan.siting.engine.lagrangian` are needed only for what groups share: the limits, and the
rows covered by options of several groups. Such a row may be counted once by every group that covers it, at its price;
rows of a single group keep their weights. The sum of the optima of the groups is therefore a bound, never above that of
the prices (the clusters of Senne, Lorena and Pereira 2007, for dense location problems). For towns far apart it is
almost exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from stationplan.domain import BoolArray, FloatArray, IntArray
from stationplan.siting.base.answer import PROVEN, Clock
from stationplan.siting.engine.branch import branch
from stationplan.siting.engine.core import Core
from stationplan.siting.engine.lagrangian import SAFE, Bound, carried
from stationplan.siting.engine.presolve import presolve

_LITTLE = 0.02
"""Share of the mean gap per group above which a group is solved."""


@dataclass(frozen=True, eq=False)
class Clustered:
    """A bound on choices worth the target, the options that such a choice may or must contain, and choices of groups.

    Choices worth less than the target are not bounded.
    """

    value: float
    keep: BoolArray
    must: BoolArray
    choices: list[IntArray]


def cluster_bound(
    core: Core, limit: Bound, label: IntArray, best: IntArray, *, target: float, clock: Clock, nodes: int
) -> Clustered:
    """Return the bound from groups of options (``label[option]``), solved in ascending order of entries.

    The core has no required options. Each group starts from its part of the choice ``best`` and has at most ``nodes``
    nodes. Options that the bound so far excludes from choices worth ``target`` are excluded from the later groups.
    """
    prices = limit.prices
    columns = sparse.csc_array(core.cover)
    shared = _between(core.cover, label)
    price = np.where(_between(core.limits, label), prices.limits, 0.0)
    limits_in = np.where(price == 0.0, prices.limits, 0.0)
    inside = limits_in * core.most
    gain = core.value + core.cover.T @ prices.rows - core.limits.T @ prices.limits
    over = np.maximum(core.first - prices.rows, 0.0) + np.maximum(core.second - prices.rows, 0.0)
    keep, must = limit.chosen >= target, limit.left < target
    total = limit.value
    choices: list[IntArray] = []
    won = np.zeros(int(label.max()) + 1)
    entries = np.bincount(label, np.diff(columns.indptr))
    # Groups in which the prices choose only whole options cannot tighten the bound.
    open_part = np.bincount(label, prices.parts * (1.0 - prices.parts) * (gain + core.limits.T @ prices.limits))
    promising = open_part > _LITTLE * (total - target) / len(entries)
    for group in np.flatnonzero(promising)[np.argsort(entries[promising], kind="stable")]:
        if clock.over or total < target:
            break
        mine = np.flatnonzero(label == group)
        keep[mine] &= total + np.minimum(gain[mine], 0.0) >= target
        must[mine] |= total - np.maximum(gain[mine], 0.0) < target
        part = columns[:, mine]
        rows = np.unique(part.indices)
        limits = sparse.csr_array(core.limits[:, mine])
        alone = ~shared[rows]
        cut = Core(
            sparse.csr_array(part)[rows],
            np.where(alone, core.first[rows], prices.rows[rows]),
            np.where(alone, core.second[rows], np.where(core.second[rows] > 0, prices.rows[rows], 0.0)),
            core.value[mine],
            limits,
            core.most,
            np.flatnonzero(must[mine]),
        )
        before = over[rows][alone].sum() + np.maximum(gain[mine], 0.0).sum() + inside[np.diff(limits.indptr) > 0].sum()
        small = presolve(cut, keep=keep[mine])
        paid = float(price @ (limits[:, small.taken].sum(axis=1)))
        begin = small.represent(np.flatnonzero(np.isin(mine, best)))
        choice, ceiling = branch(
            small.core,
            begin,
            clock=clock,
            nodes=nodes,
            step=PROVEN * before,
            floor=before - (total - target) - small.secured + paid,
            price=price,
            start=carried(
                replace(
                    prices, rows=np.minimum(prices.rows[rows], cut.first), limits=limits_in, parts=prices.parts[mine]
                ),
                small,
            ),
        )
        choices.append(mine[small.restore(choice)])
        after = small.secured - paid + ceiling + SAFE * limit.value
        won[group] = max(before - after, 0.0)
        total -= won[group]
    # The tightening by each group also applies to the options of all others.
    without = total + won[label]
    keep &= without + np.minimum(gain, 0.0) >= target
    must |= without - np.maximum(gain, 0.0) < target
    return Clustered(max(total, target), keep, must, choices)


def groups_of(core: Core, prices: FloatArray, chosen: IntArray, *, largest: int) -> IntArray:
    """Return the group of each option: connected components, split if they have more than ``largest`` entries.

    A large component is split around its chosen options: every option is assigned to the chosen one with which it
    shares the most weight. Then groups that share the most weight are merged first, as long as they are not too large.
    """
    rows, options = core.cover.shape
    both = sparse.block_array([[None, core.cover], [core.cover.T, None]], format="csr")
    label = connected_components(both, directed=False)[1][rows:]
    entries = np.diff(sparse.csc_array(core.cover).indptr)
    large = np.bincount(label, entries)[label] > largest
    seeds = chosen[large[chosen]]
    if not len(seeds):
        return np.unique(label, return_inverse=True)[1].astype(np.int64)
    weighed = sparse.csr_array(core.cover[:, seeds].multiply(prices[:, None]))
    common = sparse.csr_array(core.cover.T @ weighed)
    common.data[:] += 1e-12  # an option that shares only rows without weight is still a neighbour
    nearest = np.asarray(common.argmax(axis=1)).ravel()
    own = common.sum(axis=1) > 0
    own &= large
    # Options that share no row with a chosen one keep the group of their component.
    label = np.where(own, label.max() + 1 + nearest, label)
    label = np.unique(label, return_inverse=True)[1]
    count = int(label.max()) + 1
    member = sparse.csr_array((np.ones(options), (np.arange(options), label)), shape=(options, count))
    sees = sparse.csr_array(core.cover.astype(np.float64) @ member)
    sees.data[:] = 1.0
    pairs = sparse.coo_array(sparse.triu(sees.T @ sparse.csr_array(sees.multiply(prices[:, None])), k=1))
    size = np.bincount(label, entries, minlength=count)
    leader = np.arange(count)
    for pair in np.argsort(-pairs.data, kind="stable"):
        one, other = _leader(leader, pairs.row[pair]), _leader(leader, pairs.col[pair])
        if one != other and size[one] + size[other] <= largest:
            leader[other] = one
            size[one] += size[other]
    lead = np.array([_leader(leader, group) for group in range(count)])
    return np.unique(lead[label], return_inverse=True)[1].astype(np.int64)


def _leader(leader: IntArray, group: int) -> int:
    """Return the group into which a group was merged."""
    while leader[group] != group:
        group = int(leader[group])
    return group


def _between(matrix: sparse.csr_array, label: IntArray) -> BoolArray:
    """Return a mask of the rows of a matrix that have entries in columns of different groups."""
    between = np.zeros(matrix.shape[0], dtype=bool)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    if len(filled):
        of = label[matrix.indices]
        starts = matrix.indptr[filled]
        between[filled] = np.minimum.reduceat(of, starts) != np.maximum.reduceat(of, starts)
    return between
