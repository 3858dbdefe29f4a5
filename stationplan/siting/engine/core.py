"""The one covering problem that every coverage model comes down to, and its value for a choice."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Core:
    """Choose options to cover the most weight.

    With y in {0, 1}^options, and n[i] = sum over j of cover[i, j] y[j] options that cover row i::

        maximise    sum_i first[i] [n[i] >= 1] + second[i] [n[i] >= 2] + value @ y
        subject to  limits @ y <= most
                    y[required] = 1

    Maximal covering (Church and ReVelle 1974) has ``second`` 0 and one limit, the number of sites; backup coverage
    (Hogan and ReVelle 1986) counts a second station too. A budget, one option a place, a least distance between sites
    and sites of a phase are limits. What may not be chosen is no option.

    ``cover`` is boolean [row x option] CSR; ``first`` and ``second``, [row], are >= 0 with ``second <= first``, so that
    a further option never adds more than it would have added before; ``value``, [option], is >= 0. ``limits`` is
    [limit x option] CSR with entries > 0, ``most`` is >= 0. ``required`` are options within the limits.
    """

    cover: sparse.csr_array
    first: FloatArray
    second: FloatArray
    value: FloatArray
    limits: sparse.csr_array
    most: FloatArray
    required: IntArray

    def after(self, options: ArrayLike) -> Core:
        """Return what is left to gain once some options are chosen; limits are as before."""
        chosen = np.zeros(self.cover.shape[1], dtype=np.int32)
        chosen[np.asarray(options, dtype=np.int64)] = 1
        count = self.cover @ chosen
        first = np.select([count == 0, count == 1], [self.first, self.second], 0.0)
        return replace(self, first=first, second=np.where(count == 0, self.second, 0.0))

    def worth(self, options: ArrayLike) -> float:
        """Return the objective of a choice, straight from the matrix."""
        chosen = np.zeros(self.cover.shape[1], dtype=np.int32)
        chosen[np.asarray(options, dtype=np.int64)] = 1
        count = self.cover @ chosen
        covered = self.first[count >= 1].sum() + self.second[count >= 2].sum()
        return float(covered + self.value @ chosen)

    def allows(self, options: ArrayLike) -> bool:
        """Return whether a choice keeps the limits (to a relative 1e-9) and holds what is required."""
        chosen = np.zeros(self.cover.shape[1])
        chosen[np.asarray(options, dtype=np.int64)] = 1.0
        kept = self.limits @ chosen <= self.most * (1 + 1e-9) + 1e-9
        return bool(kept.all() and (chosen[self.required] == 1).all())


def plain_core(cover: sparse.csr_array, weights: FloatArray, number: int) -> Core:
    """Return the core of plain maximal covering with at most ``number`` options.

    >>> cover = sparse.csr_array(np.eye(2, dtype=bool))
    >>> plain_core(cover, np.array([3.0, 4.0]), 1).worth([1])
    4.0
    """
    rows, options = cover.shape
    one = sparse.csr_array(np.ones((1, options)))
    nothing = np.empty(0, dtype=np.int64)
    return Core(cover, weights, np.zeros(rows), np.zeros(options), one, np.array([float(number)]), nothing)
