"""Validation of predictions of spatially correlated counts: spatial blocks and scores."""

from __future__ import annotations

import numpy as np
from scipy import optimize, spatial, stats

from stationplan.domain import FloatArray, IntArray, Scores
from stationplan.errors import Message, say

_BINS = 15
_MAX_POINTS = 3000
"""Largest number of points in a semivariogram: four million pairs determine the range as well as all pairs do."""

_LEAST_STRUCTURE = 0.1
"""A spatial component below a tenth of the variance is treated as none."""

_FLOOR = 1e-3


def spatial_blocks(x: FloatArray, y: FloatArray, side_m: float) -> IntArray:
    """Return the square block of each point (m), squares of ``side_m`` from the origin of the CRS.

    Blocks that contain points are numbered from 0 by increasing easting, then northing; a point on a border belongs to
    the eastern and northern square.

    >>> spatial_blocks(np.array([900.0, 10.0, 20.0]), np.array([0.0, 0.0, 700.0]), 500.0).tolist()
    [2, 0, 1]
    """
    squares = np.column_stack([np.floor(x / side_m), np.floor(y / side_m)])
    return np.asarray(np.unique(squares, axis=0, return_inverse=True)[1].reshape(-1), dtype=np.int64)


def median_spacing(x: FloatArray, y: FloatArray) -> float:
    """Return the median distance (m) from a place to the nearest other place; 0 for fewer than two places."""
    places = np.unique(np.column_stack([x, y]), axis=0)
    if len(places) < 2:
        return 0.0
    return float(np.median(spatial.cKDTree(places).query(places, k=2)[0][:, 1]))


def residual_range(x: FloatArray, y: FloatArray, residual: FloatArray) -> float:
    """Return the distance (m) beyond which residuals are no longer spatially correlated, 0 where they never are.

    The robust semivariogram of Cressie and Hawkins (1980) in distance classes up to a third of the longer side of the
    extent, and a spherical model with nugget fitted by weighted least squares (Cressie 1985). The range is capped at
    that third. Noise without structure often gets a range as well: a significance test would miss weak structure, and
    blocks that are too small overestimate a model's accuracy, while blocks that are too large do not. If there are more
    than 3000 points, a sample is used, always the same one.
    """
    if len(x) > _MAX_POINTS:
        chosen = np.random.default_rng(0).choice(len(x), _MAX_POINTS, replace=False)
        x, y, residual = x[chosen], y[chosen], residual[chosen]
    longest = max(float(np.ptp(x)), float(np.ptp(y))) / 3
    distance = spatial.distance.pdist(np.column_stack([x, y]))
    near = (distance > 0) & (distance <= longest)
    if not near.any():
        return 0.0
    difference = np.sqrt(spatial.distance.pdist(residual[:, None], "cityblock")[near])
    lag = np.minimum((distance[near] / longest * _BINS).astype(np.int64), _BINS - 1)
    pairs = np.bincount(lag, minlength=_BINS)
    filled = pairs > 0
    count = pairs[filled]
    mean_m = np.bincount(lag, distance[near], _BINS)[filled] / count
    root = np.bincount(lag, difference, _BINS)[filled] / count
    semivariance = root**4 / (2 * (0.457 + 0.494 / count))
    return _fitted_range(mean_m, semivariance, count, longest)


def _fitted_range(lag_m: FloatArray, semivariance: FloatArray, pairs: IntArray, longest: float) -> float:
    """Return the range of the best-fitting spherical model of fifty; 0 for a pure nugget."""
    if not semivariance.any():
        return 0.0
    weight = np.sqrt(pairs) / np.maximum(semivariance, 1e-9 * float(semivariance.max()))
    best, found = np.inf, 0.0
    for range_m in np.linspace(longest / 50, longest, 50):
        share = np.minimum(lag_m / range_m, 1)
        shape = np.column_stack([np.ones_like(share), 1.5 * share - 0.5 * share**3])
        (nugget, sill), misfit = optimize.nnls(shape * weight[:, None], semivariance * weight)
        if misfit < best * (1 - 1e-9):
            best, found = misfit, float(range_m) if sill > _LEAST_STRUCTURE * (nugget + sill) else 0.0
    return found


def block_side(x: FloatArray, y: FloatArray, *, wanted_m: float, folds: int) -> tuple[float, tuple[Message, ...]]:
    """Return a side (m) of blocks with which the points are in at least ``folds`` blocks: ``wanted_m``, or halved.

    The points must be in at least ``folds`` different places. Notes report halving.

    >>> side, notes = block_side(np.arange(4) * 100.0, np.zeros(4), wanted_m=250.0, folds=3)
    >>> side, str(notes[0])
    (125.0, 'Blocks of 250 m are too few for 3 folds; blocks of 125 m are used.')
    """
    side = wanted_m
    while len(np.unique(spatial_blocks(x, y, side))) < folds:
        side /= 2
    if side == wanted_m:
        return side, ()
    note = say(
        "Blocks of {wanted} m are too few for {folds} folds; blocks of {side} m are used.",
        wanted=f"{wanted_m:.0f}",
        folds=folds,
        side=f"{side:.0f}" if side >= 10 else f"{side:.2g}",
    )
    return side, (note,)


def block_folds(block: IntArray, folds: int) -> IntArray:
    """Return the fold of each observation; blocks are never split, and folds have similar sizes (largest block first).

    >>> block_folds(np.array([0, 0, 0, 1, 1, 2]), 2).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    size = np.bincount(block)
    held = np.zeros(folds, dtype=np.int64)
    fold_of_block = np.zeros(len(size), dtype=np.int64)
    for number in np.argsort(-size, kind="stable"):
        fold_of_block[number] = np.argmin(held)
        held[fold_of_block[number]] += size[number]
    return np.asarray(fold_of_block[block])


def deviance(observed: FloatArray, predicted: FloatArray) -> FloatArray:
    """Return the Poisson deviance of each prediction.

    Predictions are floored at a thousandth of the mean of all observations; otherwise the deviance of a single worker
    where none was predicted would be unlimited.
    """
    mean = np.maximum(predicted, max(_FLOOR * float(observed.mean()), np.finfo(float).tiny))
    logs = observed * np.log(np.where(observed > 0, observed, 1.0) / mean)
    return np.asarray(2 * (np.where(observed > 0, logs, 0.0) - observed + mean))


def d2_poisson(observed: FloatArray, predicted: FloatArray) -> float:
    """Return the share of the Poisson deviance from the mean that predictions explain; NaN for equal counts.

    >>> d2_poisson(np.array([1.0, 3.0]), np.array([1.0, 3.0])), d2_poisson(np.array([1.0, 3.0]), np.array([2.0, 2.0]))
    (1.0, 0.0)
    """
    if np.ptp(observed) == 0:
        return float("nan")
    of_mean = deviance(observed, np.full(len(observed), observed.mean()))
    return 1 - float(deviance(observed, predicted).sum() / of_mean.sum())


def score(observed: FloatArray, predicted: FloatArray) -> Scores:
    """Return the accuracy of predictions (>= 0) of counts (>= 0); D2 is relative to the mean of ``observed`` itself.

    Cells with equal predictions share the remaining positions in ``top_share``.

    >>> found = score(np.array([0.0, 4.0, 2.0]), np.array([1.0, 3.0, 2.0]))
    >>> round(found.mae, 3), found.bias, found.rank_correlation, round(found.top_share, 3)
    (0.667, 0.0, 1.0, 0.667)
    """
    total = float(observed.sum())
    order = np.argsort(predicted, kind="stable")
    deciles = np.array_split(order, 10)
    vary = np.ptp(observed) > 0 and np.ptp(predicted) > 0
    ranks = stats.rankdata(np.vstack([observed, predicted]), axis=1)
    return Scores(
        d2_poisson=d2_poisson(observed, predicted),
        mae=float(np.abs(observed - predicted).mean()),
        bias=float(predicted.sum()) / total - 1 if total > 0 else float("nan"),
        rank_correlation=float(np.corrcoef(ranks)[0, 1]) if vary else float("nan"),
        top_share=_top(observed, predicted) / total if total > 0 else float("nan"),
        top_share_best=_top(observed, observed) / total if total > 0 else float("nan"),
        predicted_by_decile=np.array([predicted[part].sum() for part in deciles]),
        observed_by_decile=np.array([observed[part].sum() for part in deciles]),
    )


def _top(observed: FloatArray, predicted: FloatArray) -> float:
    """Return the expected observed total of the tenth of cells with the highest predictions, ties drawn at random."""
    places = -(-len(predicted) // 10)
    last = np.sort(predicted)[-places]
    above, level = predicted > last, predicted == last
    left = (places - int(above.sum())) / int(level.sum())
    return float(observed[above].sum() + left * observed[level].sum())
