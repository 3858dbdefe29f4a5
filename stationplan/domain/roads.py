"""Records of the roads: arcs as read, the network that is searched, and lines for drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from stationplan.domain.base import MAJOR_CLASSES, ROAD_CLASSES, BoolArray, FloatArray, IntArray, Mode, Record, require
from stationplan.errors import Message


@dataclass(frozen=True, eq=False)
class RoadArcs(Record):
    """Directed road arcs as read from a source, before parallel arcs are reduced.

    ``lon``/``lat``: WGS-84 degrees of the nodes; an arc is the straight line from node ``tail`` to node ``head``,
    and ``length_m`` long by the source.
    ``minutes[mode]`` is ``inf`` where the mode may not use the arc. ``road_class`` is an index into ``ROAD_CLASSES``,
    -1 where it is unknown. ``notes`` describe what the source lacks. ``open`` marks arcs that some travel mode may use,
    including modes without ``minutes`` here; ``None`` means the arcs that a mode with minutes may use. ``ferry`` marks
    ferries (``None``: there are none).
    """

    lon: FloatArray
    lat: FloatArray
    tail: IntArray
    head: IntArray
    length_m: FloatArray
    minutes: Mapping[Mode, FloatArray]
    road_class: NDArray[np.int8]
    source: str
    date: str
    notes: tuple[Message, ...] = ()
    open: BoolArray | None = None
    ferry: BoolArray | None = None

    @property
    def usable(self) -> BoolArray:
        """Mask of the arcs that some travel mode may use."""
        if self.open is not None:
            return self.open
        usable = np.zeros(len(self.tail), dtype=bool)
        for column in self.minutes.values():
            usable |= np.isfinite(column)
        return usable

    @property
    def major(self) -> BoolArray:
        """Mask of the arcs that are drawn as main roads."""
        main = np.array([name in MAJOR_CLASSES for name in ROAD_CLASSES] + [False])  # index -1 selects the last value
        return np.asarray(main[self.road_class], dtype=bool)


def joined(tail: NDArray[np.integer], head: NDArray[np.integer]) -> IntArray:
    """Return the pairs of nodes joined by arcs in either direction, [pair x 2], each pair once, in ascending order.

    >>> joined(np.array([2, 0, 1]), np.array([0, 2, 0])).tolist()
    [[0, 1], [0, 2]]
    """
    low, high = np.minimum(tail, head).astype(np.int64), np.maximum(tail, head).astype(np.int64)
    nodes = int(high.max(initial=0)) + 1
    return np.column_stack(np.divmod(np.unique(low * nodes + high), nodes))


@dataclass(frozen=True, eq=False)
class RoadNetwork(Record):
    """Directed road arcs in CSR form, grouped by tail node.

    The arcs of node i are ``indptr[i]:indptr[i + 1]``; ``head`` is the node where each ends.

    ``x`` and ``y`` are eastings and northings (m) in ``crs``. ``minutes[mode]`` and ``metres[mode]`` have one value per
    arc; ``inf`` means that the mode may not use it. Arcs that only other modes may use are kept for drawing. Parallel
    arcs are reduced to their minimum, and arcs from a node to itself are dropped. ``component[mode]`` numbers the
    strongly connected component of each node by descending size (0 is the largest; -1 marks a node that the mode cannot
    use). ``major`` marks arcs of main roads, for drawing, and ``ferry`` those of ferries, to which no point connects.
    """

    x: FloatArray
    y: FloatArray
    indptr: IntArray
    head: NDArray[np.int32]
    minutes: Mapping[Mode, FloatArray]
    metres: Mapping[Mode, FloatArray]
    component: Mapping[Mode, NDArray[np.int32]]
    major: BoolArray
    ferry: BoolArray
    crs: str
    source: str
    date: str

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.x)

    @property
    def arc_count(self) -> int:
        """Number of directed arcs."""
        return len(self.head)

    @property
    def tail(self) -> NDArray[np.int32]:
        """The start node of each arc."""
        return np.repeat(np.arange(self.node_count, dtype=np.int32), np.diff(self.indptr))

    def __post_init__(self) -> None:
        super().__post_init__()
        require(len(self.x) == len(self.y) == len(self.indptr) - 1, "a network has one indptr step a node")
        for measure in (self.minutes, self.metres):
            for values in measure.values():
                require(len(values) == len(self.head), "a network has one value an arc")
                require(bool((values >= 0).all()), "arc values are >= 0 and never NaN")


@dataclass(frozen=True, eq=False)
class RoadLines(Record):
    """Roads as lines between junctions, for drawing and routing on the map; integers in 1e-5 degrees (about a metre).

    ``junctions``, [junction x 2], are latitudes and longitudes, ordered along a space-filling curve that keeps
    neighbours together. ``ends``, [line x 2], are the junctions at the start and end of each line. ``inner``, [point x
    2], are the offsets from the start of a line to its first inner point, and from each inner point to the next, for
    all lines in turn; line i has ``sizes[i]`` of them. ``seconds``, [line x 2], are the walking times along the line
    and back, 0 where walkers are not allowed. The first ``major`` lines are main roads.
    """

    junctions: IntArray
    ends: IntArray
    sizes: IntArray
    inner: IntArray
    seconds: IntArray
    major: int

    SCALE: ClassVar[int] = 100_000
    """Integer units per degree."""

    def in_degrees(self, *, major: bool = False) -> list[FloatArray]:
        """Return the points of each line, or of each main road only, [point x 2], longitude first (degrees)."""
        count = self.major if major else len(self.ends)
        first = np.concatenate([[0], np.cumsum(self.sizes)])
        lines = []
        for line in range(count):
            begin, end = self.junctions[self.ends[line]]
            steps = np.cumsum(np.vstack([begin, self.inner[first[line] : first[line + 1]]]), axis=0)
            lines.append(np.vstack([steps, end])[:, ::-1] / self.SCALE)
        return lines
