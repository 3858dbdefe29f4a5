"""Records of where the workers are: what is known of cells, what was learned from counts, heads, and their hours."""

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
    """The places of demand of a study; ids are unique.

    ``x``/``y`` are their centres (m) and ``outline`` their polygons, both in the CRS of the study area; ``district`` is
    a row of ``StudyArea.districts``. ``counts`` holds what is known of each cell by name: numbers >= 0, NaN where a
    count was not made.
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
    """One count of every cell, its unit and where it comes from."""

    values: FloatArray
    unit: str
    source: str


@dataclass(frozen=True, eq=False)
class Layer(Record):
    """A count to lay over cells: ``values`` (>= 0) of points, or of polygons that share theirs by area.

    ``x``/``y`` (m) are the points, or points in the polygons; ``polygon`` is ``None`` for points.
    """

    x: FloatArray
    y: FloatArray
    polygon: ObjectArray | None
    values: FloatArray
    unit: str
    source: str


@dataclass(frozen=True, eq=False)
class Totals(Record):
    """Workers that the cells of a district must add up to: ``workers[district, group]``, NaN where none is given.

    ``cv`` is the coefficient of variation of such a total, ``source`` says where they come from.
    """

    workers: FloatArray
    cv: float
    source: str


@dataclass(frozen=True, eq=False)
class Observed(Record):
    """What was seen of a group: ``heads[cell]`` workers of its day, NaN where nobody counted; or only where some were.

    ``x``/``y`` (m) are sightings without a count.
    """

    group: str
    heads: FloatArray
    x: FloatArray
    y: FloatArray
    source: str


@dataclass(frozen=True, eq=False)
class Places(Record):
    """Points of interest: eastings and northings (m), and the class of each as a row of ``classes``."""

    x: FloatArray
    y: FloatArray
    kind: IntArray
    classes: tuple[str, ...]
    source: str


@dataclass(frozen=True, eq=False)
class Features(Record):
    """What is known of each cell: ``values[cell, feature]``, finite, with the name, unit and source of each feature.

    ``missing`` tells which features there could be and what they would need.
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
    """How well predictions meet the counts of observed cells.

    ``d2_poisson`` is the share of the Poisson deviance from the mean that is explained: 1 is perfect, 0 is no better
    than the mean of all, below 0 is worse. ``mae`` is in workers a cell, ``bias`` is predicted total / observed total
    - 1, ``rank_correlation`` is Spearman's. ``top_share`` is the share of all observed workers in the tenth of the
    cells with the highest predictions, ``top_share_best`` the same of a perfect ranking. The deciles are sums over
    the cells by rising prediction. NaN where a figure has no meaning, as a rank correlation of equal predictions.
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
    """Workers per cell as learnt from cells where they were counted, and how far that can be trusted.

    ``model`` is the better of two out of fold, with its ``parameters``; ``pipeline`` is that scikit-learn pipeline,
    fitted to all observed cells; it takes the columns ``features`` and must be multiplied by ``calibration``.
    ``block`` and ``fold`` number each observed cell's square of ``block_m`` metres and the fold it was judged in;
    ``out_of_fold`` are predictions for the ``observed`` counts of ``observed_cell`` made without their fold.
    ``predicted[cell]`` are means, for observed cells too, and add up to the observed total over these. ``scores`` are
    all out of fold: of ``model``, of each candidate, and of the baselines ``constant_rate`` and ``population_share``.
    ``importance`` is the mean and the standard deviation of the drop of D2 when a feature is shuffled. Counts vary
    by ``mean + dispersion * mean ** 2``. ``draws[draw, cell]`` are head counts as they may be instead.
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
    """How the workers of one group were spread over the cells.

    ``way``: by stated ``rates``, a model ``learned`` from counts here, a ``model`` of an earlier study, or the
    density of ``sightings``; ``totals`` says
    whether control totals were then met. ``learned`` is the model, also where it was not used; ``bandwidth_m`` that of
    the density. ``even`` are districts (rows) whose total was spread by area, as nothing in them had a weight.
    """

    group: str
    way: Way
    totals: bool
    learned: Learned | None
    bandwidth_m: float
    even: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Surface(Record):
    """Workers by cell and group: ``heads[cell, group]``, and ``draws[draw, cell, group]`` as they may be instead.

    ``cells``, ``features`` and ``totals`` are what it was made from, ``observed`` what was counted; ``notes`` tell what
    a reader should know of how it was made. There are no draws (``None``) where none were asked for.
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
    """Outdoor workers by place, group and time.

    ``workers[cell, group, slot]`` is finite and >= 0. A group's working day is split over the slots by shares that
    add up to one, so the sum over slots is a head count and nobody is counted twice. ``district[cell]`` is a row of
    ``StudyArea.districts``. ``x``/``y`` are the cells' centres (m). ``draws[draw, cell, group]`` are head counts as
    they may be instead, each draw as likely as the others; ``None`` where no uncertainty is stated.
    ``exposure[cell, group, slot]`` weighs workers in the choice of sites, ``None`` where all count alike.
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
        """What workers count in the choice of sites, [cell, group, slot]."""
        return self.workers if self.exposure is None else self.workers * self.exposure

    def __post_init__(self) -> None:
        super().__post_init__()
        shape = (len(self.cell_id), len(self.groups), len(self.slots))
        require(self.workers.shape == shape, "workers has the shape (cell, group, slot)")
        require(bool(np.isfinite(self.workers).all() and (self.workers >= 0).all()), "workers are finite and >= 0")
        require(len(set(self.cell_id)) == len(self.cell_id), "cell ids are unique")
        require(self.draws is None or self.draws.shape[1:] == shape[:2], "draws have the shape (draw, cell, group)")
