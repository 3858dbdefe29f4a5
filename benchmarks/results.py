"""Shows that a change leaves results as they were: four studies planned by two source trees, compared byte by byte.

``python -m benchmarks.results write FOLDER --tree TREE`` plans the demo, Porto Alegre, Chengdu-Yulin and the demo's
counties as a batch with the package in ``TREE``; ``python -m benchmarks.results compare BEFORE AFTER`` compares two
such folders, with exit code 1 where a result differs. ``git worktree add TREE REVISION`` makes an older tree.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

SHARED = Path("../shared/data")

STUDIES: dict[str, tuple[list[str], str | None]] = {
    "demo": (["run", "data/demo/scenario.toml"], None),
    "porto-alegre": (["run", "examples/porto-alegre.toml"], "porto-alegre"),
    "chengdu-yulin": (["run", "examples/chengdu-yulin.toml"], "roads/chengdu-yulin"),
    "demo-batch": (["batch", "data/demo/scenario.toml", "--by", "county"], None),
}
"""Command of each study, and the folder of real data that it reads."""

COMPARED = ("plan.json", "sites.csv", "league.csv", "map.html")
"""Names of the files that are compared; of a map only the packed block of data."""

_BLOCK = re.compile(rb'class="stationplan-data">(.*?)</script>', re.DOTALL)


def write(folder: Path, tree: Path, shared: Path) -> None:
    """Plan every study with the package in a source tree."""
    environment = os.environ | {"PYTHONPATH": str(tree.resolve())}
    for name, (command, data) in STUDIES.items():
        given = ["--overwrite"] if command[0] == "run" else []
        given += [] if data is None else ["--data", str((shared / data).resolve())]
        subprocess.run(
            [
                *(sys.executable, "-c", "from stationplan.cli import main; main()"),
                *(*command, *given, "--out", str((folder / name).resolve())),
            ],
            check=True,
            cwd=tree,
            env=environment,
        )


_TEXTS = frozenset({"notes", "place"})
"""Keys of plan.json that hold words: notes, and where a gap is."""


def compared(path: Path, *, notes: bool) -> bytes:
    """Return what of a result is compared; without ``notes`` the texts of a plan are left out."""
    content = path.read_bytes()
    if path.name == "map.html":
        block = _BLOCK.search(content)
        return block[1] if block else b""  # a page of several units has no block of its own
    if path.name == "plan.json" and not notes:
        return json.dumps(_without_notes(json.loads(content)), ensure_ascii=False).encode()
    return content


def _without_notes(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_notes(item) for key, item in value.items() if key not in _TEXTS}
    return [_without_notes(item) for item in value] if isinstance(value, list) else value


def compare(before: Path, after: Path, *, notes: bool) -> bool:
    """Print each result with its hash and whether it is the same; return whether all are."""
    same = True
    names = {path.relative_to(root) for root in (before, after) for path in root.rglob("*") if path.name in COMPARED}
    for name in sorted(names):
        old, new = before / name, after / name
        if not (old.is_file() and new.is_file()):
            print(f"missing   {name}")
            same = False
            continue
        contents = [compared(path, notes=notes) for path in (old, new)]
        verdict = "same" if contents[0] == contents[1] else "DIFFERENT"
        same &= verdict == "same"
        print(f"{verdict:9} {name} {hashlib.sha256(contents[1]).hexdigest()[:12]}")
    return same and bool(names)


def main() -> None:
    """Write results, or compare two folders of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.results", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("write", help="plan every study")
    writing.add_argument("folder", type=Path)
    writing.add_argument("--tree", type=Path, default=Path(), help="source tree that plans (default: this one)")
    writing.add_argument("--shared", type=Path, default=SHARED, help="folder of real data")
    comparing = commands.add_parser("compare", help="compare two folders")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument(
        "--no-notes", action="store_true", help="leave out the texts of plan.json: notes, places of gaps"
    )
    given = parser.parse_args()
    if given.command == "write":
        write(given.folder, given.tree, given.shared)
    elif not compare(given.before, given.after, notes=not given.no_notes):
        sys.exit(1)


if __name__ == "__main__":
    main()
