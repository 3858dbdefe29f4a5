"""Our own files for the page, and Leaflet's."""

from __future__ import annotations

import re
from importlib import resources

from xstatic.pkg import leaflet


def asset(name: str) -> str:
    """Return one of our own files."""
    return resources.files("stationplan").joinpath(f"webmap/assets/{name}").read_text("utf-8")


def leaflet_file(name: str) -> str:
    """Return one of Leaflet's files, without the address of its source map."""
    text = resources.files(leaflet).joinpath(f"data/{name}").read_text("utf-8")
    return re.sub(r"(?m)^//# sourceMappingURL=.*$", "", text)
