"""Problems on travel times, minutes [demand x site]: argument checks, and the direct evaluation of a choice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import BoolArray, FloatArray, IntArray
from stationplan.siting.base.arguments import Arguments, Matrix


@dataclass(frozen=True, eq=False)
class MinutesProblem:
    """A checked question: minutes, weights, the number of new sites and what is said of single sites.

    ``minutes`` is [row x site] CSR with sorted indices, in which a stored 0 is a travel time of 0 and an absent entry
    is out of reach; ``dense`` is whether it was given as a dense matrix. ``weights`` is [row]. ``existing``,
    ``required`` and ``forbidden`` are masks, [site].
    """

    minutes: sparse.csr_array
    dense: bool
    weights: FloatArray
    p: int
    existing: BoolArray
    required: BoolArray
    forbidden: BoolArray

    @property
    def standing(self) -> BoolArray:
        """Sites that are part of every choice: existing and required ones."""
        return self.existing | self.required

    @property
    def free(self) -> BoolArray:
        """Sites to choose from: neither existing nor required nor forbidden."""
        return ~(self.standing | self.forbidden)


def question(
    arguments: Arguments,
    minutes: Matrix,
    weights: ArrayLike | None,
    p: int,
    *,
    existing: ArrayLike | None,
    required: ArrayLike | None,
    forbidden: ArrayLike | None,
) -> MinutesProblem:
    """Return the question that a caller asks; faults are noted in ``arguments``, to be refused by the caller."""
    matrix, dense = _minutes(arguments, minutes)
    rows, sites = matrix.shape
    weight = np.ones(rows) if weights is None else arguments.vector("weights", weights, rows, "row")
    roles = (("existing", existing), ("required", required), ("forbidden", forbidden))
    masks = [arguments.mask(name, given, sites) for name, given in roles]
    if (masks[1] & masks[2]).any():
        arguments.add("a site is both required and forbidden")
    if (masks[0] & (masks[1] | masks[2])).any():
        arguments.add("an existing site is neither required nor forbidden")
    usable = int((~(masks[0] | masks[2])).sum())
    count = arguments.number("p", p, 0, usable, whole=True, most="the sites that may be chosen")
    return MinutesProblem(matrix, dense, weight, int(count), masks[0], masks[1], masks[2])


def _minutes(arguments: Arguments, given: Matrix) -> tuple[sparse.csr_array, bool]:
    """Return minutes as CSR that keeps stored zeros, and whether they were dense."""
    dense = not sparse.issparse(given)
    if not dense:
        # The conversion to CSR would silently sum repeated coordinates.
        stored = (
            sparse.coo_array(given) if getattr(given, "format", "") == "coo" else sparse.csr_array(given, copy=True)
        )
        matrix = sparse.csr_array(stored)
        matrix.sort_indices()
        if matrix.nnz < stored.nnz or not matrix.has_canonical_format:
            arguments.add("minutes has one entry for a row and a site")
    else:
        try:
            array = np.asarray(given)
        except ValueError:
            array = np.empty(0)
        if array.ndim != 2 or array.dtype.kind not in "biuf":
            arguments.add("minutes is a matrix of numbers [demand x site]")
            arguments.refuse()
        rows, sites = array.shape
        start = np.arange(rows + 1, dtype=np.int64) * sites
        matrix = sparse.csr_array((array.ravel(), np.tile(np.arange(sites), rows), start), array.shape)
    return arguments.matrix("minutes", matrix).astype(np.float64), dense


def nearest_minutes(minutes: sparse.csr_array, sites: ArrayLike, far: float) -> FloatArray:
    """Return the minutes of each row to the nearest of ``sites``, ``far`` if none is in reach, from the raw matrix."""
    chosen = np.zeros(minutes.shape[1], dtype=bool)
    chosen[np.asarray(sites, dtype=np.int64)] = True
    entry = np.flatnonzero(chosen[minutes.indices])
    row: IntArray = np.searchsorted(minutes.indptr, entry, side="right") - 1
    nearest = np.full(minutes.shape[0], float(far))
    np.minimum.at(nearest, row, minutes.data[entry])
    return nearest
