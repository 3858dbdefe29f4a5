"""Immutable records that are passed between the steps of a study. They hold data, check invariants and do no I/O.

Conventions: rows are demand, columns are sites; longitude comes before latitude; eastings and northings are in metres;
travel time limits are closed (a time equal to the cutoff is within it); an absent entry is beyond the cutoff or
unreachable and is never zero. Arrays become read-only when a record is created.
"""

from __future__ import annotations

from stationplan.domain.access import Snap, Straight, TravelTimes
from stationplan.domain.area import StudyArea
from stationplan.domain.audit import NOBODY, Audit, Needed, Scorecard
from stationplan.domain.base import (
    CUTOFF_TOLERANCE,
    FERRY,
    MAJOR_CLASSES,
    ROAD_CLASSES,
    BoolArray,
    CountArray,
    FloatArray,
    Group,
    Host,
    IntArray,
    Kind,
    Language,
    LearningModel,
    LocalText,
    Mode,
    ObjectArray,
    Rule,
    Slot,
    Termination,
    Way,
    WhyNotReason,
)
from stationplan.domain.cells import Cells, Count, Layer
from stationplan.domain.coverage import Coverage, Journeys
from stationplan.domain.demand import Demand
from stationplan.domain.explanation import Held, WhyHere, WhyNot
from stationplan.domain.features import Features, Places
from stationplan.domain.learned import Learned, Scores
from stationplan.domain.modes import MODES, WALK, TravelMode
from stationplan.domain.plan import AimResult, Density, KeyFigure, Plan, Recounted, Robustness, ShareRanges, Study
from stationplan.domain.provenance import (
    ColumnUse,
    DatumDecision,
    DefaultSource,
    DefaultTaken,
    InputFile,
    MapOptions,
    Quality,
)
from stationplan.domain.roads import RoadArcs, RoadLines, RoadNetwork, joined
from stationplan.domain.sites import Sites
from stationplan.domain.solution import FrontierPoint, Phase, Served, Solution, Stage
from stationplan.domain.surface import GroupSurface, Observed, Surface, Totals

__all__ = [
    "CUTOFF_TOLERANCE",
    "FERRY",
    "MAJOR_CLASSES",
    "MODES",
    "NOBODY",
    "ROAD_CLASSES",
    "WALK",
    "AimResult",
    "Audit",
    "BoolArray",
    "Cells",
    "ColumnUse",
    "Count",
    "CountArray",
    "Coverage",
    "DatumDecision",
    "DefaultSource",
    "DefaultTaken",
    "Demand",
    "Density",
    "Features",
    "FloatArray",
    "FrontierPoint",
    "Group",
    "GroupSurface",
    "Held",
    "Host",
    "InputFile",
    "IntArray",
    "Journeys",
    "KeyFigure",
    "Kind",
    "Language",
    "Layer",
    "Learned",
    "LearningModel",
    "LocalText",
    "MapOptions",
    "Mode",
    "Needed",
    "ObjectArray",
    "Observed",
    "Phase",
    "Places",
    "Plan",
    "Quality",
    "Recounted",
    "RoadArcs",
    "RoadLines",
    "RoadNetwork",
    "Robustness",
    "Rule",
    "Scorecard",
    "Scores",
    "Served",
    "ShareRanges",
    "Sites",
    "Slot",
    "Snap",
    "Solution",
    "Stage",
    "Straight",
    "Study",
    "StudyArea",
    "Surface",
    "Termination",
    "Totals",
    "TravelMode",
    "TravelTimes",
    "Way",
    "WhyHere",
    "WhyNot",
    "WhyNotReason",
    "joined",
]
