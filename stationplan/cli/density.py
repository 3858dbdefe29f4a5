"""``stationplan density``: estimate the demand surface of a scenario, without planning sites."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stationplan.cli import printing
from stationplan.cli.options import (
    DataOption,
    LangOption,
    OutOption,
    OverwriteOption,
    ScenarioArgument,
    VerboseOption,
    refuse_inputs,
    written_language,
)
from stationplan.cli.session import session_of
from stationplan.cli.terminal import plain
from stationplan.errors import say
from stationplan.text.catalogue import number, percent, translate, words

if TYPE_CHECKING:
    from stationplan.domain import Density, Language

# Slow imports are inside the functions that need them, as `--help` loads this module and should respond at once.


def make_density(
    context: typer.Context,
    scenario: ScenarioArgument,
    data: DataOption = None,
    out: OutOption = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="Also write the surface as GeoParquet.")] = False,
    lang: LangOption = None,
    overwrite: OverwriteOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print validation.json to standard output.")] = False,
    verbose: VerboseOption = False,
) -> None:
    """Estimate the distribution of workers and write the surface, a map and a report of its accuracy.

    Roads, candidates and plan may be absent from the scenario. Results are written to --out (default: out/NAME-density,
    where NAME is that of the scenario file).
    """
    from stationplan.api import load_scenario, output
    from stationplan.planning.pipeline import DENSITY_STEPS, density
    from stationplan.report import validation_document

    printing.log_to_stderr(verbose)
    spoken = session_of(context).lang
    folder = out if out is not None else Path("out") / f"{scenario.stem}-density"
    output.refuse_existing(folder, None, overwrite=overwrite)
    printing.tell_swept(folder, spoken)
    loaded = load_scenario(scenario, data=data, purpose="density")
    refuse_inputs(folder, loaded.input_paths)
    with printing.progress_bar(spoken, steps=DENSITY_STEPS) as report:
        placing = say("Estimating the distribution of workers")
        made = density(loaded, progress=report, features=lambda share: report(DENSITY_STEPS - 1 + 0.9 * share, placing))
        report(DENSITY_STEPS, say("Writing surface, map and report"))
        output.save_density(made, folder, lang=written_language(lang), overwrite=overwrite, parquet=parquet)
        session_of(context).wrote(folder)
    if as_json:
        printing.print_document({**validation_document(made), "out": str(folder)})
    else:
        _print(made, folder, spoken)


def _print(made: Density, folder: Path, lang: Language) -> None:
    """Print the summary of a demand surface: workers by group, notes and paths."""
    from rich.table import Table

    from stationplan.text.names import way_names

    word = words(lang)
    console = printing.standard_output()
    printing.print_title(console, made.study.name, synthetic=made.study.synthetic, lang=lang)
    table = Table(show_edge=False, pad_edge=False)
    table.add_column(word("Group"))
    table.add_column(word("Workers"), justify="right")
    table.add_column(word("Method"))
    table.add_column(word("Deviance explained"), justify="right")
    for g, (group, item) in enumerate(zip(made.demand.groups, made.surface.groups, strict=True)):
        score = "" if item.learned is None else percent(item.learned.scores["model"].d2_poisson)
        heads = number(float(made.surface.heads[:, g].sum()))
        table.add_row(plain(group.name.in_language(lang)), heads, way_names(lang)[item.way], score)
    console.print(table)
    for message in made.study.notes:
        console.print(printing.note(translate(message, lang)))
    printing.print_path(console, word("Map"), folder / "map.html", lang)
    printing.print_path(console, word("Report"), folder / "validation.html", lang)
    printing.print_path(console, word("All results"), folder, lang)
