"""Records of whom each site covers, and of the journeys to it."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import sparse

from stationplan.domain.base import FloatArray, IntArray, Record


@dataclass(frozen=True, eq=False)
class Journeys(Record):
    """How long it takes from demand to sites, also past the standards.

    ``minutes`` is an [origin x site] matrix of minutes up to ``far_min``, by a group's mode and to sites that are open
    and suit it; an absent entry is farther, a stored 0 no way at all. ``origin[row]`` is where a row of the coverage
    sets out: rows of one cell have an origin in common where the same sites are open to them.
    """

    minutes: sparse.csr_array
    origin: IntArray
    far_min: float


@dataclass(frozen=True, eq=False)
class Coverage(Record):
    """Which demand rows each site covers.

    Row r stands for ``(cell[r], group[r], slot[r])`` and has ``weight[r]`` > 0 workers. ``cover`` is a boolean
    [row x site] matrix: true where the site is open, fit for the group and within its standard. ``share`` says, where
    coverage fades out past the standard of some group, what share of a row a site is worth; ``None``: ``cover`` says.
    ``journeys`` are there where the plan is about ways.
    """

    cell: IntArray
    group: IntArray
    slot: IntArray
    weight: FloatArray
    cover: sparse.csr_array
    share: sparse.csr_array | None = None
    journeys: Journeys | None = None
