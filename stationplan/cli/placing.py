"""What ``stationplan density`` does: makes a surface, saves it, tells how right it is.

Kept apart from the command because it loads all of the geography, which ``--help`` need not wait for.
"""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stationplan.api import load_scenario, output
from stationplan.cli import show
from stationplan.cli.options import Lang
from stationplan.cli.terminal import plain
from stationplan.domain import Density, Language
from stationplan.errors import say
from stationplan.planning.pipeline import DENSITY_STEPS, density
from stationplan.report import validation_document
from stationplan.text.catalogue import number, percent, translate, words
from stationplan.text.names import way_names


def place_workers(
    context: typer.Context,
    path: Path,
    *,
    data: Path | None,
    folder: Path,
    parquet: bool,
    lang: Lang | None,
    overwrite: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """Make the surface of a scenario file, save it, and print the result; ``context.obj`` is the language spoken."""
    show.log_to_stderr(verbose)
    spoken: Language = context.obj
    written: Language = "en" if lang == Lang.en else "zh"
    output.refuse_existing(folder, None, overwrite=overwrite)
    scenario = load_scenario(path, data=data, purpose="density")
    with show.progress_bar(spoken, steps=DENSITY_STEPS) as report:
        placing = say("Placing workers")
        made = density(
            scenario, progress=report, features=lambda share: report(DENSITY_STEPS - 1 + 0.9 * share, placing)
        )
        report(DENSITY_STEPS, say("Writing surface, map and report"))
        output.save_density(made, folder, lang=written, overwrite=overwrite, parquet=parquet)
    if as_json:
        show.print_document({**validation_document(made), "out": str(folder)})
    else:
        _print(made, folder, spoken)


def _print(made: Density, folder: Path, lang: Language) -> None:
    """Print what a planner wants to know first."""
    word = words(lang)
    console = Console(highlight=False, soft_wrap=True)
    console.print(plain(made.study.name.in_language(lang), "bold"))
    if made.study.synthetic:
        console.print(plain(word("Synthetic data, not for decisions"), "yellow"))
    table = Table(show_edge=False, pad_edge=False)
    table.add_column(word("Group"))
    table.add_column(word("Workers"), justify="right")
    table.add_column(word("Placed by"))
    table.add_column(word("Deviance explained"), justify="right")
    for g, (group, item) in enumerate(zip(made.demand.groups, made.surface.groups, strict=True)):
        score = "" if item.learned is None else percent(item.learned.scores["model"].d2_poisson)
        heads = number(float(made.surface.heads[:, g].sum()))
        table.add_row(plain(group.name.in_language(lang)), heads, way_names(lang)[item.way], score)
    console.print(table)
    for note in made.study.notes:
        console.print(Text("! ", "yellow").append(plain(translate(note, lang))))
    paths = {"map": "map.html", "report": "validation.html"}
    labels = {"map": word("Map"), "report": word("Report")}
    for key, name in paths.items():
        console.print(plain(word("{label}: {path}", label=labels[key], path=folder / name)))
    console.print(plain(word("{label}: {path}", label=word("All results"), path=folder)))
