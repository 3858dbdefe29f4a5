"""``stationplan run``: plan one scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stationplan.cli.options import (
    DEFAULT_WORKERS,
    DatabaseOption,
    DataOption,
    JsonOption,
    LangOption,
    OutOption,
    OverwriteOption,
    SchemaOption,
    VerboseOption,
    WhyNotOption,
    WorkersOption,
)
from stationplan.cli.terminal import stoppable


def run_scenario(
    context: typer.Context,
    scenario: Annotated[Path, typer.Argument(help="Scenario file (TOML).", show_default=False)],
    data: DataOption = None,
    out: OutOption = None,
    lang: LangOption = None,
    why_not: WhyNotOption = None,
    database: DatabaseOption = None,
    schema: SchemaOption = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
    workers: WorkersOption = DEFAULT_WORKERS,
    verbose: VerboseOption = False,
) -> None:
    """Plan a scenario: propose sites, draw the map, write report and tables.

    Results go to --out (default: out/NAME, NAME being that of the scenario file), the layers also to --database.
    """
    with stoppable():
        from stationplan.cli.study import study  # noqa: PLC0415 - see there

        folder = out if out is not None else Path("out") / scenario.stem
        study(
            context,
            scenario,
            data=data,
            folder=folder,
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
