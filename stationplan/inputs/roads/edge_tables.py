"""Roads from CSV tables of nodes and directed edges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from shapely import LineString
from shapely.errors import ShapelyError

from stationplan.domain import ROAD_CLASSES, IntArray, ObjectArray
from stationplan.errors import FaultList, InputError, say
from stationplan.geo import Datum, to_wgs84
from stationplan.inputs.roads.bends import SHORT_BY_M, shared_lengths, straighten
from stationplan.inputs.roads.pieces import LONGEST_ROAD_M, RoadPieces, geodesic_m, number_kinds
from stationplan.inputs.tables.points import coordinates
from stationplan.inputs.tables.table import Table, Wanted, find_columns, table_from_rows
from stationplan.inputs.tables.textfile import csv_rows
from stationplan.inputs.tables.values import numbers, unique_ids
from stationplan.scenario import Limits


def read_csv_roads(nodes_path: Path, edges_path: Path, *, datum: Datum, limits: Limits) -> RoadPieces:
    """Return the roads of two tables: nodes (id, lon, lat) and directed edges (from, to, class ...).

    A row of edges is one direction for cars and e-bikes; walkers use both directions. The length is ``length_m`` where
    the table has it, otherwise that of the geometry. ``speed_kmh`` is the speed limit: cars drive at the speed of the
    road class, or at the limit where that is lower. Shape points of a ``wkt`` geometry become nodes, so that every
    piece is straight.

    Raises
    ------
    InputError
        A table cannot be read, or has faults; all faults of both tables together.
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
    stated = np.full(count, np.nan)
    if "length_m" in columns:
        stated = numbers(edges, columns["length_m"], faults, unit="length", low=0, high=LONGEST_ROAD_M, empty=np.nan)
    speed = np.full(count, np.nan)
    if "speed_kmh" in columns:
        speed = numbers(edges, columns["speed_kmh"], faults, unit="speed", low=1, high=200, empty=np.nan)
    shapes = _shapes(edges, columns["wkt"], faults) if "wkt" in columns else np.full(count, None)
    found = [fault for fault in (*node_faults.faults, *faults.faults) if fault.action not in {"repaired", "kept"}]
    if found:
        raise InputError(found)
    lon, lat = to_wgs84(lon, lat, datum=datum)
    straight_m = geodesic_m(lon, lat, ends[0], ends[1])
    lon, lat, edge, tail, head = straighten(lon, lat, ends[0], ends[1], shapes, datum)
    kinds, kind = number_kinds(zip(classes, map(_limit_text, speed.tolist()), strict=True))
    return RoadPieces(
        lon=lon,
        lat=lat,
        tail=tail.astype(np.int32),
        head=head.astype(np.int32),
        length_m=shared_lengths(geodesic_m(lon, lat, tail, head), edge, stated),
        kind=kind[edge],
        kinds=tuple(_tags(highway, limit) for highway, limit in kinds),
        source="",
        date="",
        short_edges=int((stated < straight_m - SHORT_BY_M).sum()),
    )


def _limit_text(kmh: float) -> str:
    return "" if np.isnan(kmh) else f"{kmh:.3f}".rstrip("0").rstrip(".")


def _tags(highway: str, limit: str) -> dict[str, str]:
    tags = {"highway": highway, "oneway": "yes"}
    return {**tags, "maxspeed": limit} if limit else tags


def _ends(edges: Table, column: int, index: dict[str, int], faults: FaultList) -> IntArray:
    values = np.zeros(len(edges.rows), dtype=np.int64)
    for i, node in enumerate(edges.column(column)):
        if node in index:
            values[i] = index[node]
        else:
            faults.add(
                say("The node {node} is not in the node table.", node=repr(node)),
                say("Add the node or remove the edge."),
                row=edges.row_number[i],
            )
    return values


def _classes(edges: Table, column: int, faults: FaultList) -> list[str]:
    classes = [text or "road" for text in edges.column(column)]
    for highway, row in zip(classes, edges.row_number, strict=True):
        if highway not in ROAD_CLASSES:
            faults.add(
                say("Unknown road class {highway}.", highway=repr(highway)),
                say("Use OSM's values of `highway`, such as residential; leave the value empty if it is unknown."),
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
        except (ShapelyError, NotImplementedError):  # the latter for curves
            shape = None
        if shape is None or shape.geom_type != "LineString" or not _is_on_globe(shape):
            faults.add(
                say("The geometry {found} is not a LINESTRING.", found=repr(text[:60])),
                say("Provide WKT such as LINESTRING(104.07 30.62, 104.08 30.63), or leave the value empty."),
                row=edges.row_number[i],
            )
        else:
            shapes[i] = shape
    return shapes


def _is_on_globe(line: LineString) -> bool:
    points = shapely.get_coordinates(line)
    return bool(((np.abs(points[:, 0]) <= 180) & (np.abs(points[:, 1]) <= 90)).all())
