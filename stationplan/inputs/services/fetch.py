"""Roads from OpenStreetMap's services: Nominatim finds the outline of a place, and Overpass returns its roads."""

from __future__ import annotations

import hashlib
import logging
import math
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import shapely
from pyproj import Geod

from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.roads.rules import RULE_TAGS
from stationplan.inputs.services.overpass import Client, Services, Tell, host_of, load_osmnx
from stationplan.storage.files import write_whole

if TYPE_CHECKING:  # an extra: imported where roads are fetched
    from networkx import MultiDiGraph

_log = logging.getLogger(__name__)

_LARGEST_KM2 = 25_000
"""OSMnx requests 2,500 km² at a time, and ten times that is a large request to a free service."""

_EARTH_KM = 6371.0
_DATED = re.compile(r'"timestamp_osm_base": "(\d{4}-\d\d-\d\d)')


@dataclass(frozen=True)
class Box:
    """A rectangle in WGS-84 degrees, ``west < east`` and ``south < north``."""

    west: float
    south: float
    east: float
    north: float

    def __str__(self) -> str:
        return f"{self.west:g},{self.south:g},{self.east:g},{self.north:g}"


@dataclass(frozen=True)
class Fetched:
    """What was downloaded: numbers of nodes and edges, full names of the places found, and the date of the data.

    The date (``2026-11-24``) is that of OpenStreetMap's data in the oldest response; empty where the server does not
    report it.
    """

    nodes: int
    edges: int
    places: tuple[str, ...]
    date: str


def box_around(lon: float, lat: float, reach_m: float) -> Box:
    """Return the rectangle whose sides are ``reach_m`` metres from a location (WGS-84 degrees).

    >>> str(box_around(0.0, 0.0, 111_319.49))
    '-1,-1.00674,1,1.00674'
    """
    lons, lats, _ = Geod(ellps="WGS84").fwd([lon] * 4, [lat] * 4, [270, 180, 90, 0], [reach_m] * 4)
    return Box(float(lons[0]), float(lats[1]), float(lons[2]), float(lats[3]))


def fetch_roads(
    where: tuple[str, ...] | Box,
    path: Path,
    *,
    services: Services,
    cache: Path | None = None,
    tell: Tell = lambda message: _log.info("%s", message),
    sleep: Callable[[float], None] = time.sleep,
) -> Fetched:
    """Write the roads of places or of a rectangle as GraphML of OSMnx, and return a summary of the download.

    All ways in use with the tag ``highway`` are included, also disconnected ones, with the tags that the road rules
    read. Nodes are kept where roads meet or a tag changes; bends between them become the edges' geometry. The file is
    written completely or not at all. Responses are cached in the folder ``cache`` and reused from there regardless of
    their age; without it, they are kept only until the download is complete.

    Raises
    ------
    InputError
        A place is unknown or has no outline, the area is too large, or there is no road in it; a cached response is
        damaged; or OSMnx is not installed.
    ServiceError
        A service cannot be reached, remains busy, or returns an unexpected response.
    """
    if cache is None:
        with tempfile.TemporaryDirectory() as folder:
            return fetch_roads(where, path, services=services, cache=Path(folder), tell=tell, sleep=sleep)
    ox = load_osmnx()
    client = Client(services, cache, tell, sleep)
    outline, places = (shapely.box(*_sides(where)), ()) if isinstance(where, Box) else _look_up(where, client)
    shown = str(where) if isinstance(where, Box) else ", ".join(where)
    _refuse_large(outline, shown)
    # A separate folder for the responses for one outline, so that their dates are known when they are reused.
    client = replace(client, cache=cache / _key(outline, services))
    graph = _download(outline, client, shown)
    tell(say("Connecting {count} road nodes", count=len(graph)))
    graph = ox.simplify_graph(graph, edge_attrs_differ=list(RULE_TAGS), remove_rings=False)
    graph.graph.pop("created_date", None)  # the same responses give the same file
    date = _date(client.cache)
    graph.graph["osm_date"] = date
    tell(say("Writing {path}", path=path))
    with write_whole(path) as draft:
        ox.save_graphml(graph, draft)
    return Fetched(len(graph), graph.number_of_edges(), places, date)


def _sides(box: Box) -> tuple[float, float, float, float]:
    return box.west, box.south, box.east, box.north


def _look_up(names: tuple[str, ...], client: Client) -> tuple[shapely.Polygon | shapely.MultiPolygon, tuple[str, ...]]:
    """Return the union of the outlines of places (WGS-84 degrees) and their full names."""
    ox = load_osmnx()
    faults = FaultList()
    outlines, full_names = [], []
    for name in names:

        def question(name: str = name) -> tuple[shapely.Geometry, str]:
            client.tell(say("Looking up {place} at {host}", place=name, host=host_of(client.services.nominatim_url)))
            found = ox.geocode_to_gdf(name).iloc[0]
            return found["geometry"], str(found["display_name"])

        try:
            outline, full_name = client.ask(client.services.nominatim_url, question)
        except ox._errors.InsufficientResponseError:
            faults.add(
                say("The place {place} was not found.", place=name),
                say("Use its full name, such as 四川省成都市锦江区, or pass --bbox."),
                code="unknown_place",
            )
            continue
        except TypeError:  # raised by OSMnx for a place without a polygon
            faults.add(
                say("The place {place} is only a point or a line, without a boundary.", place=name),
                say("Use the district that contains it, or pass --bbox."),
                code="no_outline",
            )
            continue
        if not outline.is_valid:
            faults.add(
                say("The boundary of {place} intersects itself.", place=full_name),
                say("Use the district that contains it, or pass --bbox."),
                code="bad_outline",
            )
        outlines.append(outline)
        full_names.append(full_name)
    faults.raise_any()
    return shapely.union_all(outlines), tuple(full_names)


def _refuse_large(outline: shapely.Geometry, shown: str) -> None:
    """Raise :class:`InputError` when the bounding box of an outline is too large to request from the services."""
    west, south, east, north = (math.radians(side) for side in outline.bounds)
    area_km2 = _EARTH_KM**2 * (east - west) * (math.sin(north) - math.sin(south))
    if area_km2 > _LARGEST_KM2:
        faults = FaultList()
        faults.add(
            say(
                "{place} covers {found} km²; the limit for fetching roads is {cap} km².",
                place=shown,
                found=round(area_km2),
                cap=_LARGEST_KM2,
            ),
            say("Request a smaller area, or use an extract file (.osm.pbf) instead."),
            code="too_large",
        )
        raise InputError(faults.faults)


def _key(outline: shapely.Geometry, services: Services) -> str:
    """Return a name for the responses to one request: the same outline, requested with the same settings."""
    asked = f"{services.overpass_url} {services.timeout_s} {metadata.version('osmnx')} ".encode()
    return hashlib.sha256(asked + outline.wkb).hexdigest()[:16]


def _download(outline: shapely.Geometry, client: Client, shown: str) -> MultiDiGraph[int]:
    """Return all roads within an outline, with every shape point as a node.

    Raises
    ------
    InputError
        There is no road.
    """
    ox = load_osmnx()

    def question() -> MultiDiGraph[int] | None:
        try:
            whole: MultiDiGraph[int] = ox.graph_from_polygon(
                outline, network_type="all", simplify=False, retain_all=True
            )
        except ox._errors.InsufficientResponseError:
            return None
        except ValueError as error:
            # OSMnx requests 500 m around the outline, and raises only this error when there are roads only in that
            # margin.
            if "no graph nodes" in str(error):
                return None
            raise
        return whole

    graph = client.ask(client.services.overpass_url, question)
    if graph is None or not graph.number_of_edges():
        faults = FaultList()
        faults.add(
            say("There are no roads in {place}.", place=shown),
            say("Check the name or the rectangle; OpenStreetMap may have no roads there yet."),
            code="empty",
        )
        raise InputError(faults.faults)
    return graph


def _date(answers: Path) -> str:
    """Return the date of the oldest Overpass response in a folder, which is near the start of each file."""
    days = []
    for kept in answers.glob("*.json"):
        with kept.open(encoding="utf-8") as stream:
            days += _DATED.findall(stream.read(2000))
    return min(days, default="")
