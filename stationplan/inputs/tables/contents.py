"""What a file is by its content, whatever its name says: offices rename files, and exports carry the wrong suffix."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, NoReturn

from stationplan.errors import FaultList, InputError, Message, say

Content = Literal[
    "zip", "ole", "encrypted", "old_excel", "html", "mhtml", "excel_xml", "xml", "json", "sqlite", "pdf", "packed",
    "parquet", "image", "text", "binary", "empty",
]  # fmt: skip
"""Kinds of content that are told apart."""

_HEAD_BYTES = 4096
_SIGNATURES: tuple[tuple[bytes, Content], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"SQLite format 3\0", "sqlite"),
    (b"PAR1", "parquet"),
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "packed"),
    (b"Rar!", "packed"),
    (b"7z\xbc\xaf", "packed"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"\x09\x08\x10\x00", "old_excel"),
    (b"\x09\x08\x08\x00", "old_excel"),
    (b"\x09\x04\x06\x00", "old_excel"),
    (b"\x09\x02\x06\x00", "old_excel"),
    (b"\x09\x00\x04\x00", "old_excel"),
)
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_HTML = re.compile(rb"<(!doctype\s+html|html|head|body|table|meta|div|style)\b", re.IGNORECASE)


def content_of(path: Path) -> Content:
    """Return what a file is by its first bytes; an OLE file with an encrypted workbook in it is ``encrypted``."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
        kind = content_of_bytes(head)
        if kind == "ole":
            rest = head
            while rest:
                if _ENCRYPTED in rest:
                    return "encrypted"
                block = stream.read(1 << 20)
                rest = rest[-len(_ENCRYPTED) :] + block if block else b""
    return kind


def content_of_bytes(head: bytes) -> Content:
    """Return what a file is by its first bytes.

    >>> content_of_bytes(b"<html><table>"), content_of_bytes(b"id,name"), content_of_bytes(b'{"type": 1}')
    ('html', 'text', 'json')
    """
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[2:].replace(b"\0", b"")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        return "empty"
    if start[:13].lower() == b"mime-version:":
        return "mhtml"
    if start.startswith(b"<"):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in start:
            return "excel_xml"
        return "html" if _HTML.search(start[:1024]) else "xml"
    if start.startswith((b"{", b"[")):
        return "json"
    control = sum(byte < 9 or 13 < byte < 32 for byte in start)
    return "binary" if control > len(start) // 10 else "text"


def refuse_content(path: Path, found: Content) -> NoReturn:
    """Refuse a file whose content is not what its name states: what it is, and how to provide it.

    Raises
    ------
    InputError
        Always.
    """
    names: dict[Content, Message] = {
        "zip": say("a zip archive or a workbook"),
        "ole": say("a document of an old Office program (such as .xls)"),
        "encrypted": say("a workbook that is protected by a password"),
        "old_excel": say("a workbook of Excel 5 or older"),
        "html": say("a web page (HTML)"),
        "mhtml": say("a saved web page (MHTML)"),
        "excel_xml": say("an XML spreadsheet of 2003"),
        "xml": say("an XML document"),
        "json": say("a JSON document"),
        "sqlite": say("a SQLite database (such as a GeoPackage)"),
        "pdf": say("a PDF document"),
        "packed": say("a compressed archive"),
        "parquet": say("a Parquet file"),
        "image": say("a picture"),
        "text": say("text, such as CSV"),
        "binary": say("binary data of an unknown kind"),
        "empty": say("empty"),
    }
    save = say("Open it in a spreadsheet program and save it as .xlsx.")
    fixes: dict[Content, Message] = {
        "zip": say("Give it a name that ends in .xlsx if it is a workbook; otherwise unpack it."),
        "ole": say("Remove its password, if it has one, and save it as .xlsx."),
        "encrypted": say("Remove the password in the spreadsheet program, and save it as .xlsx."),
        "json": say("Give it a name that ends in .geojson or .json."),
        "sqlite": say("Give it a name that ends in .gpkg if it is a GeoPackage."),
        "pdf": say("Ask for the table itself, as .xlsx or CSV."),
        "image": say("Ask for the table itself, as .xlsx or CSV."),
        "packed": say("Unpack it."),
        "parquet": say("Give it a name that ends in .parquet."),
        "text": say("Give it a name that ends in .csv."),
        "binary": say("Export it again from the original program."),
        "empty": say("Export it again from the original program."),
        "xml": say("Export it again from the original program."),
    }
    faults = FaultList(path.name)
    faults.add(
        say("The content of the file does not match its name ({suffix}): it is {kind}.",
            suffix=path.suffix.lower() or "-", kind=names[found]),
        fixes.get(found, save),
        code="unreadable",
    )  # fmt: skip
    raise InputError(faults.faults)
