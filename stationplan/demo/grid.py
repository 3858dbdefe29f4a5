"""The grids to which the numbers of the synthetic city are rounded, so that every processor creates the same city.

Processors differ in the last digit of functions such as ``sin``, ``exp``, ``hypot`` and map projections, and the city
depends on every digit: a street that begins slightly further west may meet another one, and everything drawn later then
differs. The results of such functions are therefore rounded at once, before any decision depends on them. A number
within a last digit of the middle between two grid values could still be rounded to either; the probability is about
10^-9 per number, which is accepted.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from stationplan.domain import FloatArray

_DECIMALS_M = 3
"""Decimals of positions and lengths in metres: a grid of 1 mm, far below the 0.1 m precision of the files."""

_DECIMALS_OF_FACTORS = 9


def on_grid(values_m: ArrayLike) -> FloatArray:
    """Return positions or lengths (m) on a grid of 1 mm.

    >>> on_grid([0.0014999, -20.0 * np.sin(np.pi)]).tolist()
    [0.001, 0.0]
    """
    return _rounded(values_m, _DECIMALS_M)


def factors_on_grid(values: ArrayLike) -> FloatArray:
    """Return dimensionless numbers of about 1 on a grid of 10^-9.

    >>> factors_on_grid(np.exp([-1.0])).tolist()
    [0.367879441]
    """
    return _rounded(values, _DECIMALS_OF_FACTORS)


def _rounded(values: ArrayLike, decimals: int) -> FloatArray:
    # Adding zero turns -0.0 into 0.0, as the number rounded to zero may have had either sign.
    return np.asarray(np.round(np.asarray(values, dtype=np.float64), decimals) + 0.0)


def length_on_grid(east: ArrayLike, north: ArrayLike) -> FloatArray:
    """Return the lengths of displacements (m), on the grid of 1 mm.

    >>> length_on_grid([3.0, 1.0], [4.0, 1.0]).tolist()
    [5.0, 1.414]
    """
    return on_grid(np.hypot(east, north))


def widened(shape: BaseGeometry, by_m: float, *, ends: Literal["round", "flat"] = "round") -> Polygon:
    """Return a connected shape buffered by ``by_m`` metres, with its vertices on the grid of 1 mm.

    >>> corners = shapely.get_coordinates(widened(shapely.Point(0.0, 0.0), 10.0))
    >>> corners[:3].tolist()
    [[10.0, 0.0], [9.952, -0.98], [9.808, -1.951]]
    """
    return shapely.transform(shape.buffer(by_m, cap_style=ends), on_grid)
