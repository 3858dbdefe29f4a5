"""Roads from a GraphML file saved by OSMnx, read as plain XML."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import numpy as np
import shapely
from defusedxml.ElementTree import iterparse
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.errors import ShapelyError

from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.limits import WatchedStream, refuse_above, refuse_entities, refuse_large
from stationplan.inputs.osm import OSM_SOURCE
from stationplan.inputs.roads.bends import SHORT_BY_M, shared_lengths, straighten
from stationplan.inputs.roads.pieces import RoadPieces, geodesic_m, number_kinds, refuse_lengths, refuse_no_roads
from stationplan.inputs.roads.rules import ACCESS_TAGS, is_road
from stationplan.inputs.roads.tag_texts import listed
from stationplan.inputs.tables.quantities import as_number
from stationplan.scenario import Limits

_SPACE = "{http://graphml.graphdrawing.org/xmlns}"
_TAGS = (*ACCESS_TAGS, "motorroad", "maxspeed")
_DEGREES = frozenset({"epsg:4326", "epsg:4490", "ogc:crs84"})
_MOST_HELD = 100_000
"""Elements that are in memory at a time; a node or an edge of OSMnx has some twenty."""

_INIT = re.compile(r"\{\s*['\"]init['\"]\s*:\s*['\"]([^'\"]+)['\"].*\}")
_CURE = say("Save the directed graph in longitude and latitude with osmnx.save_graphml, and do not edit the file.")


def read_graphml_roads(path: Path, limits: Limits) -> RoadPieces:
    """Return the roads of a graph saved by OSMnx 2.

    An edge is one direction for cars and e-bikes (OSMnx has one edge per direction of a two-way street); walkers use
    both directions. Only OSM tags that the graph contains are used. Lists, on edges that combine several ways, keep all
    their values. The length is that of the edge, divided among the pieces of its geometry. The date is that of OSM's
    data, which ``stationplan fetch`` stores in the graph.

    Raises
    ------
    InputError
        The file is too large, malformed, or not such a graph.
    """
    refuse_large(path, limits, cap="extract_mb")
    with path.open("rb") as stream:
        refuse_entities(stream, path.name)
    faults = FaultList(path.name)
    graph = _Graph()
    try:
        for thing, attributes, data in _things(path):
            if thing == "graph":
                graph.check(attributes, data)
            elif thing == "node":
                graph.add_node(attributes, data)
            else:
                graph.add_edge(attributes, data)
            refuse_above(graph.vertices, "vertices", limits, faults)
        return graph.pieces(path.name)
    except ParseError as error:
        faults.add(
            say("The XML is malformed: {error}.", error=error), say("Download the file again."), code="unreadable"
        )
    except KeyError as error:
        faults.add(say("The file is not an OSMnx graph: it lacks {what}.", what=error), _CURE, code="unreadable")
    except (ValueError, ShapelyError) as error:
        faults.add(say("The file is not an OSMnx graph: {error}.", error=error), _CURE, code="unreadable")
    raise InputError(faults.faults)


def _things(path: Path) -> Iterator[tuple[str, Mapping[str, str], dict[str, str]]]:
    """Yield nodes and edges, and finally the graph itself: the element type, its attributes, its data by name."""
    with path.open("rb") as raw:
        stream = WatchedStream(raw)
        yield from _elements(iterparse(stream, events=("start", "end"), forbid_dtd=True), stream)


def _elements(
    events: Iterable[tuple[str, Element]], stream: WatchedStream
) -> Iterator[tuple[str, Mapping[str, str], dict[str, str]]]:
    """Yield what :func:`_things` does; raises ``ValueError`` where elements would pile up in memory."""
    names: dict[str, str] = {}
    graph: Element | None = None
    held = 0
    for event, element in events:
        stream.unanswered = 0
        tag = element.tag.removeprefix(_SPACE)
        if event == "start":
            held += 1
            if held > _MOST_HELD:
                raise ValueError(f"it has more than {_MOST_HELD} elements beside or within one node or edge")
            if tag == "graph" and graph is not None:
                raise ValueError("it has several graphs")
            graph = element if tag == "graph" else graph
        elif tag == "key":
            names[element.attrib["id"]] = element.attrib["attr.name"]
        elif tag in ("node", "edge", "graph"):
            data = {names[item.attrib["key"]]: item.text or "" for item in element if item.tag == f"{_SPACE}data"}
            yield tag, element.attrib, data
            if graph is not None and tag != "graph":
                graph.remove(element)
                held = len(graph)


class _Graph:
    """The parts of a graph read so far."""

    def __init__(self) -> None:
        self.vertices = 0
        self._node_of: dict[str, int] = {}
        self._lon, self._lat, self._length = array("d"), array("d"), array("d")
        self._tail, self._head = array("q"), array("q")
        self._shapes: list[object] = []
        self._tags: list[tuple[str, ...]] = []
        self._other: Counter[str] = Counter()
        self._date = ""

    def check(self, attributes: Mapping[str, str], data: Mapping[str, str]) -> None:
        """Record the graph's date, and check that it is directed and in degrees of a supported CRS.

        Raises
        ------
        ValueError
            The graph is undirected or in another CRS.
        """
        if attributes.get("edgedefault") != "directed":
            raise ValueError("it is undirected, so nobody knows its one-way streets")
        if not _in_degrees(data["crs"]):
            raise ValueError(f"its CRS is {data['crs'][:40]}, not epsg:4326")
        self._date = data.get("osm_date", "")

    def add_node(self, attributes: Mapping[str, str], data: Mapping[str, str]) -> None:
        """Record a node.

        Raises
        ------
        ValueError
            The node appears twice, or a coordinate is not a number.
        """
        if attributes["id"] in self._node_of:
            raise ValueError(f"the node {attributes['id'][:40]} appears twice")
        self._node_of[attributes["id"]] = len(self._lon)
        self._lon.append(_number(data["x"]))
        self._lat.append(_number(data["y"]))
        self.vertices += 1

    def add_edge(self, attributes: Mapping[str, str], data: Mapping[str, str]) -> None:
        """Record an edge, or that its class is not a road.

        Raises
        ------
        ValueError
            The geometry of the edge is not a single line, or its length is not a number.
        """
        highway = listed(data.get("highway", ""))
        if not is_road(highway):
            self._other[highway or "-"] += 1
            return
        self._tail.append(self._node_of[attributes["source"]])
        self._head.append(self._node_of[attributes["target"]])
        self._length.append(_number(data["length"]) if data.get("length") else np.nan)
        shape = shapely.from_wkt(data["geometry"]) if "geometry" in data else None
        if shape is not None and shape.geom_type != "LineString":
            raise ValueError(f"the geometry of an edge is {shape.geom_type}")
        self._shapes.append(shape)
        self._tags.append((highway, *(listed(data.get(key, "")) for key in _TAGS)))
        self.vertices += 0 if shape is None else int(shapely.get_num_coordinates(shape))

    def pieces(self, file: str) -> RoadPieces:
        """Return the whole graph as pieces of road.

        Raises
        ------
        ValueError
            A node is not in degrees, or the length of an edge is negative or infinite.
        """
        lon, lat = np.array(self._lon, dtype=np.float64), np.array(self._lat, dtype=np.float64)
        tail, head = np.array(self._tail, dtype=np.int64), np.array(self._head, dtype=np.int64)
        refuse_no_roads(file, len(tail))
        shapes = np.full(len(tail), None)
        shapes[:] = self._shapes
        stated = np.array(self._length)
        straight_m = geodesic_m(lon, lat, tail, head)
        lon, lat, edge, tail, head = straighten(lon, lat, tail, head, shapes, "wgs84")
        if not ((np.abs(lon) <= 180) & (np.abs(lat) <= 90)).all():
            raise ValueError("a node has no longitude and latitude in degrees")
        refuse_lengths(stated)
        kinds, kind = number_kinds(self._tags)
        return RoadPieces(
            lon=lon,
            lat=lat,
            tail=tail.astype(np.int32),
            head=head.astype(np.int32),
            length_m=shared_lengths(geodesic_m(lon, lat, tail, head), edge, stated),
            kind=kind[edge],
            kinds=tuple(_as_tags(values) for values in kinds),
            source=OSM_SOURCE,
            date=self._date,
            short_edges=int((stated < straight_m - SHORT_BY_M).sum()),
            other_classes=dict(self._other),
        )


def _number(text: str) -> float:
    number = as_number(text.strip())
    if np.isnan(number):
        raise ValueError(f"{text[:40]!r} is not a number")
    return number


def _in_degrees(text: str) -> bool:
    """Return whether a CRS, as old and new versions write it, is longitude and latitude on WGS-84 or CGCS2000.

    >>> [_in_degrees(text) for text in ("epsg:4326", "4326", "{'init': 'epsg:4326'}", "+init=epsg:4326", "epsg:32648")]
    [True, True, True, True, False]
    """
    stated = _INIT.sub(r"\1", text.strip()).removeprefix("+init=").lower()
    stated = f"epsg:{stated}" if stated.isdigit() else stated
    if stated in _DEGREES:
        return True
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        return False
    return crs.is_geographic and crs.to_epsg() in {4326, 4490}


def _as_tags(values: tuple[str, ...]) -> dict[str, str]:
    tags = {key: value for key, value in zip(("highway", *_TAGS), values, strict=True) if value}
    return {**tags, "oneway": "yes"}
