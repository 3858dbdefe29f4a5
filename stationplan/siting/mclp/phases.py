"""Plans in phases: sites stay once they are built, the final state is optimal, and each phase is good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import FloatArray, IntArray, Phase, Solution
from stationplan.siting.base.answer import Clock
from stationplan.siting.base.arguments import Arguments, Matrix
from stationplan.siting.base.problem import Problem, checked, endless, outcome
from stationplan.siting.base.rules import CoverageRequirements
from stationplan.siting.base.scaling import spending
from stationplan.siting.engine.core import Core
from stationplan.siting.engine.framing import Framed, framed, merged
from stationplan.siting.engine.greedy import build_order
from stationplan.siting.engine.solver import solve_core
from stationplan.siting.mclp.maximal import best_choice


def phased_coverage(
    cover: Matrix,
    weights: ArrayLike,
    *,
    p: Sequence[int] | None = None,
    budget: Sequence[float] | None = None,
    time_limit_s: float = 60.0,
    **rules: Unpack[CoverageRequirements],
) -> Solution:
    """Return sites in phases that end with the most coverage and, among such plans, cover much in every phase.

    Multi-period maximal covering with permanent sites (Schilling 1980; Gunawardane 1982). First, the final state: the
    best choice with the sites and the money of all phases. Then, its order: with y[j, t] in {0, 1} if site j of the
    final state is built in phase t, the sum over phases of what is covered by then is maximised, subject to the number
    and the money of the phases so far. For each phase, ``phases`` also contains a proven bound on what it could reach
    if no phases followed, which shows the price of optimising the final state.

    Parameters
    ----------
    cover, weights
        As for :func:`max_coverage`.
    p, budget
        New sites, and money, of each phase. What a phase does not use is available to the next.
    time_limit_s
        Time limit for all phases together.
    rules
        See :class:`CoverageRequirements`. Floors, targets and required sites apply to the final state; stations that
        close do so in the first phase.

    Returns
    -------
    Solution
        Of the final state: ``objective`` is what is reached, ``bound`` an upper bound on it. ``sites`` are in build
        order, phase by phase, and ``phases`` contains what is reached by the end of each phase.

    Raises
    ------
    TypeError
        A keyword argument is not a rule.
    ValueError
        All errors of the arguments, one per line.

    >>> cover = [[1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]]
    >>> answer = phased_coverage(cover, [3, 3, 2, 2], p=[1, 1])
    >>> answer.sites.tolist(), [(phase.objective, phase.bound) for phase in answer.phases]
    ([1, 2], [(5.0, 6.0), (10.0, 10.0)])
    """
    clock = Clock(time_limit_s)
    numbers, money = _by_phase(p, budget)
    count = len(numbers if numbers is not None else money if money is not None else ())

    def asked(phase: int) -> Problem:
        most = None if numbers is None else int(numbers[: phase + 1].sum())
        spent = None if money is None else float(money[: phase + 1].sum())
        return checked(cover, weights, p=most, budget=spent, **rules)

    problems = [asked(phase) for phase in range(count)]
    end = best_choice(problems[-1], clock.part(0.5))
    if np.isnan(end.objective):
        return end
    nobody = np.zeros_like(problems[-1].required)
    alone = [
        best_choice(replace(endless(problem), required=nobody), clock.part(0.5 / (count - phase)))
        for phase, problem in enumerate(problems[:-1])
    ]
    order = _best_order(problems, end, clock)
    bounds = [*(answer.bound for answer in alone), end.bound]
    reached = _reached(problems[-1], end, order)
    # The limits of a later phase include those of an earlier one, so its bound also holds for the earlier one.
    lowest = np.minimum.accumulate(bounds[::-1])[::-1]
    phases = tuple(
        Phase(len(new), float(worth), float(max(bound, worth)))
        for new, worth, bound in zip(order, reached, lowest, strict=True)
    )
    return replace(
        end, sites=np.concatenate(order), phases=phases, method=f"{end.method}; phases", time_s=clock.spent_s
    )


def _by_phase(p: Sequence[int] | None, budget: Sequence[float] | None) -> tuple[IntArray | None, FloatArray | None]:
    arguments = Arguments()
    if p is None and budget is None:
        arguments.add("give p, budget or both")
    if (p is not None and len(p) == 0) or (budget is not None and len(budget) == 0):
        arguments.add("there is at least one phase")
    if p is not None and budget is not None and len(p) != len(budget):
        arguments.add(f"p and budget have as many phases: {len(p)} and {len(budget)}")
    for number in p or ():
        arguments.number("p of a phase", number, 0, whole=True)
    for amount in budget or ():
        arguments.number("budget of a phase", amount, 0)
    arguments.refuse()
    numbers = None if p is None else np.asarray(p, dtype=np.int64)
    return numbers, None if budget is None else np.asarray(budget, dtype=np.float64)


def _best_order(problems: list[Problem], end: Solution, clock: Clock) -> list[IntArray]:
    """Return the final sites by phase, in build order, such that the sum of what the phases reach is largest."""
    last = problems[-1]
    standing = last.existing.copy()
    standing[end.closed] = False
    nobody = np.zeros_like(standing)
    only = ~standing
    only[end.sites] = False
    # What is closed and what is built is decided; the phase of each site is not.
    settled = replace(endless(last), existing=standing, closable=nobody, close=0, forbidden=only, required=nobody)
    frame = merged(framed(replace(settled, place=np.full_like(last.place, -1), apart=last.apart[:0])))
    options = len(frame.sites)
    best = solve_core(_phase_core(problems, frame), clock).options
    phase = np.full(options, len(problems) - 1)  # a site that adds nothing comes last
    phase[best % max(options, 1)] = best // max(options, 1)
    by_phase: list[IntArray] = []
    stands = np.empty(0, dtype=np.int64)
    for number in range(len(problems)):
        order, _ = build_order(frame.core.after(stands), np.flatnonzero(phase == number))
        stands = np.concatenate([stands, order])
        by_phase.append(frame.sites[order])
    return by_phase


def _phase_core(problems: list[Problem], frame: Framed) -> Core:
    """Return the core of all phases: option (phase, site) covers rows (phase and later, row)."""
    core, count, options = frame.core, len(problems), len(frame.sites)
    later = np.tril(np.ones((count, count), dtype=np.int8))  # [row's phase x option's phase]
    lines = [sparse.kron(np.ones((1, count)), sparse.eye_array(options))]
    most = [np.ones(options)]
    for phase, problem in enumerate(problems):
        by_now = (np.arange(count) <= phase).astype(np.float64)[None, :]
        if problem.p is not None:
            lines.append(sparse.kron(by_now, problem.counted[frame.sites].astype(np.float64)[None, :]))
            most.append(np.array([float(problem.p)]))
        if problem.budget is not None:
            costs, money = spending(problem.costs[frame.sites], problem.budget)
            lines.append(sparse.kron(by_now, costs[None, :]))
            most.append(np.array([money]))
    limits = sparse.csr_array(sparse.vstack(lines))
    limits.eliminate_zeros()
    return Core(
        cover=sparse.csr_array(sparse.kron(later, core.cover.astype(np.int8), format="csr") != 0),
        first=np.tile(core.first, count),
        second=np.tile(core.second, count),
        value=np.concatenate([core.value * (count - phase) for phase in range(count)]),
        limits=limits,
        most=np.concatenate(most),
        required=np.empty(0, dtype=np.int64),
    )


def _reached(problem: Problem, end: Solution, order: list[IntArray]) -> list[float]:
    """Return what is reached at the end of each phase, from the raw matrix."""
    built = [np.concatenate(order[: phase + 1]) for phase in range(len(order))]
    return [outcome(problem, sites, end.closed).objective for sites in built]
