"""Records of the places that are or may become stations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stationplan.domain.base import BoolArray, FloatArray, IntArray, Kind, Record, require


@dataclass(frozen=True, eq=False)
class Sites(Record):
    """Existing stations and candidate sites, one row each; ids are unique across both.

    ``open[site, slot]`` and ``serves[site, group]`` say when and for whom a station works. ``district`` is -1 outside
    every district. ``cost`` (yuan) is 0 for existing stations. ``hours`` is the opening time as text, ``host`` the id
    of the kind of place. ``place`` is the row of the station or candidate at which something is done: of new sites with
    the same number at most one is chosen. ``capacity`` is the number of workers that a site can serve in a time slot,
    NaN where nobody said. ``action`` is the id of what is done there, empty for the station itself;
    ``counted`` sites count towards the number of new ones. ``preferred`` and ``closable`` are named by the scenario.
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

    def __post_init__(self) -> None:
        super().__post_init__()
        require(len(set(self.site_id)) == len(self.site_id), "site ids are unique across kinds")
        require(bool(np.isfinite(self.cost).all() and (self.cost >= 0).all()), "costs are finite and >= 0")

    def __len__(self) -> int:
        return len(self.site_id)

    @property
    def extends(self) -> BoolArray:
        """Whether a row is no station of its own, but more of an existing one."""
        return ~self.existing & self.existing[self.place]
