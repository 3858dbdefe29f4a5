"""``stationplan compare``: compare plans side by side on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stationplan.cli import printing
from stationplan.cli.options import (
    LangOption,
    OverwriteOption,
    refuse,
    refuse_existing_file,
    refuse_inputs,
    written_language,
)
from stationplan.cli.session import session_of
from stationplan.errors import FaultList, InputError, say
from stationplan.text.catalogue import words

# Slow imports are inside the functions that need them, as `--help` loads this module and should respond at once.


def compare_plans(
    context: typer.Context,
    plans: Annotated[
        list[Path],
        typer.Argument(help="Two or three result folders of `run`, or map pages from them.", show_default=False),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Output file for the page.")] = Path("compare.html"),
    overwrite: OverwriteOption = False,
    lang: LangOption = None,
) -> None:
    """Compare plans side by side in one page, with synchronised maps and a table of differences.

    The first plan is the reference: sites kept, added and dropped, coverage by district, group and time slot, and cost.
    """
    from stationplan.api import load_plan
    from stationplan.storage.files import write_whole
    from stationplan.webmap import data_block, read_block, render_comparison

    if len(plans) not in (2, 3):
        refuse(None, say("Only two or three plans can be compared."), say("Pass their result folders."))
    refuse_existing_file(out, overwrite=overwrite)
    refuse_inputs(out, [one for path in plans for one in (path.iterdir() if path.is_dir() else [path])])
    printing.tell_swept(out, session_of(context).lang)
    written, faults, blocks = written_language(lang), FaultList(), []
    for path in plans:
        try:
            blocks.append(data_block(load_plan(path), written) if path.is_dir() else read_block(path))
        except InputError as error:
            faults.extend(error.faults)
    faults.raise_any()
    page = render_comparison(blocks, lang=written)
    with write_whole(out) as draft:
        draft.write_text(page, encoding="utf-8", newline="")
    session_of(context).wrote(out)
    spoken = session_of(context).lang
    printing.print_path(printing.standard_output(), words(spoken)("Comparison of plans"), out, spoken)
