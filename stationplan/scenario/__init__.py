"""The scenario file: a TOML document with all settings of a study."""

from __future__ import annotations

from stationplan.scenario.check import CURE_CRS, CURE_DATUM, Purpose, cure_hours, unfit_crs, unread_hours
from stationplan.scenario.defaults import default_groups, default_hosts, default_slots
from stationplan.scenario.demand import (
    CountInput,
    DemandInput,
    HeatInput,
    LearningInput,
    ObservedInput,
    PlacesInput,
    RateInput,
    TotalsInput,
    is_computed,
    is_raster,
)
from stationplan.scenario.fields import Name, Source, TableSource
from stationplan.scenario.load import Scenario, read_scenario
from stationplan.scenario.plan import ActionInput, PhaseInput, PlanInput
from stationplan.scenario.roads import needs_datum
from stationplan.scenario.schema import (
    AreaInput,
    CandidatesInput,
    GroupInput,
    HostInput,
    Limits,
    RoadsInput,
    ScenarioFile,
    SitesInput,
    SlotInput,
    UnknownHours,
)
from stationplan.scenario.scorecard import ScorecardInput

__all__ = [
    "CURE_CRS",
    "CURE_DATUM",
    "ActionInput",
    "AreaInput",
    "CandidatesInput",
    "CountInput",
    "DemandInput",
    "GroupInput",
    "HeatInput",
    "HostInput",
    "LearningInput",
    "Limits",
    "Name",
    "ObservedInput",
    "PhaseInput",
    "PlacesInput",
    "PlanInput",
    "Purpose",
    "RateInput",
    "RoadsInput",
    "Scenario",
    "ScenarioFile",
    "ScorecardInput",
    "SitesInput",
    "SlotInput",
    "Source",
    "TableSource",
    "TotalsInput",
    "UnknownHours",
    "cure_hours",
    "default_groups",
    "default_hosts",
    "default_slots",
    "is_computed",
    "is_raster",
    "needs_datum",
    "read_scenario",
    "unfit_crs",
    "unread_hours",
]
