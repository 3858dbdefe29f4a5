"""The common base of aims that optimise travel times to stations, with no cutoff of the group."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from stationplan.domain import FloatArray, Journeys
from stationplan.errors import FaultList, say
from stationplan.planning.aims.aim import Aim
from stationplan.planning.question import Question
from stationplan.scenario import PlanInput
from stationplan.text.catalogue import number


class TravelAim(Aim):
    """Travel times to the nearest station that is open and suits, up to the scenario's ``far_min``."""

    accepts: ClassVar[frozenset[str]] = frozenset({"new", "heat"})
    needs_limit = False
    counts_workers = False
    leads = True

    def check(self, plan: PlanInput, given: Mapping[str, bool], faults: FaultList) -> None:
        """Add a fault for each key that does not apply, and if the number of sites or ``far_min`` is missing."""
        if plan.far_min is None:
            faults.add(
                say("The aim uses travel times and requires a maximum number of minutes."),
                say("Set the minutes that count for workers without a station: `far_min = 60`."),
                key="plan.far_min",
            )
        if plan.new is None:
            faults.add(say("The number of new sites is missing."), say("Set `new = 10`."), key="plan.new")
        super().check(plan, given, faults)


def journeys_of(asked: Question) -> tuple[Journeys, FloatArray]:
    """Return the travel times of a question and the weight of each origin, [origin]."""
    journeys = asked.coverage.journeys
    assert journeys is not None  # the scenario gives `far_min`
    weight = np.bincount(journeys.origin, asked.coverage.weight, minlength=journeys.minutes.shape[0])
    return journeys, weight.astype(np.float64)


def down(minutes: float) -> str:
    """Return minutes as text, rounded down to two decimals so that a lower bound stays valid."""
    return number(math.floor(minutes * 100 + 1e-6) / 100, 2)
