"""The records that flow through a study. They hold data and promises, and do no I/O.

Conventions: rows are demand, columns are sites; longitude before latitude; eastings and northings in metres;
minutes are closed at the cutoff; absent means beyond the cutoff or unreachable and is never zero. Arrays become
read-only when a record is built.
"""

from __future__ import annotations

from stationplan.domain.audit import NOBODY, Audit, Needed, Scorecard
from stationplan.domain.base import (
    CUTOFF_TOLERANCE,
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
from stationplan.domain.coverage import Coverage, Journeys
from stationplan.domain.explanation import Held, WhyHere, WhyNot
from stationplan.domain.ground import (
    RoadArcs,
    RoadNetwork,
    Snap,
    Straight,
    StudyArea,
    TravelTimes,
    joined,
)
from stationplan.domain.modes import MODES, WALK, TravelMode
from stationplan.domain.plan import AimResult, Density, KeyFigure, Plan, Recounted, Robustness, ShareRanges, Study
from stationplan.domain.provenance import DatumDecision, InputFile, MapOptions, Quality
from stationplan.domain.sites import Sites
from stationplan.domain.solution import FrontierPoint, Phase, Served, Solution
from stationplan.domain.workers import (
    Cells,
    Count,
    Demand,
    Features,
    GroupSurface,
    Layer,
    Learned,
    Observed,
    Places,
    Scores,
    Surface,
    Totals,
)

__all__ = [
    "CUTOFF_TOLERANCE",
    "MAJOR_CLASSES",
    "MODES",
    "NOBODY",
    "ROAD_CLASSES",
    "WALK",
    "AimResult",
    "Audit",
    "BoolArray",
    "Cells",
    "Count",
    "CountArray",
    "Coverage",
    "DatumDecision",
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
