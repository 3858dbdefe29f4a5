"""What each existing station does: who depends on it, whom longer hours would gain, whether it stands where it says."""

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
    """Return what each existing station does; of a ``part`` of a study its own stations only.

    ``before`` and ``after``, [cell, group, slot], count the stations that cover a row today and with the plan, which
    closes the stations ``closed``.
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
    """Return the workers whom nobody covers today and each station would if it were open in every slot."""
    uncovered = np.where(before == 0, demand.workers, 0.0)
    gain = np.zeros(len(station))
    for g, group in enumerate(demand.groups):
        near = within_standard(times, group)[:, station]
        # Where a station is open, nobody near whom it suits is uncovered: all that is found are slots when it is shut.
        gain += ((near.T @ uncovered[:, g]) * sites.serves[station, g][:, None]).sum(axis=1)
    return gain


def _closable(cover: sparse.csc_array, stations: IntArray, reached: FloatArray) -> IntArray:
    """Return which columns could go one after another with no row left without a station, least reached first.

    A station that is needed stays so while others go, so each is looked at once.
    """
    left = stations.copy()
    gone = []
    for column in np.argsort(reached, kind="stable").tolist():
        covered = cover.indices[cover.indptr[column] : cover.indptr[column + 1]]
        if (left[covered] > 1).all():
            left[covered] -= 1
            gone.append(column)
    return np.array(gone, dtype=np.int64)
