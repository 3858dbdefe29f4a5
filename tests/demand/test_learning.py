"""Learning workers from counts: known truths are found, noise is not, and blocks stay whole."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import PoissonRegressor
from sklearn.model_selection import GroupKFold
from support.environment import ROOT
from support.learning import ALL, SIDE, X, Y, city, digest, learnt

from stationplan.demand.bootstrap import calibrated, resampled
from stationplan.demand.evaluation import baselines, better, dispersion_of
from stationplan.demand.models import make
from stationplan.demand.validation import block_folds, d2_poisson
from stationplan.errors import InputError


@pytest.fixture(scope="module")
def line():
    values, counts, mean = city(1, "line")
    seen = ALL[ALL % 4 != 0]
    return learnt(values, counts[seen], seen, draws=40), counts, mean


@pytest.fixture(scope="module")
def crossed():
    values, counts, mean = city(2, "crossed")
    return learnt(values, counts, draws=10), counts, mean


# ---- what is true is found ------------------------------------------------------------------------------------------


def test_a_log_linear_truth_is_recovered_almost_as_well_as_by_the_truth_itself(line):
    found, counts, mean = line
    seen = found.observed_cell
    assert found.model == "poisson"
    assert found.beats_baselines
    oracle = d2_poisson(counts[seen], mean[seen])
    assert oracle - 0.05 < found.scores["model"].d2_poisson < oracle + 0.01
    # What is left to the oracle is what 192 cells cannot tell: maximum likelihood on the same folds comes no nearer.
    values, _, _ = city(1, "line")
    likeliest = np.empty(len(seen))
    for number in range(5):
        test = found.fold == number
        line_only = PoissonRegressor(alpha=0).fit(values[seen][~test], counts[seen][~test])
        likeliest[test] = line_only.predict(values[seen][test])
    assert found.scores["model"].d2_poisson == pytest.approx(d2_poisson(counts[seen], likeliest), abs=0.01)
    unseen = np.setdiff1d(ALL, seen)
    assert np.corrcoef(found.predicted[unseen], mean[unseen])[0, 1] > 0.98
    assert max(found.importance, key=lambda name: found.importance[name][0]) == "f0"
    assert found.importance["f2"][0] < 0.01


def test_a_truth_of_two_features_crossed_prefers_trees(crossed):
    found, counts, mean = crossed
    assert found.model == "boosting"
    assert found.beats_baselines
    assert found.scores["boosting"].d2_poisson > 0.6 > 0.2 > found.scores["poisson"].d2_poisson
    assert found.scores["model"].d2_poisson < d2_poisson(counts, mean)
    assert found.scores["model"] is found.scores["boosting"]


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_features_beat_no_baseline(seed):
    values, counts, _ = city(1, "line")
    random = np.random.default_rng(seed)
    shuffled = np.column_stack([random.permutation(column) for column in values.T])
    found = learnt(shuffled, counts, population=None, seed=seed)
    assert not found.beats_baselines
    assert found.scores["model"].d2_poisson < 0.05


def test_what_population_explains_alone_is_not_called_learnt():
    # Counts in exact proportion to people: the share of population is the truth, and nothing can beat it.
    random = np.random.default_rng(5)
    people = random.integers(50, 1000, SIDE**2).astype(float)
    counts = random.poisson(people / 100).astype(float)
    found = learnt(people[:, None], counts, names=["population"], population=people)
    assert found.scores["model"].d2_poisson > found.scores["constant_rate"].d2_poisson + 0.3
    assert not found.beats_baselines


def test_a_win_by_a_hair_is_not_a_win():
    counts = np.array([1.0, 3.0] * 20)
    block = np.repeat(np.arange(10), 4)
    flat = np.full(40, 2.0)
    assert not better(counts, flat, flat, block)
    assert better(counts, counts, flat, block) is True
    once = flat.copy()
    once[:4] = counts[:4]  # better in one block of ten, equal in the others
    assert not better(counts, once, flat, block)


# ---- blocks and folds -----------------------------------------------------------------------------------------------


def test_a_block_is_never_split_between_folds(line):
    found, _, _ = line
    pairs = np.unique(np.column_stack([found.block, found.fold]), axis=0)
    assert len(pairs) == len(np.unique(found.block)) == 64
    assert set(found.fold) == set(range(5))


@pytest.mark.parametrize("folds", [3, 5, 7])
def test_folds_hold_as_many_as_those_of_scikit_learn(folds):
    block = np.random.default_rng(folds).integers(0, 30, 400)
    theirs = [len(test) for _, test in GroupKFold(folds).split(block, groups=block)]
    assert sorted(np.bincount(block_folds(block, folds))) == sorted(theirs)


def test_predictions_out_of_fold_do_not_know_their_fold():
    # Counts of one fold are changed: nothing that is predicted for that fold may change.
    values, counts, _ = city(4, "line")
    before = learnt(values, counts)
    other = np.where(before.fold == 2, counts[::-1] + 50, counts)
    after = learnt(values, other)
    assert_array_equal(after.fold, before.fold)
    assert_array_equal(after.out_of_fold[before.fold == 2], before.out_of_fold[before.fold == 2])
    assert not np.array_equal(after.out_of_fold, before.out_of_fold)


def test_blocks_follow_the_reach_of_residuals_unless_a_side_is_given():
    values, _, mean = city(1, "line")
    waves = np.exp(1.5 * np.sin(X / 1000) * np.sin(Y / 1000))  # resembles itself within about 1.5 km
    counts = np.random.default_rng(0).poisson(20 * mean * waves).astype(float)
    assert 1000 < learnt(values, counts, block_m=None).block_m < 2600
    assert learnt(values, counts, block_m=None, folds=3).block_m >= 1000  # twice the spacing of 500 m


def test_too_few_blocks_are_halved_and_told():
    values, counts, _ = city(1, "line")
    found = learnt(values, counts, block_m=10_000.0)
    assert found.block_m == 2500.0
    assert [str(note) for note in found.notes] == [
        "Blocks of 10000 m are too few for 5 folds; blocks of 2500 m are used."
    ]


# ---- totals, noise and draws ----------------------------------------------------------------------------------------


def test_calibration_keeps_the_observed_total(line, crossed):
    for found, _, _ in (line, crossed):
        assert abs(found.predicted[found.observed_cell].sum() / found.observed.sum() - 1) < 1e-9
        assert_allclose(found.scores["model"].predicted_by_decile.sum(), found.out_of_fold.sum())


def test_the_pipeline_that_is_kept_makes_the_predictions(line):
    found, _, _ = line
    values, _, _ = city(1, "line")
    assert_array_equal(found.pipeline.predict(values) * found.calibration, found.predicted)
    assert found.pipeline.n_features_in_ == len(found.features)
    assert set(found.versions) == {"scikit-learn", "numpy", "scipy"}


def test_draws_scatter_around_the_prediction(line):
    found, _, _ = line
    assert found.draws.shape == (40, SIDE**2)
    assert found.draws.dtype == np.float32
    assert_allclose(found.draws.mean(axis=0).sum(), found.predicted.sum(), rtol=0.05)
    assert np.corrcoef(found.draws.mean(axis=0), found.predicted)[0, 1] > 0.99


def test_draws_are_wider_where_fewer_blocks_were_observed():
    values, counts, _ = city(3, "line")
    blank = partial(make, "poisson", {"alpha": 0.01}, skewed=[], seed=0)
    block = (X // 1000 * 100 + Y // 1000).astype(np.int64)
    widths = []
    for number in (6, 60):
        seen = np.flatnonzero(np.isin(block, np.unique(block)[:number]))
        drawn = resampled(blank, values, block, seen, counts[seen], dispersion=0.0, draws=40, seed=1)
        widths.append(drawn.sum(axis=1).std())
    assert widths[0] > 2 * widths[1]


def test_noise_is_common_to_a_block_and_has_the_stated_mean_and_variance():
    values, counts, _ = city(3, "line")
    blank = partial(make, "poisson", {"alpha": 0.01}, skewed=[], seed=0)
    block = (ALL % 8).astype(np.int64)

    def factors(block, seed):
        plain, noisy = (  # the first draw learns from the same blocks with and without noise
            resampled(blank, values, block, ALL, counts, dispersion=phi, draws=1, seed=seed)[0] for phi in (0.0, 0.5)
        )
        return noisy / plain

    common = factors(block, 1)
    assert all(np.ptp(common[block == number]) < 1e-5 for number in range(8))
    assert len(np.unique(common.round(4))) == 8
    many = np.concatenate([factors(ALL, seed) for seed in range(12)])  # every cell a block of its own
    assert_allclose([many.mean(), many.var()], [1.0, 0.5], rtol=0.15)


def test_dispersion_is_found_by_moments():
    random = np.random.default_rng(0)
    mean = random.uniform(5, 50, 20_000)
    assert dispersion_of(random.poisson(mean).astype(float), mean) < 0.01
    mixed = random.poisson(mean * random.gamma(1 / 0.4, 0.4, len(mean))).astype(float)
    assert dispersion_of(mixed, mean) == pytest.approx(0.4, abs=0.03)
    assert dispersion_of(np.array([2.0, 2.0]), np.array([2.0, 2.0])) == 0.0


def test_a_pipeline_is_calibrated_to_its_own_sample():
    values, counts, _ = city(2, "crossed")
    pipeline, factor = calibrated(make("boosting", {"max_iter": 5}, skewed=[], seed=0), values, counts)
    assert_allclose(factor * pipeline.predict(values).sum(), counts.sum(), rtol=1e-12)


# ---- odd inputs -----------------------------------------------------------------------------------------------------


def test_one_feature_is_enough_and_constant_ones_are_left_out_and_told():
    values, counts, _ = city(1, "line")
    values[:, 1] = 7.0
    seen = ALL[: SIDE**2 // 2]
    values[seen, 2] = 0.0  # differs, but only where nobody counted
    found = learnt(values, counts[seen], seen, names=["food", "sea", "rail"], population=None)
    assert found.features == ("food",)
    assert list(found.importance) == ["food"]
    assert [str(note) for note in found.notes] == [
        "Features not used because they are the same in every observed cell: sea, rail.",
        "The population of the cells is unknown; its share is not used as a baseline.",
    ]
    assert set(found.scores) == {"model", "poisson", "boosting", "constant_rate"}


def test_a_feature_far_beyond_what_was_seen_does_not_run_away():
    values, counts, _ = city(1, "line")
    values[0, 0] = 1e6
    found = learnt(values, counts[1:], ALL[1:])
    assert found.predicted[0] < 3 * counts.max()


def test_people_missing_elsewhere_give_a_baseline_of_nobody():
    found = baselines(np.array([5.0, 1.0]), np.array([0, 1]), np.array([3.0, 0.0]))
    assert found["population_share"].tolist() == [0.0, 0.0]


def refusal(*arguments, **options) -> str:
    with pytest.raises(InputError) as caught:
        learnt(*arguments, **options)
    return str(caught.value)


def test_what_cannot_be_learnt_from_is_refused_with_every_fault():
    values, counts, _ = city(1, "line")
    values[3, 1], values[4, 1], counts[5] = np.nan, np.inf, -1.0
    people = np.ones(SIDE**2)
    people[:3] = np.nan
    text = refusal(values, np.append(counts, 1.0), np.append(ALL, 0), population=people, folds=2)
    assert text.splitlines() == [
        "The feature f1 is not a finite number in 2 cells. Provide a value for every cell, or do not use the feature.",
        "The population of 3 cells is unknown. Provide the population of every cell, 0 where nobody lives.",
        "1 worker counts are negative or not finite. Remove cells that were not observed.",
        "1 cells have more than one count. Provide one count per cell, such as the mean.",
        "2 folds are too few to validate the model. Use three or more.",
    ]


@pytest.mark.parametrize("cells", [0, 1, 4])
def test_fewer_observed_cells_than_folds_are_refused(cells):
    values, counts, _ = city(1, "line")
    assert f"({cells}) than folds (5)" in refusal(values, counts[:cells], ALL[:cells])


def test_counts_without_a_worker_or_in_one_corner_are_refused():
    values, counts, _ = city(1, "line")
    corner = np.where((X < 1000) & (Y < 1000), counts + 1, 0.0)
    for hopeless in (np.zeros(SIDE**2), corner):
        assert "too few places to estimate" in refusal(values, hopeless)
        assert "too few places to estimate" in refusal(values, hopeless, block_m=None)


def test_features_that_never_differ_are_refused():
    _, counts, _ = city(1, "line")
    assert "No feature varies" in refusal(np.ones((SIDE**2, 2)), counts)


def test_the_fewest_cells_that_can_be_learnt_from():
    values, _, _ = city(1, "line")
    found = learnt(values, np.array([3.0, 1.0, 2.0, 4.0, 1.0]), ALL[::60][:5], draws=5)
    assert not found.beats_baselines
    assert np.isfinite(found.draws).all()


def test_without_scikit_learn_the_cure_is_named(monkeypatch):
    values, counts, _ = city(1, "line")
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert "pip install 'stationplan[demand]'" in refusal(values, counts)


# ---- the same again -------------------------------------------------------------------------------------------------

DIGEST = """
import sys
sys.path.insert(0, "tests")
from support.learning import digest
sys.stdout.write(digest())
"""


def test_a_seed_gives_the_same_bytes_whatever_the_number_of_threads():
    found = {digest()}
    for threads in ("1", "2"):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = {**os.environ, **dict.fromkeys(names, threads)}
        done = subprocess.run(
            [sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
        )
        found.add(done.stdout)
    assert len(found) == 1
