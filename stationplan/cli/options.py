"""Options shared by several commands, and the parsing of their values."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from stationplan.errors import Fault, InputError, Message, OutputExistsError, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stationplan.domain import Language
    from stationplan.scenario import Limits

# Slow imports are inside the functions that need them, as `--help` loads this module and should respond at once.


class Lang(StrEnum):
    """Language of the output of a command."""

    zh = "zh"
    en = "en"


class DeclaredDatum(StrEnum):
    """Datums that can be declared for coordinates."""

    wgs84 = "wgs84"
    cgcs2000 = "cgcs2000"
    gcj02 = "gcj02"
    bd09 = "bd09"


ScenarioArgument = Annotated[Path, typer.Argument(help="Scenario file (TOML).", show_default=False)]

PlanArgument = Annotated[Path, typer.Argument(help="Result folder of `run`.", show_default=False)]

LangOption = Annotated[
    Lang | None,
    typer.Option("--lang", help="Language of map, report and messages (default: zh for map and report)."),
]
OutOption = Annotated[Path | None, typer.Option("--out", help="Folder for the results.")]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of the scenario's input files, if they are not beside it."),
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Overwrite existing results.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print plan.json to standard output instead of a summary.")]
CountsJsonOption = Annotated[bool, typer.Option("--json", help="Print the counts as JSON to standard output.")]
WorkersOption = Annotated[int, typer.Option("--workers", min=1, help="Number of threads; results do not depend on it.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Write a log to standard error.")]

DatumOption = Annotated[DeclaredDatum | None, typer.Option("--datum", help="Datum of the coordinates.")]
AcceptOption = Annotated[
    bool, typer.Option("--accept", help="Use the declared datum although the file states another CRS.")
]
LayerOption = Annotated[str | None, typer.Option("--layer", help="Layer of a GeoPackage.")]
LimitOption = Annotated[
    list[str] | None,
    typer.Option("--limit", help="Higher limit, as NAME=NUMBER (see the limits in docs/scenario.md); may be repeated."),
]

DEFAULT_WORKERS = os.cpu_count() or 1


def written_language(lang: Lang | None) -> Language:
    """Return the language of the files that a command writes: Chinese unless ``--lang en`` is given."""
    return "en" if lang == Lang.en else "zh"


def refuse_existing_file(out: Path, *, overwrite: bool) -> None:
    """Raise if a file exists, unless ``overwrite`` allows replacing it.

    Raises
    ------
    OutputExistsError
        ``out`` exists and ``overwrite`` is false, or ``out`` is a folder.
    """
    if out.exists() and not (overwrite and out.is_file()):
        raise OutputExistsError(str(out))


def refuse_inputs(out: Path, inputs: Iterable[Path]) -> None:
    """Raise if an output would replace an input: the same file by any name, or a folder that holds it.

    Raises
    ------
    InputError
        ``out`` is one of ``inputs``, or a folder above one.
    """
    if not out.exists():
        return
    for path in inputs:
        if path.exists() and (out.samefile(path) or (out.is_dir() and path.resolve().is_relative_to(out.resolve()))):
            refuse("--out", say("{path} is an input of this command.", path=path), say("Choose another path."))


def refuse(option: str | None, what: Message, cure: Message) -> NoReturn:
    """Raise a single error of the command line: the option, what is wrong with it, and the fix.

    Raises
    ------
    InputError
        Always.
    """
    raise InputError([Fault(what, cure, key=option)])


def pairs_of(texts: Sequence[str], option: str) -> dict[str, str]:
    """Return the values of an option given as ``NAME=VALUE``, by name.

    Raises
    ------
    InputError
        A value has no equals sign.

    >>> pairs_of(["name=站点名称"], "--column")
    {'name': '站点名称'}
    """
    for text in texts:
        if "=" not in text:
            refuse(option, say("{text} is not of the form NAME=VALUE.", text=text), say("Use an equals sign."))
    return dict(text.split("=", 1) for text in texts)


def limits_of(texts: Sequence[str]) -> Limits:
    """Return the limits of input files, with the values given by ``--limit`` replacing the defaults.

    Raises
    ------
    InputError
        A name is not that of a limit, or a value is not valid for it.
    """
    from pydantic import ValidationError

    from stationplan.scenario import Limits

    pairs = pairs_of(texts, "--limit")
    try:
        return Limits.model_validate({key: int(value) for key, value in pairs.items()})
    except (ValidationError, ValueError):
        known = ", ".join(Limits.model_fields)
        refuse(
            "--limit",
            say("{text} is not a valid limit.", text=", ".join(texts)),
            say("Known limits: {known}.", known=known),
        )
