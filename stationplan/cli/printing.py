"""What commands print: results on standard output; the log and the progress bar on standard error."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from stationplan.cli.terminal import plain
from stationplan.text.catalogue import translate, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rich.progress import Progress

    from stationplan.domain import Language, LocalText
    from stationplan.errors import Message
    from stationplan.planning.progress import Progress as Report

# Slow imports are inside the functions that need them, as `--help` loads this module and should respond at once.


def log_to_stderr(verbose: bool) -> None:
    """Send log records to standard error: warnings, or everything with ``verbose``."""
    import logging

    from rich.logging import RichHandler

    level = logging.INFO if verbose else logging.WARNING
    handler = RichHandler(console=Console(stderr=True), show_path=False, markup=False)
    logging.getLogger("pyogrio").setLevel(logging.WARNING)  # it logs every layer that it writes
    logging.basicConfig(level=level, format="%(message)s", handlers=[handler], force=True)


def empty_bar() -> Progress:
    """Return a progress bar on standard error with steps and remaining time, disabled if that is not a terminal."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

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
def progress_bar(lang: Language, *, steps: int) -> Iterator[Report]:
    """Show a progress bar with the remaining time of a study of ``steps`` steps, plus one step for writing.

    Yields a function that reports the number of steps done and a message.
    """
    with empty_bar() as bar:
        task = bar.add_task("", total=steps + 1)

        def report(step: float, message: Message) -> None:
            bar.update(task, completed=step, description=plain(translate(message, lang)).markup)

        yield report


def print_document(values: Mapping[str, object]) -> None:
    """Print JSON values on standard output."""
    text = json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False)
    encoding = sys.stdout.encoding or "utf-8"
    # A path may contain bytes that are not valid text; written as escapes, the output is still JSON.
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def standard_output() -> Console:
    """Return the console for results: text is neither highlighted nor wrapped."""
    return Console(highlight=False, soft_wrap=True)


def print_title(console: Console, name: LocalText, *, synthetic: bool, lang: Language) -> None:
    """Print the name of a study, and whether its data are synthetic."""
    console.print(plain(name.in_language(lang), "bold"))
    if synthetic:
        console.print(plain(words(lang)("Synthetic data, not for decisions"), "yellow"))


def print_path(console: Console, label: str, path: Path | str, lang: Language) -> None:
    """Print the path of a result with a label."""
    console.print(plain(words(lang)("{label}: {path}", label=label, path=path)))


def tell_swept(path: Path, lang: Language) -> None:
    """Remove what killed runs left of a file or folder, and say so on standard error."""
    from stationplan.storage.files import sweep

    left = sweep(path.resolve())
    if left:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        paths = ", ".join(map(str, left))
        console.print(
            note(words(lang)("Unfinished results of a run that was killed were removed: {paths}.", paths=paths))
        )


def note(text: str) -> Text:
    """Return a line marked with an exclamation mark, for notes and warnings."""
    return Text("! ", "yellow").append(plain(text))
