"""One call of the program: its language, and what it has written so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from stationplan.errors import Message, say

if TYPE_CHECKING:
    from pathlib import Path

    import typer

    from stationplan.domain import Language


@dataclass
class Session:
    """The language of the terminal, and what a command that is stopped has already written.

    ``written`` are complete results. ``units`` are the numbers of complete units of a batch and of all units.
    """

    lang: Language
    written: list[str] = field(default_factory=list)
    units: tuple[int, int] | None = None

    def wrote(self, *paths: Path | str) -> None:
        """Record results that are complete."""
        self.written += map(str, paths)

    def stopped(self) -> Message:
        """Return what is said of a command that was stopped: what it has written, and how to go on."""
        if self.units is not None and self.units[0]:
            return say(
                "Stopped. {done} of {all} units are complete; the same command keeps them and plans the others.",
                done=self.units[0],
                all=self.units[1],
            )
        if self.written:
            return say("Stopped. Complete results: {paths}.", paths=", ".join(self.written))
        return say("Stopped. Nothing was changed; the same command starts again.")


def session_of(context: typer.Context) -> Session:
    """Return the session of a command."""
    return cast("Session", context.obj)
