"""``stationplan batch``: plan every prefecture or county of a scenario, and put the results together."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer

from stationplan.cli.options import DEFAULT_WORKERS, LangOption, VerboseOption
from stationplan.cli.terminal import stoppable


class UnitKind(StrEnum):
    """What a unit of a batch is."""

    prefecture = "prefecture"
    county = "county"


class Spread(StrEnum):
    """How a number or a budget for all is spread over the units."""

    equal = "equal"
    per_worker = "per-worker"
    optimal = "optimal"


def run_units(
    context: typer.Context,
    scenario: Annotated[
        list[str],
        typer.Argument(help="Scenario file (TOML), or its URL; several are put side by side.", show_default=False),
    ],
    by: Annotated[UnitKind, typer.Option("--by", help="What a unit is.")],
    allocate: Annotated[
        Optional[Spread],  # noqa: UP045 - typer reads this form on every supported Python
        typer.Option(
            "--allocate",
            help="Spread `new` and `budget` over the units: as much for each, by their workers, or so that all "
            "together is best. Default: each unit is asked the whole question.",
        ),
    ] = None,
    scenarios: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--scenarios", help="Further scenario files: --scenarios a.toml b.toml.", show_default=False),
    ] = None,
    data: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--data", help="Folder that holds the scenario's input files, if not its own; or its URL."),
    ] = None,
    out: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--out", help="Folder for the results, or its URL such as s3://bucket/folder."),
    ] = None,
    lang: LangOption = None,
    dask: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--dask", help="Address of a Dask scheduler whose workers plan the units: tcp://host:8786."),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes to plan with; results do not depend on it.")
    ] = DEFAULT_WORKERS,
    verbose: VerboseOption = False,
) -> None:
    """Plan every prefecture or county of a scenario: a folder for each, and a league table and map of all.

    Results go to --out (default: out/NAME-batch, NAME being that of the scenario file). Units that stand there already
    and whose inputs have not changed are kept, so a batch that was stopped goes on where it was.
    """
    with stoppable():
        from stationplan.cli.units import plan_units  # noqa: PLC0415 - loads all of the geography

        plan_units(
            context,
            [scenario[0], *(scenarios or []), *scenario[1:]],
            by=by.value,
            allocate=None if allocate is None else allocate.value,
            data=data,
            folder=out if out is not None else str(Path("out") / f"{Path(scenario[0]).stem}-batch"),
            lang=lang,
            scheduler=dask,
            workers=workers,
            verbose=verbose,
        )
