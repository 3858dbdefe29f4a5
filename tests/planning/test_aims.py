"""Aims of a plan: each registered by its own module, refused and proven in its own words; and one that is added."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from support.environment import ROOT
from support.village import village

import stationplan as sp
from stationplan.domain import Solution
from stationplan.errors import ConsistencyError, InputError
from stationplan.planning.aims import AIMS, register
from stationplan.planning.proof import proof
from stationplan.planning.question import Question
from stationplan.text.catalogue import translate

TOY = """
import sys

import stationplan as sp
from stationplan.errors import say
from stationplan.planning.aims import Aim, register
from stationplan.planning.aims.aim import recounted_coverage
from stationplan.siting import max_coverage


@register
class Daytime(Aim):
    id = "daytime"
    name = say("most workers covered")
    meaning = "the most workers covered, by a toy"

    def ask(self, asked):
        return max_coverage(asked.coverage.cover, asked.coverage.weight, p=asked.plan.new, **asked.roles)

    def recount(self, asked, counted, solution):
        return float(recounted_coverage(asked, counted).sum())

    def clause(self, asked, solution, *, proven):
        return say("Proven: within these limits no other choice of sites covers more workers.") if proven else None


if __name__ == "__main__":
    plan = sp.run(sp.load_scenario(sys.argv[1]))
    plan.save(sys.argv[2], lang="en")
"""


def test_an_aim_of_one_file_gives_plan_report_and_map(tmp_path):
    (tmp_path / "toy.py").write_text(TOY)
    scenario = village(tmp_path / "village", 'aim = "daytime"\nnew = 2')
    out = tmp_path / "out"
    subprocess.run([sys.executable, str(tmp_path / "toy.py"), str(scenario), str(out)], check=True, cwd=ROOT)
    written = json.loads((out / "plan.json").read_text("utf-8"))
    assert (written["solution"]["aim"], len(written["sites"])) == ("daytime", 2)
    assert "no other choice of sites covers more" in (out / "report.html").read_text("utf-8")
    assert "stationplan-data" in (out / "map.html").read_text("utf-8")


def test_the_toy_covers_what_the_aim_of_coverage_does(tmp_path):
    (tmp_path / "toy.py").write_text(TOY)
    out = tmp_path / "out"
    scenario = village(tmp_path / "village", 'aim = "daytime"\nnew = 2')
    subprocess.run([sys.executable, str(tmp_path / "toy.py"), str(scenario), str(out)], check=True, cwd=ROOT)
    usual = sp.run(sp.load_scenario(village(tmp_path / "usual", "new = 2")))
    assert json.loads((out / "plan.json").read_text("utf-8"))["solution"]["objective"] == usual.solution.objective


def test_every_aim_is_registered_by_the_module_of_its_name():
    assert {aim.id: type(aim).__module__.rpartition(".")[2] for aim in AIMS.values()} == {name: name for name in AIMS}
    assert set(AIMS) >= {"coverage", "fair", "cost", "worst", "regret", "served", "median", "center"}


def test_two_aims_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two aims are called 'fair'"):
        register(type(AIMS["fair"]))


def test_an_unknown_aim_names_the_nearest(tmp_path):
    with pytest.raises(InputError, match="'coverge' is not allowed here") as caught:
        sp.load_scenario(village(tmp_path, 'aim = "coverge"\nnew = 2'))
    (fault,) = caught.value.faults
    assert (fault.key, str(fault.cure)) == ("plan.aim", "Did you mean 'coverage'?")


def test_every_aim_refuses_what_it_does_not_accept(tmp_path):
    for name in AIMS:
        scenario = village(tmp_path / name, f'aim = "{name}"\nnew = 2\nfar_min = 30\nbackup_weight = 0.5')
        if "backup_weight" in AIMS[name].accepts:
            assert sp.load_scenario(scenario).file.plan.aim == name
            continue
        with pytest.raises(InputError) as caught:
            sp.load_scenario(scenario)
        assert "plan.backup_weight" in {fault.key for fault in caught.value.faults}, name


# ---- the sentence on proof --------------------------------------------------------------------------------------


def solution_of(termination, gap):
    empty = np.empty(0, dtype=np.int64)
    return Solution(empty, 10.0, 10.0 * (1 + gap), gap, termination, "", 0.0, empty)


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> Question:
    """The question of the village."""
    from stationplan.planning.pipeline import ask  # noqa: PLC0415 - only here
    from stationplan.planning.progress import StepClock  # noqa: PLC0415 - likewise
    from stationplan.planning.subset import ready_for  # noqa: PLC0415 - likewise

    scenario = sp.load_scenario(village(tmp_path_factory.mktemp("village"), "new = 2"))
    clock = StepClock(None)
    return ask(ready_for(scenario, clock), clock).question


ENDS = [("optimal", 0.0), ("feasible", 0.25), ("time_limit", 0.25), ("feasible", np.inf), ("time_limit", np.inf)]


@pytest.mark.parametrize(("termination", "gap"), ENDS)
@pytest.mark.parametrize("name", sorted(AIMS))
def test_no_aim_falls_through_to_the_sentence_of_another(asked, name, gap, termination):
    said = str(proof(AIMS[name], asked, solution_of(termination, gap)))
    if not np.isfinite(gap):
        assert said == "How much better another choice of sites could be is not known."
        return
    assert said not in {
        str(proof(AIMS[other], asked, solution_of(termination, gap))) for other in AIMS if other != name
    }
    assert name == "regret" or ("roven" in said) == (termination == "optimal")


def test_a_proof_states_the_conditions_under_which_it_holds(tmp_path):
    question = "new = 2\nbudget = 1000\nrequired = ['C3']\nforbidden = ['C4']\nmin_spacing_m = 200\ntarget_share = 0.1"
    plan = sp.run(sp.load_scenario(village(tmp_path, question)))
    assert str(plan.aim.proof).startswith(
        "Conditions: at most 2 new sites; a budget of 1,000 yuan; 1 required sites; 1 excluded sites; "
        "stations at least 200 m apart; at least 10.0% covered in all. "
    )
    assert translate(plan.aim.proof, "zh").startswith(
        "限制条件：新建站点不超过 2 个；预算 1,000 元；必建 1 个；排除候选点 1 个；站点间距不小于 200 米；"
        "总覆盖率不低于 10.0%。"
    )


def test_nothing_is_proven_of_an_answer_that_is_none(asked):
    with pytest.raises(ConsistencyError, match="a plan has an answer"):
        proof(AIMS["coverage"], asked, solution_of("infeasible", np.nan))
