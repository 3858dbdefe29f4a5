"""The common parts of map pages: an empty Folium map that sends no requests to any host, our data, scripts and styles.

branca renders the output of a macro element a second time, so text in it would be executed as Jinja. Our parts of the
page are therefore plain elements whose text Jinja inserts once, as a value.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from html import escape as html_escape
from itertools import count

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template
from jinja2 import Template as PlainTemplate

from stationplan.webmap.files import asset, leaflet_file
from stationplan.webmap.scripts import script


class Verbatim(Element):
    """An element whose text is written to the page unchanged."""

    _template = PlainTemplate("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Draw(MacroElement):
    """The element that passes the map to the script of the page."""

    _template = Template(
        "{% macro script(this, kwargs) %}stationplan.draw({{ this._parent.get_name() }});{% endmacro %}"
    )

    def __init__(self) -> None:
        super().__init__()
        self._name = "Draw"


def empty_map(title: str, kind: type[folium.Map] = folium.Map) -> folium.Map:
    """Return a map without tiles, with Leaflet and the common style; data and scripts are added by :func:`with_page`.

    Leaflet's script and style come from the package XStatic-Leaflet and are included in the page.
    """
    page = kind(tiles=None, zoom_control=True, location=[0, 0], zoom_start=2)
    page.default_js, page.default_css = [], []
    figure = page.get_root()
    assert isinstance(figure, Figure)
    figure.header.add_child(Verbatim(f"<title>{html_escape(title)}</title>"), name="title")
    figure.header.add_child(Verbatim(f"<style>{leaflet_file('leaflet.css')}</style>"), name="leaflet_css")
    figure.header.add_child(Verbatim(f"<style>{asset('map.css')}</style>"), name="stationplan_css")
    figure.header.add_child(Verbatim(f"<script>{leaflet_file('leaflet.js')}</script>"), name="leaflet_js")
    return page


def with_page(page: folium.Map, block: str, *, entry: str, style: str | None = None) -> None:
    """Add a data block, the script that draws it and an optional style sheet to a map."""
    figure = page.get_root()
    assert isinstance(figure, Figure)
    if style is not None:
        figure.header.add_child(Verbatim(f"<style>{asset(style)}</style>"), name="page_css")
    figure.html.add_child(Verbatim(data_element(block)), name="stationplan_data")
    figure.html.add_child(Verbatim(f"<script>{script(entry)}</script>"), name="stationplan_js")


def data_element(block: str) -> str:
    """Return the HTML element that contains a block of :mod:`stationplan.webmap.packing`."""
    return f'<script type="application/octet-stream" class="stationplan-data">{block}</script>'


def rendered(page: folium.Map, *, images: Sequence[str] = ()) -> str:
    """Return a map as one HTML page that can only run its own scripts; the same map gives the same bytes.

    ``images`` are hosts from which the page may load images.
    """
    figure = page.get_root()
    # branca uses random ids. They only need to be unique, so they are replaced by a counter.
    numbers = count()
    for root in (figure, figure.header, figure.html, figure.script):
        _number(root, numbers)
    return with_policy(str(figure.render()), images=images)


def with_policy(html: str, *, images: Sequence[str] = ()) -> str:
    """Return a page with a Content-Security-Policy that allows only its own inline scripts and styles."""
    policy = {
        "default-src": ["'none'"],
        "script-src": _hashes(r"<script>(.*?)</script>", html),
        "style-src": _hashes(r"<style>(.*?)</style>", html),
        "img-src": ["data:", *images],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    text = "; ".join(" ".join([name, *sources]) for name, sources in policy.items())
    meta = f'<meta http-equiv="Content-Security-Policy" content="{html_escape(text)}">'
    return re.sub(r"<head>\s*(?:<meta[^>]*charset[^>]*>)?", lambda match: f"{match[0]}\n    {meta}", html, count=1)


def _hashes(pattern: str, html: str) -> list[str]:
    """Return the policy sources (SHA-256) of the texts of elements, each once."""
    texts = dict.fromkeys(re.findall(pattern, html, re.DOTALL))
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
    return [f"'sha256-{digest}'" for digest in digests] or ["'none'"]


def _number(element: Element, numbers: count[int]) -> None:
    element._id = f"{next(numbers):08x}"
    for child in element._children.values():
        _number(child, numbers)
