"""Bounds for set covering from regions: costs are split over groups of rows, and each group is solved separately.

The cost of each column is split over disjoint groups of rows in proportion to the prices of its rows there. For any
split, the least costs of the groups sum to at most the least cost of the whole (Lagrangian decomposition, Guignard and
Kim 1987). Groups of one row give the bound of the prices, the group of all rows the optimum: the larger the groups, the
better the bound. The bound of the prices alone is about 5 % too low where sites overlap in the plane; groups of ten
sites remove a quarter of this gap, groups of fifty more than half.
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
"""Size (price of its rows in mean costs) below which a region is not halved: it takes a tenth of a second to solve."""

_LARGEST, LARGEST_WHOLE = 110.0, 300.0
"""Sizes of the largest region and of the largest connected component that are tried, which take minutes."""

_NODES, _NODES_WHOLE = 300, 20_000
"""Nodes after which the solution of a region, or of a connected component, is ended."""

_GAP = 5e-4
"""Gap at which a region counts as solved: its share of the overall gap is about a hundred times larger."""

_SAFE = 5e-7
"""Margin on bounds of HiGHS, as it accepts values within 1e-6 as integer and constraints within 1e-6 as met."""

_THREADS = 2


@dataclass(eq=False)
class _Region:
    """A group of rows, with halves unless it is small, and a bound on the cost of covering it.

    ``whole`` is whether it is a complete connected component, which is solved with full costs. ``sites`` is the price
    of the rows in mean costs, an estimate of the number of sites.
    """

    rows: IntArray
    halves: tuple[_Region, ...]
    whole: bool
    sites: float
    bound: float = 0.0
    tried: bool = False

    def best_bound(self) -> float:
        """Return the larger of its own bound and the sum of the bounds of its halves."""
        return max(self.bound, sum(half.best_bound() for half in self.halves))

    def everything(self) -> list[_Region]:
        """Return all regions within this one, and itself last."""
        return [*(region for half in self.halves for region in half.everything()), self]


@dataclass(frozen=True, eq=False)
class _Split:
    """A covering problem and the split of its costs by prices.

    ``per_price`` is the cost of each column divided by the price of all its rows; ``fine``, [row], is the cost of
    leaving a row uncovered (``None``: not allowed). ``unit`` is the mean cost.
    """

    cover: sparse.csr_array
    by_column: sparse.csc_array
    costs: FloatArray
    price: FloatArray
    per_price: FloatArray
    fine: FloatArray | None
    unit: float

    def part(self, region: _Region) -> tuple[sparse.csr_array, IntArray, FloatArray]:
        """Return the cover of a region, its columns, and their shares of the costs."""
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
    """Return a lower bound on the cost of covering every row, and a solution at least as good as ``answer``.

    ``price``, [row], is >= 0; good prices make good regions. Connected components are solved exactly if they are small
    enough, and their bounds are rounded up if all costs are integers. With ``fine``, [row] > 0, rows may be left
    uncovered at that cost; the bound is then on costs and fines, and the solution is not improved. The search ends when
    the bound reaches ``enough``.
    """
    if not cover.shape[0]:
        return 0.0, answer
    unit = float(costs.mean())
    price = price + 1e-6 * (price.mean() + unit / cover.shape[0])  # so that all rows have a price
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
    """Return the bound of a part, rounded up if it is a connected component with integer costs."""
    bound = part.best_bound()
    if not part.whole:
        return bound
    costs = split.part(part)[2]
    return float(np.ceil(bound - 1e-9 * abs(bound))) if (costs == np.rint(costs)).all() else bound


def _proven(split: _Split, part: _Region, chosen: BoolArray) -> bool:
    """Return whether the part is a connected component in which the chosen columns cost no more than its bound."""
    if not part.whole:
        return False
    _, columns, costs = split.part(part)
    return float(costs[chosen[columns]].sum()) <= _rounded(split, part) * (1 + 1e-9)


def _solve(split: _Split, region: _Region, chosen: BoolArray, clock: Clock) -> tuple[float, IntArray | None]:
    """Return a bound on the cost of a region and, for a connected component, a better solution if one was found."""
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
    """Return the rows of each connected component."""
    both = sparse.block_array([[None, cover.astype(np.int8)], [cover.T.astype(np.int8), None]], format="csr")
    count, label = csgraph.connected_components(both, directed=False)
    rows = np.argsort(label[: cover.shape[0]], kind="stable")
    ends = np.cumsum(np.bincount(label[: cover.shape[0]], minlength=count))
    return [part for part in np.split(rows, ends[:-1]) if len(part)]


def _halved(split: _Split, rows: IntArray, *, whole: bool = False) -> _Region:
    """Return rows as a region that is halved repeatedly, across its longest extent, until no half is large."""
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
    """Return rows in two halves of about the same price: rows closer to one far end, and rows closer to the other."""
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
    """Return the least number of columns on a path from ``source`` to each row through rows inside; -1 if none."""
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
