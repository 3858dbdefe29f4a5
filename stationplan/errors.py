"""What can go wrong, said so that the reader knows the place and the cure.

A message is an English template with named placeholders. The template is also the key under which
:mod:`stationplan.text.catalogue` finds the same sentence in another language, so no sentence is ever glued from parts.
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
        """Let copies be made by :func:`say`: a read-only view of a mapping cannot be copied by itself."""
        return _said, (self.template, dict(self.values))


def _said(template: str, values: Mapping[str, object]) -> Message:
    return Message(template, MappingProxyType(dict(values)))


def say(template: str, /, **values: object) -> Message:
    """Return a :class:`Message`; every literal passed here must stand in the catalogues of ``text/locale/``."""
    return _said(template, values)


Action = Literal["refused", "set_aside", "merged", "repaired", "kept"]
"""What becomes of a record with a fault. ``refused``: the whole input cannot be used; ``set_aside``: this record
cannot; ``merged`` into another record; ``repaired``, and used; ``kept`` as it is, and worth a look."""


@dataclass(frozen=True)
class Fault:
    """One fault of an input: where it is, what was found, what to do about it, what became of the record.

    ``row`` is the file's own row number, the header being row 1; ``key`` is a dotted scenario key; ``code`` names the
    kind of fault for programs.
    """

    what: Message
    cure: Message
    file: str | None = None
    row: int | None = None
    key: str | None = None
    sheet: str | None = None
    code: str = "input"
    action: Action = "refused"

    @property
    def place(self) -> str:
        """File, sheet, row and key as ``file#sheet:row [key]``, leaving out what is not known."""
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
    """Return the faults with at most ``limit`` of a kind, and one that counts the rest of each kind, for reading."""
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
    """Base of every error this package raises on purpose."""


class InputError(StationplanError, ValueError):
    """All faults of an input at once (exit code 2)."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        if not faults:
            raise AssertionError("an InputError needs at least one fault")
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, abridged(self.faults))))


class InfeasibleError(StationplanError, ValueError):
    """The question has no answer; ``feasible`` says which near question has one (exit code 3)."""

    def __init__(self, what: Message, feasible: Sequence[Message]) -> None:
        self.what = what
        self.feasible = tuple(feasible)
        super().__init__(" ".join([str(what), *map(str, feasible)]))


class UndecidedError(StationplanError, TimeoutError):
    """Time ran out before the question was answered either way; ``cure`` says what to do (exit code 1)."""

    def __init__(self, what: Message, cure: Message) -> None:
        self.what, self.cure = what, cure
        super().__init__(f"{what} {cure}")


class ServiceError(StationplanError, ConnectionError):
    """A service on the net does not give what it was asked for; ``cure`` says what to do (exit code 1)."""

    def __init__(self, what: Message, cure: Message) -> None:
        self.what, self.cure = what, cure
        super().__init__(f"{what} {cure}")


class OutputExistsError(StationplanError, FileExistsError):
    """A result already stands where this one should go."""

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
    """A plan stands in its ``folder`` but not in the database; ``faults`` say why (exit code 1)."""

    def __init__(self, faults: Sequence[Fault], folder: str) -> None:
        self.faults = tuple(faults)
        self.what = say(
            "The database was not changed; the plan's files are in {folder}. Try again with --overwrite.",
            folder=folder,
        )
        super().__init__("\n".join([str(self.what), *map(str, self.faults)]))


class Stopped(StationplanError):
    """The user stopped a command; results that stood before still stand."""


class ConsistencyError(StationplanError, RuntimeError):
    """A result failed its independent check: a defect of this package, never of the input."""


class FaultList:
    """Collects the faults of one input and raises them together."""

    def __init__(self, file: str | None = None, *, sheet: str | None = None) -> None:
        self.file, self.sheet = file, sheet
        self._faults: list[Fault] = []

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
        """Note one fault."""
        self._faults.append(Fault(what, cure, self.file, row, key, self.sheet, code, action))

    def extend(self, faults: Sequence[Fault]) -> None:
        """Note faults that another list has found."""
        self._faults.extend(faults)

    def __bool__(self) -> bool:
        return bool(self._faults)

    @property
    def faults(self) -> list[Fault]:
        """The faults noted, by row."""
        return sorted(self._faults, key=lambda fault: fault.row or 0)

    def rows(self, action: Action) -> set[int]:
        """Return the numbers of the rows that have a fault with this action."""
        return {fault.row for fault in self._faults if fault.action == action and fault.row is not None}

    def raise_any(self, *actions: Action) -> None:
        """Raise :class:`InputError` with all faults when one has such an action; with any fault when none is named."""
        if any(not actions or fault.action in actions for fault in self._faults):
            raise InputError([fault for fault in self.faults if not actions or fault.action in actions])
