"""Notes of a plan on roads, solution and uncertainty, shown besides the figures."""

from __future__ import annotations

import numpy as np

from stationplan.domain import MODES, BoolArray, Mode, Robustness, Solution
from stationplan.errors import Message, say
from stationplan.planning.aims import Aim
from stationplan.planning.prepare import Prepared
from stationplan.planning.question import Question


def answer_notes(aim: Aim, asked: Question, solution: Solution) -> tuple[Message, ...]:
    """Return notes on a solution: time limit, closures, unused sites, notes of the aim, new parts without a limit."""
    plan, sites = asked.plan, asked.sites
    notes = []
    if solution.termination == "time_limit":
        notes.append(say("The solver reached its time limit: another run may give another plan."))
    if len(solution.closed):
        closing = ", ".join(sites.site_id[site] for site in solution.closed)
        notes.append(say("Existing stations to be closed: {ids}.", ids=closing))
    built = int(sites.counted[solution.sites].sum())
    if solution.termination == "optimal" and plan.number is not None and built < plan.number:
        notes.append(
            say(
                "{count} of the {allowed} new sites allowed are proposed: under these rules no further site would "
                "improve the plan.",
                count=built,
                allowed=plan.number,
            )
        )
    notes.extend(aim.notes(asked, solution))
    if plan.money is None and not sites.counted[solution.sites].all():
        notes.append(
            say(
                "Extended hours and other measures that are not new sites are not limited: set a `budget` to limit "
                "them."
            )
        )
    return tuple(notes)


def straight_notes(ready: Prepared) -> tuple[Message, ...]:
    """Return a note on how much of a study is measured in straight lines; empty where all districts have roads."""
    straight = ready.access.straight
    if straight is None:
        return ()
    return (
        say(
            "{districts} of {all} districts have no roads: the distances of {workers} workers in {cells} cells are "
            "straight lines x {detour}.",
            districts=int(straight.districts.sum()),
            all=len(straight.districts),
            workers=round(float(ready.demand.workers[straight.cells].sum()), 1),
            cells=int(straight.cells.sum()),
            detour=f"{straight.detour:g}",
        ),
    )


def _unsnapped(ready: Prepared) -> dict[Mode, tuple[BoolArray, BoolArray]]:
    """Return by mode which cells and which sites have no road nearby; none of those in districts without roads."""
    modes = dict.fromkeys(group.mode for group in ready.demand.groups)
    return {mode: (ready.access.cells_off_road(mode), ready.access.sites_off_road(mode)) for mode in modes}


def unsnapped_notes(ready: Prepared) -> tuple[Message, ...]:
    """Return a note for each mode on how many cells and sites have no road of the mode nearby."""
    demand, existing = ready.demand, ready.sites.existing
    notes = []
    for mode, (cells, sites) in _unsnapped(ready).items():
        members = [g for g, group in enumerate(demand.groups) if group.mode == mode]
        if cells.any() or sites.any():
            notes.append(
                say(
                    "No road {mode} within {limit} m of {cells} cells ({workers} workers, counted as uncovered), "
                    "{existing} existing stations and {candidates} candidates.",
                    mode=MODES[mode].purpose,
                    limit=round(ready.file.roads.max_snap_m),
                    cells=int(cells.sum()),
                    workers=round(float(demand.workers[cells][:, members].sum()), 1),
                    existing=int((sites & existing).sum()),
                    candidates=int((sites & ~existing).sum()),
                )
            )
    return tuple(notes)


def unsnapped_counts(ready: Prepared) -> dict[str, int]:
    """Return how many cells, existing stations and candidates no mode can reach."""
    existing = ready.sites.existing
    cells, sites = (np.all(points, axis=0) for points in zip(*_unsnapped(ready).values(), strict=True))
    counts = {
        "unsnapped_cells": int(cells.sum()),
        "unsnapped_existing": int((sites & existing).sum()),
        "unsnapped_candidates": int((sites & ~existing).sum()),
    }
    return {"unsnapped": sum(counts.values()), **counts}


def robustness_notes(robust: Robustness) -> tuple[Message, ...]:
    """Return notes on the draws of the demand without a feasible plan, and on those that ran out of time."""
    notes = []
    if robust.unmet:
        notes.append(
            say(
                "In {count} of {asked} draws of the demand, no plan reaches the minimum coverage or the target.",
                count=robust.unmet,
                asked=robust.answered + robust.unmet,
            )
        )
    if robust.undecided:
        notes.append(
            say(
                "In {count} of {asked} draws of the demand the solver reached its time limit: selection frequencies "
                "may change.",
                count=robust.undecided,
                asked=robust.answered + robust.unmet,
            )
        )
    return tuple(notes)
