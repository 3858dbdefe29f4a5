"""Cells that overlap or share a point, whose people may be counted twice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import shapely
from pyproj import Geod

from stationplan.domain import FloatArray, IntArray, ObjectArray
from stationplan.errors import FaultList, Message, say

OVERLAP = "cell_overlap"
"""Code of the finding that a cell overlaps another or shares its point."""

_GEOD = Geod(ellps="WGS84")
_KM2 = 1e6
_SLIVER = 0.01
"""Share of the smaller of two cells up to which an overlap is a sliver between separately drawn outlines."""
_SAME_POINT = 1e-8
"""Degrees; points that agree within this (1 mm) are one, as in :func:`stationplan.geo.cell_outlines`."""


def note_overlaps(
    outline: ObjectArray | None,
    lon: FloatArray,
    lat: FloatArray,
    *,
    ids: tuple[str, ...],
    rows: tuple[int | None, ...],
    counts: Mapping[str, FloatArray],
    faults: FaultList,
) -> list[Message]:
    """Record each cell that overlaps an earlier one, and return a note with their number, area and counts.

    ``outline`` are valid polygons in degrees; without them, cells at one point (within a millimetre) share it. Counts
    of an overlap are those of the later cells, by the share of their area that lies in earlier ones.
    """
    if outline is None:
        one, two, parts, km2 = _at_one_point(lon, lat)
    else:
        one, two, parts, km2 = _overlapping(outline)
    if len(two) == 0:
        return []
    involved = np.unique(np.concatenate([one, two]))
    for first, second in zip(one.tolist(), two.tolist(), strict=True):
        what = say("The cell {id} has the same point as the cell {other}.", id=ids[second], other=ids[first])
        if outline is not None:
            what = say("The cell {id} overlaps the cell {other}.", id=ids[second], other=ids[first])
        faults.add(
            what,
            say("Remove one of them, or correct their outlines, unless their counts are of different people."),
            row=rows[second],
            code=OVERLAP,
            action="kept",
        )
    held = _listed({name: values[involved].sum() for name, values in counts.items()})
    twice = _listed({name: (values[two] * parts).sum() for name, values in counts.items()})
    if outline is None:
        return [
            say(
                "{count} cells share a point with another ({held}); may be counted twice: up to {twice}.",
                count=len(involved),
                held=held,
                twice=twice,
            )
        ]
    return [
        say(
            "{count} cells overlap, by {km2} km2 ({held}); may be counted twice, by area: {twice}.",
            count=len(involved),
            km2=f"{km2:.3f}",
            held=held,
            twice=twice,
        )
    ]


def _listed(sums: Mapping[str, float]) -> Message:
    """Return sums of counts for readers, those of the known fields in words and others by the name of their column."""
    listed = say("no counts")
    for place, (name, value) in enumerate(sums.items()):
        shown = f"{value:,.0f}"
        one = say("{name} {value}", name=name, value=shown)
        if name in ("population", "jobs"):
            one = say("{value} people", value=shown) if name == "population" else say("{value} jobs", value=shown)
        listed = say("{one}, {two}", one=listed, two=one) if place else one
    return listed


def _at_one_point(lon: FloatArray, lat: FloatArray) -> tuple[IntArray, IntArray, FloatArray, float]:
    """Return the first cell at each shared point, each further one, and the share of the latter that is shared."""
    grid = np.rint(np.column_stack([lon, lat]) / _SAME_POINT).astype(np.int64)
    _, first, point = np.unique(grid, axis=0, return_index=True, return_inverse=True)
    earliest = first[point.ravel()]
    later = np.flatnonzero(earliest != np.arange(len(lon)))
    return earliest[later], later, np.ones(len(later)), 0.0


def _overlapping(outline: ObjectArray) -> tuple[IntArray, IntArray, FloatArray, float]:
    """Return for each cell that lies over earlier ones the first of them, the cell, the share of its area in them.

    The last value is the area (km2) of these parts.
    """
    nothing = np.empty(0, dtype=np.int64)
    # Neighbours of a grid share edges exactly: then nothing overlaps, which is found faster than by pairs.
    suspect = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(outline)))
    if len(suspect) == 0:
        return nothing, nothing, np.empty(0), 0.0
    area, bounds = shapely.area(outline), shapely.bounds(outline)
    asked, found = shapely.STRtree(outline).query(outline[suspect])  # a cell around a suspect is not one itself
    pairs = np.sort(np.column_stack([suspect[asked], found]), axis=1)
    one, two = np.unique(pairs[pairs[:, 0] < pairs[:, 1]], axis=0).T
    across = np.minimum(bounds[one, 2:], bounds[two, 2:]) - np.maximum(bounds[one, :2], bounds[two, :2])
    smaller = np.minimum(area[one], area[two])
    near = across.clip(0).prod(axis=1) > _SLIVER * smaller
    one, two, smaller = one[near], two[near], smaller[near]
    shared = shapely.intersection(outline[one], outline[two])
    real = shapely.area(shared) > _SLIVER * smaller
    one, two, shared = one[real], two[real], shared[real]
    order = np.lexsort((one, two))
    one, two, shared = one[order], two[order], shared[order]
    later, first = np.unique(two, return_index=True)
    under = [shapely.union_all(parts) for parts in np.split(shared, first[1:])] if len(later) else []
    parts = np.array([shape.area for shape in under], dtype=np.float64) / area[later]
    km2 = sum(abs(_GEOD.geometry_area_perimeter(shapely.orient_polygons(shape))[0]) for shape in under) / _KM2
    return one[first], later, parts, float(km2)
