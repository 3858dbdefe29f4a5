"""From a scenario to a surface: files of all kinds, the command, its outputs, a model used again, heat, real places."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import math

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import skops.io
from support.altered import altered
from support.environment import ROOT

import stationplan as sp
from stationplan.cli.app import BAD_INPUT, DONE, main
from stationplan.domain import LocalText
from stationplan.errors import InputError
from stationplan.inputs import decide_datums, place, read_tables
from stationplan.inputs.demand.saved_models import read_model
from stationplan.planning.surface import surface_of
from stationplan.report import document, render_validation, validation_document
from stationplan.scenario import Limits

TOWN = """
schema = 1
name = { zh = "小镇", en = "Town" }
[area]
file = "districts.geojson"
datum = "wgs84"
[demand]
DEMAND
[slots.day]
name = "Day"
hours = "08:00-18:00"
[slots.night]
name = "Night"
hours = "22:00-05:00"
[groups.rider]
workers = { WORKERS }
profile = { day = 0.8, night = 0.2 }
"""
GRID = 'grid = "square"\nside_m = 500.0\n'


def box(west, east):
    ring = [[west, 30.0], [east, 30.0], [east, 30.03], [west, 30.03], [west, 30.0]]
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.fixture
def town(tmp_path):
    """A folder with two districts of 2.9 x 3.3 km side by side, and a function that makes a scenario there."""
    features = [
        {
            "type": "Feature",
            "properties": {"id": f"D{i}", "name": f"区{i}"},
            "geometry": box(104 + i * 0.03, 104.03 + i * 0.03),
        }
        for i in range(2)
    ]
    (tmp_path / "districts.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))

    def scenario(demand=GRID, workers="area_km2 = 10.0", extra="", **files):
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        text = TOWN.replace("DEMAND", demand).replace("WORKERS", workers) + extra
        (tmp_path / "town.toml").write_text(text, encoding="utf-8")
        return sp.load_scenario(tmp_path / "town.toml", purpose="density")

    return scenario


def shops(count=400):
    """Places that gather in the middle of the western district."""
    random = np.random.default_rng(2)
    lon, lat = random.normal(104.015, 0.004, count), random.normal(30.015, 0.004, count)
    rows = [f"{a:.6f},{b:.6f},shop" for a, b in zip(lon, lat, strict=True)]
    return "lon,lat,kind\n" + "\n".join(rows) + "\n"


PLACES = GRID + '[demand.places]\nfile = "places.csv"\ndatum = "wgs84"\n'


# ---- cells and features ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("grid", "cells"), [(GRID, 92), ('grid = "h3"\nh3_resolution = 9\n', None)])
def test_a_grid_covers_the_districts(town, grid, cells):
    made = sp.density(town(grid))
    count = len(made.surface.cells.cell_id)
    assert cells is None or abs(count - cells) <= 14
    km2 = made.area.districts.area.sum() / 1e6
    assert made.surface.heads.sum() == pytest.approx(10 * km2, rel=0.1)
    assert set(made.surface.cells.district) == {0, 1}


def test_a_density_says_what_it_lacks(town):
    made = sp.density(town())
    missing = " ".join(map(str, made.surface.features.missing))
    assert "Without roads" in missing
    assert "Without points of interest" in missing


def test_places_make_a_weight(town):
    made = sp.density(town(PLACES, "places_shop = 1.0", places=shops()))
    assert made.surface.heads.sum() == 400
    assert np.bincount(made.surface.cells.district, made.surface.heads[:, 0])[0] > 390


def test_a_point_layer_is_a_count_under_its_name(town):
    layer = GRID + '[demand.counts.people]\nfile = "people.csv"\ndatum = "wgs84"\ncolumn = "n"\nunit = "people"\n'
    made = sp.density(
        town(layer, "people = 0.1", people="lon,lat,n\n104.01,30.01,50\n104.05,30.01,70\n104.5,30.01,1\n")
    )
    assert made.surface.heads.sum() == pytest.approx(12)
    assert "1.0 of 121.0 people lie in no cell." in map(str, made.study.notes)


def raster(path, values, west=104.0, east=104.06):
    """Write rows of pixels, from north to south, over both districts."""
    pixels = np.asarray(values, dtype=np.float32)
    rows, columns = pixels.shape
    where = rasterio.Affine((east - west) / columns, 0.0, west, 0.0, -0.03 / rows, 30.03)
    kind = {"driver": "GTiff", "width": columns, "height": rows, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", crs="EPSG:4326", transform=where, **kind) as file:
        file.write(pixels, 1)


def test_a_raster_is_a_count_of_the_cells(town, tmp_path):
    raster(tmp_path / "people.tif", [[100.0, 0.0]])
    layer = GRID + '[demand.counts.people]\nfile = "people.tif"\nunit = "people"\nsource = "made up"\n'
    made = sp.density(town(layer, "people = 1.0"))
    sums = np.bincount(made.surface.cells.district, made.surface.heads[:, 0])
    assert sums[0] == pytest.approx(100, rel=0.1)  # whole squares extend a little beyond the district
    assert sums[1] < 10
    count = made.surface.cells.counts["people"]
    assert (count.unit, count.source) == ("people", "made up")
    raster(tmp_path / "people.tif", [[100.0, -5.0]])
    with pytest.raises(InputError, match="contain negative pixels"):
        sp.density(town(layer, "people = 1.0"))


def test_heat_may_come_from_rasters(town, tmp_path):
    raster(tmp_path / "noon.tif", [[41.0, 30.0]])
    heat = GRID + '[demand.heat]\nfiles = { day = "noon.tif" }\n'
    made = sp.density(town(heat))
    hot = made.surface.cells.x < np.median(made.surface.cells.x) - 600
    cool = made.surface.cells.x > np.median(made.surface.cells.x) + 600
    exposure = made.demand.exposure
    assert (exposure[hot, 0, 0] == 3.0).all()
    assert (exposure[cool, 0, 0] == 1.0).all()
    assert (exposure[:, 0, 1] == 1.0).all()
    assert made.demand.workers.sum() == pytest.approx(made.surface.heads.sum())
    raster(tmp_path / "noon.tif", [[314.0, 303.0]])
    with pytest.raises(InputError, match="temperatures outside the plausible range"):
        sp.density(town(heat))


def test_totals_and_a_missing_weight(town):
    totals = PLACES + '[demand.totals]\nfile = "totals.csv"\n'
    text = "id,rider\nD0,100\nD1,60\nD9,5\n"
    far = "lon,lat,kind\n" + "\n".join(f"104.01,{30.001 + i / 1000:.4f},shop" for i in range(20)) + "\n"
    made = sp.density(town(totals, "places = 1.0", places=far, totals=text))
    sums = np.bincount(made.surface.cells.district, made.surface.heads[:, 0])
    assert sums == pytest.approx([100, 60], rel=1e-12)
    notes = " ".join(map(str, made.study.notes))
    assert "not assigned: 5.0 workers in D9" in notes
    assert "1 districts have no weights; 60.0 workers are distributed there by area" in notes


def test_overlapping_districts_are_told_and_count_a_cell_once(town, tmp_path):
    scenario = town()
    features = json.loads((tmp_path / "districts.geojson").read_text("utf-8"))
    features["features"][1]["geometry"] = box(104.02, 104.06)  # a third of the first lies in the second
    (tmp_path / "districts.geojson").write_text(json.dumps(features), encoding="utf-8")
    made = sp.density(scenario)
    assert any(str(note).startswith("The districts D0 区0 and D1 区1 overlap by 3.2") for note in made.study.notes)
    assert len(set(made.surface.cells.cell_id)) == len(made.surface.cells.cell_id)


def test_counts_in_a_column_stay_with_their_cells_where_others_lie_outside(town, tmp_path):
    rows = "".join(f"c{i},{104.001 + i * 0.003:.3f},30.015,{i},{'' if i % 2 else 10 * i}\n" for i in range(30))
    cells = "id,lon,lat,population,seen\n" + rows  # the last ten lie east of the districts
    text = 'file = "cells.csv"\ndatum = "wgs84"\nbad_rows = "set_aside"\n[demand.totals]\nfile = "totals.csv"\n'
    scenario = town(text, "population = 1.0", cells=cells, totals="id,rider\nD0,600\nD1,2000\n")
    path = scenario.path
    path.write_text(path.read_text("utf-8") + 'observed = "seen"\n', encoding="utf-8")
    made = sp.density(sp.load_scenario(path, purpose="density")).surface
    assert made.cells.cell_id == tuple(f"c{i}" for i in range(20))
    assert made.heads[::2, 0].tolist() == [10.0 * i for i in range(0, 20, 2)]
    assert np.bincount(made.cells.district, made.heads[:, 0]) == pytest.approx([600, 2000], rel=1e-9)


def test_hexagons_and_their_heads_are_the_same_each_time(town):
    totals = 'grid = "h3"\nh3_resolution = 9\n[demand.totals]\nfile = "totals.csv"\n'
    scenario = town(totals, "area_km2 = 1.0", totals="id,rider\nD0,123.4\nD1,0\n")
    one, two = (sp.density(scenario).surface for _ in range(2))
    assert one.cells.cell_id == two.cells.cell_id
    assert one.draws.tobytes() == two.draws.tobytes()
    sums = np.bincount(one.cells.district, one.heads[:, 0], minlength=2)
    assert sums == pytest.approx([123.4, 0], rel=1e-9)


def test_a_total_of_a_district_without_a_cell_is_refused(town):
    coarse = 'file = "cells.csv"\ndatum = "wgs84"\n[demand.totals]\nfile = "totals.csv"\n'
    scenario = town(
        coarse, "population = 1.0", cells="id,lon,lat,population\na,104.01,30.01,5\n", totals="id,rider\nD0,1\nD1,6\n"
    )
    with pytest.raises(InputError, match=r"区1 has 6\.0 rider but no cell"):
        sp.density(scenario)


# ---- the command ----------------------------------------------------------------------------------------------------


def command(*arguments):
    with pytest.raises(SystemExit) as end:
        main(["density", *map(str, arguments)])
    return end.value.code


def counts_of(places, random):
    """Counts at half of the cells' centres: shops draw riders."""
    made = places.surface
    workers = random.poisson(0.5 + 3 * made.features.column("places_shop"))
    points = gpd.GeoSeries.from_xy(made.cells.x, made.cells.y, crs=places.area.crs).to_crs("EPSG:4326")
    rows = [f"{p.x:.7f},{p.y:.7f},{n},rider" for p, n in list(zip(points, workers, strict=True))[::2]]
    return "lon,lat,count,group\n" + "\n".join(rows) + "\n"


LEARNED = PLACES.replace("500.0", "250.0") + '[demand.observed]\nfile = "counts.csv"\ndatum = "wgs84"\n'


@pytest.fixture
def learned(town, tmp_path):
    """A scenario whose riders are learned from counts."""
    places = sp.density(town(PLACES.replace("500.0", "250.0"), places=shops()))
    counts = counts_of(places, np.random.default_rng(4))
    town(LEARNED + "[demand.learning]\nblock_m = 700.0\n", places=shops(), counts=counts)
    return tmp_path / "town.toml"


def test_the_command_writes_surface_validation_map_and_model(learned, tmp_path, capsys):
    out = tmp_path / "out"
    assert command(learned, "--out", out, "--lang", "en", "--parquet", "--json") == DONE
    printed = json.loads(capsys.readouterr().out)
    written = json.loads((out / "validation.json").read_text("utf-8"))
    assert {key: printed[key] for key in written} == written
    scores = written["scores"]
    assert set(scores) == {"model", "poisson", "boosting", "constant_rate"}
    assert scores["model"]["d2_poisson"] > 0.5 > scores["constant_rate"]["d2_poisson"]
    assert written["groups"][0]["way"] == "learned"
    assert written["groups"][0]["card"]["versions"]["scikit-learn"]
    assert {path.name for path in out.iterdir()} == {
        *("surface.gpkg", "surface.parquet", "districts.csv", "validation.json", "validation.html", "map.html"),
        *("scenario.resolved.toml", "manifest.json", "rider.skops"),
    }
    cells = gpd.read_file(out / "surface.gpkg", layer="cells")
    again = gpd.read_parquet(out / "surface.parquet")
    assert cells["rider"].tolist() == again["rider"].tolist()
    assert cells["rider_day"].to_numpy() == pytest.approx(0.8 * cells["rider"].to_numpy())
    seen = cells["rider_observed"].notna()
    assert cells.loc[seen, "rider"].tolist() == cells.loc[seen, "rider_observed"].tolist()
    assert (cells["rider_p05"] <= cells["rider_p95"]).all()
    rows = list(csv.DictReader(io.StringIO((out / "districts.csv").read_text("utf-8-sig"))))
    assert sum(float(row["workers"]) for row in rows) == pytest.approx(cells["rider"].sum())
    assert command(learned, "--out", out) == BAD_INPUT  # it exists
    assert command(learned, "--out", out, "--overwrite") == DONE


def test_a_surface_is_the_same_byte_for_byte(learned, tmp_path):
    for name in ("one", "two"):
        assert command(learned, "--out", tmp_path / name) == DONE
    for name in ("validation.json", "validation.html", "map.html", "districts.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_fitted_model_is_used_again(learned, town, tmp_path):
    assert command(learned, "--out", tmp_path / "out") == DONE
    (tmp_path / "rider.skops").write_bytes((tmp_path / "out/rider.skops").read_bytes())
    first = sp.density(sp.load_scenario(learned, purpose="density")).surface
    reuse = PLACES.replace("500.0", "250.0") + '[demand.learning]\nmodel = "rider.skops"\n'
    again = sp.density(town(reuse, places=shops()))
    assert again.surface.groups[0].way == "model"
    assert again.surface.heads[:, 0] == pytest.approx(first.groups[0].learned.predicted)
    town(LEARNED + '[demand.learning]\nmodel = "rider.skops"\n', places=shops())  # the counts are still there
    assert command(learned, "--out", tmp_path / "kept", "--lang", "en") == DONE
    cells = gpd.read_file(tmp_path / "kept/surface.gpkg", layer="cells")
    seen = cells["rider_observed"].notna()
    assert cells.loc[seen, "rider"].tolist() == cells.loc[seen, "rider_observed"].tolist()
    assert json.loads((tmp_path / "kept/validation.json").read_text("utf-8"))["groups"][0]["way"] == "model"
    other = town(reuse.replace('"rider.skops"', '"rider.skops"'), "area_km2 = 1.0", places=shops())
    text = other.path.read_text("utf-8").replace("groups.rider", "groups.courier")
    other.path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="The model belongs to the group rider"):
        sp.density(sp.load_scenario(other.path, purpose="density"))
    with pytest.raises(InputError, match="The model requires the feature places"):
        sp.density(town(GRID + '[demand.learning]\nmodel = "rider.skops"\n'))


def test_a_model_of_unknown_types_or_versions_is_refused(learned, tmp_path):
    assert command(learned, "--out", tmp_path / "out") == DONE
    path = tmp_path / "out/rider.skops"
    document_ = skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))

    def refusal(changed):
        skops.io.dump(changed, tmp_path / "bad.skops")
        with pytest.raises(InputError) as caught:
            read_model(tmp_path / "bad.skops", Limits())
        return str(caught.value.faults[0].what)

    assert "types that no model uses" in refusal({**document_, "extra": csv.Sniffer()})
    assert "does not support the format" in refusal({**document_, "format": 99})
    versions = json.dumps({**json.loads(document_["versions"]), "scikit-learn": "0.1.0"})
    assert "saved with scikit-learn 0.1.0" in refusal({**document_, "versions": versions})
    assert "KeyError: 'target'" in refusal({key: value for key, value in document_.items() if key != "target"})
    assert "'versions'" in refusal({key: value for key, value in document_.items() if key != "versions"})
    for key, value in (("calibration", math.nan), ("dispersion", 1e300), ("block_m", -1.0), ("features", 5)):
        assert "cannot be read" in refusal({**document_, key: value})
    (tmp_path / "bad.skops").write_bytes(b"no model")
    with pytest.raises(InputError, match="not a saved model"):
        read_model(tmp_path / "bad.skops", Limits())


def test_faults_of_demand_end_with_two_and_leave_nothing(town, tmp_path, capsys):
    town(PLACES, "places_shop = 1.0", places="lon,lat,kind\n104.01,north,shop\n")
    assert command(tmp_path / "town.toml", "--out", tmp_path / "out", "--lang", "en") == BAD_INPUT
    told = capsys.readouterr().err
    assert "places.csv:2" in told
    assert not (tmp_path / "out").exists()


def test_check_looks_at_a_scenario_that_only_places_workers(town, tmp_path, capsys):
    text = "id,rider\nD0,100\nD9,60\n"
    demand = PLACES + '[demand.totals]\nfile = "totals.csv"\nmissing = "empty"\n'
    town(demand, "places = 1.0", places=shops(), totals=text)
    with pytest.raises(SystemExit) as end:
        main(["check", str(tmp_path / "town.toml"), "--json", "--lang", "en"])
    assert end.value.code == DONE
    told = json.loads(capsys.readouterr().out)
    roles = {item["role"]: item for item in told["inputs"]} if "inputs" in told else told
    assert "D9 has no polygon" in json.dumps(roles, ensure_ascii=False)
    layer = '[demand.counts.people]\nfile = "people.csv"\ndatum = "gcj02"\n'
    town(demand + layer, "people = 1.0", places=shops(), totals=text, people="lon,lat\n104.01,30.01\n")
    for lang, words in (("zh", ("统计项 people", "控制总数")), ("en", ("the count people", "control totals"))):
        with pytest.raises(SystemExit):
            main(["check", str(tmp_path / "town.toml"), "--lang", lang])
        shown = capsys.readouterr().out
        assert all(word in shown for word in words)


# ---- pages ----------------------------------------------------------------------------------------------------------


def test_pages_show_text_as_text_in_both_languages(learned):
    made = sp.density(sp.load_scenario(learned, purpose="density"))
    hostile = "</script><img src=x onerror=alert(1)>{{7*7}}"
    made = altered(made, name=LocalText(hostile, hostile))
    for lang in ("zh", "en"):
        page = render_validation(made, lang=lang)
        assert "<img" not in page
        assert "{{7*7}}" in page
        assert page.count("<svg") == 4
    assert "The model outperforms every baseline" in render_validation(made, lang="en")
    assert "模型对未参与训练的分块，预测优于全部基准" in render_validation(made, lang="zh")


def test_the_page_lists_totals_beside_the_surface(town):
    totals = GRID + '[demand.totals]\nfile = "totals.csv"\n'
    made = sp.density(town(totals, "area_km2 = 1.0", totals="id,rider\nD0,1234.5\nD1,60\n"))
    page = render_validation(made, lang="en")
    assert page.count("1,234.5") == 2  # the total and what the cells add up to
    assert "totals.csv" in page
    assert "<svg" not in page  # nothing was learned


# ---- in a plan ------------------------------------------------------------------------------------------------------


def test_heat_changes_the_choice_and_not_the_heads(demo_folder):
    text = (demo_folder / "scenario.toml").read_text("utf-8").replace("new = 20", "new = 2\nrobustness_draws = 0")
    plain = demo_folder / "plain.toml"
    plain.write_text(text, encoding="utf-8")
    cells = list(csv.DictReader(io.StringIO((demo_folder / "cells.csv").read_text("utf-8-sig"))))
    south = sorted(float(cell["lat"]) for cell in cells)[len(cells) // 3]
    rows = [f"{cell['cell_id']},{41.0 if float(cell['lat']) < south else 30.0}" for cell in cells]
    (demo_folder / "heat.csv").write_text("id,noon\n" + "\n".join(rows) + "\n", encoding="utf-8")
    hot = demo_folder / "hot.toml"
    weights = '[demand.heat]\nfile = "heat.csv"\nweights = { 40 = 60.0 }\n[stations]'
    hot.write_text(text.replace("[stations]", weights, 1), encoding="utf-8")
    cool, warm = (sp.run(sp.load_scenario(path)) for path in (plain, hot))
    assert cool.chosen.tolist() != warm.chosen.tolist()
    one, two = document(cool)["coverage"], document(warm)["coverage"]
    assert one["total"] == two["total"]
    assert one["before"]["workers"] == two["before"]["workers"]
    assert one["after"]["workers"] > two["after"]["workers"]  # by workers the cool plan is the best
    assert warm.solution.objective > two["after"]["workers"]


def test_coverage_has_an_interval_and_sites_a_robustness(demo_plan):
    coverage, sites = document(demo_plan)["coverage"], document(demo_plan)["sites"]
    low, high = coverage["after"]["share_range"]
    assert low < coverage["after"]["share"] < high
    for part in (*coverage["by_district"], *coverage["by_group"], *coverage["by_slot"]):
        ends = part["after"]["share_range"]
        assert 0 <= ends[0] <= ends[1] <= 1
    robust = [site["robustness"] for site in sites]
    assert all(0 <= value <= 1 for value in robust)
    assert min(robust) < 1 <= max(robust)  # some sites are chosen in every draw, some are not
    draws = demo_plan.demand.draws
    covered = (demo_plan.recounted.stations_after > 0) * demo_plan.demand.workers
    share = covered.sum(axis=2) / np.maximum(demo_plan.density.surface.heads, 1e-12)
    by_draw = [(draw * share).sum() / draw.sum() for draw in draws.astype(float)]
    assert np.percentile(by_draw, [5, 95]) == pytest.approx([low, high], abs=1e-6)


# ---- real places ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def jobs(shared_data):
    scenario = sp.load_scenario(
        ROOT / "examples/porto-alegre-density.toml", data=shared_data / "porto-alegre", purpose="density"
    )
    return sp.density(scenario)


def test_jobs_of_porto_alegre_are_learned_better_than_by_any_baseline(jobs):
    scores = validation_document(jobs)["scores"]
    for baseline in ("constant_rate", "population_share"):
        assert scores["model"]["d2_poisson"] > scores[baseline]["d2_poisson"] + 0.2
        assert scores["model"]["mae"] < 0.9 * scores[baseline]["mae"]
    made = jobs.surface.groups[0]
    assert made.way == "learned"
    assert not {"jobs", "schools", "healthcare"} & set(made.learned.features)
    at = made.learned.observed_cell
    assert jobs.surface.heads[at, 0].sum() == 337_921


def test_shuffled_features_of_porto_alegre_beat_nothing(jobs):
    from stationplan.demand.learning import learn  # noqa: PLC0415 - asked of the same cells again

    made, features = jobs.surface.groups[0].learned, jobs.surface.features
    random = np.random.default_rng(1)
    columns = [features.names.index(name) for name in made.features]
    shuffled = np.column_stack([random.permutation(features.values[:, at]) for at in columns])
    cells = jobs.surface.cells
    again = learn(
        shuffled,
        made.features,
        cells.x,
        cells.y,
        made.observed_cell,
        made.observed,
        population=features.column("population"),
        draws=1,
    )
    assert not again.beats_baselines
    assert again.scores["model"].d2_poisson < 0.05


def test_workers_of_sichuan_add_up_to_the_census(shared_data, tmp_path):
    spec = importlib.util.spec_from_file_location("make", ROOT / "examples/sichuan/make.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    sichuan = shared_data / "sichuan"
    make.main(
        sichuan / "sichuan_counties_183.geojson",
        sichuan / "county_census2020.csv",
        shared_data / "roads/chengdu-nodes/Chengdu.co.tar.gz",
        tmp_path,
    )
    text = (ROOT / "examples/sichuan-density.toml").read_text("utf-8").replace("draws = 50", "draws = 2")
    (tmp_path / "sichuan.toml").write_text(text, encoding="utf-8")
    scenario = sp.load_scenario(tmp_path / "sichuan.toml", purpose="density")
    tables = read_tables(scenario)
    surface = surface_of(scenario, place(tables, decide_datums(tables, None), None, scenario), None)
    assert surface.totals.workers.shape == (183, 4)
    with (sichuan / "county_census2020.csv").open(encoding="utf-8-sig") as file:
        rows = {row["CODE"]: row for row in csv.DictReader(file)}
    assert len(rows) == 186
    merged = scenario.file.demand.totals.merged
    districts = [str(name) for name in tables.area.district_id]
    for g, group in enumerate(("sanitation", "courier", "rider", "driver")):
        rate = next(item for item in scenario.file.demand.totals.rates if item.group == group)
        wanted = dict.fromkeys(districts, 0.0)
        for code, row in rows.items():
            wanted[merged.get(code, code)] += rate.rate * np.prod([float(row[name]) for name in rate.of])
        summed = np.bincount(surface.cells.district, surface.heads[:, g], minlength=183)
        assert summed == pytest.approx([wanted[district] for district in districts], rel=1e-9)
        assert np.abs(summed - [wanted[district] for district in districts]).max() < 1e-6
