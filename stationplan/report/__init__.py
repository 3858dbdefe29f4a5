"""A plan as tables, workbook, GIS layers, tables of a database and a printable page."""

from __future__ import annotations

from stationplan.report.database import DEFAULT_SCHEMA, refuse_database, write_database
from stationplan.report.document import document, document_text, schema
from stationplan.report.layers import layers, write_geopackage
from stationplan.report.page import report_page
from stationplan.report.pdf import write_pdf
from stationplan.report.plan_report import plan_report, render_report
from stationplan.report.quality import (
    action_names,
    datum_document,
    quality_document,
    write_quality_workbook,
)
from stationplan.report.surface import districts_csv, validation_document, validation_text, write_surface
from stationplan.report.tables import sites_csv, write_workbook
from stationplan.report.validation import render_validation
from stationplan.report.word import write_word

__all__ = [
    "DEFAULT_SCHEMA",
    "action_names",
    "datum_document",
    "districts_csv",
    "document",
    "document_text",
    "layers",
    "plan_report",
    "quality_document",
    "refuse_database",
    "render_report",
    "render_validation",
    "report_page",
    "schema",
    "sites_csv",
    "validation_document",
    "validation_text",
    "write_database",
    "write_geopackage",
    "write_pdf",
    "write_quality_workbook",
    "write_surface",
    "write_word",
    "write_workbook",
]
