"""The roads of a study: any source to pieces of road, and pieces to arcs by the scenario's rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path

import numpy as np

from stationplan.domain import MODES, ROAD_CLASSES, BoolArray, Mode, RoadArcs, StudyArea
from stationplan.errors import FaultList, InputError, Message, say
from stationplan.geo import Datum, project, unproject
from stationplan.inputs.areas import district_of
from stationplan.inputs.guard import one_fault
from stationplan.inputs.osm import OSM_SUFFIXES, read_osm_roads
from stationplan.inputs.roads.classes import road_class
from stationplan.inputs.roads.edge_tables import read_csv_roads
from stationplan.inputs.roads.elevation import node_heights
from stationplan.inputs.roads.graphml import read_graphml_roads
from stationplan.inputs.roads.lines import LineOptions, read_line_roads
from stationplan.inputs.roads.pieces import RoadPieces, road_arcs, usable_pieces
from stationplan.inputs.roads.rules import RoadRules, Speeds
from stationplan.inputs.roads.saved import read_saved_roads, refuse_lacking_tags
from stationplan.inputs.roads.slope import STEEPEST, slopes
from stationplan.inputs.tables.features import GEOMETRY_SUFFIXES
from stationplan.scenario import Limits, RoadsInput, Scenario

_FAR_DEGREES = 0.1
"""Margin around the study area in which roads are near it (some 10 km)."""

_LONG_M = 20_000.0
"""Straight pieces of road up to this length (m) occur: bridges, tunnels and ferries."""

ROAD_FORMS = (
    ".osm.pbf, .osm, .osm.gz, .osm.bz2, .graphml, .gpkg, .geojson, .shp, .gdb, .fgb, .kml, .kmz, .parquet, .roads.npz"
)


def read_roads(scenario: Scenario) -> RoadArcs:
    """Return the roads of a scenario, from any source, as arcs with its speeds and rules.

    They have the minutes of the modes that the study uses.

    Raises
    ------
    InputError
        The source cannot be read, or lacks tags or roads that the study needs; all faults of the source together.
    """
    given, limits, modes = scenario.file.roads, scenario.file.limits, scenario.file.modes
    named = [given.nodes, given.edges] if given.single is None else [given.single]
    paths = [scenario.locate(name or "") for name in named]
    options = LineOptions(
        known_class(given.default_class or ""), given.tolerance_m, given.crossings == "join", given.accept
    )
    pieces = read_road_files(paths, datum=given.datum or "wgs84", layer=given.layer, limits=limits, options=options)
    refuse_lacking_tags(pieces, modes, file=paths[-1].name)
    pieces = replace(pieces, source=given.source or pieces.source, date=given.date or pieces.date)
    rules = rules_of(given)
    pieces = usable_pieces(pieces, rules, file=paths[-1].name)
    if given.elevation is None:
        return road_arcs(pieces, rules, modes=modes)
    height_m = node_heights(scenario.locate(given.elevation), pieces.lon, pieces.lat, limits)
    slope, steep = slopes(height_m, pieces.tail, pieces.head, pieces.length_m)
    arcs = road_arcs(pieces, rules, modes=modes, slope=slope)
    return replace(arcs, notes=(*arcs.notes, _slope_note(given.elevation, int(np.isnan(height_m).sum()), steep, arcs)))


def no_roads(modes: Sequence[Mode]) -> RoadArcs:
    """Return the empty roads of a study without roads, for its modes."""
    none, nodes = np.empty(0), np.empty(0, dtype=np.int64)
    minutes = dict.fromkeys(modes, none)
    return RoadArcs(none, none, nodes, nodes, none, minutes, np.empty(0, dtype=np.int8), "", "")


def districts_without(roads: RoadArcs | None, area: StudyArea) -> BoolArray:
    """Return a mask of the districts without roads: no usable arc starts, ends or has its midpoint in them.

    Ferries are not roads of a district.
    """
    without = np.ones(len(area.districts) + 1, dtype=bool)  # the last is for -1, outside the study area
    if roads is not None:
        on_land = roads.usable if roads.ferry is None else roads.usable & ~roads.ferry
        tail, head = roads.tail[on_land], roads.head[on_land]
        x, y = project(roads.lon, roads.lat, area.crs)
        node = np.unique(np.concatenate([tail, head]))
        without[district_of(area, x[node], y[node])] = False
        without[district_of(area, (x[tail] + x[head]) / 2, (y[tail] + y[head]) / 2)] = False
    return without[:-1]


def refuse_far_roads(roads: RoadArcs, area: StudyArea, file: str) -> None:
    """Refuse roads none of which is near the study area, as after a wrong zone or order of coordinates.

    Raises
    ------
    InputError
        No node is within a margin of some kilometres around the study area.
    """
    west, south, east, north = area.districts.total_bounds.tolist()
    lon, lat = unproject([west, east, west, east], [south, south, north, north], area.crs)
    near = (roads.lon > lon.min() - _FAR_DEGREES) & (roads.lon < lon.max() + _FAR_DEGREES)
    near &= (roads.lat > lat.min() - _FAR_DEGREES) & (roads.lat < lat.max() + _FAR_DEGREES)
    if near.any() or len(roads.lon) == 0:
        return
    faults = FaultList(file)
    faults.add(
        say(
            "No road is near the study area: the roads are around longitude {lon}, latitude {lat}, the study area "
            "around {area_lon}, {area_lat}.",
            lon=f"{np.median(roads.lon):.3f}",
            lat=f"{np.median(roads.lat):.3f}",
            area_lon=f"{lon.mean():.3f}",
            area_lat=f"{lat.mean():.3f}",
        ),
        say(
            "Check the CRS of both files (such as the zone), the order of coordinates, and that the roads are those of "
            "the study area."
        ),
        key="roads",
        code="outside_area",
    )
    faults.raise_any()


def long_road_notes(roads: RoadArcs, area: StudyArea) -> list[Message]:
    """Return a note on pieces of road that are longer than the study area is wide, as after a wrong coordinate."""
    west, south, east, north = area.districts.total_bounds.tolist()
    longest = max(float(np.hypot(east - west, north - south)), _LONG_M)
    arcs = len(roads.length_m) // 2  # the second half are the same pieces backward
    long = roads.length_m[:arcs] > longest
    if not long.any():
        return []
    return [
        say(
            "{count} straight road segments are longer than the study area ({km} km); the longest has {longest} km. "
            "Check the coordinates of its ends.",
            count=int(long.sum()),
            km=round(longest / 1000),
            longest=round(float(roads.length_m[:arcs].max()) / 1000),
        )
    ]


def read_road_files(
    paths: Sequence[Path], *, datum: Datum, layer: str | None, limits: Limits, options: LineOptions | None = None
) -> RoadPieces:
    """Return the roads of one file, selected by its suffix, or of two CSV tables: nodes, then edges.

    ``options`` say how a file of lines is read.

    Raises
    ------
    InputError
        A file does not exist, has an unsupported format, or is faulty itself.
    """
    faults = FaultList(paths[-1].name)
    for path in paths:
        if not (path.is_file() or (path.is_dir() and path.suffix.lower() == ".gdb")):
            faults.add(say("The file {path} does not exist.", path=path), say("Check the name."))
    faults.raise_any()
    with one_fault(paths[-1], say("Export it again from the original program.")):
        return _read_by_form(paths, datum=datum, layer=layer, limits=limits, options=options)


def _read_by_form(
    paths: Sequence[Path], *, datum: Datum, layer: str | None, limits: Limits, options: LineOptions | None
) -> RoadPieces:
    name = paths[0].name.lower()
    if len(paths) == 2:
        return read_csv_roads(paths[0], paths[1], datum=datum, limits=limits)
    if len(paths) == 1 and name.endswith(OSM_SUFFIXES):
        return read_osm_roads(paths[0], limits)
    if len(paths) == 1 and name.endswith(".graphml"):
        return read_graphml_roads(paths[0], limits)
    if len(paths) == 1 and name.endswith(".npz"):
        return read_saved_roads(paths[0], limits)
    if len(paths) == 1 and name.endswith(tuple(GEOMETRY_SUFFIXES)):
        return read_line_roads(paths[0], datum=datum, layer=layer, limits=limits, options=options)
    faults = FaultList(paths[-1].name)
    faults.add(
        say("Roads cannot be read from {files}.", files=", ".join(path.name for path in paths)),
        say("Provide one file ending in {forms}, or two CSV tables: nodes, then edges.", forms=ROAD_FORMS),
        code="unreadable",
    )
    raise InputError(faults.faults)


def known_class(text: str) -> str:
    """Return a road class stated by the user, as in OSM or in Chinese, as OSM's value; an empty text stays empty.

    Raises
    ------
    InputError
        The class is not known.
    """
    found = road_class(text)
    if found and found not in ROAD_CLASSES:
        faults = FaultList()
        faults.add(
            say("Unknown road class {highway}.", highway=repr(text)),
            say("Known classes: {known}.", known=", ".join(ROAD_CLASSES)),
            key="default_class",
        )
        raise InputError(faults.faults)
    return found


def rules_of(given: RoadsInput) -> RoadRules:
    """Return the scenario's road rules."""

    def by_mode(lists: dict[Mode, list[str]]) -> dict[Mode, frozenset[str]]:
        return {mode: frozenset(classes) for mode, classes in lists.items()}

    return RoadRules(
        Speeds(given.speed_kmh, {mode: given.by_class_kmh(mode) for mode in MODES}),
        opened=by_mode(given.opened),
        closed=by_mode(given.closed),
        climb_loss={mode: given.climb_loss(mode) for mode in MODES},
    )


def _slope_note(file: str, unknown: int, steep: int, arcs: RoadArcs) -> Message:
    names = [MODES[mode].name for mode in arcs.minutes if MODES[mode].slope != "ignored"]
    return say(
        "Travel times {modes} account for slopes ({file}): {unknown} of {nodes} road nodes have no height and count "
        "as flat; {steep} road segments are steeper than {cap} % and count as {cap} %.",
        modes=reduce(lambda one, other: say("{one} and {other}", one=one, other=other), names),
        file=file,
        unknown=unknown,
        nodes=len(arcs.lon),
        steep=steep,
        cap=round(STEEPEST * 100),
    )
