"""Workers from stated shares: so many of a group per resident, per job, per whatever a cell counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from stationplan.domain import Cells, Demand, FloatArray, Group, IntArray, Slot


def demand_by_shares(
    cells: Cells,
    *,
    x: FloatArray,
    y: FloatArray,
    district: IntArray,
    groups: Sequence[Group],
    slots: Sequence[Slot],
    rates: Sequence[Mapping[str, float]],
    profiles: Sequence[Mapping[str, float]],
) -> Demand:
    """Return the demand of the cells that lie in a district.

    ``workers[c, g, s] = profile[g][s] * sum over features f of rate[g][f] * feature[f][c]``. ``rates[g]`` is in workers
    a unit of the feature, ``profiles[g]`` holds a share for every slot, adding up to one. ``x``, ``y`` and ``district``
    are those of the cells; cells with district -1 are left out.

    >>> cells = Cells(("a", "b"), np.zeros(2), np.zeros(2), {"jobs": np.array([100.0, 50.0])})
    >>> from stationplan.domain import LocalText
    >>> day = Slot("day", LocalText("日", "day"), 480, 1080)
    >>> riders = Group("rider", LocalText("骑手", "riders"), "ebike", 6.0, None)
    >>> demand = demand_by_shares(
    ...     cells, x=np.zeros(2), y=np.zeros(2), district=np.array([0, -1]), groups=[riders], slots=[day],
    ...     rates=[{"jobs": 0.1}], profiles=[{"day": 1.0}],
    ... )
    >>> demand.cell_id, demand.workers.tolist()
    (('a',), [[[10.0]]])
    """
    inside = district >= 0
    heads = np.zeros((len(cells.cell_id), len(groups)))
    for g, rate in enumerate(rates):
        for feature, per_unit in rate.items():
            heads[:, g] += per_unit * cells.features[feature]
    profile = np.array([[shares[slot.id] for slot in slots] for shares in profiles])
    return Demand(
        cell_id=tuple(cell for cell, stays in zip(cells.cell_id, inside, strict=True) if stays),
        x=x[inside],
        y=y[inside],
        district=district[inside],
        workers=heads[inside][:, :, None] * profile[None, :, :],
        groups=tuple(groups),
        slots=tuple(slots),
    )
