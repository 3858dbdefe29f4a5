"""What ``run`` and ``demo`` share: one study from its file to its printed result.

Kept apart from the commands because it loads all of the geography, which ``--help`` need not wait for.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from stationplan.api import load_scenario, output
from stationplan.api.plans import run
from stationplan.cli import show
from stationplan.cli.options import Lang
from stationplan.domain import Language
from stationplan.errors import DatabaseError, Fault, InputError, say
from stationplan.planning.pipeline import STEPS
from stationplan.report import DEFAULT_SCHEMA, refuse_database
from stationplan.storage.database import shown_url


def study(
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
    """Run a scenario file, save its plan, and print the result; ``context.obj`` is the terminal's language."""
    show.log_to_stderr(verbose)
    spoken: Language = context.obj
    written: Language = "en" if lang == Lang.en else "zh"
    output.refuse_existing(folder, map_path, overwrite=overwrite)
    place = DEFAULT_SCHEMA if schema is None else schema
    if database is not None:
        refuse_database(database, schema=place, overwrite=overwrite)
    elif schema is not None:
        raise InputError([Fault(say("--schema means nothing without a database."), say("Add --database."))])
    with show.progress_bar(spoken) as report:
        plan = run(load_scenario(path, data=data, explain=explain), workers=workers, progress=report)
        report(STEPS, say("Writing map, report and tables"))
        plan.save(folder, lang=written, overwrite=overwrite, map_path=map_path)
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
        show.print_json(plan, paths)
    else:
        show.print_summary(plan, paths, spoken)
