"""A plan as tables, workbook, GIS layers, database tables and a printable report."""

from __future__ import annotations

from stationplan.report.database import DEFAULT_SCHEMA, refuse_database, write_database
from stationplan.report.layers import layers, write_geopackage
from stationplan.report.plan_json import document, document_text, schema
from stationplan.report.plan_report import plan_report, render_report
from stationplan.report.quality import (
    action_names,
    columns_text,
    datum_document,
    defaults_line,
    quality_document,
    write_quality_workbook,
)
from stationplan.report.surface_tables import districts_csv, validation_document, validation_text, write_surface
from stationplan.report.tables import sites_csv, write_workbook
from stationplan.report.validation_page import render_validation

__all__ = [
    "DEFAULT_SCHEMA",
    "action_names",
    "columns_text",
    "datum_document",
    "defaults_line",
    "districts_csv",
    "document",
    "document_text",
    "layers",
    "plan_report",
    "quality_document",
    "refuse_database",
    "render_report",
    "render_validation",
    "schema",
    "sites_csv",
    "validation_document",
    "validation_text",
    "write_database",
    "write_geopackage",
    "write_quality_workbook",
    "write_surface",
    "write_workbook",
]
