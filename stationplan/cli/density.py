"""``stationplan density``: where the workers are, and how right that is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stationplan.cli.options import DataOption, LangOption, OutOption, OverwriteOption, VerboseOption
from stationplan.cli.terminal import stoppable


def make_density(
    context: typer.Context,
    scenario: Annotated[Path, typer.Argument(help="Scenario file (TOML).", show_default=False)],
    data: DataOption = None,
    out: OutOption = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write the surface as GeoParquet too.")] = False,
    lang: LangOption = None,
    overwrite: OverwriteOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print validation.json on standard output.")] = False,
    verbose: VerboseOption = False,
) -> None:
    """Place the workers of a scenario: surface, map, and a report of how right it is.

    Roads, candidates and plan may be absent from the scenario. Results go to --out (default: out/NAME-density, NAME
    being that of the scenario file).
    """
    with stoppable():
        from stationplan.cli.placing import place_workers  # noqa: PLC0415 - loads all of the geography

        place_workers(
            context,
            scenario,
            data=data,
            folder=out if out is not None else Path("out") / f"{scenario.stem}-density",
            parquet=parquet,
            lang=lang,
            overwrite=overwrite,
            as_json=as_json,
            verbose=verbose,
        )
