"""Maximal covering location and its variants, with a proven bound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import FloatArray, IntArray, Solution
from stationplan.siting.base import highs
from stationplan.siting.base.answer import Clock, answered, unanswered
from stationplan.siting.base.arguments import Matrix
from stationplan.siting.base.problem import Problem, allowed, checked, judged, outcome
from stationplan.siting.base.rules import CoverageRequirements, CoverageRules, refuse_unknown
from stationplan.siting.base.scaling import EXACT, MILLION, power_of_two
from stationplan.siting.engine.framing import Framed, framed, merged
from stationplan.siting.engine.greedy import build_order
from stationplan.siting.engine.program import Linear, cover_program, extended, solve_program
from stationplan.siting.engine.solver import solve_core, start

_METHOD = "reduction, Lagrangian bounds, local search, branch and bound"


def max_coverage(
    cover: Matrix,
    weights: ArrayLike,
    *,
    p: int | None = None,
    budget: float | None = None,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    **rules: Unpack[CoverageRequirements],
) -> Solution:
    """Return the sites that cover the most weight, at most ``p`` of them and within ``budget``.

    Maximal covering location (Church and ReVelle 1974): choose y in {0, 1}^sites to maximise the weight of the rows
    that at least one chosen or existing site covers, subject to sum y <= p, sum cost y <= budget, y = 1 for required
    and y = 0 for forbidden sites. All of the following extensions can be combined:

    - backup coverage (Hogan and ReVelle 1986): a row covered by a second station counts ``backup`` of its weight more;
    - gradual coverage (Church and Roberts 1983; Berman and Krass 2002): a site covers a share of a row, and the
      largest share among the sites in use counts, with ``backup`` the second largest too;
    - a portfolio (multiple choice: one option per place) and minimum distances (r-separation; Moon and Chaudhry 1984);
    - relocation (Wang, Batta and Rump 2003): ``close`` of the ``closable`` stations close;
    - equity floors: covered weight >= floor[d] in every district d.

    Parameters
    ----------
    cover
        [demand x site], sparse or dense. A non-zero entry means covered; with ``gradual`` it is the covered share, in
        [0, 1].
    weights
        Weight of each row, [demand], finite and >= 0.
    p, budget
        Limits on the number and on the total cost of new sites; at least one of them. A budget requires ``costs``.
    gap
        Relative gap at which the search may stop, from 0 to below 1.
    time_limit_s
        Time limit. When it is reached, the best choice so far, never worse than greedy, is returned with its bound.
    rules
        ``existing``, ``required``, ``forbidden``, ``costs``, ``counted``, ``closable``, ``close``, ``place``,
        ``apart``, ``bonus``, ``backup`` and ``gradual``, explained by ``help(stationplan.siting.CoverageRules)``;
        ``district``, ``floor``, ``target`` and ``backup_target``, explained by
        ``help(stationplan.siting.CoverageRequirements)``.

    Returns
    -------
    Solution
        New sites in build order; sites whose removal loses nothing are dropped. ``objective`` includes what existing
        sites cover. It is proven to 1e-6 of itself, or 1e-9 of the total weight. ``termination`` is ``infeasible`` if
        required sites, floors or targets cannot be met, and ``time_limit`` with an objective of NaN if time ran out
        before any choice within the rules was found.

    Raises
    ------
    TypeError
        A keyword argument is not a rule.
    ValueError
        All errors of the arguments, one per line.

    >>> answer = max_coverage([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]], [4, 3, 2, 5], p=2)
    >>> answer.sites.tolist(), answer.objective, answer.bound, answer.termination
    ([0, 2], 12.0, 12.0, 'optimal')
    >>> max_coverage([[1, 1, 0], [0, 0, 1]], [4, 3], p=2, backup=1.0).sites.tolist()
    [0, 1]
    """
    clock = Clock(time_limit_s)
    problem = checked(cover, weights, p=p, budget=budget, **rules)
    if not 0 <= gap < 1:
        raise ValueError(f"gap is a share from 0 to below 1, not {gap}")
    return best_choice(problem, clock, gap=gap)


def best_choice(problem: Problem, clock: Clock, *, gap: float = 0.0) -> Solution:
    """Return the best choice for a checked problem; see :func:`max_coverage`."""
    frame = framed(problem)
    core = frame.core
    if not core.allows(core.required):
        return unanswered("infeasible", clock=clock, method=_METHOD)
    # The final evaluation on the raw matrix takes about as long as building the frame did.
    searching = Clock(clock.limit_s - min(clock.spent_s, 0.2 * clock.limit_s), clock.started)
    # Without floors and targets the problem is easier, and its bound is still valid.
    free = solve_core(core, searching if len(frame.least) == 0 else searching.part(0.5), gap=gap)
    bound = frame.secured + free.bound
    choices: list[ArrayLike] = [free.options]
    complete = len(frame.least) == 0
    if not complete and not meets(problem, frame, free.options):
        small = merged(frame)
        if 0 in small.core.cover.shape:  # no remaining decision affects the unmet measures
            return unanswered("infeasible", clock=clock, method=_METHOD)
        found = solve_program(small, start=None, seconds=searching.left_s, gap=gap)
        if found.status == "infeasible":
            return unanswered("infeasible", clock=clock, method=_METHOD)
        choices += [start(core)] if found.options is None else [found.options]
        bound = min(bound, frame.secured + found.bound)
        complete = found.status == "optimal"
    return evaluated(problem, frame, choices, bound, searching, complete=complete)


def evaluated(
    problem: Problem, frame: Framed, choices: Iterable[ArrayLike], bound: float, clock: Clock, *, complete: bool
) -> Solution:
    """Return the best of some choices of options, evaluated on the raw matrix and put in build order.

    ``bound`` is an upper bound on the objective of every choice that keeps the rules. If none of ``choices`` does, the
    solution is ``infeasible`` if the search was ``complete`` or the bound proves that the target is out of reach.
    """
    answers = []
    for choice in choices:
        sites, closed = chosen_of(problem, frame, np.asarray(choice, dtype=np.int64))
        worth = judged(problem, sites, closed)
        if worth is not None:
            answers.append((worth.objective, sites, closed))
    if not answers:
        plain = problem.backup == 0 and not problem.bonus.any()
        if complete or (plain and bound < problem.target * (1 - 1e-9)):
            return unanswered("infeasible", clock=clock, method=_METHOD)
        return unanswered("time_limit", clock=clock, method=_METHOD, bound=bound)
    objective, sites, closed = max(answers, key=lambda answer: answer[0])
    return answered(
        ordered_sites(problem, frame, sites, closed),
        objective,
        bound,
        clock=clock,
        method=_METHOD,
        closed=closed,
        total=float(problem.weights.sum()),
    )


def meets(problem: Problem, frame: Framed, options: ArrayLike) -> bool:
    """Return whether a choice of options keeps every rule, by the matrix alone."""
    return allowed(problem, *chosen_of(problem, frame, np.asarray(options, dtype=np.int64)))


def chosen_of(problem: Problem, frame: Framed, options: IntArray) -> tuple[IntArray, IntArray]:
    """Return the new sites and the closed stations of a choice; stations that can be kept are kept."""
    held = [int(option) for option in np.sort(options)]
    core = frame.core
    for option in np.flatnonzero(problem.existing[frame.sites]):
        if int(option) not in held and core.allows([*held, int(option)]):
            held.append(int(option))
    sites = frame.sites[held]
    new = sites[~problem.existing[sites]]
    return np.sort(new), np.setdiff1d(np.flatnonzero(problem.closable), sites)


def ordered_sites(problem: Problem, frame: Framed, sites: IntArray, closed: IntArray) -> IntArray:
    """Return sites by gain with the closed stations removed, without sites whose removal loses nothing.

    They are removed one after the other, the last in build order first.
    """
    kept = np.flatnonzero(problem.existing[frame.sites] & ~np.isin(frame.sites, closed))
    core = frame.core.after(kept)
    order, _ = build_order(core, np.flatnonzero(np.isin(frame.sites, sites)))
    columns = sparse.csc_array(core.cover[:, order])
    count = np.asarray(columns.sum(axis=1, dtype=np.int64))
    needed = np.ones(len(order), dtype=bool)
    for place in range(len(order) - 1, -1, -1):
        rows = columns.indices[columns.indptr[place] : columns.indptr[place + 1]]
        lost = core.value[order[place]] + core.first[rows][count[rows] == 1].sum()
        lost += core.second[rows][count[rows] == 2].sum()
        needed[place] = False
        if lost > 0 or not allowed(problem, frame.sites[order[needed]], closed):
            needed[place] = True
        else:
            count[rows] -= 1
    again, _ = build_order(core, np.sort(order[needed]))
    return frame.sites[again].astype(np.int64)


def best_floor(
    cover: Matrix,
    weights: ArrayLike,
    *,
    district: ArrayLike,
    totals: FloatArray,
    p: int | None = None,
    budget: float | None = None,
    time_limit_s: float = 60.0,
    **rules: Unpack[CoverageRules],
) -> float:
    """Return a share of its total that all districts can reach at the same time; the largest unless time runs out.

    ``district[row]`` is the district of each row and ``totals[district]`` the weight of each district, covered or not.
    ``rules`` are those of :class:`CoverageRules`, other arguments as for :func:`max_coverage`. The result is 0 if no
    choice is found within the time limit.

    Raises
    ------
    TypeError
        A keyword argument is not a rule.
    ValueError
        All errors of the arguments, one per line.

    >>> best_floor([[1, 0], [0, 1]], [4, 4], district=[0, 1], totals=np.array([4.0, 8.0]), p=2)
    0.5
    """
    refuse_unknown(rules, CoverageRules)
    problem = checked(cover, weights, p=p, budget=budget, district=district, floor=np.zeros(len(totals)), **rules)
    frame = merged(framed(problem))
    base = cover_program(frame.core, frame.measures, frame.least)
    counted = np.flatnonzero(totals > 0)
    if not len(counted):
        return 0.0
    reachable = np.asarray(frame.measures.sum(axis=1))[counted] - frame.least[counted]
    most = min(float((reachable / totals[counted]).min()), 1.0)
    if most <= 0:
        return 0.0
    # The largest t <= 1 with covered weight of district d >= t * most * totals[d], each district in its own unit; no
    # weight above that is needed.
    goal = most * totals[counted]
    unit = np.array([power_of_two(float(value)) for value in goal])
    measured = sparse.csr_array(base.measured[counted])
    measured.data = np.minimum(measured.data, np.repeat(goal, np.diff(measured.indptr)))
    slope = sparse.diags_array(unit) @ measured
    rows = sparse.hstack([slope, sparse.csr_array(-(unit * goal)[:, None])], format="csr")
    more = Linear(np.zeros(1), np.ones(1), rows, unit * frame.least[counted], np.full(len(counted), np.inf))
    cost = np.append(np.zeros(len(base.program.cost)), MILLION)
    answer = highs.solve(extended(base.program, more, cost), seconds=time_limit_s)
    options = base.options(answer)
    if options is None:
        return 0.0
    reached = outcome(problem, *chosen_of(problem, frame, options)).by_district[counted]
    return float(np.clip((reached / totals[counted]).min(), 0.0, 1.0))


def most_backed(
    cover: Matrix,
    weights: ArrayLike,
    *,
    p: int | None = None,
    budget: float | None = None,
    time_limit_s: float = 60.0,
    **rules: Unpack[CoverageRequirements],
) -> tuple[float, float]:
    """Return the largest weight found that is covered by two stations under these rules, and an upper bound on it.

    Arguments as for :func:`max_coverage`, ``rules`` as in :class:`CoverageRequirements`; ``backup_target`` is ignored.
    The two values are equal unless time runs out; if no choice is found, the first is 0.

    Raises
    ------
    TypeError
        A keyword argument is not a rule.
    ValueError
        All errors of the arguments, one per line.

    >>> most_backed([[1, 1, 0], [0, 0, 1]], [4, 3], p=2)
    (4.0, 4.0)
    """
    rules["backup_target"] = 1.0  # adds a measure of second coverage; the value does not matter
    problem = checked(cover, weights, p=p, budget=budget, **rules)
    frame = merged(framed(problem))
    twice = problem.backup_target * (1 - EXACT) - float(frame.least[-1])  # by stations that cannot close
    base = cover_program(frame.core, frame.measures, np.append(frame.least[:-1], -np.inf))
    total = float(frame.measures[[-1]].sum())
    unit = power_of_two(total)
    cost = base.measured[[-1]].toarray()[0] * unit
    answer = highs.solve(replace(base.program, cost=cost), seconds=time_limit_s)
    most = twice + (total if np.isinf(answer.bound) else answer.bound / unit)
    options = base.options(answer)
    if options is None:
        return 0.0, most
    sites, closed = chosen_of(problem, frame, options)
    reached = outcome(problem, sites, closed).twice
    return reached, max(reached, most)
