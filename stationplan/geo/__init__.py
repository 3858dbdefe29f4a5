"""Coordinates: the metric CRS of a study area, China's shifted datums, outlines of cells, points in polygons."""

from stationplan.geo.crs import (
    keeps_metres,
    metres_apart,
    metric_crs_problem,
    project,
    turned_by_proj,
    unproject,
    utm_crs,
)
from stationplan.geo.datums import (
    Datum,
    bd09_to_wgs84,
    gcj02_to_wgs84,
    has_gcj02,
    to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)
from stationplan.geo.outlines import cell_of, cell_outlines

__all__ = [
    "Datum",
    "bd09_to_wgs84",
    "cell_of",
    "cell_outlines",
    "gcj02_to_wgs84",
    "has_gcj02",
    "keeps_metres",
    "metres_apart",
    "metric_crs_problem",
    "project",
    "to_wgs84",
    "turned_by_proj",
    "unproject",
    "utm_crs",
    "wgs84_to_bd09",
    "wgs84_to_gcj02",
]
