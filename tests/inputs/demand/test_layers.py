"""Counts and places laid over cells."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from stationplan.api import load_scenario
from stationplan.domain import Cells, Layer
from stationplan.errors import InputError
from stationplan.inputs.demand.cells import read_cells
from stationplan.inputs.demand.layers import osm_kinds, read_kinds, read_layer
from stationplan.inputs.demand.overlay import with_layers
from stationplan.inputs.sites.rows import TableRules
from stationplan.inputs.tables.columns import FIELD_NAMES
from stationplan.inputs.tables.source import Located
from stationplan.scenario import CountInput, DemandInput, Limits, PlacesInput, default_hosts

RULES = TableRules(default_hosts(), FIELD_NAMES, Limits())
SQUARES = shapely.box([0, 10], [0, 0], [10, 20], [10, 10])
CELLS = Cells(("a", "b"), np.array([5.0, 15]), np.array([5.0, 5]), np.array([0, 0]), SQUARES, {})


def layer(x, y, values, polygon=None):
    return Layer(np.array(x, float), np.array(y, float), polygon, np.array(values, float), "people", "a list")


def test_a_point_gives_its_value_to_its_cell_and_outside_is_told():
    cells, notes = with_layers(CELLS, {"people": layer([1, 2, 12, 30], [1, 1, 1, 1], [1, 2, 4, 8])})
    count = cells.counts["people"]
    assert (count.values.tolist(), count.unit, count.source) == ([3, 4], "people", "a list")
    assert [str(note) for note in notes] == ["8.0 of 15.0 people lie in no cell."]


def test_a_polygon_shares_its_value_by_area():
    polygons = shapely.box([5, 0], [0, 0], [15, 10], [10, 10])
    cells, notes = with_layers(CELLS, {"jobs": layer([10, 5], [5, 5], [8, 3], np.array(polygons, dtype=object))})
    assert cells.counts["jobs"].values == pytest.approx([4 + 3, 4])
    assert notes == ()


def read_count(tmp_path, text, **keys):
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    given = CountInput.model_validate({"file": "list.csv", "datum": "wgs84", **keys})
    return read_layer(Located(given, tmp_path / "list.csv"), "shops", given, RULES)


def test_rows_count_one_each_without_a_column(tmp_path):
    assert read_count(tmp_path, "lon,lat\n104,30\n104.1,30\n").values.tolist() == [1, 1]
    assert read_count(tmp_path, "lon,lat,people\n104,30,5\n104.1,30,0\n", column="people").values.tolist() == [5, 0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lon,lat,people\n104,30,-5\n", "people is -5, less than 0."),
        ("lon,lat,people\n104,30,inf\n", "people is 'inf', not a finite number."),
        ("lon,lat,staff\n104,30,5\n", "There is no column people; the table has: lon, lat, staff."),
    ],
)
def test_a_count_that_is_none_is_refused(tmp_path, text, said):
    with pytest.raises(InputError) as caught:
        read_count(tmp_path, text, column="people")
    assert said in [str(fault.what) for fault in caught.value.faults]


def test_polygons_of_a_file_keep_their_shape(tmp_path):
    square = {"type": "Polygon", "coordinates": [[[104, 30], [104.1, 30], [104.1, 30.1], [104, 30.1], [104, 30]]]}
    features = [{"type": "Feature", "properties": {"people": 7}, "geometry": square}]
    (tmp_path / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    given = CountInput.model_validate({"file": "zones.geojson", "datum": "wgs84", "column": "people"})
    table = read_layer(Located(given, tmp_path / "zones.geojson"), "people", given, RULES)
    assert table.polygon is not None
    assert table.polygon[0].bounds == (104, 30, 104.1, 30.1)


def flat(folder, name):
    """Write a square, and a polygon all of whose corners lie on one line."""
    rings = [
        [[104, 30], [104.1, 30], [104.1, 30.1], [104, 30.1], [104, 30]],
        [[104, 30], [104.1, 30], [104.05, 30], [104, 30]],
    ]
    shapes = [{"type": "Polygon", "coordinates": [ring]} for ring in rings]
    features = [
        {"type": "Feature", "properties": {"id": f"c{i}", "population": 7}, "geometry": shape}
        for i, shape in enumerate(shapes)
    ]
    (folder / name).write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def test_a_polygon_that_encloses_nothing_counts_nothing(tmp_path):
    flat(tmp_path, "zones.geojson")
    located = tmp_path / "zones.geojson"
    zones = {"file": "zones.geojson", "datum": "wgs84", "column": "population"}
    cells = DemandInput(file="zones.geojson", datum="wgs84")
    given = CountInput.model_validate(zones)
    for read in (
        lambda: read_layer(Located(given, located), "people", given, RULES),
        lambda: read_cells(Located(cells, located), ["population"], RULES),
    ):
        with pytest.raises(InputError) as caught:
            read()
        assert [(fault.row, str(fault.what)) for fault in caught.value.faults] == [(3, "The polygon has no area.")]
    given = CountInput.model_validate({**zones, "bad_rows": "set_aside"})
    table = read_layer(Located(given, located), "people", given, RULES)
    assert (table.values.tolist(), table.quality.count("set_aside")) == ([7], 1)


def test_a_polygon_that_crosses_itself_is_laid_as_the_areas_that_it_encloses(tmp_path):
    bow = {"type": "Polygon", "coordinates": [[[104, 30], [104.1, 30.1], [104.1, 30], [104, 30.1], [104, 30]]]}
    features = [{"type": "Feature", "properties": {"n": 7}, "geometry": bow}]
    (tmp_path / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    given = CountInput.model_validate({"file": "zones.geojson", "datum": "wgs84", "column": "n"})
    (shape,) = read_layer(Located(given, tmp_path / "zones.geojson"), "n", given, RULES).polygon
    assert shape.is_valid
    assert shape.area == pytest.approx(0.005)


def read_places(tmp_path, text, **keys):
    (tmp_path / "places.csv").write_text(text, encoding="utf-8")
    given = PlacesInput.model_validate({"file": "places.csv", "datum": "wgs84", **keys})
    return read_kinds(Located(given, tmp_path / "places.csv"), given, RULES)


PLACES = "lon,lat,type\n104,30,noodles\n104,30,bank\n104,30,tea\n"


def test_places_have_the_classes_of_the_scenario_or_their_own_words(tmp_path):
    own = read_places(tmp_path, PLACES)
    assert own.classes == ("bank", "noodles", "tea")
    assert own.kind.tolist() == [1, 0, 2]
    table = read_places(tmp_path, PLACES, classes={"food": ["noodles", "Tea"]})
    assert (table.classes, table.kind.tolist()) == (("food",), [0, 0])
    assert (table.quality.rows, table.quality.kept, table.quality.count("set_aside")) == (3, 2, 1)


def test_places_of_an_extract_have_the_first_class_that_fits(tmp_path):
    tags = [("shop", "bakery"), ("amenity", "restaurant"), ("shop", "mall"), ("amenity", "bench")]
    nodes = "".join(
        f'<node id="{i + 1}" version="1" lat="30.{i}" lon="104.{i}"><tag k="{key}" v="{value}"/></node>'
        for i, (key, value) in enumerate(tags)
    )
    (tmp_path / "town.osm").write_text(f'<osm version="0.6">{nodes}</osm>', encoding="utf-8")
    (tmp_path / "town.toml").write_text(
        'schema = 1\nname = "Town"\n[area]\nfile = "d.geojson"\ndatum = "wgs84"\n[demand]\ngrid = "square"\n'
        'side_m = 500.0\n[demand.places]\nosm = "town.osm"\n[demand.places.classes]\nmall = ["shop=mall"]\n'
        'shop = ["shop=*"]\nfood = ["amenity=restaurant"]\n',
        encoding="utf-8",
    )
    scenario = load_scenario(tmp_path / "town.toml", purpose="density")
    table = osm_kinds(scenario, scenario.file.demand.places)
    found = dict(zip(table.lon.round(1).tolist(), [table.classes[c] for c in table.kind], strict=True))
    assert found == {104.0: "shop", 104.1: "food", 104.2: "mall"}
    assert table.datum == "wgs84"


def test_words_of_no_class_may_be_all_there_are(tmp_path):
    with pytest.raises(InputError, match="'noodles' is not in any class of points of interest"):
        read_places(tmp_path, "lon,lat,type\n104,30,noodles\n", classes={"bank": ["bank"]})


def test_classes_need_a_column(tmp_path):
    with pytest.raises(InputError, match="No column contains classes"):
        read_places(tmp_path, "lon,lat\n104,30\n", classes={"food": ["noodles"]})
