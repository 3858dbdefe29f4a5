"""Limits on the size of inputs, checked before reading, so that a malicious or wrong file cannot exhaust the memory."""

from __future__ import annotations

import bz2
import gzip
import math
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from numpy.lib import format as npy

from stationplan.errors import FaultList, InputError, Message, say
from stationplan.scenario import Limits

_MB = 1_000_000
_CHUNK = 1 << 20
LONGEST_WORD = 64_000_000
"""Bytes of one text, name or remark of an XML document, which its parser holds as a whole."""


def refuse_above(found: int, name: str, limits: Limits, faults: FaultList) -> None:
    """Check that a number is within the limit with the given name.

    Raises
    ------
    InputError
        The number is above the limit.
    """
    cap = cast("int", getattr(limits, name))
    if found > cap:
        units: dict[str, Message] = {
            "file_mb": say("The file has {found} MB; the limit is {cap} MB.", found=found, cap=cap),
            "extract_mb": say("The extract has {found} MB; the limit is {cap} MB.", found=found, cap=cap),
            "unpacked_mb": say("The file unpacks to more than {cap} MB.", cap=cap),
            "table_mb": say("The values of the table take more than {cap} MB of memory.", cap=cap),
            "rows": say("The table has more than {cap} rows.", cap=cap),
            "columns": say("The table has {found} columns; the limit is {cap}.", found=found, cap=cap),
            "vertices": say("The shapes have {found} vertices; the limit is {cap}.", found=found, cap=cap),
        }
        faults.add(
            units[name],
            say("Clip it to the study area, or raise `{name}` under [limits] (or with --limit).", name=name),
            code="too_large",
        )
        raise InputError(faults.faults)


def memory_of(values: Sequence[object]) -> int:
    """Return the bytes that the texts of a row or column take at least: a reference each, and those that are not empty.

    >>> memory_of(["", "abc", ""])
    77
    """
    try:
        length = len("".join(cast("Sequence[str]", values)))  # of texts only, which nearly all rows are: much faster
    except TypeError:
        length = sum(len(value) for value in values if isinstance(value, str))
    empty = values.count("") + values.count(None)
    return 8 * len(values) + 50 * (len(values) - empty) + length


def refuse_large(path: Path, limits: Limits, *, cap: str = "file_mb") -> None:
    """Check that the size of a file is within the limit ``cap``.

    Raises
    ------
    InputError
        The file is larger.
    """
    refuse_above(-(-path.stat().st_size // _MB), cap, limits, FaultList(path.name))


def refuse_zip_bomb(path: Path, limits: Limits) -> None:
    """Check that a zip archive is valid and its unpacked size within the limit.

    Raises
    ------
    InputError
        The archive is malformed, or would unpack to more than the limit.
    """
    faults = FaultList(path.name)
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        faults.add(
            say("The file is not a readable zip archive: {error}.", error=error),
            say("Save it again."),
            code="unreadable",
        )
        raise InputError(faults.faults) from None
    refuse_above(-(-total // _MB), "unpacked_mb", limits, faults)


def refuse_false_header(archive: zipfile.ZipFile, name: str) -> None:
    """Check that an array in an archive (``.npy``) is as large as its header says, since memory is taken by that.

    Raises
    ------
    ValueError
        It is not.
    """
    info = archive.getinfo(name)
    with archive.open(info) as stream:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(stream)
        if not dtype.hasobject and stream.tell() + math.prod(shape) * dtype.itemsize != info.file_size:
            raise ValueError(f"{name} is not what its header says")


def open_unpacked(path: Path) -> IO[bytes]:
    """Return a stream of a file's content: decompressed for ``.gz`` and ``.bz2``, unchanged for others."""
    suffix = path.suffix.lower()
    if suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if suffix == ".bz2":
        return cast("IO[bytes]", bz2.open(path, "rb"))
    return path.open("rb")


def refuse_bomb(path: Path, limits: Limits) -> None:
    """Check that a ``.gz`` or ``.bz2`` file is intact and its unpacked size within the limit.

    Raises
    ------
    InputError
        The file is damaged, or unpacks to more than the limit.
    """
    faults = FaultList(path.name)
    total = 0
    try:
        with open_unpacked(path) as stream:
            while block := stream.read(_CHUNK):
                total += len(block)
                refuse_above(total // _MB, "unpacked_mb", limits, faults)
    except (OSError, EOFError, zlib.error) as error:
        faults.add(
            say("The file cannot be unpacked: {error}.", error=error), say("Download it again."), code="unreadable"
        )
        raise InputError(faults.faults) from None


class WatchedStream:
    """A stream for a parser that ends where the parser reads on and on without finding the end of one element or word.

    Whoever takes the parser's events sets ``unanswered`` to 0 at each of them.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self.unanswered = 0
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes.

        Raises
        ------
        ValueError
            Many megabytes were read since the last event.
        """
        block = self._stream.read(size)
        self.unanswered += len(block)
        if self.unanswered > LONGEST_WORD:
            raise ValueError(f"a part of it is longer than {LONGEST_WORD // _MB} MB")
        return block


def refuse_entities(stream: IO[bytes], file: str) -> None:
    """Check that an XML document declares no DTD and no entities, whose expansion may be unlimited.

    A DTD comes before the first element, so the document is read only up to there.

    Raises
    ------
    InputError
        The document declares a DTD or entities, or is malformed.
    """
    faults = FaultList(file)
    try:
        next(iter(iterparse(WatchedStream(stream), events=("start",), forbid_dtd=True)), None)
    except DefusedXmlException:
        faults.add(
            say("The XML declares a document type or entities, which are not supported."),
            say("Save the file again with its original program."),
            code="unsafe_xml",
        )
        raise InputError(faults.faults) from None
    except (ParseError, ValueError) as error:
        faults.add(
            say("The XML is malformed: {error}.", error=error), say("Download the file again."), code="unreadable"
        )
        raise InputError(faults.faults) from None
