"""The report opened from disk in a real browser, offline, on a desk and on a phone."""

from __future__ import annotations

import pytest
from support.pages import (
    LANGUAGES,
    SIZES,
    quantity,
)

pytestmark = pytest.mark.browser


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
