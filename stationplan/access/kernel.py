"""The compiled shortest-path search: contracted chains of nodes, and a bucket queue over the junctions.

Road data has a node at every bend. Therefore :func:`contract` replaces each chain of nodes with two neighbours by one
arc between junctions and stores the nodes on it; :func:`search_each` searches only the junctions and then derives the
labels of the chains' nodes from their ends. The search from a source on a chain starts at the junctions at its ends.

The queue is Dial's bucket queue (Dial 1969) in label-correcting form: a node whose label improves is queued again, so
any bucket width gives exact results. Buckets form a ring, a power of two in length and longer than the longest arc.

Scratch memory is allocated once per call and reset through the list of touched nodes, so a call should have many
sources. No function here holds the interpreter lock: use one call per thread. Indices are unsigned, because numba then
omits the test for indices counted from the end.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stationplan.domain import BoolArray, FloatArray, IntArray

NodeArray = NDArray[np.uint32]

_FIRST_QUEUE = 1 << 16
_FIRST_OUTPUT = 1 << 20  # memory that is not written to costs nothing


@njit(cache=True, nogil=True)
def _onward(indptr: NodeArray, head: NodeArray, before: int, node: int) -> np.int64:
    """Return the arc that continues from a chain node, not back to the previous node; -1 at a dead end."""
    for arc in range(indptr[node], indptr[node + 1]):
        if head[arc] != before:
            return np.int64(arc)
    return np.int64(-1)


@njit(cache=True, nogil=True)
def contract(
    indptr: NodeArray, head: NodeArray, weight: FloatArray, junction: BoolArray
) -> tuple[NodeArray, NodeArray, FloatArray, NodeArray, NodeArray, FloatArray]:
    """Return the arcs between junctions, and the nodes on the chains that leave each junction.

    Nodes keep their numbers. ``junction`` is true for every node with at least three neighbours; others have at most
    two. The first three arrays are CSR arcs (other nodes have none). The last three, also grouped by start junction,
    are the nodes on its chains with the weight of the path to them.
    """
    n = indptr.size - 1
    core_indptr = np.zeros(n + 1, np.uint32)
    core_head = np.empty(head.size, np.uint32)
    core_weight = np.empty(head.size, np.float64)
    chain_indptr = np.zeros(n + 1, np.uint32)
    chain_node = np.empty(2 * n + 1, np.uint32)  # a chain is traversed from both ends
    chain_weight = np.empty(2 * n + 1, np.float64)
    arcs = 0
    on_chains = 0
    for start in range(n):
        if junction[start]:
            for first in range(indptr[start], indptr[start + 1]):
                before = np.int64(start)
                node = np.int64(head[first])
                total = weight[first]
                while not junction[node]:
                    chain_node[on_chains] = node
                    chain_weight[on_chains] = total
                    on_chains += 1
                    arc = _onward(indptr, head, before, node)
                    if arc < 0:
                        break
                    before = node
                    node = np.int64(head[arc])
                    total += weight[arc]
                if junction[node] and node != start:
                    core_head[arcs] = node
                    core_weight[arcs] = total
                    arcs += 1
        core_indptr[start + 1] = arcs
        chain_indptr[start + 1] = on_chains
    return (
        core_indptr,
        core_head[:arcs].copy(),
        core_weight[:arcs].copy(),
        chain_indptr,
        chain_node[:on_chains].copy(),
        chain_weight[:on_chains].copy(),
    )


@njit(cache=True, nogil=True)
def _begin(
    indptr: NodeArray,
    head: NodeArray,
    weight: FloatArray,
    junction: BoolArray,
    source: int,
    label: FloatArray,
    touched: NodeArray,
    queue_node: NodeArray,
    queue_label: FloatArray,
    beyond: float,
) -> tuple[int, int]:
    """Label a source and, where it is not a junction, the nodes on its chain; queue the junctions to search from.

    Returns the number of touched nodes, without the queued junctions, and the number of queued junctions, at most two.
    """
    label[source] = 0.0
    queue_node[0] = source
    queue_label[0] = 0.0
    if junction[source]:
        return 0, 1
    touched[0] = source
    found = 1
    queued = 0
    for first in range(indptr[source], indptr[source + 1]):
        before = np.int64(source)
        node = np.int64(head[first])
        total = weight[first]
        while not junction[node] and node != source:
            if total < label[node]:
                if label[node] == beyond:
                    touched[found] = node
                    found += 1
                label[node] = total
            arc = _onward(indptr, head, before, node)
            if arc < 0:
                break
            before = node
            node = np.int64(head[arc])
            total += weight[arc]
        if junction[node] and total < label[node]:
            label[node] = total
            queue_node[queued] = node
            queue_label[queued] = total
            queued += 1
    return found, queued


@njit(cache=True, nogil=True)
def _settle(
    indptr: NodeArray,
    head: NodeArray,
    weight: FloatArray,
    buckets_a_unit: float,
    ring: NDArray[np.int32],
    label: FloatArray,
    touched: NodeArray,
    found: int,
    queue_node: NodeArray,
    queue_label: FloatArray,
    queue_next: NDArray[np.int32],
    queued: int,
) -> int:
    """Search from the queued junctions below the initial labels; return the number of entries set in ``touched``.

    A node may be touched more than once. Returns -1 when an array is too short; ring and labels must then be cleared.
    """
    one = np.uint32(1)
    mask = ring.size - 1
    for entry in range(queued):
        into = int(queue_label[entry] * buckets_a_unit) & mask
        queue_next[entry] = ring[into]
        ring[into] = entry
    pending = queued
    bucket = 0
    while pending > 0:
        entry = ring[bucket & mask]
        if entry < 0:
            bucket += 1
            continue
        ring[bucket & mask] = queue_next[entry]
        pending -= 1
        node = queue_node[entry]
        here = queue_label[entry]
        if here > label[node]:
            continue
        first, last = indptr[node], indptr[node + one]
        if queued + (last - first) > queue_node.size or found >= touched.size:
            return -1
        touched[found] = node
        found += 1
        for arc in range(first, last):
            other = head[arc]
            reached = here + weight[arc]
            if reached < label[other]:
                label[other] = reached
                into = int(reached * buckets_a_unit) & mask
                queue_node[queued] = other
                queue_label[queued] = reached
                queue_next[queued] = ring[into]
                ring[into] = queued
                queued += 1
                pending += 1
    return found


@njit(cache=True, nogil=True)
def _read_chains(
    chain_indptr: NodeArray,
    chain_node: NodeArray,
    chain_weight: FloatArray,
    beyond: float,
    label: FloatArray,
    touched: NodeArray,
    found: int,
) -> int:
    """Label the nodes on the chains that leave the touched nodes; return the new number of touched entries."""
    one = np.uint32(1)
    for i in range(found):
        node = touched[i]
        here = label[node]
        for k in range(chain_indptr[node], chain_indptr[node + one]):
            other = chain_node[k]
            reached = here + chain_weight[k]
            if reached < label[other]:
                if label[other] == beyond:
                    touched[found] = other
                    found += 1
                label[other] = reached
    return found


@njit(cache=True, nogil=True)
def _take(
    is_target: BoolArray,
    beyond: float,
    label: FloatArray,
    touched: NodeArray,
    found: int,
    out_node: NodeArray,
    out_label: FloatArray,
    out_count: IntArray,
) -> int:
    """Move the labels of touched targets to the output, once each, and clear all touched labels."""
    filled = 0
    for i in range(found):
        node = touched[i]
        here = label[node]
        if here < beyond and is_target[node]:
            out_node[filled] = node
            out_label[filled] = here
            filled += 1
        label[node] = beyond
    out_count[0] = filled
    return filled


@njit(cache=True, nogil=True)
def search_each(
    indptr: NodeArray,
    head: NodeArray,
    weight: FloatArray,
    junction: BoolArray,
    core_indptr: NodeArray,
    core_head: NodeArray,
    core_weight: FloatArray,
    chain_indptr: NodeArray,
    chain_node: NodeArray,
    chain_weight: FloatArray,
    is_target: BoolArray,
    sources: NodeArray,
    limit: float,
    buckets_a_unit: float,
    ring_size: int,
) -> tuple[IntArray, NodeArray, FloatArray]:
    """Search from each source separately, on the graph and the result of :func:`contract` for it.

    Returns the number of targets reached by each source, and those targets and their least weights (<= ``limit``),
    source by source. ``ring_size`` is a power of two.
    """
    n = indptr.size - 1
    beyond = np.nextafter(limit, np.inf)
    ring = np.full(ring_size, -1, np.int32)
    label = np.full(n, beyond)
    # These arrays double in size when full. This happens outside the search, because arrays that can be replaced inside
    # the innermost loop make it three times slower. Chains add at most n touched nodes to those of the search.
    size = _FIRST_QUEUE
    touched = np.empty(n + size, np.uint32)
    queue_node = np.empty(size, np.uint32)
    queue_label = np.empty(size, np.float64)
    queue_next = np.empty(size, np.int32)
    counts = np.zeros(sources.size, np.int64)
    out_node = np.empty(_FIRST_OUTPUT, np.uint32)
    out_label = np.empty(_FIRST_OUTPUT, np.float64)
    filled = 0
    for s in range(sources.size):
        found = -1
        while found < 0:
            found, queued = _begin(
                indptr, head, weight, junction, sources[s], label, touched, queue_node, queue_label, beyond
            )
            found = _settle(
                core_indptr,
                core_head,
                core_weight,
                buckets_a_unit,
                ring,
                label,
                touched[:size],
                found,
                queue_node,
                queue_label,
                queue_next,
                queued,
            )
            if found < 0:
                ring[:] = -1
                label[:] = beyond
                size *= 2
                touched = np.empty(n + size, np.uint32)
                queue_node = np.empty(size, np.uint32)
                queue_label = np.empty(size, np.float64)
                queue_next = np.empty(size, np.int32)
        found = _read_chains(chain_indptr, chain_node, chain_weight, beyond, label, touched, found)
        while filled + found > out_node.size:
            out_node = np.concatenate((out_node, np.empty_like(out_node)))
            out_label = np.concatenate((out_label, np.empty_like(out_label)))
        filled += _take(is_target, beyond, label, touched, found, out_node[filled:], out_label[filled:], counts[s:])
    return counts, out_node[:filled], out_label[:filled]
