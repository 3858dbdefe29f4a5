"""A surface of demand as a table of cells, a table of districts, and validation figures for programs."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
from geopandas import GeoDataFrame

from stationplan.domain import Density, FloatArray, Learned, Scores
from stationplan.errors import Fault, InputError, say
from stationplan.planning.intervals import likely_range
from stationplan.report.layers import write_layer
from stationplan.report.plan_json import Json
from stationplan.report.tables import formula_safe

SCHEMA_VERSION = 1


def cells_frame(density: Density) -> GeoDataFrame:
    """Return the cells in WGS-84 with ids, district, workers, and their standard error, 5th and 95th percentile.

    Columns by group ``G``, as far as they are known: ``G`` (workers), ``G_se``, ``G_p05``, ``G_p95``, ``G_SLOT``
    (workers in a slot), ``G_observed``, ``G_out_of_fold`` (predictions made without the cell's own fold).
    """
    surface, demand = density.surface, density.demand
    cells = surface.cells
    district = density.area.districts["district_id"].to_numpy()[cells.district]
    columns: dict[str, object] = {"cell_id": list(cells.cell_id), "district_id": district}
    columns["workers"] = surface.heads.sum(axis=1)
    seen = {item.group: item.heads for item in surface.observed}
    for g, (group, made) in enumerate(zip(demand.groups, surface.groups, strict=True)):
        columns[group.id] = surface.heads[:, g]
        if surface.draws is not None:
            drawn = surface.draws[:, :, g]
            columns[f"{group.id}_se"] = drawn.std(axis=0, dtype=np.float64)
            columns[f"{group.id}_p05"], columns[f"{group.id}_p95"] = likely_range(drawn)
        for s, slot in enumerate(demand.slots):
            columns[f"{group.id}_{slot.id}"] = demand.workers[:, g, s]
        if group.id in seen:
            columns[f"{group.id}_observed"] = seen[group.id]
        if made.learned is not None:
            predicted = np.full(len(cells.cell_id), np.nan)
            predicted[made.learned.observed_cell] = made.learned.out_of_fold
            columns[f"{group.id}_out_of_fold"] = predicted
    return GeoDataFrame(columns, geometry=cells.outline, crs=density.area.crs).to_crs("EPSG:4326")


def write_surface(density: Density, path: Path) -> None:
    """Write the cells as GeoParquet if the name ends in ``.parquet``, otherwise as layer ``cells`` of a GeoPackage.

    Raises
    ------
    InputError
        GeoParquet is requested and pyarrow is not installed.
    """
    frame = cells_frame(density)
    if path.suffix == ".parquet":
        try:
            frame.to_parquet(path)
        except ImportError:
            what = say("Writing GeoParquet requires pyarrow, which is not installed.")
            cure = say("Run: pip install 'stationplan[parquet]', or omit --parquet.")
            raise InputError([Fault(what, cure, code="missing_library")]) from None
    else:
        write_layer(frame, path, "cells")


def districts_csv(density: Density) -> str:
    """Return workers by district and group as CSV: control total (empty: none), surface, 5th and 95th percentile."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(("district_id", "district", "group", "control_total", "workers", "p05", "p95"))
    districts, surface = density.area.districts, density.surface
    for d in range(len(districts)):
        inside = np.flatnonzero(surface.cells.district == d)
        for g, group in enumerate(density.demand.groups):
            total = None if surface.totals is None else float(surface.totals.workers[d, g])
            drawn = None if surface.draws is None else surface.draws[:, inside, g].sum(axis=1, dtype=np.float64)
            ends = ("", "") if drawn is None else [round(float(end), 3) for end in likely_range(drawn)]
            writer.writerow(
                (
                    formula_safe(str(districts["district_id"].iloc[d])),
                    formula_safe(str(districts["name"].iloc[d])),
                    group.id,
                    "" if total is None or math.isnan(total) else total,
                    math.fsum(surface.heads[inside, g]),
                    *ends,
                )
            )
    return stream.getvalue()


def validation_document(density: Density) -> Json:
    """Return the validation of a surface as JSON values.

    ``scores`` are the out-of-fold scores of the learned group. If several groups or none were learned, scores are in
    ``groups`` only.
    """
    surface = density.surface
    sums = surface.by_district(len(density.area.districts))
    groups = [_group(density, g, sums[:, g]) for g in range(len(surface.groups))]
    learned = [group for group in groups if "scores" in group]
    document: Json = {
        "schema": SCHEMA_VERSION,
        "name": {"zh": density.study.name.zh, "en": density.study.name.en},
        "synthetic": density.study.synthetic,
        "scenario": density.study.scenario_fingerprint,
        "cells": len(surface.cells.cell_id),
        "features": [
            {"name": name, "unit": unit, "source": source}
            for name, unit, source in zip(
                surface.features.names, surface.features.units, surface.features.sources, strict=True
            )
        ],
        "missing": [str(message) for message in surface.features.missing],
        "groups": groups,
        "notes": [str(note) for note in density.study.notes],
    }
    if len(learned) == 1:
        document["scores"] = learned[0]["scores"]
    return document


def validation_text(density: Density) -> str:
    """Return ``validation.json`` as text."""
    return json.dumps(validation_document(density), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _group(density: Density, g: int, summed: FloatArray) -> Json:
    """Return what is reported of a group; ``summed[district]`` are its workers."""
    surface = density.surface
    made = surface.groups[g]
    heads = _number(surface.heads[:, g].sum())
    told: Json = {"group": made.group, "way": made.way, "workers": heads, "totals": made.totals}
    if surface.totals is not None and made.totals:
        given = surface.totals.workers[:, g]
        known = ~np.isnan(given)
        told["control_total"] = _number(given[known].sum())
        told["largest_difference"] = float(np.abs(summed - given)[known].max())
        told["totals_from"] = surface.totals.source
    names = density.area.districts["district_id"]
    told["spread_by_area"] = [str(names.iloc[d]) for d in made.even]
    if surface.draws is not None:
        sums = surface.draws[:, :, g].sum(axis=1, dtype=np.float64)
        told["workers_range"] = [_number(end) for end in likely_range(sums)]
    if made.way == "sightings":
        told["bandwidth_m"] = _number(made.bandwidth_m)
    if made.learned is not None:
        told["used"] = made.way == "learned"
        told["scores"] = {name: _scores(scores) for name, scores in made.learned.scores.items()}
        told["card"] = model_card(made.learned)
    return told


def model_card(learned: Learned) -> Json:
    """Return the model card as JSON values: training data, method, and performance."""
    return {
        "target": learned.target,
        "model": learned.model,
        "parameters": dict(learned.parameters),
        "features": list(learned.features),
        "observed_cells": len(learned.observed),
        "observed_total": _number(learned.observed.sum()),
        "folds": learned.folds,
        "blocks": int(learned.block.max()) + 1,
        "block_m": _number(learned.block_m),
        "beats_baselines": learned.beats_baselines,
        "calibration": _number(learned.calibration),
        "dispersion": _number(learned.dispersion),
        "importance": {
            name: {"mean": _number(mean), "sd": _number(deviation)}
            for name, (mean, deviation) in sorted(learned.importance.items(), key=lambda item: -item[1][0])
        },
        "seed": learned.seed,
        "versions": dict(learned.versions),
    }


def _scores(scores: Scores) -> Json:
    return {
        "d2_poisson": _number(scores.d2_poisson),
        "mae": _number(scores.mae),
        "bias": _number(scores.bias),
        "rank_correlation": _number(scores.rank_correlation),
        "top_share": _number(scores.top_share),
        "top_share_best": _number(scores.top_share_best),
        "predicted_by_decile": [_number(value) for value in scores.predicted_by_decile],
        "observed_by_decile": [_number(value) for value in scores.observed_by_decile],
    }


def _number(value: float) -> float | None:
    return round(float(value), 6) + 0.0 if math.isfinite(value) else None
