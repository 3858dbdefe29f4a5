"""Records of a model fitted to observed counts of workers, and of its accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stationplan.domain.base import FloatArray, IntArray, LearningModel, Record, require
from stationplan.errors import Message


@dataclass(frozen=True, eq=False)
class Scores(Record):
    """Accuracy of predictions, compared with the counts of observed cells.

    ``d2_poisson`` is the share of the Poisson deviance from the mean that is explained: 1 is perfect, 0 is no better
    than the mean of all, below 0 is worse. ``mae`` is in workers per cell, ``bias`` is predicted total / observed total
    - 1, ``rank_correlation`` is Spearman's. ``top_share`` is the share of all observed workers in the tenth of the
    cells with the highest predictions, ``top_share_best`` the same for a perfect ranking. ``predicted_by_decile`` and
    ``observed_by_decile`` are sums (workers) over the cells in order of increasing prediction. NaN where a figure is
    undefined, such as the rank correlation of equal predictions.
    """

    d2_poisson: float
    mae: float
    bias: float
    rank_correlation: float
    top_share: float
    top_share_best: float
    predicted_by_decile: FloatArray
    observed_by_decile: FloatArray


@dataclass(frozen=True, eq=False)
class Learned(Record):
    """Workers per cell, predicted by a model fitted to the cells with counts, and the accuracy of the model.

    ``model`` is the better of two by out-of-fold predictions, with its ``parameters``; ``pipeline`` is that
    scikit-learn pipeline, fitted to all observed cells. It takes the columns ``features``, and its output must be
    multiplied by ``calibration``. ``block`` and ``fold`` give for each observed cell its square of ``block_m`` metres
    and the fold in which it was validated; ``out_of_fold`` are predictions for the ``observed`` counts of
    ``observed_cell`` made without their fold. ``predicted[cell]`` are means, also for observed cells, over which they
    add up to the observed total. ``scores`` are all out of fold: of ``model``, of each candidate, and of the baselines
    ``constant_rate`` and ``population_share``. ``importance`` is the mean and the standard deviation of the decrease of
    D2 when a feature is permuted. The variance of counts is ``mean + dispersion * mean ** 2``. ``draws[draw, cell]``
    are numbers of workers sampled from the uncertainty.
    """

    target: str
    features: tuple[str, ...]
    model: LearningModel
    parameters: Mapping[str, float]
    folds: int
    block_m: float
    block: IntArray
    fold: IntArray
    observed_cell: IntArray
    observed: FloatArray
    out_of_fold: FloatArray
    predicted: FloatArray
    calibration: float
    scores: Mapping[str, Scores]
    importance: Mapping[str, tuple[float, float]]
    dispersion: float
    draws: NDArray[np.float32]
    beats_baselines: bool
    notes: tuple[Message, ...]
    seed: int
    versions: Mapping[str, str]
    pipeline: object

    def __post_init__(self) -> None:
        super().__post_init__()
        require(len(self.observed) == len(self.out_of_fold) == len(self.block), "one prediction an observed cell")
        require(bool(np.isfinite(self.predicted).all() and (self.predicted >= 0).all()), "predictions are >= 0")
        require(self.draws.shape[1:] == self.predicted.shape, "draws have the shape (draw, cell)")
