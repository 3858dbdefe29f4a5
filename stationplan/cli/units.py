"""What ``stationplan batch`` does: plans the units, tells how far it is, prints the table.

Kept apart from the command because it loads all of the geography, which ``--help`` need not wait for.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stationplan.api import load_scenario
from stationplan.batch import Allocation, Batch, By, run_batches
from stationplan.cli import show
from stationplan.cli.options import Lang
from stationplan.cli.terminal import plain
from stationplan.domain import Language
from stationplan.errors import Message
from stationplan.inputs.services.remote_scenario import fetched
from stationplan.storage.remote import Remote, local_path
from stationplan.text.catalogue import number, percent, translate, words

_SHOWN = 30
"""Units that the terminal lists; the table has all."""


def plan_units(
    context: typer.Context,
    places: Sequence[str],
    *,
    by: By,
    allocate: Allocation | None,
    data: str | None,
    folder: str,
    lang: Lang | None,
    scheduler: str | None,
    workers: int,
    verbose: bool,
) -> None:
    """Run a batch of one scenario or several and print the result; ``context.obj`` is the terminal's language.

    Exits with 1 if a unit failed.
    """
    show.log_to_stderr(verbose)
    spoken: Language = context.obj
    written: Language = "en" if lang == Lang.en else "zh"
    with ExitStack() as held:
        found = [held.enter_context(fetched(place, data)) for place in places]
        bar = held.enter_context(show.empty_bar())
        task = bar.add_task("", total=None)

        def step(_number: float, message: Message) -> None:
            bar.update(task, description=plain(translate(message, spoken)).markup)

        def told(done: int, total: int, message: Message) -> None:
            bar.update(task, completed=done, total=total, description=plain(translate(message, spoken)).markup)

        scenarios = [load_scenario(path, data=near) for path, near in found]
        made = run_batches(
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
    for batch in made:
        _print(batch, spoken)
    home = local_path(folder)
    index = f"{Remote(folder)}/index.html" if home is None else home / "index.html"
    label = words(spoken)("All units")
    Console(highlight=False, soft_wrap=True).print(plain(words(spoken)("{label}: {path}", label=label, path=index)))
    if any(batch.failed for batch in made):
        raise typer.Exit(1)


def _print(made: Batch, lang: Language) -> None:
    """Print what the office wants to know first."""
    word = words(lang)
    console = Console(highlight=False, soft_wrap=True)
    league = made.league
    console.print(plain(league.name.in_language(lang), "bold"))
    if league.synthetic:
        console.print(plain(word("Synthetic data, not for decisions"), "yellow"))
    table = Table(show_edge=False, pad_edge=False)
    for title in (word("No."), word("Unit"), word("Workers"), word("Today"), word("With the plan"), word("New sites")):
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
                "All units: {before} of {total} workers covered today, {after} with {count} new sites.",
                before=percent(total.share_before or 0.0),
                after=percent(total.share_after or 0.0),
                total=number(total.workers),
                count=number(total.new_sites),
            )
        )
    )
    if made.kept:
        console.print(plain(word("{count} units stood already and were kept.", count=number(made.kept))))
    for outcome in made.failed:
        name = league.names[outcome.unit].in_language(lang)
        for reason in outcome.reason:
            console.print(
                Text("! ", "yellow").append(plain(word("{label}: {words}", label=name, words=translate(reason, lang))))
            )
