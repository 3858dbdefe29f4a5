"""What files state of their coordinates, against the datum that is declared for them."""

from __future__ import annotations

import json

import geopandas
import pyogrio
import pytest
import shapely
from support.village import village

import stationplan as sp
from stationplan.cli.app import make_command
from stationplan.cli.session import Session
from stationplan.errors import InputError
from stationplan.geo import metres_apart, wgs84_to_gcj02
from stationplan.inputs.check import check_table
from stationplan.inputs.datums.file_crs import datum_conflict
from stationplan.scenario import Limits

LON, LAT = [104.06, 104.07, 104.08], [30.65, 30.66, 30.67]
OLD = {
    "Beijing 1954": ["EPSG:4214", "EPSG:2432", "EPSG:21418"],
    "Xi": ["EPSG:4610", "EPSG:2380", "EPSG:2343"],
    "New Beijing": ["EPSG:4555", "EPSG:4792"],
    "Pulkovo 1942": ["EPSG:4284"],
}
OF_A_DRAWING_OFFICE = (
    'GEOGCS["own",DATUM["{name}",SPHEROID["s",{axis},298.257]],PRIMEM["G",0],UNIT["Degree",0.0174532925199]]'
)


def frame(crs, *, kind="point"):
    points = geopandas.GeoSeries(geopandas.points_from_xy(LON, LAT), crs="EPSG:4326")
    shapes = (
        points if kind == "point" else geopandas.GeoSeries(shapely.buffer(points.to_numpy(), 0.002), crs="EPSG:4326")
    )
    shapes = shapes.to_crs(crs) if crs is not None else shapes
    return geopandas.GeoDataFrame(
        {"id": ["a", "b", "c"], "name": ["甲", "乙", "丙"], "host": ["bank"] * 3}, geometry=shapes
    )


def written(folder, suffix, crs, kind="point"):
    path = folder / f"t{suffix}"
    if suffix == ".parquet":
        frame(crs, kind=kind).to_parquet(path)
    elif suffix == ".geojson":
        plain = json.loads(frame(crs, kind=kind).to_json(show_bbox=False, to_wgs84=False))
        plain["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{crs.replace(':', '::')}"}}
        path.write_text(json.dumps(plain), "utf-8")
    else:
        pyogrio.write_dataframe(frame(crs, kind=kind), path)
    return path


def checked(path, datum, role="stations", **source):
    source |= {} if datum is None else {"datum": datum}
    return check_table(
        path,
        role,
        source=source,
        columns={},
        merge_duplicates=False,
        district_list=None,
        roads=None,
        limits=Limits(),
    )


def conflicts(found):
    return [fault for item in found.quality for fault in item.findings if fault.code == "datum_conflict"]


@pytest.mark.parametrize("suffix", [".shp", ".gpkg", ".geojson", ".parquet"])
@pytest.mark.parametrize(("name", "crs"), [(name, crs) for name, codes in OLD.items() for crs in codes[:2]])
def test_an_old_datum_is_an_error_in_every_format_until_it_is_accepted(tmp_path, suffix, name, crs):
    path = written(tmp_path, suffix, crs)
    found = checked(path, "cgcs2000")
    (fault,) = conflicts(found)
    assert found.refused and fault.action == "refused"
    assert name in str(fault.what) and "tens of metres, unknown" in str(fault.what) and "CGCS2000" in str(fault.what)
    assert "local parameters" in str(fault.cure) and "accept = true" in str(fault.cure)
    accepted = checked(path, "cgcs2000", accept=True)
    assert not accepted.refused and accepted.quality[0].kept == 3
    (told,) = conflicts(accepted)
    assert told.action == "kept"


@pytest.mark.parametrize("role", ["districts", "demand", "stations"])
@pytest.mark.parametrize("crs", ["EPSG:4610", "EPSG:2380"])
def test_polygons_are_checked_like_points(tmp_path, role, crs):
    path = written(tmp_path, ".gpkg", crs, kind="polygon")
    found = checked(path, "cgcs2000", role)
    faults = [*found.refused, *conflicts(found)]
    assert [fault.code for fault in faults if fault.code == "datum_conflict"]
    assert not checked(path, "cgcs2000", role, accept=True).refused


@pytest.mark.parametrize("crs", ["EPSG:28418", *(code for codes in OLD.values() for code in codes)])
@pytest.mark.parametrize("datum", ["wgs84", "cgcs2000", None, "evidence"])
def test_an_old_datum_is_never_taken_as_if_it_were_another(crs, datum):
    conflict = datum_conflict(crs, datum, at=(104.06, 30.65))
    assert "tens of metres, unknown" in str(conflict.what)


@pytest.mark.parametrize(("name", "axis"), [("Xian_80", 6378137), ("mine", 6378140), ("D_Beijing54", 6378245)])
def test_an_old_datum_is_known_by_name_and_by_ellipsoid(name, axis):
    crs = OF_A_DRAWING_OFFICE.format(name=name, axis=axis)
    assert "tens of metres" in str(datum_conflict(crs, "wgs84", at=(104, 30)).what)


def test_parameters_that_come_with_a_crs_are_applied(tmp_path):
    text = "+proj=tmerc +lon_0=105 +x_0=500000 +ellps=krass +towgs84=15.8,-154.4,-82.3 +units=m +type=crs"
    assert datum_conflict(text, "cgcs2000") is None
    rows = "\n".join(f"{n},{x},3391000.0,bank" for n, x in (("甲", 409000.0), ("乙", 410000.0)))
    path = tmp_path / "s.csv"
    path.write_text(f"name,x,y,host\n{rows}\n", "utf-8")
    assert not checked(path, "cgcs2000", crs=text).refused
    assert checked(path, "cgcs2000", crs="EPSG:2432").refused


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
@pytest.mark.parametrize("crs", ["EPSG:32648", "EPSG:4544", "EPSG:3857", "EPSG:4490", "EPSG:4610"])
def test_a_shifted_datum_contradicts_every_crs_but_wgs84_degrees(crs, datum):
    conflict = datum_conflict(crs, datum, at=(104.06, 30.65))
    metres = {"gcj02": "371", "bd09": "894"}[datum]
    shown = float(str(conflict.what).rsplit("up to ", 1)[1].split(" m")[0])
    assert shown == pytest.approx(float(metres), rel=0.25)
    assert "accept = true" in str(conflict.cure)


@pytest.mark.parametrize("crs", ["EPSG:4326", "OGC:CRS84", "EPSG:4979"])
@pytest.mark.parametrize("datum", ["gcj02", "bd09", "wgs84", "cgcs2000", "evidence", None])
def test_wgs84_degrees_are_compatible_with_every_declaration(crs, datum):
    assert datum_conflict(crs, datum, at=(104.06, 30.65)) is None


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4544", "EPSG:32648", "EPSG:3857", "EPSG:4258", "EPSG:4674"])
@pytest.mark.parametrize("datum", ["wgs84", "cgcs2000"])
def test_wgs84_and_cgcs2000_agree(crs, datum):
    assert datum_conflict(crs, datum, at=(104.06, 30.65)) is None


def test_a_datum_that_proj_can_convert_states_its_distance_in_degrees_and_is_converted_in_metres():
    assert "up to 74 m" in str(datum_conflict("EPSG:4618", "wgs84", at=(-51.0, -29.0)).what)
    assert datum_conflict("EPSG:29192", "wgs84", at=(-51.0, -29.0)) is None


def test_the_shift_of_points_is_that_of_the_datum(tmp_path):
    """A GeoJSON labelled as WGS-84 with values of Amap is read as declared."""
    lon, lat = wgs84_to_gcj02(LON, LAT)
    path = tmp_path / "amap.geojson"
    shapes = geopandas.GeoDataFrame({"name": ["甲", "乙", "丙"]}, geometry=shapely.points(lon, lat), crs="EPSG:4326")
    path.write_text(shapes.to_json(), "utf-8")
    assert not conflicts(checked(path, "gcj02"))
    assert float(metres_apart(lon[0], lat[0], LON[0], LAT[0])) > 100


def outlines(folder, properties, name="o.geojson"):
    path = folder / name
    shape = shapely.geometry.mapping(shapely.box(104, 30, 105, 31))
    feature = {"type": "Feature", "properties": properties, "geometry": shape}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    return path


DATAV = {"adcode": 510104, "name": "锦江区", "childrenNum": 0, "level": "district", "acroutes": [100000, 510000]}


@pytest.mark.parametrize(
    ("properties", "file"),
    [
        (DATAV, "o.geojson"),
        ({"adcode": 510104, "name": "锦江区", "center": [104, 30], "level": "district"}, "o.geojson"),
        ({"adcode": 510104, "name": "锦江区"}, "510100_full.json"),
        ({"adcode": 100000, "name": "全国"}, "100000.geojson"),
    ],
)
def test_outlines_of_datav_suggest_gcj02_and_are_never_shifted_by_themselves(tmp_path, properties, file):
    path = outlines(tmp_path, properties, file)
    for datum in (None, "wgs84", "cgcs2000", "bd09"):
        found = checked(path, datum, "districts")
        (told,) = [fault for fault in found.quality[0].findings if fault.code == "looks_gcj02"]
        assert told.action == "kept" and 'datum = "gcj02"' in str(told.cure)
        assert not found.refused
    assert not checked(path, "gcj02", "districts").quality[0].findings


def test_other_outlines_are_not_taken_for_those_of_datav(tmp_path):
    path = outlines(tmp_path, {"adcode": 510104, "name": "锦江区"})
    assert not checked(path, "wgs84", "districts").quality[0].findings


def test_a_plan_repeats_what_was_accepted_and_accept_needs_a_datum(tmp_path):
    scenario = village(tmp_path, "new = 1")
    area = json.loads((tmp_path / "districts.geojson").read_text("utf-8"))
    area["crs"] = {"type": "name", "properties": {"name": "EPSG:4610"}}
    (tmp_path / "districts.geojson").write_text(json.dumps(area), "utf-8")
    with pytest.raises(InputError, match="Xi'an 1980"):
        sp.run(sp.load_scenario(scenario))
    text = scenario.read_text("utf-8")
    old = 'file = "districts.geojson"\ndatum = "wgs84"'
    scenario.write_text(text.replace(old, f"{old}\naccept = true"), "utf-8")
    plan = sp.run(sp.load_scenario(scenario))
    assert sum("Xi'an 1980" in str(note) for note in plan.study.notes) == 1
    undecided = 'file = "districts.geojson"\ndatum = "evidence"\naccept = true'
    scenario.write_text(text.replace(old, undecided), "utf-8")
    with pytest.raises(InputError) as caught:
        sp.load_scenario(scenario)
    assert "area.accept" in [fault.key for fault in caught.value.faults]


def test_the_command_line_accepts_too(tmp_path):
    path = written(tmp_path, ".shp", "EPSG:4214")
    call = ["check", str(path), "--as", "stations", "--datum", "cgcs2000", "--lang", "en"]
    command = make_command("en")
    assert command.main(call, standalone_mode=False, obj=Session("en")) == 2
    assert command.main([*call, "--accept"], standalone_mode=False, obj=Session("en")) in (None, 0)
