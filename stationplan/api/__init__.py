"""The Python API: load a scenario, run it, save its plan and read it back."""

from stationplan.api.plans import StudyDensity, StudyPlan, density, load_plan, run
from stationplan.api.scenarios import load_scenario

__all__ = ["StudyDensity", "StudyPlan", "density", "load_plan", "load_scenario", "run"]
