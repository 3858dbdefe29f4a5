"""Actions possible at a place in addition to the station that its host would provide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import chain
from typing import Any

import numpy as np

from stationplan.domain import BoolArray, Sites
from stationplan.hours import WEEKDAYS, OpeningHours, Schedule, open_share
from stationplan.scenario import ActionInput, ScenarioFile


def with_actions(sites: Sites, file: ScenarioFile) -> Sites:
    """Return sites with an additional row for each action possible at each of them, after the rows of the places.

    The id of such a row joins the id of the place and that of the action, ``c12/micro``. Extended hours of an existing
    station are open only in those slots in which the station itself is closed, so that it is never counted twice.
    """
    return _joined([sites, *(_done(sites, key, action, file) for key, action in file.actions.items())])


def may_be_done(action: ActionInput, host: str, *, existing: bool) -> bool:
    """Return whether an action is possible at a station or candidate of a host type."""
    return existing == (action.at == "stations") and (not action.hosts or host in action.hosts)


def done_id(place: str, action: str) -> str:
    """Return the id of an action at a place.

    >>> done_id("c12", "micro")
    'c12/micro'
    """
    return f"{place}/{action}"


def open_slots(hours: Sequence[OpeningHours], file: ScenarioFile) -> BoolArray:
    """Return whether each of some opening hours is open in each slot, [hours, slot]; unparsed hours never are."""
    slots = [(slot.start_min, slot.end_min) for slot in file.day_slots]
    days = {WEEKDAYS.index(day) for day in file.days}
    by_week = {
        week: [isinstance(week, Schedule) and open_share(week, slot, days) >= file.open_share - 1e-9 for slot in slots]
        for week in {given.week for given in hours}
    }
    return np.array([by_week[given.week] for given in hours], dtype=bool).reshape(len(hours), len(slots))


def _done(sites: Sites, key: str, action: ActionInput, file: ScenarioFile) -> Sites:
    """Return the rows of one action at all places where it is possible."""
    extends = action.at == "stations"
    may = [may_be_done(action, host, existing=stands) for host, stands in zip(sites.host, sites.existing, strict=True)]
    at = np.flatnonzero(may).tolist()
    number = len(at)
    hours, opened = tuple(sites.hours[site] for site in at), sites.open[at]
    if action.hours is not None:
        hours, opened = (action.hours.text,) * number, open_slots([action.hours] * number, file)
    fits = np.array([group not in action.excludes for group in file.groups], dtype=bool)
    return replace(
        sites,
        site_id=tuple(done_id(sites.site_id[site], key) for site in at),
        name=tuple(sites.name[site] for site in at),
        address=tuple(sites.address[site] for site in at),
        x=sites.x[at],
        y=sites.y[at],
        existing=np.zeros(number, dtype=bool),
        kind=tuple(sites.kind[site] if action.kind is None else action.kind for site in at),
        host=tuple(sites.host[site] for site in at),
        hours=hours,
        open=opened & ~sites.open[at] if extends else opened,
        serves=sites.serves[at] & fits,
        cost=np.full(number, action.cost),
        capacity=sites.capacity[at],
        required=np.zeros(number, dtype=bool),
        forbidden=sites.forbidden[at],
        preferred=np.zeros(number, dtype=bool),
        closable=np.zeros(number, dtype=bool),
        counted=np.full(number, action.counted and not extends),
        place=sites.place[at],
        action=(key,) * number,
        district=sites.district[at],
        passed=tuple(sites.passed[site] for site in at),
    )


def _joined(parts: Sequence[Sites]) -> Sites:
    """Return the rows of all parts, in order."""
    columns: dict[str, Any] = {}
    for name in (item.name for item in fields(Sites)):
        values = [getattr(part, name) for part in parts]
        columns[name] = tuple(chain(*values)) if isinstance(values[0], tuple) else np.concatenate(values)
    return Sites(**columns)
