"""The search for a p-median: a good choice, a Lagrangian bound, and branch and bound to close the gap."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from stationplan.domain import BoolArray, CountArray, FloatArray, IntArray
from stationplan.siting.base.answer import Clock
from stationplan.siting.pmedian.interchange import (
    DRAWS,
    Lists,
    greedy,
    interchange,
    restricted,
    shaken,
    transposed,
    two_nearest,
    value,
)
from stationplan.siting.pmedian.relaxation import SPENT, lagrangian

_NO_GAIN = 1e-10
"""Share of the cost below which a difference is attributed to rounding."""

_ROOT_STEPS, _NODE_STEPS = 400, 80
"""Subgradient steps of each relaxation of the root, and at a node."""

LARGE = 1_000_000
"""Number of entries from which the root is relaxed with a part of its columns at a time."""

_FIRST_STEPS, _ROUNDS, _ROUND_STEPS = 100, 8, 40
"""At a large root: subgradient steps with all columns, rounds with a part of them, and steps per round."""

_CHUNK = 25
"""Subgradient steps between checks of the clock."""

_SHAKES, _SHAKEN = 300, 30_000
"""Local changes without a gain after which the root is relaxed again; entries processed by one batch of them."""

_MIXES = 4
"""Mixtures of the best choice with relaxed choices that are tried after each relaxation of the root."""

_SEED = 20260101
"""Seed of the local changes: the same problem gives the same choice."""


@dataclass(frozen=True, eq=False)
class Median:
    """The problem of choosing at most ``p`` of ``count`` columns.

    It minimises the sum over rows of the least of ``top`` and the costs of the chosen columns. ``lists`` holds for each
    row, cheapest first, the columns that cost less than ``top``, at least one. Rows that no column improves are
    dropped, and ``constant`` is their cost. ``weights``, [row], scale the costs. A bound above ``limit`` need not be
    improved.
    """

    lists: Lists
    top: FloatArray
    weights: FloatArray
    constant: float
    count: int
    p: int
    limit: float = np.inf


@dataclass(frozen=True, eq=False)
class SolvedMedian:
    """The best columns found, and a proven limit below every choice's cost."""

    columns: IntArray
    bound: float


@dataclass(frozen=True, eq=False)
class _Node:
    """A subset of all choices, none of which costs less than ``bound``.

    ``state``, [column], is 1 for chosen, -1 for excluded, 0 for undecided columns. ``price``, [row], ``reduced`` and
    ``share``, [column], come from the relaxation that gave the bound.
    """

    bound: float
    state: CountArray
    price: FloatArray
    reduced: FloatArray
    share: FloatArray


@dataclass(eq=False)
class _Ascent:
    """The state of a subgradient search: prices of rows, last direction, mean of relaxed choices, scale of steps."""

    at: FloatArray
    pull: FloatArray
    share: FloatArray
    scale: float


def _ascent(price: FloatArray, share: FloatArray, scale: float) -> _Ascent:
    return _Ascent(price.copy(), np.zeros(len(price)), share.copy(), scale)


class _Search:
    """The best choice so far, and the methods that improve it."""

    def __init__(self, problem: Median, clock: Clock) -> None:
        self.problem = problem
        self.clock = clock
        self._lists = problem.lists
        self.by_column = transposed(*problem.lists, problem.count)
        costs = (problem.lists[2], problem.top, problem.constant)
        self._whole = all(np.array_equal(part, np.rint(part)) for part in costs)
        order, _ = greedy(*self.by_column, problem.top, problem.p)
        self.best = np.zeros(problem.count, dtype=bool)
        self.best[order] = True
        self.cost = float(value(*problem.lists, problem.top, self.best))
        self.rounds = int(np.clip(_SHAKEN // max(len(problem.lists[1]) // problem.count, 1), 1, _SHAKES))
        self._random = np.random.default_rng(_SEED)

    @property
    def enough(self) -> float:
        """The bound from which no relevant improvement is possible: by 1 for integer costs, otherwise by 1e-9 of it."""
        least = self.cost - 1.0 + 1e-6 if self._whole else self.cost * (1.0 - 1e-9)
        return float(min(least, self.problem.limit))

    def done(self, bound: float) -> bool:
        """Whether a bound is enough, or time is up."""
        return bound >= self.enough or self.clock.over

    def proven(self, bound: float) -> float:
        """Return the bound proven by a bound on the remaining subsets; subsets that were dropped have ``enough``."""
        bound = min(bound, self.enough)
        return float(np.ceil(bound - 1e-9)) if self._whole else bound

    def offer(self, chosen: BoolArray, pool: IntArray, sweeps: int = 50) -> None:
        """Complete a choice to p columns, improve it by exchanges, and keep it if it is the best."""
        chosen = chosen.copy()
        missing = self.problem.p - int(chosen.sum())
        chosen[pool[~chosen[pool]][:missing]] = True
        chosen[np.flatnonzero(~chosen)[: self.problem.p - int(chosen.sum())]] = True
        lists, top = self.problem.lists, self.problem.top
        for _ in range(sweeps):
            if interchange(lists, self.by_column, top, chosen, pool, _NO_GAIN * self.cost, 1) or self.clock.over:
                break
        self._keep(chosen)

    def shake(self, pool: IntArray, rounds: int) -> bool:
        """Try local changes; return whether the cost decreased."""
        chosen = self.best.copy()
        draws = self._random.integers(1 << 30, size=(rounds, DRAWS))
        shaken(self.problem.lists, self.by_column, self.problem.top, chosen, pool, _NO_GAIN * self.cost, draws)
        return self._keep(chosen)

    def mix(self, share: FloatArray, pool: IntArray) -> None:
        """Offer about four fifths of the best choice, completed at random with columns frequent in relaxed choices."""
        count = self.problem.count
        kept = self.best & (self._random.random(count) < 0.8)
        chosen = np.zeros(count, dtype=bool)
        score = kept + share * np.exp(0.5 * self._random.standard_normal(count))
        chosen[np.argsort(-score, kind="stable")[: self.problem.p]] = True
        self.offer(chosen, pool, sweeps=1)

    def _keep(self, chosen: BoolArray) -> bool:
        cost = float(value(*self.problem.lists, self.problem.top, chosen))
        better = cost < self.cost * (1.0 - _NO_GAIN)
        if cost <= self.cost:
            self.best, self.cost = chosen, cost
        return better

    def relaxed(self, state: CountArray, ascent: _Ascent, steps: int) -> tuple[_Node, BoolArray, float]:
        """Return a subset of all choices with its bound, and the best relaxed choice found with its cost."""
        lists, top = self._lists, self.problem.top
        if state.any():
            *lists, top = restricted(*lists, top, state)
            np.minimum(ascent.at, top, out=ascent.at)
        p = self.problem.p - int((state == 1).sum())
        price = ascent.at.copy()
        reduced, chosen = np.zeros(len(state)), np.zeros(len(state), dtype=bool)
        track = np.array([-np.inf, np.inf, ascent.scale, 0.0])
        for done in range(0, steps, _CHUNK):
            lagrangian(
                *(*lists, self.by_column, top, p, self.problem.weights),
                *(ascent.at, ascent.pull, price, reduced, chosen, ascent.share, track),
                *(self.cost, self.enough, min(_CHUNK, steps - done)),
            )
            if self.clock.over or track[2] < SPENT or track[0] >= self.enough:
                break
        ascent.scale = float(track[2])
        chosen |= state == 1
        return _Node(float(track[0]), state, price, reduced, ascent.share.copy()), chosen, float(track[1])

    def forget(self, state: CountArray) -> None:
        """Drop the columns that are excluded from all remaining subsets from the lists of the relaxations."""
        *lists, _ = restricted(*self._lists, self.problem.top, np.minimum(state, 0))
        self._lists = tuple(lists)

    def fixed(self, node: _Node) -> CountArray:
        """Return the state of a node with columns fixed whose alternative is too expensive by their reduced costs."""
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


def search(problem: Median, clock: Clock) -> SolvedMedian:
    """Return the best columns found for a p-median problem and a bound on its cost."""
    least = float(problem.lists[2][problem.lists[0][:-1]].sum())
    if problem.p == 0 or not len(problem.top):
        return SolvedMedian(np.empty(0, dtype=np.int64), problem.constant + float(problem.top.sum()))
    state = _Search(problem, clock)
    bound = least
    if state.cost > least * (1.0 + 1e-12):
        state.offer(state.best, np.arange(problem.count), sweeps=2)
        bound = max(least, _branch(state, _root(state)))
    return SolvedMedian(np.flatnonzero(state.best), problem.constant + bound)


def _root(state: _Search) -> _Node:
    """Return the root: the relaxation of the whole problem, repeated while the resulting choice improves."""
    problem = state.problem
    _, first, second = two_nearest(*problem.lists, problem.top, state.best)
    ascent = _ascent((first + second) / 2, np.zeros(problem.count), 1.0)
    inside = state.best.copy()
    root, met, cost = _climbed(state, ascent, inside, _FIRST_STEPS)
    for _ in range(3):
        before = state.cost
        pool = _pool(state, root)
        for chosen, worth in ((_rounded(state, root), True), (met, cost < 1.02 * state.cost)):
            if worth and not state.done(root.bound):
                state.offer(chosen, pool)
        for _ in range(_MIXES):
            if not state.done(root.bound):
                state.mix(ascent.share, pool)
        quiet = 0
        while quiet < _SHAKES and not state.done(root.bound):
            quiet = 0 if state.shake(pool, state.rounds) else quiet + state.rounds
        if state.done(root.bound) or state.cost >= before:
            break
        ascent = _ascent(root.price, ascent.share, 0.02)
        again, met, cost = _climbed(state, ascent, inside, 1)
        if again.bound > root.bound:
            root = again
    return root


def _climbed(state: _Search, ascent: _Ascent, inside: BoolArray, first: int) -> tuple[_Node, BoolArray, float]:
    """Return the whole problem with the bound reached by the prices, and the best relaxed choice found with its cost.

    A large problem is relaxed with a part of its columns at a time: those ``inside``, those in recent relaxed choices,
    and those with the lowest reduced costs. Only bounds of the whole problem count; the first ``first`` steps use it.
    """
    problem = state.problem
    everything = np.zeros(problem.count, dtype=np.int32)
    if len(problem.lists[1]) < LARGE:
        return state.relaxed(everything, ascent, _ROOT_STEPS)
    best, met, cost = state.relaxed(everything, ascent, first)
    if not state.done(best.bound):
        state.offer(_rounded(state, best), _pool(state, best), sweeps=1)
    for _ in range(_ROUNDS):
        if state.done(best.bound) or ascent.scale < SPENT:
            break
        inside[np.argsort(best.reduced, kind="stable")[: 2 * problem.p]] = True
        inside |= ascent.share > 0.02
        part, met, cost = state.relaxed(np.where(inside, 0, -1).astype(np.int32), ascent, _ROUND_STEPS)
        node, _, _ = state.relaxed(everything, _ascent(part.price, ascent.share, 1.0), 1)
        gain = node.bound - best.bound
        if gain > 0.0:
            best = node
        if gain < 0.02 * (state.cost - best.bound):
            break
    return best, met, cost


def _rounded(state: _Search, node: _Node) -> BoolArray:
    """Return the columns most frequent in relaxed choices; ties go to the lower reduced cost, then index."""
    chosen = np.zeros(state.problem.count, dtype=bool)
    chosen[np.lexsort((node.reduced, -node.share))[: state.problem.p]] = True
    return chosen


def _pool(state: _Search, node: _Node) -> IntArray:
    """Return the columns worth trying: those that occur in relaxed choices, and those of the best choice."""
    return np.flatnonzero(((node.share > 1e-3) & (node.state >= 0)) | state.best)


def _branch(state: _Search, root: _Node) -> float:
    """Close the gap between bound and best choice, lowest bound first; return the final bound.

    Among equal bounds (bounds of integer costs are integers) the latest node comes first, as it leads to a complete
    choice. Some local changes are tried after every node, more if lists are short and nodes take long.
    """
    problem = state.problem
    shakes = max(2, 2 * len(problem.top) * problem.count // len(problem.lists[1]))
    fixed = state.fixed(root)
    pools = (_pool(state, root), np.flatnonzero((fixed >= 0) | state.best))
    state.forget(fixed)
    nodes = [(state.proven(root.bound), 0, _Node(root.bound, fixed, root.price, root.reduced, root.share))]
    made = 0
    while nodes and not state.done(nodes[0][0]):
        for child in _children(state, heapq.heappop(nodes)[2]):
            if child.bound < state.enough:
                made += 1
                heapq.heappush(nodes, (state.proven(child.bound), -made, child))
        if nodes and not state.done(nodes[0][0]):
            state.mix(root.share, pools[0])
        for tried in range(0, shakes, state.rounds):
            if nodes and not state.done(nodes[0][0]):
                state.shake(pools[made % 2], min(state.rounds, shakes - tried))
    return state.proven(nodes[0][0] if nodes else np.inf)


def _children(state: _Search, node: _Node) -> list[_Node]:
    """Return the two subsets of a node divided by one of its undecided columns, with their bounds."""
    free = np.flatnonzero(node.state == 0)
    chosen = node.state == 1
    if not len(free) or chosen.sum() >= state.problem.p:
        if chosen.sum() <= state.problem.p:  # more are fixed only if no better choice is left here
            state.offer(chosen, np.flatnonzero(chosen))
        return []
    column = free[np.argmin(np.abs(node.share[free] - 0.5))]
    children = []
    for decided in (-1, 1):
        side = node.state.copy()
        side[column] = decided
        child, met, cost = state.relaxed(side, _ascent(node.price, node.share, 0.3), _NODE_STEPS)
        if cost < state.cost:
            state.offer(met, _pool(state, child))
        bound = max(child.bound, node.bound)
        child = _Node(bound, side, child.price, child.reduced, child.share)
        children.append(_Node(bound, state.fixed(child), child.price, child.reduced, child.share))
    return children
