"""Records of a study, its demand surface and its plan."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stationplan.domain.area import StudyArea
from stationplan.domain.audit import Audit, Scorecard
from stationplan.domain.base import BoolArray, CountArray, FloatArray, Host, IntArray, LocalText, Record
from stationplan.domain.coverage import Coverage
from stationplan.domain.demand import Demand
from stationplan.domain.explanation import WhyHere, WhyNot
from stationplan.domain.provenance import DatumDecision, InputFile, MapOptions, Quality
from stationplan.domain.roads import RoadLines
from stationplan.domain.sites import Sites
from stationplan.domain.solution import FrontierPoint, Served, Solution
from stationplan.domain.surface import Surface
from stationplan.errors import Message


@dataclass(frozen=True, eq=False)
class Study(Record):
    """A scenario and the inputs read for it.

    ``part`` are the ids of the districts that are planned if they are only some of the scenario's districts, otherwise
    empty. ``quality`` and ``datums`` report what happened to the records and coordinates of each input, ``sources``
    name the origin of roads and other inputs. ``notes`` are in the order in which they were created. ``timings_s`` are
    seconds by step.
    """

    name: LocalText
    notice: LocalText | None
    synthetic: bool
    area: StudyArea
    part: tuple[str, ...]
    notes: tuple[Message, ...]
    scenario_toml: str
    scenario_fingerprint: str
    inputs: tuple[InputFile, ...]
    quality: tuple[Quality, ...]
    datums: tuple[DatumDecision, ...]
    sources: tuple[str, ...]
    map_options: MapOptions
    timings_s: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Density(Record):
    """Workers of a study: ``surface`` by cell and group, ``demand`` also by time slot."""

    study: Study
    surface: Surface
    demand: Demand

    @property
    def area(self) -> StudyArea:
        """The districts of the study."""
        return self.study.area


@dataclass(frozen=True)
class KeyFigure:
    """A figure that an aim adds to the key figures of every plan, today and with the plan."""

    label: Message
    value: Message
    note: Message


@dataclass(frozen=True)
class AimResult:
    """What a plan optimises, and what is proven about it.

    ``name`` is the name of the aim; ``proof`` states how much better any other choice of sites could be. ``figures``
    come before the other key figures where they are the aim of the plan (``leads``), otherwise after them.
    """

    id: str
    name: Message
    proof: Message
    figures: tuple[KeyFigure, ...]
    leads: bool


@dataclass(frozen=True, eq=False)
class Recounted(Record):
    """Coverage and travel times of a plan, recounted without the solver from the travel times.

    Arrays are [cell, group, slot]. ``stations_before`` and ``stations_after`` count the stations that cover a row today
    and with the plan (0 where a row has no workers). If the scenario requests travel times to stations,
    ``minutes_before`` and ``minutes_after`` are those to the nearest station (``inf``: none within
    ``coverage.journeys.far_min``), otherwise ``None``.
    """

    stations_before: CountArray
    stations_after: CountArray
    minutes_before: FloatArray | None
    minutes_after: FloatArray | None


@dataclass(frozen=True, eq=False)
class ShareRanges(Record):
    """The 5th and the 95th percentile of the share of workers covered, over the draws of the demand.

    ``overall`` is [today or with the plan, low or high]; ``by_district``, ``by_group`` and ``by_slot`` have one such
    table for each district, group and time slot. NaN where a part of the demand has no workers.
    """

    overall: FloatArray
    by_district: FloatArray
    by_group: FloatArray
    by_slot: FloatArray


@dataclass(frozen=True, eq=False)
class Robustness(Record):
    """How often each proposed site is chosen again over the draws of the demand.

    ``share[order]`` is the share of the ``answered`` draws, NaN without any. ``unmet`` counts draws in which a floor or
    a target cannot be reached, ``undecided`` those of the answered draws in which the time limit was reached, so that
    another run may give another result.
    """

    share: FloatArray
    answered: int
    unmet: int
    undecided: int

    def times_chosen(self, order: int) -> int | None:
        """Return the number of answered draws in which a proposed site is chosen, ``None`` without draws."""
        share = float(self.share[order])
        return None if math.isnan(share) else round(share * self.answered)


@dataclass(frozen=True, eq=False)
class Plan(Record):
    """All data that the outputs need, before and after the plan; it is never changed after creation.

    ``roads`` are the roads read; ``straight`` marks the districts without road data, where travel is measured in
    straight lines. ``phase_names`` name the phases of the solution, ``actions`` the actions at sites. ``frontier``
    holds the best results with other numbers of sites. ``share_ranges`` is present if the demand has draws; it holds
    all that the outputs need of them. ``served`` is present if stations have limited capacity: the workers that they
    serve. ``why_not`` holds the sites that the scenario asks about, in its order. ``audit`` describes the existing
    stations, ``scorecard`` the national service circle. ``counts`` are numbers of records by type.
    """

    density: Density
    roads: RoadLines
    straight: BoolArray
    sites: Sites
    hosts: tuple[Host, ...]
    actions: Mapping[str, LocalText]
    coverage: Coverage
    aim: AimResult
    solution: Solution
    phase_names: tuple[LocalText, ...]
    frontier: tuple[FrontierPoint, ...]
    recounted: Recounted
    share_ranges: ShareRanges | None
    served: Served | None
    why: tuple[WhyHere, ...]
    why_not: tuple[WhyNot, ...]
    audit: Audit
    scorecard: Scorecard
    robustness: Robustness
    counts: Mapping[str, int]

    @property
    def study(self) -> Study:
        """The scenario and the inputs read for it."""
        return self.density.study

    @property
    def area(self) -> StudyArea:
        """The districts of the study."""
        return self.density.area

    @property
    def demand(self) -> Demand:
        """Workers by cell, group and time slot."""
        return self.density.demand

    @property
    def chosen(self) -> IntArray:
        """Rows of ``sites`` that the plan proposes, in build order."""
        return self.solution.sites

    @property
    def phase(self) -> IntArray:
        """Phase of each proposed site, from 0; -1 without phases."""
        if not self.solution.phases:
            return np.full(len(self.chosen), -1, dtype=np.int64)
        return np.repeat(np.arange(len(self.solution.phases)), [phase.new for phase in self.solution.phases])
