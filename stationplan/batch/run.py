"""A batch from its scenario to its folder: read once, cut into units, planned by a crew, put together."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from stationplan.batch.allot import Allocation, allotted
from stationplan.batch.content import digest_of
from stationplan.batch.crew import crew, outcomes
from stationplan.batch.league import League, league_of, write_league
from stationplan.batch.pages import write_pages
from stationplan.batch.store import put
from stationplan.batch.units import By, Unit, units_of
from stationplan.batch.work import DONE_NAME, Outcome, Task, is_done
from stationplan.domain import Language
from stationplan.errors import FaultList, Message, say
from stationplan.output import lives, manifest_text
from stationplan.part import part_of, ready_for
from stationplan.scenario import Scenario
from stationplan.steps import Progress, StepClock
from stationplan.whole import write_whole

_log = logging.getLogger(__name__)

UNITS_NAME = "units"
"""The folder that holds a folder for each unit."""


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
    most: float | None = None
    questions = [ready.file.plan] * len(units)
    if allocate is not None:
        with clock.step("allocation", say("Spreading the sites over the units")):
            questions, most = allotted(ready, units, allocate, workers=workers)
    home = out / UNITS_NAME
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".parts.{os.getpid()}.", dir=out) as parts:
        tasks = []
        with clock.step("parts", say("Cutting the study into units")):
            for unit, question in zip(units, questions, strict=True):
                part = part_of(ready, unit.districts, unit.name, plan=question)
                folder, mark = (home / unit.folder).resolve(), _fingerprint(digest_of(part), lang)
                if not is_done(folder, mark):
                    stored, digest = put(part, Path(parts))
                    tasks.append(Task(unit.id, stored.resolve(), digest, folder, mark, lang))
        kept = len(units) - len(tasks)
        failed = _planned(tasks, kept, workers=workers, scheduler=scheduler, told=told)
    _sweep(home, units, {outcome.unit for outcome in failed})
    order = {unit.id: number for number, unit in enumerate(units)}
    gone = tuple(sorted(failed, key=lambda outcome: order[outcome.unit]))
    league = league_of(ready, units, home, failed=gone, most=most)
    write_league(league, out, lang=lang)
    write_pages(league, out, lang=lang)
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
    """Refuse a folder that holds anything but a batch, or one at which another batch is at work; remove its drafts."""
    faults = FaultList()
    strangers = []
    for path in sorted(out.iterdir()) if out.is_dir() else []:
        draft = _DRAFT.fullmatch(path.name)
        if draft is not None and draft[1] is not None and lives(int(draft[1])):
            faults.add(
                say("Another batch is at work in {folder}.", folder=out),
                say("Wait for it, or name another folder with --out."),
                key="--out",
            )
            faults.raise_any()
        if draft is not None:  # of a batch that was killed
            _remove(path)
        elif path.name not in {UNITS_NAME, *League.NAMES}:
            strangers.append(path.name)
    home = out / UNITS_NAME
    strangers += [f"{UNITS_NAME}/{path.name}" for path in sorted(home.glob("*")) if not _ours(path)]
    if strangers or (out.exists() and not out.is_dir()):
        faults.add(
            say("{folder} holds something else than a batch: {names}.", folder=out, names=", ".join(strangers[:3])),
            say("Name another folder with --out."),
            key="--out",
        )
        faults.raise_any()


_DRAFT = re.compile(r"\.parts\.(\d+)\..*|\.(?:league|index|map|manifest)\.\w+\.\d+\.part")
"""What a batch leaves in its folder when it is killed: the parts of its units, by its process, and half a table."""


def _ours(path: Path) -> bool:
    """Return whether a folder was written by a batch: it is marked as done, or a draft of one, or an old one aside."""
    return (path / DONE_NAME).exists() or path.name.endswith((".part", ".old"))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sweep(home: Path, units: Sequence[Unit], failed: set[str]) -> None:
    """Remove the results of units that are no longer there, or have no plan now, and what lost workers had begun."""
    named = {unit.folder for unit in units if unit.id not in failed}
    for path in home.iterdir():
        if path.name not in named and _ours(path):
            _remove(path)
