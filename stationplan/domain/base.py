"""What all records are made of: kinds of arrays and words, read-only records, and what a scenario calls by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Literal, Self, TypeVar, TypeVarTuple, Unpack, cast

import numpy as np
from numpy.typing import NDArray

from stationplan.errors import ConsistencyError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
CountArray = NDArray[np.int32]
ObjectArray = NDArray[np.object_]
"""Of shapely geometries."""

Mode = str
"""The id of a travel mode: a key of :data:`stationplan.domain.modes.MODES`."""

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

Rule = Literal["required", "floor", "target", "budget", "spacing", "gain", "aim"]
"""What holds a site in a plan: the scenario demands it, a district's floor or the target needs it, a better one is too
dear or may not stand beside the others, its gain alone, or, where workers covered are not the aim, that aim."""

WhyNotReason = Literal[
    "proposed",
    "existing",
    "forbidden",
    "no_road",
    "closed",
    "unfit",
    "nobody",
    "covered",
    "money",
    "number",
    "spacing",
    "closes",
    "outdone",
    "as_good",
    "rule",
    "heat",
    "aim",
    "better",
]
"""Why a site is not among those proposed.

Of itself: it is ``proposed``, ``existing`` or ``closes``, ``forbidden``, without a road near (``no_road``), open in no
slot (``closed``), fit for no group (``unfit``), or has ``nobody`` within reach. Beside the plan: all that it reaches
are ``covered``, the ``money`` lacks, the ``number`` of sites is used up, or something stands too near or at its place
(``spacing``). In another's stead: it covers fewer (``outdone``) or ``as_good``; more, but a ``rule`` breaks, or work in
the ``heat`` is lost, or the plan has another ``aim``, or nothing speaks against it (``better``: only where the plan is
not proven best)."""

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


Extra = TypeVarTuple("Extra")
Derived = TypeVar("Derived")


class Record:
    """Makes arrays read-only and mappings immutable as a record is built; keeps what is derived from it."""

    # Beside the fields, so that ``vars`` of a record are its fields.
    __slots__ = ("_derived",)

    _derived: dict[tuple[object, ...], object]

    def __post_init__(self) -> None:
        for item in fields(self):  # type: ignore[arg-type]
            object.__setattr__(self, item.name, _freeze(getattr(self, item.name)))

    def derived(self, make: Callable[[Self, Unpack[Extra]], Derived], *extra: *Extra) -> Derived:
        """Return ``make(self, *extra)``, made once and kept as long as the record, which never changes.

        ``make`` is a function of a module and ``extra`` are hashable. Copies, and records made by ``replace``, start
        without what was derived. Nothing is locked: two threads that ask at once may both call ``make``.
        """
        try:
            kept = self._derived
        except AttributeError:
            kept = {}
            object.__setattr__(self, "_derived", kept)
        key = (make, *extra)
        if key not in kept:
            kept[key] = make(self, *extra)
        return cast(Derived, kept[key])

    def __reduce__(self) -> tuple[object, ...]:
        """Let copies be made by the constructor: a read-only view of a mapping cannot be copied by itself."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]
        plain = {name: dict(value) if isinstance(value, MappingProxyType) else value for name, value in values.items()}
        return _made_again, (type(self), plain)


def _made_again(kind: type[Record], values: dict[str, object]) -> Record:
    return kind(**values)


def require(condition: bool | np.bool_, promise: str) -> None:
    """Raise :class:`ConsistencyError` where a record breaks its promise."""
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
    shortest road route of the group's mode (``None``: no limit by length). Off-road parts count in both. Past the
    standard a station is worth less in the choice of sites, and nothing from ``fade_min`` on (``None``: at once).
    """

    id: str
    name: LocalText
    mode: Mode
    cutoff_min: float
    cutoff_m: float | None
    fade_min: float | None = None

    @property
    def farthest_min(self) -> float:
        """Minutes up to which a station is worth anything."""
        return self.cutoff_min if self.fade_min is None else self.fade_min


@dataclass(frozen=True)
class Host:
    """A kind of place that houses a station."""

    id: str
    name: LocalText
