"""The streets of the synthetic city: blocks between the main roads, then a directed network of all streets.

Real blocks arise from repeated division of land, each time across its longer side. The same procedure gives the
patchwork of slightly rotated grids and the many T-junctions of an old town, which a single regular grid would not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry import LineString, Point, Polygon

from stationplan.demo.grid import length_on_grid, on_grid, widened
from stationplan.demo.ground import EXTENT, Ground, Road, Zone, to_degrees, to_local
from stationplan.domain import BoolArray, FloatArray, IntArray

SPEED_KMH = {
    "trunk": 60.0,
    "primary": 45.0,
    "secondary": 40.0,
    "tertiary": 30.0,
    "residential": 22.0,
    "service": 15.0,
    "living_street": 10.0,
    "footway": 4.5,
    "steps": 2.5,
}
"""Typical free-flow speed of a class (km/h), walking speed on footways and steps; in order of importance."""

_BLOCK_M2: dict[Zone, float] = {
    "core": 17_000.0,
    "inner": 28_000.0,
    "outer": 58_000.0,
    "edge": 90_000.0,
    "industry": 95_000.0,
    "town": 24_000.0,
    "country": 1_000_000.0,
}
"""Land above this area (m2) is divided again: blocks of about 100-150 m in the core, 200 m further out."""

_TURN_DEGREES: dict[Zone, float] = {
    "core": 3.0, "inner": 4.0, "outer": 7.0, "edge": 9.0, "industry": 1.0, "town": 6.0, "country": 14.0,
}  # fmt: skip
_SNAP_M = 28.0
"""A new street that would end this close to a junction is moved to it, which creates crossings besides T-junctions."""

_SHORTEST_M = 14.0
"""Shorter pieces of road are contracted to one junction."""

_ONEWAY_SHARE = 0.13
"""Share of tertiary and residential streets of the core; a few are made two-way again where traffic could not leave."""

_FIRST = "桂兰梅竹松柏桐榕杏荷锦云清平安康和顺福寿永嘉瑞祥丰裕东西南北上中"
_SECOND = "花泉井桥塘溪坝岭湖园林台仓市巷坊门楼堰滩"
_SUFFIX = {"secondary": "路", "tertiary": "路", "residential": "街", "service": "支路", "living_street": "巷"}


@dataclass(frozen=True)
class Network:
    """A directed road network in the units of its files.

    ``x``/``y`` are local metres of the rounded ``lon``/``lat``, [node]. Edges have one row per direction: ``tail`` and
    ``head`` are node numbers; ``shape`` is the line in local metres in the direction of the edge.
    """

    lon: FloatArray
    lat: FloatArray
    x: FloatArray
    y: FloatArray
    tail: IntArray
    head: IntArray
    highway: tuple[str, ...]
    name: tuple[str, ...]
    shape: tuple[LineString, ...]


def lay_streets(ground: Ground, rng: np.random.Generator) -> Network:
    """Return the road network of the whole map: main roads, blocks, compounds and two disconnected yards."""
    streets, blocks = _divide(ground, rng)
    streets += _compounds(ground, blocks, rng)
    return _network([*ground.roads, *streets], _yards(blocks), ground, rng)


def _divide(ground: Ground, rng: np.random.Generator) -> tuple[list[Road], list[Polygon]]:
    """Return the streets between the main roads, and the blocks between the streets."""
    fabric = [road.line for road in ground.roads] + [EXTENT.boundary, ground.channel.boundary]
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(fabric, grid_size=0.01)]))
    pending = [face for face in faces if not ground.channel.contains(face.representative_point())]
    streets: list[Road] = []
    blocks: list[Polygon] = []
    junctions = np.empty((0, 2))
    while pending:
        land = pending.pop()
        place = land.representative_point()
        zone = ground.zone(place.x, place.y)
        if zone == "country" and land.intersection(ground.built).area > 0.2 * land.area:
            zone = "edge"
        wanted_m2 = _BLOCK_M2[zone] * float(rng.uniform(0.75, 1.5))
        cut = _cut(land, zone, junctions, rng) if land.area > wanted_m2 else None
        if cut is None:
            blocks.append(land)
            continue
        street, parts = cut
        pending.extend(parts)
        highway = _street_class(street.length, zone, rng)
        streets.append(Road(street, highway, _street_name(highway, zone, rng)))
        junctions = np.vstack([junctions, street.coords[0], street.coords[-1]])
    return streets, blocks


def _cut(
    land: Polygon, zone: Zone, junctions: FloatArray, rng: np.random.Generator
) -> tuple[LineString, list[Polygon]] | None:
    """Return a street across the longer side of ``land`` and the pieces on both sides; ``None`` if none fits."""
    for _ in range(3):
        chord = _chord(land, _TURN_DEGREES[zone], rng)
        if chord is None:
            continue
        ends = [_to_junction(end, land, junctions) for end in (chord.coords[0], chord.coords[-1])]
        snapped = LineString(ends)
        if snapped.length > 25.0 and widened(land, 0.05).contains(snapped):
            chord = snapped
        bent = _bend(chord, zone, rng)
        for street in (bent, chord):
            parts = _split(land, street) if widened(land, 0.05).contains(street) else []
            if len(parts) == 2:
                return street, parts
    return None


def _chord(land: Polygon, turn_degrees: float, rng: np.random.Generator) -> LineString | None:
    """Return a straight line across ``land``, roughly perpendicular to the longer side of its bounding rectangle."""
    corners = shapely.get_coordinates(shapely.oriented_envelope(land))
    sides = np.diff(corners[:3], axis=0)
    longer = sides[int(np.argmax(length_on_grid(*sides.T)))]
    middle = corners[:4].mean(axis=0) + longer * float(rng.uniform(-0.09, 0.09))
    angle = np.arctan2(longer[0], -longer[1]) + np.radians(float(rng.normal(0.0, turn_degrees)))
    ray = on_grid(np.array([np.cos(angle), np.sin(angle)]) * 20_000.0)
    pieces = [
        piece
        for piece in shapely.get_parts(LineString([middle - ray, middle + ray]).intersection(land))
        if piece.geom_type == "LineString"
    ]
    chord = max(pieces, key=lambda piece: float(piece.length), default=None)
    return chord if chord is not None and chord.length > 25.0 else None


def _to_junction(end: tuple[float, ...], land: Polygon, junctions: FloatArray) -> tuple[float, ...]:
    """Return the nearest junction on the boundary of ``land`` if one is close, otherwise the end itself."""
    if len(junctions) == 0:
        return end
    gap_m = length_on_grid(junctions[:, 0] - end[0], junctions[:, 1] - end[1])
    nearest = int(np.argmin(gap_m))
    x, y = (float(value) for value in junctions[nearest])
    if gap_m[nearest] > _SNAP_M or land.exterior.distance(Point(x, y)) > 0.02:
        return end
    return x, y


def _bend(chord: LineString, zone: Zone, rng: np.random.Generator) -> LineString:
    """Return the chord with a slight curve (two in the country); in inner and industrial zones it stays straight."""
    share = {"country": 0.10, "edge": 0.06, "outer": 0.035, "town": 0.04}.get(zone, 0.0)
    if share == 0.0 or chord.length < 260.0:
        return chord
    start, end = np.asarray(chord.coords[0]), np.asarray(chord.coords[-1])
    along = np.linspace(0.0, 1.0, 13 if zone == "country" else 7)
    side = np.array([start[1] - end[1], end[0] - start[0]])
    bow = share * float(rng.normal()) * np.sin(np.pi * along)
    bow += (0.6 * share if zone == "country" else 0.0) * float(rng.normal()) * np.sin(2.0 * np.pi * along)
    points = on_grid(start + along[:, None] * (end - start) + bow[:, None] * side)
    points[0], points[-1] = start, end
    return LineString(points)


def _split(land: Polygon, street: LineString) -> list[Polygon]:
    """Return the pieces of ``land`` on both sides of the street; empty if one of them would be a sliver."""
    points = np.asarray(street.coords)
    # Half a metre of overshoot compensates for ends that miss the boundary by a rounding error.
    first, last = points[0] - points[1], points[-1] - points[-2]
    points[0] += 0.5 * first / length_on_grid(*first)
    points[-1] += 0.5 * last / length_on_grid(*last)
    lines = shapely.union(land.boundary, LineString(points))
    parts = [
        part
        for part in shapely.get_parts(shapely.polygonize([lines]))
        if land.contains(part.representative_point()) and part.area > 1.0
    ]
    return parts if min((part.area for part in parts), default=0.0) > 0.12 * land.area else []


def _street_class(length_m: float, zone: Zone, rng: np.random.Generator) -> str:
    if zone == "country":
        return "tertiary" if length_m > 1500.0 else "residential"
    if zone == "industry":
        return "secondary" if length_m > 900.0 else "tertiary"
    if length_m > 1000.0 and zone != "edge":
        return "secondary"
    if length_m > 420.0:
        return "tertiary"
    return "service" if zone != "core" and rng.random() < 0.08 else "residential"


def _street_name(highway: str, zone: Zone, rng: np.random.Generator) -> str:
    """Return a name typical of the province; country lanes and some small streets have none ('')."""
    first, second = rng.choice(list(_FIRST)), rng.choice(list(_SECOND))
    named_share = {"secondary": 1.0, "tertiary": 1.0, "residential": 0.7}.get(highway, 0.25)
    if zone == "country" or rng.random() > named_share:
        return ""
    suffix = "工业路" if zone == "industry" else _SUFFIX[highway]
    return f"{first}{second}{suffix}"


def _compounds(ground: Ground, blocks: Sequence[Polygon], rng: np.random.Generator) -> list[Road]:
    """Return lanes and footpaths inside some residential blocks; footpaths near the dyke are stairs."""
    share: dict[Zone, float] = {"core": 0.16, "inner": 0.28, "outer": 0.30, "edge": 0.20, "town": 0.25}
    inside: list[Road] = []
    for block in blocks:
        place = block.representative_point()
        zone = ground.zone(place.x, place.y)
        if rng.random() > share.get(zone, 0.0) or block.area < 7_000.0:
            continue
        lane = _chord(block, 4.0, rng)
        halves = _split(block, lane) if lane is not None else []
        if lane is None or len(halves) != 2:
            continue
        inside.append(Road(lane, "living_street", _street_name("living_street", zone, rng)))
        for half in halves:
            path = _chord(half, 6.0, rng)
            if path is not None and rng.random() < 0.6:
                steep = path.distance(ground.channel) < 60.0
                inside.append(Road(path, "steps" if steep else "footway", ""))
    return inside


def _yards(blocks: Sequence[Polygon]) -> list[Road]:
    """Return the lanes of two yards that touch no other street, as they occur in the mapped data of real cities."""
    roomy = sorted(blocks, key=lambda block: (-block.area, block.centroid.x))[:2]
    lanes: list[Road] = []
    for block, turns in zip(roomy, ((-30.0, 45.0), (10.0,)), strict=True):
        x, y = shapely.maximum_inscribed_circle(block, tolerance=5.0).coords[0]
        spine = [(x - 90.0, y - 12.0), (x + 90.0, y + 12.0)]
        side = [[(x + at, y + at * 12.0 / 90.0), (x + at - 8.0, y + 60.0)] for at in turns]
        lanes += [Road(LineString(line), "service", "") for line in (spine, *side)]
    return lanes


def _network(streets: Sequence[Road], yards: Sequence[Road], ground: Ground, rng: np.random.Generator) -> Network:
    """Return the directed network of lines that meet, cross or nearly touch; yards are kept although disconnected."""
    roads = [*streets, *yards]
    pieces, source = _pieces(roads)
    x, y, tail, head = _junctions(pieces)
    keep = _useful(tail, head, source >= len(streets))
    pieces = [pieces[i] for i in np.flatnonzero(keep)]
    tail, head, source = tail[keep], head[keep], source[keep]
    used, ends = np.unique(np.concatenate([tail, head]), return_inverse=True)
    # In strips from north to south, so that neighbours in the file are neighbours on the map.
    order = np.lexsort((x[used], -(y[used] // 500.0)))
    number = np.empty(len(used), dtype=np.int64)
    number[order] = np.arange(len(used))
    tail, head = number[ends[: len(tail)]], number[ends[len(tail) :]]
    lon, lat = to_degrees(x[used][order], y[used][order])
    # Lengths are measured on the rounded coordinates of the file.
    x, y = to_local(lon, lat)
    shapes = _reshaped(pieces, np.column_stack([x, y]), tail, head)
    oneway = _oneway(roads, source, shapes, tail, head, ground, rng)
    rows = sorted(
        [(int(u), int(v), i, False) for i, (u, v) in enumerate(zip(tail, head, strict=True))]
        + [(int(v), int(u), i, True) for i, (u, v) in enumerate(zip(tail, head, strict=True)) if not oneway[i]]
    )
    return Network(
        lon=lon,
        lat=lat,
        x=x,
        y=y,
        tail=np.array([row[0] for row in rows], dtype=np.int64),
        head=np.array([row[1] for row in rows], dtype=np.int64),
        highway=tuple(roads[source[i]].highway for _, _, i, _ in rows),
        name=tuple(roads[source[i]].name for _, _, i, _ in rows),
        shape=tuple(shapes[i].reverse() if backward else shapes[i] for _, _, i, backward in rows),
    )


def _pieces(roads: Sequence[Road]) -> tuple[list[LineString], IntArray]:
    """Return the roads cut at every junction, and the road of each piece (the more important one of two)."""
    lines = [road.line for road in roads]
    # A grid of half a metre closes the tiny gaps between a street and the road it was drawn to.
    noded = shapely.get_parts(shapely.union_all(lines, grid_size=0.5))
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(noded)))
    # The library does not define the order of the parts, so they are sorted.
    pieces = sorted(merged, key=lambda piece: (piece.coords[0], piece.coords[-1], piece.length))
    middles = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    tree = shapely.STRtree(lines)
    which, candidate = tree.query(middles, predicate="dwithin", distance=2.0)
    rank = list(SPEED_KMH)
    best: dict[int, tuple[int, int]] = {}
    for piece_number, road_number in zip(which.tolist(), candidate.tolist(), strict=True):
        key = (rank.index(roads[road_number].highway), road_number)
        best[piece_number] = min(best.get(piece_number, key), key)
    return pieces, np.array([best[i][1] for i in range(len(pieces))], dtype=np.int64)


def _junctions(pieces: Sequence[LineString]) -> tuple[FloatArray, FloatArray, IntArray, IntArray]:
    """Return x and y of the junctions, and tail and head of each piece; junctions a few metres apart are merged."""
    ends = np.array([[piece.coords[0], piece.coords[-1]] for piece in pieces])
    places, number = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
    number = number.reshape(-1, 2)
    short = number[shapely.length(pieces) < _SHORTEST_M]
    size = len(places)
    links = coo_array((np.ones(len(short)), (short[:, 0], short[:, 1])), shape=(size, size))
    group = connected_components(links, directed=False)[1].astype(np.int64)
    _, first = np.unique(group, return_index=True)
    return places[first, 0], places[first, 1], group[number[:, 0]], group[number[:, 1]]


def _useful(tail: IntArray, head: IntArray, yard: BoolArray) -> BoolArray:
    """Return which pieces to keep: no loops, one per pair of ends, in the component of the city or in a yard."""
    size = int(max(tail.max(), head.max())) + 1
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    keep = np.zeros(len(tail), dtype=bool)
    keep[np.unique(low * size + high, return_index=True)[1]] = True
    keep &= tail != head
    links = coo_array((np.ones(keep.sum()), (tail[keep], head[keep])), shape=(size, size))
    part = connected_components(links, directed=False)[1]
    city = int(np.argmax(np.bincount(part)))
    return np.asarray(keep & ((part[tail] == city) | yard))


def _reshaped(pieces: Sequence[LineString], places: FloatArray, tail: IntArray, head: IntArray) -> list[LineString]:
    """Return the pieces between their junctions, simplified and rounded as in the files."""
    shapes = []
    for piece, start, end in zip(shapely.simplify(pieces, 2.0), places[tail], places[head], strict=True):
        inner = np.asarray(piece.coords)[1:-1]
        # Vertices within a contracted junction would make the line turn back.
        clear = [
            point
            for point in inner
            if min(length_on_grid(*(point - start)), length_on_grid(*(point - end))) > _SHORTEST_M
        ]
        shapes.append(LineString([start, *clear, end]))
    vertices = shapely.get_coordinates(shapes)
    rounded = np.column_stack(to_local(*to_degrees(vertices[:, 0], vertices[:, 1])))
    return list(shapely.set_coordinates(np.array(shapes, dtype=object), rounded))


def _oneway(
    roads: Sequence[Road],
    source: IntArray,
    shapes: Sequence[LineString],
    tail: IntArray,
    head: IntArray,
    ground: Ground,
    rng: np.random.Generator,
) -> BoolArray:
    """Return which edges are one-way: whole streets of the core, except edges that would break strong connectivity."""
    chosen = rng.random(len(roads)) < _ONEWAY_SHARE
    central = []
    for shape in shapes:
        place = shape.interpolate(0.5, normalized=True)
        central.append(ground.zone(place.x, place.y) in ("core", "inner"))
    minor = np.array([roads[i].highway in ("tertiary", "residential") for i in source])
    oneway = chosen[source] & minor & np.array(central)
    size = int(max(tail.max(), head.max())) + 1
    u = np.concatenate([tail, head[~oneway]])
    v = np.concatenate([head, tail[~oneway]])
    strong = connected_components(
        coo_array((np.ones(len(u)), (u, v)), shape=(size, size)), directed=True, connection="strong"
    )[1]
    return np.asarray(oneway & (strong[tail] == strong[head]))
