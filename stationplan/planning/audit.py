"""The audit of existing stations: workers who depend on each, gain from longer hours, plausibility of its position."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from stationplan.access import Access, within_standard
from stationplan.domain import (
    WALK,
    Audit,
    CountArray,
    Coverage,
    Demand,
    FloatArray,
    IntArray,
    Sites,
    TravelTimes,
)


def audit_of(
    demand: Demand,
    sites: Sites,
    times: TravelTimes,
    coverage: Coverage,
    *,
    before: CountArray,
    after: CountArray,
    closed: IntArray,
    access: Access,
    part: bool,
) -> Audit:
    """Return the audit of each existing station; with ``part``, of those inside the districts of the part only.

    ``before`` and ``after`` are [cell, group, slot] counts of the stations that cover a row today and with the plan.
    ``closed`` are the rows of the stations that the plan closes.
    """
    looked_at = sites.existing & (sites.district >= 0) if part else sites.existing
    station = np.flatnonzero(looked_at)
    node, away_m = access.site_snap.node[WALK][station], access.site_snap.offroad_m[WALK][station]
    rows = (coverage.cell, coverage.group, coverage.slot)
    cover = coverage.cover[:, station].tocsc()
    weight = coverage.weight
    alone_after = np.asarray(cover.T @ np.where(after[rows] == 1, weight, 0.0), dtype=np.float64)
    reached = np.asarray(cover.T @ weight, dtype=np.float64)
    return Audit(
        site=station,
        reached=reached,
        alone_today=np.asarray(cover.T @ np.where(before[rows] == 1, weight, 0.0), dtype=np.float64),
        alone_after=np.where(np.isin(station, closed), 0.0, alone_after),
        longer=_longer(demand, sites, times, before, station),
        away_m=np.where(node >= 0, away_m, np.inf),
        outside=sites.district[station] < 0,
        closable=station[_closable(cover, before[rows].astype(np.int64), reached)],
    )


def _longer(demand: Demand, sites: Sites, times: TravelTimes, before: CountArray, station: IntArray) -> FloatArray:
    """Return the uncovered workers whom each station would cover if it were open in every slot."""
    uncovered = np.where(before == 0, demand.workers, 0.0)
    gain = np.zeros(len(station))
    for g, group in enumerate(demand.groups):
        near = within_standard(times, group)[:, station]
        # While a station is open, all nearby workers whom it serves are covered: only slots when it is closed count.
        gain += ((near.T @ uncovered[:, g]) * sites.serves[station, g][:, None]).sum(axis=1)
    return gain


def _closable(cover: sparse.csc_array, stations: IntArray, reached: FloatArray) -> IntArray:
    """Return the columns that can be closed one after another, fewest reached first, without uncovering any row.

    Closing further stations never makes a needed station redundant, so each station is tested once.
    """
    left = stations.copy()
    gone = []
    for column in np.argsort(reached, kind="stable").tolist():
        covered = cover.indices[cover.indptr[column] : cover.indptr[column + 1]]
        if (left[covered] > 1).all():
            left[covered] -= 1
            gone.append(column)
    return np.array(gone, dtype=np.int64)
