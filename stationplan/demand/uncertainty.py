"""Uncertainty of a surface made by stated rates: gamma factors of blocks and of totals."""

from __future__ import annotations

import numpy as np

from stationplan.domain import FloatArray

_LEAST_CV = 1e-6
"""Below this, the shape of a gamma distribution has more digits than a number."""


def gamma_factors(cv: float, shape: tuple[int, ...], random: np.random.Generator) -> FloatArray:
    """Return independent gamma factors of mean one and coefficient of variation ``cv``; ones where it is (almost) 0.

    A gamma factor keeps a count positive, and factors of the parts of a total, divided by their sum, are
    Dirichlet-distributed if the parts are equal (Johnson, Kotz, Balakrishnan 1994).

    >>> factors = gamma_factors(0.3, (100_000,), np.random.default_rng(1))
    >>> round(float(factors.mean()), 2), round(float(factors.std()), 2)
    (1.0, 0.3)
    """
    if cv < _LEAST_CV:
        return np.ones(shape)
    return random.gamma(1 / cv**2, cv**2, shape)
