"""Features of each cell: counts, area, streets, junctions, places, densities, distance to the core, elevation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import cKDTree

from stationplan.demand.density import kernel_density
from stationplan.demand.streets import STREET_CLASSES, Streets, bits_of, junctions_of, streets_of
from stationplan.domain import Cells, Features, FloatArray, IntArray, Places, RoadArcs
from stationplan.errors import FaultList, InputError, Message, say
from stationplan.geo.polygons import cells_at

_CORE_SHARE = 0.05
"""Share of the cells that forms the dense core."""

_Progress = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class _Feature:
    name: str
    unit: str
    source: str
    values: FloatArray


def cell_features(
    cells: Cells,
    *,
    roads: RoadArcs | None,
    places: Places | None,
    crs: str,
    kernel_m: float,
    elevation_m: FloatArray | None,
    progress: _Progress | None = None,
) -> Features:
    """Return the features of cells, in this order; those whose source is absent are skipped and named in ``missing``.

    - every count of the cells under its own name, then ``area_km2`` of the outline;
    - of roads: ``roads_km`` and ``roads_km_CLASS``, ``road_density`` (km per km2), ``junctions`` and
      ``junctions_CLASS``, for each of ``STREET_CLASSES``;
    - of places: ``places`` and ``places_CLASS``, ``places_density`` and ``places_density_CLASS`` (per km2);
    - ``core_km``, from the centre of the cell to that of the nearest cell of the dense core;
    - ``elevation_m`` (m), where it is given.

    A street counts once, regardless of its directions; streets of unknown class count only in the totals. A junction is
    a node with at least three neighbours on roads of any mode and belongs to the highest class that meets there. Places
    of a class without a name count only in the totals.

    Points belong to the cell whose outline contains them: on a border to the first in order, outside every outline to
    none. Streets are cut into equal segments of at most 25 m, and each segment belongs to the cell of its midpoint.
    Densities are those of a Gaussian kernel of bandwidth ``kernel_m`` at the centre of the cell, and include points
    outside the cells (see :func:`kernel_density` for their error).

    The dense core is the twentieth part of the cells with the highest density, including all ties with the last of
    them: the density of places; without places, that of residents (the count ``population``, at the centres of the
    cells, by the same kernel); without these, that of roads.

    ``roads`` are in WGS-84 degrees; ``places`` and cells in the metric ``crs``. The source of features of the cells
    themselves, and of the elevation, is empty. ``progress`` is called with the share that is done, 0 to 1.

    Raises
    ------
    InputError
        A count or an elevation is not finite in every cell, or two features have the same name.
    """
    tell = progress or (lambda _: None)
    found = _of_cells(cells)
    missing = []
    if not cells.counts:
        missing.append(say("Without cell counts there are no features such as population."))
    if roads is None:
        names = "roads_km, roads_km_*, road_density, junctions, junctions_*"
        missing.append(say("Without roads the features {names} are not available.", names=names))
    else:
        until = 0.85 if places is not None else 0.95
        found += _of_roads(cells, streets_of(roads, crs), roads.source, kernel_m, lambda share: tell(until * share))
    if places is None:
        names = "places, places_*, places_density, places_density_*"
        missing.append(say("Without points of interest the features {names} are not available.", names=names))
    else:
        found += _of_places(cells, places, kernel_m)
    tell(0.95)
    core = _of_core(cells, found, kernel_m)
    if core is None:
        missing.append(
            say(
                "Without points of interest, residents or roads near the cells the feature {names} is not available.",
                names="core_km",
            )
        )
    else:
        found.append(core)
    if elevation_m is None:
        missing.append(say("Without heights the feature {names} is not available.", names="elevation_m"))
    else:
        found.append(_Feature("elevation_m", "m", "", elevation_m))
    tell(1.0)
    return _together(found, missing)


def count_features(cells: Cells) -> Features:
    """Return the features that require no computation from other data: the counts of cells and their area.

    Raises
    ------
    InputError
        A count is not finite in every cell, or has the name of the area.
    """
    return _together(_of_cells(cells), ())


def _of_cells(cells: Cells) -> list[_Feature]:
    found = [_Feature(name, count.unit, count.source, count.values) for name, count in cells.counts.items()]
    return [*found, _Feature("area_km2", "km2", "", np.asarray(shapely.area(cells.outline), dtype=np.float64) / 1e6)]


def _together(found: Sequence[_Feature], missing: Sequence[Message]) -> Features:
    _refuse_unusable(found)
    return Features(
        tuple(feature.name for feature in found),
        tuple(feature.unit for feature in found),
        tuple(feature.source for feature in found),
        np.column_stack([feature.values for feature in found]),
        tuple(missing),
    )


def _of_roads(cells: Cells, streets: Streets, source: str, kernel_m: float, tell: _Progress) -> Iterator[_Feature]:
    classes = list(STREET_CLASSES)
    bits = bits_of(streets)
    km = bits.length_m / 1000
    cell = cells_at(cells.outline, bits.x, bits.y)
    lengths = _sums(cell, bits.kind, km, cells=len(cells.x), kinds=len(classes))
    tell(0.4)
    yield from _by_class("roads_km", "km", source, lengths, classes)
    one = np.zeros(len(km), dtype=np.int64)
    density = kernel_density(bits.x, bits.y, km, one, 1, at_x=cells.x, at_y=cells.y, kernel_m=kernel_m)
    yield _Feature("road_density", "km/km2", source, density[:, 0])
    tell(0.9)
    node, kind = junctions_of(streets)
    cell = cells_at(cells.outline, streets.x[node], streets.y[node])
    counts = _sums(cell, kind, np.ones(len(node)), cells=len(cells.x), kinds=len(classes))
    yield from _by_class("junctions", "junctions", source, counts, classes)
    tell(1.0)


def _of_places(cells: Cells, places: Places, kernel_m: float) -> Iterator[_Feature]:
    kinds, each = len(places.classes), np.ones(len(places.x))
    cell = cells_at(cells.outline, places.x, places.y)
    counts = _sums(cell, places.kind, each, cells=len(cells.x), kinds=kinds)
    yield from _by_class("places", "places", places.source, counts, places.classes)
    density = kernel_density(
        places.x, places.y, each, places.kind, kinds, at_x=cells.x, at_y=cells.y, kernel_m=kernel_m
    )
    density = np.column_stack([density, density.sum(axis=1)])
    yield from _by_class("places_density", "places/km2", places.source, density, places.classes)


def _of_core(cells: Cells, found: Sequence[_Feature], kernel_m: float) -> _Feature | None:
    """Return the distance to the dense core; ``None`` where nothing says where it is."""
    known: Mapping[str, _Feature] = {feature.name: feature for feature in found}
    of = next((known[name] for name in ("places_density", "population", "road_density") if name in known), None)
    density = np.zeros(len(cells.x))
    if of is not None and of.name == "population" and np.isfinite(of.values).all():
        one = np.zeros(len(cells.x), dtype=np.int64)
        density = kernel_density(cells.x, cells.y, of.values, one, 1, at_x=cells.x, at_y=cells.y, kernel_m=kernel_m)[
            :, 0
        ]
    elif of is not None and of.name != "population":
        density = of.values
    core = dense_core(density)
    if of is None or len(core) == 0:
        return None
    centres = np.column_stack([cells.x, cells.y])
    distance, _ = cKDTree(centres[core]).query(centres)
    return _Feature("core_km", "km", of.source, np.asarray(distance, dtype=np.float64) / 1000)


def dense_core(density: FloatArray) -> IntArray:
    """Return the twentieth of the cells with the highest density above 0, including all ties with the last of them.

    Densities tie if they differ by less than a billionth of the highest, as those of places in mirrored order do.

    >>> dense_core(np.array([0.0, 3.0, 1.0, 3.0, 2.0])).tolist(), dense_core(np.zeros(4)).tolist()
    ([1, 3], [])
    """
    highest = float(density.max(initial=0.0))
    if highest <= 0:
        return np.empty(0, dtype=np.int64)
    level = np.round(density / highest, 9)
    last = np.sort(level)[-int(np.ceil(_CORE_SHARE * len(level)))]
    return np.flatnonzero((level >= last) & (level > 0))


def _sums(cell: IntArray, kind: IntArray, weight: FloatArray, *, cells: int, kinds: int) -> FloatArray:
    """Return ``sums[cell, kind]`` of weights, and in the last column those of all, with items without a kind (-1)."""
    inside, known = cell >= 0, (cell >= 0) & (kind >= 0)
    total = np.bincount(cell[inside], weight[inside], minlength=cells)
    by_kind = np.bincount(cell[known] * kinds + kind[known], weight[known], minlength=cells * kinds)
    return np.column_stack([by_kind.reshape(cells, kinds), total])


def _by_class(name: str, unit: str, source: str, sums: FloatArray, classes: Sequence[str]) -> Iterator[_Feature]:
    """Yield the total, which is the last column, and then a feature for each class that has a name."""
    yield _Feature(name, unit, source, sums[:, -1])
    for c, label in enumerate(classes):
        if label:
            yield _Feature(f"{name}_{label}", unit, source, sums[:, c])


def _refuse_unusable(found: Sequence[_Feature]) -> None:
    faults = FaultList()
    names = [feature.name for feature in found]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        faults.add(
            say("Two features have the name {name}.", name=name),
            say("Rename the column of the cells, or the class of points of interest."),
            code="duplicate",
        )
    for feature in found:
        unknown = int((~np.isfinite(feature.values)).sum())
        if unknown:
            faults.add(
                say("{count} cells have no value for {name}.", count=unknown, name=feature.name),
                say("Provide a value for every cell, or do not use {name}.", name=feature.name),
                code="no_value",
            )
    if faults:
        raise InputError(faults.faults)
