"""Records of the features of cells, and of the points of interest that some features count."""

from __future__ import annotations

from dataclasses import dataclass

from stationplan.domain.base import FloatArray, IntArray, Record, require
from stationplan.errors import Message


@dataclass(frozen=True, eq=False)
class Places(Record):
    """Points of interest: ``x`` and ``y`` (m), and the class ``kind`` of each, an index of ``classes``."""

    x: FloatArray
    y: FloatArray
    kind: IntArray
    classes: tuple[str, ...]
    source: str


@dataclass(frozen=True, eq=False)
class Features(Record):
    """Features of each cell: ``values[cell, feature]``, finite, with the name, unit and source of each feature.

    ``missing`` names the features that could be added, and the data that they need.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    sources: tuple[str, ...]
    values: FloatArray
    missing: tuple[Message, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        require(len(set(self.names)) == len(self.names), "feature names are unique")
        require(self.values.ndim == 2 and self.values.shape[1] == len(self.names), "values are [cell, feature]")

    def column(self, name: str) -> FloatArray:
        """The values of one feature, by its name."""
        return self.values[:, self.names.index(name)]
