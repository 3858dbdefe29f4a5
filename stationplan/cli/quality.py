"""What ``check`` does: looks at a scenario or a table, and prints or writes what it finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, cast

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from stationplan.api import load_scenario
from stationplan.cli import show
from stationplan.cli.terminal import plain
from stationplan.domain import Language, Quality
from stationplan.errors import Fault, FaultList, InputError, Message, OutputExistsError, abridged, say
from stationplan.inputs import Check, Role, check_scenario, check_table
from stationplan.report import action_names, quality_document, write_quality_workbook
from stationplan.scenario import Limits
from stationplan.storage.files import write_whole
from stationplan.text.catalogue import number, translate, translate_fault, words
from stationplan.text.names import role_name


@dataclass(frozen=True)
class Asked:
    """What the user asks ``check`` to look at; ``source`` holds keys of a scenario's table of inputs."""

    path: Path
    role: str | None
    data: Path | None
    source: Mapping[str, object]
    columns: Sequence[str]
    roads: Path | None
    district_list: Path | None
    merge_duplicates: bool
    limits: Sequence[str]


def check(
    context: typer.Context, asked: Asked, *, out: Path | None, overwrite: bool, as_json: bool, verbose: bool
) -> bool:
    """Look at inputs, print what is found, and return whether a study would take them."""
    show.log_to_stderr(verbose)
    lang: Language = context.obj
    book = None
    if out is not None:
        book = _book(out, asked)
        if book.exists() and not overwrite:
            raise OutputExistsError(str(book))
    found = _look(asked)
    if book is not None:
        _write(found, book, lang)
    if as_json:
        document = quality_document(found.quality, found.datums, found.others, lang=lang)
        show.print_document({**document, "usable": not found.refused})
    else:
        _print(found, book, lang)
    return not found.refused


def _book(out: Path, asked: Asked) -> Path:
    """Return where the workbook goes: never onto an input."""
    if out.suffix and out.suffix.lower() != ".xlsx" and not out.is_dir():
        _refuse(
            "--out", say("The findings are written as a workbook."), say("Name a folder, or a file ending in .xlsx.")
        )
    book = out if out.suffix.lower() == ".xlsx" else out / "quality.xlsx"
    inputs = [path for path in (asked.path, asked.roads, asked.district_list) if path is not None]
    if asked.role is None and asked.path.suffix.lower() == ".toml":
        scenario = load_scenario(asked.path, data=asked.data, undeclared_datums=True, purpose=None)
        inputs += [folder / name for _, name, _ in scenario.inputs for folder in scenario.folders]
    if any(book.resolve() == path.resolve() for path in inputs):
        _refuse("--out", say("{path} is an input.", path=book), say("Choose another place for the findings."))
    return book


def _look(asked: Asked) -> Check:
    if asked.role is None:
        if asked.path.suffix.lower() != ".toml":
            _refuse(
                "--as",
                say("A table is looked at as something."),
                say("Say --as stations, candidates, demand, observed or districts."),
            )
        alone = (*asked.source, *asked.columns, *asked.limits, asked.roads, asked.district_list, asked.merge_duplicates)
        if any(alone):
            _refuse(
                None,
                say("A scenario says itself how its inputs are read."),
                say("Write these options into the scenario, or check one table with --as."),
            )
        return check_scenario(load_scenario(asked.path, data=asked.data, undeclared_datums=True, purpose=None))
    for path in (asked.path, asked.roads, asked.district_list):
        if path is not None and not path.is_file():
            _refuse(None, say("The file {path} does not exist.", path=path), say("Check the path."))
    return check_table(
        asked.path,
        cast("Role", asked.role),
        source=asked.source,
        columns=_pairs(asked.columns, "--column"),
        merge_duplicates=asked.merge_duplicates,
        district_list=asked.district_list,
        roads=asked.roads,
        limits=limits_of(asked.limits),
    )


def _refuse(key: str | None, what: Message, cure: Message) -> NoReturn:
    faults = FaultList()
    faults.add(what, cure, key=key)
    raise InputError(faults.faults)


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            _refuse(
                option, say("{text} is not of the form NAME=VALUE.", text=text), say("Write it with an equals sign.")
            )
    return dict(text.split("=", 1) for text in texts)


def limits_of(texts: Sequence[str]) -> Limits:
    """Return the caps with those that ``--limit`` names at its value."""
    pairs = _pairs(texts, "--limit")
    try:
        return Limits.model_validate({key: int(value) for key, value in pairs.items()})
    except (ValidationError, ValueError):
        known = ", ".join(Limits.model_fields)
        _refuse(
            "--limit", say("{text} is no limit.", text=", ".join(texts)), say("Known limits: {known}.", known=known)
        )


def _write(found: Check, book: Path, lang: Language) -> None:
    with write_whole(book) as draft:
        write_quality_workbook(found.quality, found.datums, found.others, draft, lang=lang)


def _print(found: Check, book: Path | None, lang: Language) -> None:
    word = words(lang)
    console = Console(highlight=False)
    for quality in found.quality:
        console.print(plain(_headline(quality, lang), "bold"), soft_wrap=True)
        if quality.findings:
            console.print(_findings(quality, lang))
    for decision in found.datums:
        values = {
            "role": translate(role_name(decision.role), lang),
            "reason": translate(decision.reason, lang),
        }
        if decision.doubtful:
            console.print(
                plain(word("The datum of {role} is doubtful. {reason}", **values), "bold yellow"), soft_wrap=True
            )
        else:
            console.print(
                plain(word("Datum of {role}: {reason}", **values), "" if decision.used else "yellow"), soft_wrap=True
            )
    for fault in abridged(found.others):
        console.print(plain(translate_fault(fault, lang), "red"), soft_wrap=True)
    verdict = word("A study would take these inputs.")
    if any(not decision.declared for decision in found.datums):
        verdict = word("A study would take these inputs once their datum is declared.")
    if found.refused:
        verdict = word("A study would refuse these inputs: {count} faults.", count=number(len(found.refused)))
    if found.refused and all(fault.action == "set_aside" for fault in found.refused):
        verdict = word(
            "A study would refuse these inputs: {count} faults. Mend them, or leave such rows out with "
            '`bad_rows = "set_aside"`.',
            count=number(len(found.refused)),
        )
    console.print(plain(verdict, "bold red" if found.refused else "bold green"), soft_wrap=True)
    if book is not None:
        console.print(plain(word("{label}: {path}", label=word("Data quality"), path=book)), soft_wrap=True)


def _headline(quality: Quality, lang: Language) -> str:
    name = quality.file if quality.sheet is None else f"{quality.file}#{quality.sheet}"
    if not name:
        return words(lang)(
            "{role}: {rows} made, {kept} kept",
            role=translate(role_name(quality.role), lang),
            rows=number(quality.rows),
            kept=number(quality.kept),
        )
    return words(lang)(
        "{file} ({role}): {rows} records, {kept} kept; {set_aside} set aside, {merged} merged, {repaired} repaired",
        file=name,
        role=translate(role_name(quality.role), lang),
        rows=number(quality.rows),
        kept=number(quality.kept),
        set_aside=number(quality.count("set_aside")),
        merged=number(quality.count("merged")),
        repaired=number(quality.count("repaired")),
    )


_STYLES = {"refused": "red", "set_aside": "red", "merged": "yellow", "repaired": "yellow", "kept": ""}


def _findings(quality: Quality, lang: Language) -> Table:
    word = words(lang)
    names = action_names(lang)
    table = Table(show_edge=False, pad_edge=False)
    table.add_column(word("Row"), justify="right")
    for title, ratio in ((word("Outcome"), None), (word("Finding"), 3), (word("What to do"), 2)):
        table.add_column(title, ratio=ratio, overflow="fold")
    finding: Fault
    for finding in abridged(quality.findings):
        table.add_row(
            "" if finding.row is None else str(finding.row),
            plain(names[finding.action], _STYLES[finding.action]),
            plain(translate(finding.what, lang)),
            plain(translate(finding.cure, lang)),
        )
    return table
