"""The numbers of a plan, counted once and shown by every output."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stationplan.domain import CountArray, FloatArray, IntArray, Plan
from stationplan.errors import Message, say
from stationplan.text.catalogue import number, percent_up

Part = slice | tuple[slice | int, ...] | IntArray


@dataclass(frozen=True)
class Covered:
    """Workers covered by at least one station, and by two or more, of ``total``.

    Shares are ``None`` where there are no workers: absence is not zero. ``share_range`` holds nine of ten draws of the
    uncertain demand, between its 5th and 95th percentile; ``None`` without draws or workers.
    """

    total: float
    workers: float
    cross_workers: float
    share_range: tuple[float, float] | None = None

    @property
    def share(self) -> float | None:
        """Workers covered over all workers."""
        return self.workers / self.total if self.total > 0 else None

    @property
    def cross_share(self) -> float | None:
        """Workers covered twice or more over all workers."""
        return self.cross_workers / self.total if self.total > 0 else None


@dataclass(frozen=True)
class Change:
    """Coverage before and after, of the part of the demand that ``index`` names (a district, group or slot)."""

    index: int
    before: Covered
    after: Covered


@dataclass(frozen=True)
class _Changes:
    """The coverage of a plan in all and by its parts."""

    overall: Change
    by_district: tuple[Change, ...]
    by_group: tuple[Change, ...]
    by_slot: tuple[Change, ...]


def overall(plan: Plan) -> Change:
    """Return the coverage of the whole study."""
    return plan.derived(_changes).overall


def by_district(plan: Plan) -> tuple[Change, ...]:
    """Return the coverage of each district, in the order of ``area.districts``."""
    return plan.derived(_changes).by_district


def by_group(plan: Plan) -> tuple[Change, ...]:
    """Return the coverage of each group of workers."""
    return plan.derived(_changes).by_group


def by_slot(plan: Plan) -> tuple[Change, ...]:
    """Return the coverage of each time slot."""
    return plan.derived(_changes).by_slot


def _changes(plan: Plan) -> _Changes:
    district = plan.demand.district
    return _Changes(
        _change(plan, 0, np.s_[:]),
        tuple(_change(plan, one, np.flatnonzero(district == one)) for one in range(len(plan.area.districts))),
        tuple(_change(plan, group, np.s_[:, group, :]) for group in range(len(plan.demand.groups))),
        tuple(_change(plan, slot, np.s_[:, :, slot]) for slot in range(len(plan.demand.slots))),
    )


def scorecard_shares(plan: Plan, part: Part = np.s_[:]) -> tuple[Covered, Covered]:
    """Return the workers within the scorecard's circle today and with the plan, in one part of the demand."""
    workers = plan.demand.workers[part]
    return (
        _covered(workers, plan.scorecard.stations_before[part], None),
        _covered(workers, plan.scorecard.stations_after[part], None),
    )


@dataclass(frozen=True)
class Way:
    """Ways to the nearest station that is open and suits, by the minutes of each group's mode.

    ``mean_min`` counts the scenario's farthest minutes for the ``without`` workers who have no station within them;
    ``longest_min`` is the longest way of all others. ``None`` where there is nobody.
    """

    mean_min: float | None
    longest_min: float | None
    without: float


def ways(plan: Plan, part: Part = np.s_[:]) -> tuple[Way, Way] | None:
    """Return the ways today and with the plan, in one part of the demand; ``None`` where it is not about ways."""
    journeys = plan.coverage.journeys
    if journeys is None or plan.minutes_before is None or plan.minutes_after is None:
        return None
    workers = plan.demand.workers[part]
    return (
        _way(workers, plan.minutes_before[part], journeys.far_min),
        _way(workers, plan.minutes_after[part], journeys.far_min),
    )


def _way(workers: FloatArray, minutes: FloatArray, far_min: float) -> Way:
    there, known = workers > 0, np.isfinite(minutes)
    with_one = there & known
    return Way(
        float(np.average(np.minimum(minutes, far_min)[there], weights=workers[there])) if there.any() else None,
        float(minutes[with_one].max()) if with_one.any() else None,
        float(workers[there & ~known].sum()),
    )


@dataclass(frozen=True)
class Room:
    """Workers of a part of the demand for whom stations within their standard have room, today and with the plan."""

    before: float
    after: float


def room(plan: Plan, district: int | None = None) -> Room | None:
    """Return who finds room in all, or in one district; ``None`` where the plan is not about room."""
    if plan.served is None:
        return None
    here = np.s_[:] if district is None else plan.demand.district[plan.coverage.cell] == district
    return Room(float(plan.served.before[here].sum()), float(plan.served.after[here].sum()))


def new_sites(plan: Plan, phase: int | None = None) -> tuple[int, int]:
    """Return how many new sites a plan, or a phase of it, has, and how much is done that is none: longer hours."""
    counted = plan.sites.counted[plan.chosen if phase is None else plan.chosen[plan.phase == phase]]
    return int(counted.sum()), int((~counted).sum())


def uncovered(plan: Plan, stations: CountArray) -> FloatArray:
    """Return the workers of each cell that no station covers, over all groups and slots."""
    return np.asarray(np.where(stations == 0, plan.demand.workers, 0.0).sum(axis=(1, 2)), dtype=np.float64)


def _change(plan: Plan, index: int, part: Part) -> Change:
    """Return the change in one part of the [cell, group, slot] arrays."""
    workers = plan.demand.workers[part]
    return Change(
        index,
        before=_covered(workers, plan.stations_before[part], _share_range(plan, plan.stations_before, part)),
        after=_covered(workers, plan.stations_after[part], _share_range(plan, plan.stations_after, part)),
    )


def _covered(workers: FloatArray, stations: CountArray, share_range: tuple[float, float] | None) -> Covered:
    return Covered(
        total=float(workers.sum()),
        workers=float(workers[stations > 0].sum()),
        cross_workers=float(workers[stations > 1].sum()),
        share_range=share_range,
    )


def _share_range(plan: Plan, stations: CountArray, part: Part) -> tuple[float, float] | None:
    """Return the 5th and the 95th percentile of the share covered, over the draws of the demand."""
    demand = plan.demand
    if demand.draws is None:
        return None
    cells = part if isinstance(part, np.ndarray) else np.s_[:]
    rest = np.s_[:] if isinstance(part, np.ndarray | slice) else part[1:]
    inside = np.zeros(demand.workers.shape[1:])
    inside[rest] = 1.0
    workers = demand.workers[cells] * inside
    heads = demand.workers[cells].sum(axis=2)
    known = heads > 0
    covered = np.where(stations[cells] > 0, workers, 0.0).sum(axis=2)
    of_all = np.divide(workers.sum(axis=2), heads, out=np.zeros_like(heads), where=known)
    of_covered = np.divide(covered, heads, out=np.zeros_like(heads), where=known)
    drawn = demand.draws[:, cells]
    total = np.einsum("kcg,cg->k", drawn, of_all, optimize=True)
    if not (total > 0).all():
        return None
    shares = np.einsum("kcg,cg->k", drawn, of_covered, optimize=True) / total
    low, high = likely_range(shares).tolist()
    return low, high


def likely_range(drawn: NDArray[np.floating]) -> FloatArray:
    """Return the ends between which nine of ten draws lie, ``[end, ...]``; draws run along the first axis.

    >>> likely_range(np.arange(101.0)).tolist()
    [5.0, 95.0]
    """
    return np.asarray(np.percentile(drawn, [5.0, 95.0], axis=0), dtype=np.float64)


def certainty(plan: Plan) -> Message:
    """Return how far any other choice of sites could be better, as one sentence; the limit is rounded up."""
    solution, best = plan.solution, plan.solution.termination == "optimal"
    known = math.isfinite(solution.gap)
    if plan.aim == "fair":
        if best:
            return say("Proven: no other choice of sites covers more of the worst-covered district.")
        return say("No other choice covers more than {share} of every district.", share=percent_up(solution.bound))
    if plan.aim == "cost":
        if best:
            return say("Proven cheapest: no other choice of sites reaches as much for less.")
        return say(
            "No choice that reaches as much costs less than {cost} yuan.", cost=number(math.floor(solution.bound))
        )
    if plan.aim == "worst":
        if best:
            return say("Proven best: no other choice covers more workers in the worst draw of the demand.")
        if known:
            return say(
                "No other choice covers more than {gap} more workers in the worst draw of the demand.",
                gap=percent_up(solution.gap),
            )
    if plan.aim == "regret":
        return say(
            "In no draw of the demand does another plan cover more than {workers} workers more; no choice gets this "
            "below {bound}.",
            workers=number(math.ceil(solution.objective)),
            bound=number(math.floor(solution.bound)),
        )
    if plan.aim == "median":
        if best:
            return say("Proven best: no other choice of sites makes the mean way to a station shorter.")
        return say("No choice of sites makes the mean way shorter than {minutes} min.", minutes=_down(solution.bound))
    if plan.aim == "center":
        if best:
            return say("Proven best: no other choice of sites makes the longest way to a station shorter.")
        return say(
            "No choice of sites makes the longest way shorter than {minutes} min.", minutes=_down(solution.bound)
        )
    if plan.aim == "served":
        if best:
            return say("Proven best: no other choice of sites has room for more workers.")
        if known:
            return say("No other choice of sites has room for more than {gap} more.", gap=percent_up(solution.gap))
    if plan.weighted:
        if best:
            return say("Proven best: no other choice does better by the weights of the scenario.")
        if known:
            return say(
                "No other choice does more than {gap} better by the weights of the scenario.",
                gap=percent_up(solution.gap),
            )
    if best:
        return say("Proven best: no other choice of sites covers more workers.")
    if known:
        return say("No other choice of sites covers more than {gap} more workers.", gap=percent_up(solution.gap))
    return say("How much more another choice could cover is not known.")


def _down(minutes: float) -> str:
    """Return minutes rounded down, so that they stay a limit."""
    return number(math.floor(minutes * 100 + 1e-6) / 100, 2)
