"""A plan as the data block of the map page: text as data, geometry packed into integers."""

from __future__ import annotations

import json
import math
import re
from importlib import resources

import numpy as np
import shapely

from stationplan.domain import Language, ObjectArray, Plan, RoadNetwork
from stationplan.geo import unproject
from stationplan.i18n import translate, words
from stationplan.naming import district_name, host_names, kind_names, site_name
from stationplan.reasons import broken_by, held_by, today_ways, why_not_facts
from stationplan.report.metrics import Covered, by_district, certainty, overall, uncovered

SCALE = 100_000
"""Packed coordinates are in 1e-5 degrees, about a metre."""

_ROAD_TOLERANCE_M = 5.0
_DISTRICT_TOLERANCE_M = 10.0

Json = dict[str, object]


def data_block(plan: Plan, lang: Language) -> str:
    r"""Return the plan as JSON that may stand inside a script element and inside a Jinja template.

    ``<`` and the ``{`` of a Jinja mark are written as escapes, which JSON readers turn back: text stays data.

    >>> escape_json('{"name": "</script>{{7*7}}"}')
    '{"name": "\\u003c/script>\\u007b{7*7}}"}'
    """
    return escape_json(json.dumps(_payload(plan, lang), ensure_ascii=True, allow_nan=False, separators=(",", ":")))


def escape_json(text: str) -> str:
    """Return JSON text without a character that ends a script element or begins a Jinja mark."""
    return re.sub(r"\{(?=[{%#])", r"\\u007b", text.replace("<", r"\u003c"))


def labels(lang: Language) -> dict[str, str]:
    """Return the page's own labels in one language."""
    text = resources.files("stationplan").joinpath("webmap/assets/labels.json").read_text("utf-8")
    both: dict[str, dict[str, str]] = json.loads(text)
    return {key: label[lang] for key, label in both.items()}


def _payload(plan: Plan, lang: Language) -> Json:
    word = words(lang)
    total = overall(plan)
    x = np.concatenate([plan.demand.x, plan.sites.x[plan.sites.existing], plan.sites.x[plan.chosen]])
    y = np.concatenate([plan.demand.y, plan.sites.y[plan.sites.existing], plan.sites.y[plan.chosen]])
    lon, lat = unproject(x, y, plan.area.crs)
    sites = _sites(plan, lang)
    reach = packed_polygons(np.array(plan.reach, dtype=object), plan.area.crs)
    marks = [word("Synthetic data, not for decisions")] if plan.synthetic else []
    # Of what may be done at a place the map shows the station of its host, and what somebody asked about.
    places = np.array([not action for action in plan.sites.action])
    asked_about = np.isin(np.arange(len(plan.sites)), [case.site for case in plan.why_not])
    asked = {case.site: why_not_facts(plan, case, lang) for case in plan.why_not}
    return {
        "lang": lang,
        "title": plan.name.in_language(lang),
        "subtitle": plan.notice.in_language(lang) if plan.notice is not None else "",
        "marks": [*marks, word("Internal use")],
        "sources": [word("Roads: {source}", source=source) for source in plan.sources],
        "text": labels(lang),
        "summary": {
            "total": total.before.total,
            "before": _covered(total.before),
            "after": _covered(total.after),
            "new": len(plan.chosen),
            "cost": float(plan.sites.cost[plan.chosen].sum()),
            "certainty": translate(certainty(plan), lang),
        },
        "groups": [{"name": group.name.in_language(lang)} for group in plan.demand.groups],
        "slots": [{"name": slot.name.in_language(lang)} for slot in plan.demand.slots],
        "bounds": [[float(lat.min()), float(lon.min())], [float(lat.max()), float(lon.max())]],
        "scale": SCALE,
        "roads": _roads(plan.network),
        "districts": _districts(plan, lang),
        "cells": _cells(plan),
        "existing": [sites[i] for i in np.flatnonzero(plan.sites.existing)],
        "candidates": [
            {**sites[i], "cost": float(plan.sites.cost[i]), "why_not": asked.get(int(i), [])}
            for i in np.setdiff1d(np.flatnonzero(~plan.sites.existing & (places | asked_about)), plan.chosen)
        ],
        "proposed": [
            {**sites[site], **_proposed(plan, order, lang), "reach": reach[order]}
            for order, site in enumerate(plan.chosen)
        ],
    }


def _covered(covered: Covered) -> Json:
    return {"workers": covered.workers, "share": covered.share, "cross_share": covered.cross_share}


def _sites(plan: Plan, lang: Language) -> list[Json]:
    """Return what the page says of each site, in the order of ``plan.sites``."""
    sites, kinds, hosts, word = plan.sites, kind_names(lang), host_names(plan, lang), words(lang)
    closes = np.isin(np.arange(len(sites)), plan.solution.closed)
    lon, lat = unproject(sites.x, sites.y, plan.area.crs)
    return [
        {
            "id": sites.site_id[i],
            "name": site_name(plan, i, lang),
            "address": sites.address[i],
            "kind": sites.kind[i],
            "kind_name": word("{kind}, closes", kind=kinds[sites.kind[i]]) if closes[i] else kinds[sites.kind[i]],
            "host": hosts.get(sites.host[i], ""),
            "hours": sites.hours[i],
            "lat": round(float(lat[i]), 6),
            "lon": round(float(lon[i]), 6),
        }
        for i in range(len(sites))
    ]


def _proposed(plan: Plan, order: int, lang: Language) -> Json:
    why = plan.why[order]
    nearest = None
    if why.nearest_existing >= 0:
        nearest = {"name": site_name(plan, why.nearest_existing, lang), "minutes": why.nearest_existing_min}
    replacement = None
    if why.replacement >= 0:
        replacement = {
            "name": site_name(plan, why.replacement, lang),
            "loss": why.replacement_loss,
            "breaks": broken_by(plan, why.replacement_breaks, lang),
        }
    robust = float(plan.robustness[order])
    return {
        "order": order + 1,
        "cost": float(plan.sites.cost[why.site]),
        "district": district_name(plan, int(plan.sites.district[why.site]), lang),
        "gained": why.gained.round(4).tolist(),
        "gained_total": float(why.gained.sum()),
        "alone": why.alone.round(4).tolist(),
        "held": held_by(plan, why.held, lang),
        "nearest": nearest,
        "today": today_ways(why, lang),
        "replacement": replacement,
        "removal_loss": why.removal_loss,
        "robust": None if math.isnan(robust) else robust,
    }


def _districts(plan: Plan, lang: Language) -> list[Json]:
    shapes = shapely.simplify(plan.area.districts.geometry.to_numpy(), _DISTRICT_TOLERANCE_M)
    rings = packed_polygons(shapes, plan.area.crs)
    rows = plan.area.districts
    return [
        {
            "name": district_name(plan, change.index, lang),
            "prefecture": str(rows["prefecture"].iloc[change.index]),
            "rings": rings[change.index],
            "workers": change.before.total,
            "before": change.before.share,
            "after": change.after.share,
        }
        for change in by_district(plan)
    ]


def _cells(plan: Plan) -> Json:
    outlines = plan.surface.cells.outline
    before = uncovered(plan, plan.stations_before)
    after = uncovered(plan, plan.stations_after)
    return {
        "outline": [polygon[0][0] for polygon in packed_polygons(outlines, plan.area.crs)],
        "workers": plan.demand.workers.sum(axis=(1, 2)).round(4).tolist(),
        "uncovered": before.round(4).tolist(),
        "uncovered_after": after.round(4).tolist(),
    }


def _roads(network: RoadNetwork) -> Json:
    tail, head = network.tail, network.head
    one_way = tail < head
    # A one-way street may exist in the falling direction only.
    rising = set((tail[one_way].astype(np.int64) * network.node_count + head[one_way]).tolist())
    falling = ~one_way
    lonely = np.array(
        [key not in rising for key in (head[falling].astype(np.int64) * network.node_count + tail[falling]).tolist()],
        dtype=bool,
    )
    drawn = np.concatenate([np.flatnonzero(one_way), np.flatnonzero(falling)[lonely]])
    packed: Json = {}
    for name, major in (("major", True), ("minor", False)):
        arc = drawn[network.major[drawn] == major]
        ends = [network.x[tail[arc]], network.y[tail[arc]], network.x[head[arc]], network.y[head[arc]]]
        pieces = shapely.linestrings(np.stack(ends, axis=1).reshape(-1, 2, 2))
        merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(pieces))) if len(arc) else []
        lines = shapely.simplify(merged, _ROAD_TOLERANCE_M)
        packed[name] = packed_lines(np.asarray(lines, dtype=object), network.crs)
    return packed


def packed_polygons(shapes: ObjectArray, crs: str) -> list[list[list[list[int]]]]:
    """Return each shape as its polygons, each the outer ring and the holes, packed without the closing point."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    polygonal = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)
    parts, owner = parts[polygonal], owner[polygonal]
    rings, part_of = shapely.get_rings(parts, return_index=True)
    packed = packed_lines(rings, crs)
    result: list[list[list[list[int]]]] = [[] for _ in range(len(shapes))]
    for part, shape in enumerate(owner):
        first, last = np.searchsorted(part_of, [part, part + 1])
        result[int(shape)].append([ring[:-2] for ring in packed[first:last]])
    return result


def packed_lines(lines: ObjectArray, crs: str) -> list[list[int]]:
    """Return each line (m) as whole 1e-5 degrees: latitude and longitude of its first point, then the steps."""
    points, owner = shapely.get_coordinates(lines, return_index=True)
    lon, lat = unproject(points[:, 0], points[:, 1], crs)
    whole = np.rint(np.column_stack([lat, lon]) * SCALE).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    starts = np.searchsorted(owner, np.arange(len(lines)))
    steps[starts] = whole[starts]
    return [part.ravel().tolist() for part in np.split(steps, starts[1:])] if len(lines) else []
