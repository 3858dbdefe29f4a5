"""What is known of a model out of fold: its predictions, baselines to beat, what its features are worth."""

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
    """Return predictions made without the fold, and the pipelines that made them; tuned without the fold too."""
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
    """Return predictions without the fold: the mean of other cells, and their workers a head times a cell's people.

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
    """Return whether predictions have less deviance and less absolute error than a baseline, by more than chance.

    Both gains must exceed what a paired one-sided t-test over blocks takes for chance in one case of twenty: features
    without meaning win by a hair now and then. D2 falls as deviance rises, so less deviance is more D2.
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
    """Return mean and standard deviation of the drop of D2 when a feature is shuffled within each fold."""
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
    """Return phi >= 0 of the variance ``mean + phi * mean ** 2`` by moments, the bias of the mean set aside."""
    mean = mean * (counts.sum() / mean.sum())
    return max(0.0, float(((counts - mean) ** 2 - mean).sum() / (mean**2).sum()))
