"""The assignment of workers to open stations that serves the most workers, as a maximum flow from stations to rows.

A station with time slots is represented by several places, one per slot, each with its own capacity. A row may be
served by the places of its slot that cover it, also in parts. The flow is kept when stations open and close, so that
the gain of one more station is computed from the last flow (Dinic 1970). The number of workers served is a submodular
function of the set of stations: a station never adds more than it would have added before others were opened.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numba import njit

from stationplan.domain import BoolArray, CountArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Capacities:
    """Rows, the places that may serve them, and the sites that places belong to.

    ``indptr`` and ``indices`` list the places of each row (CSR). ``column_ptr``, ``rows`` and ``pairs`` list the rows
    of each place and the position of each pair in ``indices``. ``weights`` and ``capacity`` are > 0. Capacities are
    sorted by site: those of site j are ``first[j]`` to ``first[j + 1] - 1``, and ``site`` is the site of each.
    """

    indptr: IntArray
    indices: CountArray
    column_ptr: IntArray
    rows: CountArray
    pairs: IntArray
    weights: FloatArray
    capacity: FloatArray
    first: IntArray
    site: IntArray


def places_of(
    indptr: IntArray, indices: CountArray, weights: FloatArray, capacity: FloatArray, site: IntArray, sites: int
) -> Capacities:
    """Return places, the lists of their rows made from those of the rows' places.

    >>> own = places_of(np.array([0, 2]), np.array([0, 1]), np.array([5.0]), np.array([3.0, 9.0]), np.array([0, 1]), 2)
    >>> own.rows.tolist(), own.first.tolist()
    ([0, 0], [0, 1, 2])
    """
    order = np.argsort(indices, kind="stable")
    row = np.repeat(np.arange(len(weights)), np.diff(indptr))
    return Capacities(
        indptr.astype(np.int64),
        indices.astype(np.int32),
        np.searchsorted(indices[order], np.arange(len(capacity) + 1)).astype(np.int64),
        row[order].astype(np.int32),
        order.astype(np.int64),
        weights.astype(np.float64),
        capacity.astype(np.float64),
        np.searchsorted(site, np.arange(sites + 1)).astype(np.int64),
        site.astype(np.int64),
    )


class Flow:
    """The maximum flow of workers to the open sites; initially no site is open.

    ``flow``, [pair], is the workers served along each pair of ``Places.indices``; ``left``, [row], the workers of each
    row who are not served.

    >>> own = places_of(np.array([0, 2]), np.array([0, 1]), np.array([5.0]), np.array([3.0, 9.0]), np.array([0, 1]), 2)
    >>> flow = Flow(own)
    >>> flow.gain(0), flow.open([1]), flow.gain(0), flow.close(1)
    (3.0, 5.0, 0.0, 5.0)
    """

    def __init__(self, places: Capacities) -> None:
        self.places = places
        rows, count, pairs = len(places.weights), len(places.capacity), len(places.indices)
        self._amount = np.concatenate([np.zeros(pairs), places.weights])
        self.flow, self.left = self._amount[:pairs], self._amount[pairs:]
        self._free = places.capacity.copy()
        self._opened = np.zeros(count, dtype=bool)
        self._level = np.full(rows + count, -1, dtype=np.int32)
        self._next = np.zeros(rows + count, dtype=np.int64)
        self._queue = np.zeros(rows + count, dtype=np.int64)
        self._path = np.zeros(rows + count + 1, dtype=np.int64)
        self._old_at = np.zeros(pairs + rows, dtype=np.int64)
        self._old = np.zeros(pairs + rows)
        self._is_old = np.zeros(pairs + rows, dtype=bool)

    def open(self, sites: Iterable[int]) -> float:
        """Open sites and return the additional workers served."""
        own = self._own(sites)
        self._opened[own] = True
        return self._push(own, record=False)

    def gain(self, site: int) -> float:
        """Return the workers that a closed site would add, without changing the flow."""
        own = self._own([site])
        self._opened[own] = True
        added = self._push(own, record=True)
        self._opened[own] = False
        self._free[own] = self.places.capacity[own]
        return added

    def direct(self, site: int) -> float:
        """Return the workers that a closed site would add without moving others: fast, and at most the gain."""
        first, places = self.places.first, self.places
        added = 0.0
        for place in range(first[site], first[site + 1]):
            rows = places.rows[places.column_ptr[place] : places.column_ptr[place + 1]]
            added += min(float(places.capacity[place]), float(self.left[rows].sum()))
        return added

    def close(self, site: int) -> float:
        """Close an open site and return the workers lost after other sites have taken over as many as they can."""
        own, places = self._own([site]), self.places
        lost = _empty(own, places.column_ptr, places.rows, places.pairs, self.flow, self.left)
        self._free[own] = places.capacity[own]
        self._opened[own] = False
        return float(lost - self._push(np.flatnonzero(self._opened & (self._free > 0)), record=False))

    def short(self) -> BoolArray:
        """Return a mask of the short rows, in which additional capacity would serve more workers (a minimum cut).

        The number served is the weight of all other rows plus the capacity of the open places that cover a short row.
        """
        places = self.places
        found: BoolArray = _short(
            places.indptr,
            places.indices,
            places.column_ptr,
            places.rows,
            places.pairs,
            self.flow,
            self.left,
            self._opened,
        )
        return found

    def copy(self) -> Flow:
        """Return a copy of the flow; the two must not be used by two threads at the same time."""
        other = copy.copy(self)  # scratch memory is shared, as it is clean between calls
        pairs = len(self.flow)
        other._amount, other._free, other._opened = self._amount.copy(), self._free.copy(), self._opened.copy()
        other.flow, other.left = other._amount[:pairs], other._amount[pairs:]
        return other

    def _own(self, sites: Iterable[int]) -> IntArray:
        first = self.places.first
        parts = [np.arange(first[site], first[site + 1]) for site in sites]
        return np.concatenate([np.empty(0, dtype=np.int64), *parts])

    def _push(self, sources: IntArray, *, record: bool) -> float:
        places = self.places
        return float(
            _push(
                sources,
                places.indptr,
                places.indices,
                places.column_ptr,
                places.rows,
                places.pairs,
                self._opened,
                self._amount,
                self._free,
                self._level,
                self._next,
                self._queue,
                self._path,
                self._old_at,
                self._old,
                self._is_old,
                record,
            )
        )


@njit(cache=True, nogil=True)
def _push(
    sources: IntArray,
    indptr: IntArray,
    indices: CountArray,
    column_ptr: IntArray,
    rows: CountArray,
    pairs: IntArray,
    opened: BoolArray,
    amount: FloatArray,
    free: FloatArray,
    level: CountArray,
    following: IntArray,
    queue: IntArray,
    path: IntArray,
    old_at: IntArray,
    old: FloatArray,
    is_old: BoolArray,
    record: bool,
) -> float:
    """Send as much flow as possible from places with free capacity; return the amount added.

    Vertices are rows, then places. ``amount`` is the flow of each pair, then the rest of each row. With ``record`` it
    is restored afterwards. ``level`` is -1 before and after; other arrays are scratch memory.
    """
    count, start = indptr.size - 1, indices.size
    added = 0.0
    olds = 0
    while True:
        # Levels: breadth-first from places with free capacity, via rows and the places that serve them, to open rows.
        tail = 0
        for source in sources:
            if free[source] > 0.0:
                level[count + source] = 0
                following[count + source] = column_ptr[source]
                queue[tail] = count + source
                tail += 1
        goal = np.int32(2147483647)
        head = 0
        while head < tail:
            vertex = queue[head]
            head += 1
            deep = level[vertex] + 1
            if deep > goal:
                break
            if vertex >= count:
                place = vertex - count
                for entry in range(column_ptr[place], column_ptr[place + 1]):
                    row = rows[entry]
                    if level[row] < 0:
                        level[row] = deep
                        following[row] = indptr[row]
                        queue[tail] = row
                        tail += 1
                        if amount[start + row] > 0.0:
                            goal = deep
            elif deep <= goal:
                for pair in range(indptr[vertex], indptr[vertex + 1]):
                    place = indices[pair]
                    if amount[pair] > 0.0 and level[count + place] < 0 and opened[place]:
                        level[count + place] = deep
                        following[count + place] = column_ptr[place]
                        queue[tail] = count + place
                        tail += 1
        found = goal < 2147483647
        if found:
            for source in sources:
                # Paths of increasing level, depth-first; a vertex without a continuation is not visited again.
                long = 0
                path[0] = count + source
                while free[source] > 0.0 and level[count + source] == 0:
                    vertex = path[long]
                    onward = -1
                    if vertex >= count:
                        place = vertex - count
                        while following[vertex] < column_ptr[place + 1]:
                            row = rows[following[vertex]]
                            if level[row] == level[vertex] + 1 and (level[row] < goal or amount[start + row] > 0.0):
                                onward = row
                                break
                            following[vertex] += 1
                    else:
                        while following[vertex] < indptr[vertex + 1]:
                            place = indices[following[vertex]]
                            if amount[following[vertex]] > 0.0 and level[count + place] == level[vertex] + 1:
                                onward = count + place
                                break
                            following[vertex] += 1
                    if onward < 0:
                        if long == 0:
                            break
                        long -= 1
                        following[path[long]] += 1
                        continue
                    long += 1
                    path[long] = onward
                    if onward >= count or level[onward] < goal:
                        continue
                    # A row with workers left: send the amount that the whole path allows.
                    sent = min(free[source], amount[start + onward])
                    for step in range(1, long, 2):
                        sent = min(sent, amount[following[path[step]]])
                    free[source] -= sent
                    added += sent
                    for step in range(long + 1):
                        vertex = path[step]
                        if step == long:
                            at = start + vertex
                        elif vertex >= count:
                            at = pairs[following[vertex]]
                        else:
                            at = following[vertex]
                        if record and not is_old[at]:
                            is_old[at] = True
                            old_at[olds] = at
                            old[olds] = amount[at]
                            olds += 1
                        amount[at] += sent if vertex >= count else -sent
                    long = 0
        for place in range(tail):
            level[queue[place]] = -1
        if not found:
            break
    for which in range(olds):
        amount[old_at[which]] = old[which]
        is_old[old_at[which]] = False
    return added


@njit(cache=True, nogil=True)
def _empty(
    places: IntArray, column_ptr: IntArray, rows: CountArray, pairs: IntArray, flow: FloatArray, left: FloatArray
) -> float:
    lost = 0.0
    for place in places:
        for entry in range(column_ptr[place], column_ptr[place + 1]):
            lost += flow[pairs[entry]]
            left[rows[entry]] += flow[pairs[entry]]
            flow[pairs[entry]] = 0.0
    return lost


@njit(cache=True, nogil=True)
def _short(
    indptr: IntArray,
    indices: CountArray,
    column_ptr: IntArray,
    rows: CountArray,
    pairs: IntArray,
    flow: FloatArray,
    left: FloatArray,
    opened: BoolArray,
) -> BoolArray:
    is_short = left > 0.0
    seen = ~opened
    queue = np.empty(left.size, np.int64)
    tail = 0
    for row in range(left.size):
        if is_short[row]:
            queue[tail] = row
            tail += 1
    head = 0
    while head < tail:
        row = queue[head]
        head += 1
        for pair in range(indptr[row], indptr[row + 1]):
            place = indices[pair]
            if not seen[place]:
                seen[place] = True
                for entry in range(column_ptr[place], column_ptr[place + 1]):
                    if flow[pairs[entry]] > 0.0 and not is_short[rows[entry]]:
                        is_short[rows[entry]] = True
                        queue[tail] = rows[entry]
                        tail += 1
    return is_short
