"""Published answers: San Francisco's stores, and the optima of the SJC instances (real data, where it is present)."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest

from stationplan.siting import max_coverage, min_stations, most_coverable

SAN_FRANCISCO_AT_5_KM = [448255, 671938, 791499, 875247, 927402, 941462, 950428, 955113]
"""Covered people (census of 2000) for p = 1..8."""


@pytest.fixture(scope="module")
def san_francisco(shared_data):
    """Network distances in metres [tract x store], and the people of each tract."""
    folder = shared_data / "oracles/sf"
    pairs = pd.read_csv(folder / "SF_network_distance_candidateStore_16_censusTract_205_new.csv")
    tracts = pd.read_csv(folder / "SF_demand_205_centroid_uniform_weight.csv").set_index("NAME")
    distance = pairs.pivot_table(index="DestinationName", columns="name", values="distance")
    people = tracts["POP2000"].loc[distance.index].to_numpy(dtype=float)
    assert distance.shape == (205, 16)
    assert people.sum() == 955_113
    return distance.to_numpy(), people


@pytest.mark.parametrize("p", range(1, 9))
def test_san_francisco_has_its_published_coverage(san_francisco, p):
    distance, people = san_francisco
    solution = max_coverage(distance <= 5000, people, p=p)
    assert solution.objective == SAN_FRANCISCO_AT_5_KM[p - 1]
    assert solution.bound == pytest.approx(SAN_FRANCISCO_AT_5_KM[p - 1], rel=1e-6)
    assert solution.termination == "optimal"
    assert people[(distance[:, solution.sites] <= 5000).any(axis=1)].sum() == solution.objective


@pytest.mark.parametrize("p", range(1, 9))
def test_san_francisco_needs_as_many_sites_for_a_share_as_it_takes_to_cover_it(san_francisco, p):
    distance, people = san_francisco
    reached = SAN_FRANCISCO_AT_5_KM[p - 1] / people.sum()
    answer = min_stations(distance <= 5000, people, target=reached)
    assert (answer.objective, answer.bound, answer.termination) == (p, p, "optimal")
    if p < 8:
        assert min_stations(distance <= 5000, people, target=reached + 1e-6).objective == p + 1


@pytest.mark.parametrize(("cutoff_m", "least"), [(5000, 8), (6000, 5), (8000, 3)])
def test_san_francisco_is_covered_whole_by_the_published_number_of_sites_and_by_no_fewer(
    san_francisco, cutoff_m, least
):
    distance, people = san_francisco
    cover = distance <= cutoff_m
    answer = min_stations(cover, people)
    assert (answer.objective, answer.bound, answer.termination) == (least, least, "optimal")
    assert cover[:, answer.sites].any(axis=1).all()
    assert max_coverage(cover, people, p=least).objective == people.sum()
    assert max_coverage(cover, people, p=least - 1).bound < people.sum()


@pytest.mark.parametrize("cutoff_m", [3000, 4000])
def test_san_francisco_cannot_be_covered_whole_at_a_short_distance(san_francisco, cutoff_m):
    distance, people = san_francisco
    most = people[(distance <= cutoff_m).any(axis=1)].sum()
    assert min_stations(distance <= cutoff_m, people).termination == "infeasible"
    assert most_coverable(distance <= cutoff_m, people) == pytest.approx(most / people.sum())
    assert most < people.sum()
    assert max_coverage(distance <= cutoff_m, people, p=16).objective == most


def test_the_sjc_instances_have_their_published_optima(shared_data):
    folder = shared_data / "oracles/mclp-sjc"
    with (folder / "optima_radius800.csv").open(encoding="utf-8") as stream:
        optima = list(csv.DictReader(stream))
    covers = {}
    for row in optima:
        name = row["instance"]
        if name not in covers:
            x, y, weight = np.loadtxt(folder / f"{name}.txt", skiprows=1, usecols=(0, 1, 2)).T
            assert (len(x), weight.sum()) == (int(row["n"]), int(row["total_demand"]))
            covers[name] = np.hypot(x[:, None] - x, y[:, None] - y) <= float(row["radius"]), weight
        cover, weight = covers[name]
        solution = max_coverage(cover, weight, p=int(row["p"]))
        assert (name, row["p"], solution.objective) == (name, row["p"], float(row["optimum_milp"]))
        assert solution.termination == "optimal"
        assert solution.bound == pytest.approx(solution.objective, rel=1e-6)
    assert len(optima) == 19
