"""A made-up extract of three million road nodes: saved by ``stationplan roads``, loaded again, against their limits."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import osmium
from osmium.osm.mutable import Node, Way

from benchmarks.result import Result
from stationplan.access import network_of
from stationplan.inputs.roads.pieces import road_arcs, usable_pieces
from stationplan.inputs.roads.rules import RoadRules, Speeds
from stationplan.inputs.roads.saved import read_saved_roads
from stationplan.scenario import Limits

SIDE = 590
"""Streets each way; with the bends between crossings this makes three million road nodes."""

_BENDS = 4
HOUSES = 125_000
_STEP = 0.001
_LON, _LAT = 103.8, 30.4

_SAVE_S, _SAVE_GB, _LOAD_S = 90.0, 6.0, 5.0

_CHILD = """
import resource, sys
from stationplan.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    sys.stderr.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}")
    raise
"""


def road_seconds(_shared: Path) -> list[Result]:
    """Save, load and connect, each once: a run takes long enough to be steady."""
    with tempfile.TemporaryDirectory() as folder:
        extract, saved = Path(folder) / "grid.osm.pbf", Path(folder) / "grid.roads.npz"
        write_extract(extract, side=SIDE, houses=HOUSES)
        begin = time.perf_counter()
        command = [sys.executable, "-c", _CHILD, "roads", str(extract), "-o", str(saved), "--json"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        save_s = time.perf_counter() - begin
        peak_gb = int(done.stderr) * 1024 / 1e9
        nodes = json.loads(done.stdout)["nodes"]
        rules = RoadRules(Speeds({"walk": 4.5, "ebike": 15.0}, {"car": {"road": 18.0}}))
        begin = time.perf_counter()
        arcs = road_arcs(usable_pieces(read_saved_roads(saved, Limits()), rules, file=saved.name), rules)
        load_s = time.perf_counter() - begin
        begin = time.perf_counter()
        network_of(arcs, crs="EPSG:32648")
        network_s = time.perf_counter() - begin
        megabytes = saved.stat().st_size / 1e6
    of = f"{nodes / 1e6:.1f} M nodes"
    return [
        Result(f"extract to saved roads, {of}", f"{save_s:.1f} s", f"limit {_SAVE_S:.0f} s", _SAVE_S / save_s, ">= 1"),
        Result("its peak memory", f"{peak_gb:.2f} GB", f"limit {_SAVE_GB:.0f} GB", _SAVE_GB / peak_gb, ">= 1"),
        Result(
            f"saved roads ({megabytes:.0f} MB) to arcs; then to network in {network_s:.1f} s",
            f"{load_s:.1f} s",
            f"limit {_LOAD_S:.0f} s",
            _LOAD_S / load_s,
            ">= 1",
        ),
    ]


def write_extract(path: Path, *, side: int, houses: int) -> None:
    """Write a grid of bent streets with mixed tags, and houses between them; always the same."""
    rng = random.Random(1)
    streets: list[list[int]] = []
    with osmium.SimpleWriter(str(path)) as writer:
        for node in _nodes(rng, side, streets):
            writer.add_node(node)
        first = side * side + 2 * side * (side - 1) * _BENDS + 1
        for house in range(houses):
            x, y = _LON + rng.random() * side * _STEP, _LAT + rng.random() * side * _STEP
            for corner, (dx, dy) in enumerate(((0, 0), (1, 0), (1, 1), (0, 1))):
                tags = {"amenity": "bank"} if house % 500 == 0 and corner == 0 else {}
                place = (x + dx * 1e-4, y + dy * 1e-4)
                writer.add_node(Node(id=first + 4 * house + corner, location=place, tags=tags))
        for number, refs in enumerate(streets, start=1):
            writer.add_way(Way(id=number, nodes=refs, tags=_tags(rng, number)))
        for house in range(houses):
            at = first + 4 * house
            ring = [at, at + 1, at + 2, at + 3, at]
            writer.add_way(Way(id=len(streets) + house + 1, nodes=ring, tags={"building": "yes"}))


def _nodes(rng: random.Random, side: int, streets: list[list[int]]) -> Iterator[Node]:
    """Yield the crossings, then the bends between them; adds the node ids of ways two blocks long to ``streets``."""
    for row in range(side):
        for column in range(side):
            yield Node(id=row * side + column + 1, location=(_LON + column * _STEP, _LAT + row * _STEP))
    number = side * side
    for along in (True, False):
        for line in range(side):
            for block in range(side - 1):
                row, column = (line, block) if along else (block, line)
                if block % 2 == 0:
                    streets.append([row * side + column + 1])
                for bend in range(1, _BENDS + 1):
                    number += 1
                    share, off = bend / (_BENDS + 1), rng.uniform(-0.02, 0.02)
                    x, y = (column + share, row + off) if along else (column + off, row + share)
                    streets[-1].append(number)
                    yield Node(id=number, location=(_LON + x * _STEP, _LAT + y * _STEP))
                streets[-1].append(row * side + column + (1 if along else side) + 1)


_CLASSES = ["residential"] * 12 + ["service"] * 6 + ["footway"] * 6 + ["tertiary"] * 3 + ["secondary", "primary"] * 2
_CLASSES += ["cycleway", "path", "track", "living_street", "unclassified", "trunk", "construction"]


def _tags(rng: random.Random, number: int) -> dict[str, str]:
    tags = {"highway": rng.choice(_CLASSES), "name": f"Street {number}"}
    for share, key, values in (
        (0.2, "oneway", ["yes"]),
        (0.2, "maxspeed", ["30", "40", "50", "CN:urban"]),
        (0.1, "surface", ["asphalt", "concrete"]),
        (0.05, "access", ["private", "destination"]),
        (0.05, "bicycle", ["yes", "no"]),
    ):
        if rng.random() < share:
            tags[key] = rng.choice(values)
    return tags
