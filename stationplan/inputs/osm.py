"""Roads and places of an OSM extract (``.osm.pbf`` or ``.osm``), read with pyosmium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osmium
import shapely
from pyproj import Geod

from stationplan.domain import MODES, FloatArray, IntArray, Mode, RoadArcs
from stationplan.errors import FaultList, InputError, Message, say
from stationplan.inputs.arcs import two_way_arcs
from stationplan.inputs.rules import ROAD_CLASSES, Speeds, is_major, modes_of

OSM_SOURCE = "© OpenStreetMap contributors, ODbL 1.0"


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
        say("Download it again and check that it ends in .osm.pbf or .osm."),
    )
    return InputError(faults.faults)


def read_osm_roads(path: Path, *, speeds: Speeds, source: str, date: str) -> RoadArcs:
    """Return the roads of an OSM extract; every shape point is a node, so arcs are straight.

    Ways that leave the extract keep the parts whose nodes are in it.

    Raises
    ------
    InputError
        The file is malformed or holds no road.
    """
    node_of: dict[int, int] = {}
    lon: list[float] = []
    lat: list[float] = []
    tail: list[int] = []
    head: list[int] = []
    way: list[int] = []
    way_class: list[str] = []
    way_open: list[dict[Mode, tuple[bool, bool]]] = []
    incomplete = 0
    try:
        ways = osmium.FileProcessor(str(path)).with_locations().with_filter(osmium.filter.KeyFilter("highway"))
        for thing in ways.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)):
            highway = thing.tags["highway"]
            if not isinstance(thing, osmium.osm.Way) or highway not in ROAD_CLASSES:
                continue
            allowed = modes_of(dict(thing.tags))
            if not allowed:
                continue
            previous = -1
            for ref in thing.nodes:
                if not ref.location.valid():
                    incomplete += 1
                    previous = -1
                    continue
                node = node_of.setdefault(ref.ref, len(lon))
                if node == len(lon):
                    lon.append(ref.location.lon)
                    lat.append(ref.location.lat)
                if previous not in (-1, node):
                    tail.append(previous)
                    head.append(node)
                    way.append(len(way_class))
                previous = node
            way_class.append(highway)
            way_open.append(allowed)
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as error:
        raise _malformed(path, error) from None
    cut = say("{count} road nodes lie outside the extract; roads end there.", count=incomplete)
    if not tail:
        faults = FaultList(path.name)
        faults.add(say("The extract holds no roads."), say("Use an extract that covers the study area."))
        raise InputError(faults.faults)
    return _arcs(
        np.array(lon),
        np.array(lat),
        np.array(tail),
        np.array(head),
        np.array(way),
        way_class,
        way_open,
        speeds=speeds,
        source=source or OSM_SOURCE,
        date=date,
        notes=(cut,) if incomplete else (),
    )


def _arcs(
    lon: FloatArray,
    lat: FloatArray,
    tail: IntArray,
    head: IntArray,
    way: IntArray,
    way_class: Sequence[str],
    way_open: Sequence[Mapping[Mode, tuple[bool, bool]]],
    *,
    speeds: Speeds,
    source: str,
    date: str,
    notes: tuple[Message, ...],
) -> RoadArcs:
    """Turn undirected pieces of ways into arcs both ways, with ``inf`` minutes where a mode may not go."""
    length_m = np.asarray(Geod(ellps="WGS84").inv(lon[tail], lat[tail], lon[head], lat[head])[2])
    each_way: tuple[dict[Mode, FloatArray], dict[Mode, FloatArray]] = ({}, {})
    for mode in MODES:
        pace = np.array([60.0 / (1000.0 * speeds.of(mode, highway)) for highway in way_class])
        for direction, minutes in enumerate(each_way):
            is_open = np.array([mode in allowed and allowed[mode][direction] for allowed in way_open])
            minutes[mode] = np.where(is_open[way], length_m * pace[way], np.inf)
    return two_way_arcs(
        lon,
        lat,
        tail,
        head,
        length_m=length_m,
        forth=each_way[0],
        back=each_way[1],
        major=np.array([is_major(highway) for highway in way_class])[way],
        source=source,
        date=date,
        notes=notes,
    )


def read_osm_places(path: Path, tags: Sequence[str]) -> tuple[list[OsmPlace], int]:
    """Return the nodes and closed ways that carry one of the tags (``key=value``), in file order.

    A closed way stands at the centroid of its outline. The number is that of the things with such a tag that are left
    out: relations, open ways, and what the extract has no location for.

    Raises
    ------
    InputError
        The file is malformed.
    """
    wanted = [(tag.partition("=")[0], tag.partition("=")[2]) for tag in tags]
    places: list[OsmPlace] = []
    left_out = 0
    try:
        things = osmium.FileProcessor(str(path)).with_locations()
        for thing in things.with_filter(osmium.filter.TagFilter(*wanted)):
            if isinstance(thing, osmium.osm.Node) and thing.location.valid():
                places.append(OsmPlace(f"node/{thing.id}", thing.location.lon, thing.location.lat, dict(thing.tags)))
                continue
            ring = []
            if isinstance(thing, osmium.osm.Way) and thing.is_closed():
                ring = [(ref.location.lon, ref.location.lat) for ref in thing.nodes if ref.location.valid()]
            if len(ring) > 3 and isinstance(thing, osmium.osm.Way) and len(ring) == len(thing.nodes):
                centre = shapely.Polygon(ring).centroid
                places.append(OsmPlace(f"way/{thing.id}", centre.x, centre.y, dict(thing.tags)))
            else:
                left_out += 1
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as error:
        raise _malformed(path, error) from None
    return places, left_out
