"""The results of a unit from its ``plan.json``, for the tables of all units."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stationplan.batch.folder import Storage
from stationplan.batch.units import Unit
from stationplan.domain import Kind, Language, LocalText
from stationplan.planning.prepare import Prepared
from stationplan.text.catalogue import words


@dataclass(frozen=True)
class Goal:
    """The number of new sites that is ``enough`` to cover a share of workers, from today (``None``: unreachable)."""

    share: float
    enough: int | None


Ways = Literal["roads", "straight", "both"]
"""How distances in a unit are measured: along roads, in straight lines as there are no roads, or both by district."""


@dataclass(frozen=True)
class Row:
    """One unit of the league table; shares are ``None`` without workers, ``gap`` is ``None`` if unknown.

    ``home`` is the folder of the unit, relative to that of the batch. ``circle_*`` are the workers inside the service
    circle of the national programme: today, with the plan, and covered twice with the plan. ``closable`` is the number
    of the existing ``stations`` that could close today without anybody losing coverage.
    """

    unit: str
    name: LocalText
    home: str
    prefecture: str
    districts: int
    workers: float
    covered_before: float
    covered_after: float
    cross_after: float
    new_sites: int
    cost: float
    gap: float | None
    termination: str
    circle_before: float
    circle_after: float
    circle_cross: float
    goals: tuple[Goal, ...]
    stations: int
    closable: int
    ways: Ways | None = None

    @property
    def about(self) -> str:
        """The prefecture, if its name differs from that of the unit, otherwise empty."""
        return self.prefecture if self.prefecture != self.name.zh else ""

    @property
    def circle_share_before(self) -> float | None:
        """Share of the workers inside the service circle today."""
        return self.circle_before / self.workers if self.workers > 0 else None

    @property
    def circle_share_after(self) -> float | None:
        """Share of the workers inside the service circle with the plan."""
        return self.circle_after / self.workers if self.workers > 0 else None

    @property
    def circle_cross_share(self) -> float | None:
        """Share of the workers inside the service circle of two stations or more with the plan."""
        return self.circle_cross / self.workers if self.workers > 0 else None

    @property
    def share_before(self) -> float | None:
        """Share of the workers covered today."""
        return self.covered_before / self.workers if self.workers > 0 else None

    @property
    def share_after(self) -> float | None:
        """Share of the workers covered with the plan."""
        return self.covered_after / self.workers if self.workers > 0 else None

    @property
    def cross_share(self) -> float | None:
        """Share of the workers covered twice with the plan."""
        return self.cross_after / self.workers if self.workers > 0 else None


@dataclass(frozen=True)
class Proposed:
    """A site proposed by the plan of a unit; ``order`` is its position in the build order of the unit."""

    unit: str
    order: int
    site_id: str
    name: str
    district: str
    lon: float
    lat: float
    kind: Kind
    gained: float
    cost: float


@dataclass(frozen=True)
class Station:
    """An existing station of a unit: workers within reach, covered by it alone, and gained by longer hours."""

    unit: str
    site_id: str
    name: str
    lon: float
    lat: float
    hours: str
    reached: float
    alone_today: float
    alone_after: float
    closable: bool
    longer: float


@dataclass(frozen=True)
class Lack:
    """A place in a unit with ``workers`` who stay uncovered."""

    unit: str
    place: LocalText
    lon: float
    lat: float
    workers: float
    candidates: int


@dataclass(frozen=True)
class UnitPlan:
    """The results of a unit: its row of the league table, new sites, existing stations and biggest gaps."""

    row: Row
    proposed: tuple[Proposed, ...]
    stations: tuple[Station, ...]
    lacks: tuple[Lack, ...]


def unit_plan(ready: Prepared, unit: Unit, out: Storage) -> UnitPlan:
    """Return the results of a unit from its ``plan.json``."""
    plan = json.loads(out.read(f"{unit.home}/plan.json"))
    before, after, total = plan["coverage"]["before"], plan["coverage"]["after"], plan["coverage"]["total"]
    circle = plan["scorecard"]
    prefectures = dict.fromkeys(ready.area.districts["prefecture"].astype(str).iloc[unit.districts])
    row = Row(
        unit=unit.id,
        name=unit.name,
        home=unit.home,
        prefecture=next(iter(prefectures)),
        districts=len(unit.districts),
        workers=total,
        covered_before=before["workers"],
        covered_after=after["workers"],
        cross_after=(after["cross_share"] or 0.0) * total,
        new_sites=sum(1 for site in plan["sites"] if site["counted"]),
        cost=sum(site["cost"] for site in plan["sites"]),
        gap=plan["solution"]["gap"],
        termination=plan["solution"]["termination"],
        circle_before=circle["before"]["workers"],
        circle_after=circle["after"]["workers"],
        circle_cross=(circle["after"]["cross_share"] or 0.0) * total,
        goals=tuple(Goal(goal["share"], goal["enough"]) for goal in circle["needed"]),
        stations=len(plan["audit"]),
        closable=sum(1 for station in plan["audit"] if station["closable"]),
        ways=_ways({district["straight"] for district in plan["coverage"]["by_district"]}),
    )
    proposed = tuple(
        Proposed(
            *(unit.id, site["order"], site["site_id"], site["name"], site["district"], site["lon"], site["lat"]),
            *(site["kind"], site["workers_gained"], site["cost"]),
        )
        for site in plan["sites"]
    )
    stations = tuple(
        Station(
            *(unit.id, station["site_id"], station["name"], station["lon"], station["lat"], station["hours"]),
            *(station["reached"], station["lost_if_closed"], station["lost_if_closed_after"]),
            *(station["closable"], station["longer_hours_gain"]),
        )
        for station in plan["audit"]
    )
    lacks = tuple(
        Lack(unit.id, LocalText(**gap["place"]), gap["lon"], gap["lat"], gap["workers"], gap["candidates"])
        for gap in plan["gaps"]
    )
    return UnitPlan(row, proposed, stations, lacks)


def row_of_all(rows: Sequence[Row], name: LocalText) -> Row:
    """Return the row of several units together; no worker is in two units.

    The number of sites that is enough for a goal is the sum over the units; ``None`` if a unit cannot reach the goal.
    """
    goals = []
    for of_units in zip(*(row.goals for row in rows), strict=True):
        enough = [goal.enough for goal in of_units]
        known = [count for count in enough if count is not None]
        goals.append(Goal(of_units[0].share, sum(known) if len(known) == len(enough) else None))
    return Row(
        unit="",
        name=name,
        home="",
        prefecture="",
        districts=sum(row.districts for row in rows),
        workers=math.fsum(row.workers for row in rows),
        covered_before=math.fsum(row.covered_before for row in rows),
        covered_after=math.fsum(row.covered_after for row in rows),
        cross_after=math.fsum(row.cross_after for row in rows),
        new_sites=sum(row.new_sites for row in rows),
        cost=math.fsum(row.cost for row in rows),
        gap=None,
        termination="",
        circle_before=math.fsum(row.circle_before for row in rows),
        circle_after=math.fsum(row.circle_after for row in rows),
        circle_cross=math.fsum(row.circle_cross for row in rows),
        goals=tuple(goals),
        stations=sum(row.stations for row in rows),
        closable=sum(row.closable for row in rows),
    )


def _ways(straight: set[bool]) -> Ways:
    """Return how distances in a unit are measured, from the values of its districts."""
    if len(straight) > 1:
        return "both"
    return "straight" if straight == {True} else "roads"


def ways_name(ways: Ways | None, lang: Language) -> str:
    """Return how distances in a unit are measured, as text."""
    word = words(lang)
    names: dict[Ways | None, str] = {
        "roads": word("by road"),
        "straight": word("straight line"),
        "both": word("road and straight line"),
    }
    return names.get(ways, "")
