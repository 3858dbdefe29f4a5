"""The map page: the tiles of an online map, and the review number."""

from __future__ import annotations

import re
from typing import Literal

from stationplan.domain import MapOptions
from stationplan.errors import FaultList, say
from stationplan.scenario.fields import ScenarioTable

TILES = ("tianditu", "amap", "osm")
"""Online maps available by name."""


class MapInput(ScenarioTable):
    """The map page. Without `tiles` it sends no request to any host."""

    tiles: str | None = None
    """Online map below the plan: `tianditu`, `amap`, `osm`, or an https address of tiles with `{z}`, `{x}` and `{y}`.
    If the tiles cannot be loaded, the page's own roads are shown."""
    tiles_key: str | None = None
    """Your key at the provider, where one is needed (`tianditu`). Every recipient of the page can read it."""
    tiles_datum: Literal["wgs84", "gcj02"] | None = None
    """Datum of tiles given by their address. Those in GCJ-02, as Amap's, are shifted to fit."""
    tiles_attribution: str = ""
    """Whose tiles they are, where they are given by their address."""
    map_review_number: str = ""
    """Review number of the map (审图号). It is printed on the map in place of the mark for internal use."""

    @property
    def options(self) -> MapOptions:
        """The options that the outputs need."""
        return MapOptions(
            tiles=self.tiles or "",
            tiles_key=self.tiles_key or "",
            tiles_datum=self.tiles_datum or "",
            tiles_attribution=self.tiles_attribution,
            review_number=self.map_review_number,
        )


def check_map(given: MapInput, faults: FaultList) -> None:
    """Record incompatible or incomplete keys in the description of the map."""
    if given.tiles is None:
        return
    if given.tiles == "tianditu" and not given.tiles_key:
        faults.add(
            say("Tianditu tiles require a key."),
            say("Get one at console.tianditu.gov.cn and set it as `tiles_key`."),
            key="map.tiles_key",
        )
    if given.tiles in TILES:
        return
    places = re.findall(r"\{[^}]*\}", given.tiles)
    if not re.match(r"https://[\w.-]+(:\d+)?/", given.tiles) or sorted(places) != ["{x}", "{y}", "{z}"]:
        faults.add(
            say("{tiles} is neither a known online map nor a tile address.", tiles=given.tiles),
            say("Use tianditu, amap, osm, or https://host/{z}/{x}/{y}.png.", z="{z}", x="{x}", y="{y}"),
            key="map.tiles",
        )
    elif given.tiles_datum is None:
        faults.add(
            say("The datum of the tiles is not declared."),
            say('Set `tiles_datum = "wgs84"`, or "gcj02" for tiles of Chinese map services.'),
            key="map.tiles_datum",
        )
