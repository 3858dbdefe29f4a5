"""Lazy greedy choice of options (Minoux 1978): a good start, and the order in which to build."""

from __future__ import annotations

import heapq

import numpy as np

from stationplan.domain import FloatArray, IntArray
from stationplan.siting.core import Core


class Gains:
    """What each option would add to the objective above what is chosen so far."""

    def __init__(self, core: Core) -> None:
        self._columns = core.cover.tocsc()
        self._next = np.stack([core.first, core.second, np.zeros_like(core.first)])
        self._times = np.zeros(core.cover.shape[0], dtype=np.int64)
        self._value = core.value

    def of(self, option: int) -> float:
        """What an option would add now."""
        rows = self._rows(option)
        return float(self._next[self._times[rows], rows].sum() + self._value[option])

    def add(self, option: int) -> float:
        """Choose an option; return what it added."""
        gain = self.of(option)
        rows = self._rows(option)
        self._times[rows] = np.minimum(self._times[rows] + 1, 2)
        return gain

    def _rows(self, option: int) -> IntArray:
        span = slice(self._columns.indptr[option], self._columns.indptr[option + 1])
        return np.asarray(self._columns.indices[span], dtype=np.int64)


def greedy(core: Core, *, price: FloatArray | None = None) -> list[int]:
    """Return options within the limits in the order of largest gain, or gain for its price; required ones first.

    A gain can only fall as options are added, so an option whose renewed gain still leads need not be compared with
    the rest. Options that add nothing are left out. Ties go to the lower index.
    """
    gains = Gains(core)
    columns = core.limits.tocsc()
    left = core.most * (1 + 1e-12)
    chosen: list[int] = []

    def fits(option: int) -> bool:
        span = slice(columns.indptr[option], columns.indptr[option + 1])
        return bool((columns.data[span] <= left[columns.indices[span]]).all())

    def choose(option: int) -> None:
        gains.add(option)
        chosen.append(option)
        span = slice(columns.indptr[option], columns.indptr[option + 1])
        left[columns.indices[span]] -= columns.data[span]

    def merit(option: int) -> float:
        gain = gains.of(option)
        return gain if price is None else gain / max(price[option], 1e-12)

    for option in core.required:
        choose(int(option))
    taken = set(chosen)
    queue = [(-merit(option), option) for option in range(core.cover.shape[1]) if option not in taken]
    heapq.heapify(queue)
    while queue:
        _, option = heapq.heappop(queue)
        if not fits(option):
            continue
        renewed = -merit(option)
        if queue and (renewed, option) > queue[0]:
            heapq.heappush(queue, (renewed, option))
            continue
        if renewed >= 0:
            break
        choose(option)
    return chosen


def build_order(core: Core, options: IntArray, *, standing: IntArray) -> tuple[list[int], list[float]]:
    """Return options with the largest gain above the standing ones first, and the gains; ties go to the lower index."""
    gains = Gains(core)
    for option in standing:
        gains.add(int(option))
    left = sorted(int(option) for option in options)
    order: list[int] = []
    added: list[float] = []
    while left:
        best = max(left, key=lambda option: (gains.of(option), -option))
        left.remove(best)
        order.append(best)
        added.append(gains.add(best))
    return order, added
