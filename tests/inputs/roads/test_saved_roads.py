"""Saved roads: the same roads again, the same bytes, and nothing trusted that a file says."""

from __future__ import annotations

import json
import zipfile
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationplan.domain import MODES
from stationplan.errors import InputError
from stationplan.inputs.osm import read_osm_roads
from stationplan.inputs.roads.pieces import RoadPieces, road_arcs, usable_pieces
from stationplan.inputs.roads.rules import RoadRules, Speeds
from stationplan.inputs.roads.saved import read_saved_roads, refuse_lacking_tags, write_roads
from stationplan.inputs.roads.sources import read_road_files
from stationplan.scenario import Limits

PIECES = RoadPieces(
    lon=np.array([104.0, 104.001, 104.002]),
    lat=np.array([30.0, 30.0, 30.001]),
    tail=np.array([0, 1], dtype=np.int32),
    head=np.array([1, 2], dtype=np.int32),
    length_m=np.array([96.5, 147.0]),
    kind=np.array([0, 1], dtype=np.int32),
    kinds=({"highway": "residential", "oneway": "yes"}, {"highway": "footway"}),
    source="Survey",
    date="2026-01-01",
    cut_nodes=3,
    other_classes={"construction": 2},
)


def differing(one: RoadPieces, other: RoadPieces) -> list[str]:
    return [item.name for item in fields(one) if not np.array_equal(getattr(one, item.name), getattr(other, item.name))]


def saved(folder, pieces=PIECES):
    path = folder / "town.roads.npz"
    write_roads(pieces, path)
    return path


def test_roads_come_back_as_they_were_saved(tmp_path):
    assert differing(read_saved_roads(saved(tmp_path), Limits()), PIECES) == []


def test_the_same_roads_are_the_same_bytes_and_leave_nothing_beside(tmp_path):
    first = saved(tmp_path).read_bytes()
    assert saved(tmp_path).read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["town.roads.npz"]


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = saved(tmp_path)
    old = path.read_bytes()
    with pytest.raises(TypeError):
        write_roads(replace(PIECES, other_classes={"a": object()}), path)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == old


def test_an_extract_and_its_saved_roads_give_the_same_arcs(tmp_path, shared_data):
    source = shared_data / "porto-alegre/poa_osm.pbf"
    pieces = read_osm_roads(source, Limits())
    loaded = read_road_files([saved(tmp_path, pieces)], datum="wgs84", layer=None, limits=Limits())
    for rules in (
        RoadRules(Speeds({"walk": 4.5, "ebike": 15.0}, {"car": {"road": 18.0}})),
        RoadRules(
            Speeds({"walk": 3.0, "ebike": 9.0}, {"car": {"road": 30.0}}), opened={"ebike": frozenset({"footway"})}
        ),
    ):
        one, other = (road_arcs(usable_pieces(roads, rules, file=""), rules) for roads in (pieces, loaded))
        assert all(np.array_equal(one.minutes[mode], other.minutes[mode]) for mode in one.minutes)
        assert differing(replace(one, minutes={}), replace(other, minutes={})) == []


def spoilt(path, **changes):
    """A saved file with some members replaced, or left out where the new content is None."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()} | changes
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            if data is not None:
                archive.writestr(name, data)
    return path


def npy(folder, array):
    np.save(folder / "one.npy", array)
    return (folder / "one.npy").read_bytes()


def about_with(path, **changes):
    with zipfile.ZipFile(path) as archive:
        about = json.loads(archive.read("about.json"))
    return json.dumps({**about, **changes}).encode()


def test_another_version_is_named(tmp_path):
    path = saved(tmp_path)
    spoilt(path, **{"about.json": about_with(path, version=4)})
    with pytest.raises(InputError, match=r"version 4\. This program reads versions up to 3"):
        read_saved_roads(path, Limits())


def test_the_tags_of_every_mode_are_saved(tmp_path):
    tags = {"highway": "residential", **{key: "no" for mode in MODES.values() for key in mode.tag_keys}}
    pieces = replace(PIECES, kinds=(tags, PIECES.kinds[1]))
    assert read_saved_roads(saved(tmp_path, pieces), Limits()).kinds == pieces.kinds


def test_a_file_says_which_tags_it_kept_and_is_saved_again_with_no_others(tmp_path):
    few = replace(PIECES, tag_keys=("highway", "oneway", "foot"))
    again = read_saved_roads(saved(tmp_path, few), Limits())
    assert again.tag_keys == ("highway", "oneway", "foot")
    assert read_saved_roads(saved(tmp_path, again), Limits()).tag_keys == again.tag_keys


def of_version_1(path):
    """A file as it was saved before files said which tags they kept."""
    about = json.loads(about_with(path, version=1))
    del about["tag_keys"]
    return spoilt(path, **{"about.json": json.dumps(about).encode()})


def test_a_file_of_version_1_serves_the_modes_of_its_time(tmp_path):
    pieces = read_saved_roads(of_version_1(saved(tmp_path)), Limits())
    assert differing(replace(pieces, tag_keys=PIECES.tag_keys), PIECES) == []
    refuse_lacking_tags(pieces, ["walk", "ebike", "car"], file="town.roads.npz")
    with pytest.raises(
        InputError, match=r"motorbike is allowed: motorcycle, oneway:motorcycle, oneway:motor_vehicle\."
    ):
        refuse_lacking_tags(pieces, ["walk", "motorbike"], file="town.roads.npz")
    assert {key for mode in ("walk", "ebike", "car") for key in MODES[mode].tag_keys} <= set(pieces.tag_keys)


def test_roads_saved_without_the_tags_of_a_mode_are_refused_with_the_command_that_mends_it():
    few = replace(PIECES, tag_keys=("highway", "foot", "access", "oneway:foot"))
    refuse_lacking_tags(few, ["walk"], file="town.roads.npz")
    with pytest.raises(InputError, match="ebike") as caught:
        refuse_lacking_tags(few, ["walk", "ebike", "car"], file="town.roads.npz")
    assert [fault.code for fault in caught.value.faults] == ["tags", "tags"]
    lacking = "where the travel mode car is allowed: motorcar, motor_vehicle, vehicle. "
    assert lacking in str(caught.value.faults[1])
    assert "stationplan roads SOURCE --out town.roads.npz --overwrite" in str(caught.value.faults[1])


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"kinds": []},
        {"kinds": [{"highway": "residential"}, {"highway": "construction"}]},
        {"kinds": [{"highway": "residential"}, {"highway": "path", "name": "x"}]},
        {"kinds": [{"highway": "residential"}, {"highway": 5}]},
        {"kinds": [5, 6]},
        {"kinds": 5},
        {"counts": {}},
        {"counts": {"cut_nodes": -1, "short_edges": 0, "not_lines": 0}},
        {"other_classes": {"x": "y"}},
        {"other_classes": []},
        {"source": 5},
        {"date": None},
        {"tag_keys": ["oneway"]},
        {"tag_keys": ["highway", 5, "oneway"]},
        {"tag_keys": None},
    ],
    ids=str,
)
def test_words_that_do_not_fit_are_refused(tmp_path, change):
    path = saved(tmp_path)
    spoilt(path, **{"about.json": about_with(path, **change)})
    with pytest.raises(InputError, match="not saved by `stationplan roads`"):
        read_saved_roads(path, Limits())


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("lon", np.array([104.0, np.nan, 104.0])),
        ("lat", np.array([30.0, 30.0, 91.0])),
        ("lat", np.array([30.0, 30.0])),
        ("tail", np.array([0, 3], dtype=np.int32)),
        ("tail", np.array([0, -1], dtype=np.int32)),
        ("tail", np.array([0, 1])),
        ("kind", np.array([0, 2], dtype=np.int32)),
        ("length_m", np.array([1.0, -1.0])),
        ("length_m", np.array([1.0, np.inf])),
        ("length_m", np.array([[1.0, 2.0]])),
        ("length_m", np.array([1.0, object()], dtype=object)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, name, array):
    path = spoilt(saved(tmp_path), **{f"{name}.npy": npy(tmp_path, array)})
    with pytest.raises(InputError, match="not saved by `stationplan roads`"):
        read_saved_roads(path, Limits())


def test_an_array_that_claims_to_be_huge_takes_no_memory(tmp_path):
    honest = npy(tmp_path, PIECES.lon)
    boastful = honest.replace(b"(3,), }" + b" " * 14, b"(300000000000000,), }", 1)
    assert len(boastful) == len(honest)
    path = spoilt(saved(tmp_path), **{"lon.npy": boastful})
    with pytest.raises(InputError, match="lon is not what its header says"):
        read_saved_roads(path, Limits())


@pytest.mark.parametrize("name", ["about.json", "lon.npy", "kind.npy"])
def test_a_member_left_out_is_named(tmp_path, name):
    with pytest.raises(InputError, match=name):
        read_saved_roads(spoilt(saved(tmp_path), **{name: None}), Limits())


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"PK\x03\x04 and no more"])
def test_what_is_no_archive_is_refused(tmp_path, data):
    (tmp_path / "x.npz").write_bytes(data)
    with pytest.raises(InputError, match=r"x\.npz"):
        read_saved_roads(tmp_path / "x.npz", Limits())


@settings(deadline=None, derandomize=True, max_examples=60)
@given(at=st.floats(0, 1), value=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_changes_nothing_else(tmp_path_factory, at, value):
    path = saved(tmp_path_factory.mktemp("saved"))
    data = bytearray(path.read_bytes())
    data[int(at * (len(data) - 1))] = value
    path.write_bytes(bytes(data))
    try:
        assert len(read_saved_roads(path, Limits()).lon) == 3
    except InputError as error:
        assert error.faults[0].file == path.name


def test_files_larger_than_the_limits_are_refused(tmp_path):
    with pytest.raises(InputError, match="vertices"):
        read_saved_roads(saved(tmp_path), Limits(vertices=2))


def test_roads_that_no_study_can_use_are_refused_or_reported(tmp_path):
    none = replace(
        PIECES, tail=PIECES.tail[:0], head=PIECES.head[:0], length_m=PIECES.length_m[:0], kind=PIECES.kind[:0]
    )
    with pytest.raises(InputError, match="contains no roads"):
        read_saved_roads(saved(tmp_path, none), Limits())
    endless = replace(PIECES, length_m=np.array([96.5, 1e308]))
    with pytest.raises(InputError, match=r"a road is 1e\+308 m long"):
        read_saved_roads(saved(tmp_path, endless), Limits())
    short = replace(PIECES, length_m=np.array([1.0, 147.0]))
    assert read_saved_roads(saved(tmp_path, short), Limits()).short_edges == 1
