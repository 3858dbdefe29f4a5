"""The covering problem to which every coverage model is reduced, and the value of a choice."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import FloatArray, IntArray
from stationplan.siting.base.scaling import EXACT, MILLION

ROUNDING = EXACT * MILLION
"""Absolute tolerance of limits, for the rounding of sums of costs; limits that are counts are whole numbers."""


@dataclass(frozen=True, eq=False)
class Core:
    """The problem of choosing options that cover the most weight.

    With y in {0, 1}^options, and n[i] = sum over j of cover[i, j] y[j] the number of options that cover row i::

        maximise    sum_i first[i] [n[i] >= 1] + second[i] [n[i] >= 2] + value @ y
        subject to  limits @ y <= most
                    y[required] = 1

    Maximal covering (Church and ReVelle 1974) has ``second`` 0 and one limit, the number of sites; backup coverage
    (Hogan and ReVelle 1986) also counts a second station. A budget, one option per place, a minimum distance between
    sites, and the sites of a phase are limits. Sites that may not be chosen are not options. Limits are whole numbers,
    or scaled to about a million (:mod:`stationplan.siting.base.scaling`), so one absolute tolerance fits all.

    ``cover`` is boolean [row x option] CSR; ``first`` and ``second``, [row], are >= 0 with ``second <= first``, so that
    gains are never larger after further options are chosen; ``value``, [option], is >= 0. ``limits`` is
    [limit x option] CSR with entries > 0, ``most``, [limit], is >= 0. ``required`` are options within the limits.
    """

    cover: sparse.csr_array
    first: FloatArray
    second: FloatArray
    value: FloatArray
    limits: sparse.csr_array
    most: FloatArray
    required: IntArray

    def after(self, options: ArrayLike) -> Core:
        """Return the core with the remaining gains once the given options are chosen; limits do not change."""
        chosen = np.zeros(self.cover.shape[1], dtype=np.int32)
        chosen[np.asarray(options, dtype=np.int64)] = 1
        count = self.cover @ chosen
        first = np.select([count == 0, count == 1], [self.first, self.second], 0.0)
        return replace(self, first=first, second=np.where(count == 0, self.second, 0.0))

    def worth(self, options: ArrayLike) -> float:
        """Return the objective of a choice, computed directly from the matrix."""
        chosen = np.zeros(self.cover.shape[1], dtype=np.int32)
        chosen[np.asarray(options, dtype=np.int64)] = 1
        count = self.cover @ chosen
        covered = self.first[count >= 1].sum() + self.second[count >= 2].sum()
        return float(covered + self.value @ chosen)

    def allows(self, options: ArrayLike) -> bool:
        """Return whether a choice keeps the limits (tolerance ``ROUNDING``) and contains the required options."""
        chosen = np.zeros(self.cover.shape[1])
        chosen[np.asarray(options, dtype=np.int64)] = 1.0
        kept = self.limits @ chosen <= self.most + ROUNDING
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
