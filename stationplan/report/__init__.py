"""A plan as tables, workbook, GIS layers and a printable page."""

from __future__ import annotations

from stationplan.report.document import document, document_text, schema
from stationplan.report.layers import write_geopackage
from stationplan.report.page import render_report
from stationplan.report.quality import (
    action_names,
    count,
    datum_document,
    quality_document,
    write_quality_workbook,
)
from stationplan.report.tables import sites_csv, write_workbook

__all__ = [
    "action_names",
    "count",
    "datum_document",
    "document",
    "document_text",
    "quality_document",
    "render_report",
    "schema",
    "sites_csv",
    "write_geopackage",
    "write_quality_workbook",
    "write_workbook",
]
