"""Plans side by side on one page, made from the data of their map pages."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from stationplan.domain import Language
from stationplan.errors import FaultList, say
from stationplan.text.catalogue import words
from stationplan.webmap.files import asset, leaflet_file
from stationplan.webmap.packing import Packer, unpacked
from stationplan.webmap.parts import data_element, with_policy
from stationplan.webmap.payload import VERSION, labels
from stationplan.webmap.scripts import script


def read_block(path: Path) -> str:
    """Return the data block of a map page.

    Raises
    ------
    InputError
        The page cannot be read, is not the map of a plan, or contains a block of another version.
    """
    faults = FaultList("")
    if not path.exists():
        faults.add(
            say("The file {path} does not exist.", path=path),
            say(
                "Use a result folder of `stationplan run`, or write the map of one: `stationplan map FOLDER --out "
                "{path}`.",
                path=path,
            ),
        )
        faults.raise_any()
    block = ""
    content: Mapping[str, object] = {}
    try:
        found = re.search(r'class="stationplan-data">([A-Za-z0-9+/=]+)<', path.read_text("utf-8"))
        if found:
            block = found[1]
            content = unpacked(block)[0]
    except (OSError, ValueError, KeyError, AttributeError, AssertionError, RecursionError):  # of an edited page
        content = {}
    if "proposed" not in content:
        faults.add(
            say("{path} is not a map of a plan.", path=path),
            say("Use a result folder of `stationplan run`, or the map.html in it."),
        )
    elif content.get("version") != VERSION:
        faults.add(
            say(
                "{path} is a map of data version {found}; this stationplan reads version {known}.",
                path=path,
                found=repr(content.get("version")),
                known=VERSION,
            ),
            say(
                "Write the map again: `stationplan map {folder} --out {path} --overwrite`. If the whole folder was "
                "written by an older version, plan again: `stationplan run SCENARIO --out {folder} --overwrite`.",
                folder=path.parent,
                path=path,
            ),
        )
    faults.raise_any()
    return block


def render_comparison(blocks: Sequence[str], *, lang: Language = "zh") -> str:
    """Return a page with two or three plans side by side; the same blocks give the same bytes."""
    title = words(lang)("Comparison of plans")
    own = Packer().block({"lang": lang, "text": labels(lang)})
    styles = [leaflet_file("leaflet.css"), asset("map.css"), asset("compare.css")]
    start = 'window.stationplan.compare(document.getElementById("comparison"));'
    scripts = [leaflet_file("leaflet.js"), script("compare"), start]
    page = [
        "<!DOCTYPE html>",
        "<html>",
        "<head>",
        '<meta charset="UTF-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(title)}</title>",
        *(f"<style>{style}</style>" for style in styles),
        "</head>",
        "<body>",
        '<main id="comparison"></main>',
        *(data_element(block) for block in (own, *blocks)),
        *(f"<script>{text}</script>" for text in scripts),
        "</body>",
        "</html>",
    ]
    return with_policy("\n".join(page) + "\n")
