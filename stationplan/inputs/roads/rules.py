"""Access, direction and speed on a road: OSM tags to minutes for each mode.

The records of the travel modes (:mod:`stationplan.domain.modes`) define which classes, access keys and one-way keys
apply to each mode; this module applies them. Turn restrictions and barriers are not read.

A tag may have several values separated by ``;``, as on an edge of a simplified graph that combines several ways: all
classes must be open, no value may close the road, and the lowest speed applies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from stationplan.domain import FERRY, MODES, ROAD_CLASSES, Mode
from stationplan.domain.modes import ClassSpeed, SteadySpeed
from stationplan.inputs.roads.ferries import FERRY_KMH

ACCESS_TAGS = tuple(dict.fromkeys(key for mode in MODES.values() for key in mode.access_keys))
RULE_TAGS = tuple(
    dict.fromkeys(
        [
            *("highway", *ACCESS_TAGS, "motorroad", "junction", "oneway", "maxspeed"),
            *(key for mode in MODES.values() for key in mode.tag_keys),
        ]
    )
)
"""All tags of a source that the rules use, for any travel mode; no other tag of a road needs to be kept."""

KEPT_TAGS = (*RULE_TAGS, FERRY_KMH)
"""The keys of a road's tags: those of the source, and the speed of ferries."""

_CLOSED = frozenset(
    {"no", "private", "agricultural", "forestry", "military", "emergency", "dismount", "use_sidepath", "psv", "bus"}
)
_OPEN = frozenset({"yes", "designated", "permissive", "official"})
_LIMIT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)\s*(km/?h|kph|mph)?", re.ASCII | re.IGNORECASE)
_KMH_PER_MPH = 1.609344


@dataclass(frozen=True)
class Speeds:
    """Speeds (km/h) that a study states; where it states none, those of the mode's record apply.

    ``stated_kmh`` is the speed of a mode on level ground, or the cap of a mode with speeds by road class;
    ``by_class_kmh`` holds speeds of a mode by value of ``highway``.
    """

    stated_kmh: Mapping[Mode, float] = field(default_factory=dict)
    by_class_kmh: Mapping[Mode, Mapping[str, float]] = field(default_factory=dict)

    def of(self, mode: Mode, highway: str) -> float:
        """Return the speed of a mode on a road class, on level ground and without a speed limit, km/h.

        >>> speeds = Speeds({"walk": 5.0}, {"walk": {"steps": 2.5}, "car": {"road": 20.0}})
        >>> speeds.of("walk", "path"), speeds.of("walk", "steps"), speeds.of("car", "primary")
        (5.0, 2.5, 20.0)
        """
        speed = MODES[mode].speed
        by_class = self.by_class_kmh.get(mode, {})
        if isinstance(speed, SteadySpeed):
            return by_class.get(highway, self.stated_kmh.get(mode, speed.kmh))
        by_class = by_class or speed.by_class_kmh
        kmh = by_class.get(highway, by_class["road"])
        cap_kmh = self.stated_kmh.get(mode, speed.cap_kmh)
        return kmh if cap_kmh is None else min(kmh, cap_kmh)


@dataclass(frozen=True)
class RoadRules:
    """Rules of road use: speeds, and the road classes that a study opens or closes for a mode.

    An opened class is one that the mode may use like any of its own classes; tags may still close a way. A closed class
    is closed regardless of the tags. ``climb_loss`` replaces the loss on climbs of a mode's record.
    """

    speeds: Speeds
    opened: Mapping[Mode, frozenset[str]] = field(default_factory=dict)
    closed: Mapping[Mode, frozenset[str]] = field(default_factory=dict)
    climb_loss: Mapping[Mode, float] = field(default_factory=dict)

    def pace(self, tags: Mapping[str, str], mode: Mode) -> tuple[float | None, float | None]:
        """Return the minutes per metre (forward, backward) on a way, ``None`` where the mode is not allowed.

        A mode that respects speed limits travels at ``maxspeed`` where that is lower. Ferries have one speed for all.

        >>> rules = RoadRules(Speeds(by_class_kmh={"car": {"road": 60.0}}))
        >>> rules.pace({"highway": "primary", "oneway": "yes", "maxspeed": "30"}, "car")
        (0.002, None)
        """
        if not self.may_use(tags, mode):
            return None, None
        forth, back = directions(tags, mode)
        if tags.get("highway") == FERRY:
            pace = 60 / (1000 * float(tags[FERRY_KMH]))
            return (pace if forth else None), (pace if back else None)
        kmh = min(self.speeds.of(mode, highway) for highway in classes_of(tags))
        speed = MODES[mode].speed
        limit = speed_limit(tags.get("maxspeed", ""))
        if limit is not None and isinstance(speed, ClassSpeed) and speed.heeds_maxspeed:
            kmh = min(kmh, limit)
        return (60 / (1000 * kmh) if forth else None), (60 / (1000 * kmh) if back else None)

    def may_use(self, tags: Mapping[str, str], mode: Mode) -> bool:
        """Return whether a mode may use a way with these tags.

        >>> rules = RoadRules(Speeds(), closed={"walk": frozenset({"residential"})})
        >>> rules.may_use({"highway": "residential"}, "car"), rules.may_use({"highway": "residential"}, "walk")
        (True, False)
        """
        record = MODES[mode]
        found = [_strictest(tags[key]) for key in record.access_keys if key in tags]
        decisive = found[0] if found else None
        own = next((_strictest(tags[key]) for key in record.access_keys if key in tags and key != "access"), None)
        if not record.motorroads and tags.get("motorroad") == "yes" and own not in _OPEN:
            return False
        if decisive in _CLOSED:
            return False
        classes = classes_of(tags)
        if not classes.isdisjoint(self.closed.get(mode, ())):
            return False
        usable = record.classes | self.opened.get(mode, frozenset())
        if own in _OPEN:
            usable |= record.opened_by_tag | {FERRY}
        return classes <= (usable | {FERRY} if record.ferries else usable)


def classes_of(tags: Mapping[str, str]) -> frozenset[str]:
    """Return the road classes of a way: one, or those of all ways that a simplified edge combines.

    >>> sorted(classes_of({"highway": "tertiary;residential"}))
    ['residential', 'tertiary']
    """
    return frozenset(tags.get("highway", "").split(";"))


def is_road(highway: str) -> bool:
    """Return whether some mode may use a way with this value of ``highway``."""
    return frozenset(highway.split(";")) <= _KNOWN


_KNOWN = frozenset(ROAD_CLASSES)


def _strictest(value: str) -> str:
    """Return the most restrictive of the values of a tag."""
    values = value.split(";")
    closing = next((one for one in values if one in _CLOSED), None)
    return closing or next((one for one in values if one not in _OPEN), values[0])


def speed_limit(text: str) -> float | None:
    """Return the speed limit in km/h stated by ``maxspeed``, the lowest of several; ``None`` if it states none.

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
    record = MODES[mode]
    own = next((tags[key] for key in record.oneway_keys if key in tags), None)
    if own is not None:
        return _of_oneway(own)
    obeys = record.obeys_oneway or tags.get("highway") == FERRY
    if not obeys or any(tags.get(key, "").startswith("opposite") for key in record.contraflow_keys):
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
    """Return the index of a way's class in ``ROAD_CLASSES``, the lowest of several; -1 if it is not in there.

    >>> class_number({"highway": "secondary;primary"}) == ROAD_CLASSES.index("primary")
    True
    """
    return min((ROAD_CLASSES.index(name) for name in classes_of(tags) & _KNOWN), default=-1)
