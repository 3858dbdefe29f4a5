"""Records of an audit of the existing stations, and of the scorecard of the national programme."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stationplan.domain.base import BoolArray, CountArray, FloatArray, IntArray, Record, require

NOBODY = 1e-6
"""Numbers of workers below this are rounding errors."""


@dataclass(frozen=True, eq=False)
class Audit(Record):
    """Contribution of each existing station, one row each; ``site`` are their rows in ``Plan.sites``, ascending.

    ``reached`` are the workers within its standard while it is open and suitable for them. ``alone_today`` are those of
    them that no other station covers: the coverage that is lost if it closed today. ``alone_after`` is the same with
    the plan; a station that the plan closes has 0. ``longer`` are the workers that are not covered today, but would be
    if this station alone were open in every slot; 0 if it is. ``away_m`` is the straight-line distance (m) to the
    pedestrian road to which it is connected, ``inf`` where none is within the scenario's ``max_snap_m``. ``outside``
    stations lie in no district of the study. If the plan covers only a part of a study, only the stations and workers
    of that part are included.

    ``closable`` are stations, as rows in ``Plan.sites``, that could all close today, one after another in this order,
    with no worker losing coverage. Each is, of the stations that are still redundant, the one that reaches the fewest
    workers. No further station could be added at the end; another selection may be longer.
    """

    site: IntArray
    reached: FloatArray
    alone_today: FloatArray
    alone_after: FloatArray
    longer: FloatArray
    away_m: FloatArray
    outside: BoolArray
    closable: IntArray

    def __post_init__(self) -> None:
        super().__post_init__()
        columns = (self.reached, self.alone_today, self.alone_after, self.longer, self.away_m, self.outside)
        require(all(len(column) == len(self.site) for column in columns), "an audit has one value a station")
        require(bool(np.isin(self.closable, self.site).all()), "stations that could close are those of the audit")

    def __len__(self) -> int:
        return len(self.site)

    @property
    def redundant(self) -> BoolArray:
        """Mask of stations that could close today with no worker losing coverage: each alone, not all together."""
        return self.alone_today <= NOBODY


@dataclass(frozen=True)
class Needed:
    """New sites needed to cover a ``share`` of all workers under the scenario's standards, starting from today.

    ``enough`` sites are known to reach it (``None``: no number is known to); it is proven that fewer than ``least``
    cannot. ``most_share`` is the share that all candidates together reach, NaN where there are no workers.
    """

    share: float
    enough: int | None
    least: int
    most_share: float


@dataclass(frozen=True, eq=False)
class Scorecard(Record):
    """The service circle of the national programme: stations within ``walk_min`` minutes and ``walk_m`` metres on foot.

    Both limits are closed, and apply to every group regardless of its travel mode. ``stations_before`` and
    ``stations_after``, [cell, group, slot], count the stations within them that are open and suitable, today and with
    the plan (0 where a row has no workers). ``needed`` gives, for increasing shares, the number of sites needed to
    cover them.
    """

    walk_min: float
    walk_m: float
    stations_before: CountArray
    stations_after: CountArray
    needed: tuple[Needed, ...]
