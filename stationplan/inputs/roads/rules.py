"""Who may travel on a road, in which direction and how fast: OSM tags to minutes for each mode.

Access follows OSM's hierarchy: the most specific tag decides (``access`` < ``vehicle`` < ``motor_vehicle`` <
``motorcar``; ``bicycle`` for e-bikes, which ride where bicycles may; ``foot`` for walkers). One-way streets bind cars,
and e-bikes unless tagged otherwise, never walkers. Turn restrictions and barriers are not read.

A tag may hold several values with ``;`` between them, as an edge of a simplified graph does that runs over several
ways: every class must be open and no value may close it, and the lowest speed counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from stationplan.domain import ROAD_CLASSES, Mode

ACCESS_TAGS = ("access", "vehicle", "motor_vehicle", "motorcar", "bicycle", "foot")
RULE_TAGS = (
    "highway",
    *ACCESS_TAGS,
    *("motorroad", "junction", "oneway", "oneway:bicycle", "oneway:foot"),
    *("cycleway", "cycleway:left", "cycleway:right", "maxspeed"),
)
"""The tags that decide anything here; whatever else a road carries need not be kept."""

_LINKED = ("trunk", "primary", "secondary", "tertiary")
_STREETS = frozenset(
    {
        *_LINKED,
        *(f"{name}_link" for name in _LINKED),
        *("unclassified", "residential", "living_street", "service", "road"),
    }
)
_CLASSES: Mapping[Mode, frozenset[str]] = {
    "walk": _STREETS
    | {"footway", "pedestrian", "path", "steps", "track", "corridor", "platform", "bridleway", "elevator"},
    "ebike": _STREETS | {"cycleway", "path", "track"},
    "car": _STREETS | {"motorway", "motorway_link"},
}
_OPENED_BY_TAG: Mapping[Mode, frozenset[str]] = {
    "walk": frozenset({"cycleway", "motorway", "motorway_link"}),
    "ebike": frozenset({"footway", "pedestrian", "bridleway"}),
    "car": frozenset({"track", "pedestrian"}),
}
"""Classes closed to a mode unless its own tag says yes."""

_HIERARCHY: Mapping[Mode, tuple[str, ...]] = {
    "walk": ("foot", "access"),
    "ebike": ("bicycle", "vehicle", "access"),
    "car": ("motorcar", "motor_vehicle", "vehicle", "access"),
}
_CLOSED = frozenset(
    {"no", "private", "agricultural", "forestry", "military", "emergency", "dismount", "use_sidepath", "psv", "bus"}
)
_OPEN = frozenset({"yes", "designated", "permissive", "official"})
_LIMIT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)\s*(km/?h|kph|mph)?", re.ASCII | re.IGNORECASE)
_KMH_PER_MPH = 1.609344


@dataclass(frozen=True)
class Speeds:
    """Speeds in km/h: of walkers and e-bikes, with other ones on some road classes, and of cars by road class."""

    walk: float
    ebike: float
    car: Mapping[str, float]
    walk_on: Mapping[str, float] = field(default_factory=dict)
    ebike_on: Mapping[str, float] = field(default_factory=dict)

    def of(self, mode: Mode, highway: str) -> float:
        """The speed of a mode on a road class; a class without a car speed of its own counts as ``road``."""
        if mode == "walk":
            return self.walk_on.get(highway, self.walk)
        if mode == "ebike":
            return self.ebike_on.get(highway, self.ebike)
        return self.car.get(highway, self.car["road"])


@dataclass(frozen=True)
class Rules:
    """How roads may be travelled: speeds, and the road classes that a study opens or closes to a mode.

    An opened class is one that the mode may use as if it were a street of its own; tags may still close a way. A
    closed class is closed whatever the tags say. ``ebike_climb_loss`` is that of
    :func:`~stationplan.inputs.roads.slope.ebike_factor`.
    """

    speeds: Speeds
    opened: Mapping[Mode, frozenset[str]] = field(default_factory=dict)
    closed: Mapping[Mode, frozenset[str]] = field(default_factory=dict)
    ebike_climb_loss: float = 0.0

    def pace(self, tags: Mapping[str, str], mode: Mode) -> tuple[float | None, float | None]:
        """Return the minutes a metre takes (forward, backward) on a way, ``None`` where the mode may not go.

        Cars go at the speed of the class, or at ``maxspeed`` where that is lower.

        >>> rules = Rules(Speeds(walk=6.0, ebike=15.0, car={"road": 60.0}))
        >>> rules.pace({"highway": "primary", "oneway": "yes", "maxspeed": "30"}, "car")
        (0.002, None)
        """
        if not self.may_use(tags, mode):
            return None, None
        kmh = min(self.speeds.of(mode, highway) for highway in classes_of(tags))
        limit = speed_limit(tags.get("maxspeed", ""))
        if mode == "car" and limit is not None:
            kmh = min(kmh, limit)
        forth, back = directions(tags, mode)
        return (60 / (1000 * kmh) if forth else None), (60 / (1000 * kmh) if back else None)

    def may_use(self, tags: Mapping[str, str], mode: Mode) -> bool:
        """Return whether a mode may travel on a way with these tags.

        >>> rules = Rules(Speeds(4.5, 15.0, {"road": 18.0}), closed={"walk": frozenset({"residential"})})
        >>> rules.may_use({"highway": "residential"}, "car"), rules.may_use({"highway": "residential"}, "walk")
        (True, False)
        """
        found = [_strictest(tags[key]) for key in _HIERARCHY[mode] if key in tags]
        decisive = found[0] if found else None
        own = next((_strictest(tags[key]) for key in _HIERARCHY[mode] if key in tags and key != "access"), None)
        if mode != "car" and tags.get("motorroad") == "yes" and own not in _OPEN:
            return False
        if decisive in _CLOSED:
            return False
        classes = classes_of(tags)
        if not classes.isdisjoint(self.closed.get(mode, ())):
            return False
        usable = _CLASSES[mode] | self.opened.get(mode, frozenset())
        return classes <= (usable | _OPENED_BY_TAG[mode] if own in _OPEN else usable)


def classes_of(tags: Mapping[str, str]) -> frozenset[str]:
    """Return the road classes of a way: one, or those of all the ways that a simplified edge runs over.

    >>> sorted(classes_of({"highway": "tertiary;residential"}))
    ['residential', 'tertiary']
    """
    return frozenset(tags.get("highway", "").split(";"))


def is_road(highway: str) -> bool:
    """Return whether some mode may use a way with this value of ``highway``."""
    return frozenset(highway.split(";")) <= _KNOWN


_KNOWN = frozenset(ROAD_CLASSES)


def _strictest(value: str) -> str:
    """Return the value that closes most, of those that a tag has."""
    values = value.split(";")
    closing = next((one for one in values if one in _CLOSED), None)
    return closing or next((one for one in values if one not in _OPEN), values[0])


def speed_limit(text: str) -> float | None:
    """Return a speed limit in km/h as ``maxspeed`` states it, the lowest of several; ``None`` for one it does not.

    >>> speed_limit("50"), speed_limit("30 mph"), speed_limit("60;40"), speed_limit("CN:urban")
    (50.0, 48.28032, 40.0, None)
    """
    found = [_LIMIT.fullmatch(value.strip()) for value in text.split(";")]
    numbers = [
        float(match[1]) * (_KMH_PER_MPH if (match[2] or "").lower() == "mph" else 1.0) for match in found if match
    ]
    return min((number for number in numbers if number > 0), default=None)


def states_no_limit(text: str) -> bool:
    """Return whether a value of ``maxspeed`` is neither empty, nor a number, nor ``none``."""
    return text not in {"", "none"} and speed_limit(text) is None


def directions(tags: Mapping[str, str], mode: Mode) -> tuple[bool, bool]:
    """Return whether a mode may travel (forward, backward) along a way that it may use.

    >>> directions({"highway": "primary", "oneway": "yes"}, "car")
    (True, False)
    >>> directions({"highway": "primary", "oneway": "yes"}, "walk")
    (True, True)
    """
    if mode == "walk":
        return _of_oneway(tags.get("oneway:foot", "no"))
    if mode == "ebike":
        if tags.get("oneway:bicycle") is not None:
            return _of_oneway(tags["oneway:bicycle"])
        if any(tags.get(f"cycleway{side}", "").startswith("opposite") for side in ("", ":left", ":right")):
            return True, True
    oneway = tags.get("oneway")
    if oneway is None:
        implied = tags.get("junction") in {"roundabout", "circular"} or tags.get("highway") == "motorway"
        return True, not implied
    return _of_oneway(oneway)


def _of_oneway(value: str) -> tuple[bool, bool]:
    if value in {"yes", "true", "1"}:
        return True, False
    if value in {"-1", "reverse"}:
        return False, True
    return True, True


def class_number(tags: Mapping[str, str]) -> int:
    """Return the place of a way's class in ``ROAD_CLASSES``, the first of several; -1 where it is not there.

    >>> class_number({"highway": "secondary;primary"}) == ROAD_CLASSES.index("primary")
    True
    """
    return min((ROAD_CLASSES.index(name) for name in classes_of(tags) & _KNOWN), default=-1)
