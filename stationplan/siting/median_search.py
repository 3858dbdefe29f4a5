"""The search for a p-median: a good answer, a Lagrangian bound, and branch and bound between them."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from stationplan.domain import BoolArray, CountArray, FloatArray, IntArray
from stationplan.siting.answer import Clock
from stationplan.siting.median_kernel import (
    SPENT,
    Lists,
    greedy,
    interchange,
    lagrangian,
    restricted,
    shaken,
    transposed,
    two_nearest,
    value,
)

_NO_GAIN = 1e-10
"""Share of the cost below which a difference is rounding."""

_ROOT_STEPS, _NODE_STEPS = 400, 40
"""Subgradient steps at the root, each time, and at a node."""

_CHUNK = 25
"""Subgradient steps between two looks at the clock."""

_SHAKES = 100
"""Local changes between two looks at the clock."""


@dataclass(frozen=True, eq=False)
class Median:
    """Choose at most ``p`` of ``count`` columns to minimise the sum over rows of the least of ``top`` and their costs.

    ``lists`` holds, by row and cheapest first, the columns that cost less than ``top``, one at least; rows that nothing
    changes are left out, and ``constant`` is what they cost. ``weights`` [row] scale the costs.
    """

    lists: Lists
    top: FloatArray
    weights: FloatArray
    constant: float
    count: int
    p: int


@dataclass(frozen=True, eq=False)
class Found:
    """The best columns found, and a proven limit below every choice's cost."""

    columns: IntArray
    bound: float


@dataclass(frozen=True, eq=False)
class _Node:
    """A part of all choices: ``state`` [column] is 1 chosen, -1 out, 0 open; no choice in it costs less than ``bound``.

    ``price``, ``reduced`` and ``share`` come from the relaxation that gave the bound.
    """

    bound: float
    state: CountArray
    price: FloatArray
    reduced: FloatArray
    share: FloatArray


class _Search:
    """The best choice so far, and what is tried to better it."""

    def __init__(self, problem: Median, clock: Clock) -> None:
        self.problem = problem
        self.clock = clock
        self.by_column = transposed(*problem.lists, problem.count)
        costs = (problem.lists[2], problem.top, problem.constant)
        self._whole = all(np.array_equal(part, np.rint(part)) for part in costs)
        order, _ = greedy(*self.by_column, problem.top, problem.p)
        self.best = np.zeros(problem.count, dtype=bool)
        self.best[order] = True
        self.cost = value(*problem.lists, problem.top, self.best)
        self._seed = 0

    @property
    def enough(self) -> float:
        """The bound from which on nothing better can be left: whole costs differ by 1, others matter to 1e-9."""
        if self._whole:
            return self.cost - 1.0 + 1e-6
        return self.cost * (1.0 - 1e-9)

    def proven(self, bound: float) -> float:
        """Return the limit that a bound on all that is left to search proves."""
        if bound >= self.enough:
            return self.cost if self._whole else self.enough
        return float(np.ceil(bound - 1e-6)) if self._whole else bound

    def offer(self, chosen: BoolArray, pool: IntArray) -> None:
        """Fill a choice up to p columns, exchange what gains, and keep it if it is the best."""
        chosen = chosen.copy()
        missing = self.problem.p - int(chosen.sum())
        chosen[pool[~chosen[pool]][:missing]] = True
        chosen[np.flatnonzero(~chosen)[: self.problem.p - int(chosen.sum())]] = True
        lists, top = self.problem.lists, self.problem.top
        while not interchange(lists, self.by_column, top, chosen, pool, _NO_GAIN * self.cost, 1):
            if self.clock.over:
                break
        self._keep(chosen)

    def shake(self, pool: IntArray, rounds: int) -> bool:
        """Try local changes; return whether they gained."""
        chosen = self.best.copy()
        self._seed += 1
        least = _NO_GAIN * self.cost
        shaken(self.problem.lists, self.by_column, self.problem.top, chosen, pool, least, rounds, self._seed)
        return self._keep(chosen)

    def _keep(self, chosen: BoolArray) -> bool:
        cost = value(*self.problem.lists, self.problem.top, chosen)
        better = cost < self.cost * (1.0 - _NO_GAIN)
        if cost <= self.cost:
            self.best, self.cost = chosen, cost
        return better

    def relaxed(
        self, state: CountArray, price: FloatArray, share: FloatArray, scale: float, steps: int
    ) -> tuple[_Node, BoolArray, float]:
        """Return a part of all choices with its bound, and the best choice met on the way with its cost."""
        start, column, cost, top = restricted(*self.problem.lists, self.problem.top, state)
        p = self.problem.p - int((state == 1).sum())
        at = np.minimum(price, top)
        pull, best_price = np.zeros(len(at)), at.copy()
        reduced, chosen = np.zeros(len(state)), np.zeros(len(state), dtype=bool)
        share = share.copy()
        track = np.array([-np.inf, np.inf, scale, 0.0])
        for done in range(0, steps, _CHUNK):
            lagrangian(
                *(start, column, cost, top, p, self.problem.weights),
                *(at, pull, best_price, reduced, chosen, share, track),
                *(self.cost, self.enough, min(_CHUNK, steps - done)),
            )
            if self.clock.over or track[2] < SPENT or track[0] >= self.enough:
                break
        chosen |= state == 1
        return _Node(float(track[0]), state, best_price, reduced, share), chosen, float(track[1])

    def fixed(self, node: _Node) -> CountArray:
        """Return a node's state with columns decided whose other way would cost too much, by their reduced costs."""
        state = node.state.copy()
        free = np.flatnonzero(state == 0)
        p = self.problem.p - int((state == 1).sum())
        reduced = np.minimum(node.reduced[free], 0.0)
        order = np.sort(reduced)
        last = order[p - 1] if p <= len(order) else 0.0
        following = order[p] if p < len(order) else 0.0
        state[free[node.bound + node.reduced[free] - last >= self.enough]] = -1
        state[free[node.bound - reduced + following >= self.enough]] = 1
        return state


def search(problem: Median, clock: Clock) -> Found:
    """Return the best columns found for a p-median problem and a bound on its cost."""
    least = float(problem.lists[2][problem.lists[0][:-1]].sum())
    if problem.p == 0 or not len(problem.top):
        return Found(np.empty(0, dtype=np.int64), problem.constant + float(problem.top.sum()))
    state = _Search(problem, clock)
    bound = least
    if state.cost > least * (1.0 + 1e-12):
        state.offer(state.best, np.arange(problem.count))
        bound = max(least, _branch(state, _root(state)))
    return Found(np.flatnonzero(state.best), problem.constant + bound)


def _root(state: _Search) -> _Node:
    """Return the root: the relaxation of the whole problem, repeated while the answer it leads to gets better."""
    problem = state.problem
    _, first, second = two_nearest(*problem.lists, problem.top, state.best)
    open_ = np.zeros(problem.count, dtype=np.int32)
    node = _Node(-np.inf, open_, (first + second) / 2, np.zeros(problem.count), np.zeros(problem.count))
    for turn in range(4):
        before = state.cost
        found, met, _ = state.relaxed(node.state, node.price, node.share, 1.0 if turn == 0 else 0.1, _ROOT_STEPS)
        node = (
            found if found.bound > node.bound else _Node(node.bound, node.state, node.price, node.reduced, node.share)
        )
        if node.bound >= state.enough or state.clock.over:
            break
        pool = _pool(state, found)
        state.offer(met, pool)
        if node.bound < state.enough and not state.clock.over:
            rounded = np.zeros(problem.count, dtype=bool)
            rounded[np.lexsort((found.reduced, -found.share))[: problem.p]] = True
            state.offer(rounded, pool)
        while node.bound < state.enough and not state.clock.over and state.shake(pool, _SHAKES):
            pass
        if state.cost >= before:
            break
    return node


def _pool(state: _Search, node: _Node) -> IntArray:
    """Return the columns worth trying: those that relaxed choices hold, and those chosen."""
    return np.flatnonzero(((node.share > 1e-3) & (node.state >= 0)) | state.best)


def _branch(state: _Search, root: _Node) -> float:
    """Close what is left between bound and answer, best bound first; return the bound that stands in the end."""
    problem = state.problem
    pool = _pool(state, root)
    length = max(len(problem.lists[1]) // problem.count, 1)
    shakes = max(5, len(problem.top) // (2 * length))
    nodes = [(root.bound, 0, _Node(root.bound, state.fixed(root), root.price, root.reduced, root.share))]
    made = 0
    while nodes and nodes[0][0] < state.enough and not state.clock.over:
        node = heapq.heappop(nodes)[2]
        for child in _children(state, node):
            if child.bound < state.enough:
                made += 1
                heapq.heappush(nodes, (child.bound, made, child))
        if nodes:
            state.shake(pool, shakes)
    return state.proven(nodes[0][0] if nodes else np.inf)


def _children(state: _Search, node: _Node) -> list[_Node]:
    """Return the two parts of a node by one of its open columns, with their own bounds."""
    free = np.flatnonzero(node.state == 0)
    chosen = node.state == 1
    if not len(free) or chosen.sum() >= state.problem.p:
        if chosen.sum() <= state.problem.p:  # more were only fixed because nothing better is left here
            state.offer(chosen, np.flatnonzero(chosen))
        return []
    column = free[np.argmin(np.abs(node.share[free] - 0.5))]
    children = []
    for decided in (1, -1):
        side = node.state.copy()
        side[column] = decided
        child, met, cost = state.relaxed(side, node.price, node.share, 0.5, _NODE_STEPS)
        if cost < state.cost:
            state.offer(met, _pool(state, child))
        bound = max(child.bound, node.bound)
        child = _Node(bound, side, child.price, child.reduced, child.share)
        children.append(_Node(bound, state.fixed(child), child.price, child.reduced, child.share))
    return children
