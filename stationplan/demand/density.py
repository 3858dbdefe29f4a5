"""Kernel densities of points of several kinds around a location, in units per square kilometre."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from scipy import sparse

from stationplan.domain import FloatArray, IntArray

_PER_BANDWIDTH = 5
"""Number of grid squares per bandwidth."""

_REACH = 4.0
"""Bandwidths beyond which the kernel is treated as 0; there it has fallen to 0.0003 of its height."""

_CHUNK = 1_000_000
"""Number of points that are assigned to the grid at a time, to limit memory."""

_NARROWER = math.sqrt(1 - 1 / (6 * _PER_BANDWIDTH**2))
"""Factor that narrows the kernel.

Assigning a point to the corners of a square of side h increases the variance of its kernel by between 0 and h^2/4, by
h^2/6 on average. A correspondingly narrower kernel corrects the mean.
"""


def kernel_density(
    x: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    kind: IntArray,
    kinds: int,
    *,
    at_x: FloatArray,
    at_y: FloatArray,
    kernel_m: float,
) -> FloatArray:
    """Return ``density[place, kind]`` per km2 at places, of weighted points of several kinds; coordinates in metres.

    The kernel is Gaussian with bandwidth ``kernel_m``. Points are first assigned to the corners of squares with a side
    of a fifth of the bandwidth, so that neither many points nor a wide kernel takes long. This changes a value by less
    than 1 % of the height of the kernels of the points around it; where there are many points, by much less. The order
    of the points and the other places affect only the last digits.

    >>> none = np.zeros(1)
    >>> around = kernel_density(none, none, none + 1, np.zeros(1, dtype=np.int64), 1,
    ...                         at_x=np.array([0.0, 1000.0]), at_y=np.zeros(2), kernel_m=1000.0)
    >>> around.round(3).tolist()  # 1 / (2 pi), and that by exp(-1/2)
    [[0.16], [0.097]]
    """
    step = kernel_m / _PER_BANDWIDTH
    if len(at_x) == 0:
        return np.zeros((0, kinds))
    rim = _REACH * kernel_m + step
    near = (x > at_x.min() - rim) & (x < at_x.max() + rim) & (y > at_y.min() - rim) & (y < at_y.max() + rim)
    # Whole steps, so that the position of the squares does not depend on the places.
    left, low = np.floor((at_x.min() - 2 * rim) / step), np.floor((at_y.min() - 2 * rim) / step)
    columns, rows = (int((of.max() - of.min() + 4 * rim) / step) + 2 for of in (at_x, at_y))
    corners = sparse.csr_array((rows, columns * kinds))
    for part in np.array_split(np.flatnonzero(near), int(near.sum()) // _CHUNK + 1):
        spread = _dealt_out(x[part] / step - left, y[part] / step - low, weight[part], kind[part], corners.shape, kinds)
        corners = corners + spread
    sums = _sums_around(
        corners.indptr,
        corners.indices,
        corners.data,
        kinds,
        at_x / step - left,
        at_y / step - low,
        _PER_BANDWIDTH * _NARROWER,
    )
    height = 1e6 / (2 * math.pi * (kernel_m * _NARROWER) ** 2)
    return np.asarray(sums * height, dtype=np.float64)


def _dealt_out(
    x: FloatArray, y: FloatArray, weight: FloatArray, kind: IntArray, shape: tuple[int, int], kinds: int
) -> sparse.csr_array:
    """Return the weights at corners of unit squares, [row, column * kinds + kind]; coordinates are above 0.

    Each corner of its square receives the share of a point that corresponds to the area of the square's opposite part.
    """
    column, row = x.astype(np.int64), y.astype(np.int64)
    along, up = x - column, y - row
    parts = [(1 - along) * (1 - up), along * (1 - up), (1 - along) * up, along * up]
    rows = np.concatenate([row, row, row + 1, row + 1])
    columns = np.concatenate([column, column + 1, column, column + 1])
    entries = columns * kinds + np.tile(kind, 4)
    corners = sparse.csr_array((np.tile(weight, 4) * np.concatenate(parts), (rows, entries)), shape=shape)
    corners.sum_duplicates()
    return corners


@njit(cache=True, nogil=True)
def _sums_around(
    start: IntArray,
    entry: IntArray,
    weight: FloatArray,
    kinds: int,
    at_x: FloatArray,
    at_y: FloatArray,
    bandwidth: float,
) -> FloatArray:
    """Return, for each place and kind, the sum of corners' weights by a Gaussian of height 1; lengths in unit squares.

    A Gaussian in the plane is the product of one along the rows and one across them, so a place needs few exponentials,
    regardless of the number of points around it.
    """
    reach = _REACH * bandwidth
    along = np.empty(int(2 * reach) + 2, np.float64)
    sums = np.zeros((at_x.size, kinds), np.float64)
    for i in range(at_x.size):
        left, right = int(np.ceil(at_x[i] - reach)), int(np.floor(at_x[i] + reach))
        for column in range(left, right + 1):
            along[column - left] = np.exp(-0.5 * ((column - at_x[i]) / bandwidth) ** 2)
        low, high = int(np.ceil(at_y[i] - reach)), int(np.floor(at_y[i] + reach))
        for row in range(low, min(high, start.size - 2) + 1):
            across = np.exp(-0.5 * ((row - at_y[i]) / bandwidth) ** 2)
            end = start[row + 1]
            j = start[row] + np.searchsorted(entry[start[row] : end], left * kinds)
            while j < end and entry[j] < (right + 1) * kinds:
                column = entry[j] // kinds
                sums[i, entry[j] - column * kinds] += across * along[column - left] * weight[j]
                j += 1
    return sums
