"""The map, the report and the league table state the minutes of the scenario's own service circle."""

import dataclasses

import pytest

from stationplan.report.plan_report import plan_report
from stationplan.webmap import render
from stationplan.webmap.packing import unpacked
from stationplan.webmap.payload import data_block


def with_minutes(plan, walk_min):
    return dataclasses.replace(plan, scorecard=dataclasses.replace(plan.scorecard, walk_min=walk_min))


@pytest.mark.parametrize(
    ("walk_min", "bands"),
    [(15.0, [15, 10, 5]), (20.0, [20, 13, 6.7]), (10.0, [10, 6.7, 3.3]), (0.5, [0.5, 0.33, 0.17])],
)
def test_bands_follow_the_service_circle(demo_plan, walk_min, bands):
    content, _ = unpacked(data_block(with_minutes(demo_plan, walk_min), "en"))
    assert content["bands"] == bands


@pytest.mark.parametrize(("lang", "title"), [("zh", "20分钟服务圈"), ("en", "20-minute service area")])
def test_the_report_is_headed_by_the_minutes(demo_plan, lang, title):
    headings = [section.title for section in plan_report(with_minutes(demo_plan, 20.0), lang=lang).sections]
    assert title in headings
    assert not any("15" in heading for heading in headings)


@pytest.mark.browser
def test_the_card_and_the_legend_state_the_minutes(browser, demo_plan, tmp_path):
    path = tmp_path / "map.html"
    path.write_text(render(with_minutes(demo_plan, 12.0), lang="en"), encoding="utf-8", newline="")
    page = browser.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-stationplan-ready='1']", state="attached")
    page.locator("#sp-tab-sites").click()
    page.locator(".sp-sites tbody .sp-go").nth(0).click()
    assert "On the map: 4, 8 and 12 minutes on foot" in page.locator(".sp-bands").first.inner_text()
    assert "within 12 minutes on foot" in page.locator(".sp-legend").inner_text()
    page.close()
