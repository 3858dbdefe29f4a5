"""Bounds for set covering from regions: the cost is split over groups of rows, and each group is solved by itself.

Each column's cost is split over disjoint groups of rows as the prices of its rows there. However it is split, the
least costs of the groups add up to no more than the least cost of all (Lagrangian decomposition, Guignard and Kim
1987). Groups of one row give the bound of the prices, the group of all rows the best answer: the larger the groups,
the better the bound. Prices alone end some 5 % low where sites overlap in the plane; groups of ten sites take a
quarter of that away, groups of fifty more than half.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from stationplan.domain import BoolArray, FloatArray, IntArray
from stationplan.siting.base import highs
from stationplan.siting.base.answer import Clock
from stationplan.siting.lscp.duals import price_bound

SMALLEST = 12.0
"""Sites (by the prices of its rows, in mean costs) below which a region is not halved: a tenth of a second to solve."""

_LARGEST, LARGEST_WHOLE = 110.0, 300.0
"""Sites of the largest region, and of the largest part without neighbours, that are worth a try: minutes."""

_NODES, _NODES_WHOLE = 300, 20_000
"""Nodes after which a region, or a part without neighbours, is left as it is."""

_GAP = 5e-4
"""Gap at which a region counts as solved: its share of the gap of all is a hundred times that."""

_SAFE = 5e-7
"""HiGHS takes what is within 1e-6 for whole and for covered: no bound of it is trusted to the last digit."""

_THREADS = 2


@dataclass(eq=False)
class _Region:
    """Rows, in two halves if there are any, with the bound on the cost of covering them; ``whole``: no neighbours.

    ``columns`` reach the rows, ``costs`` are the shares of their costs; ``sites`` is the price of the rows in mean
    costs.
    """

    rows: IntArray
    halves: tuple[_Region, ...]
    whole: bool
    sites: float
    bound: float = 0.0
    tried: bool = False

    def best_bound(self) -> float:
        """Return the larger of its own bound and the sum of its halves'."""
        return max(self.bound, sum(half.best_bound() for half in self.halves))

    def everything(self) -> list[_Region]:
        """Return all regions within, itself last."""
        return [*(region for half in self.halves for region in half.everything()), self]


@dataclass(frozen=True, eq=False)
class _Split:
    """A covering problem and how prices split its costs.

    ``per_price`` is the cost of each column for the price of all its rows, ``fine`` what it costs to leave a row open.
    """

    cover: sparse.csr_array
    by_column: sparse.csc_array
    costs: FloatArray
    price: FloatArray
    per_price: FloatArray
    fine: FloatArray | None
    unit: float

    def part(self, region: _Region) -> tuple[sparse.csr_array, IntArray, FloatArray]:
        """Return the cover of a region, its columns, and their shares of the cost."""
        cover = sparse.csr_array(self.cover[region.rows])
        columns, inside = np.unique(cover.indices, return_inverse=True)
        cover = sparse.csr_array((cover.data, inside, cover.indptr), shape=(len(region.rows), len(columns)))
        if region.whole:
            return cover, columns.astype(np.int64), self.costs[columns]
        there = cover.T.astype(np.float64) @ self.price[region.rows]
        return cover, columns.astype(np.int64), self.per_price[columns] * there


def split_bound(
    cover: sparse.csr_array,
    costs: FloatArray,
    price: FloatArray,
    answer: IntArray,
    *,
    clock: Clock,
    fine: FloatArray | None = None,
    enough: float = np.inf,
) -> tuple[float, IntArray]:
    """Return a lower bound on the cost of covering every row, and an answer at least as good as ``answer``.

    ``price``, [row], is >= 0; good prices make good regions. Parts that share no column with the rest are solved as
    they are where they are small enough, and their bounds rounded up where all costs are whole numbers. With ``fine``,
    [row] > 0, rows may be left open at that cost; the bound is then on costs and fines, and the answer is not looked
    at. A bound of ``enough`` ends the search.
    """
    if not cover.shape[0]:
        return 0.0, answer
    unit = float(costs.mean())
    price = price + 1e-6 * (price.mean() + unit / cover.shape[0])  # a row without a price still belongs somewhere
    if fine is not None:
        price = np.minimum(price, fine)
    per_price = costs * (1 - 1e-12) / np.maximum(cover.T.astype(np.float64) @ price, 1e-300)
    split = _Split(cover, cover.tocsc(), costs, price, per_price, fine, unit)
    chosen = np.zeros(len(costs), dtype=bool)
    chosen[answer] = True
    parts = [_halved(split, rows, whole=fine is None) for rows in _connected(cover)]
    sites, bound = SMALLEST, 0.0
    while sites <= 2 * LARGEST_WHOLE and bound < enough and not clock.over:
        left = [part for part in parts if not _proven(split, part, chosen)]
        largest = {False: min(sites, _LARGEST), True: min(sites, LARGEST_WHOLE)}
        regions = [region for part in left for region in part.everything()]
        todo = [region for region in regions if not region.tried and region.sites <= largest[region.whole]]
        todo.sort(key=lambda region: region.sites)
        with ThreadPoolExecutor(_THREADS) as threads:
            for region, found in zip(todo, threads.map(lambda r: _solve(split, r, chosen, clock), todo), strict=True):
                region.tried = True
                region.bound = max(region.bound, found[0])
                if found[1] is not None:
                    chosen[split.cover[region.rows].indices] = False
                    chosen[found[1]] = True
        bound = float(sum(_rounded(split, part) for part in parts))
        sites *= 2
    return float(sum(_rounded(split, part) for part in parts)), np.flatnonzero(chosen)


def _rounded(split: _Split, part: _Region) -> float:
    """Return the bound of a part without neighbours, rounded up where all its costs are whole."""
    bound = part.best_bound()
    if not part.whole:
        return bound
    costs = split.part(part)[2]
    return float(np.ceil(bound - 1e-9 * abs(bound))) if (costs == np.rint(costs)).all() else bound


def _proven(split: _Split, part: _Region, chosen: BoolArray) -> bool:
    """Return whether what is chosen in a part without neighbours costs no more than its bound."""
    if not part.whole:
        return False
    _, columns, costs = split.part(part)
    return float(costs[chosen[columns]].sum()) <= _rounded(split, part) * (1 + 1e-9)


def _solve(split: _Split, region: _Region, chosen: BoolArray, clock: Clock) -> tuple[float, IntArray | None]:
    """Return a bound on the cost of a region, and for one without neighbours the columns of a better answer, if any."""
    if clock.over:
        return 0.0, None
    cover, columns, costs = split.part(region)
    fine = np.zeros(0) if split.fine is None else split.fine[region.rows]
    variables = len(costs) + len(fine)
    matrix = [cover.astype(np.float64), *([sparse.eye_array(len(fine))] if len(fine) else [])]
    program = highs.Program(
        cost=np.concatenate([costs, fine]),
        lower=np.zeros(variables),
        upper=np.ones(variables),
        integer=np.arange(variables) < len(costs),
        matrix=sparse.csr_array(sparse.hstack(matrix)),
        row_lower=np.ones(len(region.rows)),
        row_upper=np.full(len(region.rows), np.inf),
        maximise=False,
    )
    found = highs.solve(
        program,
        seconds=clock.left_s,
        start=chosen[columns].astype(np.float64) if region.whole else None,
        gap=0.0 if region.whole else _GAP,
        nodes=_NODES_WHOLE if region.whole else _NODES,
    )
    bound = found.bound * (1 - _SAFE) if np.isfinite(found.bound) else 0.0
    if not region.whole or found.values is None:
        return bound, None
    picked = found.values > 0.5
    better = costs[picked].sum() < costs[chosen[columns]].sum() and (cover @ picked.astype(np.int32) > 0).all()
    return bound, columns[picked] if better else None


def _connected(cover: sparse.csr_array) -> list[IntArray]:
    """Return the rows of each part that shares no column with the rest."""
    both = sparse.block_array([[None, cover.astype(np.int8)], [cover.T.astype(np.int8), None]], format="csr")
    count, label = csgraph.connected_components(both, directed=False)
    rows = np.argsort(label[: cover.shape[0]], kind="stable")
    ends = np.cumsum(np.bincount(label[: cover.shape[0]], minlength=count))
    return [part for part in np.split(rows, ends[:-1]) if len(part)]


def _halved(split: _Split, rows: IntArray, *, whole: bool = False) -> _Region:
    """Return rows as a region that is halved again and again, across its longest way, until no half is large."""
    sites = float(split.price[rows].sum()) / split.unit
    halves: tuple[_Region, ...] = ()
    if sites > SMALLEST and len(rows) > 1:
        one, other = _cut(split, rows)
        halves = (_halved(split, one), _halved(split, other))
    region = _Region(rows, halves, whole, sites)
    if not halves:
        cover, _, costs = split.part(region)
        region.bound = max(price_bound(cover, costs, split.price[rows]), 0.0)
    return region


def _cut(split: _Split, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Return rows in two halves of about the same price: those nearer to one far end, and to the other."""
    lists = (split.by_column.indptr, split.by_column.indices, split.cover.indptr, split.cover.indices)
    inside = np.zeros(split.cover.shape[0], dtype=bool)
    inside[rows] = True
    from_any = _hops(*lists, inside, rows[0])[rows]
    if (from_any < 0).any():
        return rows[from_any >= 0], rows[from_any < 0]
    from_one = _hops(*lists, inside, rows[np.argmax(from_any)])[rows]
    from_other = _hops(*lists, inside, rows[np.argmax(from_one)])[rows]
    order = np.argsort(from_one - from_other, kind="stable")
    total = np.cumsum(split.price[rows[order]])
    middle = int(np.clip(np.searchsorted(total, total[-1] / 2), 1, len(rows) - 1))
    return np.sort(rows[order[:middle]]), np.sort(rows[order[middle:]])


@njit(cache=True, nogil=True)
def _hops(
    column_start: NDArray[np.int32],
    row: NDArray[np.int32],
    row_start: NDArray[np.int32],
    column: NDArray[np.int32],
    inside: BoolArray,
    source: int,
) -> IntArray:
    """Return the least number of columns that lead from a row to each other, through rows inside; -1: none do."""
    hops = np.full(inside.size, -1, np.int64)
    seen = np.zeros(column_start.size - 1, np.bool_)
    queue = np.empty(inside.size, np.int64)
    queue[0], hops[source] = source, 0
    first, last = 0, 1
    while first < last:
        here = queue[first]
        first += 1
        for at in range(row_start[here], row_start[here + 1]):
            through = column[at]
            if seen[through]:
                continue
            seen[through] = True
            for beside in range(column_start[through], column_start[through + 1]):
                other = row[beside]
                if inside[other] and hops[other] < 0:
                    hops[other] = hops[here] + 1
                    queue[last] = other
                    last += 1
    return hops
