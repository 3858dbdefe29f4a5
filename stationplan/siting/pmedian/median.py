"""The p-median: sites that minimise the weighted travel time (minutes) to the nearest site, with a proven bound."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from stationplan.domain import BoolArray, FloatArray, IntArray, Solution
from stationplan.siting.base.answer import Clock, answered, unanswered
from stationplan.siting.base.arguments import Arguments, Matrix
from stationplan.siting.base.minutes import MinutesProblem, nearest_minutes, question
from stationplan.siting.pmedian.branching import Median, search
from stationplan.siting.pmedian.interchange import greedy, sorted_lists, transposed

_METHOD = "fast interchange, Lagrangian relaxation, branch and bound"

_LONGEST = 1e9
"""Minutes beyond which the minutes of the rows within reach would be lost in the sum by rounding."""


def p_median(
    minutes: Matrix,
    weights: ArrayLike,
    p: int,
    *,
    existing: ArrayLike | None = None,
    required: ArrayLike | None = None,
    forbidden: ArrayLike | None = None,
    far: float | None = None,
    time_limit_s: float = 60.0,
) -> Solution:
    """Return at most ``p`` new sites that minimise the sum of weight x minutes to the nearest chosen or existing site.

    p-median problem (Hakimi 1964; ReVelle and Swain 1970). A further site never adds minutes, so "at most p" and
    "exactly p" have the same optimum. Choices are found by fast interchange (Whitaker 1983), the bound by Lagrangian
    relaxation of the assignment (Cornuejols, Fisher and Nemhauser 1977; Beasley 1993), and the gap between them is
    closed by branch and bound.

    Parameters
    ----------
    minutes
        [demand x site], finite and >= 0. In a sparse matrix an absent entry is out of reach and a stored 0 is a
        travel time of 0; a dense matrix contains every pair.
    weights
        Weight of each row, [demand], finite and >= 0.
    p
        Number of new sites, including required ones.
    existing
        Existing sites, as a mask or indices: kept, and not counted.
    required, forbidden
        Sites that must be chosen, or must not be, as a mask or indices.
    far
        Minutes of a row out of reach of every chosen and existing site; only for sparse minutes, where it is required
        and must not be less than the largest of them.
    time_limit_s
        Time limit of the search. When it is reached, the best choice so far is returned with its bound.

    Returns
    -------
    Solution
        New sites in build order, the largest saving first; sites that would save nothing are dropped. ``objective`` is
        the sum of weight x minutes, ``bound`` a proven lower bound. ``termination`` is ``infeasible`` if more than
        ``p`` sites are required, or if no site at all may serve rows with weight in a dense matrix.

    Raises
    ------
    ValueError
        All errors of the arguments, one per line.

    >>> answer = p_median([[0, 4, 9], [4, 0, 9], [9, 9, 1]], [1, 2, 1], p=2)
    >>> answer.sites.tolist(), answer.objective, answer.bound, answer.termination
    ([1, 2], 5.0, 5.0, 'optimal')
    """
    clock = Clock(time_limit_s)
    arguments = Arguments()
    asked = question(arguments, minutes, weights, p, existing=existing, required=required, forbidden=forbidden)
    beyond = _far(arguments, asked, far)
    arguments.refuse()
    left = asked.p - int(asked.required.sum())
    anything = asked.standing.any() or left > 0
    if left < 0 or (asked.dense and not anything and (asked.weights > 0).any()):
        return unanswered("infeasible", clock=clock, method=_METHOD)
    columns = np.flatnonzero(asked.free)
    problem = _median(asked, asked.standing, columns, beyond, left)
    # The final evaluation on the raw matrix takes about half as long as the preparation did.
    searching = Clock(clock.limit_s - 0.5 * min(clock.spent_s, 0.2 * clock.limit_s), clock.started)
    found = search(problem, searching)
    return _solution(asked, columns[found.columns], found.bound, beyond, searching)


def _far(arguments: Arguments, asked: MinutesProblem, far: float | None) -> float:
    """Return the minutes of a row out of reach; infinite for dense minutes, where there is none."""
    if asked.dense:
        if far is not None:
            arguments.add("far is for sparse minutes, where a pair may be out of reach")
        return np.inf
    if far is None:
        arguments.add("sparse minutes need far, the minutes of a row out of reach of every site")
        return np.inf
    largest = float(asked.minutes.data.max(initial=0.0))
    return arguments.number("far", far, largest, _LONGEST, most="minutes stored, and a thousand million")


def _median(asked: MinutesProblem, standing: BoolArray, columns: IntArray, far: float, p: int) -> Median:
    """Return the problem of choosing ``p`` of some columns (site indices) beside standing sites.

    If there are no such sites and every pair has minutes, a row costs at most its farthest column, which then takes
    the role of ``far``.
    """
    base = nearest_minutes(asked.minutes, np.flatnonzero(standing), far)
    number = np.full(asked.minutes.shape[1], -1, dtype=np.int64)
    number[columns] = np.arange(len(columns))
    if np.isinf(base).any():
        base = np.zeros(len(base))
        if len(columns):
            farthest = asked.minutes.data.reshape(asked.minutes.shape)[:, columns]
            base = farthest.max(axis=1, initial=0.0)
    matrix = asked.minutes
    rows, *lists = sorted_lists(
        matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data, asked.weights, base, number
    )
    top = asked.weights * base
    constant = float(np.delete(top, rows).sum())
    return Median(tuple(lists), top[rows], asked.weights[rows], constant, len(columns), p)


def _solution(asked: MinutesProblem, chosen: IntArray, bound: float, far: float, clock: Clock) -> Solution:
    """Return an answer in build order without sites that save nothing, evaluated on the raw matrix."""
    columns = np.union1d(chosen, np.flatnonzero(asked.required))
    problem = _median(asked, asked.existing, columns, far, len(columns))
    order, _ = greedy(*transposed(*problem.lists, problem.count), problem.top, problem.count)
    useless = np.setdiff1d(np.arange(len(columns)), order)
    kept = useless[asked.required[columns[useless]]]
    sites = columns[np.concatenate([order, kept])]
    if asked.dense and not len(sites) and not asked.existing.any() and (asked.weights > 0).any():
        # All chosen columns, or all columns, are equally far from every row, but one site is still needed.
        sites = (columns if len(columns) else np.flatnonzero(asked.free))[:1]
    standing = np.concatenate([np.flatnonzero(asked.existing), sites])
    objective = _total(asked.weights, nearest_minutes(asked.minutes, standing, far))
    return answered(sites, objective, bound, clock=clock, method=_METHOD, minimise=True)


def _total(weights: FloatArray, minutes: FloatArray) -> float:
    """Return the weighted sum of minutes; rows without weight are ignored, even if their minutes are infinite."""
    counted = weights > 0
    return float(weights[counted] @ minutes[counted])
