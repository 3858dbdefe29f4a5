"""``stationplan roads``: save roads as one file that loads in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from stationplan.cli.options import DatumOption, LangOption, LimitOption, OverwriteOption, VerboseOption
from stationplan.cli.terminal import stoppable


def save_roads(
    context: typer.Context,
    source: Annotated[
        list[Path],
        typer.Argument(help="A file of roads, or two CSV tables: nodes, then edges.", show_default=False),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File for the saved roads (NAME.roads.npz).", show_default=False)
    ],
    datum: DatumOption = None,
    layer: Annotated[Optional[str], typer.Option("--layer", help="Layer of a GeoPackage.")] = None,  # noqa: UP045
    limit: LimitOption = None,
    overwrite: OverwriteOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON on standard output.")] = False,
    lang: LangOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Save roads in one binary file that any scenario may name as [roads] file and that loads in seconds.

    The file holds places, lengths and tags; speeds and rules stay those of the scenario.
    """
    with stoppable():
        from stationplan.cli.saving import save  # noqa: PLC0415 - loads all of the geography, unlike --help

        save(
            source,
            out,
            datum=None if datum is None else datum.value,
            layer=layer,
            limits=limit or [],
            overwrite=overwrite,
            as_json=as_json,
            verbose=verbose,
            lang=context.obj,
        )
