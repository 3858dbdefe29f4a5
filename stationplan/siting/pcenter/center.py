"""The p-center: sites that minimise the longest travel time (minutes) of any row, with a proven bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import FloatArray, IntArray, Solution
from stationplan.siting.base.answer import Clock, answered, unanswered
from stationplan.siting.base.arguments import Arguments, Matrix
from stationplan.siting.base.minutes import MinutesProblem, nearest_minutes, question
from stationplan.siting.engine.core import plain_core
from stationplan.siting.engine.greedy import build_order
from stationplan.siting.pcenter.decision import covering

_METHOD = "search over distances, set covering by Lagrangian relaxation, branch and bound"


def p_center(
    minutes: Matrix,
    p: int,
    *,
    weights: ArrayLike | None = None,
    existing: ArrayLike | None = None,
    required: ArrayLike | None = None,
    forbidden: ArrayLike | None = None,
    time_limit_s: float = 60.0,
) -> Solution:
    """Return at most ``p`` new sites that minimise the largest minutes of any row to its nearest site.

    Chosen and existing sites count. This is the p-center problem (Hakimi 1964), solved by the method of Minieka (1970):
    the optimum is one of the given minutes, and whether ``p`` sites cover every row within some minutes is a set
    covering problem. The distinct minutes are searched by bisection; each covering problem is reduced and solved by
    local search, Lagrangian relaxation and branch and bound.

    Parameters
    ----------
    minutes
        [demand x site], finite and >= 0. In a sparse matrix an absent entry is out of reach and a stored 0 is a
        travel time of 0; a dense matrix contains every pair.
    p
        Number of new sites, including required ones.
    weights
        Rows with a weight > 0 count, regardless of its size; by default all rows do.
    existing
        Existing sites, as a mask or indices: kept, and not counted.
    required, forbidden
        Sites that must be chosen, or must not be, as a mask or indices.
    time_limit_s
        Time limit of the search. When it is reached, the best choice so far is returned with its bound.

    Returns
    -------
    Solution
        New sites in build order: first those that bring most rows within the final minutes; sites that bring none are
        dropped. ``objective`` is the largest minutes of a row that counts (0 if none does), ``bound`` a proven lower
        bound. ``termination`` is ``infeasible`` if no choice reaches all rows, and ``time_limit`` with an objective of
        NaN if time ran out before such a choice was found.

    Raises
    ------
    ValueError
        All errors of the arguments, one per line.

    >>> answer = p_center([[0, 4, 9], [4, 0, 9], [9, 9, 1]], p=2)
    >>> answer.sites.tolist(), answer.objective, answer.bound, answer.termination
    ([0, 2], 4.0, 4.0, 'optimal')
    """
    clock = Clock(time_limit_s)
    arguments = Arguments()
    asked = question(arguments, minutes, weights, p, existing=existing, required=required, forbidden=forbidden)
    arguments.refuse()
    left = asked.p - int(asked.required.sum())
    if left < 0:
        return unanswered("infeasible", clock=clock, method=_METHOD)
    problem = _center(asked, left)
    columns, bound, infeasible = _search(problem, clock)
    if infeasible:
        return unanswered("infeasible", clock=clock, method=_METHOD)
    if columns is None:
        return unanswered("time_limit", clock=clock, method=_METHOD, bound=bound)
    return _solution(asked, problem.columns[columns], bound, clock)


@dataclass(frozen=True, eq=False)
class _Center:
    """The choice of at most ``p`` columns near every row, reduced to the rows that count and the sites to choose from.

    ``minutes`` is [row x column] CSR; ``base``, [row], are the minutes to existing and required sites; ``columns`` is
    the site of each column. ``radii`` are the possible values of the optimum, ascending.
    """

    minutes: sparse.csr_array
    base: FloatArray
    columns: IntArray
    radii: FloatArray
    p: int

    def cover(self, radius: float) -> sparse.csr_array:
        """Return which columns are within ``radius`` of each row that no existing or required site covers."""
        return _within(self.minutes[self.base > radius], radius)

    def reached(self, columns: IntArray) -> float:
        """Return the largest minutes of any row with the given columns."""
        return float(np.minimum(nearest_minutes(self.minutes, columns, np.inf), self.base).max(initial=0.0))


def _within(minutes: sparse.csr_array, radius: float) -> sparse.csr_array:
    kept = minutes.data <= radius
    start = np.concatenate([[0], np.cumsum(kept)])[minutes.indptr]
    return sparse.csr_array((kept[kept], minutes.indices[kept], start), shape=minutes.shape)


def _center(asked: MinutesProblem, p: int) -> _Center:
    counted = asked.weights > 0
    columns = np.flatnonzero(asked.free)
    minutes = sparse.csr_array(asked.minutes[counted][:, columns])
    base = nearest_minutes(asked.minutes, np.flatnonzero(asked.standing), np.inf)[counted]
    own = np.minimum(nearest_minutes(minutes, np.arange(len(columns)), np.inf), base)
    least = own.max(initial=0.0) if p else base.max(initial=0.0)
    row_base = np.repeat(base, np.diff(minutes.indptr))
    useful = minutes.data[(minutes.data >= least) & (minutes.data < row_base)] if p else minutes.data[:0]
    radii = np.unique(np.concatenate([useful, base[np.isfinite(base) & (base >= least)]]))
    return _Center(minutes, base, columns, radii, p)


def _search(problem: _Center, clock: Clock) -> tuple[IntArray | None, float, bool]:
    """Return the best columns (``None``: none found), the bound, and whether infeasibility is proven.

    During the search no choice is below the radius ``lowest``, and the best choice so far has the radius ``highest``,
    unless that is beyond the last radius.
    """
    radii = problem.radii
    if not len(problem.base):
        return np.empty(0, dtype=np.int64), 0.0, False
    best: IntArray | None = None
    lowest, highest, place = 0, len(radii), len(radii) - 1
    while lowest < highest:
        columns, refuted = covering(problem.cover(radii[place]), problem.p, clock)
        if columns is not None:
            best, highest = columns, int(np.searchsorted(radii, problem.reached(columns)))
        elif refuted:
            lowest = place + 1
        else:
            break
        if clock.over:
            break
        place = (lowest + highest) // 2
    bound = float(radii[lowest]) if lowest < len(radii) else np.inf
    return best, bound, lowest >= len(radii)


def _solution(asked: MinutesProblem, chosen: IntArray, bound: float, clock: Clock) -> Solution:
    """Return an answer in build order without sites that bring no row near, evaluated on the raw matrix."""
    counted = asked.weights > 0
    columns = np.union1d(chosen, np.flatnonzero(asked.required))
    standing = np.concatenate([np.flatnonzero(asked.existing), columns])
    radius = float(nearest_minutes(asked.minutes, standing, np.inf)[counted].max(initial=0.0))
    alone = nearest_minutes(asked.minutes, np.flatnonzero(asked.existing), np.inf)
    cover = _within(sparse.csr_array(asked.minutes[counted & (alone > radius)][:, columns]), radius)
    order, gains = build_order(plain_core(cover, np.ones(cover.shape[0]), len(columns)), np.arange(len(columns)))
    sites = columns[order[(gains > 0) | asked.required[columns[order]]]]
    standing = np.concatenate([np.flatnonzero(asked.existing), sites])
    objective = float(nearest_minutes(asked.minutes, standing, np.inf)[counted].max(initial=0.0))
    return answered(sites, objective, bound, clock=clock, method=_METHOD, minimise=True)
