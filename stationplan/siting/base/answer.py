"""What every siting model hands back: an answer, how far it may be from the best, how it ended and how long it took."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from stationplan.domain import Solution, Termination

PROVEN = 1e-6
"""Relative difference of bound and objective up to which an answer counts as optimal: HiGHS takes a value within 1e-6
of a whole number for whole, so it proves no more than that."""


@dataclass(frozen=True)
class Clock:
    """Time that a model has, counted from its making."""

    limit_s: float
    started: float = field(default_factory=time.perf_counter)

    @property
    def spent_s(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.started

    @property
    def left_s(self) -> float:
        """Seconds that are left, 0 when time is up."""
        return max(self.limit_s - self.spent_s, 0.0)

    def part(self, share: float) -> Clock:
        """Return a clock with a share of the time that is left, counted from now."""
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
) -> Solution:
    """Return a solution with gap and termination computed from objective and bound.

    A bound on the wrong side of the objective by rounding is moved onto it. An answer that is not proven best ends as
    ``time_limit`` when time is up, as ``feasible`` otherwise.

    >>> answered([2, 0], 10.0, 10.5, clock=Clock(60), method="greedy").gap
    0.05
    """
    bound = min(bound, objective) if minimise else max(bound, objective)
    distance = abs(objective - bound)
    gap = distance / abs(objective) if objective else (0.0 if distance == 0 else float("inf"))
    termination: Termination = "time_limit" if clock.over else "feasible"
    if distance <= PROVEN * abs(objective):
        termination = "optimal"
    chosen, shut = np.asarray(sites, dtype=np.int64), np.asarray(closed, dtype=np.int64)
    return Solution(chosen, objective, bound, gap, termination, method, clock.spent_s, shut)


def unanswered(termination: Termination, *, clock: Clock, method: str, bound: float = float("nan")) -> Solution:
    """Return a solution without sites: ``infeasible``, or ``time_limit`` before any answer was found."""
    nan = float("nan")
    gap = nan if termination == "infeasible" else float("inf")
    nobody = np.empty(0, dtype=np.int64)
    return Solution(nobody, nan, bound, gap, termination, method, clock.spent_s, nobody)
