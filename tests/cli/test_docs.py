"""What the documents say is what the program does."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
import shutil
import tomllib

import pytest
import tomli_w
from support.demo import cut_demo
from support.environment import ROOT

import stationplan as sp
from stationplan.cli.app import main, make_command
from stationplan.cli.run import print_summary
from stationplan.inputs.osm import read_osm_roads
from stationplan.scenario import Limits
from stationplan.siting import max_coverage

README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = (ROOT / "docs/guides/python.md").read_text(encoding="utf-8")
GENERATED = ("scenario.md", "commands.md")
GUIDES = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [
    *(ROOT / name for name in ("README.md", "README.zh.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *(ROOT / name for name in ("data/README.md", "maps/README.md", "benchmarks/README.md")),
    *GUIDES,
]


def label(page):
    return page.relative_to(ROOT).as_posix()


def blocks(page, language):
    """The code blocks of a page in one language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [text for marked, text in fenced if marked == language]


def headings(page):
    """Level and text of each heading of a page, without those in code."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [(len(signs), title) for signs, title in re.findall(r"^(#+) (.+)$", text, re.MULTILINE)]


def anchor(title):
    """The part of an address after ``#`` that stands for a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def module(path):
    """A script beside the package, imported by its path."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_the_reference_pages_are_those_of_the_schema_and_the_commands():
    pages = module(ROOT / "docs/reference.py").pages()
    assert set(pages) == set(GENERATED)
    for name, text in pages.items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text


def test_the_readmes_are_short_and_have_the_same_sections():
    pairs = {
        "stationplan": "stationplan：户外劳动者驿站选址规划",
        "What it is": "项目简介",
        "First plan": "第一个方案",
        "Your own data": "使用自己的数据",
        "What a run leaves": "运行结果",
        "Where to read on": "延伸阅读",
    }
    english, chinese = headings(ROOT / "README.md"), headings(ROOT / "README.zh.md")
    assert [title for _, title in english] == list(pairs)
    assert [(level, pairs[title]) for level, title in english] == chinese
    for page in ("README.md", "README.zh.md"):
        assert len((ROOT / page).read_text(encoding="utf-8").splitlines()) <= 120
    tables = [
        len(re.findall(r"^\|", (ROOT / page).read_text("utf-8"), re.MULTILINE))
        for page in ("README.md", "README.zh.md")
    ]
    assert tables[0] == tables[1]


def test_the_index_lists_every_page():
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    listed = {link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", index)}
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in GUIDES} - {"index.md"}
    assert pages - listed == set()


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


def test_the_matrix_of_the_python_guide_has_the_answer_it_says():
    call = re.search(r"answer = (max_coverage\(.*\))", PYTHON)[1]
    answer = eval(call, {"max_coverage": max_coverage})
    assert (answer.sites.tolist(), answer.objective, answer.bound) == ([0, 2], 12.0, 12.0)


def test_the_first_example_of_the_python_guide_runs(tmp_path, monkeypatch):
    cut_demo(shutil.copytree(ROOT / "data/demo", tmp_path / "data/demo"))
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(blocks(ROOT / "docs/guides/python.md", "python")[0], names)
    assert len(names["plan"].chosen) == len(names["again"].chosen) == 2
    assert names["where"].surface.heads.shape == (60, 4)
    assert (tmp_path / "out/mine/plan.json").is_file()


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_link_of_a_page_leads_somewhere(page):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith(("https://", "http://")):
            continue
        path, _, part = link.partition("#")
        target = page if not path else page.parent / path
        if not target.exists() or (part and part not in {anchor(title) for _, title in headings(target)}):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_command_line_of_a_page_is_understood(page):
    commands = make_command("en").commands
    for block in blocks(page, "sh"):
        for line in block.splitlines():
            program, *arguments = shlex.split(line, comments=True)
            if program.removeprefix(".venv/bin/") == "stationplan":
                given = commands[arguments[0]].make_context(arguments[0], arguments[1:]).params
                assert given["lang"] in (None, "zh", "en")


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in GENERATED], ids=label)
def test_every_piece_of_a_scenario_in_a_page_is_valid(page, tmp_path):
    whole = tomllib.loads(blocks(ROOT / "README.md", "toml")[0])
    sources = {"file", "osm", "nodes", "grid"}
    for text in blocks(page, "toml"):
        piece = tomllib.loads(text)
        for name in ("scenario", "province"):
            (tmp_path / f"{name}.toml").write_text(tomli_w.dumps(whole), encoding="utf-8")
        if not {"schema", "extends"} & piece.keys():
            # A table that names a source takes the place of the README's; others add to it.
            kept = {key: value for key, value in whole.items() if not sources & dict(piece.get(key, {})).keys()}
            (tmp_path / "scenario.toml").write_text(tomli_w.dumps(kept), encoding="utf-8")
            piece["extends"] = "scenario.toml"
        (tmp_path / "piece.toml").write_text(tomli_w.dumps(piece), encoding="utf-8")
        assert sp.load_scenario(tmp_path / "piece.toml").file.schema_version == 1


def test_the_tutorial_quotes_what_the_commands_print(tmp_path, demo_plan, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    page = ROOT / "docs/tutorial.md"
    print_summary(demo_plan, {}, "en")
    shutil.copytree(ROOT / "data/demo", tmp_path / "data/demo")
    (tmp_path / "data/demo/ten.toml").write_text(blocks(page, "toml")[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for line in ("check data/demo/scenario.toml --lang en", "run data/demo/ten.toml --lang en --why-not C003"):
        with pytest.raises(SystemExit) as caught:
            main(line.split())
        assert not caught.value.code
    printed = capsys.readouterr().out
    quoted = [line for block in blocks(page, "") for line in block.splitlines()]
    assert len(quoted) > 4
    assert [line for line in quoted if line not in printed] == []


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
