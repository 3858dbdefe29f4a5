"""Records of the demand cells, their counts, and counts to distribute over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stationplan.domain.base import FloatArray, IntArray, ObjectArray, Record, require


@dataclass(frozen=True, eq=False)
class Cells(Record):
    """The demand cells of a study; ids are unique.

    ``x``/``y`` are their centres (m) and ``outline`` their polygons, both in the CRS of the study area; ``district`` is
    a row of ``StudyArea.districts``. ``counts`` holds the counts of each cell by name: numbers >= 0, NaN where a count
    is missing.
    """

    cell_id: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    district: IntArray
    outline: ObjectArray
    counts: Mapping[str, Count]

    def __post_init__(self) -> None:
        super().__post_init__()
        require(len(set(self.cell_id)) == len(self.cell_id), "cell ids are unique")
        require(bool((self.district >= 0).all()), "every cell lies in a district")


@dataclass(frozen=True, eq=False)
class Count(Record):
    """One count for every cell, ``values[cell]``, with its unit and source."""

    values: FloatArray
    unit: str
    source: str


@dataclass(frozen=True, eq=False)
class Layer(Record):
    """A count to distribute over cells: ``values`` (>= 0) of points, or of polygons, which are divided by area.

    ``x``/``y`` (m) are the points, or points inside the polygons; ``polygon`` is ``None`` for points.
    """

    x: FloatArray
    y: FloatArray
    polygon: ObjectArray | None
    values: FloatArray
    unit: str
    source: str
