"""Plan rest stations for outdoor workers.

Names are imported on first use, so that ``import stationplan`` and ``import stationplan.siting`` stay fast.

>>> import stationplan as sp
>>> scenario = sp.load_scenario("data/demo/scenario.toml")
>>> scenario.file.plan.new
20
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stationplan.api import StudyDensity, StudyPlan, density, load_plan, load_scenario, run
    from stationplan.errors import InfeasibleError, InputError, StationplanError
    from stationplan.scenario import Scenario

__all__ = [
    "InfeasibleError",
    "InputError",
    "Scenario",
    "StationplanError",
    "StudyDensity",
    "StudyPlan",
    "density",
    "load_plan",
    "load_scenario",
    "run",
]

_HOME = {
    "InfeasibleError": "stationplan.errors",
    "InputError": "stationplan.errors",
    "StationplanError": "stationplan.errors",
    "Scenario": "stationplan.scenario",
    "load_plan": "stationplan.api",
    "load_scenario": "stationplan.api",
    "StudyDensity": "stationplan.api",
    "StudyPlan": "stationplan.api",
    "density": "stationplan.api",
    "run": "stationplan.api",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'stationplan' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
