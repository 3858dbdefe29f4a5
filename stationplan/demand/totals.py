"""Control totals: workers of a district distributed over its cells by weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stationplan.domain import FloatArray, IntArray

_DIED_AWAY = 1e-200
"""Sum of a district's weights that is treated as zero.

No feature is that small, only a density far from all sightings, and dividing a total by it might not give a number.
"""


@dataclass(frozen=True, eq=False)
class Shared:
    """Workers by cell, and the districts (rows) that were not distributed by weight.

    ``even``: no cell had a weight, and the total was distributed by area. ``homeless``: there is no cell for a total.
    ``beyond``: the observed workers exceed the total, or are below it although every cell was observed.
    """

    heads: FloatArray
    even: IntArray
    homeless: IntArray
    beyond: IntArray


def share_out(
    weight: FloatArray,
    total: FloatArray,
    *,
    district: IntArray,
    area_m2: FloatArray,
    fixed: FloatArray | None = None,
) -> Shared:
    """Return workers proportional to ``weight[cell]`` within a district that add up to its ``total[district]``.

    Cells with a number in ``fixed`` keep it, and the others share the remainder. With a NaN total, the weights are
    returned unchanged: they are numbers of workers already.

    >>> weight, district = np.array([1.0, 3.0, 0.0, 0.0]), np.array([0, 0, 1, 1])
    >>> share_out(weight, np.array([8.0, 6.0]), district=district, area_m2=np.array([1.0, 1, 1, 2])).heads.tolist()
    [2.0, 6.0, 2.0, 4.0]
    >>> fixed = np.array([7.0, np.nan, np.nan, np.nan])
    >>> share_out(weight, np.array([8.0, np.nan]), district=district, area_m2=np.ones(4), fixed=fixed).heads.tolist()
    [7.0, 1.0, 0.0, 0.0]
    """
    free = np.ones(len(weight), dtype=bool) if fixed is None else np.isnan(fixed)
    kept = np.zeros(len(weight)) if fixed is None else np.nan_to_num(fixed)
    given = ~np.isnan(total)
    districts = len(total)
    taken = np.bincount(district, kept, minlength=districts)
    left = np.where(given, total - taken, 0.0)
    near = np.abs(left) <= 1e-9 * np.maximum(np.abs(np.nan_to_num(total)), 1.0)
    left = np.where(near, 0.0, left)
    loose = np.where(free, weight, 0.0)
    sums = np.bincount(district, loose, minlength=districts)
    has_free = np.bincount(district, free, minlength=districts) > 0
    flat = has_free & given & (sums <= _DIED_AWAY) & (left > 0)
    share = np.where(free, area_m2, 0.0)
    area = np.bincount(district, share, minlength=districts)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = np.where(given, np.where(sums > _DIED_AWAY, left / sums, 0.0), 1.0)
        evenly = np.where(flat, left / area, 0.0)
    spread = loose * factor[district] + share * evenly[district]
    heads = np.where(free, np.maximum(spread, 0.0), kept)
    beyond = given & ((left < 0) | (~has_free & (left > 0) & (np.bincount(district, minlength=districts) > 0)))
    homeless = given & (left > 0) & (np.bincount(district, minlength=districts) == 0)
    return Shared(heads, *(np.flatnonzero(found) for found in (flat, homeless, beyond)))
