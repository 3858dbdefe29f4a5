"""Workers per cell from a model fitted to cells with counts, validated on blocks that the model has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib import metadata

import numpy as np

from stationplan.demand.bootstrap import calibrated, resampled
from stationplan.demand.evaluation import baselines, better, dispersion_of, judge, permutation_importance
from stationplan.demand.models import MODELS, make, require_sklearn, skewed_columns, tune
from stationplan.demand.validation import (
    block_folds,
    block_side,
    median_spacing,
    residual_range,
    score,
    spatial_blocks,
)
from stationplan.domain import FloatArray, IntArray, Learned, Scores
from stationplan.errors import FaultList, Message, say

_LEAST_FOLDS = 3
"""One fold validates; tuning must hold out a second and still fit to a third."""


def learn(
    values: FloatArray,
    names: Sequence[str],
    x: FloatArray,
    y: FloatArray,
    observed_cell: IntArray,
    observed: FloatArray,
    *,
    target: str = "workers",
    population: FloatArray | None = None,
    block_m: float | None = None,
    folds: int = 5,
    draws: int = 100,
    seed: int = 0,
) -> Learned:
    """Return a model of the workers of all cells, fitted to counts of some: means, scores against baselines, and draws.

    ``values[cell, feature]`` and ``population[cell]`` are known for every cell at ``x``/``y`` (m), ``observed`` are the
    counts (>= 0) of the cells ``observed_cell``. A log-linear regression and boosted trees are compared, each cross-
    validated in ``folds`` (three or more) of whole square blocks (Roberts et al. 2017) and tuned only inside the other
    folds. Without ``block_m``, the side of a block is the range of spatial correlation of the residuals of a first
    linear model, at least twice the cells' spacing; it is halved while there are fewer blocks than folds.

    The better model out of fold is fitted to all observed cells, with parameters tuned on them. One factor makes the
    means of the observed cells add up to the observed total. ``beats_baselines`` says whether both D2 and the mean
    absolute error are significantly better, by the variation between blocks, than those of every baseline: a constant
    rate and, with ``population``, a share of it, each estimated without the cells on which it is validated. Each draw
    refits the model to whole blocks sampled with replacement, with the same parameters; its means are multiplied by
    gamma noise of mean one and variance ``dispersion``, common to a block. A ``seed`` gives the same bytes with any
    threads.

    Raises
    ------
    InputError
        scikit-learn is missing; a value is not finite; a count is negative or of a cell counted twice; there are fewer
        observed places than folds; no feature differs between observed cells; workers were seen in under three folds.
    """
    require_sklearn()
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - comes with scikit-learn

    _check(values, names, observed_cell, observed, population, folds)
    notes: list[Message] = []
    _check_places(x[observed_cell], y[observed_cell], folds)
    used = np.flatnonzero(np.ptp(values[observed_cell], axis=0) > 0)
    if len(used) < len(names):
        same = ", ".join(name for at, name in enumerate(names) if at not in set(used.tolist()))
        note = say("Features not used because they are the same in every observed cell: {features}.", features=same)
        notes.append(note)
    if population is None:
        notes.append(say("The population of the cells is unknown; its share is not used as a baseline."))
    _check_features(used)
    features = tuple(names[int(at)] for at in used)
    values = np.ascontiguousarray(values[:, used], dtype=np.float64)
    counts = np.asarray(observed, dtype=np.float64)
    known = values[observed_cell]
    skewed = skewed_columns(values)
    with threadpool_limits(limits=1):  # sums over several threads differ in the last digits
        least_m = 2 * median_spacing(x, y)
        wanted_m = block_m if block_m is not None else max(least_m, _range(known, counts, x, y, observed_cell, skewed))
        side_m, halved = block_side(x[observed_cell], y[observed_cell], wanted_m=wanted_m, folds=folds)
        notes.extend(halved)
        squares = spatial_blocks(x, y, side_m)
        block = np.unique(squares[observed_cell], return_inverse=True)[1].reshape(-1)
        fold = block_folds(block, folds)
        _check_spread(counts, fold)
        judged = {model: judge(model, known, counts, fold, skewed=skewed, seed=seed) for model in MODELS}
        scores: dict[str, Scores] = {name: score(counts, left_out) for name, (left_out, _) in judged.items()}
        model = max(MODELS, key=lambda name: scores[name].d2_poisson)
        out_of_fold, fitted = judged[model]
        rivals = baselines(counts, fold, None if population is None else population[observed_cell])
        parameters = tune(model, known, counts, fold, skewed=skewed, seed=seed)
        blank = partial(make, model, parameters, skewed=skewed, seed=seed)
        pipeline, calibration = calibrated(blank(), known, counts)
        dispersion = dispersion_of(counts, out_of_fold)
        return Learned(
            target=target,
            features=features,
            model=model,
            parameters=parameters,
            folds=folds,
            block_m=side_m,
            block=block,
            fold=fold,
            observed_cell=observed_cell,
            observed=counts,
            out_of_fold=out_of_fold,
            predicted=pipeline.predict(values) * calibration,
            calibration=calibration,
            scores={"model": scores[model], **scores, **{name: score(counts, rival) for name, rival in rivals.items()}},
            importance=permutation_importance(features, known, counts, fold, fitted, seed=seed),
            dispersion=dispersion,
            draws=resampled(
                blank, values, squares, observed_cell, counts, dispersion=dispersion, draws=draws, seed=seed
            ),
            beats_baselines=all(better(counts, out_of_fold, rival, block) for rival in rivals.values()),
            notes=tuple(notes),
            seed=seed,
            versions={library: metadata.version(library) for library in ("scikit-learn", "numpy", "scipy")},
            pipeline=pipeline,
        )


def _check(
    values: FloatArray,
    names: Sequence[str],
    observed_cell: IntArray,
    observed: FloatArray,
    population: FloatArray | None,
    folds: int,
) -> None:
    """Raise :class:`InputError` for data that no model can be fitted to; all faults together."""
    faults = FaultList()
    finite = np.isfinite(values)
    for at in np.flatnonzero(~finite.all(axis=0)):
        faults.add(
            say(
                "The feature {name} is not a finite number in {count} cells.",
                name=names[int(at)],
                count=int((~finite[:, at]).sum()),
            ),
            say("Provide a value for every cell, or do not use the feature."),
        )
    if population is not None and not (np.isfinite(population) & (population >= 0)).all():
        faults.add(
            say("The population of {count} cells is unknown.", count=int((~(population >= 0)).sum())),
            say("Provide the population of every cell, 0 where nobody lives."),
        )
    bad = ~(np.isfinite(observed) & (observed >= 0))
    if bad.any():
        faults.add(
            say("{count} worker counts are negative or not finite.", count=int(bad.sum())),
            say("Remove cells that were not observed."),
        )
    twice = len(observed_cell) - len(np.unique(observed_cell))
    if twice:
        faults.add(
            say("{count} cells have more than one count.", count=twice),
            say("Provide one count per cell, such as the mean."),
        )
    if folds < _LEAST_FOLDS:
        faults.add(say("{folds} folds are too few to validate the model.", folds=folds), say("Use three or more."))
    faults.raise_any()


def _check_places(x: FloatArray, y: FloatArray, folds: int) -> None:
    faults = FaultList()
    places = len(np.unique(np.column_stack([x, y]), axis=0))
    if places < folds:
        faults.add(
            say("There are fewer observed cells ({count}) than folds ({folds}).", count=places, folds=folds),
            say("Observe more cells, or set rates instead of a model."),
        )
    faults.raise_any()


def _check_features(used: IntArray) -> None:
    faults = FaultList()
    if not len(used):
        faults.add(
            say("No feature varies between the observed cells."),
            say("Provide features, or observe cells that differ."),
        )
    faults.raise_any()


def _check_spread(counts: FloatArray, fold: IntArray) -> None:
    """Raise :class:`InputError` for counts with which some part of the tuning would have no workers."""
    faults = FaultList()
    if len(np.unique(fold[counts > 0])) < _LEAST_FOLDS:
        faults.add(
            say("Workers were observed in too few places to estimate their distribution."),
            say("Observe more cells, or set rates instead of a model."),
        )
    faults.raise_any()


def _range(
    known: FloatArray, counts: FloatArray, x: FloatArray, y: FloatArray, cell: IntArray, skewed: Sequence[int]
) -> float:
    """Return the range (m) of the Pearson residuals of a first linear model, 0 if there are no workers."""
    if not counts.any():
        return 0.0
    first = make("poisson", {"alpha": 0.1 * float(counts.mean())}, skewed=skewed, seed=0)
    first.fit(known, counts)
    mean = first.predict(known)
    return residual_range(x[cell], y[cell], (counts - mean) / np.sqrt(mean))
