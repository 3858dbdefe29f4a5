"""Scenarios of the demo city, smaller or with another question."""

from __future__ import annotations

from pathlib import Path

import stationplan as sp
from support.environment import ROOT

DEMO = ROOT / "data/demo/scenario.toml"


def demo_scenario(folder, plan="new = 20", extra=""):
    """A scenario of the demo city beside its data, with another question and without draws."""
    text = DEMO.read_text("utf-8")
    head, rest = text.split("[plan]\n")
    tail = rest[rest.index("\n[") :]
    path = folder / "scenario.toml"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{head}[plan]\nrobustness_draws = 0\n{plan}\n{extra}{tail}", encoding="utf-8")
    return sp.load_scenario(path, data=DEMO.parent)


def cut_demo(folder: Path) -> Path:
    """Cut the demo in ``folder`` to two new sites and sixty cells, to be run quickly; return its scenario."""
    cells, scenario = folder / "cells.csv", folder / "scenario.toml"
    header, *rows = cells.read_text("utf-8").splitlines()
    cells.write_text("\n".join([header, *rows[500:560]]) + "\n", "utf-8")
    scenario.write_text(scenario.read_text("utf-8").replace("new = 20", "new = 2"), "utf-8")
    return scenario
