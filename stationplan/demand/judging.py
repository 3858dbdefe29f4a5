"""What is known of a model out of fold: its predictions, baselines to beat, what its features are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from stationplan.demand.models import Pipeline, make, tune
from stationplan.demand.validation import d2_poisson, score
from stationplan.domain import FloatArray, IntArray, LearningModel, Scores

_REPEATS = 5


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


def baseline_scores(counts: FloatArray, fold: IntArray, population: FloatArray | None) -> dict[str, Scores]:
    """Return the scores of the training cells' mean, and of their workers a head times the people of a cell."""
    bases = {"constant_rate": np.ones(len(counts))}
    if population is not None:
        bases["population_share"] = population
    scores = {}
    for name, base in bases.items():
        left_out = np.empty(len(counts))
        for number in np.unique(fold):
            test = fold == number
            whole = float(base[~test].sum())
            left_out[test] = base[test] * (float(counts[~test].sum()) / whole if whole > 0 else 0.0)
        scores[name] = score(counts, left_out)
    return scores


def better(scores: Scores, baselines: Mapping[str, Scores]) -> bool:
    """Return whether both D2 and the mean absolute error are better than those of every baseline."""
    return all(scores.d2_poisson > base.d2_poisson and scores.mae < base.mae for base in baselines.values())


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
