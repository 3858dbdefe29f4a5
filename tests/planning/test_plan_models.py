"""What a scenario may ask for, on the village: one road of twelve nodes 500 m apart, counted on the fingers.

Node n has (n + 1) * 10 workers, a site serves two nodes to each side. Station S stands at node 0.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.village import CANDIDATES, COSTS, NODES, TOTAL, WORKERS, names, plan_of, served, village

import stationplan as sp
from stationplan.errors import InfeasibleError, InputError
from stationplan.report import document, render_report
from stationplan.webmap.payload import reset_keys

QUIET = "robustness_draws = 0\n"
WEST = range(6)


def asked(folder, plan, extra=""):
    """The village's plan, with tables added to its scenario."""
    path = village(folder, QUIET + plan)
    path.write_text(path.read_text("utf-8") + extra, encoding="utf-8")
    return sp.run(sp.load_scenario(path))


def shares(*sites):
    """The served share of the western and of the eastern half."""
    places = [0 if site == "S" else CANDIDATES[site] for site in sites]
    near = [any(abs(node - place) <= 2 for place in places) for node in range(NODES)]
    west = sum(WORKERS[node] for node in WEST if near[node]) / sum(WORKERS[node] for node in WEST)
    east = sum(WORKERS[n] for n in range(6, NODES) if near[n]) / sum(WORKERS[n] for n in range(6, NODES))
    return west, east


def twice(*sites):
    places = [0 if site == "S" else CANDIDATES[site] for site in sites]
    return sum(workers for n, workers in enumerate(WORKERS) if sum(abs(n - place) <= 2 for place in places) > 1)


def test_the_worst_district_is_raised_first(tmp_path):
    plan = asked(tmp_path, 'aim = "fair"\nnew = 2')
    best = max(
        (sorted(shares("S", *choice)), served("S", *choice), set(choice))
        for choice in itertools.combinations(CANDIDATES, 2)
    )
    assert set(names(plan)) == best[2]
    assert plan.solution.objective == pytest.approx(best[0][0], abs=1e-9)
    assert plan.solution.bound == pytest.approx(best[0][0], abs=1e-5)


def test_sites_that_nobody_needs_are_not_proposed_and_that_is_said(tmp_path):
    plan = asked(tmp_path, f"new = {len(CANDIDATES)}")
    assert len(plan.chosen) < len(CANDIDATES)
    assert served("S", *names(plan)) == served("S", *CANDIDATES)
    for site in names(plan):
        assert served("S", *(set(names(plan)) - {site})) < served("S", *CANDIDATES)
    said = [str(note) for note in plan.density.study.notes if "new sites allowed" in str(note)]
    assert [note.split(" are ")[0] for note in said] == [
        f"{len(plan.chosen)} of the {len(CANDIDATES)} new sites allowed"
    ]


def test_a_floor_beyond_the_fairest_plan_is_answered_with_its_share(tmp_path):
    with pytest.raises(InfeasibleError, match="every district can reach") as caught:
        asked(tmp_path, 'aim = "fair"\nnew = 1\nfloor_share = 0.9')
    best = max(min(shares("S", one)) for one in CANDIDATES)
    assert f"{np.floor(best * 1000) / 1000:.1%}" in str(caught.value)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.9, 0.98])
def test_the_cheapest_plan_that_reaches_a_share(tmp_path, share):
    plan = asked(tmp_path, f'aim = "cost"\ntarget_share = {share}')
    costs = [
        sum(map(COSTS.get, choice))
        for count in range(6)
        for choice in itertools.combinations(CANDIDATES, count)
        if served("S", *choice) >= share * TOTAL - 1e-9
    ]
    assert plan.solution.objective == pytest.approx(min(costs))
    assert plan.solution.bound == pytest.approx(min(costs), rel=1e-6)
    assert served("S", *names(plan)) >= share * TOTAL


def test_the_cheapest_plan_keeps_floors_and_says_when_it_cannot(tmp_path):
    plan = asked(tmp_path / "floor", 'aim = "cost"\nfloor_share = 0.6')
    costs = [
        sum(map(COSTS.get, choice))
        for count in range(6)
        for choice in itertools.combinations(CANDIDATES, count)
        if min(shares("S", *choice)) >= 0.6
    ]
    assert plan.solution.objective == pytest.approx(min(costs))
    with pytest.raises(InfeasibleError, match=r"no plan covers more than 57\.7%"):
        asked(tmp_path / "target", 'aim = "cost"\ntarget_share = 1.0\nforbidden = ["C3", "C4"]')


def test_a_second_station_counts_as_asked_and_a_share_may_be_demanded(tmp_path):
    choices = list(itertools.combinations(CANDIDATES, 2))
    plan = asked(tmp_path / "weight", "new = 2\nbackup_weight = 0.8")
    assert plan.solution.objective == pytest.approx(max(served("S", *c) + 0.8 * twice("S", *c) for c in choices))
    plan = asked(tmp_path / "target", "new = 2\ncross_target_share = 0.25")
    assert plan.solution.objective == max(served("S", *c) for c in choices if twice("S", *c) >= 0.25 * TOTAL)
    most = max(twice("S", *c) for c in choices) / TOTAL
    with pytest.raises(InfeasibleError, match=r"A cross-coverage of 90\.0%") as caught:
        asked(tmp_path / "never", "new = 2\ncross_target_share = 0.9")
    assert f"{np.floor(most * 1000) / 1000:.1%} is reached" in str(caught.value)


def test_phases_end_best_and_tell_what_each_could_have_reached(tmp_path):
    plan = asked(tmp_path, 'phases = [{ name = "2026", new = 1 }, { name = "2027", new = 1 }]')
    best = [max(served("S", *choice) for choice in itertools.combinations(CANDIDATES, count)) for count in (1, 2)]
    assert plan.solution.objective == best[1]
    assert [phase.bound for phase in plan.solution.phases] == pytest.approx(best, rel=1e-9)
    assert [phase.objective for phase in plan.solution.phases] == [
        served("S", *names(plan)[: count + 1]) for count in range(2)
    ]


def test_the_frontier_tells_what_other_numbers_could_do(tmp_path):
    plan = asked(tmp_path, "new = 2\nfrontier = [1, 2, 4]")
    best = [max(served("S", *c) for c in itertools.combinations(CANDIDATES, count)) for count in (1, 2, 4)]
    assert [(point.new, point.objective) for point in plan.frontier] == list(zip((1, 2, 4), best, strict=True))
    assert [point.bound for point in plan.frontier] == pytest.approx(best)
    told = document(plan)["solution"]["frontier"]
    assert [point["objective"] for point in told] == best
    assert "<polyline" in render_report(plan)


@pytest.mark.parametrize("aim", ["worst", "regret"])
def test_the_plan_may_look_at_the_worst_of_the_draws(tmp_path, aim):
    plan = plan_of(tmp_path, f'aim = "{aim}"\nnew = 1\nrobustness_draws = 5')
    heads = plan.demand.draws[:5, :, 0].astype(float)
    choices = {one: np.array([abs(n - CANDIDATES[one]) <= 2 or n <= 2 for n in range(NODES)]) for one in CANDIDATES}
    covered = np.array([(heads * near).sum(axis=1) for near in choices.values()])
    regret = (covered.max(axis=0) - covered).max(axis=1).min()
    best = covered.min(axis=1).max() if aim == "worst" else regret
    assert plan.solution.objective == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert plan.solution.bound == pytest.approx(best, rel=1e-5, abs=1e-3)
    assert "draw of the demand" in str(plan.aim.proof)


def test_a_station_closes_where_it_is_missed_least(tmp_path):
    assert names(plan_of(tmp_path / "open", "new = 2")) == ["C3", "C2"]
    plan = asked(tmp_path / "move", "new = 2\nclose = 1")
    best = max(served(*choice) for choice in itertools.combinations(CANDIDATES, 2))
    assert plan.solution.objective == best
    assert [plan.sites.site_id[site] for site in plan.solution.closed] == ["S"]
    assert document(plan)["coverage"]["after"]["workers"] == best
    with pytest.raises(InfeasibleError, match=r"The coverage target of 100\.0%"):
        asked(tmp_path / "never", "new = 1\nclose = 1\ntarget_share = 1.0")


def test_coverage_is_kept_though_a_station_closes(tmp_path):
    plan = asked(tmp_path / "kept", "new = 1\nclose = 1\nkeep_coverage = true")
    assert plan.solution.objective == max(served(site) for site in CANDIDATES)


def test_new_sites_keep_their_distance(tmp_path):
    # C2 is at node 6, C3 at 9, C4 at 11: 1500 m and 1000 m apart; C5 is 500 m from the station, C1 1500 m.
    far = [
        choice
        for count in range(1, 4)
        for choice in itertools.combinations(CANDIDATES, count)
        if all(abs(CANDIDATES[a] - CANDIDATES[b]) * 500 >= 1900 for a, b in itertools.combinations(choice, 2))
        and all(CANDIDATES[site] * 500 >= 1900 for site in choice)
    ]
    plan = asked(tmp_path / "far", "new = 3\nmin_spacing_m = 1900")
    assert plan.solution.objective == max(served("S", *choice) for choice in far)
    with pytest.raises(InfeasibleError, match=r"C5 is required but is 48[0-9] m from S, less than the spacing of 600"):
        asked(tmp_path / "near", 'new = 3\nmin_spacing_m = 600\nrequired = ["C5"]')


def test_a_preferred_site_is_worth_more(tmp_path):
    plan = asked(tmp_path, 'new = 1\npreferred = ["C2"]\npreferred_workers = 200')
    # C3 serves 500 more; C2 serves 400 and is worth 200.
    assert names(plan) == ["C2"]
    assert plan.solution.objective == served("S", "C2") + 200
    assert document(plan)["coverage"]["after"]["workers"] == served("S", "C2")


def test_past_the_standard_a_site_is_worth_less_and_coverage_is_told_by_the_standard(tmp_path):
    # With a standard of 6 minutes on foot (450 m), a site serves its own node; 500 m take 6.7, 1000 m 13.3 minutes.
    plan = village(tmp_path, QUIET + "new = 1")
    text = plan.read_text("utf-8").replace("cutoff_min = 15.0", "cutoff_min = 6.0\nfade_min = 12.0")
    plan.write_text(text, encoding="utf-8")
    fading = sp.run(sp.load_scenario(plan))
    # The neighbours count (12 - 6.67) / 6 = 0.89, rounded to 0.9: C4 at the end of the road has one, C3 has two.
    assert names(fading) == ["C3"]
    assert fading.solution.objective == pytest.approx(WORKERS[0] + 0.9 * WORKERS[1] + WORKERS[9] + 0.9 * (90 + 110))
    assert document(fading)["coverage"]["after"]["workers"] == WORKERS[0] + WORKERS[9]
    plan.write_text(text.replace("fade_min = 12.0\n", ""), encoding="utf-8")
    assert names(sp.run(sp.load_scenario(plan))) == ["C4"]


def walk_min(node, *sites):
    """The minutes on foot from a node to the nearest of some sites, at 4.5 km/h."""
    places = [0 if site == "S" else CANDIDATES[site] for site in sites]
    return min(abs(node - place) for place in places) * 500 / 75


def mean_way(far, *sites):
    return sum(workers * min(walk_min(n, *sites), far) for n, workers in enumerate(WORKERS)) / TOTAL


@pytest.mark.parametrize(("new", "far"), [(1, 60.0), (2, 60.0), (2, 20.0), (3, 15.0), (3, 5.0)])
def test_the_mean_way_is_the_shortest(tmp_path, new, far):
    plan = asked(tmp_path, f'aim = "median"\nnew = {new}\nfar_min = {far}')
    best = min(mean_way(far, "S", *choice) for choice in itertools.combinations(CANDIDATES, new))
    assert plan.solution.objective == pytest.approx(best, rel=1e-9)
    assert plan.solution.bound == pytest.approx(best, rel=1e-6)
    told = document(plan)["ways"]
    assert told["far_min"] == far
    assert told["before"]["mean_min"] == pytest.approx(mean_way(far, "S"), abs=1e-6)
    assert told["after"]["mean_min"] == pytest.approx(mean_way(far, "S", *names(plan)), abs=1e-6)
    near = [n for n in range(NODES) if walk_min(n, "S") <= far]
    assert told["before"]["without"] == TOTAL - sum(WORKERS[n] for n in near)
    assert told["before"]["longest_min"] == pytest.approx(max(walk_min(n, "S") for n in near), abs=1e-6)
    assert told["by_group"]["walker"]["after"] == told["after"]
    # Coverage is still reported by the standard, and the reason for each site by the aim.
    assert document(plan)["coverage"]["after"]["workers"] == served("S", *names(plan))
    assert {why.held.rule for why in plan.why} == {"aim"}
    assert "mean travel time" in str(plan.aim.proof)


def test_ways_are_told_of_any_plan_that_asks(tmp_path):
    plan = asked(tmp_path, "new = 2\nclose = 1\nfar_min = 30")
    told = document(plan)["ways"]
    assert told["before"]["mean_min"] == pytest.approx(mean_way(30, "S"), abs=1e-6)
    assert told["after"]["mean_min"] == pytest.approx(mean_way(30, *names(plan)), abs=1e-6)
    assert plan.solution.objective == max(served(*choice) for choice in itertools.combinations(CANDIDATES, 2))
    page = render_report(plan, lang="en")
    assert page.index("Workers covered") < page.index("Mean travel time to a station (min)")


@pytest.mark.parametrize("aim", ['aim = "median"\nfar_min = 30', 'aim = "served"\ncapacity = 50.0'])
def test_a_choice_made_in_the_map_is_counted_whatever_the_plan_was_about(tmp_path, aim):
    path = village(tmp_path, QUIET + f"{aim}\nnew = 2")
    block = reset_keys(sp.load_scenario(path).toml)
    choice = tmp_path / "choice.toml"
    chosen = 'new = 2\nrequired = ["C1", "C4"]\nclosable = ["S"]\nclose = 1'
    choice.write_text("\n".join([f'extends = "{path.name}"', "[plan]", *block, chosen]), encoding="utf-8")
    assert document(sp.run(sp.load_scenario(choice)))["coverage"]["after"]["workers"] == served("C1", "C4")


@pytest.mark.parametrize("new", [1, 2, 3, 4])
def test_the_longest_way_is_the_shortest(tmp_path, new):
    plan = asked(tmp_path, f'aim = "center"\nnew = {new}\nfar_min = 80')
    choices = itertools.combinations(CANDIDATES, new)
    best = min(max(walk_min(n, "S", *choice) for n in range(NODES)) for choice in choices)
    assert plan.solution.objective == pytest.approx(best, rel=1e-9)
    assert plan.solution.bound == pytest.approx(best, rel=1e-9)
    assert document(plan)["ways"]["after"]["longest_min"] == pytest.approx(best, abs=1e-6)
    assert document(plan)["ways"]["after"]["without"] == 0
    assert "longest travel time" in str(plan.aim.proof)


def test_the_longest_way_leaves_out_whom_nothing_reaches(tmp_path):
    # Node 11 is 13.3 minutes from C3 at node 9; with C4 forbidden nothing else is within 7 minutes of it.
    plan = asked(tmp_path, 'aim = "center"\nnew = 4\nfar_min = 7\nforbidden = ["C4"]')
    assert plan.solution.objective == pytest.approx(500 / 75, rel=1e-9)
    assert any(
        str(note).startswith("120 workers have no") and "the longest travel time excludes them" in str(note)
        for note in plan.study.notes
    )
    left_out = [n for n in range(NODES) if walk_min(n, "S", "C1", "C2", "C3", "C5") > 7]
    assert document(plan)["ways"]["after"]["without"] == sum(WORKERS[n] for n in left_out) == 120


def test_too_few_sites_for_the_longest_way_are_told_how_many_are_enough(tmp_path):
    enough = next(
        count
        for count in range(6)
        if any(
            all(walk_min(n, "S", *choice) <= 14 for n in range(NODES))
            for choice in itertools.combinations(CANDIDATES, count)
        )
    )
    assert enough > 1
    with pytest.raises(InfeasibleError, match=f"{enough} new sites are enough"):
        asked(tmp_path, 'aim = "center"\nnew = 1\nfar_min = 14')


def with_room(*sites, room):
    """The most workers that sites of these capacities serve: a flow, by trying what each pair of sites shares."""
    places = [0 if site == "S" else CANDIDATES[site] for site in sites]
    near = [[site for site, place in enumerate(places) if abs(n - place) <= 2] for n in range(NODES)]
    # Hall: of any set of sites the workers who only they reach find at most their joint capacity.
    return min(
        sum(WORKERS[n] for n in range(NODES) if near[n] and not set(near[n]) <= set(part))
        + sum(room[sites[site]] for site in part)
        for count in range(len(sites) + 1)
        for part in itertools.combinations(range(len(sites)), count)
    )


ROOM = {"S": 40.0, "C1": 120.0, "C2": 150.0, "C3": 100.0, "C4": 330.0, "C5": 90.0}


def roomy(folder, plan, *, standard=None):
    """The village's plan with a capacity for each site in its tables, but for those that have the ``standard`` one."""
    path = village(folder, QUIET + plan)
    for file in ("stations.csv", "candidates.csv"):
        header, *rows = (folder / file).read_text("utf-8").splitlines()
        told = [f"{row},{'' if ROOM[row.split(',')[0]] == standard else ROOM[row.split(',')[0]]}" for row in rows]
        (folder / file).write_text("\n".join([f"{header},服务能力", *told]) + "\n", encoding="utf-8")
    return sp.run(sp.load_scenario(path))


@pytest.mark.parametrize("new", [1, 2, 3, 5])
def test_most_workers_find_room(tmp_path, new):
    plan = roomy(tmp_path, f'aim = "served"\nnew = {new}')
    best = max(with_room("S", *choice, room=ROOM) for choice in itertools.combinations(CANDIDATES, new))
    assert plan.solution.objective == pytest.approx(best, rel=1e-9)
    assert plan.solution.bound == pytest.approx(best, rel=1e-6)
    told = document(plan)
    assert told["room"]["before"] == pytest.approx(40)
    assert told["room"]["after"] == pytest.approx(best)
    assert sum(part["after"] for part in told["room"]["by_district"]) == pytest.approx(best)
    for site in told["sites"]:
        assert site["capacity"] == ROOM[site["site_id"]]
        assert 0 < site["served"]["day"] <= site["capacity"] + 1e-6
    assert "serves more workers within capacity" in str(plan.aim.proof)
    assert f"/ {ROOM[names(plan)[0]]:,.0f}" in render_report(plan)
    # Most coverage is another question.
    assert served("S", *names(plan)) >= best


def test_room_comes_from_row_host_or_plan_and_is_never_guessed(tmp_path):
    plan = roomy(tmp_path / "plan", 'aim = "served"\nnew = 2\ncapacity = 330.0', standard=330.0)
    assert [plan.sites.capacity[plan.sites.site_id.index(site)] for site in ("C4", "C1")] == [330, 120]
    with pytest.raises(InputError, match="1 stations and candidates have no capacity, such as C4"):
        roomy(tmp_path / "none", 'aim = "served"\nnew = 2', standard=330.0)


def test_floors_of_room_are_kept_or_told(tmp_path):
    plan = roomy(tmp_path / "kept", 'aim = "served"\nnew = 2\nfloor_share = 0.3')
    west, east = document(plan)["room"]["by_district"]
    assert west["after"] >= 0.3 * 210 - 1e-6
    assert east["after"] >= 0.3 * 570 - 1e-6
    with pytest.raises(InfeasibleError, match=r"every district can reach (\d+\.\d)%") as caught:
        roomy(tmp_path / "never", 'aim = "served"\nnew = 2\nfloor_share = 0.9')
    share = float(str(caught.value).split("every district can reach ")[1].split("%")[0]) / 100
    assert roomy(tmp_path / "told", f'aim = "served"\nnew = 2\nfloor_share = {share}').chosen.size == 2
    with pytest.raises(InfeasibleError):
        roomy(tmp_path / "more", f'aim = "served"\nnew = 2\nfloor_share = {share + 0.002}')


def test_a_floor_is_told_with_what_a_district_could_reach_alone(tmp_path):
    # Node 5 has nobody near with C1, C2 and C5 forbidden: the west cannot get beyond the station's own.
    with pytest.raises(InfeasibleError) as caught:
        asked(tmp_path, 'new = 2\nfloor_share = 0.5\nforbidden = ["C1", "C2", "C5"]')
    assert f"West on its own can reach at most {np.ceil(60 / 210 * 1000) / 1000:.1%}" in str(caught.value)
    assert "East on its own" not in str(caught.value)


def test_what_is_enough_keeps_the_other_limit_and_the_distances(tmp_path):
    share = 0.9
    choices = [c for count in range(6) for c in itertools.combinations(CANDIDATES, count)]
    good = [choice for choice in choices if served("S", *choice) >= share * TOTAL - 1e-9]
    cheapest = min(sum(map(COSTS.get, choice)) for choice in good if len(choice) <= 3)
    with pytest.raises(InfeasibleError) as caught:
        asked(tmp_path / "both", f"new = 3\nbudget = 300\ntarget_share = {share}")
    assert f"A budget of {np.ceil(cheapest):.0f} yuan is enough" in str(caught.value)
    within = [len(choice) for choice in good if sum(map(COSTS.get, choice)) <= 300]
    assert ("new sites are enough" in str(caught.value)) == bool(within)
    apart = [
        len(choice)
        for choice in good
        if all(abs(CANDIDATES[a] - CANDIDATES[b]) * 482 >= 1200 for a, b in itertools.combinations(choice, 2))
    ]
    with pytest.raises(InfeasibleError) as caught:
        asked(tmp_path / "apart", f"new = 1\nmin_spacing_m = 1200\ntarget_share = {share}")
    assert f"{min(apart)} new sites are enough" in str(caught.value)


ACTIONS = """
[slots.night]
name = "Night"
hours = "18:00-24:00"
[actions.small]
name = "Small"
kind = "micro"
cost = 90
excludes = []
[actions.late]
name = "Late"
at = "stations"
hours = "00:00-24:00"
cost = 30
"""


def night(text):
    """The village with half of the work at night, when the candidates are closed, and a station open by day."""
    return text.replace("profile = { day = 1.0 }", "profile = { day = 0.5, night = 0.5 }")


def test_longer_hours_and_smaller_stations_compete_for_the_money(tmp_path):
    path = village(tmp_path, QUIET + "budget = 120")
    (tmp_path / "stations.csv").write_text("id,name,lon,lat,hours\nS,Old,104.0,30,08:00-18:00\n", encoding="utf-8")
    path.write_text(night(path.read_text("utf-8")) + ACTIONS, encoding="utf-8")
    plan = sp.run(sp.load_scenario(path))
    assert not any("are not limited" in str(note) for note in plan.study.notes)
    # 120 yuan: a small station at C3 (250 by day) and the station open at night (30 more).
    assert names(plan) == ["C3/small", "S/late"]
    assert plan.solution.objective == 30 + 250 + 30
    assert [plan.sites.kind[site] for site in plan.chosen] == ["micro", "standard"]
    # Longer hours are no new site.
    path.write_text(path.read_text("utf-8").replace("budget = 120", "new = 1"), encoding="utf-8")
    plan = sp.run(sp.load_scenario(path))
    assert set(names(plan)) in ({"C3", "S/late"}, {"C3/small", "S/late"})
    assert any("are not limited" in str(note) for note in plan.study.notes)
    assert "1, and 1 with extended hours" in render_report(plan, lang="en")


def test_at_one_place_one_thing_is_built(tmp_path):
    path = village(tmp_path, QUIET + 'new = 2\nrequired = ["C3", "C3/small"]')
    path.write_text(night(path.read_text("utf-8")) + ACTIONS, encoding="utf-8")
    with pytest.raises(InfeasibleError, match="C3 and C3/small are both required"):
        sp.run(sp.load_scenario(path))


@pytest.mark.parametrize(
    ("plan", "complaint"),
    [
        ('aim = "cost"\nnew = 2\ntarget_share = 0.5', "`new` has no effect with `aim = 'cost'`"),
        ('aim = "cost"', "The aim is the least cost, but no target is set"),
        ('aim = "fair"\nnew = 2\nbackup_weight = 0.5', "`backup_weight` has no effect"),
        ('new = 2\nphases = [{ name = "a", new = 1 }]', "has phases and also its own number"),
        ('phases = [{ name = "a", new = 1 }, { name = "b", budget = 3 }]', "Some phases have `new` and others do not"),
        ('aim = "worst"\nnew = 2\nfloor_share = 0.2', "`floor_share` has no effect with `aim = 'worst'`"),
        ("new = 2\nfrontier = [3, 2]", "The values of `frontier` must increase"),
        ("new = 2\nfrontier = [3, 20]", "`frontier` requests 20 new sites"),
        ('new = 2\npreferred = ["C1"]', "`preferred` and `preferred_workers` must be set together"),
        ('new = 2\nclosable = ["S"]', "Stations may close, but no closure is requested"),
        ("new = 2\nclose = 2", "2 stations are to close, but at most 1 may"),
        ('new = 2\nclose = 1\nclosable = ["X"]', "There is no existing station X"),
        ('aim = "median"\nnew = 2', "requires a maximum number of minutes"),
        ('aim = "center"\nfar_min = 30', "The number of new sites is missing"),
        ('aim = "median"\nnew = 2\nfar_min = 30\nbudget = 5', "`budget` has no effect with `aim = 'median'`"),
        ('aim = "served"\nnew = 2\nclose = 1', "`close` has no effect with `aim = 'served'`"),
        ('new = 2\npreferred = ["X"]\npreferred_workers = 3', "There is no candidate X"),
    ],
)
def test_what_does_not_go_together_is_refused_with_a_reason(tmp_path, plan, complaint):
    with pytest.raises(InputError, match=complaint):
        asked(tmp_path, plan)


def test_actions_and_the_least_cost_do_not_go_together(tmp_path):
    small = '[actions.small]\nname = "Small"\ncost = 90\n'
    with pytest.raises(InputError, match="`actions` has no effect with `aim = 'cost'`"):
        asked(tmp_path, 'aim = "cost"\ntarget_share = 0.5', small)


def test_actions_without_sense_are_refused_together(tmp_path):
    bad = """
[actions.late]
name = "Late"
at = "stations"
cost = 1
hosts = ["nowhere"]
excludes = ["nobody"]
[actions.odd]
name = "Odd"
cost = 1
hours = "sometimes"
"""
    with pytest.raises(InputError) as caught:
        asked(tmp_path, "new = 1", bad)
    told = str(caught.value)
    for part in ("Extended hours of existing stations require opening hours", "'nowhere'", "nobody", "'sometimes'"):
        assert part in told
