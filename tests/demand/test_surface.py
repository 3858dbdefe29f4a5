"""Surfaces of demand: rates, models, sightings, totals, draws and heat."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import shapely

from stationplan.demand.learning import learn
from stationplan.demand.slots import demand_of, heat_exposure
from stationplan.demand.surface import Wishes, make_surface
from stationplan.domain import Cells, Features, Group, LocalText, Observed, Slot, Totals
from stationplan.errors import InputError
from stationplan.inputs.demand.saved_models import SavedModel

SIDE = 20
COUNT = SIDE * SIDE


@pytest.fixture(scope="module", autouse=True)
def learned_once():
    """Learn from the same counts with the same settings once: these tests are about what is made of the result."""
    known = {}

    def learn_once(*arguments, **options):
        key = pickle.dumps((arguments, options))
        if key not in known:
            known[key] = learn(*arguments, **options)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stationplan.demand.surface.learn", learn_once)
        yield


@pytest.fixture(scope="module")
def city():
    """Squares of 200 m in two districts, with people everywhere and shops that gather in the middle."""
    random = np.random.default_rng(7)
    column, row = np.arange(COUNT) % SIDE, np.arange(COUNT) // SIDE
    x, y = column * 200.0 + 100, row * 200.0 + 100
    outline = shapely.box(x - 100, y - 100, x + 100, y + 100)
    district = (column >= SIDE // 2).astype(np.int64)
    cells = Cells(tuple(f"c{i}" for i in range(COUNT)), x, y, district, outline, {})
    people = random.gamma(2.0, 100.0, COUNT)
    shops = random.poisson(8 * np.exp(-((x - 2000) ** 2 + (y - 2000) ** 2) / 2e6)).astype(float)
    values = np.column_stack([people, shops, np.full(COUNT, 0.04)])
    features = Features(("population", "shops", "area_km2"), ("people", "shops", "km2"), ("", "", ""), values, ())
    return cells, features


def wishes(**changes):
    settings = {
        "rates": {"rider": {"population": 0.01}},
        "cv": {"rider": 0.3},
        "learn_from": [],
        "block_m": 800.0,
        "folds": 5,
        "insist": False,
        "draws": 40,
        "error_block_m": 1000.0,
        "seed": 1,
        "file": "study.toml",
    }
    return Wishes(**{**settings, **changes})


def surface(city, *, totals=None, observed=(), model=None, **changes):
    cells, features = city
    return make_surface(
        cells,
        features,
        wishes(**changes),
        totals=totals,
        observed=observed,
        model=model,
        districts=["West", "East"],
    )


def counted(heads, x=(), y=()):
    return Observed("rider", np.asarray(heads, float), np.asarray(x, float), np.asarray(y, float), "counts.csv")


def by_district(city, heads):
    return np.bincount(city[0].district, heads, minlength=2)


# ---- rates ----------------------------------------------------------------------------------------------------------


def test_rates_count_features(city):
    made = surface(city, rates={"rider": {"population": 0.01, "shops": 2.0}})
    values = city[1].values
    assert made.heads[:, 0] == pytest.approx(0.01 * values[:, 0] + 2 * values[:, 1])
    assert (made.groups[0].way, made.groups[0].totals) == ("rates", False)


def test_a_feature_that_nothing_gives_is_named(city):
    with pytest.raises(InputError) as caught:
        surface(city, rates={"rider": {"schools": 1.0}})
    (fault,) = caught.value.faults
    assert fault.key == "groups.rider.workers.schools"
    assert str(fault.what) == "No input provides schools; available: population, shops, area_km2."


def test_a_rate_may_be_nothing_and_other_groups_stay_as_they_are(city):
    two = {"rates": {"rider": {"population": 0.01}, "courier": {}}, "cv": {"rider": 0.3, "courier": 0.0}}
    both, one = surface(city, **two), surface(city)
    assert both.heads[:, 0].tobytes() == one.heads[:, 0].tobytes()
    assert both.draws[:, :, 0].tobytes() == one.draws[:, :, 0].tobytes()
    assert both.heads[:, 1].sum() == both.draws[:, :, 1].sum() == 0


def test_all_unknown_features_of_all_groups_are_named_at_once(city):
    rates = {"rider": {"schools": 1.0, "population": 0.1}, "courier": {"offices": 1.0}}
    with pytest.raises(InputError) as caught:
        surface(city, rates=rates, cv={"rider": 0.3, "courier": 0.3})
    assert [fault.key for fault in caught.value.faults] == [
        "groups.rider.workers.schools",
        "groups.courier.workers.offices",
    ]


def test_the_order_of_cells_changes_no_heads(city):
    cells, features = city
    order = np.random.default_rng(2).permutation(COUNT)
    ids = tuple(cells.cell_id[i] for i in order)
    turned = Cells(ids, cells.x[order], cells.y[order], cells.district[order], cells.outline[order], {})
    same = Features(features.names, features.units, features.sources, features.values[order], ())
    totals = Totals(np.array([[100.0], [300.0]]), 0.1, "")
    one, other = surface(city, totals=totals), surface((turned, same), totals=totals)
    assert other.heads[:, 0] == pytest.approx(one.heads[order, 0], rel=1e-12)


# ---- totals ---------------------------------------------------------------------------------------------------------


def test_totals_are_met_and_their_cells_keep_their_proportions(city):
    made = surface(city, totals=Totals(np.array([[100.0], [300.0]]), 0.1, "census"))
    assert by_district(city, made.heads[:, 0]) == pytest.approx([100, 300], rel=1e-12)
    west = np.flatnonzero(city[0].district == 0)
    people = city[1].values[west, 0]
    assert made.heads[west, 0] == pytest.approx(100 * people / people.sum())


def test_a_district_without_a_weight_is_filled_by_area_and_told(city):
    cells, features = city
    shops = features.values.copy()
    shops[cells.district == 1, 1] = 0
    bare = Features(features.names, features.units, features.sources, shops, ())
    made = surface((cells, bare), rates={"rider": {"shops": 1.0}}, totals=Totals(np.array([[9.0], [400.0]]), 0, ""))
    assert made.groups[0].even == (1,)
    assert made.heads[cells.district == 1, 0] == pytest.approx(400 / (COUNT / 2))
    assert "rider: 1 districts have no weights; 400.0 workers are distributed there by area." in map(str, made.notes)


def test_totals_below_what_was_counted_are_refused(city):
    heads = np.full(COUNT, np.nan)
    heads[:50] = np.random.default_rng(1).poisson(5, 50)
    with pytest.raises(InputError, match="do not match the total"):
        surface(city, totals=Totals(np.array([[10.0], [10.0]]), 0, ""), observed=[counted(heads)])


def test_what_was_counted_is_part_of_the_total_and_of_every_draw(city):
    heads = np.full(COUNT, np.nan)
    heads[:30] = np.random.default_rng(1).poisson(20, 30)
    totals = Totals(np.array([[700.0], [900.0]]), 0.5, "")  # so wide that some draws fall short of the counts
    for made in (
        surface(city, observed=[counted(heads)], totals=totals, draws=200),
        surface(city, observed=[counted(heads)], totals=totals, draws=200, insist=True),
    ):
        assert by_district(city, made.heads[:, 0]) == pytest.approx([700, 900], rel=1e-9)
        assert made.heads[:30, 0].tolist() == heads[:30].tolist()
        assert (made.draws[:, :30, 0] == heads[:30].astype(np.float32)).all()
        sums = np.array([by_district(city, draw[:, 0]) for draw in made.draws.astype(float)])
        assert (sums >= by_district(city, np.nan_to_num(heads)) * (1 - 1e-6)).all()


def test_a_total_without_cells_is_refused_by_the_districts_name(city):
    cells, features = city
    with pytest.raises(InputError) as caught:
        make_surface(
            cells,
            features,
            wishes(),
            totals=Totals(np.array([[1.0], [2.0], [3.0], [0.0]]), 0.1, ""),
            observed=[],
            districts=["West", "East", "Lake", "Nowhere"],
        )
    assert [str(fault.what) for fault in caught.value.faults] == ["Lake has 3.0 rider but no cell."]


# ---- learning -------------------------------------------------------------------------------------------------------


def truth(city):
    return 1.0 + 4.0 * city[1].values[:, 1]


def test_a_model_that_beats_the_baselines_is_used_and_counts_are_kept(city):
    random = np.random.default_rng(3)
    heads = np.full(COUNT, np.nan)
    where = random.choice(COUNT, 250, replace=False)
    heads[where] = random.poisson(truth(city)[where])
    made = surface(city, observed=[counted(heads)])
    assert made.groups[0].way == "learned"
    assert made.heads[where, 0].tolist() == heads[where].tolist()
    rest = np.setdiff1d(np.arange(COUNT), where)
    assert np.corrcoef(made.heads[rest, 0], truth(city)[rest])[0, 1] > 0.9
    assert (made.draws[:, where, 0] == heads[where].astype(np.float32)).all()  # what was counted does not vary
    assert (made.draws[:, rest, 0].std(axis=0) > 0).all()
    total = np.array([[2000.0], [2500.0]])
    both = surface(city, observed=[counted(heads)], totals=Totals(total, 0.0, ""))
    assert by_district(city, both.heads[:, 0]) == pytest.approx(total[:, 0], rel=1e-12)
    assert both.heads[where, 0].tolist() == heads[where].tolist()


def test_two_learned_groups_err_by_themselves(city):
    random = np.random.default_rng(3)
    heads = np.full(COUNT, np.nan)
    where = random.choice(COUNT, 250, replace=False)
    heads[where] = random.poisson(truth(city)[where])
    nobody = np.empty(0)
    observed = [Observed(group, heads, nobody, nobody, "counts.csv") for group in ("rider", "courier")]
    both = {group: {"population": 0.01} for group in ("rider", "courier")}
    made = surface(city, observed=observed, rates=both, cv=dict.fromkeys(both, 0.3))
    rest = np.isnan(heads)
    one, two = (made.draws[:, rest, g].sum(axis=1, dtype=float) for g in range(2))
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.5  # 1 where both draw the same blocks and the same noise


def test_noise_is_not_used_unless_the_scenario_insists(city):
    heads = np.random.default_rng(5).poisson(6.0, COUNT).astype(float)
    heads[::2] = np.nan
    made = surface(city, observed=[counted(heads)])
    assert made.groups[0].way == "rates"
    assert made.groups[0].learned is not None
    assert any("does not outperform the baselines; the given rates are used" in str(note) for note in made.notes)
    free = np.isnan(heads)
    assert made.heads[free, 0] == pytest.approx(0.01 * city[1].values[free, 0])
    assert surface(city, observed=[counted(heads)], insist=True).groups[0].way == "learned"


def test_a_model_that_fails_needs_rates_or_totals_to_fall_back_on(city):
    heads = np.random.default_rng(5).poisson(6.0, COUNT).astype(float)
    heads[::2] = np.nan
    with pytest.raises(InputError) as caught:
        surface(city, observed=[counted(heads)], rates={"rider": {}})
    (fault,) = caught.value.faults
    assert (fault.key, str(fault.what)) == (
        "groups.rider.workers",
        "rider: the model does not outperform the baselines, and no rates are set.",
    )
    totals = Totals(np.array([[2000.0], [2500.0]]), 0.0, "")
    made = surface(city, observed=[counted(heads)], rates={"rider": {}}, totals=totals)
    assert by_district(city, made.heads[:, 0]) == pytest.approx([2000, 2500], rel=1e-9)
    assert surface(city, observed=[counted(heads)], rates={"rider": {}}, insist=True).groups[0].way == "learned"


class Fitted:
    """A pipeline that predicts the feature that it is given."""

    def predict(self, values):
        return values[:, 0]


def test_a_fitted_model_stands_in_for_learning_and_counts_are_kept(city):
    model = SavedModel("rider", ("shops",), 2.0, 0.25, 1000.0, Fitted())
    heads = np.random.default_rng(3).poisson(truth(city)).astype(float)
    heads[::2] = np.nan
    made = surface(city, observed=[counted(heads)], model=model)
    assert (made.groups[0].way, made.groups[0].learned) == ("model", None)
    free = np.isnan(heads)
    assert made.heads[free, 0] == pytest.approx(2 * city[1].values[free, 1])
    assert made.heads[~free, 0].tolist() == heads[~free].tolist()
    drawn = surface(city, model=model, draws=4000).draws[:, np.argmax(city[1].values[:, 1]), 0].astype(float)
    assert drawn.std() / drawn.mean() == pytest.approx(0.5, rel=0.06)  # the root of the dispersion
    with pytest.raises(InputError, match="The model requires the feature shops"):
        bare = Features(("population",), ("people",), ("",), city[1].values[:, :1], ())
        surface((city[0], bare), model=model)


def test_a_surface_is_learned_without_draws(city):
    heads = np.random.default_rng(3).poisson(truth(city)).astype(float)
    heads[::2] = np.nan
    one, none = surface(city, observed=[counted(heads)]), surface(city, observed=[counted(heads)], draws=0)
    assert none.draws is None
    assert none.heads.tobytes() == one.heads.tobytes()


def test_features_to_learn_from_are_named_or_refused(city):
    heads = np.random.default_rng(3).poisson(truth(city)).astype(float)
    made = surface(city, observed=[counted(heads)], learn_from=["sho*"])
    assert made.groups[0].learned.features == ("shops",)
    with pytest.raises(InputError, match="There is no feature schools"):
        surface(city, observed=[counted(heads)], learn_from=["schools"])


def test_fewer_counted_cells_than_folds_are_refused(city):
    heads = np.full(COUNT, np.nan)
    heads[:3] = [1, 2, 3]
    with pytest.raises(InputError, match="fewer observed cells"):
        surface(city, observed=[counted(heads)])


# ---- sightings ------------------------------------------------------------------------------------------------------


def test_sightings_spread_the_stated_workers_where_they_are_dense(city):
    random = np.random.default_rng(11)
    x, y = random.normal(1000, 200, 80), random.normal(3000, 200, 80)
    made = surface(city, observed=[counted(np.full(COUNT, np.nan), x, y)])
    assert made.groups[0].way == "sightings"
    assert made.heads.sum() == pytest.approx(0.01 * city[1].values[:, 0].sum())
    near = np.hypot(city[0].x - 1000, city[0].y - 3000) < 700
    assert made.heads[near].sum() > 0.9 * made.heads.sum()


def test_sightings_meet_totals_and_need_a_number_of_workers(city):
    random = np.random.default_rng(11)
    seen = counted(np.full(COUNT, np.nan), random.normal(1000, 200, 80), random.normal(3000, 200, 80))
    made = surface(city, observed=[seen], rates={"rider": {}}, totals=Totals(np.array([[70.0], [30.0]]), 0.1, ""))
    assert by_district(city, made.heads[:, 0]) == pytest.approx([70, 30], rel=1e-9)
    assert np.isfinite(made.draws).all()
    with pytest.raises(InputError, match="do not give the total number of workers"):
        surface(city, observed=[seen], rates={"rider": {}})
    few = counted(np.full(COUNT, np.nan), [1000.0] * 20, [3000.0] * 20)
    with pytest.raises(InputError, match="at 1 distinct locations; estimating a density requires ten"):
        surface(city, observed=[few])


# ---- draws ----------------------------------------------------------------------------------------------------------


def test_draws_are_as_wide_as_stated_and_no_sum_is_surer_than_its_blocks(city):
    made = surface(city, draws=4000)
    cell = made.draws[:, 0, 0].astype(float)
    assert cell.mean() == pytest.approx(made.heads[0, 0], rel=0.02)
    assert cell.std() / cell.mean() == pytest.approx(0.3, rel=0.05)
    ratio = made.draws[:, 0, 0] / made.draws[:, 1, 0]  # cells of one block err together
    assert ratio.std() / ratio.mean() < 1e-5
    assert surface(city, draws=0).draws is None


def test_totals_vary_as_stated_and_blocks_make_up_for_each_other(city):
    totals = Totals(np.array([[100.0], [300.0]]), 0.2, "")
    made = surface(city, totals=totals, draws=4000)
    sums = np.array([by_district(city, draw[:, 0]) for draw in made.draws[:2000].astype(float)])
    assert sums.mean(axis=0) == pytest.approx([100, 300], rel=0.03)
    assert sums.std(axis=0) / sums.mean(axis=0) == pytest.approx([0.2, 0.2], rel=0.07)
    fixed = surface(city, totals=Totals(np.array([[100.0], [300.0]]), 0.0, ""))
    for draw in fixed.draws.astype(float):
        assert by_district(city, draw[:, 0]) == pytest.approx([100, 300], rel=1e-5)


def test_a_seed_gives_the_same_surface(city):
    one, two, other = surface(city), surface(city), surface(city, seed=2)
    assert one.draws.tobytes() == two.draws.tobytes() != other.draws.tobytes()


# ---- time and heat --------------------------------------------------------------------------------------------------

NAME = LocalText("名", "name")
SLOTS = [Slot("noon", NAME, 720, 840), Slot("night", NAME, 1320, 1740)]


def test_a_profile_splits_the_day(city):
    made = surface(city)
    rider = Group("rider", NAME, "ebike", 6.0, None)
    demand = demand_of(made, groups=[rider], slots=SLOTS, profiles=[{"noon": 0.75, "night": 0.25}])
    assert demand.workers[:, 0, 0] == pytest.approx(0.75 * made.heads[:, 0])
    assert demand.workers.sum() == pytest.approx(made.heads.sum())
    assert demand.weight is demand.workers


def test_heat_weighs_exposed_work_from_each_step_on():
    celsius = np.array([[34.9, 35.0], [39.9, np.nan]])
    weight = heat_exposure(celsius, {35.0: 1.5, 37.0: 2.0, 40.0: 3.0}, [1.0, 0.0])
    assert weight[:, 0].tolist() == [[1, 1.5], [2, 1]]
    assert (weight[:, 1] == 1).all()
