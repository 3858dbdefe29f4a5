"""Records of which demand each site covers, and of the travel times to it."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import sparse

from stationplan.domain.base import FloatArray, IntArray, Record


@dataclass(frozen=True, eq=False)
class Journeys(Record):
    """Travel times from demand to sites, including times beyond the service standards.

    ``minutes`` is an [origin x site] matrix of minutes up to ``far_min``, by a group's mode and to sites that are open
    and suitable for the group; an absent entry is farther, a stored 0 is a site at the origin itself. ``origin[row]``
    is the row of ``minutes`` for a row of the coverage: coverage rows of one cell share an origin where the same sites
    are open to them.
    """

    minutes: sparse.csr_array
    origin: IntArray
    far_min: float


@dataclass(frozen=True, eq=False)
class Coverage(Record):
    """Which demand rows each site covers.

    Row r is the combination of ``cell[r]``, ``group[r]`` and ``slot[r]``, and has ``weight[r]`` > 0 workers. ``cover``
    is a boolean [row x site] matrix: true where the site is open, suitable for the group and within its standard. Where
    the coverage of some group declines beyond its standard, ``share`` holds the share of a row that a site covers;
    ``None``: only ``cover`` applies. ``journeys`` is present if the plan uses travel times.
    """

    cell: IntArray
    group: IntArray
    slot: IntArray
    weight: FloatArray
    cover: sparse.csr_array
    share: sparse.csr_array | None = None
    journeys: Journeys | None = None
