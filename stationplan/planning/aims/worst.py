"""The most workers covered in the worst draw of the demand."""

from __future__ import annotations

import math

from stationplan.domain import Recounted, Solution
from stationplan.errors import Message, say
from stationplan.planning.aims.over_draws import DrawsAim
from stationplan.planning.aims.registry import register
from stationplan.planning.question import Question
from stationplan.text.catalogue import percent_up


@register
class WorstAim(DrawsAim):
    """Max-min over the draws."""

    id = "worst"
    name = say("most workers covered in the worst draw of the demand")
    meaning = "the most workers covered in the worst of `robustness_draws` draws of the demand"
    measure = "worst"

    def recount(self, asked: Question, counted: Recounted, solution: Solution) -> float:
        """Return the covered weight in the worst draw; NaN with gradual coverage."""
        if asked.coverage.share is not None:
            return math.nan
        row = asked.coverage
        covered = counted.stations_after[row.cell, row.group, row.slot] > 0
        return float((asked.drawn * covered).sum(axis=1).min())

    def clause(self, asked: Question, solution: Solution, *, proven: bool) -> Message | None:
        """Return by what share another choice could cover more in its worst draw."""
        if proven:
            return say(
                "Proven: within these limits no other choice of sites covers more workers in the worst draw of the "
                "demand."
            )
        if math.isfinite(solution.gap):
            return say(
                "Within these limits no other choice of sites covers more than {gap} more workers in the worst draw "
                "of the demand.",
                gap=percent_up(solution.gap),
            )
        return None
