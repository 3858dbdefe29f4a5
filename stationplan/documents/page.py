"""A report as one printable HTML page."""

from __future__ import annotations

from stationplan.documents.content import Report
from stationplan.documents.template import fill


def report_page(report: Report) -> str:
    """Return a report as one page without scripts or network requests; the same report gives the same bytes."""
    return fill("report.html.j2", report.lang, report=report)
