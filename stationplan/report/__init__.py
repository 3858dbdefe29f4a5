"""A plan as tables, workbook, GIS layers and a printable page."""

from __future__ import annotations

from stationplan.report.document import document, document_text, schema
from stationplan.report.layers import write_geopackage
from stationplan.report.page import render_report
from stationplan.report.tables import sites_csv, write_workbook

__all__ = [
    "document",
    "document_text",
    "render_report",
    "schema",
    "sites_csv",
    "write_geopackage",
    "write_workbook",
]
