"""Workers by time slot: a group's day divided by its profile, and the weight of work exposed to heat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from stationplan.domain import Demand, FloatArray, Group, Slot, Surface


def demand_of(
    surface: Surface,
    *,
    groups: Sequence[Group],
    slots: Sequence[Slot],
    profiles: Sequence[Mapping[str, float]],
    exposure: FloatArray | None = None,
) -> Demand:
    """Return a surface by time slot: ``workers[c, g, s] = heads[c, g] * profile[g][s]``.

    ``profiles[g]`` contains a share for every slot; the shares add up to one. ``exposure[cell, group, slot]`` are
    weights in the choice of sites.
    """
    profile = np.array([[shares[slot.id] for slot in slots] for shares in profiles])
    cells = surface.cells
    return Demand(
        cell_id=cells.cell_id,
        x=cells.x,
        y=cells.y,
        district=cells.district,
        workers=surface.heads[:, :, None] * profile[None, :, :],
        groups=tuple(groups),
        slots=tuple(slots),
        draws=surface.draws,
        exposure=exposure,
    )


def heat_exposure(celsius: FloatArray, weights: Mapping[float, float], exposed: Sequence[float]) -> FloatArray:
    """Return ``[cell, group, slot]`` weights: one, or more for the share of a group's work that is exposed to heat.

    ``celsius[cell, slot]`` (air, or WBGT; NaN: unknown, treated as no heat) has an effect from each temperature in
    ``weights`` on, with the weight of the highest one reached. ``exposed[g]`` is the share of a group's work that is
    exposed to heat.

    >>> weights = {35.0: 1.5, 37.0: 2.0}
    >>> heat_exposure(np.array([[34.9, 35.0, 41.0, np.nan]]), weights, [1.0, 0.5]).tolist()
    [[[1.0, 1.5, 2.0, 1.0], [1.0, 1.25, 1.5, 1.0]]]
    """
    steps = np.array(sorted(weights), dtype=np.float64)
    levels = np.array([1.0, *(weights[step] for step in sorted(weights))])
    reached = np.where(np.isnan(celsius), 0, np.searchsorted(steps, celsius, side="right"))
    share = np.asarray(exposed, dtype=np.float64)[None, :, None]
    return np.asarray(1 + share * (levels[reached][:, None, :] - 1))
