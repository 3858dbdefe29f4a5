"""Arcs to a :class:`RoadNetwork`: parallel arcs by minimum, with strongly connected components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from stationplan.domain import BoolArray, FloatArray, IntArray, Mode, RoadArcs, RoadNetwork
from stationplan.geo import project, utm_crs


def network_from_arcs(
    lon: ArrayLike,
    lat: ArrayLike,
    tail: ArrayLike,
    head: ArrayLike,
    *,
    minutes: Mapping[Mode, ArrayLike],
) -> RoadNetwork:
    """Return the network of directed arcs; node i keeps its index.

    ``lon``/``lat`` are WGS-84 degrees of the nodes, ``tail``/``head`` node indices of the arcs, ``minutes[mode]`` has
    one value per arc (``inf``: the mode may not use it). Lengths are those of the straight lines on the ellipsoid. The
    CRS is the UTM zone at the centre.

    Raises
    ------
    ValueError
        Shapes differ, a coordinate is not finite, an index is out of range, minutes are negative or NaN, or there is no
        UTM zone there.

    >>> network = network_from_arcs([104.0, 104.01], [30.6, 30.6], [0, 1, 0], [1, 0, 1], minutes={"walk": [12, 12, 9]})
    >>> network.arc_count, network.minutes["walk"].tolist()
    (2, [9.0, 12.0])
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    tail, head = np.asarray(tail, dtype=np.int64), np.asarray(head, dtype=np.int64)
    values = {mode: np.asarray(column, dtype=np.float64) for mode, column in minutes.items()}
    if lon.ndim != 1 or lon.shape != lat.shape:
        raise ValueError(f"lon and lat are one-dimensional and of one length, not {lon.shape} and {lat.shape}")
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise ValueError("lon and lat are finite")
    if tail.ndim != 1 or tail.shape != head.shape:
        raise ValueError(f"tail and head are one-dimensional and of one length, not {tail.shape} and {head.shape}")
    if len(tail) and (min(tail.min(), head.min()) < 0 or max(tail.max(), head.max()) >= len(lon)):
        raise ValueError(f"tail and head are node indices from 0 to {len(lon) - 1}")
    for mode, column in values.items():
        if column.shape != tail.shape:
            raise ValueError(f"minutes[{mode!r}] has one value an arc: {tail.shape}, not {column.shape}")
        if not (column >= 0).all():
            raise ValueError(f"minutes[{mode!r}] are >= 0 and not NaN")
    length_m = np.asarray(Geod(ellps="WGS84").inv(lon[tail], lat[tail], lon[head], lat[head])[2], dtype=np.float64)
    arcs = RoadArcs(lon, lat, tail, head, length_m, values, np.full(len(tail), -1, dtype=np.int8), "", "")
    crs = utm_crs(lon, lat)
    if crs is None:
        raise ValueError("there is no UTM zone at the middle of these nodes; are lon and lat swapped?")
    return network_of(arcs, crs=crs)


def network_of(arcs: RoadArcs, *, crs: str) -> RoadNetwork:
    """Return the network of road arcs as read, projected to ``crs``."""
    x, y = project(arcs.lon, arcs.lat, crs)
    metres = {mode: np.where(np.isinf(column), np.inf, arcs.length_m) for mode, column in arcs.minutes.items()}
    return assemble(
        x,
        y,
        arcs.tail,
        arcs.head,
        usable=arcs.usable,
        minutes=arcs.minutes,
        metres=metres,
        major=arcs.major,
        ferry=arcs.ferry,
        crs=crs,
        source=arcs.source,
        date=arcs.date,
    )


def islands(network: RoadNetwork, mode: Mode, min_component_nodes: int) -> tuple[int, int]:
    """Return the number of strongly connected components of a mode that are too small to snap to, and of their nodes.

    The largest component always counts as large enough.

    >>> arcs = {"tail": [0, 1, 2, 3], "head": [1, 0, 3, 2], "minutes": {"walk": [1, 1, 1, 1]}}
    >>> islands(network_from_arcs([104.0, 104.01, 104.02, 104.03], [30.6] * 4, **arcs), "walk", 3)
    (1, 2)
    """
    component = network.component[mode]
    smaller = np.bincount(component[component >= 0])[1:]
    small = smaller[smaller < min_component_nodes]
    return len(small), int(small.sum())


def roads_within(network: RoadNetwork, around: shapely.Geometry) -> tuple[RoadNetwork, IntArray]:
    """Return the roads inside a shape (m), and the new number of each node, -1 where it is dropped.

    The numbers have one more entry, -1, so that the index -1 of a point without a node maps to -1. Strongly connected
    components keep their numbers.
    """
    inside = shapely.contains_xy(around, network.x, network.y)
    node = np.where(inside, np.cumsum(inside) - 1, -1)
    tail = network.tail
    arc = inside[tail] & inside[network.head]
    count = np.bincount(node[tail[arc]], minlength=int(inside.sum()))
    part = replace(
        network,
        x=network.x[inside],
        y=network.y[inside],
        indptr=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        head=node[network.head[arc]].astype(np.int32),
        minutes={mode: column[arc] for mode, column in network.minutes.items()},
        metres={mode: column[arc] for mode, column in network.metres.items()},
        component={mode: column[inside] for mode, column in network.component.items()},
        major=network.major[arc],
        ferry=network.ferry[arc],
    )
    return part, np.append(node, -1)


def assemble(
    x: FloatArray,
    y: FloatArray,
    tail: IntArray | NDArray[np.int32],
    head: IntArray | NDArray[np.int32],
    *,
    usable: BoolArray | None = None,
    ferry: BoolArray | None = None,
    minutes: Mapping[Mode, FloatArray],
    metres: Mapping[Mode, FloatArray],
    major: BoolArray,
    crs: str,
    source: str,
    date: str,
) -> RoadNetwork:
    """Return the network of arcs in any order: without loops and unusable arcs, and with parallel arcs at minimum.

    Of parallel arcs, one that is not a ``ferry`` makes the result a road.
    """
    n = len(x)
    kept = tail != head if usable is None else usable & (tail != head)
    chosen = np.flatnonzero(kept)
    key = tail[chosen].astype(np.int64) * n + head[chosen]
    order = np.argsort(key, kind="stable")
    chosen, key = chosen[order], key[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))

    def least(column: FloatArray) -> FloatArray:
        return np.minimum.reduceat(column[chosen], first) if len(first) < len(chosen) else column[chosen]

    arc_tail = tail[chosen[first]].astype(np.int64)
    arc_head = head[chosen[first]].astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(arc_tail, minlength=n))]).astype(np.int64)
    no_ferry = np.zeros(len(first), dtype=bool)
    arc_minutes = {mode: least(column) for mode, column in minutes.items()}
    return RoadNetwork(
        x=x,
        y=y,
        indptr=indptr,
        head=arc_head,
        minutes=arc_minutes,
        metres={mode: least(column) for mode, column in metres.items()},
        component={mode: _components(n, arc_tail, arc_head, column) for mode, column in arc_minutes.items()},
        major=np.logical_or.reduceat(major[chosen], first) if len(first) else np.empty(0, dtype=bool),
        ferry=no_ferry if ferry is None or not len(first) else np.logical_and.reduceat(ferry[chosen], first),
        crs=crs,
        source=source,
        date=date,
    )


def _components(n: int, tail: IntArray, head: NDArray[np.int32], minutes: FloatArray) -> NDArray[np.int32]:
    """Number strongly connected components by descending size, ties by lowest node; -1 for nodes without an arc."""
    open_arc = np.isfinite(minutes)
    tail, head = tail[open_arc], head[open_arc]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=n))])
    graph = sparse.csr_array((np.ones(len(head), dtype=np.int8), head, indptr), shape=(n, n))
    parts, label = connected_components(graph, directed=True, connection="strong")
    used = np.zeros(n, dtype=bool)
    used[tail] = used[head] = True
    node = np.flatnonzero(used)
    size = np.bincount(label[node], minlength=parts)
    first = np.full(parts, n, dtype=np.int64)
    first[label[node[::-1]]] = node[::-1]  # the lowest is written last
    rank = np.empty(parts, dtype=np.int32)
    rank[np.lexsort((first, -size))] = np.arange(parts, dtype=np.int32)
    component = np.full(n, -1, dtype=np.int32)
    component[node] = rank[label[node]]
    return component
