"""Districts without roads: ways in straight lines, said so, beside districts whose ways are along roads.

Most cases are the village of tests/support/village.py: one road from west to east, a district for each half.
"""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from support.environment import ROOT
from support.map_block import block_of
from support.village import NODES, TOTAL, longitude, straight_village

import stationplan as sp
from stationplan.access.straight import nearest_straight, straight_ways
from stationplan.batch import run_batch, units_of
from stationplan.domain import CUTOFF_TOLERANCE, Straight
from stationplan.errors import InputError
from stationplan.planning.pipeline import plan_of
from stationplan.planning.prepare import prepare
from stationplan.planning.progress import StepClock
from stationplan.planning.subset import part_of
from stationplan.report import document, render_report
from stationplan.webmap import render


def ways_by_hand(cell, site):
    """Metres of a straight line x 1.3 in the village, whose nodes are 0.005 degrees apart at 30 degrees north."""
    line = Geod(ellps="WGS84").inv(float(longitude(cell)), 30.0, float(longitude(site)), 30.0)[2]
    return 1.3 * line


def test_a_way_of_400_m_takes_520_m_and_not_seven_minutes():
    one = Straight(
        districts=np.array([True]),
        cells=np.array([True, False]),
        sites=np.array([True]),
        cell_xy=np.array([[0.0, 0.0], [0.0, 0.0]]),
        site_xy=np.array([[240.0, 320.0]]),
        detour=1.3,
        metres_a_minute={"walk": 75 / 1.3},
    )
    # 400 m x 1.3 = 520 m, at 4.5 km/h = 75 m a minute; the second cell has roads.
    minutes, metres = (straight_ways(one, measure, "walk", cutoff=600) for measure in ("minutes", "metres"))
    assert minutes.toarray()[:, 0].tolist() == pytest.approx([520 / 75, 0])
    assert metres.toarray()[:, 0].tolist() == pytest.approx([520, 0])
    assert straight_ways(one, "metres", "walk", cutoff=520).nnz == 1
    assert straight_ways(one, "metres", "walk", cutoff=519.99).nnz == 0
    assert nearest_straight(one, one.cell_xy, np.array([0]), mode="walk")[0][0] == pytest.approx(520 / 75)
    assert nearest_straight(one, one.cell_xy, np.array([], dtype=np.int64), mode="walk")[1].tolist() == [-1, -1]


_POINTS = st.lists(st.tuples(st.integers(-3000, 3000), st.integers(-3000, 3000)), min_size=1, max_size=25)


@given(_POINTS, _POINTS, st.floats(1, 60))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_straight_ways_are_those_of_all_pairs(cells, sites, cutoff):
    cell_xy, site_xy = np.array(cells, dtype=float), np.array(sites, dtype=float)
    has_none = np.arange(len(cells)) % 3 > 0
    one = Straight(
        np.array([True]), has_none, np.ones(len(sites), dtype=bool), cell_xy, site_xy, 1.25, {"walk": 75 / 1.25}
    )
    ways = straight_ways(one, "minutes", "walk", cutoff=cutoff)
    expected = np.hypot(*(cell_xy[:, None] - site_xy[None]).transpose(2, 0, 1)) * 1.25 / 75
    pairs = (expected <= cutoff + CUTOFF_TOLERANCE) & has_none[:, None]
    assert ways.nnz == pairs.sum()  # a way of no length is one too
    row, column = ways.tocoo().coords
    assert pairs[row, column].all()
    assert np.allclose(ways.tocoo().data, expected[row, column], atol=1e-9)


def test_a_village_without_roads_is_covered_by_straight_lines(tmp_path):
    plan = sp.run(straight_village(tmp_path))
    reached = [n for n in range(NODES) if ways_by_hand(n, 0) <= 1000]
    assert reached == [0, 1]  # 482 m x 1.3 = 627 m; two nodes on it is 1254 m
    told = document(plan)
    assert told["coverage"]["before"]["workers"] == sum((n + 1) * 10 for n in reached)
    assert told["counts"]["straight_cells"] == NODES
    assert told["counts"]["unsnapped"] == told["counts"]["network_nodes"] == 0
    assert [district["straight"] for district in told["coverage"]["by_district"]] == [True, True]
    note = (
        f"2 of 2 districts have no roads: the distances of {float(TOTAL)} workers in {NODES} cells are straight lines"
    )
    assert f"{note} x 1.3." in told["notes"]
    assert not any("No road for walking" in text for text in told["notes"])
    assert note in render_report(plan, lang="en")
    assert "直线测算（无道路数据）：2/2 个区县" in block_of(plan).content["marks"]
    why = plan.why[0]
    assert plan.sites.site_id[why.nearest_existing] == "S"
    node = {"C1": 3, "C2": 6, "C3": 9, "C4": 11, "C5": 1}[plan.sites.site_id[why.site]]
    assert why.nearest_existing_min == pytest.approx(ways_by_hand(node, 0) / 75, rel=1e-3)
    assert why.today_none.sum() == 0
    assert len(render(plan, lang="zh")) > 10_000


def test_a_larger_detour_never_covers_more(tmp_path):
    covered = []
    for detour in (1.0, 1.05, 1.6, 2.2):
        scenario = straight_village(tmp_path / str(detour))
        text = scenario.path.read_text("utf-8").replace('"straight"', f'"straight"\ndetour = {detour}')
        scenario.path.write_text(text, "utf-8")
        covered.append(document(sp.run(sp.load_scenario(scenario.path)))["coverage"]["before"]["workers"])
    # Two nodes away are 965 m: within 1 km as they are, and x 1.6 only the next node is; x 2.2 none.
    assert covered == [60, 30, 30, 10]


def test_roads_are_needed_where_the_scenario_does_not_say_so(tmp_path):
    path = straight_village(tmp_path).path
    path.write_text(path.read_text("utf-8").replace('missing = "straight"\n', ""), "utf-8")
    with pytest.raises(InputError, match=r"Roads require either.*missing = \"straight\""):
        sp.load_scenario(path)


def test_each_half_is_measured_as_its_own_district_has_it(tmp_path):
    """The west has a road (nodes 0 to 4), the east none: ways of a cell follow its own district."""
    scenario = straight_village(tmp_path, "new = 1", roads="west")
    ready = prepare(scenario, StepClock(None))
    assert ready.access.straight is not None
    assert ready.access.straight.districts.tolist() == [False, True]
    assert ready.access.straight.cells.tolist() == [n >= 6 for n in range(NODES)]
    told = document(plan_of(ready, StepClock(None)))
    assert [district["straight"] for district in told["coverage"]["by_district"]] == [False, True]
    # By road two nodes on are 1000 m; node 5 lies at 482 m from the end of the road, in reach of no station today.
    assert told["coverage"]["before"]["workers"] == 10 + 20 + 30
    assert told["counts"]["straight_cells"] == 6
    # C2 is at node 6, in the east and 965 m off the road: who has a road must use it, and none leads there.
    assert ready.access.site_snap.node["walk"][ready.sites.site_id.index("C2")] == -1
    assert any("1 of 2 districts have no roads" in note for note in told["notes"])


@pytest.mark.parametrize("roads", ["none", "west"])
def test_parts_of_a_batch_are_covered_as_in_the_whole(tmp_path, roads):
    ready = prepare(straight_village(tmp_path, "new = 1", roads=roads), StepClock(None))
    whole = document(plan_of(ready, StepClock(None)))["coverage"]["by_district"]
    for unit in units_of(ready.area, "county"):
        part = document(plan_of(part_of(ready, unit.districts, unit.name), StepClock(None)))["coverage"]["by_district"]
        for mine, row in zip(part, unit.districts.tolist(), strict=True):
            assert mine["before"] == whole[row]["before"]
            assert (mine["total"], mine["straight"]) == (whole[row]["total"], whole[row]["straight"])


def test_the_league_says_how_each_unit_was_measured(tmp_path, dask):
    scenario = straight_village(tmp_path, "new = 1", roads="west")
    batch = run_batch(scenario, tmp_path / "out", by="county", lang="en", scheduler=dask)
    assert not batch.failed
    with (tmp_path / "out/league.csv").open(encoding="utf-8-sig", newline="") as stream:
        ways = {row["unit"]: row["ways"] for row in csv.DictReader(stream)}
    assert ways == {"West": "roads", "East": "straight"}
    page = (tmp_path / "out/index.html").read_text("utf-8")
    assert "straight line" in page
    assert "by road" in page


def test_cells_are_candidates_where_there_are_no_junctions(tmp_path):
    grid = '[candidates]\ngrid = true\ndefault_host = "bank"\n'
    every = prepare(straight_village(tmp_path / "every", candidates=grid), StepClock(None))
    new = np.flatnonzero(~every.sites.existing)
    assert len(new) == NODES
    assert np.allclose(every.sites.x[new], every.demand.x)
    assert all(every.sites.site_id[site].startswith("cell/") for site in new)
    thin = prepare(straight_village(tmp_path / "thin", candidates=grid + "spacing_m = 1000.0\n"), StepClock(None))
    squares = {tuple(xy) for xy in np.floor(np.column_stack([thin.demand.x, thin.demand.y]) / 1000)}
    assert len(thin.sites) - 1 == len(squares) < NODES
    half = prepare(straight_village(tmp_path / "half", roads="west", candidates=grid), StepClock(None))
    assert (~half.sites.existing).sum() == 6  # the one road has no junction; the east has six cells


@pytest.mark.browser
def test_a_map_without_roads_opens_counts_and_shows_a_site(browser, tmp_path):
    plan = sp.run(straight_village(tmp_path))
    (tmp_path / "map.html").write_text(render(plan, lang="en"), encoding="utf-8", newline="")
    said: list[str] = []
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((tmp_path / "map.html").as_uri())
    page.wait_for_selector("html[data-stationplan-ready='1']", state="attached")
    assert page.get_by_text("Straight-line distances (no roads): 2 of 2 districts").count() > 0
    covered = page.evaluate("stationplan.page.choice.ledger.count()")
    # A site chosen and the layer of walking reach: both search the roads, of which there are none.
    page.evaluate("(site) => stationplan.page.choice.select(site)", int(plan.chosen[0]))
    reached = page.evaluate("stationplan.page.scene.reach()")
    context.close()
    assert said == []
    assert reached == []
    assert covered["once"] == pytest.approx(document(plan)["coverage"]["after"]["workers"], abs=0.1)


# --- Sichuan --------------------------------------------------------------------------------------------------------


def sichuan(folder, shared_data, *, only=()):
    """The example over the real counties, read where they lie, or over some of them."""
    text = (ROOT / "examples/sichuan-batch.toml").read_text("utf-8")
    text = text.replace("counties.geojson", "sichuan_counties_183.geojson", 2).replace(
        '"census.csv"', '"county_census2020.csv"'
    )
    if only:
        text = text.replace('crs = "EPSG:32648"', f'crs = "EPSG:32648"\nonly = {json.dumps(list(only))}')
    (folder / "sichuan.toml").write_text(text, "utf-8")
    return sp.load_scenario(folder / "sichuan.toml", data=shared_data / "sichuan")


def test_all_counties_of_sichuan_have_their_census_totals_and_no_roads(shared_data, tmp_path):
    ready = prepare(sichuan(tmp_path, shared_data), StepClock(None))
    assert len(ready.area.districts) == 183
    assert ready.access.straight is not None
    assert ready.access.straight.cells.all()
    with (shared_data / "sichuan/county_census2020.csv").open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    for g, group in enumerate(ready.demand.groups):
        rate = next(rate for rate in ready.file.demand.totals.rates if rate.group == group.id)
        expected = sum(rate.rate * np.prod([float(row[name]) for name in rate.of]) for row in rows)
        assert ready.demand.workers[:, g].sum() == pytest.approx(expected, rel=1e-9)
    assert set(ready.demand.district.tolist()) == set(range(183))
    told = " ".join(str(note) for note in ready.study.notes)
    assert "51 repaired" in told


def test_a_prefecture_of_sichuan_is_planned_county_by_county(shared_data, tmp_path, dask):
    counties = ["510302", "510303", "510304", "510311", "510321", "510322"]  # Zigong
    batch = run_batch(sichuan(tmp_path, shared_data, only=counties), tmp_path / "out", by="county", scheduler=dask)
    assert not batch.failed
    assert {row.unit for row in batch.league.rows} == set(counties)
    assert {row.ways for row in batch.league.rows} == {"straight"}
    assert all(row.covered_after > row.covered_before == 0 for row in batch.league.rows)
