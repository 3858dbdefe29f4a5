"""Cells, districts and sites as read: what is kept, what is excluded and reported, what is refused."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely

import stationplan as sp
from stationplan.domain import RoadArcs, StudyArea
from stationplan.errors import InputError
from stationplan.geo import unproject, wgs84_to_gcj02
from stationplan.inputs import decide_datums, district_of, place, read_tables

SCENARIO = """
schema = 1
name = "Village"
[area]
file = "districts.geojson"
datum = "wgs84"
prefecture = "prefecture"
[roads]
osm = "town.osm"
[demand]
file = "cells.csv"
datum = "wgs84"
[stations]
file = "stations.csv"
datum = "wgs84"
[candidates]
file = "candidates.csv"
datum = "wgs84"
[demand.plausible]
district_people = 0
[plan]
new = 1
"""
CELLS = "id,lon,lat,population\na,104.01,30.01,10\nb,104.03,30.01,20\n"
STATIONS = "编码,名称,经度,纬度,场所类型\nS1,一号,104.01,30.01,工会自建\n"
CANDIDATES = "id,name,lon,lat,host\nC1,One,104.01,30.02,bank\nC2,Two,104.03,30.02,加油站\n"


def square(west, south, size=0.02):
    return shapely.box(west, south, west + size, south + size)


def features(*shapes, **changes):
    def one(i, shape):
        properties = {"code": f"D{i}", "name": f"区{i}", "prefecture": "市", **{k: v[i] for k, v in changes.items()}}
        geometry = None if shape is None else shapely.geometry.mapping(shape)
        return {"type": "Feature", "properties": properties, "geometry": geometry}

    return json.dumps({"type": "FeatureCollection", "features": [one(i, shape) for i, shape in enumerate(shapes)]})


DISTRICTS = features(square(104, 30), square(104.02, 30))


def study(folder, *, scenario=SCENARIO, cells=CELLS, stations=STATIONS, candidates=CANDIDATES, districts=DISTRICTS):
    files = {
        "study.toml": scenario,
        "cells.csv": cells,
        "stations.csv": stations,
        "candidates.csv": candidates,
        "districts.geojson": districts,
    }
    (folder / "town.osm").touch()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return sp.load_scenario(folder / "study.toml")


NO_ROADS = RoadArcs(
    np.empty(0),
    np.empty(0),
    np.empty(0, dtype=np.int64),
    np.empty(0, dtype=np.int64),
    np.empty(0),
    {},
    np.empty(0, dtype=np.int8),
    "",
    "",
)


def inputs_of(scenario):
    tables = read_tables(scenario)
    if tables.faults:
        raise InputError(tables.faults)
    return place(tables, decide_datums(tables, None), NO_ROADS, scenario)


def area_of(scenario):
    return inputs_of(scenario).area


def cells_of(scenario):
    return inputs_of(scenario).demand.cells


def sites_of(scenario):
    inputs = inputs_of(scenario)
    return inputs.sites, inputs.notes


def refusals(read, *arguments):
    """The faults of a reader, as (place, what)."""
    with pytest.raises(InputError) as caught:
        read(*arguments)
    return [(fault.place, str(fault.what)) for fault in caught.value.faults]


# --- cells ---------------------------------------------------------------------------------------------------------


def test_cells_bring_every_count_that_a_group_refers_to(tmp_path):
    text = SCENARIO + "[groups.rider]\nworkers = { population = 0.01, shops = 0.5 }\n"
    rows = "id,lon,lat,population,shops,schools\na,104.01,30.01,10,3,9\nb,104.03,30.01,20,4,9\n"
    inputs = inputs_of(study(tmp_path, scenario=text, cells=rows))
    cells = inputs.demand.cells
    assert cells.cell_id == ("a", "b")
    assert {name: count.values.tolist() for name, count in cells.counts.items()} == {
        "population": [10, 20],
        "shops": [3, 4],
    }
    assert inputs.notes == ()


def test_a_count_without_a_column_is_refused_with_the_columns_there_are(tmp_path):
    text = SCENARIO + "[groups.rider]\nworkers = { shops = 0.5 }\n"
    assert refusals(cells_of, study(tmp_path, scenario=text)) == [
        ("cells.csv:1", "There is no column shops; the table has: id, lon, lat, population.")
    ]


def test_every_bad_cell_is_told_with_its_row(tmp_path):
    cells = CELLS + "a,104,30,nan\nc,200,30,-1\n,104,30,many\nd,104,30,\n"
    assert sorted(refusals(cells_of, study(tmp_path, cells=cells))) == [
        ("cells.csv:4", "The id a already appears in row 2."),
        ("cells.csv:4", "population is 'nan', not a finite number."),
        ("cells.csv:5", "Longitude 200.0, latitude 30.0 is not a valid location."),
        ("cells.csv:5", "population is -1, less than 0."),
        ("cells.csv:6", "The id is empty."),
        ("cells.csv:6", "population is 'many', not a finite number."),
        ("cells.csv:7", "population is empty."),
    ]


def test_empty_counts_are_filled_where_the_scenario_says_so_and_counted(tmp_path):
    text = SCENARIO.replace('file = "cells.csv"', 'file = "cells.csv"\nempty_count = 2.0')
    inputs = inputs_of(study(tmp_path, scenario=text, cells=CELLS + "c,104,30,\nd,104.02,30.01, \n"))
    assert inputs.demand.cells.counts["population"].values.tolist() == [10, 20, 2, 2]
    assert [str(note) for note in inputs.notes] == ["2 empty values of population were read as 2.0."]


def test_cells_in_gcj02_are_shifted_back(tmp_path):
    lon, lat = wgs84_to_gcj02([104.01, 104.03], [30.01, 30.01])
    text = SCENARIO.replace('file = "cells.csv"\ndatum = "wgs84"', 'file = "cells.csv"\ndatum = "gcj02"')
    rows = f"id,lon,lat,population\na,{lon[0]},{lat[0]},10\nb,{lon[1]},{lat[1]},20\n"
    inputs = inputs_of(study(tmp_path, scenario=text, cells=rows))
    lon, lat = unproject(inputs.demand.cells.x, inputs.demand.cells.y, inputs.area.crs)
    assert lon == pytest.approx([104.01, 104.03], abs=1e-9)
    assert lat == pytest.approx([30.01, 30.01], abs=1e-9)


# --- districts -----------------------------------------------------------------------------------------------------


def test_districts_are_projected_to_the_utm_zone_of_the_area(tmp_path):
    area = area_of(study(tmp_path))
    assert area.crs == "EPSG:32648"
    assert area.districts["district_id"].tolist() == ["D0", "D1"]
    assert area.districts["name_en"].tolist() == area.districts["name"].tolist() == ["区0", "区1"]
    # 0.02 degrees at 30 north: 1,930 m x 2,217 m on the ellipsoid.
    assert area.districts.area.to_numpy() == pytest.approx([1930 * 2217] * 2, rel=0.005)


def test_a_crs_of_another_place_is_refused(tmp_path):
    # EPSG:32610 is UTM zone 10, California: at 104 E its lengths are wrong many times over.
    scenario = study(tmp_path, scenario=SCENARIO.replace("[area]", '[area]\ncrs = "EPSG:32610"'))
    assert "area.crs" in refusals(area_of, scenario)[0][0]


def test_without_polygons_the_study_is_one_district_around_its_cells(tmp_path):
    text = SCENARIO.replace('[area]\nfile = "districts.geojson"\ndatum = "wgs84"\nprefecture = "prefecture"\n', "")
    candidates = "id,name,lon,lat,host\nC1,One,104.02,30.01,bank\n"
    scenario = study(tmp_path, scenario=text, candidates=candidates)
    cells, area = cells_of(scenario), area_of(scenario)
    assert area.districts["name_en"].tolist() == ["Study area"]
    points = shapely.points(cells.x, cells.y)
    # The rim is 500 m wide (less the flattening of a round corner).
    assert shapely.distance(area.districts.geometry.iloc[0].exterior, points).min() == pytest.approx(500, rel=0.02)


def test_a_point_between_districts_belongs_to_the_first_and_one_outside_to_none():
    shapes = [shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)]
    names = {key: ["a", "b"] for key in ("district_id", "name", "name_en", "prefecture")}
    area = StudyArea(gpd.GeoDataFrame(names, geometry=shapes, crs="EPSG:32648"))
    x, y = np.array([5.0, 10.0, 15.0, 25.0, 20.0]), np.array([5.0, 5.0, 5.0, 5.0, 10.0])
    assert district_of(area, x, y).tolist() == [0, 0, 1, -1, 1]


def test_unusable_polygons_are_all_told(tmp_path):
    bow_tie = shapely.Polygon([(104, 30), (104.02, 30.02), (104.02, 30), (104, 30.02)])
    shapes = [square(104, 30), bow_tie, None, shapely.Point(104, 30), square(104.02, 30)]
    found = refusals(area_of, study(tmp_path, districts=features(*shapes, code=["A", "B", "C", "D", "A"])))
    assert [place for place, _ in found] == [f"districts.geojson:{row}" for row in (4, 5, 6)]
    assert [what for _, what in found] == [
        "The district C 区2 has no polygon.",
        "The district D 区3 has no polygon.",
        "The district A appears twice.",
    ]


def test_an_invalid_polygon_is_repaired_and_told_with_both_areas(tmp_path):
    bow_tie = shapely.Polygon([(104, 30), (104.02, 30.02), (104.02, 30), (104, 30.02)])
    inputs = inputs_of(study(tmp_path, districts=features(bow_tie, square(104.02, 30))))
    (quality,) = [quality for quality in inputs.quality if quality.role == "area"]
    (finding,) = quality.findings
    assert (finding.row, finding.code, finding.action) == (2, "invalid_polygon", "repaired")
    # A bow tie's outline runs one half forth and one half back: by its corners it has no area, repaired two triangles.
    values = finding.what.values
    assert values["before"] == "0.000"
    assert float(values["after"]) == pytest.approx(1.930 * 2.217 / 2, rel=0.005)
    assert "Self-intersection" in values["reason"]
    assert inputs.area.districts.area.iloc[0] == pytest.approx(1930 * 2217 / 2, rel=0.005)
    assert "1 repaired" in " ".join(map(str, inputs.notes))


@pytest.mark.parametrize(
    ("east", "told"),
    [
        (104.02, []),  # they touch
        (104.0199, []),  # a sliver, half a percent of either
        (104.0197, ["The districts A 区0 and B 区1 overlap by"]),
    ],
)
def test_districts_that_share_more_than_slivers_are_told_and_kept(tmp_path, east, told):
    districts = features(square(104, 30), square(east, 30), code=["A", "B"])
    inputs = inputs_of(study(tmp_path, districts=districts, cells=CELLS + "c,104.01985,30.01,5\n"))
    (quality,) = [quality for quality in inputs.quality if quality.role == "area"]
    assert [
        str(finding.what)[: len("The districts A 区0 and B 区1 overlap by")] for finding in quality.findings
    ] == told
    assert [(finding.row, finding.code, finding.action) for finding in quality.findings] == [
        (3, "overlap", "kept") for _ in told
    ]
    if told:
        # 0.0003 of longitude by 0.02 of latitude at 30 degrees north.
        assert float(quality.findings[0].what.values["km2"]) == pytest.approx(0.0289 * 2.217, abs=6e-4)
    assert inputs.demand.cells.district.tolist() == [0, 1, 0]  # what lies in both counts in the first


@pytest.mark.parametrize(
    ("districts", "said"),
    [
        ('{"type": "FeatureColl', "not valid JSON"),
        (features(), "no features"),
        (DISTRICTS.replace("prefecture", "city"), "There is no column prefecture; the table has: code, name, city."),
        (features(shapely.Point(104, 30)), "has no polygon"),
    ],
)
def test_a_file_without_usable_districts_is_refused(tmp_path, districts, said):
    assert said in refusals(area_of, study(tmp_path, districts=districts))[0][1]


@pytest.mark.parametrize(
    "shape",
    [square(30, 104), square(400_000, 3_300_000, 2000)],
    ids=["latitude before longitude", "metres"],
)
def test_polygons_that_are_not_in_degrees_of_longitude_and_latitude_are_refused(tmp_path, shape):
    (place, _), *_ = refusals(area_of, study(tmp_path, districts=features(shape)))
    assert place.startswith("districts.geojson")


# --- sites ---------------------------------------------------------------------------------------------------------


def test_stations_come_first_and_what_a_row_leaves_out_comes_from_its_host(tmp_path):
    sites, notes = sites_of(study(tmp_path))
    assert sites.site_id == ("S1", "C1", "C2")
    assert sites.existing.tolist() == [True, False, False]
    assert sites.host == ("union_built", "bank", "fuel")
    assert sites.hours == ("00:00-24:00", "09:00-17:00", "00:00-24:00")
    assert sites.kind == ("standard",) * 3
    assert sites.cost.tolist() == [0, 6000, 6000]
    assert sites.district.tolist() == [0, 0, 1]
    assert notes == ()


def test_a_row_goes_before_its_host(tmp_path):
    rows = "id,name,lon,lat,host,kind,hours,cost\nC1,One,104.01,30.02,bank,流动型,全天,5\n"
    sites, _ = sites_of(study(tmp_path, candidates=rows))
    assert (sites.kind[1], sites.hours[1], sites.cost[1]) == ("mobile", "全天", 5.0)


def test_what_stations_cost_once_is_not_a_cost_of_the_plan(tmp_path):
    rows = "id,name,lon,lat,hours,cost\nS1,One,104.01,30.02,全天,9000\n"
    sites, _ = sites_of(study(tmp_path, stations=rows))
    assert sites.cost[0] == 0


def test_a_site_is_open_in_a_slot_that_it_fills_by_half_and_serves_whom_its_host_suits(tmp_path):
    text = SCENARIO + (
        '[slots.early]\nname = "e"\nhours = "06:00-10:00"\n[slots.late]\nname = "l"\nhours = "13:59-20:00"\n'
        "[groups.sanitation]\nprofile = { early = 0.5, late = 0.5 }\n"
        "[groups.driver]\nprofile = { early = 0.5, late = 0.5 }\n"
    )
    rows = "id,name,lon,lat,host,hours\nC1,One,104.01,30.02,bank,08:00-17:00\nC2,Two,104.01,30.02,fuel,08:01-17:00\n"
    sites, _ = sites_of(study(tmp_path, scenario=text, candidates=rows))
    # Early: 2 of 4 hours, then one minute less. Late: 3:01 of 6:01 hours, just over the half.
    assert sites.open[1:].tolist() == [[True, True], [False, True]]
    assert sites.serves[1:].tolist() == [[True, False], [True, True]]


def test_candidates_outside_are_set_aside_and_told_and_stations_outside_stay(tmp_path):
    scenario = study(
        tmp_path,
        stations=STATIONS + "S2,二号,104.09,30.01,工会自建\n",
        candidates=CANDIDATES + "C3,Three,104.09,30.02,bank\nC4,Four,100,30.02,bank\n",
    )
    sites, notes = sites_of(scenario)
    assert sites.site_id == ("S1", "S2", "C1", "C2")
    assert sites.district.tolist() == [0, -1, 0, 1]
    assert [str(note) for note in notes] == ["Candidates outside the study area, excluded: 2."]


def test_the_faults_of_stations_and_candidates_come_together(tmp_path):
    scenario = study(
        tmp_path,
        scenario='unknown_hours = "refuse"\n' + SCENARIO,
        stations="编码,名称,经度,纬度,场所类型,开放时间,类型\nS1,一,104,30,庙宇,全天,\nS2,二,104,30,,看天,\nS3,三,104,30,,,巨型\n",
        candidates="id,name,lon,lat\nC1,One,104.01\n",
    )
    assert sorted(refusals(sites_of, scenario)) == [
        ("candidates.csv:2", "The row has 3 fields; the header has 4."),
        ("stations.csv:3", "The opening hours '看天' cannot be parsed."),
        ("stations.csv:4", "The site has neither opening hours nor a host type."),
        ("stations.csv:4", "Unknown station type '巨型'."),
    ]


def test_a_candidate_needs_a_cost_or_a_host_or_a_default_host(tmp_path):
    rows = "id,name,lon,lat,hours\nC1,One,104.01,30.02,全天\n"
    scenario = study(tmp_path, candidates=rows)
    assert refusals(sites_of, scenario) == [
        ("candidates.csv:1", "The table has neither a cost column nor a host column.")
    ]
    some = rows.replace("hours\n", "hours,cost\n").replace("全天", "全天,5") + "C2,Two,104.01,30.03,全天,\n"
    scenario = study(tmp_path, candidates=some)
    assert refusals(sites_of, scenario) == [("candidates.csv:3", "The candidate has neither a cost nor a host type.")]
    text = SCENARIO.replace('file = "candidates.csv"', 'file = "candidates.csv"\ndefault_host = "bank"')
    sites, _ = sites_of(study(tmp_path, candidates=rows, scenario=text))
    assert (sites.host[1], sites.cost[1], sites.hours[1]) == ("bank", 6000, "全天")


def test_a_study_may_begin_without_any_station(tmp_path):
    head, tail = SCENARIO.split("[stations]")
    text = head + "[candidates]" + tail.split("[candidates]")[1]
    sites, _ = sites_of(study(tmp_path, scenario=text))
    assert sites.existing.tolist() == [False, False]


def test_swapped_columns_are_one_fault(tmp_path):
    rows = "id,name,lon,lat,hours\nS1,One,30.02,104.01,全天\nS2,Two,30.03,104.02,全天\n"
    assert refusals(sites_of, study(tmp_path, stations=rows)) == [
        ("stations.csv:1", "Longitude and latitude appear to be swapped.")
    ]


def test_a_workbook_is_not_taken_for_text(tmp_path):
    scenario = study(tmp_path)
    (tmp_path / "stations.csv").write_bytes(b"PK\x03\x04" + bytes(30))
    assert "Excel" in refusals(sites_of, scenario)[0][1]


@pytest.mark.parametrize(
    "content",
    [
        "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        '{{"type": "FeatureCollection", "features": [{{"geometry": {{"type": "Polygon", "coordinates": '
        '[[[104, 30], [104, 31]]]}}, "properties": {{"code": 1, "name": "{}", "prefecture": "p"}}}}]}}',
    ],
    ids=["a file that names another file", "a ring of two points"],
)
def test_districts_are_read_as_plain_geojson_and_nothing_else(tmp_path, content):
    other = tmp_path / "other.geojson"
    other.write_text(DISTRICTS, encoding="utf-8")
    (place, said), *_ = refusals(area_of, study(tmp_path, districts=content.format(other)))
    assert place.startswith("districts.geojson")
    assert said in ("This is not valid JSON.", "The file is not GeoJSON.")


def test_ids_and_names_of_districts_are_text_and_never_guessed(tmp_path):
    area = area_of(study(tmp_path, districts=DISTRICTS.replace('"D0"', "510104.0")))
    assert area.districts["district_id"].tolist() == ["510104", "D1"]
    document = json.loads(features(square(104, 30)))
    document["features"][0]["properties"]["name"] = None
    said = [what for _, what in refusals(area_of, study(tmp_path, districts=json.dumps(document)))]
    assert said[0] == "name is empty."


def test_prefectures_are_left_out_where_no_column_is_named(tmp_path):
    text = SCENARIO.replace('prefecture = "prefecture"\n', "")
    plain = DISTRICTS.replace("prefecture", "city")
    area = area_of(study(tmp_path, scenario=text, districts=plain))
    assert set(area.districts["prefecture"]) == {""}


def test_ids_that_stand_for_nothing_or_for_two_things_are_told_together(tmp_path):
    plan = 'new = 9\nrequired = ["X"]\nforbidden = ["Y", "C2"]'
    scenario = study(
        tmp_path,
        scenario=SCENARIO.replace("new = 1", plan),
        stations=STATIONS + "C1,二号,104.01,30.01,工会自建\n",
    )
    assert refusals(sites_of, scenario) == [
        ("study.toml [candidates]", "The id C1 is used for both a station and a candidate."),
        ("study.toml [plan.required]", "There is no candidate X in the study area."),
        ("study.toml [plan.forbidden]", "There is no candidate Y in the study area."),
        ("study.toml [plan.new]", "9 new sites are requested, but there are only 1 candidates."),
    ]


OSM = """<?xml version="1.0"?><osm version="0.6">
<node id="1" version="1" lon="104.01" lat="30.01"><tag k="amenity" v="toilets"/></node>
<node id="2" version="1" lon="104.01" lat="30.02"><tag k="amenity" v="bank"/><tag k="shop" v="kiosk"/>
 <tag k="name" v="Kiosk"/><tag k="addr:street" v="路"/><tag k="addr:housenumber" v="5号"/></node>
<node id="3" version="1" lon="104.03" lat="30.02"><tag k="shop" v="convenience"/><tag k="amenity" v="toilets"/></node>
<node id="4" version="1" lon="104.09" lat="30.02"><tag k="shop" v="convenience"/></node>
</osm>"""
FROM_OSM = SCENARIO.replace('file = "stations.csv"\ndatum = "wgs84"', 'osm = "town.osm"\nhosts = ["public_toilet"]')


def from_osm(folder, hosts):
    old, new = 'file = "candidates.csv"\ndatum = "wgs84"', f'osm = "town.osm"\nhosts = {json.dumps(hosts)}'
    (folder / "town.osm").write_text(OSM, encoding="utf-8")
    return sites_of(study(folder, scenario=FROM_OSM.replace(old, new)))


def test_places_of_an_extract_become_sites_and_none_stands_twice(tmp_path):
    sites, notes = from_osm(tmp_path, ["convenience", "public_toilet"])
    assert sites.site_id == ("node/1", "node/3", "node/2")
    assert sites.existing.tolist() == [True, True, False]
    assert (sites.name[2], sites.address[2], sites.hours[2]) == ("Kiosk", "路 5号", "07:00-23:00")
    assert sites.cost.tolist() == [0, 0, 6000]
    assert [str(note) for note in notes] == [
        "town.osm (stations): 0 of 2 places state opening hours that were read; 2 take those of their host type.",
        "town.osm (candidates): 0 of 4 places state opening hours that were read; 4 take those of their host type.",
        "Candidates that are already existing stations, excluded: 2.",
        "Candidates outside the study area, excluded: 1.",
    ]


@pytest.mark.parametrize("hosts", [["bank", "convenience"], ["convenience", "bank"]])
def test_a_place_with_the_tags_of_two_hosts_is_of_the_first_listed(tmp_path, hosts):
    sites, _ = from_osm(tmp_path, hosts)
    assert sites.host[sites.site_id.index("node/2")] == hosts[0]
