"""Records of access: where points are connected to the roads, and travel times from cells to sites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scipy import sparse

from stationplan.domain.base import BoolArray, FloatArray, IntArray, Mode, Record, require


@dataclass(frozen=True, eq=False)
class Snap(Record):
    """Where points are connected to the network.

    ``node[mode]`` is -1 where no road is within the limit; ``offroad_m[mode]`` is the straight-line distance to the
    road, ``inf`` where there is no node.
    """

    node: Mapping[Mode, IntArray]
    offroad_m: Mapping[Mode, FloatArray]

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.node.keys() == self.offroad_m.keys(), "a snap has nodes and distances for the same modes")
        lengths = {len(values) for values in (*self.node.values(), *self.offroad_m.values())}
        require(len(lengths) <= 1, "a snap has one value a point")

    @property
    def points(self) -> int:
        """Number of points; 0 without modes."""
        return max(map(len, self.node.values()), default=0)


@dataclass(frozen=True, eq=False)
class Straight(Record):
    """Input of straight-line travel times, for districts without road data.

    ``districts``, ``cells`` and ``sites`` are masks of those without roads. All routes from such cells are straight
    lines; routes to such sites are straight only if the cell has no roads either. ``cell_xy`` and ``site_xy``, [point x
    2], are eastings and northings (m) of all cells and sites. The length of a route is ``detour`` times the
    straight-line distance. ``metres_a_minute[mode]`` is the straight-line distance (m) covered per minute, with the
    detour taken into account.
    """

    districts: BoolArray
    cells: BoolArray
    sites: BoolArray
    cell_xy: FloatArray
    site_xy: FloatArray
    detour: float
    metres_a_minute: Mapping[Mode, float]


@dataclass(frozen=True, eq=False)
class TravelTimes(Record):
    """Travel impedance from cell to site, [cell x site] sparse, up to the largest cutoff of the groups of a mode.

    An entry of ``minutes[mode]`` (or ``metres[mode]``) holds minutes (or metres), off-road parts included. A stored 0
    is a cell at the site itself; an absent entry is beyond the cutoff or unreachable. NaN never occurs. ``metres``
    exists for modes with a limit by length.
    """

    minutes: Mapping[Mode, sparse.csr_array]
    metres: Mapping[Mode, sparse.csr_array]
