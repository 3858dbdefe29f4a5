"""A list of sites that stationplan wrote is read again as stations or candidates, in both languages."""

import pytest
from support.village import village

import stationplan as sp
from stationplan.inputs import read_tables
from stationplan.inputs.tables.columns import KIND_NAMES, KIND_SHOWN, normalise
from stationplan.report.tables import sites_csv, write_workbook
from stationplan.text.names import kind_names

KINDS = {"C1": "standard", "C3": "微型驿站", "C4": "流动服务车"}


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    path = village(tmp_path_factory.mktemp("planned"), 'new = 3\nrobustness_draws = 0\nrequired = ["C1", "C3", "C4"]')
    table = path.parent / "candidates.csv"
    lines = table.read_text("utf-8").splitlines()
    rows = [f"{line},{KINDS.get(line.split(',')[0], '')}" for line in lines[1:]]
    table.write_text("\n".join([f"{lines[0]},kind", *rows]) + "\n", encoding="utf-8")
    plan = sp.run(sp.load_scenario(path))
    found = {plan.sites.site_id[site]: plan.sites.kind[site] for site in plan.chosen}
    assert found == {"C1": "standard", "C3": "micro", "C4": "mobile"}
    return plan


def read_back(plan, folder, file, sheet=""):
    """The candidates of the village, read from a file in its folder, by id."""
    path = village(folder, "new = 1")
    named = f'[candidates]\nfile = "{file}"' + (f'\nsheet = "{sheet}"' if sheet else "")
    path.write_text(path.read_text("utf-8").replace('[candidates]\nfile = "candidates.csv"', named), encoding="utf-8")
    tables = read_tables(sp.load_scenario(path))
    assert tables.faults == ()
    return {item.site_id: item for item in tables.candidates.places}


def check(plan, found):
    assert set(found) == {plan.sites.site_id[site] for site in plan.chosen}
    for site in plan.chosen:
        item = found[plan.sites.site_id[site]]
        assert (item.kind, item.name) == (plan.sites.kind[site], plan.sites.name[site])
        assert item.cost == plan.sites.cost[site]
        assert item.hours.text == plan.sites.hours[site]


def test_sites_csv(planned, tmp_path):
    village(tmp_path, "new = 1")
    (tmp_path / "sites.csv").write_text(sites_csv(planned), encoding="utf-8", newline="")
    check(planned, read_back(planned, tmp_path, "sites.csv"))


@pytest.mark.parametrize(("lang", "sheet"), [("zh", "拟建站点"), ("en", "Proposed sites")])
def test_workbook(planned, tmp_path, lang, sheet):
    write_workbook(planned, tmp_path / "plan.xlsx", lang=lang)
    check(planned, read_back(planned, tmp_path, "plan.xlsx", sheet))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_word_that_we_write_is_read(lang):
    assert {KIND_NAMES[normalise(name)] for name in kind_names(lang).values()} == {"standard", "micro", "mobile"}
    assert all(KIND_NAMES[normalise(kind)] for kind in KIND_SHOWN)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("标准型站点", "standard"),
        ("微型驿站", "micro"),
        ("微驿站", "micro"),
        ("移动站点", "mobile"),
        ("流动站点", "mobile"),
        ("流动驿站", "mobile"),
        ("流动服务车", "mobile"),
        ("Mobile Station", "mobile"),
    ],
)
def test_usual_variants(word, kind):
    assert KIND_NAMES[normalise(word)] == kind


@pytest.mark.parametrize("word", ["固定站点", "站点", "型", "流动人口"])
def test_other_words_are_not_guessed(word):
    assert normalise(word) not in KIND_NAMES
