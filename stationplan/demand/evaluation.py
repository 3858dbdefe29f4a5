"""Out-of-fold evaluation of a model: its predictions, the baselines to beat, and the importance of its features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from stationplan.demand.models import Pipeline, make, tune
from stationplan.demand.validation import d2_poisson, deviance
from stationplan.domain import FloatArray, IntArray, LearningModel

_REPEATS = 5
_CONFIDENCE = 0.95


def judge(
    model: LearningModel, known: FloatArray, counts: FloatArray, fold: IntArray, *, skewed: Sequence[int], seed: int
) -> tuple[FloatArray, list[Pipeline]]:
    """Return out-of-fold predictions, and the pipelines that made them; tuning excludes the held-out fold too."""
    left_out = np.empty(len(counts))
    fitted = []
    for number in range(int(fold.max()) + 1):
        test = fold == number
        train = known[~test], counts[~test]
        pipeline = make(model, tune(model, *train, fold[~test], skewed=skewed, seed=seed), skewed=skewed, seed=seed)
        pipeline.fit(*train)
        left_out[test] = pipeline.predict(known[test])
        fitted.append(pipeline)
    return left_out, fitted


def baselines(counts: FloatArray, fold: IntArray, population: FloatArray | None) -> dict[str, FloatArray]:
    """Return out-of-fold predictions of the baselines: the mean of the other cells, and a constant rate per resident.

    >>> found = baselines(np.array([2.0, 4.0]), np.array([0, 1]), np.array([1.0, 10.0]))
    >>> found["constant_rate"].tolist(), found["population_share"].tolist()
    ([4.0, 2.0], [0.4, 20.0])
    """
    bases = {"constant_rate": np.ones(len(counts))}
    if population is not None:
        bases["population_share"] = population
    predicted = {name: np.empty(len(counts)) for name in bases}
    for name, base in bases.items():
        for number in np.unique(fold):
            test = fold == number
            whole = float(base[~test].sum())
            predicted[name][test] = base[test] * (float(counts[~test].sum()) / whole if whole > 0 else 0.0)
    return predicted


def better(counts: FloatArray, predicted: FloatArray, baseline: FloatArray, block: IntArray) -> bool:
    """Return whether predictions have significantly less deviance and less absolute error than a baseline.

    Both gains must be significant at the 5 % level in a paired one-sided t-test over blocks: features without
    information occasionally win by a small margin. D2 increases as deviance decreases, so less deviance means a larger
    D2.
    """
    number = int(block.max()) + 1
    critical = float(stats.t.ppf(_CONFIDENCE, number - 1))
    for loss in (deviance, _absolute):
        gain = np.bincount(block, loss(counts, baseline) - loss(counts, predicted), number)
        if not gain.sum() > critical * np.sqrt(number * gain.var(ddof=1)):
            return False
    return True


def _absolute(observed: FloatArray, predicted: FloatArray) -> FloatArray:
    return np.abs(observed - predicted)


def permutation_importance(
    features: Sequence[str],
    known: FloatArray,
    counts: FloatArray,
    fold: IntArray,
    fitted: Sequence[Pipeline],
    *,
    seed: int,
) -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation of the decrease of D2 when a feature is permuted within each fold."""
    random = np.random.default_rng([seed, 1])
    tests = [np.flatnonzero(fold == number) for number in range(len(fitted))]

    def predicted(shuffled: int | None) -> FloatArray:
        left_out = np.empty(len(counts))
        for test, pipeline in zip(tests, fitted, strict=True):
            cells = known[test]
            if shuffled is not None:
                cells[:, shuffled] = random.permutation(cells[:, shuffled])
            left_out[test] = pipeline.predict(cells)
        return left_out

    whole = d2_poisson(counts, predicted(None))
    found = {}
    for at, name in enumerate(features):
        drops = [whole - d2_poisson(counts, predicted(at)) for _ in range(_REPEATS)]
        found[name] = (float(np.mean(drops)), float(np.std(drops, ddof=1)))
    return found


def dispersion_of(counts: FloatArray, mean: FloatArray) -> float:
    """Return phi >= 0 of the variance ``mean + phi * mean ** 2`` by moments, after scaling the mean to the counts."""
    mean = mean * (counts.sum() / mean.sum())
    return max(0.0, float(((counts - mean) ** 2 - mean).sum() / (mean**2).sum()))
