"""Demand: features per cell to workers per cell, group and time slot, with their uncertainty."""

from __future__ import annotations

from stationplan.demand.features import cell_features, count_features
from stationplan.demand.slots import demand_of, heat_exposure
from stationplan.demand.surface import Wishes, make_surface, refuse_empty

__all__ = [
    "Wishes",
    "cell_features",
    "count_features",
    "demand_of",
    "heat_exposure",
    "make_surface",
    "refuse_empty",
]
