"""The task of a batch: one unit planned and written, in any process or on any machine."""

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
    """A unit to plan: its stored file with the digest, the folder of its results, and their fingerprint.

    ``stored`` and ``folder`` are names in ``storage``, which is all that the two processes need to share.
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
    """The outcome of a unit; ``reason`` is empty if its results exist."""

    unit: str
    reason: tuple[Message, ...] = ()


def do(task: Task) -> Outcome:
    """Plan a unit and write its folder, completely or not at all; failures are returned as reasons, not raised."""
    try:
        # If a worker is lost after it has finished, Dask repeats the task: complete results are then kept.
        if is_done(task.storage, task.folder, task.fingerprint):
            return Outcome(task.unit)
        plan = plan_of(take(task.storage, task.stored, task.digest), StepClock(None), lenient=True)
        # Timings differ in each run; without them the results are identical regardless of the worker.
        with task.storage.filling(task.folder) as folder:
            output.save(with_timings(plan, {}), folder, lang=task.lang, overwrite=True, fingerprint=task.fingerprint)
    except InputError as error:
        return Outcome(task.unit, tuple(fault.what for fault in error.faults))
    except InfeasibleError as error:
        return Outcome(task.unit, (error.what, *error.feasible))
    except (UndecidedError, ServiceError) as error:
        return Outcome(task.unit, (error.what,))
    except (StationplanError, OSError, MemoryError, ArithmeticError, ValueError) as error:
        return Outcome(task.unit, (say("{kind}: {error}", kind=type(error).__name__, error=error),))
    return Outcome(task.unit)


def is_done(storage: Storage, folder: str, fingerprint: str) -> bool:
    """Return whether a folder holds the complete and unchanged results of a fingerprint.

    Raises
    ------
    ServiceError
        The storage at a URL fails.
    """
    try:
        done = json.loads(storage.read(f"{folder}/{DONE_NAME}"))
        return bool(done["fingerprint"] == fingerprint) and storage.holds(folder, done["sha256"])
    except ServiceError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # another file of this name
        return False
