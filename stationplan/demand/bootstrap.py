"""Uncertainty of a fitted model: refitted to resampled blocks, with noise for the unexplained variance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from stationplan.demand.models import Pipeline
from stationplan.domain import FloatArray, IntArray


def calibrated(blank: Pipeline, known: FloatArray, counts: FloatArray) -> tuple[Pipeline, float]:
    """Return the pipeline fitted to observed cells, and the factor that makes its means add up to the counts."""
    blank.fit(known, counts)
    return blank, float(counts.sum() / blank.predict(known).sum())


def resampled(
    blank: Callable[[], Pipeline],
    values: FloatArray,
    block: IntArray,
    observed_cell: IntArray,
    counts: FloatArray,
    *,
    dispersion: float,
    draws: int,
    seed: int,
) -> NDArray[np.float32]:
    """Return ``draws[draw, cell]``, numbers of workers sampled from the uncertainty, all draws equally likely.

    ``block[cell]`` numbers the squares of all cells. Each draw fits the model to as many observed blocks as there are,
    sampled with replacement, and is calibrated to these (a sample without any worker is drawn again); then all cells of
    a block are multiplied by one gamma factor of mean one and variance ``dispersion``.
    """
    random = np.random.default_rng([seed, 2])
    squares, inside = np.unique(block[observed_cell], return_inverse=True)
    members = [np.flatnonzero(inside.reshape(-1) == number) for number in range(len(squares))]
    drawn = np.empty((draws, len(values)), dtype=np.float32)
    for draw in range(draws):
        rows = np.zeros(0, dtype=np.int64)
        while not counts[rows].any():
            rows = np.concatenate([members[at] for at in random.integers(len(members), size=len(members))])
        pipeline, factor = calibrated(blank(), values[observed_cell[rows]], counts[rows])
        mean = pipeline.predict(values) * factor
        noise = random.gamma(1 / dispersion, dispersion, int(block.max()) + 1)[block] if dispersion > 0 else 1.0
        drawn[draw] = mean * noise
    return drawn
