"""The plan as GIS layers, and as a GeoPackage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio
import shapely
from geopandas import GeoDataFrame
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from stationplan.domain import IntArray, Plan
from stationplan.figures.coverage import by_district, uncovered
from stationplan.geo import unproject, wgs84_to_gcj02
from stationplan.report.passed import passed_columns
from stationplan.storage.files import writing
from stationplan.text.names import district_name

_RESERVED = ("fid", "geom", "geometry", "ogc_fid")
"""Names that the formats of layers use themselves."""


def layers(plan: Plan) -> dict[str, GeoDataFrame]:
    """Return the layers ``proposed``, ``existing``, ``districts`` and ``demand``, in WGS-84."""
    frames = {
        "proposed": _proposed(plan),
        "existing": _existing(plan),
        "districts": _districts(plan),
        "demand": _demand(plan),
    }
    return {layer: frame.to_crs("EPSG:4326") for layer, frame in frames.items()}


def write_geopackage(plan: Plan, path: Path) -> None:
    """Write the layers of a plan into a GeoPackage; the same plan gives the same bytes."""
    for layer, frame in layers(plan).items():
        write_layer(frame, path, layer)


def write_layer(frame: GeoDataFrame, path: Path, layer: str) -> None:
    """Write a layer into a GeoPackage; the same layer gives the same bytes.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    # A fixed creation date; by default GDAL writes the current time.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"})
    try:
        with writing(path, DataSourceError, DataLayerError, FeatureError):
            frame.to_file(path, layer=layer, driver="GPKG")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _sites(plan: Plan, sites: IntArray) -> GeoDataFrame:
    record = plan.sites
    lon_gcj02, lat_gcj02 = wgs84_to_gcj02(*unproject(record.x[sites], record.y[sites], plan.area.crs))
    return GeoDataFrame(
        {
            "site_id": [record.site_id[i] for i in sites],
            "name": [record.name[i] for i in sites],
            "address": [record.address[i] for i in sites],
            "kind": [record.kind[i] for i in sites],
            "host": [record.host[i] for i in sites],
            "hours": [record.hours[i] for i in sites],
            "district": [district_name(plan, int(district), "zh") for district in record.district[sites]],
            "lon_gcj02": lon_gcj02.round(7),
            "lat_gcj02": lat_gcj02.round(7),
        },
        geometry=shapely.points(record.x[sites], record.y[sites]),
        crs=plan.area.crs,
    )


def _existing(plan: Plan) -> GeoDataFrame:
    """Return existing stations with their audit; it is NaN for stations outside the districts of a part."""
    station = np.flatnonzero(plan.sites.existing)
    frame, audit = _sites(plan, station), plan.audit
    row = np.searchsorted(station, audit.site)
    for name, values in (
        ("reached", audit.reached),
        ("lost_if_closed", audit.alone_today),
        ("longer_hours_gain", audit.longer),
    ):
        column = np.full(len(station), np.nan)
        column[row] = values
        frame[name] = column
    return _with_passed(frame, plan, station)


def _proposed(plan: Plan) -> GeoDataFrame:
    frame = _sites(plan, plan.chosen)
    frame.insert(0, "order", np.arange(1, len(frame) + 1))
    frame["cost"] = plan.sites.cost[plan.chosen]
    frame["workers_gained"] = [float(why.gained.sum()) for why in plan.why]
    frame["removal_loss"] = [why.removal_loss for why in plan.why]
    return _with_passed(frame, plan, plan.chosen)


def _with_passed(frame: GeoDataFrame, plan: Plan, sites: IntArray) -> GeoDataFrame:
    """Return a layer of sites with the passed columns of their tables at the end."""
    taken = (*(str(name) for name in frame.columns), *_RESERVED)
    return frame.assign(**passed_columns(plan, sites, taken, attributes=True))


def _districts(plan: Plan) -> GeoDataFrame:
    changes = by_district(plan)
    return plan.area.districts.assign(
        workers=[change.before.total for change in changes],
        covered_before=[change.before.workers for change in changes],
        covered_after=[change.after.workers for change in changes],
        share_before=[np.nan if change.before.share is None else change.before.share for change in changes],
        share_after=[np.nan if change.after.share is None else change.after.share for change in changes],
    )


def _demand(plan: Plan) -> GeoDataFrame:
    demand = plan.demand
    workers = {f"workers_{group.id}": demand.workers[:, g].sum(axis=1) for g, group in enumerate(demand.groups)}
    return GeoDataFrame(
        {
            "cell_id": list(demand.cell_id),
            "workers": demand.workers.sum(axis=(1, 2)),
            **workers,
            "uncovered_before": uncovered(plan, plan.recounted.stations_before),
            "uncovered_after": uncovered(plan, plan.recounted.stations_after),
        },
        geometry=shapely.points(demand.x, demand.y),
        crs=plan.area.crs,
    )
