"""The two regression models of counts, log-linear and boosted trees, and their tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from scipy import stats

from stationplan.demand.validation import deviance
from stationplan.domain import FloatArray, IntArray, LearningModel
from stationplan.errors import Fault, InputError, say

MODELS: tuple[LearningModel, ...] = ("poisson", "boosting")

Parameters = Mapping[str, float]

_SKEWED = 1.0
"""Features with a larger skewness are log-transformed in the linear model."""

_ALPHAS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
_TREES: tuple[Parameters, ...] = tuple(
    {"max_iter": trees, "max_leaf_nodes": leaves, "min_samples_leaf": 10} for trees in (40, 100) for leaves in (4, 12)
)


class Pipeline(Protocol):
    """The interface of a scikit-learn pipeline that is used here, from ``values[cell, feature]`` to mean counts."""

    def fit(self, values: FloatArray, counts: FloatArray, /) -> object:
        """Fit to cells."""

    def predict(self, values: FloatArray, /) -> FloatArray:
        """Return the mean count of cells."""


def require_sklearn() -> None:
    """Check that scikit-learn is installed.

    Raises
    ------
    InputError
        It is not installed.
    """
    try:
        import sklearn  # noqa: F401, PLC0415 - an extra
    except ModuleNotFoundError:
        fault = Fault(
            say("Estimating workers from counts requires scikit-learn, which is not installed."),
            say("Run: pip install 'stationplan[demand]'"),
            code="missing_library",
        )
        raise InputError([fault]) from None


def skewed_columns(values: FloatArray) -> list[int]:
    """Return the columns that are >= 0 and right-skewed (skewness above one).

    >>> skewed_columns(np.array([[0.0, 1.0], [0.0, 2.0], [0.0, 3.0], [1.0, 4.0], [90.0, 5.0]]))
    [0]
    """
    skewness = stats.skew(values, axis=0)
    return [int(at) for at in np.flatnonzero((values.min(axis=0) >= 0) & (skewness > _SKEWED))]


def make(model: LearningModel, parameters: Parameters, *, skewed: Sequence[int], seed: int) -> Pipeline:
    """Return an unfitted pipeline.

    The linear model clips features to the range of the data it was fitted to, because exp() of a linear function would
    grow without limit outside it. ``alpha`` is its ridge penalty. Trees have this property by design.
    """
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415 - an extra, needed only here
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415
    from sklearn.linear_model import PoissonRegressor  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler  # noqa: PLC0415

    if model == "boosting":
        whole = {name: int(value) for name, value in parameters.items()}
        steps = [
            HistGradientBoostingRegressor(
                loss="poisson", learning_rate=0.1, early_stopping=False, random_state=seed, **whole
            )
        ]
    else:
        logs = ColumnTransformer([("log1p", FunctionTransformer(np.log1p), list(skewed))], remainder="passthrough")
        line = PoissonRegressor(alpha=parameters["alpha"], solver="newton-cholesky", max_iter=300)
        steps = [logs, MinMaxScaler(clip=True), StandardScaler(), line]
    pipeline: Pipeline = make_pipeline(*steps)
    return pipeline


def grid(model: LearningModel, counts: FloatArray) -> tuple[Parameters, ...]:
    """Return the parameters to choose from, simplest first; penalties are in units of the mean count.

    >>> [round(p["alpha"], 4) for p in grid("poisson", np.array([1.0, 3.0]))]
    [20.0, 2.0, 0.2, 0.02, 0.002, 0.0002]
    """
    if model == "boosting":
        return _TREES
    return tuple({"alpha": alpha * float(counts.mean())} for alpha in reversed(_ALPHAS))


def tune(
    model: LearningModel, values: FloatArray, counts: FloatArray, group: IntArray, *, skewed: Sequence[int], seed: int
) -> Parameters:
    """Return the parameters with the least Poisson deviance in cross-validation over groups.

    Groups are folds of whole blocks; ties go to the simpler model. All groups but any one must together contain a count
    above zero.
    """
    best, chosen = np.inf, grid(model, counts)[0]
    for parameters in grid(model, counts):
        left_out = np.empty(len(counts))
        for number in np.unique(group):
            test = group == number
            fitted = make(model, parameters, skewed=skewed, seed=seed)
            fitted.fit(values[~test], counts[~test])
            left_out[test] = fitted.predict(values[test])
        total = float(deviance(counts, left_out).sum())
        if total < best:
            best, chosen = total, parameters
    return chosen
