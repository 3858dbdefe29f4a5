"""Why here and why not there: the village of twelve nodes by hand."""

from __future__ import annotations

import csv
import json

import jsonschema
import openpyxl
import pytest
from support.demo import cut_demo
from support.map_block import block_of
from support.program import call
from support.village import names, plan_of, served, village

import stationplan as sp
from stationplan.domain import Held
from stationplan.errors import InputError
from stationplan.report import document, render_report, schema
from stationplan.text.reasons import mean_today_min, no_station_share, today_ways, why_not_facts, why_not_title
from stationplan.webmap import render


def asked_of(folder, plan, *ids, rows=(), hosts="", **options):
    """The village's plan and the cases of some ids; ``rows`` are more candidates."""
    path = village(folder, f"{plan}\nexplain = {list(ids)}\nrobustness_draws = 0", **options)
    with (folder / "candidates.csv").open("a") as file:
        file.writelines(row + "\n" for row in rows)
    path.write_text(path.read_text("utf-8") + hosts, encoding="utf-8")
    made = sp.run(sp.load_scenario(path))
    return made, {made.sites.site_id[case.site]: case for case in made.why_not}


def here(plan):
    return {plan.sites.site_id[why.site]: why for why in plan.why}


def site(plan, index):
    return plan.sites.site_id[index] if index >= 0 else None


# --- why here, in the village ----------------------------------------------------------------------------------------


def test_what_a_site_alone_covers_at_the_end_is_less_than_its_gain_where_a_later_one_overlaps(tmp_path):
    plan = plan_of(tmp_path, "new = 2")
    # C3 is built first and gains nodes 7 to 11; C2 after it covers 7 and 8 too.
    assert {key: (why.gained.sum(), why.alone.sum()) for key, why in here(plan).items()} == {
        "C3": (80 + 90 + 100 + 110 + 120, 100 + 110 + 120),
        "C2": (50 + 60 + 70, 50 + 60 + 70),
    }
    assert all(why.alone.sum() == why.removal_loss for why in plan.why)


def test_those_a_site_serves_have_so_far_to_a_station_today(tmp_path):
    plan = plan_of(tmp_path, "new = 2")
    # 4.5 km/h are 75 m a minute.
    for key, nodes in (("C3", range(7, 12)), ("C2", range(4, 9))):
        why = here(plan)[key]
        workers = sum((node + 1) * 10 for node in nodes)
        way = sum((node + 1) * 10 * node * 500 / 75 for node in nodes) / workers
        assert why.served.tolist() == [workers]
        assert mean_today_min(why) == pytest.approx(way)
        assert (why.served_today.tolist(), why.today_none.tolist(), no_station_share(why)) == ([0.0], [0.0], 0.0)
        assert today_ways(why, "en") == f"{way:.1f} min on average for the workers served"


def test_beyond_a_gap_in_the_road_nobody_has_a_station_today(tmp_path):
    plan = plan_of(tmp_path, 'new = 1\nforbidden = ["C1", "C2", "C5"]', cut=8)
    (why,) = plan.why
    assert (mean_today_min(why), no_station_share(why)) == (None, 1.0)
    assert document(plan)["sites"][0]["why"]["today"]["minutes"] is None
    assert today_ways(why, "en") == "The workers served have no station today"


def test_a_station_that_is_closed_then_is_no_station_then(tmp_path):
    path = village(tmp_path, "new = 1")
    path.write_text(
        path.read_text("utf-8").replace("[groups", '[slots.night]\nname = "Night"\nhours = "20:00-24:00"\n[groups', 1)
    )
    text = path.read_text("utf-8").replace("day = 1.0", "day = 0.75, night = 0.25")
    path.write_text(text)
    stations = tmp_path / "stations.csv"
    stations.write_text(stations.read_text().replace("24小时", "08:00-18:00"))
    candidates = tmp_path / "candidates.csv"
    candidates.write_text(candidates.read_text().replace("08:00-18:00", "24小时"))
    (why,) = sp.run(sp.load_scenario(path)).why
    assert why.served.tolist() == [500]
    assert no_station_share(why) == pytest.approx(0.25)
    assert "25.0% have no station" in today_ways(why, "en")


def test_a_plan_without_stations_today(tmp_path):
    path = village(tmp_path, "new = 1")
    path.write_text(
        path.read_text("utf-8").replace('[stations]\nfile = "stations.csv"\ndatum = "wgs84"\n', "", 1), encoding="utf-8"
    )
    (why,) = sp.run(sp.load_scenario(path)).why
    assert (mean_today_min(why), no_station_share(why), why.nearest_existing) == (None, 1.0, -1)


def test_the_rule_that_holds_a_site(tmp_path):
    held = {}
    for name, question in {
        "gain": "new = 2",
        "required": 'new = 2\nrequired = ["C5"]',
        "floor": "new = 2\nfloor_share = 0.5",
        "target": "new = 2\ntarget_share = 0.9",
        "budget": "budget = 300",
    }.items():
        plan = plan_of(tmp_path / name, question)
        held[name] = {key: (why.held.rule, why.held.district) for key, why in here(plan).items()}
        if name == "budget":
            # C4 and C5 leave 50 yuan. Instead of C5 (40 workers) C2 would add 350, at 300 yuan.
            assert names(plan) == ["C4", "C5"]
            assert site(plan, here(plan)["C5"].held.site) == "C2"
    gain = ("gain", -1)
    assert held["gain"] == {"C3": gain, "C2": gain}
    assert held["required"] == {"C3": gain, "C5": ("required", -1)}
    # Without C2 the West has 60 of 210 workers covered, without C3 the East 240 of 570.
    assert held["floor"] == {"C3": ("floor", 1), "C2": ("floor", 0)}
    assert held["target"] == {"C3": ("target", -1), "C2": ("target", -1)}
    assert held["budget"]["C5"] == ("budget", -1)


def test_a_next_best_site_that_breaks_a_floor_is_called_so(tmp_path):
    # One site, 42 % in either half: only C2 does it, though C3 covers 150 more.
    plan = plan_of(tmp_path, "new = 1\nfloor_share = 0.42")
    (why,) = plan.why
    assert (site(plan, why.site), site(plan, why.replacement), why.replacement_loss) == ("C2", "C3", -150)
    assert why.replacement_breaks == Held("floor", district=0)
    exchange = document(plan)["sites"][0]["why"]["replacement_breaks"]
    assert exchange == {"rule": "floor", "district_id": "West", "site_id": None}
    assert "violates the minimum coverage of West" in render_report(plan, lang="en")


# --- why not there, in the village -----------------------------------------------------------------------------------


def test_why_not_is_counted_by_hand(tmp_path):
    plan, cases = asked_of(tmp_path, "new = 2", "C1", "C4")
    assert names(plan) == ["C3", "C2"]
    case = cases["C1"]
    # C1 reaches nodes 1 to 5: S has 1 and 2, C2 has 4 and 5.
    assert (case.reach.sum(), case.gain.sum()) == (20 + 30 + 40 + 50 + 60, 40)
    assert (case.covered_today, case.covered_by_plan) == (20 + 30, 50 + 60)
    assert [site(plan, other) for other in case.others] == ["C2", "S"]
    assert case.shared.tolist() == [110, 50]
    assert (site(plan, case.exchange), case.exchange_gain) == ("C2", served("S", "C1", "C3") - served("S", "C2", "C3"))
    assert (site(plan, case.least), case.workers_missing) == ("C2", 180 - 40)
    assert case.reasons == ("number", "outdone")
    assert (case.money_missing, case.exchange_money, case.exchange_breaks, case.no_road) == (0, 0, None, ())
    # C4 reaches nodes 9 to 11, all of C3's: with C2 it covers as much as C3.
    assert (cases["C4"].gain.sum(), cases["C4"].covered_by_plan) == (0, 330)
    assert (site(plan, cases["C4"].exchange), cases["C4"].exchange_gain) == ("C3", 0)
    assert cases["C4"].reasons == ("covered", "as_good")


def test_sites_that_stand_are_told_so(tmp_path):
    plan, cases = asked_of(tmp_path, "new = 2", "C2", "S")
    assert cases["C2"].reasons == ("proposed",)
    assert (cases["C2"].gain.sum(), cases["C2"].exchange, cases["C2"].least) == (180, -1, -1)
    assert cases["S"].reasons == ("existing",)
    assert (cases["S"].gain.sum(), cases["S"].covered_today) == (60, 0)
    facts = dict(why_not_facts(plan, cases["C2"], "en"))
    assert facts["Why it was not selected"] == "It is proposed, as number 2 in the build order."
    assert facts["Reason for selection"] == "Adds coverage"


def test_what_speaks_against_a_site_itself(tmp_path):
    hosts = '[hosts.depot]\nname = "Depot"\nhours = "24小时"\ncost = 1.0\nexcludes = ["walker"]\n'
    rows = [
        "night,,104.015,30,20:00-22:00,1,",
        "depot,Depot,104.015,30,08:00-18:00,1,depot",
        "field,Field,104.015,30.0095,08:00-18:00,1,",
        "both,Both,104.015,30.0095,20:00-22:00,1,",
    ]
    path = village(tmp_path, 'new = 2\nforbidden = ["C1"]\nexplain = ["C1", "night", "depot", "field", "both"]')
    table = tmp_path / "candidates.csv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join([lines[0] + ",host", *(line + "," for line in lines[1:]), *rows]) + "\n")
    path.write_text(path.read_text("utf-8") + hosts, encoding="utf-8")
    plan = sp.run(sp.load_scenario(path))
    cases = {plan.sites.site_id[case.site]: case for case in plan.why_not}
    assert {key: case.reasons for key, case in cases.items()} == {
        "C1": ("forbidden",),
        "night": ("closed",),
        "depot": ("unfit",),
        "field": ("no_road",),
        "both": ("no_road", "closed"),
    }
    # What a forbidden site would add is still reported; no exchange is.
    assert (cases["C1"].gain.sum(), cases["C1"].exchange) == (40, -1)
    assert cases["field"].no_road == ("walk",)
    assert dict(why_not_facts(plan, cases["night"], "en"))["Closed in"] == "Day"
    assert dict(why_not_facts(plan, cases["depot"], "en"))["Unsuitable for"] == "Walkers"
    assert why_not_title(plan, cases["night"], "en") == "night"
    assert why_not_title(plan, cases["depot"], "en") == "Depot (depot)"


def test_a_site_that_reaches_nobody(tmp_path):
    path = village(tmp_path, "new = 1\nexplain = ['C5']")
    cells = tmp_path / "cells.csv"
    header, *rows = cells.read_text().splitlines()
    cells.write_text("\n".join([header, *rows[6:]]) + "\n")
    plan = sp.run(sp.load_scenario(path))
    (case,) = plan.why_not
    assert (case.reasons, case.reach.sum()) == (("nobody",), 0)
    assert dict(why_not_facts(plan, case, "en"))["Workers within reach"] == "Nobody"


def test_the_money_that_lacks(tmp_path):
    plan, cases = asked_of(tmp_path, 'budget = 360\nrequired = ["C2", "C5"]', "C1")
    # 350 yuan are spent; both sites are required, so none can be given up.
    assert (cases["C1"].money_missing, cases["C1"].exchange, cases["C1"].least) == (pytest.approx(90.4), -1, -1)
    assert cases["C1"].reasons == ("covered",)
    plan, cases = asked_of(tmp_path / "free", "budget = 300", "C2", "C3")
    assert names(plan) == ["C4", "C5"]
    # C2 (300) instead of C4 (200) costs 50 more than is left; C3 (700) 450 more.
    assert {key: case.money_missing for key, case in cases.items()} == {"C2": 250, "C3": 650}
    best = served("S", "C4", "C2") - served("S", "C4", "C5")
    assert (site(plan, cases["C2"].exchange), cases["C2"].exchange_gain) == ("C5", best)
    assert cases["C2"].exchange_money == 200
    assert cases["C2"].reasons == cases["C3"].reasons == ("money",)


def test_an_exchange_that_can_be_paid_goes_before_a_better_one_that_cannot(tmp_path):
    plan, cases = asked_of(tmp_path, 'budget = 350\nforbidden = ["C4"]', "C1")
    # C2 and C5 (350 yuan) are built; C1 (100.4) can be paid instead of C2 only, though nothing is lost with C5.
    assert set(names(plan)) == {"C2", "C5"}
    assert (site(plan, cases["C1"].exchange), cases["C1"].exchange_money) == ("C2", 0)
    assert cases["C1"].exchange_gain == served("S", "C1", "C5") - served("S", "C2", "C5")


def test_an_exchange_that_breaks_a_rule(tmp_path):
    plan, cases = asked_of(tmp_path, "new = 1\nfloor_share = 0.42", "C3")
    case = cases["C3"]
    assert (case.reasons, site(plan, case.exchange), case.exchange_gain) == (("number", "rule"), "C2", 150)
    assert case.exchange_breaks == Held("floor", district=0)
    facts = dict(why_not_facts(plan, case, "en"))
    assert facts["Best exchange"] == "instead of C2: 150.0 more workers; violates the minimum coverage of West"
    plan, cases = asked_of(tmp_path / "target", "new = 2\ntarget_share = 0.94", "C5")
    assert cases["C5"].exchange_breaks == Held("target")


def test_work_in_the_heat_may_speak_against_an_exchange_that_wins_heads(tmp_path):
    heat = '[demand.heat]\nfile = "heat.csv"\nweights = { 40 = 10.0 }\n'
    path = village(tmp_path, "new = 1\nexplain = ['C3']\nrobustness_draws = 0")
    (tmp_path / "heat.csv").write_text(
        "id,day\n" + "".join(f"N{n},{41 if n in (3, 4, 5) else 30}\n" for n in range(12))
    )
    path.write_text(path.read_text("utf-8").replace("[stations]", f"{heat}[stations]", 1), encoding="utf-8")
    plan = sp.run(sp.load_scenario(path))
    (case,) = plan.why_not
    assert names(plan) == ["C1"]
    assert (case.reasons, case.exchange_gain) == (("number", "heat"), 500 - 150)


# --- asking ----------------------------------------------------------------------------------------------------------


def test_an_unknown_id_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(InputError) as caught:
        asked_of(tmp_path, "new = 2", "C9", "Old")
    first, second = caught.value.faults
    assert str(first.what) == "There is no site C9 in the study."
    assert first.key == "plan.explain"
    assert "C1 (C1)" in str(first.cure)
    assert str(second.cure).startswith("Most similar ids: S (Old)")


def test_a_candidate_that_was_set_aside_is_refused_with_the_reason(tmp_path):
    with pytest.raises(InputError) as caught:
        asked_of(tmp_path, "new = 2", "far", rows=["far,Far,110,30,08:00-18:00,1"])
    (fault,) = caught.value.faults
    assert str(fault.what) == "far is not in the study area. The candidate lies outside the study area."


def test_the_command_line_adds_to_what_the_scenario_asks(tmp_path, capsys):
    path = village(tmp_path, 'new = 2\nrobustness_draws = 0\nexplain = ["C1"]')
    out = tmp_path / "out"
    code, said, _ = call("run", path, "--out", out, "--lang", "en", "--why-not", "C4", "--why-not", "C1", capsys=capsys)
    assert code == 0
    lines = said.splitlines()
    assert lines.index("C1 (C1)") < lines.index("C4 (C4)")
    assert "  Best exchange: instead of C2: 30.0 fewer workers" in lines
    plan = json.loads((out / "plan.json").read_text("utf-8"))
    assert [case["site_id"] for case in plan["why_not"]] == ["C1", "C4"]
    assert 'explain = [\n    "C1",\n    "C4",\n]' in (out / "scenario.resolved.toml").read_text("utf-8")
    code, said, _ = call("run", path, "--out", tmp_path / "two", "--json", "--why-not", "C4", capsys=capsys)
    assert json.loads(said)["why_not"] == plan["why_not"]
    code, _, error = call("run", path, "--out", tmp_path / "three", "--why-not", "C9", capsys=capsys)
    assert (code, (tmp_path / "three").exists()) == (2, False)
    assert "C9" in error


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_output_tells_why_not(tmp_path, lang, demo_folder):
    scenario = cut_demo(demo_folder)
    with (demo_folder / "candidates.csv").open(encoding="utf-8-sig") as file:
        first, second, *_ = [row["编码"] for row in csv.DictReader(file)]
    plan = sp.run(sp.load_scenario(scenario, explain=[first, second]))
    jsonschema.Draft202012Validator(schema()).validate(document(plan))
    report, mapped = render_report(plan, lang=lang), block_of(plan, lang).content["why_not"]
    plan.save(tmp_path / "out", lang=lang)
    book = openpyxl.load_workbook(tmp_path / "out/sites.xlsx")
    sheet = book["未入选点位说明" if lang == "zh" else "Sites not selected"]
    told = [row[1:] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert told == [fact for case in plan.why_not for fact in why_not_facts(plan, case, lang)]
    for case in plan.why_not:
        assert why_not_title(plan, case, lang) in report
        for label, words in why_not_facts(plan, case, lang):
            assert f'<th scope="row">{label}</th><td>{words}</td>' in report
            assert [label, words] in mapped[str(case.site)]


def test_the_workbook_has_each_group_and_slot_of_a_site(demo_plan, tmp_path):
    demo_plan.save(tmp_path / "out", lang="en")
    book = openpyxl.load_workbook(tmp_path / "out/sites.xlsx")
    rows = list(book["Reasons for selection"].iter_rows(min_row=2, values_only=True))
    assert sum(row[5] for row in rows) == pytest.approx(sum(why.gained.sum() for why in demo_plan.why), abs=1e-6)
    assert sum(row[6] for row in rows) == pytest.approx(sum(why.removal_loss for why in demo_plan.why), abs=1e-6)
    assert "Sites not selected" not in book.sheetnames


def test_two_runs_tell_the_same(tmp_path):
    texts = []
    for run in ("one", "two"):
        plan, _ = asked_of(tmp_path / run, "new = 2\nfloor_share = 0.5", "C1", "C4", "C5")
        texts.append((json.dumps(document(plan)), render_report(plan, lang="zh"), render(plan, lang="zh")))
    assert texts[0] == texts[1]
