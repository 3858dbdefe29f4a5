"""``stationplan roads``: one file from any source, counts for people and programs, nothing lost on the way."""

from __future__ import annotations

import json
import shutil

import pytest
from support.environment import ROOT

from stationplan.cli import main
from stationplan.inputs import read_road_files
from stationplan.scenario import Limits


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the demo's roads, to stand in."""
    for name in ("roads_nodes.csv", "roads_edges.csv"):
        shutil.copy(ROOT / "data/demo" / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    return tmp_path


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main(["roads", *arguments])
    out, err = capsys.readouterr()
    return caught.value.code, out, err


TABLES = ("roads_nodes.csv", "roads_edges.csv", "--datum", "wgs84")


def test_two_tables_become_one_file_and_its_counts_are_told(here, capsys):
    code, out, err = call(capsys, *TABLES, "-o", "town.roads.npz")
    saved = read_road_files([here / "town.roads.npz"], datum="wgs84", layer=None, limits=Limits())
    assert (code, err) == (0, "")
    assert f"Saved: {len(saved.lon):,} nodes, {len(saved.tail):,} road segments" in out
    assert "Roads: town.roads.npz" in out
    assert {path.name for path in here.iterdir()} == {"roads_nodes.csv", "roads_edges.csv", "town.roads.npz"}


def test_programs_get_json(here, capsys):
    code, out, err = call(capsys, *TABLES, "-o", "town.roads.npz", "--json")
    told = json.loads(out)
    saved = read_road_files([here / "town.roads.npz"], datum="wgs84", layer=None, limits=Limits())
    assert (code, err, told["path"]) == (0, "", "town.roads.npz")
    assert (told["nodes"], told["pieces"], told["kinds"]) == (len(saved.lon), len(saved.tail), len(saved.kinds))
    assert told["km"] == pytest.approx(saved.length_m.sum() / 1000, abs=1e-3)


def test_a_file_that_exists_is_replaced_on_demand_only(here, capsys):
    (here / "town.roads.npz").write_bytes(b"old")
    code, _, err = call(capsys, *TABLES, "-o", "town.roads.npz")
    assert (code, "already exists" in err, (here / "town.roads.npz").read_bytes()) == (2, True, b"old")
    assert call(capsys, *TABLES, "-o", "town.roads.npz", "--overwrite")[0] == 0
    assert (here / "town.roads.npz").stat().st_size > 3
    (here / "folder.npz").mkdir()
    assert call(capsys, *TABLES, "-o", "folder.npz", "--overwrite")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("roads_nodes.csv", "roads_edges.csv", "-o", "a.roads.npz"), "datum"),
        (("roads_nodes.csv", "--datum", "wgs84", "-o", "a.roads.npz"), "cannot be read from roads_nodes.csv"),
        (("gone.osm.pbf", "-o", "a.roads.npz"), "gone.osm.pbf does not exist"),
        (("/vsicurl/http://127.0.0.1/a.gpkg", "--datum", "wgs84", "-o", "a.roads.npz"), "does not exist"),
        ((*TABLES, "-o", "a.zip"), ".roads.npz"),
        ((*TABLES, "roads_nodes.csv", "-o", "a.roads.npz"), "cannot be read from"),
    ],
)
def test_a_fault_ends_with_2_and_writes_nothing(here, capsys, arguments, said):
    before = sorted(path.name for path in here.iterdir())
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert sorted(path.name for path in here.iterdir()) == before


def test_an_extract_is_saved_with_its_credit_and_notes(tmp_path, capsys, shared_data):
    source = str(shared_data / "porto-alegre/poa_osm.pbf")
    code, out, _ = call(capsys, source, "-o", str(tmp_path / "poa.roads.npz"), "--json")
    told = json.loads(out)
    assert (code, "OpenStreetMap" in told["source"], told["nodes"] > 40_000) == (0, True, True)
    assert told["other_classes"] == {"construction": 16, "proposed": 21, "rest_area": 1}
    assert "construction (16)" in told["notes"][0]


def test_the_command_speaks_chinese(here, capsys, monkeypatch):
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    code, out, _ = call(capsys, *TABLES, "-o", "town.roads.npz")
    assert code == 0
    assert "已保存" in out
