"""From scenario to plan: the demo city against brute force, and a village small enough to plan by hand."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from support.environment import ROOT
from support.village import (
    CANDIDATES,
    COSTS,
    NODES,
    TOTAL,
    WORKERS,
    names,
    plan_of,
    served,
    village,
)

import stationplan as sp
from stationplan.access import access_of
from stationplan.cli.app import INFEASIBLE, main
from stationplan.domain import Plan
from stationplan.errors import InfeasibleError, InputError, UndecidedError
from stationplan.planning.pipeline import STEPS
from stationplan.planning.recount import recount_stations
from stationplan.report import document, document_text, sites_csv
from stationplan.webmap import render

# --- the village ---------------------------------------------------------------------------------------------------


def test_the_village_is_covered_as_counted_by_hand(tmp_path):
    plan = plan_of(tmp_path, "new = 2")
    assert names(plan) == ["C3", "C2"]
    assert [float(why.gained.sum()) for why in plan.why] == [500, 180]
    coverage = document(plan)["coverage"]
    assert (coverage["total"], coverage["before"]["workers"], coverage["after"]["workers"]) == (780, 60, 740)
    # Nodes 7 and 8 (80 + 90 workers) have both new sites in reach.
    assert coverage["after"]["cross_share"] == pytest.approx(170 / 780, abs=1e-9)
    west, east = coverage["by_district"]
    assert (west["total"], west["after"]["workers"], east["total"], east["after"]["workers"]) == (210, 170, 570, 570)


@pytest.mark.parametrize("new", [1, 2, 3, 4, 5])
def test_no_other_choice_of_so_many_sites_serves_more(tmp_path, new):
    plan = plan_of(tmp_path, f"new = {new}")
    best = max(served("S", *choice) for choice in itertools.combinations(CANDIDATES, new))
    assert plan.solution.objective == best == served("S", *names(plan))
    assert (plan.solution.bound, plan.solution.gap, plan.solution.termination) == (best, 0, "optimal")


@pytest.mark.parametrize("budget", [60, 250, 350, 600, 750, 1000, 1400])
def test_no_other_choice_for_the_money_serves_more(tmp_path, budget):
    plan = plan_of(tmp_path, f"budget = {budget}")
    choices = [c for n in range(6) for c in itertools.combinations(CANDIDATES, n) if sum(map(COSTS.get, c)) <= budget]
    assert plan.solution.objective == max(served("S", *choice) for choice in choices)
    assert plan.sites.cost[plan.chosen].sum() <= budget


def demanding(folder, demand, **files):
    """The village's plan of one new site, with more said of its demand."""
    path = village(folder, "new = 1\nrobustness_draws = 0")
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    path.write_text(path.read_text("utf-8").replace("[stations]", f"{demand}\n[stations]", 1), encoding="utf-8")
    return sp.run(sp.load_scenario(path))


def test_totals_of_districts_are_those_of_the_plan_and_move_its_site(tmp_path):
    assert names(demanding(tmp_path / "plain", "")) == ["C3"]
    totals = '[demand.totals]\nfile = "totals.csv"\n'
    plan = demanding(tmp_path / "totals", totals, totals="code,walker\nWest,630\nEast,57\n")
    # West has 210 people and three workers for each, East 570 and a tenth of one: C1 gains 3 * (40 + 50 + 60).
    assert names(plan) == ["C1"]
    coverage = document(plan)["coverage"]
    west, east = coverage["by_district"]
    assert (west["total"], east["total"], coverage["total"]) == pytest.approx((630, 57, 687), rel=1e-9)
    assert coverage["before"]["workers"] == pytest.approx(3 * 60, rel=1e-9)
    assert coverage["after"]["workers"] == pytest.approx(3 * (60 + 150), rel=1e-9)


def test_heat_moves_the_site_and_coverage_is_told_in_heads(tmp_path):
    heat = '[demand.heat]\nfile = "heat.csv"\nweights = { 40 = 10.0 }\n'
    rows = "".join(f"N{node},{41 if node in (3, 4, 5) else 39.9}\n" for node in range(NODES))
    plan = demanding(tmp_path, heat, heat="id,day\n" + rows)
    # In the heat nodes 3 to 5 count tenfold: C1 gains 1500, C2 1100 + 240, and C3, best by number of workers, 500.
    assert names(plan) == ["C1"]
    assert plan.solution.objective == pytest.approx(60 + 1500)
    coverage = document(plan)["coverage"]
    assert (coverage["total"], coverage["before"]["workers"], coverage["after"]["workers"]) == (TOTAL, 60, 60 + 150)
    assert float(plan.why[0].gained.sum()) == 150


def test_sites_that_would_add_nobody_are_not_proposed_and_this_is_told(tmp_path):
    plan = plan_of(tmp_path, "new = 5")
    assert names(plan) == ["C3", "C2", "C1"]
    assert any("3 sites are proposed although 5 were requested" in str(note) for note in plan.study.notes)


def test_required_sites_are_built_and_forbidden_ones_are_not(tmp_path):
    plan = plan_of(tmp_path, 'new = 2\nrequired = ["C5"]\nforbidden = ["C3"]')
    choices = [("C5", other) for other in ("C1", "C2", "C4")]
    assert plan.solution.objective == max(served("S", *choice) for choice in choices)
    assert set(names(plan)) in [set(choice) for choice in choices]


def test_a_required_site_that_adds_nobody_is_still_built(tmp_path):
    plan = plan_of(tmp_path, 'new = 4\nrequired = ["C4"]')
    assert "C4" in names(plan)


def test_why_here_is_what_taking_a_site_out_or_exchanging_it_would_do(tmp_path):
    plan = plan_of(tmp_path, "new = 2")
    why = {plan.sites.site_id[item.site]: item for item in plan.why}
    after = served("S", "C2", "C3")
    for site, other in (("C2", "C3"), ("C3", "C2")):
        assert why[site].removal_loss == after - served("S", other)
        exchanges = {name: served("S", other, name) for name in CANDIDATES if name not in ("C2", "C3")}
        assert why[site].replacement_loss == after - max(exchanges.values())
        assert exchanges[plan.sites.site_id[why[site].replacement]] == max(exchanges.values())


def test_a_replacement_must_be_affordable(tmp_path):
    # 360 yuan buy C2 (300) and C5 (50); instead of C5, C1 costs 100.4, of which 60 are there.
    plan = plan_of(tmp_path, 'budget = 360\nrequired = ["C2", "C5"]')
    (why,) = [item for item in plan.why if plan.sites.site_id[item.site] == "C5"]
    assert why.replacement == -1
    assert why.replacement_loss == why.removal_loss == served("S", "C2", "C5") - served("S", "C2")


def test_the_nearest_station_is_so_many_minutes_of_road_away(tmp_path):
    plan = plan_of(tmp_path, "new = 2")
    minutes = {plan.sites.site_id[why.site]: why.nearest_existing_min for why in plan.why}
    # 4.5 km/h are 75 m a minute.
    assert minutes == pytest.approx({"C3": 4500 / 75, "C2": 3000 / 75})
    assert {plan.sites.site_id[why.nearest_existing] for why in plan.why} == {"S"}


def test_nobody_is_served_across_a_gap_in_the_road(tmp_path):
    # Beyond the gap lie nodes 9 to 11 with C3 and C4, and no station.
    plan = plan_of(tmp_path, "new = 1", cut=8)
    assert names(plan) == ["C2"]
    assert plan.solution.objective == 60 + sum(WORKERS[4:9])
    beyond = plan_of(tmp_path, 'new = 1\nforbidden = ["C1", "C2", "C5"]', cut=8)
    assert beyond.solution.objective == 60 + sum(WORKERS[9:])
    (why,) = beyond.why
    assert (why.nearest_existing, why.nearest_existing_min) == (-1, np.inf)
    assert document(beyond)["sites"][0]["why"]["nearest_existing"] is None


def test_the_cutoff_is_closed_and_both_limits_bind(tmp_path):
    path = village(tmp_path, "new = 1")
    text = path.read_text(encoding="utf-8")
    before = {}
    for limits in ("cutoff_m = 1000.0", "cutoff_m = 999.0", "cutoff_m = 1500.0"):
        path.write_text(text.replace("cutoff_m = 1000.0", limits), encoding="utf-8")
        before[limits] = document(sp.run(sp.load_scenario(path)))["coverage"]["before"]["workers"]
    # 1500 m are 20 minutes, and 15 minutes are 1125 m: node 3 stays out.
    assert before == {"cutoff_m = 1000.0": 60, "cutoff_m = 999.0": 30, "cutoff_m = 1500.0": 60}


# --- questions without an answer: what is said to be possible is possible ------------------------------------------


def refused(folder, plan) -> InfeasibleError:
    with pytest.raises(InfeasibleError) as caught:
        plan_of(folder, plan)
    return caught.value


def number_in(template, error):
    """The number in the one sentence of an answer that begins as ``template``."""
    (text,) = [str(message) for message in error.feasible if message.template.startswith(template)]
    value = re.search(r"\d+(\.\d+)?", text)
    return float(value[0]) / (100 if "%" in text else 1)


def test_a_floor_that_cannot_be_met_is_answered_with_one_that_can(tmp_path):
    plan = "new = 1\nfloor_share = {}"
    error = refused(tmp_path, plan.format(0.9))
    assert "90.0%" in str(error.what)
    share = number_in("Within these limits every district", error)
    met = plan_of(tmp_path, plan.format(share))
    assert all(part["after"]["share"] >= share for part in document(met)["coverage"]["by_district"])
    refused(tmp_path, plan.format(share + 0.002))


def test_a_target_that_cannot_be_met_is_answered_with_a_share_and_a_number_that_meet_it(tmp_path):
    error = refused(tmp_path, "new = 1\ntarget_share = 0.94")
    share = number_in("Within these limits the best plan found covers {share}", error)
    assert plan_of(tmp_path, f"new = 1\ntarget_share = {share:.3f}").solution.objective == 560
    count = number_in("{count} new sites are enough", error)
    assert plan_of(tmp_path, f"new = {count:.0f}\ntarget_share = 0.94").solution.objective >= 0.94 * TOTAL


def test_the_number_that_meets_a_target_counts_the_required_sites(tmp_path):
    plan = 'new = {}\ntarget_share = 1.0\nrequired = ["C3", "C4"]'
    # Three sites serve all, but not beside C4, whose workers C3 serves as well.
    count = number_in("{count} new sites are enough", refused(tmp_path, plan.format(2)))
    assert plan_of(tmp_path, plan.format(int(count))).solution.objective == TOTAL


def test_a_target_beyond_all_candidates_is_answered_with_what_all_reach(tmp_path):
    plan = 'new = {}\ntarget_share = {}\nforbidden = ["C3", "C4"]'
    error = refused(tmp_path, plan.format(2, 0.9))
    share = number_in("With all candidates built", error)
    assert 0 <= served("S", "C1", "C2", "C5") / TOTAL - share < 0.001
    plan_of(tmp_path, plan.format(3, share))


def test_a_target_beyond_the_budget_is_answered_with_something_that_meets_it(tmp_path):
    error = refused(tmp_path, "budget = 300\ntarget_share = 0.9")
    share = number_in("Within these limits the best plan found covers {share}", error)
    assert plan_of(tmp_path, f"budget = 300\ntarget_share = {share:.3f}").solution.objective >= share * TOTAL
    # A number of sites is no answer to a question about money: under this budget no number is enough.
    assert not any("sites are enough" in str(message) for message in error.feasible)


def test_more_required_sites_than_new_ones_is_answered_with_their_number(tmp_path):
    plan = 'new = {}\nrequired = ["C1", "C2", "C3"]'
    error = refused(tmp_path, plan.format(2))
    assert str(error.what) == "3 sites are required, but only 2 may be built."
    assert len(names(plan_of(tmp_path, plan.format(int(number_in("Request", error)))))) == 3


def test_required_sites_beyond_the_budget_are_answered_with_a_budget_that_is_enough(tmp_path):
    plan = 'budget = {}\nrequired = ["C1"]'
    budget = number_in("A budget of", refused(tmp_path, plan.format(90)))
    assert names(plan_of(tmp_path, plan.format(budget))) == ["C1"]


def test_required_sites_beyond_number_and_budget_are_answered_with_both(tmp_path):
    plan = 'new = {}\nbudget = {}\nrequired = ["C2", "C3"]'
    error = refused(tmp_path, plan.format(1, 500))
    count, budget = number_in("Request", error), number_in("A budget of", error)
    assert set(names(plan_of(tmp_path, plan.format(int(count), budget)))) == {"C2", "C3"}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_command_line_says_what_is_possible_and_exits_with_3(tmp_path, capsys, lang):
    path = village(tmp_path / "village", "new = 1\ntarget_share = 1.0")
    with pytest.raises(SystemExit) as caught:
        main(["run", str(path), "--out", str(tmp_path / "out"), "--lang", lang])
    assert caught.value.code == INFEASIBLE == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert ("71.7%" in said.err) and ("4" in said.err or "3" in said.err)
    assert ("在现有限制条件下" in said.err, "reached" in said.err) == (lang == "zh", lang == "en")
    assert [path.name for path in tmp_path.iterdir()] == ["village"]


def test_no_candidate_in_reach_of_anybody_is_refused(tmp_path):
    path = village(tmp_path, "new = 1")
    candidates = (tmp_path / "candidates.csv").read_text()
    (tmp_path / "candidates.csv").write_text(candidates.replace("08:00-18:00", "18:00-23:00"))
    with pytest.raises(InputError, match="No worker is within reach"):
        sp.run(sp.load_scenario(path))


# --- the demo city -------------------------------------------------------------------------------------------------


def demo_file(name: str) -> Path:
    return ROOT / "data/demo" / name


def run_demo(folder: Path, old: str, new: str, **options) -> Plan:
    path = folder / "scenario.toml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return sp.run(sp.load_scenario(path), **options)


def test_gains_in_build_order_add_up_to_the_change_and_never_rise(demo_plan):
    coverage = document(demo_plan)["coverage"]
    gains = [float(why.gained.sum()) for why in demo_plan.why]
    assert sum(gains) == pytest.approx(coverage["after"]["workers"] - coverage["before"]["workers"], abs=1e-5)
    assert all(later <= earlier + 1e-9 for earlier, later in itertools.pairwise(gains))
    assert min(gains) > 0


def test_every_gain_is_what_the_site_adds_to_those_before_it(demo_plan):
    coverage, sites = demo_plan.coverage, demo_plan.sites
    cover = coverage.cover.toarray()
    covered = cover[:, sites.existing].any(axis=1)
    for why in demo_plan.why:
        fresh = cover[:, why.site] & ~covered
        for g, s in np.ndindex(why.gained.shape):
            rows = fresh & (coverage.group == g) & (coverage.slot == s)
            assert why.gained[g, s] == pytest.approx(coverage.weight[rows].sum())
        covered |= fresh


def test_shares_are_workers_over_all_workers_in_every_part(demo_plan):
    plan = document(demo_plan)
    parts = [
        plan["coverage"],
        *(part for key in ("by_district", "by_group", "by_slot") for part in plan["coverage"][key]),
    ]
    assert len(parts) == 1 + 5 + 4 + 6
    for part in parts:
        for moment in ("before", "after"):
            assert part[moment]["share"] == pytest.approx(part[moment]["workers"] / part["total"], abs=1e-8)
            assert 0 <= part[moment]["cross_share"] <= part[moment]["share"] <= 1
        assert part["before"]["workers"] <= part["after"]["workers"] <= part["total"]


@pytest.mark.parametrize("key", ["by_district", "by_group", "by_slot"])
def test_parts_add_up_to_the_whole(demo_plan, key):
    coverage = document(demo_plan)["coverage"]
    assert sum(part["total"] for part in coverage[key]) == pytest.approx(coverage["total"], abs=1e-4)
    for moment in ("before", "after"):
        whole = coverage[moment]["workers"]
        assert sum(part[moment]["workers"] for part in coverage[key]) == pytest.approx(whole, abs=1e-4)


def test_the_workers_are_the_rates_times_the_heads(demo_plan):
    rows = np.genfromtxt(demo_file("cells.csv"), delimiter=",", names=True, dtype=None, encoding="utf-8")
    people, jobs = int(rows["population"].sum()), int(rows["jobs"].sum())
    file = sp.load_scenario(demo_file("scenario.toml")).file
    for g, group in enumerate(file.groups.values()):
        expected = people * group.workers["population"] + jobs * group.workers["jobs"]
        assert demo_plan.demand.workers[:, g].sum() == pytest.approx(expected)


def test_counts_agree_with_the_records(demo_plan):
    counts, sites = demo_plan.counts, demo_plan.sites
    assert counts["cells"] == len(demo_plan.demand.cell_id)
    assert counts["existing"] == sites.existing.sum()
    assert counts["candidates"] == (~sites.existing).sum()
    assert counts["proposed"] == len(demo_plan.chosen) == len(set(demo_plan.chosen)) == 20
    assert counts["unsnapped"] == sum(counts[f"unsnapped_{key}"] for key in ("cells", "existing", "candidates"))
    assert not sites.existing[demo_plan.chosen].any()


def test_the_bound_is_met(demo_plan):
    solution = demo_plan.solution
    assert solution.termination == "optimal"
    assert solution.bound >= solution.objective
    assert solution.gap == pytest.approx((solution.bound - solution.objective) / solution.objective)
    assert solution.objective == pytest.approx(document(demo_plan)["coverage"]["after"]["workers"], abs=1e-5)


def test_removal_and_replacement_are_those_of_brute_force(demo_plan):
    weight, sites = demo_plan.coverage.weight, demo_plan.sites
    cover = demo_plan.coverage.cover.toarray()
    standing = np.flatnonzero(sites.existing).tolist() + demo_plan.chosen.tolist()
    count = cover[:, standing].sum(axis=1)
    whole = weight[count > 0].sum()
    free = np.setdiff1d(np.arange(len(sites)), np.concatenate([standing, np.flatnonzero(sites.forbidden)]))
    for why in demo_plan.why:
        rest = count - cover[:, why.site] > 0
        assert why.removal_loss == pytest.approx(whole - weight[rest].sum(), abs=1e-6)
        losses = {site: whole - weight[rest | cover[:, site]].sum() for site in free}
        assert why.replacement_loss == pytest.approx(min(losses.values()), abs=1e-6)
        assert losses[why.replacement] == pytest.approx(min(losses.values()), abs=1e-6)


def test_without_a_site_a_recount_finds_so_many_fewer(demo_plan, demo_roads):
    plan, demand, sites = demo_plan, demo_plan.demand, demo_plan.sites
    limits = {"max_snap_m": 500.0, "min_component_nodes": 50}
    access = access_of(demo_roads, demand, sites, modes=("walk", "ebike", "car"), walk_kmh=4.5, **limits)
    times = access.times(demand.groups)
    standing = np.concatenate([np.flatnonzero(sites.existing), plan.chosen])
    for why in plan.why[::7]:
        without = recount_stations(demand, sites, times, standing[standing != why.site])
        lost = demand.workers[plan.recounted.stations_after > 0].sum() - demand.workers[without > 0].sum()
        assert why.removal_loss == pytest.approx(lost, abs=1e-6)


def test_required_forbidden_and_budget_hold_in_the_city(demo_folder, demo_plan):
    forbidden = demo_plan.sites.site_id[demo_plan.chosen[0]]
    rest = [demo_plan.sites.site_id[i] for i in np.flatnonzero(~demo_plan.sites.existing)]
    required = next(site for site in rest if site not in names(demo_plan))
    plan = run_demo(
        demo_folder,
        "new = 20",
        f'new = 10\nbudget = 60000\nrequired = ["{required}"]\nforbidden = ["{forbidden}"]\ntime_limit_s = 20.0',
    )
    assert required in names(plan)
    assert forbidden not in names(plan)
    assert len(plan.chosen) <= 10
    assert plan.sites.cost[plan.chosen].sum() <= 60000
    assert plan.solution.objective < demo_plan.solution.objective


def test_more_sites_never_serve_fewer(demo_folder, demo_plan):
    few = run_demo(demo_folder, "new = 20", "new = 6")
    assert len(few.chosen) == 6
    assert few.solution.objective <= demo_plan.solution.objective
    assert (few.recounted.stations_before == demo_plan.recounted.stations_before).all()


def test_a_second_run_and_other_workers_give_the_same_bytes(demo_plan):
    scenario = sp.load_scenario(demo_file("scenario.toml"))
    again = sp.run(scenario, workers=2)
    assert document_text(again) == document_text(demo_plan)
    assert sites_csv(again) == sites_csv(demo_plan)
    assert render(again) == render(demo_plan)


def test_the_order_of_the_rows_changes_nothing_that_matters(demo_folder, demo_plan):
    for name in ("cells.csv", "roads_edges.csv", "stations.csv"):
        encoding = "gb18030" if name == "stations.csv" else "utf-8"
        header, *rows = (demo_folder / name).read_text(encoding=encoding).splitlines()
        (demo_folder / name).write_text("\n".join([header, *reversed(rows)]) + "\n", encoding=encoding)
    turned = sp.run(sp.load_scenario(demo_folder / "scenario.toml"))
    assert turned.solution.objective == pytest.approx(demo_plan.solution.objective)
    assert sorted(names(turned)) == sorted(names(demo_plan))


def test_progress_tells_every_step_in_turn(tmp_path):
    seen = []
    scenario = sp.load_scenario(village(tmp_path, "new = 1"))
    plan = sp.run(scenario, progress=lambda step, message: seen.append((step, str(message))))
    assert [step for step, _ in seen] == list(range(STEPS))
    assert len({message for _, message in seen}) == STEPS == len(plan.study.timings_s)


def test_a_plan_never_changes(demo_plan):
    with pytest.raises(AttributeError):
        demo_plan.study.synthetic = False
    with pytest.raises(ValueError, match="read-only"):
        demo_plan.demand.workers[0, 0, 0] = 1.0
    with pytest.raises(TypeError):
        demo_plan.counts["cells"] = 0


def test_a_budget_below_the_cheapest_candidate_is_answered_with_a_budget_that_builds_it(tmp_path):
    cost = number_in("The cheapest candidate costs", refused(tmp_path, "budget = 49"))
    assert names(plan_of(tmp_path, f"budget = {cost}")) == ["C5"]


def test_running_out_of_time_is_not_called_infeasible(monkeypatch, tmp_path):
    # The solver stops at once with the greedy answer and a bound that leaves the target open.
    path = ROOT / "data/demo/scenario.toml"
    text = path.read_text(encoding="utf-8")
    best = sp.run(sp.load_scenario(path))
    share = best.solution.objective / best.demand.workers.sum() - 1e-9
    late = text.replace("new = 20", f"new = 20\ntime_limit_s = 0.001\ntarget_share = {share}")
    (tmp_path / "late.toml").write_text(late, encoding="utf-8")
    scenario = sp.load_scenario(tmp_path / "late.toml", data=path.parent)
    try:
        plan = sp.run(scenario)
    except UndecidedError as error:
        assert "time_limit_s" in str(error.cure)
    else:
        assert plan.solution.objective >= share * plan.demand.workers.sum() * (1 - 1e-9)
