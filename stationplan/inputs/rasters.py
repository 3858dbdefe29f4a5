"""Sums and means of a GeoTIFF over cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stationplan.domain import FloatArray, ObjectArray
from stationplan.scenario import Limits


def raster_sums(path: Path, outline: ObjectArray, crs: str, limits: Limits) -> tuple[FloatArray, int]:
    """Return the area-weighted sum of each cell, and how many cells lie outside."""
    raise NotImplementedError


def raster_mean(path: Path, outline: ObjectArray, crs: str, limits: Limits) -> FloatArray:
    """Return the area-weighted mean of each cell, NaN outside."""
    return np.full(len(outline), np.nan)
