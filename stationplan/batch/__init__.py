"""Batches: every prefecture or county of a scenario planned as a separate unit, and a league table of all units."""

from __future__ import annotations

from stationplan.batch.allocation import Allocation
from stationplan.batch.run import Batch, run_batch
from stationplan.batch.scenarios import run_batches
from stationplan.batch.units import By, Unit, units_of

__all__ = ["Allocation", "Batch", "By", "Unit", "run_batch", "run_batches", "units_of"]
