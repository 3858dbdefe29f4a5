"""A plan as tables, workbook, GIS layers, tables of a database and a printable page."""

from __future__ import annotations

from stationplan.report.database import DEFAULT_SCHEMA, refuse_database, write_database
from stationplan.report.document import document, document_text, schema
from stationplan.report.layers import layers, write_geopackage
from stationplan.report.page import render_report
from stationplan.report.quality import (
    action_names,
    datum_document,
    quality_document,
    write_quality_workbook,
)
from stationplan.report.surface import districts_csv, validation_document, validation_text, write_surface
from stationplan.report.tables import sites_csv, write_workbook
from stationplan.report.validation import render_validation

__all__ = [
    "DEFAULT_SCHEMA",
    "action_names",
    "datum_document",
    "districts_csv",
    "document",
    "document_text",
    "layers",
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
