"""The asset files of the page: ours and Leaflet's."""

from __future__ import annotations

import re
from importlib import resources

from xstatic.pkg import leaflet


def asset(name: str) -> str:
    """Return the text of one of our own asset files."""
    return resources.files("stationplan").joinpath(f"webmap/assets/{name}").read_text("utf-8")


def leaflet_file(name: str) -> str:
    """Return the text of one of Leaflet's files, without the URL of its source map."""
    text = resources.files(leaflet).joinpath(f"data/{name}").read_text("utf-8")
    return re.sub(r"(?m)^//# sourceMappingURL=.*$", "", text)
