"""Plan rest stations for outdoor workers.

Names are imported when first used, so that ``import stationplan`` and ``stationplan.siting`` stay light.

>>> import stationplan as sp
>>> scenario = sp.load_scenario("data/demo/scenario.toml")
>>> scenario.file.plan.new
20
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stationplan.api.plans import StudyDensity, StudyPlan, density, run
    from stationplan.errors import InfeasibleError, InputError, StationplanError
    from stationplan.scenario import Scenario, load_scenario

__all__ = [
    "InfeasibleError",
    "InputError",
    "Scenario",
    "StationplanError",
    "StudyDensity",
    "StudyPlan",
    "density",
    "load_scenario",
    "run",
]

_HOME = {
    "InfeasibleError": "stationplan.errors",
    "InputError": "stationplan.errors",
    "StationplanError": "stationplan.errors",
    "Scenario": "stationplan.scenario",
    "load_scenario": "stationplan.scenario",
    "StudyDensity": "stationplan.api.plans",
    "StudyPlan": "stationplan.api.plans",
    "density": "stationplan.api.plans",
    "run": "stationplan.api.plans",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'stationplan' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
