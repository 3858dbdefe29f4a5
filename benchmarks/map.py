"""The map of a large made-up plan: its size, the time to write and to open it, and to count a choice again.

The peer is Folium with an object for each thing, as its handbook shows it, its scripts and styles put into the page so
that it too opens without a network.
"""

from __future__ import annotations

import re
import shutil
import statistics
import tempfile
import time
from importlib import resources
from pathlib import Path

import folium
import geopandas as gpd
import numpy as np
import shapely
from scipy import sparse
from scipy.spatial import cKDTree
from xstatic.pkg import leaflet

from benchmarks.result import Result
from stationplan.access import network_from_arcs
from stationplan.domain import (
    AimResult,
    Audit,
    Cells,
    Coverage,
    Demand,
    Density,
    Features,
    Group,
    Held,
    Host,
    InputFile,
    LocalText,
    MapOptions,
    Plan,
    Recounted,
    Robustness,
    Scorecard,
    Sites,
    Slot,
    Solution,
    Study,
    StudyArea,
    Surface,
    WhyHere,
)
from stationplan.errors import say
from stationplan.geo import unproject
from stationplan.planning.road_lines import road_lines
from stationplan.webmap import render

CRS = "EPSG:32648"
ACROSS, DOWN, SIDE_M = 250, 200, 500.0
STATIONS, PROPOSED = 7_500, 2_000
ROAD_NODES = 101
DISTRICTS = 20
GROUPS = (("walk", 1000.0), ("ebike", 2000.0), ("ebike", 2000.0), ("car", 2500.0))
SLOTS = (
    ("dawn", 5, 8),
    ("morning", 8, 12),
    ("noon", 12, 14),
    ("afternoon", 14, 18),
    ("evening", 18, 22),
    ("night", 22, 29),
)
HOURS = {"00:00-24:00": "111111", "08:00-18:00": "011100", "06:00-22:00": "111110", "09:00-17:00": "001100"}


def map_sizes(_shared: Path) -> list[Result]:
    """Write the page, open it in Chromium where there is one, and write what Folium makes of the same things."""
    plan = large_plan(np.random.default_rng(5))
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours.html", Path(folder) / "theirs.html"
        seconds = [_timed(lambda: ours.write_text(render(plan), "utf-8")) for _ in range(4)][1:]
        write = statistics.median(seconds)
        size = ours.stat().st_size
        peer_write = _timed(lambda: theirs.write_text(_with_files(per_object(plan)), "utf-8"))
        peer_size = theirs.stat().st_size
        rows = [
            _limited("size of the page", size / 1e6, 2.0, "MB"),
            _limited("time to write it, median of 3", write, 1.0, "s"),
            Result("size", f"{size / 1e6:.2f} MB", f"Folium {peer_size / 1e6:.1f} MB", peer_size / size, "20"),
            Result("time to write", f"{write:.2f} s", f"Folium {peer_write:.1f} s", peer_write / write, "50"),
        ]
        chromium = shutil.which("chromium")
        if chromium is not None:
            opened, switched, counted = _opened(ours, chromium)
            rows += [
                _limited("from opening it to the first click", opened, 2.0, "s"),
                _limited("a site switched, all figures counted and shown", switched, 50.0, "ms"),
                _limited("1,000 sites x 50,000 cells counted from nothing", counted, 50.0, "ms"),
            ]
    return rows


def _limited(case: str, value: float, limit: float, unit: str) -> Result:
    return Result(case, f"{value:.2f} {unit}", f"limit {limit:g} {unit}", limit / value, "1")


def _timed(act: object) -> float:
    begin = time.perf_counter()
    act()  # type: ignore[operator]
    return time.perf_counter() - begin


_WATCH = """new MutationObserver(() => {
  if (document.documentElement.dataset.stationplanReady) window.readyAt ??= performance.now();
}).observe(document, { attributes: true, subtree: true });"""
_SWITCH = """() => {
  const { choice, model } = stationplan.page;
  const times = model.proposed.slice(0, 20).map(({ site }) => {
    const begin = performance.now();
    choice.set([site], false);
    return performance.now() - begin;
  });
  choice.reset();
  return times.sort((a, b) => a - b)[10];
}"""
_COUNT = """() => {
  const { ledger } = stationplan.page.choice;
  const times = [];
  for (let run = 0; run < 5; run++) {
    const fresh = new ledger.constructor(ledger.demand, ledger.cover);
    const begin = performance.now();
    for (let site = 0; site < 1000; site++) fresh.set(site, true);
    fresh.count();
    times.push(performance.now() - begin);
  }
  return times.sort((a, b) => a - b)[2];
}"""


def _opened(path: Path, chromium: str) -> tuple[float, float, float]:
    """Return seconds until the page may be worked with, and milliseconds to switch a site and to count all again."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only this benchmark needs it

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        seconds = []
        for _ in range(3):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.add_init_script(_WATCH)
            page.goto(path.as_uri())
            page.wait_for_selector("html[data-stationplan-ready='1']", state="attached")
            seconds.append(page.evaluate("window.readyAt") / 1000)
        switched, counted = page.evaluate(_SWITCH), page.evaluate(_COUNT)
        browser.close()
    return statistics.median(seconds), switched, counted


# ---- the plan -----------------------------------------------------------------------------------------------------


def large_plan(rng: np.random.Generator) -> Plan:
    """Return a made-up plan of 7,500 stations, 2,000 proposed sites, 50,000 cells and 20,000 road segments."""
    west, south = 300_000.0, 3_300_000.0
    column, row = np.meshgrid(np.arange(ACROSS), np.arange(DOWN))
    x, y = west + (column.ravel() + 0.5) * SIDE_M, south + (row.ravel() + 0.5) * SIDE_M
    outline = shapely.box(x - SIDE_M / 2, y - SIDE_M / 2, x + SIDE_M / 2, y + SIDE_M / 2)
    strip = np.minimum((x - west) // (ACROSS * SIDE_M / DISTRICTS), DISTRICTS - 1).astype(np.int64)
    width = ACROSS * SIDE_M / DISTRICTS
    names = [f"第{i + 1}区" for i in range(DISTRICTS)]
    area = StudyArea(
        gpd.GeoDataFrame(
            {"district_id": names, "name": names, "name_en": names, "prefecture": ["某市"] * DISTRICTS},
            geometry=shapely.box(
                west + np.arange(DISTRICTS) * width,
                south,
                west + np.arange(1, DISTRICTS + 1) * width,
                south + DOWN * SIDE_M,
            ),
            crs=CRS,
        )
    )
    groups = tuple(
        Group(f"group{i}", LocalText(f"群体{i}", f"Group {i}"), mode, 15.0, metres)
        for i, (mode, metres) in enumerate(GROUPS)
    )
    slots = tuple(Slot(key, LocalText(key, key), start * 60, end * 60) for key, start, end in SLOTS)
    heads = rng.lognormal(0.5, 1.0, (len(x), len(groups)))
    profile = rng.dirichlet(np.ones(len(slots)), len(groups))
    ids = tuple(f"{i}" for i in range(len(x)))
    demand = Demand(ids, x, y, strip, heads[:, :, None] * profile, groups, slots)
    sites = _sites(rng, west, south, slots)
    coverage = _coverage(demand, sites)
    standing = sites.existing.astype(np.int32)
    before, after = (
        _stations(demand, coverage, coverage.cover @ stands) for stands in (standing, np.ones_like(standing))
    )
    chosen = np.flatnonzero(~sites.existing)
    gains = np.zeros((len(groups), len(slots)))
    cells = Cells(ids, x, y, strip, np.asarray(outline, dtype=object), {})
    features = Features((), (), (), np.empty((len(x), 0)), ())
    study = Study(
        name=LocalText("大型方案", "A large plan"),
        notice=None,
        synthetic=True,
        area=area,
        part=(),
        notes=(),
        scenario_toml="",
        scenario_fingerprint="",
        inputs=(InputFile("scenario.toml", "", "scenario", ""),),
        quality=(),
        datums=(),
        sources=("made up 2026",),
        map_options=MapOptions(),
        timings_s={},
    )
    surface = Surface(cells, features, None, (), tuple(None for _ in groups), heads, None, ())  # type: ignore[misc]
    return Plan(
        density=Density(study, surface, demand),
        roads=road_lines(_network(rng, west, south)),
        straight=np.zeros(len(area.districts), dtype=bool),
        sites=sites,
        hosts=(Host("bank", LocalText("银行网点", "Bank branch")), Host("fuel", LocalText("加油站", "Petrol station"))),
        actions={},
        coverage=coverage,
        aim=AimResult("coverage", say("most workers covered"), say("Proven."), (), leads=False),
        solution=Solution(chosen, 1.0, 1.0, 0.0, "optimal", "", 0.0, np.empty(0, dtype=np.int64)),
        phase_names=(),
        frontier=(),
        recounted=Recounted(before, after, None, None),
        share_ranges=None,
        why=tuple(
            WhyHere(
                site=int(site),
                gained=gains,
                alone=gains,
                served=gains[:, 0],
                served_today=gains[:, 0],
                today_min=np.full(len(groups), np.nan),
                today_none=gains[:, 0],
                nearest_existing=int(site) % STATIONS,
                nearest_existing_min=12.5,
                replacement=int(chosen[0]),
                replacement_loss=3.25,
                replacement_breaks=None,
                removal_loss=0.0,
                held=Held("gain"),
            )
            for site in chosen
        ),
        why_not=(),
        served=None,
        audit=Audit(*(np.empty(0, dtype=kind) for kind in (int, float, float, float, float, float, bool, int))),
        scorecard=Scorecard(15.0, 1000.0, before, after, ()),
        robustness=Robustness(np.full(len(chosen), np.nan), 0, 0, 0),
        counts={},
    )


def _sites(rng: np.random.Generator, west: float, south: float, slots: tuple[Slot, ...]) -> Sites:
    count = STATIONS + PROPOSED
    hours = rng.choice(list(HOURS), count)
    x = west + rng.random(count) * ACROSS * SIDE_M
    existing = np.arange(count) < STATIONS
    none = np.zeros(count, dtype=bool)
    return Sites(
        site_id=tuple(f"S{i:05d}" for i in range(count)),
        name=tuple(f"某区第{i}号工会驿站" for i in range(count)),
        address=tuple(f"某区某某路{i % 400}号" for i in range(count)),
        x=x,
        y=south + rng.random(count) * DOWN * SIDE_M,
        existing=existing,
        kind=tuple(rng.choice(["standard", "micro"], count).tolist()),
        host=tuple(rng.choice(["bank", "fuel"], count).tolist()),
        hours=tuple(hours.tolist()),
        open=np.array([[mark == "1" for mark in HOURS[text]] for text in hours]),
        serves=np.ones((count, len(GROUPS)), dtype=bool),
        cost=np.where(existing, 0.0, 6000.0),
        required=none,
        forbidden=none,
        preferred=none,
        closable=existing,
        counted=~existing,
        place=np.arange(count),
        action=("",) * count,
        district=np.minimum((x - west) // (ACROSS * SIDE_M / DISTRICTS), DISTRICTS - 1).astype(np.int64),
    )


def _coverage(demand: Demand, sites: Sites) -> Coverage:
    """Straight distances instead of roads: what is measured here is the page."""
    cells = cKDTree(np.column_stack([demand.x, demand.y]))
    places = cKDTree(np.column_stack([sites.x, sites.y]))
    blocks, where = [], []
    for g, (_, metres) in enumerate(GROUPS):
        near = cells.sparse_distance_matrix(places, metres, output_type="ndarray")
        for s in range(len(demand.slots)):
            works = sites.open[near["j"], s]
            pair = (near["i"][works], near["j"][works])
            shape = (len(demand.x), len(sites))
            blocks.append(sparse.csr_array((np.ones(len(pair[0]), dtype=bool), pair), shape=shape))
            where.append(np.column_stack([np.arange(len(demand.x)), *np.full((2, len(demand.x)), [[g], [s]])]))
    cell, group, slot = np.concatenate(where).T
    cover = sparse.csr_array(sparse.vstack(blocks, format="csr"))
    return Coverage(cell, group, slot, demand.workers[cell, group, slot], cover)


def _stations(demand: Demand, coverage: Coverage, counts: np.ndarray) -> np.ndarray:
    stations = np.zeros(demand.workers.shape, dtype=np.int32)
    stations[coverage.cell, coverage.group, coverage.slot] = counts
    return stations


def _network(rng: np.random.Generator, west: float, south: float) -> object:
    """A lattice of streets, bent at random: 20,200 segments."""
    u, v = np.meshgrid(np.arange(ROAD_NODES), np.arange(ROAD_NODES))
    x = west + (u.ravel() / (ROAD_NODES - 1) + rng.normal(0, 0.002, u.size)) * ACROSS * SIDE_M
    y = south + (v.ravel() / (ROAD_NODES - 1) + rng.normal(0, 0.002, u.size)) * DOWN * SIDE_M
    node = np.arange(u.size).reshape(u.shape)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    lon, lat = unproject(x, y, CRS)
    minutes = np.hypot(x[tail] - x[head], y[tail] - y[head]) / 75
    both = (np.concatenate([tail, head]), np.concatenate([head, tail]))
    return network_from_arcs(lon, lat, *both, minutes={"walk": np.concatenate([minutes, minutes])})


# ---- the peer -----------------------------------------------------------------------------------------------------


def per_object(plan: Plan) -> str:
    """Return the same things as objects of Folium, each with its name."""
    page = folium.Map(tiles=None, prefer_canvas=True)
    sites = plan.sites
    lon, lat = unproject(sites.x, sites.y, CRS)
    for i in range(len(sites)):
        marker = folium.CircleMarker if sites.existing[i] else folium.Marker
        marker([lat[i], lon[i]], popup=sites.name[i]).add_to(page)
    workers = plan.demand.workers.sum(axis=(1, 2))
    for outline, number in zip(plan.density.surface.cells.outline, workers, strict=True):
        ring = np.column_stack(unproject(*np.array(outline.exterior.coords.xy), CRS)[::-1])
        folium.Polygon(ring.round(5).tolist(), tooltip=f"{number:.1f}").add_to(page)
    for line in plan.roads.in_degrees():
        folium.PolyLine(line[:, ::-1].tolist()).add_to(page)
    return str(page.get_root().render())


def _with_files(html: str) -> str:
    """Put Leaflet into the page in place of the addresses that Folium names; its other files are left out."""
    files = {
        name: resources.files(leaflet).joinpath(f"data/leaflet.{name}").read_text("utf-8") for name in ("js", "css")
    }
    html = re.sub(r"<(script|link)[^>]*(?:src|href)=\"https:[^>]*>(</script>)?", "", html)
    return html.replace("<head>", f"<head><style>{files['css']}</style><script>{files['js']}</script>", 1)
