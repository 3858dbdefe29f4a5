"""Default values of every scenario: ``defaults.toml`` of the package, and how a file overrides them.

Speeds come from the records of the travel modes.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import cast

from stationplan.domain import MODES, WALK
from stationplan.domain.modes import ClassSpeed
from stationplan.scenario.schema import GroupInput, HostInput, SlotInput


@cache
def _defaults() -> dict[str, dict[str, object]]:
    text = resources.files("stationplan").joinpath("defaults.toml").read_text("utf-8")
    return cast("dict[str, dict[str, object]]", tomllib.loads(text))


def with_defaults(document: dict[str, object]) -> dict[str, object]:
    """Return a document with default values for the keys that it does not set.

    Slots and groups listed in a document replace the default set; a listed id that exists in the default set takes from
    it the keys that are not given. Hosts and speeds are added to the default ones; of the modes with one speed or a
    speed cap, only walking and those used by the groups are filled in.
    """
    defaults = _defaults()
    filled = dict(document)
    for table in ("slots", "groups"):
        given = document.get(table)
        if given is None:
            filled[table] = defaults[table]
        elif isinstance(given, dict):
            filled[table] = {key: _overlay(defaults[table].get(key, {}), value) for key, value in given.items()}
    given_hosts = document.get("hosts", {})
    if isinstance(given_hosts, dict):
        over = {key: _overlay(defaults["hosts"].get(key, {}), value) for key, value in given_hosts.items()}
        filled["hosts"] = {**defaults["hosts"], **over}
    roads = document.get("roads", {})
    if isinstance(roads, dict):
        speeds = _speeds(filled["groups"])
        filled["roads"] = {**roads, **{key: _overlay(kmh, roads.get(key, {})) for key, kmh in speeds.items()}}
    demand = document.get("demand")
    places = demand.get("places") if isinstance(demand, dict) else None
    if isinstance(demand, dict) and isinstance(places, dict) and places.get("osm") and not places.get("classes"):
        filled["demand"] = {**demand, "places": {**places, **defaults["places"]}}
    return filled


def _speeds(groups: object) -> dict[str, dict[str, float]]:
    """Return the default speeds (km/h) by key of the table ``[roads]``, for the modes of groups not validated yet."""
    tables = groups.values() if isinstance(groups, dict) else ()
    used = {WALK, *(str(group.get("mode")) for group in tables if isinstance(group, dict))}
    stated = {mode.id: mode.stated_kmh for mode in MODES.values() if mode.id in used and mode.stated_kmh is not None}
    speeds = [mode.speed for mode in MODES.values()]
    by_class = {speed.class_key: dict(speed.by_class_kmh) for speed in speeds if isinstance(speed, ClassSpeed)}
    return {"speed_kmh": stated, **by_class}


def _overlay(below: object, above: object) -> object:
    return {**below, **above} if isinstance(below, dict) and isinstance(above, dict) else above


def default_hosts() -> dict[str, HostInput]:
    """Return the host types available in every scenario."""
    return {key: HostInput.model_validate(host) for key, host in _defaults()["hosts"].items()}


def default_groups() -> dict[str, GroupInput]:
    """Return the groups available in every scenario."""
    return {key: GroupInput.model_validate(group) for key, group in _defaults()["groups"].items()}


def default_slots() -> dict[str, SlotInput]:
    """Return the time slots available in every scenario."""
    return {key: SlotInput.model_validate(slot) for key, slot in _defaults()["slots"].items()}
