"""The record of the study area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stationplan.domain.base import Record, require

if TYPE_CHECKING:  # the siting models use the records of this package without any geography
    from geopandas import GeoDataFrame


@dataclass(frozen=True, eq=False)
class StudyArea(Record):
    """The districts of a study.

    ``districts`` has the columns ``district_id``, ``name``, ``name_en``, ``prefecture`` and polygon geometry, in a
    projected CRS whose unit is the metre, with a 0..n-1 index that other records refer to.
    """

    districts: GeoDataFrame

    def __post_init__(self) -> None:
        super().__post_init__()
        crs = self.districts.crs
        require(crs is not None and crs.is_projected, "a study area needs a projected CRS")
        require(all(axis.unit_name == "metre" for axis in crs.axis_info), "a study area is measured in metres")
        require(len(self.districts) > 0, "a study area has at least one district")
        require(self.districts.geometry.is_valid.all(), "district polygons are valid")

    @property
    def crs(self) -> str:
        """The CRS in the form ``EPSG:32648``."""
        return str(self.districts.crs.to_string())
