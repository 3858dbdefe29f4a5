"""Records of existing stations and candidate sites."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stationplan.domain.base import BoolArray, FloatArray, IntArray, Kind, Record, require


@dataclass(frozen=True, eq=False)
class Sites(Record):
    """Existing stations and candidate sites, one row each; ids are unique across both.

    ``x`` and ``y`` are eastings and northings (m). ``existing`` marks stations; of the others ``required`` must and
    ``forbidden`` may not be built. ``open[site, slot]`` and ``serves[site, group]`` say when a site is open and which
    groups it serves. ``district`` is -1 outside the study area. ``cost`` (yuan) is 0 for existing stations. ``hours``
    are the opening hours as text, ``host`` the id of the host type. ``place`` is the row of the station or candidate to
    which an action applies: of new sites with the same ``place``, at most one is chosen. ``capacity`` is the number of
    workers that a site can serve in a time slot, NaN where it is not stated. ``action`` is the id of the action, empty
    for the station itself; ``counted`` sites count towards the number of new sites. ``preferred`` and ``closable``
    sites are named by the scenario. ``passed`` are, by site, the headers and texts of columns of its table that no
    field uses.
    """

    site_id: tuple[str, ...]
    name: tuple[str, ...]
    address: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    existing: BoolArray
    kind: tuple[Kind, ...]
    host: tuple[str, ...]
    hours: tuple[str, ...]
    open: BoolArray
    serves: BoolArray
    cost: FloatArray
    capacity: FloatArray
    required: BoolArray
    forbidden: BoolArray
    preferred: BoolArray
    closable: BoolArray
    counted: BoolArray
    place: IntArray
    action: tuple[str, ...]
    district: IntArray
    passed: tuple[tuple[tuple[str, str], ...], ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.passed:
            object.__setattr__(self, "passed", ((),) * len(self.site_id))
        require(len(self.passed) == len(self.site_id), "each site has its passed columns")
        require(len(set(self.site_id)) == len(self.site_id), "site ids are unique across kinds")
        require(bool(np.isfinite(self.cost).all() and (self.cost >= 0).all()), "costs are finite and >= 0")

    def __len__(self) -> int:
        return len(self.site_id)

    @property
    def extends(self) -> BoolArray:
        """Mask of the rows that extend an existing station instead of adding a new one."""
        return ~self.existing & self.existing[self.place]
