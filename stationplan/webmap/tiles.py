"""Tiles of online maps, for scenarios that request them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from stationplan.domain import MapOptions
from stationplan.webmap.packing import Json


@dataclass(frozen=True)
class _Provider:
    """URLs of tiles, bottom layer first; ``{s}`` is replaced by one of ``subdomains``."""

    urls: tuple[str, ...]
    datum: str
    attribution: str
    subdomains: str = ""
    max_zoom: int = 18


def _tianditu(layer: str) -> str:
    return (
        f"https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}"
        "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk="
    )


_PROVIDERS = {
    # CGCS2000, which equals WGS-84 to less than a metre.
    "tianditu": _Provider((_tianditu("vec"), _tianditu("cva")), "wgs84", "© 天地图", "01234567"),
    "amap": _Provider(
        ("https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}",),
        "gcj02",
        "© 高德地图",
        "1234",
    ),
    "osm": _Provider(
        ("https://tile.openstreetmap.org/{z}/{x}/{y}.png",), "wgs84", "© OpenStreetMap contributors", max_zoom=19
    ),
}


def tiles_of(options: MapOptions) -> Json | None:
    """Return the settings of the page for tiles; ``None`` if the scenario requests none."""
    if not options.tiles:
        return None
    provider = _provider(options)
    return {
        "urls": list(provider.urls),
        "datum": provider.datum,
        "attribution": provider.attribution,
        "subdomains": provider.subdomains,
        "max_zoom": provider.max_zoom,
    }


def tile_hosts(options: MapOptions) -> Sequence[str]:
    """Return the hosts from which tiles may be loaded, in the form of a Content-Security-Policy."""
    if not options.tiles:
        return ()
    provider = _provider(options)
    hosts = [re.match(r"https://[^/]+", url)[0] for url in provider.urls]  # type: ignore[index]
    return tuple(dict.fromkeys(host.replace("{s}", s) for host in hosts for s in provider.subdomains or " "))


def _provider(options: MapOptions) -> _Provider:
    known = _PROVIDERS.get(options.tiles)
    if known is None:
        return _Provider((options.tiles,), options.tiles_datum, options.tiles_attribution)
    urls = tuple(url + quote(options.tiles_key, safe="") if url.endswith("tk=") else url for url in known.urls)
    return _Provider(urls, known.datum, known.attribution, known.subdomains, known.max_zoom)
