"""A small covering problem as a mixed-integer program, solved by HiGHS."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import FloatArray, IntArray
from stationplan.siting import highs
from stationplan.siting.core import Core

_SAFE = 1e-7
"""Margin on bounds of HiGHS, in the weight of all rows: it takes a value within 1e-6 of a whole number for whole."""


def finish(
    core: Core, best: ArrayLike, *, seconds: float, gap: float = 0.0, prices: FloatArray | None = None
) -> tuple[IntArray, float]:
    """Return the best choice that HiGHS finds within its time, from a choice, and its bound.

    Variables: y[j] = 1 when option j is chosen; z[i] and, where a second option counts, w[i] in [0, 1] with
    z[i] + w[i] <= sum of y[j] over the options that cover row i (Church and ReVelle 1974; Hogan and ReVelle 1986).
    ``prices`` are paid for each unit of a limit that is used. The core has no required options.

    >>> cover = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]], dtype=bool))
    >>> one, none = sparse.csr_array(np.ones((1, 3))), np.zeros(4)
    >>> core = Core(cover, np.array([2.0, 2.0, 1.0, 1.0]), none, none[:3], one, np.array([2.0]), np.empty(0, dtype=int))
    >>> finish(core, [0], seconds=60)[0].tolist()
    [1, 2]
    """
    best = np.asarray(best, dtype=np.int64)
    rows, options = core.cover.shape
    total = float(core.first.sum() + core.second.sum() + core.value.sum())
    if total <= 0 or not options:
        return best, total
    value = core.value if prices is None else core.value - core.limits.T @ prices
    unit = 2.0 ** (20 - np.ceil(np.log2(total)))
    twice = np.flatnonzero(core.second > 0)
    once = sparse.eye_array(rows, format="csr")
    counted = [-core.cover.astype(np.float64), once, once[:, twice]]
    limits = [core.limits, sparse.csr_array((len(core.most), rows + len(twice)))]
    matrix = sparse.csr_array(sparse.vstack([sparse.hstack(counted), sparse.hstack(limits)]))
    columns = matrix.shape[1]
    program = highs.Program(
        cost=np.concatenate([value, core.first, core.second[twice]]) * unit,
        lower=np.zeros(columns),
        upper=np.ones(columns),
        integer=np.arange(columns) < options,
        matrix=matrix,
        row_lower=np.full(matrix.shape[0], -np.inf),
        row_upper=np.concatenate([np.zeros(rows), core.most]),
    )
    chosen = np.zeros(options)
    chosen[best] = 1.0
    times = core.cover @ chosen
    answer = highs.solve(
        program, seconds=seconds, start=np.concatenate([chosen, times >= 1, times[twice] >= 2]).astype(float), gap=gap
    )
    limit = min(answer.bound / unit + _SAFE * total, total)
    if answer.values is None:
        return best, limit
    return np.flatnonzero(answer.values[:options] > 0.5), limit
