"""The 183 real counties of Sichuan without roads, and its 21 prefectures: the example's batch, with its costs."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.batch import watched
from benchmarks.result import Result

_SCENARIO = Path(__file__).parents[1] / "examples/sichuan-batch.toml"
_LIMIT_S, _LIMIT_GB = 240.0, 3.0


def sichuan_seconds(shared: Path) -> list[Result]:
    """Plan every county, then every prefecture, on two processes; ways are straight lines over squares of 5 km."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        scenario = _inputs(shared / "sichuan", folder)
        program = str(Path(sys.executable).with_name("stationplan"))
        for by in ("county", "prefecture"):
            out = folder / by
            command = [program, "batch", str(scenario), "--by", by, "--workers", "2", "--out", str(out)]
            begin = time.perf_counter()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            most = watched(process)
            seconds = time.perf_counter() - begin
            if process.returncode:
                raise RuntimeError(f"the batch ended with {process.returncode}")
            with (out / "league.csv").open(encoding="utf-8-sig", newline="") as stream:
                league = list(csv.DictReader(stream))
            workers = sum(float(row["workers"]) for row in league)
            rows.append(
                Result(
                    f"Sichuan by {by}: {len(league)} units, {workers:,.0f} workers, without roads",
                    f"{seconds:.0f} s, {most:.1f} GB, {seconds / len(league):.2f} s a unit",
                    f"limit {_LIMIT_S:.0f} s, {_LIMIT_GB:.0f} GB",
                    min(_LIMIT_S / seconds, _LIMIT_GB / most),
                    ">= 1",
                )
            )
    return rows


def _inputs(source: Path, folder: Path) -> Path:
    """Put scenario, census and counties into a folder, each county with the code of its prefecture."""
    shutil.copyfile(source / "county_census2020.csv", folder / "census.csv")
    counties = json.loads((source / "sichuan_counties_183.geojson").read_text("utf-8"))
    for county in counties["features"]:
        county["properties"]["prefecture"] = str(county["properties"]["acroutes"][-1])
    (folder / "counties.geojson").write_text(json.dumps(counties), encoding="utf-8")
    text = _SCENARIO.read_text("utf-8").replace("[area]\n", '[area]\nprefecture = "prefecture"\n')
    path = folder / _SCENARIO.name
    path.write_text(text, encoding="utf-8")
    return path
