"""Coordinates of lines and polygons that do not fit: a wrong zone, swapped axes, datums without parameters."""

from __future__ import annotations

import geopandas
import numpy as np
import pytest
import shapely
from support.program import call
from support.village import NODES, longitude, village

import stationplan as sp
from stationplan.errors import InputError
from stationplan.inputs import check_scenario
from stationplan.inputs.roads.lines import LineOptions, read_line_roads
from stationplan.inputs.roads.pieces import road_notes
from stationplan.scenario import Limits

LINE = shapely.LineString([(float(longitude(node)), 30) for node in range(NODES)])


def swapped(frame):
    shapes = shapely.transform(frame.geometry.to_numpy(), lambda x, y: (y, x), interleaved=False)
    return frame.set_geometry(shapes, crs=frame.crs)


def labelled(frame, crs):
    return frame.set_crs(crs, allow_override=True)


def street():
    return geopandas.GeoDataFrame({"highway": ["residential"]}, geometry=[LINE], crs="EPSG:4326")


WRONG = {
    "zone": (lambda frame: labelled(frame.to_crs("EPSG:4522"), "EPSG:4523"), "is near the study area"),
    "swapped metres": (lambda frame: swapped(frame.to_crs("EPSG:32648")), "is near the study area"),
    "swapped degrees": (swapped, "Latitude comes before longitude: values such as 30.0000, 104.0000"),
    "degrees as metres": (lambda frame: labelled(frame, "EPSG:32648"), "a CRS in metres, but the values are degrees"),
    "metres as degrees": (lambda frame: labelled(frame.to_crs("EPSG:4544"), "EPSG:4326"), "are metres, not degrees"),
    "Xi'an 1980": (lambda frame: labelled(frame, "EPSG:4610"), "The file states Xi'an 1980 (EPSG:4610)"),
    "Beijing 1954": (
        lambda frame: labelled(frame, "EPSG:4214").to_crs("EPSG:2431"),
        "The file states Beijing 1954 / 3-degree Gauss-Kruger CM 102E (EPSG:2431)",
    ),
}


def refused(scenario):
    """The faults of a check, which must be those of a run."""
    found = [str(fault.what) for fault in check_scenario(scenario).refused]
    with pytest.raises(InputError) as caught:
        sp.run(scenario)
    assert [str(fault.what) for fault in caught.value.faults] == found
    return found


@pytest.mark.parametrize("kind", WRONG)
def test_roads_whose_coordinates_do_not_fit_are_refused(tmp_path, kind):
    wrong, expected = WRONG[kind]
    path = village(tmp_path, "new = 1")
    wrong(street()).to_file(tmp_path / "roads.gpkg", layer="roads")
    tables = 'nodes = "nodes.csv"\nedges = "edges.csv"'
    path.write_text(path.read_text("utf-8").replace(tables, 'file = "roads.gpkg"'), encoding="utf-8")
    [found] = refused(sp.load_scenario(path))
    assert expected in found


@pytest.mark.parametrize("kind", WRONG)
def test_districts_whose_coordinates_do_not_fit_are_refused(tmp_path, kind):
    wrong, expected = WRONG[kind]
    path = village(tmp_path, "new = 1")
    wrong(geopandas.read_file(tmp_path / "districts.geojson")).to_file(tmp_path / "districts.gpkg", layer="districts")
    text = path.read_text("utf-8").replace("districts.geojson", "districts.gpkg")
    text = text.replace("[area]\n", '[area]\nid = "code"\nname = "name"\n')
    path.write_text(text, encoding="utf-8")
    found = refused(sp.load_scenario(path))
    assert any(expected.removesuffix("30.0000, 104.0000") in one for one in found)


def test_an_accepted_datum_is_used_and_told(tmp_path):
    labelled(street(), "EPSG:4610").to_file(tmp_path / "roads.gpkg", layer="roads")
    given = {"datum": "cgcs2000", "layer": None, "limits": Limits()}
    with pytest.raises(InputError, match="Xi'an 1980"):
        read_line_roads(tmp_path / "roads.gpkg", **given)
    pieces = read_line_roads(tmp_path / "roads.gpkg", **given, options=LineOptions(accept=True))
    np.testing.assert_allclose(np.sort(pieces.lon), [float(longitude(node)) for node in range(NODES)], atol=1e-9)
    assert "The file of roads states Xi'an 1980 (EPSG:4610); it is used as CGCS2000, as accepted." in [
        str(note) for note in road_notes(pieces)
    ]


def test_the_command_asks_to_accept_and_keeps_the_note(tmp_path, capsys):
    labelled(street(), "EPSG:4610").to_file(tmp_path / "roads.gpkg", layer="roads")
    saved = tmp_path / "x.roads.npz"
    given = ("roads", tmp_path / "roads.gpkg", "-o", saved, "--datum", "cgcs2000", "--lang", "en")
    assert call(*given, capsys=capsys)[0] == 2
    code, said, _ = call(*given, "--accept", capsys=capsys)
    assert code == 0 and "Xi'an 1980" in said
    path = village(tmp_path, "new = 1")
    tables = 'nodes = "nodes.csv"\nedges = "edges.csv"\ndatum = "wgs84"'
    path.write_text(path.read_text("utf-8").replace(tables, 'file = "x.roads.npz"'), encoding="utf-8")
    assert any("as accepted" in str(note) for note in sp.run(sp.load_scenario(path)).study.notes)
