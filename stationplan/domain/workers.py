"""Records of the demand: data on cells, models fitted to counts, and workers by cell, group and time slot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stationplan.domain.base import (
    FloatArray,
    Group,
    IntArray,
    LearningModel,
    ObjectArray,
    Record,
    Slot,
    Way,
    require,
)
from stationplan.errors import Message


@dataclass(frozen=True, eq=False)
class Cells(Record):
    """The demand cells of a study; ids are unique.

    ``x``/``y`` are their centres (m) and ``outline`` their polygons, both in the CRS of the study area; ``district`` is
    a row of ``StudyArea.districts``. ``counts`` holds the counts of each cell by name: numbers >= 0, NaN where a count
    is missing.
    """

    cell_id: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    district: IntArray
    outline: ObjectArray
    counts: Mapping[str, Count]

    def __post_init__(self) -> None:
        super().__post_init__()
        require(len(set(self.cell_id)) == len(self.cell_id), "cell ids are unique")
        require(bool((self.district >= 0).all()), "every cell lies in a district")


@dataclass(frozen=True, eq=False)
class Count(Record):
    """One count for every cell, ``values[cell]``, with its unit and source."""

    values: FloatArray
    unit: str
    source: str


@dataclass(frozen=True, eq=False)
class Layer(Record):
    """A count to distribute over cells: ``values`` (>= 0) of points, or of polygons, which are divided by area.

    ``x``/``y`` (m) are the points, or points inside the polygons; ``polygon`` is ``None`` for points.
    """

    x: FloatArray
    y: FloatArray
    polygon: ObjectArray | None
    values: FloatArray
    unit: str
    source: str


@dataclass(frozen=True, eq=False)
class Totals(Record):
    """Control totals that the cells of a district must add up to.

    ``workers[district, group]`` is NaN where no total is given. ``cv`` is the coefficient of variation of such a total,
    ``source`` the source of the totals.
    """

    workers: FloatArray
    cv: float
    source: str


@dataclass(frozen=True, eq=False)
class Observed(Record):
    """Observations of a group: counts by cell, or only locations of sightings.

    ``heads[cell]`` is the number of workers on the group's working day, NaN where they were not counted. ``x``/``y``
    (m) are the locations of sightings without a count.
    """

    group: str
    heads: FloatArray
    x: FloatArray
    y: FloatArray
    source: str


@dataclass(frozen=True, eq=False)
class Places(Record):
    """Points of interest: ``x`` and ``y`` (m), and the class ``kind`` of each, an index of ``classes``."""

    x: FloatArray
    y: FloatArray
    kind: IntArray
    classes: tuple[str, ...]
    source: str


@dataclass(frozen=True, eq=False)
class Features(Record):
    """Features of each cell: ``values[cell, feature]``, finite, with the name, unit and source of each feature.

    ``missing`` names the features that could be added, and the data that they need.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    sources: tuple[str, ...]
    values: FloatArray
    missing: tuple[Message, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        require(len(set(self.names)) == len(self.names), "feature names are unique")
        require(self.values.ndim == 2 and self.values.shape[1] == len(self.names), "values are [cell, feature]")

    def column(self, name: str) -> FloatArray:
        """The values of one feature, by its name."""
        return self.values[:, self.names.index(name)]


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


@dataclass(frozen=True, eq=False)
class GroupSurface(Record):
    """How the workers of one group were distributed over the cells.

    ``way`` is the method: stated ``rates``, a model ``learned`` from counts in this study, a ``model`` of an earlier
    study, or the density of ``sightings``; ``totals`` says whether control totals were then applied. ``learned`` is the
    model, also where it was not used; ``bandwidth_m`` is the bandwidth of the density. ``even`` are districts (rows)
    whose total was distributed by area, because no cell in them had a weight.
    """

    group: str
    way: Way
    totals: bool
    learned: Learned | None
    bandwidth_m: float
    even: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Surface(Record):
    """Workers by cell and group, ``heads[cell, group]``, and samples of the uncertainty, ``draws[draw, cell, group]``.

    ``cells``, ``features`` and ``totals`` are the inputs, ``observed`` the observations; ``notes`` are remarks for the
    reader on how the surface was made. ``draws`` is ``None`` where no draws were requested.
    """

    cells: Cells
    features: Features
    totals: Totals | None
    observed: tuple[Observed, ...]
    groups: tuple[GroupSurface, ...]
    heads: FloatArray
    draws: NDArray[np.float32] | None
    notes: tuple[Message, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        shape = (len(self.cells.cell_id), len(self.groups))
        require(self.heads.shape == shape, "heads have the shape (cell, group)")
        require(bool(np.isfinite(self.heads).all() and (self.heads >= 0).all()), "heads are finite and >= 0")

    def by_district(self, districts: int) -> FloatArray:
        """Workers by district and group, [district, group]."""
        columns = [np.bincount(self.cells.district, column, minlength=districts) for column in self.heads.T]
        return np.column_stack(columns).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Demand(Record):
    """Outdoor workers by cell, group and time slot.

    ``workers[cell, group, slot]`` is finite and >= 0. A group's working day is divided over the slots by shares that
    add up to one, so the sum over slots is a number of workers and nobody is counted twice. ``district[cell]`` is a row
    of ``StudyArea.districts``. ``x``/``y`` are the cells' centres (m). ``draws[draw, cell, group]`` are numbers of
    workers sampled from the uncertainty, all draws equally likely; ``None`` where no uncertainty is stated.
    ``exposure[cell, group, slot]`` weights workers in the choice of sites; ``None`` where all have the same weight.
    """

    cell_id: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    district: IntArray
    workers: FloatArray
    groups: tuple[Group, ...]
    slots: tuple[Slot, ...]
    draws: NDArray[np.float32] | None = None
    exposure: FloatArray | None = None

    @property
    def weight(self) -> FloatArray:
        """The weight of workers in the choice of sites, [cell, group, slot]."""
        return self.workers if self.exposure is None else self.workers * self.exposure

    def __post_init__(self) -> None:
        super().__post_init__()
        shape = (len(self.cell_id), len(self.groups), len(self.slots))
        require(self.workers.shape == shape, "workers has the shape (cell, group, slot)")
        require(bool(np.isfinite(self.workers).all() and (self.workers >= 0).all()), "workers are finite and >= 0")
        require(len(set(self.cell_id)) == len(self.cell_id), "cell ids are unique")
        require(self.draws is None or self.draws.shape[1:] == shape[:2], "draws have the shape (draw, cell, group)")
