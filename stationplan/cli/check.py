"""``stationplan check``: report every fault of a scenario's inputs, or of one table, before planning with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, cast

import typer
from rich.console import Console

from stationplan.cli import printing
from stationplan.cli.options import (
    AcceptOption,
    DataOption,
    DatumOption,
    LangOption,
    LayerOption,
    LimitOption,
    OutOption,
    OverwriteOption,
    VerboseOption,
    limits_of,
    pairs_of,
    refuse,
    refuse_inputs,
)
from stationplan.cli.session import session_of
from stationplan.cli.terminal import plain
from stationplan.errors import OutputExistsError, abridged, say
from stationplan.text.catalogue import number, translate, translate_fault, words

if TYPE_CHECKING:
    from rich.table import Table

    from stationplan.domain import Language, Quality
    from stationplan.inputs import Check, Role

# Slow imports are inside the functions that need them, as `--help` loads this module and should respond at once.

_STYLES = {"refused": "red", "set_aside": "red", "merged": "yellow", "repaired": "yellow", "kept": ""}


class TableRole(StrEnum):
    """The roles in which a single table can be checked."""

    stations = "stations"
    candidates = "candidates"
    demand = "demand"
    observed = "observed"
    districts = "districts"


class SheetsChoice(StrEnum):
    """Which sheets of a workbook are one table."""

    all = "all"


def check_inputs(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Scenario file (TOML), or one table with --as.", show_default=False)],
    role: Annotated[TableRole | None, typer.Option("--as", help="Content of the table.")] = None,
    data: DataOption = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    sheets: Annotated[SheetsChoice | None, typer.Option(help="Read all sheets with the same columns as one.")] = None,
    header_row: Annotated[int | None, typer.Option(help="Row of the header.", min=1)] = None,
    layer: LayerOption = None,
    column: Annotated[
        list[str] | None, typer.Option(help="Column that is not recognised, as FIELD=HEADER; may be repeated.")
    ] = None,
    datum: DatumOption = None,
    accept: AcceptOption = False,
    crs: Annotated[str | None, typer.Option(help="CRS of eastings and northings, such as EPSG:4544.")] = None,
    roads: Annotated[Path | None, typer.Option(help="Road file used to determine the datum.")] = None,
    district_list: Annotated[
        Path | None, typer.Option(help="With --as districts: table of the expected districts.")
    ] = None,
    merge_duplicates: Annotated[bool, typer.Option("--merge-duplicates", help="Merge likely duplicates.")] = False,
    limit: LimitOption = None,
    out: OutOption = None,
    overwrite: OverwriteOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON to standard output.")] = False,
    lang: LangOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Check input data and report what happened to each record: repaired, merged or excluded, with row, reason and fix.

    Nothing is planned. With --out the findings are written as a workbook: to that file if its name ends in .xlsx,
    otherwise to quality.xlsx in that folder. The exit code is 2 if the inputs cannot be used for planning.
    """
    keys: dict[str, object] = {"sheet": sheet, "header_row": header_row, "layer": layer, "crs": crs}
    if sheets is not None:
        keys["sheets"] = sheets.value
    if datum is not None:
        keys["datum"] = datum.value
    if accept:
        keys["accept"] = True
    request = _Request(
        file,
        None if role is None else role.value,
        data=data,
        source={key: value for key, value in keys.items() if value is not None},
        columns=column or [],
        roads=roads,
        district_list=district_list,
        merge_duplicates=merge_duplicates,
        limits=limit or [],
    )
    usable = _check(context, request, out=out, overwrite=overwrite, as_json=as_json, verbose=verbose)
    if not usable:
        raise typer.Exit(code=2)


class _Request(NamedTuple):
    """The inputs to be checked, as given on the command line; ``source`` holds keys of an input table of a scenario."""

    path: Path
    role: str | None
    data: Path | None
    source: Mapping[str, object]
    columns: Sequence[str]
    roads: Path | None
    district_list: Path | None
    merge_duplicates: bool
    limits: Sequence[str]


def _check(
    context: typer.Context, request: _Request, *, out: Path | None, overwrite: bool, as_json: bool, verbose: bool
) -> bool:
    """Check inputs, print the findings, and return whether a study would accept the inputs."""
    from stationplan.report import quality_document, write_quality_workbook
    from stationplan.storage.files import write_whole

    printing.log_to_stderr(verbose)
    lang = session_of(context).lang
    book = None
    if out is not None:
        book = _book(out, request)
        if book.exists() and not overwrite:
            raise OutputExistsError(str(book))
    found = _look(request)
    if book is not None:
        with write_whole(book) as draft:
            write_quality_workbook(found.quality, found.datums, found.others, draft, lang=lang)
    if as_json:
        document = quality_document(found.quality, found.datums, found.others, lang=lang)
        printing.print_document({**document, "usable": not found.refused})
    else:
        _print(found, book, lang)
    return not found.refused


def _book(out: Path, request: _Request) -> Path:
    """Return the path of the workbook; raise if it is one of the inputs."""
    from stationplan.api import load_scenario

    if out.suffix and out.suffix.lower() != ".xlsx" and not out.is_dir():
        refuse(
            "--out",
            say("The findings are written as a workbook."),
            say("Use a folder, or a file name ending in .xlsx."),
        )
    book = out if out.suffix.lower() == ".xlsx" else out / "quality.xlsx"
    inputs = [path for path in (request.path, request.roads, request.district_list) if path is not None]
    if request.role is None and request.path.suffix.lower() == ".toml":
        scenario = load_scenario(request.path, data=request.data, undeclared_datums=True, purpose=None)
        inputs += scenario.input_paths
    refuse_inputs(book, inputs)
    return book


def _look(request: _Request) -> Check:
    from stationplan.api import load_scenario
    from stationplan.inputs import check_scenario, check_table

    if request.role is None:
        if request.path.suffix.lower() != ".toml":
            refuse(
                "--as",
                say("The content of a single table must be stated."),
                say("Use --as stations, candidates, demand, observed or districts."),
            )
        alone = (
            *request.source,
            *request.columns,
            *request.limits,
            request.roads,
            request.district_list,
            request.merge_duplicates,
        )
        if any(alone):
            refuse(
                None,
                say("The scenario determines how its inputs are read."),
                say("Write these options into the scenario, or check one table with --as."),
            )
        return check_scenario(load_scenario(request.path, data=request.data, undeclared_datums=True, purpose=None))
    for path in (request.path, request.roads, request.district_list):
        if path is not None and not path.is_file():
            refuse(None, say("The file {path} does not exist.", path=path), say("Check the path."))
    return check_table(
        request.path,
        cast("Role", request.role),
        source=request.source,
        columns=pairs_of(request.columns, "--column"),
        merge_duplicates=request.merge_duplicates,
        district_list=request.district_list,
        roads=request.roads,
        limits=limits_of(request.limits),
    )


def _print(found: Check, book: Path | None, lang: Language) -> None:
    from stationplan.report import columns_text, defaults_line
    from stationplan.text.names import role_name

    word = words(lang)
    console = Console(highlight=False)
    for quality in found.quality:
        console.print(plain(_headline(quality, lang), "bold"), soft_wrap=True)
        if quality.columns:
            told = word("Columns: {columns}.", columns=columns_text(quality, lang))
            console.print(plain(told, "dim"), soft_wrap=True)
        if quality.findings:
            console.print(_findings(quality, lang))
        if line := defaults_line(quality, lang):
            console.print(plain(line), soft_wrap=True)
    for decision in found.datums:
        values = {
            "role": translate(role_name(decision.role), lang),
            "reason": translate(decision.reason, lang),
        }
        if decision.doubtful:
            console.print(
                plain(word("The datum of {role} is uncertain. {reason}", **values), "bold yellow"), soft_wrap=True
            )
        else:
            console.print(
                plain(word("Datum of {role}: {reason}", **values), "" if decision.used else "yellow"), soft_wrap=True
            )
    for fault in abridged(found.others):
        console.print(plain(translate_fault(fault, lang), "red"), soft_wrap=True)
    verdict = word("The inputs can be used for planning.")
    if any(not decision.declared for decision in found.datums):
        verdict = word("The inputs can be used for planning once their datum is declared.")
    if found.refused:
        verdict = word("The inputs cannot be used for planning. Errors: {count}.", count=number(len(found.refused)))
    if found.refused and all(fault.action == "set_aside" for fault in found.refused):
        verdict = word(
            "The inputs cannot be used for planning. Errors: {count}. Fix them, or exclude such rows with `bad_rows "
            '= "set_aside"`.',
            count=number(len(found.refused)),
        )
    console.print(plain(verdict, "bold red" if found.refused else "bold green"), soft_wrap=True)
    if book is not None:
        console.print(plain(word("{label}: {path}", label=word("Data quality"), path=book)), soft_wrap=True)


def _headline(quality: Quality, lang: Language) -> str:
    from stationplan.text.names import role_name

    name = quality.file if quality.sheet is None else f"{quality.file}#{quality.sheet}"
    if not name:
        return words(lang)(
            "{role}: {rows} generated, {kept} kept",
            role=translate(role_name(quality.role), lang),
            rows=number(quality.rows),
            kept=number(quality.kept),
        )
    return words(lang)(
        "{file} ({role}): {rows} records, {kept} kept; {set_aside} excluded, {merged} merged, {repaired} repaired",
        file=name,
        role=translate(role_name(quality.role), lang),
        rows=number(quality.rows),
        kept=number(quality.kept),
        set_aside=number(quality.count("set_aside")),
        merged=number(quality.count("merged")),
        repaired=number(quality.count("repaired")),
    )


def _findings(quality: Quality, lang: Language) -> Table:
    from rich.table import Table

    from stationplan.report import action_names

    word = words(lang)
    names = action_names(lang)
    table = Table(show_edge=False, pad_edge=False)
    table.add_column(word("Row"), justify="right")
    for title, ratio in ((word("Outcome"), None), (word("Finding"), 3), (word("How to fix it"), 2)):
        table.add_column(title, ratio=ratio, overflow="fold")
    for finding in abridged(quality.findings):
        table.add_row(
            "" if finding.row is None else str(finding.row),
            plain(names[finding.action], _STYLES[finding.action]),
            plain(translate(finding.what, lang)),
            plain(translate(finding.cure, lang)),
        )
    return table
