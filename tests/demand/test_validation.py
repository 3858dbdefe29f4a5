"""Scores, blocks and the reach of residuals, against scikit-learn, scipy and paper."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import spatial, stats
from sklearn.metrics import d2_tweedie_score, mean_absolute_error

from stationplan.demand.validation import (
    block_side,
    d2_poisson,
    deviance,
    median_spacing,
    residual_range,
    score,
    spatial_blocks,
)


def test_scores_agree_with_scikit_learn_and_scipy():
    random = np.random.default_rng(0)
    predicted = random.uniform(1, 20, 200)
    observed = random.poisson(predicted * 1.1).astype(float)
    found = score(observed, predicted)
    assert found.d2_poisson == pytest.approx(d2_tweedie_score(observed, predicted, power=1))
    assert found.mae == pytest.approx(mean_absolute_error(observed, predicted))
    assert found.rank_correlation == pytest.approx(stats.spearmanr(observed, predicted).statistic)
    assert found.bias == pytest.approx(predicted.sum() / observed.sum() - 1)


def test_top_share_and_deciles_by_hand():
    observed = np.arange(20.0)  # adds up to 190; a tenth of the cells are two
    found = score(observed, observed[::-1].copy())
    assert found.top_share == pytest.approx((0 + 1) / 190)
    assert found.top_share_best == pytest.approx((19 + 18) / 190)
    assert found.observed_by_decile.tolist() == [37, 33, 29, 25, 21, 17, 13, 9, 5, 1]
    assert found.predicted_by_decile.tolist() == [1, 5, 9, 13, 17, 21, 25, 29, 33, 37]
    assert score(observed, np.ones(20)).top_share == pytest.approx(0.1)  # drawn by lot


def test_a_perfect_and_a_flat_prediction():
    observed = np.array([0.0, 1.0, 5.0, 2.0])
    assert score(observed, observed).d2_poisson == pytest.approx(1, abs=2e-3)  # the floor costs the empty cell a hair
    flat = score(observed, np.full(4, 2.0))
    assert flat.d2_poisson == 0
    assert np.isnan(flat.rank_correlation)


def test_without_a_worker_only_the_error_has_a_meaning():
    found = score(np.zeros(3), np.array([0.0, 0.0, 3.0]))
    assert found.mae == 1
    assert np.isnan([found.d2_poisson, found.bias, found.rank_correlation, found.top_share]).all()


def test_a_prediction_of_nobody_costs_as_much_as_one_of_a_thousandth_of_the_mean():
    observed = np.array([4.0, 0.0])
    expected = 2 * (4 * np.log(4 / 0.002) - 4 + 0.002)
    assert_allclose(deviance(observed, np.zeros(2)), [expected, 2 * 0.002])


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0.1, 50)), min_size=2, max_size=40), st.floats(0.01, 100))
def test_d2_does_not_depend_on_the_unit_of_counting(pairs, unit):
    observed, predicted = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    assert_allclose(d2_poisson(observed * unit, predicted * unit), d2_poisson(observed, predicted), atol=1e-9)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=1, max_size=30), st.floats(10, 5000))
def test_points_share_a_block_when_they_share_a_square(points, side_m):
    x, y = (np.array(column) for column in zip(*points, strict=True))
    block = spatial_blocks(x, y, side_m)
    squares = [(np.floor(e / side_m), np.floor(n / side_m)) for e, n in zip(x, y, strict=True)]
    same = np.array([[one == other for one in squares] for other in squares])
    assert_array_equal(block[:, None] == block[None, :], same)
    assert set(block) == set(range(len(set(squares))))


def test_spacing_is_that_of_different_places():
    x = np.array([0.0, 0.0, 100.0, 200.0, 5000.0])
    assert median_spacing(x, np.zeros(5)) == 100.0
    assert median_spacing(np.zeros(3), np.zeros(3)) == 0.0


def test_a_side_that_suffices_is_kept():
    x = np.arange(10) * 100.0
    assert block_side(x, np.zeros(10), wanted_m=200.0, folds=5) == (200.0, ())


def field(range_m: float, seed: int, nugget: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A Gaussian field with a spherical covariance of known range on 300 points in 10 km."""
    random = np.random.default_rng(seed)
    x, y = random.uniform(0, 10_000, (2, 300))
    share = np.minimum(spatial.distance.cdist(np.column_stack([x, y]), np.column_stack([x, y])) / range_m, 1)
    covariance = (1 - 1.5 * share + 0.5 * share**3) * (1 - nugget) + nugget * np.eye(300)
    return x, y, np.linalg.cholesky(covariance + 1e-9 * np.eye(300)) @ random.normal(size=300)


@pytest.mark.parametrize("range_m", [800.0, 2000.0])
@pytest.mark.parametrize("nugget", [0.2, 0.6])
def test_a_known_range_is_found_under_noise_too(range_m, nugget):
    found = [residual_range(*field(range_m, seed, nugget)) for seed in range(10)]
    assert np.median(found) == pytest.approx(range_m, rel=0.35)
    assert min(found) >= 0.4 * range_m  # structure is never missed: too small a block flatters


def test_the_range_is_capped_at_a_third_of_the_extent():
    x, y, _ = field(1000.0, 0, 0.0)
    assert residual_range(x, y, x / 1000) == pytest.approx(max(np.ptp(x), np.ptp(y)) / 3)


def test_residuals_without_variation_or_place_have_no_range():
    x = np.arange(10) * 100.0
    assert residual_range(x, x, np.ones(10)) == 0
    assert residual_range(np.zeros(5), np.zeros(5), np.arange(5.0)) == 0


def test_a_sample_of_many_points_tells_the_same_range_each_time():
    x, y, values = field(2000.0, 1, 0.2)
    many = [np.tile(column, 12) for column in (x + 0.1, y, values)]
    assert residual_range(*many) == residual_range(*many) == pytest.approx(residual_range(x, y, values), rel=0.4)
