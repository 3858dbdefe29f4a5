"""The datum of an input in a study: declared, doubted, or shown by evidence, and recorded with the reason."""

from __future__ import annotations

import csv
import json

import pytest

import stationplan as sp
from stationplan.errors import InputError
from stationplan.geo import unproject, wgs84_to_gcj02
from stationplan.inputs import decide_datums, read_roads, read_tables


def changed(folder, old, new):
    path = folder / "scenario.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return sp.load_scenario(path)


def shift_candidates(folder):
    """Put the demo's candidates, which are at roads, into GCJ-02."""
    path = folder / "candidates.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = csv.reader(stream)
    x, y = header.index("经度"), header.index("纬度")
    for row in rows:
        lon, lat = wgs84_to_gcj02(float(row[x]), float(row[y]))
        row[x], row[y] = f"{float(lon):.6f}", f"{float(lat):.6f}"
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


CANDIDATES = 'file = "candidates.csv"\ndatum = "wgs84"'


def test_evidence_decides_where_it_was_asked_for_and_the_manifest_says_why(demo_folder, tmp_path, demo_plan):
    shift_candidates(demo_folder)
    plan = sp.run(changed(demo_folder, CANDIDATES, 'file = "candidates.csv"\ndatum = "evidence"'))
    # Six decimals are 0.1 m: the sites are where they were.
    assert plan.sites.x == pytest.approx(demo_plan.sites.x, abs=0.2)
    assert plan.sites.y == pytest.approx(demo_plan.sites.y, abs=0.2)
    plan.save(tmp_path / "out")
    manifest = json.loads((tmp_path / "out/manifest.json").read_text("utf-8"))
    (decision,) = [item for item in manifest["datums"] if item["role"] == "candidates"]
    assert (decision["declared"], decision["used"]) == ("evidence", "gcj02")
    medians = decision["medians_m"]
    assert medians["gcj02"] < min(medians["wgs84"], medians["bd09"])
    assert "Median distance of 300 points" in decision["reason"]


def test_a_datum_that_the_roads_contradict_is_used_and_doubted(demo_folder):
    shift_candidates(demo_folder)
    plan = sp.run(changed(demo_folder, "new = 20", "new = 1"))
    (decision,) = [item for item in plan.study.datums if item.role == "candidates"]
    assert (decision.used, decision.doubtful) == ("wgs84", True)
    assert any("The datum of candidates is uncertain." in str(note) for note in plan.study.notes)


def test_evidence_that_shows_nothing_is_refused(demo_folder):
    text = (demo_folder / "candidates.csv").read_text("utf-8-sig").splitlines()
    (demo_folder / "candidates.csv").write_text("\n".join(text[:6]) + "\n", "utf-8-sig")
    changed(demo_folder, "new = 20", "new = 1")
    scenario = changed(demo_folder, CANDIDATES, 'file = "candidates.csv"\ndatum = "evidence"')
    with pytest.raises(InputError) as caught:
        sp.run(scenario)
    (fault,) = caught.value.faults
    assert (fault.file, fault.key) == ("candidates.csv", "candidates.datum")
    assert "The datum cannot be determined" in str(fault.what)
    assert "gcj02" in str(fault.cure)


@pytest.mark.parametrize("datum", ["wgs84", "gcj02"])
def test_known_points_show_the_datum_of_boundaries(demo_folder, demo_plan, datum):
    """Points along the outlines, 100 m inside their districts, show which boundaries are shifted."""
    districts = demo_plan.area.districts
    rows = []
    for code, shape in zip(districts["district_id"], districts.geometry, strict=True):
        ring = shape.buffer(-100).exterior
        points = [ring.interpolate(i / 40, normalized=True) for i in range(40)]
        rows += [(code, point.x, point.y) for point in points]
    lon, lat = unproject([x for _, x, _ in rows], [y for _, _, y in rows], demo_plan.area.crs)
    with (demo_folder / "known.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [("code", "lon", "lat"), *((code, x, y) for (code, _, _), x, y in zip(rows, lon, lat, strict=True))]
        )
    if datum == "gcj02":
        document = json.loads((demo_folder / "districts.geojson").read_text("utf-8"))
        for feature in document["features"]:
            feature["geometry"]["coordinates"] = _moved(feature["geometry"]["coordinates"])
        (demo_folder / "districts.geojson").write_text(json.dumps(document), "utf-8")
    old = 'file = "districts.geojson"\ndatum = "wgs84"'
    new = 'file = "districts.geojson"\ndatum = "evidence"\nknown_points = "known.csv"\nknown_points_datum = "wgs84"'
    scenario = changed(demo_folder, old, new)
    decision = decide_datums(read_tables(scenario), read_roads(scenario))["area"]
    assert decision.used == datum
    assert decision.medians_m[datum] == 0.0


def _moved(coordinates):
    if isinstance(coordinates[0], float | int):
        lon, lat = wgs84_to_gcj02(*coordinates[:2])
        return [float(lon), float(lat)]
    return [_moved(part) for part in coordinates]
