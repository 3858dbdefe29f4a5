"""One unit planned and written, by whoever has the time: the work of a batch."""

from __future__ import annotations

import json
from dataclasses import dataclass

from stationplan.api import output
from stationplan.batch.folder import DONE_NAME, Storage
from stationplan.batch.unit_files import take
from stationplan.domain import Language
from stationplan.errors import (
    InfeasibleError,
    InputError,
    Message,
    ServiceError,
    StationplanError,
    UndecidedError,
    say,
)
from stationplan.planning.pipeline import plan_of, with_timings
from stationplan.planning.progress import StepClock


@dataclass(frozen=True)
class Task:
    """A unit to plan: where it is stored and its digest, the folder of its results, and their fingerprint.

    ``stored`` and ``folder`` are names in ``storage``, which is all that the two sides have to share.
    """

    unit: str
    storage: Storage
    stored: str
    digest: str
    folder: str
    fingerprint: str
    lang: Language


@dataclass(frozen=True)
class Outcome:
    """What became of a unit; ``reason`` is empty where its results stand."""

    unit: str
    reason: tuple[Message, ...] = ()


def do(task: Task) -> Outcome:
    """Plan a unit and write its folder, whole or not at all; what goes wrong is told, not raised."""
    try:
        # A lost worker takes what it returned with it, and Dask has a unit done again that stands: it is left alone.
        if is_done(task.storage, task.folder, task.fingerprint):
            return Outcome(task.unit)
        plan = plan_of(take(task.storage, task.stored, task.digest), StepClock(None), lenient=True)
        # Seconds differ each time; the results of a unit are the same whoever makes them.
        with task.storage.filling(task.folder) as folder:
            output.save(with_timings(plan, {}), folder, lang=task.lang, overwrite=True, done=marker(task.fingerprint))
    except InputError as error:
        return Outcome(task.unit, tuple(fault.what for fault in error.faults))
    except InfeasibleError as error:
        return Outcome(task.unit, (error.what, *error.feasible))
    except (UndecidedError, ServiceError) as error:
        return Outcome(task.unit, (error.what,))
    except (StationplanError, OSError, MemoryError, ArithmeticError, ValueError) as error:
        return Outcome(task.unit, (say("{kind}: {error}", kind=type(error).__name__, error=error),))
    return Outcome(task.unit)


def marker(fingerprint: str) -> str:
    """Return the text of the file that marks a folder as done."""
    return json.dumps({"schema": 1, "fingerprint": fingerprint}) + "\n"


def is_done(storage: Storage, folder: str, fingerprint: str) -> bool:
    """Return whether a folder holds the results of a fingerprint."""
    try:
        return storage.read(f"{folder}/{DONE_NAME}").decode() == marker(fingerprint)
    except ServiceError:
        raise
    except (OSError, UnicodeDecodeError):
        return False
