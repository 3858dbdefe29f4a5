"""``stationplan batch``: plan every prefecture or county of a scenario, and combine the results."""

from __future__ import annotations

from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stationplan.cli import printing
from stationplan.cli.options import DEFAULT_WORKERS, LangOption, VerboseOption, refuse_inputs, written_language
from stationplan.cli.session import Session, session_of
from stationplan.cli.terminal import plain
from stationplan.text.catalogue import number, percent, translate, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationplan.batch import Allocation, Batch, By
    from stationplan.domain import Language
    from stationplan.errors import Message

# Slow imports are inside the functions that need them, as `--help` loads this module and should respond at once.

_SHOWN = 30
"""Units that the terminal lists at most; ``league.csv`` lists all."""


class UnitKind(StrEnum):
    """The kind of district that a unit of a batch is."""

    prefecture = "prefecture"
    county = "county"


class Spread(StrEnum):
    """How a number or a budget for all units is allocated to them."""

    equal = "equal"
    per_worker = "per-worker"
    optimal = "optimal"


def run_units(
    context: typer.Context,
    scenario: Annotated[
        list[str],
        typer.Argument(help="Scenario file (TOML), or its URL; several are compared side by side.", show_default=False),
    ],
    by: Annotated[UnitKind, typer.Option("--by", help="Unit of the batch: prefecture or county.")],
    allocate: Annotated[
        Spread | None,
        typer.Option(
            "--allocate",
            help="Allocate `new` and `budget` to the units: equally, by their workers, or for the best overall "
            "result. Default: each unit is planned with the full requirements.",
        ),
    ] = None,
    scenarios: Annotated[
        list[str] | None,
        typer.Option("--scenarios", help="Further scenario files: --scenarios a.toml b.toml.", show_default=False),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option("--data", help="Folder or URL of the scenario's input files, if they are not beside it."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", help="Folder or URL for the results, such as s3://bucket/folder."),
    ] = None,
    lang: LangOption = None,
    dask: Annotated[
        str | None,
        typer.Option("--dask", help="Address of a Dask scheduler whose workers plan the units: tcp://host:8786."),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Number of processes; results do not depend on it.")
    ] = DEFAULT_WORKERS,
    verbose: VerboseOption = False,
) -> None:
    """Plan every prefecture or county of a scenario and write a folder for each, a league table and a map of all.

    Results are written to --out (default: out/NAME-batch, where NAME is that of the scenario file). Units with results
    and unchanged inputs are kept, so an interrupted batch can be continued.
    """
    folder = out if out is not None else str(Path("out") / f"{Path(scenario[0]).stem}-batch")
    session = session_of(context)
    spoken = session.lang
    printing.log_to_stderr(verbose)
    made = _plan(
        [scenario[0], *(scenarios or []), *scenario[1:]],
        folder,
        by=by.value,
        allocate=None if allocate is None else allocate.value,
        data=data,
        written=written_language(lang),
        session=session,
        scheduler=dask,
        workers=workers,
    )
    session.units = None
    session.wrote(folder)
    for batch in made:
        _print(batch, spoken)
    _print_index(folder, spoken)
    if any(batch.failed for batch in made):
        raise typer.Exit(1)


def _plan(
    places: Sequence[str],
    folder: str,
    *,
    by: By,
    allocate: Allocation | None,
    data: str | None,
    written: Language,
    session: Session,
    scheduler: str | None,
    workers: int,
) -> Sequence[Batch]:
    """Plan the units of one scenario or several, with a progress bar."""
    from stationplan.api import load_scenario
    from stationplan.batch import run_batches
    from stationplan.inputs.services.remote_scenario import fetched
    from stationplan.storage.remote import local_path

    with ExitStack() as held:
        found = [held.enter_context(fetched(place, data)) for place in places]
        bar = held.enter_context(printing.empty_bar())
        task = bar.add_task("", total=None)

        def step(_number: float, message: Message) -> None:
            bar.update(task, description=plain(translate(message, session.lang)).markup)

        def told(done: int, total: int, message: Message) -> None:
            session.units = (done, total)
            bar.update(task, completed=done, total=total, description=plain(translate(message, session.lang)).markup)

        scenarios = [load_scenario(path, data=near) for path, near in found]
        home = local_path(folder)
        if home is not None:
            refuse_inputs(home, (path for scenario in scenarios for path in scenario.input_paths))
        return run_batches(
            scenarios,
            folder,
            by=by,
            allocate=allocate,
            workers=workers,
            scheduler=scheduler,
            lang=written,
            progress=step,
            told=told,
        )


def _print_index(folder: str, lang: Language) -> None:
    """Print the path of the index page of all units."""
    from stationplan.storage.remote import Remote, local_path

    home = local_path(folder)
    index = f"{Remote(folder)}/index.html" if home is None else home / "index.html"
    printing.print_path(printing.standard_output(), words(lang)("All units"), index, lang)


def _print(made: Batch, lang: Language) -> None:
    """Print the summary of a batch: coverage by unit and in total, kept units, failed units with reasons."""
    from rich.table import Table

    word = words(lang)
    console = printing.standard_output()
    league = made.league
    printing.print_title(console, league.name, synthetic=league.synthetic, lang=lang)
    table = Table(show_edge=False, pad_edge=False)
    for title in ("#", word("Unit"), word("Workers"), word("Today"), word("With the plan"), word("New sites")):
        table.add_column(title, justify="left" if title == word("Unit") else "right")
    for rank, row in enumerate(league.rows[:_SHOWN], start=1):
        shares = ("–" if share is None else percent(share) for share in (row.share_before, row.share_after))
        shown = plain(row.name.in_language(lang))
        table.add_row(str(rank), shown, number(row.workers), *shares, number(row.new_sites))
    console.print(table)
    if len(league.rows) > _SHOWN:
        console.print(plain(word("{count} more units are in league.csv.", count=number(len(league.rows) - _SHOWN))))
    total = league.total
    console.print(
        plain(
            word(
                "All units: coverage of {total} workers {before} today, {after} with {count} new sites.",
                before=percent(total.share_before or 0.0),
                after=percent(total.share_after or 0.0),
                total=number(total.workers),
                count=number(total.new_sites),
            )
        )
    )
    if made.kept:
        console.print(plain(word("{count} units had results already, which were kept.", count=number(made.kept))))
    for outcome in made.failed:
        name = league.names[outcome.unit].in_language(lang)
        for reason in outcome.reason:
            console.print(printing.note(word("{label}: {words}", label=name, words=translate(reason, lang))))
