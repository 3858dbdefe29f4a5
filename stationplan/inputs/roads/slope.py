"""The effect of slope on the travel time of a mode."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stationplan.domain import FloatArray
from stationplan.domain.modes import ClimbLoss, Slope

STEEPEST = 0.3
"""Largest slope used in the computation.

Streets are hardly ever steeper; an elevation model is, where its noise, a cutting, a bridge or a wall lies between two
close nodes, and Tobler's function grows exponentially with such errors.
"""


def slopes(
    height_m: FloatArray, tail: NDArray[np.integer], head: NDArray[np.integer], length_m: FloatArray
) -> tuple[FloatArray, int]:
    """Return the slope (climb over length) of each piece from tail to head, capped, and the number of capped pieces.

    ``height_m`` has one value per node; a piece with an unknown (NaN) end, or of zero length, is flat.

    >>> slope, steep = slopes(np.array([0.0, 1.0, 90.0]), np.array([0, 1]), np.array([1, 2]), np.array([10.0, 10.0]))
    >>> slope.tolist(), steep
    ([0.1, 0.3], 1)
    """
    climb = height_m[head] - height_m[tail]
    slope = np.divide(climb, length_m, out=np.zeros(len(length_m)), where=length_m > 0)
    slope[np.isnan(slope)] = 0.0
    return np.clip(slope, -STEEPEST, STEEPEST), int((np.abs(slope) > STEEPEST).sum())


def slope_factor(slope: FloatArray, effect: Slope, climb_loss: float | None = None) -> FloatArray:
    """Return the travel time of a mode on slopes, as a multiple of that on level ground.

    ``slope`` is climb over length in the direction of travel, ``effect`` the kind of effect on the mode; ``climb_loss``
    replaces that of ``effect``.

    >>> slope_factor(np.array([0.0, 0.1]), ClimbLoss(4.0, "ebike_climb_loss"), 2.0).tolist()
    [1.0, 1.2]
    """
    if isinstance(effect, ClimbLoss):
        return ebike_factor(slope, effect.loss if climb_loss is None else climb_loss)
    return walk_factor(slope) if effect == "hiking" else np.ones(len(slope))


def walk_factor(slope: FloatArray) -> FloatArray:
    """Return the walking time on slopes as a multiple of that on level ground.

    By Tobler's hiking function (Tobler 1993). Tobler's speed is ``6 exp(-3.5 |slope + 0.05|)`` km/h, highest at 5 %
    downhill. Its value on level ground is divided by it, so that level ground keeps the scenario's speed. (W. Tobler,
    Three presentations on geographical analysis and modeling, NCGIA report 93-1.)

    >>> walk_factor(np.array([0.0, 0.1, -0.05, -0.1])).round(3).tolist()
    [1.0, 1.419, 0.839, 1.0]
    """
    return np.asarray(np.exp(3.5 * (np.abs(slope + 0.05) - 0.05)), dtype=np.float64)


def ebike_factor(slope: FloatArray, climb_loss: float) -> FloatArray:
    """Return the time of an e-bike on slopes as a multiple of that on level ground.

    It is ``1 + climb_loss * slope`` uphill and 1 downhill. An assumption, not a measured law: a motor of limited power
    climbs at a speed roughly inversely proportional to the force required, and riders brake downhill to the permitted
    speed.

    >>> ebike_factor(np.array([0.0, 0.1, -0.1]), 4.0).tolist()
    [1.0, 1.4, 1.0]
    """
    return 1.0 + climb_loss * np.maximum(slope, 0.0)
