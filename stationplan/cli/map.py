"""``stationplan map``: rewrite the map of a plan from its output folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stationplan.cli import printing
from stationplan.cli.options import (
    LangOption,
    OverwriteOption,
    PlanArgument,
    refuse_existing_file,
    written_language,
)
from stationplan.cli.terminal import stoppable
from stationplan.text.catalogue import words

if TYPE_CHECKING:
    from stationplan.domain import Language

# Slow imports are inside the functions that need them, as `--help` loads this module and should respond at once.


def write_map(
    context: typer.Context,
    plan: PlanArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the map.")] = Path("map.html"),
    lang: LangOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Write the map of a plan again from its result folder, in either language.

    Neither the inputs nor another run are required; the map is identical to the one that `run` writes.
    """
    with stoppable():
        from stationplan.api import load_plan
        from stationplan.storage.files import write_whole
        from stationplan.webmap import render

        spoken: Language = context.obj
        refuse_existing_file(out, overwrite=overwrite)
        page = render(load_plan(plan), lang=written_language(lang))
        with write_whole(out) as draft:
            draft.write_text(page, encoding="utf-8", newline="")
        printing.print_path(printing.standard_output(), words(spoken)("Map"), out, spoken)
