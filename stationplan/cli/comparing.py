"""What ``stationplan compare`` does: read the maps of plans, write the page, tell where it is.

Kept apart from the command because it loads all of the geography, which ``--help`` need not wait for.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from stationplan.api.output import MAP_NAME
from stationplan.cli.terminal import plain
from stationplan.domain import Language
from stationplan.errors import Fault, InputError, OutputExistsError, say
from stationplan.storage.files import write_whole
from stationplan.text.catalogue import words
from stationplan.webmap import read_blocks, render_comparison


def compare(plans: Sequence[Path], out: Path, *, written: Language, overwrite: bool, spoken: Language) -> None:
    """Write the page of two or three plans."""
    if len(plans) not in (2, 3):
        raise InputError([Fault(say("Two or three plans can be compared."), say("Name their result folders."))])
    if out.exists() and not (overwrite and out.is_file()):
        raise OutputExistsError(str(out))
    blocks = read_blocks([path / MAP_NAME if path.is_dir() else path for path in plans])
    page = render_comparison(blocks, lang=written)
    with write_whole(out) as draft:
        draft.write_text(page, encoding="utf-8", newline="")
    word = words(spoken)
    Console(highlight=False, soft_wrap=True).print(
        plain(word("{label}: {path}", label=word("Comparison of plans"), path=out))
    )
