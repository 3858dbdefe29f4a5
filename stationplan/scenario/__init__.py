"""The scenario file: a TOML document that says everything a study needs."""

from __future__ import annotations

from stationplan.scenario.load import (
    CURE_CRS,
    CURE_DATUM,
    CURE_HOURS,
    Scenario,
    default_groups,
    default_hosts,
    default_slots,
    load_scenario,
    unfit_crs,
    unread_hours,
)
from stationplan.scenario.roads import needs_datum
from stationplan.scenario.schema import (
    AreaInput,
    CandidatesInput,
    DemandInput,
    GroupInput,
    HostInput,
    Limits,
    PlanInput,
    RoadsInput,
    ScenarioFile,
    SitesInput,
    SlotInput,
    Source,
    TableSource,
)

__all__ = [
    "CURE_CRS",
    "CURE_DATUM",
    "CURE_HOURS",
    "AreaInput",
    "CandidatesInput",
    "DemandInput",
    "GroupInput",
    "HostInput",
    "Limits",
    "PlanInput",
    "RoadsInput",
    "Scenario",
    "ScenarioFile",
    "SitesInput",
    "SlotInput",
    "Source",
    "TableSource",
    "default_groups",
    "default_hosts",
    "default_slots",
    "load_scenario",
    "needs_datum",
    "unfit_crs",
    "unread_hours",
]
