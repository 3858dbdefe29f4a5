"""What commands print: progress on standard error, a plan's summary on standard output."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from stationplan.cli.terminal import plain
from stationplan.domain import Language, Plan
from stationplan.errors import Message
from stationplan.figures.coverage import new_sites, overall
from stationplan.planning import pipeline
from stationplan.planning.progress import Progress as Report
from stationplan.report import document
from stationplan.report.plan_report import aim_figures
from stationplan.text.catalogue import number, percent, translate, words
from stationplan.text.names import district_name, site_name
from stationplan.text.reasons import why_not_facts, why_not_title


def log_to_stderr(verbose: bool) -> None:
    """Send log records to standard error: warnings, or everything with ``verbose``."""
    level = logging.INFO if verbose else logging.WARNING
    handler = RichHandler(console=Console(stderr=True), show_path=False, markup=False)
    logging.getLogger("pyogrio").setLevel(logging.WARNING)  # it tells of every layer it writes
    logging.basicConfig(level=level, format="%(message)s", handlers=[handler], force=True)


def empty_bar() -> Progress:
    """Return a bar on standard error for tasks with steps and the time left; nothing where that is no terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def progress_bar(lang: Language, *, steps: int = pipeline.STEPS) -> Iterator[Report]:
    """Show a bar with the time left while a study runs; one step more than the pipeline's is for writing."""
    with empty_bar() as bar:
        task = bar.add_task("", total=steps + 1)

        def report(step: float, message: Message) -> None:
            bar.update(task, completed=step, description=plain(translate(message, lang)).markup)

        yield report


def print_json(plan: Plan, paths: Mapping[str, Path | str]) -> None:
    """Print ``plan.json`` with the places of the results under ``out``, ``map``, ``report`` and ``database``."""
    print_document({**document(plan), **{name: str(path) for name, path in paths.items()}})


def print_document(values: dict[str, object]) -> None:
    """Print plain values as JSON."""
    text = json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False)
    encoding = sys.stdout.encoding or "utf-8"
    # A path may hold bytes that are no text; as an escape they are still JSON.
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def print_summary(plan: Plan, paths: Mapping[str, Path | str], lang: Language) -> None:
    """Print what a planner wants to know first."""
    word = words(lang)
    console = Console(highlight=False, soft_wrap=True)
    total = overall(plan)
    console.print(plain(plan.study.name.in_language(lang), "bold"))
    if plan.study.synthetic:
        console.print(plain(word("Synthetic data, not for decisions"), "yellow"))
    console.print(
        plain(
            word(
                "Workers covered: {before} today, {after} with {count} new sites (of {total} workers).",
                before=percent(total.before.share or 0.0),
                after=percent(total.after.share or 0.0),
                count=new_sites(plan)[0],
                total=number(total.before.total),
            )
        )
    )
    for figure in aim_figures(plan, lang):
        said = word("{label}: {value}, {note}.", label=figure.label, value=figure.value, note=figure.note)
        console.print(plain(said))
    console.print(plain(translate(plan.aim.proof, lang)))
    console.print(_sites_table(plan, lang))
    for case in plan.why_not:
        console.print(plain(why_not_title(plan, case, lang), "bold"))
        for label, said in why_not_facts(plan, case, lang):
            console.print(plain("  " + word("{label}: {words}", label=label, words=said)))
    for note in plan.study.notes:
        console.print(Text("! ", "yellow").append(plain(translate(note, lang))))
    labels = {"map": word("Map"), "report": word("Report"), "out": word("All results"), "database": word("Database")}
    for key, path in paths.items():
        console.print(plain(word("{label}: {path}", label=labels[key], path=path)))


def _sites_table(plan: Plan, lang: Language) -> Table:
    word = words(lang)
    table = Table(show_edge=False, pad_edge=False)
    for title, justify in ((word("No."), "right"), (word("Proposed site"), "left"), (word("District"), "left")):
        table.add_column(title, justify=justify)  # type: ignore[arg-type]
    table.add_column(word("Workers gained"), justify="right")
    table.add_column(word("Cost (yuan)"), justify="right")
    for order, why in enumerate(plan.why, start=1):
        table.add_row(
            str(order),
            plain(site_name(plan, why.site, lang)),
            plain(district_name(plan, int(plan.sites.district[why.site]), lang)),
            number(float(why.gained.sum()), 1),
            number(float(plan.sites.cost[why.site])),
        )
    return table
