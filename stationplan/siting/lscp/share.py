"""The cheapest columns that cover a share of the weight."""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse

from stationplan.domain import BoolArray, IntArray
from stationplan.siting.base import highs
from stationplan.siting.base.answer import Clock
from stationplan.siting.base.scaling import power_of_two
from stationplan.siting.engine.framing import equal_rows
from stationplan.siting.lscp.dominance import undominated
from stationplan.siting.lscp.regions import split_bound
from stationplan.siting.lscp.share_prices import Share, share_prices
from stationplan.siting.lscp.share_search import search_share

_SEARCHING, _PRICING, _BRANCHING = 0.3, 0.5, 0.4
"""Shares of the remaining time after which the search, then pricing, then branch and cut end at the latest."""

_SAFE = 5e-7
"""Margin on bounds of HiGHS, as it accepts values within 1e-6 as integer and constraints within 1e-6 as met."""

_ENTRIES = 3_000_000
"""Entries of the problem left undecided by prices up to which branch and cut is tried."""


def cover_share(share: Share, *, clock: Clock) -> tuple[IntArray, float]:
    """Return columns that cover the needed weight at low cost, and a lower bound on the least cost.

    Partial set covering (Daskin and Owen 1999): minimise sum_j c_j y_j subject to z_i <= sum_j a_ij y_j, sum_i w_i z_i
    >= need, the same >= floor[d] over the rows of each district d, y in {0, 1}, z in [0, 1]. All columns together
    cover what is needed; weights and costs are > 0. Rows of one district with equal covers are merged, and dominated
    columns are dropped; what the prices of rows leave undecided is solved by branch and cut.
    """
    share, columns = _smaller(share)
    best = search_share(share, clock=clock.part(_SEARCHING))
    cost = float(share.costs[best].sum())
    priced = share_prices(share, goal=cost, clock=clock.part(_PRICING))
    whole = bool((share.costs == np.rint(share.costs)).all())
    # Only solutions cheaper than the best are of interest: none contains a column that the prices make too expensive,
    # and each contains the columns without which it would be too expensive.
    wanted = cost - 1 + 1e-6 if whole else cost * (1 - 1e-9)
    never, always = priced.bound + priced.left > wanted, priced.bound - priced.left > wanted
    bound = _rounded(priced.bound, whole)
    if bound <= wanted and not clock.over and share.cover[:, ~never].nnz <= _ENTRIES:
        found, proven = _branch(share, best, never, always, clock.part(_BRANCHING))
        if found is not None and share.met(found) and share.costs[found].sum() < cost:
            best = found
            cost = float(share.costs[found].sum())
        bound = max(bound, min(_rounded(proven, whole), cost))
    if bound <= wanted and bound < cost:
        enough = wanted - priced.given
        rows = priced.fine > 0
        split, _ = split_bound(
            sparse.csr_array(share.cover[rows]),
            share.costs,
            priced.price[rows],
            best,
            clock=clock,
            fine=priced.fine[rows],
            enough=enough,
        )
        bound = max(bound, min(_rounded(priced.given + split, whole), cost))
    return columns[best], bound


def _rounded(bound: float, whole: bool) -> float:
    """Return a bound on the cost, rounded up if costs are integers (``whole``)."""
    return math.ceil(bound - 1e-9 * abs(bound)) if whole and np.isfinite(bound) else bound


def _smaller(share: Share) -> tuple[Share, IntArray]:
    """Return a problem with equal rows merged and dominated columns dropped, and the original index of its columns."""
    _, group = equal_rows(share.cover)
    label = group * max(len(share.floor), 1) + share.district
    _, first, group = np.unique(label, return_index=True, return_inverse=True)
    cover = sparse.csr_array(share.cover[first])
    columns = undominated(cover, share.costs)
    cover = sparse.csr_array(cover[:, columns])
    cover.sort_indices()
    weights = np.bincount(group, share.weights).astype(np.float64)
    return Share(cover, weights, share.district[first], share.costs[columns], share.need, share.floor), columns


def _branch(
    share: Share, best: IntArray, never: BoolArray, always: BoolArray, clock: Clock
) -> tuple[IntArray | None, float]:
    """Return a solution without columns ``never`` and with columns ``always``, and a bound on the cost of any such."""
    covered = share.cover @ always.astype(np.int32) > 0
    rows = ~covered & (share.cover @ (~never).astype(np.int32) > 0)
    free = np.flatnonzero(~never & ~always)
    cover = sparse.csr_array(sparse.csr_array(share.cover[rows])[:, free]).astype(np.float64)
    weights, district = share.weights[rows], share.district[rows]
    count, sites = cover.shape
    given = float(share.costs[always].sum())
    if not count or not sites:
        only = np.flatnonzero(always)
        return (only, given) if share.met(only) else (None, np.inf)
    reached = np.bincount(share.district[covered], share.weights[covered], minlength=len(share.floor))
    least = np.append(share.floor - reached[: len(share.floor)], share.need - share.weights[covered].sum())
    # Each sum is brought close to a million, where the tolerances of HiGHS matter little. A row counts up to what is
    # needed of its sum, which excludes no choice of sites.
    needed = np.maximum(least, 0.0)
    unit = np.array([power_of_two(float(value)) for value in needed])
    measure = np.append(district, np.full(count, len(share.floor)))
    place = (measure, np.tile(np.arange(count), 2))
    each = np.minimum(np.append(weights if len(share.floor) else np.zeros(count), weights), needed[measure])
    each = each * unit[measure]
    sums = sparse.csr_array((each, place), (len(least), count))
    sums.eliminate_zeros()
    nothing = sparse.csr_array((sums.shape[0], sites))
    program = highs.Program(
        cost=np.concatenate([share.costs[free], np.zeros(count)]),
        lower=np.zeros(sites + count),
        upper=np.ones(sites + count),
        integer=np.arange(sites + count) < sites,
        matrix=sparse.csr_array(sparse.block_array([[-cover, sparse.eye_array(count)], [nothing, sums]])),
        row_lower=np.concatenate([np.full(count, -np.inf), needed * unit]),
        row_upper=np.concatenate([np.zeros(count), np.full(len(least), np.inf)]),
        maximise=False,
    )
    start = None
    chosen = np.zeros(len(share.costs), dtype=bool)
    chosen[best] = True
    if not (chosen & never).any() and not (always & ~chosen).any():
        start = np.concatenate([chosen[free], cover @ chosen[free].astype(np.float64) > 0]).astype(np.float64)
    answer = highs.solve(program, seconds=clock.left_s, start=start)
    if answer.status == "infeasible":
        return None, np.inf
    proven = given + answer.bound * (1 - _SAFE)
    if answer.values is None:
        return None, proven
    return np.concatenate([np.flatnonzero(always), free[answer.values[:sites] > 0.5]]), proven
