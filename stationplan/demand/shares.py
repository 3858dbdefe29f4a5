"""Workers from stated shares: so many of a group per resident, per job, per whatever a cell counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from stationplan.domain import Cells, Demand, Group, Slot


def demand_by_shares(
    cells: Cells,
    *,
    groups: Sequence[Group],
    slots: Sequence[Slot],
    rates: Sequence[Mapping[str, float]],
    profiles: Sequence[Mapping[str, float]],
) -> Demand:
    """Return the demand of cells.

    ``workers[c, g, s] = profile[g][s] * sum over features f of rate[g][f] * feature[f][c]``. ``rates[g]`` is in workers
    a unit of the feature, ``profiles[g]`` holds a share for every slot, adding up to one.

    >>> from stationplan.domain import Count, LocalText
    >>> jobs = Count(np.array([100.0, 50.0]), "jobs", "census")
    >>> none = np.zeros(2)
    >>> cells = Cells(("a", "b"), none, none, np.zeros(2, dtype=np.int64), np.empty(2, dtype=object), {"jobs": jobs})
    >>> day = Slot("day", LocalText("日", "day"), 480, 1080)
    >>> riders = Group("rider", LocalText("骑手", "riders"), "ebike", 6.0, None)
    >>> demand = demand_by_shares(
    ...     cells, groups=[riders], slots=[day], rates=[{"jobs": 0.1}], profiles=[{"day": 1.0}],
    ... )
    >>> demand.workers.tolist()
    [[[10.0]], [[5.0]]]
    """
    heads = np.zeros((len(cells.cell_id), len(groups)))
    for g, rate in enumerate(rates):
        for feature, per_unit in rate.items():
            heads[:, g] += per_unit * cells.counts[feature].values
    profile = np.array([[shares[slot.id] for slot in slots] for shares in profiles])
    return Demand(
        cell_id=cells.cell_id,
        x=cells.x,
        y=cells.y,
        district=cells.district,
        workers=heads[:, :, None] * profile[None, :, :],
        groups=tuple(groups),
        slots=tuple(slots),
    )
