"""Mixed-integer programs, solved by HiGHS within a time limit.

HiGHS checks the clock only between its own steps, and one step at the root of a large program can take minutes. A large
program is therefore solved in a separate process, which reports every improved solution and bound and is killed when
its time is up. That process runs this file by its path, so nothing of the package may be imported here.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO, Literal

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

SEED = 0
"""Seed of HiGHS: the same program gives the same solution."""

LARGE = 200_000
"""Number of entries from which a program is solved in a separate process (which takes half a second to start)."""

_GRACE_S = 0.5
"""Seconds after the time limit in which a process can still report its solution before it is killed."""

Status = Literal["optimal", "feasible", "time_limit", "infeasible"]

_STATUS: dict[highspy.HighsModelStatus, Status] = {
    highspy.HighsModelStatus.kOptimal: "optimal",
    highspy.HighsModelStatus.kTimeLimit: "time_limit",
    highspy.HighsModelStatus.kSolutionLimit: "feasible",
    highspy.HighsModelStatus.kInfeasible: "infeasible",
    highspy.HighsModelStatus.kUnboundedOrInfeasible: "infeasible",
}


@dataclass(frozen=True, eq=False)
class Program:
    """Maximise (or minimise) ``cost @ x`` with ``row_lower <= matrix @ x <= row_upper`` and ``lower <= x <= upper``.

    ``matrix`` is [constraint x variable] CSR; ``integer`` is a mask over variables.
    """

    cost: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    integer: NDArray[np.bool_]
    matrix: sparse.csr_array
    row_lower: NDArray[np.float64]
    row_upper: NDArray[np.float64]
    maximise: bool = True


@dataclass(frozen=True, eq=False)
class ProgramAnswer:
    """The best values found (``None``: none), the proven bound on the objective, and how the search ended.

    ``duals`` and ``reduced_costs`` are those of a program without integer variables, otherwise empty. A failure of
    HiGHS has the status ``feasible`` and an infinite bound, since it proves nothing.
    """

    values: NDArray[np.float64] | None
    objective: float
    bound: float
    status: Status
    duals: NDArray[np.float64]
    reduced_costs: NDArray[np.float64]


def solve(
    program: Program,
    *,
    seconds: float,
    start: NDArray[np.float64] | None = None,
    gap: float = 0.0,
    nodes: int | None = None,
) -> ProgramAnswer:
    """Return HiGHS's answer to a program within ``seconds``, from the feasible values ``start`` if there are any.

    ``gap`` is the relative gap at which the search may stop. After ``nodes`` nodes it ends with the status
    ``feasible``.

    Raises
    ------
    RuntimeError
        HiGHS rejects the program.
    """
    if not len(program.cost):
        return _decided(program)
    if program.matrix.nnz < LARGE:
        return _run(program, seconds, start, gap, nodes, None)
    return _in_a_process(program, seconds, start, gap, nodes)


def _decided(program: Program) -> ProgramAnswer:
    """Return the answer to a program without variables: HiGHS reports no status for it."""
    nothing = np.empty(0)
    if (program.row_lower > 0).any() or (program.row_upper < 0).any():
        return ProgramAnswer(None, np.nan, np.nan, "infeasible", nothing, nothing)
    return ProgramAnswer(nothing, 0.0, 0.0, "optimal", np.zeros(len(program.row_lower)), nothing)


def _run(
    program: Program,
    seconds: float,
    start: NDArray[np.float64] | None,
    gap: float,
    nodes: int | None,
    tell: IO[bytes] | None,
) -> ProgramAnswer:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(program.cost), program.matrix.shape[0]
    lp.sense_ = highspy.ObjSense.kMaximize if program.maximise else highspy.ObjSense.kMinimize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.lower, program.upper
    lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    matrix = program.matrix
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    whole = bool(program.integer.any())
    if whole:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(integer)] for integer in program.integer]
    highs = highspy.Highs()
    options = {
        "output_flag": False,
        "threads": 1,
        "random_seed": SEED,
        "mip_rel_gap": gap,
        "mip_abs_gap": 0.0,
        "time_limit": max(seconds, 0.0),
    }
    if nodes is not None:
        options["mip_max_nodes"] = nodes
    for option, value in options.items():
        _must(highs.setOptionValue(option, value), option)
    _must(highs.passModel(lp), "program")
    if start is not None:
        guess = highspy.HighsSolution()
        guess.col_value = start
        _must(highs.setSolution(guess), "start")
    if tell is not None and whole:
        _tell_progress(highs, tell)
    highs.run()
    ended = highs.getModelStatus()
    status = _STATUS.get(ended, "feasible")
    info, solution = highs.getInfo(), highs.getSolution()
    has_answer = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    nothing = np.inf if program.maximise else -np.inf
    bound = nothing
    if whole and ended in _STATUS and status != "infeasible":
        bound = float(info.mip_dual_bound)
        if status == "optimal" and has_answer and not np.isfinite(bound):  # presolve left nothing to bound
            bound = float(info.objective_function_value)
    elif not whole and status == "optimal":
        bound = float(info.objective_function_value)
    linear = not whole and status == "optimal"
    return ProgramAnswer(
        np.asarray(solution.col_value, dtype=np.float64) if has_answer else None,
        float(info.objective_function_value) if has_answer else np.nan,
        bound if np.isfinite(bound) else nothing,
        status,
        np.asarray(solution.row_dual if linear else [], dtype=np.float64),
        np.asarray(solution.col_dual if linear else [], dtype=np.float64),
    )


def _must(status: highspy.HighsStatus, what: str) -> None:
    if status == highspy.HighsStatus.kError:
        raise RuntimeError(f"HiGHS refused the {what}")


def _tell_progress(highs: highspy.Highs, tell: IO[bytes]) -> None:
    """Write every improved solution and bound to a stream as they are found."""
    best = [np.inf]

    def better(event: highspy.highs.HighsCallbackEvent) -> None:
        values = np.asarray(event.data_out.mip_solution, dtype=np.float64)
        _write(tell, ("values", values, float(event.data_out.objective_function_value)))

    def onward(event: highspy.highs.HighsCallbackEvent) -> None:
        bound = float(event.data_out.mip_dual_bound)
        if np.isfinite(bound) and bound != best[0]:
            best[0] = bound
            _write(tell, ("bound", bound))

    highs.cbMipImprovingSolution.subscribe(better)
    highs.cbMipInterrupt.subscribe(onward)


def _write(stream: IO[bytes], what: object) -> None:
    pickle.dump(what, stream, protocol=pickle.HIGHEST_PROTOCOL)
    stream.flush()


def _in_a_process(
    program: Program, seconds: float, start: NDArray[np.float64] | None, gap: float, nodes: int | None
) -> ProgramAnswer:
    """Solve in a process that is ended when its time is up; keep the last answer and bound that it sent."""
    command = [sys.executable, __file__]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - this very file
    heard = ProgramAnswer(
        start,
        float(program.cost @ start) if start is not None else np.nan,
        np.inf if program.maximise else -np.inf,
        "time_limit",
        np.empty(0),
        np.empty(0),
    )
    answers = [heard]

    def listen() -> None:
        assert process.stdout is not None
        for answer in _answers(process.stdout, heard):
            answers.append(answer)  # noqa: PERF402 - the last one so far is looked at while it goes on

    listener = threading.Thread(target=listen, daemon=True)
    try:
        listener.start()
        plain = (vars(program), seconds, start, gap, nodes)
        assert process.stdin is not None
        _write(process.stdin, plain)
        process.stdin.close()
        listener.join(seconds + _GRACE_S)
    finally:
        process.kill()
        process.wait()
        listener.join()
    return answers[-1]


def _answers(stream: IO[bytes], last: ProgramAnswer) -> Iterator[ProgramAnswer]:
    """Yield the answer after each message of a process, until it ends; ``last`` is that before any."""
    while True:
        try:
            kind, *what = pickle.load(stream)  # noqa: S301 - from our own process
        except (EOFError, pickle.UnpicklingError):
            return
        if kind == "values":
            last = replace(last, values=what[0], objective=what[1])
        elif kind == "bound":
            last = replace(last, bound=what[0])
        else:
            last = ProgramAnswer(*what)
        yield last


def _main() -> None:
    fields, seconds, start, gap, nodes = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own process
    answer = _run(Program(**fields), seconds, start, gap, nodes, sys.stdout.buffer)
    _write(sys.stdout.buffer, ("answer", *vars(answer).values()))


if __name__ == "__main__":
    _main()
