"""The demo made ready for a batch, and planned as a whole."""

from __future__ import annotations

import pytest
from support.demo import demo_scenario

from stationplan.planning.pipeline import plan_of
from stationplan.planning.prepare import prepare
from stationplan.planning.progress import StepClock


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    return prepare(demo_scenario(tmp_path_factory.mktemp("demo")), StepClock(None))


@pytest.fixture(scope="module")
def whole(ready):
    return plan_of(ready, StepClock(None))
