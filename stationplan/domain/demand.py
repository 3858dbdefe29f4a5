"""The record of the demand: workers by cell, group and time slot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stationplan.domain.base import FloatArray, Group, IntArray, Record, Slot, require


@dataclass(frozen=True, eq=False)
class Demand(Record):
    """Outdoor workers by cell, group and time slot.

    ``workers[cell, group, slot]`` is finite and >= 0. A group's working day is divided over the slots by shares that
    add up to one, so the sum over slots is a number of workers and nobody is counted twice. ``district[cell]`` is a row
    of ``StudyArea.districts``. ``x``/``y`` are the cells' centres (m). ``draws[draw, cell, group]`` are numbers of
    workers sampled from the uncertainty, all draws equally likely; ``None`` where no uncertainty is stated.
    ``exposure[cell, group, slot]`` weights workers in the choice of sites; ``None`` where all have the same weight.
    """

    cell_id: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    district: IntArray
    workers: FloatArray
    groups: tuple[Group, ...]
    slots: tuple[Slot, ...]
    draws: NDArray[np.float32] | None = None
    exposure: FloatArray | None = None

    @property
    def weight(self) -> FloatArray:
        """The weight of workers in the choice of sites, [cell, group, slot]."""
        return self.workers if self.exposure is None else self.workers * self.exposure

    def __post_init__(self) -> None:
        super().__post_init__()
        shape = (len(self.cell_id), len(self.groups), len(self.slots))
        require(self.workers.shape == shape, "workers has the shape (cell, group, slot)")
        require(bool(np.isfinite(self.workers).all() and (self.workers >= 0).all()), "workers are finite and >= 0")
        require(len(set(self.cell_id)) == len(self.cell_id), "cell ids are unique")
        require(self.draws is None or self.draws.shape[1:] == shape[:2], "draws have the shape (draw, cell, group)")
