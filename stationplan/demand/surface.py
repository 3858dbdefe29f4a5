"""Workers by cell and group: a weight for every cell, control totals, and draws of the uncertainty."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from stationplan.demand.learning import learn
from stationplan.demand.sightings import kernel_surface
from stationplan.demand.totals import Shared, share_out
from stationplan.demand.uncertainty import gamma_factors
from stationplan.demand.validation import spatial_blocks
from stationplan.domain import (
    Cells,
    Features,
    FloatArray,
    GroupSurface,
    IntArray,
    Learned,
    Observed,
    Surface,
    Totals,
    Way,
)
from stationplan.errors import Fault, FaultList, InputError, Message, say
from stationplan.inputs.demand.saved_models import SavedModel


@dataclass(frozen=True)
class Wishes:
    """Settings of a surface.

    ``rates[group][feature]`` are workers per unit of a feature, or weights where totals are given; ``cv[group]`` is the
    coefficient of variation of such a surface within a square of ``error_block_m``. ``learn_from`` names features, or
    prefixes of names that end in ``*``; empty for all. ``insist``: use a model even if it beats no baseline. ``file``
    is the scenario's file, for faults.
    """

    rates: Mapping[str, Mapping[str, float]]
    cv: Mapping[str, float]
    learn_from: Sequence[str]
    block_m: float | None
    folds: int
    insist: bool
    draws: int
    error_block_m: float
    seed: int
    file: str


@dataclass(frozen=True, eq=False)
class _Weights:
    """A group's weight of each cell, and its errors: given by its own draws, or equal within a block, with ``cv``."""

    values: FloatArray
    way: Way
    block: IntArray
    cv: float
    draws: NDArray[np.float32] | None = None
    learned: Learned | None = None
    bandwidth_m: float = 0.0


def make_surface(
    cells: Cells,
    features: Features,
    wishes: Wishes,
    *,
    totals: Totals | None,
    observed: Sequence[Observed],
    model: SavedModel | None = None,
    districts: Sequence[str],
) -> Surface:
    """Return the workers of every cell and group.

    A group's weight of a cell is ``sum over features f of rate[f] * feature[f]``. Where workers were counted, it is the
    mean of a model fitted to the counts, if that beats the baselines; or instead the mean of an already fitted
    ``model``, where one is given. Where workers were only seen, it is the density of these sightings. Observed cells
    keep their counts. Where a district has a total, its cells are scaled to add up to it. ``districts`` are the
    districts' names, for the notes on them.

    Raises
    ------
    InputError
        A rate refers to an unknown feature; a total has no cell or is less than the observed workers; the counts are
        rejected for fitting a model, or the model beats no baseline and there are no rates either; all faults of the
        totals and rates of all groups together.
    """
    area_m2 = np.asarray(shapely.area(cells.outline), dtype=np.float64)
    block = spatial_blocks(cells.x, cells.y, wishes.error_block_m)
    seen = {item.group: item for item in observed}
    heads = np.zeros((len(cells.cell_id), len(wishes.rates)))
    drawn = np.zeros((wishes.draws, *heads.shape), dtype=np.float32) if wishes.draws else None
    made: list[GroupSurface] = []
    told: list[Message] = []
    faults = FaultList(wishes.file)
    stated = _stated(features, wishes, faults)
    for g, group in enumerate(wishes.rates):
        random = np.random.default_rng([wishes.seed, g])
        sight = seen.get(group)
        fixed = None if sight is None or np.isnan(sight.heads).all() else sight.heads
        if model is not None and model.target == group and (sight is None or fixed is not None):
            weights = _predicted(features, model, cells, wishes)
        else:
            weights, said = _weights(cells, features, wishes, group, stated[:, g], sight, area_m2, block)
            told.extend(said)
        total = np.full(len(districts), np.nan) if totals is None else totals.workers[:, g]
        values = weights.values
        if weights.way == "sightings" and np.isnan(total).any():
            values = values * _sightings_total(group, stated[:, g], faults)
        if weights.way == "rates" and fixed is not None and np.isnan(fixed).any() and np.isnan(total).any():
            _refuse_no_rates(group, stated[:, g], faults)
        shared = share_out(values, total, district=cells.district, area_m2=area_m2, fixed=fixed)
        heads[:, g] = shared.heads
        told.extend(_area_notes(shared, group, total))
        _refuse_unmet(shared, group, total, districts, faults)
        if drawn is not None:
            blocks = (wishes.draws, int(weights.block.max()) + 1)
            factors = None if weights.draws is not None else gamma_factors(weights.cv, blocks, random)
            cv = 0.0 if totals is None else totals.cv
            sums = total * gamma_factors(cv, (wishes.draws, len(districts)), random)
            if fixed is not None:  # counted workers are certain
                counted = np.bincount(cells.district, np.nan_to_num(fixed), minlength=len(districts))
                sums = np.maximum(sums, counted)
            for draw in range(wishes.draws):  # one at a time: all draws of a large surface would not fit into memory
                spread = _drawn(weights, values, factors, draw)
                shared_draw = share_out(spread, sums[draw], district=cells.district, area_m2=area_m2, fixed=fixed)
                drawn[draw, :, g] = shared_draw.heads
        made.append(
            GroupSurface(
                group,
                weights.way,
                bool((~np.isnan(total)).any()),
                weights.learned,
                weights.bandwidth_m,
                tuple(shared.even.tolist()),
            )
        )
    faults.raise_any()
    return Surface(cells, features, totals, tuple(observed), tuple(made), heads, drawn, tuple(told))


def _drawn(weights: _Weights, values: FloatArray, factors: FloatArray | None, draw: int) -> FloatArray:
    """Return a draw of a group's weights."""
    if weights.draws is not None:
        return np.asarray(weights.draws[draw], dtype=np.float64)
    assert factors is not None
    return np.asarray(values * factors[draw, weights.block], dtype=np.float64)


def _stated(features: Features, wishes: Wishes, faults: FaultList) -> FloatArray:
    """Return rates times features, ``[cell, group]``."""
    stated = np.zeros((len(features.values), len(wishes.rates)))
    for g, (group, rates) in enumerate(wishes.rates.items()):
        for name, rate in rates.items():
            if name not in features.names:
                faults.add(
                    say("No input provides {name}; available: {known}.", name=name, known=", ".join(features.names)),
                    say("Correct the name, or add its source under [demand]."),
                    key=f"groups.{group}.workers.{name}",
                )
            else:
                stated[:, g] += rate * features.column(name)
    faults.raise_any()
    return stated


def _weights(
    cells: Cells,
    features: Features,
    wishes: Wishes,
    group: str,
    stated: FloatArray,
    sight: Observed | None,
    area_m2: FloatArray,
    block: IntArray,
) -> tuple[_Weights, list[Message]]:
    """Return how a group is spread over the cells, and what is to be noted of it."""
    cv = wishes.cv[group]
    if sight is None:
        return _Weights(stated, "rates", block, cv), []
    if np.isnan(sight.heads).all():
        share, bandwidth_m = kernel_surface(sight.x, sight.y, cells.x, cells.y, area_m2, seed=wishes.seed)
        note = say(
            "{group}: distributed by the density of {count} point observations, bandwidth {metres} m.",
            group=group,
            count=len(sight.x),
            metres=round(bandwidth_m),
        )
        return _Weights(share, "sightings", block, cv, bandwidth_m=bandwidth_m), [note]
    chosen = _learn_from(features, wishes)
    at = np.flatnonzero(~np.isnan(sight.heads))
    population = features.column("population") if "population" in features.names else None
    learned = learn(
        features.values[:, chosen],
        [features.names[i] for i in chosen],
        cells.x,
        cells.y,
        at,
        sight.heads[at],
        target=group,
        population=population,
        block_m=wishes.block_m,
        folds=wishes.folds,
        draws=wishes.draws,
        seed=wishes.seed + list(wishes.rates).index(group),  # the errors of different groups are independent
    )
    figures = {"group": group, "cells": len(at), "d2": f"{learned.scores['model'].d2_poisson:.2f}"}
    if learned.beats_baselines or wishes.insist:
        note = say("{group}: estimated from {cells} observed cells, explaining {d2} of the deviance.", **figures)
        if not learned.beats_baselines:
            note = say(
                "{group}: the model of {cells} observed cells (D2 {d2}) does not outperform the baselines; it is "
                "used because the scenario requires it.",
                **figures,
            )
        return _Weights(learned.predicted, "learned", block, cv, learned.draws, learned), [*learned.notes, note]
    note = say(
        "{group}: the model of {cells} observed cells (D2 {d2}) does not outperform the baselines; the given rates "
        "are used.",
        **figures,
    )
    return _Weights(stated, "rates", block, cv, learned=learned), [*learned.notes, note]


def _predicted(features: Features, model: SavedModel, cells: Cells, wishes: Wishes) -> _Weights:
    """Return the means of a fitted model; their errors are equal within its blocks, with its unexplained variance."""
    faults = FaultList(wishes.file)
    for name in model.features:
        if name not in features.names:
            faults.add(
                say(
                    "The model requires the feature {name}; available: {known}.",
                    name=name,
                    known=", ".join(features.names),
                ),
                say("Add its source under [demand], as in the study for which the model was made."),
                key="demand.learning.model",
            )
    faults.raise_any()
    columns = [features.names.index(name) for name in model.features]
    mean = np.asarray(model.pipeline.predict(features.values[:, columns]) * model.calibration, dtype=np.float64)
    return _Weights(mean, "model", spatial_blocks(cells.x, cells.y, model.block_m), math.sqrt(model.dispersion))


def _learn_from(features: Features, wishes: Wishes) -> IntArray:
    """Return the columns of the features to fit a model to."""
    if not wishes.learn_from:
        return np.arange(len(features.names))
    chosen = set()
    faults = FaultList(wishes.file)
    for wanted in wishes.learn_from:
        found = [
            i
            for i, name in enumerate(features.names)
            if name == wanted or (wanted.endswith("*") and name.startswith(wanted[:-1]))
        ]
        if not found:
            faults.add(
                say("There is no feature {name}; available: {known}.", name=wanted, known=", ".join(features.names)),
                say("Correct the name, or add its source under [demand]."),
                key="demand.learning.features",
            )
        chosen.update(found)
    faults.raise_any()
    return np.array(sorted(chosen), dtype=np.int64)


def _sightings_total(group: str, stated: FloatArray, faults: FaultList) -> float:
    """Return the number of workers that sightings represent where there is no total: that of the stated rates."""
    total = float(stated.sum())
    if total <= 0:
        faults.add(
            say("The point observations of {group} do not give the total number of workers.", group=group),
            say("Set `workers` of the group, or a total under [demand.totals]."),
            key=f"groups.{group}.workers",
        )
    return total


def _refuse_no_rates(group: str, stated: FloatArray, faults: FaultList) -> None:
    """Record a group whose model is not used and whose rates, used instead, would leave the other cells empty."""
    if not stated.any():
        faults.add(
            say("{group}: the model does not outperform the baselines, and no rates are set.", group=group),
            say("Set `workers` of the group, a total under [demand.totals], or `insist` under [demand.learning]."),
            key=f"groups.{group}.workers",
        )


def _area_notes(shared: Shared, group: str, total: FloatArray) -> list[Message]:
    """Return a note on the districts in which nothing has a weight, if there are any."""
    if not len(shared.even):
        return []
    return [
        say(
            "{group}: {count} districts have no weights; {workers} workers are distributed there by area.",
            group=group,
            count=len(shared.even),
            workers=round(float(np.nansum(total[shared.even])), 1),
        )
    ]


def _refuse_unmet(shared: Shared, group: str, total: FloatArray, districts: Sequence[str], faults: FaultList) -> None:
    """Refuse totals that cannot be met."""
    for d in shared.homeless:
        faults.add(
            say("{district} has {workers} {group} but no cell.", district=districts[d], workers=total[d], group=group),
            say("Use smaller cells, or provide cells there."),
            key="demand.totals",
        )
    for d in shared.beyond:
        faults.add(
            say(
                "{district}: the observed {group} do not match the total of {total}.",
                district=districts[d],
                group=group,
                total=total[d],
            ),
            say("Correct the total or the counts; a total refers to the whole district."),
            key="demand.totals",
        )


def refuse_empty(surface: Surface, file: str) -> None:
    """Check that a surface has workers.

    Raises
    ------
    InputError
        The surface has no workers.
    """
    if not surface.heads.sum() > 0:
        what = say("The cells within the districts have no workers.")
        cure = say("Check the counts in the table, and `workers` of the groups.")
        raise InputError([Fault(what, cure, file)])
