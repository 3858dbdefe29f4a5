"""``stationplan demo``: plan the synthetic city in the same way as ``run`` plans any scenario."""

from __future__ import annotations

from pathlib import Path

import typer

from stationplan.cli.options import (
    DEFAULT_WORKERS,
    JsonOption,
    LangOption,
    OutOption,
    OverwriteOption,
    VerboseOption,
    WorkersOption,
)
from stationplan.cli.run import plan_scenario

# Slow imports are inside the functions that need them, as `--help` loads this module and should respond at once.

_DATA = Path("data/demo")
_MAP = Path("maps/demo.html")
_OUT = Path("out/demo")


def run_demo(
    context: typer.Context,
    out: OutOption = None,
    lang: LangOption = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
    workers: WorkersOption = DEFAULT_WORKERS,
    verbose: VerboseOption = False,
) -> None:
    """Plan the synthetic demo city and write its map and report.

    The inputs are in data/demo and are generated if they are missing. The map is written to maps/demo.html and the rest
    to out/demo; both are overwritten on every run. With --out everything is written to that folder.
    """
    from stationplan.demo import write_city

    if not (_DATA / "scenario.toml").is_file():
        write_city(_DATA)
    plan_scenario(
        context,
        _DATA / "scenario.toml",
        data=None,
        folder=out if out is not None else _OUT,
        map_path=_MAP if out is None else None,
        lang=lang,
        overwrite=overwrite or out is None,
        as_json=as_json,
        workers=workers,
        verbose=verbose,
    )
