"""Compact blocks of integers and text, which the page unpacks with standard browser functions.

A block is deflated and encoded in base64, so it can be included in any page: it contains no character that could end an
element or begin markup. It consists of the length of the JSON text (four bytes, little-endian), that text, and the
arrays in order. An integer takes one byte for each seven bits, lowest first, with its sign in the lowest bit (zigzag
varints, as in Protocol Buffers).
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass

import numpy as np
import shapely

from stationplan.domain import FloatArray, IntArray, ObjectArray
from stationplan.geo import unproject

SCALE = 100_000
"""Packed coordinates are multiples of 1e-5 degrees, about a metre."""

Json = dict[str, object]

_LARGEST = 512 * 1024 * 1024
"""Largest block (bytes) that is unpacked."""


class Packer:
    """A collection of arrays for one block; each array is referred to by its number."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._counts: list[int] = []

    def add(self, values: IntArray) -> int:
        """Add an array of integers and return its number."""
        self._parts.append(varints(values))
        self._counts.append(len(values))
        return len(self._counts) - 1

    def steps(self, values: IntArray) -> int:
        """Add an array of integers as differences between successive values and return its number."""
        return self.add(values - np.append(0, values[:-1]))

    def rings(self, rings: Rings, crs: str) -> Json:
        """Add rings (m) and return the numbers of their arrays.

        Points are stored as differences; the first point of a ring is relative to the first point of the previous ring.
        """
        whole = np.rint(scaled_degrees(rings.points, crs)).astype(np.int64)
        first = rings.first[rings.sizes > 0]
        steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
        steps[first] = np.diff(whole[first], axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
        return {"points": self.add(steps.ravel()), "sizes": self.add(rings.sizes)}

    def cells(self, outlines: ObjectArray, crs: str) -> Json:
        """Add the outer rings (m) of cells and return the numbers of their arrays.

        First points are stored as differences, other points as offsets from the first point of the ring. As cells of a
        grid have the same shape, offsets are stored as differences from those of the previous cell.
        """
        if shapely.get_num_interior_rings(outlines).any():
            outlines = shapely.get_exterior_ring(outlines)
        rings = open_rings(outlines)
        points, sizes = scaled_degrees(rings.points, crs), rings.sizes
        first = rings.first[sizes > 0]
        start = points[first]
        away = np.rint(points - np.repeat(start, sizes[sizes > 0], axis=0)).astype(np.int64)
        alike = np.flatnonzero(np.repeat(np.diff(sizes, prepend=-1) == 0, sizes))
        kept = away.copy()
        kept[alike] -= away[alike - np.repeat(sizes, sizes)[alike]]
        later = np.ones(len(points), dtype=bool)
        later[first] = False
        begins = np.diff(np.rint(start), axis=0, prepend=np.zeros((1, 2))).astype(np.int64)
        return {"starts": self.add(begins.ravel()), "sizes": self.add(sizes), "away": self.add(kept[later].ravel())}

    def polygons(self, shapes: ObjectArray, crs: str) -> Json:
        """Add polygons and return the numbers of their arrays; outer rings come first, closing points are dropped."""
        parts, owner = shapely.get_parts(shapes, return_index=True)
        polygonal = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)
        parts, owner = parts[polygonal], owner[polygonal]
        rings, part_of = shapely.get_rings(parts, return_index=True)
        return {
            **self.rings(open_rings(rings), crs),
            "rings": self.add(np.bincount(part_of, minlength=len(parts)).astype(np.int64)),
            "parts": self.add(np.bincount(owner, minlength=len(shapes)).astype(np.int64)),
        }

    def block(self, content: Json) -> str:
        """Return ``content`` and the arrays as one block; the lengths of the arrays are stored as key ``packed``."""
        text = json.dumps(
            {**content, "packed": self._counts}, ensure_ascii=True, allow_nan=False, separators=(",", ":")
        )
        head = text.encode("ascii")
        raw = b"".join([len(head).to_bytes(4, "little"), head, *self._parts])
        return base64.b64encode(zlib.compress(raw, 6)).decode("ascii")


def scaled_degrees(points: FloatArray, crs: str) -> FloatArray:
    """Return points (m), [point x 2], as latitudes and longitudes times ``SCALE``, [point x 2]."""
    lon, lat = unproject(points[:, 0], points[:, 1], crs)
    return np.asarray(np.column_stack([lat, lon]) * SCALE, dtype=np.float64)


@dataclass(frozen=True)
class Rings:
    """Points (m) of consecutive rings, [point x 2], without closing points, and the number of points of each ring."""

    points: FloatArray
    sizes: IntArray

    @property
    def first(self) -> IntArray:
        """The row of the first point of each ring."""
        return np.asarray(np.cumsum(self.sizes) - self.sizes)


def open_rings(rings: ObjectArray) -> Rings:
    """Return the points of closed rings, or of polygons without holes."""
    points, owner = shapely.get_coordinates(rings, return_index=True)
    closing = np.diff(owner, append=-1) != 0
    return Rings(points[~closing], np.bincount(owner[~closing], minlength=len(rings)).astype(np.int64))


def varints(values: IntArray) -> bytes:
    """Return integers as zigzag varints.

    >>> varints(np.array([0, -1, 1, 63, 64, -300])).hex()
    '0001027e8001d704'
    """
    value = np.asarray(values, dtype=np.int64)
    coded = ((value << 1) ^ (value >> 63)).astype(np.uint64)
    size = np.ones(len(coded), dtype=np.int64)
    for bits in range(7, 64, 7):
        size += coded >= np.uint64(1 << bits)
    first = np.cumsum(size) - size
    packed = np.zeros(int(size.sum()), dtype=np.uint8)
    for place in range(int(size.max(initial=0))):
        here = size > place
        septet = (coded[here] >> np.uint64(7 * place)) & np.uint64(0x7F)
        more = (size[here] > place + 1).astype(np.uint64) << np.uint64(7)
        packed[first[here] + place] = (septet | more).astype(np.uint8)
    return packed.tobytes()


def unpacked(block: str) -> tuple[Json, list[IntArray]]:
    """Return the content and the arrays of a block.

    Raises
    ------
    ValueError
        The text is not a valid block.
    """
    try:
        reader = zlib.decompressobj()
        raw = reader.decompress(base64.b64decode(block, validate=True), _LARGEST)
        if not reader.eof:
            raise ValueError("the block is cut short or too large")
    except (ValueError, zlib.error) as error:
        raise ValueError(str(error)) from None
    length = int.from_bytes(raw[:4], "little")
    content: Json = json.loads(raw[4 : 4 + length])
    counts = content.pop("packed")
    septets = np.frombuffer(raw, dtype=np.uint8, offset=4 + length)
    ends = np.flatnonzero(septets < 0x80)
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    coded = np.zeros(len(ends), dtype=np.uint64)
    for place in range(int((ends - starts).max(initial=-1)) + 1):
        here = ends - starts >= place
        septet = (septets[starts[here] + place] & 0x7F).astype(np.uint64)
        coded[here] |= septet << np.uint64(7 * place)
    values = (coded >> np.uint64(1)).astype(np.int64) ^ -(coded & np.uint64(1)).astype(np.int64)
    assert isinstance(counts, list)
    return content, np.split(values, np.cumsum(counts)[:-1])
