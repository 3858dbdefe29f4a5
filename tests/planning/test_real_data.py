"""Real places: Porto Alegre from open data, and streets of Chengdu; skipped aloud where the data is absent."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from support.environment import ROOT
from support.map_block import block_of

import stationplan as sp
from stationplan.access.network import network_of
from stationplan.inputs import read_roads
from stationplan.report import document


@pytest.fixture(scope="module")
def chengdu(shared_data) -> sp.StudyPlan:
    scenario = sp.load_scenario(ROOT / "examples/chengdu-yulin.toml", data=shared_data / "roads/chengdu-yulin")
    return sp.run(scenario)


def test_all_people_and_jobs_of_porto_alegre_count_once(porto_alegre, shared_data):
    with (shared_data / "porto-alegre/poa_hexgrid.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    people, jobs = (sum(float(row[key] or 0) for row in rows) for key in ("population", "jobs"))
    assert (people, jobs) == (812_935, 337_921)
    groups = sp.load_scenario(ROOT / "examples/porto-alegre.toml").file.groups
    for g, group in enumerate(groups.values()):
        expected = people * group.workers["population"] + jobs * group.workers["jobs"]
        assert porto_alegre.demand.workers[:, g].sum() == pytest.approx(expected, rel=1e-12)


def test_porto_alegre_is_planned_and_proven_best(porto_alegre):
    coverage = document(porto_alegre)["coverage"]
    assert porto_alegre.solution.termination == "optimal"
    assert coverage["after"]["workers"] > coverage["before"]["workers"] > 0
    assert porto_alegre.solution.gap < 1e-6
    assert porto_alegre.area.crs == "EPSG:32722"


def test_nothing_of_porto_alegre_is_lost_without_a_count(porto_alegre):
    counts = porto_alegre.counts
    assert counts["cells"] == 1227
    assert counts["cells_outside"] == 0
    assert counts["network_nodes"] > 30_000
    assert counts["unsnapped"] == sum(counts[f"unsnapped_{key}"] for key in ("cells", "existing", "candidates"))
    notes = " ".join(map(str, porto_alegre.study.notes))
    assert f"No road for walking within 500 m of {counts['unsnapped_cells']} cells" in notes
    assert f"{counts['unsnapped_candidates']} candidates." in notes
    assert "poa_osm.pbf have open or incomplete outlines" not in notes  # four places are relations, and stand
    assert "OpenStreetMap" in " ".join(porto_alegre.study.sources)


def test_sites_of_porto_alegre_are_places_of_its_map(porto_alegre):
    sites = document(porto_alegre)["sites"]
    assert len({site["site_id"] for site in sites}) == len(sites) == porto_alegre.counts["proposed"] == 15
    assert all(site["site_id"].split("/")[0] in ("node", "way", "relation") for site in sites)
    assert all(-51.3 < site["lon"] < -51.0 and -30.3 < site["lat"] < -29.9 for site in sites)


def test_all_streets_of_yulin_are_read(chengdu, shared_data):
    folder = shared_data / "roads/chengdu-yulin"
    with (folder / "nodes.csv").open(encoding="utf-8-sig") as file:
        nodes = list(csv.DictReader(file))
    with (folder / "edges.csv").open(encoding="utf-8-sig") as file:
        edges = list(csv.DictReader(file))
    assert (len(nodes), len(edges)) == (459, 852)
    # Nodes of the table come first, in its order; shape points follow.
    assert chengdu.counts["network_nodes"] >= 459
    scenario = sp.load_scenario(ROOT / "examples/chengdu-yulin.toml", data=folder)
    network = network_of(read_roads(scenario), crs=chengdu.area.crs)
    component = network.component["ebike"]
    assert (component[:459] == 0).sum() == 372
    lengths = {row["edge_id"]: float(row["length_m"]) for row in edges}
    both_ways = np.isfinite(network.metres["walk"])
    assert network.metres["walk"][both_ways].sum() <= 2 * sum(lengths.values()) * (1 + 1e-9)


def test_yulin_is_planned_and_proven_best(chengdu):
    coverage = document(chengdu)["coverage"]
    assert chengdu.solution.termination == "optimal"
    assert coverage["after"]["workers"] > coverage["before"]["workers"] > 0
    assert chengdu.counts["proposed"] == len(chengdu.chosen) == 6
    assert chengdu.area.crs == "EPSG:32648"
    assert all(104.0 < site["lon"] < 104.2 and 30.5 < site["lat"] < 30.7 for site in document(chengdu)["sites"])


def test_the_examples_say_where_their_roads_come_from(chengdu, porto_alegre, tmp_path):
    for number, plan in enumerate((chengdu, porto_alegre)):
        plan.save(tmp_path / str(number))
        manifest = json.loads((tmp_path / str(number) / "manifest.json").read_text("utf-8"))
        assert "OpenStreetMap" in " ".join(manifest["sources"])
        assert "OpenStreetMap" in (tmp_path / str(number) / "report.html").read_text("utf-8")
        assert "OpenStreetMap" in " ".join(block_of(plan).content["sources"])
