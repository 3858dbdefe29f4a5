"""The demo's map worked with in a real browser: what-if changes, layers, cards, links, keyboard and paper."""

from __future__ import annotations

import dataclasses
import re
import shutil

import folium
import numpy as np
import pytest
from support.altered import altered
from support.documents import made_by
from support.environment import ROOT
from support.pages import (
    COUNT,
    PAINTED_ANEW,
    PALE,
    SIZES,
    SPOT,
    apart,
    box,
    close_to,
    documented,
    quantity,
)

import stationplan as sp
from stationplan.domain import LocalText, Phase
from stationplan.figures.coverage import overall
from stationplan.geo import unproject
from stationplan.webmap import build, render

pytestmark = pytest.mark.browser


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


@pytest.mark.parametrize(
    ("paper", "width", "height", "start"),
    [("a4", 297, 210, "button"), ("a3", 420, 297, "button"), ("a4", 297, 210, "keys"), ("a4", 297, 210, "menu")],
)
def test_it_prints_on_one_sheet_with_its_ground(open_page, tmp_path, paper, width, height, start):
    page = open_page("map-zh.html", "desktop").page
    page.evaluate("window.print = () => { window.printed = true; }")
    if start == "button":
        page.locator(".sp-tool", has_text=f"打印 {paper.upper()}").click()
    elif start == "keys":
        page.keyboard.press("Control+p")
    if start != "menu":
        page.wait_for_function("window.printed")
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert len(boxes) == 1
    assert [float(value) * 25.4 / 72 for value in boxes[0]] == pytest.approx([width, height], abs=1)
    assert not page.locator(".sp-map.sp-paper").count()
    (tmp_path / "map.pdf").write_bytes(printed)
    assert inked_share(tmp_path / "map.pdf") > 0.4  # 0.14 with the panels alone


def inked_share(path):
    """The share of the first page of a PDF that is not white."""
    image = made_by("pdftoppm", "-r", "30", path)
    pixels = np.frombuffer(image.split(b"255\n", 1)[1], dtype=np.uint8).reshape(-1, 3)
    return float((pixels < 255).any(axis=1).mean())


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
