"""What people open of a batch: the map of all units, several scenarios side by side, and the demo's own table."""

from __future__ import annotations

import csv
import os

import numpy as np
import pytest
import shapely
from support.environment import ROOT
from support.map_block import block_in
from support.village import village

import stationplan as sp
from stationplan.batch import run_batches
from stationplan.cli.app import main
from stationplan.errors import InputError
from stationplan.webmap import UnitCard, View, render_province

GOLDEN = ROOT / "tests/golden/batch-league.csv"
HOSTILE = "</script><img src=x onerror=alert(1)>{{7*7}}"


@pytest.fixture(scope="module")
def several(tmp_path_factory, dask):
    """The village with two questions, planned by county."""
    folder = tmp_path_factory.mktemp("several")
    one = village(folder, "new = 1")
    more = folder / "more.toml"
    more.write_text(
        'schema = 1\nextends = "village.toml"\nname = "更多"\n[plan]\nnew = 3\n'
        '[map]\nmap_review_number = "川S〔2026〕1号"\n',
        encoding="utf-8",
    )
    out = folder / "out"
    made = run_batches([sp.load_scenario(one), sp.load_scenario(more)], out, by="county", scheduler=dask)
    return folder, out, made


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_each_scenario_has_its_batch_and_all_are_put_together(several):
    _, out, made = several
    assert {path.name for path in out.iterdir()} == {
        *("village", "more", "league.csv", "league.xlsx", "index.html", "map.html")
    }
    rows = rows_of(out / "league.csv")
    assert [(row["scenario"], row["unit"]) for row in rows] == [
        (name, row["unit"]) for name in ("village", "more") for row in rows_of(out / name / "league.csv")
    ]
    totals = [batch.league.total.covered_after for batch in made]
    for name, total in zip(("village", "more"), totals, strict=True):
        mine = [float(row["covered_after"]) for row in rows if row["scenario"] == name]
        assert sum(mine) == pytest.approx(total, abs=1e-6)
    assert totals[1] > totals[0]
    page = (out / "index.html").read_text("utf-8")
    for name in ("village", "more"):
        for unit in ("West", "East"):
            link = f"{name}/units/{unit}/map.html"
            assert f'href="{link}"' in page
            assert (out / link).exists()


def test_the_map_of_all_units_tells_what_the_table_tells_and_leads_to_each_unit(several):
    _, out, _ = several
    content = block_in((out / "map.html").read_text("utf-8")).content
    rows = {(row["scenario"], row["name"]): row for row in rows_of(out / "league.csv")}
    assert len(content["views"]) == 2
    for name, view in zip(("village", "more"), content["views"], strict=True):
        for unit in view["units"]:
            row = rows[name, unit["name"]]
            for key in ("before", "after"):
                assert unit[key] == pytest.approx(float(row[f"share_{key}"]), abs=1e-6)
            assert unit["new"] == int(row["new_sites"])
            assert len(unit["links"]) == 3
            assert all((out / address).exists() for _, address in unit["links"])
    alone = block_in((out / "more/map.html").read_text("utf-8")).content["views"]
    assert [unit["after"] for unit in alone[0]["units"]] == [unit["after"] for unit in content["views"][1]["units"]]


def test_the_map_bears_its_review_number_or_that_it_is_internal(several):
    _, out, _ = several
    told = [block_in((out / name / "map.html").read_text("utf-8")).content["marks"] for name in ("village", "more")]
    assert told == [["内部使用"], ["审图号：川S〔2026〕1号"]]


def test_scenarios_may_be_named_as_people_write_them(several, capsys, monkeypatch):
    folder, out, _ = several
    monkeypatch.setenv("STATIONPLAN_LANG", "en")
    given = ["--scenarios", str(folder / "more.toml"), "--out", str(out), "--workers", "1"]
    with pytest.raises(SystemExit) as ended:
        main(["batch", str(folder / "village.toml"), "--by", "county", *given])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.count("All units:") == 3  # of each scenario, and where the page is
    assert str(out / "index.html") in said


def test_a_folder_with_anything_else_is_refused_for_several(several, tmp_path):
    folder, _, _ = several
    (tmp_path / "notes.txt").write_text("mine")
    scenarios = [sp.load_scenario(folder / name) for name in ("village.toml", "more.toml")]
    with pytest.raises(InputError, match=r"contains files that are not results of a batch: notes\.txt"):
        run_batches(scenarios, tmp_path, by="county")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_the_demo_by_county_is_as_it_was(county_batch):
    """The golden table; ``STATIONPLAN_GOLDEN=write`` replaces it, in a commit of its own that says why."""
    _, out, _ = county_batch
    made = (out / "league.csv").read_bytes()
    if os.environ.get("STATIONPLAN_GOLDEN") == "write":
        GOLDEN.write_bytes(made)
    mine, golden = rows_of(out / "league.csv"), rows_of(GOLDEN)
    assert [list(row) for row in mine] == [list(row) for row in golden]
    for row, wanted in zip(mine, golden, strict=True):
        for key, value in wanted.items():
            try:
                assert float(row[key]) == pytest.approx(float(value), abs=2e-6), key
            except ValueError:
                assert row[key] == value, key


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 390])
def test_the_map_of_all_units_opens_offline_and_opens_cards(browser, tmp_path, width):
    squares = np.array([shapely.box(500_000 + 9_000 * k, 3_300_000, 509_000 + 9_000 * k, 3_309_000) for k in range(3)])
    links = (("Map", "units/a%23b/map.html"), ("Report", "units/a%23b/report.html"))
    first = UnitCard(HOSTILE, HOSTILE, 100.0, 0.25, 0.75, 0.1, 4, 24_000.0, links)
    second = UnitCard("乙县", "", 50.0, 0.1, 0.9, 0.2, 2, 12_000.0, links)
    lost = UnitCard("丙县", "", 0.0, None, None, None, 0, 0.0, (), HOSTILE)
    views = [View("一", (first, second, lost)), View("二", (second, first, lost))]
    path = tmp_path / "map.html"
    page_text = render_province(HOSTILE, HOSTILE, squares, "EPSG:32648", views, marks=[HOSTILE], lang="en")
    path.write_text(page_text, encoding="utf-8", newline="")
    context = browser.new_context(offline=True, viewport={"width": width, "height": 760})
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-stationplan-ready='1']", state="attached")
    ranks = [line.split("\n") for line in page.locator(".sp-ranks li").all_inner_texts()]
    assert [(line[0], line[-1]) for line in ranks] == [("1", "90.0%"), ("2", "75.0%"), ("–", "–")]
    page.locator(".sp-ranks button").nth(1).focus()
    page.keyboard.press("Enter")
    card = page.locator(".sp-unit-card")
    assert HOSTILE in card.inner_text()
    assert "25.0%" in card.inner_text()
    assert [link.get_attribute("href") for link in card.locator("a").all()] == [address for _, address in links]
    page.locator(".sp-province select").nth(1).select_option(index=2)  # gained by the plan
    assert page.locator(".sp-ranks li b").all_inner_texts() == ["80.0%", "50.0%", "–"]
    page.locator(".sp-province select").nth(0).select_option(index=1)
    page.locator(".sp-province select").nth(1).select_option(index=0)
    assert page.locator(".sp-ranks li span").first.inner_text() == "乙县"
    page.locator(".sp-ranks button").nth(2).click()
    assert HOSTILE in page.locator(".sp-unit-card").last.inner_text()  # why there is no plan
    assert page.locator(".sp-unit-card").last.locator("a").count() == 0
    context.close()
    assert said == []
    assert asked == [path.as_uri()]
