"""Who may travel on a road, in which direction and how fast: OSM tags to minutes for each mode.

Access follows OSM's hierarchy: the most specific tag decides (``access`` < ``vehicle`` < ``motor_vehicle`` <
``motorcar``; ``bicycle`` for e-bikes, which ride where bicycles may; ``foot`` for walkers). One-way streets bind cars,
and e-bikes unless tagged otherwise, never walkers. Turn restrictions and barriers are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stationplan.domain import MODES, Mode

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
_MAJOR = frozenset(f"{name}{link}" for name in ("motorway", "trunk", "primary", "secondary") for link in ("", "_link"))

ROAD_CLASSES = frozenset().union(*_CLASSES.values(), *_OPENED_BY_TAG.values())
"""Values of ``highway`` that some mode may use."""


@dataclass(frozen=True)
class Speeds:
    """Speeds in km/h: walkers', the e-bikes' and, by road class, the cars'."""

    walk: float
    ebike: float
    car: Mapping[str, float]

    def of(self, mode: Mode, highway: str) -> float:
        """The speed of a mode on a road class; a class without a car speed of its own counts as ``road``."""
        if mode == "walk":
            return self.walk
        if mode == "ebike":
            return self.ebike
        return self.car.get(highway, self.car["road"])


def may_use(tags: Mapping[str, str], mode: Mode) -> bool:
    """Return whether a mode may travel on a way with these tags.

    >>> may_use({"highway": "residential"}, "car"), may_use({"highway": "steps"}, "ebike")
    (True, False)
    >>> may_use({"highway": "service", "access": "private", "foot": "yes"}, "walk")
    True
    """
    highway = tags.get("highway", "")
    decisive = next((tags[key] for key in _HIERARCHY[mode] if key in tags), None)
    own = next((tags[key] for key in _HIERARCHY[mode] if key in tags and key != "access"), None)
    if mode != "car" and tags.get("motorroad") == "yes" and own not in _OPEN:
        return False
    if decisive in _CLOSED:
        return False
    if highway in _CLASSES[mode]:
        return True
    return highway in _OPENED_BY_TAG[mode] and own in _OPEN


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


def is_major(highway: str) -> bool:
    """Return whether a road class is drawn as a main road."""
    return highway in _MAJOR


def modes_of(tags: Mapping[str, str]) -> dict[Mode, tuple[bool, bool]]:
    """Return the directions open to each mode that may use the way; empty when none may."""
    return {mode: directions(tags, mode) for mode in MODES if may_use(tags, mode)}
