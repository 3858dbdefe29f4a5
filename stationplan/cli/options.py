"""Options that several commands share, in one place."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer


class Lang(StrEnum):
    """Language of a command's output."""

    zh = "zh"
    en = "en"


class DeclaredDatum(StrEnum):
    """Datums that coordinates may be declared to have."""

    wgs84 = "wgs84"
    cgcs2000 = "cgcs2000"
    gcj02 = "gcj02"
    bd09 = "bd09"


LangOption = Annotated[
    Optional[Lang],  # noqa: UP045 - typer reads this form on every supported Python
    typer.Option("--lang", help="Language of map, report and messages (default: zh for map and report)."),
]
OutOption = Annotated[Optional[Path], typer.Option("--out", help="Folder for the results.")]  # noqa: UP045
DataOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--data", help="Folder that holds the scenario's input files, if not its own."),
]
DatabaseOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--database", help="PostGIS database to write the plan's layers to: postgresql://user@host/name."),
]
SchemaOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--schema", help="Schema of the database for the layers (default: stationplan)."),
]
WhyNotOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--why-not", help="Id of a candidate: say why it is not proposed; may be repeated."),
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace results that exist.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print plan.json on standard output instead of a summary.")]
WorkersOption = Annotated[int, typer.Option("--workers", min=1, help="Threads to use; results do not depend on it.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Log what is done, on standard error.")]

DatumOption = Annotated[
    Optional[DeclaredDatum],  # noqa: UP045
    typer.Option("--datum", help="Declared datum of the coordinates."),
]
LimitOption = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--limit", help="A higher cap, as NAME=NUMBER (the table of limits in docs/scenario.md); may be repeated."
    ),
]

DEFAULT_WORKERS = os.cpu_count() or 1
