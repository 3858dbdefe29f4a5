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
    refuse_inputs,
    written_language,
)
from stationplan.cli.session import session_of
from stationplan.text.catalogue import words

if TYPE_CHECKING:
    pass

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
    from stationplan.api import load_plan
    from stationplan.api.plan_file import PLAN_NAME
    from stationplan.storage.files import write_whole
    from stationplan.webmap import render

    spoken = session_of(context).lang
    refuse_existing_file(out, overwrite=overwrite)
    refuse_inputs(out, [plan / PLAN_NAME])
    printing.tell_swept(out, spoken)
    page = render(load_plan(plan), lang=written_language(lang))
    with write_whole(out) as draft:
        draft.write_text(page, encoding="utf-8", newline="")
    session_of(context).wrote(out)
    printing.print_path(printing.standard_output(), words(spoken)("Map"), out, spoken)
