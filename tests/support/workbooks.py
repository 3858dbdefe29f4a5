"""Workbooks of other formats than .xlsx, which no library of ours writes: small ones, written by hand."""

from __future__ import annotations

import base64
import struct
import zipfile
import zlib

_XLS = (
    "eNrtWF1IVEEU/ubeu+6Pu7qaBhqICP1oRpu9iKBrQflSm0pgRmSaC4aistSDW6RlkhFBUBFZUJYEQVi9VEtl9eZDYNRDbBBoET34UIFJD+p25u"
    "ysae2DCyX93O8yZ2bOzPnm3Pm/9/lI2mj/newx/IAy6JiJ2JE0Ryco2GMZN6g8EpHJWGyjEDHxV8Fuo4FMsuCB65lVjqEc7zFouG08JQm8pbAL"
    "7fC1tfpzFxEb2Yd6IX0oJSlwiTQpyGKv0lnuZbmE5S2u+ZBlOWtOsSyluqNiJ0a8voJiNYt3aHlclgLJe49tXrNmHTIxLGdx52kRrWvBhsC++p"
    "Y/syDHcGIANG4V/lZ/oL5lFBk0gAP4EskFJmIr9UmuqV9cvQDpv87XW+Poz2gG0IXIHp7gPXCiwJAlmggHQ+1TOE5TFByo3LX9UwdFI4ev76bo"
    "JkUGGdWV+Sf9E+coWVJT3nDw0MkaKiw6EA6SZvLslt6qzlA7aWp94aAO8XhbfvV5aZ5FeYqaqvJrSX2lOtQSDlogOvvCQfiGTzT1JgOe4hKPZ0"
    "2Rh6RD7vy8U7jn7RQuXkFOko1I5XQaryM3nQVTNz6/2NpQ6a1jTRefDtEzZLl8bURwRFqQcQqXWGZlAVusZnmUWZdxOptlBtWheEVlpkps7uY6"
    "x7h0BbWznvHSu3JOehWle8ar7uf0vPPmU3qwYiyYMfjK2488OtMayV4+3SgUhaLvgkTIG4uF2m/esMz6ae+xaW5+Lwsi6qBMxTQcrEtjRTQne0"
    "fM5jTVV9GcTjl9NmdQzlDMWhxmjZllXz1i3yTzxatS92GtnCzROpLTpTg15kxSnHocTp05rYpTZ87LzDnOnEPUa7ryM1pfMtoUoxGH0WBGu2I0"
    "mPEaM36c9dJgRofy0mDOZMWJOJxgTifJIV4YkjP6GHjPfaGxl7paZAbKtHTclR1G58J3OGDChAkTJkyYMPF/QvDHBfi+ZKj7t7wlWtV/nWkKM+"
    "Zvkn8W1WijZz99mG5CK8UBdCQ0f5bCImJcYoE2sf+FEjXUegDNaGA/mhOev3TjF3PfZ8GG7l+3hBJtfyYRP39z+98A3gf+Dw=="
)
"""Excel 97: title over five columns; 名称 经度 纬度 开放时间 场所类型; three sites, the hours of the first two merged.

Written by xlwt 1.3, compressed by zlib.
"""


def write_xls(path):
    """Write the small workbook of Excel 97."""
    path.write_bytes(zlib.decompress(base64.b64decode(_XLS)))
    return path


def write_ods(path, sheets):
    """Write an OpenDocument workbook; a cell is text, a number, ``None``, or (text, columns, rows) if it is merged."""
    tables = "".join(
        f'<table:table table:name="{name}">' + "".join(_ods_row(row) for row in rows) + "</table:table>"
        for name, rows in sheets.items()
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} '
        'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" office:version="1.2">'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return path


def _ods_row(row):
    return "<table:table-row>" + "".join(map(_ods_cell, row)) + "</table:table-row>"


def _ods_cell(value):
    if value is None:
        return "<table:covered-table-cell/>"
    if isinstance(value, float | int):
        return (
            f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p>'
            "</table:table-cell>"
        )
    span = ""
    if isinstance(value, tuple):
        value, across, down = value
        span = f' table:number-columns-spanned="{across}" table:number-rows-spanned="{down}"'
    if value.startswith("#"):
        span += ' calcext:value-type="error"'
    return f'<table:table-cell office:value-type="string"{span}><text:p>{value}</text:p></table:table-cell>'


def write_xlsb(path, rows):
    """Write a binary workbook with one sheet of texts and numbers."""
    sheet = _record(129) + _record(148, struct.pack("<IIII", 0, len(rows) - 1, 0, len(rows[0]) - 1)) + _record(145)
    for number, row in enumerate(rows):
        sheet += _record(0, struct.pack("<IIHBBB", number, 0, 300, 0, 0, 0) + struct.pack("<I", 0))
        for column, value in enumerate(row):
            at = struct.pack("<II", column, 0)
            if isinstance(value, str):
                sheet += _record(6, at + _wide(value))
            else:
                sheet += _record(5, at + struct.pack("<d", value))
    sheet += _record(146) + _record(130)
    book = _record(131) + _record(143)
    book += _record(156, struct.pack("<II", 0, 1) + _wide("rId1") + _wide("Sheet1")) + _record(144) + _record(132)
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.bin", book)
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{kind}" Target="worksheets/sheet1.bin"/></Relationships>',
        )
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
    return path


def _record(kind, data=b""):
    number = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = len(data), b""
    while True:
        length += bytes([size & 0x7F | (0x80 if size > 127 else 0)])
        size >>= 7
        if not size:
            return number + length + data


def _wide(text):
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")
