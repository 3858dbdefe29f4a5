"""Maximal covering location, with a proven bound."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import FloatArray, Solution
from stationplan.siting.answer import Clock, answered, unanswered
from stationplan.siting.arguments import Arguments, Matrix
from stationplan.siting.core import Core
from stationplan.siting.greedy import build_order, greedy
from stationplan.siting.milp import solve
from stationplan.siting.problem import (
    CoverProblem,
    Reduced,
    cover_problem,
    covered_weight,
    reduce,
)

_METHOD = "row aggregation, lazy greedy, HiGHS branch and cut"


def max_coverage(
    cover: Matrix,
    weights: ArrayLike,
    *,
    p: int | None = None,
    budget: float | None = None,
    costs: ArrayLike | None = None,
    existing: ArrayLike | None = None,
    required: ArrayLike | None = None,
    forbidden: ArrayLike | None = None,
    district: ArrayLike | None = None,
    floor: ArrayLike | None = None,
    time_limit_s: float = 60.0,
) -> Solution:
    """Return the sites that cover the most weight, at most ``p`` of them and within ``budget``.

    Maximal covering location problem (Church and ReVelle 1974): choose y in {0, 1}^sites to maximise the weight of the
    rows that at least one chosen or existing site covers, subject to sum y <= p, sum cost y <= budget, y = 1 for
    required and y = 0 for forbidden sites, and covered weight >= floor[d] in every district d.

    Parameters
    ----------
    cover
        [demand x site], sparse or dense; a non-zero entry means covered.
    weights
        Weight of each row, finite and >= 0.
    p, budget, costs
        Limits on the number and on the summed cost of new sites; at least one limit. A budget needs costs.
    existing
        Sites that stand already, as a mask or indices: free of cost and count, and kept.
    required, forbidden
        Sites that must, or may not, be chosen, as a mask or indices; required ones count and cost.
    district, floor
        Equity floors: ``district[row]`` indexes ``floor``, the least covered weight there.
    time_limit_s
        Time for the exact solver. When it runs out the better of greedy and solver is returned with the bound.

    Returns
    -------
    Solution
        New sites in build order; sites that would add nothing are left out. ``objective`` counts what existing sites
        cover too. ``termination`` is ``infeasible`` when required sites or floors cannot be met, and ``time_limit``
        with an objective of NaN when time ran out before any answer with the floors was found.

    Raises
    ------
    ValueError
        All faults of the arguments, one a line.

    >>> answer = max_coverage([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]], [4, 3, 2, 5], p=2)
    >>> answer.sites.tolist(), answer.objective, answer.bound, answer.termination
    ([0, 2], 12.0, 12.0, 'optimal')
    """
    clock = Clock(time_limit_s)
    problem = cover_problem(
        cover,
        weights,
        p=p,
        budget=budget,
        costs=costs,
        existing=existing,
        required=required,
        forbidden=forbidden,
        district=district,
        floor=floor,
    )
    reduced = reduce(problem)
    required_columns = [int(column) for column in np.flatnonzero(problem.required[reduced.sites])]
    required_cost = float(problem.costs[problem.required].sum())
    too_many = p is not None and len(required_columns) > p
    if too_many or (budget is not None and required_cost > budget * (1 + 1e-12)):
        return unanswered("infeasible", clock=clock, method=_METHOD)
    start = _greedy_start(problem, reduced, required_columns)
    if 0 in reduced.cover.shape:
        # Nothing to decide: no site is free, or none would add anything.
        if not _meets(problem, reduced, start):
            return unanswered("infeasible", clock=clock, method=_METHOD)
        return _solution(problem, reduced, [start], reduced.secured, clock, required_columns)
    found = solve(problem, reduced, start=start, time_limit_s=clock.left_s)
    if found.termination == "infeasible":
        return unanswered("infeasible", clock=clock, method=_METHOD)
    answers = [columns for columns in (found.sites, start) if columns is not None and _meets(problem, reduced, columns)]
    if not answers:
        return unanswered("time_limit", clock=clock, method=_METHOD, bound=found.bound)
    return _solution(problem, reduced, answers, found.bound, clock, required_columns)


def best_floor(
    cover: Matrix,
    weights: ArrayLike,
    *,
    district: ArrayLike,
    totals: FloatArray,
    p: int | None = None,
    budget: float | None = None,
    costs: ArrayLike | None = None,
    existing: ArrayLike | None = None,
    required: ArrayLike | None = None,
    forbidden: ArrayLike | None = None,
    time_limit_s: float = 60.0,
) -> float:
    """Return a share of its total that every district can reach at once; the largest one unless time runs out.

    ``totals[district]`` is the weight of each district, covered or not; other arguments as for :func:`max_coverage`.
    Returns 0 where not even that can be shown in time.

    >>> best_floor([[1, 0], [0, 1]], [4, 4], district=[0, 1], totals=np.array([4.0, 8.0]), p=2)
    0.5
    """
    problem = cover_problem(
        cover,
        weights,
        p=p,
        budget=budget,
        costs=costs,
        existing=existing,
        required=required,
        forbidden=forbidden,
        district=district,
        floor=np.zeros(len(totals)),
    )
    result = solve(problem, reduce(problem), start=None, time_limit_s=time_limit_s, floor_totals=totals)
    return max(min(round(result.share, 9), 1.0), 0.0) if result.sites is not None else 0.0


def _core(problem: CoverProblem, reduced: Reduced, required: list[int]) -> Core:
    """State a reduced problem without its floors as a core."""
    sites = len(reduced.sites)
    limits, most = [], []
    if problem.p is not None:
        limits.append(np.ones(sites))
        most.append(float(problem.p))
    if problem.budget is not None:
        limits.append(problem.costs[reduced.sites])
        most.append(problem.budget)
    return Core(
        reduced.cover,
        reduced.weights,
        np.zeros(len(reduced.weights)),
        np.zeros(sites),
        sparse.csr_array(np.array(limits)),
        np.array(most),
        np.array(required, dtype=np.int64),
    )


def _greedy_start(problem: CoverProblem, reduced: Reduced, required: list[int]) -> list[int]:
    core = _core(problem, reduced, required)
    ways = [False, True] if problem.budget is not None else [False]
    starts = [greedy(core, by_cost=by_cost)[0].tolist() for by_cost in ways]
    return max(starts, key=core.worth)


def _meets(problem: CoverProblem, reduced: Reduced, columns: list[int]) -> bool:
    """Check an answer against every limit, from the problem itself."""
    chosen = np.zeros(len(reduced.sites), dtype=np.int32)
    chosen[columns] = 1
    cost = float(problem.costs[reduced.sites[columns]].sum())
    if problem.p is not None and len(columns) > problem.p:
        return False
    if problem.budget is not None and cost > problem.budget * (1 + 1e-9) + 1e-9:
        return False
    if not chosen[problem.required[reduced.sites]].all():
        return False
    covered = (reduced.cover @ chosen) > 0
    count = len(problem.floor)
    reached = (
        reduced.secured_in + np.bincount(reduced.district[covered], reduced.weights[covered], minlength=count)[:count]
    )
    return bool((reached >= problem.floor * (1 - 1e-9) - 1e-6).all())


def _solution(
    problem: CoverProblem,
    reduced: Reduced,
    answers: list[list[int]],
    bound: float,
    clock: Clock,
    required: list[int],
) -> Solution:
    """Return the best answer, evaluated on the raw matrix and put in build order."""
    best = max(answers, key=lambda columns: covered_weight(reduced.cover, reduced.weights, columns))
    order, added = build_order(_core(problem, reduced, required), best)
    kept = [site for site, gain in zip(order.tolist(), added, strict=True) if gain > 0 or site in required]
    sites = reduced.sites[kept]
    standing = np.concatenate([np.flatnonzero(problem.existing), sites])
    objective = covered_weight(problem.cover, problem.weights, standing)
    coverable = reduced.secured + float(reduced.weights.sum())
    return answered(sites, objective, min(bound, coverable), clock=clock, method=_METHOD)


def sites_for_weight(
    cover: Matrix,
    weights: ArrayLike,
    target: float,
    *,
    existing: ArrayLike | None = None,
    required: ArrayLike | None = None,
    forbidden: ArrayLike | None = None,
) -> tuple[int | None, float]:
    """Return a number of new sites with which ``target`` weight can be covered, and the most that all sites cover.

    The number is the greedy one: enough, not always the least. ``None``: no number is enough.

    >>> sites_for_weight([[1, 0], [0, 1]], [4, 3], 6)
    (2, 7.0)
    """
    arguments = Arguments()
    count = arguments.matrix("cover", cover).shape[1]
    taken = arguments.mask("existing", existing, count) | arguments.mask("forbidden", forbidden, count)
    arguments.refuse()
    problem = cover_problem(
        cover,
        weights,
        p=int((~taken).sum()),
        budget=None,
        costs=None,
        existing=existing,
        required=required,
        forbidden=forbidden,
        district=None,
        floor=None,
    )
    reduced = reduce(problem)
    most = reduced.secured + float(reduced.weights.sum())
    must = [int(column) for column in np.flatnonzero(problem.required[reduced.sites])]
    _, gains = greedy(_core(problem, reduced, must))
    reached = reduced.secured + float(gains[: len(must)].sum())
    number = len(must)
    for gain in gains[len(must) :]:
        if reached >= target * (1 - 1e-12):
            break
        reached += float(gain)
        number += 1
    return (number if reached >= target * (1 - 1e-12) else None), most
