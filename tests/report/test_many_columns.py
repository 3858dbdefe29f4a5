"""Workers gained by site, group and time slot fit on a page whatever the number of slots."""

import pytest
from support.village import village

import stationplan as sp
from stationplan.documents.content import ReportTable
from stationplan.report.plan_report import plan_report


def clock(minute):
    return f"{minute // 60:02d}:{minute % 60:02d}"


@pytest.fixture(scope="module")
def half_hourly(tmp_path_factory):
    """The plan of the village in 48 slots of equal work."""
    path = village(tmp_path_factory.mktemp("half-hours"), "new = 2\nrobustness_draws = 0")
    spans = [(clock(start), clock(start + 30)) for start in range(0, 24 * 60, 30)]
    slots = "".join(f'[slots.s{i}]\nname = "{a}"\nhours = "{a}-{b}"\n' for i, (a, b) in enumerate(spans))
    shares = ", ".join(f"s{i} = {1 / 48!r}" for i in range(48))
    text = path.read_text("utf-8").replace('[slots.day]\nname = "Day"\nhours = "08:00-18:00"\n', slots)
    path.write_text(text.replace("profile = { day = 1.0 }", f"profile = {{ {shares} }}"), encoding="utf-8")
    return sp.run(sp.load_scenario(path))


def tables(plan, lang="en"):
    blocks = [block for section in plan_report(plan, lang=lang).sections for block in section.blocks]
    return [block for block in blocks if isinstance(block, ReportTable) and block.look == "gained"]


def test_a_few_slots_share_a_table_with_the_groups(demo_plan):
    (table,) = tables(demo_plan)
    assert len(table.columns) == 2 + len(demo_plan.demand.groups) + len(demo_plan.demand.slots)


@pytest.mark.parametrize(("lang", "title"), [("zh", "时段：06:00 至 11:30"), ("en", "Time slots 06:00 to 11:30")])
def test_48_slots_are_divided_over_tables(half_hourly, lang, title):
    groups, *slots = tables(half_hourly, lang)
    assert [len(table.columns) for table in (groups, *slots)] == [3, 14, 14, 14, 14]
    assert slots[1].title == title
    named = [column.title for table in slots for column in table.columns[2:]]
    assert named == [slot.name.in_language(lang) for slot in half_hourly.demand.slots]


def test_the_parts_add_up_to_the_groups(half_hourly):
    groups, *slots = tables(half_hourly)
    for order in range(len(half_hourly.chosen)):
        number = [0.0 if cell.text == "–" else float(cell.text) for table in slots for cell in table.rows[order][2:]]
        assert sum(number) == pytest.approx(float(groups.rows[order][2].text), abs=48 * 0.05)
