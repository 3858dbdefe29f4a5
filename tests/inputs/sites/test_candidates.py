"""Candidates that no table lists, and candidates that may not be used."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import stationplan as sp
from stationplan.domain import MODES, RoadArcs
from stationplan.errors import InputError
from stationplan.geo import project, unproject, wgs84_to_gcj02
from stationplan.inputs import decide_datums, place, read_roads, read_tables
from stationplan.inputs.sites.candidates import central, junctions

TABLE = '[candidates]\nfile = "candidates.csv"\ndatum = "wgs84"'


def demo(folder, candidates, *, top=""):
    """The demo with other candidates; ``top`` are keys above all tables."""
    path = folder / "scenario.toml"
    text = path.read_text("utf-8")
    assert TABLE in text
    path.write_text(f"{top}\n{text.replace(TABLE, candidates)}", "utf-8")
    return sp.load_scenario(path)


def inputs_of(scenario):
    tables, roads = read_tables(scenario), read_roads(scenario)
    if tables.faults:
        raise InputError(tables.faults)
    return place(tables, decide_datums(tables, roads), roads, scenario)


def spots(inputs):
    """Eastings and northings of existing stations and of candidates."""
    sites = inputs.sites
    xy = np.column_stack([sites.x, sites.y])
    return xy[sites.existing], xy[~sites.existing]


def arcs(pairs, nodes):
    tail, head = np.array(pairs, dtype=np.int64).T
    return RoadArcs(
        np.zeros(nodes),
        np.zeros(nodes),
        np.concatenate([tail, head]),
        np.concatenate([head, tail]),
        np.ones(2 * len(tail)),
        {mode: np.ones(2 * len(tail)) for mode in MODES},
        np.full(2 * len(tail), -1, dtype=np.int8),
        "",
        "",
    )


def test_a_junction_has_three_neighbours_on_foot():
    # A path 0-1-2 with a branch at 1, and a loop and a twin arc that make no junction.
    assert junctions(arcs([(0, 1), (1, 2), (1, 3), (2, 2), (2, 1)], 4)).tolist() == [1]


@given(
    st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=1, max_size=30), st.sampled_from([5.0, 20.0])
)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_each_square_that_holds_points_gives_its_most_central_one(points, side):
    x, y = np.array(points).T
    chosen = central(x, y, side)
    square = [(np.floor(a / side), np.floor(b / side)) for a, b in points]
    off = [np.hypot(a - (i + 0.5) * side, b - (j + 0.5) * side) for (a, b), (i, j) in zip(points, square, strict=True)]
    assert sorted(square[i] for i in chosen) == sorted(set(square))
    assert all(off[i] <= min(off[j] for j in range(len(points)) if square[j] == square[i]) + 1e-9 for i in chosen)


def test_grid_stands_for_every_junction_in_the_districts(demo_folder):
    scenario = demo(demo_folder, "", top='candidates = "grid"')
    inputs = inputs_of(scenario)
    roads = read_roads(scenario)
    x, y = project(roads.lon, roads.lat, inputs.area.crs)
    node = junctions(roads)
    inside = shapely.contains_xy(inputs.area.districts.union_all(), x[node], y[node])
    _, candidates = spots(inputs)
    assert len(candidates) == inside.sum() > 1000
    assert {tuple(xy) for xy in candidates.round(3)} == {
        tuple(xy) for xy in np.column_stack([x[node], y[node]])[inside].round(3)
    }
    assert set(inputs.sites.host[80:]) == {"union_built"}
    assert len(set(inputs.sites.site_id)) == len(inputs.sites)


def test_a_spacing_thins_the_junctions_and_the_plan_runs(demo_folder):
    scenario = demo(demo_folder, '[candidates]\ngrid = true\nspacing_m = 500.0\ndefault_host = "fuel"')
    plan = sp.run(scenario)
    _, candidates = spots(plan)
    squares = {tuple(xy) for xy in np.floor(candidates / 500)}
    assert len(squares) == len(candidates)
    assert 100 < len(candidates) < 600
    assert plan.solution.termination == "optimal"
    assert all(plan.sites.site_id[site].startswith("junction/") for site in plan.chosen)


def test_a_grid_needs_a_host_and_stands_alone(demo_folder):
    with pytest.raises(InputError, match="default_host"):
        demo(demo_folder, "[candidates]\ngrid = true")


def test_a_grid_and_a_file_are_two_sources(demo_folder):
    with pytest.raises(InputError, match="one of `file`, `osm` or `grid`"):
        demo(demo_folder, TABLE + '\ngrid = true\ndefault_host = "fuel"')


def test_candidates_near_existing_stations_are_set_aside_with_their_rows(demo_folder):
    inputs = inputs_of(demo(demo_folder, TABLE + "\nmin_distance_m = 400.0"))
    existing, candidates = spots(inputs)
    gaps = np.hypot(*(candidates[:, None] - existing[None]).transpose(2, 0, 1)).min(axis=1)
    assert gaps.min() >= 400
    (quality,) = [item for item in inputs.quality if item.role == "candidates"]
    near = [finding for finding in quality.findings if finding.code == "too_near"]
    assert quality.kept == len(candidates) == 300 - len(near)
    assert all(finding.action == "set_aside" and finding.row is not None for finding in near)
    assert f"Candidates too close to an existing station, excluded: {len(near)}." in map(str, inputs.notes)


@pytest.mark.parametrize("datum", ["wgs84", "gcj02"])
def test_candidates_in_forbidden_areas_are_set_aside(demo_folder, datum):
    before = inputs_of(demo(demo_folder, TABLE))
    _, candidates = spots(before)
    park = shapely.Point(*np.median(candidates, axis=0)).buffer(1500)
    lon, lat = unproject(*np.array(park.exterior.coords).T, before.area.crs)
    ring = np.column_stack(wgs84_to_gcj02(lon, lat) if datum == "gcj02" else (lon, lat))
    feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(shapely.Polygon(ring))}
    (demo_folder / "parks.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    keys = f'\nforbidden_areas = "parks.geojson"\nforbidden_datum = "{datum}"'
    (demo_folder / "scenario.toml").write_text(
        (demo_folder / "scenario.toml").read_text("utf-8").replace(TABLE, TABLE + keys), "utf-8"
    )
    after = inputs_of(sp.load_scenario(demo_folder / "scenario.toml"))
    inside = shapely.contains_xy(park, *candidates.T)
    assert 0 < inside.sum() < 300
    assert len(spots(after)[1]) == 300 - inside.sum()


def test_forbidden_areas_need_a_datum(demo_folder):
    with pytest.raises(InputError, match="not declared"):
        demo(demo_folder, TABLE + '\nforbidden_areas = "parks.geojson"')
