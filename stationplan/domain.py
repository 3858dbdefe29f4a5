"""The records that flow through a study. They hold data and promises, and do no I/O.

Conventions: rows are demand, columns are sites; longitude before latitude; eastings and northings in metres;
minutes are closed at the cutoff; absent means beyond the cutoff or unreachable and is never zero. Arrays become
read-only when a record is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stationplan.errors import Action, ConsistencyError, Fault, Message

if TYPE_CHECKING:  # the siting models use these records without any geography
    from geopandas import GeoDataFrame
    from shapely.geometry.base import BaseGeometry

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
CountArray = NDArray[np.int32]
ObjectArray = NDArray[np.object_]
"""Of shapely geometries."""

Mode = Literal["walk", "ebike", "car"]
"""A way of travelling that the road rules know."""

MODES: tuple[Mode, ...] = ("walk", "ebike", "car")

_LINKED = ("motorway", "trunk", "primary", "secondary", "tertiary")

ROAD_CLASSES: tuple[str, ...] = (
    *(name + link for name in _LINKED for link in ("", "_link")),
    *("unclassified", "residential", "living_street", "service", "road", "pedestrian", "track", "cycleway"),
    *("footway", "path", "steps", "bridleway", "corridor", "platform", "elevator"),
)
"""Values of OSM's tag ``highway`` that some mode may use."""

MAJOR_CLASSES: frozenset[str] = frozenset(
    name + link for name in ("motorway", "trunk", "primary", "secondary") for link in ("", "_link")
)
"""Road classes that are drawn as main roads."""

Language = Literal["zh", "en"]

Kind = Literal["standard", "micro", "mobile"]
"""A rest station's type: usable area of 5 m2 or more, below 5 m2, or movable (national programme, 2023)."""

Way = Literal["rates", "learned", "model", "sightings"]
"""How the workers of a group are placed."""

LearningModel = Literal["poisson", "boosting"]
"""A regression of counts: linear in the logarithm, or boosted trees."""

Termination = Literal["optimal", "feasible", "time_limit", "infeasible"]
"""How a solver ended. ``feasible`` is an answer with a proven bound but no proof of being the best."""

CUTOFF_TOLERANCE = 1e-6
"""How a closed cutoff meets rounding: 1e-6 minutes (60 microseconds) or metres beyond it still count as within."""


def _freeze(value: object) -> object:
    if isinstance(value, np.ndarray):
        view = value.view()
        view.setflags(write=False)
        return view
    if isinstance(value, dict):
        return MappingProxyType({key: _freeze(item) for key, item in value.items()})
    return value


class _Record:
    """Makes arrays read-only and mappings immutable as the record is built."""

    def __post_init__(self) -> None:
        for item in fields(self):  # type: ignore[arg-type]
            object.__setattr__(self, item.name, _freeze(getattr(self, item.name)))


def _require(condition: bool | np.bool_, promise: str) -> None:
    if not condition:
        raise ConsistencyError(promise)


@dataclass(frozen=True)
class LocalText:
    """A name in both languages; an input that gives only one name shows it in both."""

    zh: str
    en: str

    def in_language(self, lang: Language) -> str:
        """The name to show to a reader of ``lang``."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True)
class Slot:
    """A part of the working day, ``start_min <= minute < end_min``, in minutes after midnight.

    ``end_min`` passes 1440 when the slot runs over midnight.
    """

    id: str
    name: LocalText
    start_min: int
    end_min: int


@dataclass(frozen=True)
class Group:
    """A group of outdoor workers, how it travels and how far a station may be.

    Both limits are closed and both must hold: ``cutoff_min`` on the fastest road route, ``cutoff_m`` on the
    shortest road route of the group's mode (``None``: no limit by length). Off-road parts count in both.
    """

    id: str
    name: LocalText
    mode: Mode
    cutoff_min: float
    cutoff_m: float | None


@dataclass(frozen=True)
class Host:
    """A kind of place that houses a station."""

    id: str
    name: LocalText


@dataclass(frozen=True, eq=False)
class StudyArea(_Record):
    """Where the study takes place.

    ``districts`` has the columns ``district_id``, ``name``, ``name_en``, ``prefecture`` and polygon geometry,
    in a projected CRS whose unit is the metre, with a 0..n-1 index that other records refer to.
    """

    districts: GeoDataFrame

    def __post_init__(self) -> None:
        super().__post_init__()
        crs = self.districts.crs
        _require(crs is not None and crs.is_projected, "a study area needs a projected CRS")
        _require(all(axis.unit_name == "metre" for axis in crs.axis_info), "a study area is measured in metres")
        _require(len(self.districts) > 0, "a study area has at least one district")
        _require(self.districts.geometry.is_valid.all(), "district polygons are valid")

    @property
    def crs(self) -> str:
        """The CRS in the form ``EPSG:32648``."""
        return str(self.districts.crs.to_string())


@dataclass(frozen=True, eq=False)
class Cells(_Record):
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
        _require(len(set(self.cell_id)) == len(self.cell_id), "cell ids are unique")
        _require(bool((self.district >= 0).all()), "every cell lies in a district")


@dataclass(frozen=True, eq=False)
class Count(_Record):
    """One count of every cell, its unit and where it comes from."""

    values: FloatArray
    unit: str
    source: str


@dataclass(frozen=True, eq=False)
class Layer(_Record):
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
class Totals(_Record):
    """Workers that the cells of a district must add up to: ``workers[district, group]``, NaN where none is given.

    ``cv`` is the coefficient of variation of such a total, ``source`` says where they come from.
    """

    workers: FloatArray
    cv: float
    source: str


@dataclass(frozen=True, eq=False)
class Observed(_Record):
    """What was seen of a group: ``heads[cell]`` workers of its day, NaN where nobody counted; or only where some were.

    ``x``/``y`` (m) are sightings without a count.
    """

    group: str
    heads: FloatArray
    x: FloatArray
    y: FloatArray
    source: str


@dataclass(frozen=True, eq=False)
class Places(_Record):
    """Points of interest: eastings and northings (m), and the class of each as a row of ``classes``."""

    x: FloatArray
    y: FloatArray
    kind: IntArray
    classes: tuple[str, ...]
    source: str


@dataclass(frozen=True, eq=False)
class Features(_Record):
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
        _require(len(set(self.names)) == len(self.names), "feature names are unique")
        _require(self.values.ndim == 2 and self.values.shape[1] == len(self.names), "values are [cell, feature]")

    def column(self, name: str) -> FloatArray:
        """The values of one feature, by its name."""
        return self.values[:, self.names.index(name)]


@dataclass(frozen=True, eq=False)
class RoadArcs(_Record):
    """Directed road arcs as read from a source, before parallel arcs are reduced.

    ``lon``/``lat``: WGS-84 degrees of the nodes; an arc is the straight line from node ``tail`` to node ``head``.
    ``minutes[mode]`` is ``inf`` where the mode may not go. ``road_class`` is a place in ``ROAD_CLASSES``, -1 where it
    is not known. ``notes`` say what the source lacks.
    """

    lon: FloatArray
    lat: FloatArray
    tail: IntArray
    head: IntArray
    length_m: FloatArray
    minutes: Mapping[Mode, FloatArray]
    road_class: NDArray[np.int8]
    source: str
    date: str
    notes: tuple[Message, ...] = ()

    @property
    def major(self) -> BoolArray:
        """Which arcs are drawn as main roads."""
        main = np.array([name in MAJOR_CLASSES for name in ROAD_CLASSES] + [False])  # -1 is the last
        return np.asarray(main[self.road_class], dtype=bool)


@dataclass(frozen=True, eq=False)
class RoadNetwork(_Record):
    """Directed road arcs in CSR form, grouped by tail node: arcs of node i are ``indptr[i]:indptr[i + 1]``.

    ``x`` and ``y`` are eastings and northings (m) in ``crs``. ``minutes[mode]`` and ``metres[mode]`` have one value
    an arc; ``inf`` means that the mode may not use it. Parallel arcs are reduced to their minimum, arcs from a
    node to itself are left out. ``component[mode]`` numbers each node's strongly connected part by falling size (0 is
    the largest; -1 marks a node that the mode cannot use). ``major`` marks arcs of main roads, for drawing.
    """

    x: FloatArray
    y: FloatArray
    indptr: IntArray
    head: NDArray[np.int32]
    minutes: Mapping[Mode, FloatArray]
    metres: Mapping[Mode, FloatArray]
    component: Mapping[Mode, NDArray[np.int32]]
    major: BoolArray
    crs: str
    source: str
    date: str

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.x)

    @property
    def arc_count(self) -> int:
        """Number of directed arcs."""
        return len(self.head)

    @property
    def tail(self) -> NDArray[np.int32]:
        """The node where each arc starts."""
        return np.repeat(np.arange(self.node_count, dtype=np.int32), np.diff(self.indptr))

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(len(self.x) == len(self.y) == len(self.indptr) - 1, "a network has one indptr step a node")
        for measure in (self.minutes, self.metres):
            for values in measure.values():
                _require(len(values) == len(self.head), "a network has one value an arc")
                _require(bool((values >= 0).all()), "arc values are >= 0 and never NaN")


@dataclass(frozen=True, eq=False)
class Demand(_Record):
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
        _require(self.workers.shape == shape, "workers has the shape (cell, group, slot)")
        _require(bool(np.isfinite(self.workers).all() and (self.workers >= 0).all()), "workers are finite and >= 0")
        _require(len(set(self.cell_id)) == len(self.cell_id), "cell ids are unique")
        _require(self.draws is None or self.draws.shape[1:] == shape[:2], "draws have the shape (draw, cell, group)")


@dataclass(frozen=True, eq=False)
class Scores(_Record):
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
class Learned(_Record):
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
        _require(len(self.observed) == len(self.out_of_fold) == len(self.block), "one prediction an observed cell")
        _require(bool(np.isfinite(self.predicted).all() and (self.predicted >= 0).all()), "predictions are >= 0")
        _require(self.draws.shape[1:] == self.predicted.shape, "draws have the shape (draw, cell)")


@dataclass(frozen=True, eq=False)
class GroupSurface(_Record):
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
class Surface(_Record):
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
        _require(self.heads.shape == shape, "heads have the shape (cell, group)")
        _require(bool(np.isfinite(self.heads).all() and (self.heads >= 0).all()), "heads are finite and >= 0")

    def by_district(self, districts: int) -> FloatArray:
        """Workers by district and group, [district, group]."""
        columns = [np.bincount(self.cells.district, column, minlength=districts) for column in self.heads.T]
        return np.column_stack(columns).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Sites(_Record):
    """Existing stations and candidate sites, one row each; ids are unique across both.

    ``open[site, slot]`` and ``serves[site, group]`` say when and for whom a station works. ``district`` is -1 outside
    every district. ``cost`` (yuan) is 0 for existing stations. ``hours`` is the opening time as text, ``host`` the id
    of the kind of place.
    """

    site_id: tuple[str, ...]
    name: tuple[str, ...]
    address: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    existing: BoolArray
    kind: tuple[Kind, ...]
    host: tuple[str, ...]
    hours: tuple[str, ...]
    open: BoolArray
    serves: BoolArray
    cost: FloatArray
    required: BoolArray
    forbidden: BoolArray
    district: IntArray

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(len(set(self.site_id)) == len(self.site_id), "site ids are unique across kinds")
        _require(bool(np.isfinite(self.cost).all() and (self.cost >= 0).all()), "costs are finite and >= 0")

    def __len__(self) -> int:
        return len(self.site_id)


@dataclass(frozen=True, eq=False)
class Snap(_Record):
    """Where points meet the network.

    ``node[mode]`` is -1 where no road is within the limit; ``offroad_m[mode]`` is the straight distance to the road,
    ``inf`` where there is no node.
    """

    node: Mapping[Mode, IntArray]
    offroad_m: Mapping[Mode, FloatArray]


@dataclass(frozen=True, eq=False)
class TravelTimes(_Record):
    """Road impedance from cell to site, [cell x site] sparse, up to the largest cutoff of the groups of a mode.

    An entry holds minutes (or metres), off-road parts included; a stored 0 is a cell at the site itself, an absent
    entry is beyond the cutoff or unreachable. NaN never occurs. ``metres`` exists for modes with a limit by length.
    """

    minutes: Mapping[Mode, sparse.csr_array]
    metres: Mapping[Mode, sparse.csr_array]


@dataclass(frozen=True, eq=False)
class Coverage(_Record):
    """Which demand rows each site covers.

    Row r stands for ``(cell[r], group[r], slot[r])`` and has ``weight[r]`` > 0 workers. ``cover`` is a boolean
    [row x site] matrix: true where the site is open, fit for the group and within its standard.
    """

    cell: IntArray
    group: IntArray
    slot: IntArray
    weight: FloatArray
    cover: sparse.csr_array


@dataclass(frozen=True, eq=False)
class Solution(_Record):
    """What a siting model answers.

    ``sites`` are column indices of the new sites in build order, best marginal gain first. ``objective`` is what the
    model maximises, re-evaluated from the raw matrix; ``bound`` is a proven limit on the best objective; ``gap`` is
    ``(bound - objective) / objective`` (0 when both are 0, ``inf`` when only the objective is). For ``infeasible``
    there are no sites and objective, bound and gap are NaN; a ``time_limit`` without an answer has the objective NaN.
    """

    sites: IntArray
    objective: float
    bound: float
    gap: float
    termination: Termination
    method: str


@dataclass(frozen=True, eq=False)
class WhyHere(_Record):
    """The case for one proposed site.

    ``gained[group, slot]``: workers it adds in build order. ``nearest_existing``: index of the nearest existing
    station on foot (-1: none within reach) and ``nearest_existing_min`` (``inf``). ``replacement``: the best other
    candidate in its stead with the rest of the plan unchanged (-1: none), and ``replacement_loss``, the workers lost
    by that exchange. ``removal_loss``: workers lost when it falls through and nothing replaces it.
    """

    site: int
    gained: FloatArray
    nearest_existing: int
    nearest_existing_min: float
    replacement: int
    replacement_loss: float
    removal_loss: float


@dataclass(frozen=True)
class Quality:
    """What became of the records of one input.

    ``rows`` records stand in the file (or sheet, or query), ``kept`` of them went into the study; ``findings`` tell, by
    row, what was repaired, merged, set aside or is worth a look. A record without a finding was kept as it is.
    ``sha256`` is that of the content of a source that is no file.
    """

    role: str
    file: str
    sheet: str | None
    rows: int
    kept: int
    findings: tuple[Fault, ...]
    sha256: str = ""

    def count(self, action: Action) -> int:
        """Return how many records had a fate; a row with several findings counts once."""
        found = [finding for finding in self.findings if finding.action == action]
        rows = {finding.row for finding in found if finding.row is not None}
        counts = [finding.what.values.get("count", 1) for finding in found if finding.row is None]
        return len(rows) + sum(count for count in counts if isinstance(count, int))


@dataclass(frozen=True)
class DatumDecision:
    """Which datum the coordinates of an input were taken to have, and why.

    ``declared`` is what the scenario says (empty: nothing); ``medians_m`` holds, where evidence was weighed, the median
    distance that each datum leaves; ``used`` is empty where none could be decided. ``doubtful``: the evidence speaks
    against what was declared.
    """

    role: str
    declared: str
    used: str
    reason: Message
    medians_m: Mapping[str, float]
    doubtful: bool


@dataclass(frozen=True)
class InputFile:
    """A file that went into a plan: its path as the scenario names it, its SHA-256 and what was read from it."""

    path: str
    sha256: str
    role: str
    datum: str


@dataclass(frozen=True, eq=False)
class Density(_Record):
    """Where the workers of a scenario are, and all that its outputs need."""

    name: LocalText
    notice: LocalText | None
    synthetic: bool
    area: StudyArea
    surface: Surface
    demand: Demand
    notes: tuple[Message, ...]
    scenario_toml: str
    scenario_fingerprint: str
    inputs: tuple[InputFile, ...]
    quality: tuple[Quality, ...]
    datums: tuple[DatumDecision, ...]
    sources: tuple[str, ...]
    timings_s: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Plan(_Record):
    """Everything the outputs need, before and after; it never changes once made.

    ``surface`` is where the workers are, ``demand`` the same by time slot. ``stations_before`` and ``stations_after``,
    [cell, group, slot], count the stations that cover a row today and with the plan (0 where a row has no workers).
    ``robustness`` is, for each proposed site, the share of ``robustness_draws`` draws of the demand in which it is
    chosen too (NaN without draws). ``reach`` holds, for each proposed site in build order, the area (``area.crs``)
    around the roads walked to it within ``reach_standard``. ``quality`` and ``datums`` say what became of the inputs'
    records and coordinates, ``sources`` where roads and other inputs come from.
    """

    name: LocalText
    notice: LocalText | None
    synthetic: bool
    area: StudyArea
    surface: Surface
    network: RoadNetwork
    demand: Demand
    sites: Sites
    hosts: tuple[Host, ...]
    coverage: Coverage
    solution: Solution
    stations_before: NDArray[np.int32]
    stations_after: NDArray[np.int32]
    why: tuple[WhyHere, ...]
    robustness: FloatArray
    robustness_draws: int
    reach: tuple[BaseGeometry, ...]
    counts: Mapping[str, int]
    notes: tuple[Message, ...]
    reach_standard: Group
    scenario_toml: str
    scenario_fingerprint: str
    inputs: tuple[InputFile, ...]
    quality: tuple[Quality, ...]
    datums: tuple[DatumDecision, ...]
    sources: tuple[str, ...]
    timings_s: Mapping[str, float]

    @property
    def chosen(self) -> IntArray:
        """Rows of ``sites`` that the plan proposes, in build order."""
        return self.solution.sites
