"""A covering problem solved: reduced, started, bounded, searched, reduced again by what the bound rules out, finished."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from stationplan.domain import IntArray
from stationplan.siting.answer import PROVEN, Clock
from stationplan.siting.core import Core
from stationplan.siting.finish import finish
from stationplan.siting.greedy import greedy
from stationplan.siting.lagrangian import Bound, Prices, bound, prices
from stationplan.siting.presolve import Presolved, chained, presolve
from stationplan.siting.search import search


@dataclass(frozen=True, eq=False)
class Found:
    """A choice, ascending, what it is worth by the matrix itself, and what no choice can be worth more than."""

    options: IntArray
    worth: float
    bound: float


def solve_core(core: Core, clock: Clock, *, gap: float = 0.0) -> Found:
    """Return a best choice, or within ``gap`` of it, or what time allows; with a proven bound.

    >>> cover = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]], dtype=bool))
    >>> one, none = sparse.csr_array(np.ones((1, 3))), np.zeros(4)
    >>> core = Core(cover, np.array([2.0, 2.0, 1.0, 1.0]), none, none[:3], one, np.array([2.0]), np.empty(0, dtype=int))
    >>> solve_core(core, Clock(60))
    Found(options=array([1, 2]), worth=6.0, bound=6.0)
    """
    whole = all(bool((part == np.rint(part)).all()) for part in (core.first, core.second, core.value))
    now = presolve(core)
    best = start(now.core)
    ceiling = float(now.core.first.sum() + now.core.second.sum() + now.core.value.sum())
    found = now.restore(best)
    state = _State(core, found, core.worth(found), now.secured + ceiling, whole, gap)
    tariff: Prices | None = None
    for turn in range(_TURNS):
        if state.proven or clock.over:
            return state.found()
        small = now.core
        target = state.target - now.secured
        tariff = prices(small, clock=clock, target=target, steps=_STEPS, start=tariff, quick=turn > 0)
        limit = bound(small, tariff)
        state.lower_bound(now.secured + limit.value)
        better = search_support(small, best, limit, clock=clock, rounds=_rounds(small, turn))
        state.take(now.restore(better))
        before = now
        now, kept = fixed(now, limit, state.target - now.secured)
        best = now.represent(state.options)
        tariff = carried(tariff, kept)
        if _program_size(now.core) <= _SMALL or len(now.options) > _STALLED * len(before.options):
            break
    if state.proven or clock.over:
        return state.found()
    choice, ceiling = finish(now.core, best, seconds=clock.left_s, gap=gap)
    state.take(now.restore(choice))
    state.lower_bound(max(now.secured + ceiling, state.target))
    return state.found()


_TURNS = 6
_STEPS = 400
_SMALL = 20_000
_STALLED = 0.9


def _rounds(core: Core, turn: int) -> int:
    return 2_000 * (turn + 1)


def _program_size(core: Core) -> int:
    return int(core.cover.nnz)


class _State:
    """The best choice and bound so far."""

    def __init__(self, core: Core, options: IntArray, worth: float, ceiling: float, whole: bool, gap: float) -> None:
        self.core, self.options, self.worth, self.whole, self.gap = core, options, worth, whole, gap
        self.bound = np.inf
        self.lower_bound(ceiling)

    @property
    def target(self) -> float:
        """What a choice must be worth to matter."""
        step = max(self.gap, 0.5 * PROVEN) * abs(self.worth)
        if self.whole:
            step = max(step, 1.0 - 1e-6)
        return self.worth + step

    @property
    def proven(self) -> bool:
        return self.bound - self.worth <= max(self.gap, PROVEN) * abs(self.worth)

    def take(self, options: IntArray) -> None:
        if self.core.allows(options):
            worth = self.core.worth(options)
            if worth > self.worth:
                self.options, self.worth = options, worth

    def lower_bound(self, value: float) -> None:
        if self.whole:
            value = float(np.floor(value + 1e-6))
        self.bound = min(self.bound, value)

    def found(self) -> Found:
        return Found(self.options, self.worth, max(self.bound, self.worth))


def start(core: Core) -> IntArray:
    """Return the best greedy choice: by gain, and by gain for cost where options use limits unevenly."""
    ways = [False] if core.limits.nnz == 0 or (np.ptp(core.limits.data) == 0 and len(core.most) < 2) else [False, True]
    choices = [np.sort(greedy(core, by_cost=by_cost)[0]) for by_cost in ways]
    return max(choices, key=core.worth)


def search_support(core: Core, best: ArrayLike, limit: Bound, *, clock: Clock, rounds: int) -> IntArray:
    """Return the best choice that a search among the options of the best bounds finds, from a choice."""
    best = np.asarray(best, dtype=np.int64)
    among = np.argsort(-limit.chosen, kind="stable")[: max(4 * len(best), 300)]
    keep = np.zeros(len(core.value), dtype=bool)
    keep[among] = True
    keep[best] = True
    part = presolve(core, keep=keep)
    return part.restore(search(part.core, part.represent(best), clock=clock, rounds=rounds))


def fixed(now: Presolved, limit: Bound, target: float) -> tuple[Presolved, Presolved]:
    """Return a problem without the options that no choice worth ``target`` holds or lacks; and the last step there."""
    keep = limit.chosen >= target
    required = np.flatnonzero(limit.left < target)
    step = presolve(replace(now.core, required=required), keep=keep)
    return chained(now, step), step


def carried(tariff: Prices, step: Presolved) -> Prices:
    """Return prices for what a step has left of a problem."""
    kept = step.group >= 0
    rows = np.bincount(step.group[kept], tariff.rows[kept], minlength=len(step.core.first))
    return Prices(np.minimum(rows, step.core.first), tariff.limits)
