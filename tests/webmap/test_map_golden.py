"""Pictures of the demo's map against those in ``tests/golden``, in both languages, on a desk and on a phone.

After a change that is meant to be seen, write them anew, look at them, and commit them with the reason::

    STATIONPLAN_GOLDEN=write .venv/bin/pytest tests/webmap/test_map_golden.py

Text is drawn a little differently from one version of Chromium to the next, hence the tolerance.
"""

from __future__ import annotations

import base64
import os

import pytest
from support.environment import ROOT

from stationplan.webmap import render

pytestmark = pytest.mark.browser

GOLDEN = ROOT / "tests/golden"
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
TOLERANCE = 0.02
"""Share of the pixels that may differ by more than 20 of 255 in a channel."""

DIFFERENCE = """async ([one, other]) => {
  const pixels = async (data) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0);
    return pen.getImageData(0, 0, image.width, image.height);
  };
  const [a, b] = [await pixels(one), await pixels(other)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  let differ = 0;
  for (let i = 0; i < a.data.length; i += 4) {
    if ([0, 1, 2].some((k) => Math.abs(a.data[i + k] - b.data[i + k]) > 20)) differ += 1;
  }
  return differ / (a.data.length / 4);
}"""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_map_looks_as_it_did(browser, demo_plan, tmp_path, lang, size):
    width, height = SIZES[size]
    path = tmp_path / "map.html"
    path.write_text(render(demo_plan, lang=lang), encoding="utf-8", newline="")
    context = browser.new_context(viewport={"width": width, "height": height}, is_mobile=size == "phone")
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-stationplan-ready='1']", state="attached")
    picture = page.screenshot(animations="disabled")
    golden = GOLDEN / f"map-{lang}-{size}.png"
    if os.environ.get("STATIONPLAN_GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        golden.write_bytes(picture)
    blank = context.new_page()
    pair = [base64.b64encode(data).decode() for data in (picture, golden.read_bytes())]
    assert blank.evaluate(DIFFERENCE, pair) <= TOLERANCE
    context.close()
