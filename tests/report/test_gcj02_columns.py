"""Coordinates in GCJ-02 beside WGS-84: tables, layers, and the links of the map's cards."""

from __future__ import annotations

import csv
import io
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest
from support.village import village

import stationplan as sp
from stationplan.errors import InputError
from stationplan.geo import gcj02_to_wgs84, has_gcj02, metres_apart
from stationplan.report.layers import layers
from stationplan.report.plan_json import document
from stationplan.report.tables import sites_csv, write_workbook
from stationplan.webmap import render


def test_every_table_gives_both_and_they_are_one_place(demo_plan, tmp_path):
    rows = list(csv.DictReader(io.StringIO(sites_csv(demo_plan))))
    assert list(rows[0])[4:8] == ["lon", "lat", "lon_gcj02", "lat_gcj02"]
    for row, site in zip(rows, document(demo_plan)["sites"], strict=True):
        here, shifted = (float(row["lon"]), float(row["lat"])), (float(row["lon_gcj02"]), float(row["lat_gcj02"]))
        assert shifted == (site["lon_gcj02"], site["lat_gcj02"])
        assert float(metres_apart(*here, *gcj02_to_wgs84(*shifted))) < 0.05
        assert 100 < float(metres_apart(*here, *shifted)) < 800
    for layer in ("proposed", "existing"):
        frame = layers(demo_plan)[layer]
        lon, lat = gcj02_to_wgs84(frame["lon_gcj02"], frame["lat_gcj02"])
        assert lon == pytest.approx(frame.geometry.x.to_numpy(), abs=1e-6)
        assert lat == pytest.approx(frame.geometry.y.to_numpy(), abs=1e-6)
    for lang, names in (
        ("zh", ("经度（GCJ-02）", "纬度（GCJ-02）")),
        ("en", ("Longitude (GCJ-02)", "Latitude (GCJ-02)")),
    ):
        write_workbook(demo_plan, tmp_path / "sites.xlsx", lang=lang)
        header, first = list(openpyxl.load_workbook(tmp_path / "sites.xlsx").worksheets[1].values)[:2]
        at = header.index(names[0])
        assert header[at + 1] == names[1]
        assert first[at : at + 2] == pytest.approx([float(rows[0]["lon_gcj02"]), float(rows[0]["lat_gcj02"])], abs=1e-6)


def test_the_card_links_to_both_services_and_the_page_asks_them_nothing(browser, demo_plan, tmp_path):
    site = document(demo_plan)["sites"][0]
    for lang in ("zh", "en"):
        path = tmp_path / f"map-{lang}.html"
        path.write_text(render(demo_plan, lang=lang), "utf-8")
        page = browser.new_context(offline=True, viewport={"width": 1200, "height": 900}).new_page()
        asked = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector(".sp-sites button", state="attached")
        page.evaluate("document.querySelector('.sp-sites tbody button').click()")
        page.wait_for_selector(".sp-links a")
        links = page.eval_on_selector_all(".sp-links a", "all => all.map((a) => [a.href, a.rel, a.target])")
        assert [(rel, target) for _, rel, target in links] == [("noopener noreferrer", "_blank")] * 2
        amap, baidu = (urlsplit(href) for href, _, _ in links)
        assert (amap.scheme, amap.netloc, amap.path) == ("https", "uri.amap.com", "/marker")
        assert (baidu.scheme, baidu.netloc, baidu.path) == ("https", "api.map.baidu.com", "/marker")
        lon_lat = [float(text) for text in parse_qs(amap.query)["position"][0].split(",")]
        assert lon_lat == pytest.approx([site["lon_gcj02"], site["lat_gcj02"]], abs=2e-5)
        asked_baidu = parse_qs(baidu.query)
        assert [float(text) for text in asked_baidu["location"][0].split(",")] == pytest.approx(lon_lat[::-1])
        assert asked_baidu["coord_type"] == ["gcj02"] and asked_baidu["title"] == parse_qs(amap.query)["name"]
        assert asked == [path.as_uri()]
        page.context.close()


def test_gcj02_is_for_china_only():
    places = {"Chengdu": (104.07, 30.66, True), "Macao": (113.54, 22.19, True), "Taipei": (121.56, 25.03, False)}
    assert {name: bool(has_gcj02(lon, lat)) for name, (lon, lat, _) in places.items()} == {
        name: inside for name, (*_, inside) in places.items()
    }


def test_too_few_candidates_are_counted_with_those_outside(tmp_path):
    scenario = village(tmp_path, "new = 5")
    rows = (tmp_path / "candidates.csv").read_text("utf-8").splitlines()
    at = rows[0].split(",").index("lat")
    moved = [row.split(",") for row in rows[3:]]
    for cells in moved:
        cells[at] = "10.0"
    (tmp_path / "candidates.csv").write_text("\n".join([*rows[:3], *(",".join(cells) for cells in moved)]), "utf-8")
    with pytest.raises(InputError) as caught:
        sp.run(sp.load_scenario(scenario))
    (fault,) = [fault for fault in caught.value.faults if fault.key == "plan.new"]
    assert str(fault.what) == (
        "5 new sites are requested, but there are only 2 candidates. Candidates outside the study area, excluded: 3."
    )
