"""Mutants of input files: every reader, by bytes, by the members of archives, and by values of text and JSON."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

import geopandas
import openpyxl
import shapely

from support.attack.trial import Outcome, judged, run
from support.village import NODES, longitude, village

HOSTILE_TEXTS = (
    *("", "1e308", "-1e308", "nan", "inf", "-1", "1_0", "0x10", "9" * 400, "１２", "E104 S30", "=cmd()", "{{7*7}}"),
    *("\u202e\u200b", "\x1b[2J", "\ud800", "a\rb", '"', "\x00", "<script>", "%s%n", "../../etc", "A" * 200_000),
)
HOSTILE_VALUES: tuple[object, ...] = (None, [], {}, "x", 1e308, -1, True, [[]], {"type": "Point"}, "9" * 400, 10**400)


def bases(folder: Path) -> dict[str, tuple[str, ...]]:
    """Write small valid files of every format; return the command that reads each, by its name."""
    village(folder, "new = 1")
    stations = folder / "stations.csv"
    header, *rows = [line.split(",") for line in stations.read_text().splitlines()]
    book = openpyxl.Workbook()
    for row in (header, *rows):
        book.active.append(row)
    book.save(folder / "stations.xlsx")
    points = geopandas.GeoDataFrame(
        {"id": ["S"], "name": ["Old"]}, geometry=[shapely.Point(float(longitude(0)), 30)], crs="EPSG:4326"
    )
    line = shapely.LineString([(float(longitude(node)), 30) for node in range(NODES)])
    roads = geopandas.GeoDataFrame({"highway": ["residential"]}, geometry=[line], crs="EPSG:4326")
    stated = ("--datum", "wgs84")
    found: dict[str, tuple[str, ...]] = {}
    for name in ("stations.csv", "stations.xlsx"):
        found[name] = ("check", name, "--as", "stations", *stated)
    for suffix in ("geojson", "gpkg", "fgb", "kml", "parquet"):
        name = f"points.{suffix}"
        if suffix == "parquet":
            points.to_parquet(folder / name)
        else:
            points.to_file(folder / name, driver="KML" if suffix == "kml" else None)
        found[name] = ("check", name, "--as", "stations", *stated)
    found["districts.geojson"] = ("check", "districts.geojson", "--as", "districts", *stated)
    found["cells.csv"] = ("check", "cells.csv", "--as", "demand", *stated)
    for suffix in ("gpkg", "geojson"):
        name = f"roads.{suffix}"
        roads.to_file(folder / name)
        found[name] = ("roads", name, "-o", "out.roads.npz", "--overwrite", *stated)
    _write_graph(folder / "roads.graphml")
    _write_osm(folder / "roads.osm")
    for name in ("roads.graphml", "roads.osm"):
        found[name] = ("roads", name, "-o", "out.roads.npz", "--overwrite")
    run("roads", "roads.osm", "-o", "saved.roads.npz", folder=folder)
    found["saved.roads.npz"] = ("roads", "saved.roads.npz", "-o", "out.roads.npz", "--overwrite")
    found["edges.csv"] = ("roads", "nodes.csv", "edges.csv", "-o", "out.roads.npz", "--overwrite", *stated)
    found["village.toml"] = ("check", "village.toml")
    return found


def _write_graph(path: Path) -> None:
    keys = "".join(
        f'<key id="d{i}" for="{kind}" attr.name="{name}" attr.type="string"/>'
        for i, (kind, name) in enumerate(
            [("graph", "crs"), ("node", "x"), ("node", "y"), ("edge", "highway"), ("edge", "length")]
        )
    )
    nodes = "".join(
        f'<node id="{n}"><data key="d1">{longitude(n)}</data><data key="d2">30</data></node>' for n in range(NODES)
    )
    edges = "".join(
        f'<edge source="{n}" target="{n + 1}" id="0"><data key="d3">residential</data><data key="d4">500</data></edge>'
        for n in range(NODES - 1)
    )
    path.write_text(
        f'<?xml version="1.0"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns">{keys}'
        f'<graph edgedefault="directed"><data key="d0">epsg:4326</data>{nodes}{edges}</graph></graphml>'
    )


def _write_osm(path: Path) -> None:
    nodes = "".join(f'<node id="{n + 1}" version="1" lon="{longitude(n)}" lat="30.0"/>' for n in range(NODES))
    refs = "".join(f'<nd ref="{n + 1}"/>' for n in range(NODES))
    way = f'<way id="1" version="1">{refs}<tag k="highway" v="residential"/></way>'
    path.write_text(f'<?xml version="1.0"?><osm version="0.6">{nodes}{way}</osm>')


def mutant(raw: bytes, name: str, rng: random.Random) -> tuple[str, bytes]:
    """Return a mutant of a file, and what was done to it."""
    if zipfile.is_zipfile(io.BytesIO(raw)) and rng.random() < 0.7:
        return _archived(raw, rng)
    if name.endswith((".geojson",)) and rng.random() < 0.6:
        return _json(raw, rng)
    if name.endswith((".csv", ".toml", ".graphml", ".osm", ".kml")) and rng.random() < 0.7:
        return _text(raw, rng)
    return _bytes(raw, rng)


def _bytes(raw: bytes, rng: random.Random) -> tuple[str, bytes]:
    changed = bytearray(raw)
    way = rng.choice(("cut", "flip", "zero", "double", "insert"))
    at = rng.randrange(max(len(raw), 1))
    size = rng.choice((1, 4, 64, 512))
    if way == "cut":
        return f"cut at {at}", raw[:at]
    if way == "flip":
        for _ in range(size):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    elif way == "zero":
        changed[at : at + size] = bytes(min(size, len(raw) - at))
    elif way == "double":
        changed[at:at] = raw[at : at + size]
    else:
        changed[at:at] = rng.choice((b"\x00", b"\xff" * 8, b"\xef\xbb\xbf", b"\r", b'"', b"\x7f\xff\xff\xff"))
    return f"{way} {size} at {at}", bytes(changed)


def _archived(raw: bytes, rng: random.Random) -> tuple[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(members))
    if rng.random() < 0.1:
        del members[name]
        what = "without"
    elif name.endswith((".xml", ".rels", ".json")):
        what, members[name] = _text(members[name], rng)
    else:
        what, members[name] = _bytes(members[name], rng)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, content in members.items():
            archive.writestr(one, content)
    return f"{name}: {what}", buffer.getvalue()


def _text(raw: bytes, rng: random.Random) -> tuple[str, bytes]:
    """Return a text with one value, between separators, replaced by a hostile one."""
    text = raw.decode("utf-8", "replace")
    marks = [i for i, sign in enumerate(text) if sign in ',"<>=\n']
    one = rng.randrange(len(marks) - 1) if len(marks) > 1 else 0
    hostile = rng.choice(HOSTILE_TEXTS)
    if len(marks) < 2:
        return f"as {hostile[:20]!r}", hostile.encode("utf-8", "surrogatepass")
    changed = text[: marks[one] + 1] + hostile + text[marks[one + 1] :]
    return f"value {one} is {hostile[:20]!r}", changed.encode("utf-8", "surrogatepass")


def _json(raw: bytes, rng: random.Random) -> tuple[str, bytes]:
    tree = json.loads(raw)
    places: list[tuple[object, object]] = []

    def walk(node: object) -> None:
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, item in items:
            places.append((node, key))
            walk(item)

    walk(tree)
    node, key = places[rng.randrange(len(places))]
    value = HOSTILE_VALUES[rng.randrange(len(HOSTILE_VALUES))]
    node[key] = value  # type: ignore[index]
    return f"{key} is {str(value)[:20]}", json.dumps(tree).encode()


def attacks(folder: Path, count: int, seed: int) -> Iterator[Outcome]:
    """Yield the outcomes of ``count`` mutants, in turn of every format."""
    folder.mkdir(parents=True, exist_ok=True)
    commands = bases(folder)
    whole = {name: (folder / name).read_bytes() for name in commands}
    names = sorted(commands)
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        name = names[number % len(names)]
        what, raw = mutant(whole[name], name, rng)
        (folder / name).write_bytes(raw)
        ended = run(*commands[name], "--lang", "en", folder=folder)
        (folder / name).write_bytes(whole[name])
        yield judged(f"input {name}", f"{number}: {what}", ended)
