"""Errors and messages: what went wrong, where, and how to fix it.

A message is an English template with named placeholders. The template is also the key under which
:mod:`stationplan.text.catalogue` finds the same sentence in another language, so no sentence is assembled from parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True)
class Message:
    """One sentence: an English template and the values that fill it.

    >>> str(say("{count} cells lie outside", count=3))
    '3 cells lie outside'
    """

    template: str
    values: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    def __str__(self) -> str:
        return self.template.format(**self.values)

    def __reduce__(self) -> tuple[object, ...]:
        """Make copies and pickles through :func:`say`: a read-only view of a mapping cannot be copied itself."""
        return _said, (self.template, dict(self.values))


def _said(template: str, values: Mapping[str, object]) -> Message:
    return Message(template, MappingProxyType(dict(values)))


def say(template: str, /, **values: object) -> Message:
    """Return a :class:`Message`; every literal passed here must have an entry in the catalogues of ``text/locale/``."""
    return _said(template, values)


Action = Literal["refused", "set_aside", "merged", "repaired", "kept"]
"""What was done with a record that has a fault.

``refused``: the whole input cannot be used; ``set_aside``: this record is excluded; ``merged``: combined with another
record; ``repaired``: corrected and used; ``kept``: used unchanged, but worth checking.
"""


SHEET_STEP = 100_000_000
"""Rows of several sheets that are one table are numbered apart: row r of sheet k (from 1) is ``k * SHEET_STEP + r``."""


def located_row(row: int, sheet: str | None) -> tuple[str | None, int]:
    """Return the sheet and the row in it; ``sheet`` lists the sheets of a table of several, separated by slashes.

    >>> located_row(200_000_007, "east/west"), located_row(7, "east")
    (('west', 7), ('east', 7))
    """
    at, inside = divmod(row, SHEET_STEP)
    names = (sheet or "").split("/")
    return (names[at - 1] or None, inside) if 0 < at <= len(names) else (sheet, inside)


@dataclass(frozen=True)
class Fault:
    """One fault of an input: its place, what was found, how to fix it, and what was done with the record.

    ``row`` is the row number in the file, with the header as row 1; ``key`` is a dotted scenario key; ``code``
    identifies the kind of fault for programs.
    """

    what: Message
    cure: Message
    file: str | None = None
    row: int | None = None
    key: str | None = None
    sheet: str | None = None
    code: str = "input"
    action: Action = "refused"

    def __post_init__(self) -> None:
        if self.row is not None and self.row >= SHEET_STEP:
            sheet, row = located_row(self.row, self.sheet)
            object.__setattr__(self, "sheet", sheet)
            object.__setattr__(self, "row", row)

    @property
    def place(self) -> str:
        """File, sheet, row and key as ``file#sheet:row [key]``; unknown parts are omitted."""
        where = self.file or ""
        if self.sheet is not None:
            where += f"#{self.sheet}"
        if self.row is not None:
            where += f":{self.row}"
        if self.key is not None:
            where += f" [{self.key}]" if where else f"[{self.key}]"
        return where

    def __str__(self) -> str:
        place = self.place
        return f"{place}: {self.what} {self.cure}" if place else f"{self.what} {self.cure}"


def abridged(faults: Sequence[Fault], *, limit: int = 20) -> list[Fault]:
    """Return at most ``limit`` faults of each kind, and one that counts the others of that kind, for display."""
    seen: dict[tuple[str | None, str], list[Fault]] = {}
    short = []
    for fault in faults:
        alike = seen.setdefault((fault.file, fault.what.template), [])
        alike.append(fault)
        if len(alike) <= limit:
            short.append(fault)
    rest = [
        replace(
            alike[0],
            what=say("{count} more like this one: {example}", count=len(alike) - limit, example=alike[0].what),
            cure=say("Fix them all the same way."),
            row=None,
        )
        for alike in seen.values()
        if len(alike) > limit
    ]
    return [*short, *rest]


class StationplanError(Exception):
    """Base class of all errors that this package raises deliberately."""


class InputError(StationplanError, ValueError):
    """All faults of an input, reported together (exit code 2)."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        if not faults:
            raise AssertionError("an InputError needs at least one fault")
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, abridged(self.faults))))


class InfeasibleError(StationplanError, ValueError):
    """The problem has no solution; ``feasible`` describes similar problems that have one (exit code 3)."""

    def __init__(self, what: Message, feasible: Sequence[Message]) -> None:
        self.what = what
        self.feasible = tuple(feasible)
        super().__init__(" ".join([str(what), *map(str, feasible)]))


class UndecidedError(StationplanError, TimeoutError):
    """The time limit was reached before the problem was decided; ``cure`` says how to proceed (exit code 1)."""

    def __init__(self, what: Message, cure: Message) -> None:
        self.what, self.cure = what, cure
        super().__init__(f"{what} {cure}")


class ServiceError(StationplanError, ConnectionError):
    """A network service did not return what was requested; ``cure`` says how to proceed (exit code 1)."""

    def __init__(self, what: Message, cure: Message) -> None:
        self.what, self.cure = what, cure
        super().__init__(f"{what} {cure}")


class OutputExistsError(StationplanError, FileExistsError):
    """The output path already exists, or its folder holds files that are not results."""

    def __init__(self, path: str, strangers: Sequence[str] = ()) -> None:
        self.what = say("{path} already exists. Choose another folder with --out, or pass --overwrite.", path=path)
        if strangers:
            names = ", ".join([*strangers[:5], *(["..."] if len(strangers) > 5 else [])])
            self.what = say(
                "{path} contains files that are not results: {names}. Choose another folder with --out.",
                path=path,
                names=names,
            )
        super().__init__(str(self.what))


class DatabaseError(StationplanError, OSError):
    """A plan was written to its ``folder`` but not to the database; ``faults`` say why (exit code 1)."""

    def __init__(self, faults: Sequence[Fault], folder: str) -> None:
        self.faults = tuple(faults)
        self.what = say(
            "The database was not changed; the plan's files are in {folder}. Try again with --overwrite.",
            folder=folder,
        )
        super().__init__("\n".join([str(self.what), *map(str, self.faults)]))


class ConsistencyError(StationplanError, RuntimeError):
    """A result failed its independent check: a defect of this package, never of the input."""


class FaultList:
    """Collects the faults of one input and raises them together."""

    def __init__(self, file: str | None = None, *, sheet: str | None = None) -> None:
        self.file, self.sheet = file, sheet
        self._faults: list[tuple[int, Fault]] = []

    def add(
        self,
        what: Message,
        cure: Message,
        *,
        row: int | None = None,
        key: str | None = None,
        code: str = "input",
        action: Action = "refused",
    ) -> None:
        """Record one fault."""
        self._faults.append((row or 0, Fault(what, cure, self.file, row, key, self.sheet, code, action)))

    def extend(self, faults: Sequence[Fault]) -> None:
        """Record faults collected elsewhere."""
        self._faults.extend((fault.row or 0, fault) for fault in faults)

    def __bool__(self) -> bool:
        return bool(self._faults)

    @property
    def faults(self) -> list[Fault]:
        """The recorded faults, sorted by row."""
        return [fault for _, fault in sorted(self._faults, key=lambda item: item[0])]

    def rows(self, action: Action) -> set[int]:
        """Return the numbers of the rows that have a fault with this action."""
        return {row for row, fault in self._faults if fault.action == action and fault.row is not None}

    def raise_any(self, *actions: Action) -> None:
        """Raise the recorded faults together, if there are any; with ``actions``, only those with one of these actions.

        Raises
        ------
        InputError
            At least one fault was recorded (with ``actions``: one with such an action).
        """
        if any(not actions or fault.action in actions for _, fault in self._faults):
            raise InputError([fault for fault in self.faults if not actions or fault.action in actions])
