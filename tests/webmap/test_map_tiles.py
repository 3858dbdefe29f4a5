"""Tiles of online maps: only when asked for, in their own datum, and without a word when they do not come."""

from __future__ import annotations

import base64
import re

import pytest
from support.altered import altered
from support.environment import ROOT
from support.map_block import block_in

import stationplan as sp
from stationplan.domain import MapOptions
from stationplan.errors import InputError
from stationplan.webmap import render
from stationplan.webmap.tiles import tile_hosts, tiles_of

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def with_options(plan, **options):
    return altered(plan, map_options=MapOptions(**options))


def load(folder, text):
    base = (ROOT / "data/demo/scenario.toml").read_text("utf-8")
    path = folder / "study.toml"
    path.write_text(f"{base}\n[map]\n{text}\n", encoding="utf-8")
    return sp.load_scenario(path, data=ROOT / "data/demo")


def test_a_scenario_asks_for_tiles_and_gives_a_review_number(tmp_path):
    scenario = load(tmp_path, 'tiles = "tianditu"\ntiles_key = "k"\nmap_review_number = "川S(2026)1号"')
    assert scenario.file.map.options == MapOptions(tiles="tianditu", tiles_key="k", review_number="川S(2026)1号")
    assert sp.load_scenario(ROOT / "data/demo/scenario.toml").file.map.options == MapOptions()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('tiles = "tianditu"', "map.tiles_key"),
        ('tiles = "google"', "map.tiles"),
        ('tiles = "http://a.example/{z}/{x}/{y}.png"\ntiles_datum = "wgs84"', "map.tiles"),
        ('tiles = "https://a.example/{z}/{x}.png"\ntiles_datum = "wgs84"', "map.tiles"),
        ('tiles = "https://a.example\' *;/{z}/{x}/{y}"\ntiles_datum = "wgs84"', "map.tiles"),
        ('tiles = "https://a.example/{z}/{x}/{y}.png"', "map.tiles_datum"),
        ('tiles = "osm"\ntiles_datum = "bd09"', "map.tiles_datum"),
    ],
)
def test_tiles_that_cannot_be_shown_rightly_are_refused(tmp_path, text, key):
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    assert [fault.key for fault in caught.value.faults] == [key]


def test_known_maps_come_in_their_own_datum_from_their_own_hosts():
    assert tiles_of(MapOptions()) is None
    assert tile_hosts(MapOptions()) == ()
    assert tiles_of(MapOptions(tiles="amap"))["datum"] == "gcj02"
    tianditu = MapOptions(tiles="tianditu", tiles_key="a&b")
    assert all(url.endswith("&tk=a%26b") for url in tiles_of(tianditu)["urls"])
    assert tile_hosts(tianditu) == tuple(f"https://t{i}.tianditu.gov.cn" for i in range(8))
    own = MapOptions(tiles="https://a.example/{z}/{x}/{y}.png", tiles_datum="gcj02", tiles_attribution="me")
    assert (tiles_of(own)["datum"], tile_hosts(own)) == ("gcj02", ("https://a.example",))


def test_the_policy_names_the_hosts_of_the_tiles_and_no_other(demo_plan):
    html = render(with_options(demo_plan, tiles="osm"))
    assert re.search(r"img-src data: https://tile\.openstreetmap\.org;", html)
    assert "img-src data:;" in render(demo_plan)


def test_a_review_number_takes_the_place_of_internal_use(demo_plan):
    content = block_in(render(with_options(demo_plan, review_number="川S(2026)1号"))).content
    assert content["marks"] == ["合成数据，不作决策依据", "审图号：川S(2026)1号"]
    assert content["watermark"] == ""
    content = block_in(render(demo_plan)).content
    assert (content["marks"][1], content["watermark"]) == ("内部使用", "内部使用")


def opened(browser, path, html, answer):
    """The page, what it said, and the tiles that it asked for; ``answer`` is told each."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    said, asked = [], []
    page.on("pageerror", lambda error: said.append(str(error)))

    def tile(route):
        asked.append(route.request.url)
        answer(route)

    page.route(re.compile("^https:"), tile)
    path.write_text(html, encoding="utf-8", newline="")
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-stationplan-ready='1']", state="attached")
    return page, said, asked


@pytest.mark.browser
def test_tiles_that_come_lie_below_and_say_whose_they_are(browser, demo_plan, tmp_path):
    page, said, asked = opened(
        browser,
        tmp_path / "map.html",
        render(with_options(demo_plan, tiles="osm")),
        lambda route: route.fulfill(body=PIXEL, content_type="image/png"),
    )
    page.locator(".leaflet-tile-loaded").first.wait_for()
    assert "OpenStreetMap contributors" in page.locator(".leaflet-control-attribution").inner_text()
    assert page.evaluate("stationplan.page.scene.tiled") is True
    assert all(re.fullmatch(r"https://tile\.openstreetmap\.org/\d+/\d+/\d+\.png", url) for url in asked)
    assert said == []
    page.close()


@pytest.mark.browser
def test_tiles_that_do_not_come_leave_the_map_as_it_is(browser, demo_plan, tmp_path):
    page, said, asked = opened(
        browser, tmp_path / "map.html", render(with_options(demo_plan, tiles="osm")), lambda route: route.abort()
    )
    page.locator(".leaflet-tile").first.wait_for(state="detached")
    assert page.evaluate("stationplan.page.scene.tiled") is False
    assert "OpenStreetMap" not in page.locator(".leaflet-control-attribution").inner_text()
    assert page.locator(".sp-side h1").is_visible()
    assert asked
    assert said == []
    page.close()


@pytest.mark.browser
def test_tiles_in_gcj02_are_shifted_to_fit(browser, demo_plan, tmp_path):
    answer = lambda route: route.fulfill(body=PIXEL, content_type="image/png")  # noqa: E731
    where = """() => {
      const tile = document.querySelector(".leaflet-tile").getBoundingClientRect();
      const [, x, y, z] = document.querySelector(".leaflet-tile").src.match(/x=(\\d+)&y=(\\d+)&z=(\\d+)/);
      const { map } = stationplan.page;
      const corner = map.unproject([x * 256, y * 256], Number(z));
      const ours = map.latLngToContainerPoint(corner);
      return [tile.left - ours.x, tile.top - ours.y, map.getZoom() - z, corner.lat, corner.lng];
    }"""
    page, _, _ = opened(browser, tmp_path / "map.html", render(with_options(demo_plan, tiles="amap")), answer)
    page.evaluate("stationplan.page.map.setZoom(16, { animate: false })")
    page.locator(".leaflet-tile-loaded").first.wait_for()
    across, down, zoomed, lat, lon = page.evaluate(where)
    assert zoomed == 0
    # The tile's corner is a place in GCJ-02; on our map it must be where that place is in WGS-84.
    true_lon, true_lat = sp.geo.gcj02_to_wgs84([lon], [lat])
    px = page.evaluate(
        "([lat, lon, to, at]) => { const { map } = stationplan.page; const a = map.latLngToContainerPoint([lat, lon]),"
        " b = map.latLngToContainerPoint([to, at]); return [b.x - a.x, b.y - a.y]; }",
        [lat, lon, float(true_lat[0]), float(true_lon[0])],
    )
    assert abs(px[0]) + abs(px[1]) > 100
    assert [across, down] == pytest.approx(px, abs=2)
    page.close()
