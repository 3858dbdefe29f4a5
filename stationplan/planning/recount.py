"""The independent check of a plan: coverage and travel times recounted site by site from the travel time matrices.

It shares no code with coverage matrices or solvers, so an error in either shows as a difference.
"""

from __future__ import annotations

import numpy as np

from stationplan.domain import CUTOFF_TOLERANCE, CountArray, Demand, FloatArray, IntArray, Sites, TravelTimes


def recount_stations(demand: Demand, sites: Sites, times: TravelTimes, standing: IntArray) -> CountArray:
    """Return how many of the sites ``standing`` cover each [cell, group, slot]; 0 where there are no workers."""
    stations = np.zeros(demand.workers.shape, dtype=np.int32)
    minutes = {mode: matrix.tocsc() for mode, matrix in times.minutes.items()}
    metres = {mode: matrix.tocsc() for mode, matrix in times.metres.items()}
    for site in standing:
        for g, group in enumerate(demand.groups):
            if not sites.serves[site, g]:
                continue
            column = minutes[group.mode][:, [site]]
            near = column.indices[column.data <= group.cutoff_min + CUTOFF_TOLERANCE]
            if group.cutoff_m is not None:
                column = metres[group.mode][:, [site]]
                near = np.intersect1d(near, column.indices[column.data <= group.cutoff_m + CUTOFF_TOLERANCE])
            for s in np.flatnonzero(sites.open[site]):
                stations[near, g, s] += 1
    stations[demand.workers == 0] = 0
    return stations


def recount_minutes(
    demand: Demand, sites: Sites, times: TravelTimes, standing: IntArray, *, far_min: float
) -> FloatArray:
    """Return the minutes from each [cell, group, slot] to the nearest site of ``standing`` that is open and serves it.

    The value is ``inf`` where there is none within ``far_min`` minutes, or where there are no workers.
    """
    nearest = np.full(demand.workers.shape, np.inf)
    minutes = {mode: matrix.tocsc() for mode, matrix in times.minutes.items()}
    for site in standing:
        for g, group in enumerate(demand.groups):
            column = minutes[group.mode][:, [site]]
            for s in np.flatnonzero(sites.open[site] & sites.serves[site, g]):
                nearest[column.indices, g, s] = np.minimum(nearest[column.indices, g, s], column.data)
    nearest[(nearest > far_min + CUTOFF_TOLERANCE) | (demand.workers == 0)] = np.inf
    return nearest
