"""``stationplan run``: plan one scenario."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stationplan.cli import printing
from stationplan.cli.options import (
    DEFAULT_WORKERS,
    DataOption,
    JsonOption,
    Lang,
    LangOption,
    OutOption,
    OverwriteOption,
    ScenarioArgument,
    VerboseOption,
    WorkersOption,
    refuse_inputs,
    written_language,
)
from stationplan.cli.session import session_of
from stationplan.cli.terminal import plain
from stationplan.errors import DatabaseError, Fault, InputError, say
from stationplan.text.catalogue import number, percent, translate, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from stationplan.domain import Language, Plan

# Slow imports are inside the functions that need them, as `--help` loads this module and should respond at once.


def run_scenario(
    context: typer.Context,
    scenario: ScenarioArgument,
    data: DataOption = None,
    out: OutOption = None,
    lang: LangOption = None,
    why_not: Annotated[
        list[str] | None,
        typer.Option("--why-not", help="Id of a candidate whose rejection is to be explained; may be repeated."),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option("--database", help="PostGIS database to write the plan's layers to: postgresql://user@host/name."),
    ] = None,
    schema: Annotated[
        str | None, typer.Option("--schema", help="Schema of the database for the layers (default: stationplan).")
    ] = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
    workers: WorkersOption = DEFAULT_WORKERS,
    verbose: VerboseOption = False,
) -> None:
    """Plan a scenario and write proposed sites, map, report and tables.

    Results are written to --out (default: out/NAME, where NAME is that of the scenario file), the layers also to
    --database.
    """
    plan_scenario(
        context,
        scenario,
        data=data,
        folder=out if out is not None else Path("out") / scenario.stem,
        map_path=None,
        explain=why_not or (),
        database=database,
        schema=schema,
        lang=lang,
        overwrite=overwrite,
        as_json=as_json,
        workers=workers,
        verbose=verbose,
    )


def plan_scenario(
    context: typer.Context,
    path: Path,
    *,
    data: Path | None,
    folder: Path,
    map_path: Path | None,
    explain: Sequence[str] = (),
    database: str | None = None,
    schema: str | None = None,
    lang: Lang | None,
    overwrite: bool,
    as_json: bool,
    workers: int,
    verbose: bool,
) -> None:
    """Plan a scenario file, save the plan, and print the result; messages are in the language of the session.

    ``demo`` calls this too. With ``map_path``, the map is written there instead of into ``folder``.

    Raises
    ------
    InputError
        The inputs cannot be used, or a schema is given without a database.
    OutputExistsError
        Results exist and ``overwrite`` is false.
    DatabaseError
        The folder was written, but the database was not.
    """
    from stationplan.api import load_scenario, output
    from stationplan.api.plans import run
    from stationplan.planning.pipeline import STEPS
    from stationplan.report import DEFAULT_SCHEMA, document, refuse_database
    from stationplan.storage.database import shown_url

    printing.log_to_stderr(verbose)
    session = session_of(context)
    spoken = session.lang
    output.refuse_existing(folder, map_path, overwrite=overwrite)
    printing.tell_swept(folder, spoken)
    place = DEFAULT_SCHEMA if schema is None else schema
    if database is not None:
        refuse_database(database, schema=place, overwrite=overwrite)
    elif schema is not None:
        raise InputError([Fault(say("--schema requires a database."), say("Add --database."))])
    with printing.progress_bar(spoken, steps=STEPS) as report:
        loaded = load_scenario(path, data=data, explain=explain)
        for result in (folder, *([] if map_path is None else [map_path])):
            refuse_inputs(result, loaded.input_paths)
        plan = run(loaded, workers=workers, progress=report)
        report(STEPS, say("Writing map, report and tables"))
        plan.save(folder, lang=written_language(lang), overwrite=overwrite, map_path=map_path)
        session.wrote(folder)
        if database is not None:
            try:
                plan.save_to_database(database, schema=place, overwrite=overwrite)
            except InputError as error:
                raise DatabaseError(error.faults, str(folder)) from None
    paths: dict[str, Path | str] = {
        "map": map_path if map_path is not None else folder / output.MAP_NAME,
        "report": folder / "report.html",
        "out": folder,
    }
    if database is not None:
        paths["database"] = f"{shown_url(database)}#{place}"
    if as_json:
        printing.print_document({**document(plan), **{name: str(path) for name, path in paths.items()}})
    else:
        print_summary(plan, paths, spoken)


def print_summary(plan: Plan, paths: Mapping[str, Path | str], lang: Language) -> None:
    """Print the summary of a plan; the keys of ``paths`` are ``out``, ``map``, ``report`` and ``database``."""
    from stationplan.figures.coverage import new_sites, overall
    from stationplan.report.plan_report import aim_figures
    from stationplan.text.reasons import why_not_facts, why_not_title

    word = words(lang)
    console = printing.standard_output()
    total = overall(plan)
    printing.print_title(console, plan.study.name, synthetic=plan.study.synthetic, lang=lang)
    console.print(
        plain(
            word(
                "Workers covered: {before} today, {after} with {count} new sites (of {total} workers).",
                before=percent(total.before.share or 0.0),
                after=percent(total.after.share or 0.0),
                count=new_sites(plan)[0],
                total=number(total.before.total),
            )
        )
    )
    for figure in aim_figures(plan, lang):
        said = word("{label}: {value}, {note}.", label=figure.label, value=figure.value, note=figure.note)
        console.print(plain(said))
    console.print(plain(translate(plan.aim.proof, lang)))
    console.print(_sites_table(plan, lang))
    for case in plan.why_not:
        console.print(plain(why_not_title(plan, case, lang), "bold"))
        for label, said in why_not_facts(plan, case, lang):
            console.print(plain("  " + word("{label}: {words}", label=label, words=said)))
    for message in plan.study.notes:
        console.print(printing.note(translate(message, lang)))
    labels = {"map": word("Map"), "report": word("Report"), "out": word("All results"), "database": word("Database")}
    for key, path in paths.items():
        printing.print_path(console, labels[key], path, lang)


def _sites_table(plan: Plan, lang: Language) -> Table:
    from rich.table import Table

    from stationplan.text.names import district_name, site_name

    word = words(lang)
    table = Table(show_edge=False, pad_edge=False)
    for title, justify in (("#", "right"), (word("Proposed site"), "left"), (word("District"), "left")):
        table.add_column(title, justify=justify, overflow="fold")  # type: ignore[arg-type]
    table.add_column(word("Workers gained"), justify="right")
    table.add_column(word("Cost (yuan)"), justify="right")
    for order, why in enumerate(plan.why, start=1):
        table.add_row(
            str(order),
            plain(site_name(plan, why.site, lang)),
            plain(district_name(plan, int(plan.sites.district[why.site]), lang)),
            number(float(why.gained.sum()), 1),
            number(float(plan.sites.cost[why.site])),
        )
    return table
