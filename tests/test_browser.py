"""The demo's map and report opened from disk in a real browser, offline, on a desk and on a phone."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pytest
from conftest import ROOT

import stationplan as sp
from stationplan.domain import LocalText
from stationplan.reasons import today_ways
from stationplan.report import render_report, render_validation
from stationplan.report.metrics import overall, uncovered
from stationplan.webmap import render, render_surface

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
LANGUAGES = ["zh", "en"]
HOSTILE = "</script><img src=x onerror=alert(1)>{{7*7}}${7*7}\u2028"
PAINTED_PANES = ["land", "demand", "uncovered", "reach", "roads", "border", "existing"]

# Share of the pixels of a pane's canvas that are painted; null without a canvas.
PAINTED = """(name) => {
  const canvas = document.querySelector(`.leaflet-sp-${name}-pane canvas`);
  if (!canvas || !canvas.width) return null;
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let painted = 0;
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i] > 0) painted += 1;
  return painted / (pixels.length / 4);
}"""


@dataclass
class Opened:
    """A page and everything it said or asked for."""

    page: object
    address: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only browser tests need it

    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def folder(demo_plan, tmp_path_factory):
    place = tmp_path_factory.mktemp("pages")
    for lang in LANGUAGES:
        (place / f"map-{lang}.html").write_text(render(demo_plan, lang=lang), encoding="utf-8", newline="")
        (place / f"report-{lang}.html").write_text(render_report(demo_plan, lang=lang), encoding="utf-8", newline="")
    density = sp.density(sp.load_scenario(ROOT / "data/demo/scenario.toml"))
    hostile = LocalText(HOSTILE, HOSTILE)
    named = type(density)(**{**density.__dict__, "name": hostile, "notice": hostile})
    draws = density.surface.draws.copy()
    draws[:, ::2] = draws[:1, ::2]  # half of the cells are known for certain
    certain = type(density.surface)(**{**density.surface.__dict__, "draws": draws})
    sure = type(density)(**{**density.__dict__, "surface": certain})
    (place / "surface-sure.html").write_text(render_surface(sure, lang="en"), encoding="utf-8", newline="")
    for lang in LANGUAGES:
        (place / f"surface-{lang}.html").write_text(render_surface(named, lang=lang), encoding="utf-8", newline="")
        (place / f"valid-{lang}.html").write_text(render_validation(named, lang=lang), encoding="utf-8", newline="")
    return place


@pytest.fixture(scope="module")
def open_page(browser, folder):
    """A function that opens a page of the folder in a context of its own, offline."""
    contexts = []

    def opening(name: str, size: str) -> Opened:
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
        page.goto(opened.address)
        if name.startswith("map"):
            page.wait_for_function("document.documentElement.dataset.stationplanReady == '1'")
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
    return open_page("map-en.html", "desktop")


@pytest.fixture
def desk(english):
    """The English map on a desk, to be worked with; tests leave its layers as they found them."""
    english.page.evaluate("document.activeElement.blur()")
    yield english
    english.page.locator(".leaflet-container").press("Escape")
    english.page.wait_for_function("!document.querySelector('.leaflet-popup')")
    assert english.page.locator(".leaflet-control-layers-overlays input:checked").count() == 9


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


# ---- as it opens --------------------------------------------------------------------------------------------------


def test_every_layer_holds_what_the_plan_holds(shown, demo_plan):
    _, _, opened = shown
    sites, data = demo_plan.sites, json.loads(opened.page.locator("#stationplan-data").text_content())
    kinds = Counter(f"existing_{sites.kind[i]}" for i in np.flatnonzero(sites.existing))
    assert opened.page.evaluate("stationplan.counts") == {
        "demand": int((demo_plan.demand.workers.sum(axis=(1, 2)) > 0).sum()),
        "uncovered": int((uncovered(demo_plan, demo_plan.stations_before) > 0.00005).sum()),
        "districts": len(demo_plan.area.districts),
        "reach": sum(not shape.is_empty for shape in demo_plan.reach),
        "roads": sum(len(lines) for lines in data["roads"].values()),
        "proposed": len(demo_plan.chosen),
        "candidates": len(sites) - len(demo_plan.chosen) - int(sites.existing.sum()),
        **kinds,
    }
    assert len(kinds) == 3
    assert min(len(lines) for lines in data["roads"].values()) > 0


def test_pins_are_numbered_in_build_order(shown, demo_plan):
    _, _, opened = shown
    assert opened.page.locator(".sp-pin").all_inner_texts() == [str(i + 1) for i in range(len(demo_plan.chosen))]


def test_pins_stand_where_the_sites_are(shown, demo_plan):
    _, _, opened = shown
    pins = [opened.page.locator(".sp-pin").nth(i).bounding_box() for i in range(len(demo_plan.chosen))]
    across = np.array([pin["x"] + pin["width"] / 2 for pin in pins])
    down = np.array([pin["y"] + pin["height"] for pin in pins])
    x, y = demo_plan.sites.x[demo_plan.chosen], demo_plan.sites.y[demo_plan.chosen]
    # A map of a city is its plan scaled alike along both axes, up to the turn of grid north.
    scale = np.polyfit(x, across, 1)[0]
    assert np.abs(across - np.polyval(np.polyfit(x, across, 1), x)).max() < 6
    assert np.abs(down - np.polyval(np.polyfit(y, down, 1), y)).max() < 6
    assert np.polyfit(y, down, 1)[0] == pytest.approx(-scale, rel=0.03)


def test_title_legend_layers_and_scale_are_there(shown, demo_plan):
    lang, _, opened = shown
    page, words = opened.page, {"zh": ("图例", "图层"), "en": ("Legend", "Layers")}[lang]
    for selector in (".sp-title", ".sp-legend", ".leaflet-control-layers", ".leaflet-control-scale"):
        assert page.locator(selector).is_visible()
    assert page.locator(".sp-title h1").inner_text() == page.title() == demo_plan.name.in_language(lang)
    assert page.locator(".sp-legend .sp-fold-heading").inner_text() == words[0]
    assert page.locator(".leaflet-control-layers .sp-fold-heading").inner_text() == words[1]
    assert re.fullmatch(r"\d+ k?m", page.locator(".leaflet-control-scale-line").inner_text())
    assert page.locator(".leaflet-control-layers-overlays input").count() == 10
    assert page.evaluate("document.documentElement.lang") == {"zh": "zh-CN", "en": "en"}[lang]


def test_the_title_gives_the_shares_of_the_plan(shown, demo_plan):
    _, _, opened = shown
    total = overall(demo_plan)
    figures = opened.page.locator(".sp-figures strong").all_inner_texts()
    assert [quantity(text) for text in figures] == [
        pytest.approx(100 * total.before.share, abs=0.0501),
        pytest.approx(100 * total.after.share, abs=0.0501),
    ]


def test_a_synthetic_plan_says_so_at_once(shown):
    lang, _, opened = shown
    marks = opened.page.locator(".sp-marks li")
    assert marks.first.is_visible()
    assert {"zh": "合成数据", "en": "Synthetic data"}[lang] in marks.first.inner_text()


def test_panels_stay_apart_and_inside_the_window(shown):
    _, size, opened = shown
    width, height = SIZES[size]
    panels = {name: box(opened.page, name) for name in (".sp-title", ".sp-legend", ".leaflet-control-layers")}
    for left, top, right, bottom in panels.values():
        assert left >= 0
        assert top >= 0
        assert right <= width
        assert bottom <= height
    title, legend, layers = panels.values()
    assert apart(title, legend)
    assert apart(title, layers)
    assert apart(legend, layers)
    assert apart(legend, box(opened.page, ".leaflet-control-scale"))
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_pins_are_not_hidden_by_the_panels(shown, demo_plan):
    _, _, opened = shown
    panels = [box(opened.page, name) for name in (".sp-title", ".sp-legend", ".leaflet-control-layers")]
    pins = [opened.page.locator(".sp-pin").nth(i).bounding_box() for i in range(len(demo_plan.chosen))]
    tips = [(pin["x"] + pin["width"] / 2, pin["y"] + pin["height"]) for pin in pins]
    hidden = [tip for tip in tips if any(p[0] < tip[0] < p[2] and p[1] < tip[1] < p[3] for p in panels)]
    assert hidden == []


def test_the_page_says_nothing_and_asks_for_nothing_but_itself(shown):
    _, _, opened = shown
    assert opened.said == []
    assert opened.asked == [opened.address]


def test_the_canvases_are_painted(open_page):
    # A page of its own: Chromium remarks on canvases that are read.
    page = open_page("map-zh.html", "desktop").page
    painted = {name: page.evaluate(PAINTED, name) for name in PAINTED_PANES}
    assert None not in painted.values()
    assert min(painted.values()) > 0.001
    assert painted["land"] > 0.05
    assert page.evaluate(PAINTED, "candidates") in (None, 0)


def test_the_canvases_are_painted_on_a_phone(open_page):
    page = open_page("map-en.html", "phone").page
    painted = {name: page.evaluate(PAINTED, name) for name in PAINTED_PANES}
    assert None not in painted.values()
    assert min(painted.values()) > 0.001


# ---- worked with --------------------------------------------------------------------------------------------------


def test_pin_one_opens_the_case_for_the_first_site(desk, demo_plan):
    page, why, sites = desk.page, demo_plan.why[0], demo_plan.sites
    page.locator(".sp-pin").first.click()
    popup = page.locator(".leaflet-popup")
    assert popup.locator("h2").inner_text() == sites.name[why.site]
    assert popup.locator(".sp-order").inner_text() == "1"
    assert quantity(popup.locator(".sp-gained").inner_text()) == close_to(why.gained.sum())
    facts = dict(zip(popup.locator("dt").all_inner_texts(), popup.locator("dd").all_inner_texts(), strict=True))

    name, _, minutes = facts["Nearest station today"].rpartition(", ")
    assert name == sites.name[why.nearest_existing]
    assert quantity(minutes) == close_to(why.nearest_existing_min)
    name, _, loss = facts["Next best site"].rpartition(": ")
    assert name == sites.name[why.replacement]
    assert why.replacement_loss > 0.05
    assert loss.endswith("fewer workers")
    assert quantity(loss) == close_to(why.replacement_loss)
    assert quantity(facts["If it falls through"]) == close_to(why.removal_loss)
    assert facts["Held by"] == "What it adds"
    assert facts["Way to a station today"] == today_ways(why, "en")
    assert desk.said == []


def test_a_case_unfolds_whom_the_site_alone_covers(desk, demo_plan):
    page, why = desk.page, demo_plan.why[0]
    page.locator(".sp-pin").first.click()
    fold = page.locator(".leaflet-popup details")
    assert not fold.locator("table").is_visible()
    fold.locator("summary").click()
    assert quantity(fold.locator("tfoot td").last.inner_text()) == close_to(why.alone.sum())
    groups = zip(demo_plan.demand.groups, why.alone.sum(axis=1), strict=True)
    assert fold.locator("tbody th").all_inner_texts() == [group.name.en for group, n in groups if n >= 0.05]
    top = box(page, ".leaflet-popup-content-wrapper")[1]
    assert top >= 0
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert desk.said == []


# What an open popup says; called when the pin of that order has been asked to open it.
CASE = """() => {
  const popup = [...document.querySelectorAll(".leaflet-popup")].pop();
  const text = (selector) => popup.querySelector(selector).textContent;
  const texts = (selector) => [...popup.querySelectorAll(selector)].map((element) => element.textContent);
  return {
    order: text(".sp-order"), name: text("h2"), gained: text(".sp-gained"), groups: texts(".sp-gain tbody th"),
    facts: Object.fromEntries(texts("dt").map((term, i) => [term, texts("dd")[i]])),
  };
}"""


def test_every_pin_opens_its_own_case(desk, demo_plan):
    page, sites = desk.page, demo_plan.sites
    for order, why in enumerate(demo_plan.why):
        page.locator(".sp-pin").nth(order).focus()
        page.keyboard.press("Enter")
        case = page.evaluate(CASE)
        assert (case["order"], case["name"]) == (str(order + 1), sites.name[why.site])
        assert quantity(case["gained"]) == close_to(why.gained.sum())
        by_group = zip(demo_plan.demand.groups, why.gained.sum(axis=1), strict=True)
        assert case["groups"] == [group.name.en for group, gained in by_group if gained >= 0.05]
        nearest, replacement = "None within reach", "None"
        if why.nearest_existing >= 0:
            nearest = f"{sites.name[why.nearest_existing]}, "
        if why.replacement >= 0:
            replacement = f"{sites.name[why.replacement]}: "
        assert case["facts"]["Nearest station today"].startswith(nearest)
        assert case["facts"]["Next best site"].startswith(replacement)
        assert quantity(case["facts"]["If it falls through"]) == close_to(why.removal_loss)
    assert desk.said == []


def test_tab_and_enter_open_a_case_and_escape_returns_to_its_pin(desk):
    page = desk.page
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.sp-pin')"):
            break
    assert page.evaluate("document.activeElement.matches('.sp-pin:focus-visible')")
    order = page.evaluate("document.activeElement.innerText")
    page.keyboard.press("Enter")
    popup = page.locator(".leaflet-popup")
    assert popup.locator(".sp-order").inner_text() == order
    assert popup.get_attribute("role") == "dialog"
    assert popup.get_attribute("aria-label") == popup.locator("h2").inner_text()
    assert page.evaluate("document.activeElement.closest('.leaflet-popup') !== null")
    page.keyboard.press("Escape")
    popup.wait_for(state="detached")
    assert page.evaluate("document.activeElement.innerText") == order
    assert desk.said == []


def layer_box(page, label):
    exact = re.compile(f"^\\s*{re.escape(label)}\\s*$")
    return page.locator(".leaflet-control-layers-overlays label").filter(has_text=exact)


@pytest.mark.parametrize(
    ("label", "selector"), [("Proposed sites", ".sp-pin"), ("Districts", ".sp-district-name")], ids=["pins", "names"]
)
def test_a_layer_taken_off_takes_its_elements_away(desk, label, selector):
    page = desk.page
    count = page.locator(selector).count()
    assert count > 0
    layer_box(page, label).click()
    assert page.locator(selector).count() == 0
    layer_box(page, label).click()
    assert page.locator(selector).count() == count
    assert desk.said == []


def test_a_layer_taken_off_leaves_its_canvas_empty(open_page):
    # A page of its own: Chromium remarks on canvases that are read.
    page = open_page("map-en.html", "desktop").page
    layers = {
        "demand": ["Outdoor workers"],
        "uncovered": ["Uncovered workers"],
        "reach": ["Walking reach of proposed sites"],
        "roads": ["Roads"],
        "existing": ["Existing: Standard station", "Existing: Micro station", "Existing: Mobile station"],
    }
    for pane, labels in layers.items():
        map_only = {"x": 360, "y": 20, "width": 600, "height": 740}
        before = page.screenshot(clip=map_only)
        assert page.evaluate(PAINTED, pane) > 0.001
        for label in labels:
            layer_box(page, label).click()
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate(PAINTED, pane) in (None, 0), pane
        assert page.screenshot(clip=map_only) != before, pane


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


def test_the_legend_turns_uncovered_workers_from_today_to_the_plan(desk, demo_plan):
    page = desk.page
    page.locator(".sp-choice button", has_text="With the plan").click()
    after = int((uncovered(demo_plan, demo_plan.stations_after) > 0.00005).sum())
    assert page.evaluate("stationplan.counts.uncovered") == after
    page.locator(".sp-choice button", has_text="Today").click()
    before = int((uncovered(demo_plan, demo_plan.stations_before) > 0.00005).sum())
    assert page.evaluate("stationplan.counts.uncovered") == before > after


def test_a_popup_on_a_phone_is_inside_the_window(open_page, demo_plan):
    opened = open_page("map-zh.html", "phone")
    page = opened.page
    page.locator(".sp-pin").first.tap()
    popup = page.locator(".leaflet-popup")
    popup.locator("h2").wait_for()
    page.wait_for_timeout(400)  # the map pans to the popup
    left, top, right, bottom = box(page, ".leaflet-popup-content-wrapper")
    assert popup.locator("h2").inner_text() == demo_plan.sites.name[demo_plan.why[0].site]
    assert (left >= 0, right <= 390, top >= 0, bottom <= 844) == (True,) * 4
    assert apart((left, top, right, bottom), box(page, ".sp-title"))
    assert opened.said == []


# ---- the report ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_report_opens_without_script_or_request(open_page, demo_plan, lang, size):
    opened = open_page(f"report-{lang}.html", size)
    page = opened.page
    assert page.locator("h1").inner_text() == page.title() == demo_plan.name.in_language(lang)
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
