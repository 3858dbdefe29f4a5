"""Travel modes: one record per mode defines all its properties, and all other code reads them from there.

Access rules follow OSM's access tags: the most specific key decides (``access`` < ``vehicle`` < ``motor_vehicle`` <
``motorcar``). The road rules (:mod:`stationplan.inputs.roads.rules`) apply these records; the scenario schema, its
defaults, saved roads, the names in reports and the schema of ``plan.json`` are derived from them.
``docs/how-to/travel-mode.md`` explains how to add a mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from stationplan.domain.base import Mode, Record
from stationplan.errors import Message, say


@dataclass(frozen=True)
class SteadySpeed:
    """One speed on level ground, on roads and along straight lines; the scenario may set others for some road classes.

    ``kmh`` is the default of the scenario's key ``[roads.speed_kmh] <mode>``. ``class_key`` names the table of
    ``[roads]`` that holds speeds by road class (km/h), which is empty by default; ``None``: there is no such table.
    """

    kmh: float
    class_key: str | None = None


@dataclass(frozen=True, eq=False)
class ClassSpeed(Record):
    """A speed for each road class; a class without a speed is treated as ``road``.

    ``by_class_kmh`` (km/h, by value of OSM's ``highway``) is the default of the table ``class_key`` of ``[roads]``, and
    ``straight_kmh`` the default of the key ``straight_key`` there: the speed along straight lines, where there are no
    roads. With ``heeds_maxspeed``, a lower ``maxspeed`` is respected. ``cap_kmh`` is the highest speed of the mode on
    any road and the default of ``[roads.speed_kmh] <mode>``; ``None``: no cap, and no such key.
    """

    by_class_kmh: Mapping[str, float]
    straight_kmh: float
    class_key: str
    straight_key: str
    heeds_maxspeed: bool = True
    cap_kmh: float | None = None


@dataclass(frozen=True)
class ClimbLoss:
    """Loss on climbs: travel takes ``1 + loss * slope`` times as long uphill as on level ground, not downhill.

    ``key`` is the key of ``[roads]`` whose default value is ``loss``.
    """

    loss: float
    key: str


Slope = Literal["ignored", "hiking"] | ClimbLoss
"""How slopes change the travel times of a mode: not at all, by Tobler's hiking function, or by a loss on climbs."""


@dataclass(frozen=True, eq=False)
class TravelMode(Record):
    """A travel mode: its name, the roads it may use, in which direction, and its speed.

    Attributes
    ----------
    id
        Name in scenario files and records.
    name
        The mode as an adverbial phrase: "on foot".
    purpose
        The purpose of a road for this mode: "for walking".
    classes
        Values of OSM's ``highway`` that the mode may use unless a tag closes the road.
    opened_by_tag
        Values that it may use only where one of its access keys other than ``access`` allows it.
    access_keys
        Its access keys, most specific first; the first key that a road has decides.
    motorroads
        Whether it may use roads tagged ``motorroad=yes`` without a permissive access key of its own.
    ferries
        Whether it may use ferries without a permissive access key of its own.
    obeys_oneway
        Whether ``oneway``, roundabouts and motorways restrict its direction. Otherwise it travels in both directions.
    oneway_keys
        Its own one-way keys, such as ``oneway:bicycle``, most specific first; the first key that a road has takes
        precedence over all other rules.
    contraflow_keys
        Keys whose value ``opposite...`` allows travel in both directions where ``oneway`` would forbid it.
    speed
        Its speed on level ground.
    slope
        How slopes change its travel times.
    """

    id: Mode
    name: Message
    purpose: Message
    classes: frozenset[str]
    opened_by_tag: frozenset[str]
    access_keys: tuple[str, ...]
    motorroads: bool
    ferries: bool
    obeys_oneway: bool
    speed: SteadySpeed | ClassSpeed
    slope: Slope
    oneway_keys: tuple[str, ...] = ()
    contraflow_keys: tuple[str, ...] = ()

    @property
    def tag_keys(self) -> tuple[str, ...]:
        """The OSM tag keys that this mode needs in addition to those that all modes use."""
        return (*self.access_keys, *self.oneway_keys, *self.contraflow_keys)

    @property
    def stated_kmh(self) -> float | None:
        """Default of ``[roads.speed_kmh] <mode>``: the speed of the mode, or the cap of a mode with speeds by class.

        ``None`` where that table has no key for the mode.
        """
        return self.speed.kmh if isinstance(self.speed, SteadySpeed) else self.speed.cap_kmh


_LINKED = ("trunk", "primary", "secondary", "tertiary")
_STREETS = frozenset(
    {
        *_LINKED,
        *(f"{name}_link" for name in _LINKED),
        *("unclassified", "residential", "living_street", "service", "road"),
    }
)
"""Road classes that every mode may use."""

EBIKE_CLIMB = ClimbLoss(loss=4.0, key="ebike_climb_loss")
"""1.4 times the time at a slope of 10 %: an assumption, see :func:`stationplan.inputs.roads.slope.ebike_factor`."""

CAR_SPEED = ClassSpeed(
    by_class_kmh={
        "motorway": 80.0,
        "motorway_link": 40.0,
        "trunk": 50.0,
        "trunk_link": 35.0,
        "primary": 35.0,
        "primary_link": 30.0,
        "secondary": 30.0,
        "secondary_link": 25.0,
        "tertiary": 25.0,
        "tertiary_link": 20.0,
        "unclassified": 20.0,
        "residential": 18.0,
        "living_street": 10.0,
        "service": 12.0,
        "road": 18.0,
    },
    straight_kmh=30.0,
    class_key="car_speed_kmh",
    straight_key="straight_car_kmh",
)
"""Average speeds of cars on city streets, including delays at junctions: assumptions, well below the signed limits."""

WALK: Mode = "walk"
"""The mode of the off-road parts of all routes, of the nearest station on foot and of the service circle."""

MODES: Mapping[Mode, TravelMode] = MappingProxyType(
    {
        mode.id: mode
        for mode in (
            TravelMode(
                id=WALK,
                name=say("on foot"),
                purpose=say("for walking"),
                classes=_STREETS
                | {"footway", "pedestrian", "path", "steps", "track", "corridor", "platform", "bridleway", "elevator"},
                opened_by_tag=frozenset({"cycleway", "motorway", "motorway_link"}),
                access_keys=("foot", "access"),
                motorroads=False,
                ferries=True,
                obeys_oneway=False,
                oneway_keys=("oneway:foot",),
                speed=SteadySpeed(4.5, class_key="walk_speed_kmh"),
                slope="hiking",
            ),
            TravelMode(  # e-bikes may use the roads that are open to bicycles
                id="ebike",
                name=say("by e-bike"),
                purpose=say("for e-bikes"),
                classes=_STREETS | {"cycleway", "path", "track"},
                opened_by_tag=frozenset({"footway", "pedestrian", "bridleway"}),
                access_keys=("bicycle", "vehicle", "access"),
                motorroads=False,
                ferries=False,
                obeys_oneway=True,
                oneway_keys=("oneway:bicycle",),
                contraflow_keys=("cycleway", "cycleway:left", "cycleway:right"),
                speed=SteadySpeed(15.0, class_key="ebike_speed_kmh"),
                slope=EBIKE_CLIMB,
            ),
            TravelMode(
                id="car",
                name=say("by car"),
                purpose=say("for cars"),
                classes=_STREETS | {"motorway", "motorway_link"},
                opened_by_tag=frozenset({"track", "pedestrian"}),
                access_keys=("motorcar", "motor_vehicle", "vehicle", "access"),
                motorroads=True,
                ferries=False,
                obeys_oneway=True,
                speed=CAR_SPEED,
                slope="ignored",
            ),
            # The roads of cars, and tracks: no OSM access rule closes those; cars avoid them because they are narrow.
            # Many cities and most expressways of China are closed to motorbikes by local rules; OSM's motorcycle=no or
            # the scenario's `closed` can state that.
            TravelMode(
                id="motorbike",
                name=say("by motorbike"),
                purpose=say("for motorbikes"),
                classes=_STREETS | {"motorway", "motorway_link", "track"},
                opened_by_tag=frozenset({"pedestrian", "path"}),
                access_keys=("motorcycle", "motor_vehicle", "vehicle", "access"),
                motorroads=True,
                ferries=False,
                obeys_oneway=True,
                oneway_keys=("oneway:motorcycle", "oneway:motor_vehicle"),
                speed=replace(CAR_SPEED, cap_kmh=45.0),  # own assumption: a light motorbike on mountain roads
                slope="ignored",
            ),
        )
    }
)
"""All travel modes by id, in display order."""
