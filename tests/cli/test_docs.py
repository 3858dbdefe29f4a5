"""What the documents say is what the program does."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shutil

import pytest
from support.environment import ROOT

import stationplan as sp
from stationplan.inputs.osm import read_osm_roads
from stationplan.scenario import Limits
from stationplan.siting import max_coverage

README = (ROOT / "README.md").read_text(encoding="utf-8")


def module(path):
    """A script beside the package, imported by its path."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_the_scenario_reference_is_that_of_the_schema():
    page = module(ROOT / "docs/reference.py").page()
    assert (ROOT / "docs/scenario.md").read_text(encoding="utf-8") == page


def test_the_readmes_first_commands_are_those_of_the_makefile():
    first = re.search(r"```sh\n(.*?)```", README, re.DOTALL)[1].splitlines()
    assert [line.split("#")[0].strip() for line in first] == ["make demo", "make test"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {"demo", "test"} <= set(re.findall(r"^(\w+):", makefile, re.MULTILINE))


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_readmes_scenario_plans(tmp_path, page):
    text = re.search(r"```toml\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)[1]
    # The demo's files under the README's names; OSM sources become tables, as the demo has no extract.
    for name, demo in (("districts.geojson", "districts.geojson"), ("cells.csv", "cells.csv"), ("stations.csv",) * 2):
        shutil.copy(ROOT / "data/demo" / demo, tmp_path / name)
    for name in ("roads_nodes.csv", "roads_edges.csv", "candidates.csv"):
        shutil.copy(ROOT / "data/demo" / name, tmp_path)
    roads = 'nodes = "roads_nodes.csv"\nedges = "roads_edges.csv"\ndatum = "wgs84"\n'
    places = 'file = "candidates.csv"\ndatum = "wgs84"\n'
    text = re.sub(r'osm = "extract.osm.pbf" .*\n', roads, text, count=1)
    text = re.sub(r'osm = "extract.osm.pbf" .*\nhosts = .*\n', places, text, count=1)
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    plan = sp.run(sp.load_scenario(tmp_path / "mine.toml"))
    assert len(plan.chosen) == 12


def test_the_readmes_matrix_has_the_answer_it_says():
    call = re.search(r"answer = (max_coverage\(.*\))", README)[1]
    answer = eval(call, {"max_coverage": max_coverage})
    assert (answer.sites.tolist(), answer.objective, answer.bound) == ([0, 2], 12.0, 12.0)


def test_every_page_that_a_document_links_is_there():
    pages = [ROOT / "README.md", ROOT / "README.zh.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    missing = [
        (page.name, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert missing == []


def test_every_benchmark_is_in_the_registry(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    registry = importlib.import_module("benchmarks.__main__").BENCHMARKS
    others = {"__init__", "__main__", "instances", "result", "results"}
    files = {path.stem for path in (ROOT / "benchmarks").glob("*.py")} - others
    assert files == set(registry)


def test_the_walk_benchmark_runs_and_is_exact(monkeypatch, shared_data):
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.chdir(ROOT)
    travel = importlib.import_module("benchmarks.travel")
    monkeypatch.setattr(travel, "CASES", (("walk", 5.0),))
    rows = travel.travel_ratios(shared_data)
    assert [float(row.exact.split()[0]) < 1e-3 for row in rows] == [True, True]


def test_the_road_benchmark_runs_on_a_small_grid(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT))
    roads = importlib.import_module("benchmarks.roads")
    monkeypatch.setattr(roads, "SIDE", 12)
    monkeypatch.setattr(roads, "HOUSES", 5)
    assert len(roads.road_seconds(tmp_path)) == 3
    roads.write_extract(tmp_path / "grid.osm.pbf", side=12, houses=5)
    pieces = read_osm_roads(tmp_path / "grid.osm.pbf", Limits())
    # Two blocks to a way, 2 x 12 x 11 blocks of five pieces each, but for ways of the class that is no road.
    unused = 2 * 5 * pieces.other_classes.get("construction", 0)
    assert 2 * 12 * 11 * 5 - unused <= len(pieces.tail) < 2 * 12 * 11 * 5


def test_the_yulin_tables_are_those_of_their_script(tmp_path, shared_data):
    script = shutil.copy(ROOT / "examples/chengdu-yulin/make.py", tmp_path / "make.py")
    streets = shared_data / "roads/chengdu-yulin"
    make = module(script)
    make.main(streets / "nodes.csv", streets / "edges.csv")
    for name in ("cells.csv", "stations.csv", "candidates.csv"):
        assert (tmp_path / name).read_bytes() == (ROOT / "examples/chengdu-yulin" / name).read_bytes()
