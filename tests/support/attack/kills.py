"""Kills at random moments of every command that writes: results are whole, old or new, and no draft stays."""

from __future__ import annotations

import hashlib
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from support.attack.trial import Ended, Outcome, command, drafts_in, environment, judged, run
from support.village import village

_LATE_S = 5.0
"""Seconds after which a program has not heeded a signal; a quiet machine takes less than one."""

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}


def commands(folder: Path) -> dict[str, tuple[tuple[object, ...], Path]]:
    """Write the inputs; return each command with its output."""
    village(folder, "new = 1")
    run("run", "village.toml", "--out", "plan", "--lang", "en", folder=folder)
    shutil.copytree(folder / "plan", folder / "plan2")
    given = ("--lang", "en")
    return {
        "run": (("run", "village.toml", "--out", "o/run", "--overwrite", *given), folder / "o/run"),
        "density": (("density", "village.toml", "--out", "o/density", "--overwrite", *given), folder / "o/density"),
        "batch": (("batch", "village.toml", "--by", "county", "--out", "o/batch", *given), folder / "o/batch"),
        "map": (("map", "plan", "-o", "o/map.html", "--overwrite", *given), folder / "o/map.html"),
        "report": (("report", "plan", "--out", "o/report", "--overwrite", *given), folder / "o/report"),
        "compare": (("compare", "plan", "plan2", "-o", "o/c.html", "--overwrite", *given), folder / "o/c.html"),
        "roads": (
            ("roads", "nodes.csv", "edges.csv", "-o", "o/x.roads.npz", "--datum", "wgs84", "--overwrite", *given),
            folder / "o/x.roads.npz",
        ),
    }


def content(place: Path) -> dict[str, str]:
    """Return the hash of every file of an output; without those that hold times."""
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    times = ("manifest.json", ".docx", ".pdf", ".xlsx")
    return {
        str(path.relative_to(place.parent)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if not path.name.endswith(times)
    }


def attacks(folder: Path, count: int, seed: int) -> Iterator[Outcome]:
    """Yield the outcomes of ``count`` kills, each followed by a run of the same command to its end."""
    folder.mkdir(parents=True, exist_ok=True)
    calls = commands(folder)
    names = sorted(calls)
    seconds, whole = {}, {}
    for name in names[: max(count, 1)]:
        arguments, place = calls[name]
        begin = time.monotonic()
        run(*arguments, folder=folder)
        seconds[name], whole[name] = time.monotonic() - begin, content(place)
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        name = names[number % len(names)]
        arguments, place = calls[name]
        if rng.random() < 0.5:  # half of them have no earlier results
            shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
        before = content(place) if place.exists() else {}
        number_of = rng.choice(sorted(SIGNALS))
        moment = rng.uniform(0.05, 1.05) * seconds[name]
        ended = _killed(arguments, folder, number_of, moment)
        fault = ""
        left = drafts_in(folder / "o") if (folder / "o").exists() else []
        if left and number_of is not signal.SIGKILL and ended.code != 0:
            fault = f"left {left[:3]}"
        after = content(place) if place.exists() else {}
        if name != "batch" and after not in (before, whole[name]):
            fault = fault or "half written"
        if number_of is not signal.SIGKILL and ended.seconds - moment > _LATE_S and ended.code != 0:
            fault = fault or f"ended {ended.seconds - moment:.1f} s after the signal"
        again = run(*arguments, folder=folder)
        if again.code or content(place) != whole[name]:
            fault = fault or f"the next call gave other results (exit code {again.code}): {again.said[-200:]}"
        if drafts_in(folder / "o"):
            fault = fault or f"the next call left {drafts_in(folder / 'o')[:3]}"
        good = frozenset({0, SIGNALS[number_of]})
        yield judged(f"kill {name}", f"{number}: {number_of.name} at {moment:.2f} s", ended, good=good, more=fault)


def _killed(arguments: tuple[object, ...], folder: Path, number: signal.Signals, moment: float) -> Ended:
    begin = time.monotonic()
    program = [*command(*arguments)]
    with subprocess.Popen(
        program, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as process:
        time.sleep(moment)
        process.send_signal(number)
        said = process.communicate()[0].decode("utf-8", "replace")
    # The interpreter starts before the program can watch for signals.
    code = process.returncode
    early = code in (-number, 1) and "KeyboardInterrupt" in said and moment < 0.4
    code = SIGNALS[number] if early or (code == -number and moment < 0.4) else code
    return Ended(code, time.monotonic() - begin, 0.0, "" if early else said)
