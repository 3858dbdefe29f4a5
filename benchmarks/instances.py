"""Made-up covering problems of any size, always the same: matrices [demand x site] and the weight of each row."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse

Ground = NDArray[np.float64]
"""[point, 2]: easting and northing."""


def uniform_instance(customers: int, sites: int = 100) -> tuple[sparse.csr_array, NDArray[np.float64]]:
    """Return points uniform in [0, 30]^2 with demand 1 to 100 and radius 5.5 (Cordeau, Furini and Ljubic 2019)."""
    rng = np.random.default_rng(2019)
    side, reach = 30.0, 5.5
    places = rng.uniform(0.0, side, (sites, 2))
    people = rng.uniform(0.0, side, (customers, 2))
    return within(people, places, np.full(sites, reach)), rng.integers(1, 101, customers).astype(np.float64)


def road_like_instance(
    cells: int, sites: int, *, existing: int = 0
) -> tuple[sparse.csr_array, NDArray[np.float64], NDArray[np.int64]]:
    """Return cells around towns of Zipf-like sizes, sites a sample of them, and which sites stand already.

    Towns have streets of their own direction: a site reaches 500 to 1,000 m along them (the sum of both ways), so that
    a cell in a town sees 10 to 60 sites. Cells are denser in the middle of a town, and weigh 1 to some hundred workers.
    Existing sites all stand in the western half of their town.
    """
    rng = np.random.default_rng(2026)
    towns = max(cells // 2_500, 3)
    size = 1.0 / np.arange(1, towns + 1)
    town = np.sort(rng.choice(towns, cells, p=size / size.sum()))
    count = np.bincount(town, minlength=towns)
    region = 400.0 * np.sqrt(cells)
    middle = rng.uniform(0.0, region, (towns, 2))
    # A town of n cells spreads so that a square kilometre holds some 1,500 of them.
    spread = 1_000.0 * np.sqrt(np.maximum(count, 1) / 1_500.0 / (2 * np.pi))
    at = middle[town] + rng.normal(0.0, 1.0, (cells, 2)) * spread[town, None]
    turn = rng.uniform(0.0, np.pi / 2, towns)[town] + np.pi / 4
    # In axes turned by 45 degrees the sum of both ways is the larger of the two: a square.
    weights = np.ceil(rng.lognormal(1.5, 1.2, cells))
    picked = np.sort(rng.choice(cells, sites, replace=False))
    reach = rng.uniform(500.0, 1_000.0, sites)
    cover = within(at, at[picked], reach, turn=(turn, turn[picked]))
    west = np.flatnonzero(at[picked, 0] < middle[town[picked], 0])
    standing = np.sort(rng.choice(west, existing, replace=False))
    return cover, weights, standing


def within(
    people: Ground,
    places: Ground,
    reach: NDArray[np.float64],
    *,
    turn: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> sparse.csr_array:
    """Return which places reach which people: as the crow flies, or along streets turned by an angle at each place."""
    side = float(reach.max()) * (1.0 if turn is None else np.sqrt(2.0))
    low = np.minimum(people.min(axis=0), places.min(axis=0))
    columns = int((max(people[:, 0].max(), places[:, 0].max()) - low[0]) / side) + 1
    square = ((places - low) / side).astype(np.int64)
    number = square[:, 1] * columns + square[:, 0]
    order = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[order], np.arange(number.max() + 2))
    angle = np.zeros(0) if turn is None else turn[1]
    indptr, indices = _within(people, places, reach, angle, low, side, columns, order, starts)
    return sparse.csr_array((np.ones(len(indices), dtype=bool), indices, indptr), shape=(len(people), len(places)))


@njit(cache=True)
def _within(people, places, reach, angle, low, side, columns, order, starts):
    indptr = np.zeros(people.shape[0] + 1, np.int64)
    indices = np.empty(0, np.int32)
    for fill in range(2):
        if fill == 1:
            indices = np.empty(indptr[-1], np.int32)
        number = 0
        for i in range(people.shape[0]):
            begin = number
            column = int((people[i, 0] - low[0]) / side)
            row = int((people[i, 1] - low[1]) / side)
            for y in range(max(row - 1, 0), row + 2):
                for x in range(max(column - 1, 0), min(column + 2, columns)):
                    square = y * columns + x
                    if square + 1 >= starts.size:
                        continue
                    for place in range(starts[square], starts[square + 1]):
                        j = order[place]
                        east, north = people[i, 0] - places[j, 0], people[i, 1] - places[j, 1]
                        if angle.size == 0:
                            near = east * east + north * north <= reach[j] * reach[j]
                        else:
                            c, s = np.cos(angle[j]), np.sin(angle[j])
                            near = abs(c * east + s * north) + abs(c * north - s * east) <= reach[j]
                        if near:
                            if fill == 1:
                                indices[number] = j
                            number += 1
            if fill == 1:
                indices[begin:number].sort()
            else:
                indptr[i + 1] = number
    return indptr, indices
