"""Records of workers by cell and group: control totals, observations, and the surface made with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stationplan.domain.base import FloatArray, Record, Way, require
from stationplan.domain.cells import Cells
from stationplan.domain.features import Features
from stationplan.domain.learned import Learned
from stationplan.errors import Message


@dataclass(frozen=True, eq=False)
class Totals(Record):
    """Control totals that the cells of a district must add up to.

    ``workers[district, group]`` is NaN where no total is given. ``cv`` is the coefficient of variation of such a total,
    ``source`` the source of the totals.
    """

    workers: FloatArray
    cv: float
    source: str


@dataclass(frozen=True, eq=False)
class Observed(Record):
    """Observations of a group: counts by cell, or only locations of sightings.

    ``heads[cell]`` is the number of workers on the group's working day, NaN where they were not counted. ``x``/``y``
    (m) are the locations of sightings without a count.
    """

    group: str
    heads: FloatArray
    x: FloatArray
    y: FloatArray
    source: str


@dataclass(frozen=True, eq=False)
class GroupSurface(Record):
    """How the workers of one group were distributed over the cells.

    ``way`` is the method: stated ``rates``, a model ``learned`` from counts in this study, a ``model`` of an earlier
    study, or the density of ``sightings``; ``totals`` says whether control totals were then applied. ``learned`` is the
    model, also where it was not used; ``bandwidth_m`` is the bandwidth of the density. ``even`` are districts (rows)
    whose total was distributed by area, because no cell in them had a weight.
    """

    group: str
    way: Way
    totals: bool
    learned: Learned | None
    bandwidth_m: float
    even: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Surface(Record):
    """Workers by cell and group, ``heads[cell, group]``, and samples of the uncertainty, ``draws[draw, cell, group]``.

    ``cells``, ``features`` and ``totals`` are the inputs, ``observed`` the observations; ``notes`` are remarks for the
    reader on how the surface was made. ``draws`` is ``None`` where no draws were requested.
    """

    cells: Cells
    features: Features
    totals: Totals | None
    observed: tuple[Observed, ...]
    groups: tuple[GroupSurface, ...]
    heads: FloatArray
    draws: NDArray[np.float32] | None
    notes: tuple[Message, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        shape = (len(self.cells.cell_id), len(self.groups))
        require(self.heads.shape == shape, "heads have the shape (cell, group)")
        require(bool(np.isfinite(self.heads).all() and (self.heads >= 0).all()), "heads are finite and >= 0")

    def by_district(self, districts: int) -> FloatArray:
        """Workers by district and group, [district, group]."""
        columns = [np.bincount(self.cells.district, column, minlength=districts) for column in self.heads.T]
        return np.column_stack(columns).astype(np.float64)
