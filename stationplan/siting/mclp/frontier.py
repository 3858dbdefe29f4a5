"""Coverage as a function of number or cost: the whole frontier, with a bound at every point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from stationplan.domain import Solution
from stationplan.siting.base.answer import Clock, answered
from stationplan.siting.base.arguments import Arguments, Matrix
from stationplan.siting.base.problem import checked
from stationplan.siting.base.rules import CoverageRequirements
from stationplan.siting.mclp.maximal import best_choice


def frontier(
    cover: Matrix,
    weights: ArrayLike,
    *,
    p: Sequence[int] | None = None,
    budget: Sequence[float] | None = None,
    most_cost: float | None = None,
    most_sites: int | None = None,
    time_limit_s: float = 60.0,
    **rules: Unpack[CoverageRequirements],
) -> tuple[Solution, ...]:
    """Return the best choice for each of several numbers of sites, or budgets, in ascending order.

    Each point is a maximal covering problem (:func:`max_coverage`). A choice within a smaller limit is allowed within a
    larger one, and a bound for a larger limit holds for a smaller one, so objectives and bounds never decrease.

    Parameters
    ----------
    cover, weights
        As for :func:`max_coverage`.
    p, budget
        Numbers of new sites, or budgets, in ascending order; exactly one of the two.
    most_cost, most_sites
        The other limit, the same at every point.
    time_limit_s
        Time limit for all points; each has an equal part of the remaining time.
    rules
        See :class:`CoverageRequirements`.

    Raises
    ------
    TypeError
        A keyword argument is not a rule.
    ValueError
        All errors of the arguments, one per line.

    >>> curve = frontier([[1, 0, 1], [0, 1, 1], [0, 0, 1], [1, 0, 0]], [1, 2, 3, 4], p=[1, 2])
    >>> [(point.objective, point.bound) for point in curve]
    [(6.0, 6.0), (10.0, 10.0)]
    """
    clock = Clock(time_limit_s)
    arguments = Arguments()
    if (p is None) == (budget is None):
        arguments.add("give either p or budget")
    points = list(p if p is not None else budget if budget is not None else [])
    for point in points:
        arguments.number("a point", point, 0, whole=p is not None)
    if not points:
        arguments.add("there is at least one point")
    arguments.refuse()
    if (np.diff(points) <= 0).any():
        raise ValueError("points rise")
    curve: list[Solution] = []
    for number, point in enumerate(points):
        most, money = (int(point), most_cost) if p is not None else (most_sites, float(point))
        problem = checked(cover, weights, p=most, budget=money, **rules)
        answer = best_choice(problem, clock.part(1 / (len(points) - number)))
        if curve and not curve[-1].objective <= answer.objective:
            before = curve[-1]
            if not np.isnan(before.objective):
                answer = replace(answer, sites=before.sites, closed=before.closed, objective=before.objective)
        curve.append(answer)
    for number in range(len(curve) - 2, -1, -1):
        if curve[number + 1].bound < curve[number].bound:
            curve[number] = replace(curve[number], bound=curve[number + 1].bound)
    return tuple(_measured(point, clock) for point in curve)


def _measured(point: Solution, clock: Clock) -> Solution:
    """Return a point with gap and termination recomputed from its current bound."""
    if np.isnan(point.objective):
        return point
    again = answered(point.sites, point.objective, point.bound, clock=clock, method=point.method, closed=point.closed)
    return replace(again, time_s=point.time_s)
