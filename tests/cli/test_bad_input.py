"""Bad input at the command line: exit code 2, every fault with its place and fix, and nothing left behind."""

from __future__ import annotations

import re

import pytest

from stationplan.cli.app import BAD_INPUT, main
from stationplan.text.catalogue import catalogue

OSM_ROADS = 'osm = "town.osm.pbf"'
CSV_ROADS = 'nodes = "roads_nodes.csv"\nedges = "roads_edges.csv"\ndatum = "wgs84"'
ENCODINGS = {"stations.csv": "gb18030", "candidates.csv": "utf-8-sig"}


def change(name, old, new):
    """Replace the first ``old`` of one input file."""

    def spoil(folder):
        encoding = ENCODINGS.get(name, "utf-8")
        text = (folder / name).read_bytes().decode(encoding)
        assert old in text
        (folder / name).write_bytes(text.replace(old, new, 1).encode(encoding))

    return spoil


def field(name, row, column, value):
    """Put ``value`` into a field; rows as in the file, header 1, and columns from 0."""

    def spoil(folder):
        encoding = ENCODINGS.get(name, "utf-8")
        lines = (folder / name).read_bytes().decode(encoding).splitlines()
        fields = lines[row - 1].split(",")
        fields[column] = value
        lines[row - 1] = ",".join(fields)
        (folder / name).write_bytes(("\n".join(lines) + "\n").encode(encoding))

    return spoil


def scenario(old, new):
    return change("scenario.toml", old, new)


def both(*spoilers):
    def spoil(folder):
        for one in spoilers:
            one(folder)

    return spoil


def malformed_pbf(folder):
    (folder / "town.osm.pbf").write_bytes(b"\x00\x00\x00\x0dnot a pbf at all")
    scenario(CSV_ROADS, OSM_ROADS)(folder)


def far_cells(folder):
    (folder / "cells.csv").write_text("cell_id,lon,lat,population,jobs\na,116.4,39.9,5,5\nb,116.5,39.9,5,5\n")


def far_candidates(folder):
    """Candidates at the edge of the city, hundreds of metres from any cell, and open when nobody works."""
    text = (folder / "candidates.csv").read_text(encoding="utf-8-sig").splitlines()
    fields = text[1].split(",")
    fields[7] = "03:00-03:01"
    (folder / "candidates.csv").write_text("\n".join([text[0], ",".join(fields)]) + "\n", encoding="utf-8-sig")
    scenario("new = 20", "new = 1")(folder)


CASES = {
    "unknown key": (scenario("new = 20", "new = 20\nbugdet = 5"), {r"scenario\.toml \[plan\.bugdet\]": "budget"}),
    "TOML syntax": (scenario("new = 20", "new = "), {r"scenario\.toml:\d+:": "TOML"}),
    "missing file": (lambda folder: (folder / "cells.csv").unlink(), {r"scenario\.toml": r"cells\.csv.*--data"}),
    "missing files": (
        both(*(lambda folder, name=name: (folder / name).unlink() for name in ("cells.csv", "roads_nodes.csv"))),
        {r"scenario\.toml.*cells": "--data", r"scenario\.toml.*roads_nodes": "--data"},
    ),
    "missing column": (change("cells.csv", "population", "people"), {r"cells\.csv:1:": "population.*people"}),
    "NaN and negative demand": (
        both(field("cells.csv", 3, 3, "NaN"), field("cells.csv", 100, 4, "-7")),
        {r"cells\.csv:3: ": "population.*'NaN'", r"cells\.csv:100: ": "jobs.*-7"},
    ),
    "unknown CRS": (scenario("[area]", '[area]\ncrs = "EPSG:99999"'), {r"\[area\.crs\]": "EPSG:99999.*EPSG:32648"}),
    "geographic CRS": (scenario("[area]", '[area]\ncrs = "EPSG:4490"'), {r"\[area\.crs\]": "EPSG:4490.*EPSG:32648"}),
    "duplicate cell": (field("cells.csv", 9, 0, "G0001"), {r"cells\.csv:9: ": "G0001.*2"}),
    "duplicate candidate": (field("candidates.csv", 5, 0, "C001"), {r"candidates\.csv:5: ": "C001.*2"}),
    "station and candidate": (field("candidates.csv", 5, 0, "S001"), {r"scenario\.toml \[candidates\]": "S001"}),
    "empty area": (far_cells, {r"cells\.csv: ": "datum|坐标系"}),
    "no candidate in reach": (far_candidates, {r"scenario\.toml \[candidates\]": "datum|坐标系"}),
    "too many sites": (scenario("new = 20", "new = 301"), {r"scenario\.toml \[plan\.new\]": "301.*300"}),
    "malformed CSV": (
        field("stations.csv", 7, 1, '"a"b'),
        {r"stations\.csv:7: ": "CSV"},
    ),
    "ragged CSV": (
        both(field("stations.csv", 4, 1, "a,b"), field("stations.csv", 9, 1, "a,b")),
        {r"stations\.csv:4: ": "9.*8", r"stations\.csv:9: ": "9.*8"},
    ),
    "malformed PBF": (malformed_pbf, {r"town\.osm\.pbf: ": r"\.osm\.pbf"}),
    "malformed GeoJSON": (
        lambda folder: (folder / "districts.geojson").write_text('{"type": "Feat'),
        {r"districts\.geojson:1: ": "GeoJSON"},
    ),
    "undeclared datum": (
        scenario('file = "stations.csv"\ndatum = "gcj02"', 'file = "stations.csv"'),
        {r"scenario\.toml \[stations\.datum\]": "gcj02.*bd09"},
    ),
    "unreadable hours": (
        both(
            field("candidates.csv", 2, 7, "随缘"),
            scenario("synthetic = true", 'synthetic = true\nunknown_hours = "refuse"'),
        ),
        {r"candidates\.csv:2: ": "随缘.*08:30-12:00"},
    ),
    "unknown host": (
        both(field("candidates.csv", 2, 5, "茶馆"), field("candidates.csv", 2, 8, "")),
        {r"candidates\.csv:2: ": "茶馆.*default_host"},
    ),
    "unknown road": (field("roads_edges.csv", 2, 1, "99999"), {r"roads_edges\.csv:2: ": "99999"}),
    "required and forbidden": (
        scenario("new = 20", 'new = 20\nrequired = ["C001", "S001"]\nforbidden = ["nobody"]'),
        {r"scenario\.toml \[plan\.required\]": "S001", r"scenario\.toml \[plan\.forbidden\]": "nobody"},
    ),
    "several in one scenario": (
        scenario("new = 20", "new = -1\nfloor_share = 2.0\nx = 1\n[groups.sweeper]"),
        {
            r"\[plan\.new\]": "0",
            r"\[plan\.floor_share\]": "1",
            r"\[plan\.x\]": "budget",
            **{rf"\[groups\.sweeper\.{key}\]": "." for key in ("name", "mode", "cutoff_min", "workers")},
        },
    ),
    "several in two tables": (
        both(field("stations.csv", 2, 3, "东经"), field("candidates.csv", 2, 8, "-1")),
        {r"stations\.csv:2: ": "经度.*东经", r"candidates\.csv:2: ": "费用.*-1"},
    ),
    "several in places and people": (
        both(
            field("cells.csv", 2, 3, "?"),
            field("stations.csv", 2, 3, "?"),
            lambda folder: (folder / "districts.geojson").write_text("?"),
        ),
        {r"cells\.csv:2: ": ".", r"stations\.csv:2: ": ".", r"districts\.geojson:1: ": "."},
    ),
}


def refuse(folder, capsys, lang):
    """Run a spoilt scenario; return the lines of the message, faults indented."""
    before = sorted(path.name for path in folder.parent.iterdir())
    with pytest.raises(SystemExit) as caught:
        main(["run", str(folder / "scenario.toml"), "--out", str(folder.parent / "out"), "--lang", lang])
    assert caught.value.code == BAD_INPUT == 2
    assert sorted(path.name for path in folder.parent.iterdir()) == before
    said = capsys.readouterr()
    assert said.out == ""
    return said.err.splitlines()


@pytest.mark.parametrize("case", CASES)
def test_every_fault_is_told_with_place_and_cure_and_nothing_is_written(demo_folder, capsys, case):
    spoil, expected = CASES[case]
    spoil(demo_folder)
    head, *faults = refuse(demo_folder, capsys, "en")
    assert re.findall(r"\d+", head) == [str(len(expected))]
    assert "othing was written" in head
    for place, said in expected.items():
        assert len([line for line in faults if re.search(f"{place}.*{said}", line)]) == 1, (place, said, faults)
    assert len(faults) == len(expected)


def sentences(catalogued):
    """The catalogue's sentences as patterns, placeholders standing for anything."""
    return [re.compile(re.sub(r"\\\{\w+\\\}", ".*?", re.escape(text)), re.DOTALL) for text in catalogued]


ENGLISH = [text for text in catalogue("zh") if len(text.split()) > 2]


@pytest.mark.parametrize("case", CASES)
def test_in_chinese_every_fault_is_a_chinese_sentence(demo_folder, capsys, case):
    spoil, expected = CASES[case]
    spoil(demo_folder)
    head, *faults = refuse(demo_folder, capsys, "zh")
    assert head.startswith(f"输入数据有 {len(expected)} 处错误，未生成任何结果")
    assert len(faults) == len(expected)
    chinese = sentences(catalogue("zh").values())
    for line in faults:
        assert line.rstrip().endswith(("。", "？"))
        assert any(pattern.search(line) for pattern in chinese)
        for pattern in sentences(ENGLISH):
            found = pattern.search(line)
            assert found is None or not re.search(r"[A-Za-z]{3,} [a-z]{2,} [a-z]{2,}", found[0]), (found, line)


def test_faults_past_twenty_are_counted(demo_folder, capsys):
    text = (demo_folder / "cells.csv").read_text()
    header, *rows = text.splitlines()
    spoilt = [row.rsplit(",", 1)[0] + ",-1" if number < 50 else row for number, row in enumerate(rows)]
    (demo_folder / "cells.csv").write_text("\n".join([header, *spoilt]) + "\n")
    head, *faults = refuse(demo_folder, capsys, "en")
    assert "50" in head
    assert [re.match(r"  cells\.csv:(\d+):", line)[1] for line in faults[:20]] == [str(row) for row in range(2, 22)]
    assert "30 more like this one" in faults[20]


def test_a_scenario_that_is_not_there_is_told(tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["run", str(tmp_path / "nowhere.toml"), "--out", str(tmp_path / "out")])
    assert caught.value.code == 2
    assert "nowhere.toml" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("row", [100, 1000])
def test_a_row_number_is_printed_as_a_number(demo_folder, capsys, row):
    # Consoles that draw emoji read ":100:" as a sign.
    field("cells.csv", row, 3, "x")(demo_folder)
    _, fault = refuse(demo_folder, capsys, "en")
    assert fault.startswith(f"  cells.csv:{row}: ")


@pytest.mark.parametrize("text", ["[red]站[/red]", "[/]", "{place}", ":smile:", "%s", "\\"])
def test_text_of_an_input_is_shown_as_it_is(demo_folder, capsys, text):
    both(field("candidates.csv", 2, 5, text), field("candidates.csv", 2, 8, ""))(demo_folder)
    _, fault = refuse(demo_folder, capsys, "en")
    assert repr(text) in fault
