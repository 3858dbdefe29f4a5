"""Pages opened in Chromium: what they said and asked for, and what is read off them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

import pytest

import stationplan as sp
from stationplan.domain import LocalText
from stationplan.report import document_text, render_report, render_validation
from stationplan.webmap import render, render_surface
from support.altered import altered
from support.environment import ROOT

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


def write_pages(place, demo_plan):
    """Write map and report of the plan and the pages of the demo's density into a folder, in both languages."""
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


def open_in(browser, path, size, state=""):
    """Open a page in a context of its own, offline; return the context and the page."""
    width, height = SIZES[size]
    context = browser.new_context(
        offline=True,
        viewport={"width": width, "height": height},
        has_touch=size == "phone",
        is_mobile=size == "phone",
    )
    page = context.new_page()
    opened = Opened(page, path.as_uri())
    page.on("console", lambda message: opened.said.append(message.text))
    page.on("pageerror", lambda error: opened.said.append(str(error)))
    page.on("dialog", lambda dialog: (opened.said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: opened.asked.append(request.url))
    page.goto(opened.address + state)
    if path.name.startswith(("map", "surface")):
        page.wait_for_selector("html[data-stationplan-ready='1']", state="attached")
    return context, opened


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
