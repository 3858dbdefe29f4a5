"""Lazy greedy choice of sites (Minoux 1978): a good start, and the order in which to build."""

from __future__ import annotations

import heapq

import numpy as np
from scipy import sparse

from stationplan.domain import CountArray, FloatArray


class Gains:
    """Weight that each site would add to what is covered so far; columns of ``cover`` are sites."""

    def __init__(self, cover: sparse.csr_array, weights: FloatArray) -> None:
        self._columns = cover.tocsc()
        self._left = weights.astype(np.float64).copy()

    def of(self, site: int) -> float:
        """The weight a site would add now."""
        return float(self._left[self._rows(site)].sum())

    def add(self, site: int) -> float:
        """Cover what a site covers; return the weight it added."""
        rows = self._rows(site)
        gain = float(self._left[rows].sum())
        self._left[rows] = 0.0
        return gain

    def _rows(self, site: int) -> CountArray:
        return np.asarray(self._columns.indices[self._columns.indptr[site] : self._columns.indptr[site + 1]])


def greedy(
    cover: sparse.csr_array,
    weights: FloatArray,
    *,
    costs: FloatArray,
    p: int | None,
    budget: float | None,
    start: list[int],
    by_cost: bool,
) -> list[int]:
    """Return sites in the order of largest gain (or gain for its cost), ``start`` first, within count and budget.

    A gain can only fall as sites are added, so a site whose renewed gain still leads need not be compared with the
    rest. Sites that add nothing are left out. Ties go to the lower index.
    """
    gains = Gains(cover, weights)
    chosen = list(start)
    for site in start:
        gains.add(site)
    spent = float(costs[start].sum()) if start else 0.0
    limit = len(costs) if p is None else p

    def merit(site: int) -> float:
        gain = gains.of(site)
        return gain / max(costs[site], 1e-12) if by_cost else gain

    taken = set(start)
    queue = [(-merit(site), site) for site in range(cover.shape[1]) if site not in taken]
    heapq.heapify(queue)
    while queue and len(chosen) < limit:
        _, site = heapq.heappop(queue)
        if budget is not None and spent + costs[site] > budget * (1 + 1e-12):
            continue
        renewed = -merit(site)
        if queue and (renewed, site) > queue[0]:
            heapq.heappush(queue, (renewed, site))
            continue
        if renewed >= 0:
            break
        gains.add(site)
        chosen.append(site)
        spent += float(costs[site])
    return chosen


def build_order(cover: sparse.csr_array, weights: FloatArray, sites: list[int]) -> tuple[list[int], list[float]]:
    """Return the sites with the largest marginal gain first, and those gains; ties go to the lower index."""
    gains = Gains(cover, weights)
    left = sorted(sites)
    order: list[int] = []
    added: list[float] = []
    while left:
        best = max(left, key=lambda site: (gains.of(site), -site))
        left.remove(best)
        order.append(best)
        added.append(gains.add(best))
    return order, added
