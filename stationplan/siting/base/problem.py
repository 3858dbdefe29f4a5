"""A coverage problem as given by the caller: checked arguments, and the value of a choice by the matrix alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import BoolArray, FloatArray, IntArray
from stationplan.siting.base.arguments import Arguments, Matrix
from stationplan.siting.base.rules import CoverageRequirements, refuse_unknown
from stationplan.siting.base.scaling import EXACT, affordable


@dataclass(frozen=True, eq=False)
class Problem:
    """A checked coverage problem over raw rows and sites.

    ``cover``, [row x site] CSR, holds the share of a row that a site covers, in (0, 1]. ``existing``, ``closable``
    (some of the existing), ``required``, ``forbidden`` and ``counted`` are masks over sites; exactly ``close`` closable
    stations close. ``place[site]`` allows one new site for each number >= 0. At most one site of each pair of
    ``apart``, [pair x 2], may be used, unless both are existing. ``bonus`` and ``costs`` have one value per site.

    ``weights`` and ``district`` are [row]; ``district[row]`` indexes ``floor``, the least covered weight of a district.
    ``target`` and ``backup_target`` are the least weights covered once and twice in total.
    """

    cover: sparse.csr_array
    weights: FloatArray
    p: int | None
    counted: BoolArray
    budget: float | None
    costs: FloatArray
    existing: BoolArray
    closable: BoolArray
    close: int
    required: BoolArray
    forbidden: BoolArray
    place: IntArray
    apart: IntArray
    bonus: FloatArray
    backup: float
    district: IntArray
    floor: FloatArray
    target: float
    backup_target: float

    @property
    def free(self) -> BoolArray:
        """Sites that may be built."""
        return ~(self.existing | self.forbidden)


@dataclass(frozen=True, eq=False)
class Worth:
    """What a choice is worth: ``once`` and ``twice``, the weight covered by one station and by a second one.

    ``by_district`` is the weight covered once in each district with a floor; ``objective`` is the maximised value.
    """

    once: float
    twice: float
    by_district: FloatArray
    objective: float


def checked(
    cover: Matrix,
    weights: ArrayLike,
    *,
    p: int | None = None,
    budget: float | None = None,
    **rules: Unpack[CoverageRequirements],
) -> Problem:
    """Return the problem of a caller with all arguments checked and in one form.

    Raises
    ------
    TypeError
        A keyword argument is not a rule of :class:`CoverageRequirements`.
    ValueError
        All errors of the arguments, one per line.
    """
    refuse_unknown(rules, CoverageRequirements)
    costs, bonus, counted = rules.get("costs"), rules.get("bonus"), rules.get("counted")
    close, gradual, backup = rules.get("close", 0), rules.get("gradual", False), rules.get("backup", 0.0)
    target, backup_target = rules.get("target", 0.0), rules.get("backup_target", 0.0)
    arguments = Arguments()
    matrix = arguments.matrix("cover", cover, negative=not gradual)
    rows, sites = matrix.shape
    if gradual and matrix.nnz and matrix.data.max() > 1:
        arguments.add("cover of a gradual problem has shares from 0 to 1")
    weight = arguments.vector("weights", weights, rows, "row")
    cost = np.ones(sites) if costs is None else arguments.vector("costs", costs, sites, "site")
    extra = np.zeros(sites) if bonus is None else arguments.vector("bonus", bonus, sites, "site")
    stands, may_close, must, never = (
        arguments.mask(name, given, sites)
        for name, given in (
            ("existing", rules.get("existing")),
            ("closable", rules.get("closable")),
            ("required", rules.get("required")),
            ("forbidden", rules.get("forbidden")),
        )
    )
    counts = np.ones(sites, dtype=bool) if counted is None else arguments.mask("counted", counted, sites)
    if (must & never).any():
        arguments.add("a site is both required and forbidden")
    if (stands & (must | never)).any():
        arguments.add("an existing site is neither required nor forbidden")
    if (may_close & ~stands).any():
        arguments.add("closable sites are existing ones")
    arguments.number("close", close, 0, int(may_close.sum()), whole=True, most="the closable sites")
    if p is None and budget is None:
        arguments.add("give p, budget or both")
    if budget is not None:
        arguments.number("budget", budget, 0)
        if costs is None:
            arguments.add("a budget needs costs")
    if p is not None:
        usable = int((counts & ~(stands | never)).sum())
        arguments.number("p", p, 0, usable, whole=True, most="the sites that may be chosen")
    arguments.number("backup", backup, 0, 1)
    arguments.number("target", target, 0)
    arguments.number("backup_target", backup_target, 0)
    district_of, least = _districts(arguments, rules.get("district"), rules.get("floor"), rows)
    problem = Problem(
        cover=_shares(matrix, gradual),
        weights=weight,
        p=p,
        counted=counts,
        budget=budget,
        costs=cost,
        existing=stands,
        closable=may_close,
        close=close,
        required=must,
        forbidden=never,
        place=_places(arguments, rules.get("place"), sites),
        apart=_pairs(arguments, rules.get("apart"), sites),
        bonus=extra,
        backup=backup,
        district=district_of,
        floor=least,
        target=target,
        backup_target=backup_target,
    )
    arguments.refuse()
    return problem


def pays_required(problem: Problem) -> bool:
    """Return whether the required sites alone are within number and budget."""
    number, cost = int((problem.required & problem.counted).sum()), float(problem.costs[problem.required].sum())
    few = problem.p is None or number <= problem.p
    return few and affordable(cost, problem.budget)


def endless(problem: Problem) -> Problem:
    """Return a problem without floors and targets."""
    nowhere = np.zeros_like(problem.district)
    return replace(problem, district=nowhere, floor=np.zeros(0), target=0.0, backup_target=0.0)


def outcome(problem: Problem, sites: ArrayLike, closed: ArrayLike = ()) -> Worth:
    """Return what building ``sites`` and closing ``closed`` is worth, from the raw matrix alone."""
    standing = problem.existing.copy()
    standing[np.asarray(closed, dtype=np.int64)] = False
    chosen = np.asarray(sites, dtype=np.int64)
    standing[chosen] = True
    largest, second = _two_largest(problem.cover, standing)
    once, twice = largest * problem.weights, second * problem.weights
    covered, backed = float(once.sum()), float(twice.sum())
    return Worth(
        covered,
        backed,
        np.bincount(problem.district, once, minlength=len(problem.floor))[: len(problem.floor)].astype(np.float64),
        covered + problem.backup * backed + float(problem.bonus[chosen].sum()),
    )


def _two_largest(cover: sparse.csr_array, standing: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return the largest and the second largest share of each row among the sites ``standing``, 0 if there is none."""
    if cover.dtype == bool:
        count = cover @ standing.astype(np.int32)
        return (count >= 1).astype(np.float64), (count >= 2).astype(np.float64)
    part = cover[:, np.flatnonzero(standing)].tocoo()
    order = np.lexsort([-part.data, part.row])
    row, share = part.row[order], part.data[order]
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    once, twice = np.zeros(cover.shape[0]), np.zeros(cover.shape[0])
    once[row[rank == 0]] = share[rank == 0]
    twice[row[rank == 1]] = share[rank == 1]
    return once, twice


def judged(problem: Problem, sites: ArrayLike, closed: ArrayLike = ()) -> Worth | None:
    """Return what building ``sites`` and closing ``closed`` is worth; ``None`` if it breaks a rule (to 1e-9)."""
    worth = outcome(problem, sites, closed)
    return worth if _keeps_rules(problem, worth, sites, closed) else None


def allowed(problem: Problem, sites: ArrayLike, closed: ArrayLike = ()) -> bool:
    """Return whether building ``sites`` and closing ``closed`` keeps every rule, with a relative tolerance of 1e-9."""
    return judged(problem, sites, closed) is not None


def _keeps_rules(problem: Problem, worth: Worth, sites: ArrayLike, closed: ArrayLike) -> bool:
    chosen, shut = np.asarray(sites, dtype=np.int64), np.asarray(closed, dtype=np.int64)
    mask = np.zeros(len(problem.costs), dtype=bool)
    mask[chosen] = True
    if not problem.free[chosen].all() or not mask[problem.required].all():
        return False
    if not problem.closable[shut].all() or len(np.unique(shut)) != problem.close:
        return False
    if problem.p is not None and int(problem.counted[chosen].sum()) > problem.p:
        return False
    if not affordable(float(problem.costs[chosen].sum()), problem.budget):
        return False
    places = problem.place[chosen]
    places = places[places >= 0]
    mask |= problem.existing
    mask[shut] = False
    near = problem.apart[~problem.existing[problem.apart].all(axis=1)]
    if len(np.unique(places)) < len(places) or mask[near].all(axis=1).any():
        return False
    return bool(
        (worth.by_district >= problem.floor * (1 - EXACT)).all()
        and worth.once >= problem.target * (1 - EXACT)
        and worth.twice >= problem.backup_target * (1 - EXACT)
    )


def boolean_cover(cover: Matrix) -> sparse.csr_array:
    """Return a cover matrix as boolean CSR without stored zeros or repeated entries; not copied if it already is."""
    if isinstance(cover, sparse.csr_array) and cover.dtype == bool and cover.has_canonical_format and cover.data.all():
        return cover
    matrix = sparse.csr_array(sparse.csr_array(cover, copy=True) != 0)  # comparing sorts in place
    matrix.sum_duplicates()
    return matrix


def _shares(matrix: sparse.csr_array, gradual: bool) -> sparse.csr_array:
    if not gradual:
        return boolean_cover(matrix)
    shares = sparse.csr_array(matrix, dtype=np.float64, copy=True)
    shares.sum_duplicates()
    shares.eliminate_zeros()
    return shares


def _places(arguments: Arguments, given: ArrayLike | None, sites: int) -> IntArray:
    if given is None:
        return np.full(sites, -1, dtype=np.int64)
    places = np.asarray(given)
    if places.shape != (sites,) or places.dtype.kind not in "iu":
        arguments.add(f"place has one whole number a site: {sites}, negative for none")
        return np.full(sites, -1, dtype=np.int64)
    return places.astype(np.int64)


def _pairs(arguments: Arguments, given: ArrayLike | None, sites: int) -> IntArray:
    nothing = np.empty((0, 2), dtype=np.int64)
    if given is None or np.size(np.asarray(given)) == 0:
        return nothing
    pairs = np.asarray(given)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        arguments.add("apart is [pair x 2] site indices")
    elif pairs.min() < 0 or pairs.max() >= sites or (pairs[:, 0] == pairs[:, 1]).any():
        arguments.add(f"apart holds pairs of different site indices from 0 to {sites - 1}")
    else:
        return pairs.astype(np.int64)
    return nothing


def _districts(
    arguments: Arguments, district: ArrayLike | None, floor: ArrayLike | None, rows: int
) -> tuple[IntArray, FloatArray]:
    """Return ``district`` and ``floor``, checked; without floors all rows have district 0, and ``floor`` is empty."""
    nothing = np.zeros(rows, dtype=np.int64), np.zeros(0)
    if (district is None) != (floor is None):
        arguments.add("district and floor come together")
    if district is None or floor is None:
        return nothing
    given, least = np.asarray(district, dtype=np.float64), np.asarray(floor, dtype=np.float64)
    whole = bool(np.isfinite(given).all() and (given == np.rint(given)).all())
    if given.shape != (rows,) or not whole or (rows and not 0 <= given.min() <= given.max() < len(least)):
        arguments.add("district has one index into floor a row")
    elif not (np.isfinite(least).all() and (least >= 0).all()):
        arguments.add("floor is finite and >= 0")
    else:
        return given.astype(np.int64), least
    return nothing
