"""Foundations of all records: array types, identifiers, read-only records, and entities that a scenario names."""

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
"""Array of shapely geometries."""

Mode = str
"""The id of a travel mode: a key of :data:`stationplan.domain.modes.MODES`."""

_LINKED = ("motorway", "trunk", "primary", "secondary", "tertiary")

ROAD_CLASSES: tuple[str, ...] = (
    *(name + link for name in _LINKED for link in ("", "_link")),
    *("unclassified", "residential", "living_street", "service", "road", "pedestrian", "track", "cycleway"),
    *("footway", "path", "steps", "bridleway", "corridor", "platform", "elevator"),
)
"""Values of OSM's tag ``highway`` that at least one travel mode may use."""

FERRY = "ferry"
"""The class of ferries, which are not streets: nobody gets on or off between the landings."""

MAJOR_CLASSES: frozenset[str] = frozenset(
    name + link for name in ("motorway", "trunk", "primary", "secondary") for link in ("", "_link")
)
"""Road classes that are drawn as main roads."""

Language = Literal["zh", "en"]

Kind = Literal["standard", "micro", "mobile"]
"""Type of a rest station: usable area of 5 m2 or more, below 5 m2, or movable (national programme, 2023)."""

Way = Literal["rates", "learned", "model", "sightings"]
"""Methods of distributing the workers of a group over the cells."""

LearningModel = Literal["poisson", "boosting"]
"""A regression model of counts: log-linear, or boosted trees."""

Termination = Literal["optimal", "feasible", "time_limit", "infeasible"]
"""How a solver ended. ``feasible`` is a solution with a proven bound but no proof of optimality."""

Rule = Literal["required", "floor", "target", "budget", "spacing", "gain", "aim"]
"""Why a site is in a plan.

The scenario requires it; a district's floor or the target needs it; a better site exceeds the budget or violates the
spacing to other sites; its own gain; or, where covered workers are not the aim, that aim.
"""

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
"""Why a site is not among the proposed sites.

By itself: it is ``proposed``, ``existing`` or ``closes``, is ``forbidden``, has no road nearby (``no_road``), is open
in no slot (``closed``), is suitable for no group (``unfit``), or has no workers within reach (``nobody``). In addition
to the plan: all workers that it reaches are ``covered`` already, the ``money`` is not enough, the ``number`` of sites
is used up, or another site is too near or at the same place (``spacing``). Instead of a proposed site: it covers fewer
workers (``outdone``) or the same number (``as_good``); or it covers more, but a ``rule`` would be broken, or exposure
in the ``heat`` would no longer be covered, or the plan has another ``aim``, or there is no objection (``better``: only
where the plan is not proven optimal).
"""

CUTOFF_TOLERANCE = 1e-6
"""Rounding tolerance of closed cutoffs: up to 1e-6 minutes (60 microseconds) or metres beyond it are within."""


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
    """Base of all records: makes arrays and mappings read-only on creation, and caches values derived from a record."""

    # Kept apart from the fields, so that ``vars`` of a record returns only its fields.
    __slots__ = ("_derived",)

    _derived: dict[tuple[object, ...], object]

    def __post_init__(self) -> None:
        for item in fields(self):  # type: ignore[arg-type]
            object.__setattr__(self, item.name, _freeze(getattr(self, item.name)))

    def derived(self, make: Callable[[Self, Unpack[Extra]], Derived], *extra: *Extra) -> Derived:
        """Return ``make(self, *extra)``, computed once and cached for the lifetime of the record, which never changes.

        ``make`` is a module-level function, and ``extra`` are hashable. Copies, and records created with ``replace``,
        start with an empty cache. There is no lock: two threads that request the same value at once may both call
        ``make``.
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
        """Make copies and pickles through the constructor: a read-only view of a mapping cannot be copied itself."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]
        plain = {name: dict(value) if isinstance(value, MappingProxyType) else value for name, value in values.items()}
        return _made_again, (type(self), plain)


def _made_again(kind: type[Record], values: dict[str, object]) -> Record:
    return kind(**values)


def require(condition: bool | np.bool_, promise: str) -> None:
    """Check an invariant of a record.

    Raises
    ------
    ConsistencyError
        The condition is false; ``promise`` is the message.
    """
    if not condition:
        raise ConsistencyError(promise)


@dataclass(frozen=True)
class LocalText:
    """A name in both languages; where an input gives only one name, it is used for both."""

    zh: str
    en: str

    def in_language(self, lang: Language) -> str:
        """The name in the language of the reader, ``lang``."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True)
class Slot:
    """A part of the working day, ``start_min <= minute < end_min``, in minutes after midnight.

    ``end_min`` exceeds 1440 when the slot extends past midnight.
    """

    id: str
    name: LocalText
    start_min: int
    end_min: int


@dataclass(frozen=True)
class Group:
    """A group of outdoor workers, its travel mode and its service standard.

    Both limits are closed and both must hold: ``cutoff_min`` on the fastest road route, ``cutoff_m`` on the shortest
    road route of the group's mode (``None``: no limit by length). Off-road parts count in both. Beyond the standard,
    the value of a station in the choice of sites declines, to nothing from ``fade_min`` on (``None``: immediately).
    """

    id: str
    name: LocalText
    mode: Mode
    cutoff_min: float
    cutoff_m: float | None
    fade_min: float | None = None

    @property
    def farthest_min(self) -> float:
        """Travel time (minutes) up to which a station has any value."""
        return self.cutoff_min if self.fade_min is None else self.fade_min


@dataclass(frozen=True)
class Host:
    """A type of facility that can host a station."""

    id: str
    name: LocalText
