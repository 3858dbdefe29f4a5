"""What existing stations do, and the scorecard of the service circle, on the village of ``test_pipeline``.

A site serves two nodes to each side of its own; node n has (n + 1) * 10 workers.
"""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from test_batch import demo
from test_pipeline import CANDIDATES, TOTAL, longitude, village

import stationplan as sp
from stationplan.access import site_times
from stationplan.batch import units_of
from stationplan.errors import InputError
from stationplan.part import part_of
from stationplan.pipeline import plan_of
from stationplan.prepared import prepare
from stationplan.recount import recount_stations
from stationplan.report import document, layers
from stationplan.report.metrics import scorecard_shares
from stationplan.scorecard import needed
from stationplan.steps import StepClock

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


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    return prepare(demo(tmp_path_factory.mktemp("demo")), StepClock(None))


@pytest.fixture(scope="module")
def whole(ready):
    return plan_of(ready, StepClock(None))


def test_closing_stations_loses_what_the_audit_says(ready, whole):
    demand, sites, audit = ready.demand, ready.sites, whole.audit
    times = site_times(ready.network, ready.cell_snap, ready.site_snap, demand.groups, walk_kmh=4.5)
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
    assert np.array_equal(same.scorecard.stations_before, same.stations_before)
    assert np.array_equal(same.scorecard.stations_after, same.stations_after)
    less = sp.run(town(tmp_path / "less", FOUR, standard="cutoff_min = 2.0"))
    assert less.stations_before.sum() < same.stations_before.sum()
    assert np.array_equal(less.scorecard.stations_before, same.stations_before)


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


def test_nobody_needs_nothing():
    sites = SimpleNamespace(existing=np.array([False]), forbidden=np.array([False]), counted=np.array([True]))
    sites.place = np.array([0])
    (one,) = needed(SimpleNamespace(cover=sparse.csr_array((0, 1), dtype=bool), weight=np.empty(0)), sites, [0.6])
    assert (one.enough, one.least) == (0, 0)
    assert np.isnan(one.most_share)


@pytest.mark.parametrize(
    ("targets", "said"),
    [("[0.8, 0.6]", "do not rise"), ("[0.6, 0.6]", "do not rise"), ("[1.2]", r"targets\.0\]: 1\.2 does not fit")],
)
def test_shares_that_cannot_be_meant_are_refused(tmp_path, targets, said):
    text = (ROOT / "data/demo/scenario.toml").read_text("utf-8")
    path = tmp_path / "scenario.toml"
    path.write_text(f"{text}\n[scorecard]\ntargets = {targets}\n", encoding="utf-8")
    with pytest.raises(InputError, match=said):
        sp.load_scenario(path, data=ROOT / "data/demo")
