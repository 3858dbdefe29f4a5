"""A batch from its scenario to its folder: read once, cut into units, planned by a crew, put together."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from stationplan.batch.allot import Allocation, allotted
from stationplan.batch.content import digest_of
from stationplan.batch.crew import crew, outcomes
from stationplan.batch.league import League, league_of, write_league
from stationplan.batch.store import put
from stationplan.batch.units import By, Unit, units_of
from stationplan.batch.work import Outcome, Task, is_done
from stationplan.domain import Language, Solution
from stationplan.errors import FaultList, Message, say
from stationplan.output import manifest_text, write_whole
from stationplan.part import part_of, ready_for
from stationplan.scenario import Scenario
from stationplan.steps import Progress, StepClock

_log = logging.getLogger(__name__)

UNITS_NAME = "units"
"""The folder that holds a folder for each unit."""

STEPS = 4
"""Steps before units are planned: those of :func:`~stationplan.prepared.prepare`."""


@dataclass(frozen=True)
class Batch:
    """What a batch came to: the units with their results, those that failed and why, and how many stood already."""

    league: League
    failed: tuple[Outcome, ...]
    kept: int


Told = Callable[[int, int, Message], None]
"""Called as units end, with the number that are done, the number of all, and what was done last."""


def run_batch(
    scenario: Scenario,
    out: Path,
    *,
    by: By,
    allocate: Allocation | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    lang: Language = "zh",
    progress: Progress | None = None,
    told: Told | None = None,
) -> Batch:
    """Plan every unit of a scenario into ``out`` and put their results together there.

    Inputs are read once. Every unit is a study of its own with the stations and roads around it, in ``units/NAME`` as a
    run writes it. A unit whose folder was made from the same parts of the inputs by the same version is kept as it is,
    so that a batch that was stopped goes on where it was. A unit that fails is told and stops no other. The results do
    not depend on the number of workers, nor on whether ``scheduler`` names a Dask cluster.

    Raises
    ------
    InputError
        The inputs are wrong; ``out`` holds something else; Dask is missing or does not answer.
    InfeasibleError, UndecidedError
        The question of all units together has no answer, or none in time (``allocate="optimal"``).
    """
    _refuse_strangers(out)
    clock = StepClock(progress)
    ready = ready_for(scenario, clock)
    units = units_of(ready.area, by)
    joint: Solution | None = None
    questions = [ready.file.plan] * len(units)
    if allocate is not None:
        with clock.step("allocation", say("Spreading the sites over the units")):
            questions, joint = allotted(ready, units, allocate, workers=workers)
    home = out / UNITS_NAME
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".parts.", dir=out) as parts:
        tasks = []
        with clock.step("parts", say("Cutting the study into units")):
            for unit, question in zip(units, questions, strict=True):
                part = part_of(
                    replace(ready, file=ready.file.model_copy(update={"plan": question})), unit.districts, unit.name
                )
                stored, digest = put(part, Path(parts))
                folder, mark = (home / unit.folder).resolve(), _fingerprint(digest_of(part), lang)
                tasks.append(Task(unit.id, stored.resolve(), digest, folder, mark, lang))
        open_tasks = [task for task in tasks if not is_done(task.folder, task.fingerprint)]
        kept = len(tasks) - len(open_tasks)
        failed = _planned(open_tasks, kept, workers=workers, scheduler=scheduler, told=told)
    _sweep(home, units)
    order = {unit.id: number for number, unit in enumerate(units)}
    gone = tuple(sorted(failed, key=lambda outcome: order[outcome.unit]))
    league = league_of(ready, units, home, failed=gone, joint=joint)
    write_league(league, out, lang=lang)
    with write_whole(out / "manifest.json") as draft:
        draft.write_text(manifest_text(ready, {}), encoding="utf-8", newline="")
    return Batch(league, gone, kept)


def _planned(
    tasks: Sequence[Task], kept: int, *, workers: int, scheduler: str | None, told: Told | None
) -> list[Outcome]:
    """Have tasks done and return those that failed."""
    failed: list[Outcome] = []
    total, done = kept + len(tasks), kept
    if told is not None and kept:
        told(done, total, say("{count} units stand already.", count=kept))
    if not tasks:
        return failed
    with crew(workers=min(workers, len(tasks)), scheduler=scheduler) as client:
        for outcome in outcomes(client, tasks):
            done += 1
            if outcome.reason:
                failed.append(outcome)
                _log.warning("%s: %s", outcome.unit, " ".join(map(str, outcome.reason)))
            if told is not None:
                told(done, total, say("{unit} is done.", unit=outcome.unit))
    return failed


def _fingerprint(content: str, lang: Language) -> str:
    """Return what the results of a unit depend on, as one number."""
    made_by = {name: metadata.version(name) for name in ("stationplan", "highspy", "numpy", "scipy")}
    return hashlib.sha256(json.dumps([content, lang, made_by], sort_keys=True).encode()).hexdigest()


def _refuse_strangers(out: Path) -> None:
    """Refuse a folder that holds anything but a batch."""
    known = {UNITS_NAME, *League.NAMES}
    found = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
    strangers = [name for name in found if name not in known and not name.startswith(".parts.")]
    if strangers or (out.exists() and not out.is_dir()):
        faults = FaultList()
        faults.add(
            say("{folder} holds something else than a batch: {names}.", folder=out, names=", ".join(strangers[:3])),
            say("Name another folder with --out."),
            key="--out",
        )
        faults.raise_any()
    for name in found:
        if name.startswith(".parts."):  # of a batch that was killed
            shutil.rmtree(out / name, ignore_errors=True)


def _sweep(home: Path, units: Sequence[Unit]) -> None:
    """Remove the results of units that are no longer there, and what lost workers had begun."""
    named = {unit.folder for unit in units}
    for path in home.iterdir():
        if path.is_dir() and path.name not in named:
            shutil.rmtree(path, ignore_errors=True)
