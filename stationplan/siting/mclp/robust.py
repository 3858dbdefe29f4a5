"""Maximal covering location under uncertain demand, given as several scenarios, with a proven bound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import BoolArray, FloatArray, IntArray, Solution
from stationplan.siting.base import highs
from stationplan.siting.base.answer import PROVEN, Clock, answered, unanswered
from stationplan.siting.base.arguments import Arguments, Matrix
from stationplan.siting.base.highs import Program
from stationplan.siting.base.problem import Problem, checked, pays_required
from stationplan.siting.base.scaling import MILLION, affordable, power_of_two, spending
from stationplan.siting.engine.framing import equal_rows
from stationplan.siting.mclp.maximal import max_coverage

Measure: TypeAlias = Literal["expected", "worst", "regret"]

_METHOD = "coverage of mixed scenarios, exchange, HiGHS branch and cut"

_ROUNDS, _ROUNDS_LARGE = 8, 3
"""Mixtures of the scenarios that are tried, for small and for large problems."""

_SAFE = 1e-12
"""Relative margin for the rounding of sums."""

_REFINEMENTS = 3
"""Times that the program is solved, each in a unit that fits the range left by the time before."""

_LAST_DIGITS = 1e-15
"""Relative margin for the rounding of a single sum."""

_DISCERNED = 1e-3
"""Range of the objective, in units in which weights are at most 1e12, from which HiGHS can tell choices apart."""

_EACH = 1e-12
"""Margin on bounds of HiGHS for each variable and scenario, relative to the range of the objective."""

_LARGE = 200_000
"""Entries of the matrix from which HiGHS is slow: the time is then used for fewer mixtures, each solved better."""


def robust_coverage(
    cover: Matrix,
    weights: ArrayLike,
    *,
    measure: Measure = "expected",
    p: int | None = None,
    budget: float | None = None,
    costs: ArrayLike | None = None,
    existing: ArrayLike | None = None,
    required: ArrayLike | None = None,
    forbidden: ArrayLike | None = None,
    probability: ArrayLike | None = None,
    time_limit_s: float = 60.0,
) -> Solution:
    """Return sites that cover well in each of several scenarios of the demand.

    With c[s](y) the weight of scenario s that the sites y and existing ones cover (Kouvelis and Yu 1997)::

        expected    maximise   sum_s probability[s] c[s](y)
        worst       maximise   min_s c[s](y)
        regret      minimise   max_s (best[s] - c[s](y)),   best[s] the most that any choice covers in scenario s

    Parameters
    ----------
    cover
        [demand x site], sparse or dense; a non-zero entry means covered.
    weights
        [scenario x row], finite and >= 0.
    measure
        The objective, as above.
    p, budget, costs, existing, required, forbidden
        As for :func:`max_coverage`.
    probability
        Probability of each scenario, [scenario], for ``expected`` only; they sum to 1. By default all are equal.
    time_limit_s
        Time limit in total; at most half of it is used for the best choices of the single scenarios.

    Returns
    -------
    Solution
        New sites in build order: each improves the measure most, or among equals the mean of the scenarios. Sites whose
        removal loses nothing in any scenario are dropped. ``objective`` is the covered weight, expected or of the worst
        scenario, or the largest regret, for which ``bound`` is a lower bound. It is proven to 1e-6 of itself, or 1e-9
        of the total weight of the largest scenario.

        The best choice of a scenario is found by :func:`max_coverage`. If time was too short to prove it, its bound is
        used instead: the regret returned is then not less than the true one. The bound on the regret uses the weight
        that is known to be coverable, so no choice has a lower true regret.

    Raises
    ------
    ValueError
        All errors of the arguments, one per line.

    >>> robust_coverage([[1, 0], [0, 1]], [[9, 1], [2, 3]], measure="worst", p=1).objective
    2.0
    >>> answer = robust_coverage([[1, 0], [0, 1]], [[9, 1], [2, 3]], measure="regret", p=1)
    >>> answer.sites.tolist(), answer.objective
    ([0], 1.0)
    """
    clock = Clock(time_limit_s)
    arguments = Arguments()
    rows = arguments.matrix("cover", cover).shape[0]
    table, chance = _scenarios(arguments, weights, probability, measure, rows)
    problem = arguments.with_those_of(
        lambda: checked(
            cover,
            table.mean(axis=0),
            p=p,
            budget=budget,
            costs=costs,
            existing=existing,
            required=required,
            forbidden=forbidden,
            district=None,
            floor=None,
        )
    )
    if measure == "expected":
        return _best_of(problem, chance @ table, clock.left_s)
    if not pays_required(problem):
        return unanswered("infeasible", clock=clock, method=_METHOD)
    game = _reduced(problem, table)
    proven = known = np.zeros(len(table))
    if measure == "regret":
        bests = [
            _best_of(problem, weight, clock.left_s * 0.5 / (len(table) - which)) for which, weight in enumerate(table)
        ]
        known = np.array([best.objective for best in bests])
        proven = np.array([best.objective if best.termination == "optimal" else best.bound for best in bests])
        sites, bound = _search(problem, game, proven, [best.sites.tolist() for best in bests], clock)
        bound = max(-bound - float((proven - known).max()), 0.0)
    else:
        sites, bound = _search(problem, game, proven, [], clock)
    order = _build_order(problem, game, proven, sites)
    covered = _covered(problem, table, order)
    regret = measure == "regret"
    value = float((proven - covered).max() if regret else covered.min())
    total = float(table.sum(axis=1).max())
    return answered(order, value, bound, clock=clock, method=_METHOD, minimise=regret, total=total)


def _scenarios(
    arguments: Arguments, weights: ArrayLike, probability: ArrayLike | None, measure: str, rows: int
) -> tuple[FloatArray, FloatArray]:
    """Return the weights of the scenarios, [scenario x row], and their probabilities; add errors to ``arguments``."""
    if measure not in get_args(Measure):
        arguments.add(f"measure is one of {', '.join(get_args(Measure))}, not {measure}")
    try:
        table = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        table = np.full(0, np.nan)
    if table.ndim != 2 or table.shape[1] != rows or not len(table):
        arguments.add(f"weights has one row a scenario and one column a row of cover: {rows}")
        table = np.zeros((1, rows))
    elif not (np.isfinite(table).all() and (table >= 0).all()):
        arguments.add("weights are finite and >= 0")
        table = np.zeros(table.shape)
    chance = np.full(len(table), 1 / len(table))
    if probability is not None:
        if measure != "expected":
            arguments.add(f"probability has no meaning for {measure}")
        chance = arguments.vector("probability", probability, len(table), "scenario")
        if not math.isclose(float(chance.sum()), 1.0, rel_tol=1e-6):
            arguments.add("probability adds up to 1")
    return table, chance


def _best_of(problem: Problem, weights: FloatArray, seconds: float) -> Solution:
    return max_coverage(
        problem.cover,
        weights,
        p=problem.p,
        budget=problem.budget,
        costs=problem.costs,
        existing=problem.existing,
        required=problem.required,
        forbidden=problem.forbidden,
        time_limit_s=seconds,
    )


def _covered(problem: Problem, table: FloatArray, sites: IntArray) -> FloatArray:
    """Return the weight that new and existing sites cover in each scenario, directly from the raw matrix."""
    chosen = problem.existing.astype(np.int32)
    chosen[sites] = 1
    return np.asarray(table[:, (problem.cover @ chosen) > 0].sum(axis=1), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Game:
    """The reduced problem: groups of rows that no existing site covers, with ``weights`` [scenario x group].

    ``cover`` is [group x free site], ``sites`` the site of each of its columns, ``secured`` the weight that existing
    sites cover in each scenario.
    """

    cover: sparse.csr_array
    weights: FloatArray
    sites: IntArray
    secured: FloatArray


def _reduced(problem: Problem, table: FloatArray) -> _Game:
    covered = (problem.cover @ problem.existing.astype(np.int32)) > 0
    sites = np.flatnonzero(problem.free)
    cover = sparse.csr_array(problem.cover[:, sites])
    left = ~covered & (table > 0).any(axis=0) & (np.diff(cover.indptr) > 0)
    cover = sparse.csr_array(cover[left])
    first, group = equal_rows(cover)
    merged = [np.bincount(group, weight[left], minlength=len(first)) for weight in table]
    return _Game(
        sparse.csr_array(cover[first].astype(np.float64)),
        np.array(merged, dtype=np.float64),
        sites,
        table[:, covered].sum(axis=1),
    )


def _search(
    problem: Problem, game: _Game, base: FloatArray, starts: list[list[int]], clock: Clock
) -> tuple[IntArray, float]:
    """Return new sites with a large minimum of (covered weight - base) over the scenarios, and a bound on the minimum.

    For any mixture of the scenarios the minimum is at most the weighted mean, so the best coverage of mixed weights is
    a bound; mixtures are shifted towards the scenarios that are covered badly (Freund and Schapire 1999).
    """
    must = np.flatnonzero(problem.required[game.sites])
    bound = float((game.secured - base + game.weights.sum(axis=1)).min())
    if 0 in game.cover.shape or problem.p == 0:
        return game.sites[must], _value(game, base, list(must))
    column_of = np.full(len(problem.existing), -1)
    column_of[game.sites] = np.arange(len(game.sites))
    tries = [[int(column_of[site]) for site in start] for start in starts]
    mixture = np.full(len(base), 1 / len(base))
    safe = _SAFE * float(np.abs(base).max() + (game.secured + game.weights.sum(axis=1)).max())
    small = game.cover.nnz < _LARGE
    rounds, part = (_ROUNDS, 0.3) if small else (_ROUNDS_LARGE, 0.8)
    for turn in range(rounds):
        answer = max_coverage(
            game.cover,
            mixture @ game.weights,
            p=problem.p,
            budget=problem.budget,
            costs=problem.costs[game.sites],
            required=must,
            time_limit_s=clock.left_s * part / (rounds - turn),
        )
        columns = [int(site) for site in answer.sites]
        tries.append(columns)
        above = float(mixture @ (game.secured - base)) + answer.bound
        bound = min(bound, above + safe)
        reached = _reached(game, base, columns)
        spread = float(reached.max() - reached.min())
        if spread <= 0.0 or _proven(float(reached.min()), bound) or clock.over:
            break
        mixture = mixture * np.exp((reached.min() - reached) / spread * 2.0 / np.sqrt(turn + 1))
        mixture /= mixture.sum()
    best = max(tries, key=lambda columns: _value(game, base, columns))
    best = _exchanged(problem, game, base, best, clock)
    value = _value(game, base, best)
    for _ in range(_REFINEMENTS if small else 0):
        if _proven(value, bound) or clock.over:
            break
        found, above = _by_milp(problem, game, base, best, bound, clock.left_s)
        if found is not None and _keeps(problem, game, found) and _value(game, base, found) > value:
            best, value = found, _value(game, base, found)
        closer = above - value < 0.5 * (bound - value)
        bound = max(min(bound, above), value)
        if not closer:
            break
    return game.sites[best], bound


def _proven(value: float, bound: float) -> bool:
    return bool(bound - value <= PROVEN * abs(value))


def _reached(game: _Game, base: FloatArray, columns: list[int]) -> FloatArray:
    """Return the covered weight of each scenario minus its base."""
    chosen = np.zeros(len(game.sites))
    chosen[columns] = 1.0
    return np.asarray(game.secured - base + game.weights @ (game.cover @ chosen > 0), dtype=np.float64)


def _value(game: _Game, base: FloatArray, columns: list[int]) -> float:
    return float(_reached(game, base, columns).min())


def _keeps(problem: Problem, game: _Game, columns: list[int]) -> bool:
    """Return whether a choice contains the required sites and keeps the limits (budget tolerance: relative 1e-9)."""
    sites = game.sites[columns]
    return bool(
        (problem.p is None or len(sites) <= problem.p)
        and affordable(float(problem.costs[sites].sum()), problem.budget)
        and set(np.flatnonzero(problem.required)) <= set(sites)
    )


def _with_each(game: _Game, base: FloatArray, columns: list[int]) -> FloatArray:
    """Return what each scenario would reach, [site x scenario], if each site were added to a choice."""
    chosen = np.zeros(len(game.sites))
    chosen[columns] = 1.0
    covered = game.cover @ chosen > 0
    gains = game.cover.T @ (game.weights * ~covered).T
    return np.asarray(gains + (game.secured - base + game.weights @ covered), dtype=np.float64)


def _exchanged(problem: Problem, game: _Game, base: FloatArray, columns: list[int], clock: Clock) -> list[int]:
    """Return a choice, not worse than ``columns``, that adding or exchanging a single site does not improve."""
    costs, fixed = problem.costs[game.sites], problem.required[game.sites]
    most = len(costs) if problem.p is None else problem.p
    budget = np.inf if problem.budget is None else problem.budget * (1 + 1e-12)
    least = 1e-9 * float(game.weights.sum(axis=1).max())
    columns = list(columns)
    value = _value(game, base, columns)
    unchanged = place = 0
    while unchanged <= len(columns) and not clock.over:
        adding = place >= len(columns)
        rest = columns if adding else columns[:place] + columns[place + 1 :]
        if len(rest) < most and (adding or not fixed[columns[place]]):
            values = _with_each(game, base, rest).min(axis=1)
            values[costs > budget - costs[rest].sum()] = -np.inf
            values[columns] = -np.inf
            other = int(values.argmax())
            if values[other] > value + least:
                columns, value = [*rest, other], float(values[other])
                unchanged = -1
        unchanged += 1
        place = (place + 1) % (len(columns) + 1)
    return columns


def _by_milp(
    problem: Problem, game: _Game, base: FloatArray, start: list[int], highest: float, seconds: float
) -> tuple[list[int] | None, float]:
    """Return the choice found by HiGHS with the largest t <= covered weight - base in every scenario, and a bound on t.

    Variables: y_j = 1 if site j is chosen, z_i in [0, 1] with z_i <= the sum of y_j over the sites j that cover i,
    and t, from its value with ``start`` to its bound ``highest``. A row whose loss alone would lead below that value in
    some scenario must be covered. No other row needs a weight beyond what its scenario lacks to reach ``highest``.
    """
    rows, sites = game.cover.shape
    chosen = np.zeros(sites)
    chosen[start] = 1.0
    offset = game.secured - base
    value = float(_exact_sums(game.weights, game.cover @ chosen > 0, offset).min())
    reach = highest - value
    if reach <= 0:
        return None, highest
    total = game.weights.sum(axis=1)
    spare = offset + total - value  # the weight that each scenario can lose
    rounding = _LAST_DIGITS * (np.abs(base) + game.secured + total)
    needed = game.weights > (spare + rounding)[:, None]
    must = needed.any(axis=0)
    known = _exact_sums(game.weights, must, offset)
    binding = known < highest
    known, left = known[binding], np.where(must, 0.0, game.weights[binding])
    left = np.minimum(left, (highest - known)[:, None])
    unit = min(power_of_two(reach), MILLION * power_of_two(float(left.max(initial=0.0))))
    if reach * unit < _DISCERNED:
        return None, highest
    links = sparse.hstack([-game.cover, sparse.eye_array(rows), sparse.csr_array((rows, 1))])
    gains = np.full((len(known), 1), reach * unit)
    worth = sparse.hstack([sparse.csr_array((len(known), sites)), sparse.csr_array(-left * unit), gains])
    parts, upper = [links, worth], [np.zeros(rows), (known - value + rounding[binding]) * unit]
    empty = np.zeros((1, rows + 1))
    if problem.p is not None:
        parts.append(sparse.csr_array(np.hstack([np.ones((1, sites)), empty])))
        upper.append(np.array([float(problem.p)]))
    if problem.budget is not None:
        costs, budget = spending(problem.costs[game.sites], problem.budget)
        parts.append(sparse.csr_array(np.hstack([costs[None], empty])))
        upper.append(np.array([budget]))
    size = sites + rows + 1
    limit = np.concatenate(upper)
    answer = highs.solve(
        Program(
            cost=np.concatenate([np.zeros(size - 1), [MILLION]]),
            lower=np.concatenate([problem.required[game.sites].astype(float), must.astype(float), [0.0]]),
            upper=np.ones(size),
            integer=np.arange(size) < sites,
            matrix=sparse.csr_array(sparse.vstack(parts, format="csr")),
            row_lower=np.full(len(limit), -np.inf),
            row_upper=limit,
        ),
        seconds=seconds,
        start=np.concatenate([chosen, game.cover @ chosen > 0, [0.0]]).astype(np.float64),
    )
    found = None if answer.values is None else [int(j) for j in np.flatnonzero(answer.values[:sites] > 0.5)]
    share = answer.bound / MILLION + _EACH * (size + len(known))  # reduced costs are right to 1e-6 of a million
    return found, value + min(share, 1.0) * reach


def _exact_sums(weights: FloatArray, rows: BoolArray, offset: FloatArray) -> FloatArray:
    """Return the weight of some rows in each scenario plus ``offset``, rounded only once."""
    return np.array([math.fsum([*weight[rows], shift]) for weight, shift in zip(weights, offset, strict=True)])


def _build_order(problem: Problem, game: _Game, base: FloatArray, sites: IntArray) -> IntArray:
    """Return sites ordered such that each raises the minimum of the scenarios most, or among equals their mean.

    Sites whose removal loses nothing in any scenario are dropped unless required, those that would be built last
    first; ties go to the lower index.
    """
    order = _by_gain(game, base, [int(column) for column in np.flatnonzero(np.isin(game.sites, sites))])
    columns = sparse.csc_array(game.cover)
    count = np.asarray(columns[:, order].sum(axis=1))
    needed = []
    for column in reversed(order):
        rows = columns.indices[columns.indptr[column] : columns.indptr[column + 1]]
        if problem.required[game.sites[column]] or (count[rows] == 1).any():
            needed.append(column)
        else:
            count[rows] -= 1
    return game.sites[_by_gain(game, base, sorted(needed))]


def _by_gain(game: _Game, base: FloatArray, columns: list[int]) -> list[int]:
    order: list[int] = []
    left = list(columns)
    while left:
        reached = _with_each(game, base, order)[left]
        best = int(np.lexsort((np.arange(len(left)), -reached.mean(axis=1), -reached.min(axis=1)))[0])
        order.append(left.pop(best))
    return order
