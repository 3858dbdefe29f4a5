"""Roads from CSV tables of nodes and directed edges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from pyproj import Geod
from shapely.errors import ShapelyError

from stationplan.domain import MODES, FloatArray, IntArray, Mode, ObjectArray, RoadArcs
from stationplan.errors import FaultList, InputError, Message, say
from stationplan.geo import Datum, to_wgs84
from stationplan.inputs.arcs import two_way_arcs
from stationplan.inputs.osm import read_osm_roads
from stationplan.inputs.points import coordinates
from stationplan.inputs.rules import ROAD_CLASSES, Speeds, is_major, modes_of
from stationplan.inputs.table import Table, Wanted, find_columns, numbers, table_from_rows, unique_ids
from stationplan.inputs.textfile import csv_rows
from stationplan.scenario import Limits, Scenario

_GEOD = Geod(ellps="WGS84")
_SHORT_BY_M = 5.0


def read_roads(scenario: Scenario) -> RoadArcs:
    """Return the roads of a scenario, from its OSM extract or its tables.

    Raises
    ------
    InputError
        All faults of the source.
    """
    roads = scenario.file.roads
    speeds = Speeds(roads.speed_kmh["walk"], roads.speed_kmh["ebike"], roads.car_speed_kmh)
    if roads.osm is not None:
        return read_osm_roads(scenario.locate(roads.osm), speeds=speeds, source=roads.source, date=roads.date)
    return read_csv_roads(
        scenario.locate(roads.nodes or ""),
        scenario.locate(roads.edges or ""),
        datum=roads.datum or "wgs84",
        speeds=speeds,
        source=roads.source,
        date=roads.date,
        limits=scenario.file.limits,
    )


def read_csv_roads(
    nodes_path: Path, edges_path: Path, *, datum: Datum, speeds: Speeds, source: str, date: str, limits: Limits
) -> RoadArcs:
    """Return the roads of two tables: nodes (id, lon, lat) and directed edges (from, to, class ...).

    A row of edges is one direction for cars and e-bikes; walkers go both ways. The length is ``length_m`` where the
    table has it, else that of the geometry. ``speed_kmh`` is the limit: cars go at their class's speed, or at the limit
    where that is lower. Shape points of a ``wkt``
    geometry become nodes, so that every arc is straight.

    Raises
    ------
    InputError
        All faults of both tables.
    """
    node_fields = Wanted(("node", "lon", "lat"), ("node", "lon", "lat"))
    edge_fields = Wanted(("from", "to", "highway", "length_m", "speed_kmh", "wkt"), ("from", "to", "highway"))
    nodes = table_from_rows(nodes_path.name, csv_rows(nodes_path, limits), node_fields)
    edges = table_from_rows(edges_path.name, csv_rows(edges_path, limits), edge_fields)
    node_faults, faults = FaultList(nodes.file), FaultList(edges.file)
    node_faults.extend(nodes.faults)
    faults.extend(edges.faults)
    columns = find_columns(nodes, node_fields, node_faults)
    lon, lat = coordinates(nodes, columns, node_faults, crs=None, inside=True)
    ids = unique_ids(nodes, columns["node"], node_faults) if "node" in columns else []
    index = {node: i for i, node in enumerate(ids)}
    columns = find_columns(edges, edge_fields, faults)
    ends = [_ends(edges, columns[end], index, faults) for end in ("from", "to") if end in columns]
    classes = _classes(edges, columns["highway"], faults) if "highway" in columns else []
    count = len(edges.rows)
    length = numbers(edges, columns["length_m"], faults, low=0, empty=np.nan) if "length_m" in columns else None
    speed = np.full(count, np.nan)
    if "speed_kmh" in columns:
        speed = numbers(edges, columns["speed_kmh"], faults, low=1, high=200, empty=np.nan)
    shapes = _shapes(edges, columns["wkt"], faults) if "wkt" in columns else np.full(count, None)
    if node_faults or faults:
        raise InputError([*node_faults.faults, *faults.faults])
    lon, lat = to_wgs84(lon, lat, datum=datum)
    lon, lat, edge, tail, head = _straighten(lon, lat, ends[0], ends[1], shapes, datum)
    piece_m = np.asarray(_GEOD.inv(lon[tail], lat[tail], lon[head], lat[head])[2])
    drawn_m = np.bincount(edge, piece_m, minlength=count)
    notes: list[Message] = []
    if length is not None:
        straight_m = np.asarray(_GEOD.inv(lon[ends[0]], lat[ends[0]], lon[ends[1]], lat[ends[1]])[2])
        short = int((length < straight_m - _SHORT_BY_M).sum())
        if short:
            notes.append(
                say(
                    "{count} of {total} edges of {file} are stated shorter than the straight line between their nodes.",
                    count=short,
                    total=count,
                    file=edges.file,
                )
            )
        stated = np.where(np.isnan(length), drawn_m, length)
        pieces = np.bincount(edge, minlength=count)
        share = np.where(drawn_m[edge] > 0, piece_m / np.where(drawn_m > 0, drawn_m, 1.0)[edge], 1.0 / pieces[edge])
        piece_m = stated[edge] * share
    allowed = [modes_of({"highway": highway}) for highway in classes]
    forth: dict[Mode, FloatArray] = {}
    back: dict[Mode, FloatArray] = {}
    for mode in MODES:
        kmh = np.array([speeds.of(mode, highway) for highway in classes])
        if mode == "car":
            kmh = np.fmin(kmh, speed)
        is_open = np.array([mode in modes for modes in allowed], dtype=bool)
        forth[mode] = np.where(is_open[edge], piece_m * (60.0 / (1000.0 * kmh))[edge], np.inf)
        back[mode] = forth[mode] if mode == "walk" else np.full(len(edge), np.inf)
    return two_way_arcs(
        lon,
        lat,
        tail,
        head,
        length_m=piece_m,
        forth=forth,
        back=back,
        major=np.array([is_major(highway) for highway in classes])[edge],
        source=source,
        date=date,
        notes=tuple(notes),
    )


def _ends(edges: Table, column: int, index: dict[str, int], faults: FaultList) -> IntArray:
    values = np.zeros(len(edges.rows), dtype=np.int64)
    for i, node in enumerate(edges.column(column)):
        if node in index:
            values[i] = index[node]
        else:
            faults.add(
                say("The node {node} is not in the table of nodes.", node=repr(node)),
                say("Add the node or take the edge out."),
                row=edges.row_number[i],
            )
    return values


def _classes(edges: Table, column: int, faults: FaultList) -> list[str]:
    classes = [text or "road" for text in edges.column(column)]
    for highway, row in zip(classes, edges.row_number, strict=True):
        if highway not in ROAD_CLASSES:
            faults.add(
                say("Unknown road class {highway}.", highway=repr(highway)),
                say("Use OSM's values of `highway`, such as residential; leave the cell empty when unknown."),
                row=row,
            )
    return classes


def _shapes(edges: Table, column: int, faults: FaultList) -> ObjectArray:
    shapes = np.full(len(edges.rows), None)
    for i, text in enumerate(edges.column(column)):
        if not text:
            continue
        try:
            with np.errstate(invalid="ignore"):
                shape = shapely.from_wkt(text)
        except ShapelyError:
            shape = None
        points = shapely.get_coordinates(shape)
        if not ((np.abs(points[:, 0]) <= 180) & (np.abs(points[:, 1]) <= 90)).all():
            shape = None
        if shape is None or shape.geom_type != "LineString":
            faults.add(
                say("The geometry {found} is not a LINESTRING.", found=repr(text[:60])),
                say("Give WKT such as LINESTRING(104.07 30.62, 104.08 30.63), or leave the cell empty."),
                row=edges.row_number[i],
            )
        else:
            shapes[i] = shape
    return shapes


def _straighten(
    lon: FloatArray,
    lat: FloatArray,
    tail: IntArray,
    head: IntArray,
    shapes: ObjectArray,
    datum: Datum,
) -> tuple[FloatArray, FloatArray, IntArray, IntArray, IntArray]:
    """Return nodes with the inner shape points added, and straight pieces (edge, tail, head) in edge order.

    Rows between the same two nodes share a bend that lies in the same place: the two directions of one street.
    """
    points, owner = shapely.get_coordinates(list(shapes), return_index=True)
    counts = np.bincount(owner, minlength=len(shapes))
    starts = np.cumsum(counts) - counts
    position = np.arange(len(owner)) - starts[owner]
    inner = (position > 0) & (position < counts[owner] - 1)
    points, owner = points[inner], owner[inner]
    ends = np.column_stack([np.minimum(tail, head), np.maximum(tail, head)])[owner]
    _, first, bend = np.unique(np.column_stack([ends, points]), axis=0, return_index=True, return_inverse=True)
    inner_lon, inner_lat = to_wgs84(points[first, 0], points[first, 1], datum=datum)
    bend_node = len(lon) + bend.ravel()
    inner_count = np.bincount(owner, minlength=len(shapes))
    edge = np.repeat(np.arange(len(shapes)), inner_count + 1)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(inner_count + 1) - (inner_count + 1), inner_count + 1)
    if len(bend_node) == 0:
        return lon, lat, edge, tail[edge], head[edge]
    # Piece `step` of an edge runs from its bend step - 1 to its bend step; clipped where an end takes their place.
    at = (np.cumsum(inner_count) - inner_count)[edge] + step
    before, after = np.clip([at - 1, at], 0, len(bend_node) - 1)
    return (
        np.concatenate([lon, inner_lon]),
        np.concatenate([lat, inner_lat]),
        edge,
        np.where(step == 0, tail[edge], bend_node[before]),
        np.where(step == inner_count[edge], head[edge], bend_node[after]),
    )
