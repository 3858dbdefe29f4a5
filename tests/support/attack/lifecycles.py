"""Faults of the machine: a full disk, missing permissions and caches, two runs at once, locales and clocks."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from support.attack.trial import Ended, Outcome, command, drafts_in, environment, judged, run
from support.village import village

REFUSED = frozenset({2})
DONE = frozenset({0})

RUN = ("run", "village.toml", "--out", "o/plan", "--lang", "en")


def attacks(folder: Path) -> Iterator[Outcome]:
    """Yield the outcome of every fault."""
    folder.mkdir(parents=True, exist_ok=True)
    village(folder, "new = 1")
    for name, (attack, good) in LIFECYCLES.items():
        shutil.rmtree(folder / "o", ignore_errors=True)
        ended = attack(folder)
        if ended is None:
            continue
        left = drafts_in(folder / "o") if (folder / "o").exists() else []
        yield judged("machine", name, ended, good=good, more=f"left {left[:3]}" if left else "")


def _unwritable_cache(folder: Path) -> Ended:
    return run(*RUN, folder=folder, NUMBA_CACHE_DIR="/proc/none", XDG_CACHE_HOME="/proc/none")


def _no_home(folder: Path) -> Ended:
    return run(*RUN, folder=folder, HOME="/proc/none")


def _odd_locale(folder: Path) -> Ended:
    return run(*RUN, folder=folder, LC_ALL="tr_TR.UTF-8", LANG="xx_YY", PYTHONUTF8="0")


def _odd_clock(folder: Path) -> Ended:
    return run(*RUN, folder=folder, TZ="Asia/Kathmandu", SOURCE_DATE_EPOCH="-1")


def _two_at_once(folder: Path) -> Ended:
    program = [*command(*RUN, "--overwrite")]
    other = subprocess.Popen(
        program, cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    ended = run(*RUN, "--overwrite", folder=folder)
    other.wait()
    whole = len(list((folder / "o/plan").iterdir())) == 11 and other.returncode == 0
    return ended if whole else Ended(-1, ended.seconds, ended.peak_mb, f"half written ({other.returncode})")


def _no_permission(folder: Path) -> Ended | None:
    if os.geteuid() == 0:
        return None
    (folder / "o").mkdir()
    (folder / "o").chmod(0o555)
    try:
        return run(*RUN, folder=folder)
    finally:
        (folder / "o").chmod(0o755)


def _file_in_the_way(folder: Path) -> Ended:
    (folder / "o").write_text("dear")
    try:
        return run(*RUN, folder=folder)
    finally:
        (folder / "o").unlink()


def _input_gone(folder: Path) -> Ended:
    cells = folder / "cells.csv"
    aside = cells.rename(folder / "aside.csv")
    try:
        return run(*RUN, folder=folder)
    finally:
        aside.rename(cells)


def _input_is_a_folder(folder: Path) -> Ended:
    cells = folder / "cells.csv"
    aside = cells.rename(folder / "aside.csv")
    cells.mkdir()
    try:
        return run(*RUN, folder=folder)
    finally:
        cells.rmdir()
        aside.rename(cells)


def _input_is_a_pipe(folder: Path) -> Ended:
    cells = folder / "cells.csv"
    aside = cells.rename(folder / "aside.csv")
    os.mkfifo(cells)
    try:
        return run(*RUN, folder=folder)
    finally:
        cells.unlink()
        aside.rename(cells)


def _full_disk(folder: Path) -> Ended | None:
    (folder / "o").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "none", str(folder / "o")]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        return None
    try:
        ended = run(*RUN, folder=folder)
        left = sorted(path.name for path in (folder / "o").iterdir())
    finally:
        subprocess.run(["umount", str(folder / "o")], check=True)
    return Ended(-1, ended.seconds, ended.peak_mb, f"left {left}") if left else ended


LIFECYCLES: dict[str, tuple[Callable[[Path], Ended | None], frozenset[int]]] = {
    "caches that cannot be written": (_unwritable_cache, DONE),
    "no home": (_no_home, DONE),
    "another locale": (_odd_locale, DONE),
    "another clock": (_odd_clock, DONE),
    "two runs into one folder": (_two_at_once, DONE),
    "a folder without permission": (_no_permission, REFUSED),
    "a file in the way": (_file_in_the_way, REFUSED),
    "an input is missing": (_input_gone, REFUSED),
    "an input is a folder": (_input_is_a_folder, REFUSED),
    "an input is a pipe": (_input_is_a_pipe, REFUSED),
    "a full disk": (_full_disk, frozenset({1})),
}
