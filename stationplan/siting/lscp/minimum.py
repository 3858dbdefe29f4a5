"""The fewest or cheapest stations that cover all demand, or a share of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import BoolArray, IntArray, Solution
from stationplan.siting.base.answer import Clock, answered, unanswered
from stationplan.siting.base.arguments import Arguments, Matrix
from stationplan.siting.base.problem import Problem, checked
from stationplan.siting.base.scaling import EXACT
from stationplan.siting.engine.core import plain_core
from stationplan.siting.engine.greedy import build_order
from stationplan.siting.lscp.share import cover_share
from stationplan.siting.lscp.share_prices import Share
from stationplan.siting.lscp.whole import cover_all

_ALL = "dominance, row weighting swaps, prices of rows, regions by branch and cut"
_SHARE = "row aggregation, ruin and recreate, prices of rows, branch and cut"


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
    """Return the cheapest new sites with which enough of the weight is covered; the fewest if all cost the same.

    Location set covering problem (Toregas et al. 1971) for ``target = 1``: minimise sum cost y over y in {0, 1}^sites
    such that each row of weight > 0 is covered by a chosen or existing site. Partial covering (Daskin and Owen 1999)
    otherwise: the covered weight is at least ``target`` of the total. In both, y = 1 for required and y = 0 for
    forbidden sites, and the covered weight is at least floor[d] in every district d.

    Parameters
    ----------
    cover
        [demand x site], sparse or dense; a non-zero entry means covered.
    weights
        Weight of each row, [demand], finite and >= 0; default 1.
    target
        Share of the total weight to cover, from 0 to 1. Rows that no site covers count in the total.
    costs
        Cost of each site, [site], finite and >= 0; default 1, so that the objective is a number of sites.
    existing
        Existing sites, as a mask or indices: kept, and without cost.
    required, forbidden
        Sites that must be chosen, or must not be, as a mask or indices; required ones cost.
    district, floor
        Equity floors: ``district[row]`` indexes ``floor``, the least covered weight of a district.
    time_limit_s
        Time limit. When it is reached, the best solution so far is returned with its bound.

    Returns
    -------
    Solution
        New sites in build order, the largest new weight first. ``objective`` is their cost, ``bound`` a lower bound on
        the least cost, an integer if all costs are. ``termination`` is ``infeasible`` if all sites together are not
        enough: :func:`most_coverable` returns how much they cover.

    Raises
    ------
    ValueError
        All errors of the arguments, one per line.

    >>> answer = min_stations([[1, 0, 0], [1, 1, 0], [0, 1, 1]], [5, 1, 1])
    >>> answer.sites.tolist(), answer.objective, answer.termination
    ([0, 1], 2.0, 'optimal')
    >>> min_stations([[1, 0, 0], [1, 1, 0], [0, 1, 1]], [5, 1, 1], target=0.8).sites.tolist()
    [0]
    """
    clock = Clock(time_limit_s)
    arguments = Arguments()
    matrix = arguments.matrix("cover", cover, negative=True)
    arguments.number("target", target, 0, 1)
    problem = arguments.with_those_of(
        lambda: checked(
            matrix,
            np.ones(matrix.shape[0]) if weights is None else weights,
            budget=np.inf,
            costs=np.ones(matrix.shape[1]) if costs is None else costs,
            existing=existing,
            required=required,
            forbidden=forbidden,
            district=district,
            floor=floor,
        )
    )
    method = _SHARE if target < 1 else _ALL
    if not _enough(problem, target, ~problem.forbidden):
        return unanswered("infeasible", clock=clock, method=method)
    must = np.flatnonzero(problem.required)
    # Scaling by a power of two brings costs close to 1, where the tolerances of HiGHS matter little, and changes no
    # digit; integer costs are not scaled.
    paid = problem.costs[problem.free & (problem.costs > 0)]
    whole = bool((paid == np.rint(paid)).all())
    unit = 1.0 if whole else 2.0 ** np.floor(np.log2(paid.mean()))
    scaled = replace(problem, costs=problem.costs / unit)
    columns, bound = (_all if target == 1 else _share_of)(scaled, target, clock)
    sites = _in_build_order(problem, _needed(problem, target, np.union1d(must, columns)))
    chosen = problem.existing.copy()
    chosen[sites] = True
    bound = bound * unit + float(problem.costs[must].sum())
    if not _enough(problem, target, chosen):  # pragma: no cover - solutions are enough by construction
        return unanswered("time_limit", clock=clock, method=method, bound=bound)
    return answered(sites, float(problem.costs[sites].sum()), bound, clock=clock, method=method, minimise=True)


def most_coverable(cover: Matrix, weights: ArrayLike | None = None, *, forbidden: ArrayLike | None = None) -> float:
    """Return the share of the weight that all sites together cover, including existing ones; 1 if all weights are 0.

    Arguments as for :func:`min_stations`.

    Raises
    ------
    ValueError
        All errors of the arguments, one per line.

    >>> most_coverable([[1, 0], [0, 1], [0, 0]], [2, 1, 1], forbidden=[1])
    0.5
    """
    arguments = Arguments()
    matrix = arguments.matrix("cover", cover, negative=True)
    rows, sites = matrix.shape
    weight = np.ones(rows) if weights is None else arguments.vector("weights", weights, rows, "row")
    usable = ~arguments.mask("forbidden", forbidden, sites)
    arguments.refuse()
    total = float(weight.sum())
    reached = float(weight[(matrix != 0) @ usable.astype(np.int32) > 0].sum())
    return reached / total if total > 0 else 1.0


def _enough(problem: Problem, target: float, standing: BoolArray) -> bool:
    """Return whether the stations ``standing`` meet target and floors, from the raw matrix."""
    covered = problem.cover @ standing.astype(np.int32) > 0
    total = float(problem.weights.sum())
    there = np.bincount(problem.district[covered], problem.weights[covered], minlength=len(problem.floor))
    if (there[: len(problem.floor)] < problem.floor * (1 - EXACT)).any():
        return False
    if target == 1:
        return bool(covered[problem.weights > 0].all())
    return bool(problem.weights[covered].sum() >= target * total * (1 - EXACT))


def _open_rows(problem: Problem) -> BoolArray:
    """Return a mask of the rows with weight that neither existing nor required sites cover."""
    given = (problem.existing | problem.required).astype(np.int32)
    return np.asarray((problem.cover @ given == 0) & (problem.weights > 0))


def _all(problem: Problem, _target: float, clock: Clock) -> tuple[IntArray, float]:
    """Return additional sites that cover every row, and a lower bound on their cost."""
    sites = np.flatnonzero(problem.free & ~problem.required)
    cover = sparse.csr_array(sparse.csr_array(problem.cover[_open_rows(problem)])[:, sites])
    if not cover.shape[0]:
        return np.zeros(0, dtype=np.int64), 0.0
    columns, bound = cover_all(cover, problem.costs[sites], clock=clock)
    return sites[columns], bound


def _share_of(problem: Problem, target: float, clock: Clock) -> tuple[IntArray, float]:
    """Return additional sites that cover enough weight, sites without cost first, and a lower bound on their cost."""
    gratis = problem.free & (problem.costs == 0)
    given = problem.existing | problem.required | gratis
    total = float(problem.weights.sum())
    covered = problem.cover @ given.astype(np.int32) > 0
    there = np.bincount(problem.district[covered], problem.weights[covered], minlength=len(problem.floor))
    need = target * total * (1 - EXACT) - float(problem.weights[covered].sum())
    floor = problem.floor * (1 - EXACT) - there[: len(problem.floor)]
    if need <= 0 and (floor <= 0).all():
        return np.flatnonzero(gratis), 0.0
    sites = np.flatnonzero(problem.free & ~given)
    cover = sparse.csr_array(problem.cover[:, sites])
    rows = ~covered & (problem.weights > 0) & (np.diff(cover.indptr) > 0)
    share = Share(
        sparse.csr_array(cover[rows]), problem.weights[rows], problem.district[rows], problem.costs[sites], need, floor
    )
    columns, bound = cover_share(share, clock=clock)
    return np.concatenate([np.flatnonzero(gratis), sites[columns]]), bound


def _needed(problem: Problem, target: float, sites: IntArray) -> IntArray:
    """Return the sites that are needed; the most expensive are tested first, of equal ones those covering least."""
    by_site = problem.cover.tocsc()
    standing = problem.existing.copy()
    standing[sites] = True
    times = problem.cover @ standing.astype(np.int32)
    weights = problem.weights
    total = float(weights.sum())
    spare = float(weights[times > 0].sum()) - target * total * (1 - EXACT)
    there = np.bincount(problem.district[times > 0], weights[times > 0], minlength=len(problem.floor))
    left = there[: len(problem.floor)] - problem.floor * (1 - EXACT)
    size = by_site[:, sites].astype(np.float64).T @ weights
    dropped = set()
    for at in np.lexsort([sites, size, -problem.costs[sites]]):
        site = sites[at]
        if problem.required[site]:
            continue
        rows = by_site.indices[by_site.indptr[site] : by_site.indptr[site + 1]]
        lost = rows[(times[rows] == 1) & (weights[rows] > 0)]
        if len(lost) and target == 1:
            continue
        gone = float(weights[lost].sum())
        gone_there = np.bincount(problem.district[lost], weights[lost], minlength=len(left))[: len(left)]
        if gone > spare or (gone_there > left).any():
            continue
        spare, left = spare - gone, left - gone_there
        times[rows] -= 1
        dropped.add(int(site))
    return np.array([site for site in sites if int(site) not in dropped], dtype=np.int64)


def _in_build_order(problem: Problem, sites: IntArray) -> IntArray:
    """Return the sites with the largest new weight first; ties go to the lower index."""
    left = np.where(problem.cover @ problem.existing.astype(np.int32) > 0, 0.0, problem.weights)
    core = plain_core(sparse.csr_array(problem.cover[:, sites]), left, len(sites))
    order, _ = build_order(core, np.arange(len(sites)))
    return np.asarray(sites[order], dtype=np.int64)
