"""The map as a page: what Folium gets, what the block of data says, and that no host is asked for anything."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from html.parser import HTMLParser

import folium
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support.altered import altered
from support.environment import ROOT
from support.map_block import block_in, block_of, in_metres

import stationplan as sp
from stationplan.access import network_from_arcs
from stationplan.errors import ConsistencyError, say
from stationplan.figures.coverage import by_district, by_group, by_slot, overall
from stationplan.geo import project
from stationplan.planning.road_lines import road_lines
from stationplan.webmap import build, files, render, scripts
from stationplan.webmap.packing import Packer, unpacked
from stationplan.webmap.payload import reset_keys

LANGUAGES = ["zh", "en"]


class Page(HTMLParser):
    """The addresses, styles and scripts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.text: dict[str, list[str]] = {"style": [], "script": [], "data": [], "title": []}
        self.tags: list[str] = []
        self.policy = ""
        self.within = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        given = {name: value or "" for name, value in attrs}
        self.addresses += [
            value for name, value in given.items() if name in {"src", "href", "srcset", "action", "data"}
        ]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]
        assert "style" not in given
        is_data = given.get("class") == "stationplan-data"
        self.within = "data" if is_data else tag if tag in self.text else ""
        if self.within:
            self.text[self.within].append("")

    def handle_endtag(self, tag):
        self.within = ""

    def handle_data(self, data):
        if self.within:
            self.text[self.within][-1] += data


@pytest.fixture(scope="module")
def block(demo_plan):
    return block_of(demo_plan)


@pytest.fixture(scope="module")
def data(block):
    return block.content


@pytest.fixture(scope="module")
def html(demo_plan):
    return render(demo_plan, lang="zh")


# ---- what Folium gets ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_build_returns_a_folium_map_with_a_layer_for_each_thing_shown(demo_plan, lang):
    page = build(demo_plan, lang=lang)
    children = list(page._children.values())
    groups = [child for child in children if isinstance(child, folium.FeatureGroup)]
    controls = [child for child in children if isinstance(child, folium.LayerControl)]
    kinds = {kind for kind, standing in zip(demo_plan.sites.kind, demo_plan.sites.existing, strict=True) if standing}
    assert isinstance(page, folium.Map)
    assert len(controls) == 1
    assert len(groups) == len({group.layer_name for group in groups}) == 9 + len(kinds)
    shown = {group.layer_name for group in groups if group.show}
    assert {"zh": "未覆盖劳动者", "en": "Uncovered workers"}[lang] in shown
    assert {"zh": "户外劳动者分布", "en": "Outdoor workers"}[lang] not in shown
    assert not [child for child in children if isinstance(child, folium.TileLayer)]


def test_a_kind_without_a_station_gets_no_layer(demo_plan):
    sites = dataclasses.replace(demo_plan.sites, kind=("micro",) * len(demo_plan.sites))
    names = [
        child.layer_name
        for child in build(altered(demo_plan, sites=sites), lang="en")._children.values()
        if isinstance(child, folium.FeatureGroup)
    ]
    assert [name for name in names if name.startswith("Existing")] == ["Existing: Micro station"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_same_plan_gives_the_same_bytes(demo_plan, lang):
    assert render(demo_plan, lang=lang) == render(demo_plan, lang=lang)


def test_building_again_does_not_change_a_map_built_before(demo_plan):
    first = build(demo_plan)
    before = [child.get_name() for child in first._children.values()]
    render(demo_plan)
    assert [child.get_name() for child in first._children.values()] == before


def test_the_page_asks_no_host(html):
    page = Page(html)
    assert page.addresses == []
    assert not {"link", "iframe", "img", "object", "embed", "base", "form", "audio", "video"} & set(page.tags)
    css = "\n".join(page.text["style"])
    assert "@import" not in css
    # Leaflet's own pictures have relative addresses; the page's style overrides each of them.
    addresses = re.findall(r"url\(\s*[\"']?([^)]*)", css)
    assert {address for address in addresses if not address.startswith(("data:", "#", "images/"))} == set()
    script = "\n".join(page.text["script"])
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|import)\s*\(", script)
    assert "sourceMappingURL" not in html


def test_the_page_runs_no_computed_code(html):
    own = max(Page(html).text["script"][1:], key=len)
    assert not re.search(r"\beval\s*\(|new Function|innerHTML|insertAdjacentHTML|document\.write", own)


def test_the_policy_allows_the_scripts_and_styles_of_the_page_and_nothing_else(html):
    page = Page(html)
    policy = {name: sources for name, *sources in (part.split() for part in page.policy.split(";"))}
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == ["'none'"]
    assert policy["img-src"] == ["data:"]
    for kind in ("script", "style"):
        digests = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in page.text[kind]}
        assert set(policy[f"{kind}-src"]) == {f"'sha256-{digest}'" for digest in digests}
    assert "unsafe" not in page.policy
    # Before anything that it is about.
    assert html.index("Content-Security-Policy") < html.index("<script") < html.index("</head>")
    assert html.index("Content-Security-Policy") < html.index("<style")


def test_the_demo_map_stays_small(html):
    assert len(html.encode("utf-8")) < 500_000


def test_the_page_is_one_document_with_one_title_and_one_data_block(html, demo_plan):
    page = Page(html)
    assert html.startswith("<!DOCTYPE html>")
    assert page.tags.count("html") == page.tags.count("body") == page.tags.count("title") == 1
    assert page.text["title"] == [demo_plan.study.name.zh]
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", page.text["data"][0])
    assert block_in(html).content == block_of(demo_plan).content


# ---- scripts and packing --------------------------------------------------------------------------------------------


@pytest.fixture
def modules(monkeypatch):
    """A function that lets the page's modules be these."""

    def given(**texts):
        monkeypatch.setattr(scripts, "asset", lambda name: texts[name.removesuffix(".js")])

    return given


def test_modules_stand_behind_those_that_they_import_and_once(modules):
    modules(
        a='import { c } from "./c.js";\nimport { b } from "./b.js";\nwindow.a = b() + c;\n',
        b='import { c } from "./c.js";\nexport function b() {\n  return c;\n}\n',
        c="/** One. */\nexport const c = 1;\n",
    )
    text = scripts.script("a")
    assert re.findall(r"const (module_\w) =", text) == ["module_c", "module_b", "module_a"]
    assert "const { c } = module_c;" in text
    assert "return { b };" in text
    assert "export" not in text
    assert "One." not in text


@pytest.mark.parametrize(
    "line",
    ["import c from './c.js';", 'import * as c from "./c.js";', "export default 1;", "export { c };", 'import "x";'],
)
def test_modules_of_another_form_are_refused(modules, line):
    modules(a=f"{line}\n", c="export const c = 1;\n")
    with pytest.raises(ConsistencyError, match=r"a\.js"):
        scripts.script("a")


def test_modules_that_import_each_other_are_refused(modules):
    modules(a='import { b } from "./b.js";\n', b='import { a } from "./a.js";\nexport const b = 1;\n')
    with pytest.raises(ConsistencyError, match="a -> b -> a"):
        scripts.script("a")


def test_no_file_of_the_page_has_a_carriage_return():
    # A browser would read another text than the one whose hash the policy gives.
    for name in ("leaflet.js", "leaflet.css"):
        assert "\r" not in files.leaflet_file(name)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(arrays=st.lists(st.lists(st.integers(-(2**52), 2**52), max_size=20), min_size=1, max_size=4), text=st.text())
def test_a_block_comes_back(arrays, text):
    packer = Packer()
    numbers = [packer.add(np.array(values, dtype=np.int64)) for values in arrays]
    content, found = unpacked(packer.block({"text": text}))
    assert content == {"text": text}
    assert [found[number].tolist() for number in numbers] == arrays


@pytest.mark.parametrize("block", ["", "x", "AAAA", "eJwDAAAAAAE=", "é"])
def test_what_is_no_block_is_refused(block):
    with pytest.raises(ValueError, match=r"."):
        unpacked(block)


# ---- geometry -----------------------------------------------------------------------------------------------------


def test_district_outlines_come_back_to_a_metre_beside_the_ten_of_simplification(block, demo_plan):
    shapes = demo_plan.area.districts.geometry
    found = block.polygons(block.content["districts"]["outline"], demo_plan.area.crs)
    for decoded, shape in zip(found, shapes, strict=True):
        corners = shapely.points(shapely.get_coordinates(decoded))
        assert shapely.distance(corners, shape.boundary).max() < 1
        assert shapely.hausdorff_distance(decoded.boundary, shape.boundary, densify=0.1) < 11


def test_districts_keep_their_holes_and_parts(demo_plan):
    crs = demo_plan.area.crs
    x, y = float(demo_plan.demand.x[0]), float(demo_plan.demand.y[0])
    ring = shapely.box(x, y, x + 900, y + 900).difference(shapely.box(x + 300, y + 300, x + 600, y + 600))
    shape = shapely.MultiPolygon([ring, shapely.box(x + 2000, y, x + 2500, y + 500)])
    packer = Packer()
    packed = packer.polygons(np.array([shape, shapely.Polygon(), ring], dtype=object), crs)
    content, arrays = unpacked(packer.block({"scale": 100_000}))
    first, empty, last = block_of(demo_plan).__class__(content, arrays).polygons(packed, crs)
    assert first.symmetric_difference(shape).area < 8 * 900
    assert empty.is_empty
    assert last.symmetric_difference(ring).area < 8 * 900


def test_cell_outlines_are_those_of_the_plan(block, demo_plan):
    rings = block.cells(block.content["cells"]["outline"])
    assert len(rings) == len(demo_plan.demand.cell_id)
    decoded = np.array([shapely.Polygon(in_metres(ring, demo_plan.area.crs)) for ring in rings])
    outlines = demo_plan.density.surface.cells.outline
    assert max(shapely.hausdorff_distance(decoded, outlines)) < 2
    assert np.allclose(shapely.area(decoded), shapely.area(outlines), rtol=0.02)


def test_every_road_is_drawn_and_nothing_else(block, demo_roads):
    network, major = demo_roads, block.content["roads"]["major"]
    lines = [in_metres(line, network.crs) for line in block.roads()]
    nodes = shapely.STRtree(shapely.points(network.x, network.y))
    assert nodes.query_nearest(shapely.points(np.concatenate(lines)), return_distance=True)[1].max() < 1.5
    for kind, drawn in ((True, lines[:major]), (False, lines[major:])):
        arc = np.flatnonzero(network.major == kind)
        x = (network.x[network.tail[arc]] + network.x[network.head[arc]]) / 2
        y = (network.y[network.tail[arc]] + network.y[network.head[arc]]) / 2
        tree = shapely.STRtree([shapely.LineString(line) for line in drawn])
        # 5 m of simplification and one of rounding
        assert tree.query_nearest(shapely.points(x, y), all_matches=False, return_distance=True)[1].max() < 6.5


def test_walks_along_the_packed_roads_take_as_long_as_along_the_network(block, demo_roads):
    network, packed = demo_roads, block.content["roads"]
    begin = block.sums(packed["from"])
    end = begin + block.arrays[packed["to"]]
    forth = block.arrays[packed["forth"]]
    back = forth + block.arrays[packed["back"]]
    walked = np.isfinite(network.minutes["walk"])
    # Every arc is in one line of its own direction, unless some part of that line may not be walked.
    assert forth.sum() + back.sum() == pytest.approx(60 * network.minutes["walk"][walked].sum(), rel=0.01)
    assert len(np.unique(np.concatenate([begin, end]))) == len(block.arrays[packed["junctions"]]) // 2


@pytest.fixture(scope="module")
def block_on(demo_plan):
    """A function that gives the block of the plan on another network."""
    return lambda network: block_of(altered(demo_plan, roads=road_lines(network)))


@settings(deadline=None, derandomize=True, max_examples=15)
@given(arcs=st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda arc: arc[0] != arc[1]), min_size=1))
def test_a_street_is_drawn_once_whichever_way_it_runs(block_on, arcs):
    angle = np.arange(6) * np.pi / 3
    tail, head = np.array(sorted(arcs)).T
    lon, lat = 104 + 0.01 * np.cos(angle), 30.6 + 0.01 * np.sin(angle)
    network = network_from_arcs(lon, lat, tail, head, minutes={"walk": np.ones(len(arcs))})
    block = block_on(network)
    assert block.content["roads"]["major"] == 0
    lines = [shapely.LineString(in_metres(line, network.crs)) for line in block.roads()]
    streets = {tuple(sorted(arc)) for arc in arcs}
    metres = sum(np.hypot(network.x[a] - network.x[b], network.y[a] - network.y[b]) for a, b in streets)
    assert sum(line.length for line in lines) == pytest.approx(metres, rel=0.005)


def test_a_line_takes_the_seconds_of_its_pieces_and_none_where_one_may_not_be_walked(block_on):
    lon, lat = [104.0, 104.01, 104.02, 104.03], [30.6, 30.6, 30.61, 30.61]
    network = network_from_arcs(lon, lat, [0, 1, 1, 2, 2], [1, 2, 0, 1, 3], minutes={"walk": [2, 3, 4, 5, 1]})
    block = block_on(network)
    (line,) = block.roads()
    packed = block.content["roads"]
    forth = block.arrays[packed["forth"]]
    seconds = (int(forth[0]), int(forth[0] + block.arrays[packed["back"]][0]))
    assert len(line) == 4
    # 0 to 3 takes 2 + 3 + 1 minutes; from 3 nobody comes to 2.
    assert seconds == ((360, 0) if line[0][1] < line[-1][1] else (0, 360))


def test_a_plan_without_roads_still_has_a_map(block_on):
    network = network_from_arcs([104.0, 104.01], [30.6, 30.6], [], [], minutes={"walk": []})
    assert block_on(network).roads() == []


def test_the_view_holds_every_cell_and_site(data, demo_plan):
    (south, west), (north, east) = data["bounds"]
    sites = demo_plan.sites
    standing = np.concatenate([np.flatnonzero(sites.existing), demo_plan.chosen])
    x, y = project([west, east], [south, north], demo_plan.area.crs)
    assert x[0] - 300 <= min(demo_plan.demand.x.min(), sites.x[standing].min())
    assert x[1] + 300 >= max(demo_plan.demand.x.max(), sites.x[standing].max())
    assert y[0] - 300 <= demo_plan.demand.y.min() <= demo_plan.demand.y.max() <= y[1] + 300


# ---- numbers ------------------------------------------------------------------------------------------------------


def test_the_counts_are_those_of_the_metrics(data, demo_plan):
    counted = {"all": [overall(demo_plan)], "district": by_district(demo_plan), "group": by_group(demo_plan)}
    for part, changes in {**counted, "slot": by_slot(demo_plan)}.items():
        assert data["counted"][part] == [
            [c.before.total, c.before.workers, c.before.cross_workers, c.after.workers, c.after.cross_workers]
            for c in changes
        ]
    assert data["certainty"] == ("限制条件：新建站点不超过 20 个。在上述限制条件下，没有其他选址方案能覆盖更多劳动者。")


def test_cells_and_cover_give_the_stations_of_every_row(block, demo_plan):
    data, sites = block.content, demo_plan.sites
    groups, slots = len(data["groups"]), len(data["slots"])
    cover, opened = block.cover(), [block.arrays[number] for number in data["sites"]["open"]]
    counts = np.zeros(demo_plan.demand.workers.shape, dtype=int)
    for site in (*np.flatnonzero(sites.existing), *demo_plan.chosen):
        for group in range(groups):
            for slot in range(slots):
                if opened[slot][site]:
                    counts[cover[group * len(sites) + site], group, slot] += 1
    counts[demo_plan.demand.workers == 0] = 0
    assert (counts == demo_plan.recounted.stations_after).all()


def test_workers_of_the_page_add_up_to_the_worker(block, demo_plan):
    cells, workers = block.content["cells"], demo_plan.demand.workers
    heads = np.column_stack([block.arrays[number] for number in cells["heads"]]) / cells["parts"]
    shown = heads[:, :, None] * np.array(cells["share"])
    assert np.abs(shown - workers).max() <= 0.5 / cells["parts"] + 1e-9
    for stations in (demo_plan.recounted.stations_before, demo_plan.recounted.stations_after):
        for least in (1, 2):
            assert abs(shown[stations >= least].sum() - workers[stations >= least].sum()) < 0.1
    assert (block.sums(cells["district"]) == demo_plan.demand.district).all()


def test_workers_whose_day_is_split_otherwise_in_some_cell_are_refused(demo_plan):
    workers = demo_plan.demand.workers.copy()
    cell = int(workers.sum(axis=(1, 2)).argmax())
    workers[cell, 0, 0] += 1
    demand = dataclasses.replace(demo_plan.demand, workers=workers)
    with pytest.raises(ConsistencyError, match="split alike"):
        block_of(altered(demo_plan, demand=demand))


def test_proposed_sites_stand_in_build_order(data, demo_plan):
    assert [item["site"] for item in data["proposed"]] == demo_plan.chosen.tolist()


def test_every_site_stands_on_the_map_once(block, demo_plan):
    sites, packed = demo_plan.sites, block.content["sites"]
    assert packed["id"] == list(sites.site_id)
    lat, lon = (block.sums(packed[key]) / block.content["scale"] for key in ("lat", "lon"))
    x, y = project(lon, lat, demo_plan.area.crs)
    assert np.hypot(x - sites.x, y - sites.y).max() < 1
    flags = block.arrays[packed["flags"]]
    assert ((flags & 1) > 0).tolist() == sites.existing.tolist()
    assert (flags & 8).all()
    assert [packed["hour_texts"][i] for i in block.arrays[packed["hours"]]] == list(sites.hours)
    assert block.arrays[packed["cost"]].tolist() == sites.cost.tolist()


def test_a_choice_sets_back_what_the_scenario_asks_for_besides(demo_plan):
    toml = demo_plan.study.scenario_toml.replace("floor_share = 0.0", "floor_share = 0.5").replace(
        "min_spacing_m = 0.0", "min_spacing_m = 300.0"
    )
    assert block_of(demo_plan).content["reset"] == []
    assert block_of(altered(demo_plan, scenario_toml=toml)).content["reset"] == [
        "min_spacing_m = 0",
        "floor_share = 0",
    ]


@pytest.mark.parametrize(
    "plan",
    [
        'floor_share = 0.1\nphases = [{ name = "1", new = 2, budget = 2e4 }, { name = "2", new = 3, budget = 6e4 }]',
        "new = 4\nbudget = 90000\nmin_spacing_m = 300\ncross_target_share = 0.1\nfrontier = [1, 2]",
        'aim = "fair"\nbudget = 90000',
        'aim = "cost"\ntarget_share = 0.8',
        'aim = "regret"\nnew = 3',
        'new = 3\npreferred = ["C001"]\npreferred_workers = 5\nclose = 1\nclosable = ["S001"]\nkeep_coverage = true',
    ],
    ids=["phases", "limits", "fair", "cost", "regret", "closing"],
)
def test_any_question_is_set_back_to_a_choice_of_ones_own(tmp_path, plan):
    base = (ROOT / "data/demo/scenario.toml").read_text("utf-8").replace("[plan]\nnew = 20", f"[plan]\n{plan}")
    (tmp_path / "scenario.toml").write_text(base, encoding="utf-8")
    asked = sp.load_scenario(tmp_path / "scenario.toml", data=ROOT / "data/demo")
    lines = [*reset_keys(asked.toml), "new = 1", 'required = ["C002"]', "forbidden = []", "closable = []", "close = 0"]
    text = "\n".join(['extends = "scenario.toml"', "[plan]", *lines])
    (tmp_path / "choice.toml").write_text(text, encoding="utf-8")
    choice = sp.load_scenario(tmp_path / "choice.toml", data=ROOT / "data/demo").file.plan
    assert (choice.aim, choice.number, choice.required) == ("coverage", 1, ["C002"])
    assert choice.money is None or choice.money >= 1e12
    rules = (choice.floor_share, choice.target_share, choice.cross_target_share, choice.min_spacing_m, choice.close)
    assert rules == (0, 0, 0, 0, 0)


def test_an_unknown_gap_is_said_to_be_unknown(demo_plan):
    unknown = say("How much better another choice of sites could be is not known.")
    plan = altered(demo_plan, aim=dataclasses.replace(demo_plan.aim, proof=unknown))
    assert block_of(plan).content["certainty"] == "其他选址方案最多还能好多少，尚未确定。"
