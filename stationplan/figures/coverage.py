"""The coverage figures of a plan, computed once and shown by every output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stationplan.domain import CountArray, FloatArray, IntArray, Plan

Part = slice | tuple[slice | int, ...] | IntArray


@dataclass(frozen=True)
class Covered:
    """Workers covered by at least one station, and by two or more, of ``total``.

    Shares are ``None`` where there are no workers: absence is not zero. ``share_range`` is the 5th and the 95th
    percentile of the covered share over draws of the uncertain demand; ``None`` without draws or workers.
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
    """Coverage today and with the plan, of the part of the demand with number ``index`` (a district, group or slot)."""

    index: int
    before: Covered
    after: Covered


@dataclass(frozen=True)
class _Changes:
    """The coverage of a plan in total and by its parts."""

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
    district, ranges = plan.demand.district, plan.share_ranges
    return _Changes(
        _change(plan, 0, np.s_[:], None if ranges is None else ranges.overall),
        tuple(
            _change(plan, one, np.flatnonzero(district == one), None if ranges is None else ranges.by_district[one])
            for one in range(len(plan.area.districts))
        ),
        tuple(
            _change(plan, group, np.s_[:, group, :], None if ranges is None else ranges.by_group[group])
            for group in range(len(plan.demand.groups))
        ),
        tuple(
            _change(plan, slot, np.s_[:, :, slot], None if ranges is None else ranges.by_slot[slot])
            for slot in range(len(plan.demand.slots))
        ),
    )


def scorecard_shares(plan: Plan, part: Part = np.s_[:]) -> tuple[Covered, Covered]:
    """Return the workers within the scorecard's service circle, today and with the plan, in a part of the demand."""
    workers = plan.demand.workers[part]
    return (
        _covered(workers, plan.scorecard.stations_before[part], None),
        _covered(workers, plan.scorecard.stations_after[part], None),
    )


@dataclass(frozen=True)
class Way:
    """Travel times (minutes) to the nearest station that is open and serves the group, by the mode of the group.

    ``without`` is the number of workers who reach no station within the scenario's ``far_min``. ``mean_min`` counts
    them with ``far_min``; ``longest_min`` excludes them. Each is ``None`` if it has no workers to count.
    """

    mean_min: float | None
    longest_min: float | None
    without: float


def ways(plan: Plan, part: Part = np.s_[:]) -> tuple[Way, Way] | None:
    """Return travel times today and with the plan, in a part of the demand; ``None`` if they were not measured."""
    journeys = plan.coverage.journeys
    if journeys is None or plan.recounted.minutes_before is None or plan.recounted.minutes_after is None:
        return None
    workers = plan.demand.workers[part]
    return (
        _way(workers, plan.recounted.minutes_before[part], journeys.far_min),
        _way(workers, plan.recounted.minutes_after[part], journeys.far_min),
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
    """Workers in a part of the demand served within the capacity of stations, today and with the plan."""

    before: float
    after: float


def room(plan: Plan, district: int | None = None) -> Room | None:
    """Return the served workers in total or in one district; ``None`` if the plan is not about capacity."""
    if plan.served is None:
        return None
    here = np.s_[:] if district is None else plan.demand.district[plan.coverage.cell] == district
    return Room(float(plan.served.before[here].sum()), float(plan.served.after[here].sum()))


def new_sites(plan: Plan, phase: int | None = None) -> tuple[int, int]:
    """Return the numbers of new sites and of other measures (such as longer hours) of a plan, or of one phase."""
    counted = plan.sites.counted[plan.chosen if phase is None else plan.chosen[plan.phase == phase]]
    return int(counted.sum()), int((~counted).sum())


def uncovered(plan: Plan, stations: CountArray) -> FloatArray:
    """Return the workers of each cell whom no station covers, summed over groups and slots."""
    return np.asarray(np.where(stations == 0, plan.demand.workers, 0.0).sum(axis=(1, 2)), dtype=np.float64)


def _change(plan: Plan, index: int, part: Part, ranges: FloatArray | None) -> Change:
    """Return the change in a part of the [cell, group, slot] arrays; ``ranges`` is [today or plan, low or high]."""
    workers = plan.demand.workers[part]
    before, after = plan.recounted.stations_before[part], plan.recounted.stations_after[part]
    today, then = (None, None) if ranges is None or np.isnan(ranges).any() else ranges.tolist()
    return Change(index, before=_covered(workers, before, today), after=_covered(workers, after, then))


def _covered(workers: FloatArray, stations: CountArray, share_range: Sequence[float] | None) -> Covered:
    return Covered(
        total=float(workers.sum()),
        workers=float(workers[stations > 0].sum()),
        cross_workers=float(workers[stations > 1].sum()),
        share_range=None if share_range is None else (share_range[0], share_range[1]),
    )
