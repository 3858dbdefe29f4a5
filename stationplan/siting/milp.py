"""The maximal covering model as a mixed-integer program, solved by HiGHS."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from stationplan.domain import FloatArray, Termination
from stationplan.siting import highs
from stationplan.siting.highs import Program
from stationplan.siting.problem import CoverProblem, Reduced


@dataclass(frozen=True)
class MilpResult:
    """What HiGHS answers: chosen columns of ``Reduced.cover``, best bound on the covered weight, how it ended.

    ``share`` is the floor reached when that was the question. ``sites`` is ``None`` when HiGHS holds no answer. A
    failure of the solver ends as ``feasible`` with the bound ``inf``: it proves nothing.
    """

    sites: list[int] | None
    bound: float
    termination: Termination
    share: float


def solve(
    problem: CoverProblem,
    reduced: Reduced,
    *,
    start: list[int] | None,
    time_limit_s: float,
    floor_totals: FloatArray | None = None,
) -> MilpResult:
    """Maximise the covered weight of a reduced problem, secured weight included.

    Variables: y_j = 1 when site j is chosen; z_i in [0, 1], z_i <= sum of y_j over the sites j that cover i (Church and
    ReVelle 1974). With ``floor_totals`` the question becomes how high one floor can be for all districts: the
    largest t in [0, 1] with covered weight of district d >= t * floor_totals[d].
    """
    rows, sites = reduced.cover.shape
    raising = floor_totals is not None
    columns = sites + rows + int(raising)
    # A power of two takes any unit of weight near a million in all, where the solver's absolute tolerances mean
    # little, and changes no digit.
    total = float(reduced.weights.sum())
    unit = 2.0 ** (20 - math.ceil(math.log2(total))) if total > 0 else 1.0
    constraints = [sparse.hstack([-reduced.cover.astype(np.float64), sparse.eye_array(rows)])]
    lower, upper = [np.full(rows, -np.inf)], [np.zeros(rows)]
    if problem.p is not None:
        constraints.append(
            sparse.csr_array((np.ones(sites), (np.zeros(sites, int), np.arange(sites))), (1, sites + rows))
        )
        lower.append(np.array([-np.inf]))
        upper.append(np.array([float(problem.p)]))
    if problem.budget is not None:
        costs = problem.costs[reduced.sites]
        constraints.append(sparse.csr_array((costs, (np.zeros(sites, int), np.arange(sites))), (1, sites + rows)))
        lower.append(np.array([-np.inf]))
        upper.append(np.array([problem.budget]))
    districts = len(problem.floor)
    if districts:
        place = (reduced.district, sites + np.arange(rows))
        constraints.append(sparse.csr_array((reduced.weights * unit, place), (districts, sites + rows)))
        lower.append(unit * (-reduced.secured_in if raising else problem.floor - reduced.secured_in))
        upper.append(np.full(districts, np.inf))
    matrix = sparse.vstack(constraints, format="csr")
    objective = np.concatenate([np.zeros(sites), reduced.weights * unit])
    if floor_totals is not None:
        shares = np.zeros(matrix.shape[0])
        shares[-districts:] = -floor_totals * unit
        matrix = sparse.hstack([matrix, sparse.csr_array(shares[:, None])], format="csr")
        objective = np.concatenate([np.zeros(sites + rows), [1.0]])
    matrix = sparse.csr_array(matrix)
    program = Program(
        cost=objective,
        lower=np.concatenate([problem.required[reduced.sites].astype(float), np.zeros(columns - sites)]),
        upper=np.ones(columns),
        integer=np.arange(columns) < sites,
        matrix=matrix,
        row_lower=np.concatenate(lower),
        row_upper=np.concatenate(upper),
    )
    guess = None
    if start is not None:
        chosen = np.zeros(sites)
        chosen[start] = 1.0
        guess = np.concatenate([chosen, (reduced.cover @ chosen > 0).astype(float), np.zeros(int(raising))])
    answer = highs.solve(program, seconds=time_limit_s, start=guess)
    picked = None if answer.values is None else answer.values[:sites]
    return MilpResult(
        sites=None if picked is None else [int(site) for site in np.flatnonzero(picked > 0.5)],
        bound=reduced.secured + answer.bound / unit,
        termination=answer.status,
        share=answer.objective if picked is not None and raising else 0.0,
    )
