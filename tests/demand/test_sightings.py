"""A density of sightings: its bandwidth, its shares, and what repeated sightings do to it."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from stationplan.demand.sightings import kernel_surface
from stationplan.errors import InputError

X, Y = (axis.ravel() * 100.0 for axis in np.meshgrid(np.arange(-30, 31), np.arange(-30, 31)))
AREA = np.full(len(X), 1e4)


def sightings(count: int, sigma_m: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, sigma_m, (2, count))


def test_the_bandwidth_is_about_the_best_one_for_a_normal_spread():
    # In the plane the least mean square error is at sigma * n ** (-1 / 6) (Silverman 1986).
    found = [kernel_surface(*sightings(400, 600.0, seed), X, Y, AREA, seed=0)[1] for seed in range(5)]
    assert np.median(found) == pytest.approx(600 * 400 ** (-1 / 6), rel=0.3)


def test_shares_are_those_of_a_sum_of_normal_kernels():
    points = sightings(200, 600.0, 1)
    share, bandwidth_m = kernel_surface(*points, X, Y, AREA, seed=0)
    squared = (X[:, None] - points[0]) ** 2 + (Y[:, None] - points[1]) ** 2
    density = np.exp(-squared / (2 * bandwidth_m**2)).sum(axis=1)
    assert_allclose(share, density / density.sum(), rtol=1e-9, atol=1e-15)
    assert share.sum() == pytest.approx(1, abs=1e-12)


def test_a_cell_twice_as_large_has_twice_the_share_of_its_density():
    points = sightings(100, 500.0, 2)
    area = AREA.copy()
    area[7] *= 2
    once, _ = kernel_surface(*points, X, Y, AREA, seed=0)
    twice, _ = kernel_surface(*points, X, Y, area, seed=0)
    assert twice[7] / twice[8] == pytest.approx(2 * once[7] / once[8])


def test_repeated_sightings_change_the_bandwidth_little_and_never_below_half_a_cell():
    px, py = sightings(100, 600.0, 3)
    _, plain = kernel_surface(px, py, X, Y, AREA, seed=0)
    _, tenfold = kernel_surface(np.tile(px, 10), np.tile(py, 10), X, Y, AREA, seed=0)
    assert tenfold == pytest.approx(plain, rel=0.5)
    jitter = np.random.default_rng(0).uniform(0, 3, (2, 1000))
    _, jittered = kernel_surface(np.tile(px, 10) + jitter[0], np.tile(py, 10) + jitter[1], X, Y, AREA, seed=0)
    assert jittered >= 50.0


def test_a_seed_decides_and_the_order_of_cells_does_not_matter():
    points = sightings(100, 600.0, 4)
    share, bandwidth_m = kernel_surface(*points, X, Y, AREA, seed=0)
    again, same = kernel_surface(*points, X, Y, AREA, seed=0)
    assert_array_equal(share, again)
    assert bandwidth_m == same
    backwards, _ = kernel_surface(*points, X[::-1], Y[::-1], AREA, seed=0)
    assert_allclose(backwards[::-1], share, rtol=1e-12)


def refusal(px, py) -> str:
    with pytest.raises(InputError) as caught:
        kernel_surface(np.asarray(px), np.asarray(py), X, Y, AREA, seed=0)
    return str(caught.value)


def test_few_places_lost_places_and_other_cities_are_refused_with_a_cure():
    px, py = sightings(100, 600.0, 5)
    few = (
        "Point observations are at {} distinct locations; estimating a density requires ten. "
        "Add point observations, or provide counts of cells."
    )
    assert refusal(px[:9], py[:9]) == few.format(9)
    assert refusal(np.tile(px[:3], 30), np.tile(py[:3], 30)) == few.format(3)
    assert refusal([], []) == few.format(0)
    px[4] = np.nan
    assert refusal(px, py) == "1 point observations have no valid location. Give each a location, or remove it."
    assert refusal(py + 1e7, py).startswith("No point observation lies near a cell.")


def test_without_scikit_learn_the_cure_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert "pip install 'stationplan[demand]'" in refusal(*sightings(50, 600.0, 6))
