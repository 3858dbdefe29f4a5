"""The demo's map opened from disk in a real browser, offline, on a desk and on a phone."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest
from support.altered import altered
from support.pages import (
    COUNT,
    LANGUAGES,
    PAINTED,
    SIZES,
    SPOT,
    apart,
    box,
    close_to,
    documented,
    quantity,
)

from stationplan.figures.coverage import overall
from stationplan.text.reasons import today_ways
from stationplan.webmap import render

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=[(lang, size) for lang in LANGUAGES for size in SIZES], ids="-".join)
def shown(request, open_page):
    """The map in each language and size, as it opens; tests with this fixture leave it as it is."""
    lang, size = request.param
    return lang, size, open_page(f"map-{lang}.html", size)


# ---- as it opens --------------------------------------------------------------------------------------------------


def test_title_panels_and_scale_are_there(shown, demo_plan):
    lang, _, opened = shown
    page, words = opened.page, {"zh": ("图例", "图层"), "en": ("Legend", "Layers")}[lang]
    for selector in (".sp-side", ".sp-legend", ".leaflet-control-layers", ".leaflet-control-scale", ".sp-day"):
        assert page.locator(selector).is_visible()
    assert page.locator(".sp-side h1").inner_text() == page.title() == demo_plan.study.name.in_language(lang)
    assert page.locator(".sp-legend .sp-fold-heading").inner_text() == words[0]
    assert page.locator(".leaflet-control-layers .sp-fold-heading").inner_text() == words[1]
    assert re.fullmatch(r"\d+ k?m", page.locator(".leaflet-control-scale-line").inner_text())
    assert page.locator(".leaflet-control-layers-overlays input").count() == 12
    assert page.evaluate("document.documentElement.lang") == {"zh": "zh-CN", "en": "en"}[lang]


def test_the_title_gives_the_shares_of_the_plan(shown, demo_plan):
    _, _, opened = shown
    total = overall(demo_plan)
    figures = opened.page.locator(".sp-figures strong").all_inner_texts()
    assert [quantity(text) for text in figures] == [
        pytest.approx(100 * total.before.share, abs=0.0501),
        pytest.approx(100 * total.after.share, abs=0.0501),
    ]


def test_a_synthetic_plan_and_internal_use_are_said_at_once(shown):
    lang, _, opened = shown
    marks = opened.page.locator(".sp-side .sp-marks li")
    assert marks.first.is_visible()
    wanted = {"zh": ["合成数据，不作决策依据", "内部使用"], "en": ["Synthetic data, not for decisions", "Internal use"]}
    assert marks.all_inner_texts() == wanted[lang]


def test_panels_stay_apart_and_inside_the_window(shown):
    _, size, opened = shown
    width, height = SIZES[size]
    names = (".sp-side", ".sp-legend", ".leaflet-control-layers", ".sp-day", ".leaflet-control-scale")
    names = (*names, ".leaflet-control-attribution")
    panels = [box(opened.page, name) for name in names]
    for left, top, right, bottom in panels:
        assert left >= 0
        assert top >= 0
        assert right <= width
        assert bottom <= height
    assert [(a, b) for a, b in combinations(range(len(names)), 2) if not apart(panels[a], panels[b])] == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_marks_are_not_hidden_by_the_panels(shown, demo_plan):
    _, _, opened = shown
    panels = [box(opened.page, name) for name in (".sp-side", ".sp-legend", ".leaflet-control-layers", ".sp-day")]
    spots = [opened.page.evaluate(SPOT, int(row)) for row in demo_plan.chosen]
    assert [spot for spot in spots if any(p[0] < spot[0] < p[2] and p[1] < spot[1] < p[3] for p in panels)] == []


def test_marks_stand_where_the_sites_are(shown, demo_plan):
    _, _, opened = shown
    across, down = np.array([opened.page.evaluate(SPOT, int(row)) for row in demo_plan.chosen]).T
    x, y = demo_plan.sites.x[demo_plan.chosen], demo_plan.sites.y[demo_plan.chosen]
    # A map of a city is its plan scaled alike along both axes, up to the turn of grid north.
    scale = np.polyfit(x, across, 1)[0]
    assert np.abs(across - np.polyval(np.polyfit(x, across, 1), x)).max() < 6
    assert np.abs(down - np.polyval(np.polyfit(y, down, 1), y)).max() < 6
    assert np.polyfit(y, down, 1)[0] == pytest.approx(-scale, rel=0.03)


def test_the_page_says_nothing_and_asks_for_nothing_but_itself(shown):
    _, _, opened = shown
    assert opened.said == []
    assert opened.asked == [opened.address]


@pytest.mark.parametrize("size", SIZES)
def test_both_canvases_are_painted(open_page, size):
    # A page of its own: Chromium remarks on canvases that are read.
    page = open_page("map-zh.html", size).page
    assert page.evaluate(PAINTED, "canvas.sp-ground") > 0.1
    assert 0.001 < page.evaluate(PAINTED, "canvas.sp-marks") < 0.2


# ---- numbers ------------------------------------------------------------------------------------------------------


def test_the_page_counts_what_plan_json_says(english, demo_plan):
    told, page = documented(demo_plan), english.page
    parts = [({}, told), *(({"district": i}, part) for i, part in enumerate(told["by_district"]))]
    parts += [({"group": i}, part) for i, part in enumerate(told["by_group"])]
    parts += [({"slot": i}, part) for i, part in enumerate(told["by_slot"])]
    for part, wanted in parts:
        total, once, twice = page.evaluate(COUNT, part)
        after = wanted["after"]
        assert total == pytest.approx(wanted["total"], abs=0.1)
        assert once == pytest.approx(after["workers"], abs=0.1)
        assert twice == pytest.approx((after["cross_share"] or 0) * wanted["total"], abs=0.1)


def test_a_page_that_counts_otherwise_says_so(browser, english, demo_plan, tmp_path):
    assert english.page.locator(".sp-alarm").count() == 0
    wrong = altered(demo_plan, stations_after=demo_plan.recounted.stations_before)
    (tmp_path / "map.html").write_text(render(wrong, lang="en"), encoding="utf-8", newline="")
    page = browser.new_page()
    page.goto((tmp_path / "map.html").as_uri())
    page.wait_for_selector("html[data-stationplan-ready='1']", state="attached")
    assert (
        page.locator(".sp-alarm").inner_text()
        == "The figures on this page differ from those of the plan: do not use it"
    )
    page.close()


def test_the_tables_show_what_plan_json_says(english, demo_plan):
    told = documented(demo_plan)
    rows = english.page.locator(".sp-overview .sp-shares tbody tr")
    shown = [row.locator("td").all_inner_texts() for row in rows.all()]
    wanted = [
        [part["before"]["share"], part["after"]["share"], part["after"]["cross_share"]]
        for key in ("by_group", "by_slot", "by_district")
        for part in told[key]
    ]
    assert [[quantity(text) for text in row] for row in shown] == [
        [pytest.approx(100 * share, abs=0.0501) for share in row] for row in wanted
    ]


def test_every_card_makes_its_own_case(desk, demo_plan):
    page, sites = desk.page, demo_plan.sites
    page.locator("#sp-tab-sites").click()
    for order, why in enumerate(demo_plan.why):
        page.locator(".sp-sites tbody .sp-go").nth(order).click()
        popup = page.locator(".leaflet-popup").last
        assert popup.locator("h2").inner_text() == sites.name[why.site]
        assert popup.locator(".sp-order").inner_text() == str(order + 1)
        assert quantity(popup.locator(".sp-gained").inner_text()) == close_to(why.gained.sum())
        by_group = zip(demo_plan.demand.groups, why.gained.sum(axis=1), strict=True)
        wanted = [group.name.en for group, gained in by_group if gained >= 0.05]
        assert popup.locator(".sp-gain tbody th").all_inner_texts() == wanted
        facts = dict(zip(popup.locator("dt").all_inner_texts(), popup.locator("dd").all_inner_texts(), strict=True))
        if why.nearest_existing >= 0:
            name, _, minutes = facts["Nearest station today"].rpartition(", ")
            assert name == sites.name[why.nearest_existing]
            assert quantity(minutes) == close_to(why.nearest_existing_min)
        if why.replacement >= 0 and why.replacement_loss > 0.05:
            name, _, loss = facts["Next best site"].rpartition(": ")
            assert name == sites.name[why.replacement]
            assert loss.endswith("fewer workers")
            assert quantity(loss) == close_to(why.replacement_loss)
        assert quantity(facts["If it is not built"]) == close_to(why.removal_loss)
        assert facts["Travel time to a station today"] == today_ways(why, "en")


def test_a_card_unfolds_whom_the_site_alone_covers(desk, demo_plan):
    page, why = desk.page, demo_plan.why[0]
    page.evaluate("(row) => stationplan.page.toSite(row)", int(why.site))
    fold = page.locator(".leaflet-popup").last.locator("details")  # one that closes is still there for a moment
    assert not fold.locator("table").is_visible()
    fold.locator("summary").click()
    fold.locator("table").wait_for(timeout=8000)
    assert quantity(fold.locator("tfoot td").last.inner_text()) == close_to(why.alone.sum())
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
