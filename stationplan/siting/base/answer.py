"""Solutions of the siting models: chosen sites with bound, gap, termination and solution time."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from stationplan.domain import Solution, Termination

PROVEN = 1e-6
"""Relative difference of bound and objective up to which a solution counts as optimal: HiGHS accepts values within 1e-6
of an integer as integer, so it proves no more than that."""

RESOLUTION = 1e-9
"""Difference of bound and objective, relative to the total of the weights, up to which a solution counts as optimal:
sums of weights of very different sizes are not more exact."""


@dataclass(frozen=True)
class Clock:
    """The time limit of a model in seconds, counted from the creation of the clock."""

    limit_s: float
    started: float = field(default_factory=time.perf_counter)

    @property
    def spent_s(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.started

    @property
    def left_s(self) -> float:
        """Remaining seconds, 0 when time is up."""
        return max(self.limit_s - self.spent_s, 0.0)

    def part(self, share: float) -> Clock:
        """Return a clock with a share of the remaining time, counted from now."""
        return Clock(self.left_s * share)

    @property
    def over(self) -> bool:
        """Whether time is up."""
        return self.left_s <= 0.0


def answered(
    sites: ArrayLike,
    objective: float,
    bound: float,
    *,
    clock: Clock,
    method: str,
    closed: ArrayLike = (),
    minimise: bool = False,
    total: float = 0.0,
) -> Solution:
    """Return a solution with gap and termination computed from objective and bound.

    A solution is ``optimal`` if bound and objective differ by at most 1e-6 of the objective, or 1e-9 of ``total``, the
    largest value that the objective could have without any rule. A bound that is on the wrong side of the objective by
    rounding is set to the objective. A solution that is not proven optimal has the termination ``time_limit`` if time
    is up, otherwise ``feasible``.

    >>> answered([2, 0], 10.0, 10.5, clock=Clock(60), method="greedy").gap
    0.05
    """
    bound = min(bound, objective) if minimise else max(bound, objective)
    distance = abs(objective - bound)
    gap = distance / abs(objective) if objective else (0.0 if distance == 0 else float("inf"))
    termination: Termination = "time_limit" if clock.over else "feasible"
    if distance <= max(PROVEN * abs(objective), RESOLUTION * total):
        termination = "optimal"
    chosen, shut = np.asarray(sites, dtype=np.int64), np.asarray(closed, dtype=np.int64)
    return Solution(chosen, objective, bound, gap, termination, method, clock.spent_s, shut)


def unanswered(termination: Termination, *, clock: Clock, method: str, bound: float = float("nan")) -> Solution:
    """Return a solution without sites: ``infeasible``, or ``time_limit`` before any choice was found."""
    nan = float("nan")
    gap = nan if termination == "infeasible" else float("inf")
    nobody = np.empty(0, dtype=np.int64)
    return Solution(nobody, nan, bound, gap, termination, method, clock.spent_s, nobody)
