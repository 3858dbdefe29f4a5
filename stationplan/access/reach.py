"""Service areas: the roads walked to a site within a standard, as an area around them."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from stationplan.access.times import Measure, impedance
from stationplan.domain import FloatArray, Group, IntArray, Mode, RoadNetwork

_HALF_WIDTH_M = 40.0
"""Half a small city block: roads on both sides of one join into an area, a lone road stays a band."""
_SMALLEST_HOLE_M2 = 20_000.0
_SIMPLIFY_M = 6.0


def service_areas(
    network: RoadNetwork, nodes: IntArray, offroad_m: FloatArray, group: Group, *, walk_kmh: float, workers: int = 1
) -> tuple[BaseGeometry, ...]:
    """Return, for each site, the area (``network.crs``) around every road from which a group reaches it in time.

    Arcs are cut where the group's standard is met, so an area ends where the last metre does. ``nodes`` and
    ``offroad_m`` are those of the sites; a site without a node, or with the standard spent off the road, has an empty
    area.
    """
    minutes_left = group.cutoff_min - offroad_m / (walk_kmh * 1000 / 60)
    limits: list[tuple[Measure, FloatArray]] = [("minutes", minutes_left)]
    if group.cutoff_m is not None:
        limits.append(("metres", group.cutoff_m - offroad_m))
    usable = np.flatnonzero((nodes >= 0) & np.all([limit >= 0 for _, limit in limits], axis=0))
    areas: list[BaseGeometry] = [shapely.Polygon()] * len(nodes)
    if len(usable) == 0:
        return tuple(areas)
    into = _ArcsInto(network)
    reached = [
        impedance(network, measure, group.mode, nodes[usable], None, cutoff=float(limit[usable].max()), workers=workers)
        for measure, limit in limits
    ]
    label = np.full(network.node_count, np.inf)
    for column, site in enumerate(usable):
        arcs = np.empty(0, dtype=np.int64)
        share = np.empty(0)
        for (measure, limit), labels in zip(limits, reached, strict=True):
            entries = slice(labels.indptr[column], labels.indptr[column + 1])
            label[labels.indices[entries]] = labels.data[entries]
            if measure == "minutes":
                arcs = into.of(labels.indices[entries])
                share = np.ones(len(arcs))
            share = np.minimum(share, _share(network, measure, group.mode, arcs, limit[site], label))
            label[labels.indices[entries]] = np.inf
        areas[site] = _around(network, int(nodes[site]), arcs[share > 0], share[share > 0])
    return tuple(areas)


class _ArcsInto:
    """The arcs that lead into nodes: people come along an arc to its head, so reach runs back along it."""

    def __init__(self, network: RoadNetwork) -> None:
        self._order = np.argsort(network.head, kind="stable")
        counts = np.bincount(network.head, minlength=network.node_count)
        self._indptr = np.concatenate([[0], np.cumsum(counts)])

    def of(self, nodes: IntArray) -> IntArray:
        """Return the arcs into any of the nodes."""
        counts = self._indptr[nodes + 1] - self._indptr[nodes]
        starts = np.repeat(self._indptr[nodes] - (np.cumsum(counts) - counts), counts)
        return np.asarray(self._order[starts + np.arange(counts.sum())], dtype=np.int64)


def _share(
    network: RoadNetwork, measure: Measure, mode: Mode, arcs: IntArray, limit: float, label: FloatArray
) -> FloatArray:
    """Return the share of each arc, from its head, that lies within the limit; below 0 where none does."""
    weight: FloatArray = getattr(network, measure)[mode][arcs]
    left = limit - label[network.head[arcs]]
    with np.errstate(divide="ignore", invalid="ignore"):
        along = np.where(weight > 0, left / weight, 1.0)
    return np.where(np.isfinite(weight) & (left >= 0), np.minimum(along, 1.0), -1.0)


def _around(network: RoadNetwork, node: int, arc: IntArray, share: FloatArray) -> BaseGeometry:
    """Return the area around a node and the given share of each arc, counted from its head."""
    start = np.column_stack([network.x[network.head[arc]], network.y[network.head[arc]]])
    whole = np.column_stack([network.x[network.tail[arc]], network.y[network.tail[arc]]]) - start
    lines = shapely.linestrings(np.stack([start, start + share[:, None] * whole], axis=1))
    site = shapely.Point(network.x[node], network.y[node])
    area = shapely.union_all(shapely.buffer([*lines, site], _HALF_WIDTH_M, quad_segs=4))
    return shapely.union_all(
        [_without_small_holes(part) for part in shapely.get_parts(shapely.simplify(area, _SIMPLIFY_M))]
    )


def _without_small_holes(polygon: shapely.Polygon) -> shapely.Polygon:
    holes = [ring for ring in polygon.interiors if shapely.Polygon(ring).area >= _SMALLEST_HOLE_M2]
    return shapely.Polygon(polygon.exterior, holes)
