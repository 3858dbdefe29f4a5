"""``stationplan report``: rewrite reports, tables and map of a plan from its output folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stationplan.cli import printing
from stationplan.cli.options import LangOption, OverwriteOption, PlanArgument, refuse_inputs, written_language
from stationplan.cli.session import session_of
from stationplan.text.catalogue import words

if TYPE_CHECKING:
    pass

# Slow imports are inside the functions that need them, as `--help` loads this module and should respond at once.


def write_reports(
    context: typer.Context,
    plan: PlanArgument,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.", show_default=False)],
    lang: LangOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Write reports, tables and map of a plan again from its result folder, in either language.

    Neither the inputs nor another run are required; the files are identical to those that `run` writes.
    """
    from stationplan.api import load_plan, output

    spoken = session_of(context).lang
    output.refuse_existing(out, None, overwrite=overwrite)
    refuse_inputs(out, [plan])
    printing.tell_swept(out, spoken)
    load_plan(plan).save(out, lang=written_language(lang), overwrite=overwrite)
    session_of(context).wrote(out)
    word, console = words(spoken), printing.standard_output()
    printing.print_path(console, word("Map"), out / output.MAP_NAME, spoken)
    printing.print_path(console, word("Report"), out / "report.html", spoken)
    printing.print_path(console, word("All results"), out, spoken)
