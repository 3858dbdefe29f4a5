"""Equity: the worst-covered district covered best, then the next, and so on."""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import FloatArray, IntArray, Solution, Stage
from stationplan.siting.base import highs
from stationplan.siting.base.answer import Clock, answered, unanswered
from stationplan.siting.base.arguments import Matrix
from stationplan.siting.base.highs import Program
from stationplan.siting.base.problem import Problem, allowed, checked, outcome
from stationplan.siting.base.rules import CoverageRules, refuse_unknown
from stationplan.siting.engine.framing import Framed, framed, merged
from stationplan.siting.engine.program import Cover, Linear, cover_program, extended
from stationplan.siting.engine.solver import start
from stationplan.siting.mclp.maximal import chosen_of, ordered_sites

_METHOD = "row aggregation, ordered max-min by HiGHS branch and cut"

_SLACK = 1e-6
"""Tolerance by which a sum of shares already reached may decrease when the next is maximised (accuracy of HiGHS)."""


def fair_coverage(
    cover: Matrix,
    weights: ArrayLike,
    *,
    district: ArrayLike,
    totals: ArrayLike | None = None,
    p: int | None = None,
    budget: float | None = None,
    time_limit_s: float = 60.0,
    **rules: Unpack[CoverageRules],
) -> Solution:
    """Return the sites that maximise the smallest covered share of a district, then the second smallest, and so on.

    Lexicographic max-min (Ogryczak and Sliwinski 2003): with s[d] the covered share of district d, the sums of the k
    smallest shares are maximised for k = 1, 2, ... in turn, each as ``k t - sum_d max(t - s[d], 0)`` over t; the values
    reached for smaller k are kept. Finally, the covered weight is maximised. The sums determine which districts are the
    worst, so that none has to be fixed as such on the way.

    Parameters
    ----------
    cover, weights, p, budget
        As for :func:`max_coverage`.
    district
        District of each row, [row], from 0.
    totals
        Weight of each district, [district], covered or not; default: the sum of its rows. Districts without weight do
        not count.
    time_limit_s
        Time limit for all sums. When it is reached, the sums done are kept.
    rules
        See :class:`CoverageRules`.

    Returns
    -------
    Solution
        ``objective`` is the smallest covered share of a district and ``bound`` an upper bound on it, both in [0, 1].
        ``stages`` are the sums of the 1, 2, ... smallest shares and finally the covered weight, as far as time allowed;
        ``termination`` is ``optimal`` only if all are proven (a sum of shares to 1e-6), and ``infeasible`` if the
        required sites exceed the limits.

    Raises
    ------
    TypeError
        A keyword argument is not a rule.
    ValueError
        All errors of the arguments, one per line.

    >>> cover = [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    >>> answer = fair_coverage(cover, [6, 4, 1], district=[0, 0, 1], p=2)
    >>> answer.sites.tolist(), answer.objective
    ([1, 2], 1.0)
    """
    refuse_unknown(rules, CoverageRules)
    clock = Clock(time_limit_s)
    weight = np.asarray(weights, dtype=np.float64)
    index = np.asarray(district)
    if totals is None:
        whole = index.shape == weight.shape and index.dtype.kind in "iu" and (index.size == 0 or index.min() >= 0)
        whole = whole and bool(np.isfinite(weight).all())
        totals = np.bincount(index, weight) if whole else np.zeros(0)
    total = np.asarray(totals, dtype=np.float64)
    problem = checked(cover, weights, p=p, budget=budget, district=district, floor=np.zeros(len(total)), **rules)
    if not (total > 0).any():
        raise ValueError("totals has a district with weight")
    frame = merged(framed(problem))
    if not frame.core.allows(frame.core.required):
        return unanswered("infeasible", clock=clock, method=_METHOD)
    choices = [start(frame.core)]
    coverable = (frame.measures.sum(axis=1) - frame.least)[: len(total)]
    bound = float((coverable[total > 0] / total[total > 0]).min())
    stages: tuple[Stage, ...] = ()
    complete = True
    if frame.core.cover.shape[0]:
        found, stages, complete = _raised(frame, total, choices[0], clock)
        choices, bound = choices + found, min(bound, stages[0].bound)
    answers = [chosen_of(problem, frame, options) for options in choices]
    answers = [answer for answer in answers if allowed(problem, *answer)]
    sites, closed = max(answers, key=lambda answer: _rank(problem, total, answer))
    shares = _shares(problem, total, sites, closed)
    order = ordered_sites(problem, frame, sites, closed)
    answer = answered(order, float(shares.min()), bound, clock=clock, method=_METHOD, closed=closed, total=1.0)
    if answer.termination == "optimal" and not complete:
        answer = replace(answer, termination="time_limit" if clock.over else "feasible")
    return replace(answer, stages=stages)


def _shares(problem: Problem, total: FloatArray, sites: IntArray, closed: IntArray) -> FloatArray:
    """Return the covered share of each district with weight, from the raw matrix."""
    reached = outcome(problem, sites, closed).by_district
    return np.asarray(reached[total > 0] / total[total > 0], dtype=np.float64)


def _rank(problem: Problem, total: FloatArray, answer: tuple[IntArray, IntArray]) -> tuple[float, ...]:
    """Return the key by which choices are compared: shares in ascending order, then the objective."""
    shares = np.sort(_shares(problem, total, *answer))
    return (*np.round(shares / _SLACK).tolist(), outcome(problem, *answer).objective)


def _raised(
    frame: Framed, total: FloatArray, start: IntArray, clock: Clock
) -> tuple[list[IntArray], tuple[Stage, ...], bool]:
    """Return the choices found, the stages begun, and whether every stage was solved to optimality."""
    base = cover_program(frame.core, frame.measures, frame.least)
    program = base.program
    counted = np.flatnonzero(total > 0)
    number = len(counted)
    # Shares are linear in the variables: slope @ x + already.
    scale = sparse.diags_array(1.0 / total[counted])
    slope = sparse.csr_array(scale @ base.measured[counted])
    already = -frame.least[counted] / total[counted]
    best, found, stages = start, [], []
    secured = frame.secured
    for count in range(1, number + 1):
        program = _with_sum(program, slope, already, count)
        answer = highs.solve(program, seconds=clock.left_s, start=_values(base, slope, already, best, count))
        chosen = base.options(answer)
        if chosen is not None:
            best = chosen
            found.append(best)
        stages.append(Stage(answer.objective, min(answer.bound, float(count))))
        if answer.status != "optimal":
            return found, tuple(stages), False
        program = replace(program, row_lower=np.append(program.row_lower[:-1], answer.objective - _SLACK))
    cost = np.zeros(len(program.cost))
    cost[: len(base.program.cost)] = base.program.cost
    start_values = _values(base, slope, already, best, number)
    last = highs.solve(replace(program, cost=cost), seconds=clock.left_s, start=start_values)
    chosen = base.options(last)
    if chosen is not None:
        found.append(chosen)
    stages.append(Stage(secured + last.objective / base.unit, secured + last.bound / base.unit))
    return found, tuple(stages), last.status == "optimal"


def _with_sum(program: Program, slope: sparse.csr_array, already: FloatArray, count: int) -> Program:
    """Return a program that maximises the sum of the ``count`` smallest shares, which is also its last constraint."""
    number, before = slope.shape[0], len(program.cost)
    blank = sparse.csr_array((number, before - slope.shape[1]))
    # t - u[d] <= share of d
    below = sparse.hstack([slope, blank, -np.ones((number, 1)), sparse.eye_array(number)], format="csr")
    cost = np.concatenate([np.zeros(before), [float(count)], -np.ones(number)])
    more = Linear(
        lower=np.zeros(number + 1),
        upper=np.ones(number + 1),
        matrix=sparse.csr_array(sparse.vstack([below, cost[None, :]])),
        row_lower=np.append(-already, -np.inf),
        row_upper=np.full(number + 1, np.inf),
    )
    return extended(program, more, cost)


def _values(base: Cover, slope: sparse.csr_array, already: FloatArray, options: IntArray, sums: int) -> FloatArray:
    """Return the values of all variables of ``sums`` sums for a choice of options."""
    values = base.values(options)
    shares = slope @ values + already
    rising = np.sort(shares)
    parts = [np.append(rising[count], np.maximum(rising[count] - shares, 0.0)) for count in range(sums)]
    return np.concatenate([values, *parts])
