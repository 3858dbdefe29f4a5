"""A core as a mixed-integer program, with measures that must be reached."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from stationplan.domain import FloatArray, Termination
from stationplan.siting.base import highs
from stationplan.siting.base.highs import Program
from stationplan.siting.base.scaling import power_of_two
from stationplan.siting.engine.core import Core
from stationplan.siting.engine.framing import Framed


@dataclass(frozen=True, eq=False)
class SolvedProgram:
    """Options found (``None``: none), a proven bound on the objective of the program, and how the search ended."""

    options: NDArray[np.int64] | None
    bound: float
    status: Termination


@dataclass(frozen=True, eq=False)
class Cover:
    """A program over options y, rows covered once, and rows covered twice (those of ``second``), in this order.

    ``unit`` is the power of two by which the objective is multiplied; ``measured`` holds the measures of the variables,
    not multiplied.
    """

    core: Core
    program: Program
    second: NDArray[np.int64]
    unit: float
    measured: sparse.csr_array

    def values(self, options: ArrayLike) -> FloatArray:
        """Return the values of all variables for a choice of options, except variables added later."""
        chosen = np.zeros(self.core.cover.shape[1])
        chosen[np.asarray(options, dtype=np.int64)] = 1.0
        count = self.core.cover @ chosen
        return np.concatenate([chosen, count >= 1, count[self.second] >= 2]).astype(np.float64)

    def options(self, answer: highs.ProgramAnswer) -> NDArray[np.int64] | None:
        """Return the options that an answer chooses; ``None`` where there is no answer."""
        return None if answer.values is None else np.flatnonzero(answer.values[: self.core.cover.shape[1]] > 0.5)


def cover_program(core: Core, measures: sparse.csr_array, least: FloatArray) -> Cover:
    """Return the program of a core whose measures, [measure x 2 rows], must reach ``least``, [measure].

    Variables: y_j = 1 if option j is chosen; z_i and u_i in [0, 1]: row i is covered once, and twice. As ``second`` is
    never above ``first``, z_i + u_i <= sum of y_j over the options j that cover i is sufficient (Church and ReVelle
    1974; Hogan and ReVelle 1986). Where a measure counts second coverage, u_i <= z_i and both are integers, since two
    halves could otherwise count as second coverage. (For z_i that would follow, but HiGHS 1.15 then gives wrong
    answers: its presolve substitutes z_i and forgets that u_i is an integer.)

    The objective and every measure are scaled separately, see :func:`power_of_two`, since the tolerances of the solver
    are absolute. In a measure that must reach b > 0, no coefficient needs to be above b (coefficient tightening).
    """
    rows, options = core.cover.shape
    counted_twice = np.asarray(measures[:, rows:].sum(axis=0)) > 0
    second = np.flatnonzero((core.second > 0) | counted_twice)
    pick = sparse.csr_array((np.ones(len(second)), (second, np.arange(len(second)))), (rows, len(second)))
    unit = power_of_two(float(core.first.sum() + core.second.sum() + core.value.sum()))
    covered = sparse.hstack([-core.cover.astype(np.float64), sparse.eye_array(rows), pick], format="csr")
    limits = sparse.hstack([core.limits, sparse.csr_array((core.limits.shape[0], rows + len(second)))], format="csr")
    whole = counted_twice[second]
    ordering = int(whole.sum())
    ordered = sparse.hstack(
        [
            sparse.csr_array((ordering, options)),
            -sparse.csr_array(pick[:, whole].T),
            sparse.eye_array(len(second), format="csr")[whole],
        ],
        format="csr",
    )
    reached = [sparse.csr_array((measures.shape[0], options)), measures[:, :rows], measures[:, rows + second]]
    measured = sparse.csr_array(sparse.hstack(reached, format="csr"))
    bounded, least = _tightened(measured, least)
    lower = np.zeros(options + rows + len(second))
    lower[core.required] = 1.0
    program = Program(
        cost=np.concatenate([core.value, core.first, core.second[second]]) * unit,
        lower=lower,
        upper=np.ones(len(lower)),
        integer=np.concatenate([np.ones(options, dtype=bool), counted_twice, whole]),
        matrix=sparse.csr_array(sparse.vstack([covered, limits, ordered, bounded], format="csr")),
        row_lower=np.concatenate([np.full(rows + len(core.most) + ordering, -np.inf), least]),
        row_upper=np.concatenate([np.zeros(rows), core.most, np.zeros(ordering), np.full(len(least), np.inf)]),
    )
    return Cover(core, program, second, unit, measured)


def _tightened(measures: sparse.csr_array, least: FloatArray) -> tuple[sparse.csr_array, FloatArray]:
    """Return measures and what they must reach, each in its own unit and without coefficients above what is needed."""
    rows = np.repeat(np.arange(len(least)), np.diff(measures.indptr))
    needed = np.where((least > 0) & np.isfinite(least), least, np.inf)
    cut = np.minimum(measures.data, needed[rows])
    tight = sparse.csr_array((cut, measures.indices, measures.indptr), measures.shape)
    size = np.minimum(np.asarray(tight.sum(axis=1)), 64.0 * needed)
    unit = np.array([power_of_two(float(value)) for value in size])
    return sparse.csr_array(sparse.diags_array(unit) @ tight), least * unit


def solve_program(frame: Framed, *, start: ArrayLike | None, seconds: float, gap: float = 0.0) -> SolvedProgram:
    """Return the options that cover the most and reach every measure; the bound leaves out what is secured."""
    cover = cover_program(frame.core, frame.measures, frame.least)
    guess = None if start is None else cover.values(start)
    answer = highs.solve(cover.program, seconds=seconds, start=guess, gap=gap)
    return SolvedProgram(cover.options(answer), answer.bound / cover.unit, answer.status)


@dataclass(frozen=True, eq=False)
class Linear:
    """An extension of a program: variables (from ``lower`` to ``upper``) and constraints on all variables."""

    lower: FloatArray
    upper: FloatArray
    matrix: sparse.csr_array
    row_lower: FloatArray
    row_upper: FloatArray


def extended(program: Program, more: Linear, cost: FloatArray) -> Program:
    """Return a program with additional continuous variables and constraints, and another objective."""
    columns = len(more.lower)
    wide = sparse.hstack([program.matrix, sparse.csr_array((program.matrix.shape[0], columns))], format="csr")
    return replace(
        program,
        cost=cost,
        lower=np.concatenate([program.lower, more.lower]),
        upper=np.concatenate([program.upper, more.upper]),
        integer=np.concatenate([program.integer, np.zeros(columns, dtype=bool)]),
        matrix=sparse.csr_array(sparse.vstack([wide, more.matrix], format="csr")),
        row_lower=np.concatenate([program.row_lower, more.row_lower]),
        row_upper=np.concatenate([program.row_upper, more.row_upper]),
    )
