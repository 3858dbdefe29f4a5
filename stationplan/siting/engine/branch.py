"""Branch and bound with Lagrangian bounds, which proves optimality for problems of some hundred options.

Each node is a reduced problem: one option is taken or excluded, options that the bound then excludes or requires are
fixed too, and rows and options that no longer differ are merged. Prices are passed from a node to its children, which
then need only a few steps (Geoffrion 1974 on Lagrangian bounds in branch and bound). The node with the highest bound is
processed first.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace

import numpy as np

from stationplan.domain import FloatArray, IntArray
from stationplan.siting.base.answer import Clock
from stationplan.siting.engine.core import ROUNDING, Core
from stationplan.siting.engine.greedy import greedy
from stationplan.siting.engine.lagrangian import SAFE, Bound, Prices, bound, carried, prices
from stationplan.siting.engine.presolve import Presolved, chained, presolve

_STEPS = 100
"""Subgradient steps of the prices at a node."""

_ROOT_STEPS = 300

_SHARE = 0.3
"""Share of a full step at the start, from the prices of the parent."""


@dataclass(frozen=True, eq=False)
class _Node:
    problem: Presolved
    constant: float
    limit: Bound
    value: float


def branch(
    core: Core,
    best: IntArray,
    *,
    clock: Clock,
    nodes: int,
    step: float,
    floor: float = -np.inf,
    price: FloatArray | None = None,
    start: Prices | None = None,
) -> tuple[IntArray, float]:
    """Return the best choice found, starting from ``best``, and a bound on all choices, after at most ``nodes`` nodes.

    Choices that improve on the best by less than ``step``, or are worth less than ``floor``, are not searched for; the
    bound is never below what they may be worth. ``price``, [limit], is paid for each unit of a limit that is used.

    >>> from scipy import sparse
    >>> cover = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]], dtype=bool))
    >>> one, none = sparse.csr_array(np.ones((1, 3))), np.zeros(4)
    >>> core = Core(cover, np.array([2.0, 2.0, 1.0, 1.0]), none, none[:3], one, np.array([2.0]), np.empty(0, dtype=int))
    >>> choice, limit = branch(core, np.array([0]), clock=Clock(60), nodes=100, step=1e-6)
    >>> choice.tolist(), round(limit, 4)
    ([1, 2], 6.0)
    """
    price = np.zeros(len(core.most)) if price is None else price
    paid = core.limits.T @ price
    whole = replace(core, value=core.value - paid)
    held, worth = np.asarray(best, dtype=np.int64), whole.worth(best)

    def node(problem: Presolved, tariff: Prices | None, steps: int, most: float) -> _Node | None:
        """Bound a problem and try its greedy choice; return ``None`` if it cannot contain a better choice."""
        nonlocal held, worth
        constant = problem.secured - float(paid[problem.taken].sum())
        here = replace(problem.core, value=problem.core.value - problem.core.limits.T @ price)
        choice = problem.restore(greedy(here)[0])
        if (reached := whole.worth(choice)) > worth:
            held, worth = choice, reached
        if not len(problem.options):
            return None
        needed = max(worth + step, floor) - constant
        share = 1.0 if tariff is None else _SHARE
        tariff = prices(here, clock=clock, target=needed, steps=steps, start=tariff, share=share)
        limit = bound(here, tariff)
        value = min(limit.value + constant + SAFE * abs(constant), most)
        return _Node(problem, constant, limit, value) if value >= max(worth + step, floor) else None

    root = presolve(core)
    first = node(root, None if start is None else carried(start, root), _ROOT_STEPS, np.inf)

    heap: list[tuple[float, int, _Node]] = [] if first is None else [(-first.value, 0, first)]
    made = 1
    while heap and made < nodes and not clock.over:
        top = heapq.heappop(heap)[2]
        needed = max(worth + step, floor)
        if top.value < needed:
            break
        split = _split(top.limit.prices)
        keep = top.limit.chosen + top.constant >= needed
        must = top.limit.left + top.constant < needed
        for taking in (False, True):
            allowed, demanded = keep.copy(), must.copy()
            allowed[split] = taking
            demanded[split] |= taking
            if (demanded & ~allowed).any() or not _fits(top.problem.core, demanded):
                continue
            part = presolve(replace(top.problem.core, required=np.flatnonzero(demanded)), keep=allowed)
            child = node(chained(top.problem, part), carried(top.limit.prices, part), _STEPS, top.value)
            made += 1
            if child is not None:
                heapq.heappush(heap, (-child.value, made, child))
    return held, max([max(worth + step, floor), *(one[2].value for one in heap[:1])])


def _split(tariff: Prices) -> int:
    """Return the option to branch on: the one with the fractional part closest to a half."""
    return int(np.argmax(tariff.parts * (1.0 - tariff.parts)))


def _fits(core: Core, demanded: np.ndarray) -> bool:
    return bool((core.limits @ demanded.astype(np.float64) <= core.most + ROUNDING).all())
