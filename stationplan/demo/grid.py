"""The grids that the made-up city is drawn on, so that every processor draws the same one.

Processors differ in the last digit of functions such as ``sin``, ``exp``, ``hypot`` and map projections, and the
city hangs on every digit: where a street begins a hair further west it may meet another one, and all that is drawn
after it differs. What such a function gives is therefore rounded at once, before anything is decided by it. A number
that lies in the middle between two steps to within a last digit could still be rounded to either; the chance is about
one in 10^9 a number, which is accepted.
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
"""Of positions and lengths in metres: a grid of 1 mm, far below the 0.1 m to which the files give them."""

_DECIMALS_OF_FACTORS = 9


def on_grid(values_m: ArrayLike) -> FloatArray:
    """Return positions or lengths (m) on a grid of 1 mm.

    >>> on_grid([0.0014999, -20.0 * np.sin(np.pi)]).tolist()
    [0.001, 0.0]
    """
    return _rounded(values_m, _DECIMALS_M)


def factors_on_grid(values: ArrayLike) -> FloatArray:
    """Return numbers without a unit and about as large as 1 on a grid of 10^-9.

    >>> factors_on_grid(np.exp([-1.0])).tolist()
    [0.367879441]
    """
    return _rounded(values, _DECIMALS_OF_FACTORS)


def _rounded(values: ArrayLike, decimals: int) -> FloatArray:
    # Adding zero makes one zero of the two, as what was rounded to it may have had either sign.
    return np.asarray(np.round(np.asarray(values, dtype=np.float64), decimals) + 0.0)


def length_on_grid(east: ArrayLike, north: ArrayLike) -> FloatArray:
    """Return the lengths of steps (m) on the grid.

    >>> length_on_grid([3.0, 1.0], [4.0, 1.0]).tolist()
    [5.0, 1.414]
    """
    return on_grid(np.hypot(east, north))


def widened(shape: BaseGeometry, by_m: float, *, ends: Literal["round", "flat"] = "round") -> Polygon:
    """Return what lies within ``by_m`` of a connected shape, with its corners on the grid.

    >>> corners = shapely.get_coordinates(widened(shapely.Point(0.0, 0.0), 10.0))
    >>> corners[:3].tolist()
    [[10.0, 0.0], [9.952, -0.98], [9.808, -1.951]]
    """
    return shapely.transform(shape.buffer(by_m, cap_style=ends), on_grid)
