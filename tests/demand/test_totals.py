"""Totals that must be met: read from columns or by rates, and shared out over cells."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stationplan.demand.totals import share_out
from stationplan.domain import StudyArea
from stationplan.errors import InputError
from stationplan.inputs.demand.totals import read_totals, totals_in
from stationplan.inputs.tables.source import Located
from stationplan.scenario import Limits, TotalsInput, default_groups

GROUPS = {key: default_groups()[key] for key in ("courier", "rider")}
RATES = [
    {"group": "courier", "of": ["POPU", "EMPL", "TRMA"], "rate": 0.5, "source": "a survey"},
    {"group": "rider", "of": ["POPU", "EMPL"], "rate": 0.01, "source": "an assumption"},
]
CENSUS = "CODE,POPU,EMPL,TRMA\nD0,1000,0.5,0.1\nD1,2000,0.6,0\n"


def read(tmp_path, text, **keys):
    (tmp_path / "totals.csv").write_text(text, encoding="utf-8")
    given_totals = TotalsInput.model_validate({"file": "totals.csv", **keys})
    return read_totals(Located(given_totals, tmp_path / "totals.csv"), given_totals, GROUPS, Limits()), given_totals


def refusals(tmp_path, text, **keys):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text, **keys)
    return [(fault.row, str(fault.what)) for fault in caught.value.faults]


def area(*ids):
    shapes = [shapely.box(10 * i, 0, 10 * i + 10, 10) for i in range(len(ids))]
    names = {key: list(ids) for key in ("district_id", "name", "name_en", "prefecture")}
    return StudyArea(gpd.GeoDataFrame(names, geometry=shapes, crs="EPSG:32648"))


# ---- reading ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["code,courier,rider", "编码,快递员,外卖骑手"])
def test_a_column_is_named_by_a_groups_id_or_name(tmp_path, header):
    table, _ = read(tmp_path, f"{header}\nD0,5,7\nD1,0,9.5\n")
    assert table.district_id == ("D0", "D1")
    assert table.workers.tolist() == [[5, 7], [0, 9.5]]


def test_a_group_without_a_column_has_no_total(tmp_path):
    table, _ = read(tmp_path, "code,骑手数\nD0,7\n", columns={"rider": "骑手数"})
    assert np.isnan(table.workers[:, 0]).all()
    assert table.workers[:, 1].tolist() == [7]


def test_rates_multiply_the_columns_of_a_census(tmp_path):
    table, _ = read(tmp_path, CENSUS, id="CODE", rates=RATES, population="POPU")
    # 1000 people, half of them employed, a tenth of these in transport, every second a courier: 25.
    assert table.workers == pytest.approx(np.array([[25.0, 5.0], [0.0, 12.0]]))


@pytest.mark.parametrize(
    ("text", "keys", "said"),
    [
        ("code,rider\nD0,-1\n", {}, (2, "rider is -1, less than 0.")),
        ("code,rider\nD0,many\n", {}, (2, "rider is 'many', not a finite number.")),
        ("code,rider\nD0,1\nD0,2\n", {}, (3, "The id D0 already appears in row 2.")),
        ("code,shops\nD0,1\n", {}, (1, "No column contains the totals of a group; the table has: code, shops.")),
        ("code,a\nD0,1\n", {"columns": {"rider": "b"}}, (1, "There is no column b; the table has: code, a.")),
        ("CODE,POPU\nD0,9\n", {"rates": RATES}, (1, "There is no column EMPL; the table has: CODE, POPU.")),
        (
            "code,rider,pop\nD0,11,10\n",
            {"population": "pop"},
            (2, "The number of workers (11) exceeds the number of residents (10)."),
        ),
        ("code,rider,外卖骑手\nD0,1,2\n", {}, (1, "Several columns could be rider: rider, 外卖骑手.")),
        ("code,a,A\nD0,1,2\n", {"columns": {"rider": "a"}}, (1, "Several columns could be a: a, A.")),
        ("CODE,POPU,EMPL,TRMA,popu\nD0,1,1,1,1\n", {"rates": RATES}, (1, "Several columns could be POPU: POPU, popu.")),
        ("code,rider\nD0,1\n", {"population": "p"}, (1, "There is no column p; the table has: code, rider.")),
    ],
)
def test_what_is_wrong_with_a_table_of_totals_is_told_with_its_row(tmp_path, text, keys, said):
    assert said in refusals(tmp_path, text, **keys)


@pytest.mark.parametrize(("text", "keys"), [("code,id,rider\nD0,x,1\n", {}), ("a,rider\nD0,1\n", {"id": "b"})])
def test_the_column_of_ids_is_named_where_the_scenario_names_it(tmp_path, text, keys):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text, **keys)
    assert [str(fault.cure) for fault in caught.value.faults] == [
        'Set the id column: `id = "..."` under [demand.totals].'
    ]
    assert read(tmp_path, text, id=text[: text.index(",")])[0].district_id == ("D0",)


def test_districts_without_a_row_are_refused_or_empty(tmp_path):
    table, wanted = read(tmp_path, "code,rider\nD0,5\n")
    with pytest.raises(InputError, match="Districts missing from the table: D1"):
        totals_in(table, wanted, area("D0", "D1"), list(GROUPS))
    table, wanted = read(tmp_path, "code,rider\nD0,5\n", missing="empty")
    totals, _, notes = totals_in(table, wanted, area("D0", "D1"), list(GROUPS))
    assert totals.workers[:, 1].tolist() == [5, 0]
    assert np.isnan(totals.workers[:, 0]).all()
    assert "Districts without totals, assumed to have no workers: D1." in map(str, notes)


def test_rows_without_a_polygon_are_told_or_counted_elsewhere(tmp_path):
    text = "code,courier,rider\nD0,1,5\nzone,2,3\n"
    table, wanted = read(tmp_path, text)
    totals, quality, notes = totals_in(table, wanted, area("D0"), list(GROUPS))
    assert totals.workers.tolist() == [[1, 5]]
    assert [str(note) for note in notes] == [
        "Totals of districts without a polygon, not assigned: 5.0 workers in zone."
    ]
    assert (quality.rows, quality.kept, quality.count("set_aside")) == (2, 1, 1)
    table, wanted = read(tmp_path, text, merged={"zone": "D0"})
    totals, quality, notes = totals_in(table, wanted, area("D0"), list(GROUPS))
    assert totals.workers.tolist() == [[3, 8]]
    assert [str(note) for note in notes] == ["The 5.0 workers of zone are added to D0."]
    assert quality.kept == 2


def test_merging_names_what_is_there(tmp_path):
    table, wanted = read(tmp_path, "code,rider\nD0,5\n", merged={"nowhere": "D9"})
    with pytest.raises(InputError) as caught:
        totals_in(table, wanted, area("D0"), list(GROUPS))
    assert [str(fault.what) for fault in caught.value.faults] == [
        "There is no district nowhere.",
        "There is no district D9.",
    ]


def test_a_district_whose_rows_are_all_merged_into_it_has_its_row(tmp_path):
    table, wanted = read(tmp_path, "code,rider\nD0,5\nN,3\nS,4\n", merged={"N": "D1", "S": "D1"})
    totals, _, notes = totals_in(table, wanted, area("D0", "D1"), list(GROUPS))
    assert totals.workers[:, 1].tolist() == [5, 7]
    assert not any("without totals" in str(note) for note in notes)


def test_a_district_with_a_polygon_is_not_merged_away(tmp_path):
    table, wanted = read(tmp_path, "code,rider\nD0,5\nD1,3\n", merged={"D0": "D1"})
    with pytest.raises(InputError) as caught:
        totals_in(table, wanted, area("D0", "D1"), list(GROUPS))
    (fault,) = caught.value.faults
    assert (fault.key, str(fault.what)) == ("demand.totals.merged.D0", "The district D0 has its own polygon.")


# ---- sharing out --------------------------------------------------------------------------------------------------

ONE_EACH = np.ones(4)
DISTRICT = np.array([0, 0, 1, 1])


def test_cells_share_a_total_by_weight_and_by_area_where_nothing_weighs():
    shared = share_out(
        np.array([1.0, 3.0, 0.0, 0.0]), np.array([8.0, 6.0]), district=DISTRICT, area_m2=np.array([1.0, 1, 1, 2])
    )
    assert shared.heads.tolist() == [2, 6, 2, 4]
    assert shared.even.tolist() == [1]
    assert len(shared.homeless) == len(shared.beyond) == 0


def test_observed_cells_keep_their_count():
    fixed = np.array([7.0, np.nan, np.nan, np.nan])
    shared = share_out(np.full(4, 2.0), np.array([8.0, np.nan]), district=DISTRICT, area_m2=ONE_EACH, fixed=fixed)
    assert shared.heads.tolist() == [7, 1, 2, 2]


def test_totals_that_cannot_be_met_are_named():
    fixed = np.array([7.0, np.nan, 1.0, 2.0])
    shared = share_out(np.ones(4), np.array([6.0, 4.0, 3.0]), district=DISTRICT, area_m2=ONE_EACH, fixed=fixed)
    assert shared.beyond.tolist() == [0, 1]  # seven of six are counted; all cells of the other are, and one is missing
    assert shared.homeless.tolist() == [2]


@settings(deadline=None)
@given(st.data())
def test_every_total_is_met(data):
    cells, districts = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 3))
    some = st.floats(0, 1e6)
    weight = np.array(data.draw(st.lists(some, min_size=cells, max_size=cells)))
    district = np.array(data.draw(st.lists(st.integers(0, districts - 1), min_size=cells, max_size=cells)))
    total = np.array(data.draw(st.lists(some, min_size=districts, max_size=districts)))
    shared = share_out(weight, total, district=district, area_m2=np.ones(cells))
    summed = np.bincount(district, shared.heads, minlength=districts)
    has_cells = np.bincount(district, minlength=districts) > 0
    assert summed[has_cells] == pytest.approx(total[has_cells], rel=1e-9, abs=1e-9)
    assert (shared.heads >= 0).all()


def test_weights_that_have_died_away_are_no_weights():
    # A density a few dozen bandwidths off is too small a number to divide by.
    weight = np.array([1e-310, 3e-310, 1e-3, 3e-3])
    shared = share_out(weight, np.array([8.0, 8.0]), district=DISTRICT, area_m2=ONE_EACH)
    assert shared.heads.tolist() == pytest.approx([4, 4, 2, 6])
    assert shared.even.tolist() == [0]


@settings(deadline=None)
@given(st.data())
def test_every_total_is_met_beside_counts_and_in_every_draw(data):
    """Counted cells keep their counts, whatever the weights; districts without a total keep their weights."""
    cells, draws = data.draw(st.integers(2, 10)), 3
    weight = np.array(
        data.draw(st.lists(st.lists(st.floats(0, 1e6), min_size=cells, max_size=cells), min_size=draws, max_size=draws))
    )
    district = np.array([0, 1, *data.draw(st.lists(st.integers(0, 2), min_size=cells - 2, max_size=cells - 2))])
    counted = data.draw(st.lists(st.one_of(st.just(np.nan), st.floats(0, 1e4)), min_size=cells - 2, max_size=cells - 2))
    fixed = np.array([np.nan, np.nan, *counted])
    taken = np.bincount(district, np.nan_to_num(fixed), minlength=3)
    more = np.array(data.draw(st.lists(st.floats(0, 1e5), min_size=draws, max_size=draws)))
    total = np.column_stack([taken[0] + more, taken[1] + 2 * more, np.full(draws, np.nan)])
    for d in range(draws):
        shared = share_out(weight[d], total[d], district=district, area_m2=np.ones(cells), fixed=fixed)
        summed = np.bincount(district, shared.heads, minlength=3)
        assert summed[:2] == pytest.approx(total[d, :2], rel=1e-9, abs=1e-9)
        free = np.isnan(fixed)
        assert shared.heads[~free].tolist() == fixed[~free].tolist()
        assert shared.heads[free & (district == 2)].tolist() == weight[d, free & (district == 2)].tolist()
        assert len(shared.homeless) == len(shared.beyond) == 0


def test_draws_share_out_each_its_own_total():
    weight = np.array([[1.0, 1.0, 2.0, 2.0], [3.0, 1.0, 0.0, 1.0]])
    total = np.array([[4.0, 8.0], [8.0, np.nan]])
    shared = [share_out(*draw, district=DISTRICT, area_m2=ONE_EACH) for draw in zip(weight, total, strict=True)]
    assert [draw.heads.tolist() for draw in shared] == [[2, 2, 4, 4], [6, 2, 0, 1]]
