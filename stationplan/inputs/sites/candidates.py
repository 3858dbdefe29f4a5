"""Candidate sites without a table: hosts of an OSM extract by their tags, and junctions of the roads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from stationplan.domain import (
    WALK,
    BoolArray,
    Cells,
    ColumnUse,
    DefaultSource,
    FloatArray,
    IntArray,
    Quality,
    RoadArcs,
    StudyArea,
    joined,
)
from stationplan.errors import FaultList, Message, say
from stationplan.geo import project, unproject
from stationplan.inputs.areas import district_of
from stationplan.inputs.osm import read_osm_places
from stationplan.inputs.sites.row_hours import HoursReader, counted, defaults_of_hours, hours_policy
from stationplan.inputs.sites.rows import Place, PlaceTable
from stationplan.inputs.tables.quantities import as_number
from stationplan.scenario import CandidatesInput, HostInput, Scenario, SitesInput
from stationplan.text.names import role_name

_CLOSED_TO_PUBLIC = frozenset({"private", "no"})
_GONE = ("disused", "abandoned", "demolished", "razed", "removed")
"""Prefixes of keys, and keys, of places that no longer exist or are no longer used."""

_READ = {"name": "name", "addr:street": "address", "opening_hours": "hours", "capacity": "capacity"}
"""Fields of the tags that are read."""
_PASSED = ("indoor", "wheelchair")
"""Tags that are copied to the lists of sites, as they matter to who plans a station there."""


def osm_places(scenario: Scenario, given: SitesInput, role: str) -> PlaceTable:
    """Return the places of an OSM extract that have a tag of the requested hosts; the first matching host is used.

    Opening hours and capacity are those of a place's own tags, otherwise those of its host type. Private places and
    places that are no longer used are excluded and counted. Tags on access by wheelchair and on places inside buildings
    are passed to the lists of sites.

    Raises
    ------
    InputError
        The extract does not exist or is malformed; or opening hours are not known and the scenario refuses such places.
    """
    hosts = scenario.file.hosts
    tags = [(tag, host) for host in given.hosts for tag in hosts[host].tags]
    path = scenario.locate(given.osm or "")
    found, left_out = read_osm_places(path, [tag for tag, _ in tags], scenario.file.limits)
    excluded = [_excluded(place.tags, [tag for tag, _ in tags]) for place in found]
    kept = [place for place, reason in zip(found, excluded, strict=True) if not reason]
    read = HoursReader(hosts, hours_policy(scenario.file))
    faults = FaultList(given.osm or "")
    places, hours, own_capacity = [], [], 0
    for place in kept:
        host = next(host for tag, host in tags if _has_tag(place.tags, tag))
        name = place.tags.get("name:zh") or place.tags.get("name") or ""
        address = " ".join(filter(None, (place.tags.get("addr:street"), place.tags.get("addr:housenumber"))))
        open_at = read(_hours_tag(place.tags), host)
        hours.append(open_at)
        if open_at.finding is not None:
            what, cure, code, action = open_at.finding
            faults.add(say("{place}: {what}", place=place.id, what=what), cure, code=code, action=action)
        hosted = _hosted(place.id, name, address, host, hosts[host])
        capacity = as_number(place.tags.get("capacity", ""))
        if capacity >= 0 and np.isfinite(capacity):
            hosted, own_capacity = replace(hosted, capacity=capacity), own_capacity + 1
        passed = tuple((tag, place.tags[tag]) for tag in _PASSED if place.tags.get(tag))
        places.append(replace(hosted, hours=open_at.hours, passed=passed))
    faults.raise_any("refused")
    notes = _osm_notes(given.osm or "", role, left_out, excluded, [item.source for item in hours])
    for reason in ("private", "disused"):
        if reason in excluded:
            faults.add(*_why_excluded(reason, excluded.count(reason)), code=reason, action="set_aside")
    by_host: DefaultSource = "host"
    of_host = sum(not np.isnan(place.capacity) for place in places) - own_capacity
    quality = Quality(
        role,
        given.osm or "",
        None,
        len(found) + left_out,
        len(places),
        tuple(faults.faults),
        columns=(
            *(ColumnUse(tag, field, "recognised") for tag, field in _READ.items()),
            *(ColumnUse(tag, "", "passed") for tag in _PASSED),
        ),
        defaults=(
            *defaults_of_hours(hours, scenario.file.default_hours),
            *counted("cost", [by_host] * len(places) if role == "candidates" else []),
            *counted("kind", [by_host] * len(places)),
            *counted("capacity", [by_host] * of_host),
        ),
    )
    return PlaceTable(
        tuple(places),
        np.array([place.lon for place in kept], dtype=np.float64),
        np.array([place.lat for place in kept], dtype=np.float64),
        (None,) * len(places),
        "wgs84",
        quality,
        notes,
    )


def _hours_tag(tags: Mapping[str, str]) -> str:
    """Return the opening hours of a place; ``off`` alone is a closed place in OpenStreetMap's syntax."""
    text = tags.get("opening_hours", "").strip()
    return "closed" if text == "off" else text


def _excluded(tags: Mapping[str, str], wanted: Sequence[str]) -> str:
    """Return why a place cannot house a station: ``disused``, ``private``, or empty where it can.

    A shop in which a bank used to be is a shop: a prefix such as ``disused:`` counts for the tag that it precedes.
    """
    live = [tag for tag in wanted if _has_tag(tags, tag) and not tag.startswith(tuple(f"{word}:" for word in _GONE))]
    if any(tags.get(word) == "yes" for word in _GONE):
        return "disused"
    if all(any(_has_tag(tags, f"{word}:{tag}") for word in _GONE) for tag in live):
        return "disused"
    return "private" if tags.get("access") in _CLOSED_TO_PUBLIC else ""


def _why_excluded(reason: str, count: int) -> tuple[Message, Message]:
    if reason == "private":
        return (
            say("Places closed to the public (access=private or access=no), excluded: {count}.", count=count),
            say("Correct the tags in OpenStreetMap, or list the places in a table."),
        )
    return (
        say("Places that are no longer used (disused, abandoned or demolished), excluded: {count}.", count=count),
        say("Correct the tags in OpenStreetMap, or list the places in a table."),
    )


def _osm_notes(
    file: str, role: str, skipped: int, excluded: Sequence[str], sources: Sequence[DefaultSource | None]
) -> tuple[Message, ...]:
    """Return notes on the places of an extract: skipped and excluded ones, and where opening hours come from."""
    notes = []
    if skipped:
        notes.append(
            say("{count} places in {file} have open or incomplete outlines and were skipped.", count=skipped, file=file)
        )
    notes += [
        _why_excluded(reason, excluded.count(reason))[0] for reason in ("private", "disused") if reason in excluded
    ]
    if sources:
        stated = sum(source is None or source == "closed" for source in sources)
        notes.append(
            say(
                "{file} ({role}): {stated} of {count} places state opening hours that were read; {default} take those "
                "of their host type.",
                file=file,
                role=role_name(role),
                stated=stated,
                count=len(sources),
                default=sum(source in {"host", "unknown_host"} for source in sources),
            )
        )
    return tuple(notes)


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
