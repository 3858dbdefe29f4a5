"""The village, small enough to plan by hand.

One road of twelve nodes, 500 m apart, with (node + 1) * 10 workers at each. Its workers walk at most 1000 m and 15
minutes, so a site serves two nodes to each side. One station is at node 0.
"""

from __future__ import annotations

import json

import shapely

import stationplan as sp
from stationplan.domain import Plan

VILLAGE = """
schema = 1
name = "Village"
[area]
file = "districts.geojson"
datum = "wgs84"
[roads]
nodes = "nodes.csv"
edges = "edges.csv"
datum = "wgs84"
min_component_nodes = 1
[demand]
file = "cells.csv"
datum = "wgs84"
[stations]
file = "stations.csv"
datum = "wgs84"
[candidates]
file = "candidates.csv"
datum = "wgs84"
[plan]
PLAN
[slots.day]
name = "Day"
hours = "08:00-18:00"
[groups.walker]
name = "Walkers"
mode = "walk"
cutoff_min = 15.0
cutoff_m = 1000.0
workers = { population = 1.0 }
profile = { day = 1.0 }
"""

NODES = 12

CANDIDATES = {"C1": 3, "C2": 6, "C3": 9, "C4": 11, "C5": 1}

COSTS = {"C1": 100.4, "C2": 300.0, "C3": 700.0, "C4": 200.0, "C5": 50.0}

WORKERS = [(node + 1) * 10 for node in range(NODES)]

TOTAL = sum(WORKERS)


def longitude(node):
    return f"{104 + node * 0.005:.4f}"


def village(folder, plan, *, cut=None):
    """Write the village, its western half and its eastern half being districts; ``cut`` leaves one road out."""
    folder.mkdir(parents=True, exist_ok=True)

    def table(name, header, rows):
        (folder / name).write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")

    table("nodes.csv", "node_id,lon,lat", [(node, longitude(node), "30") for node in range(NODES)])
    table(
        "edges.csv",
        "u,v,highway,length_m",
        [(node, node + 1, "residential", 500) for node in range(NODES - 1) if node != cut],
    )
    table("cells.csv", "id,lon,lat,population", [(f"N{n}", longitude(n), "30", WORKERS[n]) for n in range(NODES)])
    table("stations.csv", "id,name,lon,lat,hours", [("S", "Old", longitude(0), "30", "24小时")])
    table(
        "candidates.csv",
        "id,name,lon,lat,hours,cost",
        [(key, key, longitude(node), "30", "08:00-18:00", COSTS[key]) for key, node in CANDIDATES.items()],
    )
    halves = [
        {
            "type": "Feature",
            "properties": {"code": name, "name": name, "prefecture": "P"},
            "geometry": shapely.geometry.mapping(shapely.box(west, 29.99, east, 30.01)),
        }
        for name, west, east in (("West", 103.99, 104.0275), ("East", 104.0275, 104.07))
    ]
    (folder / "districts.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": halves}))
    (folder / "village.toml").write_text(VILLAGE.replace("PLAN", plan), encoding="utf-8")
    return folder / "village.toml"


def plan_of(folder, plan, **options) -> Plan:
    return sp.run(sp.load_scenario(village(folder, plan, **options)))


def served(*sites):
    """The workers within two nodes of any of the sites, counted on the fingers."""
    places = [0 if site == "S" else CANDIDATES[site] for site in sites]
    return sum(workers for node, workers in enumerate(WORKERS) if any(abs(node - place) <= 2 for place in places))


def names(plan):
    return [plan.sites.site_id[site] for site in plan.chosen]


def straight_village(folder, plan="new = 2", *, roads="none", candidates=None):
    """The village with ``missing = "straight"``: without roads, or with those of its western half only."""
    path = village(folder, plan)
    text = path.read_text("utf-8")
    head, rest = text.split("[roads]\n")
    given, tail = rest.split("[demand]\n")
    if roads == "none":
        given = ""
    elif roads == "west":  # nodes 0 to 4; the border lies between 5 and 6
        rows = (folder / "edges.csv").read_text("utf-8").splitlines()
        (folder / "edges.csv").write_text("\n".join(rows[:5]) + "\n")
    if candidates is not None:
        before, after = tail.split("[candidates]\n")
        tail = before + candidates + after[after.index("[plan]") :]
    path.write_text(f'{head}[roads]\nmissing = "straight"\n{given}[demand]\n{tail}', encoding="utf-8")
    return sp.load_scenario(path)
