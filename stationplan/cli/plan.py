"""``stationplan run``: plan one scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stationplan import output
from stationplan.cli import show
from stationplan.cli.options import (
    DEFAULT_WORKERS,
    DataOption,
    JsonOption,
    Lang,
    LangOption,
    OutOption,
    OverwriteOption,
    VerboseOption,
    WorkersOption,
)
from stationplan.domain import Language
from stationplan.errors import say
from stationplan.pipeline import STEPS
from stationplan.scenario import load_scenario
from stationplan.study import run


def run_scenario(
    context: typer.Context,
    scenario: Annotated[Path, typer.Argument(help="Scenario file (TOML).", show_default=False)],
    data: DataOption = None,
    out: OutOption = None,
    lang: LangOption = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
    workers: WorkersOption = DEFAULT_WORKERS,
    verbose: VerboseOption = False,
) -> None:
    """Plan a scenario: propose sites, draw the map, write report and tables.

    Results go to --out (default: out/NAME, NAME being that of the scenario file).
    """
    folder = out if out is not None else Path("out") / scenario.stem
    study(
        context,
        scenario,
        data=data,
        folder=folder,
        map_path=None,
        lang=lang,
        overwrite=overwrite,
        as_json=as_json,
        workers=workers,
        verbose=verbose,
    )


def study(
    context: typer.Context,
    path: Path,
    *,
    data: Path | None,
    folder: Path,
    map_path: Path | None,
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
    try:
        with show.progress_bar(spoken) as report:
            plan = run(load_scenario(path, data=data), workers=workers, progress=report)
            report(STEPS, say("Writing map, report and tables"))
            plan.save(folder, lang=written, overwrite=overwrite, map_path=map_path)
    except KeyboardInterrupt:
        raise show.Stopped from None
    paths = {
        "map": map_path if map_path is not None else folder / output.MAP_NAME,
        "report": folder / "report.html",
        "out": folder,
    }
    if as_json:
        show.print_json(plan, paths)
    else:
        show.print_summary(plan, paths, spoken)
