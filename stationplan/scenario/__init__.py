"""The scenario file: a TOML document that says everything a study needs."""

from __future__ import annotations

from stationplan.scenario.load import CURE_HOURS, Scenario, load_scenario
from stationplan.scenario.schema import Limits, PlanInput, ScenarioFile, SitesInput

__all__ = ["CURE_HOURS", "Limits", "PlanInput", "Scenario", "ScenarioFile", "SitesInput", "load_scenario"]
