"""The solver of covering problems: reduction, initial choice, bound, search, reduction by the bound, proof.

Models with additional constraints use the steps individually: :func:`presolve` (with labels for rows that must not be
merged), :func:`start`, :func:`prices` and :func:`bound`, then :func:`fixed` with a target that a choice within all
constraints reaches, and a program over the remaining options. Bounds without the additional constraints also hold with
them.
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
"""Subgradient steps of the prices: for the first choice, and whenever a better choice gives a new target."""

_SHARE = 0.3
"""Share of a full step at the start, from prices that are already good."""

ROUNDS, EFFORT = 60, 40_000
"""Rounds of a search, and entries processed, per chosen option."""

_FIRST_EFFORT, _ASIDE = 0.5, 2.0
"""Multiples of that effort for the first choice, and for the search that runs while groups are bounded."""

_HELD, _LEAST_SUPPORT = 0.03, 60
"""Fractional part from which a search considers an option; least number of options besides as many as are chosen."""

LARGEST, NODES, _WIDER = 100_000, 100, 4
"""Initial entries and nodes of a group of options, and the factor by which they grow in each round."""

_GROUPS = 0.85
"""Share of the remaining time for groups and the concurrent search; the rest is for a search from their choices."""

_STALLED = 0.9
"""The rounds end if one with undivided components leaves more than this share of the options."""

_LAST_NODES = 5_000
"""Branch and bound nodes before HiGHS is used."""


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
        must = limit.left < target
        if not core.allows(now.restore(np.flatnonzero(must))):  # so no choice reaches the target
            state.lower_bound(-np.inf)
            break
        now, part = fixed(now, limit.chosen >= target, must)
        best, tariff = now.represent(state.options), carried(limit.prices, part)
        if not len(now.options):
            break
        limit = bound(now.core, tariff)
        target = state.dropping() - now.secured
        # Groups are bounded while a better choice is searched for; neither depends on the result of the other.
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
        if not core.allows(now.restore(np.flatnonzero(groups.must))):
            state.lower_bound(-np.inf)
            break
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
    """Branch on all options together; if that does not finish, use HiGHS for the remaining time."""
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
    """The best choice and bound so far; all choices excluded so far are worth less than ``dropped``."""

    def __init__(self, core: Core, now: Presolved, best: IntArray, gap: float) -> None:
        self.core, self.gap, self.bound, self.dropped = core, gap, np.inf, -np.inf
        self.options = now.restore(best)
        self.worth = core.worth(self.options)
        self.whole = all(bool((part == np.rint(part)).all()) for part in (core.first, core.second, core.value))
        self.lower_bound(now.secured + float(now.core.first.sum() + now.core.second.sum() + now.core.value.sum()))

    @property
    def target(self) -> float:
        """The value that a choice must have to be a relevant improvement."""
        step = max(self.gap, 0.5 * PROVEN) * abs(self.worth)
        if self.whole:
            step = max(step, 1.0 - 1e-6)
        return self.worth + step

    def dropping(self) -> float:
        """Return the target, and record that choices below it are excluded from now on."""
        self.dropped = max(self.dropped, self.target)
        return self.dropped

    @property
    def proven(self) -> bool:
        """Whether the best choice is proven optimal, or within the gap."""
        return self.bound - self.worth <= max(self.gap, PROVEN) * abs(self.worth)

    def take(self, options: IntArray) -> None:
        """Keep a choice if it is allowed and better, both computed from the matrix itself."""
        if self.core.allows(options):
            worth = self.core.worth(options)
            if worth > self.worth:
                self.options, self.worth = options, worth

    def lower_bound(self, value: float) -> None:
        """Lower the bound to a bound on all choices not excluded; sums of integer weights are rounded down."""
        value = max(value, self.dropped)
        if self.whole:
            value = float(np.floor(value))
        self.bound = min(self.bound, value)


def start(core: Core) -> IntArray:
    """Return the best greedy choice: by gain, and by gain per cost if options use limits unevenly."""
    ways = [False] if core.limits.nnz == 0 or (np.ptp(core.limits.data) == 0 and len(core.most) < 2) else [False, True]
    choices = [np.sort(greedy(core, by_cost=by_cost)[0]) for by_cost in ways]
    return max(choices, key=core.worth)


def search_support(core: Core, best: IntArray, limit: Bound, *, clock: Clock, effort: float, seed: int = 0) -> IntArray:
    """Return the best choice found by a search from ``best`` among the options of the linear relaxation.

    If these are few, the options with the best bounds are considered too.
    """
    held = np.flatnonzero(limit.prices.parts > _HELD)
    count = max(len(best) + _LEAST_SUPPORT - len(held), 0)
    among = np.concatenate([held, np.argsort(-limit.chosen, kind="stable")[:count]])
    return search_among(core, best, among, clock=clock, effort=effort, seed=seed)


def search_among(
    core: Core, best: IntArray, options: IntArray, *, clock: Clock, effort: float, seed: int = 0
) -> IntArray:
    """Return the best choice found by a search from ``best`` among the given options and those of ``best``."""
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
    """Return the problem limited to options of ``keep`` with those of ``must`` taken, and the last reduction step."""
    step = presolve(replace(now.core, required=np.flatnonzero(must)), keep=keep)
    return chained(now, step), step
