"""Many studies in one: every prefecture or county of a scenario as a unit of its own, and the table of all of them."""

from __future__ import annotations

from stationplan.batch.allocation import Allocation
from stationplan.batch.run import Batch, run_batch
from stationplan.batch.scenarios import run_batches
from stationplan.batch.units import By, Unit, units_of

__all__ = ["Allocation", "Batch", "By", "Unit", "run_batch", "run_batches", "units_of"]
