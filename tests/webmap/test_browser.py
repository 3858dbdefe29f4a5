"""The demo's map and report opened from disk in a real browser, offline, on a desk and on a phone."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from dataclasses import dataclass, field
from itertools import combinations

import folium
import numpy as np
import pytest
from support.altered import altered
from support.environment import ROOT

import stationplan as sp
from stationplan.domain import LocalText, Phase
from stationplan.figures.coverage import overall
from stationplan.geo import unproject
from stationplan.report import document_text, render_report, render_validation
from stationplan.text.reasons import today_ways
from stationplan.webmap import build, render, render_surface

pytestmark = pytest.mark.browser

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
LANGUAGES = ["zh", "en"]
HOSTILE = "</script><img src=x onerror=alert(1)>{{7*7}}${7*7}\u2028"

# Share of the pixels of a canvas that are painted.
PAINTED = """(selector) => {
  const canvas = document.querySelector(selector);
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let painted = 0;
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i] > 0) painted += 1;
  return painted / (pixels.length / 4);
}"""
# Done when the canvases have been painted after a change.
PAINTED_ANEW = """new Promise((done) => {
  const next = (left) => (left ? requestAnimationFrame(() => next(left - 1)) : done());
  next(3);
})"""
# Text that stands out too little from what is behind it (WCAG 2.2, AA: 4.5:1), with the ratio.
PALE = """() => {
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const rgba = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.8) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll(".sp-map *")].filter((e) =>
    [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) && e.checkVisibility() && !e.disabled
  ).map((e) => {
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(behind(e))];
    return [e.className || e.tagName, e.textContent.slice(0, 20), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
  }).filter(([, , ratio]) => ratio < 4.5);
}"""
# Coverage as the page counts it: [all, covered, cross-covered] of a part.
COUNT = """(part) => {
  const { choice } = stationplan.page;
  const { total, once, twice } = choice.ledger.count(part);
  return [total, once, twice];
}"""
# Where a site's mark is on the screen.
SPOT = """(row) => {
  const { map, model } = stationplan.page;
  const { x, y } = model.sites[row];
  const lat = Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180 / Math.PI;
  const { x: left, y: top } = map.latLngToContainerPoint([lat, (x - 0.5) * 360]);
  return [left, top];
}"""


@dataclass
class Opened:
    """A page and everything it said or asked for."""

    page: object
    address: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def folder(demo_plan, tmp_path_factory):
    place = tmp_path_factory.mktemp("pages")
    for lang in LANGUAGES:
        (place / f"map-{lang}.html").write_text(render(demo_plan, lang=lang), encoding="utf-8", newline="")
        (place / f"report-{lang}.html").write_text(render_report(demo_plan, lang=lang), encoding="utf-8", newline="")
    density = sp.density(sp.load_scenario(ROOT / "data/demo/scenario.toml"))
    hostile = LocalText(HOSTILE, HOSTILE)
    named = altered(density, name=hostile, notice=hostile)
    draws = density.surface.draws.copy()
    draws[:, ::2] = draws[:1, ::2]  # half of the cells are known for certain
    sure = altered(density, surface=altered(density.surface, draws=draws))
    (place / "surface-sure.html").write_text(render_surface(sure, lang="en"), encoding="utf-8", newline="")
    for lang in LANGUAGES:
        (place / f"surface-{lang}.html").write_text(render_surface(named, lang=lang), encoding="utf-8", newline="")
        (place / f"valid-{lang}.html").write_text(render_validation(named, lang=lang), encoding="utf-8", newline="")
    return place


@pytest.fixture(scope="module")
def open_page(browser, folder):
    """A function that opens a page of the folder in a context of its own, offline."""
    contexts = []

    def opening(name: str, size: str, state: str = "") -> Opened:
        width, height = SIZES[size]
        context = browser.new_context(
            offline=True,
            viewport={"width": width, "height": height},
            has_touch=size == "phone",
            is_mobile=size == "phone",
        )
        contexts.append(context)
        page = context.new_page()
        opened = Opened(page, (folder / name).as_uri())
        page.on("console", lambda message: opened.said.append(message.text))
        page.on("pageerror", lambda error: opened.said.append(str(error)))
        page.on("dialog", lambda dialog: (opened.said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: opened.asked.append(request.url))
        page.goto(opened.address + state)
        if name.startswith(("map", "surface")):
            page.wait_for_selector("html[data-stationplan-ready='1']", state="attached")
        return opened

    yield opening
    for context in contexts:
        context.close()


@pytest.fixture(scope="module", params=[(lang, size) for lang in LANGUAGES for size in SIZES], ids="-".join)
def shown(request, open_page):
    """The map in each language and size, as it opens; tests with this fixture leave it as it is."""
    lang, size = request.param
    return lang, size, open_page(f"map-{lang}.html", size)


@pytest.fixture(scope="module")
def english(open_page):
    opened = open_page("map-en.html", "desktop")
    opened.page.evaluate("const { map } = stationplan.page; window.start = [map.getCenter(), map.getZoom()]")
    return opened


@pytest.fixture
def desk(english):
    """The English map on a desk, to be worked with; it is put back as it opened."""
    yield english
    page = english.page
    page.keyboard.press("Escape")
    page.evaluate(
        "const { choice } = stationplan.page; choice.reset(); choice.look({ group: -1, slot: -1 }); choice.select(-1);"
        "stationplan.page.map.setView(...window.start, { animate: false })"
    )
    page.locator("#sp-tab-overview").click()
    page.evaluate("document.activeElement.blur()")
    assert english.said == []


def box(page, selector):
    """Left, top, right and bottom of an element in px."""
    found = page.locator(selector).bounding_box()
    return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]


def apart(a, b):
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def quantity(text):
    """The first number in a text."""
    return float(re.search(r"\d[\d,]*(?:\.\d+)?", text)[0].replace(",", ""))


def close_to(value):
    """As the map shows it: one decimal below ten, none above."""
    return pytest.approx(value, abs=0.0501 if value < 10 else 0.501)


def documented(plan):
    """What plan.json says of coverage."""
    return json.loads(document_text(plan))["coverage"]


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


# ---- what if ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def edited(open_page, demo_plan, tmp_path_factory):
    """A choice made by hand on the page, what the page says of it, and the plan that its export makes."""
    page = open_page("map-en.html", "desktop").page
    sites = demo_plan.sites
    others = np.setdiff1d(np.flatnonzero(~sites.existing), demo_plan.chosen)
    page.locator("#sp-tab-sites").click()
    for order in (0, 3):
        page.locator(".sp-sites tbody input").nth(order).click()
    for row, words in ((int(others[0]), "Add to the plan"), (0, "Close this station"), (5, "Close this station")):
        page.evaluate("(row) => stationplan.page.toSite(row)", row)
        page.locator(".leaflet-popup .sp-action", has_text=words).last.click()
    page.locator("#sp-tab-edits").click()
    with page.expect_download() as saved:
        page.locator(".sp-action", has_text="Export as a scenario").click()
    folder = tmp_path_factory.mktemp("choice")
    for path in (ROOT / "data/demo").iterdir():
        shutil.copy(path, folder)
    saved.value.save_as(folder / "choice.toml")
    return page, sp.run(sp.load_scenario(folder / "choice.toml")), others[0]


def test_an_exported_choice_is_the_plan_that_run_makes_of_it(edited, demo_plan):
    _, plan, added = edited
    new = {demo_plan.sites.site_id[i] for i in [*np.delete(demo_plan.chosen, [0, 3]), added]}
    assert {plan.sites.site_id[i] for i in plan.chosen} == new
    assert {plan.sites.site_id[i] for i in plan.solution.closed} == {demo_plan.sites.site_id[i] for i in (0, 5)}


def test_an_edited_page_counts_what_run_counts_to_the_worker(edited):
    page, plan, _ = edited
    told = documented(plan)
    parts = [({}, told), *(({"district": i}, part) for i, part in enumerate(told["by_district"]))]
    parts += [({"group": i}, part) for i, part in enumerate(told["by_group"])]
    parts += [({"slot": i}, part) for i, part in enumerate(told["by_slot"])]
    for part, wanted in parts:
        total, once, twice = page.evaluate(COUNT, part)
        assert total == pytest.approx(wanted["total"], abs=0.1)
        assert once == pytest.approx(wanted["after"]["workers"], abs=0.1)
        assert twice == pytest.approx((wanted["after"]["cross_share"] or 0) * wanted["total"], abs=0.1)


def test_an_edited_page_shows_its_share_and_that_it_is_no_longer_the_plan(edited):
    page, plan, _ = edited
    after = overall(plan).after
    assert quantity(page.locator(".sp-after strong").inner_text()) == pytest.approx(100 * after.share, abs=0.0501)
    assert page.locator(".sp-after small").inner_text() == "After changes"
    assert page.locator("#sp-tab-edits").inner_text() == "What if (5)"
    assert page.locator(".sp-changes li").count() == 5


def test_changes_are_taken_back_one_by_one_and_together(desk, demo_plan):
    page = desk.page
    before = page.evaluate(COUNT, {})
    page.locator("#sp-tab-sites").click()
    for order in (1, 2):
        page.locator(".sp-sites tbody input").nth(order).click()
    assert page.evaluate(COUNT, {})[1] < before[1]
    page.locator("#sp-tab-edits").click()
    page.locator(".sp-undo").first.click()
    assert page.locator(".sp-changes li").count() == 1
    page.locator(".sp-action", has_text="Back to the plan").click()
    assert page.locator(".sp-changes li").count() == 0
    assert page.evaluate(COUNT, {}) == before


def test_slot_and_group_are_looked_at_alone(desk, demo_plan):
    page, told = desk.page, documented(demo_plan)
    page.locator(".sp-slider input").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".sp-when").inner_text() == "Dawn 05:00-08:00"
    share = quantity(page.locator(".sp-after strong").inner_text())
    assert share == pytest.approx(100 * told["by_slot"][0]["after"]["share"], abs=0.0501)
    page.locator(".sp-select select").select_option(index=2)
    workers, after = demo_plan.demand.workers[:, 1, 0], demo_plan.recounted.stations_after[:, 1, 0]
    share = quantity(page.locator(".sp-after strong").inner_text())
    assert share == pytest.approx(100 * workers[after > 0].sum() / workers.sum(), abs=0.0501)
    assert page.locator(".sp-coverage .sp-label").inner_text() == "Workers covered: Couriers · Dawn"
    assert "Hollow: closed in this time slot" in page.locator(".sp-legend").inner_text()


# ---- worked with --------------------------------------------------------------------------------------------------


def layer_box(page, label):
    exact = re.compile(f"^\\s*{re.escape(label)}\\s*$")
    return page.locator(".leaflet-control-layers-overlays label").filter(has_text=exact)


def test_one_theme_is_shown_at_a_time(desk):
    page = desk.page
    layer_box(page, "Coverage by district").click()
    checked = page.locator(".leaflet-control-layers-overlays input:checked").count()
    assert not layer_box(page, "Uncovered workers").locator("input").is_checked()
    assert "Coverage by district" in page.locator(".sp-legend-body").inner_text()
    layer_box(page, "Uncovered workers").click()
    assert not layer_box(page, "Coverage by district").locator("input").is_checked()
    assert page.locator(".leaflet-control-layers-overlays input:checked").count() == checked


LAYERS = ["Uncovered workers", "Roads", "Districts", "Existing: Standard station", "Proposed sites"]


def test_a_layer_taken_off_changes_the_picture_and_comes_back(open_page):
    page = open_page("map-en.html", "desktop").page
    map_only = {"x": 380, "y": 20, "width": 640, "height": 640}
    before = page.screenshot(clip=map_only)
    for label in LAYERS:
        layer_box(page, label).click()
        page.evaluate(PAINTED_ANEW)
        assert page.screenshot(clip=map_only) != before, label
        layer_box(page, label).click()
        page.evaluate(PAINTED_ANEW)
        assert page.screenshot(clip=map_only) == before, label


def test_the_legend_follows_the_layers(desk):
    page = desk.page
    legend = page.locator(".sp-legend-body")
    assert "Main road" in legend.inner_text()
    layer_box(page, "Roads").click()
    assert "Main road" not in legend.inner_text()
    layer_box(page, "Roads").click()
    assert "Candidate site" not in legend.inner_text()
    layer_box(page, "Other candidates").click()
    assert "Candidate site (280)" in legend.inner_text()
    layer_box(page, "Other candidates").click()
    layer_box(page, "Host types").click()
    assert "Petrol station" in legend.inner_text()
    layer_box(page, "Host types").click()


def test_a_click_on_a_mark_opens_its_card_and_marks_its_row(desk, demo_plan):
    page = desk.page
    page.locator("#sp-tab-sites").click()
    row = int(demo_plan.chosen[4])
    left, top = page.evaluate(SPOT, row)
    page.mouse.click(left, top - 19)
    assert page.locator(".leaflet-popup h2").last.inner_text() == demo_plan.sites.name[row]
    assert page.locator(".sp-sites tr.sp-selected .sp-go").inner_text() == demo_plan.sites.name[row]
    assert "5 minutes on foot" in page.locator(".sp-legend-body").inner_text()
    page.keyboard.press("Escape")
    page.locator(".leaflet-popup").wait_for(state="detached")
    assert page.locator(".sp-sites tr.sp-selected").count() == 0


def test_a_click_on_the_ground_tells_of_district_and_cell(desk, demo_plan):
    page, sites, demand = desk.page, demo_plan.sites, demo_plan.demand
    to_sites = np.hypot(demand.x[:, None] - sites.x, demand.y[:, None] - sites.y).min(axis=1)
    lone = int(to_sites.argmax())
    lon, lat = unproject(demand.x[[lone]], demand.y[[lone]], demo_plan.area.crs)
    page.evaluate(
        "([lat, lon]) => stationplan.page.map.setView([lat, lon], 15, { animate: false })",
        [float(lat[0]), float(lon[0])],
    )
    size = page.evaluate("[innerWidth / 2, innerHeight / 2]")
    page.mouse.click(*size)
    district = demo_plan.area.districts.iloc[demand.district[lone]]
    popup = page.locator(".leaflet-popup").last
    assert popup.locator("h2").inner_text() == district["name_en"]
    facts = popup.locator("dd").all_inner_texts()
    assert quantity(facts[4]) == close_to(demand.workers[lone].sum())


def test_the_list_sorts_and_search_finds(desk, demo_plan):
    page, sites = desk.page, demo_plan.sites
    page.locator("#sp-tab-sites").click()
    page.locator(".sp-sites thead button", has_text="Cost").click()
    names = page.locator(".sp-sites tbody .sp-go").all_inner_texts()
    by_cost = sorted(demo_plan.chosen, key=lambda row: -sites.cost[row])
    assert sites.cost[by_cost[0]] == sites.cost[list(sites.name).index(names[0])]
    assert page.locator(".sp-sites th[aria-sort=descending] button").inner_text() == "Cost (yuan)"
    page.locator(".sp-sites thead button", has_text="No.").click()
    station = int(np.flatnonzero(sites.existing)[7])
    page.locator(".sp-search").fill(sites.site_id[station])
    assert page.locator(".sp-found .sp-go").first.inner_text() == sites.name[station]
    page.locator(".sp-found .sp-go").first.click()
    assert page.locator(".leaflet-popup h2").last.inner_text() == sites.name[station]
    page.locator(".sp-search").fill("")


def address(page):
    """The part of the address behind #, once the map has come to rest."""
    page.wait_for_function(
        "() => { if (window.last !== location.hash) { window.last = location.hash; window.since = performance.now(); }"
        "return performance.now() - window.since > 600; }"
    )
    return page.evaluate("location.hash")


def test_a_link_brings_back_what_was_seen(desk, open_page, demo_plan):
    page = desk.page
    page.locator("#sp-tab-sites").click()
    page.locator(".sp-sites tbody input").nth(2).click()
    page.locator(".sp-slider input").fill("3")
    page.evaluate("(row) => stationplan.page.toSite(row)", int(demo_plan.chosen[1]))
    again = open_page("map-en.html", "desktop", address(page)).page
    assert again.evaluate(COUNT, {}) == page.evaluate(COUNT, {})
    assert again.locator(".sp-when").inner_text() == page.locator(".sp-when").inner_text() != "Whole day"
    assert again.locator(".leaflet-popup h2").last.inner_text() == demo_plan.sites.name[demo_plan.chosen[1]]
    assert address(again) == address(page)


def test_everything_is_reached_by_keyboard_and_the_focus_is_seen(open_page, demo_plan):
    page = open_page("map-en.html", "desktop", "#tab=sites").page
    seen = {}
    for _ in range(90):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "(() => { const e = document.activeElement, s = getComputedStyle(e);"
            "return [e.className || e.type || e.tagName, e.textContent.slice(0, 30), s.outlineStyle != 'none'] })()"
        )
        seen[tuple(found[:2])] = found[2]
    kinds = {kind for kind, _ in seen}
    for wanted in ("sp-tab", "sp-search", "sp-go", "sp-tool", "leaflet-control-layers-selector", "range"):
        assert any(wanted in kind for kind in kinds), wanted
    assert [element for element, visible in seen.items() if not visible and element[0] != "BODY"] == []


def test_enter_opens_a_card_and_escape_returns_to_its_row(open_page, demo_plan):
    page = open_page("map-en.html", "desktop", "#tab=sites").page
    page.locator(".sp-search").focus()
    while page.evaluate("document.activeElement.textContent") != demo_plan.sites.name[demo_plan.chosen[0]]:
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    popup = page.locator(".leaflet-popup")
    assert popup.get_attribute("role") == "dialog"
    assert popup.get_attribute("aria-label") == demo_plan.sites.name[demo_plan.chosen[0]]
    assert page.evaluate("document.activeElement.closest('.leaflet-popup') !== null")
    page.keyboard.press("Escape")
    popup.wait_for(state="detached")
    assert page.evaluate("document.activeElement.textContent") == demo_plan.sites.name[demo_plan.chosen[0]]


@pytest.mark.parametrize("tab", ["overview", "sites", "edits"])
@pytest.mark.parametrize("size", SIZES)
def test_text_stands_out_enough(open_page, demo_plan, size, tab):
    page = open_page("map-en.html", size, f"#tab={tab}&off={demo_plan.sites.site_id[demo_plan.chosen[2]]}").page
    if size == "phone":
        page.locator(".sp-title-row .sp-fold").tap()
    else:
        page.evaluate("(row) => stationplan.page.toSite(row)", int(demo_plan.chosen[0]))
    page.wait_for_timeout(300)  # popups fade in
    assert page.evaluate(PALE) == []


def test_phases_have_colours_of_their_own(browser, demo_plan, tmp_path):
    solution = dataclasses.replace(demo_plan.solution, phases=(Phase(12, 1.0, 1.0), Phase(8, 2.0, 2.0)))
    names = (LocalText("2027年", "In 2027"), LocalText("2028年", "In 2028"))
    phased = altered(demo_plan, solution=solution, phase_names=names)
    (tmp_path / "map.html").write_text(render(phased, lang="en"), encoding="utf-8", newline="")
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto((tmp_path / "map.html").as_uri())
    page.wait_for_selector("html[data-stationplan-ready='1']", state="attached")
    keys = page.locator(".sp-legend .sp-key-pin")
    assert keys.all_inner_texts() == ["1\nIn 2027 (12)", "1\nIn 2028 (8)"]
    colours = keys.locator(".sp-sign").evaluate_all("(signs) => signs.map((sign) => sign.style.background)")
    assert len(set(colours)) == 2
    page.evaluate("(row) => stationplan.page.toSite(row)", int(demo_plan.chosen[13]))
    assert page.locator(".leaflet-popup").last.locator(".sp-meta").first.inner_text().startswith("In 2028 · ")
    page.close()


def test_the_map_can_be_read_as_tables(desk, demo_plan):
    page = desk.page
    page.locator(".sp-tool", has_text="Tables").click()
    dialog = page.locator(".sp-dialog")
    rows = dialog.locator(".sp-wide").nth(0).locator("tbody th").all_inner_texts()
    assert rows == [f"{i + 1}. {demo_plan.sites.name[row]}" for i, row in enumerate(demo_plan.chosen)]
    assert dialog.locator(".sp-wide").nth(1).locator("tbody tr").count() == int(demo_plan.sites.existing.sum())
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


def test_a_card_on_a_phone_is_inside_the_window(open_page, demo_plan):
    opened = open_page("map-zh.html", "phone")
    page = opened.page
    left, top = page.evaluate(SPOT, int(demo_plan.chosen[0]))
    page.touchscreen.tap(left, top - 19)
    popup = page.locator(".leaflet-popup")
    popup.locator("h2").wait_for()
    page.wait_for_timeout(400)  # the map pans to the card
    left, top, right, bottom = box(page, ".leaflet-popup-content-wrapper")
    assert popup.locator("h2").inner_text() == demo_plan.sites.name[demo_plan.why[0].site]
    assert (left >= 0, right <= 390, top >= 0, bottom <= 844) == (True,) * 4
    assert apart((left, top, right, bottom), box(page, ".sp-side"))
    assert apart((left, top, right, bottom), box(page, ".sp-day"))
    assert opened.said == []


@pytest.mark.parametrize(("paper", "width", "height"), [("a4", 297, 210), ("a3", 420, 297)])
def test_it_prints_on_one_sheet(open_page, tmp_path, paper, width, height):
    page = open_page("map-zh.html", "desktop").page
    page.evaluate("window.print = () => {}")
    page.locator(".sp-tool", has_text=f"打印 {paper.upper()}").click()
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert len(boxes) == 1
    assert [float(value) * 25.4 / 72 for value in boxes[0]] == pytest.approx([width, height], abs=1)
    assert not page.locator(".sp-map.sp-paper").count()


def test_it_lives_in_a_notebook(browser, demo_plan):
    page = browser.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.set_content(f"<div>{build(demo_plan, lang='en')._repr_html_()}</div>")
    frame = page.frames[1]
    frame.wait_for_selector("html[data-stationplan-ready='1']", state="attached")
    assert frame.locator(".sp-side h1").inner_text() == demo_plan.study.name.en
    assert said == []
    page.close()


def test_layers_of_ones_own_stand_beside_ours(browser, demo_plan, tmp_path):
    own = build(demo_plan, lang="en")
    lon, lat = unproject(demo_plan.demand.x[:1], demo_plan.demand.y[:1], demo_plan.area.crs)
    group = folium.FeatureGroup(name="My own")
    folium.CircleMarker([float(lat[0]), float(lon[0])], radius=20, color="red").add_to(group)
    group.add_to(own)
    own.save(tmp_path / "own.html")
    page = browser.new_page()
    page.goto((tmp_path / "own.html").as_uri())
    page.wait_for_selector("html[data-stationplan-ready='1']", state="attached")
    assert page.locator("path.leaflet-interactive").count() == 1
    page.close()


# ---- the report ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_report_opens_without_script_or_request(open_page, demo_plan, lang, size):
    opened = open_page(f"report-{lang}.html", size)
    page = opened.page
    assert page.locator("h1").inner_text() == page.title() == demo_plan.study.name.in_language(lang)
    assert page.locator("script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    assert (
        page.evaluate(
            "[...document.querySelectorAll('*')].flatMap((e) => e.getAttributeNames())"
            ".filter((name) => name.startsWith('on'))"
        )
        == []
    )
    assert opened.said == []
    assert opened.asked == [opened.address]


def test_the_report_lists_the_sites_in_build_order(open_page, demo_plan):
    page = open_page("report-en.html", "desktop").page
    rows = page.locator("table.sites tbody tr")
    assert rows.locator(".order").all_inner_texts() == [str(i + 1) for i in range(len(demo_plan.chosen))]
    names = rows.locator("th").evaluate_all("(cells) => cells.map((cell) => cell.firstChild.textContent)")
    assert names == [demo_plan.sites.name[i] for i in demo_plan.chosen]
    gained = [quantity(text) for text in rows.locator("td:nth-child(3)").all_inner_texts()]
    assert gained == [pytest.approx(float(why.gained.sum()), abs=0.0501) for why in demo_plan.why]


# ---- the pages of a surface -----------------------------------------------------------------------------------------

LEGEND = "[...document.querySelectorAll('.sp-surface li')].map((line) => line.textContent)"
INKED = """() => {
  const canvas = document.querySelector(".sp-surface-canvas");
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let painted = 0;
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i] > 0) painted += 1;
  return painted / (pixels.length / 4);
}"""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_map_of_a_surface_draws_offline_and_follows_its_choices(open_page, lang, size):
    opened = open_page(f"surface-{lang}.html", size)
    page = opened.page
    assert opened.said == []
    assert opened.asked == [opened.address]
    assert page.inner_text(".sp-surface h1").strip().startswith("</script><img src=x")
    assert page.evaluate(INKED) > 0.02
    whole = page.evaluate(LEGEND)
    assert len(whole) == 7
    group, slot, show = page.query_selector_all(".sp-surface select")
    slot.select_option(index=1)
    dawn = page.evaluate(LEGEND)
    assert dawn != whole
    group.select_option(index=3)
    assert page.evaluate(LEGEND) != dawn
    show.select_option(index=1)
    assert all(line.endswith("%") for line in page.evaluate(LEGEND))
    assert opened.said == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_validation_of_a_surface_opens_without_a_request(open_page, lang):
    opened = open_page(f"valid-{lang}.html", "desktop")
    assert opened.said == []
    assert opened.asked == [opened.address]
    assert opened.page.inner_text("h1").startswith("</script><img src=x")


def test_cells_known_for_certain_stay_on_the_map_of_errors(open_page):
    page = open_page("surface-sure.html", "desktop").page
    whole = page.evaluate(INKED)
    page.query_selector_all(".sp-surface select")[2].select_option(index=1)
    assert page.evaluate(INKED) == whole
    assert page.evaluate(LEGEND)[0] == "0 %"
    white = "document.querySelector('.sp-surface li span').style.background"
    assert page.evaluate(white) == "rgb(255, 255, 255)"


def test_colours_of_a_surface_are_those_of_its_legend(open_page):
    page = open_page("surface-en.html", "desktop").page
    colours = set(page.evaluate("[...document.querySelectorAll('.sp-surface li span')].map((e) => e.style.background)"))
    common = page.evaluate("""() => {
      const canvas = document.querySelector(".sp-surface-canvas");
      const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      const count = new Map();
      for (let i = 0; i < pixels.length; i += 4) {
        if (pixels[i + 3] < 255) continue;
        const colour = `rgb(${pixels[i]}, ${pixels[i + 1]}, ${pixels[i + 2]})`;
        count.set(colour, (count.get(colour) || 0) + 1);
      }
      return [...count].sort((a, b) => b[1] - a[1]).slice(0, 7).map(([colour]) => colour);
    }""")
    assert colours <= {*common}
