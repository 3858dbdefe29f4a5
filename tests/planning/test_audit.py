"""What existing stations do, and the scorecard of the service circle, on the village of ``test_pipeline``.

A site serves two nodes to each side of its own; node n has (n + 1) * 10 workers.
"""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from support.demo import demo_scenario
from support.environment import ROOT
from support.village import CANDIDATES, TOTAL, longitude, straight_village, village

import stationplan as sp
from stationplan.batch import units_of
from stationplan.errors import InputError
from stationplan.figures.coverage import scorecard_shares
from stationplan.planning.pipeline import plan_of
from stationplan.planning.prepare import prepare
from stationplan.planning.progress import StepClock
from stationplan.planning.recount import recount_stations
from stationplan.planning.scorecard import needed
from stationplan.planning.subset import part_of
from stationplan.report import document, layers, render_report

ALL_DAY, DAY, NIGHT = "24小时", "08:00-18:00", "00:00-06:00"
FOUR = [("A", 0, ALL_DAY), ("B", 1, ALL_DAY), ("C", 8, DAY), ("D", 10, NIGHT)]


def town(folder, stations, plan="new = 1", *, lat="30", standard=None):
    """The village with other stations: (id, node, hours)."""
    path = village(folder, plan)
    rows = [f"{key},{key},{longitude(node)},{lat},{hours}" for key, node, hours in stations]
    (folder / "stations.csv").write_text("\n".join(["id,name,lon,lat,hours", *rows]) + "\n", encoding="utf-8")
    if standard is not None:
        text = path.read_text("utf-8").replace("cutoff_min = 15.0\ncutoff_m = 1000.0", standard)
        path.write_text(text, encoding="utf-8")
    return sp.load_scenario(path)


def by_id(plan, values):
    return {plan.sites.site_id[site]: value for site, value in zip(plan.audit.site, values.tolist(), strict=True)}


# --- stations -------------------------------------------------------------------------------------------------------


def test_whom_each_station_reaches_and_who_depends_on_it(tmp_path):
    plan = sp.run(town(tmp_path, FOUR, 'new = 1\nrequired = ["C1"]'))  # at node 3
    assert by_id(plan, plan.audit.reached) == {"A": 60, "B": 100, "C": 450, "D": 0}
    assert by_id(plan, plan.audit.alone_today) == {"A": 0, "B": 40, "C": 450, "D": 0}  # node 3 has B alone
    assert by_id(plan, plan.audit.alone_after) == {"A": 0, "B": 0, "C": 450, "D": 0}  # and then the new one too
    assert [plan.sites.site_id[site] for site in plan.audit.closable] == ["D", "A"]


def test_longer_hours_gain_what_the_same_station_gains_that_is_open(tmp_path):
    plan = sp.run(town(tmp_path / "night", FOUR))
    assert by_id(plan, plan.audit.longer) == {"A": 0, "B": 0, "C": 0, "D": 120}  # node 11 alone is out of C's reach
    always = sp.run(town(tmp_path / "day", [*FOUR[:3], ("D", 10, ALL_DAY)]))
    covered = [document(one)["coverage"]["before"]["workers"] for one in (plan, always)]
    assert covered[1] - covered[0] == 120


def test_of_two_stations_at_one_place_each_is_redundant_and_one_may_close(tmp_path):
    plan = sp.run(town(tmp_path, [("A", 4, ALL_DAY), ("B", 4, ALL_DAY)]))
    assert plan.audit.redundant.tolist() == [True, True]
    assert len(plan.audit.closable) == 1


def test_a_station_far_from_roads_and_outside_every_district_is_told(tmp_path):
    plan = sp.run(town(tmp_path, [("A", 4, ALL_DAY)], lat="30.02"))  # 2.2 km off the road, north of both districts
    assert plan.audit.away_m.tolist() == [np.inf]
    assert plan.audit.outside.tolist() == [True]
    (told,) = document(plan)["audit"]
    assert (told["away_m"], told["outside"], told["reached"]) == (None, True, 0)
    near = sp.run(town(tmp_path, [("A", 4, ALL_DAY)], lat="30.001"))
    assert near.audit.away_m[0] == pytest.approx(110.9, abs=0.3)  # a thousandth of a degree
    assert not near.audit.outside[0]


@pytest.mark.parametrize(("roads", "odd"), [("none", False), ("west", True)])
def test_no_station_is_odd_for_the_roads_that_its_district_has_not(tmp_path, roads, odd):
    scenario = straight_village(tmp_path, roads=roads)
    stations = f"id,name,lon,lat,hours\nS,Old,{longitude(0)},30.007,24小时\n"  # 776 m off the western road, if any
    (tmp_path / "stations.csv").write_text(stations, encoding="utf-8")
    assert ("possibly in the wrong place" in render_report(sp.run(scenario), lang="en")) == odd


def test_who_depends_on_a_station_that_closes_is_told_of_today_only(tmp_path):
    chosen = 'new = 1\nrequired = ["C5"]\nclose = 1\nclosable = ["A"]'
    plan = sp.run(town(tmp_path, FOUR[:1], chosen))  # nodes 0 to 2 lose A, and C5 at node 1 serves 0 to 3
    assert plan.solution.closed.tolist() == plan.audit.site.tolist()
    assert (by_id(plan, plan.audit.alone_today), by_id(plan, plan.audit.alone_after)) == ({"A": 60}, {"A": 0})
    assert [one.workers for one in scorecard_shares(plan)] == [60, 100]
    assert np.array_equal(plan.scorecard.stations_after, plan.recounted.stations_after)


def test_hours_and_the_circle_count_for_whom_a_station_suits_only(tmp_path):
    path = village(tmp_path, "new = 1")
    text = path.read_text("utf-8").removesuffix("workers = { population = 1.0 }\nprofile = { day = 1.0 }\n")
    standard = "cutoff_min = 15.0\ncutoff_m = 1000.0\n"
    half = "workers = { population = 0.5 }\nprofile = { day = 1.0 }\n"
    text += half + '[groups.other]\nname = "Others"\nmode = "walk"\n' + standard + half
    text += '[hosts.depot]\nname = "Depot"\nhours = "24小时"\ncost = 1.0\nexcludes = ["other"]\n'
    path.write_text(text, encoding="utf-8")
    rows = [f"A,A,{longitude(0)},30,{ALL_DAY},depot", f"B,B,{longitude(8)},30,{NIGHT},depot"]
    (tmp_path / "stations.csv").write_text("\n".join(["id,name,lon,lat,hours,host", *rows]) + "\n", encoding="utf-8")
    plan = sp.run(sp.load_scenario(path))
    assert by_id(plan, plan.audit.reached) == {"A": 30, "B": 0}  # half of the 60 of nodes 0 to 2
    assert by_id(plan, plan.audit.longer) == {"A": 0, "B": 225}  # half of the 450 of nodes 6 to 10
    assert scorecard_shares(plan)[0].workers == 30


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    return prepare(demo_scenario(tmp_path_factory.mktemp("demo")), StepClock(None))


@pytest.fixture(scope="module")
def whole(ready):
    return plan_of(ready, StepClock(None))


def test_closing_stations_loses_what_the_audit_says(ready, whole):
    demand, sites, audit = ready.demand, ready.sites, whole.audit
    times = ready.access.times(demand.groups)
    standing = np.flatnonzero(sites.existing)

    def covered(stations):
        return float(demand.workers[recount_stations(demand, sites, times, stations) > 0].sum())

    today = covered(standing)
    for row in range(0, len(audit), 9):
        lost = today - covered(np.setdiff1d(standing, audit.site[[row]]))
        assert audit.alone_today[row] == pytest.approx(lost, abs=1e-6)
    left = np.setdiff1d(standing, audit.closable)
    assert covered(left) == pytest.approx(today, abs=1e-6)
    assert 0 < len(audit.closable) < len(standing)
    for site in left[::9].tolist():  # and none of those that are left could close too
        assert covered(np.setdiff1d(left, [site])) < today - 1e-9


def test_a_part_audits_its_own_stations_and_its_circle_is_that_of_the_whole(ready, whole):
    seen, within = [], []
    for unit in units_of(ready.area, "county"):
        part = plan_of(part_of(ready, unit.districts, unit.name), StepClock(None), lenient=True)
        assert (part.sites.district[part.audit.site] >= 0).all()
        assert not part.audit.outside.any()
        seen += [part.sites.site_id[site] for site in part.audit.site]
        within.append(scorecard_shares(part)[0])
    inside = whole.audit.site[~whole.audit.outside]
    assert sorted(seen) == sorted(whole.sites.site_id[site] for site in inside)
    before = scorecard_shares(whole)[0]
    assert sum(one.workers for one in within) == pytest.approx(before.workers, abs=1e-6)
    assert sum(one.cross_workers for one in within) == pytest.approx(before.cross_workers, abs=1e-6)


def test_layers_tell_the_audit(whole):
    frame = layers(whole)["existing"]
    assert frame["lost_if_closed"].tolist() == whole.audit.alone_today.tolist()
    assert frame["site_id"].tolist() == [whole.sites.site_id[site] for site in whole.audit.site]


# --- the scorecard --------------------------------------------------------------------------------------------------


def test_the_circle_is_15_minutes_and_a_kilometre_on_foot_whatever_the_groups_standards(tmp_path):
    same = sp.run(town(tmp_path / "same", FOUR))
    assert np.array_equal(same.scorecard.stations_before, same.recounted.stations_before)
    assert np.array_equal(same.scorecard.stations_after, same.recounted.stations_after)
    less = sp.run(town(tmp_path / "less", FOUR, standard="cutoff_min = 2.0"))
    assert less.recounted.stations_before.sum() < same.recounted.stations_before.sum()
    assert np.array_equal(less.scorecard.stations_before, same.recounted.stations_before)


def test_the_circle_reaches_across_a_border_though_the_groups_do_not(tmp_path):
    ready = prepare(town(tmp_path, [("A", 5, ALL_DAY)], standard="cutoff_min = 2.0"), StepClock(None))
    assert ready.reach_m >= 1000
    east = part_of(ready, np.array([1]), ready.file.name.text)
    plan = plan_of(east, StepClock(None), lenient=True)
    assert scorecard_shares(plan)[0].workers == 70 + 80  # nodes 6 and 7; the station is in the west
    assert len(plan.audit) == 0


def test_what_is_needed_is_told_from_today(tmp_path):
    plan = sp.run(town(tmp_path, [("A", 0, ALL_DAY)]))
    found = {one.share: (one.enough, one.least) for one in plan.scorecard.needed}
    best = [
        max(
            sum((n + 1) * 10 for n in range(12) if any(abs(n - place) <= 2 for place in (0, *chosen)))
            for chosen in itertools.combinations(CANDIDATES.values(), count)
        )
        for count in range(len(CANDIDATES) + 1)
    ]
    for share, (enough, least) in found.items():
        optimum = next((count for count, covered in enumerate(best) if covered >= share * TOTAL), None)
        if optimum is None:
            assert enough is None
        else:
            assert least <= optimum <= enough


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_enough_and_least_hold_the_optimum_between_them(data):
    rows, columns = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 7))
    bits = st.lists(st.booleans(), min_size=columns, max_size=columns)
    cover = np.array(data.draw(st.lists(bits, min_size=rows, max_size=rows)), dtype=bool)
    weight = np.array(data.draw(st.lists(st.integers(1, 9), min_size=rows, max_size=rows)), dtype=float)
    existing = np.array(data.draw(bits))
    forbidden, counted = np.array(data.draw(bits)), np.array(data.draw(bits))
    place = np.array(data.draw(st.lists(st.integers(0, columns - 1), min_size=columns, max_size=columns)))
    targets = [0.25, 0.5, 0.9, 1.0]
    sites = SimpleNamespace(existing=existing, forbidden=forbidden, counted=counted, place=place)
    coverage = SimpleNamespace(cover=sparse.csr_array(cover), weight=weight)
    usable = np.flatnonzero(counted & ~existing & ~forbidden)

    def covered(chosen):
        return weight[cover[:, [*np.flatnonzero(existing), *chosen]].any(axis=1)].sum()

    allowed = [
        chosen
        for count in range(len(usable) + 1)
        for chosen in itertools.combinations(usable.tolist(), count)
        if len({place[site] for site in chosen}) == count
    ]
    for one in needed(coverage, sites, targets):
        assert one.most_share == pytest.approx(covered(usable) / weight.sum())
        counts = [len(chosen) for chosen in allowed if covered(chosen) >= one.share * weight.sum() * (1 - 1e-12)]
        if one.enough is None:
            # Greedy may miss what sites that shut each other out could reach; without such places it does not.
            assert not counts or len({*place[usable].tolist()}) < len(usable)
        else:
            assert min(counts) <= one.enough
            assert one.least <= one.enough
        if counts:
            assert one.least <= min(counts)


def test_where_greedy_misses_the_optimum_least_still_holds_it():
    cover = sparse.csr_array(np.array([[1, 0, 0], [1, 0, 1], [1, 0, 1], [0, 1, 1], [0, 1, 1], [0, 1, 0]], dtype=bool))
    none, each = np.zeros(3, dtype=bool), np.arange(3)
    sites = SimpleNamespace(existing=none, forbidden=none, counted=~none, place=each)
    # Greedy takes the middle four first and then needs both sides, which would do by themselves.
    (one,) = needed(SimpleNamespace(cover=cover, weight=np.ones(6)), sites, [1.0])
    assert (one.least, one.enough) == (2, 3)


def test_nobody_needs_nothing():
    sites = SimpleNamespace(existing=np.array([False]), forbidden=np.array([False]), counted=np.array([True]))
    sites.place = np.array([0])
    (one,) = needed(SimpleNamespace(cover=sparse.csr_array((0, 1), dtype=bool), weight=np.empty(0)), sites, [0.6])
    assert (one.enough, one.least) == (0, 0)
    assert np.isnan(one.most_share)


@pytest.mark.parametrize(
    ("targets", "said"),
    [("[0.8, 0.6]", "must increase"), ("[0.6, 0.6]", "must increase"), ("[1.2]", r"targets\.0\]: 1\.2 is not valid")],
)
def test_shares_that_cannot_be_meant_are_refused(tmp_path, targets, said):
    text = (ROOT / "data/demo/scenario.toml").read_text("utf-8")
    path = tmp_path / "scenario.toml"
    path.write_text(f"{text}\n[scorecard]\ntargets = {targets}\n", encoding="utf-8")
    with pytest.raises(InputError, match=said):
        sp.load_scenario(path, data=ROOT / "data/demo")
