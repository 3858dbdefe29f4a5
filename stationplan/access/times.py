"""Sparse travel times between the nodes of a network."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from stationplan.access.kernel import NodeArray, contract, search_each
from stationplan.access.straight import Measure
from stationplan.domain import CUTOFF_TOLERANCE, BoolArray, FloatArray, IntArray, Mode, RoadNetwork, joined

_MAX_RING = 1 << 16
_NODES_IN_CACHE = 100_000
_SOURCES_A_TASK = 512
"""Sources per task: enough to pay for a task's scratch memory, few enough to keep all threads busy until the end."""


@dataclass(frozen=True)
class _Graph:
    """Reversed arcs of one measure in CSR form; node i of the network is ``rank[i]`` here, along a Hilbert curve.

    ``junction`` marks nodes with at least three neighbours, ``core`` is the result of :func:`contract` for the arcs.
    """

    indptr: NodeArray
    head: NodeArray
    weight: FloatArray
    rank: NodeArray
    junction: BoolArray
    core: tuple[NodeArray, NodeArray, FloatArray, NodeArray, NodeArray, FloatArray]
    buckets_a_unit: float


def hilbert_rank(x: FloatArray, y: FloatArray) -> IntArray:
    """Return the rank of each point along a Hilbert curve over their bounding box, with 2^16 steps per side.

    Neighbours in space become neighbours in memory; on large networks, this alone makes searches several times faster
    (Hilbert 1891; the bit form of Warren, Hacker's Delight, 2013).
    """
    side = 1 << 16
    span = max(float(np.ptp(x)), float(np.ptp(y)), 1e-9) if len(x) else 1.0
    i = ((x - x.min()) / span * (side - 1)).astype(np.int64) if len(x) else np.empty(0, dtype=np.int64)
    j = ((y - y.min()) / span * (side - 1)).astype(np.int64) if len(x) else np.empty(0, dtype=np.int64)
    distance = np.zeros(len(x), dtype=np.int64)
    step = side // 2
    while step:
        right, up = (i & step) > 0, (j & step) > 0
        distance += step * step * ((3 * right) ^ up)
        flip = ~up & right
        i, j = np.where(flip, side - 1 - i, i), np.where(flip, side - 1 - j, j)
        i, j = np.where(up, i, j), np.where(up, j, i)
        step //= 2
    rank = np.empty(len(x), dtype=np.int64)
    rank[np.argsort(distance, kind="stable")] = np.arange(len(x))
    return rank


def _rank_of(network: RoadNetwork) -> IntArray:
    return hilbert_rank(network.x, network.y)


def _graph_of(network: RoadNetwork, measure: Measure, mode: Mode) -> _Graph:
    values: Mapping[Mode, FloatArray] = getattr(network, measure)
    if mode not in values:
        raise ValueError(f"the network has no mode {mode!r}; it has {', '.join(values)}")
    n, arc_weight = network.node_count, values[mode]
    rank = network.derived(_rank_of)
    usable = np.isfinite(arc_weight)
    start, end, weight = rank[network.head[usable]], rank[network.tail[usable]], arc_weight[usable]
    order = np.argsort(start, kind="stable")
    neighbours = np.bincount(joined(start, end).ravel(), minlength=n)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(start, minlength=n))]).astype(np.uint32)
    head, junction = end[order].astype(np.uint32), neighbours > 2
    weight = np.ascontiguousarray(weight[order])
    # Buckets as wide as the mean arc between bends were the fastest measured; arcs between junctions are a few times
    # longer.
    width = max(float(weight.mean()), float(weight.max()) / _MAX_RING, 1e-12) if len(weight) else 1.0
    core = contract(indptr, head, weight, junction)
    return _Graph(indptr, head, weight, rank.astype(np.uint32), junction, core, 1 / width)


def _nodes(network: RoadNetwork, nodes: ArrayLike, name: str) -> IntArray:
    array = np.asarray(nodes, dtype=np.int64)
    if array.ndim != 1:
        raise ValueError(f"{name} is a one-dimensional array of node indices, not of shape {array.shape}")
    if len(array) and (array.min() < 0 or array.max() >= network.node_count):
        raise ValueError(f"{name} are node indices from 0 to {network.node_count - 1}")
    return array


def travel_times(
    network: RoadNetwork,
    sources: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    cutoff_min: float,
    mode: Mode,
    workers: int = 1,
) -> sparse.csc_array:
    """Return the minutes from each target to each source within the cutoff, sparse [target x source].

    ``sources`` and ``targets`` are node indices (``None``: every node, in order) and may repeat. A stored 0 is a target
    at the source itself; an absent entry is beyond the (closed) cutoff or unreachable. The result does not depend on
    ``workers``, the number of threads.

    Raises
    ------
    ValueError
        An index is out of range, the cutoff is negative or NaN, or the network does not have the mode.

    >>> from stationplan.access.network import network_from_arcs
    >>> line = network_from_arcs([104.0, 104.1, 104.2], [30.6] * 3, [0, 1], [1, 2], minutes={"car": [5.0, 4.0]})
    >>> travel_times(line, [2], cutoff_min=9, mode="car").toarray().tolist()
    [[9.0], [4.0], [0.0]]
    """
    return impedance(network, "minutes", mode, sources, targets, cutoff=cutoff_min, workers=workers)


def impedance(
    network: RoadNetwork,
    measure: Measure,
    mode: Mode,
    sources: ArrayLike,
    targets: ArrayLike | None,
    *,
    cutoff: float,
    workers: int = 1,
) -> sparse.csc_array:
    """Return the least minutes or metres from each target to each source, like :func:`travel_times`.

    Raises
    ------
    ValueError
        An index is out of range, the cutoff is negative or NaN, or the network does not have the mode.
    """
    if not cutoff >= 0:
        raise ValueError(f"the cutoff is a number >= 0, not {cutoff}")
    graph = network.derived(_graph_of, measure, mode)
    source = graph.rank[_nodes(network, sources, "sources")]
    target = graph.rank if targets is None else graph.rank[_nodes(network, targets, "targets")]
    unique_source, source_of = np.unique(source, return_inverse=True)
    if len(unique_source) == len(source) and network.node_count <= _NODES_IN_CACHE:
        # Ordering sources by location is faster if labels exceed the cache; otherwise the given order saves a copy.
        unique_source, source_of = source, np.arange(len(source))
    is_target = np.zeros(network.node_count, dtype=bool)
    is_target[target] = True
    row_of = np.zeros(network.node_count, dtype=np.int32)
    row_of[target] = np.arange(len(target), dtype=np.int32)
    limit = float(cutoff + CUTOFF_TOLERANCE)
    core_weight = graph.core[2]
    longest = float(core_weight[core_weight <= limit].max(initial=0.0))
    ring_size = 1 << max(int(longest * graph.buckets_a_unit) + 2, 2).bit_length()

    def search(task: NodeArray) -> tuple[IntArray, NodeArray, FloatArray]:
        found: tuple[IntArray, NodeArray, FloatArray] = search_each(
            graph.indptr,
            graph.head,
            graph.weight,
            graph.junction,
            *graph.core,
            is_target,
            task,
            limit,
            graph.buckets_a_unit,
            ring_size,
        )
        return found

    tasks = [unique_source[i : i + _SOURCES_A_TASK] for i in range(0, len(unique_source), _SOURCES_A_TASK)]
    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            parts = list(pool.map(search, tasks))
    else:
        parts = [search(task) for task in tasks]
    if not parts:
        return sparse.csc_array((len(target), 0))
    counts, nodes, labels = (
        parts[0] if len(parts) == 1 else (np.concatenate(column) for column in zip(*parts, strict=True))
    )
    indptr = np.concatenate([[0], np.cumsum(counts)])
    matrix = sparse.csc_array((labels, row_of[nodes], indptr), shape=(len(target), len(unique_source)))
    if not np.array_equal(source_of, np.arange(len(source))):
        matrix = matrix[:, source_of]
    if int(is_target.sum()) < len(target):
        matrix = matrix[row_of[target]]
    return matrix


def nearest(
    network: RoadNetwork, sources: ArrayLike, *, mode: Mode, start_min: ArrayLike | None = None
) -> tuple[FloatArray, IntArray]:
    """Return, for every node, the minutes to its nearest source and that source's position in ``sources``.

    ``start_min`` adds minutes at each source (an off-road connection to it); none by default. A node that reaches no
    source has ``inf`` and -1.

    Raises
    ------
    ValueError
        An index is out of range, ``start_min`` has another shape or a value that is negative or not finite, or the
        network does not have the mode.
    """
    source = _nodes(network, sources, "sources")
    start = np.zeros(len(source)) if start_min is None else np.asarray(start_min, dtype=np.float64)
    if start.shape != source.shape or not (np.isfinite(start).all() and (start >= 0).all()):
        raise ValueError("start_min has one finite value >= 0 a source")
    graph = network.derived(_graph_of, "minutes", mode)
    n, k = network.node_count, len(source)
    if k == 0:
        return np.full(n, np.inf), np.full(n, -1, dtype=np.int64)
    # One additional node per source, with an arc of its start value, allows a single search from all sources.
    indptr = np.concatenate([graph.indptr.astype(np.int64), len(graph.head) + 1 + np.arange(k)])
    head = np.concatenate([graph.head, graph.rank[source]])
    reversed_arcs = sparse.csr_array((np.concatenate([graph.weight, start]), head, indptr), shape=(n + k, n + k))
    label, _, gate = dijkstra(reversed_arcs, indices=np.arange(n, n + k), return_predecessors=True, min_only=True)
    label, gate = label[graph.rank], gate[graph.rank]
    return label, np.where(np.isinf(label), -1, gate - n)
