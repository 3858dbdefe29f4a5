"""A covering problem solved: reduced, started, bounded, searched, reduced by what the bound rules out, proven.

Whoever adds constraints of his own takes the steps singly: :func:`presolve` (with labels where rows must stay apart),
:func:`start`, :func:`prices` and :func:`bound`, then :func:`fixed` by a target that a choice within all constraints
reaches, and a program over what is left. Bounds without the added constraints hold with them too.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from stationplan.domain import BoolArray, IntArray
from stationplan.siting.base.answer import PROVEN, Clock
from stationplan.siting.engine.branch import branch
from stationplan.siting.engine.clusters import cluster_bound, groups_of
from stationplan.siting.engine.core import Core
from stationplan.siting.engine.finish import finish
from stationplan.siting.engine.greedy import greedy
from stationplan.siting.engine.lagrangian import Bound, Prices, bound, carried, prices
from stationplan.siting.engine.presolve import Presolved, chained, presolve
from stationplan.siting.engine.recreate import search

FIRST_STEPS, STEPS = 300, 400
"""Steps of the prices: for a first choice, and whenever there is a better choice to aim at."""

_SHARE = 0.3
"""Share of a full step at the start, from prices that are good already."""

ROUNDS, EFFORT = 60, 40_000
"""Rounds of a search, and entries looked at, for each chosen option."""

_FIRST_EFFORT, _ASIDE = 0.5, 2.0
"""Times that effort for a first choice, and for one that is sought while groups are bounded."""

_HELD, _LEAST_SUPPORT = 0.03, 60
"""Part of an option from which on a search looks at it; options beside as many as are chosen, at least."""

LARGEST, NODES, _WIDER = 100_000, 100, 4
"""Entries and nodes of a group of options at first, and how many times more in the next round."""

_GROUPS = 0.85
"""Share of the time left that the groups, and the search beside them, may take: their choices deserve a search."""

_STALLED = 0.9
"""A round of whole parts that leaves more of the options than this is the last."""

_LAST_NODES = 5_000
"""Nodes before HiGHS takes over."""


@dataclass(frozen=True, eq=False)
class SolvedCore:
    """A choice, ascending, what it is worth by the matrix itself, and what no choice can be worth more than."""

    options: IntArray
    worth: float
    bound: float


def solve_core(core: Core, clock: Clock, *, gap: float = 0.0) -> SolvedCore:
    """Return a best choice, or within ``gap`` of it, or what time allows; with a proven bound.

    >>> from scipy import sparse
    >>> cover = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]], dtype=bool))
    >>> one, none = sparse.csr_array(np.ones((1, 3))), np.zeros(4)
    >>> core = Core(cover, np.array([2.0, 2.0, 1.0, 1.0]), none, none[:3], one, np.array([2.0]), np.empty(0, dtype=int))
    >>> solve_core(core, Clock(60))
    SolvedCore(options=array([1, 2]), worth=6.0, bound=6.0)
    """
    now = presolve(core)
    best = start(now.core)
    state = _State(core, now, best, gap)
    tariff = prices(now.core, clock=clock, target=state.target - now.secured, steps=FIRST_STEPS)
    limit = bound(now.core, tariff)
    state.lower_bound(now.secured + limit.value)
    best = search_support(now.core, best, limit, clock=clock, effort=_FIRST_EFFORT)
    state.take(now.restore(best))
    largest, nodes, turn = LARGEST, NODES, 1
    while len(now.options):
        aim = state.target - now.secured
        tariff = prices(now.core, clock=clock, target=aim, steps=STEPS, start=tariff, share=_SHARE)
        limit = bound(now.core, tariff)
        state.lower_bound(now.secured + limit.value)
        if state.proven or clock.over:
            break
        target = state.dropping() - now.secured
        now, part = fixed(now, limit.chosen >= target, limit.left < target)
        best, tariff = now.represent(state.options), carried(limit.prices, part)
        if not len(now.options):
            break
        limit = bound(now.core, tariff)
        target = state.dropping() - now.secured
        # Groups are bounded while a better choice is sought; neither waits for what the other finds.
        meanwhile = clock.part(_GROUPS)
        with ThreadPoolExecutor(1) as aside:
            found = aside.submit(
                search_support, now.core, best, limit, clock=meanwhile, effort=_ASIDE * turn, seed=turn
            )
            label = groups_of(now.core, tariff.rows, best, largest=largest)
            groups = cluster_bound(now.core, limit, label, best, target=target, clock=meanwhile, nodes=nodes)
            best = found.result()
        state.take(now.restore(best))
        state.lower_bound(now.secured + groups.value)
        if state.proven or clock.over:
            break
        best = search_among(
            now.core, best, np.concatenate([best, *groups.choices]), clock=clock, effort=turn, seed=turn
        )
        state.take(now.restore(best))
        before = now
        now, part = fixed(now, groups.keep, groups.must)
        best, tariff = now.represent(state.options), carried(tariff, part)
        last = largest >= now.core.cover.nnz
        largest, nodes, turn = largest * _WIDER, nodes * _WIDER, turn + 1
        if last and len(now.options) > _STALLED * len(before.options):
            break
    if not len(now.options):
        state.take(now.taken)
        state.lower_bound(now.secured)
    elif not (state.proven or clock.over):
        _prove(state, now, best, tariff, clock)
    return SolvedCore(state.options, state.worth, max(state.bound, state.worth))


def _prove(state: _State, now: Presolved, best: IntArray, tariff: Prices, clock: Clock) -> None:
    """Branch on all options together; give what time is left to HiGHS where that does not end."""
    choice, limit = branch(
        now.core, best, clock=clock, nodes=_LAST_NODES, step=state.target - state.worth, start=tariff
    )
    state.take(now.restore(choice))
    state.lower_bound(now.secured + limit)
    if state.proven or clock.over:
        return
    choice, limit = finish(now.core, now.represent(state.options), seconds=clock.left_s, gap=state.gap)
    state.take(now.restore(choice))
    state.lower_bound(now.secured + limit)


class _State:
    """The best choice and bound so far; ``dropped`` is what the choices are worth less than that were ruled out."""

    def __init__(self, core: Core, now: Presolved, best: IntArray, gap: float) -> None:
        self.core, self.gap, self.bound, self.dropped = core, gap, np.inf, -np.inf
        self.options = now.restore(best)
        self.worth = core.worth(self.options)
        self.whole = all(bool((part == np.rint(part)).all()) for part in (core.first, core.second, core.value))
        self.lower_bound(now.secured + float(now.core.first.sum() + now.core.second.sum() + now.core.value.sum()))

    @property
    def target(self) -> float:
        """What a choice must be worth to matter."""
        step = max(self.gap, 0.5 * PROVEN) * abs(self.worth)
        if self.whole:
            step = max(step, 1.0 - 1e-6)
        return self.worth + step

    def dropping(self) -> float:
        """Return the target, from now on that of what is ruled out."""
        self.dropped = max(self.dropped, self.target)
        return self.dropped

    @property
    def proven(self) -> bool:
        """Whether the best choice is good enough."""
        return self.bound - self.worth <= max(self.gap, PROVEN) * abs(self.worth)

    def take(self, options: IntArray) -> None:
        """Keep a choice if it is allowed and better, both by the matrix itself."""
        if self.core.allows(options):
            worth = self.core.worth(options)
            if worth > self.worth:
                self.options, self.worth = options, worth

    def lower_bound(self, value: float) -> None:
        """Take a bound on all choices but those that were ruled out; whole weights add up to whole numbers."""
        value = max(value, self.dropped)
        if self.whole:
            value = float(np.floor(value))
        self.bound = min(self.bound, value)


def start(core: Core) -> IntArray:
    """Return the best greedy choice: by gain, and by gain for cost where options use limits unevenly."""
    ways = [False] if core.limits.nnz == 0 or (np.ptp(core.limits.data) == 0 and len(core.most) < 2) else [False, True]
    choices = [np.sort(greedy(core, by_cost=by_cost)[0]) for by_cost in ways]
    return max(choices, key=core.worth)


def search_support(core: Core, best: IntArray, limit: Bound, *, clock: Clock, effort: float, seed: int = 0) -> IntArray:
    """Return the best choice that a search finds from a choice, among the options that the linear relaxation holds.

    Where these are few, the options of the best bounds are looked at too.
    """
    held = np.flatnonzero(limit.prices.parts > _HELD)
    count = max(len(best) + _LEAST_SUPPORT - len(held), 0)
    among = np.concatenate([held, np.argsort(-limit.chosen, kind="stable")[:count]])
    return search_among(core, best, among, clock=clock, effort=effort, seed=seed)


def search_among(
    core: Core, best: IntArray, options: IntArray, *, clock: Clock, effort: float, seed: int = 0
) -> IntArray:
    """Return the best choice that a search among some options and those of a choice finds, from that choice."""
    keep = np.zeros(len(core.value), dtype=bool)
    keep[options] = True
    keep[best] = True
    part = presolve(core, keep=keep)
    entries = part.core.cover.nnz
    each = entries * entries / max(part.core.cover.shape[0] * part.core.cover.shape[1], 1)
    rounds = min(ROUNDS * (len(best) + 100), EFFORT * (len(best) + 20) / (each + 1))
    begin = part.represent(best)
    return part.restore(search(part.core, begin, clock=clock, rounds=int(rounds * effort), seed=seed))


def fixed(now: Presolved, keep: BoolArray, must: BoolArray) -> tuple[Presolved, Presolved]:
    """Return a problem of the options that a choice may hold, holding those that it must; and the last step there."""
    step = presolve(replace(now.core, required=np.flatnonzero(must)), keep=keep)
    return chained(now, step), step
