"""Density of sightings over cells, for workers who were seen but not counted."""

from __future__ import annotations

import numpy as np

from stationplan.demand.models import require_sklearn
from stationplan.demand.validation import median_spacing
from stationplan.domain import FloatArray
from stationplan.errors import FaultList, say

_LEAST_PLACES = 10
_FOLDS = 5
_STEPS = 20


def kernel_surface(
    px: FloatArray, py: FloatArray, x: FloatArray, y: FloatArray, area_m2: FloatArray, *, seed: int
) -> tuple[FloatArray, float]:
    """Return each cell's share of the workers seen at ``px``/``py`` (m), adding up to one, and the bandwidth (m).

    A Gaussian kernel density at the cells' centres ``x``/``y`` (m) times ``area_m2``. Of twenty bandwidths in geometric
    steps, the one that maximises the cross-validated likelihood of held-out points is used (Habbema et al. 1974; Duin
    1976). Points within the same square metre are held out together, and no bandwidth is below half the side of a
    median cell or half the spacing of the points: otherwise repeated sightings would reduce it to zero. The largest is
    half the longer side of the points' extent. ``seed`` determines the assignment of the points to five folds.

    Raises
    ------
    InputError
        scikit-learn is missing; a point is not finite; the points are in fewer than ten places; or the density is zero
        in all cells.
    """
    require_sklearn()
    from sklearn.neighbors import KernelDensity  # noqa: PLC0415 - an extra, needed only here
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    points = np.column_stack([px, py]).astype(np.float64)
    faults = FaultList()
    lost = int((~np.isfinite(points).all(axis=1)).sum())
    if lost:
        faults.add(
            say("{count} point observations have no valid location.", count=lost),
            say("Give each a location, or remove it."),
        )
    faults.raise_any()
    squares, place = np.unique(np.round(points), axis=0, return_inverse=True)
    if len(squares) < _LEAST_PLACES:
        faults.add(
            say(
                "Point observations are at {count} distinct locations; estimating a density requires ten.",
                count=len(squares),
            ),
            say("Add point observations, or provide counts of cells."),
        )
    faults.raise_any()
    lowest = max(np.sqrt(np.median(area_m2)), median_spacing(squares[:, 0], squares[:, 1])) / 2
    highest = max(lowest, float(np.ptp(points, axis=0).max()) / 2)
    fold = np.random.default_rng([seed, 3]).permutation(len(squares))[place.reshape(-1)] % _FOLDS

    def left_out(bandwidth_m: float) -> float:
        likelihood = 0.0
        for number in range(_FOLDS):
            fitted = KernelDensity(bandwidth=bandwidth_m).fit(points[fold != number])
            likelihood += float(fitted.score(points[fold == number]))
        return likelihood

    with threadpool_limits(limits=1):
        bandwidth_m = float(max(np.geomspace(lowest, highest, _STEPS), key=left_out))
        density = np.exp(KernelDensity(bandwidth=bandwidth_m).fit(points).score_samples(np.column_stack([x, y])))
    share = density * area_m2
    if not share.sum() > 0:
        faults.add(
            say("No point observation lies near a cell."),
            say("Check the locations of the point observations, and that they and the cells are in the same city."),
        )
    faults.raise_any()
    return share / share.sum(), bandwidth_m
