"""What ``run`` and ``demo`` share: one study from its file to its printed result.

Kept apart from the commands because it loads all of the geography, which ``--help`` need not wait for.
"""

from __future__ import annotations

from pathlib import Path

import typer

from stationplan import output
from stationplan.cli import show
from stationplan.cli.options import Lang
from stationplan.domain import Language
from stationplan.errors import say
from stationplan.pipeline import STEPS
from stationplan.scenario import load_scenario
from stationplan.study import run


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
    with show.progress_bar(spoken) as report:
        plan = run(load_scenario(path, data=data), workers=workers, progress=report)
        report(STEPS, say("Writing map, report and tables"))
        plan.save(folder, lang=written, overwrite=overwrite, map_path=map_path)
    paths = {
        "map": map_path if map_path is not None else folder / output.MAP_NAME,
        "report": folder / "report.html",
        "out": folder,
    }
    if as_json:
        show.print_json(plan, paths)
    else:
        show.print_summary(plan, paths, spoken)
