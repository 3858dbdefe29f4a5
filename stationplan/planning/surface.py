"""The demand of a scenario: a surface of workers from its inputs, and the demand by time slot from that surface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from stationplan.demand import (
    Wishes,
    cell_features,
    count_features,
    demand_of,
    heat_exposure,
    make_surface,
    refuse_empty,
)
from stationplan.domain import Demand, FloatArray, Group, RoadArcs, Surface
from stationplan.inputs import Inputs
from stationplan.inputs.demand.plausible import worker_doubts
from stationplan.scenario import Scenario, ScenarioFile, is_computed


def surface_of(
    scenario: Scenario,
    inputs: Inputs,
    roads: RoadArcs | None,
    *,
    every: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Surface:
    """Return the workers of every cell and group of a scenario.

    Features other than counts and area are computed only if a rate, a model or ``every`` requires them. ``progress``
    is called with the share of the features that is done, from 0 to 1.

    Raises
    ------
    InputError
        The scenario refers to a feature that no input provides; totals or counts are inconsistent; no workers are left.
    """
    file, given = scenario.file, inputs.demand
    demand = file.demand
    learns = given.model is not None or any(not np.isnan(item.heads).all() for item in given.observed)
    named = (name for group in file.groups.values() for name in group.workers)
    wanted = every or learns or any(map(is_computed, named))
    cells = given.cells
    features = count_features(cells)
    if wanted:
        features = cell_features(
            cells,
            roads=roads,
            places=given.places,
            crs=inputs.area.crs,
            kernel_m=demand.kernel_m,
            elevation_m=given.elevation_m,
            progress=progress,
        )
    districts = [str(name) for name in inputs.area.districts["name"]]
    surface = make_surface(
        cells,
        features,
        _wishes(file, scenario.path.name),
        totals=given.totals,
        observed=given.observed,
        model=given.model,
        districts=districts,
    )
    refuse_empty(surface, demand.file or scenario.path.name)
    limit = demand.plausible.workers_per_person
    doubts = worker_doubts(cells.counts, surface.heads, cells.district, districts, limit)
    return replace(surface, notes=(*surface.notes, *doubts))


def _wishes(file: ScenarioFile, name: str) -> Wishes:
    demand, learning = file.demand, file.demand.learning
    return Wishes(
        rates={key: group.workers for key, group in file.groups.items()},
        cv={key: group.cv for key, group in file.groups.items()},
        learn_from=learning.features,
        block_m=learning.block_m,
        folds=learning.folds,
        insist=learning.insist,
        draws=demand.draws,
        error_block_m=demand.error_block_m,
        seed=demand.seed,
        file=name,
    )


def timed(scenario: Scenario, surface: Surface, inputs: Inputs) -> Demand:
    """Return the demand of a surface by time slot; with heat, exposed work is weighted."""
    file = scenario.file
    groups = [
        Group(key, group.name.text, group.mode, group.cutoff_min, group.cutoff_m, group.fade_min)
        for key, group in file.groups.items()
    ]
    return demand_of(
        surface,
        groups=groups,
        slots=file.day_slots,
        profiles=[inputs.demand.profiles[group] for group in file.groups],
        exposure=_exposure(file, inputs.demand.celsius),
    )


def _exposure(file: ScenarioFile, celsius: FloatArray | None) -> FloatArray | None:
    if celsius is None or file.demand.heat is None:
        return None
    weights = {float(step): weight for step, weight in file.demand.heat.weights.items()}
    return heat_exposure(celsius, weights, [group.exposed for group in file.groups.values()])
