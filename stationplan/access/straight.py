"""Straight-line travel times, for cells whose districts have no roads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from stationplan.domain import CUTOFF_TOLERANCE, BoolArray, Demand, FloatArray, IntArray, Mode, Sites, Straight

Measure = Literal["minutes", "metres"]


def straight_of(
    districts: BoolArray, demand: Demand, sites: Sites, *, detour: float, speed_kmh: Mapping[Mode, float]
) -> Straight | None:
    """Return the input of straight-line travel times for a study; ``None`` if all ``districts`` have roads."""
    if not districts.any():
        return None
    by_row = np.append(districts, False)  # the last is for -1, outside the study area
    return Straight(
        districts=districts,
        cells=by_row[demand.district],
        sites=by_row[sites.district],
        cell_xy=np.column_stack([demand.x, demand.y]),
        site_xy=np.column_stack([sites.x, sites.y]),
        detour=detour,
        metres_a_minute={mode: kmh * 1000 / 60 / detour for mode, kmh in speed_kmh.items()},
    )


def straight_ways(straight: Straight, measure: Measure, mode: Mode, *, cutoff: float) -> sparse.csr_array:
    """Return the minutes or metres from cells without roads to all sites within a (closed) cutoff, [cell x site].

    Rows of cells with roads are empty.
    """
    reached_a_unit = straight.metres_a_minute[mode] if measure == "minutes" else 1 / straight.detour
    shape = (len(straight.cells), len(straight.sites))
    cell = np.flatnonzero(straight.cells)
    if not (len(cell) and shape[1]):
        return sparse.csr_array(shape)
    # The tree searches slightly farther, and pairs beyond the cutoff are dropped after an exact computation.
    far = (cutoff + 2 * CUTOFF_TOLERANCE) * reached_a_unit
    pairs = cKDTree(straight.cell_xy[cell]).sparse_distance_matrix(
        cKDTree(straight.site_xy), far, output_type="coo_matrix"
    )
    row, column = cell[pairs.row], pairs.col.astype(np.int64)
    value = _metres(straight.cell_xy[row], straight.site_xy[column]) / reached_a_unit
    within = value <= cutoff + CUTOFF_TOLERANCE
    ways = sparse.csr_array((value[within], (row[within], column[within])), shape=shape)
    ways.sort_indices()
    return ways


def nearest_straight(
    straight: Straight, xy: FloatArray, stations: IntArray, *, mode: Mode
) -> tuple[FloatArray, IntArray]:
    """Return the minutes from points (m) to the nearest of some sites, and that site; ``inf`` and -1 if there are none.

    Of sites at the same distance, it is the first.
    """
    if not (len(stations) and len(xy)):
        return np.full(len(xy), np.inf), np.full(len(xy), -1, dtype=np.int64)
    places, first = np.unique(straight.site_xy[stations], axis=0, return_index=True)
    metres, which = cKDTree(places).query(xy)
    return metres / straight.metres_a_minute[mode], stations[first[which]]


def _metres(one: FloatArray, other: FloatArray) -> FloatArray:
    return np.asarray(np.hypot(one[:, 0] - other[:, 0], one[:, 1] - other[:, 1]), dtype=np.float64)
