"""The scorecard of the national programme 双15工程: its service circle, and the target shares."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stationplan.errors import FaultList, say
from stationplan.scenario.fields import Positive, ScenarioTable


class ScorecardInput(ScenarioTable):
    """What the scorecard measures, whatever the groups' own standards."""

    walk_min: Positive = 15.0
    """Minutes on foot of the service circle, closed."""
    walk_m: Positive = 1000.0
    """Metres of road of the service circle, closed; both must hold."""
    targets: list[Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]] = [0.6, 0.8, 0.9, 0.95]
    """Increasing shares of all workers, by their own standards, for which the new sites needed are reported."""


def check_scorecard(scorecard: ScorecardInput, faults: FaultList) -> None:
    """Record shares that are not in increasing order."""
    if scorecard.targets != sorted(set(scorecard.targets)):
        faults.add(
            say("The targets of the scorecard must increase."),
            say("List each share once in ascending order: `targets = [0.6, 0.8, 0.9]`."),
            key="scorecard.targets",
        )
