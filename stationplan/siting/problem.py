"""A covering problem on plain matrices: checked, and reduced to what decides it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import BoolArray, FloatArray, IntArray
from stationplan.siting.arguments import Arguments, Matrix


@dataclass(frozen=True)
class CoverProblem:
    """A checked maximal covering problem.

    ``cover`` is boolean [row x site] CSR; ``costs`` one value a site; ``existing``, ``required`` and ``forbidden``
    masks over sites. ``district[row]`` and ``floor[district]`` (least covered weight) state equity floors.
    """

    cover: sparse.csr_array
    weights: FloatArray
    p: int | None
    budget: float | None
    costs: FloatArray
    existing: BoolArray
    required: BoolArray
    forbidden: BoolArray
    district: IntArray
    floor: FloatArray

    @property
    def free(self) -> BoolArray:
        """Sites that may be chosen."""
        return ~(self.existing | self.forbidden)


def boolean_cover(cover: Matrix) -> sparse.csr_array:
    """Return a cover matrix as boolean CSR without stored zeros or repeated entries."""
    matrix = sparse.csr_array(sparse.csr_array(cover, copy=True) != 0)  # comparing sorts in place
    matrix.sum_duplicates()
    return matrix


def cover_problem(
    cover: Matrix,
    weights: ArrayLike,
    *,
    p: int | None,
    budget: float | None,
    costs: ArrayLike | None,
    existing: ArrayLike | None,
    required: ArrayLike | None,
    forbidden: ArrayLike | None,
    district: ArrayLike | None,
    floor: ArrayLike | None,
) -> CoverProblem:
    """Check everything a caller gave and return it in one form.

    Raises
    ------
    ValueError
        Every fault of the arguments, one a line.
    """
    arguments = Arguments()
    matrix = arguments.matrix("cover", cover)
    rows, sites = matrix.shape
    weight = arguments.vector("weights", weights, rows, "row")
    cost = np.ones(sites) if costs is None else arguments.vector("costs", costs, sites, "site")
    roles = (("existing", existing), ("required", required), ("forbidden", forbidden))
    masks = [arguments.mask(name, given, sites) for name, given in roles]
    if (masks[1] & masks[2]).any():
        arguments.add("a site is both required and forbidden")
    if (masks[0] & (masks[1] | masks[2])).any():
        arguments.add("an existing site is neither required nor forbidden")
    usable = int((~(masks[0] | masks[2])).sum())
    if p is None and budget is None:
        arguments.add("give p, budget or both")
    if budget is not None and costs is None:
        arguments.add("a budget needs costs")
    if p is not None:
        arguments.number("p", p, 0, usable, whole=True, most="the sites that may be chosen")
    if budget is not None:
        arguments.number("budget", budget, 0)
    district_given = np.zeros(rows) if district is None else np.asarray(district, dtype=np.float64)
    whole = bool(np.isfinite(district_given).all() and (district_given == np.rint(district_given)).all())
    district_of = district_given.astype(np.int64) if whole else np.full(district_given.shape, -1)
    least = np.zeros(0) if floor is None else np.asarray(floor, dtype=np.float64)
    if (district is None) != (floor is None):
        arguments.add("district and floor come together")
    elif floor is not None and (
        district_of.shape != (rows,) or (rows and not 0 <= district_of.min() <= district_of.max() < len(least))
    ):
        arguments.add("district has one index into floor a row")
    elif floor is not None and not (np.isfinite(least).all() and (least >= 0).all()):
        arguments.add("floor is finite and >= 0")
    arguments.refuse()
    return CoverProblem(
        boolean_cover(matrix), weight, p, budget, cost, masks[0], masks[1], masks[2], district_of, least
    )


@dataclass(frozen=True)
class Reduced:
    """What is left to decide: rows that existing stations leave open, those with equal covers merged.

    ``cover`` is [group of rows x free site] CSR, ``sites`` the original index of each of its columns. ``secured`` is
    the weight existing stations cover already, ``secured_in[district]`` the same by district.
    """

    cover: sparse.csr_array
    weights: FloatArray
    district: IntArray
    sites: IntArray
    secured: float
    secured_in: FloatArray


def reduce(problem: CoverProblem) -> Reduced:
    """Drop rows that are covered already, weigh nothing or cannot be covered, and merge rows with equal covers.

    Rows of different districts stay apart when there are floors.
    """
    count = len(problem.floor)
    covered = (problem.cover @ problem.existing.astype(np.int32)) > 0
    secured_in = np.bincount(problem.district[covered], problem.weights[covered], minlength=count)[:count].astype(
        np.float64
    )
    sites = np.flatnonzero(problem.free)
    cover = problem.cover[:, sites]
    open_rows = ~covered & (problem.weights > 0) & (np.diff(cover.indptr) > 0)
    cover = sparse.csr_array(cover[open_rows])
    weights, district = problem.weights[open_rows], problem.district[open_rows]
    representative, group = equal_rows(cover, district if count else np.zeros(len(weights), dtype=np.int64))
    return Reduced(
        cover=sparse.csr_array(cover[representative]),
        weights=np.bincount(group, weights, minlength=len(representative)).astype(np.float64),
        district=district[representative],
        sites=sites,
        secured=float(problem.weights[covered].sum()),
        secured_in=secured_in,
    )


def equal_rows(cover: sparse.csr_array, label: IntArray) -> tuple[IntArray, IntArray]:
    """Return one representative for each set of rows with equal covers and labels, and each row's set.

    Rows are grouped by two random 64-bit sums over their sites, then compared entry by entry.
    """
    cover = cover.sorted_indices()
    rng = np.random.default_rng(20260101)
    keys = rng.integers(0, 2**64, size=(cover.shape[1], 2), dtype=np.uint64)
    sums = np.zeros((cover.shape[0], 2), dtype=np.uint64)
    length = np.diff(cover.indptr)
    filled = np.flatnonzero(length > 0)
    if len(filled):
        sums[filled] = np.add.reduceat(keys[cover.indices], cover.indptr[filled], axis=0)
    fingerprint = np.column_stack([sums, label.astype(np.uint64), length.astype(np.uint64)])
    _, representative, group = np.unique(fingerprint, axis=0, return_index=True, return_inverse=True)
    group = group.ravel()
    entry_row = np.repeat(np.arange(cover.shape[0]), length)
    offset = np.arange(len(cover.indices)) - cover.indptr[entry_row]
    twin = cover.indices[cover.indptr[representative[group[entry_row]]] + offset]
    if not np.array_equal(twin, cover.indices):  # pragma: no cover - two independent 64-bit collisions
        representative, group = np.arange(cover.shape[0]), np.arange(cover.shape[0])
    return representative.astype(np.int64), group.astype(np.int64)


def covered_weight(cover: sparse.csr_array, weights: FloatArray, sites: Sequence[int] | IntArray) -> float:
    """Return the weight of the rows that at least one of the sites covers, straight from the raw matrix."""
    chosen = np.zeros(cover.shape[1], dtype=np.int32)
    chosen[np.asarray(sites, dtype=np.int64)] = 1
    return float(weights[(cover @ chosen) > 0].sum())
