"""Plans side by side: what is kept, added and dropped, and how far their figures differ."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest
from support.altered import altered

import stationplan as sp
from stationplan.api.plan_file import PLAN_NAME, plan_bytes
from stationplan.cli import main
from stationplan.errors import InputError
from stationplan.report import document_text
from stationplan.webmap import data_block, read_block, render, render_comparison
from stationplan.webmap.packing import Packer
from stationplan.webmap.payload import VERSION


def quantity(text):
    return float(re.search(r"-?\d[\d,]*(?:\.\d+)?", text.replace("−", "-"))[0].replace(",", ""))


@pytest.fixture(scope="module")
def lesser(demo_plan):
    """The demo's plan without the sites that it builds first and third, counted by hand."""
    gone = demo_plan.chosen[[0, 2]]
    columns = demo_plan.coverage.cover[:, gone].sum(axis=1)
    after = demo_plan.recounted.stations_after.copy()
    coverage = demo_plan.coverage
    after[coverage.cell, coverage.group, coverage.slot] -= np.asarray(columns).astype(np.int32)
    kept = np.delete(np.arange(len(demo_plan.chosen)), [0, 2])
    return altered(
        demo_plan,
        solution=dataclasses.replace(demo_plan.solution, sites=demo_plan.chosen[kept]),
        why=tuple(demo_plan.why[i] for i in kept),
        robustness=dataclasses.replace(demo_plan.robustness, share=demo_plan.robustness.share[kept]),
        stations_after=after,
    )


@pytest.fixture(scope="module")
def folders(demo_plan, lesser, tmp_path_factory):
    place = tmp_path_factory.mktemp("plans")
    for name, plan in (("a", demo_plan), ("b", lesser)):
        (place / name).mkdir()
        (place / name / "map.html").write_text(render(plan, lang="en"), encoding="utf-8", newline="")
        (place / name / PLAN_NAME).write_bytes(plan_bytes(plan))
    return place


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


def test_the_command_writes_one_page_from_folders_or_maps(folders, tmp_path, capsys):
    out = tmp_path / "deep" / "c.html"
    given = (folders / "a", folders / "b" / "map.html")
    assert run("compare", *given, "--out", out, "--lang", "en") == 0
    assert str(out) in capsys.readouterr().out
    written = out.read_text("utf-8")
    blocks = [data_block(sp.load_plan(folders / "a"), "en"), read_block(folders / "b/map.html")]
    assert written == render_comparison(blocks, lang="en")
    assert "default-src &#x27;none&#x27;" in written
    assert run("compare", *given, "--out", out) == 2
    assert run("compare", *given, "--out", out, "--overwrite") == 0
    assert run("compare", folders / "a", "--out", tmp_path / "one.html") == 2
    assert not (tmp_path / "one.html").exists()


def test_what_is_no_map_of_this_version_is_named_with_what_to_do(folders, tmp_path):
    old = Packer().block({"version": 0, "proposed": []})
    (tmp_path / "old.html").write_text(f'<script class="stationplan-data">{old}</script>', encoding="utf-8")
    (tmp_path / "other.html").write_text("<p>", encoding="utf-8")
    faults = []
    for name in ("old.html", "other.html", "none.html"):
        with pytest.raises(InputError) as caught:
            read_block(tmp_path / name)
        [fault] = caught.value.faults
        assert name in str(fault.what)
        faults.append(fault)
    old, other, none = (str(fault.what).partition(".html ")[2] for fault in faults)
    assert old == f"is a map of data version 0; this stationplan reads version {VERSION}."
    assert (other, none) == ("is not a map of a plan.", "does not exist.")
    assert f"stationplan run SCENARIO --out {tmp_path} --overwrite" in str(faults[0].cure)
    assert f"stationplan map {tmp_path} --out {tmp_path / 'old.html'} --overwrite" in str(faults[0].cure)
    assert f"stationplan map FOLDER --out {tmp_path / 'none.html'}" in str(faults[2].cure)


@pytest.mark.browser
def test_a_page_whose_data_are_of_another_version_says_so(browser, folders, tmp_path):
    page = (folders / "a/map.html").read_text("utf-8")
    block = re.search(r'class="stationplan-data">([^<]*)<', page)[1]
    old = Packer().block({"version": 0, "proposed": []})
    (tmp_path / "old.html").write_text(page.replace(block, old), encoding="utf-8", newline="")
    (tmp_path / "both.html").write_text(render_comparison([block, old], lang="en"), encoding="utf-8", newline="")
    for name in ("old.html", "both.html"):
        shown = browser.new_page()
        said = []
        shown.on("pageerror", lambda error, said=said: said.append(str(error)))
        shown.goto((tmp_path / name).as_uri())
        notice = shown.locator(".sp-old")
        notice.wait_for()
        assert f"of version 0; this page reads version {VERSION}. Make the map again." in notice.inner_text()
        assert [notice.inner_text() in text for text in said] == [True]
        shown.close()


@pytest.fixture(scope="module")
def page(browser, folders):
    blocks = [read_block(folders / name / "map.html") for name in ("a", "b", "a")]
    (folders / "c.html").write_text(render_comparison(blocks, lang="en"), encoding="utf-8", newline="")
    context = browser.new_context(offline=True, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto((folders / "c.html").as_uri())
    page.wait_for_selector("html[data-stationplan-ready='1']", state="attached")
    yield page
    context.close()


@pytest.mark.browser
def test_sites_are_kept_added_and_dropped(page, demo_plan):
    names = [demo_plan.sites.name[i] for i in demo_plan.chosen]
    first = page.locator(".sp-site-changes").first
    assert first.locator("h3").all_inner_texts() == ["Kept (18)", "Added (0)", "Dropped (2)"]
    dropped = first.locator("ul").last.locator("li").evaluate_all("(items) => items.map((e) => e.firstChild.data)")
    assert dropped == [names[0], names[2]]
    last = page.locator(".sp-site-changes").last
    assert last.locator("h3").all_inner_texts() == ["Kept (20)", "Added (0)", "Dropped (0)"]


@pytest.mark.browser
def test_the_figures_are_those_of_the_plans(page, demo_plan, lesser):
    a, b = (json.loads(document_text(plan))["coverage"] for plan in (demo_plan, lesser))
    rows = page.locator(".sp-figure-table tbody tr")
    found = {
        row.locator("th").inner_text(): row.locator("td").all_inner_texts()
        for row in rows.all()
        if row.locator("td").count()
    }
    share, cross = a["after"]["share"], a["after"]["cross_share"]
    assert [quantity(text) for text in found["Workers covered"]] == pytest.approx(
        [100 * value for value in (share, b["after"]["share"], share, b["after"]["share"] - share, 0)], abs=0.0501
    )
    assert quantity(found["Cross-coverage"][1]) == pytest.approx(100 * b["after"]["cross_share"], abs=0.0501)
    assert quantity(found["Cross-coverage"][0]) == pytest.approx(100 * cross, abs=0.0501)
    assert [quantity(text) for text in found["New sites"]] == [20, 18, 20, -2, 0]
    for one, other in zip(a["by_district"], b["by_district"], strict=True):
        after = [part["after"]["share"] for part in (one, other)]
        assert [quantity(text) for text in found[one["district"]][:2]] == pytest.approx(
            [100 * value for value in after], abs=0.0501
        )


@pytest.mark.browser
def test_the_maps_move_together_and_ask_for_nothing(page):
    page.evaluate("stationplan.sides[1].map.setView([30.9, 104.9], 14, { animate: false })")
    views = page.evaluate(
        "stationplan.sides.map(({ map }) => [map.getCenter().lat, map.getCenter().lng, map.getZoom()])"
    )
    assert len(views) == 3
    for seen in views:
        assert seen == pytest.approx([30.9, 104.9, 14], abs=1e-3)
    assert len(page.asked) == 1
    assert page.said == []
