"""Checks of the table ``[roads]`` that involve several keys."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from stationplan.domain import MODES, ROAD_CLASSES
from stationplan.errors import FaultList, say
from stationplan.scenario.schema import RoadsInput

_WGS84 = (".pbf", ".osm", ".osm.gz", ".osm.bz2", ".graphml", ".npz")
"""Suffixes of road files whose format implies WGS-84."""


def needs_datum(name: str | None) -> bool:
    """Return whether a road file needs a declared datum, because its format does not imply one.

    >>> needs_datum("town.osm.pbf"), needs_datum("nodes.csv"), needs_datum("town.gpkg")
    (False, True, True)
    """
    return name is not None and not name.lower().endswith(_WGS84)


def check_roads(roads: RoadsInput, faults: FaultList, *, needed: bool = True) -> None:
    """Record more than one source, or none where one is ``needed``, an impossible datum, and unknown road classes."""
    has_tables = roads.nodes is not None or roads.edges is not None
    sources = sum((roads.file is not None, roads.osm is not None, has_tables))
    if (sources != 1 and (needed or sources)) or (has_tables and (roads.nodes is None or roads.edges is None)):
        faults.add(
            say("Roads require either `file`, or both `nodes` and `edges`."),
            say('Set one source of roads, or `missing = "straight"` to use straight-line distances.'),
            key="roads",
        )
    elif roads.single is not None and not needs_datum(roads.single) and roads.datum in ("gcj02", "bd09"):
        faults.add(
            say("Roads in this format are in WGS-84, not in {datum}.", datum=roads.datum),
            say("Omit `datum`, or provide the roads as GeoPackage, GeoJSON or CSV."),
            key="roads.datum",
        )
    if roads.layer is not None and not (roads.single or "").lower().endswith(".gpkg"):
        faults.add(say("Only a GeoPackage has layers."), say("Omit `layer`, or use a .gpkg file."), key="roads.layer")
    by_class = {mode.speed.class_key: roads.by_class_kmh(mode.id) for mode in MODES.values()}
    named: list[tuple[str, Iterable[str]]] = [(key, classes) for key, classes in by_class.items() if key is not None]
    named += [(f"opened.{mode}", classes) for mode, classes in roads.opened.items()]
    named += [(f"closed.{mode}", classes) for mode, classes in roads.closed.items()]
    for key, classes in named:
        for highway in classes:
            if highway not in ROAD_CLASSES:
                near = difflib.get_close_matches(highway, ROAD_CLASSES, n=1, cutoff=0.5)
                faults.add(
                    say("Unknown road class {highway}.", highway=repr(highway)),
                    say("Did you mean {near}?", near=near[0])
                    if near
                    else say("Known classes: {known}.", known=", ".join(ROAD_CLASSES)),
                    key=f"roads.{key}",
                )
    for mode, opened in roads.opened.items():
        for highway in sorted(set(opened) & set(roads.closed.get(mode, ()))):
            faults.add(
                say("The road class {highway} is both opened and closed.", highway=highway),
                say("Remove it from one of the two lists."),
                key=f"roads.opened.{mode}",
            )
