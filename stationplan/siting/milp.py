"""The maximal covering model as a mixed-integer program, solved by HiGHS."""

from __future__ import annotations

import math
from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from stationplan.domain import FloatArray, Termination
from stationplan.errors import ConsistencyError
from stationplan.siting.problem import CoverProblem, Reduced

_TERMINATIONS: dict[highspy.HighsModelStatus, Termination] = {
    highspy.HighsModelStatus.kOptimal: "optimal",
    highspy.HighsModelStatus.kTimeLimit: "time_limit",
    highspy.HighsModelStatus.kInfeasible: "infeasible",
    highspy.HighsModelStatus.kUnboundedOrInfeasible: "infeasible",
}


SOLVER_SEED = 0


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
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = columns, matrix.shape[0]
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = objective
    lp.offset_ = 0.0
    lp.col_lower_ = np.concatenate([problem.required[reduced.sites].astype(float), np.zeros(columns - sites)])
    lp.col_upper_ = np.ones(columns)
    lp.row_lower_, lp.row_upper_ = np.concatenate(lower), np.concatenate(upper)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    kinds = [highspy.HighsVarType.kInteger] * sites + [highspy.HighsVarType.kContinuous] * (columns - sites)
    lp.integrality_ = kinds
    highs = highspy.Highs()
    for option, value in {
        "output_flag": False,
        "threads": 1,
        "random_seed": SOLVER_SEED,
        "mip_rel_gap": 0.0,
        "time_limit": time_limit_s,
    }.items():
        _must(highs.setOptionValue(option, value), option)
    _must(highs.passModel(lp), "model")
    if start is not None:
        guess = highspy.HighsSolution()
        chosen = np.zeros(sites)
        chosen[start] = 1.0
        guess.col_value = np.concatenate([chosen, (reduced.cover @ chosen > 0).astype(float), np.zeros(int(raising))])
        _must(highs.setSolution(guess), "start")
    highs.run()
    termination = _TERMINATIONS.get(highs.getModelStatus(), "feasible")
    info = highs.getInfo()
    has_answer = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    bound = float(info.mip_dual_bound) if termination in ("optimal", "time_limit") else np.inf
    picked = np.asarray(highs.getSolution().col_value)[:sites] if has_answer else None
    return MilpResult(
        sites=None if picked is None else [int(site) for site in np.flatnonzero(picked > 0.5)],
        bound=reduced.secured + bound / unit if bound > -np.inf else np.inf,
        termination=termination,
        share=float(info.objective_function_value) if has_answer and raising else 0.0,
    )


def _must(status: highspy.HighsStatus, what: str) -> None:
    if status == highspy.HighsStatus.kError:
        raise ConsistencyError(f"HiGHS refused the {what}")
