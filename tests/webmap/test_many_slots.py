"""The map of a plan with as many time slots as a scenario may have: half-hours of a whole day."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise

import numpy as np
import pytest
from support.environment import ROOT
from support.map_block import block_of

import stationplan as sp
from stationplan.report import document_text
from stationplan.scenario.schema import MOST_SLOTS
from stationplan.webmap import render

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
SPANS = [(start, start + 30) for start in range(0, 24 * 60, 30)]
GROUPS = ("sanitation", "courier", "rider", "driver")

# Coverage as the page counts it: [all, covered, cross-covered] in each slot.
COUNTS = """() => {
  const { choice, model } = stationplan.page;
  return model.slots.map((_, slot) => {
    const { total, once, twice } = choice.ledger.count({ slot });
    return [total, once, twice];
  });
}"""
# Sites that are open in each slot as the page draws them.
OPEN = """() => {
  const { choice, model } = stationplan.page;
  const open = model.slots.map((_, slot) => {
    choice.look({ slot });
    return model.sites.map(({ row }) => choice.works(row));
  });
  choice.look({ slot: -1 });
  return open;
}"""
# Left and right of the words of each element, in px.
EDGES = """(elements) => elements.filter((element) => element.textContent).map((element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  const { left, right } = range.getBoundingClientRect();
  return [left, right];
})"""


def clock(minute):
    return f"{minute // 60:02d}:{minute % 60:02d}"


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """The demo by half-hours, in each of which every group has some of its work."""
    folder = shutil.copytree(ROOT / "data/demo", tmp_path_factory.mktemp("half-hours") / "demo")
    lines = ['extends = "scenario.toml"']
    for start, end in SPANS:
        hours = f"{clock(start)}-{clock(end)}"
        lines += [f"[slots.from_{start}]", f'name = "{hours}"', f'hours = "{hours}"']
    for number, group in enumerate(GROUPS):
        weights = [1 + (i + 3 * number) % 5 for i in range(len(SPANS))]
        shares = ", ".join(f"from_{start} = {w / sum(weights)!r}" for (start, _), w in zip(SPANS, weights, strict=True))
        lines += [f"[groups.{group}]", f"profile = {{ {shares} }}"]
    (folder / "half-hours.toml").write_text("\n".join(lines), encoding="utf-8")
    return sp.run(sp.load_scenario(folder / "half-hours.toml"))


def test_the_study_has_as_many_slots_as_the_schema_allows(plan):
    assert len(plan.demand.slots) == len(SPANS) == MOST_SLOTS > 32
    # A page that read 32 bits would take each slot past them for the one 32 before it.
    early, late = plan.sites.open[:, : MOST_SLOTS - 32], plan.sites.open[:, 32:]
    assert (early != late).any(axis=0).all()


def test_the_block_says_of_every_slot_who_is_open(plan):
    block = block_of(plan)
    opened = np.column_stack([block.arrays[number] for number in block.content["sites"]["open"]])
    assert (opened == plan.sites.open).all()


@pytest.fixture(scope="module")
def folder(plan, tmp_path_factory):
    place = tmp_path_factory.mktemp("pages")
    (place / "map.html").write_text(render(plan, lang="en"), encoding="utf-8", newline="")
    return place


@pytest.fixture(params=SIZES)
def opened(request, browser, folder):
    """The page in each size, and its size."""
    width, height = SIZES[request.param]
    phone = request.param == "phone"
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=phone, is_mobile=phone)
    page = context.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((folder / "map.html").as_uri())
    page.wait_for_selector("html[data-stationplan-ready='1']", state="attached")
    yield page, width
    context.close()
    assert said == []


@pytest.mark.browser
def test_the_page_counts_every_slot_as_plan_json_does(opened, plan):
    page, _ = opened
    told = json.loads(document_text(plan))["coverage"]["by_slot"]
    counted = page.evaluate(COUNTS)
    assert len(counted) == len(told) == MOST_SLOTS
    for (total, once, twice), wanted in zip(counted, told, strict=True):
        assert total == pytest.approx(wanted["total"], abs=0.1)
        assert once == pytest.approx(wanted["after"]["workers"], abs=0.1)
        assert twice == pytest.approx((wanted["after"]["cross_share"] or 0) * wanted["total"], abs=0.1)
    assert page.locator(".sp-alarm").count() == 0
    assert page.evaluate(OPEN) == plan.sites.open.T.tolist()


@pytest.mark.browser
def test_the_bar_of_the_day_has_room_for_its_labels(opened):
    page, width = opened
    edges = page.locator(".sp-ticks span").evaluate_all(EDGES)
    assert len(edges) > 5
    assert [right for (_, right), (left, _) in pairwise(edges) if left < right + 3] == []
    bar = page.locator(".sp-day").bounding_box()
    assert bar["x"] >= 0
    assert bar["x"] + bar["width"] <= width
    assert bar["x"] <= edges[0][0] < edges[-1][1] <= bar["x"] + bar["width"]
    slider = page.locator(".sp-slider input")
    slider.focus()
    page.keyboard.press("End")
    assert page.evaluate("stationplan.page.choice.slot") == MOST_SLOTS - 1
    page.keyboard.press("ArrowLeft")
    assert page.locator(".sp-when").inner_text() == "23:00-23:30"  # named by its hours: they are not said twice
    words = page.locator(".sp-when").bounding_box()
    assert words["x"] + words["width"] <= bar["x"] + bar["width"]


@pytest.mark.browser
def test_labels_of_small_classes_stay_apart(opened):
    page, width = opened
    page.evaluate("stationplan.page.choice.look({ slot: 37 })")
    if width < 640:
        page.locator(".sp-legend .sp-fold-heading").tap()
    edges = page.locator(".sp-ramp li > span:nth-child(2)").evaluate_all(EDGES)
    assert len(edges) == 5
    assert [right for (_, right), (left, _) in pairwise(edges) if left < right + 1] == []


@pytest.mark.browser
def test_a_card_has_a_row_for_each_slot_and_the_facts_stay_in_sight(opened, plan):
    page, width = opened
    page.evaluate("(row) => stationplan.page.toSite(row)", int(plan.chosen[0]))
    popup = page.locator(".leaflet-popup").last
    gained = plan.why[0].gained
    table = popup.locator(".sp-gain")
    wanted = [slot.name.en for s, slot in enumerate(plan.demand.slots) if gained[:, s].sum() >= 0.05]
    assert len(wanted) > 40
    assert table.locator("tbody th").all_inner_texts() == wanted
    heads = table.locator("thead th").all_inner_texts()
    assert heads == ["Time slot", *(group.name.en for group in plan.demand.groups), "Total"]
    totals = [float(text.replace(",", "")) for text in table.locator("tfoot td").all_inner_texts()]
    assert totals == [pytest.approx(value, abs=0.501) for value in (*gained.sum(axis=1), gained.sum())]
    assert popup.locator(".sp-scroll").first.bounding_box()["height"] <= 240
    card = popup.locator(".leaflet-popup-content-wrapper").bounding_box()
    assert card["x"] + card["width"] <= width


@pytest.mark.browser
def test_districts_come_before_a_long_table_of_slots(opened):
    page, width = opened
    if width < 640:
        page.locator(".sp-title-row .sp-fold").tap()
    tables = page.locator(".sp-overview .sp-shares")
    assert [tables.nth(i).locator("thead th").first.inner_text() for i in range(3)] == [
        "Group",
        "District",
        "Time slot",
    ]
    assert tables.nth(2).locator("tbody tr").count() == MOST_SLOTS
