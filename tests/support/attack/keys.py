"""Hostile values of every key of a scenario, by ``check`` and by ``run``."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from pathlib import Path

import stationplan as sp
from support.attack.trial import Outcome, fault_of, judged, run
from support.village import village

VALUES = (
    *('""', '"x"', '"a\\u0000b"', '"../../etc/passwd"', '"{{7*7}}"', f'"{"9" * 5000}"', "0", "-1", "1e308", "-1e308"),
    *("1e-300", "nan", "inf", "-inf", str(10**30), "true", "[]", "[[]]", "{}", "{ a = 1 }", "1979-05-27", '["x", 1]'),
)


def paths_of(tree: dict[str, object], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key of a document, tables too."""
    for key, value in tree.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from paths_of(value, (*above, key))


def attacks(folder: Path, count: int, seed: int) -> Iterator[Outcome]:
    """Yield the outcomes of ``count`` values of random keys; ``check`` and ``run`` must agree on those refused."""
    folder.mkdir(parents=True, exist_ok=True)
    path = village(folder, "new = 1")
    paths = sorted(paths_of(tomllib.loads(sp.load_scenario(path).toml)))
    text = path.read_text("utf-8")
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        key, value = paths[rng.randrange(len(paths))], VALUES[rng.randrange(len(VALUES))]
        (folder / "base.toml").write_text(text, encoding="utf-8")
        spelled = ".".join(f'"{part}"' for part in key)
        (folder / "try.toml").write_text(f'extends = "base.toml"\n{spelled} = {value}\n', encoding="utf-8")
        checked = run("check", "try.toml", "--lang", "en", folder=folder)
        ended = run("run", "try.toml", "--out", "out", "--overwrite", "--lang", "en", folder=folder)
        more = fault_of(checked)
        if not more and checked.code == 2 and ended.code == 0:
            more = "check refuses what run takes"
        yield judged("scenario key", f"{number}: {'.'.join(key)} = {value[:30]}", ended, more=more)
