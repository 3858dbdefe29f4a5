"""How often a proposed site is chosen over the draws is a count wherever people read it."""

import dataclasses

import numpy as np
import pytest
from openpyxl import load_workbook

from stationplan.domain import Robustness
from stationplan.report.plan_report import plan_report
from stationplan.report.tables import write_workbook
from stationplan.text.reasons import chosen_in_draws


def with_draws(plan, share, answered):
    share = np.full(len(plan.chosen), share)
    return dataclasses.replace(plan, robustness=Robustness(share=share, answered=answered, unmet=0, undecided=0))


@pytest.mark.parametrize(("share", "answered", "times"), [(1.0, 10, 10), (0.7, 10, 7), (0.029, 1000, 29), (0, 3, 0)])
def test_the_number_of_draws_is_whole(share, answered, times):
    found = Robustness(share=np.array([share]), answered=answered, unmet=0, undecided=0)
    assert found.times_chosen(0) == times


def test_without_draws_nothing_is_said(demo_plan):
    plan = with_draws(demo_plan, np.nan, 0)
    assert plan.robustness.times_chosen(0) is None
    assert chosen_in_draws(plan, 0, "zh") == ""


def test_it_reads_as_a_count(demo_plan):
    plan = with_draws(demo_plan, 0.9, 10)
    assert chosen_in_draws(plan, 0, "zh") == "10次测算中9次入选"
    assert chosen_in_draws(plan, 0, "en") == "chosen in 9 of 10 draws"
    assert chosen_in_draws(with_draws(demo_plan, 0.9, 2000), 0, "en") == "chosen in 1,800 of 2,000 draws"


@pytest.mark.parametrize(("lang", "said"), [("zh", "10次测算中10次入选"), ("en", "chosen in 10 of 10 draws")])
def test_the_report_states_it(demo_plan, lang, said):
    assert said in repr(plan_report(with_draws(demo_plan, 1.0, 10), lang=lang))


@pytest.mark.parametrize(("lang", "title"), [("zh", "10次测算中入选次数"), ("en", "Times chosen in 10 draws")])
def test_the_workbook_counts(demo_plan, tmp_path, lang, title):
    write_workbook(with_draws(demo_plan, 0.9, 10), tmp_path / "plan.xlsx", lang=lang)
    columns = [
        [cell.value for cell in column]
        for sheet in load_workbook(tmp_path / "plan.xlsx")
        for column in sheet.iter_cols()
        if any(cell.value == title for cell in column)
    ]
    assert len(columns) == 1
    assert columns[0][columns[0].index(title) + 1 :] == [9] * len(demo_plan.chosen)
