"""``stationplan compare``: plans side by side on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stationplan.cli.options import LangOption, OverwriteOption
from stationplan.cli.terminal import stoppable


def compare_plans(
    context: typer.Context,
    plans: Annotated[
        list[Path],
        typer.Argument(help="Two or three result folders of `run`, or map pages from them.", show_default=False),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the page.")] = Path("compare.html"),
    overwrite: OverwriteOption = False,
    lang: LangOption = None,
) -> None:
    """Write one page with plans side by side: maps that move together, and a table of differences.

    The first plan is what the others are measured against: sites kept, added and dropped, coverage by district, group
    and time of day, and cost.
    """
    with stoppable():
        from stationplan.cli.comparing import compare  # noqa: PLC0415 - loads all of the geography, unlike --help

        compare(plans, out, written="zh" if lang is None else lang.value, overwrite=overwrite, spoken=context.obj)
