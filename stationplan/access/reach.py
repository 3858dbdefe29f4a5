"""Service areas: the roads walked to a site within a standard, as an area around them."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from stationplan.access.times import Measure, impedance
from stationplan.domain import FloatArray, Group, IntArray, RoadNetwork

_HALF_WIDTH_M = 40.0
"""Half a small city block: roads on both sides of one join into an area, a lone road stays a band."""
_SMALLEST_HOLE_M2 = 20_000.0
_SIMPLIFY_M = 6.0


def service_areas(
    network: RoadNetwork, nodes: IntArray, offroad_m: FloatArray, group: Group, *, walk_kmh: float, workers: int = 1
) -> tuple[BaseGeometry, ...]:
    """Return, for each site, the area (``network.crs``) around every road from which a group reaches it in time.

    Arcs are cut where the group's standard is met, so an area ends where the last metre does. ``nodes`` and
    ``offroad_m`` are those of the sites; node -1 gives an empty area.
    """
    limits: list[tuple[Measure, FloatArray]] = [("minutes", group.cutoff_min - offroad_m / (walk_kmh * 1000 / 60))]
    if group.cutoff_m is not None:
        limits.append(("metres", group.cutoff_m - offroad_m))
    shares = np.full((len(nodes), network.arc_count), np.inf)
    snapped = np.flatnonzero(nodes >= 0)
    for measure, limit in limits:
        values: FloatArray = getattr(network, measure)[group.mode]
        cutoff = max(float(limit[snapped].max(initial=0.0)), 0.0)
        labels = impedance(network, measure, group.mode, nodes[snapped], None, cutoff=cutoff, workers=workers)
        for column, site in enumerate(snapped):
            label = np.full(network.node_count, np.inf)
            entries = slice(labels.indptr[column], labels.indptr[column + 1])
            label[labels.indices[entries]] = labels.data[entries]
            # People come along an arc to its head, so what is left there reaches back along it.
            left = limit[site] - label[network.head]
            with np.errstate(divide="ignore", invalid="ignore"):
                along = np.where(values > 0, left / values, np.inf)
            along = np.where(np.isfinite(values) & (left >= 0), along, -1.0)
            shares[site] = np.minimum(shares[site], along)
    return tuple(_around(network, int(node), np.minimum(share, 1.0)) for node, share in zip(nodes, shares, strict=True))


def _around(network: RoadNetwork, node: int, share: FloatArray) -> BaseGeometry:
    """Return the area around the given share of each arc, counted from its head."""
    if node < 0:
        return shapely.Polygon()
    arc = np.flatnonzero(share > 0)
    start = np.column_stack([network.x[network.head[arc]], network.y[network.head[arc]]])
    whole = np.column_stack([network.x[network.tail[arc]], network.y[network.tail[arc]]]) - start
    lines = shapely.linestrings(np.stack([start, start + share[arc, None] * whole], axis=1))
    site = shapely.Point(network.x[node], network.y[node])
    area = shapely.union_all(shapely.buffer([*lines, site], _HALF_WIDTH_M, quad_segs=4))
    return shapely.union_all(
        [_without_small_holes(part) for part in shapely.get_parts(shapely.simplify(area, _SIMPLIFY_M))]
    )


def _without_small_holes(polygon: shapely.Polygon) -> shapely.Polygon:
    holes = [ring for ring in polygon.interiors if shapely.Polygon(ring).area >= _SMALLEST_HOLE_M2]
    return shapely.Polygon(polygon.exterior, holes)
