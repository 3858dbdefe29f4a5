"""Roads from files that claim what cannot be: refused or reported, with the file's name and a fix."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import struct
import zipfile

import geopandas as gpd
import numpy as np
import osmium
import pytest
import shapely
from numpy.lib import format as npy

from stationplan.domain import StudyArea
from stationplan.errors import InputError
from stationplan.inputs.roads.pieces import RoadPieces, road_arcs
from stationplan.inputs.roads.rules import RoadRules, Speeds
from stationplan.inputs.roads.sources import long_road_notes, read_road_files
from stationplan.scenario import Limits

KEYS = (
    '<key id="c" for="graph" attr.name="crs"/><key id="x" for="node" attr.name="x"/>'
    '<key id="y" for="node" attr.name="y"/><key id="h" for="edge" attr.name="highway"/>'
    '<key id="l" for="edge" attr.name="length"/>'
)


def node(number, x, y):
    return f'<node id="{number}"><data key="x">{x}</data><data key="y">{y}</data></node>'


def graph(folder, *nodes, length="100", inside="", after=""):
    edge = f'<edge source="1" target="2"><data key="h">residential</data><data key="l">{length}</data>{inside}</edge>'
    path = folder / "r.graphml"
    path.write_text(
        f'<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{KEYS}<graph edgedefault="directed">'
        f'<data key="c">epsg:4326</data>{"".join(nodes)}{edge}</graph>{after}</graphml>',
        "utf-8",
    )
    return path


def refusal(*paths, **limits):
    with pytest.raises(InputError) as caught:
        read_road_files(paths, datum="wgs84", layer=None, limits=Limits(**limits))
    (fault,) = caught.value.faults
    assert fault.file == paths[-1].name
    return str(fault.what)


ONE, TWO = node(1, 104, 30), node(2, 104.001, 30)


@pytest.mark.parametrize(
    ("nodes", "given", "said"),
    [
        ((ONE, TWO, node(1, 0, 0)), {}, "the node 1 appears twice"),
        ((node(1, "10_4", 30), TWO), {}, "'10_4' is not a number"),
        ((ONE, TWO), {"length": "1_00"}, "'1_00' is not a number"),
        ((ONE, TWO), {"length": "nan"}, "'nan' is not a number"),
        ((ONE, TWO), {"length": "1e308"}, "a road is 1e+308 m long"),
        ((ONE, TWO), {"length": "-1"}, "a road is -1 m long"),
        ((ONE, node(2, 104, 95)), {}, "no longitude and latitude in degrees"),
        ((ONE, TWO), {"inside": "<a/>" * 100_001}, "more than 100000 elements"),
        ((ONE, TWO), {"inside": "<a>" * 100_001 + "</a>" * 100_001}, "more than 100000 elements"),
        ((ONE, TWO), {"after": "<graph/>"}, "several graphs"),
    ],
)
def test_a_graph_that_cannot_be_is_refused(tmp_path, nodes, given, said):
    assert said in refusal(graph(tmp_path, *nodes, **given))


def test_one_word_of_a_graph_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("stationplan.inputs.limits.LONGEST_WORD", 500_000)
    path = graph(tmp_path, ONE, TWO, inside=f"<data key='h'>{'x' * 600_000}</data>")
    assert "is longer than" in refusal(path)


def tables(folder, *edges):
    nodes, table = folder / "nodes.csv", folder / "edges.csv"
    nodes.write_text("node_id,lon,lat\n1,104,30\n2,104.001,30\n", "utf-8")
    table.write_text("u,v,highway,length_m,wkt\n" + "".join(f"1,2,residential,{edge}\n" for edge in edges), "utf-8")
    return nodes, table


@pytest.mark.parametrize(
    ("edge", "said"),
    [
        ('100,"CIRCULARSTRING (104 30, 104.0005 30.001, 104.001 30)"', "is not a LINESTRING"),
        ('100,"COMPOUNDCURVE ((104 30, 104.001 30))"', "is not a LINESTRING"),
        ("1e308,", "outside the range 0 to 1,000,000"),
        ("1_00,", "'1_00', not a finite number"),
    ],
)
def test_an_edge_that_cannot_be_is_refused(tmp_path, edge, said):
    assert said in refusal(*tables(tmp_path, edge))


@pytest.mark.parametrize(("lon", "lat"), [(104, 95), (190, 30), (104, -91)])
def test_osm_nodes_beyond_the_globe_are_refused(tmp_path, lon, lat):
    path = tmp_path / "a.osm"
    path.write_text(
        f'<osm version="0.6"><node id="1" lat="30" lon="104"/><node id="2" lat="{lat}" lon="{lon}"/>'
        '<way id="5"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way></osm>',
        "utf-8",
    )
    assert f"the node 2 is at longitude {float(lon)}, latitude {float(lat)}" in refusal(path)


def test_a_road_file_whose_library_fails_unforeseen_is_one_fault(tmp_path, monkeypatch):
    class Panic(BaseException):
        """What libraries in Rust raise."""

    def fail(*_):
        raise Panic("index out of bounds")

    monkeypatch.setattr(shapely, "from_wkt", fail)
    assert "Panic: index out of bounds" in refusal(*tables(tmp_path, '100,"LINESTRING (104 30, 104.001 30)"'))
    assert np.isfinite(read_road_files(tables(tmp_path, "100,"), datum="wgs84", layer=None, limits=Limits()).lon).all()


WHOLE = {
    "a.graphml": b"<graphml xmlns='http://graphml.graphdrawing.org/xmlns'>",
    "a.osm": b"<osm version='0.6'>",
    "a.osm.gz": gzip.compress(b"<osm version='0.6'>"),
    "a.osm.bz2": bz2.compress(b"<osm version='0.6'>"),
    "a.osm.pbf": struct.pack(">I", 13) + b"\n\tOSMHeader\x18\x05",
    "a.roads.npz": b"PK\x05\x06" + bytes(18),
    "a.gpkg": b"SQLite format 3\0" + bytes(52) + b"GPKG",
    "a.fgb": b"fgb\x03fgb\x00",
    "a.shp": struct.pack(">i", 9994),
    "a.kml": b"<kml>",
    "a.kmz": b"PK\x05\x06" + bytes(18),
    "a.geojson": b'{"type": "FeatureCollection", "features": [',
    "a.parquet": b"PAR1",
}
SPOILT = {
    "empty": lambda _: b"",
    "cut": lambda start: start,
    "zeros": lambda start: start + bytes(5000),
    "ones": lambda start: start + b"\xff" * 5000,
    "noise": lambda start: start + np.random.default_rng(1).bytes(5000),
    "nested": lambda start: start + b"[<a>" * 50_000,
    "another": lambda _: b"%PDF-1.7",
}


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize("name", WHOLE)
def test_whatever_is_wrong_with_a_file_of_roads_is_one_fault_of_it(tmp_path, name, spoilt):
    path = tmp_path / name
    path.write_bytes(SPOILT[spoilt](WHOLE[name]))
    assert refusal(path)


def test_roads_whose_arrays_claim_terabytes_are_refused(tmp_path):
    header = io.BytesIO()
    npy.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**13,)})
    path = tmp_path / "a.roads.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("about.json", json.dumps({"format": "stationplan roads", "version": 3}))
        archive.writestr("lon.npy", header.getvalue())
    assert "lon is not what its header says" in refusal(path)


def test_a_piece_longer_than_the_study_area_is_noted():
    area = StudyArea(
        gpd.GeoDataFrame(
            {"district_id": ["1"], "name": ["a"], "name_en": ["a"], "prefecture": [""]},
            geometry=[shapely.box(4e5, 33e5, 41e4, 331e4)],
            crs="EPSG:32648",
        )
    )

    def notes(*lengths):
        pieces = RoadPieces(
            lon=np.array([104.0, 104.5]),
            lat=np.array([30.0, 30.0]),
            tail=np.zeros(len(lengths), dtype=np.int32),
            head=np.ones(len(lengths), dtype=np.int32),
            length_m=np.array(lengths),
            kind=np.zeros(len(lengths), dtype=np.int32),
            kinds=({"highway": "residential"},),
            source="",
            date="",
        )
        rules = RoadRules(Speeds({"walk": 4.5, "ebike": 15.0}, {"car": {"road": 18.0}}))
        return list(map(str, long_road_notes(road_arcs(pieces, rules), area)))

    assert notes(19_000.0, 20_000.0) == []
    (said,) = notes(19_000.0, 48_200.0, 30_000.0)
    assert said.startswith("2 straight road segments are longer than the study area (20 km); the longest has 48 km.")


def test_an_extract_that_unpacks_too_far_is_refused_by_the_sizes_of_its_blocks(tmp_path):
    path = tmp_path / "a.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for number in range(1, 250_001):
            writer.add_node(osmium.osm.mutable.Node(id=number, location=(104.0, 30.0)))
    assert path.stat().st_size < 100_000
    assert refusal(path) == "The file contains no roads."
    assert refusal(path, unpacked_mb=1) == "The file unpacks to more than 1 MB."
