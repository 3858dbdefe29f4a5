"""Records of what stands: an audit of the existing stations, and the scorecard of the national programme."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stationplan.domain.base import BoolArray, CountArray, FloatArray, IntArray, Record, require

NOBODY = 1e-6
"""Workers below which a difference is rounding."""


@dataclass(frozen=True, eq=False)
class Audit(Record):
    """What each existing station does, one row each; ``site`` are their rows in ``Plan.sites``, ascending.

    ``reached`` are the workers within its standard while it is open, and fit for them. ``alone_today`` are those of
    them whom no other station covers: the coverage that is lost if it closed today. ``alone_after`` is the same with
    the plan; a station that the plan closes has 0. ``longer`` are the workers that would be covered today, and are
    not, if it alone were open in every slot; 0 if it is. ``away_m`` is the straight distance (m) to the road for
    walkers to which it connects, ``inf`` where none is within the scenario's ``max_snap_m``. ``outside`` stations lie
    in no district of the study. Where the plan is about a part of a study, its own stations are looked at, and its
    own workers are counted.

    ``closable`` are stations, as rows in ``Plan.sites``, that could close today one after another, in this order, with
    nobody losing cover; together too. Each next one is, of those that are still redundant, the one that reaches the
    fewest workers. None could be added at the end; another choice may be longer.
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
        """Stations that could close today with nobody losing cover, each by itself; not all of them together."""
        return self.alone_today <= NOBODY


@dataclass(frozen=True)
class Needed:
    """How many new sites it takes to cover a ``share`` of all workers, by the scenario's own standards, from today.

    ``enough`` are known to reach it (``None``: no number is known to), and with fewer than ``least`` it is proven out
    of reach. ``most_share`` is what all candidates together reach, NaN where there are no workers.
    """

    share: float
    enough: int | None
    least: int
    most_share: float


@dataclass(frozen=True, eq=False)
class Scorecard(Record):
    """The service circle of the national programme: stations within ``walk_min`` minutes and ``walk_m`` metres on foot.

    Both limits are closed, and hold for every group, however it travels otherwise. ``stations_before`` and
    ``stations_after``, [cell, group, slot], count the stations within them that are open and fit, today and with the
    plan (0 where a row has no workers). ``needed`` tells, for rising shares, what it takes to cover them.
    """

    walk_min: float
    walk_m: float
    stations_before: CountArray
    stations_after: CountArray
    needed: tuple[Needed, ...]
