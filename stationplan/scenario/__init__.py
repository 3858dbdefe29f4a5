"""The scenario file: a TOML document that says everything a study needs."""

from __future__ import annotations

from stationplan.scenario.load import CURE_HOURS, Scenario, default_hosts, load_scenario, unread_hours
from stationplan.scenario.roads import needs_datum
from stationplan.scenario.schema import (
    AreaInput,
    CandidatesInput,
    DemandInput,
    HostInput,
    Limits,
    PlanInput,
    RoadsInput,
    ScenarioFile,
    SitesInput,
    Source,
    TableSource,
)

__all__ = [
    "CURE_HOURS",
    "AreaInput",
    "CandidatesInput",
    "DemandInput",
    "HostInput",
    "Limits",
    "PlanInput",
    "RoadsInput",
    "Scenario",
    "ScenarioFile",
    "SitesInput",
    "Source",
    "TableSource",
    "default_hosts",
    "load_scenario",
    "needs_datum",
    "unread_hours",
]
