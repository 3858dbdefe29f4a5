"""The compiled shortest-path search: chains contracted, a bucket queue over what is left.

Road data has a node at every bend. :func:`contract` therefore replaces each chain of nodes with two neighbours by one
arc and remembers the nodes on it; :func:`search_each` searches the junctions alone and then reads the chains' nodes
off their ends. The queue is Dial's bucket queue (Dial 1969) in label-correcting form: a node whose label improves is
queued again, so any bucket width gives exact results. Buckets form a ring, a power of two long and at least as long
as the longest arc. Scratch is allocated once a call and reset by the list of touched nodes, so a call should bring
many sources. Nothing here holds the interpreter lock: run one call a thread.

Indices are unsigned: numba then leaves out the test for indices counted from the end.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stationplan.domain import BoolArray, FloatArray, IntArray

NodeArray = NDArray[np.uint32]

_FIRST_QUEUE = 1 << 16
_FIRST_OUTPUT = 1 << 12


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def contract(
    indptr: NodeArray, head: NodeArray, weight: FloatArray, keep: BoolArray, is_target: BoolArray
) -> tuple[NodeArray, NodeArray, FloatArray, NodeArray, NodeArray, FloatArray]:
    """Return the arcs between kept nodes, and the target nodes on the chains that leave each of them.

    Nodes keep their numbers. ``keep`` is true for every node with three neighbours or more; others have at most two.
    The first three arrays are CSR arcs (nodes that are not kept have none), the last three, likewise grouped by
    the kept node they start from, the target nodes on its chains with the weight of the way there.
    """
    n = indptr.size - 1
    core_indptr = np.zeros(n + 1, np.uint32)
    core_head = np.empty(head.size, np.uint32)
    core_weight = np.empty(head.size, np.float64)
    chain_indptr = np.zeros(n + 1, np.uint32)
    chain_node = np.empty(max(head.size, 1), np.uint32)
    chain_weight = np.empty(max(head.size, 1), np.float64)
    arcs = 0
    on_chains = 0
    for start in range(n):
        if keep[start]:
            for first in range(indptr[start], indptr[start + 1]):
                before = np.uint32(start)
                node = head[first]
                total = weight[first]
                while not keep[node]:
                    if is_target[node]:
                        if on_chains == chain_node.size:
                            chain_node = np.concatenate((chain_node, np.empty_like(chain_node)))
                            chain_weight = np.concatenate((chain_weight, np.empty_like(chain_weight)))
                        chain_node[on_chains] = node
                        chain_weight[on_chains] = total
                        on_chains += 1
                    onward = np.int64(-1)
                    for arc in range(indptr[node], indptr[node + np.uint32(1)]):
                        if head[arc] != before:
                            onward = np.int64(arc)
                    if onward < 0:
                        break
                    before = node
                    node = head[onward]
                    total += weight[onward]
                if keep[node] and node != start:
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


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _settle(
    indptr: NodeArray,
    head: NodeArray,
    weight: FloatArray,
    source: int,
    buckets_a_unit: float,
    ring: NDArray[np.int32],
    label: FloatArray,
    touched: NodeArray,
    queue_node: NodeArray,
    queue_label: FloatArray,
    queue_next: NDArray[np.int32],
) -> int:
    """Label what the source reaches below the labels at the start; return how many entries of ``touched`` are set.

    A node may be touched more than once. Returns -1, with ring and labels to be cleared, when the queue is too short.
    """
    one = np.uint32(1)
    mask = ring.size - 1
    label[source] = 0.0
    queue_node[0] = source
    queue_label[0] = 0.0
    queue_next[0] = -1
    ring[0] = 0
    queued = 1
    pending = 1
    bucket = 0
    found = 0
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
        if queued + (last - first) > queue_node.size or found == touched.size:
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


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _read_chains(
    chain_indptr: NodeArray,
    chain_node: NodeArray,
    chain_weight: FloatArray,
    beyond: float,
    label: FloatArray,
    touched: NodeArray,
    found: int,
) -> int:
    """Label the targets on the chains that leave the touched nodes; return the new number of touched entries."""
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


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
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


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def search_each(
    indptr: NodeArray,
    head: NodeArray,
    weight: FloatArray,
    chain_indptr: NodeArray,
    chain_node: NodeArray,
    chain_weight: FloatArray,
    is_target: BoolArray,
    sources: NodeArray,
    limit: float,
    buckets_a_unit: float,
    ring_size: int,
) -> tuple[IntArray, NodeArray, FloatArray]:
    """Search from each source alone, on the arrays of :func:`contract`.

    Returns the number of targets reached by each source, and those targets and their least weights (<= ``limit``),
    source by source. ``ring_size`` is a power of two.
    """
    n = indptr.size - 1
    beyond = np.nextafter(limit, np.inf)
    ring = np.full(ring_size, -1, np.int32)
    label = np.full(n, beyond)
    # Both arrays double when they run full. That happens out here, as arrays that may be replaced inside the
    # innermost loop make it three times slower.
    touched = np.empty(n + _FIRST_QUEUE, np.uint32)
    queue_node = np.empty(_FIRST_QUEUE, np.uint32)
    queue_label = np.empty(_FIRST_QUEUE, np.float64)
    queue_next = np.empty(_FIRST_QUEUE, np.int32)
    counts = np.zeros(sources.size, np.int64)
    out_node = np.empty(_FIRST_OUTPUT, np.uint32)
    out_label = np.empty(_FIRST_OUTPUT, np.float64)
    filled = 0
    for s in range(sources.size):
        found = np.int64(-1)
        while found < 0:
            found = _settle(
                indptr,
                head,
                weight,
                sources[s],
                buckets_a_unit,
                ring,
                label,
                touched[: touched.size - n],
                queue_node,
                queue_label,
                queue_next,
            )
            if found < 0:
                ring[:] = -1
                label[:] = beyond
                touched = np.empty(n + 2 * (touched.size - n), np.uint32)
                queue_node = np.empty(2 * queue_node.size, np.uint32)
                queue_label = np.empty(2 * queue_label.size, np.float64)
                queue_next = np.empty(2 * queue_next.size, np.int32)
        found = _read_chains(chain_indptr, chain_node, chain_weight, beyond, label, touched, found)
        while filled + found > out_node.size:
            out_node = np.concatenate((out_node, np.empty_like(out_node)))
            out_label = np.concatenate((out_label, np.empty_like(out_label)))
        filled += _take(is_target, beyond, label, touched, found, out_node[filled:], out_label[filled:], counts[s:])
    return counts, out_node[:filled].copy(), out_label[:filled].copy()
