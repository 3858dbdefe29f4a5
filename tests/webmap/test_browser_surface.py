"""The pages of a density in a real browser: its map and its validation."""

from __future__ import annotations

import pytest
from support.pages import (
    LANGUAGES,
    SIZES,
)

pytestmark = pytest.mark.browser

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
