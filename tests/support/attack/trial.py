"""One attack: the program run once in a process of its own, and what is wrong with how it ended."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MOST_MB = 1500
MOST_S = 60.0
GOOD_CODES = frozenset({0, 2, 3})
"""Done, bad input, infeasible. Anything else is a fault, unless an attack expects it."""


@dataclass(frozen=True)
class Ended:
    """How the program ended: exit code (negative: killed by a signal), seconds, peak memory, what it said."""

    code: int
    seconds: float
    peak_mb: float
    said: str


@dataclass(frozen=True)
class Outcome:
    """An attack with its kind, what was done, how it ended, and its fault; empty if there is none."""

    kind: str
    what: str
    seconds: float
    peak_mb: float
    fault: str


def environment(**more: str) -> dict[str, str]:
    """Return the environment of the program under attack, in English."""
    return {**os.environ, "LC_ALL": "", "LANG": "C.UTF-8", "COLUMNS": "200", **more}


def command(*arguments: object) -> list[str]:
    """Return the command line of the program."""
    return [sys.executable, "-m", "stationplan", *map(str, arguments)]


def run(*arguments: object, folder: Path, **more: str) -> Ended:
    """Run the program to its end; one that takes too long is killed."""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command(*arguments), cwd=folder, env=environment(**more), stdout=said, stderr=subprocess.STDOUT
        )
        while True:
            number, status, used = os.wait4(process.pid, os.WNOHANG)
            if number:
                break
            if time.monotonic() - begin > MOST_S:
                process.kill()
            time.sleep(0.01)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    # The system counts what the parent took before the program was started in it, so that only more is known.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_mb = used.ru_maxrss / 1024 if used.ru_maxrss > 1.05 * own else 0.0
    return Ended(process.returncode, time.monotonic() - begin, peak_mb, text)


def fault_of(ended: Ended, *, good: frozenset[int] = GOOD_CODES) -> str:
    """Return what is wrong with how the program ended; empty if nothing is."""
    last = ended.said.strip().splitlines()[-1:] or [""]
    if "Traceback" in ended.said or "Unexpected error" in ended.said:
        return f"unforeseen error: {ended.said.strip().splitlines()[0][:160]}"
    if ended.seconds > MOST_S:
        return f"{ended.seconds:.0f} s"
    if ended.peak_mb > MOST_MB:
        return f"{ended.peak_mb:.0f} MB"
    if ended.code not in good:
        return f"exit code {ended.code}: {last[0][:160]}"
    return ""


def judged(kind: str, what: str, ended: Ended, *, good: frozenset[int] = GOOD_CODES, more: str = "") -> Outcome:
    """Return the outcome of an attack; ``more`` is a fault that its files show."""
    return Outcome(kind, what, ended.seconds, ended.peak_mb, fault_of(ended, good=good) or more)


def drafts_in(folder: Path) -> list[str]:
    """Return the names of temporary files and folders that were left behind."""
    return sorted(
        path.name for path in folder.rglob(".*") if path.name.endswith((".part", ".old")) or ".parts." in path.name
    )
