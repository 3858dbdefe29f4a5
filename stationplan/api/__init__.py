"""The Python front door: load a scenario, run it, save its plan."""

from stationplan.api.plans import StudyDensity, StudyPlan, density, run
from stationplan.api.scenarios import load_scenario

__all__ = ["StudyDensity", "StudyPlan", "density", "load_scenario", "run"]
