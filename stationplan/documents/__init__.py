"""The content of documents as records, and writers for HTML, Word, PDF, workbooks and charts."""

from stationplan.documents.page import report_page
from stationplan.documents.pdf import write_pdf
from stationplan.documents.word import write_word

__all__ = ["report_page", "write_pdf", "write_word"]
