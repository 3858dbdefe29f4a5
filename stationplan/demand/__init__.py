"""Where the workers are: features per cell to workers per cell, group and time slot."""

from __future__ import annotations

from stationplan.demand.shares import demand_by_shares

__all__ = ["demand_by_shares"]
