"""Why here: what each proposed site adds, what stands near, what would be lost and what could stand in its place."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from stationplan.access import nearest
from stationplan.domain import Coverage, Demand, FloatArray, IntArray, RoadNetwork, Sites, Snap, WhyHere


def explain(
    demand: Demand,
    sites: Sites,
    coverage: Coverage,
    chosen: IntArray,
    *,
    network: RoadNetwork,
    snap: Snap,
    walk_kmh: float,
    money_left: float,
) -> tuple[WhyHere, ...]:
    """Return the case for each chosen site, in build order.

    ``money_left`` (yuan) is what a replacement may cost beyond the site it replaces, ``inf`` without a budget. The
    nearest station is that on foot, off-road parts at both ends included.
    """
    nearest_site, nearest_min = _nearest_existing(sites, snap, network, chosen, walk_kmh)
    columns = coverage.cover.tocsc()
    standing = sites.existing.copy()
    standing[chosen] = True
    count = coverage.cover @ standing.astype(np.int32)
    # What each site would add to the whole plan, before anything is taken out of it.
    new_gain = np.asarray(columns.T @ np.where(count == 0, coverage.weight, 0.0))
    left = coverage.weight.copy()
    left[(coverage.cover @ sites.existing.astype(np.int32)) > 0] = 0
    why: list[WhyHere] = []
    for order, site in enumerate(chosen):
        rows = _rows_of(columns, int(site))
        gained = np.zeros(demand.workers.shape[1:])
        np.add.at(gained, (coverage.group[rows], coverage.slot[rows]), left[rows])
        left[rows] = 0
        alone = rows[count[rows] == 1]
        lost = float(coverage.weight[alone].sum())
        regained = new_gain + np.asarray(coverage.cover[alone].T @ coverage.weight[alone])
        affordable = sites.cost <= sites.cost[site] + money_left + 1e-9
        regained[standing | sites.forbidden | ~affordable] = 0
        best = int(regained.argmax())
        replacement = best if regained[best] > 0 else -1
        why.append(
            WhyHere(
                site=int(site),
                gained=gained,
                nearest_existing=int(nearest_site[order]),
                nearest_existing_min=float(nearest_min[order]),
                replacement=replacement,
                replacement_loss=lost - (float(regained[replacement]) if replacement >= 0 else 0.0),
                removal_loss=lost,
            )
        )
    return tuple(why)


def _rows_of(columns: sparse.csc_array, site: int) -> IntArray:
    return np.asarray(columns.indices[columns.indptr[site] : columns.indptr[site + 1]], dtype=np.int64)


def _nearest_existing(
    sites: Sites, snap: Snap, network: RoadNetwork, chosen: IntArray, walk_kmh: float
) -> tuple[IntArray, FloatArray]:
    """Return the nearest existing station on foot from each chosen site, and the minutes there."""
    node, offroad = snap.node["walk"], snap.offroad_m["walk"] / (walk_kmh * 1000 / 60)
    existing = np.flatnonzero(sites.existing & (node >= 0))
    label, position = nearest(network, node[existing], mode="walk", start_min=offroad[existing])
    found = (node[chosen] >= 0) & (position[node[chosen]] >= 0)
    minutes = np.where(found, label[node[chosen]] + np.where(found, offroad[chosen], 0.0), np.inf)
    station = np.full(len(chosen), -1, dtype=np.int64)
    station[found] = existing[position[node[chosen]][found]]
    return station, minutes
