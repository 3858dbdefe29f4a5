"""Candidate sites without a table: hosts of an OSM extract by their tags, and junctions of the roads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from stationplan.domain import WALK, BoolArray, Cells, FloatArray, IntArray, Quality, RoadArcs, StudyArea, joined
from stationplan.errors import say
from stationplan.geo import project, unproject
from stationplan.inputs.areas import district_of
from stationplan.inputs.osm import read_osm_places
from stationplan.inputs.sites.rows import Place, PlaceTable
from stationplan.scenario import CandidatesInput, HostInput, Scenario, SitesInput


def osm_places(scenario: Scenario, given: SitesInput, role: str) -> PlaceTable:
    """Return the places of an OSM extract that have a tag of the requested hosts; the first matching host is used.

    Raises
    ------
    InputError
        The extract does not exist or is malformed.
    """
    hosts = scenario.file.hosts
    tags = [(tag, host) for host in given.hosts for tag in hosts[host].tags]
    path = scenario.locate(given.osm or "")
    found, left_out = read_osm_places(path, [tag for tag, _ in tags], scenario.file.limits)
    notes = []
    if left_out:
        notes.append(
            say(
                "{count} places in {file} have open or incomplete outlines and were skipped.",
                count=left_out,
                file=given.osm,
            )
        )
    places = []
    for place in found:
        host = next(host for tag, host in tags if _has_tag(place.tags, tag))
        name = place.tags.get("name:zh") or place.tags.get("name") or ""
        address = " ".join(filter(None, (place.tags.get("addr:street"), place.tags.get("addr:housenumber"))))
        places.append(_hosted(place.id, name, address, host, hosts[host]))
    quality = Quality(role, given.osm or "", None, len(found) + left_out, len(found), ())
    return PlaceTable(
        tuple(places),
        np.array([place.lon for place in found], dtype=np.float64),
        np.array([place.lat for place in found], dtype=np.float64),
        (None,) * len(places),
        "wgs84",
        quality,
        tuple(notes),
    )


def _has_tag(tags: Mapping[str, str], tag: str) -> bool:
    key, value = tag.split("=", 1)
    return tags.get(key) == value


def _hosted(site_id: str, name: str, address: str, host: str, spec: HostInput) -> Place:
    capacity = np.nan if spec.capacity is None else spec.capacity
    return Place(site_id, name, address, spec.kind, host, spec.hours, spec.cost, capacity)


def grid_places(
    given: CandidatesInput,
    roads: RoadArcs | None,
    area: StudyArea,
    hosts: Mapping[str, HostInput],
    *,
    cells: Cells,
    straight: BoolArray,
) -> PlaceTable:
    """Return road junctions in the districts as candidates: all of them, or one for each square of ``spacing_m``.

    A junction is a node with at least three neighbours on roads open to walkers. In ``straight`` districts, which have
    no roads, centres of cells are used instead. In each square (aligned to the CRS of the area), the junction and the
    cell nearest its centre are used. Ids contain easting and northing in metres, so they do not change when roads
    change elsewhere; ids that share the same metre also contain the number of the node or cell.
    """
    host = given.default_host or ""
    spots = [_centres(cells, straight, area, given.spacing_m)]
    if roads is not None:
        spots.insert(0, _junctions(roads, straight, area, given.spacing_m))
    ids, lon, lat = zip(*spots, strict=True)
    places = tuple(_hosted(site_id, "", "", host, hosts[host]) for some in ids for site_id in some)
    return PlaceTable(
        places,
        np.concatenate(lon),
        np.concatenate(lat),
        (None,) * len(places),
        "wgs84",
        Quality("candidates", "", None, len(places), len(places), ()),
    )


def _junctions(
    roads: RoadArcs, straight: BoolArray, area: StudyArea, spacing_m: float | None
) -> tuple[list[str], FloatArray, FloatArray]:
    """Return the ids and locations (WGS-84) of the junctions used as candidates."""
    x, y = project(roads.lon, roads.lat, area.crs)
    node = junctions(roads)
    district = district_of(area, x[node], y[node])
    node = node[(district >= 0) & ~straight[district]]
    if spacing_m is not None:
        node = node[central(x[node], y[node], spacing_m)]
    return _ids("junction", x, y, node), roads.lon[node], roads.lat[node]


def _centres(
    cells: Cells, straight: BoolArray, area: StudyArea, spacing_m: float | None
) -> tuple[list[str], FloatArray, FloatArray]:
    """Return the ids and locations (WGS-84) of the cells in straight districts that are used as candidates."""
    cell = np.flatnonzero(straight[cells.district])
    if spacing_m is not None:
        cell = cell[central(cells.x[cell], cells.y[cell], spacing_m)]
    return _ids("cell", cells.x, cells.y, cell), *unproject(cells.x[cell], cells.y[cell], area.crs)


def _ids(kind: str, x: FloatArray, y: FloatArray, chosen: IntArray) -> list[str]:
    spots = [f"{kind}/{round(x[i])}/{round(y[i])}" for i in chosen.tolist()]
    shared = {spot for spot, count in Counter(spots).items() if count > 1}
    return [f"{spot}/{i}" if spot in shared else spot for spot, i in zip(spots, chosen.tolist(), strict=True)]


def junctions(roads: RoadArcs) -> IntArray:
    """Return the nodes that have at least three neighbours on roads open to walkers."""
    open_arc = np.isfinite(roads.minutes[WALK]) & (roads.tail != roads.head)
    pairs = joined(roads.tail[open_arc], roads.head[open_arc])
    return np.flatnonzero(np.bincount(pairs.ravel(), minlength=len(roads.lon)) > 2)


def central(x: FloatArray, y: FloatArray, side_m: float) -> IntArray:
    """Return, for each grid square that contains points, the point nearest its centre; in the order of the points.

    >>> central(np.array([1.0, 4.0, 12.0]), np.array([1.0, 6.0, 1.0]), 10.0).tolist()
    [1, 2]
    """
    column, row = np.floor(x / side_m), np.floor(y / side_m)
    from_middle = np.hypot(x - (column + 0.5) * side_m, y - (row + 0.5) * side_m)
    order = np.lexsort((np.arange(len(x)), from_middle, row, column))
    first = np.ones(len(x), dtype=bool)
    first[1:] = (np.diff(column[order]) != 0) | (np.diff(row[order]) != 0)
    return np.sort(order[first])
