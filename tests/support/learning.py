"""A made-up city of square cells whose counts follow a known rule, to learn from."""

from __future__ import annotations

import hashlib

import numpy as np

from stationplan.demand.learning import learn

SIDE = 16
ALL = np.arange(SIDE**2)
X, Y = (axis.ravel() * 500.0 for axis in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))


def city(seed: int, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three features, Poisson counts and their true means; cells 500 m apart."""
    random = np.random.default_rng(seed)
    values = random.uniform(0, 1, (SIDE**2, 3))
    if kind == "line":
        mean = np.exp(0.5 + 2.0 * values[:, 0] - 1.0 * values[:, 1])
    else:
        mean = np.where((values[:, 0] > 0.5) ^ (values[:, 1] > 0.5), 20.0, 1.0)
    return values, random.poisson(mean).astype(float), mean


def learnt(values, counts, cells=ALL, names=None, **options):
    options = {"block_m": 1000.0, "draws": 0, "population": np.ones(len(values)), **options}
    names = names or [f"f{at}" for at in range(values.shape[1])]
    return learn(values, names, X[: len(values)], Y[: len(values)], cells, counts, **options)


def digest() -> str:
    values, counts, _ = city(2, "crossed")
    found = learnt(values, counts, draws=5, seed=3)
    parts = [found.predicted, found.out_of_fold, found.draws, np.array(list(found.importance.values()))]
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()
