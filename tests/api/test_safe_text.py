"""Text from an input is data in every output: never markup, template, script, formula or terminal control."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

import folium
import numpy as np
import pyogrio
import pytest
import tomli_w
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.altered import altered
from support.hostile import FRAGMENTS, NEVER_WRITTEN, WHOLE, replace_texts
from support.map_block import block_in

import stationplan as sp
from stationplan.access import network_from_arcs
from stationplan.cli import main
from stationplan.cli.run import print_summary
from stationplan.domain import InputFile, Plan
from stationplan.planning.road_lines import road_lines
from stationplan.report import document_text, render_report, sites_csv, write_geopackage, write_workbook
from stationplan.report.tables import formula_safe
from stationplan.webmap import build, render

LANGUAGES = ["zh", "en"]


file_texts = st.one_of(
    st.sampled_from(WHOLE), st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=6).map("".join)
)
page_texts = st.one_of(
    st.sampled_from(WHOLE),
    st.lists(st.sampled_from(FRAGMENTS + NEVER_WRITTEN), min_size=1, max_size=6).map("".join),
)
SLOW = settings(deadline=None, derandomize=True, max_examples=12)


@pytest.fixture(scope="module")
def light(demo_plan):
    """The demo plan with one road: texts are what matters here."""
    road = network_from_arcs([104.0, 104.01], [30.6, 30.6], [0], [1], minutes={"walk": [9]})
    return altered(demo_plan, roads=road_lines(road))


@pytest.fixture(scope="module")
def tell(light):
    """A function that gives the plan told with some texts, one after the other."""

    def told_with(texts: list[str]) -> Plan:
        supply = itertools.cycle(texts)
        return replace_texts(light, lambda: next(supply))

    return told_with


class Page(HTMLParser):
    """The elements of a page with the names of their attributes, and its text outside script and style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.title = self.words = self.data = ""
        self.within = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.within = "data" if ("class", "stationplan-data") in attrs else tag

    def handle_endtag(self, tag):
        self.elements.append((f"/{tag}", ()))
        self.within = ""

    def handle_comment(self, data):
        self.elements.append(("comment", ()))

    def handle_data(self, data):
        if self.within == "title":
            self.title += data
        elif self.within == "data":
            self.data += data
        elif self.within not in {"script", "style"}:
            self.words += data


@pytest.fixture(scope="module")
def usual(tell):
    """A function that gives the elements of a page told with a harmless text."""
    plan = tell(["harmless"])

    @cache
    def elements(make: Callable[..., str], lang: str) -> list[tuple[str, tuple[str, ...]]]:
        return Page(make(plan, lang=lang)).elements

    return elements


# ---- pages --------------------------------------------------------------------------------------------------------


@SLOW
@given(texts=st.lists(page_texts, min_size=1, max_size=5), lang=st.sampled_from(LANGUAGES))
@example(texts=[*FRAGMENTS, *NEVER_WRITTEN], lang="zh")
@example(texts=WHOLE, lang="en")
def test_the_map_shows_any_text_as_it_is(tell, usual, texts, lang):
    told = tell(texts)
    html = render(told, lang=lang)
    page = Page(html)
    assert page.elements == usual(render, lang)
    assert page.title == told.study.name.in_language(lang)
    assert "A49B" not in html
    assert re.fullmatch(r"\s*[A-Za-z0-9+/=]+\s*", page.data)

    data, sites = block_in(html).content, told.sites
    assert (data["title"], data["subtitle"]) == (told.study.name.in_language(lang), told.study.notice.in_language(lang))
    roads, workers = {"zh": ("道路数据：", "劳动者数据：cells.csv"), "en": ("Roads: ", "Workers: cells.csv")}[lang]
    assert data["sources"] == [roads + told.study.sources[0], workers]
    for part, groups in (("groups", told.demand.groups), ("slots", told.demand.slots)):
        assert [entry["name"] for entry in data[part]] == [entry.name.in_language(lang) for entry in groups]
    column = {"zh": "name", "en": "name_en"}[lang]
    assert data["districts"]["name"] == list(told.area.districts[column])
    assert data["districts"]["prefecture"] == list(told.area.districts["prefecture"])
    for key, values in (("id", sites.site_id), ("name", sites.name), ("address", sites.address)):
        assert data["sites"][key] == list(values)
    for site, why in zip(data["proposed"], told.why, strict=True):
        assert why.nearest_existing < 0 or site["nearest"]["name"] == sites.name[why.nearest_existing]


@SLOW
@given(texts=st.lists(page_texts, min_size=1, max_size=5), lang=st.sampled_from(LANGUAGES))
@example(texts=[*FRAGMENTS, *NEVER_WRITTEN], lang="zh")
@example(texts=WHOLE, lang="en")
def test_the_report_shows_any_text_as_it_is(tell, usual, texts, lang):
    told = tell(texts)
    html = render_report(told, lang=lang)
    page = Page(html)
    assert page.elements == usual(render_report, lang)
    assert "A49B" not in html
    assert page.title == told.study.name.in_language(lang)
    shown = [told.study.name, told.study.notice, *(entry.name for entry in (*told.demand.groups, *told.demand.slots))]
    assert [text for text in shown if text.in_language(lang) not in page.words] == []
    sites = [(told.sites.name[i], told.sites.address[i], told.sites.hours[i]) for i in told.chosen]
    assert [text for text in itertools.chain(*sites, told.study.sources) if text not in page.words] == []


@given(text=page_texts)
@SLOW
def test_layer_names_hold_no_text_of_an_input(light, tell, text):
    # Leaflet reads a layer's name as markup, so it may come from our own words only.
    def names(page):
        return [child.layer_name for child in page._children.values() if isinstance(child, folium.FeatureGroup)]

    assert names(build(tell([text]))) == names(build(light))


# ---- tables and files ---------------------------------------------------------------------------------------------


@SLOW
@given(texts=st.lists(page_texts, min_size=1, max_size=5))
@example(texts=FRAGMENTS)
def test_plan_json_reads_back_exactly(tell, texts):
    told = tell(texts)
    read = json.loads(document_text(told))
    sites = told.sites
    assert read["name"] == {"zh": told.study.name.zh, "en": told.study.name.en}
    assert [site["site_id"] for site in read["sites"]] == [sites.site_id[i] for i in told.chosen]
    assert [site["name"] for site in read["sites"]] == [sites.name[i] for i in told.chosen]
    assert [site["address"] for site in read["sites"]] == [sites.address[i] for i in told.chosen]
    assert [row["district"] for row in read["coverage"]["by_district"]] == list(told.area.districts["name"])
    assert [row["name"]["zh"] for row in read["coverage"]["by_group"]] == [g.name.zh for g in told.demand.groups]
    assert read["notes"] == [str(note) for note in told.study.notes]


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
"""What a spreadsheet may take for a formula, or skip before one (OWASP ASVS 5, requirement 1.2.10)."""


@SLOW
@given(texts=st.lists(file_texts, min_size=1, max_size=5))
@example(texts=FRAGMENTS)
def test_the_csv_reads_back_exactly_and_starts_no_formula(tell, texts):
    told = tell(texts)
    rows = list(csv.DictReader(io.StringIO(sites_csv(told), newline=""), strict=True))
    assert len(rows) == len(told.chosen)
    districts = list(told.area.districts["name"])
    for row, i in zip(rows, told.chosen, strict=True):
        sites = told.sites
        assert None not in row
        expected = {"site_id": sites.site_id[i], "name": sites.name[i], "address": sites.address[i]}
        expected |= {"hours": sites.hours[i], "district": districts[sites.district[i]]}
        for field, text in expected.items():
            assert row[field] == (f"'{text}" if text.startswith(FORMULA_STARTS) else text)


@pytest.mark.parametrize("start", FORMULA_STARTS, ids=repr)
def test_a_text_that_would_start_a_formula_gets_an_apostrophe(start):
    assert formula_safe(f"{start}1+1") == f"'{start}1+1"


@given(text=st.text())
@settings(deadline=None, derandomize=True, max_examples=100)
def test_other_text_is_left_alone(text):
    assert formula_safe(text) == (f"'{text}" if text.startswith(FORMULA_STARTS) else text)


def workbook_texts(path: Path) -> set[str]:
    """Every shared text of a workbook, by Excel's own rules; fails where a part is not XML or holds a formula."""
    name = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as book:
        parts = {part: ElementTree.fromstring(book.read(part)) for part in book.namelist()}
    for part, root in parts.items():
        assert not list(root.iter(f"{name}f")), f"{part} holds a formula"
        assert not list(root.iter(f"{name}hyperlink")), f"{part} holds a link"
    texts = ["".join(t.text or "" for t in entry.iter(f"{name}t")) for entry in parts["xl/sharedStrings.xml"]]
    return {re.sub(r"_x([0-9A-F]{4})_", lambda code: chr(int(code[1], 16)), text) for text in texts}


@SLOW
@given(texts=st.lists(file_texts, min_size=1, max_size=5), lang=st.sampled_from(LANGUAGES))
@example(texts=[text for text in FRAGMENTS if text.strip()], lang="zh")
def test_the_workbook_holds_any_text_as_text(tell, texts, lang):
    told = tell(texts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sites.xlsx"
        write_workbook(told, path, lang=lang)
        read = workbook_texts(path)
    sites = told.sites
    wanted = {value[i] for value in (sites.site_id, sites.name, sites.address, sites.hours) for i in told.chosen}
    wanted |= {told.study.name.in_language(lang), told.study.notice.in_language(lang)}
    wanted |= {entry.name.in_language(lang) for entry in (*told.demand.groups, *told.demand.slots)}
    assert wanted - read == set()


def test_a_text_that_looks_like_rich_text_of_a_workbook_stays_text(tell, tmp_path):
    text = "<r><t>a & b</t></r>"
    write_workbook(tell([text]), tmp_path / "sites.xlsx", lang="zh")
    assert text in workbook_texts(tmp_path / "sites.xlsx")


@settings(deadline=None, derandomize=True, max_examples=6)
@given(texts=st.lists(file_texts, min_size=1, max_size=5))
@example(texts=FRAGMENTS)
def test_the_geopackage_reads_back_exactly(tell, texts):
    told = tell(texts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.gpkg"
        write_geopackage(told, path)
        proposed, districts, existing = (
            pyogrio.read_dataframe(path, layer=layer) for layer in ("proposed", "districts", "existing")
        )
    sites = told.sites
    for field in ("site_id", "name", "address", "hours"):
        assert list(proposed[field]) == [getattr(sites, field)[i] for i in told.chosen]
        assert list(existing[field]) == [getattr(sites, field)[i] for i in np.flatnonzero(sites.existing)]
    for field in ("name", "name_en", "prefecture", "district_id"):
        assert list(districts[field]) == list(told.area.districts[field])


def test_a_file_name_that_is_not_utf_8_does_not_lose_the_plan(demo_plan, tmp_path):
    # As files unpacked from a zip made on a Chinese Windows are named.
    odd = os.fsdecode("场景.toml".encode("gb18030"))
    inputs = (InputFile(odd, "0" * 64, "scenario", ""), *demo_plan.study.inputs[1:])
    altered(demo_plan, inputs=inputs).save(tmp_path / "out")
    assert json.loads((tmp_path / "out/manifest.json").read_text("utf-8"))["inputs"][0]["role"] == "scenario"


# ---- the terminal -------------------------------------------------------------------------------------------------

MARKUP = ["[bold]", "[/bold]", "[/]", "[link=http://example.invalid]x[/link]", "[red", "[1]", "[[", "]", "[@click=a]"]
OTHER = ["\\", "\\\\", ":cat:", ":warning:", "{0}", "{name}", "%s", "驿站", "a", "0.5", "'", '"', "http://a.invalid"]

terminal_texts = st.lists(st.sampled_from(MARKUP + OTHER), min_size=1, max_size=5).map("".join)


def summary(plan: Plan, paths: dict[str, Path]) -> list[str]:
    stream = io.StringIO()
    wide = {"COLUMNS": "4000", "TERM": "dumb"}
    with mock.patch.dict(os.environ, wide), contextlib.redirect_stdout(stream):
        print_summary(plan, paths, "en")
    return stream.getvalue().splitlines()


@settings(deadline=None, derandomize=True, max_examples=60)
@given(name=terminal_texts)
@example(name="[bold]x[/bold]")
@example(name="[link=http://example.invalid]x[/link]")
@example(name="[/]")
def test_the_summary_shows_any_text_as_written(tell, name):
    told = tell([name])
    lines = summary(told, {"map": Path(f"out/{name}.html"), "report": Path(name), "out": Path(name)})
    assert lines[0] == name
    row = next(line for line in lines if line.lstrip().startswith("1 "))
    assert row.count(name) >= 2  # the site and its district
    assert any(name in line and "empty values of" in line for line in lines)
    assert f"Map: {Path(f'out/{name}.html')}" in lines


def run_main(*arguments: str) -> tuple[int, str]:
    stream = io.StringIO()
    wide = {"COLUMNS": "4000", "TERM": "dumb", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    with (
        mock.patch.dict(os.environ, wide),
        contextlib.redirect_stderr(stream),
        pytest.raises(SystemExit) as ended,
    ):
        main(arguments)
    return int(ended.value.code or 0), stream.getvalue()


@settings(deadline=None, derandomize=True, max_examples=60)
@given(text=terminal_texts)
def test_a_fault_shows_the_text_it_found_as_written(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.toml"
        path.write_text(tomli_w.dumps({text: 1}), encoding="utf-8")
        code, said = run_main("run", str(path), "--out", str(Path(folder) / "out"))
    assert code == 2
    assert f"[{text}]: Unknown key {text}. " in said


def spoil(folder: Path, file: str, old: str, new: str) -> None:
    data = (folder / file).read_bytes()
    encoding = "gb18030" if file == "stations.csv" else "utf-8"
    text = data.decode(encoding)
    assert old in text
    buffer = io.StringIO()
    csv.writer(buffer).writerow([new])
    (folder / file).write_bytes(text.replace(old, buffer.getvalue().rstrip("\r\n"), 1).encode(encoding))


@pytest.mark.parametrize(
    "text", ["[bold]{{7*7}}[/bold]", "{0} %s {name}", "<img src=x onerror=alert(1)>", ":cat:", "a\\"]
)
def test_a_fault_of_a_table_shows_the_cell_as_written(demo_folder, text):
    spoil(demo_folder, "stations.csv", "S002", "S001" + text)
    spoil(demo_folder, "stations.csv", "S003", "S001" + text)
    code, said = run_main("run", str(demo_folder / "scenario.toml"), "--out", str(demo_folder / "out"))
    assert code == 2
    assert f"The id S001{text} already appears in row 3." in said
    with pytest.raises(sp.InputError) as error:
        sp.run(sp.load_scenario(demo_folder / "scenario.toml"))
    assert f"The id S001{text} already appears in row 3." in str(error.value)


CONTROLS = ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\x07", "\x08", "\x1b]8;;http://example.invalid\x1b\\x"]


@pytest.mark.parametrize("control", CONTROLS, ids=repr)
def test_text_cannot_steer_the_terminal(tell, control):
    told = tell([f"a{control}b"])
    shown = "".join(summary(told, {"map": Path("m"), "report": Path("r"), "out": Path("o")}))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", shown)


@pytest.mark.parametrize("control", CONTROLS, ids=repr)
def test_a_fault_cannot_steer_the_terminal(tmp_path, control):
    path = tmp_path / "scenario.toml"
    path.write_text(tomli_w.dumps({f"a{control}b": 1}), encoding="utf-8")
    code, said = run_main("run", str(path), "--out", str(tmp_path / "out"))
    assert code == 2
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", said)
