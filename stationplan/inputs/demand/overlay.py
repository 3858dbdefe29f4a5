"""Counts at points and in polygons, distributed over cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import shapely

from stationplan.domain import Cells, Count, FloatArray, Layer
from stationplan.errors import Message, say
from stationplan.geo.polygons import cells_at


def with_layers(cells: Cells, layers: Mapping[str, Layer]) -> tuple[Cells, tuple[Message, ...]]:
    """Return cells with an additional count for each layer, and notes on the part of each layer that is in no cell.

    A point adds its value to the cell that contains it. A polygon's value is divided among the cells by the area that
    they share with it (areal weighting; Goodchild and Lam 1980); the part outside all cells is lost.

    >>> outline = shapely.box([0, 10], [0, 0], [10, 20], [10, 10])
    >>> cells = Cells(("a", "b"), np.array([5.0, 15]), np.array([5.0, 5]), np.array([0, 0]), outline, {})
    >>> jobs = Layer(np.array([10.0]), np.array([5.0]), shapely.box([5], [0], [25], [10]), np.array([8.0]), "jobs", "")
    >>> laid, told = with_layers(cells, {"jobs": jobs})
    >>> laid.counts["jobs"].values.tolist(), str(told[0])
    ([2.0, 4.0], '2.0 of 8.0 jobs lie in no cell.')
    """
    counts = dict(cells.counts)
    notes = []
    for name, layer in layers.items():
        values = _of_points(cells, layer) if layer.polygon is None else _of_polygons(cells, layer)
        counts[name] = Count(values, layer.unit, layer.source)
        total = float(layer.values.sum())
        lost = total - float(values.sum())
        if lost > 1e-9 * max(total, 1.0):
            notes.append(
                say("{lost} of {total} {name} lie in no cell.", name=name, lost=round(lost, 1), total=round(total, 1))
            )
    return replace(cells, counts=counts), tuple(notes)


def _of_points(cells: Cells, layer: Layer) -> FloatArray:
    cell = cells_at(cells.outline, layer.x, layer.y)
    return np.bincount(cell[cell >= 0], layer.values[cell >= 0], minlength=len(cells.cell_id)).astype(np.float64)


def _of_polygons(cells: Cells, layer: Layer) -> FloatArray:
    assert layer.polygon is not None
    shapely.prepare(layer.polygon)
    polygon, cell = shapely.STRtree(cells.outline).query(layer.polygon, predicate="intersects")
    whole = shapely.covers(layer.polygon[polygon], cells.outline[cell])
    shared = np.asarray(shapely.area(cells.outline[cell]), dtype=np.float64)
    cut = ~whole
    shared[cut] = shapely.area(shapely.intersection(layer.polygon[polygon[cut]], cells.outline[cell[cut]]))
    part = shared / shapely.area(layer.polygon)[polygon]
    return np.bincount(cell, layer.values[polygon] * part, minlength=len(cells.cell_id)).astype(np.float64)
