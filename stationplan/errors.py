"""What can go wrong, said so that the reader knows the place and the cure.

A message is an English template with named placeholders. The template is also the key under which
:mod:`stationplan.i18n` finds the same sentence in another language, so no sentence is ever glued from parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType


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


def say(template: str, /, **values: object) -> Message:
    """Return a :class:`Message`; every literal passed here must stand in the catalogues of ``locale/``."""
    return Message(template, MappingProxyType(values))


@dataclass(frozen=True)
class Fault:
    """One fault of an input: where it is, what was found, what to do about it.

    ``row`` is the file's own row number, the header being row 1; ``key`` is a dotted scenario key.
    """

    what: Message
    cure: Message
    file: str | None = None
    row: int | None = None
    key: str | None = None

    @property
    def place(self) -> str:
        """File, row and key as ``file:row [key]``, leaving out what is not known."""
        where = self.file or ""
        if self.row is not None:
            where += f":{self.row}"
        if self.key is not None:
            where += f" [{self.key}]" if where else f"[{self.key}]"
        return where

    def __str__(self) -> str:
        place = self.place
        return f"{place}: {self.what} {self.cure}" if place else f"{self.what} {self.cure}"


class StationplanError(Exception):
    """Base of every error this package raises on purpose."""


class InputError(StationplanError, ValueError):
    """All faults of an input at once (exit code 2)."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        if not faults:
            raise AssertionError("an InputError needs at least one fault")
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


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


class OutputExistsError(StationplanError, FileExistsError):
    """A result already stands where this one should go."""

    def __init__(self, path: str, strangers: Sequence[str] = ()) -> None:
        self.what = say("{path} already exists. Choose another place with --out, or pass --overwrite.", path=path)
        if strangers:
            names = ", ".join([*strangers[:5], *(["..."] if len(strangers) > 5 else [])])
            self.what = say(
                "{path} holds files that are not results: {names}. Choose another folder with --out.",
                path=path,
                names=names,
            )
        super().__init__(str(self.what))


class Stopped(StationplanError):
    """The user stopped a command; results that stood before still stand."""


class ConsistencyError(StationplanError, RuntimeError):
    """A result failed its independent check: a defect of this package, never of the input."""


class FaultList:
    """Collects the faults of one input and raises them together."""

    def __init__(self, file: str | None = None, *, limit_per_kind: int = 20) -> None:
        self.file = file
        self._limit = limit_per_kind
        self._faults: list[Fault] = []
        self._counts: dict[str, int] = {}

    def add(self, what: Message, cure: Message, *, row: int | None = None, key: str | None = None) -> None:
        """Note one fault; past the limit a kind of fault is only counted."""
        seen = self._counts.get(what.template, 0) + 1
        self._counts[what.template] = seen
        if seen <= self._limit:
            self._faults.append(Fault(what, cure, self.file, row, key))

    def __bool__(self) -> bool:
        return bool(self._faults)

    @property
    def faults(self) -> list[Fault]:
        """The faults noted, by row, with one line more for each kind that passed the limit."""
        first = {fault.what.template: fault.what for fault in reversed(self._faults)}
        rest = [
            Fault(
                say("{count} more like this one: {example}", count=count - self._limit, example=first[template]),
                say("Mend them all the same way."),
                self.file,
            )
            for template, count in self._counts.items()
            if count > self._limit
        ]
        return [*sorted(self._faults, key=lambda fault: fault.row or 0), *rest]

    def raise_any(self) -> None:
        """Raise :class:`InputError` when anything was noted."""
        if self._faults:
            raise InputError(self.faults)
