"""Hostile text of an input in a real browser: it stays text in every place of map and report."""

from __future__ import annotations

import itertools
import tomllib

import pytest
from support.hostile import FRAGMENTS, replace_texts

from stationplan.report import render_report
from stationplan.webmap import render

TRAP = "<img src=x onerror=alert(1)></script><script>alert(2)</script>A{{7*7}}B&amp;\"'\\\u202e</title>-->"
LOUD = [TRAP, *FRAGMENTS, "\0", "x" * 10_000]


@pytest.fixture
def watched(browser):
    """A page in Chromium, offline, and the alarms that it has given."""
    alarms: list[str] = []
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.on("dialog", lambda dialog: (alarms.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("console", lambda message: alarms.append(f"console {message.text}"))
    page.on("pageerror", lambda error: alarms.append(f"error {error}"))
    page.on("request", lambda request: alarms.append(request.url) if "map.html" not in request.url else None)
    page.add_init_script("window.alert = () => { window.alarmed = true; }")
    yield page, alarms
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("shift", [0, len(LOUD) // 2])
def test_hostile_texts_stay_text_in_every_place_of_the_map(demo_plan, watched, tmp_path, shift):
    page, alarms = watched
    numbers = itertools.count()
    corpus = itertools.cycle(LOUD[shift:] + LOUD[:shift])
    told = replace_texts(demo_plan, lambda: f"{next(numbers)}{next(corpus)}")
    (tmp_path / "map.html").write_text(render(told), encoding="utf-8", newline="")
    page.goto((tmp_path / "map.html").as_uri())
    page.wait_for_selector("html[data-stationplan-ready='1']", state="attached")
    scripts, sites = page.locator("script").count(), told.sites

    def texts(selector):
        return page.locator(selector).all_text_contents()

    assert texts(".sp-side h1") == [told.study.name.zh]
    assert texts(".sp-subtitle") == [told.study.notice.zh]
    # The one place that Leaflet parses; markup has no way to write NUL.
    assert texts(".leaflet-control-attribution") == [
        f"道路数据：{told.study.sources[0]}, 劳动者数据：cells.csv".replace("\0", "\ufffd")
    ]
    assert texts(".sp-select option")[1:] == [group.name.zh for group in told.demand.groups]
    shares = texts(".sp-overview .sp-shares tbody th")
    assert shares == [
        *(group.name.zh for group in told.demand.groups),
        *(slot.name.zh for slot in told.demand.slots),
        *told.area.districts["name"],
    ]
    page.locator("#sp-tab-sites").click()
    assert texts(".sp-sites tbody .sp-go") == [sites.name[i] for i in told.chosen]
    assert texts(".sp-sites tbody small") == [told.area.districts["name"].iloc[i] for i in sites.district[told.chosen]]

    # Every card of a site with a text, and the name under the pointer
    renamed = [*told.chosen, *(i for i in range(len(sites)) if "#" in sites.site_id[i] and i not in told.chosen)]
    hosts = {host.id: host.name.zh for host in told.hosts}
    page.locator(".sp-search").fill(sites.site_id[told.chosen[0]].split()[0])
    assert sites.name[told.chosen[0]] in texts(".sp-found .sp-go")
    page.locator(".sp-search").fill("")
    for order in range(len(told.chosen)):
        row = told.chosen[order]
        page.locator(".sp-sites tbody .sp-go").nth(order).click()
        popup = page.locator(".leaflet-popup").last
        assert popup.locator("h2").text_content() == sites.name[row]
        assert popup.get_attribute("aria-label") == sites.name[row]
        shown, why = popup.text_content(), told.why[order]
        wanted = [sites.address[row], sites.hours[row], hosts[sites.host[row]]]
        wanted += [sites.name[other] for other in (why.nearest_existing, why.replacement) if other >= 0]
        assert [text for text in wanted if text not in shown] == []
    for row in [int(i) for i in renamed if i not in told.chosen]:
        page.evaluate("(row) => window.stationplan.page.toSite(row)", row)
        popup = page.locator(".leaflet-popup").last
        assert popup.locator("h2").text_content() == sites.name[row]
        assert sites.address[row] in popup.text_content()

    # Choices, the exported scenario, the tables
    page.evaluate("([row]) => stationplan.page.choice.set([row], false)", [int(told.chosen[0])])
    page.locator("#sp-tab-edits").click()
    assert texts(".sp-changes .sp-go") == [sites.name[told.chosen[0]]]
    exported = tomllib.loads(page.locator(".sp-code").text_content())
    assert exported["plan"]["required"] == [sites.site_id[i] for i in sorted(told.chosen[1:])]
    assert exported["plan"]["forbidden"] == [sites.site_id[told.chosen[0]]]
    page.locator(".sp-tool").first.click()
    assert texts(".sp-dialog h2") == [told.study.name.zh]
    dialog = page.locator(".sp-dialog").text_content()
    assert [i for i in told.chosen[1:] if sites.address[i] not in dialog or sites.site_id[i] not in dialog] == []
    page.locator(".sp-dialog header button").click()

    assert page.evaluate("window.alarmed") is None
    assert page.locator("script").count() == scripts
    assert page.locator("img, iframe, object, embed, link").count() == 0
    assert "A49B" not in page.locator("body").inner_text()
    assert alarms == []


@pytest.mark.browser
def test_hostile_texts_stay_text_in_the_report(demo_plan, watched, tmp_path):
    page, alarms = watched
    numbers = itertools.count()
    told = replace_texts(demo_plan, lambda: f"{next(numbers)}{TRAP}")
    (tmp_path / "map.html").write_text(render_report(told), encoding="utf-8", newline="")
    page.goto((tmp_path / "map.html").as_uri())
    assert page.locator("h1").text_content() == told.study.name.zh
    assert page.locator("script, img, iframe, object, embed, link").count() == 0
    assert page.evaluate("window.alarmed") is None
    assert alarms == []
