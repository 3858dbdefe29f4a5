"""The map as a page: what Folium gets, what the data block says, and that no host is asked for anything."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser

import folium
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stationplan.access import network_from_arcs
from stationplan.geo import project
from stationplan.report.metrics import by_district, overall
from stationplan.webmap import build, render
from stationplan.webmap.payload import data_block, escape_json

LANGUAGES = ["zh", "en"]


class Page(HTMLParser):
    """The addresses, styles and scripts of a page, and its data block."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.text: dict[str, list[str]] = {"style": [], "script": [], "data": [], "title": []}
        self.tags: list[str] = []
        self.within = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "action", "data"}]
        self.text["style"] += [value or "" for name, value in attrs if name == "style"]
        is_data = dict(attrs).get("id") == "stationplan-data"
        self.within = "data" if is_data else tag if tag in self.text else ""

    def handle_endtag(self, tag):
        self.within = ""

    def handle_data(self, data):
        if self.within:
            self.text[self.within].append(data)


def data_of(plan, lang="zh"):
    return json.loads(data_block(plan, lang))


def unpack(packed, scale):
    """A packed line as an array of (lon, lat): running sums of the steps."""
    steps = np.asarray(packed, dtype=np.int64).reshape(-1, 2)
    return np.cumsum(steps, axis=0)[:, ::-1] / scale


def in_metres(packed, scale, crs):
    lon, lat = unpack(packed, scale).T
    return np.column_stack(project(lon, lat, crs))


def area_in_metres(polygons, scale, crs):
    rings = [[in_metres(ring, scale, crs) for ring in polygon] for polygon in polygons]
    return shapely.union_all([shapely.Polygon(outer, holes) for outer, *holes in rings])


@pytest.fixture(scope="module")
def data(demo_plan):
    return data_of(demo_plan)


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
    assert len(groups) == len({group.layer_name for group in groups}) == 7 + len(kinds)
    assert [group.layer_name for group in groups if not group.show] == [
        {"zh": "其他候选点", "en": "Other candidates"}[lang]
    ]
    assert not [child for child in children if isinstance(child, folium.TileLayer)]


def test_a_kind_without_a_station_gets_no_layer(demo_plan):
    sites = dataclasses.replace(demo_plan.sites, kind=("micro",) * len(demo_plan.sites))
    names = [
        child.layer_name
        for child in build(dataclasses.replace(demo_plan, sites=sites), lang="en")._children.values()
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
    own = Page(html).text["script"][-2:]
    assert not re.search(r"\beval\s*\(|new Function|innerHTML|insertAdjacentHTML|document\.write", "\n".join(own))


def test_the_demo_map_stays_small(html):
    assert len(html.encode("utf-8")) < 2_000_000


def test_the_page_is_one_document_with_one_title_and_one_data_block(html, demo_plan):
    page = Page(html)
    assert html.startswith("<!DOCTYPE html>")
    assert page.tags.count("html") == page.tags.count("body") == page.tags.count("title") == 1
    assert page.text["title"] == [demo_plan.name.zh]
    assert len(page.text["data"]) == 1
    assert json.loads(page.text["data"][0]) == data_of(demo_plan)


# ---- geometry -----------------------------------------------------------------------------------------------------


def test_district_outlines_come_back_to_a_metre_beside_the_ten_of_simplification(data, demo_plan):
    shapes = demo_plan.area.districts.geometry
    assert len(data["districts"]) == len(shapes)
    for district, shape in zip(data["districts"], shapes, strict=True):
        decoded = area_in_metres(district["rings"], data["scale"], demo_plan.area.crs)
        corners = shapely.points(shapely.get_coordinates(decoded))
        assert shapely.distance(corners, shape.boundary).max() < 1
        assert shapely.hausdorff_distance(decoded.boundary, shape.boundary, densify=0.1) < 11


def test_cell_outlines_are_squares_around_their_centres(data, demo_plan):
    demand = demo_plan.demand
    nearest = np.sort(np.hypot(demand.x - demand.x[0], demand.y - demand.y[0]))[1]
    assert len(data["cells"]["outline"]) == len(demand.cell_id)
    outlines = [
        shapely.Polygon(in_metres(ring, data["scale"], demo_plan.area.crs)) for ring in data["cells"]["outline"]
    ]
    centres = shapely.centroid(outlines)
    assert np.hypot(shapely.get_x(centres) - demand.x, shapely.get_y(centres) - demand.y).max() < 1
    assert np.allclose(shapely.area(outlines), nearest**2, rtol=0.01)


def test_every_road_is_drawn_and_nothing_else(data, demo_plan):
    network, scale = demo_plan.network, data["scale"]
    corners = {
        kind: [in_metres(line, scale, network.crs) for line in data["roads"][kind]] for kind in ("major", "minor")
    }
    points = shapely.points(np.concatenate([line for lines in corners.values() for line in lines]))
    nodes = shapely.STRtree(shapely.points(network.x, network.y))
    assert nodes.query_nearest(points, return_distance=True)[1].max() < 1
    for kind, major in (("major", True), ("minor", False)):
        arc = np.flatnonzero(network.major == major)
        x = (network.x[network.tail[arc]] + network.x[network.head[arc]]) / 2
        y = (network.y[network.tail[arc]] + network.y[network.head[arc]]) / 2
        drawn = shapely.STRtree([shapely.LineString(line) for line in corners[kind]])
        # 5 m of simplification and one of rounding
        assert drawn.query_nearest(shapely.points(x, y), all_matches=False, return_distance=True)[1].max() < 6


def test_reach_comes_back_to_a_metre(data, demo_plan):
    assert len(data["proposed"]) == len(demo_plan.reach) > 0
    for site, shape in zip(data["proposed"], demo_plan.reach, strict=True):
        decoded = area_in_metres(site["reach"], data["scale"], demo_plan.area.crs)
        assert shapely.hausdorff_distance(decoded.boundary, shape.boundary) < 1
        assert abs(decoded.area / shape.area - 1) < 0.01


def test_reach_keeps_its_holes_and_parts(demo_plan):
    x, y = float(demo_plan.demand.x[0]), float(demo_plan.demand.y[0])
    ring = shapely.box(x, y, x + 900, y + 900).difference(shapely.box(x + 300, y + 300, x + 600, y + 600))
    shape = shapely.MultiPolygon([ring, shapely.box(x + 2000, y, x + 2500, y + 500)])
    plan = dataclasses.replace(demo_plan, reach=(shape, *demo_plan.reach[1:]))
    data = data_of(plan)
    rings = data["proposed"][0]["reach"]
    assert sorted(len(polygon) for polygon in rings) == [1, 2]
    decoded = area_in_metres(rings, data["scale"], plan.area.crs)
    assert decoded.symmetric_difference(shape).area < 8 * 900


def test_an_empty_reach_is_drawn_as_nothing(demo_plan):
    plan = dataclasses.replace(demo_plan, reach=(shapely.Polygon(), *demo_plan.reach[1:]))
    first, second = data_of(plan)["proposed"][:2]
    assert first["reach"] == []
    assert second["reach"] == data_of(demo_plan)["proposed"][1]["reach"]


@pytest.fixture(scope="module")
def data_on(demo_plan):
    """A function that gives the data block of the plan on another network."""
    return lambda network: data_of(dataclasses.replace(demo_plan, network=network))


@settings(deadline=None, derandomize=True, max_examples=15)
@given(arcs=st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda arc: arc[0] != arc[1]), min_size=1))
def test_a_street_is_drawn_once_whichever_way_it_runs(data_on, arcs):
    angle = np.arange(6) * np.pi / 3
    tail, head = np.array(sorted(arcs)).T
    lon, lat = 104 + 0.01 * np.cos(angle), 30.6 + 0.01 * np.sin(angle)
    network = network_from_arcs(lon, lat, tail, head, minutes={"walk": np.ones(len(arcs))})
    data = data_on(network)
    assert data["roads"]["major"] == []
    lines = [shapely.LineString(in_metres(line, data["scale"], network.crs)) for line in data["roads"]["minor"]]
    streets = {tuple(sorted(arc)) for arc in arcs}
    metres = sum(np.hypot(network.x[a] - network.x[b], network.y[a] - network.y[b]) for a, b in streets)
    assert sum(line.length for line in lines) == pytest.approx(metres, rel=0.005)


def test_packing_is_a_first_point_and_steps(data_on):
    network = network_from_arcs([104.0, 104.01, 104.02], [30.6, 30.6, 30.61], [0, 1], [1, 2], minutes={"walk": [9, 9]})
    (line,) = data_on(network)["roads"]["minor"]
    forth = [3060000, 10400000, 0, 1000, 1000, 1000]
    back = [3061000, 10402000, -1000, -1000, 0, -1000]
    assert line in (forth, back)


def test_a_plan_without_roads_still_has_a_map(data_on):
    network = network_from_arcs([104.0, 104.01], [30.6, 30.6], [], [], minutes={"walk": []})
    assert data_on(network)["roads"] == {"major": [], "minor": []}


def test_the_view_holds_every_cell_and_site(data, demo_plan):
    (south, west), (north, east) = data["bounds"]
    places = [*data["existing"], *data["proposed"]]
    assert all(south <= site["lat"] + 1e-6 and site["lat"] - 1e-6 <= north for site in places)
    assert all(west <= site["lon"] + 1e-6 and site["lon"] - 1e-6 <= east for site in places)
    corners = project([west, east], [south, north], demo_plan.area.crs)
    assert np.allclose(corners[0], [demo_plan.demand.x.min(), demo_plan.demand.x.max()], atol=2000)


# ---- numbers ------------------------------------------------------------------------------------------------------


def test_the_summary_is_that_of_the_metrics(data, demo_plan):
    total, summary = overall(demo_plan), data["summary"]
    for shown, counted in ((summary["before"], total.before), (summary["after"], total.after)):
        assert shown == {"workers": counted.workers, "share": counted.share, "cross_share": counted.cross_share}
    assert summary["total"] == total.before.total
    assert summary["new"] == len(demo_plan.chosen)
    assert summary["cost"] == demo_plan.sites.cost[demo_plan.chosen].sum()
    assert summary["certainty"] == "已证明最优：没有其他选址方案能覆盖更多劳动者。"


def test_the_summary_agrees_with_a_count_of_its_own(data, demo_plan):
    workers = demo_plan.demand.workers
    for shown, stations in (("before", demo_plan.stations_before), ("after", demo_plan.stations_after)):
        assert data["summary"][shown]["workers"] == pytest.approx(sum(workers[stations >= 1]))
        assert data["summary"][shown]["cross_share"] == pytest.approx(sum(workers[stations >= 2]) / workers.sum())


def test_districts_and_cells_add_up_to_the_whole(data, demo_plan):
    cells, summary = data["cells"], data["summary"]
    rounding = 5e-5 * len(cells["workers"])
    assert sum(district["workers"] for district in data["districts"]) == pytest.approx(summary["total"])
    assert sum(cells["workers"]) == pytest.approx(summary["total"], abs=rounding)
    for key, state in (("uncovered", "before"), ("uncovered_after", "after")):
        covered = summary[state]["workers"]
        assert summary["total"] - sum(cells[key]) == pytest.approx(covered, abs=rounding)
        in_districts = [(d[state] or 0) * d["workers"] for d in data["districts"]]
        assert sum(in_districts) == pytest.approx(covered)
    assert [district["after"] for district in data["districts"]] == [c.after.share for c in by_district(demo_plan)]


def test_proposed_sites_stand_in_build_order_with_the_gains_that_make_the_difference(data, demo_plan):
    proposed, sites = data["proposed"], demo_plan.sites
    assert [site["order"] for site in proposed] == list(range(1, len(demo_plan.chosen) + 1))
    assert [site["id"] for site in proposed] == [sites.site_id[i] for i in demo_plan.chosen]
    gained = data["summary"]["after"]["workers"] - data["summary"]["before"]["workers"]
    assert sum(site["gained_total"] for site in proposed) == pytest.approx(gained)
    for site in proposed:
        assert np.sum(site["gained"]) == pytest.approx(site["gained_total"], abs=0.01)
        assert np.shape(site["gained"]) == (len(data["groups"]), len(data["slots"]))


def test_every_site_stands_on_the_map_once(data, demo_plan):
    listed = [site["id"] for part in ("existing", "candidates", "proposed") for site in data[part]]
    assert sorted(listed) == sorted(demo_plan.sites.site_id)
    here = {
        site["id"]: (site["lon"], site["lat"]) for part in ("existing", "candidates", "proposed") for site in data[part]
    }
    lon, lat = np.array([here[site_id] for site_id in demo_plan.sites.site_id]).T
    x, y = project(lon, lat, demo_plan.area.crs)
    assert np.hypot(x - demo_plan.sites.x, y - demo_plan.sites.y).max() < 0.2


def test_an_unknown_gap_is_said_to_be_unknown(demo_plan):
    solution = dataclasses.replace(demo_plan.solution, gap=float("inf"), termination="time_limit")
    assert (
        data_of(dataclasses.replace(demo_plan, solution=solution))["summary"]["certainty"]
        == "其他方案最多还能多覆盖多少，目前未知。"
    )


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    value=st.recursive(
        st.text(st.sampled_from("<{%#}>/!-a\\\"'u003c\u2028é")) | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("{%#<a"), inner),
        max_leaves=12,
    ),
    spaced=st.booleans(),
)
def test_escaped_json_reads_back_and_holds_no_mark(value, spaced):
    separators = (", ", ": ") if spaced else (",", ":")
    escaped = escape_json(json.dumps(value, separators=separators))
    assert json.loads(escaped) == value
    assert "<" not in escaped
    assert not re.search(r"\{[{%#]", escaped)
