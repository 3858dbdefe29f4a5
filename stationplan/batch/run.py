"""A batch from its scenario to its folder: inputs read once, split into units, planned in processes, combined."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from stationplan.api.output import manifest_text
from stationplan.batch.allocation import Allocation, allotted
from stationplan.batch.crew import crew, outcomes
from stationplan.batch.digest import digest_of
from stationplan.batch.folder import DONE_NAME, HOST, Storage, storage_at, write_texts
from stationplan.batch.league import League, league_of
from stationplan.batch.pages import write_pages
from stationplan.batch.province_report import write_report
from stationplan.batch.tables import write_league
from stationplan.batch.unit_files import put
from stationplan.batch.units import UNITS_NAME, By, Unit, units_of
from stationplan.batch.work import Outcome, Task, is_done
from stationplan.domain import Language
from stationplan.errors import FaultList, Message, say
from stationplan.planning.progress import Progress, StepClock
from stationplan.planning.subset import part_of, ready_for
from stationplan.report import schema
from stationplan.scenario import Scenario
from stationplan.storage.files import lives

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """The result of a batch: the units with results, the failed ones with reasons, and the number kept unchanged."""

    league: League
    failed: tuple[Outcome, ...]
    kept: int


Told = Callable[[int, int, Message], None]
"""Called as each unit ends, with the number done, the number of all units, and a message on the last one."""


def run_batch(
    scenario: Scenario,
    out: str | Path,
    *,
    by: By,
    allocate: Allocation | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    lang: Language = "zh",
    progress: Progress | None = None,
    told: Told | None = None,
) -> Batch:
    """Plan every unit of a scenario into ``out``, a folder or its URL, and combine the results there.

    Inputs are read once. Every unit is a separate study with the stations and roads around it, written to
    ``units/NAME`` as by a run. A unit whose folder was made from the same parts of the inputs by the same version is
    kept, so an interrupted batch continues where it stopped. A unit that fails is reported and does not stop the
    others. Results do not depend on the number of workers, nor on whether ``scheduler`` is given (the address of a Dask
    scheduler).

    Raises
    ------
    InputError
        The inputs are invalid; ``out`` contains other files or cannot be written to; Dask is not installed or does not
        answer.
    InfeasibleError, UndecidedError
        The question of all units together is infeasible, or undecided within the time limit (``allocate="optimal"``).
    ServiceError
        The storage at a URL fails.
    """
    storage = storage_at(out)
    _refuse_strangers(storage)
    clock = StepClock(progress)
    ready = ready_for(scenario, clock)
    units = units_of(ready.area, by)
    most: float | None = None
    questions = [ready.file.plan] * len(units)
    if allocate is not None:
        with clock.step("allocation", say("Allocating sites to the units")):
            questions, most = allotted(ready, units, allocate, workers=workers)
    with storage.aside() as parts:
        tasks = []
        with clock.step("parts", say("Dividing the study area into units")):
            for unit, question in zip(units, questions, strict=True):
                part = part_of(ready, unit.districts, unit.name, plan=question)
                folder, mark = unit.home, _fingerprint(digest_of(part), lang)
                if not is_done(storage, folder, mark):
                    stored, digest = put(part, storage, parts)
                    tasks.append(Task(unit.id, storage, stored, digest, folder, mark, lang))
        kept = len(units) - len(tasks)
        failed = _planned(tasks, kept, workers=workers, scheduler=scheduler, told=told)
    _sweep(storage, units, {outcome.unit for outcome in failed})
    order = {unit.id: number for number, unit in enumerate(units)}
    gone = tuple(sorted(failed, key=lambda outcome: order[outcome.unit]))
    league = league_of(ready, units, storage, failed=gone, most=most)
    write_league(league, ready, storage, lang=lang)
    write_report(league, ready, storage, lang=lang)
    write_pages(league, ready, storage, lang=lang)
    write_texts(storage, {"manifest.json": manifest_text(replace(ready.study, timings_s={}))})
    return Batch(league, gone, kept)


def _planned(
    tasks: Sequence[Task], kept: int, *, workers: int, scheduler: str | None, told: Told | None
) -> list[Outcome]:
    """Run the tasks and return the outcomes of those that failed."""
    failed: list[Outcome] = []
    total, done = kept + len(tasks), kept
    if told is not None and kept:
        told(done, total, say("{count} units have results already.", count=kept))
    if not tasks:
        return failed
    with crew(workers=min(workers, len(tasks)), scheduler=scheduler) as client:
        for outcome in outcomes(client, tasks):
            done += 1
            if outcome.reason:
                failed.append(outcome)
                _log.warning("%s: %s", outcome.unit, " ".join(map(str, outcome.reason)))
            if told is not None:
                told(done, total, say("{unit} is finished.", unit=outcome.unit))
    return failed


def _fingerprint(content: str, lang: Language) -> str:
    """Return a digest of everything that the results of a unit depend on, including versions and the JSON schema."""
    made_by = {name: metadata.version(name) for name in ("stationplan", "highspy", "numpy", "scipy")}
    return hashlib.sha256(json.dumps([content, lang, made_by, schema()], sort_keys=True).encode()).hexdigest()


def _refuse_strangers(out: Storage) -> None:
    """Raise if a folder contains anything but a batch, or if another batch is running in it; remove old drafts."""
    out.prove()
    faults = FaultList()
    strangers = []
    for name in out.names():
        draft = _DRAFT.fullmatch(name)
        if draft is not None and draft["machine"] not in {None, HOST}:
            continue  # only that machine knows whether the batch is still running
        if draft is not None and draft["process"] is not None and lives(int(draft["process"])):
            faults.add(
                say("Another batch is running in {folder}.", folder=out),
                say("Wait for it, or choose another folder with --out."),
                key="--out",
            )
            faults.raise_any()
        if draft is not None:  # of a batch that was killed
            out.remove(name)
        elif name not in {UNITS_NAME, *League.NAMES}:
            strangers.append(name)
    units = out.folders(UNITS_NAME)
    strangers += [f"{UNITS_NAME}/{name}" for name, inside in units.items() if not _ours(out, name, inside)]
    refuse(out, strangers)


def refuse(out: Storage, strangers: Sequence[str]) -> None:
    """Raise if a folder contains files that do not belong to a batch.

    Raises
    ------
    InputError
        There are such files (``strangers``).
    """
    faults = FaultList()
    if strangers:
        faults.add(
            say(
                "{folder} contains files that are not results of a batch: {names}.",
                folder=out,
                names=", ".join(strangers[:3]),
            ),
            say("Choose another folder with --out."),
            key="--out",
        )
    faults.raise_any()


_DRAFT = re.compile(
    r"\.parts\.(?P<process>\d+)(?:@(?P<machine>[\w-]*))?\..*|\.(?:league|index|map|report|manifest)\.\w+\.\d+\.part"
)
"""Names that a killed batch leaves in its folder: the parts of its units, with its process, and unfinished files."""


def _ours(out: Storage, name: str, inside: Collection[str]) -> bool:
    """Return whether a folder was written by a batch: it is marked as done, or is an incomplete one."""
    return DONE_NAME in inside or out.half(name, inside)


def _sweep(out: Storage, units: Sequence[Unit], failed: set[str]) -> None:
    """Remove the results of units that no longer exist or now have no plan, and unfinished folders of lost workers."""
    named = {unit.folder for unit in units if unit.id not in failed}
    for name, inside in out.folders(UNITS_NAME).items():
        if name not in named and _ours(out, name, inside):
            out.remove(f"{UNITS_NAME}/{name}")
