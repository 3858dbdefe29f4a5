"""A province of copies of the demo city, each a unit: the whole command ``stationplan batch`` against its limits."""

from __future__ import annotations

import csv
import io
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.result import Result

_DATA = Path(__file__).parents[1] / "data/demo"
_COUNTS = (20, 183)
_LIMIT_S, _LIMIT_GB = 240.0, 3.0
_ACROSS, _STEP = 14, 0.2
"""Cities side by side, and degrees from one to the next: the city is 0.1 degrees wide."""


def batch_seconds(_shared: Path) -> list[Result]:
    """Plan so many units on two processes, each with 1,074 cells, 80 stations and 300 candidates."""
    rows, each = [], []
    for count in _COUNTS:
        with tempfile.TemporaryDirectory() as folder:
            scenario = province(Path(folder), count)
            program = str(Path(sys.executable).with_name("stationplan"))
            command = [*(program, "batch", str(scenario), "--by", "prefecture"), *("--workers", "2", "--out")]
            begin = time.perf_counter()
            process = subprocess.Popen([*command, str(Path(folder) / "out")], stdout=subprocess.DEVNULL)
            most = watched(process)
            seconds = time.perf_counter() - begin
            if process.returncode:
                raise RuntimeError(f"the batch ended with {process.returncode}")
            done = len(list((Path(folder) / "out/units").glob("*/done.json")))
        each.append(seconds / count)
        wanted, limit = (">= 1", _LIMIT_S) if count == max(_COUNTS) else ("", _LIMIT_S * count / max(_COUNTS))
        rows.append(
            Result(
                f"{done} units with all their files",
                f"{seconds:.0f} s, {most:.1f} GB",
                f"limit {limit:.0f} s, {_LIMIT_GB:.0f} GB",
                min(limit / seconds, _LIMIT_GB / most),
                wanted,
            )
        )
    growth = f"{each[0]:.2f} s a unit of {_COUNTS[0]}, {each[1]:.2f} s of {_COUNTS[1]}"
    rows.append(Result("cost of a unit as they grow", growth, "flat", each[0] / each[1], ">= 0.9"))
    return rows


def province(folder: Path, count: int) -> Path:
    """Write a scenario with so many copies of the demo city in a grid and their roads, saved; return its path."""
    shifts = [(_STEP * (k % _ACROSS), _STEP * (k // _ACROSS)) for k in range(count)]

    def copies(name: str, encoding: str, lon: str, lat: str, ids: tuple[str, ...]) -> None:
        text = (_DATA / name).read_text(encoding)
        given = list(csv.DictReader(io.StringIO(text)))
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(given[0]))
            writer.writeheader()
            for k, (east, north) in enumerate(shifts):
                for row in given:
                    moved = {key: f"{k * 100_000 + int(re.sub(r'[^0-9]', '', row[key]))}" for key in ids}
                    if lon:
                        moved |= {lon: f"{float(row[lon]) + east:.6f}", lat: f"{float(row[lat]) + north:.6f}"}
                    if "wkt" in row:
                        moved["wkt"] = _shifted(row["wkt"], east, north)
                    writer.writerow({**row, **moved})

    copies("roads_nodes.csv", "utf-8", "lon", "lat", ("node_id",))
    copies("roads_edges.csv", "utf-8", "", "", ("edge_id", "u", "v"))
    copies("cells.csv", "utf-8", "lon", "lat", ("cell_id",))
    copies("candidates.csv", "utf-8-sig", "经度", "纬度", ("编码",))
    copies("stations.csv", "gb18030", "经度", "纬度", ("编码",))
    for name, first in (("candidates.csv", "C"), ("stations.csv", "S")):
        header, *rows = (folder / name).read_text("utf-8").splitlines()
        (folder / name).write_text("\n".join([header, *(first + row for row in rows)]) + "\n", encoding="utf-8")
    districts = json.loads((_DATA / "districts.geojson").read_text("utf-8"))
    features = []
    for k, (east, north) in enumerate(shifts):
        for one in districts["features"]:
            about = {**one["properties"], "code": f"{k:03d}{one['properties']['code']}", "prefecture": f"City {k:03d}"}
            rings = [[[x + east, y + north] for x, y in ring] for ring in one["geometry"]["coordinates"]]
            features.append({**one, "properties": about, "geometry": {**one["geometry"], "coordinates": rings}})
    whole = {"type": "FeatureCollection", "features": features}
    (folder / "districts.geojson").write_text(json.dumps(whole), encoding="utf-8")
    # As an office does that plans again and again: the roads are saved once.
    program = str(Path(sys.executable).with_name("stationplan"))
    tables = [str(folder / "roads_nodes.csv"), str(folder / "roads_edges.csv")]
    saved = ["--datum", "wgs84", "--limit", "rows=5000000", "--out", str(folder / "province.roads.npz")]
    subprocess.run(
        [program, "roads", *tables, *saved], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    text = (_DATA / "scenario.toml").read_text("utf-8")
    given = 'nodes = "roads_nodes.csv"\nedges = "roads_edges.csv"\ndatum = "wgs84"\n'
    assert given in text
    path = folder / "province.toml"
    path.write_text(text.replace(given, 'file = "province.roads.npz"\n'), encoding="utf-8")
    return path


def _shifted(wkt: str, east: float, north: float) -> str:
    def moved(found: re.Match[str]) -> str:
        return f"{float(found[1]) + east:.6f} {float(found[2]) + north:.6f}"

    return re.sub(r"(-?[\d.]+) (-?[\d.]+)", moved, wkt)


def watched(process: subprocess.Popen[bytes]) -> float:
    """Wait for a process; return the most memory that it and its children held at once, GB."""
    most, page = 0.0, resource.getpagesize()
    while process.poll() is None:
        held = sum(_resident(pid) for pid in _family(process.pid)) * page / 1e9
        most = max(most, held)
        time.sleep(0.2)
    return most


def _family(root: int) -> list[int]:
    parents = {}
    for name in (path.name for path in Path("/proc").iterdir() if path.name.isdecimal()):
        try:
            parents[int(name)] = int(Path(f"/proc/{name}/stat").read_text().rsplit(") ", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
    family = [root]
    for one in family:
        family += [child for child, parent in parents.items() if parent == one]
    return family


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
