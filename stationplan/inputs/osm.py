"""Roads and places of an OSM extract (``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``), read with pyosmium."""

from __future__ import annotations

import itertools
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import osmium
import shapely

from stationplan.domain import FERRY, FloatArray, IntArray
from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.guard import one_fault
from stationplan.inputs.limits import open_unpacked, refuse_above, refuse_bomb, refuse_entities, refuse_large
from stationplan.inputs.roads.ferries import ferry_speed, is_ferry
from stationplan.inputs.roads.pieces import RoadPieces, geodesic_m, number_kinds, refuse_no_roads
from stationplan.inputs.roads.rules import KEPT_TAGS, RULE_TAGS, is_road
from stationplan.scenario import Limits

OSM_SOURCE = "© OpenStreetMap contributors, ODbL 1.0"

_XML_SUFFIXES = (".osm", ".osm.gz", ".osm.bz2")
OSM_SUFFIXES = (".pbf", *_XML_SUFFIXES)


@dataclass(frozen=True)
class OsmPlace:
    """A place of an OSM extract: ``id`` such as ``node/123``, WGS-84 degrees, tags."""

    id: str
    lon: float
    lat: float
    tags: Mapping[str, str]


def _malformed(path: Path, error: Exception) -> InputError:
    faults = FaultList(path.name)
    faults.add(
        say("The file is not a readable OSM extract: {error}.", error=error),
        say("Download it again and check that it ends in .osm.pbf, .osm, .osm.gz or .osm.bz2."),
        code="unreadable",
    )
    return InputError(faults.faults)


def read_osm_roads(path: Path, limits: Limits) -> RoadPieces:
    """Return the roads of an OSM extract; every shape point is a node, so pieces are straight.

    Ways that cross the boundary of the extract keep the parts whose nodes are in it.

    Raises
    ------
    InputError
        The file is too large, malformed or contains no road.
    """
    _refuse_unsafe(path, limits)
    refs, places, sizes = array("q"), [], array("q")
    way_tags: list[tuple[str | None, ...]] = []
    other: Counter[str] = Counter()
    untimed = 0
    faults = FaultList(path.name)
    wkb = osmium.geom.WKBFactory()
    try:
        ways = osmium.FileProcessor(str(path)).with_locations().with_filter(osmium.filter.KeyFilter("highway", "route"))
        for way in ways.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)):
            tags = way.tags
            highway = tags.get("highway")
            if highway is None and not is_ferry(tags.get("route")):
                continue
            if highway is not None and not is_road(highway):
                other[highway] += 1
                continue
            if not isinstance(way, osmium.osm.Way) or len(way.nodes) < 2:
                continue
            place = _places(way, wkb)
            kmh = None if highway else ferry_speed(tags.get("duration") or "", _length_m(place))
            if kmh == "":
                untimed += 1
                continue
            refs.extend([node.ref for node in way.nodes])
            sizes.append(len(way.nodes))
            places.append(place)
            way_tags.append((highway or FERRY, *map(tags.get, RULE_TAGS[1:]), kmh))
            refuse_above(len(refs), "vertices", limits, faults)
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as error:
        raise _malformed(path, error) from None
    refuse_no_roads(path.name, len(refs))
    kinds, kind = number_kinds(way_tags)
    lon, lat, node = _nodes(np.frombuffer(refs, dtype=np.int64), np.frombuffer(b"".join(places), dtype="<f8"))
    way_of = np.repeat(np.arange(len(sizes)), np.frombuffer(sizes, dtype=np.int64))
    tail, head = node[:-1], node[1:]
    piece = (way_of[:-1] == way_of[1:]) & (tail >= 0) & (head >= 0) & (tail != head)
    tail, head = tail[piece].astype(np.int32), head[piece].astype(np.int32)
    refuse_no_roads(path.name, len(tail))
    return RoadPieces(
        lon=lon,
        lat=lat,
        tail=tail,
        head=head,
        length_m=geodesic_m(lon, lat, tail, head),
        kind=kind[way_of[:-1][piece]],
        kinds=tuple(
            {key: value for key, value in zip(KEPT_TAGS, values, strict=True) if value is not None} for values in kinds
        ),
        source=OSM_SOURCE,
        date="",
        cut_nodes=int((node < 0).sum()),
        other_classes=dict(other),
        untimed_ferries=untimed,
    )


def _length_m(places: bytes) -> float:
    """Return the length (m) of a way from the places of its nodes; NaN if it leaves the extract."""
    at = np.frombuffer(places, dtype="<f8").reshape(-1, 2)
    step = np.arange(len(at) - 1)
    return float(geodesic_m(at[:, 0], at[:, 1], step, step + 1).sum())


_WKB_HEADER = 18
"""Hexadecimal digits before the coordinates of a line: byte order, type, number of points."""


def _places(way: osmium.osm.Way, wkb: osmium.geom.WKBFactory) -> bytes:
    """Return the longitudes and latitudes of a way's nodes as bytes; NaN for nodes outside the extract.

    Well-known binary returns all nodes at once; requesting each node's location takes longer than all other steps
    together.
    """
    try:
        return bytes.fromhex(wkb.create_linestring(way, osmium.geom.ALL)[_WKB_HEADER:])
    except osmium.InvalidLocationError:
        inside = [(node.location, _is_in_extract(node.location, node.ref)) for node in way.nodes]
        return np.array(
            [(at.lon, at.lat) if valid else (np.nan, np.nan) for at, valid in inside], dtype="<f8"
        ).tobytes()


_UNDEFINED = 2**31 - 1
"""What the coordinates of a node hold that is not in the extract."""


def _is_in_extract(location: osmium.osm.Location, node: int) -> bool:
    """Return whether the location of a node is known; raises ``ValueError`` for one that is not on the globe."""
    if not location.valid() and location.x != _UNDEFINED:
        raise ValueError(f"the node {node} is at longitude {location.x / 1e7}, latitude {location.y / 1e7}")
    return location.valid()


def _nodes(refs: IntArray, places: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return the distinct nodes by ascending id (longitude, latitude), and the node of each reference (-1: outside)."""
    at = places.reshape(-1, 2)
    inside = ~np.isnan(at[:, 0])
    _, first, number = np.unique(refs[inside], return_index=True, return_inverse=True)
    node = np.full(len(refs), -1, dtype=np.int64)
    node[inside] = number
    at = at[inside][first]
    return at[:, 0].copy(), at[:, 1].copy(), node


def read_osm_places(path: Path, tags: Sequence[str], limits: Limits) -> tuple[list[OsmPlace], int]:
    """Return the nodes, closed ways and multipolygons with one of the tags, nodes first, by id; and a count of others.

    A tag is ``key=value``, or ``key=*`` for any value. An outline is located at its centroid. The count is the number
    of tagged elements that are skipped: other relations, open ways, and outlines that are only partly in the extract.

    Raises
    ------
    InputError
        The file is too large or malformed.
    """
    with one_fault(path, say("Download the file again.")):
        return _read_places(path, tags, limits)


def _read_places(path: Path, tags: Sequence[str], limits: Limits) -> tuple[list[OsmPlace], int]:
    _refuse_unsafe(path, limits)
    pairs = [(tag.partition("=")[0], tag.partition("=")[2]) for tag in tags]
    exact, keys = [pair for pair in pairs if pair[1] != "*"], [key for key, value in pairs if value == "*"]
    filters: list[osmium.BaseFilter] = [osmium.filter.TagFilter(*exact)] if exact else []
    filters += [osmium.filter.KeyFilter(*keys)] if keys else []
    wkb = osmium.geom.WKBFactory()
    found: dict[tuple[str, int], OsmPlace] = {}
    drawn: set[tuple[str, int]] = set()
    try:
        things = (osmium.FileProcessor(str(path)).with_areas(tagged).with_filter(tagged) for tagged in filters)
        for thing in itertools.chain.from_iterable(things):
            if isinstance(thing, osmium.osm.Node):
                drawn.add(("node", thing.id))
                if _is_in_extract(thing.location, thing.id):
                    place = OsmPlace(f"node/{thing.id}", thing.location.lon, thing.location.lat, dict(thing.tags))
                    found["node", thing.id] = place
            elif isinstance(thing, osmium.osm.Area):
                kind, number = ("way" if thing.from_way() else "relation"), thing.orig_id()
                centre = shapely.from_wkb(wkb.create_multipolygon(thing)).centroid
                found[kind, number] = OsmPlace(f"{kind}/{number}", centre.x, centre.y, dict(thing.tags))
            else:
                drawn.add(("way" if isinstance(thing, osmium.osm.Way) else "relation", thing.id))
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as error:
        raise _malformed(path, error) from None
    return [found[key] for key in sorted(found)], len(drawn - found.keys())


def _refuse_unsafe(path: Path, limits: Limits) -> None:
    """Raise :class:`InputError` for a file that is too large, packed or unpacked, or that declares XML entities."""
    total = 0
    refuse_large(path, limits, cap="extract_mb")
    if path.name.lower().endswith(".pbf"):
        with path.open("rb") as stream:
            for size in _block_sizes(stream):
                total += size
                refuse_above(total // 1_000_000, "unpacked_mb", limits, FaultList(path.name))
    if path.name.lower().endswith(_XML_SUFFIXES):
        refuse_bomb(path, limits)
        with open_unpacked(path) as stream:
            refuse_entities(stream, path.name)


_HEAD_BYTES = 65_536
"""Largest header of a block, by the format."""


def _block_sizes(stream: IO[bytes]) -> Iterator[int]:
    """Yield the unpacked size of each block of a PBF file, as far as they can be told; the reader checks them.

    A block is the length of its header (four bytes), the header, whose field 3 is the size of the rest, and the rest,
    whose field 2 is its unpacked size.
    """
    while len(prefix := stream.read(4)) == 4 and (length := int.from_bytes(prefix, "big")) <= _HEAD_BYTES:
        packed = _number_field(stream.read(length), 3)
        start = stream.read(min(packed, _HEAD_BYTES))
        yield max(packed, _number_field(start, 2))
        stream.seek(packed - len(start), 1)


def _number_field(message: bytes, wanted: int) -> int:
    """Return a number among the first fields of a message of protobuf, 0 if it is not there."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value, at = _varint(message, at)
        if tag & 7 == 0 and tag >> 3 == wanted:
            return value
        at += value if tag & 7 == _BYTES_FIELD else 0
    return 0


_BYTES_FIELD = 2
"""Kind of a field whose number is the length of the bytes that follow."""


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return the number at a place of a message, seven bits a byte, and the place after it."""
    value = shift = 0
    while at < len(message):
        byte = message[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128 or shift > 63:
            break
    return value, at
