"""The numbers of a plan, counted once and shown by every output."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stationplan.domain import FloatArray, Plan


@dataclass(frozen=True)
class Covered:
    """Workers covered by at least one station, and by two or more, of ``total``.

    Shares are ``None`` where there are no workers: absence is not zero.
    """

    total: float
    workers: float
    cross_workers: float

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


def overall(plan: Plan) -> Change:
    """Return the coverage of the whole study."""
    everything = np.ones(len(plan.demand.cell_id), dtype=bool)
    return _change(plan, 0, plan.demand.workers[everything], everything)


def by_district(plan: Plan) -> list[Change]:
    """Return the coverage of each district, in the order of ``area.districts``."""
    changes = []
    for district in range(len(plan.area.districts)):
        cells = plan.demand.district == district
        changes.append(_change(plan, district, plan.demand.workers[cells], cells))
    return changes


def by_group(plan: Plan) -> list[Change]:
    """Return the coverage of each group of workers."""
    return [_along(plan, 1, group) for group in range(len(plan.demand.groups))]


def by_slot(plan: Plan) -> list[Change]:
    """Return the coverage of each time slot."""
    return [_along(plan, 2, slot) for slot in range(len(plan.demand.slots))]


def uncovered(plan: Plan, stations: NDArray[np.int32]) -> FloatArray:
    """Return the workers of each cell that no station covers, over all groups and slots."""
    return np.asarray(np.where(stations == 0, plan.demand.workers, 0.0).sum(axis=(1, 2)), dtype=np.float64)


def _along(plan: Plan, axis: int, index: int) -> Change:
    return Change(
        index,
        *(
            _covered(plan.demand.workers.take(index, axis), stations.take(index, axis))
            for stations in (plan.stations_before, plan.stations_after)
        ),
    )


def _change(plan: Plan, index: int, workers: FloatArray, cells: NDArray[np.bool_]) -> Change:
    return Change(
        index,
        *(_covered(workers, stations[cells]) for stations in (plan.stations_before, plan.stations_after)),
    )


def _covered(workers: FloatArray, stations: NDArray[np.int32]) -> Covered:
    return Covered(
        total=float(workers.sum()),
        workers=float(workers[stations > 0].sum()),
        cross_workers=float(workers[stations > 1].sum()),
    )
