"""A small covering problem as a mixed-integer program, solved by HiGHS."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import FloatArray, IntArray
from stationplan.siting.base import highs
from stationplan.siting.engine.core import Core
from stationplan.siting.engine.program import cover_program

_SAFE = 1e-12
"""Margin on bounds of HiGHS for each variable, relative to the total weight: reduced costs are right to 1e-6 of a
million."""


def finish(
    core: Core, best: ArrayLike, *, seconds: float, gap: float = 0.0, prices: FloatArray | None = None
) -> tuple[IntArray, float]:
    """Return the best choice that HiGHS finds within ``seconds``, starting from ``best``, and its bound.

    The program is that of :func:`~stationplan.siting.engine.program.cover_program`. ``prices``, [limit], are paid for
    each unit of a limit that is used. The core has no required options.

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
    base = cover_program(core, sparse.csr_array((0, 2 * rows)), np.empty(0))
    program = base.program
    if prices is not None:
        cost = program.cost.copy()
        cost[:options] -= (core.limits.T @ prices) * base.unit
        program = replace(program, cost=cost)
    answer = highs.solve(program, seconds=seconds, start=base.values(best), gap=gap)
    limit = min(answer.bound / base.unit + _SAFE * total * len(program.cost), total)
    found = base.options(answer)
    return (best if found is None else found), limit
