"""The least cost that covers enough."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from stationplan.domain import Solution
from stationplan.siting import highs
from stationplan.siting.answer import Clock, answered, unanswered
from stationplan.siting.arguments import Arguments, Matrix
from stationplan.siting.coverage import chosen_of, ordered_sites
from stationplan.siting.framing import framed, merged
from stationplan.siting.problem import allowed, checked
from stationplan.siting.program import cover_program

_METHOD = "row aggregation, HiGHS branch and cut"


def min_stations(
    cover: Matrix,
    weights: ArrayLike | None = None,
    *,
    target: float = 1.0,
    costs: ArrayLike | None = None,
    existing: ArrayLike | None = None,
    required: ArrayLike | None = None,
    forbidden: ArrayLike | None = None,
    district: ArrayLike | None = None,
    floor: ArrayLike | None = None,
    time_limit_s: float = 60.0,
) -> Solution:
    """Return the cheapest sites that cover a share of the weight.

    >>> min_stations([[1, 0, 0], [1, 1, 0], [0, 1, 1]], [1, 1, 1]).sites.tolist()
    [0, 1]
    """
    clock = Clock(time_limit_s)
    arguments = Arguments()
    matrix = arguments.matrix("cover", cover)
    count = matrix.shape[1]
    weight = np.ones(matrix.shape[0]) if weights is None else np.asarray(weights, dtype=np.float64)
    arguments.number("target", target, 0, 1)
    taken = arguments.mask("existing", existing, count) | arguments.mask("forbidden", forbidden, count)
    arguments.refuse()
    problem = checked(
        matrix,
        weight,
        p=int((~taken).sum()),
        costs=costs,
        existing=existing,
        required=required,
        forbidden=forbidden,
        district=district,
        floor=floor,
        bonus=np.full(count, 1e-300),  # the target is then a measure of its own
        target=target * float(weight.sum()) * (1 - 1e-12),
    )
    frame = merged(framed(problem))
    price = problem.costs[frame.sites]
    if len(frame.sites) == 0 or frame.core.cover.shape[0] == 0:
        must = problem.required.nonzero()[0]
        if not allowed(problem, must):
            return unanswered("infeasible", clock=clock, method=_METHOD)
        cost = float(problem.costs[must].sum())
        return answered(must, cost, cost, clock=clock, method=_METHOD, minimise=True)
    base = cover_program(frame)
    prices = np.concatenate([price, np.zeros(len(base.program.cost) - len(price))])
    answer = highs.solve(replace(base.program, cost=prices, maximise=False), seconds=clock.left_s)
    if answer.values is None:
        return unanswered("infeasible" if answer.status == "infeasible" else "time_limit", clock=clock, method=_METHOD)
    sites, _ = chosen_of(problem, frame, np.flatnonzero(answer.values[: len(price)] > 0.5))
    if not allowed(problem, sites):
        return unanswered("time_limit", clock=clock, method=_METHOD)
    order = ordered_sites(problem, frame, sites, np.empty(0, dtype=np.int64))
    return answered(order, float(problem.costs[sites].sum()), answer.bound, clock=clock, method=_METHOD, minimise=True)
