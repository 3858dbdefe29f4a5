"""A plan as the data block of its map: what the page shows, and what it needs to recompute coverage."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Sequence
from importlib import resources
from itertools import pairwise

import numpy as np
import shapely
from scipy import sparse

from stationplan.domain import BoolArray, Density, FloatArray, IntArray, Language, MapOptions, Plan, RoadLines
from stationplan.errors import ConsistencyError
from stationplan.figures.coverage import Change, by_district, by_group, by_slot, overall
from stationplan.geo import unproject, wgs84_to_gcj02
from stationplan.scenario import PlanInput
from stationplan.text.catalogue import template_in, translate, words
from stationplan.text.names import district_name, host_names, kind_names, site_name
from stationplan.text.reasons import broken_by, chosen_in_draws, held_by, today_ways, why_not_facts
from stationplan.webmap.packing import SCALE, Json, Packer
from stationplan.webmap.tiles import tiles_of

VERSION = 4
"""Version of the content of a block; increase it with every change."""

_DISTRICT_TOLERANCE_M = 10.0
_LARGEST_ERROR = 0.2
"""Tolerated error (workers) of the rounding of all cells together, as three standard deviations."""


def data_block(plan: Plan, lang: Language) -> str:
    """Return the plan as a block of :mod:`stationplan.webmap.packing`."""
    packer = Packer()
    return packer.block(_content(plan, lang, packer))


def labels(lang: Language) -> dict[str, str]:
    """Return the labels of the page in one language, by the keys used in its scripts."""
    text = resources.files("stationplan").joinpath("webmap/assets/labels.json").read_text("utf-8")
    english: dict[str, str] = json.loads(text)
    return {key: template_in(label, lang) for key, label in english.items()}


def marks(options: MapOptions, lang: Language, *, synthetic: bool) -> list[str]:
    """Return the marks of every map: that its data are synthetic, if so, and its review number or "internal use"."""
    word = words(lang)
    made_up = [word("Synthetic data, not for decisions")] if synthetic else []
    number = options.review_number
    return [*made_up, word("Map review number: {number}", number=number) if number else word("Internal use")]


def _straight_mark(plan: Plan, lang: Language) -> list[str]:
    """Return the mark of a map with districts without roads; empty if all have roads."""
    count = int(plan.straight.sum())
    if not count:
        return []
    return [
        words(lang)(
            "Straight-line distances (no roads): {count} of {all} districts", count=count, all=len(plan.straight)
        )
    ]


def sources(made: Density, lang: Language) -> list[str]:
    """Return the sources of roads and demand, as far as they are known, with dates if given."""
    word, surface = words(lang), made.surface
    given = [count.source for count in surface.cells.counts.values()]
    given += [observed.source for observed in surface.observed]
    given += [surface.totals.source] if surface.totals is not None else []
    named = ", ".join(dict.fromkeys(filter(None, given)))
    return [
        *(word("Roads: {source}", source=source) for source in made.study.sources),
        *([word("Workers: {source}", source=named)] if named else []),
    ]


def _content(plan: Plan, lang: Language, packer: Packer) -> Json:
    word = words(lang)
    demand, sites = plan.demand, plan.sites
    # Stations outside the districts are drawn, but do not extend the initial view.
    standing = np.concatenate([np.flatnonzero(sites.existing & (sites.district >= 0)), plan.chosen])
    lon, lat = unproject(
        np.concatenate([demand.x, sites.x[standing]]), np.concatenate([demand.y, sites.y[standing]]), plan.area.crs
    )
    names = [district_name(plan, i, lang) for i in range(len(plan.area.districts))]
    shapes = shapely.simplify(plan.area.districts.geometry.to_numpy(), _DISTRICT_TOLERANCE_M)
    return {
        "version": VERSION,
        "lang": lang,
        "title": plan.study.name.in_language(lang),
        "subtitle": plan.study.notice.in_language(lang) if plan.study.notice is not None else "",
        "marks": [*marks(plan.study.map_options, lang, synthetic=plan.study.synthetic), *_straight_mark(plan, lang)],
        "watermark": "" if plan.study.map_options.review_number else word("Internal use"),
        "tiles": tiles_of(plan.study.map_options),
        "sources": sources(plan.density, lang),
        "text": labels(lang),
        "certainty": translate(plan.aim.proof, lang),
        "scenario": plan.study.inputs[0].path,
        "only": list(plan.study.part),
        "reset": reset_keys(plan.study.scenario_toml),
        "bounds": [[float(lat.min()), float(lon.min())], [float(lat.max()), float(lon.max())]],
        "scale": SCALE,
        "groups": [{"id": group.id, "name": group.name.in_language(lang)} for group in demand.groups],
        "slots": [
            {"id": slot.id, "name": slot.name.in_language(lang), "hours": _hours(slot.start_min, slot.end_min)}
            for slot in demand.slots
        ],
        "hosts": list(host_names(plan, lang).values()),
        "kinds": list(kind_names(lang).values()),
        "phases": [name.in_language(lang) for name in plan.phase_names],
        "counted": {
            "all": _counts([overall(plan)]),
            "district": _counts(by_district(plan)),
            "group": _counts(by_group(plan)),
            "slot": _counts(by_slot(plan)),
        },
        "districts": {
            "name": names,
            "prefecture": [str(name) for name in plan.area.districts["prefecture"]],
            "outline": packer.polygons(shapes, plan.area.crs),
        },
        "cells": _cells(plan, packer),
        "bands": _bands(plan.scorecard.walk_min),
        "roads": _roads(plan.roads, packer),
        "sites": _sites(plan, lang, packer),
        "cover": _cover(plan, packer),
        "proposed": [_proposed(plan, order, lang) for order in range(len(plan.chosen))],
        "why_not": {str(case.site): why_not_facts(plan, case, lang) for case in plan.why_not},
    }


def _hours(start: int, end: int) -> str:
    return "-".join(f"{minutes // 60 % 24:02d}:{minutes % 60:02d}" for minutes in (start, end))


def _counts(changes: Sequence[Change]) -> list[list[float]]:
    """Return for each part: all workers, covered and cross-covered today, covered and cross-covered with the plan."""
    return [
        [
            change.before.total,
            change.before.workers,
            change.before.cross_workers,
            change.after.workers,
            change.after.cross_workers,
        ]
        for change in changes
    ]


def reset_keys(scenario: str) -> list[str]:
    """Return TOML lines of ``[plan]`` that reset keys to defaults, so that a reader's own choice is only evaluated."""
    given = tomllib.loads(scenario).get("plan", {})
    usual = PlanInput()
    lines = {
        "aim": f'"{usual.aim}"',
        "phases": "[]",
        "budget": "1e12",
        "preferred": "[]",
        "preferred_workers": "0",
        "keep_coverage": "false",
        "min_spacing_m": "0",
        "target_share": "0",
        "cross_target_share": "0",
        "floor_share": "0",
        "frontier": "[]",
    }
    return [f"{key} = {value}" for key, value in lines.items() if key in given and given[key] != getattr(usual, key)]


def _cells(plan: Plan, packer: Packer) -> Json:
    """Pack cells: outlines, districts, and workers of each group in integer fractions of a worker."""
    demand = plan.demand
    heads, share = _separated(demand.workers)
    parts = 10 ** max(2, math.ceil(math.log10(math.sqrt(heads.size / 12) * 3 / _LARGEST_ERROR)))
    whole = np.rint(heads * parts).astype(np.int64)
    return {
        "outline": packer.cells(plan.density.surface.cells.outline, plan.area.crs),
        "district": packer.steps(demand.district),
        "parts": parts,
        "heads": [packer.add(whole[:, group]) for group in range(len(demand.groups))],
        "share": share.tolist(),
    }


def _separated(workers: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return workers, [cell, group], and the share of each slot, [group, slot], whose product is ``workers``."""
    heads = workers.sum(axis=2)
    total = heads.sum(axis=0)[:, None]
    share = np.divide(workers.sum(axis=0), total, out=np.zeros(workers.shape[1:]), where=total > 0)
    if not np.allclose(heads[:, :, None] * share, workers, rtol=1e-9, atol=1e-9):
        raise ConsistencyError("a group's day is split alike in all cells")
    return heads, share


def _roads(roads: RoadLines, packer: Packer) -> Json:
    """Pack roads: points, junctions, and walking seconds in both directions."""
    steps = np.diff(roads.junctions, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    return {
        "major": roads.major,
        "junctions": packer.add(steps.ravel()),
        "from": packer.steps(roads.ends[:, 0]),
        "to": packer.add(roads.ends[:, 1] - roads.ends[:, 0]),
        "sizes": packer.add(roads.sizes),
        "points": packer.add(roads.inner.ravel()),
        "forth": packer.add(roads.seconds[:, 0]),
        "back": packer.add(roads.seconds[:, 1] - roads.seconds[:, 0]),
    }


def _sites(plan: Plan, lang: Language, packer: Packer) -> Json:
    """Pack all sites, one array per attribute."""
    sites = plan.sites
    lon, lat = unproject(sites.x, sites.y, plan.area.crs)
    gcj_lon, gcj_lat = wgs84_to_gcj02(lon, lat)
    hosts, kinds = [host.id for host in plan.hosts], list(kind_names(lang))
    hours = list(dict.fromkeys(sites.hours))
    # Of the measures at a place, the map shows the plain station, proposed ones, and those of `[plan] explain`.
    shown = np.array([not action for action in sites.action])
    shown[plan.chosen] = True
    shown[[case.site for case in plan.why_not]] = True
    flags = sites.existing + 2 * sites.counted + 4 * sites.forbidden + 8 * shown + 16 * sites.extends
    return {
        "id": list(sites.site_id),
        "name": [site_name(plan, i, lang) for i in range(len(sites))],
        "address": list(sites.address),
        "hour_texts": hours,
        "hours": packer.add(np.array([hours.index(text) for text in sites.hours], dtype=np.int64)),
        "kind": packer.add(np.array([kinds.index(kind) for kind in sites.kind], dtype=np.int64)),
        "host": packer.add(np.array([hosts.index(host) if host in hosts else -1 for host in sites.host])),
        "lat": packer.steps(np.rint(lat * SCALE).astype(np.int64)),
        "lon": packer.steps(np.rint(lon * SCALE).astype(np.int64)),
        # From WGS-84 to GCJ-02; both are 0 where there is no GCJ-02.
        "gcj_lat": packer.steps(np.rint((gcj_lat - lat) * SCALE).astype(np.int64)),
        "gcj_lon": packer.steps(np.rint((gcj_lon - lon) * SCALE).astype(np.int64)),
        "cost": packer.add(np.rint(sites.cost).astype(np.int64)),
        "district": packer.add(sites.district),
        "place": packer.steps(sites.place),
        "flags": packer.add(np.asarray(flags, dtype=np.int64)),
        "open": [packer.add(column) for column in sites.open.T.astype(np.int64)],
        "closed": plan.solution.closed.tolist(),
    }


def _cover(plan: Plan, packer: Packer) -> Json:
    """Pack the cells within the service standard of each group and site, as runs of consecutive cells.

    A site covers the same cells in every slot in which it is open, so they are taken from one such slot.
    """
    coverage, sites = plan.coverage, plan.sites
    groups, slots = len(plan.demand.groups), len(plan.demand.slots)
    works = np.zeros((groups, slots), dtype=bool)
    works[coverage.group, coverage.slot] = True
    usable = sites.open[:, None, :] & works[None, :, :]  # [site, group, slot]
    first = np.where(usable.any(axis=2), usable.argmax(axis=2), -1)
    cover = coverage.cover
    kept = np.zeros(cover.nnz, dtype=bool)
    kind = coverage.group * slots + coverage.slot
    edges = [*np.flatnonzero(np.diff(kind, prepend=-1)), len(kind)]
    for begin, end in pairwise(edges):  # rows of one group and slot are contiguous, so there are few edges
        entries = slice(cover.indptr[begin], cover.indptr[end])
        kept[entries] = (first[:, coverage.group[begin]] == coverage.slot[begin])[cover.indices[entries]]
    row = np.repeat(np.arange(len(kind)), np.diff(np.concatenate([[0], np.cumsum(kept)])[cover.indptr]))
    site = cover.indices[kept]
    shape = (len(plan.demand.cell_id), groups * len(sites))
    pair = coverage.group[row] * len(sites) + site
    covers = sparse.csc_array((np.ones(len(row), dtype=bool), (coverage.cell[row], pair)), shape=shape)
    covers.sort_indices()
    return _runs(covers, len(sites), packer)


def _runs(covers: sparse.csc_array, sites: int, packer: Packer) -> Json:
    """Pack the cells of each pair of group and site; a pair with the cells of the previous group is stored as -1."""
    cell = covers.indices.astype(np.int64)
    pairs = covers.shape[1]
    pair = np.repeat(np.arange(pairs), np.diff(covers.indptr))
    begins = (np.diff(pair, prepend=-1) != 0) | (np.diff(cell, prepend=-2) != 1)
    start = np.flatnonzero(begins)
    length = np.diff(np.append(start, len(cell)))
    of = pair[start]
    count = np.bincount(of, minlength=pairs).astype(np.int64)
    # Cells between two runs of a pair; for the first run, cells from cell 0.
    end = cell[start] + length
    gap = cell[start] - np.where(np.diff(of, prepend=-1) == 0, np.append(0, end[:-1]), 0)
    same = _same_as_before(of, cell[start], length, count, sites)
    keep = ~same[of]
    return {
        "runs": packer.add(np.where(same, -1, count)),
        "gap": packer.add(gap[keep]),
        "length": packer.add(length[keep]),
    }


def _same_as_before(of: IntArray, first: IntArray, length: IntArray, count: IntArray, sites: int) -> BoolArray:
    """Return which pairs have the same runs as the pair of the same site and the previous group."""
    same = np.zeros(len(count), dtype=bool)
    same[sites:] = (count[sites:] == count[:-sites]) & (count[sites:] > 0)
    begin = np.cumsum(count) - count
    run = np.flatnonzero(same[of])
    before = begin[of[run] - sites] + run - begin[of[run]]
    differs = (first[run] != first[before]) | (length[run] != length[before])
    same[of[run[differs]]] = False
    return same


def _bands(walk_min: float) -> list[float]:
    """Return the minutes on foot of the service circle, and two thirds and a third of them, to two digits.

    >>> _bands(15.0), _bands(20.0), _bands(0.5)
    ([15.0, 10.0, 5.0], [20.0, 13.0, 6.7], [0.5, 0.33, 0.17])
    """
    return [walk_min, *(float(f"{walk_min * part / 3:.2g}") for part in (2, 1))]


def _proposed(plan: Plan, order: int, lang: Language) -> Json:
    """Return the data of a proposed site that the page cannot compute; it computes workers gained itself."""
    why = plan.why[order]
    nearest = None
    if why.nearest_existing >= 0:
        nearest = {"name": site_name(plan, why.nearest_existing, lang), "minutes": round(why.nearest_existing_min, 3)}
    replacement = None
    if why.replacement >= 0:
        replacement = {
            "site": why.replacement,
            "loss": round(why.replacement_loss, 4),
            "breaks": broken_by(plan, why.replacement_breaks, lang),
        }
    return {
        "site": int(why.site),
        "phase": int(plan.phase[order]),
        "held": held_by(plan, why.held, lang),
        "nearest": nearest,
        "today": today_ways(why, lang),
        "replacement": replacement,
        "chosen": chosen_in_draws(plan, order, lang),
    }
